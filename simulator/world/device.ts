// A device with the real agent: boot, slot record, installer, payload store and configuration file on a disk that forgets,
// in virtual time, on a line of the wire. Only the journal (a batch is durable as a whole or not at all), the image itself
// (does it start, is it healthy?) and the owner are stand-ins. What goes wrong is its character's and the weather's.
import { ConfigurationFile } from '../../agent/adapters/configuration-file.ts'
import { PayloadFile } from '../../agent/adapters/slots-files/payload-file.ts'
import { SlotsFiles } from '../../agent/adapters/slots-files/slots-files.ts'
import { Agent, type AgentSettings } from '../../agent/agent.ts'
import { prepareStart } from '../../agent/booting/boot-record.ts'
import type { AgentPorts, Clock, HealthVerdict, SlotName } from '../../agent/ports.ts'
import { agentDefaults } from '../../agent/settings/agent-defaults.ts'
import { componentFolder, imagePath, openComponent, recordPath } from '../../agent/storage/slot-folder.ts'
import { parseSlotRecord, startSlot } from '../../agent/storage/slot-record.ts'
import { type DeviceId, deviceId } from '../../proto/ids.ts'
import { encodeHello, readHello } from '../../proto/messages.ts'
import type { DeviceEnding, DeviceLook } from '../checkers/checker.ts'
import { type CutFlavour, SimulatedDisk, unlimitedBytes } from '../faults/simulated-disk.ts'
import { type AgentCharacter, calmed, ownerOf } from './agent-character.ts'
import { AgentLink } from './agent-link.ts'
import { classId, trustBytes } from './artifacts.ts'
import type { Reachable } from './course.ts'
import { DeviceJournal } from './journal.ts'
import { decodedFrame } from './patch-frames.ts'
import type { Seed } from './seed.ts'
import type { Stage } from './stage.ts'
import type { Wire } from './wire.ts'

export interface DeviceSurroundings {
  readonly stage: Stage
  readonly wire: Wire
  readonly factory: Uint8Array
  /** A planted mistake in the ports of an agent. */
  readonly patch: (ports: AgentPorts, device: DeviceId) => AgentPorts
  /** It runs this image from now on, or has said so. */
  readonly looked: (look: DeviceLook) => void
}

const dataDir = '/data'
const component = 'main'
const folder = componentFolder(dataDir, component)
const configurationPath = '/etc/device.json'
const foreignDigest = 'ee'.repeat(32)
const silent = { debug() {}, info() {}, warn() {}, error() {} }

export class WorldDevice implements Reachable {
  readonly id: DeviceId
  readonly #world: DeviceSurroundings
  /** What happens to it, and the numbers its agent draws. */
  readonly #fate: Seed
  readonly #luck: Seed
  readonly #disk = new SimulatedDisk()
  readonly #journal: DeviceJournal
  #character: AgentCharacter
  #link: AgentLink | undefined
  #running: SlotName | undefined
  #bootId: string
  #seen:
    | { readonly revision: number; readonly slot: SlotName | undefined; readonly look: DeviceLook | undefined }
    | undefined
  /** Grows with every start of the program, and when it ends. */
  #program = 0
  #powered = false
  #inReach = false
  #clockOffsetMs = 0

