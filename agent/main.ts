// The composition root of the agent: opens what it needs from the bottom up, runs until it is told to end, closes from
// the top down. An image ends in `exec "$DROVER_NODE" "$DROVER_AGENT"`, so boot's environment says what is to be done.
//
//   config ─▶ slots ─▶ journal ─▶ link ─▶ agent        ends by: SIGTERM, SIGINT, boot gone, restart wanted
import { realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { envelopeBytesMax } from '../proto/limits.ts'
import { ConfigurationFile } from './adapters/configuration-file.ts'
import { alwaysHealthy, HealthCommand } from './adapters/health-command.ts'
import { LevelJournal } from './adapters/level-journal/level-journal.ts'
import { MqttLink } from './adapters/mqtt/mqtt-link.ts'
import { ProgramsFolder } from './adapters/programs-folder.ts'
import { SlotsFiles } from './adapters/slots-files/slots-files.ts'
import { systemClock } from './adapters/system-clock.ts'
import { systemRandom } from './adapters/system-random.ts'
import { askForReboot, systemBootId } from './adapters/system-reboot.ts'
import { Agent } from './agent.ts'
import { type AgentConfig, ConfigError, configHelp, readConfig, readPassword } from './config.ts'
import { StoredThingCorrupt } from './errors.ts'
import type { CommandHandlers } from './handlers/command-handler.ts'
import type { AgentPorts, Log, SlotName } from './ports.ts'
import { componentFolder, openComponent } from './slot-folder.ts'
import { SlotRecordCorrupt } from './slot-record.ts'

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
  /** Lets a host or a test put something around a port before it is used. */
  readonly wrapPorts?: (ports: AgentPorts) => AgentPorts
  /** Types of commands of the host's own. */
  readonly handlers?: CommandHandlers
}

/** Runs one agent; resolves when it was told to end and everything is closed. Throws what opening throws. */
export async function run(options: RunOptions): Promise<void> {
  const { config, log, stop } = options
  const opened: (() => Promise<void>)[] = []
  try {
    for (const { name, version, image } of config.components)
      await openComponent(componentFolder(config.dataDir, name), { version, image })
    const slots = new SlotsFiles({
      dataDir: config.dataDir,
      components: config.components,
      storageBytesMax: config.storageBytesMax,
      runningSlot: options.runningSlot,
    })
    opened.push(() => slots.close())
    const journal = await LevelJournal.open(join(config.dataDir, 'journal'), systemRandom, systemClock)
    opened.push(() => journal.close())
    const basics = { clock: systemClock, random: systemRandom, log }
    const link = new MqttLink(basics, {
      deviceId: config.deviceId,
      host: config.host,
      port: config.port,
      username: config.username,
      password: await readPassword(config),
      // A manifest comes in one packet however small the pieces of chunks have to be.
      receiveBytesMax: Math.max(config.packetBytesMax, envelopeBytesMax + 4096),
      reconnect: config.reconnect,
    })
    opened.push(() => link.close())
    const health =
      config.health === undefined
        ? alwaysHealthy
        : new HealthCommand(systemClock, log, { ...config.health, environment: options.environment })

    let ended = (): void => {}
    const end = new Promise<void>(resolve => {
      ended = resolve
    })
    const { environment } = options
    const { rebootCommand } = config
    const reboot = {
      restart(reason: string): void {
        log.info({ event: 'restart', reason }, 'ending, so that boot starts what the slot records say')
        ended()
      },
      async device(): Promise<string | undefined> {
        if (rebootCommand !== undefined) return askForReboot(rebootCommand, environment, systemClock)
        reboot.restart('ordered')
        return undefined
      },
    }
    const bootId = rebootCommand === undefined ? undefined : await systemBootId()
    const ports: AgentPorts = {
      ...basics,
      journal,
      link,
      slots,
      health,
      reboot,
      ...(config.configuration && {
        configuration: new ConfigurationFile(systemClock, log, { ...config.configuration, environment }),
      }),
      ...(config.commands && { programs: new ProgramsFolder(systemClock, { ...config.commands, environment }) }),
    }
    const agent = await Agent.open(options.wrapPorts?.(ports) ?? ports, {
      deviceId: config.deviceId,
      vendorId: config.vendorId,
      classId: config.classId,
      agentVersion,
      trust: await trustDocument(config, log),
      packetBytesMax: config.packetBytesMax,
      windowBytes: config.windowBytes,
      chunkRetriesMax: config.chunkRetriesMax,
      refetchMax: config.refetchMax,
      chunkTimeoutMs: config.chunkTimeoutMs,
      startsMax: config.watchdog.startsMax,
      downloadLimitMs: config.downloadLimitMs,
      ...(bootId === undefined ? {} : { bootId }),
      ...(options.handlers === undefined ? {} : { handlers: options.handlers }),
    })
    opened.push(() => agent.stop())
    stop.addEventListener('abort', ended, { once: true })
    if (stop.aborted) ended()
    log.info({ event: 'started', slot: options.runningSlot, agentVersion }, 'agent started')
    await agent.start()
    await end
  } finally {
    await closeAll(opened, log)
  }
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

/** The process: environment and signals in, exit code out. `wrapPorts` as in RunOptions. */
export async function main(wrapPorts?: RunOptions['wrapPorts']): Promise<never> {
  let code = 0
  try {
    const { values } = parseArgs({ options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
    const file = values.config ?? process.env.DROVER_CONFIG
    if (values.help || file === undefined) {
      process.stdout.write(configHelp())
      process.exit(values.help ? 0 : 2)
    }
    const config = await readConfig(file)
    const { DROVER_SLOT: slot, DROVER_PARENT_FD: parent } = process.env
    await run({
      config,
      runningSlot: slot === 'a' || slot === 'b' ? slot : undefined,
      environment: process.env,
      log: logger(config),
      stop: endOfProcess(parent),
      ...(wrapPorts === undefined ? {} : { wrapPorts }),
    })
  } catch (error) {
    code = exitCodeOf(error)
    const { message, stack } = error as Error
    process.stderr.write(`drover-agent: ${code === 1 ? stack : message}\n`)
  }
  process.exit(code)
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return 2
  return error instanceof StoredThingCorrupt || error instanceof SlotRecordCorrupt ? 3 : 1
}

/** Aborted by SIGTERM, SIGINT, and by the end of boot: two agents on one journal would be worse than none. */
function endOfProcess(parentDescriptor: string | undefined): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort())
  if (parentDescriptor !== undefined) {
    const parent = new Socket({ fd: Number(parentDescriptor), readable: true, writable: false })
    // Boot never writes; the pipe ends when boot does, however it ended.
    parent.on('error', () => stop.abort())
    parent.on('close', () => stop.abort())
    parent.resume().unref()
  }
  return stop.signal
}

/** To standard error: standard output belongs to the image. */
function logger({ logLevel, deviceId }: AgentConfig): Log {
  return pino(
    {
      level: logLevel,
      base: { name: 'agent', device: deviceId },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: ['password', '*.password'],
    },
    pino.destination({ dest: 2, sync: true }),
  )
}

const started = process.argv[1]
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) await main()
