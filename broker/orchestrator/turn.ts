// One turn of the orchestrator: a batch of tasks steps over what is stored, everything they decide is kept aside here,
// saved in one commit, and only then becomes the memory of the orchestrator. A failed commit leaves no trace. What the
// audit and the webhooks must hear of the decisions is in the same commit (records-of-turn.ts).
import type { DeviceId, OperationId } from '../../proto/ids.ts'
import type { Hello } from '../../proto/messages.ts'
import { type Device, withFailure, withoutFailure } from '../core/device.ts'
import { failureClassOf } from '../core/failure-classes.ts'
import { step } from '../core/operation.ts'
import type { Decision, Effect, ExecutionChange, Input } from '../core/operation-facts.ts'
import type { AuditEntry, Backup, Execution, NewEvent, Operation } from '../core/records.ts'
import type { Change, DeviceConnection } from '../ports.ts'
import type { RunningOperation } from './running-operation.ts'
import type { Context } from './task.ts'
import { auditOfTurn, noticesOf } from './turn-records.ts'

export interface TurnEffect {
  readonly running: RunningOperation
  readonly effect: Effect
}

export interface ChangedExecution {
  readonly running: RunningOperation
  readonly execution: Execution
  /** As it is stored; undefined: not yet. */
  readonly before: Execution | undefined
}

export interface Said {
  readonly hello: Hello
  judged: boolean
  /** Judges the hello when its outbox is in. */
  readonly judge: (turn: Turn, hello: Hello) => void
}

export class Turn {
  readonly #context: Context
  readonly #devices = new Map<DeviceId, Device | undefined>()
  readonly #changedDevices = new Map<DeviceId, Device>()
  /** Those of them of which nothing but the positions of their journals has changed. */
  readonly #movedJournals = new Set<DeviceId>()
  readonly #dropped = new Set<DeviceId>()
  /** As of now in this turn; undefined where there is none. */
  readonly #executions = new Map<OperationId, Map<DeviceId, Execution | undefined>>()
  readonly #operations = new Map<RunningOperation, Operation>()
  readonly #changes: Change[] = []
  readonly #executionChanges: { readonly operation: OperationId; readonly change: ExecutionChange }[] = []
  /** States each operation went through in this turn, oldest first. */
  readonly #states: { readonly before: Operation; readonly after: Operation }[] = []
  readonly effects: TurnEffect[] = []
  /** Executions that changed, with their last state of this turn. */
  readonly changedExecutions = new Map<string, ChangedExecution>()
  /** What was said in this turn on a connection: it counts for the tasks behind it, and is the session's once durable. */
  readonly said = new Map<DeviceConnection, Said>()
  /** Runs once the turn is durable, in the order given. */
  readonly afterCommit: (() => void)[] = []
  /** Operations made in this turn. */
  readonly created: RunningOperation[] = []
  /** SHA-256 of the configurations kept in this turn, by operation and device. */
  readonly #backups = new Map<string, string>()
  /** Something has to be told to a webhook. */
  hasNotices = false

  constructor(context: Context) {
    this.#context = context
  }

  /** Undefined when nothing has to be read. */
  loadDevice(id: DeviceId): Promise<void> | undefined {
    if (this.#devices.has(id)) return undefined
    const known = this.#context.sessions.of(id)?.device
    if (known === undefined) return this.#readDevice(id)
    this.#devices.set(id, known)
    return undefined
  }

  async #readDevice(id: DeviceId): Promise<void> {
    const device = await this.#context.store.device(id)
    if (!this.#devices.has(id)) this.#devices.set(id, device)
  }

  /** Undefined when nothing has to be read. */
  loadExecution(running: RunningOperation, device: DeviceId): Promise<void> | undefined {
    const executions = this.#executionsOf(running.operation.id)
    if (executions.has(device)) return undefined
    const known = running.inProgress.get(device) ?? running.candidates.executionOf(device)
    if (known === undefined) return this.#readExecution(running.operation.id, device, executions)
    executions.set(device, known)
    return undefined
  }

  async #readExecution(
    operation: OperationId,
    device: DeviceId,
    executions: Map<DeviceId, Execution | undefined>,
  ): Promise<void> {
    const execution = await this.#context.store.execution(operation, device)
    if (!executions.has(device)) executions.set(device, execution)
  }

