// One broadcast session: who belongs to it, who listens, what has been said, and the one way over the chunks.
//
//   open ─▶ invite … ─▶ start: START ─▶ batch, batch, … ─▶ END ─▶ say ACTIVATE … ─▶ close
//
// Whoever subscribes, whenever and however often, is told first what has been said so far, then hears what comes. All of
// it goes straight to the sockets, in this order for each of them. A batch is one buffer for all members and one write
// for each socket; who has no room for it misses it and asks for what is missing.
import type { DeviceId } from '../../proto/ids.ts'
import { devicePacketBytesDefault, devicePacketBytesLeast } from '../../proto/limits.ts'
import { publishPacket, topicField } from '../../proto/packets.ts'
import { encodeSessionControl, type SessionControl } from '../../proto/session-messages.ts'
import { sessionTopic } from '../../proto/topics.ts'
import { ArtifactUnreadable } from '../errors.ts'
import type { ArtifactStore, Clock, DeviceConnection, Log } from '../ports.ts'
import { type BatchCounts, BatchWriter } from './batch-writer.ts'
import type { DeviceLine } from './device-line.ts'
import { SessionBatches } from './session-batches.ts'
import { SessionPace } from './session-pace.ts'
import type { BroadcastSession, SessionTold } from './session-sender.ts'
import type { SharedPlane } from './shared-plane.ts'

export interface CarouselParts {
  readonly artifacts: Pick<ArtifactStore, 'open'>
  readonly clock: Clock
  readonly log: Log
  readonly plane: SharedPlane
}

/**
 * One write for each socket, bytes: the cost of a system call, and of all that is touched for it, is spread over so much.
 * Twice 64 KiB: half as many system calls for the same bytes. Who has no room for it gets the first half.
 */
const batchBytesMost = 128 * 1024
/** At a low rate a batch is no more than this much of it: members that hear nothing for ten seconds begin to ask. */
const batchSeconds = 0.25
/** Members that a word is said to before the event loop serves something else. */
const sliceMembers = 512
/** Where nobody listens any more, the session waits so long for somebody; then the rest is not sent. */
const lonelyMs = 10_000
/** Of an abort: PROTOCOL, "Words". */
const reasonBytesMax = 256

interface Member {
  /** On which it listens; undefined: it does not. */
  connection: DeviceConnection | undefined
  /** Words it has heard on this connection. */
  heardCount: number
  /** Found once: its place in the chunk plane. */
  line: DeviceLine | undefined
}

export class CarouselSession {
  readonly #session: BroadcastSession
  readonly #told: SessionTold
  readonly #parts: CarouselParts
  readonly #pace: SessionPace
  readonly #writer: BatchWriter
  readonly #controlTopic: Buffer
  readonly #members = new Map<DeviceId, Member>()
  /** START, END: what is said to all, in this order to each. */
  readonly #words: Buffer[] = []
  /** The largest packet of data; known from the start on. Who takes less hears words alone. */
  #packetBytes = 0
  #running: Promise<void> | undefined
  #closed = false

  constructor(session: BroadcastSession, told: SessionTold, parts: CarouselParts, counts: BatchCounts) {
    this.#session = session
    this.#told = told
    this.#parts = parts
    this.#pace = new SessionPace(parts.clock, parts.plane.sender)
    this.#writer = new BatchWriter({ ...parts, operation: session.operation, pace: this.#pace, counts })
    this.#controlTopic = topicField(sessionTopic(session.name, 'control'))
  }

