// One connection of a world, from the dial to its end: the broker's DeviceConnection on one side, what an agent's link
// needs on the other.
import { LinkDown } from '../../agent/errors.ts'
import type { DeviceConnection } from '../../broker/ports.ts'
import type { DeviceId } from '../../proto/ids.ts'
import { readOfferMessage } from '../../proto/offer-messages.ts'
import { type Downlink, parseSessionTopic, type Uplink } from '../../proto/topics.ts'
import type { BrokerProcess } from './broker.ts'
import type { Seed } from './seed.ts'
import type { Wire, WireEnd } from './wire.ts'

/** What is on its way to one side, in order: one timer for the first of them. */
class Pipe {
  readonly #line: WireLine
  readonly #waiting: { readonly at: number; readonly arrive: () => void }[] = []
  #lastAt = 0
  #armed = false

  constructor(line: WireLine) {
    this.#line = line
  }

  /** Arrives after the latency, not before what was put in earlier. */
  put(notBefore: number, arrive: () => void): void {
    const { clock } = this.#line
    this.#lastAt = Math.max(this.#lastAt, notBefore, clock.trueMs + this.#line.latencyMs())
    this.#waiting.push({ at: this.#lastAt, arrive })
    this.#arm()
  }

  #arm(): void {
    const [first] = this.#waiting
    if (this.#armed || first === undefined) return
    this.#armed = true
    const { clock } = this.#line
    clock.after(first.at - clock.trueMs, () => {
      this.#armed = false
      while ((this.#waiting[0]?.at ?? Number.POSITIVE_INFINITY) <= clock.trueMs) this.#waiting.shift()?.arrive()
      this.#arm()
    })
  }
}

export class WireLine implements DeviceConnection {
  readonly #wire: Wire
  readonly #end: WireEnd
  readonly #seed: Seed
  readonly number: number
  readonly #bytesPerSecond: number
  readonly #down = new Pipe(this)
  readonly #up = new Pipe(this)
  #server: BrokerProcess | undefined
  #closed = false
  #broken = false
  /** Nothing passes any more, and nobody knows yet. */
  #silent = false
  /** True time at which the link has sent all it was given. */
  #sentAt = 0
  #undrainedBytes = 0
  /** Written since the cork: a packet may come in parts. */
  #corked: Uint8Array[] | undefined
  #drained: () => void = () => {}
  #session: string | undefined
  readonly #waiting = new Set<(error: LinkDown) => void>()

  constructor(wire: Wire, end: WireEnd, seed: Seed, number: number, bytesPerSecond: number) {
    this.#wire = wire
    this.#end = end
    this.#seed = seed
    this.number = number
    this.#bytesPerSecond = bytesPerSecond
  }

  get device(): DeviceId {
    return this.#end.device
  }

  get clock(): Wire['parts']['clock'] {
    return this.#wire.parts.clock
  }

  get server(): BrokerProcess | undefined {
    return this.#server
  }

  /** As the broker sees it. */
  get closed(): boolean {
    return this.#closed
  }

  /** As the device sees it. */
  get broken(): boolean {
    return this.#broken
  }

  get undrainedBytes(): number {
    if (this.#bytesPerSecond === 0) return 0
    return this.#undrainedBytes + (this.#corked ?? []).reduce((sum, { length }) => sum + length, 0)
  }

  latencyMs(): number {
    return this.#seed.whole(1, this.#wire.weather.latencyMostMs)
  }

  // ---- the broker's side ----------------------------------------------------------------------

  /** The server takes the connection; the device hears of it. */
  open(server: BrokerProcess): void {
    this.#server = server
    server.connected(this)
    this.#down.put(0, () => {
      if (!this.#broken) this.#end.up(this)
    })
  }

  publish(downlink: Downlink, parts: readonly Uint8Array[]): void {
    if (this.#closed) return
    const bytes = Buffer.concat(parts)
    if (downlink !== 'offer') {
      this.#sendDown(bytes.length, downlink === 'chunks/data', bytes, given => this.#end.message(downlink, given))
      return
    }
    const { watch } = this.#wire.parts
    const message = readOfferMessage(bytes)
    watch.sent(this, message)
    this.#sendDown(bytes.length, false, bytes, given => {
      watch.heard(this, message, this.#broken)
      this.#end.message(downlink, given)
    })
  }

  write(packets: Uint8Array): void {
    if (this.#closed) return
    if (this.#corked === undefined) this.#sendPackets(packets)
    else this.#corked.push(packets)
  }

  cork(): void {
    this.#corked ??= []
  }

  uncork(): void {
    const written = this.#corked ?? []
    this.#corked = undefined
    if (!this.#closed && written.length > 0) this.#sendPackets(Buffer.concat(written))
  }

  /** PUBLISH at QoS 0 (MQTT 3.1.1, 3.3), one after the other: pieces of chunks, and what is said in sessions. */
  #sendPackets(packets: Uint8Array): void {
    for (const { topic, payload, bytes } of publishesIn(packets)) {
      const said = parseSessionTopic(topic)
      if (said === undefined) {
        this.#sendDown(bytes, true, payload, given => this.#end.message('chunks/data', given))
        continue
      }
      const { channel, session } = said
      this.#sendDown(bytes, channel === 'data', payload, given => {
        if (this.#session === session) this.#end.broadcast(channel, session, given)
      })
    }
  }

  onDrain(listener: () => void): void {
    this.#drained = listener
  }

  /** The broker closes it, or has died: the device hears of it later. */
  close(): void {
    this.#closeAtBroker()
    if (this.#broken || this.#silent) return
    this.clock.after(this.latencyMs(), () => this.fail('closed by the broker'))
  }

  // ---- the device's side ----------------------------------------------------------------------

  /** QoS 1. Resolves at the acknowledgement; rejects with LinkDown when the line ends before. */
  say(uplink: Uplink, bytes: Uint8Array): Promise<void> {
    const { faults } = this.#wire.parts
    return new Promise((resolve, reject) => {
      if (this.#broken) {
        reject(new LinkDown('not connected'))
        return
      }
      this.#waiting.add(reject)
      const acknowledged = (): void => {
        if (this.#broken) {
          faults.fired('acknowledgement lost')
          return
        }
        this.#waiting.delete(reject)
        resolve()
      }
      const twice = this.#seed.chance(this.#wire.weather.saidTwice)
      if (twice) faults.fired('report sent twice')
      for (let time = 0; time < (twice ? 2 : 1); time += 1)
        this.#sendUp(server =>
          this.#wire.parts.taken(server.message(this, uplink, bytes)).then(
            () => this.#down.put(0, acknowledged),
            () => this.close(),
          ),
        )
    })
  }

  /** QoS 0. */
  send(uplink: Uplink, bytes: Uint8Array): void {
    if (this.#broken) return
    this.#sendUp(server => this.#wire.parts.taken(server.message(this, uplink, bytes)).catch(() => this.close()))
  }

  /** Undefined: of none. The broker may refuse, then the device does without. */
  subscribe(session: string | undefined): void {
    if (this.#broken) return
    this.#sendUp(async server => {
      if (this.#session !== undefined) server.unsubscribed(this, this.#session)
      this.#session = undefined
      if (session !== undefined && server.subscribed(this, session)) this.#session = session
    })
  }

  /** The device leaves, loses its power, or the way breaks: the broker hears of it later. */
  leave(noticedAfterMs: number): void {
    if (this.#broken) return
    this.#break('left')
    this.clock.after(noticedAfterMs, () => this.#closeAtBroker())
  }

  /** The way is gone; each side finds out when its keep-alive has run out. */
  silence(): void {
    if (this.#silent) return
    this.#silent = true
    this.clock.after(this.#seed.whole(0, 45_000), () => this.fail('no answer any more'))
    this.clock.after(this.#seed.whole(0, 45_000), () => this.#closeAtBroker())
  }

  /** The end as the device hears it, once. */
  fail(reason: string): void {
    if (this.#broken) return
    this.#break(reason)
    this.#end.down(this, reason)
  }

  #break(reason: string): void {
    this.#broken = true
    for (const reject of [...this.#waiting]) reject(new LinkDown(reason))
    this.#waiting.clear()
  }

  #closeAtBroker(): void {
    if (this.#closed) return
    this.#closed = true
    this.#wire.forget(this)
    if (this.#server?.alive) this.#server.disconnected(this)
  }

  // ---- the way --------------------------------------------------------------------------------

  #sendUp(take: (server: BrokerProcess) => Promise<void>): void {
    const { faults } = this.#wire.parts
    this.#up.put(0, () => {
      const server = this.#server
      if (this.#closed || this.#silent || server?.alive !== true) return
      if (this.#broken) {
        if (this.#seed.chance(0.5)) return
        faults.fired('report in flight behind a closed connection')
      }
      void take(server)
    })
  }

  /** `wireBytes`: what it takes of the link. `isChunk`: nobody vouches for these bytes. */
  #sendDown(wireBytes: number, isChunk: boolean, bytes: Buffer, arrive: (bytes: Uint8Array) => void): void {
    const { faults, deliversAfterClose } = this.#wire.parts
    const { lost, doubled, corrupted } = this.#wire.weather
    this.#drain(wireBytes)
    if (lost > 0 && this.#seed.chance(lost)) {
      faults.fired(isChunk ? 'chunk lost' : 'offer lost')
      return
    }
    const isBad = isChunk && corrupted > 0 && this.#seed.chance(corrupted)
    if (isBad) faults.fired('chunk corrupted')
    const given = isBad ? this.#spoiled(bytes) : bytes
    const twice = doubled > 0 && this.#seed.chance(doubled)
    if (twice) faults.fired('message sent twice')
    for (let time = 0; time < (twice ? 2 : 1); time += 1)
      this.#down.put(this.#sentAt, () => {
        if ((this.#broken || this.#silent) && !deliversAfterClose) return
        // The bytes belong to the receiver.
        arrive(new Uint8Array(given))
      })
  }

  #spoiled(bytes: Buffer): Buffer {
    const bad = Buffer.from(bytes)
    const at = this.#seed.whole(0, bad.length - 1)
    bad[at] = (bad[at] ?? 0) ^ (1 << this.#seed.whole(0, 7))
    return bad
  }

  /** The link takes its time; what it has not taken yet, the socket holds. */
  #drain(wireBytes: number): void {
    if (this.#bytesPerSecond === 0) return
    const { clock } = this
    this.#sentAt = Math.max(this.#sentAt, clock.trueMs) + (wireBytes * 1000) / this.#bytesPerSecond
    this.#undrainedBytes += wireBytes
    clock.after(this.#sentAt - clock.trueMs, () => {
      this.#undrainedBytes -= wireBytes
      if (!this.#closed) this.#drained()
    })
  }
}

function* publishesIn(packets: Uint8Array): Generator<{ topic: string; payload: Buffer; bytes: number }> {
  const all = Buffer.from(packets.buffer, packets.byteOffset, packets.byteLength)
  let at = 0
  while (at < all.length) {
    if (all[at] !== 0x30) throw new TypeError(`packet of type ${all[at]}, expected PUBLISH at QoS 0`)
    let length = 0
    let head = at + 1
    for (let shift = 0; ; shift += 7) {
      const byte = all.readUInt8(head)
      head += 1
      length += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    const topicBytes = all.readUInt16BE(head)
    const topic = all.toString('utf8', head + 2, head + 2 + topicBytes)
    yield { topic, payload: all.subarray(head + 2 + topicBytes, head + length), bytes: head + length - at }
    at = head + length
  }
}
