// Who sends next, and how much: deficit round robin over the lines that have something to send. One device gets about
// `turnBytes` in a turn, gathered into one system call; what it gets beyond, because packets are not cut, is taken off its
// next turn. All together get `tickBytes`, in as many rounds as that takes, before the event loop serves something else.
// No socket ever holds more than its limit of ours, all sockets together never more than theirs.
//
// A line without room waits until the kernel has taken something from its socket; sockets that hold something are also
// looked at every `pollMs`, which is where stalls are found. A stalled socket is closed after `stallMs` without having
// taken a byte; sooner (`pressedStallMs`) while others wait for the room it holds. Node counts a gathered write as taken
// when all of it is: below turnBytes / stallMs a device is cut off (1 KiB/s with the defaults), comes back and goes on
// where it stopped. A line over its budgets waits until what it has taken of them may be sent; the others go on.
import type { Clock, Log } from '../ports.ts'
import type { DeliverySettings } from './delivery-settings.ts'
import type { DeviceLine, LineState } from './device-line.ts'

/** One packet: its head, then bytes that are not copied. */
export interface Packet {
  readonly head: Uint8Array
  readonly data: Uint8Array
}

/** What lines are to send. Asked in a line's turn; calls nothing here. `now` is monotonic, ms. */
export interface PacketSource<P extends Packet> {
  /** Undefined: nothing until `ready` is called again; a number: nothing for so many milliseconds. */
  next(line: DeviceLine, now: number): P | number | undefined
  /** It has been written. */
  sent(line: DeviceLine, packet: P, now: number): void
}

/** Lines woken at a time when all sockets together were full. */
const wokenMost = 16

export class FairSender<P extends Packet = Packet> {
  readonly #settings: DeliverySettings
  readonly #clock: Clock
  readonly #log: Log
  readonly #source: PacketSource<P>
  /** In the order of their turns. */
  readonly #ready = new Set<DeviceLine>()
  /** Waiting for room in all sockets together, longest first; nobody overtakes. A woken line keeps its place until it sends. */
  readonly #pressed = new Set<DeviceLine>()
  /** Whose sockets held something when last looked at. */
  readonly #holding = new Set<DeviceLine>()
  #undrainedBytes = 0
  #pump: 'idle' | 'microtask' | 'next-tick' = 'idle'
  #cancelTick: () => void = () => undefined
  #cancelPoll: (() => void) | undefined
  #closed = false
  #bytesTotal = 0
  #piecesTotal = 0
  #stallsTotal = 0
  #sharedBytesTotal = 0
  /** Monotonic ms: when a broadcast last found all sockets together full. */
  #sharedPressedAt = Number.NEGATIVE_INFINITY

  constructor(settings: DeliverySettings, clock: Clock, log: Log, source: PacketSource<P>) {
    this.#settings = settings
    this.#clock = clock
    this.#log = log
    this.#source = source
  }

  get bytesTotal(): number {
    return this.#bytesTotal
  }
  get piecesTotal(): number {
    return this.#piecesTotal
  }
  get stallsTotal(): number {
    return this.#stallsTotal
  }
  get sharedBytesTotal(): number {
    return this.#sharedBytesTotal
  }
  /** In all sockets, as last looked at: never less than what they hold of ours. */
  get undrainedBytes(): number {
    return this.#undrainedBytes
  }

  /** Takes the connection's drain listener. */
  add(line: DeviceLine): void {
    line.drainedAt = this.#clock.monotonic()
    line.connection.onDrain(() => {
      if (!line.live) return
      this.#look(line, this.#clock.monotonic())
      this.#wakePressed()
      if (line.state === 'socket') this.#enqueue(line)
    })
  }

  remove(line: DeviceLine): void {
    line.live = false
    line.state = 'waiting'
    line.cancelWait()
    this.#ready.delete(line)
    this.#pressed.delete(line)
    this.#holding.delete(line)
    this.#undrainedBytes -= line.heldBytes
    line.heldBytes = 0
    this.#wakePressed()
  }

  /** The line may have something to send. No matter how often. */
  ready(line: DeviceLine): void {
    if (line.live && line.state === 'waiting') this.#enqueue(line)
  }

