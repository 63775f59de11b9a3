// What an external boot loader has to offer, whatever it is: which slot it started, and one slot to be tried for a while.
// It keeps three words in a place of its own that outlives everything here:
//
//   active = a          the slot that is started when nothing is on trial
//   try = b, tries = 3  before each start of b it takes one from `tries`; at 0 it forgets `try` and starts `active`
//
// Each word is written alone and each order of writes below leaves, cut anywhere, a device that starts.
import type { SlotName } from './ports.ts'

export interface BootLoaderState {
  readonly active: SlotName
  /** The slot on trial; undefined when there is none, or no longer. */
  readonly trial: SlotName | undefined
  /** Starts a trial has left; of the last trial when there is none; 0 when there never was one. */
  readonly triesLeft: number
}

/** Methods throw StorageReadFailed or StorageWriteFailed; all may be repeated. */
export interface BootLoader {
  /** The slot whose system runs now. */
  booted(): Promise<SlotName>
  state(): Promise<BootLoaderState>
  setTries(tries: number): Promise<void>
  /** Undefined: nothing is tried any more. */
  setTrial(slot: SlotName | undefined): Promise<void>
  setActive(slot: SlotName): Promise<void>
}
