// A folder of programs with fixed names that the integrator writes: how one of them is called and what its end means.
// The contract is docs/HOOKS.md: exit code 0 is yes, 75 is not now (the first line of standard output may say for how
// many seconds), everything else is no (the first line may be one word that says why).
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Log } from '../../ports.ts'
import { runProgram } from '../../program.ts'

export const hookNames = ['download-authorize', 'install-authorize', 'install', 'verify', 'commit', 'rollback'] as const
export type HookName = (typeof hookNames)[number]

export type HookEnd =
  | { readonly kind: 'yes' }
  | { readonly kind: 'not-now'; readonly reason: string; readonly afterMs?: number }
  | { readonly kind: 'no'; readonly reason: string }

export interface HookProgramsSettings {
  readonly folder: string
  readonly timeoutMs: number
  /** What every program gets besides the words of the call. */
  readonly environment: NodeJS.ProcessEnv
}

/** Undefined values are left out. */
export type HookWords = Readonly<Record<`DROVER_${string}`, string | undefined>>

const notNow = 75
const outputBytesMax = 4096
const loggedCharactersMax = 500
const wordGrammar = /^[a-z0-9][a-z0-9-]{0,47}$/
/** A day: longer is not asked for, but asked again. */
const secondsMax = 86_400

export class HookPrograms {
  readonly #clock: Clock
  readonly #log: Log
  readonly #settings: HookProgramsSettings

  constructor(basics: { readonly clock: Clock; readonly log: Log }, settings: HookProgramsSettings) {
    this.#clock = basics.clock
    this.#log = basics.log
    this.#settings = settings
  }

  /** False only when there is nothing of that name in a folder that is there: what cannot be looked at counts as present. */
  async has(name: HookName): Promise<boolean> {
    const { folder } = this.#settings
    try {
      await stat(join(folder, name))
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return true
      return !(await isFolder(folder))
    }
  }

  /** One call of one program, to its end. Never throws. Aborting kills it and what it started: `no`, killed. */
  async call(name: HookName, words: HookWords, signal: AbortSignal, input?: Uint8Array): Promise<HookEnd> {
    const { environment, folder, timeoutMs } = this.#settings
    const start = { program: join(folder, name), arguments: [], timeoutMs, outputBytesMax }
    const all = { ...environment, ...words }
    const end = await runProgram({ ...start, environment: all, ...(input && { input }) }, this.#clock, signal)
    if (end.problem === undefined) return { kind: 'yes' }
    const [line = ''] = end.standardOutput.toString('utf8').split(/\r?\n/, 1)
    const said = line.trim()
    const output = end.output.toString('utf8').slice(0, loggedCharactersMax)
    this.#log.warn({ event: 'hook-declined', hook: name, reason: end.problem, output }, 'a hook did not say yes')
    if (end.exitCode !== notNow) return { kind: 'no', reason: wordGrammar.test(said) ? said : end.problem }
    const seconds = /^\d{1,9}$/.test(said) ? Math.min(Math.max(Number(said), 1), secondsMax) : undefined
    return { kind: 'not-now', reason: name, ...(seconds === undefined ? {} : { afterMs: seconds * 1000 }) }
  }

  /**
   * As `call`, and again while it says `not now`, after the time it named (else ten seconds), as long as the time limit
   * lasts. Resolves with undefined for yes, else with one word.
   */
  async carryOut(name: HookName, words: HookWords, signal: AbortSignal): Promise<string | undefined> {
    const startedMs = this.#clock.monotonicMs()
    for (;;) {
      const end = await this.call(name, words, signal)
      if (end.kind === 'yes') return undefined
      if (end.kind === 'no') return end.reason
      const afterMs = end.afterMs ?? 10_000
      if (this.#clock.monotonicMs() + afterMs - startedMs > this.#settings.timeoutMs) return 'timeout'
      await this.#pause(afterMs, signal)
      if (signal.aborted) return 'killed'
    }
  }

  async #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>(resolve => {
      const end = (): void => {
        timer.cancel()
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = this.#clock.after(delayMs, end)
      signal.addEventListener('abort', end, { once: true })
      if (signal.aborted) end()
    })
  }
}

/** What hinders these hooks from being called, one line each; empty when all of them can be. */
export async function hookProblems(folder: string, names: readonly HookName[]): Promise<readonly string[]> {
  if (!(await isFolder(folder))) return [`${folder}: no folder that can be read`]
  const problems = await Promise.all(
    names.map(async name => {
      const path = join(folder, name)
      try {
        await access(path, constants.X_OK)
        return (await stat(path)).isFile() ? [] : [`${path}: no file`]
      } catch (error) {
        return [`${path}: cannot be run (${(error as NodeJS.ErrnoException).code})`]
      }
    }),
  )
  return problems.flat()
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // Whatever hinders the look, its programs cannot be run.
    return false
  }
}
