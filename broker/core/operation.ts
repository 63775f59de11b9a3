// The machine of an operation: a fact comes in, the new records, events to log and wishes go out. Pure: the shell
// (broker/orchestrator) loads what a fact is about, saves the decision in one batch, and only then acts on the wishes.
//
//   pending ──first hand-over──▶ running ──none left──▶ completed
//      └────────stop────────────▶ stopping ─none left─▶ stopped
//
// An execution: pending ▶ in-progress ▶ completed | failed | skipped. The machine never holds the fleet: an operation is
// counters and a sweep cursor, and each fact brings the executions it is about.
import type { EventCode, EventType } from '../../proto/event-codes.ts'
import { eventCodeEntry } from '../../proto/event-codes.ts'
import type { DeviceId, PrincipalName } from '../../proto/ids.ts'
import type { DeviceEvent } from '../../proto/messages.ts'
import { recounted } from './counts.ts'
import type { Device } from './device.ts'
import type { Decision, Effect, ExecutionChange, Input } from './operation-facts.ts'
import { concurrencyLimit, type DeadlineKind, isAwaitingConfirmation } from './policy.ts'
import type { Execution, ExecutionState, NewEvent, Operation, Sweep } from './records.ts'

export function step(operation: Operation, input: Input): Decision {
  const draft = new Draft(operation, input.at)
  // All counts of an ended operation are frozen: a late result is an event and nothing else.
  if (isEnded(operation))
    return input.kind === 'device-reported' ? draft.late(input.execution, input.event) : draft.nothing()
  switch (input.kind) {
    case 'targets-found':
      return draft.targetsFound(input.targets, input.more, input.upTo)
    case 'pending-swept':
      return draft.pendingSwept(input.executions, input.more)
    case 'device-ready':
      return draft.deviceReady(input.execution, input.device)
    case 'device-unreachable':
      return draft.deviceUnreachable(input.execution)
    case 'device-reported':
      return draft.deviceReported(input.execution, input.event)
    case 'device-said-hello':
      return draft.deviceSaidHello(input.execution, input.device, input.underWay)
    case 'deadline-passed':
      return draft.deadlinePassed(input.execution, input.deadline, input.device)
    case 'operation-timed-out':
      return draft.timedOut(input.inProgress)
    case 'stop-requested':
      return draft.stopRequested(input.by, input.inProgress)
  }
}

export function isEnded(operation: Operation): boolean {
  return operation.state === 'completed' || operation.state === 'stopped'
}

/** Permits that are free now: none while the operation hands nothing over. */
export function freePermits(operation: Operation): number {
  if (operation.state !== 'pending' && operation.state !== 'running') return 0
  if (operation.sweep?.kind === 'time-out-pending') return 0
  return Math.max(0, concurrencyLimit(operation) - operation.counts.inProgress)
}

/** The device reports the release of this operation: version and digest. */
export function isAtTarget(operation: Operation, device: Device): boolean {
  const component = componentOf(operation, device)
  return component?.version === operation.targetVersion && component.digest === operation.targetDigest
}

function componentOf(operation: Operation, device: Device): Device['components'][number] | undefined {
  return device.components.find(component => component.name === operation.component)
}

/** One decision in the making; used once, inside `step`. */
class Draft {
  #operation: Operation
  readonly #at: number
  readonly #executions: ExecutionChange[] = []
  readonly #events: NewEvent[] = []
  readonly #effects: Effect[] = []

  constructor(operation: Operation, at: number) {
    this.#operation = operation
    this.#at = at
  }

  nothing(): Decision {
    return this.#decided()
  }

  late(execution: Execution, event: DeviceEvent): Decision {
    this.#logReport(execution, event, { late: 'true' }, false)
    return this.#decided()
  }

