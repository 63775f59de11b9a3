// Who takes part in the demo and how each has to end. Twenty devices without a quirk and five with one.
import type { EventCode } from '../../proto/event-codes.ts'
import { versionAfter, versionBefore } from './image.ts'

export type Quirk = 'none' | 'cut-off' | 'other-class' | 'small-disk' | 'already-updated' | 'unhealthy'

export interface Expected {
  /** State of the execution. */
  readonly outcome: 'completed' | 'failed' | 'skipped'
  readonly code: EventCode
  /** Of the active slot. */
  readonly version: string
  /** What the programs in the slots print one after another; a line that repeats itself counts once. */
  readonly printed: readonly string[]
  /** Whether a download has to come to its end. */
  readonly downloads: boolean
}

export interface DevicePlan {
  readonly id: string
  readonly quirk: Quirk
  readonly expected: Expected
}

export const demoVendorId = 'd1'.repeat(16)
export const demoClassId = 'c1'.repeat(16)
export const otherClassId = 'c2'.repeat(16)
export const demoComponent = 'firmware'
export const demoConcurrency = 5
/** Of the image: nobody of those updated may download as much. */
export const downloadShareMax = 0.25

export const quirkMeanings: Readonly<Record<Quirk, string>> = {
  none: '',
  'cut-off': 'killed half-way through its download, back later',
  'other-class': 'is of another class',
  'small-disk': 'has no room for a second image',
  'already-updated': 'has version 2 already',
  unhealthy: 'does not pass its health check in the new slot',
}

const updated: Expected = {
  outcome: 'completed',
  code: 'SYS_112',
  version: versionAfter,
  printed: [versionBefore, versionAfter],
  downloads: true,
}
const refused = (code: EventCode): Expected => ({
  outcome: 'failed',
  code,
  version: versionBefore,
  printed: [versionBefore],
  downloads: false,
})

const expectations: Readonly<Record<Quirk, Expected>> = {
  none: updated,
  'cut-off': updated,
  'other-class': refused('UPD4_FAIL_31'),
  'small-disk': refused('UPD4_FAIL_33'),
  'already-updated': {
    outcome: 'skipped',
    code: 'SYS_110',
    version: versionAfter,
    printed: [versionAfter],
    downloads: false,
  },
  unhealthy: {
    ...refused('UPD4_FAIL_40'),
    printed: [versionBefore, versionAfter, versionBefore],
    downloads: true,
  },
}

/** The one that is cut off comes early: while it is away the others go on. */
const quirks: Readonly<Record<number, Quirk>> = {
  3: 'cut-off',
  7: 'other-class',
  11: 'small-disk',
  15: 'already-updated',
  19: 'unhealthy',
}

export const plans: readonly DevicePlan[] = Array.from({ length: 25 }, (_, position) => {
  const quirk = quirks[position + 1] ?? 'none'
  return { id: `sensor-${String(position + 1).padStart(2, '0')}`, quirk, expected: expectations[quirk] }
})
