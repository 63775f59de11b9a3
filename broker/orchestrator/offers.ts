// What the orchestrator sends to devices: offers until they are answered, withdrawals until they are obeyed, the go for an
// installation that waits for its window. Straight to the device's socket at QoS 0; delivery never depends on one
// message, so a lost one is only a later one.
import { encodeOfferMessage } from '../../proto/offer-messages.ts'
import { formatOf } from '../core/manifest-choice.ts'
import type { Execution, Operation } from '../core/records.ts'
import type { Calendar, Log } from '../ports.ts'
import type { FleetClock } from './fleet-clock.ts'
import { windowState } from './gates.ts'
import type { LiveFigures, RunningOperation } from './running-operation.ts'
import type { Sessions } from './sessions.ts'

export interface OfferSettings {
  /** Milliseconds until the first repetition; doubled each time up to the most. */
  readonly repeatLeastMs: number
  readonly repeatMostMs: number
}

export class Offers {
  readonly #sessions: Sessions
  readonly #clock: FleetClock
  readonly #calendar: Calendar
  readonly #log: Log
  readonly #settings: OfferSettings

  constructor(sessions: Sessions, clock: FleetClock, calendar: Calendar, log: Log, settings: OfferSettings) {
    this.#sessions = sessions
    this.#clock = clock
    this.#calendar = calendar
    this.#log = log
    this.#settings = settings
  }

  /** Sends what the execution calls for now, if the device is connected, and plans the repetition. */
  send(running: RunningOperation, execution: Execution): void {
    const { operation } = running
    const { device, attempt } = execution
    const figures = figuresOf(running, device, this.#clock.now())
    const isHeld = !isWithdrawn(operation, execution) && running.isHeld(execution)
    if (isHeld && !windowState(running, this.#calendar, this.#clock).open) {
      // Nothing is sent, so nothing is slowed down: the go leaves soon after the window opens.
      figures.sendCount = 0
      figures.nextSendAt = this.#clock.monotonic() + this.#settings.repeatLeastMs
      return
    }
    figures.sendCount += 1
    const delayMs = Math.min(this.#settings.repeatMostMs, this.#settings.repeatLeastMs * 2 ** (figures.sendCount - 1))
    figures.nextSendAt = this.#clock.monotonic() + delayMs
    const session = this.#sessions.of(device)
    if (session?.device === undefined) return
    const { id, lease } = operation
    if (isWithdrawn(operation, execution)) {
      const reason = execution.removal === undefined ? 'stopped' : 'removed'
      session.connection.publish('offer', [encodeOfferMessage({ kind: 'withdraw', operation: id, lease, reason })])
      this.#log.info({ event: 'withdrawal-sent', device, operation: id }, 'withdrawal sent')
      return
    }
    if (isHeld) {
      session.connection.publish('offer', [encodeOfferMessage({ kind: 'proceed', operation: id, lease, attempt })])
      this.#log.info({ event: 'go-sent', device, operation: id }, 'go for the installation sent')
      return
    }
    const { envelope, manifest } = running.offeringFor(session.device, execution)
    session.connection.publish('offer', [
      encodeOfferMessage({
        kind: 'offer',
        operation: id,
        lease,
        attempt,
        envelope,
        operationType: operation.type,
        installHold: operation.policy.schedule.install === 'in-window',
        logWanted: operation.policy.logOnFailure === true,
      }),
    ])
    const format = manifest && formatOf(manifest)
    this.#log.info({ event: 'offer-sent', device, operation: id, attempt, format }, 'offer sent')
  }

  /** Repeats what is due. */
  repeat(running: RunningOperation): void {
    for (const execution of running.inProgress.values()) {
      const held = running.isHeld(execution)
      if (execution.answered === true && !held && !isWithdrawn(running.operation, execution)) continue
      const figures = figuresOf(running, execution.device, this.#clock.now())
      // Its silence is ours as long as it waits for our go.
      if (held) figures.lastSignAt = this.#clock.now()
      if (this.#clock.monotonic() >= figures.nextSendAt) this.send(running, execution)
    }
  }
}

function isWithdrawn({ state }: Operation, { removal }: Execution): boolean {
  return state === 'stopping' || removal !== undefined
}

/** The figures of an execution in progress, made when first asked for. */
export function figuresOf(running: RunningOperation, device: Execution['device'], now: number): LiveFigures {
  let figures = running.figures.get(device)
  if (figures === undefined) {
    figures = { lastSignAt: now, nextSendAt: 0, sendCount: 0 }
    running.figures.set(device, figures)
  }
  return figures
}
