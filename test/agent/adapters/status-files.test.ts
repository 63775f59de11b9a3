import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Readiness } from '../../../agent/adapters/readiness.ts'
import { keepRecentLog, restoreRecentLog } from '../../../agent/adapters/recent-log-file.ts'
import { StatusFiles } from '../../../agent/adapters/status-files.ts'
import { systemDisk } from '../../../agent/adapters/system-disk.ts'
import { LogRing } from '../../../agent/log-ring.ts'
import type { AgentView, Happening } from '../../../agent/observer.ts'
import type { Disk } from '../../../agent/ports.ts'
import { endOf, processStartOf } from '../../../agent/process-facts.ts'
import { historyEventsMax, historyResultsMax, readHistory, readStatus } from '../../../agent/status.ts'
import { VirtualClock } from '../fakes/clock.ts'

const idle: AgentView = {
  ...{ components: [], step: 'idle', ready: false, outboxCount: 0 },
  link: { connected: false },
}
const result = (what: string): Happening => ({ kind: 'result', operation: 'o', attempt: 1, what, data: {} })

interface Scene {
  readonly folder: string
  readonly clock: VirtualClock
  readonly warnings: unknown[]
  /** Files that were moved into their place. */
  readonly written: string[]
  readonly broken: { error: Error | undefined }
  readonly open: () => Promise<StatusFiles>
  /** Moves that were tried, those that failed included. */
  readonly tries: () => number
}

/** What is waited for on the real disk. */
async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 20_000
  while (!holds()) {
    if (Date.now() > end) throw new Error('not in time')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
const rest = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 60))

function scene(t: Test): Scene {
  const folder = t.testdir({})
  const clock = new VirtualClock()
  const warnings: unknown[] = []
  const written: string[] = []
  const broken: { error: Error | undefined } = { error: undefined }
  let tries = 0
  const disk: Disk = {
    ...systemDisk,
    rename: async (from, to) => {
      tries += 1
      if (broken.error !== undefined) throw broken.error
      await systemDisk.rename(from, to)
      written.push(to.slice(folder.length + 1))
    },
  }
  const warn = ({ event }: Readonly<Record<string, unknown>>): void => void warnings.push(event)
  const log = { debug: () => {}, info: () => {}, warn, error: warn }
  const settings = {
    ...{ dataDir: folder, device: 'd', broker: 'b:1', agentVersion: '1', pid: 1, processStart: '5' },
    bootId: '00'.repeat(16),
    memory: () => ({ rssBytes: 1, heapBytes: 2 }),
  }
  return {
    ...{ folder, clock, warnings, written, broken },
    open: () => StatusFiles.open({ clock, log, disk }, settings),
    tries: () => tries,
  }
}

t.test('what changes is written at once, then at most once a second, and what stays is not', async t => {
  const { clock, folder, open, written } = scene(t)
  const files = await open()
  files.changed(idle)
  await until(() => written.length > 0)
  t.same(written, ['status.json'])
  for (let count = 1; count <= 50; count += 1) files.changed({ ...idle, outboxCount: count })
  await rest()
  t.equal(written.length, 1, 'not within the second')
  await clock.advance(1000)
  await until(() => written.length === 2)
  t.match(await readStatus(folder), { outboxCount: 50, pid: 1, stepSince: Date.UTC(2026, 0, 1) })
  files.changed({ ...idle, outboxCount: 50 })
  await clock.advance(60_000)
  await rest()
  t.equal(written.length, 2, 'the same is no news')
  t.equal(clock.timerCount, 0)
  await files.close()
  t.match(await readStatus(folder), { stoppedAt: clock.wallMs() })
  t.equal(statSync(join(folder, 'status.json')).mode & 0o777, 0o644)
})

t.test('since when: the step, the line and the wait each have their own time', async t => {
  const { clock, folder, open, written } = scene(t)
  const start = clock.wallMs()
  const files = await open()
  files.changed(idle)
  await clock.advance(5000)
  files.changed({ ...idle, link: { connected: true } })
  await clock.advance(5000)
  const job = { operation: 'o', attempt: 1, operationType: 'firmware-update' }
  files.changed({ ...idle, link: { connected: true }, step: 'accepting', job, waitingFor: 'window' })
  await clock.advance(5000)
  files.changed({ ...idle, link: { connected: true }, step: 'accepting', job, waitingFor: 'window', outboxCount: 1 })
  await clock.advance(2000)
  await until(() => written.length === 4)
  t.match(await readStatus(folder), {
    linkSince: start + 5000,
    stepSince: start + 10_000,
    waitingSince: start + 10_000,
  })
  await files.close()
})

