// How large `npm run bench -- engine` is. Every size is a flag; --quick is a form of seconds that only shows that all of
// it still works: its figures say nothing.
import { parseArgs } from 'node:util'

export const parts = ['rate', 'targets', 'pages', 'export'] as const
export type Part = (typeof parts)[number]

export interface EngineSettings {
  readonly parts: readonly Part[]
  /** Devices in the registry; the operation over all of them has as many targets. */
  readonly targets: number
  /** The same for the smaller operation, and for the one that is exported. */
  readonly targetsSmall: number
  /** Events in the log whose pages are read. */
  readonly events: number
  /** Connected devices. */
  readonly devices: number
  /** Events of one device that are not acknowledged yet. */
  readonly window: number
  /** Events a second while something else is measured. */
  readonly flow: number
  /** Of one measurement of the event rate. */
  readonly seconds: number
  /** Pairs of runs, ours and the bare one. */
  readonly rounds: number
  /** Times each page is read. */
  readonly reads: number
  /** Folder whose data is kept and used again, or a temporary one. */
  readonly keep: string | undefined
  /** V8's profiler runs in the broker and writes here. */
  readonly profile: string | undefined
}

const full = {
  targets: 1_000_000,
  'targets-small': 100_000,
  events: 1_000_000,
  devices: 400,
  window: 4,
  flow: 1000,
  seconds: 8,
  rounds: 5,
  reads: 25,
}
const quick: typeof full = {
  targets: 1000,
  'targets-small': 1000,
  events: 3000,
  devices: 20,
  window: 4,
  flow: 200,
  seconds: 0.5,
  rounds: 1,
  reads: 3,
}
type Size = keyof typeof full

/** Throws RangeError that names the flag. */
export function readSettings(args: readonly string[]): EngineSettings {
  const sizes = Object.keys(full) as Size[]
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(sizes.map(name => [name, { type: 'string' }] as const)),
      only: { type: 'string' },
      keep: { type: 'string' },
      profile: { type: 'string' },
      quick: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  })
  const given: Readonly<Record<string, string | boolean | undefined>> = values
  const size = (name: Size): number => {
    const text = given[name]
    if (text === undefined) return (given.quick === true ? quick : full)[name]
    const number = Number(text)
    const isWhole = name === 'seconds' || Number.isInteger(number)
    if (!(number > 0) || !isWhole) throw new RangeError(`--${name}: expected a number above 0, got ${text}`)
    return number
  }
  const text = (name: string): string | undefined => (typeof given[name] === 'string' ? given[name] : undefined)
  const wanted = text('only')?.split(',') ?? parts
  const unknown = wanted.find(name => !parts.some(part => part === name))
  if (unknown !== undefined) throw new RangeError(`--only: expected some of ${parts.join(',')}, got ${unknown}`)
  return {
    parts: parts.filter(part => wanted.includes(part)),
    targets: size('targets'),
    targetsSmall: size('targets-small'),
    events: size('events'),
    devices: size('devices'),
    window: size('window'),
    flow: size('flow'),
    seconds: size('seconds'),
    rounds: size('rounds'),
    reads: size('reads'),
    keep: text('keep'),
    profile: text('profile'),
  }
}
