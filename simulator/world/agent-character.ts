// What kind of device it is, around an agent that is always the real one: its link, its owner, and how well the images it
// is given run on it. Drawn once, from the seed.
import type { Answer, Authorization } from '../../agent/ports.ts'
import { vendors } from './artifacts.ts'
import type { WorldWeather } from './device-weather.ts'
import type { Faults } from './faults.ts'
import type { Seed } from './seed.ts'

/** Shares in [0, 1]: of trials, of starts, of hellos, of questions. */
export interface AgentCharacter {
  readonly vendorId: string
  readonly seen: 'from the start' | 'later' | 'never'
  /** Never switched on at all: how a world is made small. */
  readonly asleep: boolean
  /** Needs no restart for a new image. */
  readonly inPlace: boolean
  readonly bootMostMs: number
  /** Of its way down; 0: no limit. */
  readonly bytesPerSecond: number
  readonly packetBytesMax: number
  readonly unhealthy: number
  readonly crashes: number
  readonly lies: number
  readonly doubts: number
  readonly cutInWrite: number
  readonly torn: number
  readonly journalLost: number
}

export function agentCharacterOf(seed: Seed, weather: WorldWeather): AgentCharacter {
  // Each from a stream of its own: a kind of weather that is switched off changes nothing else.
  const own = (name: string): Seed => seed.fork(name)
  const some = (name: string, share: number, most: number): number => {
    const draw = own(name)
    const fraction = draw.fraction()
    return draw.chance(share) ? most * fraction : 0
  }
  const late = own('seen')
  const laterOrNever = late.chance(0.6) ? 'later' : 'never'
  return {
    vendorId: own('vendor').chance(0.1) ? vendors[1] : vendors[0],
    seen: late.chance(weather.late) ? laterOrNever : 'from the start',
    asleep: false,
    inPlace: own('in place').chance(0.25),
    bootMostMs: own('boot').pick([2000, 30_000, 120_000]),
    bytesPerSecond: own('link').chance(weather.slowLinks) ? own('speed').pick([300, 2000, 20_000]) : 0,
    packetBytesMax: own('packets').pick([4096, 32_768]),
    unhealthy: some('unhealthy', weather.badTrials, 1),
    crashes: some('crashes', weather.crashing, 1),
    lies: some('lies', weather.lying, 1),
    doubts: some('doubts', weather.doubting, 1),
    cutInWrite: weather.cutInWrite,
    torn: weather.torn,
    journalLost: weather.journalLost,
  }
}

/** The same device in calm weather. */
export function calmed(character: AgentCharacter): AgentCharacter {
  return { ...character, unhealthy: 0, crashes: 0, lies: 0, doubts: 0, cutInWrite: 0, torn: 0, journalLost: 0 }
}

/** Says yes, most of the time. `doubts`: of questions that are answered otherwise. */
export function ownerOf(seed: Seed, doubts: () => number, faults: Faults): Authorization {
  const answer = async (): Promise<Answer> => {
    if (!seed.chance(doubts())) return { kind: 'authorized' }
    if (seed.chance(0.15)) {
      faults.fired('owner said no')
      return { kind: 'rejected', reason: 'owner' }
    }
    faults.fired('owner said later')
    return { kind: 'deferred', reason: 'busy', afterMs: seed.whole(1000, 900_000) }
  }
  return { download: answer, install: answer }
}
