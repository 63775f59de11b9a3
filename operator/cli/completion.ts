// drover completion: scripts for bash, zsh and fish, and the hidden command they ask at every TAB. Which word is wanted is
// found by @bomb.sh/tab; ids and names are asked of the broker, which has a moment for it: a shell that hangs is worse than
// one that completes nothing.
//
// The scripts for zsh and fish are those of @bomb.sh/tab. The one for bash is ours: its script needs the package
// bash-completion, complains when it is read twice, and evaluates the words of the line at each TAB.
import { RootCommand, ShellCompDirective, script, type Command as TabCommand } from '@bomb.sh/tab'
import type { Argument, Command, Option } from 'commander'
import type { Finish } from './command.ts'
import { type Candidate, candidatesOf, type Known } from './completion-names.ts'
import { CliContext, type CliWorld, type CommonOptions } from './context.ts'
import { commandNamed, helpTopics } from './help.ts'
import { operationTypes } from './operation-work.ts'
import { duration, word } from './values.ts'

/** The longest that a TAB waits for the broker, unless DROVER_COMPLETION_TIMEOUT says how long. */
const limitMs = 1500
const shells = ['bash', 'zsh', 'fish'] as const

const ofOption: Readonly<Record<string, Known>> = {
  '--device': 'device',
  '--devices': 'device',
  '--only-device': 'device',
  '--operation': 'operation',
  '--release': 'release',
  '--created-by': 'principal',
}
const ofNoun: Readonly<Record<string, Known>> = {
  operation: 'operation',
  devices: 'device',
  releases: 'release',
  principals: 'principal',
  webhooks: 'webhook',
}

export function addCompletionCommands(program: Command, finish: Finish): void {
  const completion = program
    .command('completion')
    .argument('<shell>', shells.join(', '), word(shells))
    .description('print a script that completes commands, flags, ids and names in your shell')
  finish(completion, {
    run: async ({ world }, { args: [shell = ''] }) => {
      if (shell === 'bash') world.stdout.write(bashScript)
      else script(shell, 'drover', 'drover')
    },
  })
  const complete = program.command('complete', { hidden: true }).argument('[words...]')
  finish(complete, {
    run: async (context, { args }) => {
      const { candidates, directive } = await candidatesFor(program, args, context)
      for (const { value, description = '' } of candidates) context.world.stdout.write(`${value}\t${description}\n`)
      context.world.stdout.write(`:${directive}\n`)
    },
  })
}

async function candidatesFor(
  program: Command,
  words: readonly string[],
  { world }: CliContext,
): Promise<{ readonly candidates: readonly Candidate[]; readonly directive: number }> {
  let wanted: Known | undefined
  let files = false
  const root = new RootCommand()
  // It would print what it has found before the broker is asked.
  Object.defineProperty(root, 'complete', { value: () => undefined })
  mirror(program, root, {
    known: kind => {
      wanted = kind
    },
    files: () => {
      files = true
    },
  })
  root.parse([...unaliased(program, words)])
  const last = words.at(-1) ?? ''
  const start = last.startsWith('--') ? last.slice(last.indexOf('=') + 1) : last
  const prefix = last.startsWith('--') && !last.includes('=') ? last : start
  if (files) return { candidates: [], directive: ShellCompDirective.ShellCompDirectiveDefault }
  const known =
    wanted === undefined
      ? []
      : await asked(new CliContext(world, { ...flagsIn(words), timeout: limitOf(world.env) }), wanted, prefix)
  const all = new Map<string, Candidate>()
  for (const candidate of [...root.completions, ...known])
    if (candidate.value.startsWith(prefix) && !all.has(candidate.value)) all.set(candidate.value, candidate)
  const noFiles = ShellCompDirective.ShellCompDirectiveNoFileComp
  return {
    candidates: [...all.values()],
    directive: wanted === 'operation' ? noFiles | ShellCompDirective.ShellCompDirectiveKeepOrder : noFiles,
  }
}

interface Found {
  known(kind: Known): void
  files(): void
}

/** The commands as @bomb.sh/tab wants them. */
function mirror(command: Command, root: RootCommand, found: Found, path = ''): void {
  const twin: TabCommand = path === '' ? root : root.command(path, command.description())
  for (const option of command.createHelp().visibleOptions(command)) addOption(twin, option, found)
  for (const argument of command.registeredArguments) addArgument(twin, command, argument, found)
  for (const child of command.createHelp().visibleCommands(command))
    mirror(child, root, found, path === '' ? child.name() : `${path} ${child.name()}`)
}

