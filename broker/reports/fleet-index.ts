// Who runs what, in memory: the id of each registered device and the components it said, so that a question about
// components or ids looks only at the records that can be its answer. Built from the registry in the background, kept as
// it is by what the orchestrator has made durable; the records stay the truth, this only says which need no look.
//
// A kind is the same components in the same versions, once for all devices that have them. A million devices take about
// 25 MB. A fleet too large, or of too many kinds, has no index: then the registry is walked.
import type { DeviceId } from '../../proto/ids.ts'
import type { ComponentReport } from '../../proto/messages.ts'
import type { Device } from '../core/device.ts'
import type { Prefilter } from '../core/target-filter.ts'
import type { Clock, Log, Store } from '../ports.ts'
import { Background } from './background.ts'
import { IdBlocks } from './id-blocks.ts'

export interface FleetIndexLimits {
  readonly devicesMax: number
  readonly kindsMax: number
  /** So many devices are read before anybody asks, and so long after the start. */
  readonly eagerDevices: number
  readonly eagerAfterMs: number
}

const limitsDefault: FleetIndexLimits = {
  devicesMax: 2_000_000,
  kindsMax: 10_000,
  eagerDevices: 200_000,
  eagerAfterMs: 5_000,
}

export interface Candidates {
  /** Ascending. */
  readonly ids: readonly DeviceId[]
  /** All up to here were looked at; absent when none was. */
  readonly upTo?: DeviceId
  readonly hasMore: boolean
}

/** Of one read of the registry: decoding them holds the event loop for a few milliseconds; more when somebody waits. */
const pageSize = 200
const pageSizeWanted = 300

interface Kind {
  readonly key: string
  readonly components: readonly ComponentReport[]
  devices: number
}

export class FleetIndex {
  readonly #store: Pick<Store, 'devices'>
  readonly #log: Log
  readonly #limits: FleetIndexLimits
  readonly #background: Background
  readonly #cancelEager: () => void
  readonly #devices = new IdBlocks<DeviceId, Kind>()
  readonly #kinds = new Map<string, Kind>()
  /** While a page is read, what is told meanwhile: it may be newer than the page. Of a device undefined: it is gone. */
  #told: Map<DeviceId, Device | undefined> | undefined
  #builtTo: DeviceId | undefined
  #state: 'building' | 'complete' | 'given-up' = 'building'
  #wanted = false

  constructor(store: Pick<Store, 'devices'>, clock: Clock, log: Log, limits: Partial<FleetIndexLimits> = {}) {
    this.#store = store
    this.#log = log
    this.#limits = { ...limitsDefault, ...limits }
    this.#background = new Background(clock, log, 'fleet-index', goOn => this.#build(goOn))
    this.#cancelEager = clock.after(this.#limits.eagerAfterMs, () => this.#background.start())
  }

  /** Candidates can be asked for. */
  get complete(): boolean {
    return this.#state === 'complete'
  }

