// What `drover-agent` can be asked besides running: how it is, what happened, what is wrong with the device. Loaded by boot
// only when one of these words stands on the command line; each has a file of its own, and only `doctor` needs packages.
//
//   drover-agent status|history|doctor --config agent.json [--json]     doctor: [--connect]
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Clock } from '../ports.ts'
import { type AgentConfig, readConfig } from '../settings/config.ts'

/** The command line cannot be understood. The process ends with code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'USAGE'
}

export interface VerbAnswer {
  /** For standard output, with its newlines. */
  readonly text: string
  readonly exitCode: number
}

export interface VerbRequest {
  /** Absolute. */
  readonly file: string
  readonly json: boolean
  readonly connect: boolean
  readonly environment: NodeJS.ProcessEnv
  readonly clock: Clock
}

export const verbsHelp = `drover-agent status  --config agent.json [--json]              what the agent is about; exit code 1 when it does not run
drover-agent history --config agent.json [--json]              how the last operations ended, and what was told
drover-agent doctor  --config agent.json [--json] [--connect]  what is wrong with the device; exit code 1 with a failure
`

export const verbs = ['status', 'history', 'doctor'] as const
type Verb = (typeof verbs)[number]

/** `words`: the command line behind the program. Throws UsageError, and ConfigError of `status` and `history`. */
export async function runVerb(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  clock: Clock,
): Promise<VerbAnswer> {
  if (words.includes('--help') || words.includes('-h')) return { text: verbsHelp, exitCode: 0 }
  const { verb, ...request } = parsed(words, environment)
  switch (verb) {
    case 'status': {
      const { status } = await import('./status.ts')
      return status(await configOf(request), { ...request, clock })
    }
    case 'history': {
      const { history } = await import('./history.ts')
      return history(await configOf(request), { ...request, clock })
    }
    case 'doctor': {
      const { doctor } = await import('./doctor.ts')
      return doctor({ ...request, clock })
    }
  }
}

function configOf({ file }: { readonly file: string }): Promise<AgentConfig> {
  return readConfig(file)
}

function parsed(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): Omit<VerbRequest, 'clock'> & { readonly verb: Verb } {
  const options = {
    config: { type: 'string' },
    json: { type: 'boolean' },
    connect: { type: 'boolean' },
  } as const
  let given: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>
  try {
    given = parseArgs({ args: [...words], options, allowPositionals: true })
  } catch (cause) {
    throw new UsageError((cause as Error).message, { cause })
  }
  const [word = '', ...more] = given.positionals
  const verb = verbs.find(known => known === word)
  if (verb === undefined)
    throw new UsageError(`no such command: ${JSON.stringify(word)}; expected ${verbs.join(', ')}, or none to run`)
  if (more.length > 0) throw new UsageError(`${verb}: expected nothing more, got ${JSON.stringify(more[0])}`)
  if (given.values.connect === true && verb !== 'doctor') throw new UsageError(`--connect: only doctor takes it`)
  const file = given.values.config ?? environment.DROVER_CONFIG
  if (file === undefined || file === '') throw new UsageError(`${verb}: expected --config agent.json`)
  return {
    verb,
    file: resolve(file),
    json: given.values.json ?? false,
    connect: given.values.connect ?? false,
    environment,
  }
}
