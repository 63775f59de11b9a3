// The process of the agent: environment and signals in, the log out, an exit code at the end. An image ends in
// `exec "$DROVER_NODE" "$DROVER_AGENT"`, so boot's environment says what is to be done. What runs is run.ts.
//
//   ends by: SIGTERM, SIGINT, boot gone, restart wanted
import './small-heap.ts'
import { realpathSync } from 'node:fs'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { StoredThingCorrupt } from './errors.ts'
import { LogRing } from './log-ring.ts'
import type { Log } from './ports.ts'
import { type ProcessFacts, type RunOptions, run } from './run.ts'
import { type AgentConfig, ConfigError, configHelp, readConfig } from './settings/config.ts'
import { SlotRecordCorrupt } from './storage/slot-record.ts'

/** `wrapPorts` as in RunOptions. */
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
    const recentLog = new LogRing()
    await run({
      config,
      runningSlot: slot === 'a' || slot === 'b' ? slot : undefined,
      environment: process.env,
      log: logger(config, recentLog),
      stop: endOfProcess(parent),
      recentLog,
      process: facts,
      ...(wrapPorts === undefined ? {} : { wrapPorts }),
    })
  } catch (error) {
    code = exitCodeOf(error)
    const { message, stack } = error as Error
    process.stderr.write(`drover-agent: ${code === 1 ? stack : message}\n`)
  }
  process.exit(code)
}

const facts: ProcessFacts = {
  pid: process.pid,
  memory: () => {
    const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage()
    return { rssBytes, heapBytes }
  },
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

/** To standard error, because standard output belongs to the image; and to what may be sent after a failure. */
function logger({ logLevel, deviceId }: AgentConfig, recent: LogRing): Log {
  const standardError = pino.destination({ dest: 2, sync: true })
  const both = {
    write(line: string): void {
      standardError.write(line)
      recent.write(line)
    },
  }
  return pino(
    {
      level: logLevel,
      base: { name: 'agent', device: deviceId },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
      redact: ['password', '*.password'],
    },
    both,
  )
}

const started = process.argv[1]
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) await main()
