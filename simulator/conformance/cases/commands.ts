// Commands: signed for one operation, judged as a manifest is: docs/PROTOCOL.md, section 9, Commands.
import type { KeyObject } from 'node:crypto'
import { encode, type WireCommand } from '../../../proto/codec.ts'
import { signEnvelope } from '../../../proto/envelope.ts'
import type { DeviceFailureCode } from '../../../proto/event-codes.ts'
import { type Case, demand, NotApplicable } from '../case.ts'
import type { Examination } from '../examination.ts'
import { examinationKeys, farExpiry, unheardType } from '../keys.ts'
import { wordOf } from '../signs.ts'

const family = 'commands'

interface Fault {
  readonly name: string
  readonly row: string
  readonly code: DeviceFailureCode
  readonly reason?: string
  readonly done: string
  readonly command?: Partial<WireCommand>
  readonly key?: KeyObject
  readonly quick?: true
}

const faults: readonly Fault[] = [
  {
    name: 'command-unknown-key',
    row: '7',
    code: 'UPD4_FAIL_23',
    reason: 'unknown-key',
    quick: true,
    done: 'signed by a stranger',
    key: examinationKeys.stranger,
  },
  {
    name: 'command-other-role',
    row: '7',
    code: 'UPD4_FAIL_23',
    reason: 'unknown-key',
    done: 'signed by the release key',
    key: examinationKeys.release,
  },
  {
    name: 'command-other-type',
    row: '9',
    code: 'UPD4_FAIL_23',
    reason: 'operation-type',
    done: 'a signed config-backup, offered as a reboot',
    command: { operationType: 'config-backup' },
  },
  {
    name: 'command-expired',
    row: '10',
    code: 'UPD4_FAIL_23',
    reason: 'expired',
    done: 'a command that expired in 2001',
    command: { expiresAt: 1e12 },
  },
  {
    name: 'command-vendor',
    row: '11',
    code: 'UPD4_FAIL_30',
    done: 'a command for another vendor',
    command: { vendorId: Buffer.alloc(16, 0xee) },
  },
  {
    name: 'command-class',
    row: '12',
    code: 'UPD4_FAIL_31',
    done: 'a command for another class',
    command: { classId: Buffer.alloc(16, 0xee) },
  },
  {
    name: 'command-device',
    row: '13',
    code: 'UPD4_FAIL_31',
    reason: 'device',
    done: 'a command for another device',
    command: { deviceId: 'somebody-else' },
  },
  {
    name: 'command-replayed',
    row: '14',
    code: 'UPD4_FAIL_31',
    reason: 'operation',
    quick: true,
    done: 'a command that was signed for another operation',
    command: { operationId: '0'.repeat(26) },
  },
  {
    name: 'command-arguments',
    row: '15',
    code: 'UPD4_FAIL_22',
    done: 'arguments that are no JSON object',
    command: { arguments: Buffer.from('[1]') },
  },
  {
    name: 'command-more-arguments',
    row: '16',
    code: 'UPD4_FAIL_22',
    done: 'a reboot with an argument it does not have',
    command: { arguments: Buffer.from('{"now":true}') },
  },
]

/** Offered as `type` under an operation of its own; everything that is left out is good. */
function ordered(at: Examination, type: string, { command, key }: Pick<Fault, 'command' | 'key'> = {}) {
  const operation = at.newOperation()
  const wire: WireCommand = {
    ...{ operationType: type, operationId: operation, expiresAt: farExpiry, arguments: Buffer.from('{}') },
    ...command,
  }
  return at.inject(signEnvelope('command', encode('Command', wire), [key ?? examinationKeys.operations]), {
    ...{ operation, operationType: type },
  })
}

/** A device without commands may refuse all of them with STEP_FAILED once they are judged, and need not judge before. */
async function refusedCommand(at: Examination, fault: Fault): Promise<string> {
  const { event } = await at.event(ordered(at, 'reboot', fault), () => true, { what: fault.code })
  const told = `${wordOf(event)}${event.data.reason === undefined ? '' : ` (${event.data.reason})`}`
  if (wordOf(event) === 'failed' && event.data.reason === 'unsupported')
    throw new NotApplicable('it takes no commands of this type')
  demand(wordOf(event) === fault.code, `${told} instead of ${fault.code}`)
  demand(
    fault.reason === undefined || event.data.reason === fault.reason,
    `${told}: the reason must be ${fault.reason}`,
  )
  return told
}

export const commandCases: readonly Case[] = [
  ...faults.map(
    (fault): Case => ({
      ...{ name: fault.name, family, section: `9, Commands, row ${fault.row}`, code: fault.code, done: fault.done },
      must: `${fault.code}${fault.reason === undefined ? '' : `, reason ${fault.reason}`}; nothing is carried out`,
      ...(fault.quick ? { quick: fault.quick } : {}),
      examine: at => refusedCommand(at, fault),
    }),
  ),
  {
    name: 'command-unheard-of',
    ...{ family, section: '9, Commands', quick: true },
    done: 'a well signed command of a type that no device carries out',
    must: 'STEP_FAILED, reason unsupported',
    async examine(at) {
      const { event } = await at.event(ordered(at, unheardType), () => true, { what: 'STEP_FAILED' })
      const told = `${wordOf(event)}${event.data.reason === undefined ? '' : ` (${event.data.reason})`}`
      demand(
        wordOf(event) === 'failed' && event.data.reason === 'unsupported',
        `${told} instead of failed (unsupported)`,
      )
      return told
    },
  },
  {
    name: 'command-reboot',
    ...{ family, section: '9, Commands' },
    done: 'a good reboot',
    must: 'STEP_REBOOTING, then the hello of another boot without operation_id',
    async examine(at) {
      const before = at.witness.of('hello').at(-1)?.hello.bootId
      const mark = at.witness.mark()
      const operation = ordered(at, 'reboot')
      const { event } = await at.event(operation, () => true, { what: 'STEP_REBOOTING' })
      if (wordOf(event) === 'failed') throw new NotApplicable(`failed (${event.data.reason})`)
      await at.step(operation, 'rebooting')
      const { hello } = await at.reconnected(mark)
      demand(hello.bootId !== before, 'the boot id of the time before')
      demand(hello.operation === undefined, 'a hello that still names the operation')
      at.forget(operation)
      return 'rebooting, then the hello of another boot'
    },
  },
]
