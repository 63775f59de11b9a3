// Whole histories of the engine in virtual time: the real orchestrator and use cases between a scripted fleet, people and
// a disk, with everything going wrong that the seed thinks of. DROVER_LONG=1 takes ten times as many.
import t from 'tap'
import { type History, history } from '../../../simulator/histories/history.ts'
import { Faults, faultKinds } from '../../../simulator/world/faults.ts'

// With coverage, beside another test, it takes about two minutes.
t.setTimeout(process.env.DROVER_LONG === '1' ? 3_600_000 : 300_000)

const historiesCount = process.env.DROVER_LONG === '1' ? 2000 : 200
const dayMs = 86_400_000

/** What happened, for the reader of a failure. */
function story({ seed, violations, faults, lastLines }: History): object {
  return { seed, violations, faults: faults.text, lastSteps: lastLines.split('\n') }
}

t.test('the same seed gives the same history byte for byte, another seed another one', async t => {
  for (const seed of [3, 11]) {
    const [first, second] = [
      await history(seed, { keepTranscript: true }),
      await history(seed, { keepTranscript: true }),
    ]
    t.ok(first.linesCount > 50, 'something happened')
    t.equal(first.transcript, second.transcript)
    t.equal(first.digest, second.digest)
    t.not(first.digest, (await history(seed + 1)).digest)
  }
})

t.test(`${historiesCount} histories: every checker is content, and every operation ends`, async t => {
  const faults = new Faults()
  const endings = new Map<string, number>()
  const decisions = new Map<string, number>()
  let [lengthMs, operations, executions, failures] = [0, 0, 0, 0]
  for (let seed = 1; seed <= historiesCount && failures < 3; seed += 1) {
    const lived = await history(seed)
    if (lived.violations.length > 0) {
      failures += 1
      const [first] = lived.violations
      t.fail(`seed ${seed}: ${first?.checker}: ${first?.problem}`, story(lived))
    }
    faults.add(lived.faults)
    for (const [code, count] of Object.entries(lived.endings)) endings.set(code, (endings.get(code) ?? 0) + count)
    for (const [rule, count] of Object.entries(lived.decisions)) decisions.set(rule, (decisions.get(rule) ?? 0) + count)
    lengthMs += lived.lengthMs
    operations += lived.operations
    executions += lived.executions
  }
  t.comment(
    `${historiesCount} histories, ${Math.round(lengthMs / dayMs)} days: ${operations} operations, ${executions} executions, ${faults.total} faults`,
  )
  t.comment(faults.text)
  t.comment([...decisions].map(([rule, count]) => `${count} ${rule}`).join(' · '))
  t.comment([...endings].map(([code, count]) => `${count} ${code}`).join(' · '))
  for (const kind of faultKinds) t.ok(faults.of(kind) > 0, `it fired: ${kind}`)
  for (const code of ['SYS_100', 'SYS_101', 'SYS_102', 'SYS_103', 'SYS_109', 'SYS_110', 'SYS_111', 'SYS_112'])
    t.ok((endings.get(code) ?? 0) > 0, `an execution ended with ${code}`)
  for (const rule of [
    'execution.retry by retries',
    'device.quarantine by quarantine',
    'operation.pause by abort',
    'operation.stop by abort',
    'operation.rollback by abort',
    'operation.create by abort',
    'operation.pause by waves',
    'operation.wave-succeeded by waves',
    'operation.open by schedule',
    'operation.close by schedule',
    'operation.stop by schedule',
  ])
    t.ok((decisions.get(rule) ?? 0) > 0, `it was decided: ${rule}`)
})
