// Whatever happens to the files of a store, it is told: a flipped byte, a cut, a file gone, a record taken out with
// LevelDB's own means. Nothing acknowledged is ever missing in silence. Prints how each case came out.
// DROVER_LONG=1 tries three times as many flips, every cut of the log and more records; else a sample by the seed.
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import t from 'tap'
import { Head, readHead } from '../../../../broker/adapters/level-store/head.ts'
import { auditKey } from '../../../../broker/adapters/level-store/keys.ts'
import { readLiveFiles } from '../../../../broker/adapters/level-store/leveldb-files.ts'
import { scanLog } from '../../../../broker/adapters/level-store/leveldb-log.ts'
import { problemInTable } from '../../../../broker/adapters/level-store/leveldb-table.ts'
import { decodeRecord, encodeRecord } from '../../../../broker/adapters/level-store/record.ts'
import { LevelStore, verifyStore } from '../../../../broker/adapters/level-store.ts'
import { BrokerError, StoreDamaged } from '../../../../broker/errors.ts'
import { auditHash, auditText } from '../../../../proto/audit.ts'
import { eachCase, long, sampled, seed } from '../../../fixtures/cases.ts'
import { seeded } from '../../../fixtures/seeded.ts'
import { appendAudit, auditOf, below, device, operation, pick } from '../../../suites/store-samples.ts'
import { contentsOf, copyOf, everythingIn, makeHistory, smallBuffer } from './history.ts'

t.setTimeout(120_000)
t.comment(`DROVER_SEED=${seed}`)
/** Stores looked at together: most of their time they wait for the disk. */
const lanes = 3
// Made once: every test damages copies of it.
const original = join(t.testdir(), 'original')
const { lastBatch } = await makeHistory(original, {})

type Outcome = 'told at open' | 'told at read' | 'harmless' | 'SILENT'

t.test('one flipped byte anywhere: every flip that loses or changes a record is told', async t => {
  const root = t.testdir()
  const expected = await contentsOf(original, join(root, 'read'))
  const random = seeded(seed)
  const counts = new Map<string, Map<Outcome, number>>()
  const silent: string[] = []
  const files = await filesOf(original)
  t.ok(
    files.some(file => kindOf(file) === 'table'),
    'the history is long enough for tables',
  )
  const watched = ['table', 'write-ahead log', 'MANIFEST', 'CURRENT', 'head']
  const flips: { file: string; bytes: Buffer; at: number; bit: number }[] = []
  for (const file of files.filter(each => watched.includes(kindOf(each)))) {
    const bytes = await readFile(join(original, file))
    for (const at of placesIn(kindOf(file), bytes.length, random))
      flips.push({ file, bytes, at, bit: 1 << below(random, 8) })
  }
  await eachCase(flips, lanes, async ({ file, bytes, at, bit }, lane) => {
    const damaged = join(root, `damaged-${lane}`)
    await copyOf(original, damaged)
    const flipped = Buffer.from(bytes)
    flipped[at] = (flipped[at] as number) ^ bit
    await writeFile(join(damaged, file), flipped)
    const before = await namesIn(damaged)
    const outcome = await outcomeOf(damaged, expected)
    const kind = kindOf(file)
    if (outcome === 'told at open' && ['table', 'write-ahead log'].includes(kind)) {
      t.strictSame(await namesIn(damaged), before, `${file} byte ${at}: looking has destroyed nothing`)
    }
    const counted = counts.get(kind) ?? new Map<Outcome, number>()
    counts.set(kind, counted.set(outcome, (counted.get(outcome) ?? 0) + 1))
    if (outcome === 'SILENT') silent.push(`${file} byte ${at} bit ${bit}`)
  })
  for (const [kind, counted] of counts) t.comment(`${kind}: ${JSON.stringify(Object.fromEntries(counted))}`)
  t.strictSame(silent, [], `DROVER_SEED=${seed}`)
  const told = [...counts.values()].reduce((sum, each) => sum + (each.get('told at open') ?? 0), 0)
  t.ok(told > flips.length / 2, `${told} of ${flips.length} flips did damage and were told`)
})