  figures(): { readonly devices: number; readonly kinds: number } {
    return { devices: this.#devices.count, kinds: this.#kinds.size }
  }

  /** Somebody asks: from now on it is built, however large the fleet is. */
  want(): void {
    this.#wanted = true
    if (this.#state === 'building') this.#background.start()
  }

  /** Resolves when the build that is under way has ended, at the latest after `waitMs`. */
  built(waitMs: number): Promise<void> {
    return this.#background.ended(waitMs)
  }

  /** Its record was made durable. */
  device(device: Device): void {
    this.#told?.set(device.id, device)
    if (this.#covers(device.id)) this.#put(device)
  }

  deviceGone(id: DeviceId): void {
    this.#told?.set(id, undefined)
    if (this.#covers(id)) this.#drop(this.#devices.delete(id))
  }

  /** Up to `limit` devices behind `after` that may match, among about `rowsMax` of them. */
  candidates(
    prefilter: Prefilter,
    {
      after,
      limit,
      rowsMax,
    }: { readonly after: DeviceId | undefined; readonly limit: number; readonly rowsMax: number },
  ): Candidates {
    const judged = new Map<Kind, boolean>()
    const mayBe = (kind: Kind): boolean => {
      const known = judged.get(kind)
      if (known !== undefined) return known
      const may = prefilter.components(kind.components)
      judged.set(kind, may)
      return may
    }
    const ids: DeviceId[] = []
    let looked = 0
    let upTo = after
    for (const block of this.#devices.behind(after)) {
      if (looked >= rowsMax) return { ids, hasMore: true, ...named(upTo) }
      // Taken apart only where it is needed.
      let blockIds: readonly string[] | undefined
      for (let at = 0; at < block.values.length; at += 1) {
        if (!mayBe(block.values[at] as Kind)) continue
        blockIds ??= block.ids.split('\n')
        const id = blockIds[at] as DeviceId
        if ((after !== undefined && id <= after) || !prefilter.id(id)) continue
        if (ids.length === limit) return { ids, hasMore: true, ...named(ids.at(-1)) }
        ids.push(id)
      }
      looked += block.values.length
      upTo = block.last as DeviceId
    }
    return { ids, hasMore: false, ...named(upTo) }
  }

  close(): void {
    this.#cancelEager()
    this.#background.close()
  }

  async #build(goOn: () => Promise<boolean>): Promise<void> {
    while (this.#state === 'building') {
      if (!this.#wanted && this.#devices.count >= this.#limits.eagerDevices) return
      if (!(await goOn())) return
      await this.#takePage()
    }
  }

  async #takePage(): Promise<void> {
    const after = this.#builtTo
    const limit = this.#wanted ? pageSizeWanted : pageSize
    const told = new Map<DeviceId, Device | undefined>()
    this.#told = told
    try {
      const page = await this.#store.devices({ limit, ...(after === undefined ? {} : { after }) })
      this.#append(page.items)
      // What lies behind the page is read with a later one; behind the last one there is none.
      const isLast = !page.hasMore
      for (const [id, device] of told) {
        if (device === undefined) this.#drop(this.#devices.delete(id))
        else if (isLast || this.#covers(id)) this.#put(device)
      }
      if (isLast && this.#state === 'building') this.#finish()
    } finally {
      this.#told = undefined
    }
  }

  #finish(): void {
    this.#state = 'complete'
    this.#log.debug({ event: 'fleet-index-built', ...this.figures() }, 'what the fleet runs is in memory')
  }

  #covers(id: DeviceId): boolean {
    return this.#state === 'complete' || (this.#builtTo !== undefined && id <= this.#builtTo)
  }

  #append(devices: readonly Device[]): void {
    const ids = devices.map(({ id }) => id)
    const kinds = devices.map(({ components }) => this.#kindOf(components))
    this.#devices.append(ids, kinds)
    this.#builtTo = ids.at(-1) ?? this.#builtTo
    this.#judge()
  }

  #put({ id, components }: Device): void {
    if (this.#state === 'given-up') return
    this.#drop(this.#devices.set(id, this.#kindOf(components)))
    this.#judge()
  }

  #kindOf(components: readonly ComponentReport[]): Kind {
    const key = components.map(({ name, version, digest }) => `${name} ${version} ${digest}`).join('\n')
    let kind = this.#kinds.get(key)
    if (kind === undefined) {
      kind = { key, components, devices: 0 }
      this.#kinds.set(key, kind)
    }
    kind.devices += 1
    return kind
  }

  #drop(kind: Kind | undefined): void {
    if (kind === undefined) return
    kind.devices -= 1
    if (kind.devices === 0) this.#kinds.delete(kind.key)
  }

  #judge(): void {
    if (this.#devices.count <= this.#limits.devicesMax && this.#kinds.size <= this.#limits.kindsMax) return
    this.#state = 'given-up'
    this.#log.warn({ event: 'fleet-index-given-up', ...this.figures() }, 'too much to be held: the registry is walked')
    this.#devices.clear()
    this.#kinds.clear()
  }
}

function named(upTo: DeviceId | undefined): { readonly upTo?: DeviceId } {
  return upTo === undefined ? {} : { upTo }
}
