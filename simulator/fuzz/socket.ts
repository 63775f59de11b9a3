// One connection of the fuzzer: sends bytes, and knows what came back and whether it is closed. Waits have an end.
import { connect, type Socket } from 'node:net'
import { within } from '../clock.ts'
import { PacketReader } from './packet-reader.ts'

export class FuzzSocket {
  readonly #socket: Socket
  readonly #reader = new PacketReader()
  readonly #counts = new Map<number, number>()
  #returnCode: number | undefined
  #wake: () => void = () => {}
  closed = false

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', bytes => {
      this.#reader.take(bytes, (type, body) => {
        this.#counts.set(type, this.count(type) + 1)
        if (type === 2) this.#returnCode = body[1]
      })
      this.#wake()
    })
    this.#socket.on('error', () => {
      // A reset is one way to be closed.
    })
    this.#socket.on('close', () => {
      this.closed = true
      this.#wake()
    })
  }

  get returnCode(): number | undefined {
    return this.#returnCode
  }

  /** Packets of that type that have come. */
  count(type: number): number {
    return this.#counts.get(type) ?? 0
  }

  write(bytes: Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes)
  }

  /** FIN; the other side closes, or `until` finds that it does not. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** True when `holds`, or when it is closed; false after `limitMs`. */
  async until(holds: () => boolean, limitMs: number): Promise<boolean> {
    while (!this.closed && !holds()) {
      const woken = new Promise<void>(resolve => {
        this.#wake = resolve
      })
      if (!(await within(limitMs, woken))) return this.closed || holds()
    }
    return true
  }
}
