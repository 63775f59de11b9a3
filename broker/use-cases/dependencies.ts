// What the use cases work with.
import type { DeviceId } from '../../proto/ids.ts'
import type { Orchestrator } from '../orchestrator/orchestrator.ts'
import type { ArtifactStore, Clock, Log, Random, Store } from '../ports.ts'
import type { Serially } from './serially.ts'

export interface Dependencies {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly orchestrator: Orchestrator
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Names of devices and principals are given one at a time: each is one identity. */
  readonly naming: Serially
  readonly isOnline: (device: DeviceId) => boolean
}
