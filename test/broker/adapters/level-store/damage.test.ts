// Whatever happens to the files of a store, it is told: a flipped byte, a cut, a file gone, a record taken out with
// LevelDB's own means. Nothing acknowledged is ever missing in silence. Prints how each case came out.
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import t from 'tap'
import { Head, readHead } from '../../../../broker/adapters/level-store/head.ts'
import { readLiveFiles } from '../../../../broker/adapters/level-store/leveldb-files.ts'
import { scanLog } from '../../../../broker/adapters/level-store/leveldb-log.ts'
import { problemInTable } from '../../../../broker/adapters/level-store/leveldb-table.ts'
import { encodeRecord } from '../../../../broker/adapters/level-store/record.ts'
import { LevelStore, type LevelStoreOptions, verifyStore } from '../../../../broker/adapters/level-store.ts'
import type { ExecutionState } from '../../../../broker/core/records.ts'
import { BrokerError, StoreDamaged } from '../../../../broker/errors.ts'
import type { Change, Store } from '../../../../broker/ports.ts'
import { eventIdOf } from '../../../../proto/ids.ts'
import { readAll } from '../../../suites/store-pages.ts'
import {
  append,
  below,
  device,
  eventOf,
  executionOf,
  generator,
  operation,
  operationOf,
  pick,
  principalOf,
  putDevice,
  putExecution,
} from '../../../suites/store-samples.ts'

t.setTimeout(120_000)
const seed = 41
const small = { writeBufferBytes: 64 * 1024 }

type Outcome = 'told at open' | 'told at read' | 'harmless' | 'SILENT'

t.test('one flipped byte anywhere: every flip that loses or changes a record is told', async t => {
  const original = join(t.testdir(), 'original')
  const damaged = join(t.testdirName, 'damaged')
  await makeHistory(original, {})
  const expected = await contentsOf(original)
  const random = generator(seed)
  const counts = new Map<string, Map<Outcome, number>>()
  const silent: string[] = []
  const files = await filesOf(original)
  t.ok(
    files.some(file => kindOf(file) === 'table'),
    'the history is long enough for tables',
  )
  const watched = ['table', 'write-ahead log', 'MANIFEST', 'CURRENT', 'head']
  for (const file of files.filter(each => watched.includes(kindOf(each)))) {
    const bytes = await readFile(join(original, file))
    for (const at of placesIn(kindOf(file), bytes.length, random)) {
      const bit = 1 << below(random, 8)
      await copyOf(original, damaged)
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] as number) ^ bit
      await writeFile(join(damaged, file), flipped)
      const before = await namesIn(damaged)
      const outcome = await outcomeOf(damaged, expected)
      if (outcome === 'told at open' && ['table', 'write-ahead log'].includes(kindOf(file))) {
        t.strictSame(await namesIn(damaged), before, `${file} byte ${at}: looking has destroyed nothing`)
      }
      const kind = kindOf(file)
      const counted = counts.get(kind) ?? new Map<Outcome, number>()
      counts.set(kind, counted.set(outcome, (counted.get(outcome) ?? 0) + 1))
      if (outcome === 'SILENT') silent.push(`${file} byte ${at} bit ${bit}`)
    }
  }
  for (const [kind, counted] of counts) t.comment(`${kind}: ${JSON.stringify(Object.fromEntries(counted))}`)
  t.strictSame(silent, [], `seed ${seed}`)
  const told = [...counts.values()].reduce((sum, each) => sum + (each.get('told at open') ?? 0), 0)
  t.ok(told > 200, `${told} flips did damage and were told`)
})

t.test('a flip anywhere in a table is seen without LevelDB', async t => {
  const directory = join(t.testdir(), 'store')
  await makeHistory(directory, {})
  const table = (await filesOf(directory)).find(file => kindOf(file) === 'table') ?? ''
  const bytes = await readFile(join(directory, table))
  t.equal(problemInTable(bytes), undefined)
  const random = generator(seed + 1)
  const missed: number[] = []
  // The footer ends with padding that nobody reads, then a magic number.
  for (let at = 0; at < bytes.length - 48; at += 1 + below(random, 20)) {
    bytes[at] = (bytes[at] as number) ^ 16
    if (problemInTable(bytes) === undefined) missed.push(at)
    bytes[at] = (bytes[at] as number) ^ 16
  }
  t.strictSame(missed, [], `seed ${seed + 1}`)
  for (const size of [0, 1, 47, 48, bytes.length - 1]) t.ok(problemInTable(bytes.subarray(0, size)), `cut at ${size}`)
  t.equal(problemInTable(bytes), undefined)
})

