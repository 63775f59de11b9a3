// What has been logged and what has ended since the start of the process, counted as it is told to live listeners.

import type { EventCode } from '../proto/event-codes.ts'
import type { EventRecord, Operation, OperationState } from './core/records.ts'
import type { LiveListener } from './orchestrator/live.ts'

export interface LiveFigures {
  /** Events by code. */
  readonly eventsTotal: Readonly<Partial<Record<EventCode, number>>>
  /** Operations that have ended, by state. */
  readonly endedTotal: Readonly<Partial<Record<OperationState, number>>>
}

export class LiveCounts implements LiveListener {
  readonly #events: Partial<Record<EventCode, number>> = {}
  readonly #ended: Partial<Record<OperationState, number>> = {}

  event({ code }: EventRecord): void {
    this.#events[code] = (this.#events[code] ?? 0) + 1
  }

  /** Told of each ended operation once: it is not written again. */
  operation({ state, completedAt }: Operation): void {
    if (completedAt !== undefined) this.#ended[state] = (this.#ended[state] ?? 0) + 1
  }

  closed(): void {
    // What has been counted stays.
  }

  figures(): LiveFigures {
    return { eventsTotal: { ...this.#events }, endedTotal: { ...this.#ended } }
  }
}
