// How large `npm run bench -- console` is. Every size is a flag; --quick only shows that all of it still works.
import { parseArgs } from 'node:util'

export interface ConsoleSettings {
  /** In the registry. */
  readonly devices: number
  /** Of them connected while the streams are measured. */
  readonly connected: number
  /** In progress in one operation, while everything is asked. */
  readonly executions: number
  /** Operations that have ended. */
  readonly operations: number
  /** In the event log. */
  readonly events: number
  /** Audit records. */
  readonly records: number
  /** Times each request is made. */
  readonly reads: number
  /** Readers of the live stream. */
  readonly readers: number
  /** Events a second for them. */
  readonly flow: number
  readonly seconds: number
  /** Folder whose data is kept and used again, or a temporary one. */
  readonly keep: string | undefined
}

const full = {
  devices: 100_000,
  connected: 200,
  executions: 10_000,
  operations: 5000,
  events: 200_000,
  records: 50_000,
  reads: 25,
  readers: 20,
  flow: 500,
  seconds: 8,
}
const quick: typeof full = {
  devices: 500,
  connected: 10,
  executions: 50,
  operations: 60,
  events: 500,
  records: 300,
  reads: 2,
  readers: 2,
  flow: 100,
  seconds: 1,
}
type Size = keyof typeof full

/** Throws RangeError that names the flag. */
export function readSettings(args: readonly string[]): ConsoleSettings {
  const sizes = Object.keys(full) as Size[]
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(sizes.map(name => [name, { type: 'string' }] as const)),
      keep: { type: 'string' },
      quick: { type: 'boolean' },
    },
  })
  const given: Readonly<Record<string, string | boolean | undefined>> = values
  const size = (name: Size): number => {
    const text = given[name]
    if (text === undefined) return (given.quick === true ? quick : full)[name]
    const number = Number(text)
    if (!Number.isInteger(number) || number < 1)
      throw new RangeError(`--${name}: expected a whole number above 0, got ${text}`)
    return number
  }
  const chosen = Object.fromEntries(sizes.map(name => [name, size(name)])) as Record<Size, number>
  return { ...chosen, keep: typeof given.keep === 'string' ? given.keep : undefined }
}
