import fc from 'fast-check'
import t from 'tap'
import { ChunkDelivery, type ChunkDeliveryParts } from '../../../broker/delivery/chunk-delivery.ts'
import type { DeliverySettings } from '../../../broker/delivery/delivery-settings.ts'
import {
  chunkDataHead,
  chunkDataHeadBytesMax,
  encodeChunkData,
  encodeChunkRequest,
  readChunkData,
} from '../../../proto/chunk-messages.ts'
import { artifactId } from '../../../proto/ids.ts'
import { makeBundle, makeImage } from '../../fixtures/bundle.ts'
import { chunkRequest, chunksOf, FakeConnection, HandClock, ListLog, MemoryArtifacts, settle } from './world.ts'

const image = makeImage(600_000, 4, 0.4)
const bundle = makeBundle({ image, settings: { minimumBytes: 1024, averageBytes: 4096, maximumBytes: 65536 } })
/** 64 chunks of exactly 4 KiB that do not deflate. */
const even = makeBundle({
  image: makeImage(256 * 1024, 8),
  settings: { minimumBytes: 4096, averageBytes: 4096, maximumBytes: 4096 },
})
const all = [{ first: 0, count: bundle.index.count }]
const large = 16 * 1024 * 1024

function world(settings: Partial<DeliverySettings> = {}, mayPull: ChunkDeliveryParts['mayPull'] = () => true) {
  const clock = new HandClock()
  const log = new ListLog()
  const artifacts = new MemoryArtifacts(bundle, even)
  const delivery = ChunkDelivery.open({ artifacts, clock, log, mayPull, settings })
  const device = (name: string, options: { number?: number; reading?: boolean; packet?: number } = {}) => {
    const connection = new FakeConnection(name, options)
    delivery.connected(connection, options.packet ?? 32 * 1024)
    return connection
  }
  return { clock, log, artifacts, delivery, device }
}

t.test('a head and the bytes make the same message as the encoder of the contract', async t => {
  const uint32 = fc.nat(0xffffffff)
  fc.assert(
    fc.property(
      uint32,
      fc.option(uint32, { nil: undefined }),
      fc.constantFrom('plain' as const, 'deflate' as const),
      fc.nat(1024 * 1024 - 70_000),
      fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 16_000, max: 70_000 })),
      (requestNumber, chunk, encoding, offset, length) => {
        const data = Buffer.alloc(length, 7)
        const about = { requestNumber, chunk, encoding, encodedSize: offset + length, offset }
        const head = chunkDataHead({ ...about, dataLength: length })
        const bytes = Buffer.concat([head, data])
        t.ok(bytes.equals(encodeChunkData({ kind: 'piece', ...about, data })))
        t.strictSame(readChunkData(bytes), { kind: 'piece', ...about, data })
        t.ok(head.length <= chunkDataHeadBytesMax)
      },
    ),
    { numRuns: 200 },
  )
  const most = { requestNumber: 0xffffffff, chunk: 0xffffffff, encoding: 'deflate', encodedSize: 0xffffffff } as const
  t.ok(chunkDataHead({ ...most, offset: 0xffffffff, dataLength: 0x3ffff }).length <= chunkDataHeadBytesMax)
})

t.test('a device gets the chunks it asks for, in ascending order, in packets it can take', async t => {
  for (const packet of [1024, 5000, 32 * 1024, 128 * 1024]) {
    const { clock, delivery, device } = world({ windowBytesMax: large })
    const connection = device('d'.repeat(64), { packet })
    delivery.request(connection, encodeChunkRequest(chunkRequest(bundle, 7, all, large)))
    await clock.advance(5000)
    const chunks = chunksOf(bundle, connection.pieces)
    t.ok(Buffer.concat([...chunks.values()]).equals(image), `the image in packets of ${packet}`)
    t.strictSame(
      [...chunks.keys()],
      [...chunks.keys()].sort((a, b) => a - b),
    )
    t.ok(connection.packets.every(({ bytes }) => bytes <= packet))
    const encodedMost = Math.max(...connection.pieces.map(({ encodedSize }) => encodedSize))
    const most = Math.max(...connection.packets.map(({ bytes }) => bytes))
    t.ok(most > Math.min(packet - 64, encodedMost), `and uses them: ${most} of ${packet}`)
    t.ok(connection.pieces.every(({ requestNumber }) => requestNumber === 7))
    const figures = delivery.figures()
    t.equal(figures.chunksTotal, bundle.index.count)
    t.equal(figures.bytesTotal, connection.bytes)
    t.equal(figures.queuedRequests, 0)
    t.equal(figures.queuedChunks, 0)
    await delivery.close()
  }
})

