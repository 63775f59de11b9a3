// The disk of one device: journal and slots in memory, with a power switch. What was not fsynced when the power went is
// gone (or stays, as the test wants), and a run that lost its power never hears from its disk again.
import { StorageReadFailed, StorageWriteFailed, StoredThingMissing } from '../../../agent/errors.ts'
import type {
  Candidate,
  HealthVerdict,
  InstalledImage,
  Installer,
  Journal,
  JournalBatch,
  JournalSnapshot,
  PayloadStore,
  SlotName,
  SlotStatus,
} from '../../../agent/ports.ts'
import { sha256Hex } from './release.ts'

interface SlotFiles {
  image: Buffer | undefined
  /** What would be left of the image after a power cut. */
  synced: Buffer | undefined
  index: Uint8Array | undefined
}
interface Component {
  readonly reboot: boolean
  active: SlotName
  running: SlotName
  entries: { a?: InstalledImage; b?: InstalledImage }
  trial: { slot: SlotName; startsLeft: number } | undefined
  fallback: { slot: SlotName; reason: string } | undefined
  readonly files: { a: SlotFiles; b: SlotFiles }
}

export type Fault =
  | 'journal-save'
  | 'candidate-write'
  | 'candidate-sync'
  | 'install'
  | 'hash'
  | 'read-active'
  | 'roll-back'

export class FakeDisk {
  readonly components = new Map<string, Component>()
  journalId = 'ab'.repeat(8)
  durable: JournalSnapshot = { journalId: this.journalId, memory: undefined, outbox: [] }
  /** All saves that ever completed, as JSON: a journal holds nothing else. */
  readonly saves: string[] = []
  availableBytes = 1_000_000
  /** A payload that is no image. */
  readonly payload: SlotFiles = { image: undefined, synced: undefined, index: undefined }
  /** What `verify` says; healthy unless told otherwise. */
  readonly verdicts = new Map<string, HealthVerdict>()
  /** Fails so many times from now on. */
  readonly faults = new Map<Fault, number>()
  /** Calls of anything that changes the disk, in order. */
  readonly touched: string[] = []
  /** Waited for before each save. */
  beforeSave: () => Promise<void> = async () => {}
  /** Candidates and payloads that are open. */
  readonly #open = new Set<SlotFiles>()
  /** Told of each completed save and of each change of a slot record. */
  onDurable: (what: string) => void = () => {}

  install(component: string, image: Buffer, version: string, reboot: boolean, index?: Uint8Array): void {
    const installed = { slot: 'a', version, digest: sha256Hex(image), sizeBytes: image.length } as const
    const empty = (): SlotFiles => ({ image: undefined, synced: undefined, index: undefined })
    this.components.set(component, {
      reboot,
      active: 'a',
      running: 'a',
      entries: { a: installed },
      trial: undefined,
      fallback: undefined,
      files: { a: { image, synced: image, index }, b: empty() },
    })
  }

  of(component: string): Component {
    const found = this.components.get(component)
    if (found === undefined) throw new StoredThingMissing(`component ${component}`)
    return found
  }

  /** The bytes that run. */
  runningImage(component: string): Buffer | undefined {
    const { files, running } = this.of(component)
    return files[running].image
  }

  /** What boot does at a start. */
  boot(): void {
    this.#open.clear()
    for (const component of this.components.values()) {
      component.running = component.active
      if (component.trial === undefined) continue
      if (component.trial.startsLeft === 0) {
        component.fallback = { slot: component.trial.slot, reason: 'starts' }
        component.trial = undefined
      } else {
        component.trial.startsLeft -= 1
        component.running = component.trial.slot
      }
    }
  }

  /** The power goes: of every image only the fsynced bytes stay, unless the cache was lucky. */
  cutPower(keepUnsynced: boolean): void {
    for (const file of [...this.components.values()].flatMap(({ files }) => [files.a, files.b]).concat(this.payload)) {
      if (keepUnsynced) file.synced = file.image && Buffer.from(file.image)
      else file.image = file.synced && Buffer.from(file.synced)
    }
  }

  fail(fault: Fault): boolean {
    const left = this.faults.get(fault) ?? 0
    if (left > 0) this.faults.set(fault, left - 1)
    return left > 0
  }

  /** Ports of one run; `alive` turns false when its power goes. */
  ports(alive: () => boolean): { journal: Journal; installers: Installer[]; payloads: PayloadStore } {
    return {
      journal: this.#journal(alive),
      installers: [...this.components.keys()].map(component => this.#installer(component, alive)),
      payloads: {
        heldBytes: async () => (this.payload.image?.length ?? 0) + (this.payload.index?.length ?? 0),
        open: async payloadBytes => this.#candidate(this.payload, payloadBytes, alive),
        discard: async () => {
          await whileAlive(alive)
          this.payload.image = undefined
          this.payload.synced = undefined
          this.payload.index = undefined
        },
      },
    }
  }

  #journal(alive: () => boolean): Journal {
    return {
      read: async () => structuredClone(this.durable),
      save: async (batch: JournalBatch) => {
        await whileAlive(alive)
        await this.beforeSave()
        if (this.fail('journal-save')) throw new StorageWriteFailed('journal', 'ENOSPC')
        const acknowledged = new Set(batch.acknowledged ?? [])
        const outbox = this.durable.outbox.filter(({ eventNumber }) => !acknowledged.has(eventNumber))
        const memory = batch.memory ?? this.durable.memory
        const json = JSON.stringify({ journalId: this.journalId, memory, outbox: [...outbox, ...(batch.events ?? [])] })
        this.durable = JSON.parse(json) as JournalSnapshot
        this.saves.push(json)
        this.onDurable('journal')
        await whileAlive(alive)
      },
      close: async () => {},
    }
  }

