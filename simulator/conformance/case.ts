// A case: one thing the specification demands of a device, what is done to see it, and how it ended.
import type { DeviceCode } from '../../proto/event-codes.ts'
import type { Examination } from './examination.ts'

export const families = [
  'session',
  'outbox',
  'offers',
  'validation',
  'order',
  'commands',
  'chunks',
  'broadcast',
  'power',
  'weather',
] as const
export type Family = (typeof families)[number]

export interface Case {
  /** Unique; what `--only` names. */
  readonly name: string
  readonly family: Family
  /** Of docs/PROTOCOL.md, with the row of its table where there is one: `9, row 12`. */
  readonly section: string
  /** What it proves of the card by code. */
  readonly code?: DeviceCode
  readonly done: string
  readonly must: string
  /** Part of the short examination. */
  readonly quick?: true
  /** Waits for what a device does only after minutes of silence, where its settings are those of the specification. */
  readonly slow?: true
  /** The device is killed or started: only where the tool has started it. */
  readonly restarts?: true
  /** Afterwards the device is not what it was: the next case gets a fresh one, where the tool can make one. */
  readonly spoils?: true
  /** Resolves with what was seen. Throws Unfulfilled, NotApplicable. */
  readonly examine: (at: Examination) => Promise<string>
}

export type Verdict = 'passed' | 'failed' | 'not-applicable' | 'not-tried'
export const verdicts: readonly Verdict[] = ['passed', 'failed', 'not-applicable', 'not-tried']

export interface Result {
  readonly verdict: Verdict
  /** What the device did, or why nothing was tried. */
  readonly seen: string
  readonly tookMs: number
}

/** The device did otherwise. The message says what was seen. */
export class Unfulfilled extends Error {
  override readonly name = 'Unfulfilled'
  readonly code = 'UNFULFILLED'
}

/** The demand is about something that this device does not do, and need not. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable'
  readonly code = 'NOT_APPLICABLE'
}

/** Throws Unfulfilled unless it is so. */
export function demand(fact: boolean, seen: string): asserts fact {
  if (!fact) throw new Unfulfilled(seen)
}
