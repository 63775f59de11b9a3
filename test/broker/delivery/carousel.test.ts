import t from 'tap'
import { artifactId } from '../../../proto/ids.ts'
import { bundle, heard, SessionWorld, session } from './session-world.ts'
import { chunkRequest, FakeConnection } from './world.ts'

const KiB = 1024
const all = [...Array(bundle.index.count).keys()]

function chunksHeard(connection: FakeConnection): number[] {
  return [...heard(connection).chunks.keys()]
}

t.test('START, every chunk once and in order, END; the same buffers to everybody', async t => {
  const world = new SessionWorld()
  world.open()
  const members = world.members(5)
  await world.clock.advance(5)
  t.same(
    members.map(({ written }) => written.length),
    [0, 0, 0, 0, 0],
    'nothing before the start',
  )
  world.carousel.start(session)
  await world.ended()
  const [first] = members as [FakeConnection]
  const { row, pieces, chunks } = heard(first)
  t.same(row, ['start', 'data', 'end'])
  t.same(chunksHeard(first), all)
  const numbers = pieces.map(({ chunk, offset }) => [chunk, offset] as const)
  t.same(
    numbers,
    [...numbers].sort(([a, x], [b, y]) => a - b || x - y),
    'ascending',
  )
  t.equal(new Set(numbers.map(String)).size, numbers.length, 'each once')
  t.equal(Buffer.concat([...chunks.values()]).length, bundle.manifest.payloadSize)
  for (const member of members) {
    t.equal(member.written.length, first.written.length)
    t.ok(
      member.written.every((bytes, at) => bytes === first.written[at]),
      'not copies',
    )
  }
  t.equal(world.artifacts.readCount, bundle.index.count, 'each chunk is read once')
  const { batchesTotal, ...figures } = world.carousel.figures()
  const bytesTotal = 5 * first.written.slice(1, -1).reduce((sum, { length }) => sum + length, 0)
  t.same(figures, { sessions: 1, members: 5, chunksTotal: all.length, skipsTotal: 0, bytesTotal })
  t.equal(batchesTotal, first.written.length - 2)
  t.ok(first.written.every(({ length }) => length <= 128 * KiB))
  t.ok(batchesTotal <= Math.ceil(bytesTotal / 5 / (64 * KiB)) + 1, 'batches are filled')
})

t.test('the chunks are the ones the pulls have in memory', async t => {
  const world = new SessionWorld()
  world.open()
  const puller = world.online('p')
  world.delivery.request(puller, chunkRequest(bundle, 1, [{ first: 0, count: 4 }]))
  await world.clock.advance(5)
  t.equal(world.artifacts.readCount, 4)
  world.member('d')
  world.carousel.start(session)
  await world.ended()
  t.equal(world.artifacts.readCount, bundle.index.count)
})

t.test('who subscribes late, or again, hears first what has been said', async t => {
  const world = new SessionWorld()
  world.open({ bytesPerSecond: 100 * KiB })
  const early = world.member('early')
  world.carousel.start(session)
  await world.clock.advance(800)
  const late = world.member('late')
  await world.clock.advance(200)
  world.lost(early)
  const again = world.member('early', { number: 2 })
  await world.ended()
  const after = world.member('after')
  await world.clock.advance(5)
  t.same(heard(early).row, ['start', 'data'])
  t.same(heard(late).row, ['start', 'data', 'end'])
  t.same(heard(again).row, ['start', 'data', 'end'])
  t.same(heard(after).row, ['start', 'end'])
  const [missedFirst] = chunksHeard(late)
  t.ok(missedFirst !== undefined && missedFirst > 0, 'from the cursor on')
  t.same(chunksHeard(late), all.slice(missedFirst), 'and all of it')
  t.same(world.told.joinedDevices, ['early', 'late', 'early', 'after'])
  world.carousel.joined(after, session)
  t.same(heard(after).row, ['start', 'end', 'start', 'end'], 'a second SUBSCRIBE is answered again')
  t.equal(world.told.joinedDevices.length, 4, 'but it is the same connection')
  world.carousel.joined(early, session)
  t.equal(heard(early).row.length, 2, 'an older connection is nobody')
  t.equal(world.told.endedCount, 1)
})

t.test('who has not been asked to join is no listener', async t => {
  const world = new SessionWorld()
  world.open()
  const asked = world.member('asked')
  const other = world.online('other')
  t.equal(world.carousel.mayHear(asked, session), true)
  t.equal(world.carousel.mayHear(other, session), false)
  t.equal(world.carousel.mayHear(asked, 'fedcba9876543210'), false)
  world.carousel.joined(other, session)
  world.carousel.joined(asked, 'fedcba9876543210')
  world.carousel.start(session)
  await world.ended()
  t.same(heard(asked).row, ['start', 'data', 'end'])
  t.same(other.written, [])
  world.carousel.leave(session, asked.device)
  t.equal(world.carousel.mayHear(asked, session), false)
  t.equal(world.carousel.say(session, asked.device, 'activate'), false)
  t.equal(heard(asked).row.length, 3)
})

t.test('a word for one is heard by that one alone, and only while it listens', async t => {
  const world = new SessionWorld()
  world.open()
  const [one, two] = world.members(2) as [FakeConnection, FakeConnection]
  world.carousel.start(session)
  await world.ended()
  t.equal(world.carousel.say(session, one.device, 'activate'), true)
  t.equal(world.carousel.say(session, two.device, 'abort', `${'é'.repeat(127)}€x`), true)
  t.same(heard(one).row, ['start', 'data', 'end', 'activate'])
  t.same(heard(two).row.slice(2), ['end', `abort ${'é'.repeat(127)}`], 'cut between characters')
  world.carousel.left(one, session)
  t.equal(world.carousel.say(session, one.device, 'activate'), false, 'unsubscribed')
  world.lost(two)
  t.equal(world.carousel.say(session, two.device, 'abort'), false, 'disconnected')
  t.equal(world.carousel.say('fedcba9876543210', two.device, 'abort'), false)
  const silent = world.member('silent', { reading: false })
  silent.undrainedBytes = 128 * KiB
  t.equal(world.carousel.say(session, silent.device, 'activate'), false, 'nothing more into a full socket')
})

