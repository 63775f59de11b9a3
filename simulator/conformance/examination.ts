// What a case works with: one device, the line it hangs on, the broker behind, what was witnessed. Offers come in two ways:
// an operation of the broker, to its end; or one that the line puts in and the broker never heard of, where only the
// device's answer counts (the broker acknowledges it as it does every event).
import type { ChunkerSettings } from '../../proto/chunker.ts'
import type { DeviceFailureCode } from '../../proto/event-codes.ts'
import { type ArtifactId, artifactId, type DeviceId, type OperationId, operationId } from '../../proto/ids.ts'
import type { Step } from '../../proto/messages.ts'
import { encodeOfferMessage, type OfferToSend } from '../../proto/offer-messages.ts'
import { deviceTopic } from '../../proto/topics.ts'
import { nowMs, pause } from '../clock.ts'
import type { ExaminationBroker } from './broker.ts'
import type { RunningCandidate } from './candidate.ts'
import { demand, NotApplicable, Unfulfilled } from './case.ts'
import { type Goods, goodsOf, imageOf, type Recipient, signed } from './goods.ts'
import type { Line } from './line.ts'
import { publication } from './packets.ts'
import { describe, eventsOf, isLast, wordOf } from './signs.ts'
import type { Sign, SignOf, Witness } from './witness.ts'

/** How long things may take, milliseconds. */
export interface Patience {
  /** For an answer the device can give at once. */
  readonly answerMs: number
  /** How long nothing must happen where nothing is demanded. */
  readonly quietMs: number
  /** From a lost line to the hello on the next one; a device may wait 64 s between two tries. */
  readonly reconnectMs: number
  /** The device asks again after so much silence in a download. */
  readonly silenceMs: number
  /** Eight silences, each twice as long as the one before up to a minute: then it gives up. */
  readonly givingUpMs: number
  /** A whole update, restarts included. */
  readonly updateMs: number
}

export interface ExaminationParts {
  readonly device: DeviceId
  readonly recipient: Recipient
  readonly broker: ExaminationBroker
  readonly line: Line
  readonly witness: Witness
  readonly signal: AbortSignal
  readonly patience: Patience
  /** Undefined: the device runs by itself and nobody here can end it. */
  readonly candidate: RunningCandidate | undefined
  /** What every image begins with. */
  readonly imageHead: Buffer
  /** Begins an image that starts and is not well; undefined: there is none. */
  readonly brokenHead: Buffer | undefined
  /** Different in each examination: images are never the same. */
  readonly nonce: string
}

export interface Offered {
  readonly operation: OperationId
  readonly goods: Goods
  /** Before it was offered. */
  readonly mark: number
}

export class Examination {
  readonly device: DeviceId
  readonly recipient: Recipient
  readonly broker: ExaminationBroker
  readonly line: Line
  readonly witness: Witness
  readonly patience: Patience
  readonly candidate: RunningCandidate | undefined
  readonly brokenHead: Buffer | undefined
  readonly #parts: ExaminationParts
  #version = 1_000_000
  #count = 0
  /** Of the broker's own making, not known to have ended. */
  readonly #begun = new Set<OperationId>()
  /** Put in by the line. */
  readonly #injected = new Set<OperationId>()

  constructor(parts: ExaminationParts) {
    this.#parts = parts
    this.device = parts.device
    this.recipient = parts.recipient
    this.broker = parts.broker
    this.line = parts.line
    this.witness = parts.witness
    this.patience = parts.patience
    this.candidate = parts.candidate
    this.brokenHead = parts.brokenHead
  }

  // ---- goods -------------------------------------------------------------------------------------

  /** A good release of a version the device has never seen; `sizeBytes` 40,000 unless told otherwise: some 40 chunks. */
  goods(sizeBytes = 40_000, head = this.#parts.imageHead): Goods {
    return this.goodsFrom(imageOf(`${this.#parts.nonce} ${this.#count}`, sizeBytes, head))
  }

  /** The same around an image of the case's own. */
  goodsFrom(image: Buffer, cutting?: ChunkerSettings): Goods {
    const installed = this.installed()
    const [major = 1, minor = 0] = (installed?.version ?? '1.0.0').split('.').map(Number)
    this.#version = Math.max(this.#version, major * 1_000_000 + minor * 1000) + 1000
    const version = `${Math.floor(this.#version / 1_000_000)}.${Math.floor(this.#version / 1000) % 1000}.0`
    this.#count += 1
    // Later examinations of the same device must count higher than earlier ones.
    const releaseCounter = Math.floor(Date.now() / 1000) * 100 + this.#count
    const about = { recipient: this.recipient, version, releaseCounter, needsReboot: true, image }
    return goodsOf({ ...about, ...(cutting === undefined ? {} : { cutting }) })
  }

  artifactOf(digest: Buffer): ArtifactId {
    return artifactId(digest.toString('hex'))
  }

