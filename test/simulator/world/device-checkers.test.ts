// The checkers that look at devices, each shown what it must let pass and what it must see.
import t from 'tap'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import { deviceId } from '../../../proto/ids.ts'
import type { CheckerOf, DeviceEnding, DeviceLook, Ending } from '../../../simulator/checkers/checker.ts'
import { images, outboxes, versions } from '../../../simulator/checkers/devices.ts'
import { Ledger } from '../../../simulator/checkers/ledger.ts'
import { wasExecuted } from '../../../simulator/checkers/tally.ts'
import { Seed } from '../../../simulator/world/seed.ts'
import { executionOf, operation } from '../../suites/store-samples.ts'

const device = deviceId('sensor-1')
const image = (version: string, digest = 'good') => ({ version, digest })

function look(running: string, committed: string, onTrial = false): DeviceLook {
  return { device, running: image(running), committed: image(committed), onTrial, lies: false }
}

/** What a checker says of these looks, one after the other. */
function said(checker: CheckerOf, looks: readonly DeviceLook[]): readonly string[] {
  const problems: string[] = []
  const made = checker(problem => problems.push(problem))
  for (const each of looks) made.looked?.(each)
  return problems
}

t.test('bytes that nobody vouches for are seen, running or committed', async t => {
  const checker = images(new Set(['good']))
  t.same(said(checker, [look('2.0.0', '1.0.0', true)]), [])
  const bad = image('2.0.0', 'bad')
  t.match(said(checker, [{ ...look('1.0.0', '1.0.0'), running: bad }]), [/sensor-1 runs 2\.0\.0, bytes bad/])
  t.match(said(checker, [{ ...look('1.0.0', '1.0.0'), committed: bad }]), [/bytes bad/])
})

t.test('a version never falls, but for the way back to where it came from', async t => {
  const row = (...looks: readonly DeviceLook[]): readonly string[] => said(versions, looks)
  t.same(row(look('1.0.0', '1.0.0'), look('2.0.0', '1.0.0', true), look('2.0.0', '2.0.0')), [], 'an update')
  t.same(row(look('1.0.0', '1.0.0'), look('2.0.0', '1.0.0', true), look('1.0.0', '1.0.0')), [], 'a failed trial')
  t.same(row(look('1.0.0', '1.0.0'), look('2.0.0', '2.0.0'), look('1.0.0', '1.0.0')), [], 'switched, and back')
  t.match(row(look('2.0.0', '2.0.0'), look('1.0.0', '1.0.0')), [/had 2\.0\.0 committed and now 1\.0\.0/])
  t.match(
    row(look('1.0.0', '1.0.0'), look('2.0.0', '2.0.0'), look('3.0.0', '3.0.0'), look('1.0.0', '1.0.0')),
    [/had 3\.0\.0 committed and now 1\.0\.0/],
    'not further back',
  )
  t.match(row(look('2.0.0', '1.0.0')), [/neither committed nor on trial/])
  t.match(row(look('1.0.0', '2.0.0', true)), [/below 2\.0\.0/])
})

t.test('what the ledger counts as it goes is what counting all of its executions gives', async t => {
  const seed = new Seed('tally')
  const ledger = new Ledger()
  const moment = { trueMs: 0, wallMs: 0, fleetMs: 0, believedWallMs: 0, life: 1, runMs: 0, graceMs: 0 }
  const states = ['pending', 'in-progress', 'completed', 'failed', 'skipped'] as const
  for (let step = 0; step < 400; step += 1) {
    const state = seed.pick(states)
    const ended = state !== 'pending' && state !== 'in-progress'
    const execution = {
      ...executionOf(operation(seed.whole(1, 2)), deviceId(`sensor-${seed.whole(1, 40)}`), state),
      attempt: seed.whole(0, 2),
      wave: seed.whole(0, 1),
      ...(ended ? { code: seed.pick(['SYS_112', 'SYS_110', 'SYS_101', 'UPD4_FAIL_24'] as const) } : {}),
    }
    ledger.take([{ kind: 'put-execution', execution }], [], moment, moment)
  }
  for (const id of [operation(1), operation(2)]) {
    const [all, tally] = [ledger.executions(id), ledger.tally(id)]
    t.equal(tally.total, all.length)
    for (const state of states) t.equal(tally.of(state), all.filter(each => each.state === state).length, state)
    const executed = all.filter(wasExecuted)
    t.ok(executed.length > 0, 'some were executed')
    t.equal(tally.executed, executed.length)
    const failures = executed.filter(({ code }) => code === 'UPD4_FAIL_24').filter(({ state }) => state !== 'completed')
    t.equal(tally.failures.get('UPD4_FAIL_24') ?? 0, failures.length)
    t.equal(tally.byCode.get('SYS_112') ?? 0, all.filter(({ code }) => code === 'SYS_112').length)
    t.equal(tally.handedOverIn(1), all.filter(({ attempt, wave }) => attempt > 0 && wave === 1).length)
    t.equal(
      tally.succeeded,
      all.filter(({ attempt, state, code }) => attempt > 0 && (state === 'completed' || code === 'SYS_110')).length,
    )
  }
  const busy = [operation(1), operation(2)]
    .flatMap(id => ledger.executions(id))
    .filter(each => each.state === 'in-progress')
  t.ok(busy.length > 0, 'some are in progress')
  t.equal(ledger.inProgressCount, busy.length)
  for (const { device } of busy)
    t.equal(ledger.inProgressOf(device).length, busy.filter(each => each.device === device).length)
})

t.test('a device that has work or words left at the end is seen, one that was never on is not', async t => {
  const problems: string[] = []
  const ending = (fields: Partial<DeviceEnding>): DeviceEnding => ({
    device,
    outboxCount: 0,
    busy: undefined,
    wasSeen: true,
    ...fields,
  })
  const at = { trueMs: 0, wallMs: 0, fleetMs: 0, believedWallMs: 0, life: 1, runMs: 0, graceMs: 0 }
  const ended = async (devices: readonly DeviceEnding[]): Promise<readonly string[]> => {
    problems.length = 0
    const world: Ending = { ledger: new Ledger(), contents: new MemoryStore(), at, devices }
    await outboxes(problem => problems.push(problem)).ended?.(world)
    return [...problems]
  }
  t.same(await ended([ending({})]), [])
  t.same(await ended([ending({ outboxCount: 3, busy: 'downloading', wasSeen: false })]), [])
  t.match(await ended([ending({ outboxCount: 3 })]), [/sensor-1 still has 3 events/])
  t.match(await ended([ending({ busy: 'awaiting-install' })]), [/sensor-1 is still awaiting-install/])
})