t.test('a flip anywhere in a table is seen without LevelDB', async t => {
  const table = (await filesOf(original)).find(file => kindOf(file) === 'table') ?? ''
  const bytes = await readFile(join(original, table))
  t.equal(problemInTable(bytes), undefined)
  const random = seeded(seed + 1)
  const missed: number[] = []
  // The footer ends with padding that nobody reads, then a magic number.
  for (let at = 0; at < bytes.length - 48; at += 1 + below(random, long ? 20 : 200)) {
    bytes[at] = (bytes[at] as number) ^ 16
    if (problemInTable(bytes) === undefined) missed.push(at)
    bytes[at] = (bytes[at] as number) ^ 16
  }
  t.strictSame(missed, [], `DROVER_SEED=${seed}`)
  for (const size of [0, 1, 47, 48, bytes.length - 1]) t.ok(problemInTable(bytes.subarray(0, size)), `cut at ${size}`)
  t.equal(problemInTable(bytes), undefined)
})

t.test('what the start no longer looks at is found by verifying', async t => {
  const root = t.testdir()
  const shortLog = join(root, 'short-log')
  await makeHistory(shortLog, { logBatches: 3 })
  const before = await verifyStore(shortLog)
  t.match(before, { events: 242, auditRecords: 120, problems: [] })
  const old = [
    'e!0000000000001',
    'e!0000000000002',
    'ed!sensor-1!',
    'ec!SYS_112!',
    'eo!',
    'et!INFO!',
    'x!',
    'xs!',
    'xr!',
  ]
  old.push('xd!', 'ou!', 'p!name-', 'pt!', 'u!0000000000001', 'u!0000000000002', 'uo!', 'w!', 'wt!')
  const ways = ['taken out', 'changed', 'turned back']
  // The short form does one thing to each, another one with the next seed.
  const cases = old.flatMap((prefix, index) =>
    ways.filter((_, way) => long || (index + seed) % ways.length === way).map(how => ({ prefix, how })),
  )
  await eachCase(cases, lanes, async ({ prefix, how }, lane) => {
    const damaged = join(root, `damaged-${lane}`)
    await copyOf(shortLog, damaged)
    await tamper(damaged, async db => {
      const [row] = await db.iterator({ gte: prefix, limit: 1 }).all()
      const [key, value] = row ?? ['', '']
      t.ok(key.startsWith(prefix))
      if (how === 'taken out') await db.del(key)
      else await db.put(key, how === 'changed' ? `${value} ` : encodeRecord(key, 1, value.slice(22)))
    })
    const { problems } = await verifyStore(damaged)
    t.not(problems.length, 0, `${prefix} ${how}: ${problems[0]}`)
  })
})

t.test('the write-ahead log cut anywhere in its last records', async t => {
  const root = t.testdir()
  const written = join(root, 'written')
  const store = await LevelStore.open(written)
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'].map(device)
  for (const id of ids) {
    await store.commit([{ kind: 'put-targets', operation: operation(1), devices: [id] }, appendAudit(auditOf(id))])
  }
  const { items: chain } = await store.audit({ order: 'ASC', limit: 10 })
  await store.close()
  const file = (await filesOf(written)).find(each => kindOf(each) === 'write-ahead log') ?? ''
  const bytes = await readFile(join(written, file))
  const starts = scanLog(bytes).records.map(record => record.start)
  const [antepenultimate = 0, , last = 0] = starts.slice(-3)
  t.match(await readHead(join(written, 'head')), { batch: 7 })
  const borders = new Set([...starts, bytes.length].flatMap(start => [start - 1, start, start + 1]))
  /** Sizes from `least` to `most`: all of them, or one of each nineteen and those at the borders of records. */
  const sizesIn = (least: number, most: number): readonly number[] =>
    Array.from({ length: most - least + 1 }, (_, index) => least + index).filter(
      size => long || size % 19 === seed % 19 || borders.has(size),
    )

  const acknowledged = sizesIn(antepenultimate, bytes.length - 1)
  await eachCase(acknowledged, lanes, async (size, lane) => {
    const damaged = join(root, `damaged-${lane}`)
    await copyOf(written, damaged)
    await truncate(join(damaged, file), size)
    await t.rejects(LevelStore.open(damaged), StoreDamaged, `acknowledged, cut at ${size}`)
  })
  const others = sizesIn(antepenultimate, bytes.length).filter(
    size => size >= last || size % 5 === 0 || borders.has(size),
  )
  await eachCase(others, lanes, async (size, lane) => {
    // As if the power had gone before the head was written for the last three.
    const damaged = join(root, `damaged-${lane}`)
    await copyOf(written, damaged)
    const earlier = await Head.open(join(damaged, 'head'))
    await earlier.settle({ batch: 4, event: 0 })
    await earlier.close()
    await truncate(join(damaged, file), size)
    const again = await LevelStore.open(damaged)
    const whole = starts.filter((_, index) => (starts[index + 1] ?? bytes.length) <= size).length
    const { items } = await again.targets(operation(1), { limit: 10 })
    t.strictSame(items, ids.slice(0, whole - 1), `not acknowledged, cut at ${size}`)
    const audit = await again.audit({ order: 'ASC', limit: 10 })
    t.strictSame(audit.items, chain.slice(0, whole - 1), `the chain, cut at ${size}`)
    t.equal(again.auditHead().hash, chain[whole - 2]?.hash)
    if (borders.has(size)) {
      await again.commit([appendAudit(auditOf('next'))])
      t.strictSame((await again.verify()).problems, [])
    }
    await again.close()
  })
  t.comment(`${acknowledged.length} cuts of acknowledged records told, ${others.length} cuts of others opened`)
})