t.test('packets are no larger than the smallest member takes; who comes later with less hears words alone', async t => {
  const world = new SessionWorld()
  world.open()
  const large = world.member('large')
  const small = world.member('small', { packetBytesMax: 2000 })
  world.carousel.start(session)
  await world.clock.advance(2)
  const smaller = world.member('smaller', { packetBytesMax: 1024 })
  await world.ended()
  for (const member of [large, small]) {
    t.ok(heard(member).packetBytesMost <= 2000, `${heard(member).packetBytesMost}`)
    t.ok(heard(member).packetBytesMost > 1900, 'and not much smaller')
    t.same(chunksHeard(member), all)
  }
  t.same(heard(smaller).row, ['start', 'end'])
  t.equal(world.carousel.figures().skipsTotal, 0, 'it is none who is skipped')
})

t.test('pieces are never larger than the setting, and never smaller than a device may ask for', async t => {
  for (const [setting, packetBytesMax, expected] of [
    [4096, 32_768, 4096],
    [32_768, 1024, 1024],
    [1024, 32_768, 1024],
  ] as const) {
    const world = new SessionWorld({ broadcastPieceBytesMax: setting })
    world.open()
    const member = world.member('d', { packetBytesMax })
    world.carousel.start(session)
    await world.ended()
    const most = heard(member).packetBytesMost
    t.ok(most <= expected && most > 0.95 * expected, `${most} of ${expected}`)
    t.same(chunksHeard(member), all)
  }
})

t.test('a member whose hello has not come is told the words, and the chunks from its hello on', async t => {
  const world = new SessionWorld()
  world.open({ bytesPerSecond: 100 * KiB })
  const member = world.member('d')
  world.carousel.start(session)
  await world.clock.advance(500)
  world.lost(member)
  const again = new FakeConnection('d', { number: 2 })
  world.carousel.joined(again, session)
  await world.clock.advance(500)
  t.same(heard(again).row, ['start'])
  world.delivery.connected(again, 32 * KiB)
  await world.ended()
  t.same(heard(again).row, ['start', 'data', 'end'])
})

t.test('an artifact that is not here, or cannot be read, is told once, and no END is said', async t => {
  const missing = new SessionWorld()
  missing.open({ artifact: artifactId('ab'.repeat(32)) })
  missing.member('d')
  missing.carousel.start(session)
  await missing.clock.advance(20)
  t.equal(missing.told.failures.length, 1)
  t.match(missing.told.failures[0], /not here/)
  const world = new SessionWorld()
  world.open({ bytesPerSecond: 100 * KiB })
  const member = world.member('d')
  world.carousel.start(session)
  await world.clock.advance(500)
  world.artifacts.failure = new Error('bad sector')
  await world.clock.advance(5000)
  t.same(world.told.failures, ['bad sector'])
  t.same(heard(member).row, ['start', 'data'])
  t.equal(world.told.endedCount, 0)
  t.ok(world.log.events.includes('artifact-unreadable'))
  t.equal(world.carousel.say(session, member.device, 'abort', 'unreadable'), true)
  t.same(heard(member).row, ['start', 'data', 'abort unreadable'])
  const late = world.member('late')
  t.same(heard(late).row, ['start'])
})

t.test('nothing is written after the close, and nobody is told', async t => {
  const world = new SessionWorld()
  world.open({ bytesPerSecond: 100 * KiB })
  const [one, two] = world.members(2) as [FakeConnection, FakeConnection]
  world.carousel.start(session)
  await world.clock.advance(600)
  world.carousel.leave(session, one.device)
  const before = one.written.length
  await world.clock.advance(600)
  t.equal(one.written.length, before, 'it has left')
  t.ok(two.written.length > before)
  const last = two.written.length
  world.carousel.close(session)
  world.carousel.close(session)
  await world.carousel.stop()
  await world.clock.advance(10_000)
  t.equal(two.written.length, last)
  t.equal(world.told.endedCount, 0)
  t.same(world.told.failures, [])
  t.equal(world.carousel.mayHear(two, session), false)
  t.match(world.carousel.figures(), { sessions: 0, members: 0 })
  t.equal(world.clock.timerCount, 0, 'no timer is left')
  world.open()
  world.carousel.start(session)
  t.equal(world.carousel.figures().sessions, 0, 'stopped for good')
})

t.test('where nobody listens any more, the rest is not sent', async t => {
  const world = new SessionWorld()
  world.open({ bytesPerSecond: 100 * KiB })
  const member = world.member('d')
  world.carousel.start(session)
  await world.clock.advance(500)
  world.lost(member)
  await world.clock.advance(5000)
  t.equal(world.told.endedCount, 0, 'it waits for somebody')
  const again = world.member('d', { number: 2 })
  await world.clock.advance(200)
  t.same(heard(again).row, ['start', 'data'], 'and goes on')
  world.lost(again)
  await world.clock.advance(11_000)
  t.equal(world.told.endedCount, 1)
  t.ok(world.carousel.figures().chunksTotal < all.length)
  const empty = new SessionWorld()
  empty.open()
  const left = empty.member('d')
  empty.carousel.leave(session, left.device)
  empty.carousel.start(session)
  await empty.clock.advance(50)
  t.equal(empty.told.endedCount, 1, 'nobody can come back to a session without members')
})
