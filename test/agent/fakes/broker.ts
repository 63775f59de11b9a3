// The broker's end of one line, in memory: acknowledges, offers, answers chunk requests from a release, and remembers.
import { LinkDown } from '../../../agent/errors.ts'
import type { Link, LinkHandlers } from '../../../agent/ports.ts'
import { type ChunkData, type ChunkRequest, encodeChunkData, readChunkRequest } from '../../../proto/chunk-messages.ts'
import { type OperationId, operationId } from '../../../proto/ids.ts'
import { inflatedLog, type LogReport, readLogReport } from '../../../proto/log-report.ts'
import {
  type ConfigurationReport,
  type DeviceEvent,
  type Hello,
  type Progress,
  readConfigurationReport,
  readEvent,
  readHello,
  readProgress,
} from '../../../proto/messages.ts'
import { encodeOfferMessage } from '../../../proto/offer-messages.ts'
import type { PatchTransport } from '../../../proto/patch-transport.ts'
import type { SessionChannel } from '../../../proto/topics.ts'
import type { Release } from './release.ts'

export const operationOne = operationId('00000000000000000000000001')
export const operationTwo = operationId('00000000000000000000000002')

/** A patch the broker has made by itself: what it says of it in an offer, and its bytes. */
export interface OfferedPatch {
  readonly transport: PatchTransport
  readonly bytes: Uint8Array
}

export class FakeBroker {
  readonly hellos: Hello[] = []
  readonly requests: ChunkRequest[] = []
  readonly progress: Progress[] = []
  /** Each copied; a report that is sent again is there again. */
  readonly configurations: ConfigurationReport[] = []
  readonly logs: (LogReport & { readonly text: string | undefined })[] = []
  /** So many connections end over a log. */
  losingLogs = 0
  /** Every event once, by journal and number. */
  readonly events = new Map<string, DeviceEvent>()
  /** In the order of arrival, repeats included. */
  readonly said: string[] = []
  pieceBytes = 1000
  online = true
  /** False: what is published is never acknowledged. */
  acknowledging = true
  /** Waited for before a hello, an event or a report arrives. */
  beforePublish: () => Promise<void> = async () => {}
  /** What becomes of an answer; the default sends it as it is. */
  weather: (data: ChunkData) => readonly ChunkData[] = data => [data]
  /** True: the connection ends over every configuration report. */
  refusingConfigurations = false
  /** A command offered after each hello until there is an answer. */
  order: { command: Uint8Array; operationType: string; operation: OperationId } | undefined
  /** The broadcast session the device is subscribed to; what is said in it is lost while there is no line. */
  session: string | undefined
  /** Offered after each hello until there is an answer or the version is there. */
  offer: { release: Release; operation: OperationId; attempt: number; lease: number; hold?: boolean } | undefined
  /** Stands in every offer. */
  reportNonce: string | undefined
  /** Stands in every offer of an update; what is asked of it is answered. */
  patch: OfferedPatch | undefined
  #release: Release | undefined
  #handlers: LinkHandlers | undefined

  /** Codes and steps of an operation, each event once, in the order of their numbers. */
  told(operation: OperationId = operationOne): string[] {
    return [...this.events.values()]
      .filter(event => event.operation === operation)
      .sort((a, b) => a.eventNumber - b.eventNumber)
      .map(({ content }) => (content.kind === 'code' ? content.code : content.step))
  }

  /** The device has said its last word about a command. */
  answered(operation: OperationId = operationOne): boolean {
    return this.told(operation).some(word => word === 'done' || word === 'failed' || /^UPD/.test(word))
  }

  /** The data of the last event of an operation. */
  lastData(operation: OperationId = operationOne): Readonly<Record<string, string>> | undefined {
    return [...this.events.values()].findLast(event => event.operation === operation)?.data
  }

  codes(operation: OperationId = operationOne): string[] {
    return this.told(operation).filter(word => /^UPD/.test(word))
  }

