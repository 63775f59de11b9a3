// A whole operation by broadcast: the real broker with its doors, the carousel, and real agents on real disks, all in this
// process. Who comes late repairs by asking; who is let down by a session (UPD4_FAIL_45) is updated all the same.
import { join } from 'node:path'
import { Aedes } from 'aedes'
import t, { type Test } from 'tap'
import { aedesOptions } from '../../broker/adapters/aedes/settings.ts'
import { HttpDoor } from '../../broker/adapters/http/http-door.ts'
import { httpSettingsDefaults } from '../../broker/adapters/http/settings.ts'
import { MqttListener } from '../../broker/adapters/mqtt-listener.ts'
import { systemClock, systemRandom } from '../../broker/adapters/system-clock.ts'
import { attach, type Drover } from '../../broker/plugin.ts'
import type { EventListing, EventView, ExecutionView, OperationView } from '../../proto/http-api.ts'
import type { DeliveryRequest } from '../../proto/http-policy.ts'
import { loggerTo, SceneDevice } from '../agent/codes/scene-device.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'
import { call, untilValue } from './process.ts'

const image = makeImage(1_500_000, 11)
const bundle = makeBundle({ image, version: '2.0.0', component: 'main', manifest: { needsReboot: false } })
const limitMs = 120_000

class Stage {
  readonly #door: { readonly httpPort: number; readonly token: string }
  readonly #folder: string
  readonly #mqttPort: number
  readonly drover: Drover
  readonly lines: string[]
  readonly devices: SceneDevice[] = []

  private constructor(
    door: { readonly httpPort: number; readonly token: string },
    parts: { readonly folder: string; readonly mqttPort: number; readonly drover: Drover; readonly lines: string[] },
  ) {
    this.#door = door
    this.#folder = parts.folder
    this.#mqttPort = parts.mqttPort
    this.drover = parts.drover
    this.lines = parts.lines
  }

  static async open(t: Test): Promise<Stage> {
    const folder = t.testdir()
    const lines: string[] = []
    const log = { ...loggerTo(lines), debug() {} }
    const aedes = await Aedes.createBroker(aedesOptions())
    const drover = await attach(aedes, {
      dataDir: join(folder, 'broker'),
      strangers: 'refuse',
      log,
      // Some seconds for the image, so that there is a middle to come into.
      delivery: { broadcastDevicesMin: 4, broadcastGatherMs: 500, broadcastBytesPerSecond: 400_000 },
      orchestrator: { repeatLeastMs: 200, tickMs: 100 },
    })
    let token = ''
    await drover.firstAdministrator(async given => {
      token = given
    })
    const common = { clock: systemClock, log, host: '127.0.0.1', port: 0 }
    const http = await HttpDoor.open({
      ...common,
      useCases: drover.useCases,
      random: systemRandom,
      settings: httpSettingsDefaults,
      health: () => ({ ready: true, checks: {} }),
    })
    const mqtt = await MqttListener.open(aedes, { ...common, connectionsMax: 100 })
    const stage = new Stage({ httpPort: http.port, token }, { folder, mqttPort: mqtt.port, drover, lines })
    t.teardown(async () => {
      await Promise.all(stage.devices.map(device => device.stop()))
      await mqtt.close()
      await http.close()
      await drover.close()
      await new Promise<void>(resolve => aedes.close(() => resolve()))
    })
    return stage
  }

