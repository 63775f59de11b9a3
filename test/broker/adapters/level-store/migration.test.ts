// A store of version 1 is brought to the present version at its first start, also when that start is cut off.
import { join } from 'node:path'
import { Level } from 'level'
import t, { type Test } from 'tap'
import { createHead } from '../../../../broker/adapters/level-store/head.ts'
import { encodeRecord } from '../../../../broker/adapters/level-store/record.ts'
import { LevelStore, verifyStore } from '../../../../broker/adapters/level-store.ts'
import { policyDefaults } from '../../../../broker/core/policy.ts'
import { StoreDamaged, StoreUnavailable } from '../../../../broker/errors.ts'
import { eventIdOf } from '../../../../proto/ids.ts'
import { readAll } from '../../../suites/store-pages.ts'
import {
  append,
  appendAudit,
  auditOf,
  device,
  eventOf,
  executionOf,
  operation,
  principalOf,
  putDevice,
  putExecution,
  releaseOf,
} from '../../../suites/store-samples.ts'

const eventCount = 700
const [one, two] = [operation(1), operation(2)]
const release = releaseOf('app')
const tokens = ['aa', 'bb'].map(pair => pair.repeat(32))
const ended = { endedAt: 9, attempt: 1 }
const executions = [
  { ...executionOf(one, device('a'), 'completed'), ...ended, code: 'SYS_112' as const },
  { ...executionOf(one, device('b'), 'failed'), ...ended, code: 'SYS_100' as const },
  { ...executionOf(one, device('c'), 'skipped'), ...ended, code: 'SYS_110' as const },
  { ...executionOf(one, device('d'), 'skipped'), ...ended, code: 'SYS_103' as const },
  executionOf(two, device('a'), 'pending'),
]

t.test('everything is there in its new shape', async t => {
  const directory = join(t.testdir(), 'store')
  await makeVersion1(directory)
  const refused = { name: 'StoreUnavailable', message: /older version \(schema 1\)/ }
  await t.rejects(verifyStore(directory), refused, 'who only looks changes nothing')
  await t.rejects(verifyStore(directory), refused)
  const store = await LevelStore.open(directory)
  await isMigrated(t, store)
  await store.commit([appendAudit(auditOf('a')), append(eventOf(device('a'), { recordedAt: 1 }))])
  t.equal((await store.event(eventIdOf(eventCount + 1)))?.recordedAt, 5000, 'times go on from the latest')
  await store.close()
  t.strictSame((await verifyStore(directory)).problems, [])
})

t.test('a start that is cut off anywhere is made up for by the next one', async t => {
  const directory = join(t.testdir(), 'store')
  await makeVersion1(directory)
  for (let writes = 0; ; writes++) {
    const restore = failingAfter(writes)
    const opened = await LevelStore.open(directory).catch((error: unknown) => error)
    restore()
    if (opened instanceof LevelStore) {
      t.ok(writes > 4, `${writes} batches`)
      await isMigrated(t, opened)
      await opened.close()
      break
    }
    t.type(opened, StoreUnavailable)
  }
})

t.test('a record missing from a store of version 1 is told, and nothing is migrated', async t => {
  const directory = join(t.testdir(), 'store')
  await makeVersion1(directory, ['e!00000000000007'])
  await t.rejects(LevelStore.open(directory), StoreDamaged)
  await t.rejects(LevelStore.open(directory), StoreDamaged)
})

t.test('a store of version 2 is taken as it is: its index rows carry the batch of their record', async t => {
  const directory = join(t.testdir(), 'store')
  const store = await LevelStore.open(directory)
  const waiting = executionOf(two, device('a'), 'pending')
  await store.commit([putExecution(waiting), append(eventOf(device('a')))])
  await store.close()
  await makeOlder(directory, 2, 3)
  await t.rejects(verifyStore(directory), { name: 'StoreUnavailable', message: /older version \(schema 2\)/ })
  const again = await LevelStore.open(directory)
  await again.commit([putExecution({ ...waiting, state: 'in-progress' }, 'pending')])
  t.match(await again.unfinishedExecutionsOf(device('a')), [{ state: 'in-progress' }])
  t.strictSame((await again.verify()).problems, [])
  await again.close()
  t.strictSame((await verifyStore(directory)).problems, [], 'the version is written')
})

