// What the use cases work with.
import type { DeviceId, OperationId, PrincipalName } from '../../proto/ids.ts'
import type { CertificateAuthority } from '../certificate-authority.ts'
import type { Orchestrator } from '../orchestrator/orchestrator.ts'
import type { ArtifactStore, Calendar, Clock, Csv, Log, Random, Store } from '../ports.ts'
import type { Reports } from '../reports/reports.ts'
import type { Answers } from './answers.ts'
import type { OperationTypes } from './operation-types.ts'
import type { Serially } from './serially.ts'

export interface Dependencies {
  readonly store: Store
  readonly artifacts: ArtifactStore
  readonly orchestrator: Orchestrator
  /** The fleet's time: what is written is dated by it. */
  readonly clock: Clock
  readonly random: Random
  readonly calendar: Calendar
  readonly csv: Csv
  readonly log: Log
  readonly types: OperationTypes
  readonly answers: Answers
  readonly reports: Reports
  /** Names of devices and principals are given one at a time: each is one identity. */
  readonly naming: Serially
  readonly isOnline: (device: DeviceId) => boolean
  /** Bytes a second that go out for an operation now. */
  readonly throughputOf: (operation: OperationId) => number
  /** Ends the MQTT connections of a principal whose role, token or existence has changed. */
  readonly disconnectOperator: (name: PrincipalName, reason: string) => void
  /** Absent: this broker signs no certificates. */
  readonly authority?: CertificateAuthority
  /** What is wrong with the address of a webhook, or undefined. */
  readonly webhookProblem: (url: string) => string | undefined
}
