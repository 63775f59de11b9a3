// The broker of a world: the real orchestrator and the real use cases, opened on the fakes of their ports, one process
// after the other on the same disk. A killed process never runs again, whatever it was waiting for.
import { CronCalendar } from '../../broker/adapters/cron-calendar.ts'
import { Carousel } from '../../broker/delivery/carousel.ts'
import { ChunkDelivery } from '../../broker/delivery/chunk-delivery.ts'
import type { DeliverySettings } from '../../broker/delivery/delivery-settings.ts'
import { PatchDesk } from '../../broker/delivery/patch-desk.ts'
import { handleDeviceMessage } from '../../broker/device-messages.ts'
import { RequestRefused, StoreUnavailable } from '../../broker/errors.ts'
import {
  Orchestrator,
  type OrchestratorPorts,
  type OrchestratorSettings,
} from '../../broker/orchestrator/orchestrator.ts'
import { encodedBytesIn } from '../../broker/orchestrator/transports.ts'
import type { ArtifactStore, Csv, DeviceConnection, Log } from '../../broker/ports.ts'
import { assembleUseCases } from '../../broker/use-cases/assemble.ts'
import { OperationTypes } from '../../broker/use-cases/operation-types.ts'
import type { UseCases } from '../../broker/use-cases/use-cases.ts'
import { signEnvelope } from '../../proto/envelope.ts'
import type { Uplink } from '../../proto/topics.ts'
import { ProcessClock, type WorldClock } from './clock.ts'
import type { Disk } from './disk.ts'
import { operationsKey } from './keys.ts'
import type { WorldPatches } from './patches.ts'
import type { Seed } from './seed.ts'

/** What a planted mistake replaces, process by process. */
export type Patch = (
  ports: OrchestratorPorts,
  world: { readonly clock: WorldClock; readonly life: number },
) => OrchestratorPorts

export interface BrokerHopes {
  tell(line: string): void
  /** The engine logged an error that is not the disk's. */
  erred(what: string): void
}

/** The side of the broker: the process that answered the connect. */
export interface BrokerEnd {
  readonly alive: boolean
  connected(connection: DeviceConnection): void
  disconnected(connection: DeviceConnection): void
}

/** What chunks are sent from, and how. */
export interface Plane {
  readonly artifacts: ArtifactStore
  readonly settings: Partial<DeliverySettings>
  /** Made by the broker itself; absent: none. */
  readonly patches?: WorldPatches
}

interface Running {
  readonly orchestrator: Orchestrator
  readonly useCases: UseCases
  readonly delivery?: ChunkDelivery
  readonly carousel?: Carousel
}

export class BrokerProcess implements BrokerEnd {
  readonly life: number
  readonly #clock: ProcessClock
  #alive = true
  #running: Running | undefined

  private constructor(life: number, clock: ProcessClock) {
    this.life = life
    this.#clock = clock
  }

