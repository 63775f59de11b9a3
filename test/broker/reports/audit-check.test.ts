// The audit chain checked in the background: it holds, or the first record that does not fit is named.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { LevelStore } from '../../../broker/adapters/level-store.ts'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import type { AuditRecord } from '../../../broker/core/records.ts'
import { StoreDamaged } from '../../../broker/errors.ts'
import type { LogFields, Store } from '../../../broker/ports.ts'
import { AuditCheck } from '../../../broker/reports/audit-check.ts'
import { auditHash } from '../../../proto/audit.ts'
import { appendAudit, auditOf } from '../../suites/store-samples.ts'
import { silentLog } from '../orchestrator/world.ts'
import { gate, SoonClock } from './soon-clock.ts'

async function grow(store: Store, count: number): Promise<void> {
  await store.commit(Array.from({ length: count }, (_, index) => appendAudit(auditOf(`subject-${index}`))))
}

/** A store somebody has written in: what he gives back instead of each record, and how often it was read. */
function tampered(store: Store, change: (record: AuditRecord) => AuditRecord | undefined = record => record) {
  const read: number[] = []
  const audit: Store['audit'] = async query => {
    const page = await store.audit(query)
    read.push(page.items[0]?.number ?? 0)
    return { ...page, items: page.items.flatMap(record => change(record) ?? []) }
  }
  return { read, audit, auditHead: () => store.auditHead() }
}
const rehashed = (record: AuditRecord): AuditRecord => ({ ...record, hash: auditHash(record) })

t.test('a chain that holds is checked to its head, and from there when it has grown, on every store', async t => {
  const level = await LevelStore.open(t.testdir())
  t.teardown(() => level.close())
  for (const store of [new MemoryStore(), level]) {
    const clock = new SoonClock(1_000_000)
    const reads = tampered(store)
    const check = new AuditCheck(reads, clock, silentLog)
    t.match(await check.verification(), { state: 'holds', checkedTo: 0, head: 0, firstBroken: null }, 'an empty chain')
    await grow(store, 1200)
    t.strictSame(await check.verification(), {
      state: 'holds',
      checkedTo: 1200,
      head: 1200,
      checkedAt: new Date(clock.ms).toISOString(),
      firstBroken: null,
    })
    t.same(reads.read, [1, 201, 401, 601, 801, 1001])
    clock.ms += 1000
    await grow(store, 3)
    t.match(await check.verification(), { state: 'holds', checkedTo: 1203, head: 1203 })
    t.match(await check.verification(), { state: 'holds', checkedAt: new Date(clock.ms).toISOString() })
    t.same(reads.read.slice(6), [1201], 'it goes on where it was, and reads nothing when there is nothing new')
    t.ok(clock.pauseCount >= 4, 'the event loop is given back before each page')
  }
})

t.test('whatever was done to a record, the check names it', async t => {
  const store = new MemoryStore()
  await grow(store, 900)
  const at = (number: number, change: (record: AuditRecord) => AuditRecord | undefined) => (record: AuditRecord) =>
    record.number === number ? change(record) : record
  for (const [what, change, firstBroken] of [
    ['another actor', at(700, record => ({ ...record, actor: { kind: 'policy', rule: 'abort.0' } })), 700],
    ['the first record', at(1, record => ({ ...record, subject: 'another' })), 1],
    ['the last record', at(900, record => ({ ...record, subject: 'another' })), 900],
    ['another time, with a right hash', at(700, record => rehashed({ ...record, at: record.at + 1 })), 701],
    ['the last one with a right hash: the head knows another', at(900, r => rehashed({ ...r, at: 1 })), 900],
    ['taken out', at(700, () => undefined), 700],
    ['the first of a page taken out', at(601, () => undefined), 601],
    ['another number, with a right hash', at(700, record => rehashed({ ...record, number: 702 })), 700],
    ['another number', at(700, record => ({ ...record, number: 702 })), 700],
    ['the same record twice', at(700, record => ({ ...record, number: 699 })), 700],
    ['all from one on taken out', record => (record.number > 500 ? undefined : record), 501],
  ] as const satisfies readonly (readonly [string, (record: AuditRecord) => AuditRecord | undefined, number])[]) {
    const told: LogFields[] = []
    const log = { ...silentLog, error: (fields: LogFields) => void told.push(fields) }
    const check = new AuditCheck(tampered(store, change), new SoonClock(1), log)
    t.match(await check.verification(), { state: 'broken', head: 900, firstBroken }, what)
    t.match(told, [{ event: 'audit-broken', record: firstBroken }], `${what}: told once`)
  }
})

