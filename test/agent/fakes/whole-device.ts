// A device as it is built: the real agent, installers, payload store, configuration file and boot record, on a disk that
// forgets. Only the journal (a batch is durable as a whole or not at all), the line and the clock are stand-ins.
import { ConfigurationFile } from '../../../agent/adapters/configuration-file.ts'
import { PackageInstaller } from '../../../agent/adapters/package/package-installer.ts'
import { PayloadFile } from '../../../agent/adapters/slots-files/payload-file.ts'
import { SlotsFiles } from '../../../agent/adapters/slots-files/slots-files.ts'
import { ZstdPatches } from '../../../agent/adapters/zstd-delta.ts'
import { Agent } from '../../../agent/agent.ts'
import { prepareStart } from '../../../agent/booting/boot-record.ts'
import type {
  AgentPorts,
  HealthVerdict,
  Installer,
  Journal,
  JournalSnapshot,
  Log,
  SlotName,
} from '../../../agent/ports.ts'
import {
  componentFolder,
  imagePath,
  openComponent,
  readSlotRecord,
  recordPath,
} from '../../../agent/storage/slot-folder.ts'
import {
  encodeSlotRecord,
  fallBack,
  firstRecord,
  installTrial,
  type SlotContent,
  startSlot,
} from '../../../agent/storage/slot-record.ts'
import { SimulatedDisk } from '../../../simulator/faults/simulated-disk.ts'
import { FakeBroker } from './broker.ts'
import { settle, VirtualClock } from './clock.ts'
import { settings } from './device.ts'
import { rawFrame } from './patch-release.ts'
import { sha256Hex } from './release.ts'

const dataDir = '/data'
export const configurationPath = '/etc/device.json'
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const patches = new ZstdPatches()

export interface Part {
  readonly component: string
  readonly image: Buffer
  readonly reboot: boolean
  /** What lies in the other slot, from an update that was given up on trial. */
  readonly givenUp?: Buffer
}

export interface WholeDeviceSetup {
  readonly parts: readonly Part[]
  /** A package of all parts besides, under this name. */
  readonly packageName?: string
  readonly configuration?: Buffer
  readonly health?: (running: Buffer) => HealthVerdict
  /** Throws what an installer would, when it is asked to install this component. */
  readonly wrapInstaller?: (installer: Installer) => Installer
}

export class WholeDevice {
  readonly clock = new VirtualClock()
  readonly disk = new SimulatedDisk()
  readonly broker = new FakeBroker()
  readonly #setup: WholeDeviceSetup
  #journal: JournalSnapshot = { journalId: 'ab'.repeat(8), memory: undefined, outbox: [] }
  #boots = 0
  #agent: Agent | undefined
  /** Why a start ended in an exception: never right. */
  failure: unknown

  constructor(setup: WholeDeviceSetup) {
    this.#setup = setup
    for (const part of setup.parts) {
      this.disk.place(`/factory/${part.component}`, part.image)
      if (part.givenUp !== undefined) this.#placeGivenUp(part, part.givenUp)
    }
    if (setup.configuration !== undefined) this.disk.place(configurationPath, setup.configuration)
    this.disk.place(`${dataDir}/journal/kept`, Buffer.alloc(0))
  }

  /** The patch decoder is loaded by the first who needs it, in real time: before virtual time begins. */
  static async ready(): Promise<void> {
    await patches.decode(rawFrame(Buffer.from('x')), Buffer.alloc(0), 1)
  }

  get memory() {
    return this.#journal.memory
  }

  get outbox() {
    return this.#journal.outbox
  }