  call<T>(method: string, path: string, body?: object | Uint8Array): Promise<T> {
    return call<T>(this.#door, method, path, body)
  }

  /** Enrolled, started, and registered by their first hello. */
  async started(...ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const { secret } = await this.call<{ secret: string }>('POST', '/v1/devices/enroll', { device: id })
      const folder = join(this.#folder, id)
      const device = await SceneDevice.provision(folder, { id, secret, mqttPort: this.#mqttPort }, {})
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

  async operation(delivery: DeliveryRequest, devices = this.devices.map(({ id }) => id)): Promise<OperationView> {
    return this.call<OperationView>('POST', '/v1/operations', {
      type: 'firmware-update',
      release: bundle.release,
      targets: { devices },
      policy: { concurrency: 100, delivery, retries: [] },
    })
  }

  logged(event: string): readonly Record<string, unknown>[] {
    return this.lines.map(line => JSON.parse(line) as Record<string, unknown>).filter(line => line.event === event)
  }

  async untilLogged(event: string): Promise<void> {
    await untilValue(async () => this.logged(event)[0], limitMs)
  }

  async ended({ id }: Pick<OperationView, 'id'>): Promise<OperationView> {
    try {
      return await untilValue(async () => {
        const operation = await this.call<OperationView>('GET', `/v1/operations/${id}`)
        return operation.completedAt === null ? undefined : operation
      }, limitMs)
    } catch (error) {
      for (const line of [...this.lines.slice(-30), ...this.devices.flatMap(({ log }) => log.slice(-15))])
        t.comment(line)
      throw error
    }
  }

  async executions({ id }: Pick<OperationView, 'id'>): Promise<readonly ExecutionView[]> {
    return (await this.call<{ data: ExecutionView[] }>('GET', `/v1/operations/${id}/executions?limit=100`)).data
  }

  async events({ id }: Pick<OperationView, 'id'>, device: string): Promise<readonly EventView[]> {
    const query = `device_id__eq=${device}&data.campaign_id__eq=${id}&order=ASC&limit=1000`
    const { data } = await this.call<EventListing>('GET', `/v3/device-events?${query}`)
    return data.filter(({ event_type_description }) => event_type_description !== 'INFO')
  }

  /** Bytes a device tells with its success. */
  async transfer(operation: OperationView, device: string): Promise<Readonly<Record<string, number>>> {
    const [event] = await this.events(operation, device)
    const names = ['held_bytes', 'received_bytes', 'broadcast_bytes'] as const
    return Object.fromEntries(names.map(name => [name, Number(event?.data[name] ?? 0)]))
  }
}

t.test('enough devices want the same: it is broadcast, and who comes late asks for what it missed', async t => {
  const stage = await Stage.open(t)
  await stage.call('POST', '/v1/artifacts', bundle.bytes)
  await stage.started('d-1', 'd-2', 'd-3', 'd-4', 'd-5', 'd-6', 'd-7', 'late')
  await stage.device('late').stop()
  const operation = await stage.operation({})
  await stage.untilLogged('broadcast-started')
  await new Promise(resolve => setTimeout(resolve, 500))
  await stage.device('late').start()
  t.match(await stage.ended(operation), { state: 'completed', updated: 8, errors: 0 })
  t.equal(stage.logged('broadcast-opened').length, 1, 'one session for all')
  for (const { id } of stage.devices) {
    const { held_bytes = 0, received_bytes = 0, broadcast_bytes = 0 } = await stage.transfer(operation, id)
    t.equal(held_bytes + received_bytes, image.length, `${id} has all of it`)
    t.ok(broadcast_bytes > 0, `${id} heard ${broadcast_bytes} of ${received_bytes}`)
    if (id === 'late') t.ok(broadcast_bytes < received_bytes, 'what was sent before it came it asked for')
  }
  t.ok(stage.logged('activation-sent').length >= 8, 'each was told to install in the session')
  t.match(stage.drover.figures(), { broadcast: { sessions: 0, members: 0 } }, 'nothing is left of it')
})

t.test('a session that is aborted is UPD4_FAIL_45 in the log, and the update comes by pull', async t => {
  const stage = await Stage.open(t)
  await stage.call('POST', '/v1/artifacts', bundle.bytes)
  await stage.started('e-1', 'e-2')
  const operation = await stage.operation({ transport: 'broadcast', bytesPerSecond: 100_000 })
  await stage.untilLogged('broadcast-started')
  await new Promise(resolve => setTimeout(resolve, 500))
  const delivery = { transport: 'pull', bytesPerSecond: null }
  const edited = await stage.call<OperationView>('PATCH', `/v1/operations/${operation.id}`, { delivery })
  t.match(edited.policy.delivery, { transport: 'pull', bytesPerSecond: null, retryByPull: true })
  t.match(await stage.ended(operation), { state: 'completed', updated: 2, errors: 0, retrying: 0 })
  for (const { device, attempt } of await stage.executions(operation)) {
    t.equal(attempt, 2)
    t.match(await stage.events(operation, device), [
      {
        event_type: 'UPD4_FAIL_45',
        state_change: true,
        data: { reason: 'aborted', retry: '1', retry_rule: 'delivery.retryByPull' },
      },
      { event_type: 'UPD2_OK_18' },
    ])
  }
})

t.test('with retryByPull false it ends so', async t => {
  const stage = await Stage.open(t)
  await stage.call('POST', '/v1/artifacts', bundle.bytes)
  await stage.started('f-1')
  const operation = await stage.operation({ transport: 'broadcast', bytesPerSecond: 100_000, retryByPull: false })
  await stage.untilLogged('broadcast-started')
  await stage.call<OperationView>('PATCH', `/v1/operations/${operation.id}`, { delivery: { transport: 'pull' } })
  t.match(await stage.ended(operation), {
    state: 'completed',
    updated: 0,
    errors: 1,
    codes: [{ code: 'UPD4_FAIL_45' }],
  })
})
