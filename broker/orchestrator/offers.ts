// What the orchestrator sends to devices: offers until they are answered, withdrawals until they are obeyed. Straight to
// the device's socket at QoS 0; delivery never depends on one message, so a lost one is only a later one.
import { encodeOfferMessage } from '../../proto/messages.ts'
import type { Execution } from '../core/records.ts'
import type { Clock, Log } from '../ports.ts'
import type { LiveFigures, RunningOperation } from './running-operation.ts'
import type { Sessions } from './sessions.ts'

export interface OfferSettings {
  /** Milliseconds until the first repetition; doubled each time up to the most. */
  readonly repeatLeastMs: number
  readonly repeatMostMs: number
}

export class Offers {
  readonly #sessions: Sessions
  readonly #clock: Clock
  readonly #log: Log
  readonly #settings: OfferSettings

  constructor(sessions: Sessions, clock: Clock, log: Log, settings: OfferSettings) {
    this.#sessions = sessions
    this.#clock = clock
    this.#log = log
    this.#settings = settings
  }

  /** Sends what the execution calls for now, if the device is connected, and plans the repetition. */
  send(running: RunningOperation, execution: Execution): void {
    const { operation } = running
    const { device } = execution
    const figures = figuresOf(running, device, this.#clock.now())
    figures.sendCount += 1
    const delayMs = Math.min(this.#settings.repeatMostMs, this.#settings.repeatLeastMs * 2 ** (figures.sendCount - 1))
    figures.nextSendAt = this.#clock.monotonic() + delayMs
    const session = this.#sessions.of(device)
    if (session?.device === undefined) return
    if (operation.state === 'stopping') {
      session.connection.publish('offer', [
        encodeOfferMessage({ kind: 'withdraw', operation: operation.id, lease: operation.lease, reason: 'stopped' }),
      ])
      this.#log.info({ event: 'withdrawal-sent', device, operation: operation.id }, 'withdrawal sent')
      return
    }
    const envelope = running.envelopeOf(running.manifestFor(session.device))
    session.connection.publish('offer', [
      encodeOfferMessage({
        kind: 'offer',
        operation: operation.id,
        lease: operation.lease,
        attempt: execution.attempt,
        envelope,
      }),
    ])
    this.#log.info({ event: 'offer-sent', device, operation: operation.id, attempt: execution.attempt }, 'offer sent')
  }

  /** Repeats what is due. */
  repeat(running: RunningOperation): void {
    for (const execution of running.inProgress.values()) {
      const open = execution.answered !== true || running.operation.state === 'stopping'
      if (!open) continue
      const figures = figuresOf(running, execution.device, this.#clock.now())
      if (this.#clock.monotonic() >= figures.nextSendAt) this.send(running, execution)
    }
  }
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