  #executionsOf(operation: OperationId): Map<DeviceId, Execution | undefined> {
    let executions = this.#executions.get(operation)
    if (executions === undefined) {
      executions = new Map()
      this.#executions.set(operation, executions)
    }
    return executions
  }

  /** A record read by a page; what this turn knows already is newer. */
  keepDevice(device: Device): void {
    if (!this.#devices.has(device.id)) this.#devices.set(device.id, device)
  }

  keepExecution(execution: Execution): void {
    const executions = this.#executionsOf(execution.operation)
    if (!executions.has(execution.device)) executions.set(execution.device, execution)
  }

  /** As of now in this turn; it must have been loaded. */
  device(id: DeviceId): Device | undefined {
    return this.#changedDevices.get(id) ?? this.#devices.get(id)
  }

  execution(running: RunningOperation, device: DeviceId): Execution | undefined {
    return this.#executions.get(running.operation.id)?.get(device)
  }

  operation(running: RunningOperation): Operation {
    return this.#operations.get(running) ?? running.operation
  }

  putDevice(device: Device): void {
    this.#changedDevices.set(device.id, device)
    this.#movedJournals.delete(device.id)
  }

  /** Most of what devices say changes nothing else in their records, which need not be written again for it. */
  putJournals(device: Device, journals: Device['journals']): void {
    if (!this.#changedDevices.has(device.id)) this.#movedJournals.add(device.id)
    this.#changedDevices.set(device.id, { ...device, journals })
  }

  /** It is gone for the tasks behind this one, too. */
  dropDevice(id: DeviceId): void {
    this.#changedDevices.delete(id)
    this.#devices.set(id, undefined)
    this.#dropped.add(id)
    this.put({ kind: 'delete-device', device: id })
  }

  /** In this very turn. */
  wasDropped(id: DeviceId): boolean {
    return this.#dropped.has(id)
  }

  putEvent(event: NewEvent): void {
    this.#changes.push({ kind: 'append-event', event })
  }

  putAudit(entry: AuditEntry): void {
    this.#changes.push({ kind: 'append-audit', entry })
  }

  put(change: Change): void {
    this.#changes.push(change)
  }

  putBackup(backup: Backup, content: Uint8Array): void {
    this.#backups.set(executionKey(backup.operation, backup.device), backup.sha256)
    this.#changes.push({ kind: 'put-backup', backup, content })
  }

  /** SHA-256 of the configuration kept in this very turn. */
  backupSha256(operation: OperationId, device: DeviceId): string | undefined {
    return this.#backups.get(executionKey(operation, device))
  }

  /** Steps the operation over a fact and keeps what it decided. */
  decide(running: RunningOperation, input: Input): Decision {
    const before = this.operation(running)
    const decision = step(before, input)
    const { operation } = decision
    if (operation !== before) this.#operations.set(running, operation)
    if (operation.state !== before.state) this.#states.push({ before, after: operation })
    for (const change of decision.executions) {
      const { execution, previous } = change
      const key = executionKey(execution.operation, execution.device)
      this.#executionsOf(execution.operation).set(execution.device, execution)
      // Several facts of one turn make one row: from what was stored to the last.
      const earlier = this.changedExecutions.get(key)
      const before = earlier === undefined ? previous : earlier.before
      this.changedExecutions.set(key, { running, execution, before })
      this.#executionChanges.push({ operation: operation.id, change })
      this.#rememberOutcome(execution, previous, input.at)
    }
    for (const event of decision.events) this.putEvent(event)
    for (const audit of decision.audits) this.putAudit(audit)
    for (const effect of decision.effects) this.effects.push({ running, effect })
    return decision
  }

  get changedOperations(): ReadonlyMap<RunningOperation, Operation> {
    return this.#operations
  }

  get changedDevices(): ReadonlyMap<DeviceId, Device> {
    return this.#changedDevices
  }

  /** Those whose records are written. */
  *writtenDevices(): Iterable<Device> {
    for (const device of this.#changedDevices.values()) if (!this.#movedJournals.has(device.id)) yield device
  }

  *goneDevices(): Iterable<DeviceId> {
    for (const id of this.#dropped) if (!this.#changedDevices.has(id)) yield id
  }

  changes(): Change[] {
    const devices = [...this.#changedDevices.values()].map(
      (device): Change =>
        this.#movedJournals.has(device.id)
          ? { kind: 'put-journals', device: device.id, journals: device.journals }
          : { kind: 'put-device', device },
    )
    const operations = [...this.#operations.values()].map((operation): Change => ({ kind: 'put-operation', operation }))
    const executions = [...this.changedExecutions.values()].map(
      ({ execution, before }): Change =>
        before === undefined
          ? { kind: 'put-execution', execution }
          : { kind: 'put-execution', execution, previous: before.state },
    )
    const audit = auditOfTurn(this.#executionChanges, this.#context.clock.now())
    const notices = noticesOf(this.#states, this.#context.webhooks.values(), this.#context.clock.now())
    this.hasNotices = notices.length > 0
    return [
      ...devices,
      ...executions,
      ...this.#changes,
      ...operations,
      ...audit.map((entry): Change => ({ kind: 'append-audit', entry })),
      ...notices,
    ]
  }

  /** A device that fails one operation after the other is quarantined; one that comes right after all is not blamed. */
  #rememberOutcome(execution: Execution, previous: Execution | undefined, at: number): void {
    const device = this.device(execution.device)
    if (device === undefined || execution.attempt === 0) return
    const { code, state, operation } = execution
    if (state === 'failed' && code !== undefined && failureClassOf(code) !== undefined) {
      const next = withFailure(device, operation, at, this.#context.quarantine)
      this.putDevice(next)
      if (device.quarantinedAt !== undefined || next.quarantinedAt === undefined) return
      this.putAudit({
        at,
        actor: { kind: 'policy', rule: 'quarantine' },
        action: 'device.quarantine',
        subject: device.id,
        operation,
        changes: [],
        data: { failed: (next.failures ?? []).map(failure => failure.operation) },
      })
    } else if (previous?.state === 'failed') {
      const next = withoutFailure(device, operation)
      if (next !== device) this.putDevice(next)
    }
  }
}

function executionKey(operation: OperationId, device: DeviceId): string {
  return `${operation}/${device}`
}
