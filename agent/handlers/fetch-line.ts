// What drives one fetch at a time against the broker: the core says what to ask for and what to do with what came, this
// sends, waits, and has the work done. Index, patch and chunks are fetched the same way.
//
//   broker ──data──▶ fetch (core) ──request──▶ broker
//     connected, tick ──▶  │  ──work──▶ stage, one after another ──what came of it──▶ fetch
import { type ChunkData, type ChunkRequest, encodeChunkRequest } from '../../proto/chunk-messages.ts'
import type { Failure } from '../../proto/event-codes.ts'
import type { ArtifactId, OperationId } from '../../proto/ids.ts'
import type { DownloadEffect } from '../core/download.ts'
import type { IndexEffect } from '../core/index-fetch.ts'
import type { PatchEffect } from '../core/patch-fetch.ts'
import type { AgentPorts, Timer } from '../ports.ts'
import { failureOf } from './failures.ts'

export type FetchEffect = IndexEffect | PatchEffect | DownloadEffect
/** What is done on the device with what came. */
export type FetchWork = Extract<FetchEffect, { kind: 'check-index' | 'apply-frame' | 'end-patch' | 'check-chunk' }>

/** Pure; times are of one monotonic clock. */
export interface Fetch {
  connected(nowMs: number): readonly FetchEffect[]
  disconnected(): void
  data(message: ChunkData, nowMs: number): readonly FetchEffect[]
  tick(nowMs: number): readonly FetchEffect[]
  nextTickMs(nowMs: number): number
}

/** One fetch, and who does its work. What `work` throws ends the fetch with the failure it stands for. */
export interface Stage {
  readonly fetch: Fetch
  work(work: FetchWork): Promise<readonly FetchEffect[]>
  /** Now and then, while the line is there. */
  ticked?(): void
}

/** Shared by all downloads of one agent: request numbers grow by one a request, across downloads. */
export interface RequestNumbers {
  last: number
}

export class FetchLine {
  readonly #ports: Pick<AgentPorts, 'clock' | 'link'>
  readonly #about: { readonly operation: OperationId; readonly artifact: ArtifactId }
  readonly #numbers: RequestNumbers
  #stage: Stage | undefined
  #settle: ((failure: Failure | undefined) => void) | undefined
  /** Work is done one after another; so memory stays within the window. */
  #working: Promise<void> = Promise.resolve()
  #tick: Timer | undefined
  #connected: boolean
  #ended = false

  constructor(
    ports: Pick<AgentPorts, 'clock' | 'link'>,
    about: { readonly operation: OperationId; readonly artifact: ArtifactId },
    numbers: RequestNumbers,
    connected: boolean,
  ) {
    this.#ports = ports
    this.#about = about
    this.#numbers = numbers
    this.#connected = connected
  }

  /** Drives the fetch to its end. Resolves with its failure, or undefined when it is complete or was ended. */
  async follow(stage: Stage): Promise<Failure | undefined> {
    if (this.#ended) return undefined
    const settled = new Promise<Failure | undefined>(resolve => {
      this.#settle = resolve
    })
    this.#stage = stage
    const now = this.#now
    this.carryOut(stage.fetch.tick(now))
    if (this.#connected) {
      this.carryOut(stage.fetch.connected(now))
      this.armTick()
    }
    const failure = await settled
    this.#stage = undefined
    await this.#working
    return failure
  }

  isAt(stage: Stage): boolean {
    return this.#stage === stage
  }

  /** The fetch under way ends as if it were complete. */
  endStage(): void {
    this.#settle?.(undefined)
  }

  /** For good: nothing is sent or begun any more. Resolves when nothing is being done. */
  async end(): Promise<void> {
    this.#ended = true
    this.#tick?.cancel()
    await this.#working
  }

  connected(): void {
    this.#connected = true
    if (this.#stage !== undefined) this.carryOut(this.#stage.fetch.connected(this.#now))
    this.armTick()
  }

  disconnected(): void {
    this.#connected = false
    this.#tick?.cancel()
    this.#stage?.fetch.disconnected()
  }

  data(message: ChunkData): void {
    if (this.#ended || this.#stage === undefined) return
    this.carryOut(this.#stage.fetch.data(message, this.#now))
  }

  carryOut(effects: readonly FetchEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'request-index':
          this.#request(effect, { kind: 'index', offset: effect.offset })
          break
        case 'request-patch':
          this.#request(effect, { kind: 'patch', base: effect.base, offset: effect.offset })
          break
        case 'request-chunks':
          this.#request(effect, { kind: 'chunks', ranges: effect.ranges })
          break
        case 'check-index':
        case 'apply-frame':
        case 'end-patch':
        case 'check-chunk':
          this.#do(effect)
          break
        case 'complete':
          this.#settle?.(undefined)
          break
        case 'give-up':
          this.#settle?.(effect.failure)
          break
        default:
          effect satisfies never
      }
    }
  }

  /** The next tick anew: the fetch was told something that may make it wait for another time. */
  armTick(): void {
    this.#tick?.cancel()
    const stage = this.#stage
    if (this.#ended || !this.#connected || stage === undefined) return
    const now = this.#now
    this.#tick = this.#ports.clock.after(Math.max(1, stage.fetch.nextTickMs(now) - now), () => {
      if (this.#ended || this.#stage === undefined) return
      this.carryOut(this.#stage.fetch.tick(this.#now))
      this.#stage?.ticked?.()
      this.armTick()
    })
  }

  get #now(): number {
    return this.#ports.clock.monotonicMs()
  }

  #do(work: FetchWork): void {
    const stage = this.#stage
    this.#working = this.#working.then(async () => {
      if (this.#ended || stage === undefined || this.#stage !== stage) return
      try {
        const effects = await stage.work(work)
        if (this.#stage === stage) this.carryOut(effects)
      } catch (error) {
        this.#settle?.(failureOf(error))
      }
    })
  }

  #request(
    { requestNumber, windowBytes }: { readonly requestNumber: number; readonly windowBytes: number },
    wanted: ChunkRequest['wanted'],
  ): void {
    this.#numbers.last = requestNumber
    const request = { requestNumber, ...this.#about, windowBytes, wanted }
    this.#ports.link.send('chunks/request', encodeChunkRequest(request))
  }
}
