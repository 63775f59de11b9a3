// The run second by second: from the sums of the processes to instants, for the live view and the report.
import type { Instant } from '../report/fleet-report.ts'
import type { CrewFigures } from './crew.ts'

/** A day of seconds; a longer run keeps its first day. */
const instantsMax = 86_400

type Sums = Pick<CrewFigures, 'downBytes' | 'upBytes' | 'telemetrySent'>

export class Timeline {
  readonly #instants: Instant[] = []
  #before: Sums = { downBytes: 0, upBytes: 0, telemetrySent: 0 }

  get instants(): readonly Instant[] {
    return this.#instants
  }

  /** `atMs`: since the first connect. */
  add(atMs: number, figures: CrewFigures): Instant {
    const { now, connected, downBytes, upBytes, telemetrySent } = figures
    const instant: Instant = {
      atMs: Math.max(0, Math.round(atMs)),
      connected,
      waiting: now.offline + now.idle + now.waiting,
      downloading: now.downloading,
      installing: now.installing,
      succeeded: now.succeeded,
      failed: now.failed,
      downBytes: downBytes - this.#before.downBytes,
      upBytes: upBytes - this.#before.upBytes,
      telemetry: telemetrySent - this.#before.telemetrySent,
    }
    this.#before = { downBytes, upBytes, telemetrySent }
    if (this.#instants.length < instantsMax) this.#instants.push(instant)
    return instant
  }
}