  #installer(component: string, alive: () => boolean): Installer {
    const record = async (what: string, change: (at: Component) => void): Promise<void> => {
      await whileAlive(alive)
      change(this.of(component))
      this.touched.push(what)
      this.onDurable(what)
      await whileAlive(alive)
    }
    const { reboot } = this.of(component)
    return {
      component,
      restart: reboot ? 'image' : 'none',
      formats: ['raw', 'delta-zstd'],
      members: [],
      status: async () => this.#status(component),
      hash: async slot => {
        await whileAlive(alive)
        if (this.fail('hash')) throw new StorageReadFailed('image', 'EIO')
        const { image } = this.of(component).files[slot]
        if (image === undefined) throw new StoredThingMissing('image')
        return { digest: sha256Hex(image), sizeBytes: image.length }
      },
      readActive: async (offset, length) => {
        await whileAlive(alive)
        const { files, active } = this.of(component)
        const bytes = files[active].image?.subarray(offset, offset + length)
        if (this.fail('read-active') || bytes?.length !== length) throw new StorageReadFailed('image', 'SHORT')
        return Buffer.from(bytes)
      },
      readActiveIndex: async () => this.of(component).files[this.of(component).active].index,
      availableBytes: async () => this.availableBytes,
      openCandidate: async imageBytes => {
        if (this.#open.has(this.#inactive(component))) throw new RangeError('a candidate is open already')
        await record('open-candidate', at => {
          at.entries = { [at.active]: at.entries[at.active] }
          at.fallback = undefined
        })
        return this.#candidate(this.#inactive(component), imageBytes, alive)
      },
      install: async (image, startsLeft) => {
        if (this.fail('install')) throw new StorageWriteFailed('slot record', 'EIO')
        await record('install', at => {
          if (reboot) {
            const slot = other(at.active)
            at.entries[slot] = { ...image, slot }
            at.trial = { slot, startsLeft }
            at.fallback = undefined
            return
          }
          if (at.entries[at.active]?.digest === image.digest) return
          at.active = other(at.active)
          at.running = at.active
          at.entries[at.active] = { ...image, slot: at.active }
        })
      },
      verify: async () => {
        await whileAlive(alive)
        return this.verdicts.get(component) ?? { healthy: true }
      },
      commit: async () =>
        record('commit', at => {
          at.active = at.trial?.slot ?? at.active
          at.trial = undefined
        }),
      rollBack: async (image, reason) => {
        if (this.fail('roll-back')) throw new StorageWriteFailed('slot record', 'EIO')
        await record('roll-back', at => {
          const slot = other(at.active)
          const isActive = !at.reboot && at.entries[at.active]?.digest === image.digest
          at.fallback = { slot: isActive ? at.active : slot, reason }
          at.trial = undefined
          if (isActive) {
            at.active = slot
            at.running = slot
          }
        })
      },
      close: async () => {},
    }
  }

  #status(component: string): SlotStatus {
    const at = this.of(component)
    const active = at.entries[at.active]
    const trial = at.trial === undefined ? undefined : at.entries[at.trial.slot]
    if (active === undefined) throw new StoredThingMissing('active slot')
    return {
      component,
      running: at.running,
      active,
      trial: trial === undefined || at.trial === undefined ? undefined : { ...trial, startsLeft: at.trial.startsLeft },
      fallback: at.fallback,
    }
  }

  #inactive(component: string): SlotFiles {
    const at = this.of(component)
    return at.files[other(at.active)]
  }

  #candidate(file: SlotFiles, imageBytes: number, alive: () => boolean): Candidate {
    this.#open.add(file)
    file.image ??= Buffer.alloc(0)
    return {
      write: async (offset, bytes) => {
        await whileAlive(alive)
        if (offset + bytes.length > imageBytes) throw new RangeError('past the image')
        if (this.fail('candidate-write')) throw new StorageWriteFailed('candidate', 'ENOSPC')
        const image = Buffer.alloc(Math.max(file.image?.length ?? 0, offset + bytes.length))
        image.set(file.image ?? [])
        image.set(bytes, offset)
        file.image = image
        this.touched.push('write')
      },
      read: async (offset, length) => Buffer.from(file.image?.subarray(offset, offset + length) ?? []),
      readIndex: async () => file.index,
      writeIndex: async bytes => {
        await whileAlive(alive)
        file.index = Uint8Array.from(bytes)
      },
      sync: async () => {
        await whileAlive(alive)
        if (this.fail('candidate-sync')) throw new StorageWriteFailed('candidate', 'EIO')
        file.image = file.image?.subarray(0, imageBytes)
        file.synced = file.image && Buffer.from(file.image)
      },
      close: async () => {
        // Closing a file takes its time.
        for (let turn = 0; turn < 10; turn += 1) await new Promise(resolve => setImmediate(resolve))
        if (alive()) this.#open.delete(file)
      },
    }
  }
}

function other(slot: SlotName): SlotName {
  return slot === 'a' ? 'b' : 'a'
}

/** A process without power does not come back from a call. */
async function whileAlive(alive: () => boolean): Promise<void> {
  if (!alive()) await new Promise<never>(() => {})
}
