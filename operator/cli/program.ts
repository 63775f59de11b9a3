// The whole command line: the nouns, what is common to all of them, and what a failure means to a script.
//
//   0 done · 1 the operation ended with errors · 2 bad input · 3 refused by the broker · 4 broker unreachable or failing
import { Command, CommanderError, Help } from 'commander'
import { BadInput, OperatorError, Refused, ServerFailed } from '../errors.ts'
import { addArtifactCommands } from './artifact.ts'
import { addAuditCommands } from './audit.ts'
import { addBackupCommands } from './backups.ts'
import { anyOtherField, type Call, type CommandSpec, type Finish } from './command.ts'
import { addCommonOptions, CliContext, type CliWorld } from './context.ts'
import { addDeviceCommands } from './devices.ts'
import { addEventCommands } from './events.ts'
import { addKeyCommands } from './keys.ts'
import { addOperationCommands } from './operation.ts'
import { Output } from './output.ts'
import { addPrincipalCommands } from './principals.ts'
import { addReleaseCommands } from './releases.ts'
import { addWebhookCommands } from './webhooks.ts'

export const exitCodes = {
  done: 0,
  endedWithErrors: 1,
  badInput: 2,
  refused: 3,
  serverFailed: 4,
  interrupted: 130,
} as const

const exitCodeHelp = `
Exit codes:
  0    done
  1    watch, --wait: the operation ended with errors; audit verify: the file is not whole
  2    bad input: a flag, a file, or a request the broker cannot use
  3    refused by the broker: token, role, not found, conflict, too many tries
  4    the broker cannot be reached, fails or does not answer in time
  130  interrupted with Ctrl-C; an operation that was started goes on`

/** Runs one command line (without node and script) and resolves to its exit code. Never rejects. */
export async function runCli(argv: readonly string[], world: CliWorld): Promise<number> {
  let exitCode: number = exitCodes.done
  let spec: CommandSpec | undefined
  let context: CliContext | undefined
  let options: Call['options'] = {}
  const program = new Command('drover')
  const finish: Finish = (command, found) => {
    addCommonOptions(command)
      .addHelpText('after', exitCodeHelp)
      .action(async () => {
        spec = found
        options = command.opts()
        context = new CliContext(world, { ...program.opts(), ...command.opts() })
        exitCode = (await found.run(context, { args: command.args, options })) ?? exitCodes.done
      })
  }
  addCommonOptions(program)
    .description('Sign artifacts, start operations over a fleet, and see how they end.')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: text => world.stdout.write(text),
      writeErr: text => world.stderr.write(text),
      outputError: () => {
        // Told below, in the form that --json asks for.
      },
      getOutHelpWidth: () => world.stdout.columns ?? 100,
      getErrHelpWidth: () => world.stderr.columns ?? 100,
    })
    .configureHelp({
      optionDescription: option => descriptionOf(option.description, () => new Help().optionDescription(option)),
    })
    .addHelpText('after', exitCodeHelp)
  for (const add of [
    addKeyCommands,
    addArtifactCommands,
    addReleaseCommands,
    addDeviceCommands,
    addOperationCommands,
    addBackupCommands,
    addEventCommands,
    addAuditCommands,
    addPrincipalCommands,
    addWebhookCommands,
  ])
    add(program, finish)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    const out = new Output(world.stdout, world.stderr, { json: argv.includes('--json'), color: false })
    return explain(error, { spec, options, tokenFrom: context?.tokenFrom }, out, world)
  }
}

/** What was being done when it failed. */
interface Failed {
  readonly spec: CommandSpec | undefined
  readonly options: Call['options']
  readonly tokenFrom: string | undefined
}

function explain(error: unknown, failed: Failed, out: Output, world: CliWorld): number {
  if (world.signal.aborted) {
    out.hint('drover: interrupted')
    return exitCodes.interrupted
  }
  if (error instanceof CommanderError) {
    // Help that was asked for, or shown because a noun stood alone.
    if (error.exitCode === 0) return exitCodes.done
    if (error.code === 'commander.help') return exitCodes.badInput
    const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
    const flag = /'[^']*?(--[a-z-]+)/.exec(message)?.[1]
    const argument = /argument '([a-z]+)'/.exec(message)?.[1]
    const name = flag ?? (argument === undefined ? undefined : `<${argument}>`)
    const fields = name === undefined ? [] : [{ name, message }]
    out.error(new BadInput('USAGE', message, { fields }), ['see drover --help, or --help of the command'])
    return exitCodes.badInput
  }
  if (error instanceof OperatorError) {
    const { flags = {} } = failed.spec ?? {}
    out.error(withFlags(error, typeof flags === 'function' ? flags(failed.options) : flags), hintsFor(error, failed))
    if (error instanceof BadInput) return exitCodes.badInput
    return error instanceof Refused ? exitCodes.refused : exitCodes.serverFailed
  }
  // A mistake of ours: the stack is the only thing that helps.
  out.hint('drover: this is a mistake in drover itself')
  for (const line of (error instanceof Error ? (error.stack ?? error.message) : String(error)).split('\n'))
    out.hint(line)
  return exitCodes.serverFailed
}

function withFlags(error: OperatorError, flags: Readonly<Record<string, string>>): OperatorError {
  const prefixes = Object.keys(flags).toSorted((a, b) => b.length - a.length)
  // The header is the client's, not the operator's; what he gave is in the hint.
  const given = error.fields.filter(({ name }) => name !== 'authorization')
  const fields = given.map(({ name, message }) => {
    const prefix = prefixes.find(candidate => name === candidate || name.startsWith(`${candidate}.`))
    const flag = prefix === undefined ? undefined : flags[prefix]
    if (flag !== undefined) return { name: flag, message }
    // What has no request id never left the desk, and names its flag already.
    const other = error.requestId === undefined ? undefined : flags[anyOtherField]
    return other === undefined ? { name, message } : { name: other, message: `${name} ${message}` }
  })
  const { code, message, requestId } = error
  return new BadInput(code, message, { fields, ...(requestId === undefined ? {} : { requestId }) })
}

const tokenFlags: readonly string[] = ['--token-file', 'DROVER_TOKEN_FILE']

function hintsFor(error: OperatorError, { spec, tokenFrom }: Failed): readonly string[] {
  const own = [error.code, ...error.fields.map(({ name }) => name)].flatMap(key => spec?.hints?.[key] ?? [])
  if (own.length > 0) return [...new Set(own)]
  if (error instanceof BadInput && error.fields.some(({ name }) => tokenFlags.includes(name)))
    return ['a broker writes its first token into the file admin-token of its data directory']
  if (error instanceof Refused && error.code === 'UNAUTHENTICATED')
    return [
      `it was taken from ${tokenFrom}; every data directory of a broker has tokens of its own`,
      'give a token that is valid at this broker: --token-file FILE, DROVER_TOKEN_FILE or DROVER_TOKEN',
    ]
  if (error instanceof Refused && error.code === 'FORBIDDEN')
    return ['use the token of a principal whose role may do this; drover principals list shows who there is']
  if (error instanceof ServerFailed && error.code === 'UNREACHABLE')
    return ['is the broker running? give the address of its HTTP listener with --url or DROVER_URL']
  if (error instanceof ServerFailed && error.code === 'TIMEOUT') return ['try again, or allow more with --timeout']
  return []
}

/** Where the text says the default in people's units, the number is not said again. */
function descriptionOf(text: string, withDefault: () => string): string {
  return text.includes('(default') ? text : withDefault()
}