t.test('a chain that ends before its head is broken where it ends', async t => {
  const store = new MemoryStore()
  await grow(store, 10)
  const auditHead = () => ({ ...store.auditHead(), number: 12 })
  const check = new AuditCheck({ ...tampered(store), auditHead }, new SoonClock(1), silentLog)
  t.match(await check.verification(), { state: 'broken', checkedTo: 10, firstBroken: 11 })
})

t.test('a record that the store cannot read is named, and those before it are checked', async t => {
  const store = new MemoryStore()
  await grow(store, 20)
  const audit: Store['audit'] = async query => {
    const page = await store.audit(query)
    if (page.items.some(({ number }) => number === 13)) throw new StoreDamaged('audit record 13 is missing')
    return page
  }
  const check = new AuditCheck({ audit, auditHead: () => store.auditHead() }, new SoonClock(1), silentLog)
  t.match(await check.verification(), { state: 'broken', checkedTo: 12, firstBroken: 13 })
})

t.test('a change below what was checked is found within the hour, and remembered', async t => {
  const store = new MemoryStore()
  await grow(store, 1100)
  let broken = false
  const reads = tampered(store, record => (broken && record.number === 3 ? { ...record, subject: 'x' } : record))
  const clock = new SoonClock(1_000_000)
  const check = new AuditCheck(reads, clock, silentLog)
  t.match(await check.verification(), { state: 'holds' })
  broken = true
  clock.ms += 3_599_999
  t.match(await check.verification(), { state: 'holds' }, 'not looked at again yet, as the page says')
  clock.ms += 1
  t.match(await check.verification(), { state: 'broken', firstBroken: 3 })
  broken = false
  clock.ms += 7_200_000
  await grow(store, 1)
  const before = reads.read.length
  t.match(await check.verification(), { state: 'broken', firstBroken: 3 }, 'what was broken once stays so')
  t.equal(reads.read.length, before, 'and is not read again')
})

t.test('a whole check of a chain that holds is not begun again before another hour', async t => {
  const store = new MemoryStore()
  await grow(store, 600)
  const clock = new SoonClock(1_000_000)
  const reads = tampered(store)
  const check = new AuditCheck(reads, clock, silentLog)
  await check.verification()
  clock.ms += 3_600_000
  t.match(await check.verification(), { state: 'holds', checkedTo: 600 })
  t.same(reads.read, [1, 201, 401, 1, 201, 401])
  clock.ms += 3_599_999
  await check.verification()
  t.equal(reads.read.length, 6)
  clock.ms += 1
  await check.verification()
  t.equal(reads.read.length, 9)
})

t.test('who asks while a long chain is checked is told how far it is', async t => {
  const store = new MemoryStore()
  await grow(store, 1200)
  const hold = gate()
  const audit: Store['audit'] = async query => {
    if (query.after === 1000) await hold.passed
    return store.audit(query)
  }
  const clock = new SoonClock(1)
  const check = new AuditCheck({ audit, auditHead: () => store.auditHead() }, clock, silentLog)
  const asked = Promise.all([check.verification(), check.verification()])
  while (clock.waitCount < 2) await setImmediate()
  for (let turn = 0; turn < 50; turn += 1) await setImmediate()
  clock.endWaits()
  const checking = { state: 'checking', checkedTo: 1000, head: 1200, checkedAt: null }
  t.match(await asked, [checking, checking])
  hold.open()
  t.match(await check.verification(), { state: 'holds', checkedTo: 1200 })
})
