// The broker of a world: the real orchestrator and the real use cases, opened on the fakes of their ports, one process
// after the other on the same disk. A killed process never runs again, whatever it was waiting for.
import { createPrivateKey } from 'node:crypto'
import { CronCalendar } from '../../broker/adapters/cron-calendar.ts'
import { RequestRefused } from '../../broker/errors.ts'
import {
  Orchestrator,
  type OrchestratorPorts,
  type OrchestratorSettings,
} from '../../broker/orchestrator/orchestrator.ts'
import type { ArtifactStore, Csv, DeviceConnection, Log } from '../../broker/ports.ts'
import { assembleUseCases } from '../../broker/use-cases/assemble.ts'
import { OperationTypes } from '../../broker/use-cases/operation-types.ts'
import type { UseCases } from '../../broker/use-cases/use-cases.ts'
import { signEnvelope } from '../../proto/envelope.ts'
import { ProcessClock, type WorldClock } from './clock.ts'
import type { Disk } from './disk.ts'
import type { BrokerEnd } from './network.ts'
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

export class BrokerProcess implements BrokerEnd {
  readonly life: number
  readonly #clock: ProcessClock
  #alive = true
  #running: { readonly orchestrator: Orchestrator; readonly useCases: UseCases } | undefined

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
  ): BrokerProcess {
    // Where a monotonic clock begins is nobody's business.
    const clock = new ProcessClock(world, seed.whole(0, 1e9))
    const made = new BrokerProcess(life, clock)
    const store = disk.storeOf(() => made.alive)
    const random = { bytes: (count: number) => seed.bytes(count) }
    const log = logOf(hopes, () => made.alive)
    const ports: OrchestratorPorts = {
      store,
      clock,
      random,
      calendar: new CronCalendar(),
      log,
      channel: { publish() {} },
    }
    const patched = patch(ports, { clock: world, life })
    Orchestrator.open(patched, settings).then(
      orchestrator => {
        if (!made.alive) return
        made.#running = { orchestrator, useCases: useCasesOf(patched, orchestrator) }
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
  }

  kill(): void {
    this.#alive = false
    this.#clock.kill()
  }

  /** Finishes what it has begun, then is gone. */
  async close(): Promise<void> {
    await this.orchestrator?.close()
    this.kill()
  }
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
    types: new OperationTypes(store, { keyId: 'world', sign: command => signEnvelope('command', command, [key]) }),
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

// Ed25519 of a fixed seed: its signatures are the same in every run.
const key = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)]),
  format: 'der',
  type: 'pkcs8',
})

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
