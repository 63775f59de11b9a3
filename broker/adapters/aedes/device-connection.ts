// One live connection of a device, written to beside the emitter: the header of a QoS 0 PUBLISH is made here, the payload
// goes to the socket as it is. QoS 0 because a packet identifier of ours would collide with Aedes' own.
//
// Node emits `drain` only when the buffer runs empty after it was filled to the high-water mark. Whoever waits for room
// below that would wait for nothing, so each write of ours tells when the kernel has taken it.
import type { DeviceId } from '../../../proto/ids.ts'
import { publishHead, topicField } from '../../../proto/packets.ts'
import { type Downlink, deviceTopic, downlinks } from '../../../proto/topics.ts'
import type { DeviceConnection } from '../../ports.ts'
import type { HostClient } from './internals.ts'
import type { StallWatch } from './stall-watch.ts'

export class AedesDeviceConnection implements DeviceConnection {
  readonly device: DeviceId
  readonly number: number
  readonly certificate?: string
  readonly #client: HostClient
  readonly #stall: StallWatch
  readonly #close: (reason: string) => void
  readonly #topics: Readonly<Record<Downlink, Buffer>>
  #drained: (() => void) | undefined
  /** What the socket held when last looked at, bytes. */
  #heldBytes = 0

  /** `close` ends the connection and tells why. */
  constructor(
    device: DeviceId,
    number: number,
    parts: {
      readonly client: HostClient
      readonly stall: StallWatch
      readonly close: (reason: string) => void
      readonly certificate?: string
    },
  ) {
    this.device = device
    this.number = number
    if (parts.certificate !== undefined) this.certificate = parts.certificate
    this.#client = parts.client
    this.#stall = parts.stall
    this.#close = parts.close
    this.#topics = Object.fromEntries(downlinks.map(name => [name, topicField(deviceTopic(device, name))])) as Record<
      Downlink,
      Buffer
    >
  }

  get closed(): boolean {
    return this.#client.closed || this.#client.conn.destroyed
  }

  get undrainedBytes(): number {
    return this.#client.conn.writableLength
  }

  publish(downlink: Downlink, parts: readonly Uint8Array[]): void {
    if (this.closed) return
    const { conn } = this.#client
    const payloadBytes = parts.reduce((sum, part) => sum + part.length, 0)
    conn.cork()
    conn.write(publishHead(this.#topics[downlink], payloadBytes), this.#taken)
    for (const part of parts) conn.write(part, this.#taken)
    conn.uncork()
    this.#wrote()
  }

  write(bytes: Uint8Array): void {
    if (this.closed) return
    const { conn } = this.#client
    conn.write(bytes, this.#taken)
    if (conn.writableCorked === 0) this.#wrote()
  }

  cork(): void {
    if (!this.closed) this.#client.conn.cork()
  }

  uncork(): void {
    if (this.closed) return
    this.#client.conn.uncork()
    this.#wrote()
  }

  onDrain(listener: () => void): void {
    if (this.#drained !== undefined) this.#client.conn.removeListener('drain', this.#drained)
    // Aedes emits a `drain` of its own while it closes a client.
    this.#drained = () => {
      if (!this.closed) listener()
    }
    this.#client.conn.on('drain', this.#drained)
  }

  #wrote(): void {
    this.#heldBytes = this.#client.conn.writableLength
    this.#stall.check()
  }

  /** Called for every write, after what was gathered with it has been taken as well: one of them tells. */
  readonly #taken = (): void => {
    const heldBytes = this.#client.conn.writableLength
    if (heldBytes >= this.#heldBytes) return
    this.#heldBytes = heldBytes
    this.#drained?.()
  }

  close(reason: string): void {
    this.#close(reason)
  }
}