  get listenerCount(): number {
    let count = 0
    for (const { connection } of this.#members.values()) if (connection !== undefined) count += 1
    return count
  }

  isMember(device: DeviceId): boolean {
    return this.#members.has(device)
  }

  invite(device: DeviceId): void {
    if (this.#closed || this.#members.has(device)) return
    this.#members.set(device, { connection: undefined, heardCount: 0, line: undefined })
  }

  leave(device: DeviceId): void {
    this.#members.delete(device)
  }

  /** The member has subscribed on this connection; again on the same one: it is told again. */
  joined(connection: DeviceConnection): void {
    const member = this.#members.get(connection.device)
    if (this.#closed || connection.closed || member === undefined) return
    const before = member.connection
    if (before !== undefined && before.number > connection.number) return
    member.connection = connection
    member.heardCount = 0
    this.#tell(member)
    if (before?.number !== connection.number) this.#told.joined(connection.device)
  }

  left(connection: DeviceConnection): void {
    const member = this.#members.get(connection.device)
    if (member?.connection?.number === connection.number) member.connection = undefined
  }

  start(): void {
    if (this.#closed || this.#running !== undefined) return
    this.#running = this.#run()
  }

  say(device: DeviceId, word: 'activate' | 'abort', reason = ''): boolean {
    const connection = this.#members.get(device)?.connection
    if (this.#closed || connection === undefined || connection.closed) return false
    // Said again on a schedule, so it must not fill a socket that nobody reads.
    if (connection.undrainedBytes >= this.#parts.plane.settings.socketUndrainedBytesMax) return false
    const { artifact } = this.#session
    const control = word === 'abort' ? { kind: word, artifact, reason: shortened(reason) } : { kind: word, artifact }
    connection.write(this.#packet(control))
    return true
  }

  /** Nothing more is written. Resolves when nothing is under way any more; never rejects. */
  async close(): Promise<void> {
    this.#closed = true
    this.#members.clear()
    this.#pace.end()
    await this.#running
  }

  async #run(): Promise<void> {
    const { log } = this.#parts
    const { name, operation, artifact } = this.#session
    const about = { session: name, operation, artifact }
    log.info({ event: 'broadcast-started', ...about, listeners: this.listenerCount }, 'broadcast started')
    await this.#sayToAll({ kind: 'start', artifact })
    try {
      await this.#sendAll()
    } catch (err) {
      if (this.#closed) return
      log.error({ event: 'artifact-unreadable', ...about, err }, 'artifact cannot be read: the broadcast ends')
      this.#told.failed(err instanceof Error ? err.message : String(err))
      return
    }
    await this.#sayToAll({ kind: 'end', artifact })
    if (this.#closed) return
    log.info({ event: 'broadcast-ended', ...about, listeners: this.listenerCount }, 'every chunk has been broadcast')
    this.#told.ended()
  }

  /** Rejects when the artifact cannot be read. */
  async #sendAll(): Promise<void> {
    const { artifacts, plane } = this.#parts
    const reader = await artifacts.open(this.#session.artifact)
    if (reader === undefined) throw new ArtifactUnreadable(`artifact ${this.#session.artifact} is not here`)
    this.#packetBytes = this.#smallestPacket()
    const batches = new SessionBatches({ hot: plane.hot, reader, session: this.#session.name }, this.#packetBytes)
    while (!this.#closed) {
      const bytesPerSecond = this.#bytesPerSecond()
      const batch = await batches.next(this.#batchBytes(bytesPerSecond))
      if (batch === undefined || !(await this.#isHeard())) return
      await this.#pace.rate(batch.packets.length, bytesPerSecond)
      await this.#pace.room(batch.packets.length, () => this.#lines())
      await this.#writer.write(batch, this.#lines())
    }
  }

  /** Waits a while when nobody listens; false: it was in vain. */
  async #isHeard(): Promise<boolean> {
    if (this.#someoneListens()) return true
    const lastAt = this.#parts.clock.monotonic() + lonelyMs
    await this.#pace.until(() => this.#members.size === 0 || this.#someoneListens(), lastAt)
    return this.#someoneListens()
  }

  #someoneListens(): boolean {
    for (const { connection } of this.#members.values()) if (connection !== undefined) return true
    return false
  }

  /**
   * Of the members that hear data. Not of those whose hello on this connection is still to come, nor of those that came
   * after the start and take only smaller packets: they hear the words, and ask for the chunks.
   */
  *#lines(): Iterable<DeviceLine> {
    for (const member of this.#members.values()) {
      const { connection } = member
      if (connection === undefined) continue
      if (member.line?.live !== true) member.line = this.#parts.plane.lineOf(connection.device)
      const { line } = member
      if (line === undefined || line.connection.number !== connection.number) continue
      if (line.packetBytesMax >= this.#packetBytes) yield line
    }
  }

  #smallestPacket(): number {
    const { broadcastPieceBytesMax, socketUndrainedBytesMax } = this.#parts.plane.settings
    let bytes = Math.min(broadcastPieceBytesMax, socketUndrainedBytesMax)
    let known = false
    for (const device of this.#members.keys()) {
      const line = this.#parts.plane.lineOf(device)
      if (line === undefined) continue
      known = true
      bytes = Math.min(bytes, line.packetBytesMax)
    }
    if (!known) bytes = Math.min(bytes, devicePacketBytesDefault)
    return Math.max(bytes, devicePacketBytesLeast)
  }

  /** Of what each member hears; infinite where nothing limits it. */
  #bytesPerSecond(): number {
    const { broadcastBytesPerSecond: each } = this.#parts.plane.settings
    const all = this.#session.bytesPerSecond
    const share = all === undefined ? Number.POSITIVE_INFINITY : all / Math.max(1, this.listenerCount)
    return Math.min(share, each === 0 ? Number.POSITIVE_INFINITY : each)
  }

  #batchBytes(bytesPerSecond: number): number {
    const most = Math.min(batchBytesMost, this.#parts.plane.settings.socketUndrainedBytesMax)
    return Math.min(most, bytesPerSecond * batchSeconds)
  }

  async #sayToAll(control: SessionControl): Promise<void> {
    this.#words.push(this.#packet(control))
    let left = sliceMembers
    for (const member of this.#members.values()) {
      this.#tell(member)
      left -= 1
      if (left > 0) continue
      await this.#pace.sleep(0)
      left = sliceMembers
    }
  }

  /** What it has not heard yet. */
  #tell(member: Member): void {
    for (const word of this.#words.slice(member.heardCount)) member.connection?.write(word)
    member.heardCount = this.#words.length
  }

  #packet(control: SessionControl): Buffer {
    return publishPacket(this.#controlTopic, encodeSessionControl(control))
  }
}

/** As many whole characters as fit. */
function shortened(reason: string): string {
  let text = ''
  let bytes = 0
  for (const character of reason) {
    bytes += Buffer.byteLength(character)
    if (bytes > reasonBytesMax) break
    text += character
  }
  return text
}
