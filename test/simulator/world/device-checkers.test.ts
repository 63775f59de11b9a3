// The checkers that look at devices, each shown what it must let pass and what it must see.
import t from 'tap'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import { deviceId } from '../../../proto/ids.ts'
import type { CheckerOf, DeviceEnding, DeviceLook, Ending } from '../../../simulator/checkers/checker.ts'
import { images, outboxes, versions } from '../../../simulator/checkers/devices.ts'
import { Ledger } from '../../../simulator/checkers/ledger.ts'

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
