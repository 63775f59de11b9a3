// What the orchestrator sends to devices: offers until they are answered, withdrawals until they are obeyed, the go for an
// installation that waits for its window. Straight to the device's socket at QoS 0; delivery never depends on one
// message, so a lost one is only a later one.
import { encodeOfferMessage } from '../../proto/offer-messages.ts'
import type { PatchTransport } from '../../proto/patch-transport.ts'
import { formatOf } from '../core/manifest-choice.ts'
import type { Execution, Operation, ReleaseManifest } from '../core/records.ts'
import type { PatchOffers } from '../delivery/patch-offers.ts'
import type { Calendar, Log } from '../ports.ts'
import type { FleetClock } from './fleet-clock.ts'
import { goIsOpen } from './gates.ts'
import { reportNonceOf } from './report-judge.ts'
import type { LiveFigures, RunningOperation } from './running-operation.ts'
import type { Session, Sessions } from './sessions.ts'
import { installedBy } from './transports.ts'

export interface OfferSettings {
  /** Milliseconds until the first repetition; doubled each time up to the most. */
  readonly repeatLeastMs: number
  readonly repeatMostMs: number
}

/** Milliseconds until what was sent so many times (1 or more) is sent again. */
export function repeatDelayMs({ repeatLeastMs, repeatMostMs }: OfferSettings, sendCount: number): number {
  return Math.min(repeatMostMs, repeatLeastMs * 2 ** (sendCount - 1))
}

export interface OfferParts {
  readonly sessions: Sessions
  readonly clock: FleetClock
  readonly calendar: Calendar
  readonly log: Log
  readonly patches?: PatchOffers
  /** The signed time that offers carry; absent: none. */
  readonly fleetTime?: () => Uint8Array
  /** Says the go in the broadcast session the device waits in; false: there is no such session. */
  readonly activate: (execution: Execution) => boolean
}

export class Offers {
  readonly #sessions: Sessions
  readonly #clock: FleetClock
  readonly #calendar: Calendar
  readonly #log: Log
  readonly #patches: PatchOffers | undefined
  readonly #fleetTime: OfferParts['fleetTime']
  readonly #activate: OfferParts['activate']
  readonly #settings: OfferSettings

  constructor({ sessions, clock, calendar, log, patches, fleetTime, activate }: OfferParts, settings: OfferSettings) {
    this.#sessions = sessions
    this.#clock = clock
    this.#calendar = calendar
    this.#log = log
    this.#patches = patches
    this.#fleetTime = fleetTime
    this.#activate = activate
    this.#settings = settings
  }

  /** Sends what the execution calls for now, if the device is connected, and plans the repetition. */
  send(running: RunningOperation, execution: Execution): void {
    const { operation } = running
    const { device, attempt } = execution
    const figures = figuresOf(running, device, this.#clock.now())
    const isHeld = !isWithdrawn(operation, execution) && running.isHeld(execution)
    if (isHeld && !goIsOpen(running, this.#calendar, this.#clock)) {
      // Nothing is sent, so nothing is slowed down: the go leaves soon after the window opens.
      figures.sendCount = 0
      figures.nextSendAt = this.#clock.monotonic() + this.#settings.repeatLeastMs
      return
    }
    figures.sendCount += 1
    figures.nextSendAt = this.#clock.monotonic() + repeatDelayMs(this.#settings, figures.sendCount)
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
      if (this.#activate(execution)) {
        this.#log.info({ event: 'activation-sent', device, operation: id }, 'activation sent')
        return
      }
      // Without a session that is known here (the broker was started anew) it goes on alone.
      session.connection.publish('offer', [encodeOfferMessage({ kind: 'proceed', operation: id, lease, attempt })])
      this.#log.info({ event: 'go-sent', device, operation: id }, 'go for the installation sent')
      return
    }
    const { envelope, manifest } = running.offeringFor(session.device, execution)
    const patch = manifest && this.#patchFor(running, session, manifest)
    // A device that says no trust version would not know the field.
    const time = session.hello?.trustVersion === undefined ? undefined : this.#fleetTime?.()
    const { reportSeed } = execution
    const signs = session.hello?.reportKey !== undefined && reportSeed !== undefined
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
        ...(patch === undefined ? {} : { patch }),
        ...(time === undefined ? {} : { time }),
        ...(signs ? { reportNonce: reportNonceOf(reportSeed, attempt) } : {}),
      }),
    ])
    const format = manifest && formatOf(manifest)
    const patchBytes = patch?.patchBytes
    this.#log.info({ event: 'offer-sent', device, operation: id, attempt, format, patchBytes }, 'offer sent')
  }

  /** One more way to the same image, for a device that can take it. */
  #patchFor(running: RunningOperation, session: Session, manifest: ReleaseManifest): PatchTransport | undefined {
    const { patchMemoryBytes = 0 } = session.hello ?? {}
    const base = installedBy(session, running)
    if (patchMemoryBytes === 0 || base === undefined || formatOf(manifest) !== 'raw') return undefined
    const { device } = session.connection
    return this.#patches?.offerFor(device, { base, target: manifest.artifact }, patchMemoryBytes)
  }

  /** Repeats what is due. */
  repeat(running: RunningOperation): void {
    const goOpen = goIsOpen(running, this.#calendar, this.#clock)
    for (const execution of running.inProgress.values()) {
      const held = running.isHeld(execution)
      if (execution.answered === true && !held && !isWithdrawn(running.operation, execution)) continue
      const figures = figuresOf(running, execution.device, this.#clock.now())
      // Its silence is ours as long as it waits for a go that we do not give.
      if (held && !goOpen) figures.lastSignAt = this.#clock.now()
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
