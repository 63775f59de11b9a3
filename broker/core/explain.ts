// What holds a device back in an operation: the exact rule, in the order in which they are judged. The same questions
// that the machine and the shell ask before a hand-over, asked for a person.
import type { OperationId } from '../../proto/ids.ts'
import type { Device } from './device.ts'
import { refusalOf } from './hand-over.ts'
import { concurrencyLimit } from './policy.ts'
import type { Execution, Operation, Release } from './records.ts'
import { currentWave, freePermits, waveRoom, waveSize } from './rollout.ts'

/** What the shell knows beside the records. */
export interface Standing {
  readonly at: number
  /** Of an operation that installs one. */
  readonly release?: Release
  readonly online: boolean
  readonly lastHelloAt?: number
  /** The operation in which the device is in progress. */
  readonly inProgressIn?: OperationId
  /** An operation that goes first and wants the same device. */
  readonly wantedFirstBy?: OperationId
  /** The broadcast session it is a member of. */
  readonly session?: string
  readonly window: { readonly open: boolean; readonly changesAt?: number }
  /** The device signs no reports, and the broker demands them. */
  readonly reportKeyLacks?: boolean
  /** Hand-overs the rate still allows now. */
  readonly rateLeft: number
  readonly rateLimit?: number
  /** Executions in progress over all operations, and their limit. */
  readonly brokerInProgress: number
  readonly brokerInProgressMax: number
}

export type Rule =
  | 'ended'
  | 'in-progress'
  | 'awaiting-go'
  | 'operation-state'
  | 'operation-closed'
  | 'already-at-state'
  | 'vendor'
  | 'quarantined'
  | 'prerequisite'
  | 'precursor'
  | 'offline'
  | 'report-key'
  | 'other-operation'
  | 'superseded'
  | 'retry-delay'
  | 'soak'
  | 'wave'
  | 'permit'
  | 'broker-permit'
  | 'window'
  | 'rate'
  | 'ready'

export interface Reason {
  readonly rule: Rule
  /** A sentence for people. */
  readonly message: string
  readonly data: Readonly<Record<string, string | number | boolean | null>>
}

export function explain(
  operation: Operation,
  execution: Execution,
  device: Device | undefined,
  standing: Standing,
): Reason {
  const { state, code, step } = execution
  if (state === 'completed' || state === 'failed' || state === 'skipped')
    return reason('ended', `ended ${state} with ${code ?? 'no code'}`, { state, code: code ?? null })
  if (state === 'in-progress') {
    const held = step === 'awaiting-install' && operation.policy.schedule.install === 'in-window'
    if (held && !standing.window.open)
      return reason(
        'awaiting-go',
        'waits at awaiting-install for the maintenance window',
        when(standing.window.changesAt),
      )
    const { attempt, offered } = execution
    const { session } = standing
    const format = offered === undefined ? {} : { format: offered.format, manifest: offered.manifest }
    const brought = offered === undefined || offered.format === 'raw' ? '' : ` with ${offered.format}`
    const heard = session === undefined ? '' : ', in a broadcast session'
    const { reportProblem } = execution
    const doubt = reportProblem === undefined ? '' : `; it told a success that is not believed: ${reportProblem}`
    return reason(
      'in-progress',
      `in progress, step ${step ?? 'offered'}, attempt ${attempt}${brought}${heard}${doubt}`,
      {
        step: step ?? 'offered',
        attempt,
        ...(reportProblem === undefined ? {} : { report: reportProblem }),
        ...format,
        ...(session === undefined ? {} : { session }),
      },
    )
  }
  return held(operation, execution, device, standing) ?? reason('ready', 'nothing holds it back: it is next', {})
}

