import fc from 'fast-check'
import t from 'tap'
import {
  type Command,
  type CommandExpectations,
  commandTypes,
  encodeCommand,
  readCommand,
} from '../../proto/command.ts'
import { signEnvelope } from '../../proto/envelope.ts'
import { isOperationType, operationId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/json.ts'
import { commandArgumentsBytesMax, envelopeBytesMax, signaturesMax } from '../../proto/limits.ts'
import { command, commandWith } from '../vectors/command-cases.ts'
import { device } from '../vectors/sample.ts'
import { keys } from '../vectors/test-keys.ts'
import { forAll, mutated, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

const { formats: _, ...reader } = device
const expected: CommandExpectations = {
  ...reader,
  operation: command.operation,
  operationType: command.operationType,
}
function verdictOf(payload: Uint8Array, expectations: CommandExpectations = expected): string {
  const verdict = readCommand(payload, expectations)
  if (verdict.ok) return 'ok'
  const { code, data } = verdict.failure
  return [code.slice(-2), data.field, data.reason].filter(word => word !== undefined).join(' ')
}

t.test('any command is read back as it was written', async t => {
  const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes).toString('hex'))
  const anyCommand = fc.record(
    {
      operationType: fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/).filter(isOperationType),
      operation: fc.stringMatching(/^[0-9a-z]{26}$/).map(operationId),
      vendorId: id,
      classId: id,
      deviceId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/).filter(text => !(text in {})),
      expiresAt: fc.maxSafeNat(),
      arguments: fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()) as fc.Arbitrary<JsonObject>,
    },
    { requiredKeys: ['operationType', 'operation', 'expiresAt', 'arguments'] },
  )
  forAll(anyCommand, 500, written => {
    const verdict = readCommand(encodeCommand(written))
    if (!verdict.ok) throw new Error(JSON.stringify(verdict.failure))
    const { arguments: given, ...rest } = verdict.command
    const { arguments: meant, ...fields } = written
    if (JSON.stringify(given) !== JSON.stringify(JSON.parse(JSON.stringify(meant)))) throw new Error('other arguments')
    for (const [name, value] of Object.entries(fields))
      if (rest[name as keyof typeof rest] !== value) throw new Error(`another ${name}`)
    if (Object.keys(rest).length !== Object.keys(fields).length) throw new Error('more than was written')
  })
  t.pass('500 of 500')
})

t.test('mutated bytes of a command are read or refused with a code, nothing else', async t => {
  const codes = new Set<string>()
  const samples = [encodeCommand(command), commandWith({ vendorId: undefined, arguments: Buffer.from('{"a":[1,{}]}') })]
  forAll(mutated(samples), 20_000, bytes => {
    codes.add(verdictOf(bytes).slice(0, 2))
  })
  for (const code of ['22', '23', '30', '31']) t.ok(codes.has(code), `a mutation that yields ${code}`)
})

t.test('each field is judged in its turn: the first failure names the code', async t => {
  const zeros = new Uint8Array(16)
  // From the last check to the first: each row spoils one thing more, which is then what is told.
  const spoiled: Parameters<typeof commandWith>[0] = {}
  for (const [field, value, verdict] of [
    ['arguments', Buffer.from('no JSON'), '22 arguments malformed'],
    ['operationId', '01j9zk3v7m8n5p6q4r2s1t0abd', '31 operationId operation'],
    ['operationId', 'nonsense', '22 operationId'],
    ['deviceId', 'sensor-2', '31 deviceId device'],
    ['classId', zeros, '31 classId'],
    ['vendorId', zeros, '30 vendorId'],
    ['expiresAt', 1, '23 expiresAt expired'],
    ['operationType', 'reboot', '23 operationType operation-type'],
    ['operationType', 'Reboot', '22 operationType'],
  ] as const) {
    Object.assign(spoiled, { [field]: value })
    t.equal(verdictOf(commandWith(spoiled)), verdict, `${field} ${verdict}`)
  }
  t.equal(verdictOf(encodeCommand(command)), 'ok')
})

t.test('what the reader expects nothing of is not compared, but must be lawful', async t => {
  t.equal(verdictOf(commandWith({ deviceId: 'sensor-2', expiresAt: 1 }), {}), 'ok')
  t.equal(verdictOf(commandWith({ deviceId: 'a/b' }), {}), '31 deviceId device')
  t.equal(verdictOf(commandWith({ vendorId: new Uint8Array(3) }), {}), '30 vendorId')
  for (const type of commandTypes) t.equal(verdictOf(commandWith({ operationType: type }), {}), 'ok', type)
})

t.test('arguments that no device would read are not written', async t => {
  const of = (given: JsonObject): Command => ({ ...command, arguments: given })
  const most = { a: 'x'.repeat(commandArgumentsBytesMax - 8) }
  t.equal(verdictOf(encodeCommand(of(most))), 'ok')
  t.throws(() => encodeCommand(of({ a: `${most.a}x` })), { name: 'RangeError', message: /at most 49152 bytes/ })
  const nested = (levels: number): JsonObject => (levels === 1 ? {} : { a: nested(levels - 1) })
  t.equal(verdictOf(encodeCommand(of(nested(32)))), 'ok')
  t.throws(() => encodeCommand(of(nested(33))), { message: /32 levels/ })
  const signers = Array.from({ length: signaturesMax }, () => keys.elliptic.privateKey)
  t.ok(signEnvelope('command', encodeCommand(of(most)), signers).length < envelopeBytesMax, 'with every signature')
})

t.test('arguments nested without end are refused, not followed', async t => {
  const levels = commandArgumentsBytesMax / 2 - 10
  const nested = Buffer.from(`{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`)
  t.equal(verdictOf(commandWith({ arguments: nested })), '22 arguments malformed')
})

t.test('a member called __proto__ is a member like any other', async t => {
  const verdict = readCommand(commandWith({ arguments: Buffer.from('{"__proto__":{"admin":true}}') }))
  t.equal(verdict.ok && Object.hasOwn(verdict.command.arguments, '__proto__'), true)
  t.equal(({} as Record<string, unknown>).admin, undefined)
})