t.test('what the start no longer looks at is found by verifying', async t => {
  const original = join(t.testdir(), 'original')
  const damaged = join(t.testdirName, 'damaged')
  await makeHistory(original, { logBatches: 3 })
  const before = await verifyStore(original)
  t.match(before, { events: 250, problems: [] })
  const old = ['e!00000000000009', 'ed!sensor-1!', 'ec!SYS_112!', 'eo!', 'x!', 'xs!', 'xd!', 'ou!', 'p!name-1']
  for (const prefix of old) {
    for (const how of ['taken out', 'changed', 'turned back']) {
      await copyOf(original, damaged)
      await tamper(damaged, async db => {
        const [row] = await db.iterator({ gte: prefix, limit: 1 }).all()
        const [key, value] = row ?? ['', '']
        t.ok(key.startsWith(prefix))
        if (how === 'taken out') await db.del(key)
        else await db.put(key, how === 'changed' ? `${value} ` : encodeRecord(key, 1, value.slice(22)))
      })
      const { problems } = await verifyStore(damaged)
      t.not(problems.length, 0, `${prefix} ${how}: ${problems[0]}`)
    }
  }
})

t.test('the write-ahead log cut at every byte of its last records', async t => {
  const original = join(t.testdir(), 'original')
  const damaged = join(t.testdirName, 'damaged')
  const store = await LevelStore.open(original)
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'].map(device)
  for (const id of ids) await store.commit([{ kind: 'put-targets', operation: operation(1), devices: [id] }])
  await store.close()
  const file = (await filesOf(original)).find(each => kindOf(each) === 'write-ahead log') ?? ''
  const bytes = await readFile(join(original, file))
  const starts = scanLog(bytes).records.map(record => record.start)
  const [antepenultimate = 0, , last = 0] = starts.slice(-3)
  t.match(await readHead(join(original, 'head')), { batch: 7 })

  await copyOf(original, damaged)
  for (let size = bytes.length - 1; size >= antepenultimate; size--) {
    await truncate(join(damaged, file), size)
    await t.rejects(LevelStore.open(damaged), StoreDamaged, `acknowledged, cut at ${size}`)
  }
  let opened = 0
  for (let size = antepenultimate; size <= bytes.length; size += size < last ? 5 : 1) {
    // As if the power had gone before the head was written for the last three.
    await copyOf(original, damaged)
    const earlier = await Head.open(join(damaged, 'head'))
    await earlier.settle({ batch: 4, event: 0 })
    await earlier.close()
    await truncate(join(damaged, file), size)
    const again = await LevelStore.open(damaged)
    const whole = starts.filter((_, index) => (starts[index + 1] ?? bytes.length) <= size).length
    const { items } = await again.targets(operation(1), { limit: 10 })
    t.strictSame(items, ids.slice(0, whole - 1), `not acknowledged, cut at ${size}`)
    await again.close()
    opened++
  }
  t.comment(`${bytes.length - antepenultimate} cuts of acknowledged records told, ${opened} cuts of others opened`)
})

t.test('files that are gone are told, and nothing is changed by looking', async t => {
  const original = join(t.testdir(), 'original')
  const damaged = join(t.testdirName, 'damaged')
  await makeHistory(original, {})
  for (const kind of ['CURRENT', 'MANIFEST', 'table', 'write-ahead log', 'head']) {
    for (const emptied of [false, true]) {
      await copyOf(original, damaged)
      const file = (await filesOf(original)).find(each => kindOf(each) === kind) ?? ''
      if (emptied) await truncate(join(damaged, file), 0)
      else await rm(join(damaged, file))
      const before = await namesIn(damaged)
      await t.rejects(LevelStore.open(damaged, small), StoreDamaged, `${kind} ${emptied ? 'emptied' : 'removed'}`)
      await t.rejects(LevelStore.open(damaged, small), StoreDamaged, 'and again at the second start')
      if (kind === 'write-ahead log') continue
      const after = await namesIn(damaged)
      t.strictSame(after, before, `${kind}: the files are still those that were left`)
    }
  }
  await rm(join(damaged, 'records'), { recursive: true })
  await copyFile(original, damaged, 'head')
  await t.rejects(LevelStore.open(damaged), StoreDamaged, 'the whole database')
})