  /** The component as the device's last hello has it. */
  installed(): { readonly version: string; readonly digest: string } | undefined {
    const hello = this.witness.of('hello').at(-1)?.hello
    return hello?.components.find(({ name }) => name === this.recipient.component)
  }

  /** What every image begins with, bytes. */
  get imageHeadBytes(): number {
    return this.#parts.imageHead.length
  }

  // ---- offers ------------------------------------------------------------------------------------

  /** An operation of the broker. */
  async begin(goods: Goods, envelope = signed(goods.manifest), policy: object = {}): Promise<Offered> {
    const mark = this.witness.mark()
    const release = await this.broker.shelve(goods, envelope, this.recipient)
    const { id } = await this.broker.begin(release, this.device, policy)
    const operation = operationId(id)
    this.#begun.add(operation)
    return { operation, goods, mark }
  }

  /** An id that no broker has made. */
  newOperation(): OperationId {
    this.#count += 1
    return operationId(`conformance${String(this.#count).padStart(15, '0')}`)
  }

  /** An offer that only the line knows of; what is left out is good. */
  inject(envelope: Uint8Array, offer: Partial<Extract<OfferToSend, { kind: 'offer' }>> = {}): OperationId {
    const operation = offer.operation ?? this.newOperation()
    this.#injected.add(operation)
    this.say({ kind: 'offer', lease: 1, attempt: 1, envelope, ...offer, operation })
    return operation
  }

  /** On the topic `offer`. */
  say(message: OfferToSend): void {
    this.sayBytes(encodeOfferMessage(message))
  }

  sayBytes(payload: Uint8Array, retain = false): void {
    this.line.inject(publication(deviceTopic(this.device, 'offer'), payload, retain))
  }

  // ---- what comes of it --------------------------------------------------------------------------

  /** The first event of the operation since `mark` that `wanted` takes; Unfulfilled with what came instead. */
  async event(
    operation: OperationId | undefined,
    wanted: (event: SignOf<'event'>['event']) => boolean,
    { mark = 0, limitMs = this.patience.answerMs, what = 'an event' } = {},
  ): Promise<SignOf<'event'>> {
    const found = await this.witness.until(
      signs => eventsOf(signs, operation).find(({ event }) => wanted(event)),
      limitMs,
      mark,
    )
    if (found !== undefined) return found
    const came = eventsOf(this.witness.since(mark), operation).map(({ event }) => wordOf(event))
    throw new Unfulfilled(`${what} did not come within ${limitMs} ms; seen: ${came.join(', ') || this.#lastSeen(mark)}`)
  }

  step(
    operation: OperationId,
    step: Step,
    options: { mark?: number; limitMs?: number } = {},
  ): Promise<SignOf<'event'>> {
    return this.event(operation, ({ content }) => content.kind === 'step' && content.step === step, {
      ...options,
      what: `step ${step}`,
    })
  }

  /** The device refuses with exactly this code, having asked for nothing; resolves with what it said. */
  async refused(operation: OperationId, code: DeviceFailureCode | readonly DeviceFailureCode[], reason?: string) {
    const codes = [code].flat()
    const first = await this.event(operation, () => true, { what: codes.join(' or ') })
    const { content, data } = first.event
    const told = `${wordOf(first.event)}${data.reason === undefined ? '' : ` (${data.reason})`}`
    demand(
      content.kind === 'code' && codes.some(each => each === content.code),
      `${told} instead of ${codes.join(' or ')}`,
    )
    demand(reason === undefined || data.reason === reason, `${told}: the reason must be ${reason}`)
    const asked = this.witness.of('request').some(({ request }) => request.operation === operation)
    demand(!asked, `${told}, but it asked for chunks first`)
    this.#injected.delete(operation)
    return told
  }

  /** Nothing of this kind within the time in which nothing must come. */
  async nothing(find: (sign: Sign) => boolean, what: string, mark = this.witness.mark()): Promise<void> {
    const found = await this.witness.until(signs => signs.find(find), this.patience.quietMs, mark)
    demand(found === undefined, `${what}: ${found === undefined ? '' : describe(found)}`)
  }

