// From the configuration to the installers of the device, one for each component, and to whoever is asked before an
// update: the choice among the adapters, part of what main.ts puts together.
import { join } from 'node:path'
import { BootEnvironment } from './adapters/boot-environment.ts'
import { HookAuthorization } from './adapters/hooks-exec/hook-authorization.ts'
import { HookInstaller } from './adapters/hooks-exec/hook-installer.ts'
import { type HookName, HookPrograms, hookProblems } from './adapters/hooks-exec/hook-programs.ts'
import { PackageInstaller } from './adapters/package/package-installer.ts'
import { Partitions } from './adapters/partitions.ts'
import { SingleFile } from './adapters/single-file.ts'
import { SlotsFiles } from './adapters/slots-files/slots-files.ts'
import { AskedInTurn, alwaysAuthorized, MaintenanceWindow, onlyAbout } from './authorization.ts'
import type { Authorization, Clock, Disk, Installer, Log, SlotName } from './ports.ts'
import { type ComponentConfig, slotFolderComponents } from './settings/component-config.ts'
import { type AgentConfig, ConfigError } from './settings/config.ts'
import { componentFolder, imagePath, openComponent } from './storage/slot-folder.ts'

export interface InstallersOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly log: Log
  /** The slot boot started this process from; undefined when it was not boot. */
  readonly runningSlot: SlotName | undefined
  /** What the programs of the device get. */
  readonly environment: NodeJS.ProcessEnv
  /** Another one in each boot of the whole device. */
  readonly bootId: string
  /** Aborted when the agent ends. */
  readonly stop: AbortSignal
}

/**
 * Opens the installer of every component, in the order of the configuration; the caller closes them. Throws ConfigError
 * for programs that cannot be run, SlotRecordCorrupt, StorageReadFailed, StorageWriteFailed, StoredThing….
 */
export async function openInstallers(config: AgentConfig, options: InstallersOptions): Promise<readonly Installer[]> {
  await lookAtHooks(config)
  for (const { name, version, image } of slotFolderComponents(config.components))
    await openComponent(options.disk, componentFolder(config.dataDir, name), { version, image })
  const opened = new Map<string, Installer>()
  // A package works over the installers of its members.
  const isPackage = ({ installer }: ComponentConfig): number => (installer.kind === 'package' ? 1 : 0)
  try {
    for (const component of [...config.components].sort((one, other) => isPackage(one) - isPackage(other)))
      opened.set(component.name, await opener(component, config, options, opened))
    return config.components.flatMap(({ name }) => opened.get(name) ?? [])
  } catch (error) {
    // That one of the others does not close is no news after the first error.
    await Promise.allSettled([...opened.values()].map(installer => installer.close()))
    throw error
  }
}

/** The maintenance window first, then the programs for all components, then those of the component itself. */
export function openAuthorization(config: AgentConfig, options: InstallersOptions): Authorization {
  const { authorization, maintenance, components } = config
  const asked: Authorization[] = []
  if (maintenance.windows.length > 0) asked.push(new MaintenanceWindow(options.clock, maintenance))
  if (authorization !== undefined)
    asked.push(new HookAuthorization(new HookPrograms(options, { ...options, ...authorization })))
  for (const { name, installer } of components)
    if (installer.kind === 'hooks') {
      const settings = { folder: installer.folder, timeoutMs: authorization?.timeoutMs ?? authorizationMs }
      const programs = new HookPrograms(options, { ...settings, environment: options.environment })
      asked.push(onlyAbout(name, new HookAuthorization(programs)))
    }
  return asked.length === 0 ? alwaysAuthorized : new AskedInTurn(asked)
}

const authorizationMs = 30_000
const neededHooks: readonly HookName[] = ['install', 'rollback']

async function lookAtHooks({ authorization, components }: AgentConfig): Promise<void> {
  const problems: string[] = []
  if (authorization !== undefined)
    for (const problem of await hookProblems(authorization.folder, []))
      problems.push(`authorization.folder: ${problem}`)
  for (const { name, installer } of components)
    if (installer.kind === 'hooks')
      for (const problem of await hookProblems(installer.folder, neededHooks))
        problems.push(`components: hooks of ${name}: ${problem}`)
  if (problems.length > 0) throw new ConfigError('the configuration', problems)
}

async function opener(
  { name: component, version, image, reboot, installer }: ComponentConfig,
  { dataDir, storageBytesMax, components }: AgentConfig,
  options: InstallersOptions,
  opened: ReadonlyMap<string, Installer>,
): Promise<Installer> {
  const { disk, clock, environment, bootId, stop, runningSlot } = options
  const folder = componentFolder(dataDir, component)
  const slots = (restart: 'image' | 'none'): Installer =>
    new SlotsFiles(disk, { component, dataDir, restart, storageBytesMax, runningSlot })
  switch (installer.kind) {
    case 'slots':
      return slots(reboot ? 'image' : 'none')
    case 'file': {
      const { file, mode, reload, timeoutMs } = installer
      const program = reload === undefined ? undefined : { command: reload, timeoutMs }
      const common = { component, folder, version, image, storageBytesMax, environment }
      return SingleFile.open(options, { ...common, file, mode, reload: program })
    }
    case 'hooks': {
      const programs = new HookPrograms(options, { ...installer, environment })
      return HookInstaller.open(
        { ...options, programs, staging: slots('none') },
        {
          restart: installer.restart,
          notePath: join(folder, 'hooks.json'),
          imagePath: slot => imagePath(folder, slot),
          bootId,
          stop,
        },
      )
    }
    case 'partitions': {
      const { a, b, imageBytes, bootloader } = installer
      const bootLoader = new BootEnvironment(disk, clock, { ...bootloader, environment })
      return Partitions.open(
        { ...options, bootLoader },
        { component, folder, partitions: { a, b }, version, imageBytes },
      )
    }
    case 'package': {
      const inPartitions = components.filter(({ installer }) => installer.kind === 'partitions')
      const membersElsewhere = inPartitions.map(({ name }) => name)
      return PackageInstaller.open(
        disk,
        installer.members.flatMap(name => opened.get(name) ?? []),
        { component, folder, version, storageBytesMax, membersElsewhere },
      )
    }
  }
}