t.test('records that LevelDB itself says were never there: the first bad one is named', async t => {
  const original = join(t.testdir(), 'original')
  const damaged = join(t.testdirName, 'damaged')
  const { lastBatch } = await makeHistory(original, {})
  const sampleDb = new Level<string, string>(join(original, 'records'))
  const rows = await sampleDb.iterator({ gte: 'b', lt: 'l' }).all()
  const log = await sampleDb.keys({ gt: 'l!', lt: 'l"' }).all()
  const credentialRow = rows[0] as [string, string]
  const others = await sampleDb.iterator({ gte: 'o', lt: 'z' }).all()
  await sampleDb.close()
  const random = generator(seed + 2)
  const victims = Array.from({ length: 40 }, () => pick(random, [...rows, ...others])).filter(
    ([key]) => !key.startsWith('xq'),
  )
  for (const [key] of victims) {
    await tampered(key, db => db.del(key))
  }
  const devices = rows.filter(([key]) => key.startsWith('d!')).slice(0, 2)
  for (const [key, value] of [...victims.slice(0, 6), ...devices]) {
    await tampered(key, db => db.put(key, encodeRecord(key, 1, value.slice(22))), 'an older version')
    await tampered(
      key,
      db =>
        db.put(
          key,
          value.replace(/.$/, last => (last === '}' ? ']' : '}')),
        ),
      'a changed value',
    )
  }
  for (const key of [log[3], log.at(-2)] as string[]) await tampered(key, db => db.del(key), 'a log record')
  for (const key of [log[0], log.at(-1)] as string[])
    await tampered('', db => db.del(key), 'the first or last log record')
  const [key, value] = credentialRow
  await tampered(key, db => db.put(key, value.slice(0, 10)), 'a value cut short')
  const extra = 'xs!0000000000000000000000000a!failed!a'
  await tampered('', db => db.put(extra, encodeRecord(extra, lastBatch, '')), 'an index row too many', 'verify')

  async function tampered(
    key: string,
    change: (db: Level<string, string>) => Promise<void>,
    how = 'taken out',
    by: 'open' | 'verify' = 'open',
  ): Promise<void> {
    await copyOf(original, damaged)
    await tamper(damaged, change)
    const report = await verifyStore(damaged)
    t.not(report.problems.length, 0, `${key} ${how}: verifying tells`)
    if (by === 'open') {
      const error = await LevelStore.open(damaged).catch((each: unknown) => each)
      t.type(error, StoreDamaged, `${key} ${how}: opening tells`)
      if (!(error instanceof StoreDamaged) || !error.message.includes(nameIn(key))) {
        t.fail(`${key} ${how}: named in ${String(error)}`)
      }
    }
  }
})

/** Changes records with LevelDB's own means. */
async function tamper(directory: string, change: (db: Level<string, string>) => Promise<void>): Promise<void> {
  const db = new Level<string, string>(join(directory, 'records'))
  await change(db)
  await db.close()
  // Out of the write-ahead log into a table: a write that is no batch of ours would be refused for that alone.
  const again = new Level(join(directory, 'records'))
  await again.open()
  await again.close()
}

/** What a message calls the record under a key. */
function nameIn(key: string): string {
  return key.startsWith('l!') ? `batch ${Number.parseInt(key.slice(2), 16)}` : ''
}

/** Some two hundred commits of every kind: tables, a write-ahead log with something in it, overwritten records. */
async function makeHistory(directory: string, options: LevelStoreOptions): Promise<{ lastBatch: number }> {
  const random = generator(7)
  const store = await LevelStore.open(directory, { ...small, ...options })
  const known = new Map<string, ExecutionState>()
  for (let round = 0; round < 120; round++) {
    const id = device(`sensor-${below(random, 12)}`)
    const of = operation(1 + below(random, 2))
    const state = pick(random, ['pending', 'in-progress', 'completed', 'failed'] as const)
    const previous = known.get(`${of} ${id}`)
    known.set(`${of} ${id}`, state)
    const data = { filling: Buffer.from(Array.from({ length: 150 }, () => below(random, 256))).toString('base64') }
    const changes: Change[] = [
      putDevice(id, { bootId: String(round) }),
      append(eventOf(id, { operation: of, data })),
      append(eventOf(id, { code: 'SYS_112', type: 'SUCCESS', data })),
      putExecution(executionOf(of, id, state, round), previous),
    ]
    if (round % 10 === 0) {
      changes.push(
        {
          kind: 'put-operation',
          operation: operationOf(of, round < 100 || of === operation(1) ? 'running' : 'completed'),
        },
        { kind: 'put-targets', operation: of, devices: [id] },
        { kind: 'put-principal', principal: principalOf(`name-${round % 3}`, String(round).padStart(64, '0')) },
      )
    }
    await store.commit(changes)
  }
  await store.close()
  const again = await LevelStore.open(directory, small)
  for (let round = 0; round < 10; round++) await again.commit([append(eventOf(device('sensor-1')))])
  const { batches, problems } = await again.verify()
  if (problems.length > 0) throw new Error(problems.join('; '))
  await again.close()
  return { lastBatch: batches }
}

