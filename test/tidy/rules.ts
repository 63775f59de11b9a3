// The project's own rules over a map of files (path to text), each a pure function that tells every violation. The
// arrows are those of docs/ARCHITECTURE.md: who may import whom. tidy.test.ts plants one violation of each.
import { codeOnly, type Import, importsOf, resolved } from './source.ts'

export interface Violation {
  readonly rule: string
  readonly path: string
  readonly problem: string
}
export type Files = ReadonlyMap<string, string>

interface Edge extends Import {
  readonly path: string
  /** Path in the tree, or undefined for a package. */
  readonly target: string | undefined
}
type Rule = (files: Files) => Iterable<{ readonly path: string; readonly problem: string }>

const product = /^(agent|bench|broker|operator|proto|simulator)\//
const generated = /^proto\/generated\//
/** Files that put a process together: the only ones that see the process they run in. */
const composition = /(^|\/)main\.ts$|^broker\/plugin\.ts$|^agent\/boot\.ts$|^simulator\/demo\.ts$/
const isTest = (path: string): boolean => path.startsWith('test/') || path.startsWith('bench/')
const isCode = (path: string): boolean => /\.tsx?$/.test(path) && !generated.test(path)
const side = (path: string): string => path.split('/')[0] ?? ''
const builtin = (from: string): boolean => from.startsWith('node:')

/** The folder or single file an adapter consists of: `broker/adapters/level-store` for both of its forms. */
const adapterOf = (path: string): string | undefined => /^((?:agent|broker)\/adapters\/[^/.]+)/.exec(path)?.[1]
const coreOf = (path: string): string | undefined => /^((?:agent|broker)\/core)\//.exec(path)?.[1]

function* edges(files: Files): Iterable<Edge> {
  for (const [path, text] of files)
    if (isCode(path)) for (const found of importsOf(text)) yield { path, ...found, target: resolved(path, found.from) }
}

/** One problem for each import that `wrong` has a word about. */
function arrow(wrong: (edge: Edge) => string | undefined): Rule {
  return function* (files) {
    for (const edge of edges(files)) {
      const problem = wrong(edge)
      if (problem !== undefined) yield { path: edge.path, problem: `imports ${edge.from}: ${problem}` }
    }
  }
}

/** One problem for each line of code (comments and strings left out) that matches, outside the files that may. */
function word(pattern: RegExp, may: (path: string) => boolean, problem: string): Rule {
  return function* (files) {
    for (const [path, text] of files) {
      if (!isCode(path) || may(path)) continue
      for (const [number, line] of codeOnly(text).split('\n').entries())
        if (pattern.test(line)) yield { path, problem: `line ${number + 1}: ${problem}` }
    }
  }
}

const allowedSides: Readonly<Record<string, readonly string[]>> = {
  proto: ['proto'],
  agent: ['agent', 'proto'],
  broker: ['broker', 'proto'],
  operator: ['operator', 'proto'],
  simulator: ['simulator', 'agent', 'broker', 'proto'],
  bench: ['bench', 'agent', 'broker', 'operator', 'proto', 'simulator', 'test'],
  test: ['test', 'agent', 'broker', 'operator', 'proto', 'simulator'],
}

/** What of the contract is worth its bytes in a browser. */
function consoleMayLoad(target: string): string | undefined {
  return target === 'proto/event-codes.ts' ? undefined : 'types of the contract only'
}

/** The language of the contract's schemas, so every door may speak it. */
const schemaLibrary = 'typebox'

