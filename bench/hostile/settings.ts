// How large `npm run bench -- hostile` is. Every size is a flag; --quick only shows that all of it still works.
import { parseArgs } from 'node:util'
import { attackNames } from './attack.ts'

export const parts = [...attackNames, 'tls', 'connects'] as const
export type Part = (typeof parts)[number]

const full = {
  /** Of the operation that runs meanwhile. */
  devices: 500,
  /** KiB of its image. */
  image: 256,
  /** Of them in progress at once. */
  concurrency: 100,
  /** Runs with each attack, each beside one without. */
  pairs: 3,
  /** Percent of a core that an attack has. */
  share: 50,
  /** Devices that flood. */
  flooders: 100,
  /** Half-open sockets, and half as many that dribble. */
  sockets: 5000,
  /** Seconds of attack after the operation: nothing else is done then, so that its cost is seen alone. */
  alone: 2,
  /** Seconds before the operation for an attack to build up, and after it for the broker to come to rest. */
  lead: 1,
  /** Connects that are measured by plain TCP and by TLS. */
  connects: 1000,
}
const quick: typeof full = {
  devices: 8,
  image: 16,
  concurrency: 8,
  pairs: 1,
  share: 20,
  flooders: 4,
  sockets: 40,
  alone: 0.3,
  lead: 0.2,
  connects: 20,
}
type Size = keyof typeof full
export type HostileSettings = Readonly<Record<Size, number>> & {
  readonly parts: readonly Part[]
  readonly isQuick: boolean
}

/** Throws RangeError that names the flag. */
export function readSettings(args: readonly string[]): HostileSettings {
  const sizes = Object.keys(full) as Size[]
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(sizes.map(name => [name, { type: 'string' }] as const)),
      only: { type: 'string' },
      quick: { type: 'boolean' },
    },
  })
  const given: Readonly<Record<string, string | boolean | undefined>> = values
  const size = (name: Size): number => {
    const text = given[name]
    if (text === undefined) return (given.quick === true ? quick : full)[name]
    const number = Number(text)
    if (!(number > 0) || !(name === 'alone' || name === 'lead' || Number.isInteger(number)))
      throw new RangeError(`--${name}: expected a number above 0, got ${text}`)
    return number
  }
  const wanted = typeof given.only === 'string' ? given.only.split(',') : parts
  const unknown = wanted.find(name => !parts.some(part => part === name))
  if (unknown !== undefined) throw new RangeError(`--only: expected some of ${parts.join(',')}, got ${unknown}`)
  const chosen = Object.fromEntries(sizes.map(name => [name, size(name)])) as Record<Size, number>
  return { ...chosen, isQuick: given.quick === true, parts: parts.filter(part => wanted.includes(part)) }
}
