// The health command as a real process, and the clock and chance of the operating system.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { alwaysHealthy, HealthCommand } from '../../../agent/adapters/health-command.ts'
import { systemClock } from '../../../agent/adapters/system-clock.ts'
import { systemRandom } from '../../../agent/adapters/system-random.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const health = (command: readonly string[], timeoutMs = 10_000, environment: NodeJS.ProcessEnv = process.env) =>
  new HealthCommand(systemClock, log, { command, timeoutMs, environment })

t.test('exit code 0 is healthy, everything else is not, with one word why', async t => {
  const rows: readonly (readonly [readonly string[], object])[] = [
    [['/bin/true'], { healthy: true }],
    [['/bin/sh', '-c', 'exit 7'], { healthy: false, reason: 'exit-7' }],
    [['/bin/sh', '-c', 'kill -9 $$'], { healthy: false, reason: 'signal-SIGKILL' }],
    [['/does/not/exist'], { healthy: false, reason: 'not-started-ENOENT' }],
    [['/bin/sh', '-c', 'head -c 1000000 /dev/zero; exit 1'], { healthy: false, reason: 'exit-1' }],
  ]
  for (const [command, verdict] of rows) t.same(await health(command).check(), verdict, command.join(' '))
  t.same(await alwaysHealthy.check(), { healthy: true })
})

t.test('a command that takes too long is killed with all it started', async t => {
  const marker = join(t.testdir({}), 'late')
  const verdict = await health(['/bin/sh', '-c', `(sleep 0.6; touch ${marker}) & sleep 60`], 100).check()
  t.same(verdict, { healthy: false, reason: 'timeout' })
  await new Promise(resolve => setTimeout(resolve, 900))
  t.notOk(existsSync(marker))
})

t.test('the command is told what the agent was told', async t => {
  t.match(await health(['/bin/sh', '-c', 'test "$DROVER_SLOT" = b'], 10_000, { DROVER_SLOT: 'b' }).check(), {
    healthy: true,
  })
})

t.test(
  'a timer fires once, not after it was cancelled, and not early for a delay longer than a timer can be',
  async t => {
    const fired: string[] = []
    systemClock.after(1, () => fired.push('soon'))
    const cancelled = systemClock.after(1, () => fired.push('cancelled'))
    cancelled.cancel()
    cancelled.cancel()
    const long = systemClock.after(2 ** 31 + 1000, () => fired.push('long'))
    await new Promise(resolve => setTimeout(resolve, 40))
    t.same(fired, ['soon'])
    long.cancel()
    const before = systemClock.monotonicMs()
    t.ok(systemClock.monotonicMs() >= before)
    t.ok(Math.abs(systemClock.wallMs() - Date.now()) < 1000)
  },
)

t.test('chance is in [0, 1) and of the length asked for', async t => {
  const drawn = Array.from({ length: 1000 }, () => systemRandom.fraction())
  t.ok(drawn.every(fraction => fraction >= 0 && fraction < 1))
  t.ok(new Set(drawn).size > 990)
  t.equal(systemRandom.bytes(8).length, 8)
})
