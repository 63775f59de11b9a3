// Who sends next, and how much: deficit round robin over the lines that have something to send. One device gets at most
// `turnBytes` in a turn, gathered into one system call; all together `tickBytes` before the event loop serves something
// else. No socket ever holds more than its limit of ours, all sockets together never more than theirs.
//
// A line without room waits for its socket to drain. The drain event alone would not do: Node emits it only above the
// high-water mark, so sockets that hold something are also looked at every `pollMs`, which is where stalls are found.
// A stalled socket is closed after `stallMs` without having taken a byte; sooner (`pressedStallMs`) while others wait for
// the room it holds. Node counts a gathered write as taken when all of it is: below turnBytes / stallMs a device is cut
// off (1 KiB/s with the defaults), comes back and goes on where it stopped.
import type { Clock, Log } from '../ports.ts'
import type { DeliverySettings } from './delivery-settings.ts'
import type { DeviceLine, LineState } from './device-line.ts'

export interface Piece {
  readonly parts: readonly Uint8Array[]
  /** On the wire, all of the packet. */
  readonly packetBytes: number
  /** Called once it has been written. */
  readonly sent: () => void
}

/** Lines woken at a time when all sockets together were full. */
const wokenMost = 16

export class FairSender {
  readonly #settings: DeliverySettings
  readonly #clock: Clock
  readonly #log: Log
  readonly #nextPiece: (line: DeviceLine) => Piece | undefined
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

  /** `nextPiece` is asked in a line's turn and calls nothing here; undefined: nothing until `ready` is called again. */
  constructor(settings: DeliverySettings, clock: Clock, log: Log, nextPiece: (line: DeviceLine) => Piece | undefined) {
    this.#settings = settings
    this.#clock = clock
    this.#log = log
    this.#nextPiece = nextPiece
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
  /** In all sockets, as last looked at: never less than what they hold of ours. */
  get undrainedBytes(): number {
    return this.#undrainedBytes
  }

  /** Takes the connection's drain listener. */
  add(line: DeviceLine): void {
    line.drainedAt = this.#clock.monotonic()
    line.connection.onDrain(() => {
      if (!line.live) return
      this.#look(line)
      this.#wakePressed()
      if (line.state === 'socket') this.#enqueue(line)
    })
  }

  remove(line: DeviceLine): void {
    line.live = false
    line.state = 'waiting'
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
    let leftBytes = this.#settings.tickBytes
    let leftTurns = this.#ready.size
    // Lines that stay ready go to the end of the set, which the loop would reach too: each gets one turn a tick.
    for (const line of this.#ready) {
      if (leftBytes <= 0 || leftTurns === 0) break
      leftTurns -= 1
      this.#ready.delete(line)
      leftBytes -= this.#turn(line)
    }
    if (leftBytes < this.#settings.tickBytes) this.#wakePressed()
    this.#pump = 'idle'
    if (this.#holding.size > 0 || this.#pressed.size > 0) this.#pollLater()
    if (this.#ready.size === 0) return
    this.#pump = 'next-tick'
    this.#cancelTick = this.#clock.after(0, () => this.#tick())
  }

  /** Bytes written. Afterwards the line is where its state says. */
  #turn(line: DeviceLine): number {
    const { connection } = line
    // One packet may be larger than a turn; more than for one packet no line saves up.
    const savedBytes = Math.min(line.deficitBytes, line.packetBytesMax)
    line.deficitBytes = savedBytes + this.#settings.turnBytes
    const mayOvertake = this.#pressed.size === 0 || this.#pressed.has(line)
    let writtenBytes = 0
    line.state = 'waiting'
    this.#look(line)
    connection.cork()
    try {
      while (line.live && !connection.closed) {
        const piece = this.#nextPiece(line)
        if (piece === undefined) break
        const hindrance = mayOvertake ? this.#hindrance(line, piece.packetBytes) : 'global'
        if (hindrance !== undefined) {
          line.state = hindrance
          break
        }
        connection.publish('chunks/data', piece.parts)
        this.#look(line)
        piece.sent()
        line.deficitBytes -= piece.packetBytes
        writtenBytes += piece.packetBytes
        this.#piecesTotal += 1
      }
    } finally {
      connection.uncork()
    }
    this.#bytesTotal += writtenBytes
    if (line.state !== 'global' || writtenBytes > 0) this.#pressed.delete(line)
    if (line.state === 'ready') this.#ready.add(line)
    else if (line.state === 'global') this.#pressed.add(line)
    else if (line.state === 'socket') line.fullAtBytes = line.heldBytes
    else line.deficitBytes = 0
    return writtenBytes
  }

  /** What the line has to wait for before this packet may be written; `ready`: its next turn. */
  #hindrance(line: DeviceLine, packetBytes: number): LineState | undefined {
    if (line.heldBytes + packetBytes > this.#settings.socketUndrainedBytesMax) return 'socket'
    if (this.#undrainedBytes + packetBytes > this.#settings.undrainedBytesMax) return 'global'
    return packetBytes > line.deficitBytes ? 'ready' : undefined
  }

  /** Notes what the socket holds now. */
  #look(line: DeviceLine): void {
    const heldBytes = line.connection.undrainedBytes
    if (heldBytes < line.heldBytes || line.heldBytes === 0) line.drainedAt = this.#clock.monotonic()
    this.#undrainedBytes += heldBytes - line.heldBytes
    line.heldBytes = heldBytes
    if (heldBytes > 0) this.#holding.add(line)
    else this.#holding.delete(line)
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
    const patienceMs =
      this.#pressed.size > 0 ? Math.min(this.#settings.pressedStallMs, this.#settings.stallMs) : this.#settings.stallMs
    const held = [...this.#holding]
    for (const line of held) {
      this.#look(line)
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
