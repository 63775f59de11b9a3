// How large `npm run bench -- delivery` is. Every size is a flag; --quick is a form of seconds that only shows that all
// of it still works: its figures say nothing.
import { parseArgs } from 'node:util'

export const parts = ['pull', 'frozen', 'overhead', 'pairs', 'broadcast', 'many'] as const
export type Part = (typeof parts)[number]

export interface DeliverySizes {
  /** Devices that pull at once. */
  readonly devices: number
  /** Of one measurement of one side. */
  readonly seconds: number
  /** Measurements of each side, taken turn about, after one that does not count. */
  readonly rounds: number
  /** Pairs of runs with and without frozen and slow sockets. */
  readonly pairs: number
  /** What each healthy device pulls in one such run, MiB. */
  readonly frozenMib: number
  /** Devices of the part `many`, and what each pulls, KiB. */
  readonly many: number
  readonly manyKib: number
  /** The two images of the part `overhead`, MiB. */
  readonly small: number
  readonly large: number
  /** Subscribers of a broadcast. */
  readonly subscribers: number
  readonly subscribersMany: number
}

export interface DeliveryBenchSettings extends DeliverySizes {
  readonly parts: readonly Part[]
  /** Two small files beside the code instead of packages from the registry, one size of each thing. */
  readonly quick: boolean
  /** V8's profiler runs in the broker's processes and writes here. */
  readonly profile: string | undefined
  /** Folder in which fetched packages and patches are kept and used again. */
  readonly keep: string | undefined
}

const full: DeliverySizes = {
  devices: 500,
  seconds: 0.4,
  rounds: 5,
  pairs: 7,
  frozenMib: 3,
  many: 10_000,
  manyKib: 1024,
  small: 4,
  large: 64,
  subscribers: 1000,
  subscribersMany: 5000,
}
const quick: DeliverySizes = {
  devices: 10,
  seconds: 0.05,
  rounds: 1,
  pairs: 1,
  frozenMib: 0.5,
  many: 50,
  manyKib: 256,
  small: 1,
  large: 2,
  subscribers: 10,
  subscribersMany: 20,
}
const flags: Readonly<Record<keyof DeliverySizes, string>> = {
  devices: 'devices',
  seconds: 'seconds',
  rounds: 'rounds',
  pairs: 'pairs',
  frozenMib: 'frozen-mib',
  many: 'many',
  manyKib: 'many-kib',
  small: 'small',
  large: 'large',
  subscribers: 'subscribers',
  subscribersMany: 'subscribers-many',
}
const fractions: readonly (keyof DeliverySizes)[] = ['seconds', 'frozenMib']

/** Throws RangeError that names the flag. */
export function readSettings(args: readonly string[]): DeliveryBenchSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(Object.values(flags).map(flag => [flag, { type: 'string' }] as const)),
      only: { type: 'string' },
      profile: { type: 'string' },
      keep: { type: 'string' },
      quick: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  })
  const given: Readonly<Record<string, string | boolean | undefined>> = values
  const text = (name: string): string | undefined => (typeof given[name] === 'string' ? given[name] : undefined)
  const sizes = Object.fromEntries(
    (Object.keys(flags) as (keyof DeliverySizes)[]).map(name => {
      const value = text(flags[name])
      if (value === undefined) return [name, (given.quick === true ? quick : full)[name]]
      const number = Number(value)
      if (!(number > 0) || !(fractions.includes(name) || Number.isInteger(number)))
        throw new RangeError(`--${flags[name]}: expected a number above 0, got ${value}`)
      return [name, number]
    }),
  ) as unknown as DeliverySizes
  const wanted = text('only')?.split(',') ?? parts
  const unknown = wanted.find(name => !parts.some(part => part === name))
  if (unknown !== undefined) throw new RangeError(`--only: expected some of ${parts.join(',')}, got ${unknown}`)
  return {
    ...sizes,
    parts: parts.filter(part => wanted.includes(part)),
    quick: given.quick === true,
    profile: text('profile'),
    keep: text('keep'),
  }
}