t.test('the chunk index comes in pieces, from the offset asked for, as far as the window reaches', async t => {
  const { clock, delivery, device } = world()
  const connection = device('a', { packet: 1024 })
  const offsets = (): number[] => connection.pieces.map(({ offset }) => offset)
  delivery.request(connection, chunkRequest(bundle, 1, { indexFrom: 0 }))
  await clock.advance(100)
  const index = Buffer.concat(connection.pieces.map(({ data }) => data))
  t.ok(index.equals(bundle.indexBytes))
  t.ok(connection.pieces.every(({ chunk, encodedSize }) => chunk === undefined && encodedSize === index.length))
  connection.packets.length = 0
  delivery.request(connection, chunkRequest(bundle, 2, { indexFrom: 1000 }, 1500))
  await clock.advance(100)
  t.equal(offsets()[0], 1000)
  t.equal(Buffer.concat(connection.pieces.map(({ data }) => data)).length, 1500)
  connection.packets.length = 0
  delivery.request(connection, chunkRequest(bundle, 3, { indexFrom: index.length }))
  await clock.advance(100)
  t.match(connection.refusals, [{ requestNumber: 3, reason: 'no-such-chunk', chunk: undefined }])
})

t.test('a request is answered up to its window and never beyond the one of the broker', async t => {
  const rows = [
    { window: 40_960, most: large, chunks: 10 },
    { window: 40_959, most: large, chunks: 9 },
    { window: 1, most: large, chunks: 1 },
    { window: large, most: 20_480, chunks: 5 },
  ]
  for (const { window, most, chunks } of rows) {
    const { clock, delivery, device } = world({ windowBytesMax: most })
    const connection = device('a')
    delivery.request(connection, chunkRequest(even, 1, [{ first: 3, count: 50 }], window))
    await clock.advance(1000)
    t.strictSame(
      connection.chunksEnded,
      Array.from({ length: chunks }, (_, at) => `1:${at + 3}`),
      `window ${window}`,
    )
  }
})

t.test('a chunk is sent once however often a request names it', async t => {
  const { clock, delivery, device } = world()
  const connection = device('a')
  const ranges = [...Array.from({ length: 500 }, () => ({ first: 5, count: 2 })), { first: 2, count: 1 }]
  delivery.request(connection, chunkRequest(even, 1, ranges))
  await clock.advance(1000)
  t.strictSame(connection.chunksEnded, ['1:2', '1:5', '1:6'])
})

t.test('the bytes of a chunk are shared by all devices', async t => {
  const { clock, artifacts, delivery, device } = world()
  const connections = Array.from({ length: 50 }, (_, at) => device(`d${at}`))
  for (const connection of connections) delivery.request(connection, chunkRequest(even, 1, [{ first: 9, count: 3 }]))
  await clock.advance(1000)
  const buffers = connections.map(({ packets }) => packets.map(({ parts }) => parts[1]))
  t.ok(connections.every(({ chunksEnded }) => chunksEnded.length === 3))
  for (const [first, second, third] of buffers) {
    const like = buffers[0] ?? []
    t.ok([first, second, third].every((part, at) => part?.buffer === like[at]?.buffer))
    t.ok([first, second, third].every((part, at) => part?.byteOffset === like[at]?.byteOffset))
  }
  t.equal(artifacts.readCount, 3, 'one read a chunk')
  t.equal(delivery.figures().readsTotal, 3)
  delivery.request(connections[0] as FakeConnection, chunkRequest(even, 2, [{ first: 9, count: 3 }]))
  await clock.advance(1000)
  t.equal(artifacts.readCount, 3)
  t.equal(delivery.figures().cacheHitsTotal, 3, 'the chunks that nobody had to wait for')
})

t.test('a later request takes over what earlier ones have not begun', async t => {
  const { clock, delivery, device } = world({ socketUndrainedBytesMax: 8192 })
  const connection = device('a', { reading: false, packet: 2048 })
  delivery.request(connection, chunkRequest(even, 1, [{ first: 0, count: 6 }]))
  await clock.advance(50)
  const begun = connection.pieces.at(-1)?.chunk
  t.equal(begun, 1, 'the second chunk is on its way, the socket is full')
  delivery.request(connection, chunkRequest(even, 2, [{ first: 1, count: 3 }]))
  await clock.advance(50)
  t.equal(delivery.figures().queuedChunks, 1 + 2 + 3)
  for (let round = 0; round < 40; round += 1) {
    connection.drain()
    await clock.advance(100)
  }
  t.strictSame(connection.chunksEnded, ['1:0', '1:1', '1:4', '1:5', '2:1', '2:2', '2:3'])
})

