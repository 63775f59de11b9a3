import t from 'tap'
import { mostHalved, RecordedTimes } from '../../../../broker/adapters/level-store/recorded-times.ts'

t.test('the number that can be halved most often is looked at first', async t => {
  for (const [from, to, expected] of [
    [1, 2, 1],
    [1, 3, 2],
    [1, 1_000_001, 524_288],
    [524_289, 1_000_001, 786_432],
    [5, 6, 5],
    [5, 8, 6],
    [2 ** 40 + 1, 2 ** 41, 2 ** 40 + 2 ** 39],
    [Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1],
  ] as const)
    t.equal(mostHalved(from, to), expected, `${from} to ${to - 1}`)
})

t.test('every time of a log is found, whatever its ends are', async t => {
  const times = new RecordedTimes()
  for (const [low, high] of [
    [1, 1],
    [1, 2],
    [1, 40],
    [7, 40],
    [30, 41],
  ] as const)
    for (let wanted = 2 * low - 3; wanted <= 2 * high + 3; wanted++) {
      const found = await times.first({ low, high }, time => time >= wanted, timeOf)
      t.equal(found, Math.min(high, Math.max(low, Math.ceil(wanted / 2))), `${wanted} from ${low} to ${high}`)
    }
})

t.test('what was read is not read again, also after the log has grown at one end and lost the other', async t => {
  const times = new RecordedTimes()
  let reads = 0
  const search = async (low: number, high: number, wanted: number): Promise<number> => {
    const before = reads
    const read = (number: number): Promise<number> => {
      reads++
      return timeOf(number)
    }
    t.equal(await times.first({ low, high }, time => time >= wanted, read), Math.ceil(wanted / 2))
    return reads - before
  }
  const first = await search(1, 1_000_001, 600_001)
  t.ok(first > 15 && first <= 20, `${first} reads the first time`)
  t.equal(await search(1, 1_000_001, 600_001), 0)
  t.ok((await search(4_000, 1_048_000, 600_001)) <= 1, 'at most at the new end')
  t.ok((await search(4_000, 1_048_000, 600_101)) <= 12, 'a moment beside it: only the last halvings')
})

t.test('only so many times are remembered, the least used go', async t => {
  const times = new RecordedTimes()
  const reads: number[] = []
  const read = (number: number): Promise<number> => {
    reads.push(number)
    return timeOf(number)
  }
  const search = (wanted: number) => times.first({ low: 1, high: 2 ** 20 }, time => time >= wanted, read)
  for (let wanted = 1; wanted < 2 ** 21; wanted += 401) await search(wanted)
  t.equal(reads.filter(number => number === 2 ** 19).length, 1, 'the first halving stays')
  reads.length = 0
  await search(1)
  t.ok(reads.length > 0 && reads.length < 20, `${reads.length} of the last halvings are read again`)
})

t.test('what could not be read is asked for again', async t => {
  const times = new RecordedTimes()
  const bounds = { low: 1, high: 3 }
  await t.rejects(
    times.first(
      bounds,
      () => true,
      () => Promise.reject(new Error('no disk')),
    ),
    /no disk/,
  )
  t.equal(await times.first(bounds, time => time >= 4, timeOf), 2)
})

/** Event n was recorded at 2 n. */
async function timeOf(number: number): Promise<number> {
  return 2 * number
}
