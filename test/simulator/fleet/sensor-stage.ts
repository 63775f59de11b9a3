// A broker in this process and virtual sensors on it, as a test of sensors wants them: enrolled, connected, taken through
// one operation together, and what became of each.
import type { Test } from 'tap'
import { type DeviceId, deviceId } from '../../../proto/ids.ts'
import { expectedOf } from '../../../simulator/fleet/fault-expectations.ts'
import type { FaultName } from '../../../simulator/fleet/fault-names.ts'
import type { DeviceProfile, SensorPlan, SensorWatch } from '../../../simulator/fleet/plan.ts'
import { defaultProfile } from '../../../simulator/fleet/profile-file.ts'
import { type ClientKind, openShared, type SensorShared } from '../../../simulator/fleet/sensor/shared.ts'
import { VirtualSensor } from '../../../simulator/fleet/sensor/virtual-sensor.ts'
import { loggerTo } from '../../agent/codes/scene-device.ts'
import { makeBundle, makeImage, type TestBundle } from '../../fixtures/bundle.ts'
import { type ListeningBroker, listeningBroker } from '../../fixtures/listening-broker.ts'
import { call, untilValue } from '../../stories/process.ts'

export interface SensorWishes {
  readonly id: string
  readonly fault?: FaultName
  readonly profile?: Partial<DeviceProfile>
  readonly seed?: number
}

/** What a sensor told, in the order it did. */
export interface Told {
  readonly device: string
  readonly what: string
}

interface ExecutionFacts {
  readonly device: string
  readonly state: string
  readonly code: string | null
}

export const limitMs = 60_000

export class SensorStage {
  readonly broker: ListeningBroker
  readonly shared: SensorShared
  readonly sensors = new Map<string, VirtualSensor>()
  readonly told: Told[] = []
  readonly log: string[]
  readonly #test: Test

  /** Closed at the end of the test. */
  static async open(
    t: Test,
    options: { readonly client?: ClientKind; readonly dataDir?: string } = {},
  ): Promise<SensorStage> {
    const lines: string[] = []
    const broker = await listeningBroker({
      dataDir: options.dataDir ?? t.testdir(),
      log: { ...loggerTo(lines), debug() {} },
      orchestrator: { repeatLeastMs: 200 },
    })
    const { trustBytes } = goodBundle()
    const shared = openShared({
      broker: { host: '127.0.0.1', port: broker.mqttPort },
      client: options.client ?? 'light',
      trust: trustBytes,
      log: { ...loggerTo(lines), debug() {} },
      reconnect: { baseMs: 50, capMs: 500 },
    })
    const stage = new SensorStage(t, broker, shared, lines)
    t.teardown(async () => {
      await Promise.all([...stage.sensors.values()].map(sensor => sensor.stop()))
      await broker.close()
    })
    return stage
  }

  private constructor(test: Test, broker: ListeningBroker, shared: SensorShared, log: string[]) {
    this.#test = test
    this.broker = broker
    this.shared = shared
    this.log = log
  }

  call<T>(method: string, path: string, body?: object | Uint8Array): Promise<T> {
    return call<T>(this.broker, method, path, body)
  }

  /** Enrolled, started, and known to the broker as being there. */
  async started(wishes: readonly SensorWishes[]): Promise<void> {
    await Promise.all(
      wishes.map(async ({ id, fault, profile = {}, seed = 1 }) => {
        const { secret } = await this.call<{ secret: string }>('POST', '/v1/devices/enroll', { device: id })
        const plan: SensorPlan = {
          ...{ device: deviceId(id), secret, fault, seed },
          profile: { ...defaultProfile, bootMs: 50, ...profile },
        }
        const sensor = VirtualSensor.create(plan, this.shared, this.#watch())
        this.sensors.set(id, sensor)
        sensor.start()
      }),
    )
    await untilValue(async () => {
      const page = await this.call<{ data: readonly { state: string; online: boolean }[] }>(
        'GET',
        '/v1/devices?limit=1000',
      )
      const there = page.data.filter(({ state, online }) => state === 'registered' && online)
      return there.length >= wishes.length || undefined
    }, limitMs)
  }

  /** One operation with this bundle on these sensors; the code each execution ended with. */
  async update(bundle: TestBundle, ids: readonly string[], policy: object = {}): Promise<ReadonlyMap<string, string>> {
    const { id: release } = await this.call<{ id: string }>('POST', '/v1/artifacts', bundle.bytes)
    const { id } = await this.call<{ id: string }>('POST', '/v1/operations', {
      type: 'firmware-update',
      release,
      targets: { devices: ids },
      // A mix of faults is no reason to stop: the default rules would.
      policy: { concurrency: ids.length, retries: [], abort: [], ...policy },
    })
    try {
      await untilValue(async () => {
        const { completedAt } = await this.call<{ completedAt: string | null }>('GET', `/v1/operations/${id}`)
        return completedAt ?? undefined
      }, limitMs)
    } catch (error) {
      await this.explain(id)
      throw error
    }
    return this.codes(id)
  }

  async codes(operation: string): Promise<ReadonlyMap<string, string>> {
    const codes = new Map<string, string>()
    for (let after = ''; ; ) {
      const page = await this.call<{ data: readonly ExecutionFacts[]; has_more: boolean; after: string | null }>(
        'GET',
        `/v1/operations/${operation}/executions?limit=1000${after}`,
      )
      for (const { device, code } of page.data) codes.set(device, code ?? '')
      if (!page.has_more) return codes
      after = `&after=${page.after}`
    }
  }

  async explain(operation: string): Promise<void> {
    for (const [device, code] of await this.codes(operation)) {
      const what = this.told.filter(each => each.device === device).map(each => each.what)
      if (!/^(SYS_112|UPD2_OK_18)$/.test(code)) this.#test.comment(`${device} ${code}: ${what.join(' · ').slice(-300)}`)
    }
  }

  whatOf(device: string): readonly string[] {
    return this.told.filter(each => each.device === device).map(each => each.what)
  }

  expected({ fault, profile = {} }: SensorWishes, reboot: boolean): ReturnType<typeof expectedOf> {
    return expectedOf(fault, { ...defaultProfile, ...profile }, reboot)
  }

  #watch(): SensorWatch {
    const tell = (device: DeviceId, what: string): void => void this.told.push({ device, what })
    return {
      connected: device => tell(device, 'connected'),
      disconnected: (device, reason) => tell(device, `disconnected: ${reason}`),
      offered: device => tell(device, 'offered'),
      stepped: (device, _, step) => tell(device, step),
      coded: (device, _, code) => tell(device, code),
      moved: () => {},
      telemetry: (device, tookMs) => tell(device, tookMs === undefined ? 'telemetry' : 'telemetry acknowledged'),
      faulted: device => tell(device, 'faulted'),
    }
  }
}

/** Newer than what the sensors have, for them all. */
export function goodBundle(version = '2.0.0', sizeBytes = 60_000, needsReboot = true): TestBundle {
  const { vendorId, classId } = defaultProfile
  return makeBundle({
    image: makeImage(sizeBytes, Number(version.split('.')[0])),
    version,
    component: 'main',
    manifest: { vendorId, classId, needsReboot },
  })
}
