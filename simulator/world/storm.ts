// A storm: one update to a thousand agents at once, while messages are lost, doubled and spoiled, lines break, powers fail
// and the broker dies. It ends when every device has ended; the checkers look on as always.
import { firmwareUpdate } from '../../proto/offer-messages.ts'
import { shelfOf } from './artifacts.ts'
import { calm, repeat } from './course.ts'
import type { WorldWeather } from './device-weather.ts'
import { People } from './people.ts'
import { Seed } from './seed.ts'
import { minuteMs } from './weather.ts'
import { begun, type Lived, populate, told } from './world.ts'

export interface StormSettings {
  readonly agents: number
  readonly chunkCount: number
  readonly chunkBytes: number
}
export const stormDefaults: StormSettings = { agents: 1000, chunkCount: 64, chunkBytes: 512 }

const weather: WorldWeather = {
  engine: {
    lengthMs: 30 * minuteMs,
    tickMs: 5000,
    killEveryMs: 6 * minuteMs,
    downMostMs: 5000,
    writeMostMs: 50,
    latencyMostMs: 200,
    offlineMostMs: 2 * minuteMs,
    offerLost: 0.02,
    reportTwice: 0.02,
    peopleEveryMs: Number.POSITIVE_INFINITY,
  },
  lost: 0.02,
  doubled: 0.02,
  corrupted: 0.01,
  slowLinks: 0,
  cutInWrite: 0.05,
  torn: 0.5,
  journalLost: 0,
  badTrials: 0,
  crashing: 0.02,
  lying: 0,
  doubting: 0,
  late: 0,
  badReleases: 0,
  spoiledPatches: 0,
}

export async function storm(number: number, settings: StormSettings = stormDefaults): Promise<Lived> {
  const { agents, chunkCount, chunkBytes } = settings
  const seed = new Seed(`storm ${number}`)
  const shelf = shelfOf({ chunkCount, chunkBytes, flaws: ['none'] })
  const plane = { artifacts: shelf.artifacts, settings: {} }
  const { stage, wire, devices } = populate(seed, weather, shelf, plane, { agents, inProgressMax: agents })
  const { clock } = stage
  const course = seed.fork('course')
  await begun(stage, shelf)
  for (const device of devices) clock.after(course.whole(1, 10_000), () => device.wake())
  const people = new People(stage, seed.fork('people'), [], { releases: [], rollback: shelf.rollback.release.id })
  // By then nearly everybody has been seen once: an operation over all is one over those that are known.
  clock.after(4 * minuteMs, () =>
    people.ask({
      type: firmwareUpdate,
      release: 'main@2.0.0',
      targets: { all: true },
      policy: { concurrency: '100%', retries: [{ match: 'ALL', limit: 3, delaySeconds: 10, factor: 1, jitter: 0 }] },
    }),
  )
  repeat(stage, course, weather.engine.killEveryMs, () => {
    stage.faults.fired('killed at any time')
    stage.killBroker()
    clock.after(course.whole(500, weather.engine.downMostMs), () => stage.startBroker())
  })
  repeat(stage, course, 2000, () => {
    const device = course.pick(devices)
    device.sleep(course.whole(0, 30_000))
    clock.after(course.whole(1000, weather.engine.offlineMostMs), () => device.wake())
  })
  repeat(stage, course, 10_000, () => course.pick(devices).cutPower())
  repeat(stage, course, 5 * minuteMs, () => {
    wire.partition(course.some(devices, 0.2).map(({ id }) => id))
    clock.after(minuteMs, () => wire.reunite())
  })
  const isOver = (): boolean => {
    const operations = [...stage.ledger.operations.values()]
    return operations.length > 0 && operations.every(({ state }) => state === 'completed')
  }
  await clock.run(weather.engine.lengthMs, () => stage.failed || isOver())
  if (!stage.failed)
    await calm(stage, devices, people, 24 * 60 * minuteMs, () => devices.every(device => device.isDone))
  if (!stage.failed) await stage.end(devices.map(device => device.ending()))
  return told(number, agents, stage)
}
