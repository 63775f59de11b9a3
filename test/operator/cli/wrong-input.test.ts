// Every command with wrong input: it ends with 2, names what was wrong and shows how it is written, before anybody is asked.
import type { Command } from 'commander'
import t from 'tap'
import { buildProgram } from '../../../operator/cli/program.ts'
import { openDoor, operation } from '../http-fixture.ts'
import { at, drover, fill } from './run.ts'

const screen = { write: () => undefined }
const program = buildProgram({ stdout: screen, stderr: screen }, () => undefined)

function leavesOf(command: Command, path: readonly string[] = []): readonly (readonly [readonly string[], Command])[] {
  return command.commands.flatMap(child => {
    const here = [...path, child.name()]
    return child.name() === 'complete'
      ? []
      : child.commands.length > 0
        ? leavesOf(child, here)
        : [[here, child] as const]
  })
}

const leaves = leavesOf(program)
/** Good values for what has to stand there, by the name of the argument. */
const good: Readonly<Record<string, string>> = {
  id: operation,
  device: 'sensor-1',
  operation,
  event: '2b'.padStart(32, '0'),
  name: 'anna',
  role: 'viewer',
  group: 'berlin',
  pairs: 'site=oslo',
  file: 'audit.jsonl',
  draft: 'trust-2.draft',
  bundle: 'fw.bundle',
  url: 'https://hooks.example/x',
  shell: 'bash',
}
function argumentsOf(command: Command): readonly string[] {
  return command.registeredArguments.filter(({ required }) => required).map(argument => good[argument.name()] ?? '?')
}

/** The command with all that has to stand there, but for one flag. */
function fullOf(path: readonly string[], command: Command, without?: string): readonly string[] {
  const flags = command.options.flatMap(({ long, mandatory }) =>
    mandatory && long && long !== without ? [long, mandatoryGood[long] ?? '?'] : [],
  )
  return [...path, ...argumentsOf(command), ...flags]
}
const mandatoryGood: Readonly<Record<string, string>> = {
  '--out': 'out',
  '--from': 'trust-1.bin',
  '--key': 'root.pem',
  '--component': 'main',
  '--version': '1.0.0',
  '--role': 'viewer',
  '--reason': 'x',
}

t.test('there are as many commands as there were thought to be', async t => {
  t.ok(leaves.length >= 45, `${leaves.length}`)
  t.notOk(
    leaves.some(([, command]) => argumentsOf(command).includes('?')),
    'each argument has a value to try it with',
  )
})

t.test(
  'an unknown flag, a missing argument, one too many: 2, named, with the way it is written',
  { timeout: 110_000 },
  async t => {
    const door = await openDoor(t)
    const tried = async (
      args: readonly string[],
      path: readonly string[],
      pattern: RegExp,
      field?: string,
    ): Promise<void> => {
      const { code, stdout, stderr } = await drover(args, at(door))
      const what = args.join(' ')
      t.match({ code, stdout }, { code: 2, stdout: '' }, `${what}: ${stderr}`)
      t.match(stderr, pattern, what)
      t.match(stderr, `usage: drover ${path.join(' ')}`, what)
      t.match(stderr, `drover ${path.join(' ')} --help`, what)
      if (field === undefined) return
      const json = await drover([...args, '--json'], at(door))
      t.match(JSON.parse(json.stderr), { object: 'error', code: 'USAGE', fields: [{ name: field }] }, what)
    }
    for (const [path, command] of leaves) {
      const full = fullOf(path, command)
      await tried([...full, '--no-such-flag'], path, /unknown option '--no-such-flag'/, '--no-such-flag')
      const [first] = command.registeredArguments
      if (first?.required === true)
        await tried(
          [...path, ...fullOf(path, command).slice(path.length + argumentsOf(command).length)],
          path,
          new RegExp(`missing required argument '${first.name()}'`),
          `<${first.name()}>`,
        )
      if (!command.registeredArguments.some(({ variadic }) => variadic))
        await tried([...full, 'one-too-many'], path, /too many arguments/)
      for (const { long, mandatory } of command.options)
        if (mandatory && long)
          await tried(fullOf(path, command, long), path, new RegExp(`required option '${long}`), long)
    }
    t.equal(door.useCases.calls.length, 0, 'nobody was asked')
  },
)

