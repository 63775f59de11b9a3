// What the coordinator and its processes tell each other. Every message is bounded: lists go in pages, and once a second
// sums are told, never what each sensor did.
import type { DeviceId } from '../../../proto/ids.ts'
import type { Distribution, LatencyName } from '../../report/fleet-report.ts'
import type { FaultName } from '../fault-names.ts'
import type { DeviceProfile } from '../plan.ts'
import type { Ramp } from '../ramp.ts'
import type { Target } from '../release.ts'
import type { BrokerAddress, ClientKind } from '../sensor/shared.ts'

/** Entries of a list in one message. */
export const pageMax = 1000

export interface Enlisted {
  readonly device: DeviceId
  readonly secret: string
  /** From 0 in the whole fleet. */
  readonly place: number
  /** Position in the profiles of `open`. */
  readonly profile: number
  readonly fault: FaultName | undefined
  readonly seed: number
}

/** Times of several processes are milliseconds since 1970. */
export type Order =
  | {
      readonly kind: 'open'
      readonly broker: BrokerAddress
      readonly client: ClientKind
      readonly trust: Uint8Array
      readonly profiles: readonly DeviceProfile[]
    }
  | { readonly kind: 'enlist'; readonly members: readonly Enlisted[] }
  | { readonly kind: 'start'; readonly startAt: number; readonly ramp: Ramp; readonly warmUpEndsAt: number }
  /** What the update is to bring: told before the operation is made. */
  | { readonly kind: 'aim'; readonly target: Target }
  | { readonly kind: 'weigh' }
  | { readonly kind: 'stop' }

/** What was counted of the sensors; sums since it was asked last. */
export interface Counted {
  /** Sensors by what they do now. */
  readonly now: Readonly<Record<Doing, number>>
  /** Sensors that have been connected at least once. */
  readonly everConnected: number
  readonly reconnects: number
  readonly downBytes: number
  readonly upBytes: number
  readonly telemetrySent: number
  /** Of these at QoS 1: to be acknowledged. */
  readonly telemetryAsked: number
  readonly telemetryAcknowledged: number
  readonly latencies: Readonly<Partial<Record<LatencyName, Distribution>>>
  /** Reported by the sensors, by code. */
  readonly codes: Readonly<Record<string, number>>
  /** By reason; of many different ones the first. */
  readonly disconnects: Readonly<Record<string, number>>
}

export interface Figures extends Counted {
  /** Whatever else they do. */
  readonly connected: number
  /** Of this process since it started its sensors. */
  readonly lag: { readonly p99Ms: number; readonly maxMs: number }
  /** How late sensors were started by the ramp, at worst. */
  readonly rampLateMs: number
  readonly cpuSeconds: number
  /** Share of a core since the last message, by the clock of the process. */
  readonly busy: number
  readonly rssBytes: number
}

export const doings = ['offline', 'idle', 'waiting', 'downloading', 'installing', 'succeeded', 'failed'] as const
/** `waiting`: offered, and not begun; `idle`: connected, nothing offered. */
export type Doing = (typeof doings)[number]

/** What one sensor has to show in the end. */
export interface SensorFigures {
  readonly device: DeviceId
  readonly version: string | undefined
  readonly connectMs: number | undefined
  readonly offerToStartMs: number | undefined
  readonly downloadMs: number | undefined
  readonly downBytes: number
  readonly upBytes: number
  readonly reconnects: number
}

export type Tiding =
  | { readonly kind: 'opened' }
  | { readonly kind: 'enlisted'; readonly count: number }
  | { readonly kind: 'second'; readonly figures: Figures }
  | { readonly kind: 'weight'; readonly rssBytes: number; readonly heapBytes: number }
  | { readonly kind: 'results'; readonly sensors: readonly SensorFigures[] }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly message: string }