  /** It answers connects when it has opened, which may never be. */
  static start<Moment>(
    life: number,
    world: WorldClock,
    disk: Disk<Moment>,
    seed: Seed,
    settings: OrchestratorSettings,
    hopes: BrokerHopes,
    patch: Patch,
    plane?: Plane,
  ): BrokerProcess {
    // Where a monotonic clock begins is nobody's business.
    const clock = new ProcessClock(world, seed.whole(0, 1e9))
    const made = new BrokerProcess(life, clock)
    const store = disk.storeOf(() => made.alive)
    const random = { bytes: (count: number) => seed.bytes(count) }
    const log = logOf(hopes, () => made.alive)
    const desk = plane?.patches && deskOf(plane.patches, clock, log)
    const ports: OrchestratorPorts = {
      ...(desk === undefined ? {} : { patches: desk }),
      ...(plane === undefined ? {} : { encodedBytesOf: encodedBytesIn(plane.artifacts) }),
      store,
      clock,
      random,
      calendar,
      log,
      channel: { publish() {} },
    }
    const patched = patch(ports, { clock: world, life })
    Orchestrator.open(patched, settings).then(
      orchestrator => {
        if (!made.alive) return
        const useCases = useCasesOf(patched, orchestrator)
        made.#running = { orchestrator, useCases, ...(plane && planeOf(plane, patched, orchestrator)) }
        hopes.tell(`broker ${life} is up`)
      },
      error => {
        hopes.tell(`broker ${life} did not start: ${(error as Error).message}`)
        made.kill()
      },
    )
    return made
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Undefined while it starts, and when it is dead. */
  get orchestrator(): Orchestrator | undefined {
    return this.#alive ? this.#running?.orchestrator : undefined
  }

  get useCases(): UseCases | undefined {
    return this.#alive ? this.#running?.useCases : undefined
  }

  connected(connection: DeviceConnection): void {
    this.orchestrator?.deviceConnected(connection)
  }

  disconnected(connection: DeviceConnection): void {
    this.orchestrator?.deviceDisconnected(connection)
    this.#running?.delivery?.disconnected(connection)
    this.#running?.carousel?.disconnected(connection)
  }

  /** As it came by the line. Rejects where the connection is to be closed. */
  async message(connection: DeviceConnection, uplink: Uplink, payload: Uint8Array): Promise<void> {
    const { orchestrator, delivery } = this.#running ?? {}
    if (!this.#alive || orchestrator === undefined || delivery === undefined)
      throw new StoreUnavailable('nobody is there')
    await handleDeviceMessage(orchestrator, delivery, connection, uplink, payload)
  }

  /** True when the device hears the session from now on. */
  subscribed(connection: DeviceConnection, session: string): boolean {
    const carousel = this.#alive ? this.#running?.carousel : undefined
    if (carousel?.mayHear(connection, session) !== true) return false
    carousel.joined(connection, session)
    return true
  }

  unsubscribed(connection: DeviceConnection, session: string): void {
    if (this.#alive) this.#running?.carousel?.left(connection, session)
  }

  kill(): void {
    this.#alive = false
    this.#clock.kill()
  }

  /** Finishes what it has begun, then is gone. */
  async close(): Promise<void> {
    await this.#running?.carousel?.stop()
    await this.#running?.delivery?.close()
    await this.orchestrator?.close()
    this.kill()
  }
}

function planeOf(
  { artifacts, settings, patches }: Plane,
  { clock, log }: OrchestratorPorts,
  orchestrator: Orchestrator,
): Pick<Running, 'delivery' | 'carousel'> {
  const { budgetLabel = '' } = settings
  const delivery = ChunkDelivery.open({
    artifacts,
    clock,
    log,
    mayPull: (device, operation, artifact) => orchestrator.mayPull(device, operation, artifact),
    operationRate: operation => orchestrator.bytesPerSecondOf(operation),
    labelOf: device => orchestrator.labelOf(device, budgetLabel),
    settings,
    ...(patches === undefined ? {} : { patches }),
  })
  const carousel = new Carousel({ artifacts, clock, log, plane: delivery.shared })
  orchestrator.broadcastBy(carousel)
  return { delivery, carousel }
}

function deskOf(patches: WorldPatches, clock: ProcessClock, log: Log): PatchDesk {
  const { devicesMin } = patches
  return new PatchDesk({ maker: patches.makerFor(clock), patches, clock, log, settings: { devicesMin } })
}

function useCasesOf({ store, random, calendar, log }: OrchestratorPorts, orchestrator: Orchestrator): UseCases {
  return assembleUseCases({
    store,
    orchestrator,
    random,
    calendar,
    log,
    clock: orchestrator.clock,
    artifacts: noArtifacts,
    csv: noLists,
    types: new OperationTypes(store, {
      keyId: 'world',
      sign: command => signEnvelope('command', command, [operationsKey]),
    }),
    isOnline: device => orchestrator.isOnline(device),
    throughputOf: () => 0,
    disconnectOperator: () => {},
    webhookProblem: () => undefined,
  })
}

function logOf(hopes: BrokerHopes, alive: () => boolean): Log {
  return {
    debug() {},
    info() {},
    warn(fields) {
      if (alive()) hopes.tell(`warn ${fields.event}`)
    },
    error(fields, message) {
      if (!alive()) return
      const error = fields.err as { readonly code?: string; readonly message?: string } | undefined
      hopes.tell(`error ${fields.event}: ${error?.message ?? message}`)
      if (error?.code !== 'STORE_UNAVAILABLE') hopes.erred(`${fields.event}: ${error?.message ?? message}`)
    },
  }
}

// It keeps what it has found out, which is the same for every process.
const calendar = new CronCalendar()

// No artifact is uploaded and no list imported in these worlds.
const absent = () => Promise.reject(new RequestRefused('UNAVAILABLE', 'not in this world'))
const noArtifacts: ArtifactStore = { receive: absent, open: async () => undefined, close: async () => {} }
const noLists: Csv = {
  write() {
    throw new RequestRefused('UNAVAILABLE', 'not in this world')
  },
  readTargets() {
    throw new RequestRefused('UNAVAILABLE', 'not in this world')
  },
}