t.test('asking for the same again and again sends nothing twice that was not asked while it travelled', async t => {
  const { clock, delivery, device } = world({ socketUndrainedBytesMax: 8192 })
  const connection = device('a', { reading: false })
  for (let number = 1; number <= 200; number += 1) {
    delivery.request(connection, chunkRequest(even, number, [{ first: 0, count: 20 }]))
    await settle()
  }
  await clock.advance(100)
  t.ok(delivery.figures().queuedRequests <= 2, `${delivery.figures().queuedRequests} requests`)
  t.ok(delivery.figures().queuedChunks <= 21)
  for (let round = 0; round < 60; round += 1) {
    connection.drain()
    await clock.advance(100)
  }
  t.ok(connection.chunksEnded.length <= 22, `${connection.chunksEnded.length} chunks sent`)
  t.strictSame(
    connection.chunksEnded.slice(-19),
    Array.from({ length: 19 }, (_, at) => `200:${at + 1}`),
  )
})

t.test('requests without end cost bounded memory and bounded answers', async t => {
  const { clock, delivery, device } = world({ requestsMax: 4, socketUndrainedBytesMax: 8192 })
  const connection = device('a', { reading: false })
  for (let number = 1; number <= 20_000; number += 1) {
    delivery.request(
      connection,
      chunkRequest(number % 2 === 0 ? even : bundle, number, [{ first: number % 50, count: 1 }]),
    )
    if (number % 100 === 0) await settle()
  }
  await clock.advance(100)
  t.ok(delivery.figures().queuedRequests <= 4, `${delivery.figures().queuedRequests} requests`)
  t.ok(connection.undrainedMost <= 8192 + 64, `${connection.undrainedMost} bytes in the socket`)
  t.ok(delivery.figures().refusalsDroppedTotal > 10_000)
})

t.test('the oldest request beyond the limit is told busy and when to come again', async t => {
  const { clock, delivery, device } = world({ requestsMax: 2, socketUndrainedBytesMax: 8192, retryAfterMs: 1234 })
  const connection = device('a', { reading: false })
  for (const number of [1, 2, 3]) {
    delivery.request(connection, chunkRequest(even, number, [{ first: number * 10, count: 3 }]))
    await clock.advance(10)
  }
  t.strictSame(connection.refusals, [
    { kind: 'refusal', requestNumber: 1, reason: 'busy', chunk: undefined, retryAfterMs: 1234 },
  ])
  t.equal(delivery.figures().refusalsTotal.busy, 1)
})

t.test('refusals say why', async t => {
  const { clock, log, artifacts, delivery, device } = world(
    {},
    (name, _, artifact) => name !== 'b' || artifact === even.artifact,
  )
  const [a, b] = [device('a'), device('b')]
  const last = even.index.count - 1
  const unknown = { ...even, artifact: artifactId('ee'.repeat(32)) }
  const rows = [
    { to: b, request: chunkRequest(bundle, 1, all), reason: 'no-right', chunk: undefined },
    { to: b, request: chunkRequest(bundle, 8, { indexFrom: 0 }), reason: 'no-right', chunk: undefined },
    { to: a, request: chunkRequest(unknown, 2, [{ first: 4, count: 1 }]), reason: 'no-such-chunk', chunk: undefined },
    {
      to: a,
      request: chunkRequest(even, 3, [
        { first: last, count: 2 },
        { first: 0xffffffff, count: 0xffffffff },
      ]),
      reason: 'no-such-chunk',
      chunk: last + 1,
    },
    {
      to: new FakeConnection('c'),
      request: chunkRequest(even, 4, [{ first: 0, count: 1 }]),
      reason: 'busy',
      chunk: undefined,
    },
  ] as const
  for (const { to, request, reason, chunk } of rows) {
    delivery.request(to, request)
    await clock.advance(100)
    t.match(to.refusals.at(-1), { requestNumber: request.requestNumber, reason, chunk }, reason)
    t.equal(to.pieces.length, 0)
  }
  delivery.request(b, chunkRequest(even, 5, [{ first: 0, count: 1 }]))
  await clock.advance(100)
  t.strictSame(b.chunksEnded, ['5:0'], 'b may have the other one')
  artifacts.failure = new Error('the disk is gone')
  delivery.request(a, chunkRequest(even, 6, [{ first: 30, count: 1 }]))
  delivery.request(a, chunkRequest(even, 7, [{ first: 0, count: 1 }]))
  await clock.advance(100)
  t.match(a.refusals.at(-1), { requestNumber: 6, reason: 'busy' })
  t.strictSame(log.events, ['artifact-unreadable'])
  t.strictSame(a.chunksEnded, ['7:0'], 'the next request goes on')
  t.strictSame(delivery.figures().refusalsTotal, { 'no-such-chunk': 2, 'no-right': 2, busy: 2 })
})

