// The devices of one side, on one broker.
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { encodeChunkRequest } from '../../proto/chunk-messages.ts'
import { deviceId } from '../../proto/ids.ts'
import { publishPacket, topicField } from '../../proto/packets.ts'
import { deviceTopic } from '../../proto/topics.ts'
import { connectPacket, FrameCounter, publishType, subscribePacket } from './frames.ts'
import { artifact, chunkCountOf, operation } from './memory-artifact.ts'

export interface PullerOrders {
  readonly port: number
  readonly tls: boolean
  /** Names are `device-{from}` and on. */
  readonly from: number
  readonly count: number
  readonly chunkBytes: number
  readonly windowChunks: number
  /** How they read: at once, so many bytes every tenth of a second, or not at all. */
  readonly reads: 'all' | 'none' | number
  /** What is cut off comes back and asks again; otherwise the measurement fails. */
  readonly comesBack?: boolean
}

export interface Pulled {
  readonly chunks: number
  /** Since it began, of the whole group. */
  readonly seconds: number
  /** Connections that were closed and opened again. */
  readonly cutOff: number
}

/** Connects under way at once: more wait in a queue of the kernel that is not long. */
const connectsAtOnce = 200
const slowReadMs = 100

export class PullerGroup {
  readonly #pullers: readonly Puller[]

  static async open(orders: PullerOrders): Promise<PullerGroup> {
    const pullers = Array.from({ length: orders.count }, (_, index) => new Puller(orders, orders.from + index))
    let next = 0
    const lanes = Array.from({ length: Math.min(connectsAtOnce, pullers.length) }, async () => {
      for (;;) {
        const puller = pullers[next]
        next += 1
        if (puller === undefined) return
        await puller.open()
      }
    })
    await Promise.all(lanes)
    return new PullerGroup(pullers)
  }

  private constructor(pullers: readonly Puller[]) {
    this.#pullers = pullers
  }

  async pull({ seconds = Number.POSITIVE_INFINITY, windows = Number.POSITIVE_INFINITY }): Promise<Pulled> {
    const started = performance.now()
    const counts = await Promise.all(this.#pullers.map(puller => puller.pull(started + seconds * 1000, windows)))
    const tookSeconds = (performance.now() - started) / 1000
    const cutOff = this.#pullers.reduce((sum, puller) => sum + puller.cutOff, 0)
    return { chunks: counts.reduce((sum, count) => sum + count, 0), seconds: tookSeconds, cutOff }
  }

  nag(windows: number): void {
    for (const puller of this.#pullers) puller.nag(windows)
  }

  /** Nobody reads until `release`. */
  hold(): void {
    for (const puller of this.#pullers) puller.hold()
  }

  release(): void {
    for (const puller of this.#pullers) puller.release()
  }

  close(): void {
    for (const puller of this.#pullers) puller.close()
  }
}

class Puller {
  readonly #orders: PullerOrders
  readonly #number: number
  readonly #topic: Buffer
  readonly #name: string
  #socket: Socket | undefined
  #requestNumber = 0
  #awaited = 0
  #got = 0
  #windowsLeft = 0
  #untilMs = 0
  #ended: ((chunks: number) => void) | undefined
  #failed: ((error: Error) => void) | undefined
  #ready: (() => void) | undefined
  #reading: NodeJS.Timeout | undefined
  cutOff = 0

  constructor(orders: PullerOrders, number: number) {
    this.#orders = orders
    this.#number = number
    this.#name = `device-${number}`
    this.#topic = topicField(deviceTopic(deviceId(this.#name), 'chunks/request'))
  }

  open(): Promise<void> {
    const { port, tls } = this.#orders
    const options = { port, host: '127.0.0.1', noDelay: true }
    const socket = tls ? connectTls({ ...options, rejectUnauthorized: false }) : connect(options)
    this.#socket = socket
    const frames = new FrameCounter((type, bodyBytes) => this.#heard(type, bodyBytes))
    socket.on('data', bytes => frames.take(bytes))
    // `close` follows.
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
    socket.write(connectPacket(this.#name))
    return new Promise((resolve, reject) => {
      this.#ready = resolve
      this.#failed = reject
    })
  }

  /** Chunks that came. Rejects when one was refused or the connection ended. */
  pull(untilMs: number, windows: number): Promise<number> {
    this.#got = 0
    this.#untilMs = untilMs
    this.#windowsLeft = windows
    return new Promise((resolve, reject) => {
      this.#ended = resolve
      this.#failed = reject
      this.#next()
    })
  }

  nag(windows: number): void {
    this.#windowsLeft = 0
    this.#failed = undefined
    this.#readSlowly()
    for (let window = 0; window < windows; window += 1) this.#request()
  }

  hold(): void {
    this.#socket?.pause()
  }

  release(): void {
    this.#socket?.resume()
  }

  close(): void {
    this.#failed = undefined
    clearInterval(this.#reading)
    this.#socket?.destroy()
  }

  #closed(): void {
    if (this.#failed === undefined) return
    if (this.#orders.comesBack !== true || this.#ended === undefined) {
      this.#failed(new Error(`${this.#name}: the connection was closed`))
      return
    }
    this.cutOff += 1
    const failed = this.#failed
    this.open().then(() => {
      this.#failed = failed
      this.#awaited = 0
      this.#request()
    }, failed)
  }

  #readSlowly(): void {
    const { reads } = this.#orders
    if (reads === 'all' || this.#reading !== undefined) return
    const socket = this.#socket
    socket?.removeAllListeners('data')
    socket?.pause()
    if (reads === 'none' || socket === undefined) return
    this.#reading = setInterval(() => {
      const bytes = socket.read(Math.min(reads, Math.max(1, socket.readableLength)))
      if (bytes === null) socket.read(0)
    }, slowReadMs)
  }

  #heard(type: number, bodyBytes: number): void {
    if (type === 2) this.#socket?.write(subscribePacket([deviceTopic(deviceId(this.#name), 'chunks/data')]))
    else if (type === 9) this.#ready?.()
    else if (type === publishType) {
      // A refusal is short.
      if (bodyBytes < this.#orders.chunkBytes) this.#failed?.(new Error(`${this.#name}: a request was refused`))
      this.#got += 1
      this.#awaited -= 1
      if (this.#awaited === 0) this.#next()
    }
  }

  #next(): void {
    if (this.#windowsLeft <= 0 || performance.now() >= this.#untilMs) {
      this.#ended?.(this.#got)
      return
    }
    this.#windowsLeft -= 1
    this.#request()
  }

  #request(): void {
    const { chunkBytes, windowChunks } = this.#orders
    this.#requestNumber += 1
    this.#awaited += windowChunks
    const first =
      (this.#number * 7 + this.#requestNumber * windowChunks) % (chunkCountOf(chunkBytes) - windowChunks + 1)
    const payload = encodeChunkRequest({
      requestNumber: this.#requestNumber,
      operation,
      artifact,
      windowBytes: windowChunks * chunkBytes,
      wanted: { kind: 'chunks', ranges: [{ first, count: windowChunks }] },
    })
    this.#socket?.write(publishPacket(this.#topic, payload))
  }
}
