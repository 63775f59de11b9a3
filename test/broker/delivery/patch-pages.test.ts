// Patches on their way to devices: asked for like an index, sent in pieces, read in pages that all devices share.
import t from 'tap'
import { ChunkDelivery } from '../../../broker/delivery/chunk-delivery.ts'
import type { DeliverySettings } from '../../../broker/delivery/delivery-settings.ts'
import type { MadePatch, PatchPair } from '../../../broker/ports.ts'
import type { ChunkRequest } from '../../../proto/chunk-messages.ts'
import { artifactId } from '../../../proto/ids.ts'
import { makeBundle, makeImage } from '../../fixtures/bundle.ts'
import { chunkRequest, FakeConnection, HandClock, ListLog, MemoryArtifacts, operation, settle } from './world.ts'

const KiB = 1024
const large = 16 * 1024 * KiB
const settings = { minimumBytes: 4096, averageBytes: 4096, maximumBytes: 4096 }
const bundle = makeBundle({ image: makeImage(64 * KiB, 3), settings })
const base = artifactId('ba'.repeat(32))
const metadata = { frameBytesMax: 65_536, baseBytesMax: 65_536, encodedBytesMax: 65_536 }

/** Files that are positions in memory; what a read costs is counted. */
class MemoryPatches {
  readonly #patches = new Map<string, Buffer>()
  readonly reads: { readonly offset: number; readonly length: number }[] = []
  readingMost = 0
  #reading = 0
  failure: Error | undefined

