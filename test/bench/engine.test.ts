// The benches are part of what is shown, so they must not rot: all of it in small, and that its figures are figures.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { bareNode, notThisTime } from '../fixtures/cases.ts'

const program = fileURLToPath(new URL('../../bench/main.js', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

async function bench(args: readonly string[]): Promise<Ended> {
  const [command, parameters] = bareNode([program, ...args])
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', bytes => {
    out += bytes
  })
  child.stderr.on('data', bytes => {
    err += bytes
  })
  const [code] = await once(child, 'close')
  return { code, out, err }
}

t.test(
  'every part of the engine bench runs, and tells its figures a line each',
  { timeout: 110_000, skip: notThisTime(5) },
  async t => {
    const { code, out, err } = await bench(['engine', '--quick', '--json', '--keep', t.testdir()])
    t.equal(code, 0, err)
    const lines = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { bench: string; metric: string; value: unknown; unit: string; peer?: string })
    for (const line of lines) {
      t.equal(line.bench, 'engine')
      t.ok(typeof line.value === 'number' && Number.isFinite(line.value), `${line.metric} is a number: ${line.value}`)
      t.not(line.unit, '')
    }
    const above = (metric: string, peer?: string): void => {
      const line = lines.find(each => each.metric === metric && each.peer === peer)
      t.ok(Number(line?.value) > 0, `${metric}${peer ? ` of ${peer}` : ''}: ${line?.value}`)
    }
    above('durable_events_per_second')
    above('durable_events_per_second', 'level batch(sync), same rows')
    above('durable_events_per_second', 'aedes')
    above('broker_cpu_per_event', 'aedes')
    above('share_of_bare_level')
    above('expansion_targets_per_second_1k')
    above('restart_ready_seconds_1k_targets')
    t.ok(
      lines.some(({ metric }) => metric === 'memory_growth_mb_1k_targets'),
      'memory growth is told, and may be none',
    )
    for (const which of ['first', 'last']) {
      above(`events_page_ms_${which}`)
      for (const filter of ['device', 'operation', 'code', 'type', 'time'])
        above(`events_page_ms_${which}_by_${filter}`)
    }
    above('export_ping_p99_ms')
    above('export_seconds')
    t.ok(lines.some(({ metric, value }) => metric === 'export_rss_growth_mb' && Number(value) < 200))
  },
)

t.test('a flag that is wrong is named, and nothing is measured', async t => {
  for (const [args, problem] of [
    [['--targets', 'many'], '--targets: expected a number above 0, got many'],
    [['--devices', '2.5'], '--devices: expected a number above 0, got 2.5'],
    [['--only', 'rate,sleep'], '--only: expected some of rate,targets,pages,export, got sleep'],
    [['--loud'], "Unknown option '--loud'"],
  ] as const) {
    const { code, out, err } = await bench(['engine', ...args])
    t.equal(code, 2, args.join(' '))
    t.ok(err.includes(problem), err)
    t.equal(out, '')
  }
})
