// What people decide about devices: what is written of them in the registry, and that one leaves it. In the inbox of the
// orchestrator, because it keeps the records of connected devices in memory.
import type { DeviceId } from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import { matches } from '../core/target-filter.ts'
import { RequestRefused } from '../errors.ts'
import type { Change } from '../ports.ts'
import type { RunningOperation } from './running-operation.ts'
import type { Context, Task } from './task.ts'
import type { Turn } from './turn.ts'

export class EditDeviceTask implements Task {
  readonly name = 'edit-device'
  readonly #device: DeviceId
  /** Throws RequestRefused. */
  readonly #edit: (before: Device) => Device
  readonly #along: (before: Device, after: Device) => readonly Change[]
  readonly #joins: Joins
  result: Device | undefined

  constructor(
    context: Context,
    device: DeviceId,
    edit: (before: Device) => Device,
    along: (before: Device, after: Device) => readonly Change[],
  ) {
    this.#device = device
    this.#edit = edit
    this.#along = along
    this.#joins = new Joins(context, device)
  }

  async load(turn: Turn): Promise<void> {
    await Promise.all([turn.loadDevice(this.#device), this.#joins.load(turn)])
  }

  apply(turn: Turn): void {
    const before = turn.device(this.#device)
    if (before === undefined)
      throw new RequestRefused('NOT_FOUND', `no registered device ${this.#device}: it has not said hello yet`)
    const after = this.#edit(before)
    turn.putDevice(after)
    for (const change of this.#along(before, after)) turn.put(change)
    this.#joins.apply(turn)
    this.result = after
  }
}

/** Out of the registry, with its credentials: its executions end, its connection is closed. */
export class DeregisterTask implements Task {
  readonly name = 'deregister-device'
  readonly #context: Context
  readonly #device: DeviceId
  readonly #along: readonly Change[]
  #known = false

  constructor(context: Context, device: DeviceId, along: readonly Change[]) {
    this.#context = context
    this.#device = device
    this.#along = along
  }

  async load(turn: Turn): Promise<void> {
    const { store, running } = this.#context
    const [unfinished, credential] = await Promise.all([
      store.unfinishedExecutionsOf(this.#device),
      store.credential(this.#device),
      turn.loadDevice(this.#device),
    ])
    for (const execution of unfinished) turn.keepExecution(execution)
    await Promise.all([...running.values()].map(each => turn.loadExecution(each, this.#device)))
    this.#known = credential !== undefined
  }

  apply(turn: Turn): void {
    const { clock, running, sessions } = this.#context
    const registered = turn.device(this.#device) !== undefined
    if (!registered && !this.#known) throw new RequestRefused('NOT_FOUND', `no device ${this.#device}`)
    const at = clock.now()
    for (const each of running.values()) {
      const execution = turn.execution(each, this.#device)
      if (execution !== undefined) turn.decide(each, { kind: 'device-deregistered', at, execution })
    }
    turn.dropDevice(this.#device)
    turn.putEvent({
      recordedAt: at,
      device: this.#device,
      code: 'SYS_105',
      type: 'INFO',
      category: 'INFO',
      stateChange: true,
      changes: { state: { from: registered ? 'registered' : 'enrolled', to: null } },
      data: {},
    })
    for (const change of this.#along) turn.put(change)
    turn.afterCommit.push(() => {
      for (const each of running.values()) each.candidates.remove(this.#device)
      const session = sessions.of(this.#device)
      if (session === undefined) return
      // What it still says on this connection comes from nobody.
      delete session.device
      delete session.hello
      session.judged = false
      session.connection.close('deregistered')
    })
  }
}

/** Joins a device to the operations with open targets that it matches and is in not yet. */
export class Joins {
  readonly #context: Context
  readonly #device: DeviceId
  #open: readonly RunningOperation[] = []

  constructor(context: Context, device: DeviceId) {
    this.#context = context
    this.#device = device
  }

  async load(turn: Turn): Promise<void> {
    this.#open = [...this.#context.running.values()].filter(({ joins }) => joins !== undefined)
    await Promise.all(this.#open.map(running => turn.loadExecution(running, this.#device)))
  }

  /** After the device of the turn is what it will be. */
  apply(turn: Turn): void {
    const device = turn.device(this.#device)
    if (device === undefined) return
    const at = this.#context.clock.now()
    const online = this.#context.sessions.isOnline(device.id)
    for (const running of this.#open) {
      if (running.joins === undefined || turn.execution(running, device.id) !== undefined) continue
      if (!matches(running.joins, device, { now: at, online })) continue
      turn.decide(running, { kind: 'target-joined', at, device })
      turn.afterCommit.push(() => {
        const execution = turn.execution(running, device.id)
        if (execution?.state === 'pending' && online) running.candidates.add(execution, at)
      })
    }
  }
}
