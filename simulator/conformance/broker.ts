// The broker behind the line: Aedes with Drover attached, in this process, on a folder of its own. What is offered is put
// into its records by hand; from then on it does what it always does. It can be ended and started again on the same folder.
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { aedesOptions } from '../../broker/adapters/aedes/settings.ts'
import { LevelStore } from '../../broker/adapters/level-store.ts'
import { MqttListener } from '../../broker/adapters/mqtt-listener.ts'
import { systemClock } from '../../broker/adapters/system-clock.ts'
import { quarantineDefaults } from '../../broker/core/device.ts'
import { RequestRefused } from '../../broker/errors.ts'
import { attach, type Drover } from '../../broker/plugin.ts'
import type { Log } from '../../broker/ports.ts'
import { secretSha256 } from '../../broker/use-cases/secrets.ts'
import type { Caller, UseCases } from '../../broker/use-cases/use-cases.ts'
import type { EventView, ExecutionView, OperationView } from '../../proto/http-api.ts'
import { type DeviceId, principalName, type ReleaseId, releaseIdOf } from '../../proto/ids.ts'
import { BelievingArtifacts, type Goods, type Recipient, sha256 } from './goods.ts'
import { farExpiry } from './keys.ts'

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

interface Running {
  readonly store: LevelStore
  readonly aedes: Aedes
  readonly drover: Drover
  readonly listener: MqttListener
  readonly by: Caller
}

export class ExaminationBroker {
  readonly #folder: string
  readonly #artifacts = new BelievingArtifacts()
  #running: Running | undefined
  #token = ''

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(folder: string): Promise<ExaminationBroker> {
    const broker = new ExaminationBroker(folder)
    await broker.start()
    return broker
  }

  /** Of the MQTT listener on loopback; 0 while it is down. */
  get port(): number {
    return this.#running?.listener.port ?? 0
  }

  async start(): Promise<void> {
    const store = await LevelStore.open(join(this.#folder, 'database'))
    const aedes = await Aedes.createBroker(aedesOptions())
    const drover = await attach(aedes, {
      dataDir: this.#folder,
      ...{ store, artifacts: this.#artifacts, log: silent, strangers: 'refuse' },
      // A device under examination connects, asks and fails more often than one at work.
      mqtt: { connects: { perSecond: 50, burst: 1000 }, records: { perSecond: 500, burst: 5000 } },
      orchestrator: { repeatLeastMs: 1000, startGraceMs: 1000, quarantine: { ...quarantineDefaults, failuresMax: 0 } },
    })
    await drover.firstAdministrator(async token => {
      this.#token = token
    })
    const by = await drover.useCases.principalOfToken(this.#token)
    if (by === undefined) throw new RangeError('no administrator')
    const host = '127.0.0.1'
    const listener = await MqttListener.open(aedes, {
      ...{ clock: systemClock, log: silent, host, port: 0, connectionsMax: 100 },
      connects: { perSecond: 1000, burst: 10_000 },
    })
    this.#running = { store, aedes, drover, listener, by }
  }

  /** In order, as a service manager does it. */
  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    if (running === undefined) return
    await running.listener.close()
    await running.drover.close()
    await new Promise<void>(resolve => running.aedes.close(() => resolve()))
    await running.store.close()
  }

  /** The device may connect with this secret. */
  async enroll(device: DeviceId, secret: string): Promise<void> {
    const { store } = this.#up
    await store.commit([
      {
        kind: 'put-credential',
        credential: {
          ...{ device, secretSha256: secretSha256(secret), createdAt: systemClock.now() },
          createdBy: principalName('admin'),
        },
      },
    ])
  }

  /** `envelope` is what devices of this recipient get; what stands in it is nobody's business here. */
  async shelve(goods: Goods, envelope: Buffer, recipient: Recipient): Promise<ReleaseId> {
    const installedSha256 = goods.artifact
    const release = releaseIdOf(recipient.component, goods.version, installedSha256)
    this.#artifacts.put(goods.artifact, goods.indexBytes, goods.chunks)
    await this.#up.store.commit([
      {
        kind: 'put-release',
        release: {
          ...{ id: release, component: recipient.component, version: goods.version, installedSha256 },
          ...{ createdAt: systemClock.now(), createdBy: principalName('admin') },
          manifests: [
            {
              sha256: sha256(envelope).toString('hex'),
              envelope: envelope.toString('base64'),
              ...{ vendorId: recipient.vendorId, classId: recipient.classId, artifact: goods.artifact },
              ...{ payloadSize: goods.image.length, expiresAt: farExpiry, format: 'raw' },
            },
          ],
        },
      },
    ])
    return release
  }

  /** What devices are sent from now on, whatever was signed. */
  replaceArtifact({ artifact }: Goods, indexBytes: Uint8Array, chunks: Goods['chunks']): void {
    this.#artifacts.put(artifact, indexBytes, chunks)
  }

  /** One device, no retries: its first word is the last one. */
  begin(release: ReleaseId, device: DeviceId, policy: object = {}): Promise<OperationView> {
    return this.#ask((useCases, by) =>
      useCases.createOperation(by, {
        ...{ type: 'firmware-update', release, targets: { devices: [device] } },
        policy: { retries: [], delivery: { retryByPull: false }, ...policy },
      }),
    )
  }

  stopOperation(operation: string): Promise<OperationView> {
    return this.#ask((useCases, by) => useCases.stopOperation(by, operation))
  }

  operation(operation: string): Promise<OperationView> {
    return this.#ask((useCases, by) => useCases.showOperation(by, operation))
  }

  /** Undefined as long as the broker has not come to the device. */
  async execution(operation: string, device: DeviceId): Promise<ExecutionView | undefined> {
    try {
      return await this.#ask((useCases, by) => useCases.showExecution(by, operation, device))
    } catch (error) {
      if (error instanceof RequestRefused && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }

  /** What the device's log says of the operation, the oldest first. */
  async events(operation: string, device: DeviceId): Promise<readonly EventView[]> {
    const request = { device, operation, order: 'ASC', limit: 1000 } as const
    return (await this.#ask((useCases, by) => useCases.listEvents(by, request))).data
  }

  /** What the device has logged of an operation that is none of the broker's. */
  async claimed(operation: string, device: DeviceId): Promise<readonly EventView[]> {
    const request = { device, order: 'DESC', limit: 1000 } as const
    const { data } = await this.#ask((useCases, by) => useCases.listEvents(by, request))
    return data.filter(event => event.data.claimed_campaign_id === operation)
  }

  /** Connected, and known by a hello. */
  async isReady(device: DeviceId): Promise<boolean> {
    const { online, state } = await this.#ask((useCases, by) => useCases.showDevice(by, device))
    return online && state === 'registered'
  }

  get #up(): Running {
    if (this.#running === undefined) throw new RangeError('the broker is down')
    return this.#running
  }

  #ask<T>(ask: (useCases: UseCases, by: Caller) => Promise<T>): Promise<T> {
    const { drover, by } = this.#up
    return ask(drover.useCases, by)
  }
}