  /**
   * What keeps packets made for many from being written to it now, when anything does. While pulls wait for room in all
   * sockets together, only a socket that holds nothing gets more. `now` is monotonic, ms.
   */
  hindrance(line: DeviceLine, bytes: number, now: number): 'socket' | 'global' | undefined {
    if (this.#closed || !line.live || line.connection.closed) return 'socket'
    this.#look(line, now)
    if (line.heldBytes + bytes > this.#settings.socketUndrainedBytesMax) return 'socket'
    if (this.#undrainedBytes + bytes > this.#settings.undrainedBytesMax) {
      this.#sharedPressedAt = now
      this.#pollLater()
      return 'global'
    }
    return line.heldBytes === 0 || this.#pressed.size === 0 ? undefined : 'global'
  }

  /** Writes packets made for many at once. Only when there is no hindrance. */
  writeShared(line: DeviceLine, packets: Uint8Array, now: number): void {
    line.connection.write(packets)
    this.#look(line, now)
    if (line.heldBytes > 0) this.#pollLater()
    this.#sharedBytesTotal += packets.length
  }

  close(): void {
    this.#closed = true
    this.#cancelTick()
    this.#cancelPoll?.()
  }

  #enqueue(line: DeviceLine): void {
    line.state = 'ready'
    this.#ready.add(line)
    if (this.#pump !== 'idle') return
    // After the other requests of this read have been taken, so that they share a system call.
    this.#pump = 'microtask'
    queueMicrotask(() => this.#tick())
  }

  #tick(): void {
    if (this.#closed) return
    const now = this.#clock.monotonic()
    let leftBytes = this.#settings.tickBytes
    // Lines that stay ready go to the end of the set, where the loop comes by again.
    for (const line of this.#ready) {
      if (leftBytes <= 0) break
      this.#ready.delete(line)
      leftBytes -= this.#turn(line, now)
    }
    if (leftBytes < this.#settings.tickBytes) this.#wakePressed()
    this.#pump = 'idle'
    if (this.#holding.size > 0 || this.#pressed.size > 0) this.#pollLater()
    if (this.#ready.size === 0) return
    this.#pump = 'next-tick'
    this.#cancelTick = this.#clock.after(0, () => this.#tick())
  }

  /** Bytes written. Afterwards the line is where its state says. */
  #turn(line: DeviceLine, now: number): number {
    const { connection } = line
    line.deficitBytes += this.#settings.turnBytes
    const mayOvertake = this.#pressed.size === 0 || this.#pressed.has(line)
    let writtenBytes = 0
    let waitMs = 0
    line.state = 'waiting'
    this.#look(line, now)
    connection.cork()
    try {
      while (line.live && !connection.closed) {
        if (line.deficitBytes <= 0) {
          line.state = 'ready'
          break
        }
        const packet = this.#source.next(line, now)
        if (packet === undefined) break
        if (typeof packet === 'number') {
          line.state = 'budget'
          waitMs = packet
          break
        }
        const packetBytes = packet.head.length + packet.data.length
        const hindrance = mayOvertake ? this.#hindrance(line, packetBytes) : 'global'
        if (hindrance !== undefined) {
          line.state = hindrance
          break
        }
        connection.write(packet.head)
        connection.write(packet.data)
        this.#hold(line, line.heldBytes + packetBytes)
        this.#source.sent(line, packet, now)
        line.deficitBytes -= packetBytes
        writtenBytes += packetBytes
        this.#piecesTotal += 1
      }
    } finally {
      connection.uncork()
    }
    // Now it shows what the kernel has taken at once.
    const filledBytes = line.heldBytes
    this.#look(line, now)
    if (line.state === 'socket' && line.heldBytes < filledBytes) line.state = 'ready'
    this.#bytesTotal += writtenBytes
    if (line.state !== 'global' || writtenBytes > 0) this.#pressed.delete(line)
    if (line.state === 'ready') this.#ready.add(line)
    else if (line.state === 'global') this.#pressed.add(line)
    else if (line.state === 'socket') line.fullAtBytes = line.heldBytes
    // Nobody saves up turns while it asks for nothing.
    else line.deficitBytes = Math.min(0, line.deficitBytes)
    if (line.state === 'budget') this.#wakeAfter(line, waitMs)
    return writtenBytes
  }

  /** What the line has to wait for before this packet may be written. */
  #hindrance(line: DeviceLine, packetBytes: number): LineState | undefined {
    if (line.heldBytes + packetBytes > this.#settings.socketUndrainedBytesMax) return 'socket'
    if (this.#undrainedBytes + packetBytes > this.#settings.undrainedBytesMax) return 'global'
    return undefined
  }

  #wakeAfter(line: DeviceLine, waitMs: number): void {
    line.cancelWait = this.#clock.after(waitMs, () => {
      if (line.live && line.state === 'budget') this.#enqueue(line)
    })
  }

  /** Notes what the socket holds now. */
  #look(line: DeviceLine, now: number): void {
    const heldBytes = line.connection.undrainedBytes
    if (heldBytes < line.heldBytes || line.heldBytes === 0) line.drainedAt = now
    this.#hold(line, heldBytes)
    if (heldBytes > 0) this.#holding.add(line)
    else this.#holding.delete(line)
  }

  #hold(line: DeviceLine, heldBytes: number): void {
    this.#undrainedBytes += heldBytes - line.heldBytes
    line.heldBytes = heldBytes
  }

  #wakePressed(): void {
    let leftCount = wokenMost
    for (const line of this.#pressed) {
      if (leftCount === 0 || this.#undrainedBytes >= this.#settings.undrainedBytesMax) return
      leftCount -= 1
      if (line.state === 'global') this.#enqueue(line)
    }
  }

  #pollLater(): void {
    if (this.#closed) return
    this.#cancelPoll ??= this.#clock.after(this.#settings.pollMs, () => {
      this.#cancelPoll = undefined
      this.#poll()
    })
  }

  #poll(): void {
    const now = this.#clock.monotonic()
    const pressed = this.#pressed.size > 0 || now - this.#sharedPressedAt < this.#settings.pressedStallMs
    const patienceMs = pressed
      ? Math.min(this.#settings.pressedStallMs, this.#settings.stallMs)
      : this.#settings.stallMs
    const held = [...this.#holding]
    for (const line of held) {
      this.#look(line, now)
      if (line.heldBytes > 0 && now - line.drainedAt >= patienceMs) this.#cutOff(line, now - line.drainedAt)
    }
    this.#wakePressed()
    for (const line of held) if (line.state === 'socket' && line.heldBytes < line.fullAtBytes) this.#enqueue(line)
    if (this.#holding.size > 0 || this.#pressed.size > 0) this.#pollLater()
  }

  #cutOff(line: DeviceLine, stalledMs: number): void {
    const { connection, heldBytes } = line
    this.#stallsTotal += 1
    this.#log.warn(
      { event: 'delivery-stalled', device: connection.device, heldBytes, stalledMs, pressed: this.#pressed.size > 0 },
      'a device does not read what it asked for: its connection is closed',
    )
    line.jobs = []
    this.remove(line)
    connection.close(`the socket has taken nothing for ${stalledMs} ms and holds ${heldBytes} bytes`)
  }
}
