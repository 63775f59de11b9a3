// An operation beside an attack, and the same operation in peace, turn about, on brokers with the limits they are
// installed with:
//
//   strangers   connects with credentials that open nothing, from 250 addresses
//   flood       devices with credentials that report events without end
//   headers     packets that announce 256 MB, and packets that never end
//   half-open   sockets that say nothing
//   tls         no attack: the same operation over TLS
//   connects    what a connect costs by plain TCP and by TLS
//
// An attack has a process of its own and half a core, no more. `--only` names some of them, `--quick` is a form of
// seconds that a test runs; every size is a flag (settings.ts). Exit code 1 when the operation does not end as it has to.
import { openFilesLimit } from '../simulator/fleet/proc.ts'
import { Opened } from './engine/opened.ts'
import { median, type Print, printer } from './engine/printing.ts'
import { type AttackName, attackNames } from './hostile/attack.ts'
import { measureConnects } from './hostile/connects.ts'
import { type OperationFigures, runOperation } from './hostile/operation.ts'
import { type HostileSettings, type Part, readSettings } from './hostile/settings.ts'

/** What is run one after the other in each round; a part is compared with the quiet run of its own row. */
const rows: readonly (readonly (Part | 'quiet')[])[] = [
  ['strangers', 'quiet', 'flood'],
  ['headers', 'quiet', 'half-open', 'tls'],
]
/** In a run of seconds one quiet run does for all. */
const isFirst = (part: Part | 'quiet', at: number, all: readonly (Part | 'quiet')[]): boolean =>
  all.indexOf(part) === at
/** What an attack came to, in its own counts. */
const worksOf: Readonly<Record<AttackName, { readonly word: string; readonly counted: readonly string[] }>> = {
  strangers: { word: 'turned_away', counted: ['refused', 'shut'] },
  flood: { word: 'acknowledged', counted: ['acknowledged'] },
  headers: { word: 'closed', counted: ['closed', 'keptClosed'] },
  'half-open': { word: 'closed', counted: ['closed'] },
}
/** Beside the sockets of an attack, of the fleet and of the witnesses. */
const otherFiles = 600

interface Pair {
  readonly part: Part
  readonly run: OperationFigures
  readonly quiet: OperationFigures
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  let settings: HostileSettings
  try {
    settings = readSettings(args)
  } catch (error) {
    console.error(`hostile: ${(error as Error).message}`)
    process.exitCode = 2
    return
  }
  try {
    await measure({ ...settings, sockets: await socketsPossible(settings) }, printer(json, 'hostile'))
  } catch (error) {
    console.error(`hostile: ${(error as Error).message}`)
    process.exitCode = 1
  }
}

async function measure(settings: HostileSettings, print: Print): Promise<void> {
  const pairs: Pair[] = []
  for (let round = 0; round < settings.pairs; round += 1)
    for (const row of settings.isQuick ? [rows.flat().filter(isFirst)] : rows)
      pairs.push(...(await runRow(round % 2 === 0 ? row : [...row].reverse(), settings)))
  const quiets = [...new Set(pairs.map(({ quiet }) => quiet))]
  if (quiets.length > 0) printRuns('quiet', quiets, print)
  for (const part of settings.parts) {
    const own = pairs.filter(pair => pair.part === part)
    if (own.length > 0) printPart(part, own, print)
  }
  if (settings.parts.includes('connects')) await measureConnects(settings, print)
}

function printPart(part: Part, own: readonly Pair[], print: Print): void {
  const runs = own.map(pair => pair.run)
  printRuns(part, runs, print)
  const ratio = (of: (figures: OperationFigures) => number): number =>
    median(own.map(pair => of(pair.run) / of(pair.quiet)))
  const ratios: readonly (readonly [name: string, of: (figures: OperationFigures) => number])[] = [
    ['total_p99', ({ totalP99Ms }) => totalP99Ms],
    ['event_p99', ({ eventP99Ms }) => eventP99Ms],
    ['operation_seconds', ({ seconds }) => seconds],
    ['broker_cpu', ({ cpuSeconds }) => cpuSeconds],
  ]
  for (const [name, of] of ratios) print(`${part}_${name}_ratio`, ratio(of), 'times')
  const added = median(own.map(pair => pair.run.memoryMost - pair.quiet.memoryMost))
  print(`${part}_memory_added_mb`, added, 'MB')
  printAttack(part, own, print)
}

