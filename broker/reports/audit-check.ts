// Whether the audit chain in the store is as it was written (proto/audit.ts): numbers without gaps, each record hashed
// over the one before it, the last one the head. Checked in the background, from record 1 on; asked again, it goes on
// where it was. Records checked before are looked at again when the last whole check is an hour old: a change below
// `checkedTo` is told then, not at once. A break is remembered until the process ends.
//
// It is the broker's word about its own store: whoever can change the store and the program can make it say anything.
// `drover audit verify` of an export against a head noted elsewhere does not depend on this word.
import { auditHash, firstAuditHash } from '../../proto/audit.ts'
import type { AuditVerification } from '../../proto/http-console.ts'
import type { AuditRecord } from '../core/records.ts'
import { StoreDamaged } from '../errors.ts'
import type { Clock, Log, Store } from '../ports.ts'
import { Background } from './background.ts'

const pageSize = 200
/** Hashing goes on for so long before the event loop is given back, milliseconds. */
const sliceMs = 5
const wholeCheckEveryMs = 3_600_000
/** For how long who asks waits. */
const waitMs = 2000

type AuditStore = Pick<Store, 'audit' | 'auditHead'>
interface Link {
  readonly number: number
  readonly hash: string
}
const beginning: Link = { number: 0, hash: firstAuditHash }

export class AuditCheck {
  readonly #store: AuditStore
  readonly #clock: Clock
  readonly #log: Log
  readonly #background: Background
  /** The last record that was checked; of the check that has come furthest. */
  #checked: Link = beginning
  /** Of the check that goes through the chain again. */
  #again: Link | undefined
  #wholeCheckBeganAt: number
  #checkedAt: number | undefined
  #firstBroken: number | undefined

  constructor(store: AuditStore, clock: Clock, log: Log) {
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#wholeCheckBeganAt = clock.monotonic()
    this.#background = new Background(clock, log, 'audit-check', goOn => this.#run(goOn))
  }

  async verification(): Promise<AuditVerification> {
    const head = this.#store.auditHead()
    if (this.#firstBroken === undefined && (this.#checked.number < head.number || this.#isOld())) {
      this.#background.start()
      await this.#background.ended(waitMs)
    }
    const { number } = this.#checked
    return {
      state: this.#firstBroken !== undefined ? 'broken' : number < head.number ? 'checking' : 'holds',
      checkedTo: number,
      head: Math.max(head.number, number),
      checkedAt: this.#checkedAt === undefined ? null : new Date(this.#checkedAt).toISOString(),
      firstBroken: this.#firstBroken ?? null,
    }
  }

  close(): void {
    this.#background.close()
  }

  #isOld(): boolean {
    return this.#clock.monotonic() - this.#wholeCheckBeganAt >= wholeCheckEveryMs
  }

  /** To the head as it is on the way: what is new, then all of it when that is due. */
  async #run(goOn: () => Promise<boolean>): Promise<void> {
    await this.#check(this.#checked, goOn, link => {
      this.#checked = link
    })
    if (!this.#isOld() || this.#firstBroken !== undefined) return
    const beganAt = this.#clock.monotonic()
    const isWhole = await this.#check(this.#again ?? beginning, goOn, link => {
      this.#again = link
    })
    if (!isWhole) return
    this.#again = undefined
    this.#wholeCheckBeganAt = beganAt
  }

  /** True when it has come to the head. */
  async #check(from: Link, goOn: () => Promise<boolean>, checked: (link: Link) => void): Promise<boolean> {
    for (let last = from; ; ) {
      if (!(await goOn())) return false
      const head = this.#store.auditHead()
      if (last.number >= head.number) {
        // The head stands apart from the records: a chain that was cut, or made anew with right hashes, ends elsewhere.
        if (last.number > head.number || last.hash !== head.hash) this.#broken(Math.max(1, last.number))
        this.#checkedAt = this.#clock.now()
        return this.#firstBroken === undefined
      }
      const records = await this.#recordsAfter(last.number)
      let sliceBeganAt = this.#clock.monotonic()
      for (const record of records ?? []) {
        if (record.number !== last.number + 1 || record.previous !== last.hash || auditHash(record) !== record.hash) {
          this.#broken(last.number + 1)
          return false
        }
        last = { number: record.number, hash: record.hash }
        checked(last)
        if (this.#clock.monotonic() - sliceBeganAt < sliceMs) continue
        if (!(await goOn())) return false
        sliceBeganAt = this.#clock.monotonic()
      }
      if (records === undefined || records.length === 0) {
        this.#broken(last.number + 1)
        return false
      }
    }
  }

  /** Undefined when the very next one cannot be read. */
  async #recordsAfter(after: number): Promise<readonly AuditRecord[] | undefined> {
    for (const limit of [pageSize, 1]) {
      try {
        return (await this.#store.audit({ after, order: 'ASC', limit })).items
      } catch (error) {
        // One of many: those before it are checked one by one, until it is the next.
        if (!(error instanceof StoreDamaged)) throw error
      }
    }
    return undefined
  }

  #broken(number: number): void {
    this.#firstBroken = number
    this.#checkedAt = this.#clock.now()
    this.#log.error({ event: 'audit-broken', record: number }, 'the audit chain does not hold')
  }
}