  /** The operation of the broker has ended so; resolves with the code. */
  async ended(
    { operation, mark }: Offered,
    limitMs = this.patience.updateMs,
  ): Promise<{ code: string; data: Readonly<Record<string, string>> }> {
    const end = nowMs() + limitMs
    for (;;) {
      const execution = await this.broker.execution(operation, this.device)
      if (execution !== undefined && execution.endedAt !== null) {
        this.#begun.delete(operation)
        return { code: execution.code ?? 'none', data: execution.data }
      }
      if (nowMs() > end) throw new Unfulfilled(`no end within ${limitMs} ms; last seen: ${this.#lastSeen(mark)}`)
      await pause(20, this.#parts.signal)
    }
  }

  /** The update comes to its one success, told in the way of this device. */
  async success(offered: Offered, limitMs?: number): Promise<string> {
    const { operation, goods } = offered
    const { code, data } = await this.ended(offered, limitMs)
    const reason = data.reason === undefined ? '' : ` (${data.reason})`
    demand(code === 'SYS_112' || code === 'UPD2_OK_18', `ended with ${code}${reason} instead of success`)
    await this.witness.until(
      () => (this.installed()?.version === goods.version ? true : undefined),
      this.patience.answerMs,
    )
    const { version, digest } = this.installed() ?? {}
    demand(version === goods.version, `success, but its hello says version ${version} instead of ${goods.version}`)
    demand(digest === goods.artifact, 'success, but its hello says another digest than that of the image')
    const told = await this.results(operation)
    demand(told.length === 1, `${told.length} results instead of one: ${told.join(', ')}`)
    return code
  }

  /** The results of the operation in the log of the device, which may show the first a moment after it has ended. */
  async results(operation: OperationId): Promise<readonly string[]> {
    const ends = await this.#logged(async () =>
      (await this.broker.events(operation, this.device)).filter(
        ({ event_type_description: type }) => type === 'SUCCESS' || type === 'FAIL',
      ),
    )
    return ends.map(event => event.event_type)
  }

  /** How often an event about an operation that is none of the broker's is in the log of the device. */
  async storedCount(operation: OperationId): Promise<number> {
    return (await this.#logged(() => this.broker.claimed(operation, this.device))).length
  }

  /** As soon as there is something, or the time for an answer is over. */
  async #logged<T>(ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
    const end = nowMs() + this.patience.answerMs
    for (;;) {
      const found = await ask()
      if (found.length > 0 || nowMs() > end) return found
      await pause(20, this.#parts.signal)
    }
  }

  /** Waits for a hello on a connection that began after `mark`. */
  async reconnected(mark: number): Promise<SignOf<'hello'>> {
    const found = await this.witness.until(
      signs => {
        const connects = signs.filter(sign => sign.kind === 'connect').map(({ connection }) => connection)
        return signs.find(
          (sign): sign is SignOf<'hello'> => sign.kind === 'hello' && connects.includes(sign.connection),
        )
      },
      this.patience.reconnectMs,
      mark,
    )
    if (found === undefined)
      throw new Unfulfilled(`no hello on a new connection within ${this.patience.reconnectMs} ms`)
    return found
  }

  /** Throws NotApplicable: the tool did not start the device, so it cannot end it. */
  restartable(): RunningCandidate {
    if (this.candidate === undefined) throw new NotApplicable('the device was not started by the examination')
    return this.candidate
  }

  /** It ended in a way that no event tells. */
  forget(operation: OperationId): void {
    this.#injected.delete(operation)
  }

  /** Milliseconds, as the witness counts them. */
  now(): number {
    return nowMs()
  }

  pause(delayMs: number): Promise<void> {
    return pause(delayMs, this.#parts.signal)
  }

  // ---- between two cases -------------------------------------------------------------------------

  /** Fair weather, connected, registered. False: it does not come. */
  async ready(): Promise<boolean> {
    const end = nowMs() + this.patience.reconnectMs
    while (nowMs() < end) {
      this.#parts.signal.throwIfAborted()
      if (this.line.connected && (await this.broker.isReady(this.device))) return true
      await pause(20, this.#parts.signal)
    }
    return false
  }

  /** What was begun is taken back. False: the device is not idle, and may be in the way of the next case. */
  async settle(): Promise<boolean> {
    this.line.weather = {}
    this.line.connectAnswer = undefined
    this.line.up = true
    await this.candidate?.resume()
    if (!(await this.ready())) return false
    for (const operation of this.#injected) {
      const under = eventsOf(this.witness.since(0), operation).map(({ event }) => event)
      const last = under.at(-1)
      if (last === undefined || isLast(last)) continue
      this.say({ kind: 'withdraw', operation, lease: 1, reason: 'examined' })
      const gone = await this.witness.until(
        signs => eventsOf(signs, operation).find(({ event }) => isLast(event)),
        this.patience.answerMs,
      )
      if (gone === undefined) return false
    }
    this.#injected.clear()
    for (const operation of this.#begun) {
      const execution = await this.broker.execution(operation, this.device)
      if (execution !== undefined && execution.endedAt !== null) continue
      await this.broker.stopOperation(operation)
      try {
        await this.ended({ operation, mark: 0 } as Offered, this.patience.answerMs)
      } catch (error) {
        if (error instanceof Unfulfilled) return false
        throw error
      }
    }
    this.#begun.clear()
    return true
  }

  #lastSeen(mark: number): string {
    const last = this.witness
      .since(mark)
      .filter(({ kind }) => kind !== 'acknowledged' && kind !== 'data')
      .slice(-4)
    return last.map(describe).join(', ') || 'nothing at all'
  }
}
