import fc from 'fast-check'
import t from 'tap'
import { WireError } from '../../proto/codec.ts'
import {
  type DeltaMetadata,
  encodeDeltaMetadata,
  encodePatchFrameHead,
  PatchError,
  type PatchFrame,
  PatchReader,
  patchFrameHeadBytes,
  patchMagic,
  readDeltaMetadata,
} from '../../proto/patch.ts'
import { forAll, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

const metadata: DeltaMetadata = { baseSize: 5000, frameBytesMax: 1000, baseBytesMax: 2000, encodedBytesMax: 300 }
type Head = Parameters<typeof encodePatchFrameHead>[0]

function patchOf(...heads: readonly (Partial<Head> & { readonly body?: number })[]): Buffer {
  const frames = heads.flatMap(({ body, ...head }, number) => {
    const whole = { outputBytes: 100, baseOffset: 0, baseBytes: 50, encodedBytes: 10, ...head }
    return [encodePatchFrameHead(whole), Buffer.alloc(body ?? whole.encodedBytes, number + 1)]
  })
  return Buffer.concat([patchMagic, ...frames])
}

function readAll(bytes: Uint8Array, imageBytes: number, limits = metadata, told = bytes.length): PatchFrame[] {
  const reader = new PatchReader(limits, told, imageBytes)
  const frames: PatchFrame[] = []
  for (let wants = reader.wants; wants !== undefined; wants = reader.wants) {
    const frame = reader.take(bytes.subarray(wants.offset, wants.offset + wants.length))
    if (frame !== undefined) frames.push(frame)
  }
  return frames
}

function problemOf(read: () => unknown): string {
  try {
    read()
    return 'none'
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    return error.reason
  }
}

t.test('frames come out in order, each with its place in the image', async t => {
  const bytes = patchOf({ baseOffset: 7 }, { outputBytes: 1000, baseBytes: 0 }, { outputBytes: 1, encodedBytes: 300 })
  t.strictSame(
    readAll(bytes, 1101).map(({ encoded, ...frame }) => ({ ...frame, encoded: Buffer.from(encoded).toString('hex') })),
    [
      { outputOffset: 0, outputBytes: 100, baseOffset: 7, baseBytes: 50, encoded: '01'.repeat(10) },
      { outputOffset: 100, outputBytes: 1000, baseOffset: 0, baseBytes: 0, encoded: '02'.repeat(10) },
      { outputOffset: 1100, outputBytes: 1, baseOffset: 0, baseBytes: 50, encoded: '03'.repeat(300) },
    ],
  )
})

t.test('every way to be wrong has its word, and the frame before it is not given out', async t => {
  const good = patchOf({}, {})
  const cases: readonly (readonly [string, Buffer, number, string])[] = [
    ['another magic', Buffer.concat([Buffer.from('DROVERP2'), good.subarray(8)]), 200, 'magic'],
    ['no bytes', Buffer.alloc(0), 200, 'truncated'],
    ['the magic alone', good.subarray(0, 8), 200, 'truncated'],
    ['cut in a head', good.subarray(0, 8 + patchFrameHeadBytes - 1), 200, 'truncated'],
    ['cut in a frame', good.subarray(0, -1), 200, 'truncated'],
    ['cut between frames', good.subarray(0, 8 + patchFrameHeadBytes + 10), 200, 'truncated'],
    ['a byte too many', Buffer.concat([good, Buffer.of(0)]), 200, 'trailing'],
    ['a frame too many', good, 100, 'trailing'],
    ['outputs below the image', good, 201, 'truncated'],
    ['outputs above the image', good, 150, 'output-size'],
    ['output 0', patchOf({ outputBytes: 0 }, {}), 100, 'limits'],
    ['output over the limit', patchOf({ outputBytes: 1001 }), 1001, 'limits'],
    ['base over the limit', patchOf({ baseBytes: 2001 }), 100, 'limits'],
    ['encoded 0', patchOf({ encodedBytes: 0 }), 100, 'limits'],
    ['encoded over the limit', patchOf({ encodedBytes: 301 }), 100, 'limits'],
    ['base range one past the end', patchOf({ baseOffset: 4951 }), 100, 'base-range'],
    ['base offset at the end, empty range', patchOf({ baseOffset: 5001, baseBytes: 0 }), 100, 'base-range'],
    ['base offset of 2^53', patchOf({ baseOffset: 2 ** 53 }), 100, 'base-range'],
    ['lengths of 2^32 - 1', patchOf({ encodedBytes: 2 ** 32 - 1, body: 10 }), 100, 'limits'],
  ]
  for (const [what, bytes, imageBytes, expected] of cases)
    t.equal(
      problemOf(() => readAll(bytes, imageBytes)),
      expected,
      what,
    )
  t.equal(
    problemOf(() => readAll(patchOf({ baseOffset: 4950 }, {}), 200)),
    'none',
    'the range may reach to the end',
  )
  t.equal(
    problemOf(() => readAll(good, 200, metadata, good.length + 1)),
    'trailing',
    'longer by its manifest',
  )
})

t.test('any division of an image into frames reads back, any cut of it does not', async t => {
  const frame = fc.record({
    outputBytes: fc.integer({ min: 1, max: 1000 }),
    baseOffset: fc.nat(3000),
    baseBytes: fc.nat(2000),
    encodedBytes: fc.integer({ min: 1, max: 300 }),
  })
  forAll(fc.tuple(fc.array(frame, { minLength: 1, maxLength: 12 }), fc.nat()), 400, ([heads, at]) => {
    const bytes = patchOf(...heads)
    const imageBytes = heads.reduce((sum, { outputBytes }) => sum + outputBytes, 0)
    const read = readAll(bytes, imageBytes)
    if (read.length !== heads.length) throw new Error('frames are missing')
    for (const [number, { encoded, outputOffset: _, ...head }] of read.entries())
      if (
        !encodePatchFrameHead({ ...head, encodedBytes: encoded.length }).equals(
          encodePatchFrameHead(heads[number] as Head),
        )
      )
        throw new Error(`frame ${number} is another one`)
    if (problemOf(() => readAll(bytes.subarray(0, at % bytes.length), imageBytes)) !== 'truncated')
      throw new Error(`cut at ${at % bytes.length} and not seen`)
  })
  t.pass('all of them')
})

t.test('the reader refuses to go on after the end, and holds what it was given as a view', async t => {
  const bytes = patchOf({})
  const reader = new PatchReader(metadata, bytes.length, 100)
  t.same(reader.wants, { offset: 0, length: 8 })
  reader.take(bytes.subarray(0, 8))
  reader.take(bytes.subarray(8, 28))
  const body = bytes.subarray(28)
  t.equal(reader.take(body)?.encoded, body)
  t.equal(reader.outputBytes, 100)
  t.equal(reader.wants, undefined)
  t.throws(() => reader.take(body), RangeError)
})

t.test('metadata reads back within its limits, and is refused by name outside of them', async t => {
  t.strictSame(readDeltaMetadata(encodeDeltaMetadata(metadata)), metadata)
  const cases: readonly (readonly [Partial<DeltaMetadata>, string])[] = [
    [{ baseSize: 0 }, 'baseSize'],
    [{ baseSize: 2 ** 32 + 1 }, 'baseSize'],
    [{ frameBytesMax: 0 }, 'frameBytesMax'],
    [{ frameBytesMax: 2 ** 20 + 1 }, 'frameBytesMax'],
    [{ baseBytesMax: 2 ** 22 + 1 }, 'baseBytesMax'],
    [{ encodedBytesMax: 0 }, 'encodedBytesMax'],
    [{ encodedBytesMax: 2 ** 20 + 4097 }, 'encodedBytesMax'],
  ]
  for (const [change, field] of cases)
    t.throws(
      () => readDeltaMetadata(encodeDeltaMetadata({ ...metadata, ...change })),
      { name: 'WireError', field: `DeltaMetadata.${field}` },
      JSON.stringify(change),
    )
  t.throws(() => readDeltaMetadata(new Uint8Array(0)), WireError, 'nothing')
})
