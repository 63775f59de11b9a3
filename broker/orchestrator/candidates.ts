// Who may be handed something next: connected devices whose executions are pending. Bounded: what does not fit is found
// again by going over the pending executions. Devices that were handed over before (retries) stand apart, because they
// need no room in the wave; those whose next attempt is not due wait until it is. The executions of all of them are
// remembered as they are stored, and those of devices that are busy in another operation: when their turn comes, or they
// are free again, nothing has to be read.
import type { DeviceId } from '../../proto/ids.ts'
import type { Execution } from '../core/records.ts'

export class Candidates {
  readonly #max: number
  readonly #first = new Set<DeviceId>()
  readonly #again = new Set<DeviceId>()
  /** When the next attempt of a device is due. */
  readonly #later = new Map<DeviceId, number>()
  /** No candidates until they are free. */
  readonly #busy = new Set<DeviceId>()
  /** Of those above and no others. */
  readonly #executions = new Map<DeviceId, Execution>()
  #overflowed = false
  #wave = 0
  /** Devices that need room in the wave were left out: since the scan began, and as of now. */
  #firstLeftOut = false
  #firstMissing = false
  #laterOverflowsAt = Number.POSITIVE_INFINITY
  /** The pending executions have been gone through once from here on; undefined: from the start. */
  scanAfter: DeviceId | undefined
  scanned = false

  /** `max`: remembered of each kind; beyond it the pending executions are read again later. */
  constructor(max: number) {
    this.#max = max
  }

  /** The device is connected and its execution pending. */
  add(execution: Execution, now: number): void {
    const { device, notBefore, attempt } = execution
    this.#busy.delete(device)
    if (notBefore !== undefined && notBefore > now) {
      this.#first.delete(device)
      this.#again.delete(device)
      if (this.#later.size < this.#max) this.#later.set(device, notBefore)
      else this.#laterOverflowsAt = Math.min(this.#laterOverflowsAt, notBefore)
      this.#keep(execution)
      return
    }
    this.#later.delete(device)
    const set = attempt > 0 ? this.#again : this.#first
    const fits = set.size < this.#max || set.has(device)
    if (fits) set.add(device)
    this.#keep(execution)
    if (fits) return
    if (attempt > 0) {
      this.#overflowed = true
      this.scanned = false
    } else {
      this.#firstLeftOut = true
      this.#firstMissing = true
    }
  }

  /** The wave that takes devices now, if one does: with a new one everybody's turn comes anew. */
  waveIs(index: number | undefined): void {
    if (index === undefined || index === this.#wave) return
    this.#wave = index
    this.scanAfter = undefined
    this.scanned = false
  }

  remove(device: DeviceId): void {
    this.#first.delete(device)
    this.#again.delete(device)
    this.#later.delete(device)
    this.#busy.delete(device)
    this.#executions.delete(device)
  }

  /** As `remove`, until it is added again; what is known of it is kept where there is room. */
  setAside(device: DeviceId): void {
    const execution = this.#executions.get(device)
    this.remove(device)
    if (execution === undefined || this.#busy.size >= this.#max) return
    this.#busy.add(device)
    this.#executions.set(device, execution)
  }

  /** Must hear of every execution that changes, once that is durable. */
  changed(execution: Execution): void {
    if (!this.#executions.has(execution.device)) return
    this.#executions.set(execution.device, execution)
  }

  /** As it is stored, where it is remembered. */
  executionOf(device: DeviceId): Execution | undefined {
    return this.#executions.get(device)
  }

  /** Moves those whose time has come among the candidates. */
  wake(now: number): void {
    for (const [device, at] of this.#later) {
      if (at > now) continue
      this.#later.delete(device)
      this.#again.add(device)
    }
    if (now >= this.#laterOverflowsAt) {
      this.#laterOverflowsAt = Number.POSITIVE_INFINITY
      this.scanned = false
    }
  }

  /** How many there are; `wave` false: only of those that need no room in a wave. */
  count(wave: boolean): number {
    return this.#again.size + (wave ? this.#first.size : 0)
  }

  /**
   * The pending executions may hold somebody whose turn it is and who is no candidate; `wave` as in `count`: while it is
   * full, those left out for want of space are no reason to look, or the looking would never end.
   */
  mayMiss(wave: boolean): boolean {
    return !this.scanned || (wave && this.#firstMissing)
  }

  firstOf(count: number, wave: boolean): DeviceId[] {
    const found: DeviceId[] = []
    for (const set of wave ? [this.#again, this.#first] : [this.#again])
      for (const device of set) {
        if (found.length >= count) return found
        found.push(device)
      }
    return found
  }

  /** The scan has reached the end; it starts over only if candidates had to be dropped meanwhile. */
  scanReachedEnd(): void {
    this.scanAfter = undefined
    this.scanned = !this.#overflowed
    this.#overflowed = false
    this.#firstMissing = this.#firstLeftOut
    this.#firstLeftOut = false
  }

  #keep(execution: Execution): void {
    const { device } = execution
    const isThere = this.#first.has(device) || this.#again.has(device) || this.#later.has(device)
    if (isThere) this.#executions.set(device, execution)
    else this.#executions.delete(device)
  }
}
