// drover help, and what stands under every --help: lines that can be typed, and where settings come from.
import type { Command } from 'commander'
import { BadInput } from '../errors.ts'
import type { Finish } from './command.ts'
import { examples } from './examples.ts'
import { word } from './values.ts'

const topics: Readonly<Record<string, string>> = {
  settings: `Where settings come from, the first that says something counts:

  1. the flag                    --url, --token-file, --ca, --key, --vendor-id, --class-id
  2. the environment             DROVER_URL, DROVER_TOKEN, DROVER_TOKEN_FILE, DROVER_CA, DROVER_KEYS,
                                 DROVER_VENDOR_ID, DROVER_CLASS_ID, DROVER_PASSPHRASE_FILE,
                                 DROVER_COMPLETION_TIMEOUT (1500ms: how long TAB asks the broker)
  3. the configuration file      DROVER_CONFIG, else $XDG_CONFIG_HOME/drover/config.json,
                                 else ~/.config/drover/config.json: drover init writes it
  4. the default                 http://127.0.0.1:8080

The token of the configuration file is shown to no broker but the one the file names.
NO_COLOR takes colour away, FORCE_COLOR=1 brings it into a pipe. Without a terminal there is
neither colour nor bar, and tables are not cut; --json is one object a line.
`,
  'exit-codes': `Exit codes:
  0    done
  1    watch, --wait: the operation ended with errors; audit verify: the file is not whole
  2    bad input: a flag, a file, or a request the broker cannot use
  3    refused by the broker: token, role, not found, conflict, too many tries
  4    the broker cannot be reached, fails or does not answer in time
  130  interrupted with Ctrl-C; an operation that was started goes on:
       drover operation watch ID looks on again
`,
}

export function addHelpCommand(program: Command, finish: Finish): void {
  program.helpCommand(false)
  const names = Object.keys(topics)
  const help = program
    .command('help')
    .argument('[words...]', `a command, or ${names.join(', ')}`)
    .description('help about a command; settings, exit-codes: about these')
  finish(help, {
    run: async ({ world }, { args }) => {
      const [topic = ''] = args
      const text = topics[topic]
      if (text !== undefined && args.length === 1) world.stdout.write(text)
      else found(program, args).outputHelp()
    },
  })
}

/** Under the help of every command, and no `help` of its own in any noun. */
export function addExamples(command: Command, words: readonly string[] = []): void {
  const own = examples[words.join(' ')] ?? []
  const width = Math.max(...own.map(([line]) => line.length))
  const lines = own.map(([line, purpose]) =>
    width <= 60 ? `  ${line.padEnd(width)}  # ${purpose}` : `  # ${purpose}\n  ${line}`,
  )
  const also = command.aliases().map(alias => ['drover', ...words.slice(0, -1), alias].join(' '))
  const parts = [
    ...(also.length === 0 ? [] : ['', `Also written ${also.join(', ')}.`]),
    ...(own.length === 0 ? [] : ['', 'Examples:', ...lines]),
  ]
  command.addHelpText('after', [...parts, '', footer].join('\n'))
  for (const child of command.commands) {
    if (child.commands.length > 0) child.helpCommand(false)
    addExamples(child, [...words, child.name()])
  }
}

const footer = `Settings: flag > environment > configuration file (drover init).  drover help settings
Exit codes: 0 done, 1 ended with errors, 2 bad input, 3 refused, 4 no broker.  drover help exit-codes`

/** The command of these words. Throws BadInput with what may have been meant. */
function found(program: Command, words: readonly string[]): Command {
  let command = program
  for (const name of words) {
    const next = commandNamed(command, name)
    if (next === undefined) {
      const known = command.commands.map(child => child.name()).filter(child => child !== 'complete')
      const topicNames = command === program ? Object.keys(topics) : []
      const message = `there is no help about ${words.join(' ')}; expected one of ${[...known, ...topicNames].join(', ')}`
      throw new BadInput('USAGE', message, { fields: [{ name: '<words>', message }] })
    }
    command = next
  }
  return command
}

export function commandNamed(command: Command, name: string): Command | undefined {
  return command.commands.find(child => child.name() === name || child.aliases().includes(name))
}

/** For the completion of `drover help`. */
export const helpTopics = word(Object.keys(topics)).words
