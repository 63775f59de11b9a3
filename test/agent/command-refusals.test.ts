// What a device refuses of commands, and with which word: arguments, signatures, its own check, its disk.
import t from 'tap'
import { StorageReadFailed, StorageWriteFailed } from '../../agent/errors.ts'
import { encodeCommand } from '../../proto/command.ts'
import { signEnvelope } from '../../proto/envelope.ts'
import type { JsonObject } from '../../proto/json.ts'
import { operationOne, operationTwo } from './fakes/broker.ts'
import { ends, equipped, ordered, sha256, text } from './fakes/orders.ts'
import { commandOf, keys, signedTrust, trustDocument, year2030 } from './fakes/release.ts'
import { day, newer } from './fakes/story.ts'

t.test('what is refused, and with which word', async t => {
  const change = { format: 'merge-patch', patch: { a: 1 } }
  const restore = { content: 'e30=', sha256: sha256('{}'), version: 'v0' }
  const rows: readonly (readonly [type: string, given: JsonObject, told: string, at?: string])[] = [
    ['config-backup', { now: true }, 'UPD4_FAIL_22', 'arguments.now'],
    ['config-change', {}, 'UPD4_FAIL_22', 'arguments.format'],
    ['config-change', { format: 'diff', patch: {} }, 'UPD4_FAIL_22', 'arguments.format'],
    ['config-change', { format: 'json-patch' }, 'UPD4_FAIL_22', 'arguments.patch'],
    ['config-change', { format: 'json-patch', patch: {} }, 'UPD4_FAIL_22', 'arguments.patch'],
    [
      'config-change',
      { format: 'json-patch', patch: [{ op: 'nop', path: '' }] },
      'UPD4_FAIL_22',
      'arguments.patch/0/op',
    ],
    ['config-change', { format: 'json-patch', patch: [{ op: 'remove', path: '/x' }] }, 'failed', 'no-such-place'],
    [
      'config-change',
      { format: 'json-patch', patch: [{ op: 'test', path: '/interval', value: 1 }] },
      'failed',
      'test-failed',
    ],
    ['config-change', { ...change, force: true }, 'UPD4_FAIL_22', 'arguments.force'],
    ['config-change', { format: 'merge-patch', patch: null }, 'UPD4_FAIL_22', 'arguments.patch'],
    ['config-change', { format: 'merge-patch' }, 'UPD4_FAIL_22', 'arguments.patch'],
    ['config-change', { format: 'merge-patch', patch: ['a'] }, 'UPD4_FAIL_22', 'arguments.patch'],
    ['config-change', { format: 'merge-patch', patch: { a: 'x'.repeat(33_000) } }, 'failed', 'too-large'],
    ['config-restore', { ...restore, content: 'e3 0=' }, 'UPD4_FAIL_22', 'arguments.content'],
    ['config-restore', { ...restore, sha256: sha256('[]') }, 'UPD4_FAIL_22', 'arguments.sha256'],
    ['config-restore', { ...restore, version: 7 }, 'UPD4_FAIL_22', 'arguments.version'],
    ['reboot', { when: 'now' }, 'UPD4_FAIL_22', 'arguments.when'],
    ['command', {}, 'UPD4_FAIL_22', 'arguments.name'],
    ['command', { name: '../measure' }, 'UPD4_FAIL_22', 'arguments.name'],
    ['command', { name: '-rf' }, 'UPD4_FAIL_22', 'arguments.name'],
    ['command', { name: 'a'.repeat(65) }, 'UPD4_FAIL_22', 'arguments.name'],
    ['command', { name: 'measure', arguments: [] }, 'UPD4_FAIL_22', 'arguments.arguments'],
    ['command', { name: 'measure', shell: 'x' }, 'UPD4_FAIL_22', 'arguments.shell'],
    ['command', { name: 'explode' }, 'failed', 'unknown-command'],
    ['custom', {}, 'failed', 'unsupported'],
  ]
  for (const [type, given, told, place] of rows) {
    const at = await equipped()
    t.strictSame(await ordered(at, type, given), [told], `${type} ${JSON.stringify(given).slice(0, 60)}`)
    const { field, reason } = at.device.broker.lastData() ?? {}
    t.equal(told === 'failed' ? reason : field, place)
    t.equal(at.configuration.text, text, 'nothing was changed')
    t.equal(at.programs.runs.length, 0)
    await ends(t, at)
  }
})

t.test('a configuration that would not survive being read and written is not changed', async t => {
  for (const [content, told] of [
    ['interval = 60', 'failed not-json'],
    ['{"id":12345678901234567890}', 'failed number-not-exact'],
    ['{"id":[-9007199254740993]}', 'failed number-not-exact'],
    ['{"x":0.12345678901234567}', 'failed number-not-exact'],
    ['{"x":1e999}', 'failed number-not-exact'],
    ['{"x":"12345678901234567890 \\" 1","y":-1.5e-7,"z":9007199254740991}', 'done'],
  ] as const) {
    const at = await equipped()
    at.configuration.content = Buffer.from(content)
    const [word] = await ordered(at, 'config-change', { format: 'merge-patch', patch: { a: 1 } })
    t.equal([word, at.device.broker.lastData()?.reason].filter(Boolean).join(' '), told, content)
    if (told !== 'done') t.equal(at.configuration.text, content)
    else t.strictSame(JSON.parse(at.configuration.text), { ...JSON.parse(content), a: 1 })
    await ends(t, at)
  }
})

