// What arrives while a write is under way shares the next one, and what the group counts of it.
import { join } from 'node:path'
import t from 'tap'
import { GroupCommit } from '../../../../broker/adapters/level-store/group-commit.ts'
import { LevelStore } from '../../../../broker/adapters/level-store.ts'
import { StoreUnavailable } from '../../../../broker/errors.ts'
import { append, device, eventOf } from '../../../suites/store-samples.ts'

const limits = { groupBytesMax: 100, waitingBytesMax: 250 }
const item = (sizeBytes: number) => ({ sizeBytes })

t.test('commits, writes, failures and what waits are counted', async t => {
  let fail = false
  const groups: number[] = []
  const waiting: number[] = []
  const commits = new GroupCommit<{ readonly sizeBytes: number }, number>(async items => {
    waiting.push(commits.figures().waitingBytes)
    await new Promise(resolve => setImmediate(resolve))
    if (fail) throw new StoreUnavailable('the disk is full')
    groups.push(items.length)
    return items.map(({ sizeBytes }) => sizeBytes)
  }, limits)
  t.strictSame(commits.figures(), { commitsTotal: 0, failedTotal: 0, writesTotal: 0, writeMsTotal: 0, waitingBytes: 0 })
  const results = await Promise.allSettled([60, 60, 60, 60, 60].map(size => commits.submit(item(size))))
  t.same(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
    'what is more than may wait is refused',
  )
  t.same(groups, [1, 1, 1, 1])
  t.same(waiting, [180, 120, 60, 0])
  t.match(commits.figures(), { commitsTotal: 4, failedTotal: 1, writesTotal: 4, waitingBytes: 0 })
  const { writeMsTotal } = commits.figures()
  t.ok(writeMsTotal > 0)
  fail = true
  await Promise.allSettled([30, 30, 30].map(size => commits.submit(item(size))))
  t.match(
    commits.figures(),
    { commitsTotal: 4, failedTotal: 4, writesTotal: 4, writeMsTotal },
    'a failure took no time',
  )
  fail = false
  t.same(await Promise.all([10, 20, 30].map(size => commits.submit(item(size)))), [10, 20, 30])
  t.match(commits.figures(), { commitsTotal: 7, writesTotal: 5 })
})

t.test('a store tells them of itself', async t => {
  const store = await LevelStore.open(join(t.testdir(), 'store'))
  t.teardown(() => store.close())
  await Promise.all([1, 2, 3].map(() => store.commit([append(eventOf(device('a')))])))
  t.match(store.figures(), { commitsTotal: 3, failedTotal: 0, writesTotal: 1, waitingBytes: 0 })
})