t.test('a store of version 3 is taken as it is: the index rows of its events are empty', async t => {
  const directory = join(t.testdir(), 'store')
  const store = await LevelStore.open(directory)
  await store.commit([append(eventOf(device('a')))])
  await store.close()
  const indexRows = () => withDatabase(directory, db => db.iterator({ gte: 'ec', lt: 'f' }).all())
  const written = await indexRows()
  t.equal(written.length, 3)
  await withDatabase(directory, db => db.batch(written.map(([key]) => ({ type: 'put', key, value: '' }))))
  await makeOlder(directory, 3, 3)
  await t.rejects(verifyStore(directory), { name: 'StoreUnavailable', message: /older version \(schema 3\)/ })
  const again = await LevelStore.open(directory)
  t.equal((await readAll(again, { device: device('a'), order: 'ASC', limit: 9 })).length, 1)
  t.strictSame((await again.verify()).problems, [])
  await again.close()
  t.strictSame((await verifyStore(directory)).problems, [], 'the version is written')
  t.strictSame(
    await indexRows(),
    written.map(([key]) => [key, '']),
    'and no index row',
  )
})

t.test('a store of version 4 is taken as it is: each device has its journals in its record', async t => {
  const directory = join(t.testdir(), 'store')
  const store = await LevelStore.open(directory)
  await store.commit([putDevice(device('a')), append(eventOf(device('a')))])
  await store.close()
  await makeOlder(directory, 4, 3)
  await t.rejects(verifyStore(directory), { name: 'StoreUnavailable', message: /older version \(schema 4\)/ })
  const again = await LevelStore.open(directory)
  t.strictSame(await again.device(device('a')), putDevice(device('a')).device)
  await again.commit([{ kind: 'put-journals', device: device('a'), journals: [] }])
  t.strictSame(await again.device(device('a')), putDevice(device('a'), { journals: [] }).device)
  t.strictSame((await again.verify()).problems, [])
  await again.close()
})

async function withDatabase<T>(directory: string, use: (db: Level<string, string>) => Promise<T>): Promise<T> {
  const db = new Level<string, string>(join(directory, 'records'))
  try {
    return await use(db)
  } finally {
    await db.close()
  }
}

/** Says in batch `batch` that the store is of that version. */
async function makeOlder(directory: string, version: number, batch: number): Promise<void> {
  const db = new Level<string, string>(join(directory, 'records'))
  const log = { e: [2, 0], u: [1, 0], k: ['a!schema'], oldest: 1, at: 1_700_000_000_000 }
  const rows = { [`l!${batch.toString(16).padStart(14, '0')}`]: log, 'a!schema': { version, logBatches: 4096 } }
  await db.batch(
    Object.entries(rows).map(([key, row]) => ({
      type: 'put',
      key,
      value: encodeRecord(key, batch, JSON.stringify(row)),
    })),
  )
  await db.close()
}

async function isMigrated(t: Test, store: LevelStore): Promise<void> {
  const all = await readAll(store, { order: 'ASC', limit: 1000 })
  t.equal(all.length, eventCount)
  t.strictSame(all[6], { ...oldEvent(7), id: eventIdOf(7) })
  t.equal((await readAll(store, { type: 'FAIL', order: 'DESC', limit: 1000 })).length, eventCount / 2)
  t.equal((await readAll(store, { device: device('a'), order: 'ASC', limit: 1000 })).length, eventCount)
  const idsOf = async (result: 'updated' | 'errors') =>
    (await store.executionsByResult(one, { result, limit: 9 })).items.map(each => each.device)
  t.strictSame(await idsOf('updated'), ['a', 'c'])
  t.strictSame(await idsOf('errors'), ['b', 'd'])
  t.equal((await store.execution(one, device('b')))?.errorReason, 'unresponsive')
  t.strictSame(await store.unfinishedExecutionsOf(device('a')), [executions[4]])
  t.strictSame(
    (await store.unfinishedOperations()).map(each => each.id),
    [two],
  )
  t.match(await store.operation(one), {
    state: 'stopped',
    type: 'firmware-update',
    subject: { kind: 'release', release: release.id, version: '1.2.3', vendorIds: ['00'.repeat(16)] },
    stoppedBy: { kind: 'principal', name: 'someone' },
    counts: { byCode: { SYS_112: 1 }, byReason: { unresponsive: 1, stopped: 1 } },
    executed: { executed: 2, succeeded: 1 },
    policy: { concurrency: 3, abort: [], retries: [], priority: policyDefaults.priority },
  })
  t.match(await store.operation(two), {
    targets: { kind: 'filter', filter: '', open: false },
    sweep: { kind: 'expand' },
  })
  t.equal((await store.principalByToken(tokens[1] ?? ''))?.name, 'zoe')
  t.equal(await store.principalByToken(tokens[0] ?? ''), undefined)
  t.strictSame((await store.verify()).problems, [])
}

