// The journal on a real LevelDB: what a save means, what a damaged record does, and what a full disk leaves behind.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import t, { type Test } from 'tap'
import { LevelJournal } from '../../../../agent/adapters/level-journal/level-journal.ts'
import { systemClock } from '../../../../agent/adapters/system-clock.ts'
import { systemRandom } from '../../../../agent/adapters/system-random.ts'
import type { AgentMemory } from '../../../../agent/core/memory.ts'
import type { Clock, Journal } from '../../../../agent/ports.ts'
import type { DeviceEvent } from '../../../../proto/messages.ts'

// The journal keeps the memory as JSON and looks at none of it.
const memory = (text: string): AgentMemory => ({ text }) as unknown as AgentMemory

const event = (journalId: string, eventNumber: number): DeviceEvent => ({
  journalId,
  eventNumber,
  deviceTime: 1_700_000_000_000,
  content: { kind: 'step', step: 'downloading' },
  data: {},
})

async function opened(t: Test, folder: string, clock: Clock = systemClock): Promise<LevelJournal> {
  const journal = await LevelJournal.open(folder, systemRandom, clock)
  t.teardown(() => journal.close())
  return journal
}

/** `count` saves: memory `m1` … and one event each; returns the journal id. */
async function filled(folder: string, count: number): Promise<string> {
  const journal = await LevelJournal.open(folder, systemRandom, systemClock)
  const { journalId } = await journal.read()
  for (let number = 1; number <= count; number += 1)
    await journal.save({ memory: memory(`m${number}`), events: [event(journalId, number)] })
  await journal.close()
  return journalId
}

const numbers = async (journal: Journal): Promise<readonly number[]> =>
  (await journal.read()).outbox.map(({ eventNumber }) => eventNumber)

t.test('a new journal has an id of its own and nothing else; the id stays', async t => {
  const folder = t.testdir({})
  const journal = await LevelJournal.open(join(folder, 'one'), systemRandom, systemClock)
  const { journalId, memory: none, outbox } = await journal.read()
  t.match(journalId, /^[0-9a-f]{16}$/)
  t.same([none, outbox], [undefined, []])
  await journal.close()
  t.equal((await (await opened(t, join(folder, 'one'))).read()).journalId, journalId)
  t.not((await (await opened(t, join(folder, 'two'))).read()).journalId, journalId)
})

