// The whole command line: the nouns, and what is common to all of them. What a failure means is in explain.ts.
import { Command, Help } from 'commander'
import { addArtifactCommands } from './artifact.ts'
import { addAuditCommands } from './audit.ts'
import { addBackupCommands } from './backups.ts'
import type { Call, CommandSpec, Finish } from './command.ts'
import { addCompletionCommands } from './completion.ts'
import { addCommonOptions, CliContext, type CliWorld, commonHeading } from './context.ts'
import { addDeviceCommands } from './devices.ts'
import { addEventCommands } from './events.ts'
import { exitCodes, explain } from './explain.ts'
import { addFleetCommand } from './fleet.ts'
import { addExamples, addHelpCommand } from './help.ts'
import { addInitCommand } from './init.ts'
import { addKeyCommands } from './keys.ts'
import { addOperationCommands } from './operation.ts'
import { addPrincipalCommands } from './principals.ts'
import { addReleaseCommands } from './releases.ts'
import { addTrustCommands } from './trust.ts'
import { addWebhookCommands } from './webhooks.ts'

const groups: readonly (readonly [heading: string, adds: readonly ((program: Command, finish: Finish) => void)[]])[] = [
  ['To begin:', [addInitCommand, addKeyCommands, addTrustCommands]],
  ['What is installed:', [addArtifactCommands, addReleaseCommands]],
  ['The fleet:', [addFleetCommand, addDeviceCommands, addOperationCommands, addEventCommands, addBackupCommands]],
  ['Who may, and who did:', [addPrincipalCommands, addAuditCommands, addWebhookCommands]],
  ['About drover:', [addHelpCommand, addCompletionCommands]],
]

/** Runs one command line (without node and script) and resolves to its exit code. Never rejects. */
export async function runCli(argv: readonly string[], world: CliWorld): Promise<number> {
  let exitCode: number = exitCodes.done
  let spec: CommandSpec | undefined
  let context: CliContext | undefined
  let options: Call['options'] = {}
  const program = buildProgram(world, (command, found) => {
    command.action(async () => {
      spec = found
      options = command.opts()
      context = new CliContext(world, { ...program.opts(), ...command.opts() })
      exitCode = (await found.run(context, { args: command.args, options })) ?? exitCodes.done
    })
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    return explain(error, { argv, program, spec, options, context }, world)
  }
}

/** The tree of all commands; `act` gives each its action. */
export function buildProgram(world: Pick<CliWorld, 'stdout' | 'stderr'>, act: Finish): Command {
  const program = new Command('drover')
  const finish: Finish = (command, spec) => act(addCommonOptions(command), spec)
  addCommonOptions(program)
    .usage('<command> [options]')
    .description('Sign artifacts, start operations over a fleet, and see how they end.')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: text => world.stdout.write(text),
      writeErr: text => world.stderr.write(text),
      outputError: () => {
        // Told by explain.ts, in the form that --json asks for.
      },
      getOutHelpWidth: () => world.stdout.columns ?? 100,
      getErrHelpWidth: () => world.stderr.columns ?? 100,
    })
    .configureHelp({
      // What stands on every command need not stand before the list of commands, too.
      visibleOptions: command =>
        new Help()
          .visibleOptions(command)
          .filter(({ helpGroupHeading }) => command.commands.length === 0 || helpGroupHeading !== commonHeading),
      // Aliases are told once, under the help of their command.
      commandUsage: command => new Help().commandUsage(command).replaceAll(/\|\S+/g, ''),
      subcommandTerm: command => new Help().subcommandTerm(command).replace(/\|\S+/, '').replace('[options] ', ''),
      optionDescription: option => descriptionOf(option.description, () => new Help().optionDescription(option)),
    })
  for (const [heading, adds] of groups) {
    program.commandsGroup(heading)
    for (const add of adds) add(program, finish)
  }
  addExamples(program)
  return program
}

/** Where the text says the default in people's units, the number is not said again. */
function descriptionOf(text: string, withDefault: () => string): string {
  return text.includes('(default') ? text : withDefault()
}
