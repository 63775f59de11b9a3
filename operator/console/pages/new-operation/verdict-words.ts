// What the broker says would become of devices, in words.
import type { Tone } from '../../parts/status.tsx'

export interface VerdictWords {
  readonly tone: Tone
  /** After a number of devices. */
  readonly text: string
  readonly why?: string
}

const words: Readonly<Record<string, VerdictWords & { readonly one: string }>> = {
  'hand-over': { tone: 'good', text: 'get it', one: 'gets it', why: 'connected now' },
  'wait-offline': {
    tone: 'idle',
    text: 'wait',
    one: 'waits',
    why: 'not connected; handed over at the next connection',
  },
  'SYS_100 offline': { tone: 'warn', text: 'are skipped', one: 'is skipped', why: 'not connected' },
  SYS_101: { tone: 'bad', text: 'fail', one: 'fails', why: 'not registered' },
  SYS_102: { tone: 'bad', text: 'fail', one: 'fails', why: 'the release has no manifest for their vendor' },
  UPD4_FAIL_30: {
    tone: 'bad',
    text: 'refuse it',
    one: 'refuses it',
    why: 'the release has no manifest for their vendor',
  },
  UPD4_FAIL_31: {
    tone: 'bad',
    text: 'refuse it',
    one: 'refuses it',
    why: 'the release has no manifest for their class, or only for other devices of it',
  },
  SYS_110: { tone: 'good', text: 'need nothing', one: 'needs nothing', why: 'this release is there already' },
  'SYS_109 quarantined': {
    tone: 'warn',
    text: 'are skipped',
    one: 'is skipped',
    why: 'quarantined: failed too often of late',
  },
  'SYS_109 prerequisite': { tone: 'warn', text: 'are skipped', one: 'is skipped', why: 'a prerequisite is not met' },
  'SYS_109 precursor': {
    tone: 'warn',
    text: 'are skipped',
    one: 'is skipped',
    why: 'no delta of the release fits what is installed',
  },
}

export function verdictWords(verdict: string, count: number): VerdictWords {
  const { tone, text, one, why } = words[verdict] ?? {
    tone: 'warn',
    text: 'end at once',
    one: 'ends at once',
    why: verdict,
  }
  return { tone, text: count === 1 ? one : text, ...(why === undefined ? {} : { why }) }
}
