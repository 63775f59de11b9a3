#!/usr/bin/env node
// The boot loader of a device that has none: a small parent that reads the slot record, starts the image it names and
// falls back when a new one does not prove itself. It must outlive any image, so its imports reach nothing but Node's
// built-ins and a few plain files of ours (a test walks them). What an update is, it does not know.
//
//   read record ─▶ no starts left? fall back ─▶ on trial? count the start ─▶ start the image ─▶ wait for its end
//        ▲                                                          └ watchdog: kill it, fall back ┐
//        └── at once when the record changed meanwhile (a wanted restart), else after a growing delay ◀┘
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock as clock } from './adapters/system-clock.ts'
import { systemDisk as disk } from './adapters/system-disk.ts'
import { bootLockName } from './booting/boot-lock.ts'
import { existingRecord, giveUpTrial, prepareStart } from './booting/boot-record.ts'
import { type ImageStart, runImage } from './booting/image-process.ts'
import { slotFolderComponents } from './settings/component-config.ts'
import { type AgentConfig, ConfigError, configHelp, readConfig } from './settings/config.ts'
import { componentFolder, imagePath, openComponent } from './storage/slot-folder.ts'
import { type SlotRecord, SlotRecordCorrupt, startSlot } from './storage/slot-record.ts'

const delayLeastMs = 250
const delayMostMs = 30_000

/** Another boot works on the same folder: two of them would count each other's starts. */
class AlreadyRunning extends Error {
  readonly code = 'ALREADY_RUNNING'
}

/** The command line cannot be understood. */
class UsageError extends Error {
  readonly code = 'USAGE'
}

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const words = process.argv.slice(2)
    if (asksSomething(words)) return await ask(words)
    const file = commandLine()
    if (file === undefined) {
      process.stdout.write(configHelp())
      return 0
    }
    const config = await readConfig(file)
    const stop = new AbortController()
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        log('info', 'stopping', { signal })
        stop.abort()
      })
    await lock(config.dataDir)
    await placeInitialImages(config, file)
    await keepRunning(config, file, stop.signal)
    return 0
  } catch (error) {
    const code = exitCodeOf(error)
    const { message, stack } = error as Error
    process.stderr.write(`drover-agent: ${code === 1 ? stack : message}\n`)
    return code
  }
}

/** A word that is neither an option nor the value of one: somebody asks, and nothing is to run. */
function asksSomething(args: string[]): boolean {
  const options = { config: { type: 'string' } } as const
  return parseArgs({ args, options, allowPositionals: true, strict: false }).positionals.length > 0
}

/** What is needed to answer is loaded now, and only now: see the head of this file. */
async function ask(words: string[]): Promise<number> {
  const address = new URL('./verbs/verbs.js', import.meta.url).href
  const { runVerb }: typeof import('./verbs/verbs.ts') = await import(address)
  const { text, exitCode } = await runVerb(words, process.env, clock)
  process.stdout.write(text)
  return exitCode
}

/** The configuration file, or undefined when help is wanted. Throws UsageError. */
function commandLine(): string | undefined {
  try {
    const { values } = parseArgs({ options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
    if (values.help) return undefined
    if (values.config !== undefined) return resolve(values.config)
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause })
  }
  throw new UsageError('expected --config agent.json; --help tells what the file holds')
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError || (error as { code?: unknown }).code === 'USAGE') return 2
  if (error instanceof SlotRecordCorrupt || error instanceof AlreadyRunning) return 3
  return 1
}

async function placeInitialImages(config: AgentConfig, file: string): Promise<void> {
  for (const { name, version, image } of slotFolderComponents(config.components)) {
    try {
      await openComponent(disk, componentFolder(config.dataDir, name), { version, image })
    } catch (cause) {
      const { code, path } = cause as NodeJS.ErrnoException
      if (path !== image) throw cause
      throw new ConfigError(file, [`components: initial image of ${name}: ${image} cannot be read (${code})`], {
        cause,
      })
    }
  }
}

