// Reads pages of the audit chain, all of it or the records of one operation.
import type { AuditRecord } from '../../core/records.ts'
import { StoreDamaged } from '../../errors.ts'
import type { AuditQuery, Page } from '../../ports.ts'
import * as keys from './keys.ts'
import { decodeValue } from './record.ts'
import { type Database, many, type Snapshot } from './verification.ts'

/** Records up to number `last`. */
export async function readAudit(
  db: Database,
  snapshot: Snapshot,
  query: AuditQuery,
  last: number,
): Promise<Page<AuditRecord>> {
  const { operation, order, limit } = query
  const after = query.after === undefined ? undefined : Math.max(0, Math.min(query.after, Number.MAX_SAFE_INTEGER - 1))
  const from = order === 'ASC' ? (after ?? 0) + 1 : 1
  const to = order === 'ASC' ? last : Math.min((after ?? last + 1) - 1, last)
  if (from > to) return { items: [], hasMore: false }
  const prefix = operation === undefined ? 'u!' : keys.auditByOperation(operation)
  const range = { gte: `${prefix}${keys.fixed(from)}`, lte: `${prefix}${keys.fixed(to)}` }
  const found = await db.keys({ ...range, reverse: order === 'DESC', limit: limit + 1, snapshot }).all()
  const recordKeys = found.slice(0, limit).map(key => keys.auditKey(keys.numberAt(key)))
  const values = await many({ db, snapshot }, recordKeys)
  const items = recordKeys.map((key, index) => {
    const value = values[index]
    if (value === undefined) throw new StoreDamaged(`audit record ${keys.numberAt(key)} is missing`)
    return decodeValue<AuditRecord>(key, value)
  })
  if (operation === undefined) mustBeWhole(items, order === 'ASC' ? from : to, order === 'ASC' ? 1 : -1)
  return { items, hasMore: found.length > limit }
}

/** The chain has no gaps: a number left out is a record lost. */
function mustBeWhole(items: readonly AuditRecord[], first: number, step: 1 | -1): void {
  for (const [index, { number }] of items.entries()) {
    if (number !== first + index * step) throw new StoreDamaged(`audit record ${first + index * step} is missing`)
  }
}
