// Index rows are written when they change, and verifying knows which of them are older than their record may be.
import { join } from 'node:path'
import { Level } from 'level'
import t from 'tap'
import { encodeRecord } from '../../../../broker/adapters/level-store/record.ts'
import { LevelStore, verifyStore } from '../../../../broker/adapters/level-store.ts'
import {
  append,
  appendAudit,
  auditOf,
  device,
  eventOf,
  executionOf,
  operation,
  putDevice,
  putExecution,
} from '../../../suites/store-samples.ts'

t.test('a step of a device moves no index row, and an execution older than its index row is told', async t => {
  const directory = join(t.testdir(), 'store')
  // So few that the start no longer looks at the execution.
  const store = await LevelStore.open(directory, { logBatches: 3 })
  const execution = executionOf(operation(1), device('a'), 'pending')
  await store.commit([putExecution(execution)])
  await store.commit([putExecution({ ...execution, state: 'in-progress' }, 'pending')])
  for (let attempt = 1; attempt < 4; attempt++)
    await store.commit([putExecution({ ...execution, state: 'in-progress', attempt }, 'in-progress')])
  for (let round = 0; round < 4; round++) await store.commit([putDevice(device('b'), { bootId: String(round) })])
  await store.close()
  const db = new Level<string, string>(join(directory, 'records'))
  const rows = await db.iterator({ gte: 'x', lt: 'y' }).all()
  const batches = rows.map(([key, value]) => [
    key.split('!')[0],
    Number.parseInt(value.slice(key[1] === '!' ? 8 : 0).slice(0, 14), 16),
  ])
  t.strictSame(batches, [
    ['x', 6],
    ['xd', 2],
    ['xs', 3],
  ])
  const [key = '', value = ''] = rows[0] ?? []
  await db.put(key, encodeRecord(key, 2, value.slice(22)))
  await db.close()
  const again = new Level(join(directory, 'records'))
  await again.open()
  await again.close()
  const { problems } = await verifyStore(directory)
  t.match(problems.join(), /index row "xs!.*is not of the batch of its record/)
})

t.test('no value is empty: the library never frees its copy of one that is', async t => {
  const directory = join(t.testdir(), 'store')
  const store = await LevelStore.open(directory)
  const [one, a] = [operation(1), device('a')]
  await store.commit([
    append(eventOf(a, { operation: one })),
    appendAudit({ ...auditOf('a'), operation: one }),
    putExecution(executionOf(one, a, 'completed')),
    { kind: 'put-targets', operation: one, devices: [a] },
  ])
  await store.close()
  const db = new Level<string, string>(join(directory, 'records'))
  const rows = await db.iterator().all()
  await db.close()
  const kinds = new Set(rows.map(([key]) => key.split('!')[0]))
  for (const kind of ['e', 'ec', 'ed', 'eo', 'et', 'u', 'uo', 'x', 'xs', 'xr', 't']) t.ok(kinds.has(kind), kind)
  t.strictSame(
    rows.filter(([, value]) => value === '').map(([key]) => key),
    [],
  )
})

t.test(
  'what a device reports writes its journals, not its record; of a device that is gone neither is left',
  async t => {
    const directory = join(t.testdir(), 'store')
    const rowsOf = async (letters: string) => {
      const db = new Level<string, string>(join(directory, 'records'))
      const rows = await db.iterator().all()
      await db.close()
      return rows
        .filter(([key]) => letters.includes(key.split('!')[0] ?? ''))
        .map(([key, value]) => [key, value.slice(8, 22)])
    }
    const store = await LevelStore.open(directory)
    await store.commit([putDevice(device('a')), putDevice(device('b'))])
    const journals = [{ journalId: 'j', floor: 1, above: [] }]
    await store.commit([{ kind: 'put-journals', device: device('a'), journals }])
    await store.close()
    t.strictSame(await rowsOf('dj'), [
      ['d!a', '00000000000002'],
      ['d!b', '00000000000002'],
      ['j!a', '00000000000003'],
    ])
    const again = await LevelStore.open(directory)
    await again.commit([{ kind: 'delete-device', device: device('a') }])
    await again.close()
    t.strictSame(await rowsOf('dj'), [['d!b', '00000000000002']])
    t.strictSame((await verifyStore(directory)).problems, [])
  },
)

t.test('a record is stored as it always was: CRC-32 in eight digits, its batch, its text', async t => {
  t.equal(encodeRecord('d!sensor-21', 42, '{}'), '0095c1570000000000002a{}')
  t.equal(encodeRecord('d!sensor-102', 42, '{}'), 'fa0b32fe0000000000002a{}')
})