  constructor(name: string, world: DeviceSurroundings, seed: Seed, character: AgentCharacter) {
    this.id = deviceId(name)
    this.#world = world
    this.#fate = seed.fork('fate')
    this.#luck = seed.fork('luck')
    this.#character = character
    this.#bootId = this.#fate.hex(16)
    this.#journal = new DeviceJournal(this.#disk, this.#fate.hex(8), event => {
      const { content, eventNumber } = event
      world.stage.tell(`${name} told ${content.kind === 'code' ? content.code : content.step} (${eventNumber})`)
      world.stage.acknowledged(this.id, event)
    })
    this.#disk.place('/factory/main', world.factory)
    this.#disk.place(configurationPath, Buffer.from('{"interval":60}'))
    this.#disk.place(`${dataDir}/journal/kept`, Buffer.alloc(0))
  }

  get online(): boolean {
    return this.#link?.isUp === true
  }

  get seen(): AgentCharacter['seen'] {
    return this.#character.seen
  }

  get isOn(): boolean {
    return this.#powered
  }

  wake(): void {
    if (this.#character.asleep) return
    this.#inReach = true
    if (this.#program === 0) this.#powerOn()
    else this.#link?.wake()
  }

  sleep(noticedAfterMs: number): void {
    this.#inReach = false
    this.#link?.break(noticedAfterMs)
  }

  calm(): void {
    this.#character = calmed(this.#character)
    this.#clockOffsetMs = 0
    this.#disk.armCut(undefined)
    this.makeRoom()
  }

  /** The power goes now. */
  cutPower(): void {
    if (!this.#powered || this.#program === 0) return
    this.#world.stage.faults.fired('power cut')
    this.#disk.turnOff()
    this.#powerGone()
  }

  /** Its disk takes so many bytes more, and its journal perhaps nothing. */
  fill(bytesLeft: number, journalToo: boolean): void {
    this.#world.stage.faults.fired('device full')
    this.#disk.capacityBytes = this.#disk.usedBytes + bytesLeft
    this.#journal.full = journalToo
  }

  makeRoom(): void {
    this.#disk.capacityBytes = unlimitedBytes
    this.#journal.full = false
  }

  jumpClock(byMs: number): void {
    this.#world.stage.faults.fired('device clock set')
    this.#clockOffsetMs += byMs
  }

  /** For the end: everything it was to do is done, and everything it had to say is said. */
  ending(): DeviceEnding {
    const { outbox, memory } = this.#journal.kept
    const idle = memory === undefined || (memory.state.kind === 'idle' && memory.command === undefined)
    const busy = idle ? undefined : (memory.command?.kind ?? memory.state.kind)
    return { device: this.id, outboxCount: outbox.length, busy, wasSeen: this.#program > 0 }
  }

  /** Nothing left to do or to say. */
  get isDone(): boolean {
    const { outboxCount, busy, wasSeen } = this.ending()
    return !wasSeen || (outboxCount === 0 && busy === undefined)
  }

  /** What runs and what is committed, by the bytes on the disk; undefined before the first start. */
  look(): DeviceLook | undefined {
    const { revision } = this.#disk
    if (this.#seen?.revision !== revision || this.#seen.slot !== this.#running)
      this.#seen = { revision, slot: this.#running, look: this.#lookAnew() }
    return this.#seen.look
  }

  #lookAnew(): DeviceLook | undefined {
    const bytes = this.#disk.contentOf(recordPath(folder))
    if (bytes === undefined) return undefined
    const record = parseSlotRecord(bytes, recordPath(folder))
    const content = (slot: SlotName) => {
      const version = record.slots[slot]?.version ?? 'nothing'
      return { version, digest: this.#disk.digestOf(imagePath(folder, slot)) ?? 'nothing' }
    }
    const { inPlace, lies } = this.#character
    const committed = content(record.active)
    const running = inPlace ? record.active : (this.#running ?? record.active)
    return {
      device: this.id,
      running: running === record.active ? committed : content(running),
      committed,
      onTrial: record.trial !== null,
      lies: lies > 0,
    }
  }

  // ---- power and boot -------------------------------------------------------------------------

  #powerOn(): void {
    this.#powered = true
    this.#bootId = this.#fate.hex(16)
    this.#startLater()
  }

  #startLater(): void {
    this.#program += 1
    const program = this.#program
    this.#world.stage.clock.after(this.#fate.whole(1000, this.#character.bootMostMs), () => {
      if (this.#powered && this.#program === program) this.#start()
    })
  }

  #powerGone(): void {
    const { stage } = this.#world
    this.#powered = false
    this.#program += 1
    this.#link?.break(this.#fate.whole(0, 90_000))
    const torn = this.#fate.chance(this.#character.torn)
    const flavour: CutFlavour = torn ? this.#fate.pick(['prefix', 'reordered']) : 'nothing'
    const journalLost = this.#fate.chance(this.#character.journalLost)
    stage.tell(`${this.id} has no power${torn ? `, ${flavour}` : ''}${journalLost ? ', its journal is lost' : ''}`)
    stage.clock.after(this.#fate.whole(1000, 600_000), () => {
      const kept = this.#disk.restore(flavour, () => this.#fate.fraction())
      if (torn && kept > 0) stage.faults.fired('flash torn')
      if (journalLost) {
        stage.faults.fired('journal lost')
        this.#journal.lose(this.#fate.hex(8))
      }
      this.#powerOn()
    })
  }

  /** The program ends; what it has not synced stays in the cache of the machine. */
  #restart(wholeDevice: boolean): void {
    this.#link?.break(this.#fate.whole(0, 90_000))
    if (wholeDevice) this.#bootId = this.#fate.hex(16)
    this.#startLater()
  }

  #start(): void {
    this.#program += 1
    const program = this.#program
    const alive = (): boolean => this.#powered && this.#program === program
    const cut = this.#fate.chance(this.#character.cutInWrite)
      ? { change: this.#fate.whole(1, 80), share: this.#fate.pick([0, this.#fate.fraction(), 1]) }
      : undefined
    this.#disk.armCut(cut, () => {
      this.#world.stage.faults.fired('power cut in a write')
      this.#powerGone()
    })
    this.#boot(alive).catch((error: Error) => {
      if (!alive()) return
      if (this.#disk.capacityBytes >= unlimitedBytes)
        this.#world.stage.violated('devices', `${this.id} did not start: ${error.message}`)
      // Its supervisor tries again.
      this.#startLater()
    })
  }

  async #boot(alive: () => boolean): Promise<void> {
    const { stage, looked, patch } = this.#world
    const disk = this.#disk.portWhile(alive)
    await openComponent(disk, folder, { version: '1.0.0', image: '/factory/main' })
    const { inPlace } = this.#character
    this.#running = inPlace ? undefined : startSlot((await prepareStart(disk, folder)).record)
    const look = this.look()
    if (look !== undefined) looked(look)
    stage.tell(`${this.id} starts ${look?.running.version}${look?.onTrial ? ' on trial' : ''}`)
    if (look?.onTrial && this.#fate.chance(this.#character.crashes)) {
      stage.faults.fired('image crashed')
      stage.clock.after(this.#fate.whole(1, 5000), () => alive() && this.#restart(false))
      return
    }
    const clock = this.#clockOf(alive)
    const restart = inPlace ? 'none' : 'image'
    const slots = { component, dataDir, restart, storageBytesMax: undefined, runningSlot: this.#running } as const
    const configuration = {
      file: configurationPath,
      check: undefined,
      checkTimeoutMs: 1000,
      secrets: [],
      environment: {},
    }
    const random = { fraction: () => this.#luck.fraction(), bytes: (count: number) => this.#luck.bytes(count) }
    const link = this.#linkOf(clock, random, alive)
    const ports: AgentPorts = {
      clock,
      random,
      log: silent,
      journal: this.#journal.port(alive),
      link,
      installers: [new SlotsFiles(disk, slots)],
      payloads: new PayloadFile(disk, { dataDir }),
      patches: {
        decode: async (frame, base, outputBytes) => {
          const output = decodedFrame(frame, base, outputBytes)
          stage.saw(output === undefined ? 'frame of a patch refused' : 'frame of a patch decoded')
          return output
        },
      },
      authorization: ownerOf(this.#fate, () => this.#character.doubts, stage.faults),
      health: { check: async () => this.#health() },
      reboot: {
        restart: () => alive() && this.#restart(false),
        device: async () => {
          if (alive()) this.#restart(true)
          return new Promise<never>(() => {})
        },
      },
      configuration: new ConfigurationFile(disk, clock, silent, configuration),
    }
    const agent = await Agent.open(patch(ports, this.id), this.#settings())
    if (!alive()) return
    await agent.start()
  }

  #settings(): AgentSettings {
    const { vendorId, packetBytesMax } = this.#character
    return {
      ...agentDefaults,
      deviceId: this.id,
      vendorId,
      classId,
      agentVersion: '0.1.0',
      trust: trustBytes,
      packetBytesMax,
      windowBytes: 8192,
      bootId: this.#bootId,
    }
  }

  #clockOf(alive: () => boolean): Clock {
    const { clock } = this.#world.stage
    return {
      wallMs: () => clock.startMs + Math.floor(clock.trueMs) + this.#clockOffsetMs,
      monotonicMs: () => clock.trueMs,
      after: (delayMs, run) => ({ cancel: clock.after(delayMs, () => alive() && run()) }),
    }
  }

  #linkOf(clock: Clock, random: AgentPorts['random'], alive: () => boolean): AgentLink {
    const { stage, wire, looked } = this.#world
    this.#link = new AgentLink({
      wire,
      clock,
      random,
      device: this.id,
      bytesPerSecond: this.#character.bytesPerSecond,
      alive,
      inReach: () => this.#inReach,
      hello: bytes => this.#helloSaid(bytes),
      said: hello => {
        const look = this.look()
        if (look !== undefined) looked(look)
        const { version, digest } = hello.components[0] ?? {}
        stage.tell(`hello of ${this.id}, ${version} ${digest?.slice(0, 8)}, outbox ${hello.outboxEventCount}`)
      },
    })
    return this.#link
  }

  #helloSaid(bytes: Uint8Array): Uint8Array {
    if (!this.#fate.chance(this.#character.lies)) return bytes
    this.#world.stage.faults.fired('lying digest')
    const hello = readHello(bytes)
    return encodeHello({ ...hello, components: hello.components.map(each => ({ ...each, digest: foreignDigest })) })
  }

  #health(): HealthVerdict {
    if (!this.#fate.chance(this.#character.unhealthy)) return { healthy: true }
    this.#world.stage.faults.fired('unhealthy trial')
    return { healthy: false, reason: 'exit-1' }
  }
}
