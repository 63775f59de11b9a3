// A world that fails is made small: kinds of weather are switched off and devices are never switched on, one after the
// other, as long as the same checker still objects. What is left is told as one line that replays it.
import { type WeatherKind, weatherKinds } from './device-weather.ts'
import type { Lived, WorldOptions } from './world.ts'

export interface Smallest {
  readonly options: WorldOptions
  readonly lived: Lived
  /** Worlds that were lived for it. */
  readonly tries: number
}

/** `live`: lives a world of this seed. `goesOn`: false ends the search with what has been found. */
export async function shrink(
  failed: Lived,
  options: WorldOptions,
  live: (options: WorldOptions) => Promise<Lived>,
  goesOn: () => boolean = () => true,
): Promise<Smallest> {
  const checker = failed.violations[0]?.checker
  let smallest: Smallest = { options, lived: failed, tries: 0 }
  let tries = 0
  const attempt = async (changes: WorldOptions): Promise<boolean> => {
    if (!goesOn()) return false
    tries += 1
    const tried = { ...smallest.options, ...changes }
    const lived = await live(tried)
    if (!lived.violations.some(violation => violation.checker === checker)) return false
    smallest = { options: tried, lived, tries }
    return true
  }
  const off = (): readonly WeatherKind[] => smallest.options.without ?? []
  if (!(await attempt({ without: [...weatherKinds] })))
    for (const kind of weatherKinds) if (!off().includes(kind)) await attempt({ without: [...off(), kind] })
  const asleep = (): readonly number[] => smallest.options.asleep ?? []
  const all = Array.from({ length: failed.agents }, (_, index) => index + 1)
  // Halves first, then smaller parts, down to single devices.
  for (let part = Math.ceil(all.length / 2); part >= 1; part = part === 1 ? 0 : Math.ceil(part / 2))
    for (let from = 0; from < all.length; from += part) {
      const more = all.slice(from, from + part).filter(number => !asleep().includes(number))
      if (more.length > 0 && asleep().length + more.length < all.length)
        await attempt({ asleep: [...asleep(), ...more] })
    }
  return { ...smallest, tries }
}

/** The command that lives this world again. */
export function replayLine(seed: number, { agents = 20, without = [], asleep = [] }: WorldOptions): string {
  const isCalm = without.length === weatherKinds.length
  const kinds = isCalm ? ' --calm' : without.length > 0 ? ` --without '${without.join(',')}'` : ''
  const devices = asleep.length > 0 ? ` --asleep ${[...asleep].sort((a, b) => a - b).join(',')}` : ''
  return `drover-simulator world --seed ${seed} --agents ${agents}${kinds}${devices}`
}
