// What a device's word makes of its execution: a report, or a hello whose outbox is in.
import { type EventCode, eventCodeEntry } from '../../proto/event-codes.ts'
import type { DeviceEvent, Step } from '../../proto/messages.ts'
import { isEndedExecution } from './counts.ts'
import type { Device } from './device.ts'
import type { Data, Draft } from './draft.ts'
import { isAtTarget } from './hand-over.ts'
import type { Input } from './operation-facts.ts'
import { isAwaitingConfirmation } from './policy.ts'
import type { Execution, ExecutionStep, Operation } from './records.ts'
import { isUnproven, type Proof, proofData, type ReportProblem } from './report-facts.ts'
import { isFailedDelta, retryOf, ruleName, withoutLastFailure } from './retry.ts'
import { transferIn } from './transfer.ts'

export interface Report {
  readonly execution: Execution
  readonly event: DeviceEvent
  readonly backupSha256?: string
  readonly proof?: Proof
  readonly chance: number
}

export function deviceReported(draft: Draft, report: Report): void {
  const { execution, event } = report
  const { content } = event
  const ofThisAttempt = event.attempt === undefined || event.attempt === execution.attempt
  const counts = isFact(draft, event) ? isUnended(execution) : ofThisAttempt && isUndecided(execution)
  if (!counts) {
    draft.logReport(execution, event, { late: 'true' })
    return
  }
  const heard: Execution = { ...execution, answered: true, reportedAt: draft.at, ...transferIn(event) }
  if (content.kind === 'code') codeReported(draft, { ...report, execution: heard }, execution, content.code)
  else if (content.step === 'done' || content.step === 'failed')
    outcomeReported(draft, { ...report, execution: heard }, execution, content.step)
  else if (content.step === 'withdrawn') withdrawnReported(draft, heard, execution)
  // A step can no longer bring back what the broker has given up; only a result can.
  else if (execution.state === 'in-progress') {
    const step = stepOf(execution, content.step)
    const awaited = step === 'awaiting-install' ? sessionIn(event) : {}
    draft.put({ ...withoutStep(heard), step, ...awaited }, execution)
  }
}

/** Which broadcast session it waits for, said with `awaiting-install`. */
function sessionIn({ data: { session = '' } }: DeviceEvent): Pick<Execution, 'awaitsSession'> {
  return /^[0-9a-f]{16}$/.test(session) ? { awaitsSession: session } : {}
}

/** Without what belongs to the step it has left. */
function withoutStep(execution: Execution): Execution {
  // Taking fields away costs ten times what a look does, and nearly no execution has these.
  if (execution.awaitsSession === undefined && execution.reportProblem === undefined) return execution
  const { awaitsSession: _, reportProblem: __, ...rest } = execution
  return rest
}

/** Handed over and not ended for good: in progress, between two attempts, or ended by the broker's word alone. */
function isUnended({ state, provisional, lastFailure }: Execution): boolean {
  return state === 'in-progress' || provisional === true || (state === 'pending' && lastFailure !== undefined)
}

/** In progress, or given up by the broker alone: the device's own result still counts. Its second word does not. */
function isUndecided(execution: Execution): boolean {
  return isUnended(execution) && (execution.state !== 'pending' || execution.lastFailure?.final !== true)
}

/** The wanted image is installed, by whichever attempt: a new attempt could only end in "not newer". */
function isFact({ operation: { subject } }: Draft, { content, digest }: DeviceEvent): boolean {
  return (
    subject.kind === 'release' &&
    content.kind === 'code' &&
    eventCodeEntry(content.code).types[0] === 'SUCCESS' &&
    digest === subject.digest
  )
}

/** Told to withdraw, it finishes the step it is in; only one that installs already will not obey. */
function stepOf({ step }: Execution, reported: Step): ExecutionStep {
  const goesOn = reported === 'installing' || reported === 'rebooting' || reported === 'confirming'
  return step === 'withdrawing' && !goesOn ? step : reported
}

function codeReported(
  draft: Draft,
  { execution, event, chance, proof }: Report,
  previous: Execution,
  code: EventCode,
): void {
  const { subject } = draft.operation
  const succeeded = eventCodeEntry(code).types[0] === 'SUCCESS'
  if (!succeeded) {
    failed(draft, execution, previous, code, event.data, chance, {
      ...(event.version === undefined ? {} : { version: event.version }),
      event,
    })
    return
  }
  const digest = subject.kind === 'release' ? subject.digest : undefined
  const wrongImage = digest === undefined || (event.digest !== undefined && event.digest !== digest)
  if (!wrongImage && isUnproven(proof)) {
    draft.logReport(previous, event, proofData(proof))
    unproven(draft, execution, previous, proof)
    return
  }
  draft.logReport(previous, event, wrongImage ? {} : proofData(proof), wrongImage ? undefined : 'completed')
  if (!wrongImage) {
    draft.close(execution, previous, 'completed', code, { ...event.data, ...proofData(proof) })
    return
  }
  const data = { expected: digest ?? 'no image', actual: event.digest ?? '' }
  failed(draft, execution, previous, 'SYS_111', data, chance, { byBroker: true })
}

