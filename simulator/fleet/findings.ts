// What a run has found, before anybody judges it.
import type { OperationView } from '../../proto/http-api.ts'
import type { Instant } from '../report/fleet-report.ts'
import type { BrokerWeights } from './broker-watch.ts'
import type { CrewFigures, Weight } from './crew.ts'
import type { MachineLimits } from './limits.ts'
import type { Ended } from './outcome.ts'
import type { Target } from './release.ts'
import type { SpawnedBroker } from './spawned-broker.ts'
import type { SensorFigures } from './worker/messages.ts'

export interface Findings {
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly durationMs: number
  readonly operation: OperationView | undefined
  readonly target: Target | undefined
  readonly imageBytes: number
  readonly figures: CrewFigures
  /** Never acknowledged, of what was sent at QoS 1 before the end. */
  readonly telemetryLost: number
  readonly timeline: readonly Instant[]
  readonly sensors: ReadonlyMap<string, SensorFigures>
  readonly ended: ReadonlyMap<string, Ended>
  readonly weights: { readonly before: Weight; readonly connected: Weight }
  readonly broker: BrokerWeights | undefined
  readonly limits: MachineLimits
  readonly openFilesNeeded: number
  /** Of this process; the others are in the figures. */
  readonly ownCpuSeconds: number
  readonly processes: number
  /** Left running, when that was wanted. */
  readonly kept: SpawnedBroker | undefined
}