/** Ends after `stop` with the child. Throws SlotRecordCorrupt and the file system's errors. */
async function keepRunning(config: AgentConfig, file: string, stop: AbortSignal): Promise<void> {
  const name = config.components.find(({ reboot }) => reboot)?.name
  const folder = name === undefined ? undefined : componentFolder(config.dataDir, name)
  const agent = fileURLToPath(new URL('./main.js', import.meta.url))
  const environment = { ...process.env, DROVER_NODE: process.execPath, DROVER_AGENT: agent, DROVER_CONFIG: file }
  let failures = 0
  while (!stop.aborted) {
    const before = folder === undefined ? undefined : await toStart(folder)
    const start: ImageStart =
      folder === undefined || before === undefined
        ? // No component is started by boot: the agent is started as it stands.
          { program: process.execPath, arguments: [agent], environment }
        : imageStart(folder, before, environment, config.watchdog.confirmTimeoutMs)
    log('info', 'starting', { program: start.program, ...(before && started(before)) })
    const { how, ranMs, killedByWatchdog } = await runImage(start, clock, stop)
    if (stop.aborted) return
    if (folder !== undefined && killedByWatchdog) told(await giveUpTrial(disk, folder, 'watchdog'))
    const after = folder === undefined ? undefined : await existingRecord(disk, folder)
    if (after?.sequence !== before?.sequence) {
      failures = 0
      log('info', 'restarting', { how })
      continue
    }
    failures = ranMs > delayMostMs ? 1 : failures + 1
    const delayMs = Math.min(delayLeastMs * 2 ** (failures - 1), delayMostMs)
    log('warn', 'image-ended', { how, ranMs: Math.round(ranMs), delayMs })
    await pause(delayMs, stop)
  }
}

function imageStart(
  folder: string,
  record: SlotRecord,
  environment: NodeJS.ProcessEnv,
  confirmTimeoutMs: number,
): ImageStart {
  const slot = startSlot(record)
  const stillOnTrial = async (): Promise<boolean> => (await existingRecord(disk, folder)).trial?.slot === slot
  return {
    program: imagePath(folder, slot),
    arguments: [],
    environment: { ...environment, DROVER_SLOT: slot },
    ...(record.trial === null ? {} : { watchdog: { afterMs: confirmTimeoutMs, stillOnTrial } }),
  }
}

function started(record: SlotRecord): Readonly<Record<string, unknown>> {
  const slot = startSlot(record)
  return { slot, version: record.slots[slot]?.version, startsLeft: record.trial?.startsLeft }
}

async function toStart(folder: string): Promise<SlotRecord> {
  const prepared = await prepareStart(disk, folder)
  told(prepared)
  return prepared.record
}

function told({ gaveUp }: { readonly gaveUp: { readonly slot: string; readonly reason: string } | undefined }): void {
  if (gaveUp !== undefined) log('error', 'fell-back', gaveUp)
}

async function pause(delayMs: number, stop: AbortSignal): Promise<void> {
  await new Promise<void>(resolved => {
    const end = (): void => {
      timer.cancel()
      stop.removeEventListener('abort', end)
      resolved()
    }
    const timer = clock.after(delayMs, end)
    stop.addEventListener('abort', end, { once: true })
    if (stop.aborted) end()
  })
}

/**
 * Holds the folder as long as this process lives, and no longer, kill -9 included: an abstract socket leaves no file
 * behind. Linux only; elsewhere the operator sees to it that one boot runs. Throws AlreadyRunning.
 */
async function lock(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  const name = await bootLockName(dataDir)
  if (name === undefined) return
  const server = createServer(socket => socket.destroy())
  await new Promise<void>((resolved, failed) => {
    server.once('error', cause => failed(new AlreadyRunning(`another drover-agent runs on ${dataDir}`, { cause })))
    server.listen(name, resolved)
  })
  server.unref()
}

/** The shape of the agent's own log lines; standard output belongs to the image. */
function log(level: 'info' | 'warn' | 'error', event: string, facts: Readonly<Record<string, unknown>>): void {
  const line = { level, time: new Date(clock.wallMs()).toISOString(), name: 'boot', event, ...facts }
  process.stderr.write(`${JSON.stringify(line)}\n`)
}
