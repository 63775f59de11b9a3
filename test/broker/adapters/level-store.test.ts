// The Store port on LevelDB: what every store does, how commits are grouped, and that nothing acknowledged is lost when
// a write fails, the disk is full or the process is killed.
// DROVER_LONG=1 fills the disk twelve times and kills twenty times; else three and six times, by the seed.
import { execFileSync, spawn } from 'node:child_process'
import { cp, type FileHandle, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { Level } from 'level'
import t, { type Test } from 'tap'
import { encodeRecord } from '../../../broker/adapters/level-store/record.ts'
import { LevelStore, verifyStore } from '../../../broker/adapters/level-store.ts'
import { StoreDamaged, StoreUnavailable } from '../../../broker/errors.ts'
import type { Store } from '../../../broker/ports.ts'
import { type EventId, eventIdOf } from '../../../proto/ids.ts'
import { bareNode, long, seed } from '../../fixtures/cases.ts'
import { seeded } from '../../fixtures/seeded.ts'
import { storeSuite } from '../../suites/store.ts'
import { readAll } from '../../suites/store-pages.ts'
import { append, auditOf, below, device, eventOf, putDevice } from '../../suites/store-samples.ts'

// In the long form twenty processes and a disk that is filled twelve times take their time on a busy machine.
t.setTimeout(120_000)
t.comment(`DROVER_SEED=${seed}`)

t.test('it does what every store does', async t => {
  const root = t.testdir()
  const directories = new Map<Store, string>()
  const opened = async (directory: string, scanRowsMax?: number) => {
    const store = await LevelStore.open(directory, scanRowsMax === undefined ? {} : { scanRowsMax })
    directories.set(store, directory)
    return store
  }
  storeSuite(t, {
    open: options => opened(`${root}/${directories.size}`, options?.scanRowsMax),
    reopen: async store => {
      if (store instanceof LevelStore) t.strictSame((await store.verify()).problems, [], 'verifying finds nothing')
      await store.close()
      return opened(directories.get(store) ?? '')
    },
  })
})

t.test('commits that arrive while one is being written share the next write', async t => {
  const store = await LevelStore.open(join(t.testdir(), 'store'))
  const commitOne = () => store.commit([append(eventOf(device('a')))])
  await Promise.all(Array.from({ length: 500 }, commitOne))
  t.equal((await store.verify()).batches, 2, 'the schema, and 500 commits called at once')
  const first = commitOne()
  await sleep(0)
  await Promise.all([first, ...Array.from({ length: 100 }, commitOne)])
  const { batches } = await store.verify()
  t.ok(batches <= 4, `at most one that was under way and one for all that waited, ${batches - 2} were written`)
  await store.close()
})

t.test('a commit resolves after its batch is synced, and the head after that', async t => {
  const store = await LevelStore.open(join(t.testdir(), 'store'))
  const steps: string[] = []
  const restore = await watchWrites(steps)
  await store.commit([append(eventOf(device('a')))]).then(() => steps.push('resolved'))
  restore()
  t.strictSame(steps, ['batch', 'batch done {"sync":true}', 'head', 'head done', 'resolved'])
  await store.close()
})

t.test('what is written and not yet acknowledged is not read, and what is being trimmed is not missed', async t => {
  const store = await LevelStore.open(join(t.testdir(), 'store'))
  await store.commit(Array.from({ length: 10 }, () => append(eventOf(device('a')))))
  const all = await readAll(store, { order: 'ASC', limit: 10 })
  const writing = await heldAtHead(() =>
    store.commit([append(eventOf(device('a'))), { kind: 'append-audit', entry: auditOf('a') }]),
  )
  t.strictSame(await readAll(store, { order: 'ASC', limit: 3 }), all)
  t.strictSame(await readAll(store, { device: device('a'), order: 'DESC', limit: 3 }), [...all].reverse())
  t.equal(await store.event(eventIdOf(11)), undefined)
  t.strictSame(await store.audit({ order: 'ASC', limit: 3 }), { items: [], hasMore: false })
  t.equal(store.auditHead().number, 0)
  t.strictSame((await store.verify()).problems, [])
  writing.letGo()
  await writing.done
  t.equal(store.auditHead().number, 1)

  const trimming = await heldAtHead(() => store.trimEvents(Number.POSITIVE_INFINITY, 4))
  t.strictSame(store.eventRange(), { oldest: 1, newest: 11 }, 'not said before it is durable')
  for (const filter of [{}, { device: device('a') }, { notBefore: 1 }] as const) {
    t.equal((await readAll(store, { ...filter, order: 'ASC', limit: 3 })).length, 7, JSON.stringify(filter))
  }
  t.equal(await store.event(eventIdOf(1)), undefined)
  t.strictSame((await store.verify()).problems, [])
  trimming.letGo()
  t.equal(await trimming.done, 4)
  t.strictSame(store.eventRange(), { oldest: 5, newest: 11 })
  await store.close()
})

t.test('a group stays below its size, and more than may wait is refused', async t => {
  const store = await LevelStore.open(join(t.testdir(), 'store'), { groupBytesMax: 4000, waitingBytesMax: 20_000 })
  const commits = Array.from({ length: 50 }, () =>
    store.commit([append(eventOf(device('a'), { data: { text: 'x'.repeat(1000) } }))]),
  )
  const outcomes = await Promise.allSettled(commits)
  const stored = outcomes.filter(outcome => outcome.status === 'fulfilled').length
  t.ok(stored >= 8 && stored < 50, `${stored} of 50 fit`)
  for (const outcome of outcomes) if (outcome.status === 'rejected') t.type(outcome.reason, StoreUnavailable)
  const report = await store.verify()
  t.equal(report.events, stored)
  t.ok(report.batches > 3, 'in several batches')
  const large = await store.commit([append(eventOf(device('a'), { data: { text: 'x'.repeat(100_000) } }))])
  t.equal(large.length, 1, 'one commit alone may be larger than all that')
  await store.close()
})

t.test('log records are kept for the last batches only', async t => {
  const directory = join(t.testdir(), 'store')
  for (let life = 0; life < 3; life++) {
    const store = await LevelStore.open(directory, { logBatches: 5 })
    for (let count = 0; count < 4; count++) await store.commit([append(eventOf(device('a')))])
    await store.close()
  }
  const db = new Level(join(directory, 'records'))
  t.equal((await db.keys({ gt: 'l!', lt: 'l"' }).all()).length, 5)
  await db.close()
  t.strictSame((await verifyStore(directory)).problems, [])
})

t.test('a second opener is told in words that the directory is in use', async t => {
  const directory = join(t.testdir(), 'store')
  const store = await LevelStore.open(directory)
  await t.rejects(LevelStore.open(directory), { name: 'StoreUnavailable', message: /in use by another process/ })
  await t.rejects(verifyStore(directory), { name: 'StoreUnavailable', message: /in use by another process/ })
  await store.commit([append(eventOf(device('a')))])
  await store.close()
})

t.test(
  'a store of a newer version is refused and left alone; one that does not exist is not made by looking',
  async t => {
    const directory = join(t.testdir(), 'store')
    await (await LevelStore.open(directory)).close()
    const db = new Level(join(directory, 'records'))
    const rows = { 'l!00000000000002': '{"e":[1,0],"k":["a!schema"]}', 'a!schema': '{"version":99,"logBatches":4096}' }
    const written = Object.entries(rows).map(([key, json]) => [key, encodeRecord(key, 2, json)] as const)
    await db.batch(written.map(([key, value]) => ({ type: 'put' as const, key, value })))
    await db.close()
    await t.rejects(LevelStore.open(directory), { name: 'StoreUnavailable', message: /newer version \(schema 99/ })
    await t.rejects(verifyStore(join(directory, 'nothing')), StoreUnavailable)
    t.notOk((await readdir(directory)).includes('nothing'))
  },
)

t.test('a write that fails rejects every commit of its batch, leaves nothing behind and is got over', async t => {
  for (const [name, failing] of Object.entries({
    'level-before': levelFailsOnce(false),
    'level-after': levelFailsOnce(true),
    head: headFailsOnce,
  })) {
    const directory = join(t.testdir(), name)
    const store = await LevelStore.open(directory)
    await store.commit([putDevice(device('a'), { bootId: 'old' }), append(eventOf(device('a')))])
    const restore = await failing()
    const rejected = await Promise.allSettled(
      [1, 2, 3].map(() => store.commit([putDevice(device('a'), { bootId: 'new' }), append(eventOf(device('b')))])),
    )
    restore()
    t.strictSame(
      rejected.map(outcome => outcome.status),
      ['rejected', 'rejected', 'rejected'],
      name,
    )
    for (const outcome of rejected) if (outcome.status === 'rejected') t.type(outcome.reason, StoreUnavailable)
    await nothingIsLeft(t, store, name)
    const [event] = await store.commit([append(eventOf(device('c')))])
    t.equal(event?.id, eventIdOf(2), 'the next event takes the number that was not used')
    await nothingIsLeft(t, store, `${name}, after the next commit`)
    await store.close()
    const again = await LevelStore.open(directory)
    await nothingIsLeft(t, again, `${name}, after a restart`)
    t.strictSame((await again.verify()).problems, [])
    await again.close()
  }
})

async function nothingIsLeft(t: Test, store: Store, said: string): Promise<void> {
  t.equal((await store.device(device('a')))?.bootId, 'old', said)
  t.strictSame((await store.events({ device: device('b'), order: 'ASC', limit: 5 })).items, [], said)
}

t.test('with a full disk nothing is claimed, and writing goes on when there is room again', async t => {
  const mount = t.testdir()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', mount], { stdio: 'pipe' })
  } catch {
    console.error('SKIPPED: the disk-full test needs the right to mount a tmpfs')
    t.comment('SKIPPED: needs the right to mount a tmpfs')
    return
  }
  try {
    await fillAndFree(t, mount)
  } finally {
    execFileSync('umount', [mount])
  }
})

async function fillAndFree(t: Test, mount: string): Promise<void> {
  const directory = join(mount, 'store')
  const ballast = join(mount, 'ballast')
  let store = await LevelStore.open(directory, { writeBufferBytes: 256 * 1024 })
  const [random, rounds] = [seeded(seed), long ? 12 : 3]
  const restartsIn = (round: number): boolean => round % (long ? 4 : 3) === 2
  const acknowledged = new Map<EventId, string>()
  let rejectedCount = 0
  const commitSome = async (round: number) => {
    const contents = Array.from({ length: 40 }, (_, index) => `${round}-${index} ${'x'.repeat(below(random, 900))}`)
    await Promise.all(
      contents.map(async content => {
        try {
          const [event] = await store.commit([append(eventOf(device('a'), { data: { content } }))])
          if (event !== undefined) acknowledged.set(event.id, content)
        } catch (error) {
          t.type(error, StoreUnavailable)
          rejectedCount++
        }
      }),
    )
  }
  for (let round = 0; round < rounds; round++) {
    const before = rejectedCount
    for (let turn = 0; turn < 3; turn++) await commitSome(round)
    t.equal(rejectedCount, before, `round ${round}: with room every commit succeeds`)
    // Some room stays, so that a write ends in the middle of a batch.
    await fill(ballast, 4096 * below(random, 6))
    for (let turn = 0; turn < 8 && rejectedCount === before; turn++) await commitSome(round)
    for (let turn = 0; turn < 2; turn++) await commitSome(round)
    t.ok(rejectedCount > before, `round ${round}: the disk was full`)
    t.equal((await readAll(store, { order: 'ASC', limit: 500 })).length, acknowledged.size, 'reading goes on')
    if (restartsIn(round)) await store.close()
    await rm(ballast)
    if (restartsIn(round)) store = await LevelStore.open(directory, { writeBufferBytes: 256 * 1024 })
  }
  await store.close()
  const again = await LevelStore.open(directory)
  const events = await readAll(again, { order: 'ASC', limit: 1000 })
  t.strictSame(
    events.map(event => [event.id, event.data.content]),
    [...acknowledged].sort(),
  )
  t.strictSame((await again.verify()).problems, [])
  t.comment(`${rounds} rounds, ${acknowledged.size} commits acknowledged and found, ${rejectedCount} refused`)
  await again.close()
}

t.test('killed while committing, again and again: every commit that had resolved is there', async t => {
  const directory = join(t.testdir(), 'store')
  const program = new URL('programs/commit-in-a-loop.js', import.meta.url).pathname
  const random = seeded(seed)
  const lives = long ? 20 : 6
  const acknowledged = new Map<string, string>()
  for (let life = 0; life < lives; life++) {
    const [command, parameters] = bareNode([program, directory])
    const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    const ended = new Promise(resolve => child.once('close', resolve))
    lines.on('line', line => {
      if (line === 'ready') setTimeout(() => child.kill('SIGKILL'), 20 + below(random, 150))
      else acknowledged.set(line.slice(0, 32), line.slice(33))
    })
    await ended
    t.equal(child.signalCode, 'SIGKILL', 'it ran until it was killed')
    const store = await LevelStore.open(directory)
    const events = await readAll(store, { order: 'ASC', limit: 1000 })
    const stored = new Map(events.map(event => [event.id as string, event.data.content]))
    const missing = [...acknowledged].filter(([id, content]) => stored.get(id) !== content)
    t.strictSame(missing, [], `life ${life + 1}, DROVER_SEED=${seed}`)
    t.strictSame((await store.verify()).problems, [])
    await store.close()
  }
  t.comment(`${acknowledged.size} acknowledged commits over ${lives} kills`)
  t.ok(acknowledged.size > 10 * lives, 'there was something to lose')
})

t.test('a copy taken of a closed store is a store', async t => {
  const directory = t.testdir()
  const store = await LevelStore.open(join(directory, 'one'))
  await store.commit([append(eventOf(device('a')))])
  await store.close()
  await cp(join(directory, 'one'), join(directory, 'two'), { recursive: true })
  const report = await verifyStore(join(directory, 'two'))
  t.strictSame(report, { batches: 2, events: 1, auditRecords: 0, records: 4, indexRows: 3, problems: [] })
  await rm(join(directory, 'two', 'head'))
  await t.rejects(LevelStore.open(join(directory, 'two')), StoreDamaged)
})

/** Takes all the room there is except `leaveBytes`. */
async function fill(path: string, leaveBytes: number): Promise<void> {
  const block = Buffer.alloc(64 * 1024)
  const file = await open(path, 'w')
  try {
    for (let size = block.length; size >= 1; ) {
      try {
        await file.write(block, 0, size)
      } catch {
        size = Math.floor(size / 2)
      }
    }
    await file.truncate(Math.max(0, (await file.stat()).size - leaveBytes))
  } finally {
    await file.close()
  }
}

/** Does something else when a batch of any LevelDB is written. */
function aroundWrites(around: (write: () => Promise<void>, options: unknown) => Promise<void>): () => void {
  const original = Level.prototype.batch
  const wrapped = function (this: Level, ...parameters: unknown[]): unknown {
    const batch = Reflect.apply(original, this, parameters)
    const write = batch.write.bind(batch)
    batch.write = (options: object) => around(() => write(options), options)
    return batch
  }
  Level.prototype.batch = wrapped as typeof original
  return () => {
    Level.prototype.batch = original
  }
}

/** The next batch of any LevelDB is refused; `written` says whether it is in the log nevertheless, as when fsync fails. */
function levelFailsOnce(written: boolean): () => Promise<() => void> {
  return async () => {
    const restore = aroundWrites(async write => {
      restore()
      if (written) await write()
      throw new Error('IO error: No space left on device')
    })
    return restore
  }
}

/** Notes each write of a LevelDB and of a head, when it begins and when it is done. */
async function watchWrites(steps: string[]): Promise<() => void> {
  const handle = await prototypeOfFileHandle()
  const { datasync } = handle
  const restore = aroundWrites(async (write, options) => {
    steps.push('batch')
    await write()
    steps.push(`batch done ${JSON.stringify(options)}`)
  })
  handle.datasync = async function (this: FileHandle) {
    steps.push('head')
    await Reflect.apply(datasync, this, [])
    steps.push('head done')
  }
  return () => {
    restore()
    handle.datasync = datasync
  }
}

/** Begins something that writes, and stops it when the batch is written and the head is not. */
async function heldAtHead<T>(begin: () => Promise<T>): Promise<{ done: Promise<T>; letGo: () => void }> {
  const handle = await prototypeOfFileHandle()
  const { datasync } = handle
  let letGo: () => void = () => undefined
  let arrive: () => void = () => undefined
  const held = new Promise<void>(resolve => {
    letGo = resolve
  })
  const reached = new Promise<void>(resolve => {
    arrive = resolve
  })
  handle.datasync = async function (this: FileHandle) {
    handle.datasync = datasync
    arrive()
    await held
    await Reflect.apply(datasync, this, [])
  }
  const done = begin()
  await reached
  return { done, letGo }
}

async function prototypeOfFileHandle(): Promise<FileHandle> {
  const file = await open(process.execPath)
  await file.close()
  return Object.getPrototypeOf(file) as FileHandle
}

/** The next write of a head is not synced. */
async function headFailsOnce(): Promise<() => void> {
  const prototype = await prototypeOfFileHandle()
  const original = prototype.datasync
  const restore = () => {
    prototype.datasync = original
  }
  prototype.datasync = async () => {
    restore()
    throw new Error('EIO: i/o error, fdatasync')
  }
  return restore
}
