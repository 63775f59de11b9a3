// Hostile clients against a broker for a while, and mutants of every message, signed again where they have to be, through
// the readers themselves: what was sent, whether all lived and answered, what it cost, and how much of each decoder the two
// together reached. `--seconds N` (60; 0: no broker), `--mutants N` (100,000; 0: none), `--seed N`, `--devices N` (200),
// `--lanes N` (6), `--untaken` (the lines of the compiled files that nobody reached). Exit code 1 when anything was wrong.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { coverageOf } from '../simulator/fuzz/coverage.ts'
import { fuzzDecoders } from '../simulator/fuzz/decoders.ts'
import { fuzz } from '../simulator/fuzz/fuzz.ts'
import { type Print, percentile, printer } from './engine/printing.ts'

/** Everything that reads what a stranger, a device, an operator, or the broker to a device, has sent. */
const decoders = [
  ...['frame-guard', 'packet-form', 'topic-filter', 'parser-guard', 'packet-order', 'packet-ids', 'rights'].map(
    name => `broker/adapters/aedes/${name}.js`,
  ),
  'mqtt-packet/parser.js',
  ...['codec', 'values', 'ids', 'version', 'topics', 'packets', 'messages', 'log-report', 'device-report'],
  ...['envelope', 'trust', 'fleet-time', 'statement', 'manifest', 'command', 'offer-messages', 'certificate-messages'],
  ...['chunk-messages', 'chunk-piece', 'chunk-index', 'session-messages', 'bundle'],
  ...['package', 'patch', 'patch-transport'],
  'agent/core/accept.js',
  'broker/device-messages.js',
  'broker/adapters/mqtt-commands.js',
  'broker/doors/json-text.js',
].map(name => (name.includes('/') ? name : `proto/${name}.js`))

interface Wishes {
  readonly seconds: number
  readonly mutants: number
  readonly seed: number
  readonly devices: number
  readonly lanes: number
  readonly json: boolean
}

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const text = (value: string) => ({ type: 'string', default: value }) as const
  const options = {
    seconds: text('60'),
    mutants: text('100000'),
    seed: text(String(Date.now() % 2 ** 31)),
    devices: text('200'),
    lanes: text('6'),
    untaken: { type: 'boolean', default: false },
    decoders: { type: 'boolean', default: false },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const whole = (name: 'seconds' | 'mutants' | 'seed' | 'devices' | 'lanes'): number => {
    const number = Number(values[name])
    if (Number.isSafeInteger(number) && number >= 0) return number
    throw new RangeError(`--${name}: expected a whole number from 0, got ${values[name]}`)
  }
  const print = printer(json, 'fuzz')
  const wishes = {
    ...{ seconds: whole('seconds'), mutants: whole('mutants'), seed: whole('seed') },
    ...{ devices: whole('devices'), lanes: whole('lanes'), json },
  }
  // The process that the readers run in: V8 writes what it went through when it ends.
  if (values.decoders) return runDecoders(wishes, print)
  // Whole, or nobody could repeat the run.
  console.log(
    json
      ? JSON.stringify({ bench: 'fuzz', metric: 'seed', value: wishes.seed, unit: '' })
      : `fuzz  seed ${wishes.seed}`,
  )
  const coverageFolder = await mkdtemp(join(tmpdir(), 'drover-fuzz-'))
  try {
    if (wishes.mutants > 0) await spawnDecoders(wishes, coverageFolder)
    if (wishes.seconds > 0) await runBroker(wishes, coverageFolder, print)
    for (const { file, branches, taken, untakenLines } of await coverageOf(coverageFolder, decoders)) {
      print(`branches ${file}`, (100 * taken) / branches, `% of ${branches}`)
      if (values.untaken && untakenLines.length > 0)
        console.error(`fuzz: not reached: ${file}:${untakenLines.join(' ')}`)
    }
  } finally {
    await rm(coverageFolder, { recursive: true, force: true })
  }
}

async function runBroker(wishes: Wishes, coverageFolder: string, print: Print): Promise<void> {
  const found = await fuzz({ ...wishes, coverageFolder }, { node: process.execPath, environment: process.env })
  print('duration', wishes.seconds, 's')
  for (const [kind, count] of Object.entries(found.cases)) print(kind, count, 'cases')
  print(
    'all',
    Object.values(found.cases).reduce((sum, count) => sum + count, 0),
    'cases',
  )
  print('broker cpu', found.brokerCpuSeconds, 's')
  print('broker memory before', found.rssBytesFirst / 2 ** 20, 'MiB')
  print('broker memory at most', found.rssBytesMost / 2 ** 20, 'MiB')
  if (found.pingsMs.length > 0) {
    print('witness answer p50', percentile(found.pingsMs, 0.5), 'ms')
    print('witness answer p99', percentile(found.pingsMs, 0.99), 'ms')
    print('witness answer longest', Math.max(...found.pingsMs), 'ms')
  }
  tell(found.problems, print)
}

function runDecoders({ mutants, seed }: Wishes, print: Print): void {
  const before = process.memoryUsage().rss
  const problems: string[] = []
  let [all, longestMs] = [0, 0]
  // Of the processor, whatever else the machine does.
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  for (const found of fuzzDecoders(mutants, seed, cpuMs)) {
    print(`mutants, ${found.name}`, found.mutants, 'cases')
    print(`taken as good, ${found.name}`, found.taken, 'cases')
    all += found.mutants
    longestMs = Math.max(longestMs, found.longestMs)
    problems.push(...found.problems)
  }
  print('mutants', all, 'cases')
  print('longest mutant, of the processor', longestMs, 'ms')
  print('memory more', (process.memoryUsage().rss - before) / 2 ** 20, 'MiB')
  tell(problems, print)
}

/** In a process of its own, so that its branches are counted from its first line on. */
async function spawnDecoders({ mutants, seed, json }: Wishes, coverageFolder: string): Promise<void> {
  const flags = ['fuzz', '--decoders', `--mutants=${mutants}`, `--seed=${seed}`, ...(json ? ['--json'] : [])]
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...flags], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, NODE_V8_COVERAGE: coverageFolder },
  })
  const code = await new Promise<number | null>(resolve => child.once('exit', resolve))
  if (code !== 0) process.exitCode = 1
}

function tell(problems: readonly string[], print: Print): void {
  print('problems', problems.length, '')
  for (const problem of problems) console.error(`fuzz: ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}
