// How far the store is: what the log record of a batch says, and what follows from it for the next one. The record of
// the last batch is always there, so every number that must never be given twice stands in it.
import { type AuditHead, firstAuditHash } from '../../../proto/audit.ts'
import type { HeadPosition } from './head.ts'

export interface StorePosition extends HeadPosition {
  /** The oldest event kept; `event` + 1 when all were trimmed. */
  readonly oldestEvent: number
  /** Of the newest event there ever was, milliseconds since 1970; no later one is older. */
  readonly recordedAt: number
  readonly audit: AuditHead
  /** Last number given to a notice. */
  readonly notice: number
}

export const emptyPosition: StorePosition = {
  batch: 0,
  event: 0,
  oldestEvent: 1,
  recordedAt: 0,
  audit: { number: 0, hash: firstAuditHash },
  notice: 0,
}

/** The value of a log record: what a batch wrote besides index rows. */
export interface BatchLog {
  /** Number of its first event (or of the next one, if it has none) and how many there are. */
  readonly e: readonly [first: number, count: number]
  /** The same of audit records. */
  readonly u: readonly [first: number, count: number]
  /** Keys of the other records written. */
  readonly k: readonly string[]
  /** Keys of records deleted, trimmed events left out. */
  readonly d: readonly string[]
  readonly oldest: number
  readonly at: number
  readonly head: string
  readonly notice: number
}

export function logOf(
  previous: StorePosition,
  next: StorePosition,
  written: Iterable<string>,
  deleted: Iterable<string>,
): BatchLog {
  return {
    e: [previous.event + 1, next.event - previous.event],
    u: [previous.audit.number + 1, next.audit.number - previous.audit.number],
    k: [...written],
    d: [...deleted],
    oldest: next.oldestEvent,
    at: next.recordedAt,
    head: next.audit.hash,
    notice: next.notice,
  }
}

/** A log record of version 1 has `e` and `k` only. */
export function parseLog(json: string): BatchLog {
  const log = JSON.parse(json) as Partial<BatchLog> & Pick<BatchLog, 'e' | 'k'>
  return { u: [1, 0], d: [], oldest: 1, at: 0, head: firstAuditHash, notice: 0, ...log }
}

export function positionOf(batch: number, log: BatchLog): StorePosition {
  return {
    batch,
    event: log.e[0] + log.e[1] - 1,
    oldestEvent: log.oldest,
    recordedAt: log.at,
    audit: { number: log.u[0] + log.u[1] - 1, hash: log.head },
    notice: log.notice,
  }
}
