// How a session writes: limits and budgets, together with the pulls, and how fast it goes.
import t from 'tap'
import { bundle, heard, SessionWorld, session } from './session-world.ts'
import { chunkRequest, type FakeConnection, operation } from './world.ts'

const KiB = 1024
const all = [...Array(bundle.index.count).keys()]

function chunksHeard(connection: FakeConnection): number[] {
  return [...heard(connection).chunks.keys()]
}

t.test('a full socket is skipped and never holds more than its limit; the others hear everything', async t => {
  const world = new SessionWorld()
  world.open()
  const frozen = world.members(3, { reading: false }, 'f')
  const healthy = world.members(7)
  world.carousel.start(session)
  const ms = await world.ended()
  t.equal(world.told.endedCount, 1)
  t.ok(ms < 1000, `${ms} ms: nobody waits for them`)
  for (const member of healthy) t.same(chunksHeard(member), all)
  for (const member of frozen) {
    const { row, chunks } = heard(member)
    t.ok(member.undrainedMost <= 128 * KiB + 512, `${member.undrainedMost}`)
    t.ok(chunks.size > 0 && chunks.size < all.length)
    t.same(row, ['start', 'data', 'end'], 'the words are not lost')
  }
  // One whole batch fills a socket, or the half of one.
  const { batchesTotal, skipsTotal } = world.carousel.figures()
  t.ok(skipsTotal >= 3 * (batchesTotal - 1) && skipsTotal < 3 * (batchesTotal + 1), `${skipsTotal}`)
})

t.test('all sockets together never hold more than their limit, pulls and broadcasts together', async t => {
  const limit = 512 * KiB
  const world = new SessionWorld({ undrainedBytesMax: limit, stallMs: 60_000, pressedStallMs: 2000 })
  world.open()
  const frozen = world.members(12, { reading: false }, 'f')
  const healthy = world.members(3, {}, 'h')
  for (const connection of frozen.slice(6))
    world.delivery.request(connection, chunkRequest(bundle, 1, [{ first: 0, count: 40 }]))
  world.carousel.start(session)
  let most = 0
  const held = (): number => [...frozen, ...healthy].reduce((sum, { undrainedBytes }) => sum + undrainedBytes, 0)
  for (let ms = 0; ms < 15_000 && world.told.endedCount === 0; ms += 1) {
    await world.clock.advance(1)
    most = Math.max(most, held())
  }
  t.ok(most <= limit + 15 * 200, `${most} held, words included`)
  t.ok(most > limit / 2, 'they were filled')
  t.equal(world.told.endedCount, 1)
  t.ok(world.log.events.includes('delivery-stalled'), 'who holds the room that others wait for is cut off')
  for (const member of healthy) t.same(chunksHeard(member), all, 'waited for, not skipped')
})

t.test('a session keeps its rate', async t => {
  for (const [bytesPerSecond, setting] of [
    [4 * 50 * KiB, 0],
    [undefined, 50 * KiB],
    [4 * 50 * KiB, 80 * KiB],
  ] as const) {
    const world = new SessionWorld({ broadcastBytesPerSecond: setting })
    world.open(bytesPerSecond === undefined ? {} : { bytesPerSecond })
    const [member] = world.members(4) as [FakeConnection]
    world.carousel.start(session)
    let mostGapMs = 0
    let lastAt = 0
    let writes = 1
    const ms = await (async () => {
      while (world.told.endedCount === 0 && world.clock.monotonic() < 30_000) {
        await world.clock.advance(1)
        if (member.written.length === writes) continue
        mostGapMs = Math.max(mostGapMs, world.clock.monotonic() - lastAt)
        lastAt = world.clock.monotonic()
        writes = member.written.length
      }
      return world.clock.monotonic()
    })()
    const bytes = member.written.reduce((sum, { length }) => sum + length, 0)
    const expectedMs = (bytes * 1000) / (50 * KiB)
    t.ok(ms > 0.8 * expectedMs && ms < 1.2 * expectedMs, `${ms} ms for ${bytes} bytes`)
    t.ok(mostGapMs < 1000, `${mostGapMs} ms without a piece`)
    t.same(chunksHeard(member), all)
  }
})

