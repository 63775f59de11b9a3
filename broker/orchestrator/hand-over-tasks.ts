// Hands free permits to candidates: retries first, then in the order they became ready, within window and rate.
import type { DeviceId } from '../../proto/ids.ts'
import { freePermits, waveRoom } from '../core/rollout.ts'
import { isReady } from './device-tasks.ts'
import { isOver, rateLeft, windowState } from './gates.ts'
import type { RunningOperation } from './running-operation.ts'
import { allOf, type Context, type Task } from './task.ts'
import type { Turn } from './turn.ts'

/** Candidates looked at in one turn, at most, and for one free permit. */
const candidatesMax = 256
const candidatesLeast = 32

export class RefillTask implements Task {
  readonly name = 'refill'
  readonly #context: Context
  readonly #running: RunningOperation
  readonly #settledIn: boolean
  #candidates: readonly DeviceId[] = []

  /** `settledIn`: absence counts, the fleet has had its time to come back. */
  constructor(context: Context, running: RunningOperation, settledIn: boolean) {
    this.#context = context
    this.#running = running
    this.#settledIn = settledIn
  }

  load(turn: Turn): Promise<unknown> | undefined {
    const { operation, candidates } = this.#running
    // More than there are permits: some have gone away or are busy elsewhere, and must not cost a turn each.
    const count = Math.min(candidatesMax, Math.max(candidatesLeast, freePermits(operation)))
    this.#candidates = candidates.firstOf(count, waveRoom(operation) > 0)
    // Who is busy in another operation is passed over whatever stands in this one: nothing to read.
    const { sessions, inProgressOf } = this.#context
    const free = this.#candidates.filter(device => !inProgressOf.has(device) || !sessions.isOnline(device))
    return allOf(free.map(device => turn.loadExecution(this.#running, device)))
  }

  apply(turn: Turn): void {
    const running = this.#running
    const { sessions, inProgressOf, inProgressMax, clock, calendar, reports } = this.#context
    if (isOver(running, clock) || !windowState(running, calendar, clock).open) return
    const mayFollow = rateLeft(running, clock)
    const taken = takenInTurn(turn)
    const at = clock.now()
    const done: DeviceId[] = []
    const busy: DeviceId[] = []
    let handedOver = 0
    for (const device of this.#candidates) {
      if (handedOver >= mayFollow) break
      if (freePermits(turn.operation(running)) === 0 || inProgressOf.size + taken.size >= inProgressMax) break
      const execution = turn.execution(running, device)
      // It stays a candidate: the wave is full, not the device unfit.
      if (execution?.attempt === 0 && waveRoom(turn.operation(running)) <= 0) continue
      const session = sessions.of(device)
      const isBusy = inProgressOf.has(device) || taken.has(device)
      if (isBusy && session !== undefined) busy.push(device)
      else done.push(device)
      // It has left since: its turn came without it.
      if (execution !== undefined && session === undefined && this.#settledIn)
        turn.decide(running, { kind: 'device-unreachable', at, execution })
      // Not said hello yet, or busy in another operation: its hello, or the end there, makes it a candidate again.
      if (execution === undefined || !isReady(session) || isBusy) continue
      const registered = turn.device(device) ?? session.device
      // Its next hello may bring the key, and makes it a candidate again.
      if (!reports.mayBeOffered(registered, session.hello)) continue
      const reportSeed = reports.seedFor(registered)
      const decision = turn.decide(running, {
        kind: 'device-ready',
        at,
        execution,
        device: registered,
        ...(running.release === undefined ? {} : { release: running.release }),
        ...(reportSeed === undefined ? {} : { reportSeed }),
      })
      if (!decision.executions.some(change => change.execution.state === 'in-progress')) continue
      taken.add(device)
      handedOver += 1
    }
    turn.afterCommit.push(() => {
      for (const device of done) running.candidates.remove(device)
      for (const device of busy) running.candidates.setAside(device)
      // The offers leave now: a write that took long must not let the next ones follow too soon.
      running.rate.took(handedOver, clock.monotonic())
    })
  }
}

/** Devices that this turn has put in progress already. */
function takenInTurn(turn: Turn): Set<DeviceId> {
  const taken = new Set<DeviceId>()
  for (const { execution } of turn.changedExecutions.values())
    if (execution.state === 'in-progress') taken.add(execution.device)
  return taken
}
