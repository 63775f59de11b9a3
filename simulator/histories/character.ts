// What kind of device it is: most are honest and healthy, some are not. Drawn once, from the seed.
import type { DeviceCode } from '../../proto/event-codes.ts'
import type { Seed } from '../world/seed.ts'
import { factory, foreignDigest, type Installed, releases, vendors } from './releases.ts'

export interface Character {
  readonly vendorId: string
  readonly installed: Installed
  /** Milliseconds a step takes at most. */
  readonly stepMostMs: number
  /** Never connects until the weather is calm, or not even then. */
  readonly seen: 'from the start' | 'later' | 'never'
  /** Shares of attempts, each in [0, 1]. */
  readonly fails: number
  readonly ignores: number
  readonly lies: number
  readonly stuck: number
  readonly losesJournal: number
  readonly codes: readonly DeviceCode[]
  /** Needs no restart: its own word is the success. */
  readonly inPlace: boolean
}

const failures: readonly (readonly DeviceCode[])[] = [
  ['UPD4_FAIL_24', 'UPD4_FAIL_45'],
  ['UPD4_FAIL_34', 'UPD4_FAIL_35', 'UPD4_FAIL_36'],
  ['UPD4_FAIL_26', 'UPD4_FAIL_23'],
  ['UPD4_FAIL_37', 'UPD4_FAIL_38'],
  ['UPD4_FAIL_41', 'UPD4_FAIL_47', 'UPD4_FAIL_40'],
  ['UPD4_FAIL_21', 'UPD4_FAIL_32', 'UPD4_FAIL_24'],
]

/** `trouble` in [0, 1]: how much of the fleet is not as it should be. */
export function characterOf(seed: Seed, trouble: number): Character {
  const bad = (share: number, most: number) => (seed.chance(share * trouble) ? most * seed.fraction() : 0)
  const target = seed.pick(releases)
  return {
    vendorId: seed.chance(0.1 * trouble) ? seed.pick(vendors) : vendors[0],
    installed: seed.chance(0.1)
      ? { version: target.version, digest: seed.chance(0.7) ? target.installedSha256 : foreignDigest }
      : factory,
    stepMostMs: seed.pick([500, 20_000, 300_000]),
    seen: seed.chance(0.1 * trouble) ? (seed.chance(0.5) ? 'later' : 'never') : 'from the start',
    fails: bad(0.7, 1.5),
    ignores: bad(0.15, 1),
    lies: bad(0.15, 1),
    stuck: bad(0.15, 0.5),
    losesJournal: bad(0.3, 0.5),
    codes: seed.pick(failures),
    inPlace: seed.chance(0.3),
  }
}

/** The same device in calm weather: it does as it should, at least from now on. */
export function calmed(character: Character): Character {
  return { ...character, fails: character.fails / 4, ignores: 0, lies: character.lies / 2, stuck: 0, losesJournal: 0 }
}