  link(alive: () => boolean): Link {
    let closed = false
    this.session = undefined
    const up = (): boolean => this.online && alive() && !closed
    return {
      start: handlers => {
        this.#handlers = handlers
        if (up()) setImmediate(() => handlers.connected())
      },
      publish: async (uplink, bytes) => {
        if (!up()) throw new LinkDown('down')
        await this.beforePublish()
        await (this.acknowledging ? Promise.resolve() : new Promise<never>(() => {}))
        if (uplink === 'hello') this.#onHello(readHello(bytes))
        else if (uplink === 'configuration') this.#onConfiguration(readConfigurationReport(bytes))
        else if (uplink === 'log') this.#onLog(readLogReport(bytes))
        else this.#onEvent(readEvent(bytes))
      },
      send: (uplink, bytes) => {
        if (!up()) return
        if (uplink === 'progress') this.progress.push(readProgress(bytes))
        else this.#onRequest(readChunkRequest(bytes))
      },
      join: session => {
        if (alive()) this.session = session
      },
      leave: () => {
        if (alive()) this.session = undefined
      },
      close: async () => {
        closed = true
      },
    }
  }

  disconnect(): void {
    this.online = false
    this.#handlers?.disconnected('test')
  }

  connect(): void {
    this.online = true
    this.#handlers?.connected()
  }

  /** Answers chunk requests from this release from now on. */
  serve(release: Release): void {
    this.#release = release
  }

  sendOffer(release: Release, operation: OperationId = operationOne, attempt = 1, lease = 1, logWanted = false): void {
    this.serve(release)
    const { envelope } = release
    const offer = { kind: 'offer', operation, lease, attempt, envelope, logWanted } as const
    this.#handlers?.message('offer', encodeOfferMessage({ ...offer, ...this.#patchOffered() }))
  }

  /** A signed command, offered. */
  sendCommand(envelope: Uint8Array, operationType: string, operation: OperationId = operationOne, attempt = 1): void {
    const offer = { kind: 'offer', operation, lease: 1, attempt, envelope, operationType } as const
    this.#handlers?.message('offer', encodeOfferMessage({ ...offer, ...this.#nonce() }))
  }

  /** An offer that waits for the go before it is installed. */
  sendHeldOffer(release: Release, operation: OperationId = operationOne, attempt = 1): void {
    this.serve(release)
    const offer = {
      kind: 'offer',
      operation,
      lease: 1,
      attempt,
      envelope: release.envelope,
      installHold: true,
    } as const
    this.#handlers?.message('offer', encodeOfferMessage({ ...offer, ...this.#patchOffered() }))
  }

  sendProceed(operation: OperationId = operationOne, lease = 1, attempt = 1): void {
    this.#handlers?.message('offer', encodeOfferMessage({ kind: 'proceed', operation, lease, attempt }))
  }

  sendJoin(session: string, operation: OperationId = operationOne, attempt = 1, lease = 1): void {
    this.#handlers?.message('offer', encodeOfferMessage({ kind: 'join', operation, lease, attempt, session }))
  }

  /** True when the device got it. `late`: also one that has left meanwhile. */
  sayInSession(session: string, channel: SessionChannel, bytes: Uint8Array, late = false): boolean {
    if (!this.online || (this.session !== session && !late)) return false
    this.#handlers?.broadcast(channel, session, bytes)
    return true
  }

  sendWithdraw(operation: OperationId = operationOne, lease = 1, reason = 'stopped'): void {
    this.#handlers?.message('offer', encodeOfferMessage({ kind: 'withdraw', operation, lease, reason }))
  }

  sendRaw(downlink: 'offer' | 'command' | 'chunks/data', bytes: Uint8Array): void {
    this.#handlers?.message(downlink, bytes)
  }

  sendData(data: ChunkData): void {
    this.#handlers?.message('chunks/data', encodeChunkData(data))
  }

