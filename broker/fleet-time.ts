// The time of the fleet, signed with a key that may sign nothing else, made anew when half of its life is over. Offers carry
// it, so that a device can tell a fresh one from one that was kept back.
import { encodeFleetTime } from '../proto/fleet-time.ts'
import type { Clock } from './ports.ts'

export interface TimeSigner {
  /** SignedEnvelope over exactly these bytes of a FleetTime. */
  sign(time: Uint8Array): Uint8Array
}

export interface FleetTimeParts {
  readonly signer: TimeSigner
  readonly clock: Pick<Clock, 'now'>
  /** Of the newest document that is handed on. */
  /** Of the trust document that everybody has been shown. */
  readonly trustVersion: () => number
  /** How long a device may take a time for fresh, milliseconds. */
  readonly validMs: number
}

export class FleetTimeMaker {
  readonly #parts: FleetTimeParts
  #made: { readonly at: number; readonly version: number; readonly bytes: Uint8Array } | undefined

  constructor(parts: FleetTimeParts) {
    this.#parts = parts
  }

  current(): Uint8Array {
    const { signer, clock, validMs } = this.#parts
    const now = clock.now()
    const version = this.#parts.trustVersion()
    const age = now - (this.#made?.at ?? 0)
    // A clock that was set back would go on telling a time to come.
    if (this.#made?.version === version && age >= 0 && age < validMs / 2) return this.#made.bytes
    const bytes = signer.sign(encodeFleetTime({ issuedAt: now, expiresAt: now + validMs, trustVersion: version }))
    this.#made = { at: now, version, bytes }
    return bytes
  }
}
