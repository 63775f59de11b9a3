import t from 'tap'
import { HotChunks } from '../../../broker/delivery/hot-chunks.ts'
import { makeBundle, makeImage } from '../../fixtures/bundle.ts'
import { MemoryArtifacts } from './world.ts'

const settings = { minimumBytes: 1024, averageBytes: 1024, maximumBytes: 1024 }
const bundle = makeBundle({ image: makeImage(64 * 1024, 5), settings })

async function world(bytesMax: number, readsMax = 4) {
  const artifacts = new MemoryArtifacts(bundle)
  const reader = await artifacts.open(bundle.artifact)
  if (reader === undefined) throw new RangeError('no artifact')
  return { artifacts, reader, hot: new HotChunks(bytesMax, readsMax) }
}

t.test('everyone who asks for a chunk shares one read', async t => {
  const { artifacts, reader, hot } = await world(1_000_000)
  t.equal(hot.find(bundle.artifact, 3), undefined)
  await Promise.all(Array.from({ length: 100 }, () => hot.load(reader, 3)))
  t.equal(artifacts.readCount, 1)
  t.equal(hot.find(bundle.artifact, 3), hot.find(bundle.artifact, 3), 'one buffer for all')
})

t.test('the chunks asked for last stay, up to the bytes allowed', async t => {
  const { reader, hot } = await world(4 * 1024)
  for (const chunk of [0, 1, 2, 3]) await hot.load(reader, chunk)
  hot.find(bundle.artifact, 0)
  await hot.load(reader, 4)
  t.strictSame(
    [0, 1, 2, 3, 4].map(chunk => hot.find(bundle.artifact, chunk) !== undefined),
    [true, false, true, true, true],
  )
  t.equal(hot.bytes, 4 * 1024)
})

t.test('a chunk larger than the cache is still handed over', async t => {
  const { reader, hot } = await world(100)
  await hot.load(reader, 1)
  t.ok(hot.find(bundle.artifact, 1))
  await hot.load(reader, 2)
  t.ok(hot.find(bundle.artifact, 2))
  t.equal(hot.bytes, 1024, 'and only that one is kept')
})

t.test('no more reads at a time than allowed, and all of them are done', async t => {
  const { artifacts, reader, hot } = await world(1_000_000, 3)
  await Promise.all(Array.from({ length: 40 }, (_, chunk) => hot.load(reader, chunk)))
  t.equal(artifacts.readingMost, 3)
  t.equal(artifacts.readCount, 40)
})

t.test('a failed read is told to all who wait, and tried again when somebody asks again', async t => {
  const { artifacts, reader, hot } = await world(1_000_000, 1)
  artifacts.failure = new Error('disk')
  const outcomes = await Promise.allSettled([hot.load(reader, 1), hot.load(reader, 1), hot.load(reader, 2)])
  t.ok(outcomes.every(({ status }) => status === 'rejected'))
  artifacts.failure = undefined
  await hot.load(reader, 1)
  t.ok(hot.find(bundle.artifact, 1))
  await hot.settled()
})
