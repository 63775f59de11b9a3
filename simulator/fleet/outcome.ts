// How it ended, sensor by sensor: what the broker says of the execution beside what was expected of the sensor, and beside
// the version that really runs on it.
import type { ExecutionView } from '../../proto/http-api.ts'
import type { DeviceResult, FleetReport } from '../report/fleet-report.ts'
import { LatencyCounter } from '../report/latency.ts'
import { expectedOf } from './fault-expectations.ts'
import type { DeviceProfile, Expected } from './plan.ts'
import type { Target } from './release.ts'
import type { Member } from './roster.ts'
import type { SensorFigures } from './worker/messages.ts'

/** What is kept of an execution. */
export interface Ended {
  readonly state: 'completed' | 'failed' | 'skipped' | 'open'
  readonly code: string | undefined
  /** From the hand-over to the end, as the broker has it; undefined: it was not handed over, or has not ended. */
  readonly totalMs: number | undefined
}

/** Broker's word for a device without the component: it is offered, and refuses. */
const unknownComponent: Expected = { codes: ['UPD4_FAIL_39'], updated: false }

export function endedOf({ state, code, handedOverAt, endedAt }: ExecutionView): Ended {
  const ended = state === 'completed' || state === 'failed' || state === 'skipped'
  const tookMs =
    handedOverAt === null || endedAt === null ? undefined : Math.max(0, Date.parse(endedAt) - Date.parse(handedOverAt))
  return { state: ended ? state : 'open', code: code ?? undefined, totalMs: ended ? tookMs : undefined }
}

/** `target` undefined: there was no update, and nothing is expected but to be connected. */
export function expectationOf(
  { fault }: Pick<Member, 'fault'>,
  profile: DeviceProfile,
  target: Pick<Target, 'component'> | undefined,
): Expected {
  const component = profile.components.find(({ name }) => name === target?.component)
  return component === undefined ? unknownComponent : expectedOf(fault, profile, component.reboot)
}

export interface Results {
  readonly devices: readonly DeviceResult[]
  readonly counts: Pick<FleetReport, 'succeeded' | 'failed' | 'skipped' | 'unfinished' | 'unexpected'>
  readonly codes: FleetReport['codes']
  readonly total: FleetReport['latencies']['total']
}

/** Without a target every sensor that has been connected is as expected. */
export function resultsOf(
  members: readonly Member[],
  profiles: readonly DeviceProfile[],
  target: Target | undefined,
  figuresOf: ReadonlyMap<string, SensorFigures>,
  endedBy: ReadonlyMap<string, Ended>,
): Results {
  const counts = { succeeded: 0, failed: 0, skipped: 0, unfinished: 0, unexpected: 0 }
  const codes: Record<string, { count: number; expected: number }> = {}
  const total = new LatencyCounter()
  const devices = members.map((member): DeviceResult => {
    const profile = profiles[member.profile] as DeviceProfile
    const figures = figuresOf.get(member.device)
    const ended = endedBy.get(member.device)
    const expected = target === undefined ? undefined : expectationOf(member, profile, target)
    const updated = target !== undefined && figures?.version === target.version
    const asExpected =
      expected === undefined
        ? figures?.connectMs !== undefined
        : ended?.code !== undefined &&
          ended.state !== 'open' &&
          expected.codes.includes(ended.code) &&
          updated === expected.updated
    if (!asExpected) counts.unexpected += 1
    if (target !== undefined) counts[wordOf[ended?.state ?? 'open']] += 1
    if (ended?.code !== undefined && ended.state !== 'open') {
      const code = codes[ended.code] ?? { count: 0, expected: 0 }
      codes[ended.code] = { count: code.count + 1, expected: code.expected + (asExpected ? 1 : 0) }
    }
    // A refusal takes a moment: beside it an update would look as fast.
    if (ended?.state === 'completed' && ended.totalMs !== undefined) total.add(ended.totalMs)
    return {
      device: member.device,
      profile: profile.name,
      fault: member.fault ?? null,
      expected: [...(expected?.codes ?? [])],
      code: ended === undefined || ended.state === 'open' ? null : (ended.code ?? null),
      asExpected,
      version: figures?.version ?? null,
      connectMs: toTheMicrosecond(figures?.connectMs),
      offerToStartMs: toTheMicrosecond(figures?.offerToStartMs),
      downloadMs: toTheMicrosecond(figures?.downloadMs),
      totalMs: ended?.totalMs ?? null,
      downBytes: figures?.downBytes ?? 0,
      upBytes: figures?.upBytes ?? 0,
      reconnects: figures?.reconnects ?? 0,
    }
  })
  return { devices, counts, codes, total: total.distribution() }
}

function toTheMicrosecond(ms: number | undefined): number | null {
  return ms === undefined ? null : Number(ms.toFixed(3))
}

const wordOf = { completed: 'succeeded', failed: 'failed', skipped: 'skipped', open: 'unfinished' } as const

/**
 * Outcomes that cannot be right any more, of counts by code alone: more of a code than there are sensors that may end with
 * it. A lower bound, for the way; the end compares each sensor.
 */
export class CodeBudget {
  readonly #most = new Map<string, number>()

  constructor(expected: Iterable<Expected>) {
    for (const { codes } of expected) for (const code of codes) this.#most.set(code, (this.#most.get(code) ?? 0) + 1)
  }

  unexpected(codes: Readonly<Record<string, number>>): number {
    return Object.entries(codes).reduce(
      (sum, [code, count]) => sum + Math.max(0, count - (this.#most.get(code) ?? 0)),
      0,
    )
  }
}