t.test('every step of the validation, in its order', async t => {
  const type = 'config-change'
  const given = { format: 'merge-patch', patch: {} }
  const good = commandOf(type, given, operationOne)
  const payload = encodeCommand({ operationType: type, operation: operationOne, expiresAt: year2030, arguments: given })
  const other = '00'.repeat(16)
  const noRole = trustDocument({ operationTypes: new Map([['firmware-update', 'release']]) })
  const rows: readonly (readonly [
    envelope: Uint8Array,
    code: string,
    reason: string | undefined,
    settings?: object,
  ])[] = [
    [good.subarray(0, -1), 'UPD4_FAIL_22', undefined],
    [good, 'UPD4_FAIL_44', 'absent', { trust: undefined }],
    [good, 'UPD4_FAIL_23', 'trust-expired', { trust: signedTrust(trustDocument({ expiresAt: 1 })) }],
    [good, 'UPD4_FAIL_23', 'no-role', { trust: signedTrust(noRole) }],
    [commandOf(type, given, operationOne, {}, keys.release), 'UPD4_FAIL_23', 'unknown-key'],
    [signEnvelope('manifest', payload, [keys.operations]), 'UPD4_FAIL_23', 'bad-signature'],
    [signEnvelope('command', payload, []), 'UPD4_FAIL_23', 'unsigned'],
    [commandOf(type, given, operationOne, { operationType: 'reboot' }), 'UPD4_FAIL_23', 'operation-type'],
    [commandOf(type, given, operationOne, { expiresAt: Date.UTC(2026, 0, 1) }), 'UPD4_FAIL_23', 'expired'],
    [commandOf(type, given, operationOne, { vendorId: other }), 'UPD4_FAIL_30', undefined],
    [commandOf(type, given, operationOne, { classId: other }), 'UPD4_FAIL_31', undefined],
    [commandOf(type, given, operationTwo, { deviceId: 'device-2' }), 'UPD4_FAIL_31', 'device'],
    [commandOf(type, given, operationTwo), 'UPD4_FAIL_31', 'operation'],
    [newer.envelope, 'UPD4_FAIL_23', 'unknown-key'],
  ]
  for (const [envelope, code, reason, settings] of rows) {
    const at = await equipped(settings)
    at.device.broker.sendCommand(envelope, type)
    await at.device.run()
    t.strictSame(at.device.broker.told(), [code], `${code} ${reason ?? ''}`)
    if (reason !== undefined) t.equal(at.device.broker.lastData()?.reason, reason)
    t.equal(at.configuration.text, text)
    await ends(t, at)
  }
})

t.test('a command does not pass for a firmware update, nor an update for a command of its role', async t => {
  const at = await equipped()
  const order = commandOf('command', { name: 'measure' }, operationOne)
  at.device.broker.sendCommand(order, 'firmware-update')
  await at.device.run()
  t.strictSame(at.device.broker.told(), ['UPD4_FAIL_23'])
  at.device.broker.sendCommand(newer.envelope, 'command', operationTwo)
  await at.device.run()
  t.strictSame(at.device.broker.told(operationTwo), ['UPD4_FAIL_23'])
  t.equal(at.programs.runs.length, 0)
  await ends(t, at)
})

t.test('the check of the device refuses: UPD4_FAIL_37 with its word, and the configuration stays', async t => {
  const at = await equipped()
  at.configuration.verdict = { accepted: false, reason: 'exit-2' }
  t.strictSame(await ordered(at, 'config-change', { format: 'merge-patch', patch: { a: 1 } }), ['UPD4_FAIL_37'])
  t.strictSame(at.device.broker.lastData(), { reason: 'exit-2' })
  t.equal(at.configuration.text, text)
  await ends(t, at)
})

t.test('a disk that fails: 35 for a write, 36 for a read; what nobody foresaw is told as failed', async t => {
  const change = { format: 'merge-patch', patch: { a: 1 } }
  for (const [call, error, told] of [
    ['read', new StorageReadFailed('configuration', 'EIO'), 'UPD4_FAIL_36'],
    ['replace', new StorageWriteFailed('configuration', 'ENOSPC'), 'UPD4_FAIL_35'],
    ['replace', new Error('surprise'), 'failed'],
  ] as const) {
    const at = await equipped()
    at.configuration.faults.set(call, error)
    t.strictSame(await ordered(at, 'config-change', change), [told])
    await ends(t, at)
  }
  const at = await equipped()
  at.device.broker.sendCommand(commandOf('config-change', change, operationOne), 'config-change')
  at.device.disk.faults.set('journal-save', 6)
  await at.device.run(day)
  t.equal(at.configuration.text, text, 'without a journal nothing is changed')
  t.strictSame(at.device.broker.told(), [], 'and nothing was accepted')
  await at.device.stop()
})