/** Everything a reader of the port can see. */
async function everythingIn(store: Store): Promise<string> {
  const seen: unknown[] = [await store.principals(), await store.unfinishedOperations()]
  const { items: devices } = await store.devices({ limit: 100 })
  seen.push(devices, await store.operations({ limit: 100 }), await readAll(store, { order: 'ASC', limit: 1000 }))
  for (const code of ['SYS_106', 'SYS_112'] as const)
    seen.push(await readAll(store, { code, order: 'DESC', limit: 1000 }))
  for (let index = 0; index < 12; index++) {
    const id = device(`sensor-${index}`)
    seen.push(await store.device(id), await store.unfinishedExecutionsOf(id))
    seen.push((await readAll(store, { device: id, order: 'ASC', limit: 1000 })).map(event => event.id))
  }
  for (const of of [1, 2].map(operation)) {
    seen.push(await store.operation(of), await store.targets(of, { limit: 100 }))
    seen.push((await readAll(store, { operation: of, order: 'ASC', limit: 1000 })).map(event => event.id))
    for (const state of [undefined, 'pending', 'in-progress', 'completed', 'failed'] as const) {
      seen.push(await store.executions(of, { ...(state && { state }), limit: 100 }))
    }
  }
  for (let round = 0; round < 120; round += 10) seen.push(await store.principalByToken(String(round).padStart(64, '0')))
  for (let number = 1; number <= 240; number += 7) seen.push(await store.event(eventIdOf(number)))
  return JSON.stringify(seen)
}

async function contentsOf(directory: string): Promise<string> {
  const copy = `${directory}-read`
  await copyOf(directory, copy)
  const store = await LevelStore.open(copy, small)
  try {
    return await everythingIn(store)
  } finally {
    await store.close()
  }
}

async function outcomeOf(directory: string, expected: string): Promise<Outcome> {
  let store: LevelStore
  try {
    store = await LevelStore.open(directory, small)
  } catch (error) {
    if (error instanceof BrokerError) return 'told at open'
    throw error
  }
  try {
    return (await everythingIn(store)) === expected ? 'harmless' : 'SILENT'
  } catch (error) {
    if (error instanceof BrokerError) return 'told at read'
    throw error
  } finally {
    await store.close()
  }
}

function placesIn(kind: string, size: number, random: () => number): readonly number[] {
  if (kind === 'CURRENT') return Array.from({ length: size }, (_, at) => at)
  if (kind === 'head')
    return [0, 4096].flatMap(slot => Array.from({ length: 20 }, (_, index) => slot + index * 3 + below(random, 3)))
  const count = kind === 'MANIFEST' ? 60 : 80
  // The first and the last bytes are the headers and the footer.
  const edges = [0, 1, 4, 6, size - 1, size - 20, size - 47].filter(at => at >= 0)
  return [...edges, ...Array.from({ length: count }, () => below(random, size))]
}

function kindOf(file: string): string {
  if (/\.(ldb|sst)$/.test(file)) return 'table'
  if (file.endsWith('.log')) return 'write-ahead log'
  return /(MANIFEST|CURRENT|head)[^/]*$/.exec(file)?.[1] ?? 'other'
}

/** Without tables that are no longer in use. */
async function filesOf(directory: string): Promise<readonly string[]> {
  const live = await readLiveFiles(join(directory, 'records')).catch(() => undefined)
  const all = await readdir(join(directory, 'records')).catch(() => [])
  const inUse = (name: string) =>
    live === undefined || live.tables.some(({ number }) => number === Number.parseInt(name, 10))
  const records = all.filter(name => kindOf(name) !== 'table' || inUse(name))
  const beside = (await readdir(directory)).filter(name => name !== 'records')
  return [...beside, ...records.map(name => join('records', name))].sort()
}

/** All but LevelDB's own log and lock. */
async function namesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory, { recursive: true })).filter(name => !/LO(G|CK)/.test(name)).sort()
}

async function copyOf(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await mkdir(to, { recursive: true })
  await cp(from, to, { recursive: true })
}

async function copyFile(from: string, to: string, name: string): Promise<void> {
  await writeFile(join(to, name), await readFile(join(from, name)))
}