t.test('the budget of the operation is kept by all members together', async t => {
  const rate = 200 * KiB
  const world = new SessionWorld({}, { operationRate: asked => (asked === operation ? rate : undefined) })
  world.open()
  const members = world.members(4)
  world.carousel.start(session)
  await world.clock.advance(3000)
  const bytes = members.reduce((sum, { written }) => sum + written.reduce((all, { length }) => all + length, 0), 0)
  // What may go out at once, and the batch that was taken last.
  const most = 3 * rate + rate / 4 + 128 * KiB + 4 * 128
  t.ok(bytes <= most && bytes > 2 * rate, `${bytes} bytes in three seconds`)
  await world.ended(60_000)
  for (const member of members) t.same(chunksHeard(member), all)
})

t.test('who has used up the budget of its site misses what the others hear', async t => {
  const world = new SessionWorld(
    { labelBytesPerSecond: 16 * KiB },
    { labelOf: device => (device.startsWith('far') ? 'far' : undefined) },
  )
  world.open()
  const far = world.members(2, {}, 'far')
  const near = world.members(2, {}, 'near')
  world.carousel.start(session)
  const ms = await world.ended()
  t.ok(ms < 1000)
  for (const member of near) t.same(chunksHeard(member), all)
  const farChunks = far.reduce((sum, member) => sum + chunksHeard(member).length, 0)
  t.ok(farChunks < all.length, `${farChunks}`)
  t.ok(world.carousel.figures().skipsTotal > 0)
})

t.test('where most members are slow the session goes at their pace instead of into full sockets', async t => {
  const world = new SessionWorld({ socketUndrainedBytesMax: 64 * KiB })
  world.open()
  const slow = world.members(8, { reading: false }, 's')
  const fast = world.members(2)
  world.carousel.start(session)
  for (let ms = 0; ms < 20_000 && world.told.endedCount === 0; ms += 20) {
    // 100 KiB a second.
    for (const connection of slow) connection.drain(2 * KiB)
    await world.clock.advance(20)
  }
  const ms = world.clock.monotonic()
  t.equal(world.told.endedCount, 1)
  const bytes = (fast[0] as FakeConnection).written.reduce((sum, { length }) => sum + length, 0)
  t.ok(ms > 0.5 * ((bytes * 1000) / (100 * KiB)), `${ms} ms`)
  for (const member of fast) t.same(chunksHeard(member), all)
  const { skipsTotal, batchesTotal } = world.carousel.figures()
  t.ok(skipsTotal <= 0.1 * 8 * batchesTotal, `${skipsTotal} skips in ${batchesTotal} batches`)
})

t.test('where most members are frozen they have no say', async t => {
  const world = new SessionWorld({ stallMs: 600_000 })
  world.open()
  world.members(8, { reading: false }, 'f')
  const [healthy] = world.members(1) as [FakeConnection]
  world.carousel.start(session)
  const ms = await world.ended()
  t.ok(ms < 3000, `${ms} ms`)
  t.same(chunksHeard(healthy), all)
})

t.test('a listener that takes nothing is closed by the rule for all', async t => {
  const world = new SessionWorld({ stallMs: 5000 })
  world.open()
  const [frozen] = world.members(1, { reading: false }, 'f') as [FakeConnection]
  world.member('d')
  world.carousel.start(session)
  await world.clock.advance(6000)
  t.match(frozen.closeReason, /taken nothing/)
})

t.test('5,000 members: one write each a batch, the rest of the broker has its turn in between', async t => {
  const world = new SessionWorld()
  world.open()
  const members = world.members(5000)
  let before = 0
  let mostWrites = 0
  const count = (): void => {
    const writes = members.reduce((sum, { written }) => sum + written.length, 0)
    mostWrites = Math.max(mostWrites, writes - before)
    before = writes
    if (world.told.endedCount === 0) world.clock.after(0, count)
  }
  world.carousel.start(session)
  count()
  await world.ended()
  const { batchesTotal, skipsTotal, chunksTotal } = world.carousel.figures()
  t.equal(skipsTotal, 0)
  t.equal(chunksTotal, all.length)
  t.ok(
    members.every(({ written }) => written.length === batchesTotal + 2),
    'START, the batches, END',
  )
  t.same(chunksHeard(members[4999] as FakeConnection), all)
  t.ok(mostWrites <= 1024, `${mostWrites} writes before others had their turn`)
})