  put(pair: PatchPair, bytes: Buffer): void {
    this.#patches.set(keyOf(pair), bytes)
  }
  remove(pair: PatchPair): void {
    this.#patches.delete(keyOf(pair))
  }
  find(pair: PatchPair): MadePatch | undefined {
    const bytes = this.#patches.get(keyOf(pair))
    if (bytes === undefined) return undefined
    return { ...pair, patchBytes: bytes.length, metadata, chunkBytes: 1e9 } as unknown as MadePatch
  }
  async read(pair: PatchPair, offset: number, length: number): Promise<Uint8Array | undefined> {
    this.reads.push({ offset, length })
    this.#reading += 1
    this.readingMost = Math.max(this.readingMost, this.#reading)
    await settle()
    this.#reading -= 1
    if (this.failure !== undefined) throw this.failure
    return this.#patches.get(keyOf(pair))?.subarray(offset, offset + length)
  }
}

const keyOf = ({ base, target }: PatchPair) => `${base} ${target}`
const pair = { base, target: bundle.artifact }
const patch = makeImage(300_000, 9)

function world(
  wishes: Partial<DeliverySettings> = {},
  mayPull: (name: string, artifact: string) => boolean = () => true,
) {
  const clock = new HandClock()
  const log = new ListLog()
  const patches = new MemoryPatches()
  patches.put(pair, patch)
  const delivery = ChunkDelivery.open({
    artifacts: new MemoryArtifacts(bundle),
    patches,
    clock,
    log,
    mayPull: (name, _, artifact) => mayPull(name, artifact),
    settings: wishes,
  })
  const device = (name: string, { packet = 32 * KiB, reading = true } = {}) => {
    const connection = new FakeConnection(name, { reading })
    delivery.connected(connection, packet)
    return connection
  }
  return { clock, log, patches, delivery, device }
}

const patchRequest = (requestNumber: number, offset = 0, windowBytes = large, from = base): ChunkRequest => ({
  requestNumber,
  operation,
  artifact: bundle.artifact,
  windowBytes,
  wanted: { kind: 'patch', base: from, offset },
})
const received = (connection: FakeConnection): Buffer => Buffer.concat(connection.pieces.map(({ data }) => data))

t.test(
  'a patch comes in pieces the device can take, from the offset asked for, as far as the window reaches',
  async t => {
    const rows = [
      { packet: 1024, offset: 0, window: large, bytes: 300_000 },
      { packet: 32 * KiB, offset: 0, window: large, bytes: 300_000 },
      { packet: 200 * KiB, offset: 100_001, window: large, bytes: 199_999 },
      { packet: 5000, offset: 65_530, window: 70_000, bytes: 70_000 },
      { packet: 5000, offset: 299_999, window: 1, bytes: 1 },
    ]
    for (const { packet, offset, window, bytes } of rows) {
      const { clock, delivery, device } = world({ windowBytesMax: large })
      const connection = device('d'.repeat(64), { packet })
      delivery.request(connection, patchRequest(7, offset, window))
      t.equal(delivery.figures().queuedChunks, 1)
      await clock.advance(3000)
      t.ok(received(connection).equals(patch.subarray(offset, offset + bytes)), `${bytes} bytes from ${offset} on`)
      t.ok(connection.packets.every(packetOf => packetOf.bytes <= packet))
      let next = offset
      for (const { requestNumber, chunk, encoding, encodedSize, offset: at, data } of connection.pieces) {
        t.match({ requestNumber, chunk, encoding, encodedSize, at }, { requestNumber: 7, encoding: 'plain', at: next })
        t.equal(encodedSize, patch.length)
        next += data.length
      }
      t.equal(delivery.figures().queuedRequests, 0)
      t.equal(delivery.figures().chunksTotal, 0, 'no chunk was sent')
    }
  },
)

t.test('many devices share a read, and never is a whole patch in memory', async t => {
  const { clock, patches, delivery, device } = world({ windowBytesMax: large, hotBytesMax: 1024 * KiB })
  const long = makeImage(6 * 1024 * KiB, 10)
  patches.put(pair, long)
  const connections = Array.from({ length: 20 }, (_, at) => device(`d${at}`))
  for (const connection of connections) delivery.request(connection, patchRequest(1))
  await clock.advance(5000)
  t.ok(connections.every(connection => received(connection).equals(long)))
  t.ok(patches.reads.length <= 2 * 96, `${patches.reads.length} reads of 96 pages for 20 devices`)
  t.ok(patches.reads.every(({ length }) => length <= 64 * KiB))
  t.ok(patches.readingMost <= 4)
  t.ok(delivery.figures().hotBytes <= 1024 * KiB)
})

t.test(
  'refused: without the right to the image, beyond the end, a pair that is not there, no patches at all',
  async t => {
    const { clock, delivery, device, patches } = world({}, name => name !== 'b')
    const [a, b] = [device('a'), device('b')]
    const rows = [
      { to: b, request: patchRequest(1), reason: 'no-right' },
      { to: a, request: patchRequest(2, 300_000), reason: 'no-such-chunk' },
      { to: a, request: patchRequest(3, 0, large, artifactId('bb'.repeat(32))), reason: 'no-such-chunk' },
    ] as const
    for (const { to, request, reason } of rows) {
      delivery.request(to, request)
      await clock.advance(50)
      t.match(to.refusals.at(-1), { requestNumber: request.requestNumber, reason, chunk: undefined })
      t.equal(to.pieces.length, 0)
    }
    t.equal(patches.reads.length, 0)
    const without = ChunkDelivery.open({
      artifacts: new MemoryArtifacts(bundle),
      clock,
      log: new ListLog(),
      mayPull: () => true,
    })
    const c = new FakeConnection('c')
    without.connected(c, 32 * KiB)
    without.request(c, patchRequest(4))
    await clock.advance(50)
    t.match(c.refusals, [{ requestNumber: 4, reason: 'no-such-chunk' }])
  },
)

t.test(
  'a right that ends ends the patch; a patch that is removed or spoiled on the way is told, and chunks go on',
  async t => {
    const rows = [
      { change: 'right', reason: 'no-right', events: [] },
      { change: 'removed', reason: 'no-such-chunk', events: [] },
      { change: 'spoiled', reason: 'busy', events: ['artifact-unreadable'] },
    ] as const
    for (const { change, reason, events } of rows) {
      let may = true
      const { clock, log, patches, delivery, device } = world({ socketUndrainedBytesMax: 40 * KiB }, () => may)
      const connection = device('a', { reading: false })
      delivery.request(connection, patchRequest(1))
      await clock.advance(50)
      const before = received(connection).length
      t.ok(before > 0 && before < patch.length)
      if (change === 'right') may = false
      else if (change === 'removed') patches.remove(pair)
      else patches.failure = new Error('spoiled')
      for (let round = 0; round < 10; round += 1) {
        connection.drain()
        await clock.advance(20)
      }
      t.match(connection.refusals, [{ requestNumber: 1, reason }], change)
      t.ok(received(connection).length < patch.length)
      t.strictSame(log.events, events)
      may = true
      delivery.request(connection, chunkRequest(bundle, 2, [{ first: 0, count: 2 }]))
      await clock.advance(50)
      t.strictSame(connection.chunksEnded, ['2:0', '2:1'])
    }
  },
)

t.test('a later request for the patch takes the place of an earlier one; chunks are asked for beside it', async t => {
  const { clock, delivery, device } = world({ socketUndrainedBytesMax: 40 * KiB, windowBytesMax: large })
  const connection = device('a', { reading: false })
  delivery.request(connection, patchRequest(1))
  await clock.advance(50)
  delivery.request(connection, chunkRequest(bundle, 2, [{ first: 0, count: 1 }]))
  delivery.request(connection, patchRequest(3, 250_000))
  await clock.advance(50)
  t.equal(delivery.figures().queuedRequests, 2)
  for (let round = 0; round < 20; round += 1) {
    connection.drain()
    await clock.advance(50)
  }
  t.strictSame(
    connection.chunksEnded.filter(name => !name.endsWith(':undefined')),
    ['2:0'],
  )
  const third = connection.pieces.filter(({ requestNumber }) => requestNumber === 3)
  t.ok(Buffer.concat(third.map(({ data }) => data)).equals(patch.subarray(250_000)))
  t.ok(received(connection).length < 250_000, 'the first one ended with what had been written')
  t.equal(delivery.figures().queuedRequests, 0)
})
