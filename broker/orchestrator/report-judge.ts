// Whether a success is proved: the report that came with it against the key the device is known by and the nonce it was
// given. Here and not in the core, for signatures are checked here; only words that would end an execution well are looked
// into, so a device that talks much costs nothing.
//
//   hello ──key──▶ pinned in the registry          offer ◀── nonce of the attempt, made from the seed of the execution
//   hello or event of a success ──report──▶ signature, device, operation, attempt, nonce, boot, result, components ──▶ Proof
import { createHash } from 'node:crypto'
import { DeviceReportError, doneResult, openReport } from '../../proto/device-report.ts'
import { EnvelopeError, type TrustedKey, trustedKey } from '../../proto/envelope.ts'
import { eventCodeEntry } from '../../proto/event-codes.ts'
import type { DeviceId } from '../../proto/ids.ts'
import type { ComponentReport, DeviceEvent, Hello } from '../../proto/messages.ts'
import { type Device, reportKeyAfter } from '../core/device.ts'
import { isConfirmed } from '../core/device-words.ts'
import type { Execution, Operation } from '../core/records.ts'
import { isUnproven, type Proof, type ReportProblem } from '../core/report-facts.ts'
import type { Log, Random } from '../ports.ts'

export interface ReportFigures {
  /** Successes that had to be signed: `signed`, or why they were not believed. */
  readonly verdictsTotal: Readonly<Record<string, number>>
  /** Keys that were said and not taken: another one is kept (`another`), or they are none (`unusable`). */
  readonly keysRefusedTotal: Readonly<Record<string, number>>
}

/** What the word that carries the report says itself. */
export interface Told {
  readonly bootId: string
  readonly result: string
  /** Undefined: of the hello, which speaks of no attempt. */
  readonly attempt?: number
  readonly components: readonly ComponentReport[]
  /** Of the image that has to be among them. */
  readonly digest?: string
}

export class ReportJudge {
  readonly #log: Log
  readonly #random: Random
  /** Nothing is handed over to a device that signs no reports. */
  readonly required: boolean
  readonly #verdicts: Record<string, number> = { signed: 0 }
  readonly #keysRefused: Record<string, number> = { another: 0, unusable: 0 }

  constructor(log: Log, random: Random, required: boolean) {
    this.#log = log
    this.#random = random
    this.required = required
  }

