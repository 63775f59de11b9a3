// The numbers and rules an operation runs under: their form, their defaults, the concurrency limit in force and the
// deadline of an execution. Source of the rules: docs/PROTOCOL.md, "Timers and limits of an operation".
import type { EventCode } from '../../proto/event-codes.ts'
import type { ReleaseId } from '../../proto/ids.ts'
import type { FailureClass } from './failure-classes.ts'
import type { Execution, Operation } from './records.ts'

/** Limits under which an operation runs. Lists are in the order in which they are judged. */
export interface Policy {
  /** 0..9; of operations that want the same device the higher one goes first, then the older. */
  readonly priority: number
  /** Executions in progress at the same time, 1 or more. */
  readonly concurrency: number
  /** The same as a share of the targets, 1..100, rounded up; the smaller of the two counts. */
  readonly concurrencyPercent?: number
  /** What becomes of a device that is not connected when its turn comes. */
  readonly offlinePolicy: 'wait' | 'skip'
  readonly rate?: RatePolicy
  readonly waves: readonly Wave[]
  readonly abort: readonly AbortRule[]
  readonly retries: readonly RetryRule[]
  readonly schedule: Schedule
  /** A device whose attempt fails sends what it logged of late. Absent: no. */
  readonly logOnFailure?: boolean
  /** Absent: the defaults, as in records of brokers that knew pulling only. */
  readonly delivery?: DeliveryPolicy
  /** A second principal must approve before anything is handed over. */
  readonly approval: boolean
  /** What a device must have; others are skipped without traffic. */
  readonly prerequisites: readonly { readonly component: string; readonly versionLeast: string }[]
  /** From the first hand-over, or before any from when there could be one; per device from joining when the targets are open. */
  readonly timeoutDays: number
  /** Between two reports of a device in progress; then SYS_100. */
  readonly stepTimeoutMinutes: number
  /** From the hand-over on. */
  readonly inProgressTimeoutMinutes: number
  /** After a reboot, for the new hello; then SYS_111. */
  readonly confirmTimeoutMinutes: number
  /** From the stop on, for executions in progress; then SYS_104. */
  readonly stopTimeoutMinutes: number
}

/** How the bytes of an update come to its devices. */
export interface DeliveryPolicy {
  /** auto: whatever costs least for each device. */
  readonly transport: 'auto' | 'pull' | 'broadcast'
  /** Of all its devices together, bytes a second. */
  readonly bytesPerSecond?: number
  /** A device whose broadcast session failed (UPD4_FAIL_45) is offered the update once more, alone and at once. */
  readonly retryByPull: boolean
}
export const deliveryDefaults: DeliveryPolicy = { transport: 'auto', retryByPull: true }

/** Hand-overs in any 60 s: maximum, or min(maximum, base · factor^k) with k = floor(count of criterion / criterion count). */
export interface RatePolicy {
  readonly maximumPerMinute: number
  readonly exponential?: {
    readonly basePerMinute: number
    /** 1.1..5 */
    readonly factor: number
    readonly criterion: { readonly kind: 'notified' | 'succeeded'; readonly count: number }
  }
}

/** Devices handed over together; the next wave opens when this one has succeeded and soaked. */
export interface Wave {
  readonly size: { readonly kind: 'count' | 'percent'; readonly value: number }
  /** Of the executed; `>=` succeeds. */
  readonly successPercent: number
  /** Of the executed; `>` is an error, judged before success. */
  readonly errorPercent: number
  /** Judged from so many executed on; absent: from the whole wave on. */
  readonly minExecuted?: number
  readonly soakMinutes: number
  readonly onSuccess: 'next' | 'pause'
}

/** Which failures a rule speaks of. TIMED_OUT is SYS_100, FAIL every other failure. */
export type Match =
  | { readonly kind: 'FAIL' | 'TIMED_OUT' | 'ALL' }
  | { readonly kind: 'class'; readonly class: FailureClass }
  | { readonly kind: 'codes'; readonly codes: readonly EventCode[] }

/** Hits when more than `percent` of the executed failed in this way, from `minExecuted` on. */
export interface AbortRule {
  readonly match: Match
  readonly minExecuted: number
  /** 0..100; 0: a single failure hits. */
  readonly percent: number
  /** Counts in the first wave only. */
  readonly firstWaveOnly?: boolean
  readonly action: { readonly kind: 'pause' | 'stop' } | { readonly kind: 'rollback'; readonly release: ReleaseId }
}

/** Per device. The first rule that matches the failure decides. */
export interface RetryRule {
  readonly match: Match
  /** 1..10 retries */
  readonly limit: number
  /** Delay of the n-th retry: delaySeconds · factor^(n-1), spread by ± jitter (0..1) of itself. */
  readonly delaySeconds: number
  readonly factor: number
  readonly jitter: number
}

export interface Schedule {
  /** Milliseconds since 1970. */
  readonly startAt?: number
  readonly endAt?: number
  /** At `endAt`: hand nothing more over and let what runs finish, or stop. */
  readonly onEnd: 'finish' | 'stop'
  /** Nothing new is handed over outside; empty: always open. */
  readonly windows: readonly MaintenanceWindow[]
  /** `in-window`: devices wait at awaiting-install for the go. */
  readonly install: 'any-time' | 'in-window'
}
/** Opens at each time the cron expression names in that time zone, for so many minutes. */
export interface MaintenanceWindow {
  /** Five fields. */
  readonly cron: string
  readonly minutes: number
  /** IANA name. */
  readonly timeZone: string
}

