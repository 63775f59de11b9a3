// Where the codes are proved: a real broker in this process (MQTT and HTTP on free ports), real agents on folders of the
// test, an operator who uploads, starts operations and reads the documented event page. A story is told twice: as it
// should be, to its success, and with one thing wrong, to its code.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Aedes } from 'aedes'
import type { Test } from 'tap'
import { LevelStore } from '../../../broker/adapters/level-store.ts'
import { quarantineDefaults } from '../../../broker/core/device.ts'
import type { DroverOptions } from '../../../broker/plugin.ts'
import type { DeviceFailureCode } from '../../../proto/event-codes.ts'
import type { EventListing, EventView, OperationView, ReleaseView } from '../../../proto/http-api.ts'
import { type OperationId, operationId } from '../../../proto/ids.ts'
import { eachCase } from '../../fixtures/cases.ts'
import { listeningBroker } from '../../fixtures/listening-broker.ts'
import { openSessions } from '../../fixtures/open-sessions.ts'
import { call, untilValue } from '../../stories/process.ts'
import { BelievingArtifacts } from './believing-artifacts.ts'
import { type Offer, offerOf, planted, type Wishes } from './offers.ts'
import { type DeviceWishes, loggerTo, SceneDevice } from './scene-device.ts'

/** What is offered to what kind of device; everything that is left out is good. */
export interface Story {
  readonly offer?: Wishes
  readonly device?: DeviceWishes
  /** Before the operation begins; the device is connected. */
  readonly before?: (at: Told) => Promise<void>
  /** While it goes on. */
  readonly meanwhile?: (at: Told & { readonly operation: OperationId }) => Promise<void>
}
export interface Told {
  readonly scene: Scene
  readonly device: SceneDevice
  readonly offer: Offer
}
/** What is wrong, and what the event page must say of it, at least. */
export interface Fault extends Story {
  readonly says: Readonly<Record<string, string | RegExp>>
}

/** `closed`: broadcast sessions are for those who were invited, as they are outside of stories. */
export interface SceneOptions extends Pick<DroverOptions, 'trust' | 'timeSigner' | 'timeValidMs'> {
  readonly closed?: boolean
  /** Lines of level debug are in the log, too. */
  readonly debug?: boolean
}

interface Opened {
  readonly store: LevelStore
  readonly artifacts: BelievingArtifacts
  readonly aedes: Aedes
  readonly lines: readonly string[]
}

export class Scene {
  readonly mqttPort: number
  readonly httpPort: number
  readonly token: string
  readonly store: LevelStore
  readonly artifacts: BelievingArtifacts
  readonly #folder: string
  readonly #aedes: Aedes
  readonly #log: readonly string[]
  readonly #subscribed = new Set<string>()
  #deviceCount = 0

  private constructor(
    { mqttPort, httpPort, token }: { mqttPort: number; httpPort: number; token: string },
    { store, artifacts, aedes, lines }: Opened,
    folder: string,
  ) {
    this.mqttPort = mqttPort
    this.httpPort = httpPort
    this.token = token
    this.store = store
    this.artifacts = artifacts
    this.#aedes = aedes
    this.#log = lines
    aedes.on('subscribe', all => {
      for (const { topic } of all) this.#subscribed.add(topic)
    })
    this.#folder = folder
  }

  /** Of one test file; closed at its end. */
  static async open(t: Test, { closed = false, debug = false, ...more }: SceneOptions = {}): Promise<Scene> {
    const folder = t.testdir()
    const lines: string[] = []
    const log = debug ? loggerTo(lines) : { ...loggerTo(lines), debug() {} }
    await mkdir(join(folder, 'broker'))
    const store = await LevelStore.open(join(folder, 'broker/database'))
    const artifacts = await BelievingArtifacts.open(join(folder, 'broker/artifacts'))
    const broker = await listeningBroker({
      dataDir: join(folder, 'broker'),
      ...{ store, artifacts, log, ...more },
      orchestrator: { repeatLeastMs: 100, quarantine: { ...quarantineDefaults, failuresMax: 0 } },
    })
    const { aedes } = broker
    if (!closed) openSessions(aedes)
    t.teardown(async () => {
      await broker.close()
      await artifacts.close()
      await store.close()
    })
    return new Scene(broker, { store, artifacts, aedes, lines }, folder)
  }

