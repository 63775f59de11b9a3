// One agent from its configuration: opens what it needs from the bottom up, runs until it is told to end, closes from the
// top down. The program (main.ts) and hosts that embed the agent (library.ts) both come here; what belongs to the process
// they pass in.
//
//   config ─▶ installers ─▶ journal ─▶ link ─▶ onlookers ─▶ agent        ends by: `stop`, or a restart that is wanted
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { envelopeBytesMax } from '../proto/limits.ts'
import { ConfigurationFile } from './adapters/configuration-file.ts'
import { alwaysHealthy, HealthCommand } from './adapters/health-command.ts'
import { LevelJournal } from './adapters/level-journal/level-journal.ts'
import { MqttLink } from './adapters/mqtt/mqtt-link.ts'
import { ProgramsFolder } from './adapters/programs-folder.ts'
import { Readiness } from './adapters/readiness.ts'
import { keepRecentLog, restoreRecentLog } from './adapters/recent-log-file.ts'
import { ReportKeyFile } from './adapters/report-key-file.ts'
import { PayloadFile } from './adapters/slots-files/payload-file.ts'
import { StatusFiles } from './adapters/status-files.ts'
import { systemClock } from './adapters/system-clock.ts'
import { systemDisk } from './adapters/system-disk.ts'
import { systemRandom } from './adapters/system-random.ts'
import { askForReboot, systemBootId } from './adapters/system-reboot.ts'
import { ZstdPatches } from './adapters/zstd-delta.ts'
import { Agent } from './agent.ts'
import { RenewingLink } from './certificate-renewal.ts'
import { openDeviceCertificate } from './device-certificate.ts'
import { AgentError } from './errors.ts'
import type { CommandHandlers } from './handlers/command-handler.ts'
import { openAuthorization, openInstallers } from './installers.ts'
import type { LogRing } from './log-ring.ts'
import type { Observer } from './observer.ts'
import type { AgentPorts, Link, Log, Reboot, ReportSigner, SlotName } from './ports.ts'
import { processStartOf } from './process-facts.ts'
import { type AgentConfig, readPassword } from './settings/config.ts'

export const agentVersion = '0.1.0'

export interface RunOptions {
  readonly config: AgentConfig
  /** The slot boot started this process from; undefined when it was not boot. */
  readonly runningSlot: SlotName | undefined
  /** What the programs of the device get: health command, check of the configuration, named commands, reboot. */
  readonly environment: NodeJS.ProcessEnv
  readonly log: Log
  /** Aborting it ends the agent in order. */
  readonly stop: AbortSignal
  /** What `log` writes to beside its destination; absent: no log is sent after a failure. */
  readonly recentLog?: LogRing
  /** Of the process the agent runs in; absent: it keeps no status files and tells nobody that it is ready. */
  readonly process?: ProcessFacts
  /** Lets a host or a test put something around a port before it is used. */
  readonly wrapPorts?: (ports: AgentPorts) => AgentPorts
  /** Types of commands of the host's own. */
  readonly handlers?: CommandHandlers
  /** Signs the reports of this device in place of a key file: a secure element, say. */
  readonly reportSigner?: ReportSigner
}

export interface ProcessFacts {
  readonly pid: number
  readonly memory: () => { readonly rssBytes: number; readonly heapBytes: number }
}

/** Runs one agent; resolves when it was told to end and everything is closed. Throws what opening throws. */
export async function run(options: RunOptions): Promise<void> {
  const { config, log, stop, recentLog } = options
  const opened: (() => Promise<void>)[] = []
  try {
    if (recentLog !== undefined) {
      const path = join(config.dataDir, 'recent-log')
      await restoreRecentLog(systemDisk, path, recentLog, log)
      opened.push(() => keepRecentLog(systemDisk, path, recentLog, log))
    }
    const end = endOf(stop)
    const ports = await openPorts(options, end.reached, opened)
    const bootId = config.rebootCommand === undefined ? undefined : await systemBootId()
    const agent = await Agent.open(options.wrapPorts?.(ports) ?? ports, {
      ...config,
      agentVersion,
      trust: await trustDocument(config, log),
      startsMax: config.watchdog.startsMax,
      ...(bootId === undefined ? {} : { bootId }),
      ...(options.handlers === undefined ? {} : { handlers: options.handlers }),
    })
    opened.push(() => agent.stop())
    log.info({ event: 'started', slot: options.runningSlot, agentVersion }, 'agent started')
    await agent.start()
    await end.wait
  } finally {
    await closeAll(opened, log)
  }
}

