// What happens in a world and when: devices come, operations are made, people act, and everything goes wrong as often as
// the weather says; then the weather calms, and all that was begun must come to its end.
import type { DeviceId } from '../../proto/ids.ts'
import type { People } from './people.ts'
import type { Seed } from './seed.ts'
import type { Stage } from './stage.ts'
import { dayMs, hourMs } from './weather.ts'

/** A device as the weather sees it. */
export interface Reachable {
  readonly id: DeviceId
  readonly online: boolean
  /** Never connects until the weather is calm, or not even then. */
  readonly seen: 'from the start' | 'later' | 'never'
  /** Connects now, and again whenever the connection is lost. */
  wake(): void
  /** Out of reach from now on; the broker hears of it after that many milliseconds. */
  sleep(noticedAfterMs: number): void
  /** The weather is calm: it does as it should from now on. */
  calm(): void
}

const yearMs = 365 * dayMs

/** Plans what happens while the weather lasts. `operations`: how many are made. */
export function begin(
  stage: Stage,
  seed: Seed,
  devices: readonly Reachable[],
  people: People,
  operations: readonly [least: number, most: number] = [2, 6],
): void {
  const { clock, faults, weather } = stage
  for (const device of devices) {
    if (device.seen === 'from the start') clock.after(seed.whole(1, 60_000), () => device.wake())
    else faults.fired('device never seen')
  }
  for (let count = seed.whole(...operations); count > 0; count -= 1)
    clock.after(seed.whole(1000, Math.floor(weather.lengthMs / 2)), () => people.makeOperation())
  const often = (everyMs: number | undefined, action: () => void): void => repeat(stage, seed, everyMs, action)
  often(weather.peopleEveryMs, () => people.actSomehow())
  often(weather.killEveryMs, () => kill(stage, seed))
  often(weather.diskFullEveryMs, () => stage.fillDisk(seed.whole(1000, 300_000)))
  often(weather.jumpEveryMs, () => jump(stage, seed))
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
    if (!stage.broker?.alive) {
      if (weather.jumpEveryMs !== undefined && seed.chance(0.2)) {
        faults.fired('clock set while the broker was down')
        jump(stage, seed)
      }
      stage.startBroker()
    }
    clock.after(seed.whole(1000, weather.downMostMs), supervise)
  }
  clock.after(5000, supervise)
}

/** Again and again until the weather ends, at times of exponential distance; `everyMs` undefined: never. */
export function repeat(
  stage: Pick<Stage, 'clock' | 'weather'>,
  seed: Seed,
  everyMs: number | undefined,
  action: () => void,
): void {
  if (everyMs === undefined) return
  const { clock, weather } = stage
  const delayMs = Math.ceil(-Math.log(1 - seed.fraction()) * everyMs)
  if (clock.trueMs + delayMs >= weather.lengthMs) return
  clock.after(delayMs, () => {
    action()
    repeat(stage, seed, everyMs, action)
  })
}

/** Everything works from now on; people look in every twenty minutes, later every few hours. */
export async function calm(
  stage: Stage,
  devices: readonly Reachable[],
  people: People,
  mostMs: number,
  isQuiet: () => boolean = () => true,
): Promise<void> {
  const { clock, weather } = stage
  stage.calmDown()
  for (const device of devices) {
    device.calm()
    if (device.seen !== 'never') device.wake()
  }
  const until = weather.lengthMs + mostMs
  const ended = (): boolean =>
    [...stage.ledger.operations.values()].every(({ state }) => state === 'completed' || state === 'stopped')
  for (let round = 0; clock.trueMs < until && !stage.failed; round += 1) {
    if (!stage.broker?.alive) stage.startBroker()
    // A last minute, so that what is on its way arrives.
    await clock.run(clock.trueMs + 60_000, () => stage.failed)
    if (ended() && people.waiting === 0 && isQuiet()) return
    people.tidyUp(round)
    await clock.run(clock.trueMs + (round < 20 ? hourMs / 3 : 3 * hourMs), () => stage.failed || (ended() && isQuiet()))
  }
}

function kill(stage: Stage, seed: Seed): void {
  const endsInMs = nextEnd(stage)
  if (endsInMs !== undefined && seed.chance(0.7)) {
    // The end comes while nobody looks, or while the fleet is still coming back.
    const delayMs = Math.max(0, endsInMs - seed.whole(-5000, 20_000))
    stage.killShortly('killed about the end of a schedule', delayMs, seed.whole(500, 30_000))
    return
  }
  const roll = seed.fraction()
  if (roll < 0.3) stage.killAtCommit(seed.whole(1, 6), 'before')
  else if (roll < 0.6) stage.killAtCommit(seed.whole(1, 6), 'after')
  // What only memory knows of the last minute is gone, and the fleet is back within it.
  else if (roll < 0.8) stage.killAfterHandOver(seed.whole(0, 20_000), seed.whole(500, 5000))
  else if (roll < 0.9) void stage.closeBroker()
  else {
    stage.faults.fired('killed at any time')
    stage.killBroker()
  }
}

/** Milliseconds until the schedule of an operation ends, the first one to come. */
function nextEnd(stage: Stage): number | undefined {
  const { fleetMs } = stage.moment()
  const ends = [...stage.ledger.operations.values()].flatMap(({ state, policy: { schedule } }) =>
    state === 'completed' || state === 'stopped' || schedule.endAt === undefined ? [] : schedule.endAt - fleetMs,
  )
  const left = ends.filter(ms => ms > 0)
  return left.length === 0 ? undefined : Math.min(...left)
}

function jump(stage: Stage, seed: Seed): void {
  const back = seed.chance(0.5)
  const years = seed.chance(0.3)
  const byMs = years ? seed.whole(1, 10) * yearMs : seed.whole(1, 23 * hourMs)
  stage.faults.fired(`wall clock set ${back ? 'back' : 'forward'} by ${years ? 'years' : 'hours'}`)
  stage.clock.jump(back ? -byMs : byMs)
  stage.tell(`the wall clock is set to ${new Date(stage.clock.wallMs).toISOString()}`)
}