const seconds = (delaySeconds: number) => ({ delaySeconds, factor: 2, jitter: 0.2 })

export const policyDefaults: Policy = {
  priority: 5,
  concurrency: 500,
  concurrencyPercent: 25,
  offlinePolicy: 'wait',
  waves: [],
  // One failure of these kinds in the first wave is no accident of one device.
  abort: (['security', 'author'] as const).map(name => ({
    match: { kind: 'class', class: name },
    minExecuted: 1,
    percent: 0,
    firstWaveOnly: true,
    action: { kind: 'pause' },
  })),
  retries: [
    { match: { kind: 'class', class: 'network' }, limit: 2, ...seconds(60) },
    { match: { kind: 'codes', codes: ['UPD4_FAIL_34', 'UPD4_FAIL_35', 'UPD4_FAIL_36'] }, limit: 2, ...seconds(300) },
    { match: { kind: 'codes', codes: ['UPD4_FAIL_26', 'UPD4_FAIL_47'] }, limit: 1, ...seconds(60) },
    { match: { kind: 'class', class: 'internal' }, limit: 1, ...seconds(300) },
    // Of a delta alone, and with the full image in its place: see retry.ts, which has UPD4_FAIL_42 too.
    { match: { kind: 'codes', codes: ['UPD4_FAIL_25', 'UPD4_FAIL_32'] }, limit: 1, ...seconds(30) },
  ],
  schedule: { onEnd: 'finish', windows: [], install: 'any-time' },
  approval: false,
  prerequisites: [],
  timeoutDays: 14,
  stepTimeoutMinutes: 60,
  inProgressTimeoutMinutes: 10_080,
  confirmTimeoutMinutes: 30,
  stopTimeoutMinutes: 240,
}

const minuteMs = 60_000
const dayMs = 86_400_000

/** Executions that may be in progress at once, 1 or more: a share is taken of the targets found so far, rounded up. */
export function concurrencyLimit(operation: Operation): number {
  const { concurrency, concurrencyPercent } = operation.policy
  if (concurrencyPercent === undefined) return concurrency
  return Math.min(concurrency, Math.max(1, Math.ceil((operation.counts.total * concurrencyPercent) / 100)))
}

/** New devices may join until the operation is stopped. */
export function isOpen(operation: Operation): boolean {
  return operation.targets.kind === 'filter' && operation.targets.open
}

/** When the whole operation times out, milliseconds since 1970; undefined before it may run and when its targets are open. */
export function operationDeadline(operation: Operation): number | undefined {
  const from = operation.startedAt ?? operation.openedAt
  if (from === undefined || isOpen(operation)) return undefined
  return from + operation.policy.timeoutDays * dayMs
}

/** When a device of an operation with open targets times out, counted from its joining. */
export function joinedDeadline(operation: Operation, execution: Execution): number {
  return execution.addedAt + operation.policy.timeoutDays * dayMs
}

export type DeadlineKind = 'step' | 'in-progress' | 'confirm' | 'stop' | 'operation'

/**
 * The deadline that comes first for an execution in progress. `lastSignAt` is the device's last sign of life in this
 * execution (report or progress); timers never run from before the hand-over. `held`: the device waits for the broker's
 * go, so its silence is ours.
 */
export function executionDeadline(
  operation: Operation,
  execution: Execution,
  lastSignAt: number,
  held = false,
): { readonly kind: DeadlineKind; readonly at: number } {
  const { policy } = operation
  const handedOverAt = execution.handedOverAt ?? operation.requestedAt
  const withdrawnAt = operation.stopRequestedAt ?? execution.removal?.at
  const deadlines: { kind: DeadlineKind; at: number }[] = [
    { kind: 'in-progress', at: handedOverAt + policy.inProgressTimeoutMinutes * minuteMs },
  ]
  if (isAwaitingConfirmation(execution))
    deadlines.push({
      kind: 'confirm',
      at: (execution.reportedAt ?? handedOverAt) + policy.confirmTimeoutMinutes * minuteMs,
    })
  // Told to withdraw it may finish its step in silence: what ends it then is the stop timeout, as SYS_104.
  else if (!held && withdrawnAt === undefined)
    deadlines.push({ kind: 'step', at: Math.max(lastSignAt, handedOverAt) + policy.stepTimeoutMinutes * minuteMs })
  if (withdrawnAt !== undefined)
    deadlines.push({ kind: 'stop', at: withdrawnAt + policy.stopTimeoutMinutes * minuteMs })
  if (isOpen(operation)) deadlines.push({ kind: 'operation', at: joinedDeadline(operation, execution) })
  return deadlines.reduce((first, next) => (next.at < first.at ? next : first))
}

/** The device has said that it restarts into the new image: only its next hello decides. */
export function isAwaitingConfirmation(execution: Execution): boolean {
  return execution.step === 'rebooting' || execution.step === 'confirming'
}