function oldEvent(number: number) {
  // A clock that once went back.
  const recordedAt = number === 600 ? 5000 : 1000 + number
  const type = number % 2 === 0 ? ('FAIL' as const) : ('INFO' as const)
  return eventOf(device('a'), { recordedAt, type, operation: one })
}

function oldOperation(id: typeof one, state: string, more: object): object {
  const counts = { total: 4, pending: 0, inProgress: 0, completed: 1, failed: 1, skipped: 2, byCode: { SYS_112: 1 } }
  const policy = {
    concurrency: 3,
    timeoutDays: 14,
    stepTimeoutMinutes: 1,
    inProgressTimeoutMinutes: 1,
    stopTimeoutMinutes: 1,
  }
  const of = { release: release.id, component: 'app', targetVersion: '1.2.3', targetDigest: release.installedSha256 }
  return {
    id,
    name: 'n',
    type: 'firmware-update',
    state,
    ...of,
    policy,
    createdBy: 'someone',
    requestedAt: 5,
    counts,
    lease: 1,
    ...more,
  }
}

/** What the first version wrote, in one batch: every value with its checksum, index rows too. */
async function makeVersion1(directory: string, without: readonly string[] = []): Promise<void> {
  const records: [string, unknown][] = [
    ['a!schema', { version: 1, logBatches: 4096 }],
    [`r!${release.id}`, release],
    [`o!${one}`, oldOperation(one, 'stopped', { targets: { kind: 'devices' }, stoppedBy: 'someone', startedAt: 6 })],
    [`o!${two}`, oldOperation(two, 'running', { targets: { kind: 'all-registered' }, sweep: { kind: 'expand' } })],
    ['p!zoe', principalOf('zoe', tokens[1] ?? '')],
    ...executions.map((each): [string, unknown] => [`x!${each.operation}!${each.device}`, each]),
  ]
  const index: [string, string][] = [
    [`ou!${two}`, ''],
    ...tokens.map((token): [string, string] => [`pt!${token}`, '"zoe"']),
    ...executions.map((each): [string, string] => [`xs!${each.operation}!${each.state}!${each.device}`, '']),
    [`xd!a!${two}`, ''],
  ]
  const rows: [string, string][] = records.map(([key, value]) => [key, JSON.stringify(value)])
  for (let number = 1; number <= eventCount; number++) {
    const tail = number.toString(16).padStart(14, '0')
    rows.push([`e!${tail}`, JSON.stringify({ ...oldEvent(number), id: eventIdOf(number) })])
    for (const prefix of ['ed!a!', 'ec!SYS_106!', `eo!${one}!`]) index.push([prefix + tail, ''])
  }
  const log = { e: [1, eventCount], k: records.map(([key]) => key) }
  const all: [string, string][] = [['l!00000000000001', JSON.stringify(log)], ...rows, ...index]
  const db = new Level<string, string>(join(directory, 'records'))
  const kept = all.filter(([key]) => !without.includes(key))
  await db.batch(kept.map(([key, json]) => ({ type: 'put', key, value: encodeRecord(key, 1, json) })))
  await db.close()
  await createHead(join(directory, 'head'), { batch: 1, event: eventCount })
}

/** Writes fail after so many. */
function failingAfter(writes: number): () => void {
  const original = Level.prototype.batch
  let left = writes
  const wrapped = function (this: Level, ...parameters: unknown[]): unknown {
    const batch = Reflect.apply(original, this, parameters)
    const write = batch.write.bind(batch)
    batch.write = (options: object) =>
      left-- > 0 ? write(options) : Promise.reject(new Error('IO error: No space left on device'))
    return batch
  }
  Level.prototype.batch = wrapped as typeof original
  return () => {
    Level.prototype.batch = original
  }
}