/** With the names of commands for their aliases, which are followed and not offered. */
function unaliased(program: Command, words: readonly string[]): readonly string[] {
  let command = program
  return words.map((each, index) => {
    const next = index < words.length - 1 ? commandNamed(command, each) : undefined
    if (next === undefined) return each
    command = next
    return next.name()
  })
}

function addOption(twin: TabCommand, option: Option, found: Found): void {
  const name = option.long?.slice(2) ?? option.name()
  const short = option.short?.slice(1)
  if (!option.required && !option.optional) {
    twin.option(name, option.description, short)
    return
  }
  const kind = ofOption[`--${name}`]
  const words = name === 'type' ? operationTypes : wordsOf(option.parseArg)
  twin.option(
    name,
    option.description,
    complete => {
      for (const each of words) complete(each, '')
      if (kind !== undefined) found.known(kind)
      else if (/<(file|dir|json|command)>/.test(option.flags)) found.files()
    },
    short,
  )
}

function addArgument(twin: TabCommand, command: Command, argument: Argument, found: Found): void {
  const noun = command.parent?.name() === 'secret' ? 'devices' : command.parent?.name()
  const kind = kindOf(argument.name(), command.name(), noun === 'token' ? 'principals' : noun)
  const words = command.name() === 'help' ? [...helpTopics, ...namesOf(command.parent)] : wordsOf(argument.parseArg)
  twin.argument(
    argument.name(),
    complete => {
      for (const each of words) complete(each, '')
      if (kind !== undefined) found.known(kind)
      else if (['bundle', 'file'].includes(argument.name())) found.files()
    },
    argument.variadic,
  )
}

function kindOf(argument: string, verb: string, noun: string | undefined): Known | undefined {
  if (argument === 'operation' || argument === 'device') return argument
  // What is made anew has no name yet.
  if (!['id', 'name'].includes(argument) || ['enroll', 'create'].includes(verb)) return undefined
  return ofNoun[noun ?? '']
}

function wordsOf(parse: unknown): readonly string[] {
  return typeof parse === 'function' && 'words' in parse ? (parse.words as readonly string[]) : []
}

function namesOf(command: Command | null): readonly string[] {
  return command === null
    ? []
    : command
        .createHelp()
        .visibleCommands(command)
        .map(child => child.name())
}

/** Nothing when the broker does not answer in time, or refuses. */
async function asked(context: CliContext, kind: Known, prefix: string): Promise<readonly Candidate[]> {
  try {
    return await candidatesOf(await context.client(), kind, prefix)
  } catch {
    // Nobody reads an error at a TAB; the command itself will tell it.
    return []
  }
}

/** The flags of the line that say where the broker is. */
function flagsIn(words: readonly string[]): CommonOptions {
  const after = (flag: string): string | undefined => {
    const at = words.indexOf(flag)
    return at < 0 ? words.find(each => each.startsWith(`${flag}=`))?.slice(flag.length + 1) : words[at + 1]
  }
  const said = { url: after('--url'), token: after('--token'), tokenFile: after('--token-file'), ca: after('--ca') }
  return Object.fromEntries(Object.entries(said).filter(([, text]) => text !== undefined))
}

/** Milliseconds. What cannot be read is the default: nobody reads an error at a TAB. */
function limitOf({ DROVER_COMPLETION_TIMEOUT: text }: CliWorld['env']): number {
  try {
    return text ? duration(1, 60_000)(text) : limitMs
  } catch {
    return limitMs
  }
}

/** Words are parted at blanks and never evaluated; what bash parts at ":" and "=" is put together again. */
const bashScript = `# bash completion for drover
_drover_complete() {
  local line="\${COMP_LINE:0:COMP_POINT}" out directive current prefix value
  local -a words
  read -r -a words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=('')
  current="\${words[\${#words[@]}-1]}"
  out=$("$1" complete -- "\${words[@]:1}" 2> /dev/null) || return 0
  directive="\${out##*:}"
  COMPREPLY=()
  (( directive & ${ShellCompDirective.ShellCompDirectiveNoFileComp} )) || return 0
  compopt +o default 2> /dev/null
  (( directive & ${ShellCompDirective.ShellCompDirectiveKeepOrder} )) && compopt -o nosort 2> /dev/null
  [[ "$current" == --*=* ]] && current="\${current#*=}"
  prefix="\${current%"\${current##*[=:]}"}"
  while IFS=$'\\t' read -r value _; do
    [[ "$value" == "$current"* && "$value" != :* ]] && COMPREPLY+=("\${value#"$prefix"}")
  done <<< "$out"
  return 0
}
complete -o default -F _drover_complete drover
`
