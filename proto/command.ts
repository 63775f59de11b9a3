// The signed statement "do this, there, once": what an operation that installs nothing asks of a device. Its fields are
// judged in the order of a manifest's, the first failure names the code. What the arguments of a type must hold is the
// business of who carries it out; here they are one JSON object of a bounded size and depth.
//
//   decodes, type 22 · signed as what it was offered as 23 · expires 23 · vendor 30 · class, device 31 · operation 31
//   · arguments 22
import { decode, encode, type WireCommand } from './codec.ts'
import { isOperationType, type OperationId, operationId } from './ids.ts'
import type { JsonObject } from './json.ts'
import { commandArgumentsBytesMax, commandArgumentsDepthMax, envelopeBytesMax } from './limits.ts'
import {
  boundDevice,
  cut,
  identity,
  lawful,
  present,
  type Reader,
  refuse,
  unexpired,
  type Verdict,
  verdictOf,
} from './statement.ts'

/** The types that every agent knows the name of; plugins register more. */
export const commandTypes = ['config-backup', 'config-restore', 'config-change', 'reboot', 'command'] as const

/** Ids are lower-case hex; times milliseconds since 1970. */
export interface Command {
  readonly operationType: string
  /** The one operation it is good for. */
  readonly operation: OperationId
  /** Absent: any. */
  readonly vendorId?: string
  readonly classId?: string
  readonly deviceId?: string
  readonly expiresAt: number
  readonly arguments: JsonObject
}

export interface CommandExpectations extends Reader {
  /** What the offer said that it hands over; absent: not compared, as `operation`. */
  readonly operationType?: string
  readonly operation?: OperationId
}

export type CommandVerdict = Verdict<{ readonly command: Command }>

/** Judges the payload of a verified envelope. Never throws for any bytes. */
export function readCommand(payload: Uint8Array, expected: CommandExpectations = {}): CommandVerdict {
  return verdictOf(() => ({ command: judged(decode('Command', payload, envelopeBytesMax), expected) }))
}

/** Throws RangeError for arguments that no device would read. */
export function encodeCommand(command: Command): Buffer {
  const hex = (text: string): Buffer => Buffer.from(text, 'hex')
  const text = Buffer.from(JSON.stringify(command.arguments))
  const wrong = argumentsProblem(text)
  if (wrong !== undefined) throw new RangeError(`arguments: expected ${wrong}`)
  return encode('Command', {
    operationType: command.operationType,
    operationId: command.operation,
    ...(command.vendorId === undefined ? {} : { vendorId: hex(command.vendorId) }),
    ...(command.classId === undefined ? {} : { classId: hex(command.classId) }),
    ...(command.deviceId === undefined ? {} : { deviceId: command.deviceId }),
    expiresAt: command.expiresAt,
    arguments: text,
  })
}

function judged(wire: WireCommand, expected: CommandExpectations): Command {
  const operationType = present(wire.operationType, 'operationType')
  if (!isOperationType(operationType))
    refuse('UPD4_FAIL_22', { field: 'operationType', expected: '1 to 32 of a-z 0-9 -', actual: cut(operationType) })
  // The role that was asked for the signature is that of the offered type: it vouches for no other one.
  if (expected.operationType !== undefined && operationType !== expected.operationType)
    refuse('UPD4_FAIL_23', {
      field: 'operationType',
      reason: 'operation-type',
      expected: expected.operationType,
      actual: operationType,
    })
  const expiresAt = unexpired(wire.expiresAt, expected)
  const vendorId = wire.vendorId && identity(wire.vendorId, 'vendorId', expected)
  const classId = wire.classId && identity(wire.classId, 'classId', expected)
  const device = boundDevice(wire.deviceId, expected)
  const named = present(wire.operationId, 'operationId')
  const operation = lawful(operationId, named)
  if (operation === undefined)
    refuse('UPD4_FAIL_22', { field: 'operationId', expected: 'an operation id', actual: cut(named) })
  if (expected.operation !== undefined && operation !== expected.operation)
    refuse('UPD4_FAIL_31', {
      field: 'operationId',
      reason: 'operation',
      expected: expected.operation,
      actual: operation,
    })

  return {
    operationType,
    operation,
    ...(vendorId === undefined ? {} : { vendorId }),
    ...(classId === undefined ? {} : { classId }),
    ...device,
    expiresAt,
    arguments: readArguments(present(wire.arguments, 'arguments')),
  }
}

function readArguments(bytes: Uint8Array): JsonObject {
  const wrong = argumentsProblem(bytes)
  if (wrong !== undefined) refuse('UPD4_FAIL_22', { field: 'arguments', reason: 'malformed', expected: wrong })
  return JSON.parse(Buffer.from(bytes).toString())
}

/** What was expected of the bytes, or undefined when they are arguments. */
function argumentsProblem(bytes: Uint8Array): string | undefined {
  if (bytes.length > commandArgumentsBytesMax) return `at most ${commandArgumentsBytesMax} bytes`
  let value: unknown
  try {
    // One reading: text that is no UTF-8 is refused, not repaired, and so is a byte order mark.
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    // Both errors mean the same to who sent it.
    return 'JSON in UTF-8'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'one JSON object'
  return depthOf(value, commandArgumentsDepthMax) < 0 ? `at most ${commandArgumentsDepthMax} levels` : undefined
}

/** Levels left under `value`; negative when there were too many. */
function depthOf(value: unknown, left: number): number {
  if (typeof value !== 'object' || value === null) return left
  if (left <= 0) return -1
  return Object.values(value).reduce<number>((least, child) => Math.min(least, depthOf(child, left - 1)), left - 1)
}