/** A success without its proof: nothing is concluded from it, and the device has the time of a confirmation for a better word. */
function unproven(draft: Draft, heard: Execution, previous: Execution, problem: ReportProblem): void {
  if (previous.state !== 'in-progress') return
  const { step, reportedAt } = previous
  if (step === 'confirming' && previous.reportProblem === problem) return
  // Whoever says it again and again does not put off the end.
  const since = previous.reportProblem === undefined ? draft.at : (reportedAt ?? draft.at)
  const waits: Execution = { ...withoutStep(heard), step: 'confirming', answered: true }
  draft.put({ ...waits, reportedAt: since, reportProblem: problem }, previous)
}

/** The device's word on a command: SYS_112 when what it says is what was wanted. */
function outcomeReported(draft: Draft, report: Report, previous: Execution, step: 'done' | 'failed'): void {
  const { execution, event, chance, proof } = report
  const { subject } = draft.operation
  if (subject.kind !== 'command') return
  const wrong: Data | undefined = step === 'failed' ? { reason: 'failed', ...event.data } : mistakeIn(draft, report)
  if (wrong !== undefined) failed(draft, execution, previous, 'SYS_111', wrong, chance)
  else if (isUnproven(proof)) unproven(draft, execution, previous, proof)
  else draft.end(execution, previous, 'completed', 'SYS_112', { ...event.data, ...proofData(proof) })
}

function mistakeIn(draft: Draft, { event, backupSha256 }: Report): Data | undefined {
  const { subject } = draft.operation
  if (subject.kind !== 'command') return undefined
  const { configuration_digest: digest, exit_code: exitCode } = event.data
  if (subject.confirmation === 'new-boot') return { reason: 'not-rebooted' }
  if (subject.confirmation === 'backup' && (backupSha256 === undefined || backupSha256 !== digest))
    return { reason: 'backup-absent', expected: digest ?? '', actual: backupSha256 ?? '' }
  if (subject.digest !== undefined && subject.digest !== digest)
    return { reason: 'digest', expected: subject.digest, actual: digest ?? '' }
  if (exitCode !== undefined && exitCode !== '0') return { ...event.data, reason: 'exit-code' }
  return undefined
}

function withdrawnReported(draft: Draft, heard: Execution, previous: Execution): void {
  const stopping = draft.operation.state === 'stopping'
  if (previous.state !== 'in-progress') {
    // "May still update" was the broker's word, and here is the device's: it will not.
    if (previous.code === 'SYS_104') draft.end(heard, previous, 'skipped', stopping ? 'SYS_103' : 'SYS_109')
  } else if (heard.removal !== undefined) draft.end(heard, previous, 'skipped', 'SYS_109')
  else if (stopping) draft.end(heard, previous, 'skipped', 'SYS_103')
  else {
    // Taken back though it is wanted (a stop that this store knows nothing of): a new attempt, or the device would
    // only repeat that it took the old one back.
    const again: Execution = {
      ...withoutStep(heard),
      step: 'offered',
      answered: false,
      attempt: heard.attempt + 1,
    }
    draft.put(again, previous)
    draft.effect({ kind: 'offer', execution: again })
  }
}

type SaidHello = Extract<Input, { kind: 'device-said-hello' }>

