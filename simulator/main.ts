#!/usr/bin/env node
// drover-simulator: a fleet of virtual sensors on real connections, the reports of such runs, a world in virtual time, and
// the examination of devices that others made. Each verb is a file of verbs/, loaded when it is asked for.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { exits, type Screen, UsageError, type Verb, type VerbHost } from './verbs/verb-host.ts'

interface LoadedVerb {
  readonly run: Verb
  readonly help: string
}
const verbs: Readonly<Record<string, { readonly summary: string; load(): Promise<LoadedVerb> }>> = {
  fleet: {
    summary: 'thousands of virtual sensors against a broker, an update to all of them, a report',
    load: async () => {
      const { fleet, help } = await import('./verbs/fleet.ts')
      return { run: fleet, help }
    },
  },
  report: {
    summary: 'show, merge, compare or judge the reports of fleets',
    load: async () => {
      const { report, help } = await import('./verbs/report.ts')
      return { run: report, help }
    },
  },
  world: {
    summary: 'orchestrator and agents in virtual time, weather and history from a seed',
    load: async () => {
      const { world, help } = await import('./verbs/world.ts')
      return { run: world, help }
    },
  },
  conformance: {
    summary: 'a broker that misbehaves by a script, for devices that others made',
    load: async () => {
      const { conformance, help } = await import('./verbs/conformance.ts')
      return { run: conformance, help }
    },
  },
}

const help = `drover-simulator: know before you press start

Usage: drover-simulator VERB [flags]

${Object.entries(verbs)
  .map(([name, { summary }]) => `  ${name.padEnd(13)}${summary}`)
  .join('\n')}

drover-simulator VERB --help tells more of each, with examples.
Exit codes: 0 as expected · 1 otherwise than expected · 2 command line · 130 interrupted
`

/** A signal that comes again within so long is the same one. */
const repeatedMs = 1000

process.exitCode = await main(process.argv.slice(2))

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process[name === undefined ? 'stderr' : 'stdout'].write(help)
    return name === undefined ? exits.usage : exits.expected
  }
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (verb === undefined) {
    process.stderr.write(
      `drover-simulator: unknown verb ${JSON.stringify(name)}: expected one of ${Object.keys(verbs).join(', ')}\n\n${help}`,
    )
    return exits.usage
  }
  const loaded = await verb.load()
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(loaded.help)
    return exits.expected
  }
  try {
    return await loaded.run(args, host())
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(
      `drover-simulator ${name}: ${error.message}\ndrover-simulator ${name} --help shows all flags, with examples\n`,
    )
    return exits.usage
  }
}

function host(): VerbHost {
  const run = new AbortController()
  let askedAtMs = 0
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      // Whoever asks twice does not want to wait for an orderly end. A shell and its job may each pass on one Ctrl-C.
      if (run.signal.aborted && performance.now() - askedAtMs > repeatedMs) process.exit(exits.interrupted)
      if (run.signal.aborted) return
      askedAtMs = performance.now()
      run.abort(new Error(`interrupted by ${signal}`))
    })
  return {
    stdout: screen(process.stdout),
    stderr: screen(process.stderr),
    environment: process.env,
    signal: run.signal,
    node: process.execPath,
    cwd: process.cwd(),
    fork: (program, args = [], nodeArgs = []): ChildProcess =>
      fork(fileURLToPath(new URL(program, import.meta.url)), args, {
        // Only ours: what this process was started with (a debugger, a loader) is not for thousands of sensors.
        execArgv: [...nodeArgs],
        serialization: 'advanced',
      }),
  }
}

function screen(stream: NodeJS.WriteStream): Screen {
  // `| head` closes the pipe: what was asked for goes on, unseen.
  stream.on('error', () => {})
  return {
    write: text => void stream.write(text),
    get isTTY() {
      return stream.isTTY === true
    },
    get columns() {
      return stream.columns ?? 80
    },
  }
}