  targetsFound(
    targets: readonly { readonly device: DeviceId; readonly registered?: Device }[],
    more: boolean,
    upTo: DeviceId | undefined,
  ): Decision {
    if (this.#operation.sweep?.kind !== 'expand') return this.#decided()
    for (const { device, registered } of targets) {
      const initialVersion = registered && componentOf(this.#operation, registered)?.version
      const added: Execution = {
        operation: this.#operation.id,
        device,
        state: 'pending',
        attempt: 0,
        addedAt: this.#at,
        ...(initialVersion === undefined ? {} : { initialVersion }),
      }
      this.#log(added, 'SYS_108', 'INFO')
      if (registered === undefined) this.#end(added, undefined, 'failed', 'SYS_101')
      else if (isAtTarget(this.#operation, registered)) this.#end(added, undefined, 'skipped', 'SYS_110')
      else if (this.#operation.state === 'stopping') this.#end(added, undefined, 'skipped', 'SYS_103')
      else this.#put(added)
    }
    const after = upTo ?? targets.at(-1)?.device
    if (more && after !== undefined) this.#sweep({ kind: 'expand', after })
    else if (this.#operation.state === 'stopping') this.#sweep({ kind: 'skip-pending' })
    else this.#sweep(undefined)
    return this.#decided()
  }

  pendingSwept(executions: readonly Execution[], more: boolean): Decision {
    const { sweep } = this.#operation
    if (sweep === undefined || sweep.kind === 'expand') return this.#decided()
    for (const execution of executions) {
      if (execution.state !== 'pending') continue
      if (sweep.kind === 'skip-pending') this.#end(execution, 'pending', 'skipped', 'SYS_103')
      else this.#end(execution, 'pending', 'failed', 'SYS_100', { reason: 'timeout' })
    }
    const after = executions.at(-1)?.device
    this.#sweep(more && after !== undefined ? { kind: sweep.kind, after } : undefined)
    return this.#decided()
  }

  deviceReady(execution: Execution, device: Device): Decision {
    if (execution.state !== 'pending' || freePermits(this.#operation) === 0) return this.#decided()
    if (isAtTarget(this.#operation, device)) {
      this.#end(execution, 'pending', 'skipped', 'SYS_110')
      return this.#decided()
    }
    const initialVersion = componentOf(this.#operation, device)?.version ?? execution.initialVersion
    const handedOver: Execution = {
      ...execution,
      state: 'in-progress',
      step: 'offered',
      attempt: execution.attempt + 1,
      handedOverAt: this.#at,
      answered: false,
      ...(initialVersion === undefined ? {} : { initialVersion }),
    }
    this.#put(handedOver, 'pending')
    if (this.#operation.state === 'pending')
      this.#operation = { ...this.#operation, state: 'running', startedAt: this.#at }
    this.#effects.push({ kind: 'offer', execution: handedOver })
    return this.#decided()
  }

  deviceUnreachable(execution: Execution): Decision {
    if (execution.state !== 'pending' || execution.unreachableNoted === true || this.#operation.state === 'stopping')
      return this.#decided()
    this.#put({ ...execution, unreachableNoted: true }, 'pending')
    this.#log(execution, 'SYS_100', 'INFO', { reason: 'offline' })
    return this.#decided()
  }

  deviceReported(execution: Execution, event: DeviceEvent): Decision {
    const { content } = event
    const ofThisAttempt = event.attempt === undefined || event.attempt === execution.attempt
    if (!ofThisAttempt || (execution.state !== 'in-progress' && execution.provisional !== true))
      return this.late(execution, event)
    const heard: Execution = { ...execution, answered: true, reportedAt: this.#at }
    if (content.kind === 'code') {
      const succeeded = content.code === 'UPD2_OK_18'
      const wrongImage = succeeded && event.digest !== undefined && event.digest !== this.#operation.targetDigest
      this.#logReport(execution, event, {}, !wrongImage)
      if (wrongImage)
        this.#end(heard, execution.state, 'failed', 'SYS_111', {
          expected: this.#operation.targetDigest,
          actual: event.digest ?? '',
        })
      else if (succeeded) this.#close(heard, execution.state, 'completed', content.code, event.data)
      else this.#close(heard, execution.state, 'failed', content.code, event.data, event.version)
      return this.#decided()
    }
    // A step can no longer bring back what the broker has given up; only a result can.
    if (execution.state !== 'in-progress') return this.#decided()
    if (content.step !== 'withdrawn') this.#put({ ...heard, step: content.step }, 'in-progress')
    else if (this.#operation.state === 'stopping') this.#end(heard, 'in-progress', 'skipped', 'SYS_103')
    else {
      // Taken back though it is wanted (a stop that this store knows nothing of): a new attempt, or the device would
      // only repeat that it took the old one back.
      const again: Execution = { ...heard, step: 'offered', answered: false, attempt: execution.attempt + 1 }
      this.#put(again, 'in-progress')
      this.#effects.push({ kind: 'offer', execution: again })
    }
    return this.#decided()
  }

  deviceSaidHello(execution: Execution, device: Device, underWay: boolean): Decision {
    if (execution.state !== 'in-progress' && execution.provisional !== true) return this.#decided()
    if (underWay) {
      if (execution.state !== 'in-progress') return this.#decided()
      if (execution.answered !== true) this.#put({ ...execution, answered: true }, 'in-progress')
      if (this.#operation.state === 'stopping') this.#effects.push({ kind: 'withdraw', execution })
      return this.#decided()
    }
    if (isAtTarget(this.#operation, device)) this.#end(execution, execution.state, 'completed', 'SYS_112')
    else if (execution.state !== 'in-progress') return this.#decided()
    else if (isAwaitingConfirmation(execution)) this.#notReached(execution, device)
    else if (this.#operation.state === 'stopping') this.#end(execution, 'in-progress', 'skipped', 'SYS_103')
    else {
      // The device knows nothing of the offer: it never arrived, or its journal is new.
      const again: Execution = { ...execution, step: 'offered', answered: false }
      this.#put(again, 'in-progress')
      this.#effects.push({ kind: 'offer', execution: again })
    }
    return this.#decided()
  }

  deadlinePassed(execution: Execution, deadline: DeadlineKind, device: Device | undefined): Decision {
    if (execution.state !== 'in-progress') return this.#decided()
    switch (deadline) {
      case 'step':
      case 'in-progress':
        this.#end(execution, 'in-progress', 'failed', 'SYS_100', { reason: `${deadline}-timeout` })
        return this.#decided()
      case 'confirm':
        if (device !== undefined && isAtTarget(this.#operation, device))
          this.#end(execution, 'in-progress', 'completed', 'SYS_112')
        else this.#notReached(execution, device)
        return this.#decided()
      case 'stop':
        this.#end(execution, 'in-progress', 'failed', 'SYS_104')
        return this.#decided()
    }
  }

  timedOut(inProgress: readonly Execution[]): Decision {
    const sweeping = this.#operation.sweep?.kind
    // An expansion is finished first, or targets would be forgotten; the deadline is still past then.
    if (sweeping === 'time-out-pending' || sweeping === 'expand') return this.#decided()
    for (const execution of inProgress) this.#end(execution, 'in-progress', 'failed', 'SYS_100', { reason: 'timeout' })
    // A stop that is under way goes over the pending ones itself.
    if (this.#operation.state !== 'stopping') this.#sweep({ kind: 'time-out-pending' })
    return this.#decided()
  }

  stopRequested(by: PrincipalName, inProgress: readonly Execution[]): Decision {
    const { state, sweep } = this.#operation
    if (state === 'stopping') return this.#decided()
    this.#operation = { ...this.#operation, state: 'stopping', stopRequestedAt: this.#at, stoppedBy: by }
    if (sweep?.kind !== 'expand') this.#sweep({ kind: 'skip-pending' })
    for (const execution of inProgress) this.#effects.push({ kind: 'withdraw', execution })
    return this.#decided()
  }

  #notReached(execution: Execution, device: Device | undefined): void {
    const component = device && componentOf(this.#operation, device)
    this.#end(execution, 'in-progress', 'failed', 'SYS_111', {
      expected: `${this.#operation.targetVersion} ${this.#operation.targetDigest}`,
      actual: component === undefined ? 'no hello since the reboot' : `${component.version} ${component.digest}`,
    })
  }

  /** Ends the execution by a word of the broker, and logs it. */
  #end(
    execution: Execution,
    previous: ExecutionState | undefined,
    state: 'completed' | 'failed' | 'skipped',
    code: EventCode,
    data: Readonly<Record<string, string>> = {},
  ): void {
    this.#log(execution, code, eventCodeEntry(code).types[0], data, {
      state: { from: previous ?? null, to: state },
    })
    this.#close(execution, previous, state, code, data)
  }

  #close(
    execution: Execution,
    previous: ExecutionState | undefined,
    state: 'completed' | 'failed' | 'skipped',
    code: EventCode,
    data: Readonly<Record<string, string>>,
    version?: string,
  ): void {
    const { provisional: _, step: __, ...rest } = execution
    const updatedVersion = state === 'completed' ? this.#operation.targetVersion : (version ?? execution.initialVersion)
    // Only what the broker itself concluded without hearing the device may still be replaced by the device's word.
    const provisional = code === 'SYS_100' || code === 'SYS_104' || code === 'SYS_111'
    this.#put(
      {
        ...rest,
        state,
        code,
        data,
        endedAt: this.#at,
        ...(updatedVersion === undefined ? {} : { updatedVersion }),
        ...(provisional && execution.handedOverAt !== undefined ? { provisional: true } : {}),
      },
      previous,
      execution.code,
    )
  }

  #put(execution: Execution, previous?: ExecutionState, previousCode?: EventCode): void {
    this.#executions.push(previous === undefined ? { execution } : { execution, previous })
    const { counts } = this.#operation
    this.#operation = { ...this.#operation, counts: recounted(counts, execution, previous, previousCode) }
  }

  #sweep(sweep: Sweep | undefined): void {
    const { sweep: _, ...rest } = this.#operation
    this.#operation = sweep === undefined ? rest : { ...rest, sweep }
  }

  #log(
    execution: Execution,
    code: EventCode,
    type: EventType,
    data: Readonly<Record<string, string>> = {},
    changes: NewEvent['changes'] = {},
  ): void {
    this.#events.push({
      recordedAt: this.#at,
      device: execution.device,
      code,
      type,
      category: type === 'INFO' ? 'INFO' : eventCodeEntry(code).category,
      operation: this.#operation.id,
      stateChange: Object.keys(changes).length > 0,
      changes,
      data,
    })
  }

  #logReport(execution: Execution, event: DeviceEvent, extra: Readonly<Record<string, string>>, counts: boolean): void {
    if (event.content.kind !== 'code') return
    const { code } = event.content
    const entry = eventCodeEntry(code)
    const to = entry.types[0] === 'SUCCESS' ? 'completed' : 'failed'
    this.#events.push({
      recordedAt: this.#at,
      device: execution.device,
      code,
      type: entry.types[0],
      category: entry.category,
      operation: this.#operation.id,
      stateChange: counts,
      changes: counts ? { state: { from: execution.state, to } } : {},
      data: { ...event.data, ...extra },
      source: sourceOf(event),
    })
  }

  #decided(): Decision {
    const { counts, state, sweep } = this.#operation
    const left = counts.pending + counts.inProgress
    if (!isEnded(this.#operation) && sweep === undefined && left === 0)
      this.#operation = {
        ...this.#operation,
        state: state === 'stopping' ? 'stopped' : 'completed',
        completedAt: this.#at,
      }
    return { operation: this.#operation, executions: this.#executions, events: this.#events, effects: this.#effects }
  }
}

/** Where an event of a device came from, as it is stored. */
export function sourceOf(event: DeviceEvent): NonNullable<NewEvent['source']> {
  return { journalId: event.journalId, eventNumber: event.eventNumber, deviceTime: event.deviceTime }
}
