// Who is in the fleet: every sensor with its place in the line, its profile, its fault and its own seed. Made from the seed
// for the fleet as a whole, then cut into parts, so that three machines together have exactly the mix of one.
import { type DeviceId, deviceId } from '../../proto/ids.ts'
import { Seed } from '../world/seed.ts'
import { dealt, type FaultShare } from './fault-mix.ts'
import type { FaultName } from './fault-names.ts'
import type { DeviceProfile, TelemetryProfile } from './plan.ts'

/** One sensor; the profile by its number, because thousands share it. */
export interface Member {
  readonly device: DeviceId
  /** From 0 in the whole fleet: the order in which the ramp lets them in. */
  readonly place: number
  readonly profile: number
  readonly fault: FaultName | undefined
  readonly seed: number
}

export interface RosterWishes {
  readonly devices: number
  readonly prefix: string
  readonly profiles: readonly { readonly share: number }[]
  readonly faults: readonly FaultShare[]
  readonly seed: number
  readonly part: { readonly number: number; readonly of: number }
}

/** Those of this part, in the order of their places. */
export function rosterOf({ devices, prefix, profiles, faults, seed, part }: RosterWishes): readonly Member[] {
  const chance = new Seed(`fleet ${seed}`)
  const weight = profiles.reduce((sum, { share }) => sum + share, 0)
  const kinds = dealt(
    devices,
    profiles.map(({ share }, item) => ({ item, share: share / weight })),
    chance.fork('profiles'),
  )
  const wrong = dealt(
    devices,
    faults.map(({ fault, share }) => ({ item: fault, share })),
    chance.fork('faults'),
  )
  const own = chance.fork('sensors')
  const width = Math.max(5, String(devices - 1).length)
  const members = kinds.map((profile, place) => ({
    device: deviceId(`${prefix}-${String(place).padStart(width, '0')}`),
    place,
    profile: profile ?? 0,
    fault: wrong[place],
    seed: own.whole(0, 2 ** 32 - 1),
  }))
  return members.filter(({ place }) => place % part.of === part.number - 1)
}

/** Telemetry as the command line says, where it says something. */
export function withTelemetry(profile: DeviceProfile, telemetry: TelemetryProfile | 'off' | undefined): DeviceProfile {
  if (telemetry === undefined) return profile
  return { ...profile, telemetry: telemetry === 'off' ? undefined : telemetry }
}
