// What every Store must do with the audit chain; part of the suite in store.ts.
import type { Test } from 'tap'
import type { AuditRecord } from '../../broker/core/records.ts'
import type { AuditQuery, Store } from '../../broker/ports.ts'
import { AuditVerifier, auditLineBytesMax, auditText, firstAuditHash } from '../../proto/audit.ts'
import { livesOf, type StoreUnderTest } from './store-pages.ts'
import { append, appendAudit, auditOf, device, eventOf, operation, putDevice } from './store-samples.ts'

export function storeAuditSuite(t: Test, { open, reopen }: StoreUnderTest): void {
  const eachLife = livesOf(reopen)

  t.test('audit records are numbered and chained in the order of the commits', async t => {
    const store = await open()
    t.strictSame(store.auditHead(), { number: 0, hash: firstAuditHash }, 'an empty chain')
    t.strictSame(await store.audit({ order: 'ASC', limit: 5 }), { items: [], hasMore: false })
    const entries = Array.from({ length: 40 }, (_, index) =>
      auditOf(`s${index}`, index % 3 === 0 ? { operation: operation(1 + (index % 2)) } : {}),
    )
    await Promise.all(
      entries.map(entry => store.commit([putDevice(device('a')), appendAudit(entry), append(eventOf(device('a')))])),
    )
    await eachLife(store, async (store, life) => {
      const { items, hasMore } = await store.audit({ order: 'ASC', limit: 100 })
      t.equal(hasMore, false)
      const bare = items.map(({ number: _, previous: __, hash: ___, ...entry }) => entry)
      t.strictSame(bare, entries, `as they were given, ${life}`)
      t.strictSame(
        items.map(record => record.number),
        entries.map((_, index) => index + 1),
      )
      const head = { number: 40, hash: items.at(-1)?.hash ?? '' }
      t.strictSame(store.auditHead(), head, life)
      const verifier = new AuditVerifier()
      for (const record of items) verifier.add(auditText(record))
      verifier.add(auditText({ head }))
      t.match(verifier.finish(store.auditHead()), { intact: true, first: 1, last: 40 }, life)
    })
  })

  t.test('the chain goes on over restarts', async t => {
    let store = await open()
    for (let life = 0; life < 3; life++) {
      await store.commit([appendAudit(auditOf(`a${life}`)), appendAudit(auditOf(`b${life}`))])
      await store.commit([putDevice(device('a'))])
      store = (await reopen?.(store)) ?? store
    }
    const { items } = await store.audit({ order: 'ASC', limit: 10 })
    t.strictSame(
      items.map(record => record.subject),
      ['a0', 'b0', 'a1', 'b1', 'a2', 'b2'],
    )
    t.strictSame(
      items.map(record => record.previous),
      [firstAuditHash, ...items.slice(0, -1).map(record => record.hash)],
    )
    await store.close()
  })

  t.test('audit records are paged in both orders, all of them or those of one operation', async t => {
    const store = await open()
    const of = (index: number) => (index % 2 === 0 ? { operation: operation(1 + (index % 4)) } : {})
    await store.commit(Array.from({ length: 12 }, (_, index) => appendAudit(auditOf(`s${index}`, of(index)))))
    const { items: all } = await store.audit({ order: 'ASC', limit: 100 })
    for (const order of ['ASC', 'DESC'] as const) {
      for (const filter of [undefined, operation(1), operation(3), operation(9)]) {
        const expected = all.filter(record => filter === undefined || record.operation === filter)
        if (order === 'DESC') expected.reverse()
        for (const limit of [1, 2, 5, 50]) {
          const query = { order, limit, ...(filter && { operation: filter }) }
          t.strictSame(await everyRecord(store, query), expected, JSON.stringify(query))
        }
        const after = 6
        const rest = expected.filter(record => (order === 'ASC' ? record.number > after : record.number < after))
        const page = await store.audit({ order, limit: 50, after, ...(filter && { operation: filter }) })
        t.strictSame(page, { items: rest, hasMore: false }, `${order} ${filter} after ${after}`)
      }
    }
    await t.rejects(store.audit({ order: 'ASC', limit: 0 }), RangeError)
    await store.close()
  })

  t.test('an entry no line could hold is refused with its whole commit', async t => {
    const store = await open()
    let nested: readonly unknown[] = []
    for (let level = 0; level < 80; level++) nested = [nested]
    const wrong = [
      auditOf('a', { data: { text: 'x'.repeat(auditLineBytesMax) } }),
      auditOf('a', { data: { nested } as never }),
    ]
    for (const entry of wrong) {
      await t.rejects(store.commit([putDevice(device('a')), appendAudit(entry)]), RangeError)
      t.equal(await store.device(device('a')), undefined)
      t.equal(store.auditHead().number, 0)
    }
    await store.commit([appendAudit(auditOf('b'))])
    t.equal(store.auditHead().number, 1)
    await store.close()
  })
}

async function everyRecord(store: Store, query: AuditQuery): Promise<readonly AuditRecord[]> {
  const found: AuditRecord[] = []
  for (;;) {
    const after = found.at(-1)?.number
    const page = await store.audit({ ...query, ...(after !== undefined && { after }) })
    found.push(...page.items)
    if (!page.hasMore) return found
  }
}
