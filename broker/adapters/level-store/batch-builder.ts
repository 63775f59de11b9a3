// Makes one batch of the commits of a group, in their order: gives events, audit records and notices their numbers,
// links the audit chain, keeps times from falling, and writes or deletes index rows with their records.
import { type AuditHead, chainedText } from '../../../proto/audit.ts'
import { eventIdOf } from '../../../proto/ids.ts'
import type { EventRecord, StoredAnswer } from '../../core/records.ts'
import * as keys from './keys.ts'
import { type BatchLog, logOf, type StorePosition } from './position.ts'
import { recordEncoder } from './record.ts'
import { auditIndexKeys, indexKeysOf, indexValueOf, indexValueOfOnce, type PreparedCommit, type Step } from './rows.ts'

/** A key is deleted when there is no value. */
export interface Row {
  readonly key: string
  readonly value: string | undefined
}
export interface Batch {
  readonly rows: readonly Row[]
  /** Where the store is when it is written. */
  readonly position: StorePosition
  readonly log: BatchLog
}

/** Keys of the records that have to be known before the steps of these commits can be taken. */
export function lookedUpBy(commits: readonly PreparedCommit[]): readonly string[] {
  const wanted = new Set<string>()
  for (const { steps } of commits) {
    for (const step of steps) {
      if (step.kind === 'replace' || step.kind === 'delete' || step.kind === 'forget-answer') wanted.add(step.key)
    }
  }
  return [...wanted]
}

export class BatchBuilder {
  readonly #rows: Row[] = []
  readonly #previous: StorePosition
  readonly #batch: number
  readonly #encode: (key: string, json: string) => string
  /** JSON of the records looked up, as the steps so far have left them. */
  readonly #known: Map<string, string>
  readonly #written = new Set<string>()
  readonly #deleted = new Set<string>()
  #event: number
  #oldestEvent: number
  #recordedAt: number
  #audit: AuditHead
  #notice: number

  /** `known`: the JSON of those of `lookedUpBy` that exist. */
  constructor(previous: StorePosition, known: ReadonlyMap<string, string>) {
    this.#previous = previous
    this.#batch = previous.batch + 1
    this.#encode = recordEncoder(this.#batch)
    this.#known = new Map(known)
    this.#event = previous.event
    this.#oldestEvent = previous.oldestEvent
    this.#recordedAt = previous.recordedAt
    this.#audit = previous.audit
    this.#notice = previous.notice
  }

  /** Its events as they are stored. */
  add({ steps }: PreparedCommit): readonly EventRecord[] {
    const events: EventRecord[] = []
    for (const step of steps) {
      if (step.kind === 'event') events.push(this.#addEvent(step))
      else this.#take(step)
    }
    return events
  }

  finish(): Batch {
    const position: StorePosition = {
      batch: this.#batch,
      event: this.#event,
      oldestEvent: this.#oldestEvent,
      recordedAt: this.#recordedAt,
      audit: this.#audit,
      notice: this.#notice,
    }
    return { rows: this.#rows, position, log: logOf(this.#previous, position, this.#written, this.#deleted) }
  }

  #addEvent({ event, json, prefixes }: Extract<Step, { kind: 'event' }>): EventRecord {
    const number = ++this.#event
    const late = event.recordedAt < this.#recordedAt
    const recordedAt = late ? this.#recordedAt : event.recordedAt
    this.#recordedAt = recordedAt
    const tail = keys.fixed(number)
    const key = `e!${tail}`
    const text = late ? JSON.stringify({ ...event, recordedAt }) : json
    this.#rows.push({ key, value: this.#encode(key, text) })
    for (const prefix of prefixes) this.#rows.push({ key: prefix + tail, value: indexValueOfOnce })
    return { ...event, recordedAt, id: eventIdOf(number) }
  }

  #take(step: Exclude<Step, { kind: 'event' }>): void {
    switch (step.kind) {
      case 'put':
        this.#remove(step.stale)
        this.#put(step.key, step.json, step.index)
        break
      case 'replace': {
        const index = indexKeysOf(step.key, step.json).present
        this.#remove(this.#indexKeysNow(step.key).filter(key => !index.includes(key)))
        this.#known.set(step.key, step.json)
        this.#put(step.key, step.json, index)
        break
      }
      case 'put-again':
        if (this.#written.has(step.key)) this.#put(step.key, step.json, [])
        break
      case 'delete':
        this.#delete(step.key)
        break
      case 'forget-answer': {
        const json = this.#known.get(step.key)
        if (json !== undefined && (JSON.parse(json) as StoredAnswer).at < step.before) this.#delete(step.key)
        break
      }
      case 'audit':
        this.#addAudit(step)
        break
      case 'notice': {
        const notice = { ...step.notice, number: ++this.#notice }
        this.#put(keys.noticeKey(notice.number), JSON.stringify(notice), [])
        break
      }
      case 'event-index':
        for (const key of step.present) this.#rows.push({ key, value: indexValueOfOnce })
        break
      case 'trim-event':
        // Another call may have trimmed it.
        if (step.number !== this.#oldestEvent) break
        this.#oldestEvent++
        this.#remove([keys.eventKey(step.number), ...step.indexKeys])
        for (const key of step.logKeys) this.#delete(key)
        break
      default:
        step satisfies never
    }
  }

  #addAudit({ fields, operation }: Extract<Step, { kind: 'audit' }>): void {
    const { number, hash, text } = chainedText(fields, this.#audit)
    this.#audit = { number, hash }
    const key = keys.auditKey(number)
    this.#rows.push({ key, value: this.#encode(key, text) })
    for (const indexKey of auditIndexKeys({ number, operation }))
      this.#rows.push({ key: indexKey, value: indexValueOfOnce })
  }

  #put(key: string, json: string, index: readonly string[]): void {
    this.#rows.push({ key, value: this.#encode(key, json) })
    if (index.length > 0) {
      const value = indexValueOf(key, this.#batch)
      for (const indexKey of index) this.#rows.push({ key: indexKey, value })
    }
    this.#written.add(key)
    this.#deleted.delete(key)
  }

  #delete(key: string): void {
    this.#remove([key, ...this.#indexKeysNow(key)])
    this.#known.delete(key)
    this.#written.delete(key)
    this.#deleted.add(key)
  }

  #remove(stale: readonly string[]): void {
    for (const key of stale) this.#rows.push({ key, value: undefined })
  }

  #indexKeysNow(key: string): readonly string[] {
    const json = this.#known.get(key)
    return json === undefined ? [] : indexKeysOf(key, json).present
  }
}