  #patchOffered(): { readonly patch?: PatchTransport; readonly reportNonce?: string } {
    return this.patch === undefined ? this.#nonce() : { patch: this.patch.transport, ...this.#nonce() }
  }

  #nonce(): { readonly reportNonce?: string } {
    return this.reportNonce === undefined ? {} : { reportNonce: this.reportNonce }
  }

  #onHello(hello: Hello): void {
    this.hellos.push(hello)
    const { offer, order } = this
    // What the hello names is under way: its answer will come by itself.
    const idle = hello.operation === undefined && hello.outboxEventCount === 0
    if (order !== undefined && idle && !this.answered(order.operation))
      setImmediate(() => this.sendCommand(order.command, order.operationType, order.operation))
    if (offer === undefined) return
    const { release, operation, attempt, lease, hold } = offer
    const { version, digest } = hello.components[0] ?? {}
    const arrived = version === release.manifest.version && digest === release.manifest.installedSha256
    if (!arrived && this.codes(operation).length === 0 && hello.outboxEventCount === 0)
      setImmediate(() =>
        hold ? this.sendHeldOffer(release, operation, attempt) : this.sendOffer(release, operation, attempt, lease),
      )
  }

  #onConfiguration(report: ConfigurationReport): void {
    if (this.refusingConfigurations) {
      this.disconnect()
      setImmediate(() => this.connect())
      throw new LinkDown('refused')
    }
    this.configurations.push({ ...report, content: Buffer.from(report.content) })
  }

  #onLog(report: LogReport): void {
    if (this.losingLogs > 0) {
      this.losingLogs -= 1
      this.disconnect()
      setImmediate(() => this.connect())
      throw new LinkDown('lost')
    }
    this.logs.push({ ...report, text: inflatedLog(report.lines) })
    this.said.push('log')
  }

  #onEvent(event: DeviceEvent): void {
    this.events.set(`${event.journalId}/${event.eventNumber}`, event)
    const waits = event.content.kind === 'step' && event.content.step === 'awaiting-install'
    if (waits && this.offer?.hold) setImmediate(() => this.sendProceed(event.operation))
    this.said.push(event.content.kind === 'code' ? event.content.code : event.content.step)
  }

  #onRequest(request: ChunkRequest): void {
    this.requests.push(request)
    const release = this.#release ?? this.offer?.release
    if (release === undefined) return
    for (const data of answersTo(request, release, this.pieceBytes, this.patch))
      for (const arriving of this.weather(data)) setImmediate(() => this.online && this.sendData(arriving))
  }
}

export function answersTo(
  request: ChunkRequest,
  release: Release,
  pieceBytes: number,
  patch?: OfferedPatch,
): ChunkData[] {
  const { requestNumber, wanted, windowBytes } = request
  const pieces = (chunk: number | undefined, from: number, to: number, whole = release.indexBytes): ChunkData[] => {
    const plain = { encoding: 'plain', bytes: whole } as const
    const { encoding, bytes } = chunk === undefined ? plain : release.chunk(chunk)
    const all: ChunkData[] = []
    for (let offset = from; offset < Math.min(to, bytes.length); offset += pieceBytes) {
      const data = bytes.subarray(offset, Math.min(offset + pieceBytes, to, bytes.length))
      all.push({ kind: 'piece', requestNumber, chunk, encoding, encodedSize: bytes.length, offset, data })
    }
    return all
  }
  if (wanted.kind === 'index') return pieces(undefined, wanted.offset, wanted.offset + windowBytes)
  if (wanted.kind === 'patch' && patch?.transport.base === wanted.base && wanted.offset < patch.bytes.length)
    return pieces(undefined, wanted.offset, wanted.offset + windowBytes, Buffer.from(patch.bytes))
  if (wanted.kind === 'patch')
    return [{ kind: 'refusal', requestNumber, reason: 'no-such-chunk', chunk: undefined, retryAfterMs: 0 }]
  return wanted.ranges.flatMap(({ first, count }) =>
    Array.from({ length: count }, (_, at) => pieces(first + at, 0, Number.POSITIVE_INFINITY)).flat(),
  )
}
