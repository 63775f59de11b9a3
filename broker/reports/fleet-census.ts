// The fleet in numbers: how many devices there are, and which component runs in which version on how many of them. The
// registry is read in small pages in the background, once for all who ask.
import type { FleetView } from '../../proto/http-console.ts'
import type { Device } from '../core/device.ts'
import type { Clock, Log, Store } from '../ports.ts'
import { Background } from './background.ts'

/** Of one read of the registry. */
const pageSize = 200
/** A count that is older is answered all the same, and the next one begins. */
const ageMsMax = 20_000
/** One that is older than this is no answer any more: who asks waits for the next one, as who asks first does. */
const staleMs = 60_000
/** For how long. */
const firstWaitMs = 2000
const componentsShownMax = 64
const versionsShownMax = 50
/** Names and versions are the devices' words: what one count remembers of them is bounded. */
const componentsMax = 1000
const versionsMax = 10_000

export type FleetCount = Omit<FleetView, 'online' | 'countedAt'> & {
  /** Milliseconds since 1970: when the count ended. Absent before the first one; the numbers are 0 then. */
  readonly countedAt?: number
}

export class FleetCensus {
  readonly #store: Pick<Store, 'devices'>
  readonly #clock: Clock
  readonly #background: Background
  #count: FleetCount = { devices: 0, quarantined: 0, components: [] }
  /** By the monotonic clock. */
  #countedAt = Number.NEGATIVE_INFINITY

  constructor(store: Pick<Store, 'devices'>, clock: Clock, log: Log) {
    this.#store = store
    this.#clock = clock
    this.#background = new Background(clock, log, 'fleet-census', goOn => this.#run(goOn))
  }

  async count(): Promise<FleetCount> {
    const ageMs = this.#clock.monotonic() - this.#countedAt
    if (ageMs > ageMsMax) this.#background.start()
    if (ageMs > staleMs) await this.#background.ended(firstWaitMs)
    return this.#count
  }

  close(): void {
    this.#background.close()
  }

  async #run(goOn: () => Promise<boolean>): Promise<void> {
    const tally = new Tally()
    for (let after: Device['id'] | undefined, more = true; more; ) {
      if (!(await goOn())) return
      const page = await this.#store.devices({ limit: pageSize, ...(after === undefined ? {} : { after }) })
      for (const device of page.items) tally.add(device)
      after = page.items.at(-1)?.id
      more = page.hasMore
    }
    this.#count = { ...tally.result(), countedAt: this.#clock.now() }
    this.#countedAt = this.#clock.monotonic()
  }
}

interface VersionCount {
  readonly version: string
  readonly digest: string
  devices: number
}
interface ComponentCount {
  devices: number
  readonly versions: Map<string, VersionCount>
}

class Tally {
  #devices = 0
  #quarantined = 0
  #versionCount = 0
  readonly #components = new Map<string, ComponentCount>()

  add({ components, quarantinedAt }: Device): void {
    this.#devices += 1
    if (quarantinedAt !== undefined) this.#quarantined += 1
    for (const { name, version, digest } of components) {
      let component = this.#components.get(name)
      if (component === undefined) {
        if (this.#components.size >= componentsMax) continue
        component = { devices: 0, versions: new Map() }
        this.#components.set(name, component)
      }
      component.devices += 1
      const key = `${version} ${digest}`
      const known = component.versions.get(key)
      if (known !== undefined) known.devices += 1
      // Beyond the limit it is one of the others.
      else if (this.#versionCount < versionsMax) {
        this.#versionCount += 1
        component.versions.set(key, { version, digest, devices: 1 })
      }
    }
  }

  result(): FleetCount {
    const components = [...this.#components]
      .sort(([, a], [, b]) => b.devices - a.devices)
      .slice(0, componentsShownMax)
      .map(([component, { devices, versions }]) => {
        const shown = [...versions.values()].sort((a, b) => b.devices - a.devices).slice(0, versionsShownMax)
        const others = devices - shown.reduce((sum, version) => sum + version.devices, 0)
        return { component, devices, versions: shown, others }
      })
    return { devices: this.#devices, quarantined: this.#quarantined, components }
  }
}