t.test('a right that ends ends the answer before the next chunk', async t => {
  let may = true
  const { clock, delivery, device } = world({ socketUndrainedBytesMax: 8192 }, () => may)
  const connection = device('a', { reading: false })
  delivery.request(connection, chunkRequest(even, 1, [{ first: 0, count: 20 }]))
  await clock.advance(50)
  may = false
  connection.drain()
  await clock.advance(200)
  t.strictSame(connection.chunksEnded, ['1:0'])
  t.match(connection.refusals, [{ requestNumber: 1, reason: 'no-right' }])
  t.equal(delivery.figures().queuedRequests, 0)
})

t.test('bytes that are no request are refused, and nothing is sent', async t => {
  const { clock, delivery, device } = world()
  const connection = device('a')
  const good = encodeChunkRequest(chunkRequest(even, 1, [{ first: 0, count: 1 }]))
  for (const bytes of [Buffer.alloc(0), Buffer.from('no request'), good.subarray(0, 20), Buffer.alloc(20_000, 1)])
    t.throws(() => delivery.request(connection, bytes), { code: 'MESSAGE_REFUSED', reason: 'bad-chunk-request' })
  await clock.advance(1000)
  t.equal(connection.packets.length, 0)
})

t.test('a connection that replaces another one begins with nothing owed', async t => {
  const { clock, delivery, device } = world({ socketUndrainedBytesMax: 8192 })
  const old = device('a', { number: 1, reading: false })
  delivery.request(old, chunkRequest(even, 1, [{ first: 0, count: 20 }]))
  await clock.advance(50)
  const fresh = device('a', { number: 2 })
  t.equal(delivery.figures().undrainedBytes, 0, 'what the old socket holds counts no more')
  const sent = old.packets.length
  old.drain()
  await clock.advance(500)
  t.equal(old.packets.length, sent)
  t.equal(fresh.packets.length, 0)
  delivery.disconnected(old)
  delivery.connected(old, 1024)
  delivery.request(fresh, chunkRequest(even, 1, [{ first: 0, count: 2 }]))
  await clock.advance(500)
  t.strictSame(fresh.chunksEnded, ['1:0', '1:1'], 'the late goodbye of the old one harms nobody')
  delivery.request(old, chunkRequest(even, 9, [{ first: 0, count: 1 }]))
  await clock.advance(500)
  t.equal(old.chunksEnded.length, 1)
  t.equal(delivery.figures().linesCount, 1)
  delivery.disconnected(fresh)
  t.equal(delivery.figures().linesCount, 0)
})

t.test('a device that goes away while its chunk is read costs nothing afterwards', async t => {
  const { clock, delivery, device } = world()
  const connection = device('a')
  delivery.request(connection, chunkRequest(even, 1, [{ first: 0, count: 20 }]))
  await Promise.resolve()
  connection.closed = true
  delivery.disconnected(connection)
  await clock.advance(1000)
  t.equal(connection.packets.length, 0)
  t.equal(clock.timerCount, 0)
  t.match(delivery.figures(), { linesCount: 0, queuedRequests: 0, undrainedBytes: 0 })
})

t.test('the packet size may change while the connection lives', async t => {
  const { clock, delivery, device } = world()
  const connection = device('a', { packet: 32 * 1024 })
  delivery.connected(connection, 1024)
  delivery.request(connection, chunkRequest(even, 1, [{ first: 0, count: 2 }]))
  await clock.advance(1000)
  t.ok(connection.packets.length > 8 && connection.packets.every(({ bytes }) => bytes <= 1024))
})

t.test('after close nothing is sent and no timer is left', async t => {
  const { clock, delivery, device } = world({ socketUndrainedBytesMax: 8192 })
  const connection = device('a', { reading: false })
  delivery.request(connection, chunkRequest(even, 1, [{ first: 0, count: 20 }]))
  await clock.advance(10)
  const sent = connection.packets.length
  await delivery.close()
  connection.drain()
  delivery.request(connection, chunkRequest(even, 2, [{ first: 0, count: 20 }]))
  await clock.advance(100_000)
  t.equal(connection.packets.length, sent)
  t.equal(connection.closed, false)
  t.equal(clock.timerCount, 0)
})

t.test('settings out of their range are all named', async t => {
  const wrong = { turnBytes: 5, stallMs: Number.NaN, hotBytesMax: 1.5 }
  t.throws(() => world(wrong), { name: 'RangeError', message: /turnBytes.*hotBytesMax.*stallMs/ })
})