  /** The good story ends in success; each other, with one thing wrong, in the code and in no other. */
  async proves(
    t: Test,
    code: DeviceFailureCode,
    good: Story,
    faults: Readonly<Record<string, Fault | (() => Fault)>>,
  ): Promise<void> {
    t.strictSame(codesOf(await this.told(t, good)), ['UPD2_OK_18'], 'without the fault it ends in success')
    await eachCase(Object.entries(faults), 3, async ([name, fault]) => {
      const { says, ...story } = fault instanceof Function ? fault() : fault
      const events = await this.told(t, story)
      t.strictSame(codesOf(events), [code], `${name}: the code`)
      t.match(events.find(({ event_type }) => event_type === code)?.data, says, `${name}: what helps`)
    })
  }

  /** The events of the operation on its one device, from the documented page, once it has ended; the oldest first. */
  async told(t: Test, story: Story): Promise<readonly EventView[]> {
    const offer = offerOf(story.offer)
    const device = await this.device(story.device)
    const at = { scene: this, device, offer }
    try {
      await device.start()
      await this.untilOnline(device)
      await story.before?.(at)
      const operation = await this.begin(offer, device)
      await story.meanwhile?.({ ...at, operation })
      return await this.result(device, operation)
    } catch (error) {
      const own = this.#log.filter(line => line.includes(device.id))
      for (const line of [...device.log, ...own].slice(-60)) t.comment(line)
      throw error
    } finally {
      await device.stop()
    }
  }

  /** The events of an operation on one device once it has ended; the page may show the last one a moment later. */
  async result(
    device: Pick<SceneDevice, 'id'>,
    operation: OperationId,
    limitMs = 30_000,
  ): Promise<readonly EventView[]> {
    await this.ended(operation, limitMs)
    return untilValue(async () => {
      const events = await this.events(device, operation)
      return codesOf(events).length > 0 ? events : undefined
    })
  }

  /** Enrolled and provisioned, not started. */
  async device(wishes: DeviceWishes = {}): Promise<SceneDevice> {
    this.#deviceCount += 1
    const id = `device-${this.#deviceCount}`
    const { secret } = await this.call<{ secret: string }>('POST', '/v1/devices/enroll', { device: id })
    return SceneDevice.provision(join(this.#folder, id), { id, secret, mqttPort: this.mqttPort }, wishes)
  }

  async untilOnline({ id }: Pick<SceneDevice, 'id'>): Promise<void> {
    await untilValue(async () => {
      const { online, state } = await this.call<{ online: boolean; state: string }>('GET', `/v1/devices/${id}`)
      return online && state === 'registered' ? true : undefined
    })
  }

  async begin(offer: Offer, { id }: Pick<SceneDevice, 'id'>): Promise<OperationId> {
    const release = await this.#release(offer)
    const operation = await this.call<OperationView>('POST', '/v1/operations', {
      type: 'firmware-update',
      release,
      targets: { devices: [id] },
      // The first word of the device is the last one, also of a session that a story speaks in.
      policy: { retries: [], delivery: { retryByPull: false } },
    })
    return operationId(operation.id)
  }

  async ended(operation: OperationId, limitMs = 30_000): Promise<void> {
    await untilValue(async () => {
      const { completedAt } = await this.call<OperationView>('GET', `/v1/operations/${operation}`)
      return completedAt ?? undefined
    }, limitMs)
  }

  async events({ id }: Pick<SceneDevice, 'id'>, operation: OperationId): Promise<readonly EventView[]> {
    const query = `device_id__eq=${id}&data.campaign_id__eq=${operation}&order=ASC&limit=1000`
    return (await this.call<EventListing>('GET', `/v3/device-events?${query}`)).data
  }

  call<T>(method: string, path: string, body?: object | Uint8Array): Promise<T> {
    return call<T>(this, method, path, body)
  }

  /** Everything the broker has logged, one JSON object a line. */
  get logged(): readonly string[] {
    return this.#log
  }

  /** A device has subscribed to it. */
  isListened(topic: string): boolean {
    return this.#subscribed.has(topic)
  }

  /** To the subscribers of a topic, as a server of another make in the place of this one would. */
  async publish(topic: string, payload: Buffer): Promise<void> {
    const packet = { cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false } as const
    await new Promise<void>((resolve, reject) =>
      this.#aedes.publish(packet, error => (error === undefined || error === null ? resolve() : reject(error))),
    )
  }

  async #release({ bundle, plant }: Offer): Promise<string> {
    if (plant === undefined) return (await this.call<ReleaseView>('POST', '/v1/artifacts', bundle.bytes)).id
    const { release, artifact } = planted(bundle, plant)
    if (artifact !== undefined) this.artifacts.plant(artifact)
    await this.store.commit([{ kind: 'put-release', release }])
    return release.id
  }
}

/** Those of the device; an operation has one, whatever else is said. */
export function codesOf(events: readonly EventView[]): readonly string[] {
  return events.filter(({ event_type_description }) => event_type_description !== 'INFO').map(event => event.event_type)
}
