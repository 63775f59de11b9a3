// What a failure means to a person (which flag, what to do) and to a script (an exit code).
import { type Command, CommanderError } from 'commander'
import { BadInput, OperatorError, Refused, ServerFailed } from '../errors.ts'
import { anyOtherField, type Call, type CommandSpec } from './command.ts'
import type { CliContext, CliWorld } from './context.ts'
import { commandNamed } from './help.ts'
import { Output } from './output.ts'

export const exitCodes = {
  done: 0,
  endedWithErrors: 1,
  badInput: 2,
  refused: 3,
  serverFailed: 4,
  interrupted: 130,
} as const

/** What was being done when it failed. */
export interface Failed {
  readonly argv: readonly string[]
  readonly program: Command
  readonly spec: CommandSpec | undefined
  readonly options: Call['options']
  readonly context: CliContext | undefined
}

/** Tells it, and returns the exit code. */
export function explain(error: unknown, failed: Failed, world: CliWorld): number {
  const out = new Output(world.stdout, world.stderr, { json: failed.argv.includes('--json'), color: false })
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
    out.error(new BadInput('USAGE', message, { fields }), usageOf(failed))
    return exitCodes.badInput
  }
  if (error instanceof OperatorError) {
    const { flags = {} } = failed.spec ?? {}
    const own = typeof flags === 'function' ? flags(failed.options) : flags
    out.error(withFlags(error, own), hintsFor(error, failed))
    if (error instanceof BadInput) return exitCodes.badInput
    return error instanceof Refused ? exitCodes.refused : exitCodes.serverFailed
  }
  // A mistake of ours: the stack is the only thing that helps.
  out.hint('drover: this is a mistake in drover itself')
  for (const line of (error instanceof Error ? (error.stack ?? error.message) : String(error)).split('\n'))
    out.hint(line)
  return exitCodes.serverFailed
}

/** How the command that was meant is written, and where there is more. */
function usageOf({ argv, program }: Failed): readonly string[] {
  let command = program
  const words = ['drover']
  for (const part of argv) {
    const next = commandNamed(command, part)
    if (next === undefined) continue
    command = next
    words.push(next.name())
  }
  const more = command.commands.length > 0 ? 'shows which commands there are' : 'shows flags and examples'
  return [`usage: ${command.createHelp().commandUsage(command)}`, `${words.join(' ')} --help ${more}`]
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

function hintsFor(error: OperatorError, { spec, context }: Failed): readonly string[] {
  const own = [error.code, ...error.fields.map(({ name }) => name)].flatMap(key => spec?.hints?.[key] ?? [])
  if (own.length > 0) return [...new Set(own)]
  if (error instanceof BadInput) return inputHints(error)
  if (error instanceof Refused) return refusalHints(error, context?.tokenFrom)
  const address = context?.addressFrom ?? 'the broker'
  switch (error.code) {
    case 'UNREACHABLE':
      return [`${address}: is the broker running? npm start runs one here; another address: --url or DROVER_URL`]
    case 'CERTIFICATE':
      return [
        `${address}: its certificate must be valid, for this address, and of the authority in --ca FILE or DROVER_CA`,
      ]
    case 'TIMEOUT':
      return ['try again, or allow more with --timeout']
    default:
      return error instanceof ServerFailed && error.code === 'UNEXPECTED_ANSWER'
        ? [`${address}: --url names the HTTP listener of the broker, not that of MQTT`]
        : []
  }
}

function inputHints(error: BadInput): readonly string[] {
  if (error.code === 'NO_TOKEN' || error.fields.some(({ name }) => tokenFlags.includes(name)))
    return [
      'a broker writes its first token into the file admin-token of its data directory; drover init finds it there',
      'an administrator makes others: drover principals create NAME --role ROLE --out FILE',
    ]
  return []
}

function refusalHints({ code }: Refused, tokenFrom: string | undefined): readonly string[] {
  switch (code) {
    case 'UNAUTHENTICATED':
      return [
        `it was taken from ${tokenFrom}; every data directory of a broker has tokens of its own`,
        'give a token that is valid at this broker: --token-file FILE, DROVER_TOKEN_FILE or DROVER_TOKEN',
      ]
    case 'FORBIDDEN':
      return ['use the token of a principal whose role may do this; drover principals list shows who there is']
    case 'CONFLICT':
      return ['it is not in the state for this, or somebody was first: look at it again with show']
    case 'NOT_FOUND':
      return ['drover releases list, devices list and operation list show what there is']
    case 'RATE_LIMITED':
      return ['too many tries from here: wait a moment']
    default:
      return []
  }
}
