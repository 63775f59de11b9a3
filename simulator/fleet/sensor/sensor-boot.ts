// One start of a virtual sensor: what boot does with the slot records, and the ports its agent gets for this run.
import { alwaysHealthy } from '../../../agent/adapters/health-command.ts'
import { PackageInstaller } from '../../../agent/adapters/package/package-installer.ts'
import { PayloadFile } from '../../../agent/adapters/slots-files/payload-file.ts'
import { alwaysAuthorized } from '../../../agent/authorization.ts'
import { giveUpTrial, prepareStart } from '../../../agent/booting/boot-record.ts'
import type { Observer } from '../../../agent/observer.ts'
import type { AgentPorts, Authorization, Clock, Disk, Installer, Link, Log, SlotName } from '../../../agent/ports.ts'
import { agentDefaults } from '../../../agent/settings/agent-defaults.ts'
import { componentFolder, imagePath, readSlotRecord } from '../../../agent/storage/slot-folder.ts'
import { otherSlot, startSlot } from '../../../agent/storage/slot-record.ts'
import { envelopeBytesMax } from '../../../proto/limits.ts'
import type { Seed } from '../../world/seed.ts'
import type { DeviceProfile, SensorPlan } from '../plan.ts'
import { dataDir } from './factory.ts'
import type { Doing } from './faults.ts'
import { LightLink, type LightLinkSettings, type LinkWatch } from './light-link.ts'
import type { LineTap } from './line.ts'
import { latency } from './line-faults.ts'
import type { MemoryJournal } from './memory-journal.ts'
import type { Content } from './piece-pool.ts'
import type { SensorShared } from './shared.ts'
import type { Power, VirtualDisk } from './virtual-disk.ts'
import { VirtualSlots } from './virtual-slots.ts'
import { WatchedMqttLink } from './watched-mqtt-link.ts'

export interface SensorLine {
  readonly link: Link
  /** Undefined with the link of the product. */
  readonly light: LightLink | undefined
  /** Without a goodbye. */
  drop(): void
}

export function sensorLine(parts: {
  readonly plan: SensorPlan
  readonly profile: DeviceProfile
  readonly shared: SensorShared
  readonly doing: Doing
  readonly seed: Seed
  readonly log: Log
  readonly watch: LinkWatch
}): SensorLine {
  const { plan, profile, shared, doing, seed, log, watch } = parts
  const { latencyMs, downBytesPerSecond, offline, telemetry, keepAliveSeconds } = profile
  const far: readonly LineTap[] = latencyMs > 0 ? [latency(latencyMs)] : []
  const settings: LightLinkSettings = {
    ...{ device: plan.device, secret: plan.secret, broker: shared.broker, reconnect: shared.reconnect },
    ...{ keepAliveSeconds, downBytesPerSecond },
    // A manifest comes in one packet however small the pieces of chunks have to be.
    receiveBytesMax: Math.max(agentDefaults.packetBytesMax, envelopeBytesMax + 4096),
    taps: [...(doing.taps ?? []), ...far],
  }
  const isPlain = settings.taps.length === 0 && downBytesPerSecond === undefined && offline === undefined
  const isGood = plan.fault === undefined && telemetry === undefined
  if (shared.client === 'mqtt' && shared.broker.tls === undefined && isPlain && isGood) {
    const link = new WatchedMqttLink(settings, shared.clock, seed, log, watch)
    return { link, light: undefined, drop: () => void link.close() }
  }
  const link = new LightLink(settings, shared.clock, seed, watch)
  return { link, light: link, drop: () => link.drop() }
}

export interface BootParts {
  readonly shared: SensorShared
  readonly profile: DeviceProfile
  readonly doing: Doing
  readonly disk: VirtualDisk
  readonly power: Power
  readonly clock: Clock
  readonly line: SensorLine
  readonly journal: MemoryJournal
  readonly seed: Seed
  readonly log: Log
  readonly observer: Observer
  readonly battery: Authorization | undefined
  readonly restart: () => void
}

export interface Booted {
  readonly ports: AgentPorts
  /** An image was started that nobody has committed yet. */
  readonly onTrial: boolean
  /** Gives it up; false when it was committed meanwhile. */
  giveUp(): Promise<boolean>
}

/** Throws what a boot throws. */
export async function bootSensor(parts: BootParts): Promise<Booted> {
  const { shared, profile, doing, disk, power, clock, line, journal, seed, log, observer, battery, restart } = parts
  const port = disk.port(power)
  const installers: Installer[] = []
  const onTrial: string[] = []
  const inactive: string[] = []
  for (const { name: component, reboot } of profile.components) {
    const folder = componentFolder(dataDir, component)
    const record = reboot ? (await prepareStart(port, folder)).record : await readSlotRecord(port, folder)
    if (record?.trial) onTrial.push(folder)
    if (record !== undefined) inactive.push(`${folder}/${otherSlot(record.active)}/`)
    const runningSlot: SlotName | undefined = record && reboot ? startSlot(record) : undefined
    const restartKind = reboot ? 'image' : 'none'
    const settings = { component, dataDir, restart: restartKind, storageBytesMax: undefined, runningSlot } as const
    installers.push(new VirtualSlots(disk, power, settings, doing.slots, port))
  }
  // Beside the images that run there is so much room for candidates, whatever the size of those that run.
  disk.capacityBytes = disk.usedBytesBut(inactive) + profile.storageBytes
  if (doing.packageName !== undefined) installers.push(await packageOf(port, installers, doing.packageName))
  return {
    ports: {
      ...{ clock, random: seed, log, installers, observer },
      journal: journal.port(power),
      link: line.link,
      payloads: new PayloadFile(port, storage),
      patches: shared.patches,
      ...(profile.signsReports === true ? { reportSigner: shared.reportSigner } : {}),
      authorization: doing.authorization ?? battery ?? alwaysAuthorized,
      health: doing.health ?? alwaysHealthy,
      reboot: {
        restart,
        async device() {
          restart()
          return undefined
        },
      },
    },
    onTrial: onTrial.length > 0,
    async giveUp() {
      const found = await Promise.all(onTrial.map(folder => giveUpTrial(port, folder, 'not-confirmed')))
      return found.some(({ gaveUp }) => gaveUp !== undefined)
    },
  }
}

const storage = { dataDir }

function packageOf(disk: Disk, members: readonly Installer[], component: string): Promise<Installer> {
  const folder = componentFolder(dataDir, component)
  return PackageInstaller.open(disk, members, { component, folder, version: '0.0.0', storageBytesMax: undefined })
}

/** The image a sensor came with, as long as it has installed nothing. */
export function installedContent(disk: VirtualDisk | undefined, component: string): Content | undefined {
  return disk?.contentOf(imagePath(componentFolder(dataDir, component), 'a'))
}
