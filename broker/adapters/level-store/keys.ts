// The keys of the database: what stands where, in which order. Parts are separated by '!', which no id contains and
// which is smaller than every character of an id; numbers and operation ids have a fixed width, so the order of the
// keys is the order of the pages. Indented: index rows, whose keys say it all.
//
//   a!schema  a!clock            version of all this; wall time  o!OPERATION                operation
//   b!OPERATION!DEVICE           backup of a configuration         ou!OPERATION               … that has not ended
//   bc!SHA256                    its content                     p!NAME                     principal
//   c!DEVICE                     credential                        pt!TOKEN!NAME              … by digest of the token
//   d!DEVICE                     device                          r!RELEASE                  release
//   e!NUMBER                     event                           t!OPERATION!DEVICE         explicit target
//     ec!CODE!NUMBER               … by code                     u!NUMBER                   audit record
//     ed!DEVICE!NUMBER             … by device                     uo!OPERATION!NUMBER        … by operation
//     eo!OPERATION!NUMBER          … by operation                w!PRINCIPAL!REQUEST        answer to a command
//     et!TYPE!NUMBER               … by type                       wt!TIME!PRINCIPAL!REQUEST  … by time
//   g!OPERATION!NUMBER           log of a device with event       gc!OPERATION!NUMBER       its lines
//   h!ID                         webhook                         x!OPERATION!DEVICE         execution
//   j!DEVICE                     journals of a device              xd!DEVICE!OPERATION        … that has not ended
//   l!BATCH                      what batch BATCH wrote            xr!OPERATION!RESULT!DEVICE … by result
//   n!NUMBER                     notice to a webhook               xs!OPERATION!STATE!DEVICE  … by state
import { createHash } from 'node:crypto'
import type { ExecutionState } from '../../core/records.ts'
import type { ExecutionResult } from '../../ports.ts'

export interface KeyRange {
  readonly gt: string
  readonly lt: string
}

/** Enough hex digits for every safe integer. */
const numberDigits = 14

export const schemaKey = 'a!schema'
export const clockKey = 'a!clock'
export const fixed = (number: number): string => number.toString(16).padStart(numberDigits, '0')
export const logKey = (batch: number): string => `l!${fixed(batch)}`
export const backupsOf = (operation: string): string => `b!${operation}!`
export const backupKey = (operation: string, device: string): string => `b!${operation}!${device}`
export const backupContentKey = (sha256: string): string => `bc!${sha256}`
export const credentialKey = (device: string): string => `c!${device}`
export const deviceKey = (device: string): string => `d!${device}`
export const journalsKey = (device: string): string => `j!${device}`
export const eventKey = (number: number): string => `e!${fixed(number)}`
export const eventsByCode = (code: string): string => `ec!${code}!`
export const eventsByDevice = (device: string): string => `ed!${device}!`
export const eventsByOperation = (operation: string): string => `eo!${operation}!`
export const eventsByType = (type: string): string => `et!${type}!`
export const deviceLogsOf = (operation: string): string => `g!${operation}!`
export const deviceLogKey = (operation: string, event: number): string => `g!${operation}!${fixed(event)}`
export const deviceLogContentKey = (operation: string, event: number): string => `gc!${operation}!${fixed(event)}`
export const webhookKey = (id: string): string => `h!${id}`
export const noticeKey = (number: number): string => `n!${fixed(number)}`
export const operationKey = (operation: string): string => `o!${operation}`
export const unfinishedOperationKey = (operation: string): string => `ou!${operation}`
export const principalKey = (name: string): string => `p!${name}`
export const principalsByToken = (tokenSha256: string): string => `pt!${tokenSha256}!`
export const releaseKey = (release: string): string => `r!${release}`
export const targetsOf = (operation: string): string => `t!${operation}!`
export const auditKey = (number: number): string => `u!${fixed(number)}`
export const auditByOperation = (operation: string): string => `uo!${operation}!`
export const answersByTime = 'wt!'
export const executionsOf = (operation: string): string => `x!${operation}!`
export const executionKey = (operation: string, device: string): string => `x!${operation}!${device}`
export const executionsInState = (operation: string, state: ExecutionState): string => `xs!${operation}!${state}!`
export const executionsByResult = (operation: string, result: ExecutionResult): string => `xr!${operation}!${result}!`
export const unfinishedExecutionsOfDevice = (device: string): string => `xd!${device}!`

/** A request id is the caller's own text, of any length and with any character: its digest stands for it. */
export function answerKey(principal: string, requestId: string): string {
  return `w!${principal}!${createHash('sha256').update(JSON.stringify(requestId)).digest('hex')}`
}

export function answerByTimeKey(at: number, principal: string, requestId: string): string {
  return `${answersByTime}${fixed(Math.max(0, Math.floor(at)))}${answerKey(principal, requestId).slice(1)}`
}

/** All keys that begin with `prefix`, which ends with '!'. */
export function within(prefix: string): KeyRange {
  // '"' is the byte after '!'.
  return { gt: prefix, lt: `${prefix.slice(0, -1)}"` }
}

/** Those beyond the key `prefix + after` in ascending order. */
export function beyond(prefix: string, after: string | undefined): KeyRange {
  return { gt: `${prefix}${after ?? ''}`, lt: within(prefix).lt }
}

/** Those beyond the key `prefix + after` in descending order. */
export function before(prefix: string, after: string | undefined): KeyRange {
  return after === undefined ? within(prefix) : { gt: prefix, lt: `${prefix}${after}` }
}

export const lastPart = (key: string): string => key.slice(key.lastIndexOf('!') + 1)
/** The number at the end of an event, audit, index or log key. */
export const numberAt = (key: string): number => Number.parseInt(key.slice(-numberDigits), 16)
/** The time in a key of answersByTime. */
export const timeAt = (key: string): number => Number.parseInt(key.slice(3, 3 + numberDigits), 16)
