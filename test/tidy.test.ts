import { cwd } from 'node:process'
import t from 'tap'
import { rules, violations } from './tidy/rules.ts'
import { codeOnly, importsOf, readTree, resolved, withoutComments } from './tidy/source.ts'

t.test('the tree keeps the rules', async t => {
  const tree = readTree(cwd())
  t.ok(tree.size > 50 && tree.has('proto/codec.ts') && tree.has('package.json'), 'the tree was found')
  for (const { rule, path, problem } of violations(tree)) t.fail(`${path}: ${problem} (${rule})`)
})

// Written so that no line of this file is what it plants.
const head = '// What it is for.\n'
const imports = (from: string, what = '{ a }'): string => [`${head}import ${what} from`, `'${from}'\n`].join(' ')
const says = (...parts: string[]): string => `${head}${parts.join('')}\n`

/** One violation of each rule: the file that breaks it, and what it says. */
const planted: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['proto is pure', 'proto/planted.ts', imports('node:fs')],
  ['proto is pure', 'proto/planted.ts', imports('protobufjs/minimal.js')],
  ['proto is pure', 'proto/planted.ts', imports('pino')],
  ['only codec.ts reads generated code', 'broker/planted.ts', imports('../proto/generated/drover.js')],
  ['only codec.ts reads generated code', 'proto/envelope.ts', imports('./generated/fields.ts', 'type { A }')],
  ['sides stay apart', 'proto/planted.ts', imports('../agent/ports.ts')],
  ['sides stay apart', 'agent/planted.ts', imports('../broker/ports.ts', 'type { A }')],
  ['sides stay apart', 'broker/core/planted.ts', imports('../../agent/core/update.ts')],
  ['sides stay apart', 'operator/cli/planted.ts', imports('../../broker/ports.ts')],
  ['sides stay apart', 'simulator/planted.ts', imports('../operator/keys.ts')],
  ['the demo spawns the programs', 'simulator/demo.ts', imports('../agent/agent.ts')],
  ['the demo spawns the programs', 'simulator/demo/image.ts', imports('../../broker/plugin.ts')],
  ['a core imports the contract and itself', 'broker/core/planted.ts', imports('../ports.ts', 'type { A }')],
  ['a core imports the contract and itself', 'agent/core/planted.ts', imports('node:fs/promises')],
  ['a core imports the contract and itself', 'agent/core/planted.ts', imports('pino')],
  ['a core has no async, clock or chance', 'broker/core/planted.ts', says('export as', 'ync function a() {}')],
  ['a core has no async, clock or chance', 'agent/core/planted.ts', says('export const now = Date', '.now()')],
  ['a core has no async, clock or chance', 'agent/core/planted.ts', says('export const id = random', 'UUID()')],
  ['adapters do not know one another, nor the shell', 'broker/adapters/aedes/a.ts', imports('../level-store.ts')],
  ['adapters do not know one another, nor the shell', 'broker/adapters/http.ts', imports('./level-store/rows.ts')],
  ['adapters do not know one another, nor the shell', 'agent/adapters/mqtt/a.ts', imports('../../agent.ts')],
  ['a library in one adapter only', 'broker/adapters/planted-store.ts', imports('level')],
  ['the console is a program of the browser', 'operator/console/planted.tsx', imports('node:fs')],
  ['the console is a program of the browser', 'operator/console/pages/planted.tsx', imports('../../client.ts')],
  ['the console is a program of the browser', 'operator/console/planted.tsx', imports('../../proto/codec.ts')],
  ['the console is a program of the browser', 'operator/cli/planted.ts', imports('../console/app.tsx')],
  ['nobody imports a main', 'broker/planted.ts', imports('./main.ts')],
  ['nobody imports a main', 'test/planted.test.ts', imports('../operator/cli/main.ts')],
  ['nobody imports a main', 'test/agent/planted.test.ts', imports('../../agent/main.ts')],
  ['nothing imports test or bench', 'agent/planted.ts', imports('../test/fixtures/bundle.ts')],
  ['nothing imports test or bench', 'simulator/planted.ts', imports('../bench/store.ts')],
  ['imports end in .ts', 'agent/planted.ts', imports('./ports')],
  ['the process is seen in composition roots only', 'broker/planted.ts', says('export const a = pro', 'cess.env.A')],
  ['the process is seen in composition roots only', 'agent/planted.ts', imports('node:process', '{ env }')],
  ['timers live in clocks', 'broker/planted.ts', says('set', 'Timeout(() => {}, 1)')],
  ['timers live in clocks', 'operator/console/parts/planted.tsx', says('set', 'Interval(() => {}, 1)')],
  ['timers live in clocks', 'agent/adapters/mqtt/planted.ts', says('set', 'Interval(() => {}, 1)')],
  ['timers live in clocks', 'agent/planted.ts', imports('node:timers/promises')],
  ['the console speaks to people only', 'broker/planted.ts', says('con', "sole.log('a')")],
  ['files end before 400 lines', 'broker/planted.ts', says('\n'.repeat(400))],
  ['a file says what it is for', 'operator/planted.ts', 'export const a = 1\n'],
  ['no barrels', 'broker/planted.ts', [`${head}export *`, "from './ports.ts'\n"].join(' ')],
  ['no rooms for leftovers', 'broker/utils/planted.ts', head],
  ['no rooms for leftovers', 'proto/common.ts', head],
  ['no test is left out', 'test/planted.test.ts', says('t.', "only('a', async () => {})")],
  ['no test is left out', 'test/planted.test.ts', says("t.test('a', { to", 'do: true })')],
  ['nothing is promised in a comment', 'docs/planted.md', says('TO', 'DO later')],
  ['nothing is promised in a comment', 'proto/planted.ts', says('// FIX', 'ME')],
  ['no host and no machine in the text', 'docs/planted.md', says('from https://registry', '.example.org/x')],
  ['no host and no machine in the text', 'test/planted.test.ts', says('// see /ho', 'me/someone/file')],
]

