// Broadcast sessions: each chunk of an artifact is sent once to everybody who listens. This file keeps the sessions there
// are and finds the one that is meant; what happens in one is carousel-session.ts, how fast it goes session-pace.ts.
//
//   orchestration ── open, invite, start, say, leave, close ─▶ Carousel ─▶ sockets (the limits: fair-sender.ts)
//   connections ──── mayHear, joined, left, disconnected ────▶     │◀─ chunks (hot-chunks.ts), shared with the pulls
//   orchestration ◀─ told: joined, ended, failed ──────────────────┘
import type { DeviceId } from '../../proto/ids.ts'
import type { DeviceConnection } from '../ports.ts'
import type { BatchCounts } from './batch-writer.ts'
import { type CarouselParts, CarouselSession } from './carousel-session.ts'
import type { BroadcastSession, SessionSender, SessionTold } from './session-sender.ts'

/** Counters grow from the start of the process; gauges are of now. */
export interface CarouselFigures {
  readonly sessions: number
  /** Members that listen, of all sessions. */
  readonly members: number
  readonly batchesTotal: number
  /** Chunks that have been sent to whom it may concern, each counted once. */
  readonly chunksTotal: number
  /** Batches a member got half of, or nothing, because its socket was full or its budget used up. */
  readonly skipsTotal: number
  /** Written to all members together. */
  readonly bytesTotal: number
}

export class Carousel implements SessionSender {
  readonly #parts: CarouselParts
  readonly #sessions = new Map<string, CarouselSession>()
  readonly #counts: BatchCounts = { batches: 0, chunks: 0, skips: 0 }
  /** Closed sessions that still have something under way. */
  readonly #ending = new Set<Promise<void>>()
  #stopped = false

  constructor(parts: CarouselParts) {
    this.#parts = parts
  }

  open(session: BroadcastSession, told: SessionTold): void {
    if (this.#stopped) return
    this.close(session.name)
    this.#sessions.set(session.name, new CarouselSession(session, told, this.#parts, this.#counts))
  }

  invite(name: string, device: DeviceId): void {
    this.#sessions.get(name)?.invite(device)
  }

  start(name: string): void {
    this.#sessions.get(name)?.start()
  }

  say(name: string, device: DeviceId, word: 'activate' | 'abort', reason?: string): boolean {
    return this.#sessions.get(name)?.say(device, word, reason) ?? false
  }

  leave(name: string, device: DeviceId): void {
    this.#sessions.get(name)?.leave(device)
  }

  close(name: string): void {
    const session = this.#sessions.get(name)
    if (session === undefined) return
    this.#sessions.delete(name)
    const ending = session.close().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }

  /** Whether the device has been asked to join. */
  mayHear(connection: DeviceConnection, name: string): boolean {
    return this.#sessions.get(name)?.isMember(connection.device) ?? false
  }

  /** The device has subscribed to all of the session. */
  joined(connection: DeviceConnection, name: string): void {
    this.#sessions.get(name)?.joined(connection)
  }

  left(connection: DeviceConnection, name: string): void {
    this.#sessions.get(name)?.left(connection)
  }

  disconnected(connection: DeviceConnection): void {
    for (const session of this.#sessions.values()) session.left(connection)
  }

  figures(): CarouselFigures {
    let members = 0
    for (const session of this.#sessions.values()) members += session.listenerCount
    return {
      sessions: this.#sessions.size,
      members,
      batchesTotal: this.#counts.batches,
      chunksTotal: this.#counts.chunks,
      skipsTotal: this.#counts.skips,
      bytesTotal: this.#parts.plane.sender.sharedBytesTotal,
    }
  }

  /** Ends every session without a word; resolves when no read is under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const name of [...this.#sessions.keys()]) this.close(name)
    await Promise.all(this.#ending)
  }
}