/** `ended` ends the run. What is opened adds its end to `opened`. */
async function openPorts(options: RunOptions, ended: () => void, opened: (() => Promise<void>)[]): Promise<AgentPorts> {
  const { config, log, recentLog } = options
  const environment = ofPrograms(options.environment)
  const basics = { clock: systemClock, random: systemRandom, log }
  const bootId = (await systemBootId()) ?? Buffer.from(systemRandom.bytes(16)).toString('hex')
  const surroundings = { ...basics, disk: systemDisk, bootId, environment, stop: options.stop }
  const installerOptions = { ...surroundings, runningSlot: options.runningSlot }
  const installers = await openInstallers(config, installerOptions)
  for (const installer of installers) opened.push(() => installer.close())
  const journal = await LevelJournal.open(join(config.dataDir, 'journal'), systemRandom, systemClock)
  opened.push(() => journal.close())
  const link = await openLink(config, basics)
  opened.push(() => link.close())
  return {
    ...basics,
    journal,
    link,
    installers,
    payloads: new PayloadFile(systemDisk, config),
    patches: new ZstdPatches(),
    authorization: openAuthorization(config, installerOptions),
    health:
      config.health === undefined
        ? alwaysHealthy
        : new HealthCommand(systemClock, log, { ...config.health, environment }),
    reboot: rebootOf(options, ended),
    ...(config.configuration && {
      configuration: new ConfigurationFile(systemDisk, systemClock, log, { ...config.configuration, environment }),
    }),
    ...(config.commands && { programs: new ProgramsFolder(systemClock, { ...config.commands, environment }) }),
    ...(await openObserver(options, opened)),
    ...(recentLog === undefined ? {} : { recentLog }),
    ...(await openReportKey(options)),
  }
}

/** Without a usable key the device goes on unsigned; it never takes another key than the one it has. */
async function openReportKey({ config, log, reportSigner }: RunOptions): Promise<Pick<AgentPorts, 'reportSigner'>> {
  if (reportSigner !== undefined) return { reportSigner }
  const { reportKeyFile, dataDir } = config
  try {
    if (reportKeyFile !== undefined) return { reportSigner: await ReportKeyFile.open(systemDisk, reportKeyFile) }
    return { reportSigner: await ReportKeyFile.open(systemDisk, join(dataDir, 'report-key.pem'), systemRandom) }
  } catch (err) {
    if (!(err instanceof AgentError)) throw err
    log.error({ event: 'report-key-absent', err }, 'no report key: a broker that knows one believes no success')
    return {}
  }
}

async function openLink(config: AgentConfig, basics: Pick<AgentPorts, 'clock' | 'random' | 'log'>): Promise<Link> {
  const { deviceId, host, port, tls, username, reconnect } = config
  const keeper = await openDeviceCertificate(config, basics.log)
  const link = new MqttLink(basics, {
    ...{ deviceId, host, port, username, reconnect },
    ...(tls === undefined ? {} : { tls: { ...tls, ...(keeper === undefined ? {} : { keeper }) } }),
    password: await readPassword(config),
    // A manifest comes in one packet however small the pieces of chunks have to be.
    receiveBytesMax: Math.max(config.packetBytesMax, envelopeBytesMax + 4096),
  })
  if (keeper === undefined || tls?.renewAt === undefined) return link
  return new RenewingLink({ link, keeper, ...basics, share: tls.renewAt })
}

/** The service manager is told by the agent alone. */
function ofPrograms({ NOTIFY_SOCKET: _, ...environment }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return environment
}

function rebootOf(options: RunOptions, ended: () => void): Reboot {
  const { log } = options
  const { rebootCommand } = options.config
  const restart = (reason: string): void => {
    log.info({ event: 'restart', reason }, 'ending, so that boot starts what the slot records say')
    ended()
  }
  return {
    restart,
    async device(): Promise<string | undefined> {
      if (rebootCommand !== undefined) return askForReboot(rebootCommand, ofPrograms(options.environment), systemClock)
      restart('ordered')
      return undefined
    },
  }
}

async function openObserver(
  { config, log, environment, process }: RunOptions,
  opened: (() => Promise<void>)[],
): Promise<{ readonly observer?: Observer }> {
  if (process === undefined) return {}
  const { pid, memory } = process
  const ports = { clock: systemClock, log, disk: systemDisk }
  const { dataDir, deviceId: device, host, port, readyFile: file } = config
  const [processStart, bootId] = await Promise.all([processStartOf(pid), systemBootId()])
  const broker = `${host}:${port}`
  const status = await StatusFiles.open(ports, {
    ...{ dataDir, device, broker, agentVersion, pid, processStart, bootId, memory },
  })
  opened.push(() => status.close())
  const readiness = await Readiness.open(ports, { file, environment, pid })
  opened.push(() => readiness.close())
  return {
    observer: {
      changed(view) {
        status.changed(view)
        readiness.changed(view)
      },
      happened: happenings => status.happened(happenings),
    },
  }
}

function endOf(stop: AbortSignal): { readonly wait: Promise<void>; readonly reached: () => void } {
  let reached = (): void => {}
  const wait = new Promise<void>(resolve => {
    reached = resolve
  })
  stop.addEventListener('abort', reached, { once: true })
  if (stop.aborted) reached()
  return { wait, reached }
}

/** Last opened, first closed; one that fails does not keep the others open. */
async function closeAll(opened: readonly (() => Promise<void>)[], log: Log): Promise<void> {
  for (const close of [...opened].reverse())
    try {
      await close()
    } catch (err) {
      log.error({ event: 'close-failed', err }, 'closing failed')
    }
}

/** Undefined when the device was given none: it then refuses every offer with UPD4_FAIL_44. */
async function trustDocument({ trustFile }: AgentConfig, log: Log): Promise<Uint8Array | undefined> {
  try {
    return await readFile(trustFile)
  } catch (err) {
    log.error({ event: 'trust-absent', trustFile, err }, 'no trust document: every offer will be refused')
    return undefined
  }
}