t.test('files that are gone are told, and nothing is changed by looking', async t => {
  const damaged = join(t.testdir(), 'damaged')
  for (const kind of ['CURRENT', 'MANIFEST', 'table', 'write-ahead log', 'head']) {
    for (const emptied of [false, true]) {
      await copyOf(original, damaged)
      const file = (await filesOf(original)).find(each => kindOf(each) === kind) ?? ''
      if (emptied) await truncate(join(damaged, file), 0)
      else await rm(join(damaged, file))
      const before = await namesIn(damaged)
      await t.rejects(LevelStore.open(damaged, smallBuffer), StoreDamaged, `${kind} ${emptied ? 'emptied' : 'removed'}`)
      await t.rejects(LevelStore.open(damaged, smallBuffer), StoreDamaged, 'and again at the second start')
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
  const root = t.testdir()
  const sample = join(root, 'sample')
  await copyOf(original, sample)
  const sampleDb = new Level<string, string>(join(sample, 'records'))
  const rows = await sampleDb.iterator({ gte: 'b', lt: 'l' }).all()
  const log = await sampleDb.keys({ gt: 'l!', lt: 'l"' }).all()
  const others = await sampleDb.iterator({ gte: 'o', lt: 'z' }).all()
  await sampleDb.close()
  const random = seeded(seed + 2)
  // The row of a token that was replaced stays behind, and nobody misses it.
  const tokens = new Set(await principalTokens(original, join(root, 'read')))
  const isMissed = ([key]: [string, string]): boolean =>
    !key.startsWith('xq') && (!key.startsWith('pt!') || tokens.has(key.slice('pt!'.length)))
  const all = [...rows, ...others].filter(isMissed)
  const victims = Array.from({ length: long ? 40 : 10 }, () => pick(random, all))
  const always = [...rows.filter(([key]) => key.startsWith('d!')).slice(0, 2)]
  // The newest of index rows that carry nothing, and of those that carry a batch.
  for (const prefix of ['et!SUCCESS!', 'xs!']) {
    const ofKind = all.filter(([key]) => key.startsWith(prefix)).sort(([, a], [, b]) => (a < b ? -1 : 1))
    always.push(...ofKind.slice(-1))
  }
  const cases: Tampering[] = victims.map(([key]) => ({ key, how: 'taken out', change: db => db.del(key) }))
  for (const [key, value] of [...victims.slice(0, long ? 6 : 2), ...always]) {
    const older = encodeRecord(key, 1, value.slice(22))
    const changed = value === '' ? 'x' : value.replace(/.$/, last => (last === '}' ? ']' : '}'))
    cases.push({ key, how: 'an older version', change: db => db.put(key, older) })
    cases.push({ key, how: 'a changed value', change: db => db.put(key, changed) })
  }
  for (const key of [log[3], log.at(-2)] as string[])
    cases.push({ key, how: 'a log record', change: db => db.del(key) })
  for (const key of [log[0], log.at(-1)] as string[])
    cases.push({ key: '', how: 'the first or last log record', change: db => db.del(key) })
  const [key, value] = rows[0] as [string, string]
  cases.push({ key, how: 'a value cut short', change: db => db.put(key, value.slice(0, 10)) })
  const extra = 'xs!0000000000000000000000000a!failed!a'
  const tooMany = encodeRecord(extra, lastBatch, '')
  cases.push({ key: '', how: 'an index row too many', change: db => db.put(extra, tooMany), by: 'verify' })

  await eachCase(cases, lanes, async ({ key, how, change, by }, lane) => {
    const damaged = join(root, `damaged-${lane}`)
    await copyOf(original, damaged)
    await tamper(damaged, change)
    const report = await verifyStore(damaged)
    t.not(report.problems.length, 0, `${key} ${how}: verifying tells, DROVER_SEED=${seed}`)
    if (by === 'verify') return
    const error = await LevelStore.open(damaged).catch((each: unknown) => each)
    if (error instanceof LevelStore) await error.close()
    t.type(error, StoreDamaged, `${key} ${how}: opening tells`)
    if (!(error instanceof StoreDamaged) || !error.message.includes(nameIn(key))) {
      t.fail(`${key} ${how}: named in ${String(error)}`)
    }
  })
  t.comment(`${cases.length} records`)
})

t.test('a log record that is older than what the start reads through is missed all the same', async t => {
  const directory = join(t.testdir(), 'store')
  const store = await LevelStore.open(directory, smallBuffer)
  for (let batch = 0; batch < 60; batch++) {
    const devices = Array.from({ length: 100 }, (_, index) => device(`sensor-${batch}-${'x'.repeat(40)}-${index}`))
    await store.commit([{ kind: 'put-targets', operation: operation(1), devices }])
  }
  await store.close()
  await (await LevelStore.open(directory, smallBuffer)).close()
  await tamper(directory, db => db.del('l!00000000000005'))
  await t.rejects(LevelStore.open(directory, smallBuffer), { name: 'StoreDamaged', message: 'batch 5 is missing' })
})

t.test('an audit record made anew, checksum and all, is found by the chain', async t => {
  const root = t.testdir()
  const rewrite = (number: number, rehash: boolean) => async (db: Level<string, string>) => {
    const key = auditKey(number)
    const value = await db.get(key)
    if (value === undefined) throw new Error(`no record ${number}`)
    const { batch, json } = decodeRecord(key, value)
    const record = { ...JSON.parse(json), subject: 'another' }
    await db.put(key, encodeRecord(key, batch, auditText(rehash ? { ...record, hash: auditHash(record) } : record)))
  }
  const cases = [
    { number: 120, rehash: true, told: /audit record 120 is not the one the chain ends in/, atOpen: true },
    { number: 120, rehash: false, told: /audit record 120: its hash does not fit/, atOpen: true },
    { number: 7, rehash: false, told: /audit record 7: its hash does not fit/, atOpen: false },
    { number: 7, rehash: true, told: /audit record 8 does not follow/, atOpen: false },
  ]
  await eachCase(cases, lanes, async ({ number, rehash, told, atOpen }, lane) => {
    const damaged = join(root, `damaged-${lane}`)
    await copyOf(original, damaged)
    await tamper(damaged, rewrite(number, rehash))
    if (atOpen) await t.rejects(LevelStore.open(damaged), { name: 'StoreDamaged', message: told })
    const { problems } = await verifyStore(damaged)
    t.match(problems.join(), told)
  })
})

interface Tampering {
  /** What is to be named by the message; empty for anything. */
  readonly key: string
  readonly how: string
  readonly change: (db: Level<string, string>) => Promise<void>
  /** Who tells it; undefined: verifying and opening. */
  readonly by?: 'verify'
}

/** The tokens in force. */
async function principalTokens(directory: string, copy: string): Promise<readonly string[]> {
  await copyOf(directory, copy)
  const store = await LevelStore.open(copy)
  const principals = await store.principals()
  await store.close()
  return principals.map(({ tokenSha256 }) => tokenSha256)
}

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

async function outcomeOf(directory: string, expected: string): Promise<Outcome> {
  let store: LevelStore
  try {
    store = await LevelStore.open(directory, smallBuffer)
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
  if (kind === 'CURRENT')
    return sampled(
      Array.from({ length: size }, (_, at) => at),
      6,
      random,
    )
  if (kind === 'head') {
    const places = [0, 4096].flatMap(slot => Array.from({ length: 60 }, (_, index) => slot + index))
    return sampled(places, 14, random)
  }
  const count = (kind === 'MANIFEST' ? 60 : 80) / (long ? 1 : 4)
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

async function copyFile(from: string, to: string, name: string): Promise<void> {
  await writeFile(join(to, name), await readFile(join(from, name)))
}