export const rules: Readonly<Record<string, Rule>> = {
  'proto is pure': arrow(({ path, from, target }) => {
    if (side(path) !== 'proto' || target !== undefined) return undefined
    if (builtin(from))
      return ['node:crypto', 'node:zlib'].includes(from) ? undefined : 'the contract does no input or output'
    if (/^protobufjs/.test(from)) return path === 'proto/codec.ts' ? undefined : 'only codec.ts knows protobuf'
    return /^proto\/http-[a-z]+\.ts$/.test(path) && from === schemaLibrary ? undefined : 'the contract has no libraries'
  }),

  'only codec.ts reads generated code': arrow(({ path, target }) =>
    target?.startsWith('proto/generated/') && path !== 'proto/codec.ts' && path !== 'test/proto/codec.test.ts'
      ? 'generated types stop at proto/codec.ts'
      : undefined,
  ),

  'sides stay apart': arrow(({ path, target }) => {
    if (target === undefined) return undefined
    return allowedSides[side(path)]?.includes(side(target)) === false
      ? `${side(path)} must not know ${side(target)}`
      : undefined
  }),

  'the demo spawns the programs': arrow(({ path, target }) =>
    /^simulator\/demo(\.ts$|\/)/.test(path) && target !== undefined && /^(agent|broker|operator)\//.test(target)
      ? 'it imports none of what it shows'
      : undefined,
  ),

  'a core imports the contract and itself': arrow(({ path, from, target }) => {
    const core = coreOf(path)
    if (core === undefined) return undefined
    if (target === undefined) return from === 'node:crypto' ? undefined : 'a core has no libraries and no world'
    return side(target) === 'proto' || coreOf(target) === core ? undefined : 'a core knows no shell'
  }),

  'a core has no async, clock or chance': word(
    /\basync\b|\bawait\b|\bPromise\b|\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bMath\.random\b|\brandom(Bytes|UUID|Int)\b|\bfetch\(/,
    path => coreOf(path) === undefined,
    'a core only computes',
  ),

  'adapters do not know one another, nor the shell': arrow(({ path, target, typeOnly }) => {
    const adapter = adapterOf(path)
    if (adapter === undefined || target === undefined || side(target) !== side(path)) return undefined
    const other = adapterOf(target)
    if (other !== undefined) return other === adapter ? undefined : 'another adapter'
    // Types are what ports are made of; behaviour comes in through the ports.
    if (typeOnly) return undefined
    return /^(agent|broker)\/(agent|orchestrator|plugin|boot)\b|^(agent|broker)\/(handlers|orchestrator)\//.test(target)
      ? 'an adapter implements a port and calls nobody'
      : undefined
  }),

  'a library in one adapter only': function* (files) {
    const owners = new Map<string, string>()
    for (const { path, from, target } of edges(files)) {
      const adapter = adapterOf(path)
      if (adapter === undefined || target !== undefined || builtin(from) || from === schemaLibrary) continue
      const library = `${side(path)} ${from
        .split('/')
        .slice(0, from.startsWith('@') ? 2 : 1)
        .join('/')}`
      const owner = owners.get(library) ?? adapter
      owners.set(library, owner)
      if (owner !== adapter) yield { path, problem: `imports ${from}, which is the library of ${owner}` }
    }
  },

  'the console is a program of the browser': arrow(({ path, from, target, typeOnly }) => {
    const inside = (file: string): boolean => file.startsWith('operator/console/')
    if (!inside(path)) {
      // Its pure parts can be tested without a browser.
      if (target === undefined || !inside(target) || isTest(path)) return undefined
      return 'only a browser loads the console'
    }
    if (target === undefined) return builtin(from) ? 'a browser has no Node' : undefined
    if (inside(target) || (side(target) === 'proto' && typeOnly)) return undefined
    return side(target) === 'proto' ? consoleMayLoad(target) : 'it knows the contract alone'
  }),

  'nobody imports a main': arrow(({ path, target }) =>
    // A program that the agent's tests start in its place is a main itself.
    target !== undefined && /(^|\/)main\.tsx?$/.test(target) && !/^test\/agent\/programs\//.test(path)
      ? 'a main is only started'
      : undefined,
  ),

  'nothing imports test or bench': arrow(({ path, target }) => {
    if (target === undefined || !isTest(target) || isTest(path)) return undefined
    return 'the product does not depend on its proof'
  }),

  'imports end in .ts': arrow(({ target, from }) =>
    target !== undefined && !/\.(tsx?|js|json|css)$/.test(target) ? `write ${from}.ts` : undefined,
  ),

  'the process is seen in composition roots only': function* (files) {
    const may = (path: string): boolean => isTest(path) || composition.test(path)
    yield* word(/(?<![.\w#])process\.\w/, may, 'process belongs to main')(files)
    yield* arrow(({ path, from, typeOnly, clause }) =>
      // `kill` alone acts on other processes: it belongs to whoever started them. A tick is a clock's, as timers are.
      from === 'node:process' &&
      !typeOnly &&
      clause !== '{ kill }' &&
      !(clause === '{ nextTick }' && path === 'simulator/world/clock.ts') &&
      !may(path)
        ? 'process belongs to main'
        : undefined,
    )(files)
  },

  'timers live in clocks': function* (files) {
    const may = (path: string): boolean =>
      isTest(path) ||
      /^(agent|broker)\/adapters\/[\w-]*clock\.ts$|^(operator|simulator)\/([\w-]+\/)*[\w-]*clock\.ts$/.test(path)
    yield* word(/(?<![.\w])set(Timeout|Interval)\(/, may, 'wait on a Clock')(files)
    yield* arrow(({ path, from }) => (/^(node:)?timers/.test(from) && !may(path) ? 'wait on a Clock' : undefined))(
      files,
    )
  },

  'the console speaks to people only': word(
    /(?<![.\w])console\.\w/,
    path => isTest(path) || /^(operator\/cli|simulator)\//.test(path),
    'log through the port, or write in main',
  ),

  'files end before 400 lines': function* (files) {
    for (const [path, text] of files) {
      const count = text.split('\n').length - 1
      if (isCode(path) && count > 400) yield { path, problem: `${count} lines: look for the second idea` }
    }
  },

  'a file says what it is for': function* (files) {
    for (const [path, text] of files)
      if (isCode(path) && product.test(path) && !/^(#![^\n]*\n)?\/[/*]/.test(text))
        yield { path, problem: 'begins without a comment' }
  },

  'no barrels': word(/^\s*export\s*\*/, () => false, 'import from the file that defines a thing'),

  'no rooms for leftovers': function* (files) {
    for (const path of files.keys())
      if (/(^|\/)(common|utils?|helpers?|misc)(\/|\.ts$)/.test(path))
        yield { path, problem: 'a name that says nothing' }
  },

  'no test is left out': function* (files) {
    for (const [path, text] of files)
      if (
        path.startsWith('test/') &&
        isCode(path) &&
        /\bt\.(only|skip|todo)\(|[{,]\s*(only|todo):/.test(codeOnly(text))
      )
        yield { path, problem: 'only, skip or todo' }
  },

  'nothing is promised in a comment': function* (files) {
    for (const [path, text] of files)
      if (/(?<![\w|(])(TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b/.test(text))
        yield { path, problem: 'do it, or write it where it is read' }
  },

  'no host and no machine in the text': function* (files) {
    for (const [path, text] of files) {
      const host = /\bregistry\.[a-z0-9-]+\.[a-z]+|\bnpm[m]irror|\bartifact[o]ry\b|[/.]nexu[s]\./i.exec(text)
      if (host !== null) yield { path, problem: `names ${host[0]}` }
      const place = /(?<![\w./:-])\/(?:home|Users|root|work|mnt|opt\/homebrew)\/[\w.-]+/.exec(text)
      if (place !== null) yield { path, problem: `names ${place[0]}` }
    }
  },
}

/** Everything that is wrong with the tree, rule by rule. */
export function violations(files: Files): Violation[] {
  return Object.entries(rules).flatMap(([rule, check]) => [...check(files)].map(found => ({ rule, ...found })))
}
