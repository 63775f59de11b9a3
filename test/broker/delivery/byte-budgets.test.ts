import fc from 'fast-check'
import t from 'tap'
import { ByteBudgets, type ByteBudgetsParts, type ByteRates } from '../../../broker/delivery/byte-budgets.ts'
import { deviceId, operationId } from '../../../proto/ids.ts'

const operation = operationId('0123456789abcdefghjkmnpqrs')
const other = operationId('0123456789abcdefghjkmnpqrt')
const device = (number: number) => deviceId(`d${number}`)
const none: ByteRates = {
  bytesPerSecond: 0,
  deviceBytesPerSecond: 0,
  operationBytesPerSecond: 0,
  labelBytesPerSecond: 0,
}
const budgetsOf = (rates: Partial<ByteRates>, parts: Partial<ByteBudgetsParts> = {}) =>
  new ByteBudgets({ rates: { ...none, ...rates }, ...parts })
const ever = Number.POSITIVE_INFINITY

t.test('without a rate nobody waits and nothing is remembered', async t => {
  const budgets = budgetsOf({})
  for (let at = 0; at < 1000; at += 1) t.equal(budgets.take(1e9, { operation, device: device(at) }, at, 0), 0)
  t.equal(budgets.figures().buckets, 0)
  t.equal(budgets.isLimited({ operation, device: device(1) }), false)
  t.equal(budgetsOf({ labelBytesPerSecond: 1 }, { labelOf: () => 'x' }).isLimited({ device: device(1) }), true)
})

t.test('a rate is kept over any time, whatever the sizes and however they come', async () => {
  const step = fc.record({ afterMs: fc.nat(400), bytes: fc.integer({ min: 1, max: 60_000 }) })
  fc.assert(
    fc.property(
      fc.integer({ min: 1000, max: 200_000 }),
      fc.array(step, { minLength: 2, maxLength: 60 }),
      (rate, steps) => {
        const budgets = budgetsOf({ bytesPerSecond: rate })
        const sent: { at: number; bytes: number }[] = []
        let now = 5000
        for (const { afterMs, bytes } of steps) {
          now += afterMs
          sent.push({ at: now + budgets.take(bytes, { operation }, now, ever), bytes })
        }
        const largest = Math.max(...steps.map(({ bytes }) => bytes))
        for (const [from, { at: start }] of sent.entries()) {
          let bytes = 0
          for (const { at: end, bytes: more } of sent.slice(from)) {
            bytes += more
            if (bytes > (rate * (end - start + 250)) / 1000 + largest + 1) return false
          }
        }
        return true
      },
    ),
    { numRuns: 300 },
  )
})

t.test('it gives all there is to who always wants more', async t => {
  const budgets = budgetsOf({ operationBytesPerSecond: 100_000 })
  let now = 1000
  let bytes = 0
  while (now < 11_000) {
    now += budgets.take(7000, { operation }, now, ever)
    bytes += 7000
  }
  t.ok(bytes >= 1_000_000 && bytes <= 1_000_000 + 25_000 + 2 * 7000, `${bytes} bytes in ten seconds`)
})

t.test('who waits stands in a line: each a chunk later than the one before', async t => {
  const budgets = budgetsOf({ bytesPerSecond: 10_000 })
  const waits = Array.from({ length: 6 }, (_, at) => budgets.take(5000, { operation, device: device(at) }, 0, ever))
  // A quarter of a second is there at once.
  t.strictSame(waits, [0, 250, 750, 1250, 1750, 2250])
  t.match(budgets.figures(), { waitsTotal: 5, waitedMsTotal: 6250, refusalsTotal: 0 })
})

t.test('who would wait too long takes nothing, and comes in time when it comes as told', async t => {
  const budgets = budgetsOf({ bytesPerSecond: 10_000 })
  t.equal(budgets.take(60_000, { operation }, 0, 5000), 0)
  const wait = budgets.take(1000, { operation }, 0, 5000)
  t.equal(wait, 5750)
  t.equal(budgets.take(1000, { operation }, 0, 5000), wait, 'the refused one has taken nothing')
  t.equal(budgets.take(1000, { operation }, wait - 100, 0), 100)
  t.equal(budgets.take(1000, { operation }, wait, 0), 0)
  t.equal(budgets.figures().refusalsTotal, 3)
})

t.test('the tightest budget counts, and only for those it is for', async t => {
  const labelOf = (name: string) => (name === 'd9' ? undefined : Number(name.slice(1)) < 5 ? 'north' : 'south')
  const budgets = budgetsOf({ deviceBytesPerSecond: 100_000, labelBytesPerSecond: 10_000 }, { labelOf })
  const waitOf = (number: number, bytes: number) => budgets.take(bytes, { operation, device: device(number) }, 0, ever)
  t.equal(waitOf(1, 12_500), 0)
  t.equal(waitOf(2, 1000), 1000, 'the label of d1')
  t.equal(waitOf(5, 1000), 0, 'another label')
  t.equal(waitOf(9, 125_000), 0, 'none')
  t.equal(waitOf(9, 1), 1000, 'its own')
})

t.test('an operation over its budget keeps no other one waiting', async t => {
  const operationRate = (id: string) => (id === operation ? 1000 : undefined)
  const budgets = budgetsOf({ operationBytesPerSecond: 1_000_000, bytesPerSecond: 2_000_000 }, { operationRate })
  budgets.take(10_000, { operation }, 0, ever)
  t.equal(budgets.take(10_000, { operation }, 0, ever), 9750, 'by the rate of its own policy')
  t.equal(budgets.take(10_000, { operation: other }, 0, ever), 0)
  t.equal(budgets.take(10_000, { device: device(1) }, 0, ever), 0, 'no operation, no device rate')
})

t.test('a rate that is changed counts from then on', async t => {
  let rate: number | undefined = 1000
  const budgets = budgetsOf({}, { operationRate: () => rate })
  budgets.take(2250, { operation }, 0, ever)
  t.equal(budgets.take(1000, { operation }, 0, ever), 2000)
  rate = 100_000
  t.equal(budgets.take(1000, { operation }, 0, ever), 3000, 'what stands before it was taken at the old rate')
  t.equal(budgets.take(1000, { operation }, 0, ever), 3010)
  rate = undefined
  t.equal(budgets.take(1e6, { operation }, 0, ever), 0)
})

t.test('what is given back is there for others', async t => {
  const budgets = budgetsOf({ bytesPerSecond: 10_000, deviceBytesPerSecond: 10_000 })
  budgets.take(22_500, { operation, device: device(1) }, 0, ever)
  budgets.giveBack(10_000, { operation, device: device(1) })
  t.equal(budgets.take(1, { operation, device: device(2) }, 0, ever), 1000)
  t.equal(budgets.take(1, { device: device(1) }, 0, ever), 1000)
})

t.test('budgets that are full again are forgotten', async t => {
  const budgets = budgetsOf({ deviceBytesPerSecond: 1000 })
  for (let at = 0; at < 20_000; at += 1) budgets.take(500, { operation, device: device(at) }, at * 10, ever)
  t.ok(budgets.figures().buckets <= 1024, `${budgets.figures().buckets} are remembered`)
  for (let at = 0; at < 5000; at += 1) budgets.take(5000, { operation, device: device(at) }, 1e6, ever)
  t.ok(budgets.figures().buckets >= 5000, 'those in use are not')
  t.equal(budgets.take(1, { device: device(0) }, 1e6, ever), 4750)
})