  get figures(): ReportFigures {
    return { verdictsTotal: { ...this.#verdicts }, keysRefusedTotal: { ...this.#keysRefused } }
  }

  /** What the hello makes of the key that is kept of the device. */
  keyAfter(
    id: DeviceId,
    before: Device | undefined,
    { reportKey }: Hello,
    at: number,
  ): ReturnType<typeof reportKeyAfter> {
    if (reportKey === undefined || reportKey === before?.reportKey) return {}
    if (before?.reportKey === undefined && keyOf(reportKey) === undefined) {
      this.#refused('unusable', id, 'a report key that is no Ed25519 or P-256 key')
      return {}
    }
    if (before?.reportKey !== undefined) this.#refused('another', id, 'another report key than the one that is kept')
    return reportKeyAfter(before, reportKey, at)
  }

  #refused(word: 'another' | 'unusable', device: DeviceId, text: string): void {
    this.#keysRefused[word] = (this.#keysRefused[word] ?? 0) + 1
    this.#log.warn({ event: 'report-key-refused', device, reason: word }, text)
  }

  /** May an operation be handed over to it? `hello`: of its connection. */
  mayBeOffered(device: Device, hello: Hello | undefined): boolean {
    return !this.required || (device.reportKey !== undefined && hello?.reportKey === device.reportKey)
  }

  /** For a hand-over: undefined for a device that no report is asked of. */
  seedFor({ reportKey }: Device): string | undefined {
    return reportKey === undefined ? undefined : this.#random.bytes(16).toString('hex')
  }

  /** Of the hello, in an operation whose success it would be; undefined: nothing has to be signed, or there is none. */
  ofHello(operation: Operation, execution: Execution, device: Device, hello: Hello): Proof | undefined {
    if (!this.#isAskedOf(execution, device) || hello.operation === operation.id) return undefined
    if (!isConfirmed(operation, execution, device)) return undefined
    const { bootId, components, report } = hello
    return this.#judged(execution, device, report, { bootId, components, result: doneResult })
  }

  /** Of the event, when it tells a success. */
  ofEvent({ subject }: Operation, execution: Execution, device: Device, event: DeviceEvent): Proof | undefined {
    const result = successIn(event)
    if (result === undefined || !this.#isAskedOf(execution, device)) return undefined
    const { attempt, component: name, version, digest, report } = event
    const wanted = subject.kind === 'release' ? { digest: subject.digest } : {}
    // Another image than the wanted one is no success, signed or not.
    if (digest !== undefined && wanted.digest !== undefined && digest !== wanted.digest) return undefined
    const components =
      name === undefined || version === undefined || digest === undefined ? [] : [{ name, version, digest }]
    const told = { ...wanted, bootId: device.bootId, components, result, attempt: attempt ?? 0 }
    return this.#judged(execution, device, report, told)
  }

  /** Of a device whose time is over: only the hello of this connection, if any, can still prove it. */
  atDeadline(operation: Operation, execution: Execution, device: Device, hello: Hello | undefined): Proof | undefined {
    if (!this.#isAskedOf(execution, device)) return undefined
    return hello === undefined ? 'report-missing' : this.ofHello(operation, execution, device, hello)
  }

  #isAskedOf({ reportSeed }: Execution, { reportKey }: Device): boolean {
    return reportSeed !== undefined && (reportKey !== undefined || this.required)
  }

  #judged(execution: Execution, device: Device, report: Uint8Array | undefined, told: Told): Proof {
    const key = device.reportKey === undefined ? undefined : keyOf(device.reportKey)
    const proof = key === undefined ? 'report-missing' : proofOf(report, key, execution, told)
    // The same again of the same execution is neither news nor another case.
    if (isUnproven(proof) && proof === execution.reportProblem) return proof
    this.#verdicts[proof] = (this.#verdicts[proof] ?? 0) + 1
    if (isUnproven(proof)) {
      const { operation, attempt } = execution
      this.#log.warn(
        { event: proof, device: device.id, operation, attempt },
        'a success without its proof: not believed',
      )
    }
    return proof
  }
}

/** The checks in their documented order; the first that fails names the problem. */
export function proofOf(
  bytes: Uint8Array | undefined,
  key: TrustedKey,
  execution: Pick<Execution, 'device' | 'operation' | 'attempt' | 'reportSeed'>,
  told: Told,
): Proof {
  if (bytes === undefined) return 'report-missing'
  let report: ReturnType<typeof openReport>
  try {
    report = openReport(bytes, key)
  } catch (error) {
    if (!(error instanceof DeviceReportError)) throw error
    return error.problem === 'signature' ? 'report-signature' : 'report-unreadable'
  }
  const { device, operation, attempt, reportSeed = '' } = execution
  const checks: readonly (readonly [boolean, ReportProblem])[] = [
    [report.device === device, 'report-device'],
    [report.operation === operation, 'report-operation'],
    // An earlier attempt may have ended well after it was given up: with its own nonce, which no other attempt has.
    [report.attempt <= attempt && (told.attempt ?? report.attempt) === report.attempt, 'report-attempt'],
    [report.nonce === reportNonceOf(reportSeed, report.attempt), 'report-nonce'],
    [report.bootId === told.bootId, 'report-boot'],
    [report.result === told.result, 'report-result'],
    [areSame(report.components, told.components) && holds(report.components, told.digest), 'report-components'],
  ]
  return checks.find(([isRight]) => !isRight)?.[1] ?? 'signed'
}

/** 32 hex digits: what the offer of this attempt carries. Nobody who does not know the seed can tell the next one. */
export function reportNonceOf(seed: string, attempt: number): string {
  return createHash('sha256').update(`drover-report-nonce\0${seed}\0${attempt}`).digest('hex').slice(0, 32)
}

function areSame(one: readonly ComponentReport[], other: readonly ComponentReport[]): boolean {
  const text = (components: readonly ComponentReport[]): string =>
    components
      .map(({ name, version, digest }) => `${name} ${version} ${digest}`)
      .sort()
      .join('\n')
  return text(one) === text(other)
}

function holds(components: readonly ComponentReport[], digest: string | undefined): boolean {
  return digest === undefined || components.some(component => component.digest === digest)
}

function successIn({ content }: DeviceEvent): string | undefined {
  if (content.kind === 'step') return content.step === 'done' ? doneResult : undefined
  return eventCodeEntry(content.code).types[0] === 'SUCCESS' ? content.code : undefined
}

function keyOf(spki: string): TrustedKey | undefined {
  try {
    return trustedKey(Buffer.from(spki, 'base64'))
  } catch (error) {
    if (error instanceof EnvelopeError) return undefined
    throw error
  }
}
