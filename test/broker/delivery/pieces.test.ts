// Budgets on the way to a device: who has to wait, who goes on, and what a refusal says.
import t from 'tap'
import { ChunkDelivery, type ChunkDeliveryParts } from '../../../broker/delivery/chunk-delivery.ts'
import type { DeliverySettings } from '../../../broker/delivery/delivery-settings.ts'
import { operationId } from '../../../proto/ids.ts'
import { makeBundle, makeImage } from '../../fixtures/bundle.ts'
import { chunkRequest, FakeConnection, HandClock, ListLog, MemoryArtifacts, operation } from './world.ts'

const KiB = 1024
/** 256 chunks of exactly 4 KiB that do not deflate. */
const settings = { minimumBytes: 4096, averageBytes: 4096, maximumBytes: 4096 }
const bundle = makeBundle({ image: makeImage(1024 * KiB, 8), settings })
const other = operationId('0123456789abcdefghjkmnpqrt')

function world(wishes: Partial<DeliverySettings>, parts: Partial<ChunkDeliveryParts> = {}) {
  const clock = new HandClock()
  const log = new ListLog()
  const artifacts = new MemoryArtifacts(bundle)
  const delivery = ChunkDelivery.open({ artifacts, clock, log, mayPull: () => true, settings: wishes, ...parts })
  const device = (name: string) => {
    const connection = new FakeConnection(name)
    delivery.connected(connection, 32 * KiB)
    return connection
  }
  const ask = (connection: FakeConnection, count: number, { number = 1, first = 0, under = operation } = {}) =>
    delivery.request(connection, {
      ...chunkRequest(bundle, number, [{ first, count }], 1024 * KiB),
      operation: under,
    })
  return { clock, log, delivery, device, ask }
}
const chunksOf = (connection: FakeConnection): number => connection.chunksEnded.length

t.test('an operation over its budget goes at its rate, and another one is not disturbed', async t => {
  const operationRate = (id: string) => (id === operation ? 16 * KiB : undefined)
  const { clock, delivery, device, ask } = world({ budgetWaitMs: 60_000 }, { operationRate })
  const slow = ['a', 'b', 'c', 'd'].map(device)
  for (const connection of slow) ask(connection, 100)
  const quick = device('e')
  ask(quick, 200, { under: other })
  await clock.advance(500)
  t.equal(chunksOf(quick), 200)
  await clock.advance(9500)
  const sent = slow.map(chunksOf)
  const total = sent.reduce((sum, count) => sum + count)
  t.ok(total >= 40 && total <= 43, `${total} chunks of 4 KiB in ten seconds`)
  t.ok(Math.max(...sent) - Math.min(...sent) <= 1, `each its share: ${sent}`)
  const bytes = slow.reduce((sum, connection) => sum + connection.bytes, 0)
  t.ok(
    Math.abs(delivery.throughputOf(operation) - bytes / 10) < 2000,
    `${delivery.throughputOf(operation)} bytes a second`,
  )
  t.equal(delivery.figures().budgets.waitsTotal, total + slow.length - 2)
})

t.test('devices of one site share its budget, those of another have their own', async t => {
  const labelOf = (name: string) => (name.startsWith('n') ? 'north' : name.startsWith('s') ? 'south' : undefined)
  const { clock, device, ask } = world({ labelBytesPerSecond: 16 * KiB, budgetWaitMs: 60_000 }, { labelOf })
  const [n1, n2, s1, free] = [device('n1'), device('n2'), device('s1'), device('x')]
  for (const connection of [n1, n2, s1, free]) ask(connection, 100)
  await clock.advance(5000)
  t.equal(chunksOf(free), 100)
  t.ok(Math.abs(chunksOf(s1) - 21) <= 1, `${chunksOf(s1)}`)
  t.ok(Math.abs(chunksOf(n1) + chunksOf(n2) - 21) <= 1, `${chunksOf(n1)} and ${chunksOf(n2)}`)
})

t.test('a device that would wait too long is told busy, and when to come again; then it is served', async t => {
  const { clock, delivery, device, ask } = world({ bytesPerSecond: 16 * KiB, budgetWaitMs: 1000 })
  const connections = Array.from({ length: 10 }, (_, at) => device(`d${at}`))
  for (const connection of connections) ask(connection, 1)
  await clock.advance(20)
  const refused = connections.filter(({ refusals }) => refusals.length > 0)
  const waits = refused.map(({ refusals }) => refusals[0]?.retryAfterMs ?? 0)
  t.ok(refused.length >= 4 && refused.length <= 5, `${refused.length} of 10`)
  t.ok(
    waits.every(ms => ms > 1000 && ms <= 1300),
    `${waits}`,
  )
  t.equal(delivery.figures().budgets.refusalsTotal, refused.length)
  await clock.advance(1250)
  t.equal(connections.filter(({ pieces }) => pieces.length > 0).length, 10 - refused.length)
  const [again] = refused as [FakeConnection]
  ask(again, 1, { number: 2 })
  await clock.advance(5)
  t.strictSame(again.chunksEnded, ['2:0'], 'it came when it was told to')
})

t.test('nobody looks at a clock while it waits: one timer a device, and none is left', async t => {
  const { clock, delivery, device, ask } = world({ deviceBytesPerSecond: 4 * KiB, budgetWaitMs: 5000 })
  const connection = device('a')
  ask(connection, 5)
  await clock.advance(600)
  t.equal(clock.timerCount, 1)
  await clock.advance(5000)
  t.equal(chunksOf(connection), 5)
  ask(connection, 5, { number: 2, first: 10 })
  await clock.advance(300)
  t.equal(clock.timerCount, 1)
  delivery.disconnected(connection)
  t.equal(clock.timerCount, 0)
  await delivery.close()
})

t.test('what a device has taken of a budget and does not get is there for others', async t => {
  const { clock, delivery, device, ask } = world({ bytesPerSecond: 4 * KiB, budgetWaitMs: 60_000 })
  const first = device('a')
  ask(first, 1)
  await clock.advance(10)
  const gone = Array.from({ length: 20 }, (_, at) => device(`g${at}`))
  for (const connection of gone) ask(connection, 1)
  await clock.advance(10)
  for (const connection of gone) delivery.disconnected(connection)
  const second = device('b')
  ask(second, 1)
  await clock.advance(1100)
  t.equal(chunksOf(second), 1, 'and not twenty seconds later')
})

t.test('a request that takes over from one that waits does not pay twice', async t => {
  const { clock, device, ask } = world({ bytesPerSecond: 4 * KiB, budgetWaitMs: 60_000 })
  const connection = device('a')
  for (let number = 1; number <= 30; number += 1) {
    ask(connection, 20, { number })
    await clock.advance(100)
  }
  t.ok(chunksOf(connection) >= 3 && chunksOf(connection) <= 5, `${connection.chunksEnded}`)
})

t.test('index and patch are bytes, too', async t => {
  const { clock, delivery, device } = world({ deviceBytesPerSecond: 2000, budgetWaitMs: 60_000 })
  const connection = device('a')
  delivery.connected(connection, 1024)
  delivery.request(connection, chunkRequest(bundle, 1, { indexFrom: 0 }))
  await clock.advance(2000)
  const bytes = connection.pieces.reduce((sum, { data }) => sum + data.length, 0)
  t.ok(bytes > 4000 && bytes < 6500, `${bytes} of ${bundle.indexBytes.length}`)
})
