// What is held in memory of an operation that has not ended: its record, the executions in progress, a bounded set of
// connected devices whose turn may come, the rate of the last minute, and when an unanswered offer is repeated. Never
// its targets.
import type { ArtifactId, DeviceId } from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import { manifestFor } from '../core/manifest-choice.ts'
import { isOpen } from '../core/policy.ts'
import { RateWindow } from '../core/rate.ts'
import type { Execution, Operation, Release, ReleaseManifest } from '../core/records.ts'
import { parseTargetFilter, type TargetFilter } from '../core/target-filter.ts'
import { StoreDamaged } from '../errors.ts'
import { Candidates } from './candidates.ts'

export interface LiveFigures {
  /** Milliseconds since 1970: last report or progress of the device in this execution. */
  lastSignAt: number
  /** By the monotonic clock, milliseconds. */
  nextSendAt: number
  sendCount: number
}

/** What is offered: the signed envelope, and of a firmware update the manifest in it, which names what may be pulled. */
export interface Offering {
  readonly envelope: Buffer
  readonly manifest?: ReleaseManifest
}

export class RunningOperation {
  operation: Operation
  readonly inProgress = new Map<DeviceId, Execution>()
  readonly figures = new Map<DeviceId, LiveFigures>()
  readonly candidates: Candidates
  readonly rate: RateWindow
  /** Who may join; undefined when the targets are fixed. */
  readonly joins: TargetFilter | undefined
  /** When the pending ones were last gone over for having joined too long ago. */
  expiredAt = 0
  /** Of an operation that installs one, with the manifests it had when the operation was taken up. */
  readonly release: Release | undefined
  readonly #envelopes = new Map<string, Buffer>()

  /** `release`: of an operation that installs one. `rate`: begins closed after a restart. */
  constructor(operation: Operation, release: Release | undefined, readyMax: number, rate = new RateWindow()) {
    this.operation = operation
    this.release = release
    this.candidates = new Candidates(readyMax)
    this.rate = rate
    if (operation.targets.kind !== 'filter' || !isOpen(operation)) return
    const parsed = parseTargetFilter(operation.targets.filter)
    if ('problems' in parsed)
      throw new StoreDamaged(`the filter of operation ${operation.id} does not parse: ${operation.targets.filter}`)
    this.joins = parsed.filter
  }

  /** Waits for the broker's go before it installs: for a window, or because it is in a broadcast session. */
  isHeld(execution: Execution): boolean {
    return execution.step === 'awaiting-install'
  }

  offeringFor(device: Device, execution: Execution): Offering {
    const { subject } = this.operation
    if (subject.kind === 'command') return { envelope: this.#bytesOf('command', subject.envelope) }
    const manifest = this.manifestOf(device, execution)
    return { envelope: this.#bytesOf(manifest.sha256, manifest.envelope), manifest }
  }

  /**
   * The one this attempt was handed over with, so that a repeated offer, and the right to chunks, are of the same bytes. An
   * execution that names none was handed over by a broker that knew full images only.
   */
  manifestOf(device: Device, { offered }: Execution): ReleaseManifest {
    const manifests = this.release?.manifests ?? []
    const known = offered && manifests.find(({ sha256 }) => sha256 === offered.manifest)
    const manifest =
      known ?? (this.release && manifestFor(this.release, device, 0, { deltaFailed: true })) ?? manifests[0]
    if (manifest === undefined) throw new TypeError(`operation ${this.operation.id} has no manifest`)
    return manifest
  }

  /** The device is in progress, and this is what its last attempt brought. */
  brings(artifact: ArtifactId | string, device: Device | undefined): boolean {
    const execution = device && this.inProgress.get(device.id)
    if (device === undefined || execution === undefined || this.release === undefined) return false
    return this.manifestOf(device, execution).artifact === artifact
  }

  #bytesOf(key: string, base64: string): Buffer {
    let bytes = this.#envelopes.get(key)
    if (bytes === undefined) {
      bytes = Buffer.from(base64, 'base64')
      this.#envelopes.set(key, bytes)
    }
    return bytes
  }
}