  /** Starts boot; what it does then goes on by itself, until the power goes. */
  start(): void {
    const disk = this.disk
    void this.#boot().catch(error => {
      if (disk.isOn) this.failure ??= error
    })
  }

  async run(forMs = 120_000): Promise<void> {
    await this.clock.advance(forMs)
  }

  async stop(): Promise<void> {
    await settle()
    await this.#agent?.stop()
  }

  /** What boot would start now and whether its bytes are what the record says; as the program sees the disk. */
  async runningImage(component: string): Promise<Buffer | undefined> {
    const folder = componentFolder(dataDir, component)
    const record = await readSlotRecord(this.disk.port(), folder)
    if (record === undefined) return undefined
    const slot = startSlot(record)
    const image = this.disk.contentOf(imagePath(folder, slot))
    return image !== undefined && sha256Hex(image) === record.slots[slot]?.digest ? image : undefined
  }

  #placeGivenUp({ component, image }: Part, givenUp: Buffer): void {
    const folder = componentFolder(dataDir, component)
    const content = (version: string, bytes: Buffer): SlotContent => ({
      version,
      digest: sha256Hex(bytes),
      size: bytes.length,
    })
    const trial = installTrial(firstRecord(content('1.0.0', image)), content('1.5.0', givenUp), 3)
    this.disk.place(imagePath(folder, 'a'), image)
    this.disk.place(imagePath(folder, 'b'), givenUp)
    this.disk.place(recordPath(folder), encodeSlotRecord(fallBack(trial, 'starts-used-up')))
  }

  async #boot(): Promise<void> {
    this.#boots += 1
    const boot = this.#boots
    const disk = this.disk.port()
    const alive = (): boolean => this.disk.isOn && this.#boots === boot
    const { parts, packageName, configuration, health, wrapInstaller = same => same } = this.#setup
    const running = new Map<string, SlotName>()
    for (const { component, reboot } of parts) {
      const folder = componentFolder(dataDir, component)
      await openComponent(disk, folder, { version: '1.0.0', image: `/factory/${component}` })
      if (reboot) running.set(component, startSlot((await prepareStart(disk, folder)).record))
    }
    const installers: Installer[] = parts.map(({ component, reboot }) =>
      wrapInstaller(
        new SlotsFiles(disk, {
          component,
          dataDir,
          restart: reboot ? 'image' : 'none',
          storageBytesMax: undefined,
          runningSlot: running.get(component),
        }),
      ),
    )
    if (packageName !== undefined) {
      const folder = componentFolder(dataDir, packageName)
      const settings = { component: packageName, folder, version: '1.0.0', storageBytesMax: undefined }
      installers.push(await PackageInstaller.open(disk, installers, settings))
    }
    const clock = {
      wallMs: () => this.clock.wallMs(),
      monotonicMs: () => this.clock.monotonicMs(),
      after: (delayMs: number, run: () => void) => this.clock.after(delayMs, () => alive() && run()),
    }
    const restartAnew = (): void => {
      if (!alive()) return
      // The process ends: what it has not synced stays in the cache of the machine.
      this.#boots += 1
      setImmediate(() => this.start())
    }
    const ports: AgentPorts = {
      clock,
      random: { fraction: () => 0.5, bytes: count => new Uint8Array(count).fill(boot) },
      log: silent,
      journal: this.#journalPort(alive),
      link: this.broker.link(alive),
      installers,
      payloads: new PayloadFile(disk, { dataDir }),
      patches,
      authorization: { download: async () => ({ kind: 'authorized' }), install: async () => ({ kind: 'authorized' }) },
      health: {
        check: async () => {
          const main = parts.find(({ reboot }) => reboot)?.component ?? ''
          const slot = running.get(main) ?? 'a'
          const image = this.disk.contentOf(imagePath(componentFolder(dataDir, main), slot)) ?? Buffer.alloc(0)
          return health?.(image) ?? { healthy: true }
        },
      },
      reboot: {
        restart: restartAnew,
        device: async () => {
          restartAnew()
          return new Promise<never>(() => {})
        },
      },
      ...(configuration === undefined
        ? {}
        : {
            configuration: new ConfigurationFile(disk, clock, silent, {
              file: configurationPath,
              check: undefined,
              checkTimeoutMs: 1000,
              secrets: [],
              environment: {},
            }),
          }),
    }
    this.#agent = await Agent.open(ports, { ...settings, bootId: boot.toString(16).padStart(32, '0') })
    await this.#agent.start()
  }

  #journalPort(alive: () => boolean): Journal {
    const whileAlive = async (): Promise<void> => {
      if (!alive()) await new Promise<never>(() => {})
    }
    return {
      read: async () => structuredClone(this.#journal),
      save: async ({ memory, events = [], acknowledged = [] }) => {
        await whileAlive()
        await this.disk.batch('journal', () => {
          const gone = new Set(acknowledged)
          const outbox = this.#journal.outbox.filter(({ eventNumber }) => !gone.has(eventNumber))
          const next = { ...this.#journal, memory: memory ?? this.#journal.memory, outbox: [...outbox, ...events] }
          this.#journal = JSON.parse(JSON.stringify(next)) as JournalSnapshot
        })
        await whileAlive()
      },
      close: async () => {},
    }
  }
}
