// The bench of the agent in small, so that it does not rot: real processes, and every figure of it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { bareNode, notThisTime } from '../fixtures/cases.ts'

const program = fileURLToPath(new URL('../../bench/main.js', import.meta.url))

t.test('an agent is updated twice, and tells what it took', { timeout: 110_000, skip: notThisTime(5) }, async t => {
  const [command, parameters] = bareNode([program, 'agent', '--json', '--small', '1', '--large', '3'])
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.on('data', bytes => {
    out += bytes
  })
  const [code] = await once(child, 'close')
  t.equal(code, 0)
  const lines = out.trim().split('\n')
  const figures = new Map<string, number>()
  for (const line of lines) {
    const { bench, metric, value } = JSON.parse(line) as { bench: string; metric: string; value: number }
    t.equal(bench, 'agent')
    figures.set(metric, value)
  }
  const of = (metric: string): number => figures.get(metric) ?? Number.NaN
  for (const size of [1, 3]) {
    t.ok(of(`agent_peak_rss_mib_${size}_mib`) > 20, 'a node process')
    t.ok(of(`update_seconds_${size}_mib`) > 0)
    t.ok(Math.abs(of(`held_mib_${size}_mib`) + of(`received_mib_${size}_mib`) - size) < 0.01, 'every byte once')
  }
  t.ok(of('held_mib_3_mib') > 1, 'every second MiB was there')
  t.ok(Number.isFinite(of('agent_rss_difference_mib')))
})
