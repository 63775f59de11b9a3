// Every fault by its real condition: all at once on one broker, in one operation with one good image, and each sensor ends as
// fault-expectations.ts says.
import t from 'tap'
import { systemClock } from '../../../agent/adapters/system-clock.ts'
import { faultNames } from '../../../simulator/fleet/fault-names.ts'
import type { DeviceProfile } from '../../../simulator/fleet/plan.ts'
import { defaultProfile } from '../../../simulator/fleet/profile-file.ts'
import { doingOf } from '../../../simulator/fleet/sensor/faults.ts'
import { Line, type LineEnds, type LineTap } from '../../../simulator/fleet/sensor/line.ts'
import { delaying, doubling, dropping, flapping, spoiling } from '../../../simulator/fleet/sensor/line-faults.ts'
import { publishOf, readPublish } from '../../../simulator/fleet/sensor/mqtt-packets.ts'
import type { SensorShared } from '../../../simulator/fleet/sensor/shared.ts'
import { Seed } from '../../../simulator/world/seed.ts'
import { VirtualClock } from '../../agent/fakes/clock.ts'
import { goodBundle, SensorStage, type SensorWishes } from './sensor-stage.ts'

t.test('with a restart and without: every fault ends as it has to', async t => {
  const stage = await SensorStage.open(t)
  const kinds = [true, false].map(reboot => {
    const name = reboot ? 'restarting' : 'going on'
    const profile = { components: [{ name: 'main', version: '1.0.0', imageBytes: 20_000, reboot }] }
    const wishes: SensorWishes[] = [undefined, ...faultNames].map(fault => ({
      id: `${name.slice(0, 5)}-${fault ?? 'good'}`,
      ...(fault === undefined ? {} : { fault }),
      profile,
    }))
    // One artifact for each: they would be the same release otherwise.
    return { name, reboot, wishes, bundle: goodBundle(reboot ? '2.0.0' : '3.0.0', 60_000, reboot) }
  })
  await stage.started(kinds.flatMap(({ wishes }) => wishes))
  await Promise.all(
    kinds.map(async ({ name, reboot, wishes, bundle }) => {
      const ids = wishes.map(({ id }) => id)
      const codes = await stage.update(bundle, ids)
      for (const wish of wishes) {
        const { codes: right, updated } = stage.expected(wish, reboot)
        const code = codes.get(wish.id) ?? ''
        t.ok(right.includes(code), `${name}: ${wish.id}: ${right.join(' or ')}, got ${code}`)
        const versions = Object.values(stage.sensors.get(wish.id)?.versions ?? {})
        t.equal(versions.includes(bundle.manifest.version), updated, `${name}: ${wish.id}: runs ${versions.join()}`)
        if (!right.includes(code)) t.comment(stage.whatOf(wish.id).join(' · '))
      }
    }),
  )
  const done = (fault: string): boolean =>
    ['resta', 'going'].some(name => stage.whatOf(`${name}-${fault}`).includes('faulted'))
  const cuts = faultNames.filter(name => name.startsWith('power-cut-'))
  const toldWhenDone = ['drop', 'duplicate', 'delay', 'corrupt-chunk', 'flapping', 'lying', ...cuts]
  for (const fault of toldWhenDone) t.ok(done(fault), `${fault}: it has really been done`)
  // Without a restart of its own a sensor connects a second time only because its power was gone.
  for (const fault of ['accepted', 'downloading', 'verifying', 'installing'].map(step => `power-cut-${step}`)) {
    const what = stage.whatOf(`going-${fault}`)
    t.ok(what.lastIndexOf('connected') > what.indexOf('faulted'), `${fault}: it came back: ${what.join(' · ')}`)
  }
})

t.test('a slow reader ends like a good device: it is slow, and never faster than its profile', async t => {
  const speedOf = (profile: DeviceProfile): number | undefined =>
    doingOf('slow-reader', {
      profile,
      shared: {} as SensorShared,
      seed: new Seed('slow'),
      clock: systemClock,
      told: () => {},
      cutPower: () => {},
      installed: () => undefined,
    }).profile?.downBytesPerSecond
  t.equal(speedOf(defaultProfile), 32 * 1024)
  t.equal(speedOf({ ...defaultProfile, downBytesPerSecond: 1000 }), 1000)
})

t.test('what is told to be wrong with a line has been done to its packets, and nothing else has', async t => {
  const topics = ['drover/v1/devices/sensor-1/chunks/data', 'drover/v1/broadcast/0123456789abcdef/control']
  /** Of 50 packets on each topic: what came through, when and how often the fault was told. */
  const passed = async (made: (told: () => void) => LineTap) => {
    const clock = new VirtualClock()
    const down: { readonly topic: string; readonly text: string; readonly atMs: number }[] = []
    let [told, cuts] = [0, 0]
    const ends: LineEnds = {
      down: packet => {
        const { topic = '', payload = '' } = readPublish(packet) ?? {}
        down.push({ topic, text: Buffer.from(payload).toString(), atMs: clock.monotonicMs() })
      },
      up: () => {},
      cut: () => {
        cuts += 1
      },
      isOpen: () => true,
    }
    const tap = made(() => {
      told += 1
    })
    const line = new Line([tap], ends, clock, new Seed('taps'))
    line.opened()
    for (let number = 0; number < 50; number += 1)
      for (const topic of topics) line.down(publishOf(topic, Buffer.from(`text ${number}!`)))
    await clock.advance(600_000)
    return { down, told, cuts }
  }
  const sent = 50 * topics.length
  const dropped = await passed(told => dropping(0.2, told))
  t.ok(dropped.told > 0)
  t.equal(dropped.down.length, sent - dropped.told)
  t.equal(dropped.down.filter(({ topic }) => topic.endsWith('/control')).length, 50, 'the words of a session stay')
  const doubled = await passed(told => doubling(0.2, told))
  t.ok(doubled.told > 0)
  t.equal(doubled.down.length, sent + doubled.told)
  const spoiled = await passed(told => spoiling(0.2, told))
  t.ok(spoiled.told > 0)
  t.equal(spoiled.down.filter(({ text }) => !/^text \d+!$/.test(text)).length, spoiled.told)
  const delayed = await passed(told => delaying(20, 500, told))
  t.same([delayed.told, delayed.down.length], [sent, sent])
  t.ok(delayed.down.every(({ atMs }) => atMs >= 20))
  t.same(
    delayed.down.filter(({ topic }) => topic === topics[0]).map(({ text }) => text),
    Array.from({ length: 50 }, (_, number) => `text ${number}!`),
    'in their order',
  )
  const flapped = await passed(told => flapping(1500, 8, told))
  t.same([flapped.told, flapped.cuts, flapped.down.length], [1, 1, sent])
})
