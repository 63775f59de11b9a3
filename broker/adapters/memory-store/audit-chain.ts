// The audit chain in memory, as JSON; the rule of the chain is the contract's (proto/audit.ts).
import { type AuditHead, auditText, chained, firstAuditHash } from '../../../proto/audit.ts'
import type { AuditEntry, AuditRecord } from '../../core/records.ts'
import type { AuditQuery, Page } from '../../ports.ts'

export class AuditChain {
  /** Record n at n - 1. */
  readonly #records: string[] = []
  #head: AuditHead = { number: 0, hash: firstAuditHash }

  get head(): AuditHead {
    return this.#head
  }

  append(entry: AuditEntry): undefined {
    const record: AuditRecord = chained(entry, this.#head)
    this.#records.push(auditText(record))
    this.#head = { number: record.number, hash: record.hash }
  }

  page(query: AuditQuery): Page<AuditRecord> {
    const { operation, after, order, limit } = query
    if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`page limit: expected 1 or more, got ${limit}`)
    const ascending = order === 'ASC'
    const count = this.#records.length
    const items: AuditRecord[] = []
    let number = ascending ? (after ?? 0) + 1 : Math.min((after ?? count + 1) - 1, count)
    for (; number >= 1 && number <= count; number += ascending ? 1 : -1) {
      const record = JSON.parse(this.#records[number - 1] as string) as AuditRecord
      if (operation !== undefined && record.operation !== operation) continue
      if (items.length === limit) return { items, hasMore: true }
      items.push(record)
    }
    return { items, hasMore: false }
  }
}
