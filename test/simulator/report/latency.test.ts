import fc from 'fast-check'
import t from 'tap'
import {
  added,
  bounds,
  bucketMax,
  LatencyCounter,
  mean,
  percentile,
  valueAtRank,
} from '../../../simulator/report/latency.ts'
import { generator } from './sample.ts'

/** From a microsecond to eleven days, all magnitudes alike; and whatever the generator thinks is nasty. */
const time = fc.oneof(
  fc.integer({ min: 0, max: 12_000 }).map(power => 10 ** (power / 1000 - 3)),
  fc.double({ min: 0, max: 1e9, noNaN: true }),
)
const times = fc.array(time, { minLength: 1, maxLength: 300 })

function counted(values: readonly number[]): LatencyCounter {
  const counter = new LatencyCounter()
  for (const value of values) counter.add(value)
  return counter
}

t.test('a percentile is the one of the sorted values, wrong by 0.8 % and half a microsecond at most', async t => {
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: 1000 }), (values, permille) => {
      const share = permille / 1000
      const sorted = [...values].sort((a, b) => a - b)
      const exact = sorted[Math.max(1, Math.ceil(share * sorted.length - 1e-9)) - 1] ?? Number.NaN
      const found = percentile(counted(values).distribution(), share) ?? Number.NaN
      return Math.abs(found - exact) <= exact * 0.008 + 0.0005001
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('what happens often in practice: thousands of values over six decades', async t => {
  const random = generator(11)
  const values = Array.from({ length: 20_000 }, () => 10 ** (random() * 6 - 2))
  const sorted = [...values].sort((a, b) => a - b)
  const distribution = counted(values).distribution()
  for (const share of [0.001, 0.5, 0.9, 0.95, 0.99, 0.999]) {
    const exact = sorted[Math.ceil(share * values.length) - 1] ?? 0
    t.ok(Math.abs((percentile(distribution, share) ?? 0) - exact) < exact * 0.008 + 0.00051, `p${share * 100}`)
  }
  t.ok(distribution.buckets.length < 1600, 'a few hundred numbers for any count')
  t.equal(percentile(distribution, 0), distribution.min)
  t.equal(percentile(distribution, 1), distribution.max)
})

t.test('two counters add up to exactly what one would have counted, in any order', async t => {
  fc.assert(
    fc.property(times, times, times, (a, b, c) => {
      const parts = [a, b, c].map(values => counted(values).distribution())
      const all = JSON.stringify(counted([...a, ...b, ...c]).distribution())
      return JSON.stringify(added(parts)) === all && JSON.stringify(added([...parts].reverse())) === all
    }),
  )
  const some = counted([1, 2, 3]).distribution()
  t.strictSame(added([some, new LatencyCounter().distribution()]), some, 'nothing adds nothing')
})

t.test('every whole microsecond lies inside the bounds of its bucket, and buckets are narrow', async t => {
  const edges = Array.from({ length: 52 }, (_, power) => [2 ** power - 1, 2 ** power, 2 ** power + 1]).flat()
  for (const us of [...edges, 2 ** 52]) {
    const [[bucket] = [-1]] = counted([us / 1000]).distribution().buckets
    const [from, below] = bounds(bucket)
    t.ok(from * 1000 <= us + 1e-3 && us < below * 1000, `${us} µs in ${from * 1000}..${below * 1000}`)
    t.ok(below - from <= Math.max(from / 64, 0.001) * 1.0001, `${us} µs: narrow`)
    t.ok(bucket <= bucketMax)
  }
})

t.test('nothing measured is no number; below zero is zero; not a number is refused', async t => {
  const nothing = new LatencyCounter().distribution()
  t.strictSame(nothing, { count: 0, min: 0, max: 0, sum: 0, buckets: [] })
  t.equal(percentile(nothing, 0.5), undefined)
  t.equal(mean(nothing), undefined)
  t.strictSame(counted([-5]).distribution().buckets, [[0, 1]])
  t.throws(() => counted([Number.NaN]), RangeError)
  t.throws(() => percentile(nothing, 1.1), RangeError)
  t.throws(() => percentile(nothing, Number.NaN), RangeError)
})

t.test('nearest rank: of a hundred values the 7th is p7, not the 8th', async t => {
  const distribution = counted(Array.from({ length: 100 }, (_, index) => (index + 1) / 1000)).distribution()
  t.equal(percentile(distribution, 0.07), 0.007)
  t.equal(percentile(distribution, 0.5), 0.05)
  t.equal(valueAtRank(distribution, 99), 0.099)
  t.equal(mean(distribution)?.toFixed(6), '0.050500')
})