t.test('the history goes on after a restart, is bounded, and keeps no long texts', async t => {
  const { clock, folder, open } = scene(t)
  const files = await open()
  files.changed(idle)
  files.happened([{ ...result('failed'), data: { diff: 'x'.repeat(5000), output: 'a secret' } }])
  await clock.advance(1000)
  await files.close()
  const again = await open()
  again.changed(idle)
  for (let count = 0; count < 400; count += 1)
    again.happened([result(`UPD4_FAIL_${count}`), { ...result('downloading'), kind: 'event' }])
  await again.close()
  const { results, events } = await readHistory(folder)
  t.equal(results.length, historyResultsMax)
  t.equal(events.length, historyEventsMax)
  t.equal(results.at(-1)?.what, 'UPD4_FAIL_399')
  t.match(await readStatus(folder), { lastResults: { length: 5 } })
  writeFileSync(join(folder, 'history.json'), '{"format":1,"results":[{}]}')
  const anew = await open()
  anew.happened([{ ...result('failed'), data: { diff: 'x'.repeat(5000), output: 'a secret' } }])
  anew.changed(idle)
  await anew.close()
  const kept = (await readHistory(folder)).results[0]?.data
  t.equal(kept?.diff?.length, 256)
  t.match(kept, { output: undefined, output_cut: 'true' }, 'what a program printed is not for everybody on the device')
})

t.test('a disk that refuses is told once, holds nothing up, and gets it when it takes it again', async t => {
  const { clock, folder, open, tries, warnings, broken, written } = scene(t)
  const files = await open()
  broken.error = Object.assign(new Error('full'), { code: 'ENOSPC' })
  for (let count = 0; count < 5; count += 1) {
    files.changed({ ...idle, outboxCount: count })
    files.happened([result(`UPD4_FAIL_${count}`)])
    const before = tries()
    await clock.advance(1000)
    await until(() => tries() > before)
  }
  t.same(warnings, ['status-not-written'])
  broken.error = undefined
  await rest()
  files.changed({ ...idle, outboxCount: 9 })
  await clock.advance(1000)
  await until(() => written.includes('status.json'))
  // What had waited may be written before it.
  if ((await readStatus(folder))?.outboxCount !== 9) {
    const before = written.length
    await clock.advance(1000)
    await until(() => written.length > before)
  }
  t.match(await readStatus(folder), { outboxCount: 9 })
  t.equal((await readHistory(folder)).results.length, 5, 'nothing of the history was lost')
  broken.error = new Error('gone')
  await files.close()
})

t.test('ready is said once; the file of a run before is taken away at the start', async t => {
  const { folder, clock } = scene(t)
  const file = join(folder, 'ready')
  writeFileSync(file, 'old')
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const errors: unknown[] = []
  const ports = { clock, disk: systemDisk, log: { ...log, error: (facts: object) => void errors.push(facts) } }
  const readiness = await Readiness.open(ports, { file, environment: {}, pid: 7 })
  t.throws(() => statSync(file), { code: 'ENOENT' })
  readiness.changed(idle)
  await rest()
  t.throws(() => statSync(file), { code: 'ENOENT' }, 'connected and drained, not before')
  readiness.changed({ ...idle, ready: true })
  await until(() => existsSync(file))
  t.match(JSON.parse(readFileSync(file, 'utf8')), { pid: 7 })
  readiness.changed(idle)
  await rest()
  t.ok(statSync(file), 'a line that is lost later does not make it unready')
  await readiness.close()
  t.throws(() => statSync(file), { code: 'ENOENT' })
  const environment = { NOTIFY_SOCKET: '/run/x', PATH: folder }
  const without = await Readiness.open(ports, { file: undefined, environment, pid: 7 })
  without.changed({ ...idle, ready: true })
  await without.close()
  t.match(errors, [{ event: 'notify-failed', reason: 'not-started-ENOENT' }], 'a system without the program says so')
})

t.test('the recent log goes from one run to the next, once', async t => {
  const path = join(t.testdir({}), 'recent-log')
  const log = { debug: () => {}, info: () => {}, warn: () => t.fail('warned'), error: () => t.fail('error') }
  const ring = new LogRing()
  await restoreRecentLog(systemDisk, path, ring, log)
  ring.write('{"a":1}\n')
  await keepRecentLog(systemDisk, path, ring, log)
  t.equal(statSync(path).mode & 0o777, 0o600)
  const next = new LogRing()
  await restoreRecentLog(systemDisk, path, next, log)
  t.equal(next.read().text, '{"a":1}\n')
  t.throws(() => statSync(path), { code: 'ENOENT' })
})

t.test('a process is itself: its number, its start and the boot of the machine', async t => {
  const processStart = await processStartOf(process.pid)
  t.match(processStart, /^\d+$/)
  const me = { pid: process.pid, ...(processStart === undefined ? {} : { processStart }), bootId: 'b' }
  t.equal(await endOf(me, 'b'), undefined)
  t.equal(await endOf(me, undefined), undefined, 'a system that tells no boot')
  t.match(await endOf({ ...me, processStart: '1' }, 'b'), /another program by now/)
  t.match(await endOf(me, 'c'), /started anew since/)
  t.match(await endOf({ ...me, stoppedAt: 0 }, 'b'), /ended in order, 1970/)
  t.match(await endOf({ ...me, pid: 2 ** 22 + 5 }, 'b'), /is gone/)
  t.equal(await endOf({ pid: 1 }, 'b'), undefined, 'somebody else’s, and there')
})
