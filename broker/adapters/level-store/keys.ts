// The keys of the database: what stands where, in which order. Parts are separated by '!', which no id contains and
// which is smaller than every character of an id; numbers and operation ids have a fixed width, so the order of the
// keys is the order of the pages.
//
//   a!schema                     version of all this        l!BATCH                what batch BATCH wrote
//   c!DEVICE                     credential                 o!OPERATION            operation
//   d!DEVICE                     device                     ou!OPERATION             … that has not ended
//   e!NUMBER                     event                      p!NAME                 principal
//   ec!CODE!NUMBER               … by code                  pt!TOKEN                 … by digest of the token
//   ed!DEVICE!NUMBER             … by device                r!RELEASE              release
//   eo!OPERATION!NUMBER          … by operation             t!OPERATION!DEVICE     explicit target
//   x!OPERATION!DEVICE           execution                  xs!OPERATION!STATE!DEVICE   execution by state
//                                                           xd!DEVICE!OPERATION    execution that has not ended
import type { ExecutionState } from '../../core/records.ts'

export interface KeyRange {
  readonly gt: string
  readonly lt: string
}

/** Enough hex digits for every safe integer. */
const numberDigits = 14

export const schemaKey = 'a!schema'
export const fixed = (number: number): string => number.toString(16).padStart(numberDigits, '0')
export const logKey = (batch: number): string => `l!${fixed(batch)}`
export const credentialKey = (device: string): string => `c!${device}`
export const deviceKey = (device: string): string => `d!${device}`
export const eventKey = (number: number): string => `e!${fixed(number)}`
export const eventsByCode = (code: string): string => `ec!${code}!`
export const eventsByDevice = (device: string): string => `ed!${device}!`
export const eventsByOperation = (operation: string): string => `eo!${operation}!`
export const operationKey = (operation: string): string => `o!${operation}`
export const unfinishedOperationKey = (operation: string): string => `ou!${operation}`
export const principalKey = (name: string): string => `p!${name}`
export const tokenKey = (tokenSha256: string): string => `pt!${tokenSha256}`
export const releaseKey = (release: string): string => `r!${release}`
export const targetsOf = (operation: string): string => `t!${operation}!`
export const executionsOf = (operation: string): string => `x!${operation}!`
export const executionKey = (operation: string, device: string): string => `x!${operation}!${device}`
export const executionsInState = (operation: string, state: ExecutionState): string => `xs!${operation}!${state}!`
export const unfinishedExecutionsOfDevice = (device: string): string => `xd!${device}!`

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
/** The number at the end of an event, event index or log key. */
export const numberAt = (key: string): number => Number.parseInt(key.slice(-numberDigits), 16)
