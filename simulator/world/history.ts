// One history: a seed becomes a fleet, its weather and its people; they live, the weather calms, and everything must come
// to its end. The same seed gives the same history, byte for byte.
import type { Execution } from '../../broker/core/records.ts'
import { calmed, characterOf } from './character.ts'
import { ScriptedDevice } from './device.ts'
import type { Faults } from './faults.ts'
import { People } from './people.ts'
import { releases, rollbackRelease } from './releases.ts'
import { Seed } from './seed.ts'
import { dayMs, hourMs, type Weather, weatherOf } from './weather.ts'
import { type Violation, World, type WorldOptions } from './world.ts'

export interface History {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly faults: Faults
  /** Virtual milliseconds. */
  readonly lengthMs: number
  readonly operations: number
  readonly executions: number
  /** Ended executions by code. */
  readonly endings: Readonly<Record<string, number>>
  /** What the policies decided by themselves: action and kind of rule. */
  readonly decisions: Readonly<Record<string, number>>
  readonly linesCount: number
  /** SHA-256 of every line of the transcript. */
  readonly digest: string
  readonly lastLines: string
  /** All lines, when they were to be kept. */
  readonly transcript: string
}

const yearMs = 365 * dayMs

export async function history(number: number, options: WorldOptions = {}): Promise<History> {
  const seed = new Seed(`history ${number}`)
  const weather = weatherOf(seed.fork('weather'))
  const world = new World(seed, weather, options)
  const trouble = seed.pick([0, 0.5, 1, 1])
  const devices = Array.from({ length: seed.whole(5, seed.pick([8, 8, 15, 30])) }, (_, index) => {
    const own = seed.fork(`device ${index}`)
    const device = new ScriptedDevice(`sensor-${index + 1}`, world, own, characterOf(own, trouble))
    device.reportTwice = weather.reportTwice
    return device
  })
  const people = new People(world, seed.fork('people'), devices)
  await world.disk.contents.commit(
    [...releases, rollbackRelease].map(release => ({ kind: 'put-release', release }) as const),
  )
  world.startBroker()
  begin(world, seed.fork('course'), weather, devices, people)
  await world.clock.run(weather.lengthMs, () => world.failed)
  if (!world.failed) await calm(world, devices, people, options.calmMostMs ?? 30 * dayMs)
  if (!world.failed) await world.end()
  return told(number, world)
}

/** Plans what happens while the weather lasts. */
function begin(world: World, seed: Seed, weather: Weather, devices: readonly ScriptedDevice[], people: People): void {
  const { clock, faults } = world
  for (const device of devices) {
    if (device.character.seen === 'from the start') clock.after(seed.whole(1, 60_000), () => device.wake())
    else faults.fired('device never seen')
  }
  for (let count = seed.whole(2, 6); count > 0; count -= 1)
    clock.after(seed.whole(1000, Math.floor(weather.lengthMs / 2)), () => people.makeOperation())
  /** Again and again until the weather ends, at times of exponential distance. */
  const often = (everyMs: number | undefined, action: () => void): void => {
    if (everyMs === undefined) return
    const delayMs = Math.ceil(-Math.log(1 - seed.fraction()) * everyMs)
    if (clock.trueMs + delayMs >= weather.lengthMs) return
    clock.after(delayMs, () => {
      action()
      often(everyMs, action)
    })
  }
  often(weather.peopleEveryMs, () => people.actSomehow())
  often(weather.killEveryMs, () => kill(world, seed))
  often(weather.diskFullEveryMs, () => world.fillDisk(seed.whole(1000, 300_000)))
  often(weather.jumpEveryMs, () => jump(world, seed))
  const { offlineEveryMs } = weather
  if (offlineEveryMs !== undefined)
    often(offlineEveryMs / devices.length, () => {
      const device = seed.pick(devices)
      if (!device.online) return
      faults.fired(seed.chance(0.5) ? 'offline spell' : 'connection lost')
      device.sleep(seed.whole(0, 90_000))
      clock.after(seed.whole(1000, weather.offlineMostMs), () => device.wake())
    })
  // A dead broker is started again by its supervisor.
  const supervise = (): void => {
    if (clock.trueMs >= weather.lengthMs) return
    if (!world.broker?.alive) {
      if (weather.jumpEveryMs !== undefined && seed.chance(0.2)) {
        faults.fired('clock set while the broker was down')
        jump(world, seed)
      }
      world.startBroker()
    }
    clock.after(seed.whole(1000, weather.downMostMs), supervise)
  }
  clock.after(5000, supervise)
}

