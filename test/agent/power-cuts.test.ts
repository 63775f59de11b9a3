// The whole agent, with its power cut after every durable change it makes: journal saves and slot records.
// DROVER_LONG=1 has for each change all four: kept or lost unsynced bytes, one cut or a second; else two, by the seed.
import t from 'tap'
import { eachCase, long, seed } from '../fixtures/cases.ts'
import { operationOne } from './fakes/broker.ts'
import { FakeDevice } from './fakes/device.ts'
import { imageOf, releaseOf } from './fakes/release.ts'

t.setTimeout(120_000)
t.comment(`DROVER_SEED=${seed}`)

const small = releaseOf(Buffer.concat([imageOf('one', 3_000), imageOf('two', 2_000)]))

const endings = [
  { name: 'a good image', reboot: true, prepare: () => {}, codes: [], version: '2.0.0' },
  {
    name: 'a good image of a component without restart',
    reboot: false,
    prepare: () => {},
    codes: ['UPD2_OK_18'],
    version: '2.0.0',
  },
  {
    name: 'a good image that waits for the go',
    reboot: true,
    hold: true,
    prepare: () => {},
    codes: [],
    version: '2.0.0',
  },
  {
    name: 'an unhealthy image',
    reboot: true,
    prepare: (device: FakeDevice) => {
      device.health = () => ({ healthy: false, reason: 'exit-1' })
    },
    codes: ['UPD4_FAIL_40'],
    version: '1.0.0',
  },
  {
    name: 'a disk that is too small',
    reboot: true,
    prepare: (device: FakeDevice) => {
      device.disk.availableBytes = 100
    },
    codes: ['UPD4_FAIL_33'],
    version: '1.0.0',
  },
]

for (const { name, reboot, prepare, codes, version, hold = false } of endings)
  t.test(`power cut after every durable change, and a second one later: ${name} ends right, told once`, async t => {
    /** Runs with power cuts after the given counts of durable changes; returns how many there were. */
    const ran = async (cuts: readonly number[], keepUnsynced: boolean): Promise<number> => {
      const device = new FakeDevice({}, reboot)
      prepare(device)
      device.broker.offer = { release: small, operation: operationOne, attempt: 1, lease: 1, hold }
      let changes = 0
      let cutAt: number | undefined
      device.disk.onDurable = () => {
        changes += 1
        if (!cuts.includes(changes)) return
        cutAt = changes
        device.cutPower(keepUnsynced)
      }
      await device.start()
      await device.run()
      for (let starts = 0; cutAt !== undefined && starts < 8; starts += 1) {
        cutAt = undefined
        await device.start()
        await device.run()
      }
      const label = `cut after ${cuts.join(' and ')}${keepUnsynced ? '' : ', unsynced bytes lost'}`
      t.strictSame(device.broker.codes(), codes, label)
      const expected = version === '2.0.0' ? small.image : imageOf('one', 20_000)
      t.ok(device.disk.runningImage('main')?.equals(expected), label)
      t.match(device.broker.hellos.at(-1)?.components, [{ version }], label)
      t.strictSame(device.agent?.memory.state, { kind: 'idle' }, label)
      t.strictSame(device.disk.durable.outbox, [], label)
      await device.stop()
      return changes
    }
    const count = await ran([], true)
    t.ok(count >= 3, `${count} durable changes`)
    // One cut and two, each with the bytes kept here and lost at the next change.
    const runs = Array.from({ length: count }, (_, index) => index + 1).flatMap(first => {
      const kept = (first + seed) % 2 === 0
      const all = [
        { cuts: [first], keepUnsynced: kept },
        { cuts: kept ? [first, first + 3] : [first, first + 1], keepUnsynced: !kept },
        { cuts: [first], keepUnsynced: !kept },
        { cuts: kept ? [first, first + 1] : [first, first + 3], keepUnsynced: kept },
      ]
      return long ? all : all.slice(0, 2)
    })
    await eachCase(runs, 3, async ({ cuts, keepUnsynced }) => {
      await ran(cuts, keepUnsynced)
    })
    t.comment(`${runs.length} runs over ${count} durable changes`)
  })
