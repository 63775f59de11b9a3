// A boot loader whose words are variables that two programs read and write, as fw_printenv and fw_setenv do for U-Boot:
// `read` prints lines NAME=value, `write` is called with NAME and value (without a value the variable is removed), one
// variable at a time. Which slot was started stands on the kernel's command line: drover.slot=a.
import type { BootLoader, BootLoaderState } from '../boot-loader.ts'
import { StorageReadFailed, StorageWriteFailed } from '../errors.ts'
import type { Clock, Disk, SlotName } from '../ports.ts'
import { runProgram } from '../program.ts'
import { reading } from '../storage/disk-errors.ts'

export interface BootEnvironmentSettings {
  /** Program and arguments. */
  readonly read: readonly string[]
  readonly write: readonly string[]
  readonly variables: { readonly active: string; readonly trial: string; readonly tries: string }
  /** The file with the kernel's command line. */
  readonly commandLine: string
  readonly environment: NodeJS.ProcessEnv
}

/** Flash is slow; a program that takes longer hangs. */
const timeoutMs = 30_000
const outputBytesMax = 256 * 1024
const triesMax = 9
const commandLineBytesMax = 64 * 1024

export class BootEnvironment implements BootLoader {
  readonly #disk: Disk
  readonly #clock: Clock
  readonly #settings: BootEnvironmentSettings

  constructor(disk: Disk, clock: Clock, settings: BootEnvironmentSettings) {
    this.#disk = disk
    this.#clock = clock
    this.#settings = settings
  }

  async booted(): Promise<SlotName> {
    const { commandLine } = this.#settings
    const words = await reading(commandLine, async () => {
      // A file of the kernel has no size: it is read until it ends.
      const file = await this.#disk.open(commandLine, 'read')
      try {
        return Buffer.from(await file.read(0, commandLineBytesMax))
          .toString()
          .split(/\s+/)
      } finally {
        await file.close()
      }
    })
    const slot = words.map(word => /^drover\.slot=([ab])$/.exec(word)?.[1]).findLast(found => found !== undefined)
    if (slot === 'a' || slot === 'b') return slot
    throw new StorageReadFailed(`looking for drover.slot=a or drover.slot=b in ${commandLine}`, 'NO_SLOT')
  }

  async state(): Promise<BootLoaderState> {
    const { read, variables } = this.#settings
    const output = await this.#run(read, problem => new StorageReadFailed('reading the boot environment', problem))
    const values = new Map<string, string>()
    for (const line of output.split(/\r?\n/)) {
      const sign = line.indexOf('=')
      if (sign > 0) values.set(line.slice(0, sign), line.slice(sign + 1).trim())
    }
    const trial = values.get(variables.trial) ?? ''
    const active = values.get(variables.active) ?? (await this.#neverWritten(trial))
    const tries = values.get(variables.tries) ?? '0'
    const wrong = (name: string, value: string): StorageReadFailed =>
      new StorageReadFailed(`boot environment: ${name} is ${JSON.stringify(value.slice(0, 40))}`, 'NOT_UNDERSTOOD')
    if (active !== 'a' && active !== 'b') throw wrong(variables.active, active)
    if (trial !== 'a' && trial !== 'b' && trial !== '') throw wrong(variables.trial, trial)
    if (!/^\d{1,9}$/.test(tries)) throw wrong(variables.tries, tries)
    return { active, trial: trial === '' ? undefined : trial, triesLeft: Number(tries) }
  }

  async setTries(tries: number): Promise<void> {
    // U-Boot's setexpr counts in hexadecimal: with one digit it is the same.
    await this.#write(this.#settings.variables.tries, String(Math.min(tries, triesMax)))
  }

  async setTrial(slot: SlotName | undefined): Promise<void> {
    await this.#write(this.#settings.variables.trial, ...(slot === undefined ? [] : [slot]))
  }

  async setActive(slot: SlotName): Promise<void> {
    await this.#write(this.#settings.variables.active, slot)
  }

  /** The active slot of a device as it was flashed: the one it runs, unless that is only being tried. */
  async #neverWritten(trial: string): Promise<SlotName> {
    const booted = await this.booted()
    if (trial !== booted) return booted
    return booted === 'a' ? 'b' : 'a'
  }

  async #write(...words: readonly string[]): Promise<void> {
    const command = [...this.#settings.write, ...words]
    await this.#run(command, problem => new StorageWriteFailed(`boot environment: ${words.join(' = ')}`, problem))
  }

  async #run([program = '', ...rest]: readonly string[], failed: (problem: string) => Error): Promise<string> {
    const { environment } = this.#settings
    const start = { program, arguments: rest, environment, timeoutMs, outputBytesMax }
    const { problem, standardOutput } = await runProgram(start, this.#clock)
    if (problem !== undefined) throw failed(problem)
    return standardOutput.toString()
  }
}