t.test('every rule has a planted violation', async t => {
  t.strictSame(new Set(planted.map(([rule]) => rule)), new Set(Object.keys(rules)))
})

/** Rules about one import from two sides: breaking one of them may break another. */
const overlapping: ReadonlySet<string> = new Set([
  'proto is pure',
  'only codec.ts reads generated code',
  'sides stay apart',
  'the demo spawns the programs',
  'a core imports the contract and itself',
])

t.test('a planted violation is reported by its rule, and by no rule about something else', async t => {
  const owner = new Map([['broker/adapters/level-store.ts', imports('level')]])
  t.strictSame(violations(owner), [], 'nothing is wrong before')
  for (const [rule, path, text] of planted) {
    const found = violations(new Map([...owner, [path, text]]))
    t.ok(
      found.some(violation => violation.rule === rule && violation.path === path),
      `${rule}: ${path}`,
    )
    for (const other of found.filter(violation => violation.rule !== rule))
      t.ok(overlapping.has(other.rule), `${path}: ${other.rule} as well`)
  }
})

t.test('what the rules allow is not reported', async t => {
  const rows: readonly (readonly [path: string, text: string])[] = [
    ['proto/codec.ts', imports('./generated/drover.js') + imports('protobufjs/minimal.js')],
    ['proto/envelope.ts', imports('node:crypto')],
    [
      'agent/core/a.ts',
      imports('../../proto/ids.ts') +
        imports('./update.ts') +
        says('// async, Date', '.now and process', '.env in words'),
    ],
    [
      'broker/adapters/http/a.ts',
      imports('../../ports.ts') +
        imports('./query.ts') +
        imports('fastify') +
        imports('../../core/records.ts', 'type { A }'),
    ],
    ['broker/adapters/http.ts', imports('./http/a.ts')],
    ['broker/main.ts', imports('./plugin.ts') + says('pro', 'cess.exit(0)')],
    ['agent/adapters/system-clock.ts', says('set', 'Timeout(() => {}, 1)')],
    [
      'agent/a.ts',
      says("export const a = 'pro", 'cess.env and con', "sole.log'") +
        says('subpro', 'cess.kill(); this.con', 'sole.log()'),
    ],
    ['agent/adapters/a.ts', imports('node:process', '{ kill }')],
    ['.ci/count.mjs', says('/# (SKIP|TO', 'DO)/')],
    ['operator/cli/a.ts', says('con', "sole.log('a')")],
    ['simulator/world.ts', imports('../agent/agent.ts') + imports('../broker/plugin.ts')],
    ['test/a.test.ts', imports('../broker/a.ts') + says('pro', 'cess.env.A; con', "sole.log('a')")],
    ['test/agent/programs/a.ts', imports('../../../agent/main.ts')],
    ['docs/a.md', 'See https://example.org/home/x and ./root/y, or docs/work/z.\n'],
  ]
  for (const [path, text] of rows) {
    t.strictSame(violations(new Map([[path, text]])), [], path)
  }
})

t.test('imports are found in every form, and not in comments', async t => {
  const text = [
    "import a from 'a'",
    "import type { B } from './b.ts'",
    'import {\n  type C,\n  type D,\n} from "../c.ts"',
    "import { type E, f } from './e.ts'",
    "import './side.ts'",
    "const g = await import('./g.ts')",
    "export { h } from './h.ts'",
    "export type { I } from './i.ts'",
    "// import x from 'x'",
    "/* import y from 'y' */",
  ].join('\n')
  t.strictSame(
    importsOf(text)
      .map(({ from, typeOnly }) => `${from}${typeOnly ? ' type' : ''}`)
      .sort(),
    ['../c.ts type', './b.ts type', './e.ts', './g.ts', './h.ts', './i.ts type', './side.ts', 'a'],
  )
  t.equal(resolved('agent/core/a.ts', '../../proto/ids.ts'), 'proto/ids.ts')
  t.equal(resolved('agent/a.ts', './core/b.ts'), 'agent/core/b.ts')
  t.equal(resolved('agent/a.ts', 'level'), undefined)
})

t.test('comments and strings are blanked out, lines stay', async t => {
  t.equal(withoutComments("a // b\n'// c' /* d\n e */ f"), "a     \n'// c'     \n      f")
  t.equal(codeOnly("a = 'b' // c").trimEnd(), "a = ' '")
})
