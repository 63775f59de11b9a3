// The console bench in small: all of it runs, and its figures are figures.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { bareNode, notThisTime } from '../fixtures/cases.ts'

const program = fileURLToPath(new URL('../../bench/main.js', import.meta.url))

t.test(
  'every request of the console is measured, and tells its figures a line each',
  { timeout: 110_000, skip: notThisTime(5) },
  async t => {
    const [command, parameters] = bareNode([program, 'console', '--quick', '--json', '--keep', t.testdir()])
    const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.on('data', bytes => {
      out += bytes
    })
    child.stderr.on('data', bytes => {
      err += bytes
    })
    const [code] = await once(child, 'close')
    t.equal(code, 0, err)
    const lines = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { bench: string; metric: string; value: unknown; unit: string })
    for (const { bench, metric, value, unit } of lines) {
      t.equal(bench, 'console')
      t.ok(typeof value === 'number' && Number.isFinite(value) && value >= 0, `${metric} is a number: ${value} ${unit}`)
    }
    for (const request of ['operations', 'executions', 'devices', 'events', 'fleet', 'releases', 'audit', 'plan'])
      for (const figure of ['ms', 'p99_ms', 'loop_ms', 'kb'])
        t.ok(
          lines.some(({ metric }) => metric === `${request}_${figure}`),
          `${request}_${figure}`,
        )
    for (const metric of ['worst_loop_ms', 'stream_ms', 'stream_messages_heard', 'stream_loop_ms'])
      t.ok(Number(lines.find(line => line.metric === metric)?.value) > 0, metric)
  },
)

t.test('a size that is none is refused with the name of its flag', async t => {
  const [command, parameters] = bareNode([program, 'console', '--devices', '0'])
  const child = spawn(command, parameters, { stdio: ['ignore', 'ignore', 'pipe'] })
  let err = ''
  child.stderr.on('data', bytes => {
    err += bytes
  })
  const [code] = await once(child, 'close')
  t.equal(code, 2)
  t.match(err, '--devices: expected a whole number above 0, got 0')
})
