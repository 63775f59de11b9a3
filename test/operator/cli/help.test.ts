// What --help teaches can be typed, and every command is found in it.
import type { Command } from 'commander'
import t from 'tap'
import { examples } from '../../../operator/cli/examples.ts'
import { buildProgram } from '../../../operator/cli/program.ts'
import { drover } from './run.ts'

const screen = { write: () => undefined }

/** Runs nothing: remembers which command a line would have run. */
function parser() {
  const ran: string[] = []
  const program = buildProgram({ stdout: screen, stderr: screen }, command => {
    command.action(() => {
      ran.push(pathOf(command))
    })
  })
  return { ran, program }
}

function pathOf(command: Command): string {
  const above = command.parent === null ? '' : pathOf(command.parent)
  return command.parent === null ? '' : `${above} ${command.name()}`.trim()
}

function allOf(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(allOf)]
}

/** As a shell would part it; no example needs more than double quotes. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}

t.test('each example is a line that the command line understands, under the help of its own command', async t => {
  const paths = allOf(parser().program).map(pathOf)
  t.strictSame(
    Object.keys(examples).filter(path => !paths.includes(path)),
    [],
    'examples of commands that are not there',
  )
  for (const [path, own] of Object.entries(examples)) {
    const help = (await drover([...path.split(' ').filter(Boolean), '--help'])).stdout
    for (const [line, purpose] of own) {
      t.match(help, line, `${path}: ${line}`)
      t.match(help, `# ${purpose}`)
      if (path === 'completion') continue
      const { ran, program } = parser()
      const words = wordsOf(line).slice(1)
      await t.resolves(program.parseAsync([...words], { from: 'user' }), line)
      t.ok(ran[0]?.startsWith(path.split(' ')[0] ?? ''), `${line} is about ${path}`)
    }
  }
})

t.test('every noun shows examples, and every level says where settings come from and what exit codes mean', async t => {
  const { program } = parser()
  for (const command of allOf(program)) {
    const path = pathOf(command)
    if (path === 'complete') continue
    const { code, stdout, stderr } = await drover([...path.split(' ').filter(Boolean), '--help'])
    t.match({ code, stderr }, { code: 0, stderr: '' }, path)
    t.match(stdout, `Usage: ${`drover ${path}`.trim()}`)
    t.match(stdout, /Settings: flag > environment > configuration file/)
    t.match(stdout, /Exit codes: 0 done/)
    if (command.commands.length > 0 && path !== 'devices secret' && path !== 'principals token')
      t.match(stdout, /\nExamples:\n/, `${path || 'drover'} has examples`)
    const same = await drover(['help', ...path.split(' ').filter(Boolean)])
    t.equal(same.stdout, stdout, `drover help ${path} is drover ${path} --help`)
  }
})

t.test('drover --help names every noun once, in groups', async t => {
  const { stdout } = await drover(['--help'])
  for (const heading of ['To begin:', 'What is installed:', 'The fleet:', 'Who may, and who did:', 'About drover:'])
    t.match(stdout, heading)
  for (const { name } of parser().program.commands.map(command => ({ name: command.name() })))
    t.equal(
      stdout.split('\n').filter(line => new RegExp(`^ {2}${name}( |$)`).test(line)).length,
      name === 'complete' ? 0 : 1,
      name,
    )
  t.notMatch(stdout, /--token-file/, 'what stands on every command is not in the way here')
  t.match((await drover(['operation', 'start', '--help'])).stdout, /Common options:\n +--url/)
})

t.test('topics and mistakes of drover help', async t => {
  t.match(await drover(['help', 'exit-codes']), {
    code: 0,
    stdout: /\n +0 +done\n +1 .*\n +2 .*\n +3 .*\n +4 .*\n +130 /s,
  })
  t.match(await drover(['help', 'settings']), {
    code: 0,
    stdout: /1\. the flag.*2\. the env.*3\. the conf.*4\. the default/s,
  })
  t.match(
    await drover(['help', 'device', 'list']),
    { code: 0, stdout: /^Usage: drover devices list/ },
    'aliases are followed',
  )
  t.match(await drover(['help', 'devices', 'lst']), { code: 2, stdout: '', stderr: /no help about devices lst/ })
  t.match(await drover(['help']), { code: 0, stdout: /To begin:/ })
})
