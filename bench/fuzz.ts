// Hostile clients against a broker for a while: what was sent, whether it lived and answered, what it cost, and how much
// of each decoder they reached. `--seconds N` (60), `--seed N`, `--devices N` (200), `--lanes N` (6). Exit code 1 when
// anything was wrong.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { coverageOf } from '../simulator/fuzz/coverage.ts'
import { fuzz } from '../simulator/fuzz/fuzz.ts'
import { percentile, printer } from './engine/printing.ts'

/** Everything that reads what a stranger, a device or an operator has sent. */
const decoders = [
  'broker/adapters/aedes/frame-guard.js',
  'broker/adapters/aedes/packet-form.js',
  'broker/adapters/aedes/topic-filter.js',
  'broker/adapters/aedes/parser-guard.js',
  'broker/adapters/aedes/packet-order.js',
  'broker/adapters/aedes/packet-ids.js',
  'broker/adapters/aedes/rights.js',
  'mqtt-packet/parser.js',
  'proto/codec.js',
  'proto/messages.js',
  'proto/chunk-messages.js',
  'proto/log-report.js',
  'proto/values.js',
  'proto/topics.js',
  'proto/manifest.js',
  'proto/bundle.js',
  'proto/chunk-index.js',
  'broker/device-messages.js',
  'broker/adapters/mqtt-commands.js',
  'broker/doors/json-text.js',
] as const

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const print = printer(json, 'fuzz')
  const text = (value: string) => ({ type: 'string', default: value }) as const
  const options = {
    seconds: text('60'),
    seed: text(String(Date.now() % 2 ** 31)),
    devices: text('200'),
    lanes: text('6'),
  }
  const { values } = parseArgs({ args: [...args], options })
  const [seconds, seed, devices, lanes] = [values.seconds, values.seed, values.devices, values.lanes].map(Number)
  if (![seconds, seed, devices, lanes].every(Number.isSafeInteger)) throw new RangeError('expected whole numbers')
  const coverageFolder = await mkdtemp(join(tmpdir(), 'drover-fuzz-'))
  try {
    const wishes = { seconds: seconds ?? 0, seed: seed ?? 0, devices: devices ?? 1, lanes: lanes ?? 1, coverageFolder }
    const found = await fuzz(wishes, { node: process.execPath, environment: process.env })
    // Whole, or nobody could repeat the run.
    console.log(
      json
        ? JSON.stringify({ bench: 'fuzz', metric: 'seed', value: wishes.seed, unit: '' })
        : `fuzz  seed ${wishes.seed}`,
    )
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
    for (const { file, branches, taken } of await coverageOf(coverageFolder, decoders)) {
      print(`branches ${file}`, (100 * taken) / branches, '%')
    }
    print('problems', found.problems.length, '')
    for (const problem of found.problems) console.error(`fuzz: ${problem}`)
    if (found.problems.length > 0) process.exitCode = 1
  } finally {
    await rm(coverageFolder, { recursive: true, force: true })
  }
}
