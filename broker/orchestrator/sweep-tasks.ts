// Work that goes over many devices in bounded pages: finding the targets, ending the pending ones, and looking once
// whose turn has come.
import type { DeviceId } from '../../proto/ids.ts'
import { isEnded } from '../core/operation.ts'
import type { Execution, Operation } from '../core/records.ts'
import { waveRoom } from '../core/rollout.ts'
import { matches, parseTargetFilter, type TargetFilter } from '../core/target-filter.ts'
import { StoreDamaged } from '../errors.ts'
import { isReady } from './device-tasks.ts'
import { registryPage } from './registry-page.ts'
import type { RunningOperation } from './running-operation.ts'
import type { Context, Task } from './task.ts'
import type { Turn } from './turn.ts'

/** Targets or pending executions gone over in one turn. */
const pageSize = 256

interface Found {
  readonly devices: readonly DeviceId[]
  readonly more: boolean
  /** The page reaches to this device, when its last ones are no targets. */
  readonly upTo?: DeviceId
}

/** One page of the sweep that is under way. */
export class SweepTask implements Task {
  readonly name = 'sweep'
  readonly #context: Context
  readonly #running: RunningOperation
  #found: Found = { devices: [], more: false }
  #executions: readonly Execution[] = []

  constructor(context: Context, running: RunningOperation) {
    this.#context = context
    this.#running = running
  }

  async load(turn: Turn): Promise<void> {
    const { store } = this.#context
    const { operation } = this.#running
    const { id, sweep } = operation
    if (sweep === undefined) return
    const page = { limit: pageSize, ...(sweep.after === undefined ? {} : { after: sweep.after }) }
    if (sweep.kind === 'expand') {
      this.#found = await this.#findTargets(turn, operation, page)
      return
    }
    const { items, hasMore } = await store.executions(id, { state: 'pending', ...page })
    for (const execution of items) turn.keepExecution(execution)
    this.#executions = items
    this.#found = { devices: [], more: hasMore }
  }

  async #findTargets(
    turn: Turn,
    operation: Operation,
    page: { readonly limit: number; readonly after?: DeviceId },
  ): Promise<Found> {
    const { store, clock, sessions } = this.#context
    const { targets, requestedAt, id } = operation
    if (targets.kind === 'filter') {
      const filter = parsedFilter(targets.filter)
      const found = await registryPage(store, filter, page)
      const now = clock.now()
      const devices: DeviceId[] = []
      for (const device of found.items) {
        turn.keepDevice(device)
        // The snapshot is that of the request: who registered later is no target.
        if (!targets.open && device.registeredAt > requestedAt) continue
        if (matches(filter, device, { now, online: sessions.isOnline(device.id) })) devices.push(device.id)
      }
      // Some may have joined by themselves already.
      if (targets.open) await Promise.all(devices.map(device => turn.loadExecution(this.#running, device)))
      return { devices, more: found.hasMore, ...(found.upTo === undefined ? {} : { upTo: found.upTo }) }
    }
    if (targets.kind === 'devices') {
      const found = await store.targets(id, page)
      await Promise.all(found.items.map(device => turn.loadDevice(device)))
      return { devices: found.items, more: found.hasMore }
    }
    const found =
      targets.which === 'errors'
        ? await store.executionsByResult(targets.operation, { result: 'errors', ...page })
        : await store.executions(targets.operation, page)
    const wanted = found.items.filter(execution => targets.which === 'errors' || execution.attempt > 0)
    const devices = wanted.map(({ device }) => device)
    await Promise.all(devices.map(device => turn.loadDevice(device)))
    const last = found.items.at(-1)?.device
    return { devices, more: found.hasMore, ...(last === undefined ? {} : { upTo: last }) }
  }

  apply(turn: Turn): void {
    const running = this.#running
    const operation = turn.operation(running)
    // A stop or time-out in this very turn has begun another sweep: the next task goes over it.
    if (operation.sweep?.kind !== running.operation.sweep?.kind || isEnded(operation)) return
    const { clock, sessions } = this.#context
    const at = clock.now()
    const { devices, more, upTo } = this.#found
    if (operation.sweep?.kind !== 'expand') {
      const executions = this.#executions.map(execution => turn.execution(running, execution.device) ?? execution)
      turn.decide(running, { kind: 'pending-swept', at, executions, more })
      return
    }
    // Who has joined in the meantime is in it already.
    const targets = devices
      .filter(device => turn.execution(running, device) === undefined)
      .map(device => {
        const registered = turn.device(device)
        return { device, ...(registered === undefined ? {} : { registered }) }
      })
    const decision = turn.decide(running, {
      kind: 'targets-found',
      at,
      targets,
      more,
      ...(upTo === undefined ? {} : { upTo }),
    })
    turn.afterCommit.push(() => {
      for (const { execution } of decision.executions)
        if (execution.state === 'pending' && sessions.isOnline(execution.device)) running.candidates.add(execution, at)
    })
  }
}

/** Goes once over the pending executions: connected devices become candidates, for others it is noted that their turn came. */
export class ScanTask implements Task {
  readonly name = 'scan'
  readonly #context: Context
  readonly #running: RunningOperation
  #executions: readonly Execution[] = []
  #more = false

  constructor(context: Context, running: RunningOperation) {
    this.#context = context
    this.#running = running
  }

  async load(turn: Turn): Promise<void> {
    const { operation, candidates } = this.#running
    const { scanAfter } = candidates
    const found = await this.#context.store.executions(operation.id, {
      state: 'pending',
      limit: pageSize,
      ...(scanAfter === undefined ? {} : { after: scanAfter }),
    })
    for (const execution of found.items) turn.keepExecution(execution)
    this.#executions = found.items
    this.#more = found.hasMore
  }

  apply(turn: Turn): void {
    const running = this.#running
    const { sessions, clock, inProgressOf } = this.#context
    const at = clock.now()
    for (const { device } of this.#executions) {
      const execution = turn.execution(running, device)
      if (execution === undefined || sessions.isOnline(device) || waveRoom(turn.operation(running)) <= 0) continue
      turn.decide(running, { kind: 'device-unreachable', at, execution })
    }
    turn.afterCommit.push(() => {
      for (const { device } of this.#executions) {
        const execution = turn.execution(running, device)
        // Not ready yet, or busy: its hello, or the end there, makes it a candidate.
        if (execution?.state !== 'pending' || !isReady(sessions.of(device)) || inProgressOf.has(device)) continue
        running.candidates.add(execution, at)
      }
      if (this.#more) running.candidates.scanAfter = this.#executions.at(-1)?.device
      else running.candidates.scanReachedEnd()
    })
  }
}

/** Of an operation that was checked when it was made. */
export function parsedFilter(text: string): TargetFilter {
  const parsed = parseTargetFilter(text)
  if ('problems' in parsed) throw new StoreDamaged(`a stored filter does not parse: ${text}`)
  return parsed.filter
}
