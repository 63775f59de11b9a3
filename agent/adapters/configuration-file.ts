// The device's configuration in one file. It is replaced so that a power cut leaves the old content or the new, and the
// content before stays beside it; whether the device would run with a new content, a program of the integrator says.
//
//   <file>.candidate (for the check)      <file>.new ─fsync─▶ rename ─▶ <file>      <file>.previous
import { configurationBytesMax } from '../../proto/limits.ts'
import { StorageReadFailed, StorageWriteFailed } from '../errors.ts'
import type { Clock, Configuration, ConfigurationVerdict, Disk, Log } from '../ports.ts'
import { runProgram } from '../program.ts'
import { readWhole, replaceFile } from '../storage/slot-folder.ts'

const readBytesMax = 16 * configurationBytesMax

export interface ConfigurationFileSettings {
  readonly file: string
  /** Program and arguments; it finds the path of the candidate in DROVER_CANDIDATE. Undefined: everything is accepted. */
  readonly check: readonly string[] | undefined
  readonly checkTimeoutMs: number
  /** Names of members or JSON pointers whose values nobody is told. */
  readonly secrets: readonly string[]
  readonly environment: NodeJS.ProcessEnv
}

export class ConfigurationFile implements Configuration {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #log: Log
  readonly #settings: ConfigurationFileSettings

  constructor(disk: Disk, clock: Clock, log: Log, settings: ConfigurationFileSettings) {
    this.#disk = disk
    this.#clock = clock
    this.#log = log
    this.#settings = settings
  }

  get secrets(): readonly string[] {
    return this.#settings.secrets
  }

  /** The version is the time of the last change. A file that no message could carry is read no further than that shows. */
  async read(): Promise<{ readonly version: string; readonly content: Uint8Array } | undefined> {
    const { file } = this.#settings
    try {
      const facts = await this.#disk.factsOf(file)
      const size = await this.#disk.sizeOf(file)
      if (facts === undefined || size === undefined) return undefined
      if (size > readBytesMax) throw new StorageReadFailed(`reading ${file}, ${size} bytes`, 'EFBIG')
      const content = await readWhole(this.#disk, file, readBytesMax)
      return content && { version: new Date(facts.modifiedMs).toISOString(), content }
    } catch (cause) {
      if (cause instanceof StorageReadFailed) throw cause
      throw new StorageReadFailed(`reading ${file}`, errnoOf(cause), { cause })
    }
  }

  async check(content: Uint8Array, signal: AbortSignal): Promise<ConfigurationVerdict> {
    const { file, check, checkTimeoutMs: timeoutMs } = this.#settings
    if (check === undefined) return { accepted: true }
    const candidate = `${file}.candidate`
    try {
      // It may hold secrets, as the file itself.
      await writing(candidate, () => replaceFile(this.#disk, candidate, content, 0o600))
      const [program = '', ...rest] = check
      const environment = { ...this.#settings.environment, DROVER_CANDIDATE: candidate }
      const start = { program, arguments: rest, environment, timeoutMs, outputBytesMax: 0 }
      const { problem } = await runProgram(start, this.#clock, signal)
      if (problem === undefined) return { accepted: true }
      // What the program said is not logged: it may repeat a secret.
      this.#log.warn({ event: 'configuration-refused', reason: problem }, 'the check does not accept a configuration')
      return { accepted: false, reason: problem }
    } finally {
      await writing(candidate, () => this.#disk.remove(candidate))
    }
  }

  async replace(content: Uint8Array): Promise<void> {
    const { file } = this.#settings
    const before = await this.read()
    // Who may read the configuration stays who may read it.
    const mode = before === undefined ? 0o600 : ((await this.#disk.factsOf(file))?.mode ?? 0o600)
    if (before !== undefined)
      await writing(`${file}.previous`, () => replaceFile(this.#disk, `${file}.previous`, before.content, mode))
    await writing(file, () => replaceFile(this.#disk, file, content, mode))
  }
}

async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (cause) {
    throw new StorageWriteFailed(`writing ${path}`, errnoOf(cause), { cause })
  }
}

function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'UNKNOWN'
}
