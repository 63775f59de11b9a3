// One turn of the orchestrator: a batch of tasks steps over what is stored, everything they decide is kept aside here,
// saved in one commit, and only then becomes the memory of the orchestrator. A failed commit leaves no trace.
import type { DeviceId, OperationId } from '../../proto/ids.ts'
import type { Hello } from '../../proto/messages.ts'
import type { Device } from '../core/device.ts'
import { step } from '../core/operation.ts'
import type { Decision, Effect, Input } from '../core/operation-facts.ts'
import type { Execution, NewEvent, Operation } from '../core/records.ts'
import type { Change, DeviceConnection, Store } from '../ports.ts'
import type { RunningOperation } from './running-operation.ts'
import type { Sessions } from './sessions.ts'

export interface TurnEffect {
  readonly running: RunningOperation
  readonly effect: Effect
}

export interface Said {
  readonly hello: Hello
  judged: boolean
  /** Judges the hello when its outbox is in. */
  readonly judge: (turn: Turn, hello: Hello) => void
}

export class Turn {
  readonly #store: Store
  readonly #sessions: Sessions
  readonly #devices = new Map<DeviceId, Device | undefined>()
  readonly #changedDevices = new Map<DeviceId, Device>()
  readonly #executions = new Map<string, Execution | undefined>()
  readonly #operations = new Map<RunningOperation, Operation>()
  readonly #changes: Change[] = []
  readonly effects: TurnEffect[] = []
  /** Executions that changed, with their last state of this turn. */
  readonly changedExecutions = new Map<string, { readonly running: RunningOperation; readonly execution: Execution }>()
  /** What was said in this turn on a connection: it counts for the tasks behind it, and is the session's once durable. */
  readonly said = new Map<DeviceConnection, Said>()
  /** Runs once the turn is durable, in the order given. */
  readonly afterCommit: (() => void)[] = []
  /** Operations made in this turn. */
  readonly created: RunningOperation[] = []

  constructor(store: Store, sessions: Sessions) {
    this.#store = store
    this.#sessions = sessions
  }

  async loadDevice(id: DeviceId): Promise<void> {
    if (this.#devices.has(id)) return
    const known = this.#sessions.of(id)?.device
    const device = known ?? (await this.#store.device(id))
    if (!this.#devices.has(id)) this.#devices.set(id, device)
  }

  async loadExecution(running: RunningOperation, device: DeviceId): Promise<void> {
    const key = executionKey(running.operation.id, device)
    if (this.#executions.has(key)) return
    const execution = running.inProgress.get(device) ?? (await this.#store.execution(running.operation.id, device))
    if (!this.#executions.has(key)) this.#executions.set(key, execution)
  }

  /** An execution read by a page; what this turn knows already is newer. */
  keepExecution(execution: Execution): void {
    const key = executionKey(execution.operation, execution.device)
    if (!this.#executions.has(key)) this.#executions.set(key, execution)
  }

  /** As of now in this turn; it must have been loaded. */
  device(id: DeviceId): Device | undefined {
    return this.#changedDevices.get(id) ?? this.#devices.get(id)
  }

  execution(running: RunningOperation, device: DeviceId): Execution | undefined {
    return this.#executions.get(executionKey(running.operation.id, device))
  }

  operation(running: RunningOperation): Operation {
    return this.#operations.get(running) ?? running.operation
  }

  putDevice(device: Device): void {
    this.#changedDevices.set(device.id, device)
  }

  putEvent(event: NewEvent): void {
    this.#changes.push({ kind: 'append-event', event })
  }

  put(change: Change): void {
    this.#changes.push(change)
  }

  /** Steps the operation over a fact and keeps what it decided. */
  decide(running: RunningOperation, input: Input): Decision {
    const before = this.operation(running)
    const decision = step(before, input)
    if (decision.operation !== before) this.#operations.set(running, decision.operation)
    for (const { execution, previous } of decision.executions) {
      const key = executionKey(execution.operation, execution.device)
      this.#executions.set(key, execution)
      this.changedExecutions.set(key, { running, execution })
      this.#changes.push({ kind: 'put-execution', execution, ...(previous === undefined ? {} : { previous }) })
    }
    for (const event of decision.events) this.putEvent(event)
    for (const effect of decision.effects) this.effects.push({ running, effect })
    return decision
  }

  get changedOperations(): ReadonlyMap<RunningOperation, Operation> {
    return this.#operations
  }

  get changedDevices(): ReadonlyMap<DeviceId, Device> {
    return this.#changedDevices
  }

  changes(): Change[] {
    const devices = [...this.#changedDevices.values()].map((device): Change => ({ kind: 'put-device', device }))
    const operations = [...this.#operations.values()].map((operation): Change => ({ kind: 'put-operation', operation }))
    return [...devices, ...this.#changes, ...operations]
  }
}

function executionKey(operation: OperationId, device: DeviceId): string {
  return `${operation}/${device}`
}