export function deviceSaidHello(
  draft: Draft,
  { execution, device, underWay, chance, repeated, proof }: Omit<SaidHello, 'kind' | 'at'>,
): void {
  if (!isUnended(execution)) return
  const taking = draft.operation.state === 'stopping' || execution.removal !== undefined
  // It works on it still: the image it runs may be on trial, and what it says it runs is no success yet.
  if (underWay) {
    if (execution.state !== 'in-progress') return
    if (execution.answered !== true || execution.undecided !== true)
      draft.put({ ...execution, answered: true, undecided: true }, execution)
    if (taking) draft.effect({ kind: 'withdraw', execution })
    return
  }
  if (isConfirmed(draft.operation, execution, device)) {
    if (isUnproven(proof)) unproven(draft, execution, execution, proof)
    else draft.end(execution, execution, 'completed', 'SYS_112', { ...execution.transfer, ...proofData(proof) })
    return
  }
  if (execution.state !== 'in-progress') return
  // A success that was not believed is no restart that has to be confirmed, and takes nothing from whom it was claimed of.
  const awaited = isAwaitingConfirmation(execution) && execution.reportProblem === undefined
  if (draft.operation.subject.kind === 'release' && awaited) notReached(draft, execution, device, chance)
  else if (taking) draft.end(execution, execution, 'skipped', execution.removal === undefined ? 'SYS_103' : 'SYS_109')
  // A hello may be its answer to the very offer (it believes that it is done): offering at once would go round for ever,
  // and moving the execution would hold off its step timeout. The repetition is the timer's.
  else if (repeated === true && execution.step === 'offered' && execution.answered !== true) return
  else {
    // The device knows nothing of the offer: it never arrived, or its journal is new.
    const { undecided: _, ...known } = withoutStep(execution)
    const again: Execution = { ...known, step: 'offered', answered: false }
    draft.put(again, execution)
    draft.effect({ kind: 'offer', execution: again })
  }
}

/** The hello itself is the success: the release runs, or the device has booted since. */
export function isConfirmed(operation: Operation, execution: Execution, device: Device): boolean {
  if (operation.subject.kind === 'release') return isAtTarget(operation, device)
  return (
    operation.subject.confirmation === 'new-boot' &&
    execution.bootId !== undefined &&
    device.bootId !== execution.bootId
  )
}

/** After the reboot the device does not run what it should, or has not proved it (`problem`). */
export function notReached(
  draft: Draft,
  execution: Execution,
  device: Device | undefined,
  chance: number,
  problem?: ReportProblem,
): void {
  const { subject } = draft.operation
  const component =
    subject.kind === 'release' ? device?.components.find(({ name }) => name === subject.component) : undefined
  failed(
    draft,
    execution,
    execution,
    'SYS_111',
    {
      ...(problem === undefined ? {} : { reason: problem }),
      expected: subject.kind === 'release' ? `${subject.version} ${subject.digest}` : 'a hello with a new boot id',
      actual: component === undefined ? 'no hello since the reboot' : `${component.version} ${component.digest}`,
    },
    chance,
    { byBroker: true },
  )
}

/**
 * An attempt has failed: pending again when a retry is due, ended otherwise. `event`: the device's own code, logged as
 * it came; otherwise the broker's word. `byBroker`: concluded without the device's word, so that may still replace it.
 */
export function failed(
  draft: Draft,
  execution: Execution,
  previous: Execution,
  code: EventCode,
  data: Data,
  chance: number,
  options: { readonly event?: DeviceEvent; readonly version?: string; readonly byBroker?: boolean } = {},
): void {
  const { event, version } = options
  // The broker had given this attempt up: the device's own result takes the place of that failure, and counts once.
  const counted = withoutLastFailure(execution)
  // What had ended already is corrected, not tried again.
  const retry = isEndedExecution(previous) ? undefined : retryOf(draft.operation, counted, code, chance)
  if (retry === undefined) {
    if (event === undefined) draft.end(execution, previous, 'failed', code, data, { final: options.byBroker !== true })
    else {
      draft.logReport(previous, event, {}, 'failed')
      draft.close(execution, previous, 'failed', code, data, version === undefined ? {} : { version })
    }
    return
  }
  const notBefore = draft.at + retry.delayMs
  const deltaFailed = isFailedDelta(execution, code)
  const rule = ruleName(retry)
  const told = { retry: String(retry.number), retry_rule: rule }
  if (event === undefined) {
    const { types } = eventCodeEntry(code)
    const type = types.some(known => known === 'INFO') ? 'INFO' : types[0]
    draft.log(execution, code, type, { ...data, ...told }, { state: { from: previous.state, to: 'pending' } })
  } else draft.logReport(previous, event, told, 'pending')
  draft.audit({ kind: 'policy', rule }, 'execution.retry', {
    device: execution.device,
    code,
    retry: retry.number,
    notBefore: new Date(notBefore).toISOString(),
    ...(deltaFailed && execution.offered?.fullToo === true ? { brings: 'full' } : {}),
  })
  const { step: _, ...rest } = withoutStep(counted)
  const final = options.byBroker === true ? {} : { final: true }
  draft.put(
    {
      ...rest,
      state: 'pending',
      notBefore,
      ...(retry.rule === undefined
        ? { pullOnly: true, lastFailure: { code, data, ...final } }
        : {
            retries: { ...counted.retries, [retry.rule]: retry.number },
            lastFailure: { code, data, rule: retry.rule, ...final },
          }),
      ...(deltaFailed ? { deltaFailed } : {}),
    },
    previous,
  )
}
