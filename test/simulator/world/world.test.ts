// Worlds of the real orchestrator and real agents in virtual time. DROVER_LONG=1 takes two thousand seeds instead of 25.
import { env } from 'node:process'
import t from 'tap'
import { LevelStore } from '../../../broker/adapters/level-store.ts'
import { type FaultKind, Faults } from '../../../simulator/world/faults.ts'
import { storm } from '../../../simulator/world/storm.ts'
import { type Lived, live } from '../../../simulator/world/world.ts'

const long = env.DROVER_LONG === '1'
t.setTimeout(long ? 4 * 3_600_000 : 300_000)
const seedsCount = long ? 2000 : 25
const agents = long ? 20 : 8

/** What happened, for the reader of a failure. */
function story({ seed, violations, faults, lastLines }: Lived): object {
  return { seed, violations, faults: faults.text, lastSteps: lastLines.split('\n') }
}

t.test('the same seed gives the same history byte for byte, another seed another one', async t => {
  const first = await live(3, { agents, keepTranscript: true })
  const second = await live(3, { agents, keepTranscript: true })
  t.ok(first.linesCount > 100, 'something happened')
  t.equal(first.transcript, second.transcript)
  t.equal(first.digest, second.digest)
  t.not((await live(4, { agents })).digest, first.digest)
})

/** Each must have happened somewhere in the worlds of the test. */
const mustFire: readonly FaultKind[] = [
  'killed before a write',
  'killed after a write',
  'offer lost',
  'chunk lost',
  'chunk corrupted',
  'message sent twice',
  'report sent twice',
  'partition',
  'connection lost',
  'power cut',
  'power cut in a write',
  'flash torn',
  'journal lost',
  'device full',
  'device clock set',
  'unhealthy trial',
  'image crashed',
  'lying digest',
  'owner said later',
  'patch spoiled',
]
/** Ways of the bytes, each gone by some device. */
const mustBeSeen = ['offer with a patch', 'frame of a patch decoded', 'delta installed', 'delta failed']
const mustEnd = [
  'SYS_112',
  'UPD2_OK_18',
  'UPD4_FAIL_23',
  'UPD4_FAIL_26',
  'UPD4_FAIL_27',
  'UPD4_FAIL_40',
  'SYS_100',
  'SYS_103',
]

t.test(`${seedsCount} worlds: every checker is content, everything ends, and outboxes are empty`, async t => {
  const faults = new Faults()
  const endings = new Map<string, number>()
  const seen = new Map<string, number>()
  let [executions, failures] = [0, 0]
  for (let seed = 1; seed <= seedsCount && failures < 3; seed += 1) {
    const lived = await live(seed, { agents })
    const [first] = lived.violations
    if (first !== undefined) {
      failures += 1
      t.fail(`seed ${seed}: ${first.checker}: ${first.problem}`, story(lived))
    }
    faults.add(lived.faults)
    for (const [code, count] of Object.entries(lived.endings)) endings.set(code, (endings.get(code) ?? 0) + count)
    for (const [what, count] of Object.entries(lived.seen)) seen.set(what, (seen.get(what) ?? 0) + count)
    executions += lived.executions
  }
  t.comment(`${seedsCount} worlds, ${executions} executions, ${faults.total} faults: ${faults.text}`)
  t.comment([...endings].map(([code, count]) => `${count} ${code}`).join(' · '))
  for (const kind of mustFire) t.ok(faults.of(kind) > 0, `it fired: ${kind}`)
  t.comment([...seen].map(([what, count]) => `${count} ${what}`).join(' · '))
  for (const what of mustBeSeen) t.ok((seen.get(what) ?? 0) > 0, `it was seen: ${what}`)
  for (const code of mustEnd) t.ok((endings.get(code) ?? 0) > 0, `an execution ended with ${code}`)
})

t.test('on LevelDB every device comes to the same end as in memory', async t => {
  for (const seed of [2, 7]) {
    const store = await LevelStore.open(`${t.testdir()}/${seed}`)
    const onDisk = await live(seed, { agents, store })
    await store.close()
    const inMemory = await live(seed, { agents })
    t.same(onDisk.violations, [])
    t.ok(onDisk.outcomes.length > 0)
    t.same(onDisk.outcomes, inMemory.outcomes)
  }
})

t.test('a small storm ends with the new image on every device that was there in time', async t => {
  const lived = await storm(1, { agents: 20, chunkCount: 16, chunkBytes: 300 })
  t.same(lived.violations, [], lived.lastLines)
  t.equal(lived.operations, 1)
  t.ok(lived.executions > 10)
  t.ok(
    lived.outcomes.every(outcome => /completed (SYS_112|UPD2_OK_18)$/.test(outcome)),
    lived.outcomes.join('\n'),
  )
})
