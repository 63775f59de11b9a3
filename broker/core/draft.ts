// One decision of the operation machine in the making: what has been decided so far is what the next thought sees.
// Used once, inside `step`; nothing of it leaves but the Decision.
import { type EventCode, type EventType, eventCodeEntry } from '../../proto/event-codes.ts'
import type { JsonObject } from '../../proto/json.ts'
import type { DeviceEvent } from '../../proto/messages.ts'
import { errorReasonOf, recounted } from './counts.ts'
import type { Decision, Effect, ExecutionChange } from './operation-facts.ts'
import { isOpen } from './policy.ts'
import type { Actor, AuditEntry, Execution, NewEvent, Operation, Sweep } from './records.ts'

export type Data = Readonly<Record<string, string>>

export class Draft {
  #operation: Operation
  readonly at: number
  readonly #executions: ExecutionChange[] = []
  readonly #events: NewEvent[] = []
  readonly #effects: Effect[] = []
  readonly #audits: AuditEntry[] = []

  constructor(operation: Operation, at: number) {
    this.#operation = operation
    this.at = at
  }

  get operation(): Operation {
    return this.#operation
  }

  change(fields: Partial<Operation>): void {
    this.#operation = { ...this.#operation, ...fields }
  }

  /** Takes optional fields away. */
  drop(...names: readonly ('pause' | 'sweep')[]): void {
    const next: Record<string, unknown> = { ...this.#operation }
    for (const name of names) delete next[name]
    this.#operation = next as unknown as Operation
  }

  sweep(sweep: Sweep | undefined): void {
    if (sweep === undefined) this.drop('sweep')
    else this.change({ sweep })
  }

  put(execution: Execution, previous?: Execution): void {
    this.#executions.push(previous === undefined ? { execution } : { execution, previous })
    this.#operation = recounted(this.#operation, execution, previous)
  }

  effect(effect: Effect): void {
    this.#effects.push(effect)
  }

  audit(actor: Actor, action: string, data: JsonObject): void {
    const { id } = this.#operation
    this.#audits.push({ at: this.at, actor, action, subject: id, operation: id, changes: [], data })
  }

  /** Ends the execution by a word of the broker, and logs it. */
  end(
    execution: Execution,
    previous: Execution | undefined,
    state: 'completed' | 'failed' | 'skipped',
    code: EventCode,
    data: Data = {},
    options: { readonly final?: boolean } = {},
  ): Execution {
    const from = previous?.state ?? null
    this.log(execution, code, eventCodeEntry(code).types[0], data, {
      ...(from === state ? {} : { state: { from, to: state } }),
      ...(from === state && previous?.code !== undefined ? { code: { from: previous.code, to: code } } : {}),
    })
    return this.close(execution, previous, state, code, data, options)
  }

  /** Ends it without a word in the log. `final`: what was concluded is the device's own word. */
  close(
    execution: Execution,
    previous: Execution | undefined,
    state: 'completed' | 'failed' | 'skipped',
    code: EventCode,
    data: Data,
    options: { readonly version?: string; readonly final?: boolean } = {},
  ): Execution {
    const {
      provisional: _,
      step: __,
      notBefore: ___,
      lastFailure: ____,
      removal: _____,
      errorReason: ______,
      undecided: _______,
      awaitsSession: ________,
      reportProblem: _________,
      ...rest
    } = execution
    const { subject } = this.#operation
    const updatedVersion =
      state === 'completed' && subject.kind === 'release'
        ? subject.version
        : (options.version ?? execution.initialVersion)
    // Only what the broker itself concluded without hearing the device may still be replaced by the device's word.
    const byBroker = code === 'SYS_100' || code === 'SYS_104' || code === 'SYS_111'
    const provisional = byBroker && options.final !== true && execution.handedOverAt !== undefined
    const errorReason = errorReasonOf(state, code, data)
    const ended: Execution = {
      ...rest,
      state,
      code,
      data,
      endedAt: this.at,
      ...(updatedVersion === undefined ? {} : { updatedVersion }),
      ...(errorReason === undefined ? {} : { errorReason }),
      ...(provisional ? { provisional: true } : {}),
    }
    this.put(ended, previous)
    return ended
  }

  log(
    execution: Execution,
    code: EventCode,
    type: EventType,
    data: Data = {},
    changes: NewEvent['changes'] = {},
  ): void {
    this.#events.push({
      recordedAt: this.at,
      device: execution.device,
      code,
      type,
      category: type === 'INFO' ? 'INFO' : eventCodeEntry(code).category,
      operation: this.#operation.id,
      stateChange: changes.state !== undefined,
      changes,
      data,
    })
  }

  /** The device's own code; `to` is what it makes of the execution, absent when it changes nothing. */
  logReport(execution: Execution, event: DeviceEvent, extra: Data, to?: Execution['state']): void {
    if (event.content.kind !== 'code') return
    const { code } = event.content
    const entry = eventCodeEntry(code)
    const stateChange = to !== undefined && to !== execution.state
    const before = execution.code ?? execution.lastFailure?.code
    const replaced = to !== undefined && !stateChange && before !== undefined
    this.#events.push({
      recordedAt: this.at,
      device: execution.device,
      code,
      type: entry.types[0],
      category: entry.category,
      operation: this.#operation.id,
      stateChange,
      changes: {
        ...(stateChange ? { state: { from: execution.state, to } } : {}),
        // The broker had given it up with a word of its own, and the device's word takes that place.
        ...(replaced ? { code: { from: before, to: code } } : {}),
      },
      data: { ...event.data, ...extra },
      source: sourceOf(event),
    })
  }

  decided(): Decision {
    const { counts, state, sweep, rollback, closedAt } = this.#operation
    const left = counts.pending + counts.inProgress
    const ended = state === 'completed' || state === 'stopped'
    // Open targets: devices may join as long as nobody says otherwise.
    const mayGrow = isOpen(this.#operation) && state !== 'stopping' && closedAt === undefined
    const owesRollback = rollback !== undefined && rollback.operation === undefined
    if (!ended && sweep === undefined && left === 0 && !mayGrow && !owesRollback) {
      this.drop('pause')
      this.change({ state: state === 'stopping' ? 'stopped' : 'completed', completedAt: this.at })
    }
    return {
      operation: this.#operation,
      executions: this.#executions,
      events: this.#events,
      effects: this.#effects,
      audits: this.#audits,
    }
  }
}

/** Where an event of a device came from, as it is stored. */
export function sourceOf(event: DeviceEvent): NonNullable<NewEvent['source']> {
  const { journalId, eventNumber, deviceTime, attempt } = event
  return { journalId, eventNumber, deviceTime, ...(attempt === undefined ? {} : { attempt }) }
}
