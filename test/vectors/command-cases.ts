// Vectors of signed commands: what a device reads, and the code each spoiled one yields, in the order of validation.
import { decode, encode, type WireCommand } from '../../proto/codec.ts'
import { type Command, encodeCommand, readCommand } from '../../proto/command.ts'
import { distrust, EnvelopeError, openEnvelope, parseTrustDocument, roleFor } from '../../proto/envelope.ts'
import { type OperationId, operationId } from '../../proto/ids.ts'
import { operation } from './message-samples.ts'
import { device } from './sample.ts'
import { envelope, keys, signature, signed, trustDocument } from './test-keys.ts'
import { trustSigned } from './trust-cases.ts'
import { base64, bytesOf, type Json, jsonOf, longBytes, type VectorCase, type VectorFile } from './vector-file.ts'
import { numberField } from './wire.ts'

export const command: Command = {
  operationType: 'config-change',
  operation,
  vendorId: device.vendorId,
  classId: device.classId,
  deviceId: device.deviceId,
  expiresAt: Date.UTC(2030, 0, 1),
  arguments: { format: 'merge-patch', patch: { interval: 60, password: null } },
}
const another = operationId('01j9zk3v7m8n5p6q4r2s1t0abd')

const sample = trustDocument([keys.release], 1)
const trust = trustSigned({
  ...sample,
  operationTypes: new Map([
    ['firmware-update', 'release'],
    ['command', 'release'],
    ['config-change', 'operations'],
    ['reboot', 'operations'],
  ]),
})

const payload = encodeCommand(command)
/** The sample with some wire fields replaced, or left out (`undefined`), whatever that makes of it. */
export function commandWith(
  changes: {
    readonly [F in keyof WireCommand]?: WireCommand[F] | undefined
  },
): Buffer {
  const wire: Record<string, unknown> = { ...decode('Command', payload, 65536), ...changes }
  for (const [field, value] of Object.entries(wire)) if (value === undefined) delete wire[field]
  return encode('Command', wire as WireCommand)
}
const by = (bytes: Uint8Array): Buffer => signed('command', bytes, keys.operations)
const zeros = (length: number): Uint8Array => new Uint8Array(length)
const text = (value: string): Uint8Array => Buffer.from(value)
const anybody: Command = {
  operationType: 'config-change',
  operation,
  expiresAt: command.expiresAt,
  arguments: {},
}

interface Row {
  readonly name: string
  readonly about: string
  readonly bytes: Uint8Array
  /** Its run of one byte is told apart. */
  readonly isLong?: boolean
  readonly expect: Json
  /** Of the offer, when not that of the sample. */
  readonly operationType?: string
  readonly operation?: OperationId
}
const accepted = (read: Command): Json => ({ command: jsonOf(read) })
const code = (number: number, field?: string, reason?: string): Json =>
  jsonOf({ code: `UPD4_FAIL_${number}`, field, reason })

const fieldRows: readonly (readonly [
  name: string,
  about: string,
  changes: Parameters<typeof commandWith>[0],
  expect: Json,
])[] = [
  ['type absent', 'Required.', { operationType: undefined }, code(22, 'operationType', 'absent')],
  ['type with a slash', 'a-z, 0-9 and dashes.', { operationType: 'config/change' }, code(22, 'operationType')],
  [
    'another type than offered',
    'The role of config-change vouches for no other type.',
    { operationType: 'command' },
    code(23, 'operationType', 'operation-type'),
  ],
  ['expiry absent', 'Required.', { expiresAt: undefined }, code(22, 'expiresAt', 'absent')],
  ['expires now', 'Good before the instant, not at it.', { expiresAt: device.now }, code(23, 'expiresAt', 'expired')],
  [
    'expired, for another vendor',
    'Expiry is judged first.',
    { expiresAt: 1, vendorId: zeros(16) },
    code(23, 'expiresAt', 'expired'),
  ],
  ['vendor id of 15 bytes', 'Present with the wrong length.', { vendorId: zeros(15) }, code(30, 'vendorId')],
  [
    'another vendor and class',
    'The vendor is judged before the class.',
    { vendorId: zeros(16), classId: zeros(16) },
    code(30, 'vendorId'),
  ],
  ['class id empty', 'Present and empty is not absent.', { classId: zeros(0) }, code(31, 'classId')],
  ['another class', 'Not the class id of the device.', { classId: zeros(16) }, code(31, 'classId')],
  ['another device', 'Bound to one, offered to another.', { deviceId: 'sensor-2' }, code(31, 'deviceId', 'device')],
  [
    'operation absent',
    'Required: a command is good for one.',
    { operationId: undefined },
    code(22, 'operationId', 'absent'),
  ],
  ['operation in capitals', 'No operation id.', { operationId: operation.toUpperCase() }, code(22, 'operationId')],
  ['another operation', 'Played again in another one.', { operationId: another }, code(31, 'operationId', 'operation')],
  ['arguments absent', 'Required; no arguments are {}.', { arguments: undefined }, code(22, 'arguments', 'absent')],
  ['arguments empty', 'No JSON.', { arguments: zeros(0) }, code(22, 'arguments', 'malformed')],
  ['arguments a list', 'One object.', { arguments: text('[]') }, code(22, 'arguments', 'malformed')],
  ['arguments null', 'One object.', { arguments: text('null') }, code(22, 'arguments', 'malformed')],
  ['arguments cut off', 'No JSON.', { arguments: text('{"a":1') }, code(22, 'arguments', 'malformed')],
  [
    'arguments not UTF-8',
    'Not repaired.',
    { arguments: Buffer.concat([text('{"a":"'), Buffer.of(0xff), text('"}')]) },
    code(22, 'arguments', 'malformed'),
  ],
  [
    'arguments with a byte order mark',
    'Not skipped.',
    { arguments: Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), text('{}')]) },
    code(22, 'arguments', 'malformed'),
  ],
  [
    'arguments of 48 KiB and a byte',
    'At most 48 KiB.',
    { arguments: text(`{"a":"${'x'.repeat(48 * 1024 - 7)}"}`) },
    code(22, 'arguments', 'malformed'),
  ],
  [
    'arguments 33 levels deep',
    'At most 32 objects and lists within one another.',
    { arguments: text(`{"a":${'['.repeat(32)}${']'.repeat(32)}}`) },
    code(22, 'arguments', 'malformed'),
  ],
]