t.test(
  'a flag without its value, and with one that cannot be: 2, and the flag is named',
  { timeout: 110_000 },
  async t => {
    const door = await openDoor(t)
    let count = 0
    for (const [path, command] of leaves)
      for (const { long, required, parseArg } of command.options) {
        if (!long || !required) continue
        const args = [...fullOf(path, command, long), long]
        const missing = await drover(['--json', ...args], at(door))
        t.match(missing, { code: 2, stdout: '' }, `${args.join(' ')}: ${missing.stderr}`)
        t.match(JSON.parse(missing.stderr).fields, [{ name: long }])
        if (parseArg === undefined) continue
        const bad = await drover(['--json', ...args, '@ @'], at(door))
        if (bad.code !== 2 || JSON.parse(bad.stderr).code !== 'USAGE') continue
        count += 1
        t.match(JSON.parse(bad.stderr).fields[0], { name: long }, `${args.join(' ')} '@ @': ${bad.stderr}`)
      }
    t.ok(count > 80, `${count} flags have refused a bad value by themselves`)
  },
)

t.test('unknown words lead to known ones', async t => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['devces', 'list'], /unknown command 'devces' \(Did you mean devices\?\)/],
    [['operation', 'strat'], /\(Did you mean start\?\)\n {2}usage: drover operation /],
    [['operation', 'start', '--relase', 'a@1.0.0'], /\(Did you mean --release\?\)/],
    [['completion', 'tcsh'], /bash, zsh, fish/],
    [['operation'], /Usage: drover operation/],
  ]
  for (const [args, pattern] of rows)
    t.match(await drover(args), { code: 2, stdout: '', stderr: pattern }, args.join(' '))
})

t.test(
  'without a broker each command that needs one ends with 4, and says which address and how to start one',
  { timeout: 110_000 },
  async t => {
    const door = await openDoor(t)
    const env = at(door)
    await door.door.close()
    const local: readonly string[] = [
      'init',
      'keys create',
      'keys show',
      'trust create',
      'artifact create',
      'artifact upload',
      'audit verify',
      'trust next',
      'trust sign',
      'trust show',
      'help',
      'completion',
    ]
    const more: Readonly<Record<string, readonly string[]>> = {
      'operation start': ['--release', 'a@1.0.0', '--all'],
      'operation edit': ['--rate', '5'],
      'operation override': ['--reason', 'x'],
      'devices tag': ['--add', 'a'],
      'devices deregister': ['--yes'],
      'devices revoke': ['--yes'],
      'devices forget-report-key': ['--yes'],
      'principals create': ['--role', 'viewer'],
      'principals delete': ['--yes'],
      'webhooks delete': ['--yes'],
      'events follow': ['--limit', '1'],
    }
    let count = 0
    for (const [path, command] of leaves) {
      const name = path.join(' ')
      if (local.includes(name) || name === 'operation watch' || name === 'events follow') continue
      count += 1
      const ended = await drover([...path, ...argumentsOf(command), ...(more[name] ?? [])], env)
      t.equal(ended.code, 4, `${name}: ${ended.stderr}`)
      t.match(ended.stderr, `cannot reach ${door.url} (nobody listens there)`, name)
      t.match(ended.stderr, `${door.url} (DROVER_URL): is the broker running? npm start`, name)
      t.equal(ended.stdout, '', name)
    }
    t.ok(count > 30, `${count}`)
  },
)

t.test('401, 403, 404 and 409 in words, with what to do', async t => {
  const door = await openDoor(t)
  fill(door)
  const rows: readonly (readonly [readonly string[], Readonly<Record<string, string>>, RegExp])[] = [
    [['devices', 'list'], at(door, 'nobody'), /taken from DROVER_TOKEN;.*\n.*--token-file/],
    [['devices', 'enroll', 'a'], { ...at(door), DROVER_TOKEN: 'viewer-token-CANARY-5e11' }, /role may do this/],
    [['devices', 'show', 'nobody'], at(door), /drover devices list/],
    [['releases', 'show', 'a@1.0.0+00'], at(door), /drover releases list/],
    [['devices', 'enroll', 'sensor-1'], at(door), /secret renew/],
  ]
  for (const [args, env, pattern] of rows)
    t.match(await drover(args, env), { code: 3, stdout: '', stderr: pattern }, args.join(' '))
})
