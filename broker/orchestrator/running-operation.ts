// What is held in memory of an operation that has not ended: its record, the executions in progress, a bounded set of
// connected devices whose turn may come, and when an unanswered offer is repeated. Never its targets.
import type { DeviceId } from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import type { Execution, Operation, Release, ReleaseManifest } from '../core/records.ts'

export interface LiveFigures {
  /** Milliseconds since 1970: last report or progress of the device in this execution. */
  lastSignAt: number
  /** By the monotonic clock, milliseconds. */
  nextSendAt: number
  sendCount: number
}

export class RunningOperation {
  operation: Operation
  readonly release: Release
  readonly inProgress = new Map<DeviceId, Execution>()
  readonly figures = new Map<DeviceId, LiveFigures>()
  readonly #ready = new Set<DeviceId>()
  #readyOverflowed = false
  /** The pending executions have been gone through once from here on; undefined: from the start. */
  scanAfter: DeviceId | undefined
  scanned = false
  readonly #envelopes = new Map<string, Buffer>()
  readonly #readyMax: number

  /** `readyMax`: candidates remembered; beyond it the pending executions are read again later. */
  constructor(operation: Operation, release: Release, readyMax: number) {
    this.operation = operation
    this.release = release
    this.#readyMax = readyMax
  }

  /** The device is connected and pending here. */
  addReady(device: DeviceId): void {
    if (this.#ready.size < this.#readyMax) this.#ready.add(device)
    else {
      this.#readyOverflowed = true
      this.scanned = false
    }
  }

  removeReady(device: DeviceId): void {
    this.#ready.delete(device)
  }

  get readyCount(): number {
    return this.#ready.size
  }

  firstReady(count: number): DeviceId[] {
    const first: DeviceId[] = []
    for (const device of this.#ready) {
      if (first.length >= count) break
      first.push(device)
    }
    return first
  }

  /** The scan has reached the end; it starts over only if candidates had to be dropped meanwhile. */
  scanReachedEnd(): void {
    this.scanAfter = undefined
    this.scanned = !this.#readyOverflowed
    this.#readyOverflowed = false
  }

  /**
   * The manifest that fits the device best: bound to it, or of its vendor and class, the one that is good for longest; when
   * none fits, the first, which the device will refuse with the code that says why.
   */
  manifestFor(device: Device): ReleaseManifest {
    const { manifests } = this.release
    const fits = (manifest: ReleaseManifest): boolean =>
      manifest.vendorId === device.vendorId && manifest.classId === device.classId
    const longest = (deviceId: DeviceId | undefined): ReleaseManifest | undefined =>
      manifests
        .filter(manifest => fits(manifest) && manifest.deviceId === deviceId)
        .sort((a, b) => b.expiresAt - a.expiresAt)[0]
    const chosen = longest(device.id) ?? longest(undefined) ?? manifests[0]
    if (chosen === undefined) throw new TypeError(`release ${this.release.id} has no manifest`)
    return chosen
  }

  envelopeOf(manifest: ReleaseManifest): Buffer {
    let envelope = this.#envelopes.get(manifest.sha256)
    if (envelope === undefined) {
      envelope = Buffer.from(manifest.envelope, 'base64')
      this.#envelopes.set(manifest.sha256, envelope)
    }
    return envelope
  }
}
