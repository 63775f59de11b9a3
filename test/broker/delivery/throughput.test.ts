import t from 'tap'
import { Throughput } from '../../../broker/delivery/throughput.ts'
import { operationId } from '../../../proto/ids.ts'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const operation = (number: number) =>
  operationId(`0123456789abcdefghjkmnp${[1024, 32, 1].map(unit => alphabet[Math.floor(number / unit) % 32]).join('')}`)
const [a, b] = [operation(1), operation(2)]

t.test('a steady flow shows its rate, each operation its own and all together', async t => {
  const throughput = new Throughput()
  for (let now = 0; now < 60_000; now += 100) {
    throughput.add(a, 10_000, now)
    throughput.add(b, 2000, now)
    if (now < 2000) continue
    t.ok(Math.abs(throughput.of(a, now) - 100_000) <= 11_000, `${throughput.of(a, now)} at ${now} ms`)
  }
  t.ok(Math.abs(throughput.all(59_999) - 120_000) <= 2000, `${throughput.all(59_999)}`)
  t.ok(Math.abs(throughput.of(b, 59_999) - 20_000) <= 400)
})

t.test('a flow that has just begun is not spread over the time before it', async t => {
  const throughput = new Throughput()
  throughput.add(a, 1, 100)
  for (let now = 100_500; now < 103_500; now += 100) throughput.add(a, 10_000, now)
  t.ok(Math.abs(throughput.of(a, 103_500) - 100_000) < 5000, `${throughput.of(a, 103_500)}`)
})

t.test('a flow that has ended fades within ten seconds', async t => {
  const throughput = new Throughput()
  for (let now = 0; now < 20_000; now += 100) throughput.add(a, 10_000, now)
  const rates = [20_000, 23_000, 26_000, 29_000].map(now => throughput.of(a, now))
  t.strictSame(
    rates,
    rates.toSorted((x, y) => y - x),
  )
  t.ok((rates.at(-1) ?? 0) < 20_000, `${rates}`)
  t.equal(throughput.of(a, 30_000), 0)
  t.equal(throughput.all(30_000), 0)
  t.equal(throughput.of(b, 30_000), 0, 'never seen')
  throughput.add(a, 5000, 30_000)
  t.equal(throughput.of(a, 30_500), 5000, 'nothing of the old flow is left')
})

t.test('operations that have fallen silent are forgotten', async t => {
  const throughput = new Throughput()
  for (let number = 0; number < 5000; number += 1) throughput.add(operation(number), 10, number * 1000)
  t.ok(throughput.operationCount <= 64, `${throughput.operationCount} are remembered`)
  t.equal(throughput.of(operation(4999), 4_999_500), 10)
})