function held(
  operation: Operation,
  execution: Execution,
  device: Device | undefined,
  standing: Standing,
): Reason | undefined {
  const { policy } = operation
  if (operation.state !== 'pending' && operation.state !== 'running')
    return reason(
      'operation-state',
      `the operation is ${operation.state}${operation.pause ? `: ${operation.pause.reason}` : ''}`,
      {
        state: operation.state,
      },
    )
  if (operation.closedAt !== undefined) return reason('operation-closed', 'the end of the schedule has come', {})
  if (operation.sweep?.kind === 'time-out-pending') return reason('operation-closed', 'the operation has timed out', {})
  const refusal = device && refusalOf(operation, device, standing.at, standing.release)
  if (refusal !== undefined) return refused(refusal.code, refusal.data)
  if (!standing.online)
    return reason('offline', 'not connected', {
      since: standing.lastHelloAt === undefined ? null : new Date(standing.lastHelloAt).toISOString(),
    })
  if (standing.reportKeyLacks === true)
    return reason(
      'report-key',
      'its hello said no report key, or another one than is kept of it: reports must be signed',
      {
        kept: device?.reportKey !== undefined,
      },
    )
  if (standing.inProgressIn !== undefined && standing.inProgressIn !== operation.id)
    return reason('other-operation', 'in progress in another operation', { operation: standing.inProgressIn })
  if (standing.wantedFirstBy !== undefined)
    return reason('superseded', 'an operation of higher priority or age goes first', {
      operation: standing.wantedFirstBy,
    })
  if (execution.notBefore !== undefined && standing.at < execution.notBefore)
    return reason('retry-delay', `waits for its next attempt${withFull(execution)}`, {
      ...when(execution.notBefore),
      ...(execution.lastFailure === undefined ? {} : { failed: execution.lastFailure.code }),
    })
  const wave = currentWave(operation)
  if (execution.attempt === 0 && wave !== undefined) {
    if (operation.wave.soakUntil !== undefined)
      return reason('soak', `wave ${operation.wave.index + 1} has succeeded and rests`, when(operation.wave.soakUntil))
    if (waveRoom(operation) === 0)
      return reason('wave', `wave ${operation.wave.index + 1} is full`, {
        wave: operation.wave.index + 1,
        size: waveSize(operation, wave),
        handedOver: operation.wave.handedOver,
        executed: operation.wave.executed,
      })
  }
  if (freePermits(operation) === 0)
    return reason('permit', 'all permits are in use', {
      inProgress: operation.counts.inProgress,
      limit: concurrencyLimit(operation),
    })
  if (standing.brokerInProgress >= standing.brokerInProgressMax)
    return reason('broker-permit', "the broker's own limit is reached", {
      inProgress: standing.brokerInProgress,
      limit: standing.brokerInProgressMax,
    })
  if (policy.schedule.windows.length > 0 && operation.override === undefined && !standing.window.open)
    return reason('window', 'outside the maintenance windows', when(standing.window.changesAt))
  if (standing.rateLeft <= 0)
    return reason('rate', 'as many hand-overs in the last minute as the rate allows', {
      limit: standing.rateLimit ?? null,
    })
  return undefined
}

function refused(code: string, data: Readonly<Record<string, string>>): Reason {
  if (code === 'SYS_110') return reason('already-at-state', 'has the target version and digest already', {})
  if (code === 'SYS_102') return reason('vendor', 'no manifest of its vendor', data)
  if (data.reason === 'prerequisite')
    return reason('prerequisite', `lacks ${data.component} ${data.expected} or later`, data)
  if (data.reason === 'precursor')
    return reason('precursor', 'the release has deltas only, none for what it has installed', data)
  return reason('quarantined', 'failed too many operations of late; a person has to release it', data)
}

function withFull({ deltaFailed, offered }: Execution): string {
  return deltaFailed === true && offered?.fullToo === true ? ', which brings the full image' : ''
}

function when(at: number | undefined): Readonly<Record<string, string | null>> {
  return { until: at === undefined ? null : new Date(at).toISOString() }
}

function reason(rule: Rule, message: string, data: Reason['data']): Reason {
  return { rule, message, data }
}