t.test('what was saved is read back after a new start: memory whole, events in the order of their numbers', async t => {
  const folder = t.testdir({})
  const journalId = await filled(folder, 12)
  const journal = await opened(t, folder)
  const snapshot = await journal.read()
  t.same(snapshot.memory, memory('m12'))
  t.same(snapshot.outbox[8], event(journalId, 9))
  t.same(await numbers(journal), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  await journal.save({ acknowledged: [1, 3, 99] })
  await journal.save({ events: [event(journalId, 13)], acknowledged: [2] })
  await journal.save({})
  t.same(await numbers(journal), [4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
  t.same((await journal.read()).memory, memory('m12'), 'memory stays when a save has none')
})

t.test('saves that are asked for together are done one after the other', async t => {
  const journal = await opened(t, t.testdir({}))
  const { journalId } = await journal.read()
  const wanted = Array.from({ length: 30 }, (_, i) => i + 1)
  await Promise.all(wanted.map(n => journal.save({ memory: memory(`m${n}`), events: [event(journalId, n)] })))
  t.same(await numbers(journal), wanted)
  t.same((await journal.read()).memory, memory('m30'))
  await Promise.all(wanted.slice(0, 29).map(n => journal.save({ acknowledged: [n] })))
  t.same(await numbers(journal), [30])
})

t.test('a save is one batch that is fsynced', async t => {
  const calls: { readonly length: number; readonly sync: unknown }[] = []
  const { batch } = Level.prototype
  Level.prototype.batch = function (this: unknown, operations: unknown[], options: { sync?: boolean }) {
    calls.push({ length: operations.length, sync: options.sync })
    return Reflect.apply(batch, this, [operations, options])
  } as never
  t.teardown(() => {
    Level.prototype.batch = batch
  })
  const journal = await opened(t, t.testdir({}))
  const { journalId } = await journal.read()
  await journal.save({ memory: memory('m'), events: [event(journalId, 1), event(journalId, 2)] })
  t.same(calls, [
    { length: 1, sync: true },
    { length: 4, sync: true },
  ])
})

t.test('a record that is damaged, gone, old or strange is told, whichever it is', async t => {
  const rows: readonly (readonly [string, RegExp, (level: Level<string, Buffer>) => Promise<unknown>])[] = [
    ['damaged memory', /memory is damaged/, level => flip(level, 'memory')],
    ['damaged event', /event 2 is damaged/, level => flip(level, 'event/0000000000000002')],
    ['damaged head', /head is damaged/, level => flip(level, 'head')],
    ['event gone', /event 1 is gone/, level => level.del('event/0000000000000001')],
    ['memory gone', /memory is gone/, level => level.del('memory')],
    ['head gone', /the head record is gone/, level => level.del('head')],
  ]
  for (const [name, message, spoil] of rows)
    await t.test(name, async t => {
      const folder = t.testdir({})
      await filled(folder, 3)
      const level = new Level<string, Buffer>(folder, { valueEncoding: 'buffer' })
      await spoil(level)
      await level.close()
      await t.rejects(LevelJournal.open(folder, systemRandom, systemClock), { code: 'STORED_THING_CORRUPT', message })
    })
  await t.test('an older memory under a newer head', async t => {
    const folder = t.testdir({})
    await filled(folder, 1)
    const level = new Level<string, Buffer>(folder, { valueEncoding: 'buffer' })
    const old = await level.get('memory')
    await level.close()
    await (await LevelJournal.open(folder, systemRandom, systemClock)).close()
    const journal = await LevelJournal.open(folder, systemRandom, systemClock)
    await journal.save({ memory: memory('newer') })
    await journal.close()
    await level.open()
    await level.put('memory', old as Buffer)
    await level.close()
    await t.rejects(LevelJournal.open(folder, systemRandom, systemClock), { message: /memory is an older one/ })
  })
})

async function flip(level: Level<string, Buffer>, key: string): Promise<void> {
  const bytes = Buffer.from((await level.get(key)) as Buffer)
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1
  await level.put(key, bytes)
}

t.test('a flipped byte anywhere in the log of the database is told, or nothing is lost', async t => {
  const folder = t.testdir({})
  await filled(folder, 6)
  const log = readdirSync(folder).find(file => file.endsWith('.log')) ?? 'none'
  const files = readdirSync(folder).map(file => [file, readFileSync(join(folder, file))] as const)
  const whole = readFileSync(join(folder, log))
  let told = 0
  const flips = 60
  for (let flip = 0; flip < flips; flip += 1) {
    const position = Math.floor((whole.length * flip) / flips)
    for (const file of readdirSync(folder)) rmSync(join(folder, file))
    for (const [file, bytes] of files) writeFileSync(join(folder, file), bytes)
    const damaged = Buffer.from(whole)
    damaged[position] = (damaged[position] as number) ^ 0x40
    writeFileSync(join(folder, log), damaged)
    try {
      const journal = await LevelJournal.open(folder, systemRandom, systemClock)
      t.same((await journal.read()).memory, memory('m6'), `byte ${position}`)
      await journal.close()
    } catch (error) {
      told += 1
      t.match(error, { code: 'STORED_THING_CORRUPT' }, `byte ${position}`)
    }
  }
  t.ok(told > flips / 2, `${told} of ${flips} told`)
})

t.test('a log that was deleted is told: LevelDB alone would begin from nothing', async t => {
  const folder = t.testdir({})
  await filled(folder, 3)
  for (const file of readdirSync(folder)) if (file.endsWith('.log')) rmSync(join(folder, file))
  await t.rejects(LevelJournal.open(folder, systemRandom, systemClock), {
    code: 'STORED_THING_CORRUPT',
    message: /0 saves, expected 4 at least/,
  })
})

t.test('the count of saves may be behind or damaged: it can only prove less', async t => {
  const folder = t.testdir({})
  await filled(folder, 3)
  const path = join(folder, 'saves')
  for (const spoil of ['', 'nonsense', readFileSync(path, 'utf8').replace('4 ', '9 ')]) {
    writeFileSync(path, spoil)
    const journal = await LevelJournal.open(folder, systemRandom, systemClock)
    t.same((await journal.read()).memory, memory('m3'))
    await journal.close()
  }
})

t.test('a journal that another process holds is waited for, then told', async t => {
  const folder = t.testdir({})
  const first = await LevelJournal.open(folder, systemRandom, systemClock)
  let waits = 0
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => waits * 200,
    after(_delayMs, run) {
      waits += 1
      return systemClock.after(1, run)
    },
  }
  await t.rejects(LevelJournal.open(folder, systemRandom, clock), {
    code: 'STORAGE_READ_FAILED',
    errno: 'LOCKED',
    message: /another process uses it/,
  })
  t.equal(waits, 75)
  const second = opened(t, folder)
  await first.close()
  t.ok(await second, 'the next one gets it as soon as it is free')
})

t.test(
  'a full disk: the save fails with its errno, what was saved stays, and saving goes on when there is space',
  async t => {
    const folder = mkdtempSync(join(tmpdir(), 'drover-full-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      rmSync(folder, { recursive: true })
      t.pass('NOT PROVED HERE: a full disk needs the right to mount a small tmpfs', { skip: true })
      return
    }
    t.teardown(() => {
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    })
    const fillers: string[] = []
    const fill = (): void => {
      for (;;) {
        const filler = join(folder, `filler-${fillers.length}`)
        fillers.push(filler)
        try {
          writeFileSync(filler, Buffer.alloc(4096))
        } catch {
          return
        }
      }
    }
    const free = (): void => {
      for (const filler of fillers.splice(0)) rmSync(filler, { force: true })
    }
    const full = { code: 'STORAGE_WRITE_FAILED', errno: 'ENOSPC' }

    // Where the log is cut in two depends on the sizes, so a few are tried.
    for (const size of [5_000, 9_000, 20_000, 40_000, 70_000, 100_000]) {
      const path = join(folder, `journal-${size}`)
      const big = memory('x'.repeat(size))
      const journal = await LevelJournal.open(path, systemRandom, systemClock)
      t.teardown(() => journal.close())
      const { journalId } = await journal.read()
      await journal.save({ memory: memory('good'), events: [event(journalId, 1)] })
      fill()
      await t.rejects(journal.save({ memory: big, events: [event(journalId, 2)] }), full)
      t.same((await journal.read()).memory, memory('good'))
      free()
      await journal.save({ events: [event(journalId, 3)] })
      await journal.close()
      // LevelDB alone would have taken that save, said that it is durable, and lost it here.
      const second = await LevelJournal.open(path, systemRandom, systemClock)
      t.teardown(() => second.close())
      t.same([await numbers(second), (await second.read()).memory], [[1, 3], memory('good')], `cut of ${size}`)

      fill()
      await t.rejects(second.save({ memory: big }), full)
      await t.rejects(second.save({ memory: big }), { code: full.code }, 'as long as it is full')
      free()
      await second.save({ memory: memory('after'), acknowledged: [1] })
      await second.close()
      const third = await LevelJournal.open(path, systemRandom, systemClock)
      t.same([await numbers(third), (await third.read()).memory], [[3], memory('after')])
      await third.close()
    }
  },
)