const rows: readonly Row[] = [
  { name: 'bound to one device', about: 'Every field.', bytes: by(payload), expect: accepted(command) },
  {
    name: 'for anybody',
    about: 'Only what is required.',
    bytes: by(encodeCommand(anybody)),
    expect: accepted(anybody),
  },
  {
    name: 'arguments of 48 KiB',
    about: 'The most there may be: an empty object with spaces in it.',
    bytes: by(commandWith({ arguments: text(`{${' '.repeat(48 * 1024 - 2)}}`) })),
    isLong: true,
    expect: accepted({ ...command, arguments: {} }),
  },
  {
    name: '32 levels',
    about: 'As deep as it may be.',
    bytes: by(commandWith({ arguments: text(`{"a":${'['.repeat(31)}${']'.repeat(31)}}`) })),
    expect: accepted({ ...command, arguments: { a: JSON.parse(`${'['.repeat(31)}${']'.repeat(31)}`) } }),
  },
  {
    name: 'by the release key',
    about: 'The role of the type is the operations role, and no other.',
    bytes: signed('command', payload, keys.release),
    expect: code(23, undefined, 'unknown-key'),
  },
  {
    name: 'unsigned',
    about: 'No signature.',
    bytes: envelope(payload, []),
    expect: code(23, undefined, 'unsigned'),
  },
  {
    name: 'signed as a manifest',
    about: 'A signature speaks about one kind of statement.',
    bytes: envelope(payload, [signature(keys.operations, 'manifest', payload)]),
    expect: code(23, undefined, 'bad-signature'),
  },
  {
    name: 'offered as another type of the same role',
    about: 'Signed by the right key for the wrong offer.',
    bytes: by(payload),
    operationType: 'reboot',
    expect: code(23, 'operationType', 'operation-type'),
  },
  {
    name: 'type without a role',
    about: 'The trust document names nobody who may sign it.',
    bytes: by(commandWith({ operationType: 'self-destruct' })),
    operationType: 'self-destruct',
    expect: code(23, undefined, 'no-role'),
  },
  {
    name: 'schema version 2',
    about: 'Judged before the signature.',
    bytes: envelope(payload, [signature(keys.operations, 'command', payload, 2)], 2),
    expect: code(28),
  },
  {
    name: 'unknown field in the command',
    about: 'A well-formed field 9, signed.',
    bytes: by(Buffer.concat([payload, numberField(9, 1)])),
    expect: code(22, 'Command', 'malformed'),
  },
  {
    name: 'another operation, twice wrong',
    about: 'Offered in another operation than it was signed for, to another device: the device comes first.',
    bytes: by(commandWith({ deviceId: 'sensor-2' })),
    operation: another,
    expect: code(31, 'deviceId', 'device'),
  },
  ...fieldRows.map(([name, about, changes, expect]) => ({ name, about, bytes: by(commandWith(changes)), expect })),
]

export function signedCommands(): VectorFile {
  const { formats: _, ...reader } = device
  return {
    kind: 'signed-command',
    about:
      'SignedEnvelope of a Command, as offered in `operation` as `operationType`, read by `device` which holds `trust`.',
    device: jsonOf(reader),
    trust: base64(trust),
    cases: rows.map(({ name, about, bytes, isLong, expect, ...offer }) => ({
      name,
      about,
      operation: offer.operation ?? operation,
      operationType: offer.operationType ?? 'config-change',
      ...(isLong ? longBytes(bytes) : { bytes: base64(bytes) }),
      expect,
    })),
  }
}

/** As a device judges what it is offered. */
export function judgeCommand(file: VectorFile, vector: VectorCase): Json {
  try {
    const opened = openEnvelope(bytesOf(vector))
    const trusted = parseTrustDocument(Buffer.from(String(file.trust), 'base64'))
    const operationType = String(vector.operationType)
    const reason = distrust(opened, 'command', roleFor(operationType, trusted), trusted)
    if (reason !== undefined) return code(23, undefined, reason)
    const { now, vendorId, classId, deviceId } = device
    const offered = { operationType, operation: operationId(String(vector.operation)) }
    const verdict = readCommand(opened.payload, { now, vendorId, classId, deviceId, ...offered })
    if (verdict.ok) return accepted(verdict.command)
    const { data } = verdict.failure
    return jsonOf({ code: verdict.failure.code, field: data.field, reason: data.reason })
  } catch (error) {
    if (!(error instanceof EnvelopeError)) throw error
    if (error.code === 'NOT_TRUSTED') return code(23, undefined, error.reason)
    return code(error.code === 'SCHEMA_VERSION' ? 28 : 22)
  }
}
