// What was seen on the line of one device, in its order: every message read as the contract says. Cases wait for what must
// come, look back at what came, and name what they saw. Bounded: what is oldest goes first.

import { type ChunkData, type ChunkRequest, readChunkData, readChunkRequest } from '../../proto/chunk-messages.ts'
import type { DeviceId } from '../../proto/ids.ts'
import {
  type DeviceEvent,
  type Hello,
  type Progress,
  readEvent,
  readHello,
  readProgress,
} from '../../proto/messages.ts'
import { uplinkOf } from '../../proto/topics.ts'
import { nowMs, within } from '../clock.ts'
import type { Connect, Publish } from './packets.ts'

export interface Seen {
  /** Counts from 1 in one examination. */
  readonly connection: number
  /** Milliseconds, monotonic. */
  readonly at: number
}
export interface Said extends Seen {
  readonly packetId: number
  readonly qos: number
}
export type Sign = Seen &
  (
    | { readonly kind: 'connect'; readonly connect: Connect | undefined }
    | { readonly kind: 'subscribe'; readonly filters: readonly string[]; readonly packetId: number }
    | { readonly kind: 'subscribed'; readonly packetId: number; readonly refused: boolean }
    | (Said & { readonly kind: 'hello'; readonly hello: Hello })
    | (Said & { readonly kind: 'event'; readonly event: DeviceEvent })
    | { readonly kind: 'progress'; readonly progress: Progress }
    | { readonly kind: 'request'; readonly request: ChunkRequest }
    /** Handed to the device, after what the script made of it. */
    | { readonly kind: 'data'; readonly data: ChunkData }
    | { readonly kind: 'other'; readonly topic: string }
    /** `problem`: what the contract's own reader says of it. */
    | { readonly kind: 'unreadable'; readonly topic: string; readonly problem: string }
    | { readonly kind: 'acknowledged'; readonly packetId: number }
    | { readonly kind: 'ping' }
    | { readonly kind: 'closed'; readonly by: 'device' | 'broker' | 'script' }
  )
export type SignOf<Kind extends Sign['kind']> = Extract<Sign, { kind: Kind }>

const signsMax = 200_000

export class Witness {
  readonly #device: DeviceId
  #signs: Sign[] = []
  #forgotten = 0
  readonly #waiting = new Set<() => void>()

  readonly #signal: AbortSignal

  /** `signal` ends whoever waits. */
  constructor(device: DeviceId, signal: AbortSignal) {
    this.#device = device
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  /** A place in the order: `since` tells what came after it. */
  mark(): number {
    return this.#forgotten + this.#signs.length
  }

  since(mark: number): readonly Sign[] {
    return this.#signs.slice(Math.max(0, mark - this.#forgotten))
  }

  of<Kind extends Sign['kind']>(kind: Kind, mark = 0): readonly SignOf<Kind>[] {
    return this.since(mark).filter((sign): sign is SignOf<Kind> => sign.kind === kind)
  }

  /** The first value that `find` makes of the signs since `mark`; undefined when `limitMs` is over. Rejects with the end of the run. */
  async until<T>(find: (signs: readonly Sign[]) => T | undefined, limitMs: number, mark = 0): Promise<T | undefined> {
    const end = nowMs() + limitMs
    for (;;) {
      this.#signal.throwIfAborted()
      const found = find(this.since(mark))
      const leftMs = end - nowMs()
      if (found !== undefined || leftMs <= 0) return found
      let wake = (): void => {}
      const woken = new Promise<void>(resolve => {
        wake = resolve
      })
      this.#waiting.add(wake)
      await within(leftMs, woken)
      this.#waiting.delete(wake)
    }
  }

  connected(connection: number, connect: Connect | undefined): void {
    this.#add({ kind: 'connect', connection, at: nowMs(), connect })
  }

  subscribing(connection: number, packetId: number, filters: readonly string[]): void {
    this.#add({ kind: 'subscribe', connection, at: nowMs(), packetId, filters })
  }

  subscribed(connection: number, packetId: number, refused: boolean): void {
    this.#add({ kind: 'subscribed', connection, at: nowMs(), packetId, refused })
  }

  acknowledged(connection: number, packetId: number): void {
    this.#add({ kind: 'acknowledged', connection, at: nowMs(), packetId })
  }

  pinged(connection: number): void {
    this.#add({ kind: 'ping', connection, at: nowMs() })
  }

  closed(connection: number, by: 'device' | 'broker' | 'script'): void {
    this.#add({ kind: 'closed', connection, at: nowMs(), by })
  }

  /** Published by the device. */
  heard(connection: number, publish: Publish): void {
    const seen = { connection, at: nowMs() }
    try {
      this.#add(this.#read(seen, publish))
    } catch (error) {
      this.#add({ kind: 'unreadable', ...seen, topic: publish.topic, problem: (error as Error).message })
    }
  }

  /** Chunk data handed to the device. */
  handed(connection: number, payload: Buffer): void {
    try {
      this.#add({ kind: 'data', connection, at: nowMs(), data: readChunkData(Buffer.from(payload)) })
    } catch {
      // Spoiled by the script so that it does not read: nothing was handed over.
    }
  }

  /** Throws WireError. */
  #read(seen: Seen, { topic, payload, packetId, qos }: Publish): Sign {
    const said = { ...seen, packetId, qos }
    switch (uplinkOf(this.#device, topic)) {
      case 'hello':
        return { kind: 'hello', ...said, hello: readHello(Buffer.from(payload)) }
      case 'events':
        return { kind: 'event', ...said, event: readEvent(Buffer.from(payload)) }
      case 'progress':
        return { kind: 'progress', ...seen, progress: readProgress(payload) }
      case 'chunks/request':
        return { kind: 'request', ...seen, request: readChunkRequest(Buffer.from(payload)) }
      case 'presence':
      case 'configuration':
      case 'log':
      case 'certificate':
      case undefined:
        return { kind: 'other', ...seen, topic }
    }
  }

  #add(sign: Sign): void {
    this.#signs.push(sign)
    if (this.#signs.length > signsMax) {
      this.#forgotten += signsMax / 2
      this.#signs = this.#signs.slice(signsMax / 2)
    }
    this.#wake()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}