async function runRow(row: readonly (Part | 'quiet')[], settings: HostileSettings): Promise<readonly Pair[]> {
  const parts = row.filter(part => part === 'quiet' || settings.parts.includes(part))
  if (parts.length === 1) return []
  const found = new Map<Part | 'quiet', OperationFigures>()
  for (const part of parts) {
    const attack = attackNames.find(name => name === part)
    const wishes = attack === undefined ? { tls: part === 'tls' } : { attack }
    found.set(part, await Opened.during(opened => runOperation(opened, settings, wishes)))
  }
  const quiet = found.get('quiet')
  if (quiet === undefined) return []
  return [...found].flatMap(([part, figures]) => (part === 'quiet' ? [] : [{ part, run: figures, quiet }]))
}

function printRuns(name: string, runs: readonly OperationFigures[], print: Print): void {
  const of = (figure: (figures: OperationFigures) => number): number => median(runs.map(figure))
  const rows: readonly (readonly [metric: string, value: number, unit: string])[] = [
    ['total_p99_ms', of(({ totalP99Ms }) => totalP99Ms), 'ms'],
    ['event_p99_ms', of(({ eventP99Ms }) => eventP99Ms), 'ms'],
    ['operation_seconds', of(({ seconds }) => seconds), 's'],
    ['broker_cpu_seconds', of(({ cpuSeconds }) => cpuSeconds), 's'],
    ['memory_most_mb', Math.max(...runs.map(({ memoryMost }) => memoryMost)), 'MB'],
    ['memory_after_mb', Math.max(...runs.map(({ memoryAfter }) => memoryAfter)), 'MB'],
  ]
  for (const [metric, value, unit] of rows) print(`${name}_${metric}`, value, unit)
}

/** Counts are of the stretch in which nothing but the attack happened, and of the largest of the rounds. */
function printAttack(part: Part, pairs: readonly Pair[], print: Print): void {
  const attacks = pairs.flatMap(({ run: { attack } }) => attack ?? [])
  if (attacks.length === 0) return
  print(`${part}_attacker_cores`, median(attacks.map(({ cores }) => cores)), 'cores')
  print(`${part}_broker_cores`, median(attacks.map(({ cpuSeconds, seconds }) => cpuSeconds / seconds)), 'cores')
  const { word, counted } = worksOf[part as AttackName]
  const counts = attacks.map(attack => counted.reduce((sum, name) => sum + (attack.counts[name] ?? 0), 0))
  print(`${part}_${word}_per_second`, median(attacks.map(({ seconds }, at) => (counts[at] ?? 0) / seconds)), '/s')
  const costs = attacks.flatMap(({ cpuSeconds }, at) => {
    const count = counts[at] ?? 0
    return count > 0 ? [(cpuSeconds * 1e6) / count] : []
  })
  // Half-open sockets are closed when their time is over: in a short stretch that may be none.
  if (costs.length > 0) print(`${part}_broker_cpu_each`, median(costs), 'µs')
  for (const name of Object.keys(attacks[0]?.all ?? {}))
    print(`${part}_${name}`, Math.max(...attacks.map(({ all }) => all[name] ?? 0)), 'in all')
}

/** As many as wanted, or as many as the machine lets one process open: that is said. */
async function socketsPossible({ sockets }: HostileSettings): Promise<number> {
  const limit = (await openFilesLimit()) ?? Number.POSITIVE_INFINITY
  const possible = Math.min(sockets, Math.max(1, limit - otherFiles))
  if (possible < sockets)
    console.error(`hostile: ${possible} sockets instead of ${sockets}: a process may open ${limit} files (ulimit -Hn)`)
  return possible
}
