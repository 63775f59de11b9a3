// A broker and some agents in this process, as a story over whole operations wants them: devices enrolled and started, an
// operation waited for, what was logged, what the devices told.
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Drover, DroverOptions } from '../../broker/plugin.ts'
import type { EventListing, EventView, OperationView } from '../../proto/http-api.ts'
import { type DeviceWishes, loggerTo, SceneDevice } from '../agent/codes/scene-device.ts'
import { type ListeningBroker, listeningBroker } from '../fixtures/listening-broker.ts'
import { call, untilValue } from './process.ts'

const limitMs = 120_000

export class Stage {
  readonly #broker: ListeningBroker
  readonly #test: Test
  readonly folder: string
  readonly #lines: readonly string[]
  readonly devices: SceneDevice[] = []

  private constructor(test: Test, broker: ListeningBroker, folder: string, lines: readonly string[]) {
    this.#test = test
    this.#broker = broker
    this.folder = folder
    this.#lines = lines
  }

  /** `prepare` is handed the broker's data directory before it starts. Closed at the end of the test. */
  static async open(
    t: Test,
    options: Omit<DroverOptions, 'dataDir' | 'log'>,
    prepare?: (dataDir: string) => Promise<void>,
  ): Promise<Stage> {
    const folder = t.testdir()
    const lines: string[] = []
    const dataDir = join(folder, 'broker')
    await prepare?.(dataDir)
    const broker = await listeningBroker({ dataDir, log: { ...loggerTo(lines), debug() {} }, ...options })
    const stage = new Stage(t, broker, folder, lines)
    t.teardown(async () => {
      await Promise.all(stage.devices.map(device => device.stop()))
      await broker.close()
    })
    return stage
  }

  get drover(): Drover {
    return this.#broker.drover
  }

  call<T>(method: string, path: string, body?: object | Uint8Array): Promise<T> {
    return call<T>(this.#broker, method, path, body)
  }

  /** Enrolled, started, and registered by their first hello. */
  async started(ids: readonly string[], wishes: DeviceWishes = {}): Promise<void> {
    for (const id of ids) {
      const { secret } = await this.call<{ secret: string }>('POST', '/v1/devices/enroll', { device: id })
      const { mqttPort } = this.#broker
      const device = await SceneDevice.provision(join(this.folder, id), { id, secret, mqttPort }, wishes)
      this.devices.push(device)
      await device.start()
    }
    for (const id of ids)
      await untilValue(async () => {
        const { state, online } = await this.call<{ state: string; online: boolean }>('GET', `/v1/devices/${id}`)
        return (state === 'registered' && online) || undefined
      }, limitMs)
  }

  device(id: string): SceneDevice {
    const device = this.devices.find(each => each.id === id)
    if (device === undefined) throw new TypeError(`no ${id}`)
    return device
  }

  operation(release: string, devices: readonly string[], policy: object = {}): Promise<OperationView> {
    return this.call<OperationView>('POST', '/v1/operations', {
      type: 'firmware-update',
      release,
      targets: { devices },
      policy: { concurrency: 100, retries: [], ...policy },
    })
  }

  async ended({ id }: Pick<OperationView, 'id'>): Promise<OperationView> {
    try {
      return await untilValue(async () => {
        const operation = await this.call<OperationView>('GET', `/v1/operations/${id}`)
        return operation.completedAt === null ? undefined : operation
      }, limitMs)
    } catch (error) {
      for (const line of [...this.#lines.slice(-30), ...this.devices.flatMap(({ log }) => log.slice(-15))])
        this.#test.comment(line)
      throw error
    }
  }

  /** What became of the device in the operation, as its log has it. */
  async events({ id }: Pick<OperationView, 'id'>, device: string): Promise<readonly EventView[]> {
    const query = `device_id__eq=${device}&data.campaign_id__eq=${id}&order=ASC&limit=1000`
    const { data } = await this.call<EventListing>('GET', `/v3/device-events?${query}`)
    return data.filter(({ event_type_description }) => event_type_description !== 'INFO')
  }

  logged(event: string): readonly Record<string, unknown>[] {
    return this.#lines.map(line => JSON.parse(line) as Record<string, unknown>).filter(line => line.event === event)
  }

  async untilLogged(event: string, count = 1): Promise<void> {
    await untilValue(async () => this.logged(event)[count - 1], limitMs)
  }
}
