// The signed half of what the agent says: with the hello or the event that tells a success goes a report of it, signed with
// the device's own key over the nonce of the offer. Signed when it is sent, not when it happened: what is durable is the
// result with its nonce, and the report names the boot of the connection it is sent on, so that a power cut in between
// costs nothing. Whoever signs may be slow or fail: it is tried a few times, then the word goes out unsigned, for the device
// must not fall silent; a broker that knows the key does not believe it.
import { type DeviceReport, doneResult, reportToSign, signedReport } from '../../proto/device-report.ts'
import { type TrustedKey, trustedKey } from '../../proto/envelope.ts'
import { eventCodeEntry } from '../../proto/event-codes.ts'
import type { DeviceId } from '../../proto/ids.ts'
import { type DeviceEvent, encodeEvent, encodeHello, type Hello } from '../../proto/messages.ts'
import type { AgentMemory, OperationResult } from '../core/memory.ts'
import type { AgentPorts, ReportSigner, Timer } from '../ports.ts'

const triesMax = 3
const pauseMs = 1000
/** One signature; a secure element takes some hundred milliseconds. */
const signMs = 10_000

export type Bytes = Uint8Array | Promise<Uint8Array>

export class Reports {
  readonly #ports: Pick<AgentPorts, 'clock' | 'log'>
  readonly #device: DeviceId
  readonly #bootId: string
  readonly #signer: ReportSigner | undefined
  readonly #key: TrustedKey | undefined
  /** SubjectPublicKeyInfo in base64, as the hello says it. */
  readonly #spki: string | undefined
  #stopped = false
  #wake: (() => void) | undefined

  /** `bootId`: as the hello says it. A key that no broker could use is told and left out. */
  constructor(ports: Pick<AgentPorts, 'clock' | 'log' | 'reportSigner'>, device: DeviceId, bootId: string) {
    this.#ports = ports
    this.#device = device
    this.#bootId = bootId
    const { reportSigner } = ports
    if (reportSigner === undefined) return
    try {
      this.#key = trustedKey(reportSigner.publicKey)
      this.#spki = Buffer.from(reportSigner.publicKey).toString('base64')
      this.#signer = reportSigner
    } catch (err) {
      ports.log.error({ event: 'report-key-unusable', err }, 'no report will be signed')
    }
  }

  /** The hello with the key, and with the report of the last operation whose success is the hello's to tell. */
  hello(hello: Hello, memory: AgentMemory): Bytes {
    if (this.#spki === undefined) return encodeHello(hello)
    const known = { ...hello, reportKey: this.#spki }
    const result = memory.results.findLast(each => each.outcome.kind === 'hello' && each.reportNonce !== undefined)
    // Its word is not its last one while something is under way.
    if (result?.reportNonce === undefined || hello.operation !== undefined) return encodeHello(known)
    const report = this.#report(result, result.reportNonce, doneResult, hello.components)
    return this.#signed(report).then(signed => encodeHello(signed === undefined ? known : { ...known, report: signed }))
  }

  /** The event, with its report when it tells a success that has to be signed. */
  event(event: DeviceEvent, memory: AgentMemory): Bytes {
    const told = this.#signer === undefined ? undefined : successIn(event)
    if (told === undefined) return encodeEvent(event)
    const result = memory.results.findLast(each => isOf(each, event))
    if (result?.reportNonce === undefined) return encodeEvent(event)
    const { component: name, version, digest } = event
    const runs = name === undefined || version === undefined || digest === undefined ? [] : [{ name, version, digest }]
    const report = this.#report(result, result.reportNonce, told, runs)
    return this.#signed(report).then(signed => encodeEvent(signed === undefined ? event : { ...event, report: signed }))
  }

  /** Ends what is waited for; nothing is signed from then on. */
  stop(): void {
    this.#stopped = true
    this.#wake?.()
  }

  #report(
    { operation, attempt }: OperationResult,
    nonce: string,
    result: string,
    components: DeviceReport['components'],
  ): DeviceReport {
    const [device, bootId, deviceTime] = [this.#device, this.#bootId, this.#ports.clock.wallMs()]
    return { device, operation, attempt, nonce, bootId, result, components, deviceTime }
  }

  async #signed(report: DeviceReport): Promise<Uint8Array | undefined> {
    const [signer, key] = [this.#signer, this.#key]
    if (signer === undefined || key === undefined) return undefined
    const toSign = reportToSign(report)
    for (let tries = 1; tries <= triesMax && !this.#stopped; tries += 1) {
      try {
        const signature = await this.#within(signer.sign(toSign.message))
        if (signature !== undefined) return signedReport(toSign, { key, signature })
        if (this.#stopped) return undefined
        this.#ports.log.warn({ event: 'report-not-signed', operation: report.operation, tries }, 'no signature in time')
      } catch (err) {
        this.#ports.log.warn({ event: 'report-not-signed', operation: report.operation, tries, err }, 'not signed')
      }
      if (tries < triesMax) await this.#within(undefined, pauseMs)
    }
    this.#ports.log.error({ event: 'report-given-up', operation: report.operation }, 'said without a signed report')
    return undefined
  }

  /** What `work` comes to; undefined when the time is over, or the agent ends. Without work: a pause. */
  async #within<T>(work: Promise<T> | undefined, limitMs = signMs): Promise<T | undefined> {
    if (this.#stopped) return undefined
    let timer: Timer | undefined
    const over = new Promise<undefined>(resolve => {
      this.#wake = () => resolve(undefined)
      timer = this.#ports.clock.after(limitMs, () => resolve(undefined))
    })
    try {
      return await (work === undefined ? over : Promise.race([work, over]))
    } finally {
      timer?.cancel()
      this.#wake = undefined
    }
  }
}

/** The result that is signed of this event; undefined: it tells no success. */
function successIn({ content }: DeviceEvent): string | undefined {
  if (content.kind === 'step') return content.step === 'done' ? doneResult : undefined
  return eventCodeEntry(content.code).types[0] === 'SUCCESS' ? content.code : undefined
}

/** Undefined attempts belong to nobody's result. */
function isOf({ operation, attempt, outcome, reportNonce }: OperationResult, event: DeviceEvent): boolean {
  return (
    operation === event.operation && attempt === event.attempt && reportNonce !== undefined && outcome.kind !== 'hello'
  )
}