function kill(world: World, seed: Seed): void {
  const endsInMs = nextEnd(world)
  if (endsInMs !== undefined && seed.chance(0.7)) {
    // The end comes while nobody looks, or while the fleet is still coming back.
    const delayMs = Math.max(0, endsInMs - seed.whole(-5000, 20_000))
    world.killShortly('killed about the end of a schedule', delayMs, seed.whole(500, 30_000))
    return
  }
  const roll = seed.fraction()
  if (roll < 0.3) world.killAtCommit(seed.whole(1, 6), 'before')
  else if (roll < 0.6) world.killAtCommit(seed.whole(1, 6), 'after')
  // What only memory knows of the last minute is gone, and the fleet is back within it.
  else if (roll < 0.8) world.killAfterHandOver(seed.whole(0, 20_000), seed.whole(500, 5000))
  else if (roll < 0.9) void world.closeBroker()
  else {
    world.faults.fired('killed at any time')
    world.killBroker()
  }
}

/** Milliseconds until the schedule of an operation ends, the first one to come. */
function nextEnd(world: World): number | undefined {
  const { fleetMs } = world.moment()
  const ends = [...world.ledger.operations.values()].flatMap(({ state, policy: { schedule } }) =>
    state === 'completed' || state === 'stopped' || schedule.endAt === undefined ? [] : schedule.endAt - fleetMs,
  )
  const left = ends.filter(ms => ms > 0)
  return left.length === 0 ? undefined : Math.min(...left)
}

function jump(world: World, seed: Seed): void {
  const back = seed.chance(0.5)
  const years = seed.chance(0.3)
  const byMs = years ? seed.whole(1, 10) * yearMs : seed.whole(1, 23 * hourMs)
  world.faults.fired(`wall clock set ${back ? 'back' : 'forward'} by ${years ? 'years' : 'hours'}`)
  world.clock.jump(back ? -byMs : byMs)
  world.tell(`the wall clock is set to ${new Date(world.clock.wallMs).toISOString()}`)
}

/** Everything works from now on; people look in every twenty minutes, later every few hours. */
async function calm(world: World, devices: readonly ScriptedDevice[], people: People, mostMs: number): Promise<void> {
  const { clock, weather } = world
  world.calmDown()
  for (const device of devices) {
    device.character = calmed(device.character)
    device.reportTwice = 0
    if (device.character.seen !== 'never') device.wake()
  }
  const until = weather.lengthMs + mostMs
  const ended = (): boolean =>
    [...world.ledger.operations.values()].every(({ state }) => state === 'completed' || state === 'stopped')
  for (let round = 0; clock.trueMs < until && !world.failed; round += 1) {
    if (!world.broker?.alive) world.startBroker()
    // A last minute, so that what is on its way arrives.
    await clock.run(clock.trueMs + 60_000, () => world.failed)
    if (ended() && people.waiting === 0) return
    people.tidyUp(round)
    await clock.run(clock.trueMs + (round < 20 ? hourMs / 3 : 3 * hourMs), () => world.failed || ended())
  }
}

function told(seed: number, { violations, faults, clock, ledger, transcript }: World): History {
  const executions: readonly Execution[] = [...ledger.operations.keys()].flatMap(id => ledger.executions(id))
  const endings: Record<string, number> = {}
  for (const { code } of executions) if (code !== undefined) endings[code] = (endings[code] ?? 0) + 1
  const decisions: Record<string, number> = {}
  for (const { actor, action } of ledger.audits) {
    if (actor.kind !== 'policy' || actor.rule === 'operation') continue
    const name = `${action} by ${actor.rule.split('.')[0]}`
    decisions[name] = (decisions[name] ?? 0) + 1
  }
  return {
    seed,
    violations,
    faults,
    lengthMs: clock.trueMs,
    operations: ledger.operations.size,
    executions: executions.length,
    endings,
    decisions,
    linesCount: transcript.count,
    digest: transcript.digest(),
    lastLines: transcript.last,
    transcript: transcript.text,
  }
}
