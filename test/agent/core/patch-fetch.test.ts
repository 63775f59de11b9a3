import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { Holdings } from '../../../agent/core/holdings.ts'
import type { FetchSettings } from '../../../agent/core/index-fetch.ts'
import { type PatchEffect, PatchFetch } from '../../../agent/core/patch-fetch.ts'
import { PatchOverlay } from '../../../agent/core/patch-overlay.ts'
import { ChunkIndex, encodeChunkIndex } from '../../../proto/chunk-index.ts'
import type { ChunkData } from '../../../proto/chunk-messages.ts'
import { encodePatchFrameHead, type PatchFrame, patchMagic } from '../../../proto/patch.ts'
import { forAll, seed } from '../../proto/fuzz.ts'

t.comment(`DROVER_SEED=${seed}`)
const settings: FetchSettings = { windowBytes: 1000, chunkRetriesMax: 8, refetchMax: 3, chunkTimeoutMs: 1000 }
const chunker = { minimumBytes: 256, averageBytes: 1024, maximumBytes: 4096 }
const indexOf = (lengths: readonly number[]): ChunkIndex =>
  ChunkIndex.parse(encodeChunkIndex(chunker, lengths, Buffer.alloc(lengths.length * 32, 1)))
/** Ten chunks of 1,000 bytes. */
const tenChunks = (held: readonly number[] = []): Holdings => {
  const holdings = new Holdings(indexOf(new Array<number>(10).fill(1000)))
  for (const chunk of held) holdings.found(chunk)
  return holdings
}
const framed = (outputs: readonly number[], encodedBytes: number): Buffer =>
  Buffer.concat([
    patchMagic,
    ...outputs.flatMap((outputBytes, at) => [
      encodePatchFrameHead({ outputBytes, baseOffset: 0, baseBytes: 0, encodedBytes }),
      Buffer.alloc(encodedBytes, at),
    ]),
  ])
/** Four frames of 2,500 bytes, 400 bytes each as they travel: 8 + 4 * 420 = 1,688 bytes. */
const patchBytes = framed([2500, 2500, 2500, 2500], 400)
const metadata = { baseSize: 5000, frameBytesMax: 2500, baseBytesMax: 0, encodedBytesMax: 400 }
const begun = (holdings = tenChunks(), changes: Partial<FetchSettings> = {}, bytes = patchBytes): PatchFetch =>
  new PatchFetch({ base: 'ba', patchBytes: bytes.length, metadata }, holdings, { ...settings, ...changes }, 10)
const data = (requestNumber: number, offset: number, length: number, bytes = patchBytes): ChunkData => ({
  kind: 'piece',
  requestNumber,
  chunk: undefined,
  encoding: 'plain',
  encodedSize: bytes.length,
  offset,
  data: bytes.subarray(offset, offset + length),
})
const refusal = (reason: 'no-such-chunk' | 'no-right' | 'busy', requestNumber = 11): ChunkData => ({
  kind: 'refusal',
  requestNumber,
  reason,
  chunk: undefined,
  retryAfterMs: 500,
})
const word = (effects: readonly PatchEffect[]): string => effects.map(wordOf).join(' | ')
function wordOf(effect: PatchEffect): string {
  switch (effect.kind) {
    case 'request-patch':
      return `ask#${effect.requestNumber} ${effect.offset}+${effect.windowBytes}`
    case 'apply-frame':
      return `frame ${effect.frame.outputOffset}`
    case 'end-patch':
      return `end ${effect.reason}`
    case 'complete':
      return 'complete'
  }
}
const framesOf = (effects: readonly PatchEffect[]): PatchFrame[] =>
  effects.flatMap(effect => (effect.kind === 'apply-frame' ? [effect.frame] : []))

t.test('one window after another, the next when the last is through and what it brought is mostly applied', async t => {
  const fetch = begun()
  t.equal(word(fetch.tick(0)), '', 'not before there is a line')
  t.equal(word(fetch.connected(0)), 'ask#11 0+1000')
  t.equal(word(fetch.data(data(11, 0, 500), 1)), 'frame 0')
  const second = fetch.data(data(11, 500, 500), 2)
  t.equal(word(second), 'frame 2500', '800 bytes of frames wait: more than half of a window')
  t.equal(word(fetch.tick(3)), '')
  const frame = framesOf(second)[0] as PatchFrame
  t.equal(frame.encoded.length, 400)
  t.equal(word(fetch.applied(frame, 4)), 'ask#12 1000+600', 'as much as there is room for')
  t.equal(word(fetch.applied(frame, 5)), '')
  t.equal(word(fetch.data(data(12, 1000, 600), 6)), 'frame 5000 | ask#13 1600+88')
  t.equal(word(fetch.data(data(13, 1600, 88), 7)), 'frame 7500')
  t.equal(word(fetch.applied(frame, 8)), '')
  t.equal(word(fetch.applied(frame, 9)), 'complete')
  t.equal(fetch.wireBytes, 1688)
  t.equal(word(fetch.tick(9999)), '', 'and it is over')
})

t.test(
  'frames all of whose chunks are held are passed over; where that is likely the head alone is asked for',
  async t => {
    // Frame 0 makes chunks 0, 1 and half of 2; frame 2 makes 5, 6 and half of 7.
    const fetch = begun(tenChunks([0, 1, 2, 5, 6, 7]))
    t.equal(word(fetch.connected(0)), 'ask#11 0+8')
    t.equal(word(fetch.data(data(11, 0, 8), 1)), 'ask#12 8+20')
    t.equal(word(fetch.data(data(12, 8, 20), 1)), 'ask#13 428+1000', 'frame 1 is needed: a whole window')
    const effects = fetch.data(data(13, 428, 1000), 2)
    t.equal(word(effects), 'frame 2500 | ask#14 1428+260')
    t.equal(word(fetch.data(data(14, 1428, 260), 2)), 'frame 7500', 'of frame 2 nothing is kept')
    for (const frame of framesOf(effects)) t.equal(word(fetch.applied(frame, 3)), '')
    t.equal(word(fetch.applied(framesOf(effects)[0] as PatchFrame, 3)), 'complete')
  },
)

t.test('what follows the last missing chunk is not fetched', async t => {
  const fetch = begun(tenChunks([3, 4, 5, 6, 7, 8, 9]))
  fetch.connected(0)
  const effects = fetch.data(data(11, 0, 1000), 1)
  t.equal(word(effects), 'frame 0 | frame 2500', 'chunk 2 ends in the second frame')
  for (const frame of framesOf(effects)) fetch.applied(frame, 2)
  t.equal(word(begun(tenChunks([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).connected(0)), 'complete')
  t.equal(word(fetch.tick(10)), '', 'it was complete with the second')
})

t.test('pieces twice, too late, too early, of another request or beyond it change nothing', async t => {
  const fetch = begun()
  fetch.connected(0)
  t.equal(word(fetch.data(data(10, 0, 500), 1)), '', 'the request of somebody before')
  t.equal(word(fetch.data({ ...data(11, 0, 500), chunk: 3 } as ChunkData, 1)), '')
  t.equal(word(fetch.data(data(11, 200, 300), 1)), '', 'something is missing before it')
  t.equal(word(fetch.data(data(11, 0, 300), 1)), '')
  t.equal(word(fetch.data(data(11, 0, 300), 1)), '')
  t.equal(
    word(fetch.data(data(11, 100, 1500), 1)),
    'frame 0 | frame 2500',
    'overlapping; and no more than was asked for',
  )
  t.equal(word(fetch.data(data(11, 1000, 500), 1)), '')
})

t.test('silence: asked on ever more slowly, eight times, then it ends; what came in between is kept', async t => {
  const fetch = begun()
  fetch.connected(0)
  t.equal(word(fetch.tick(999)), '')
  t.equal(word(fetch.data(data(11, 0, 300), 1000)), '')
  t.equal(word(fetch.tick(1999)), '', 'it came a moment ago')
  t.equal(word(fetch.tick(2000)), 'ask#12 300+1000')
  let now = 2000
  const asked: string[] = []
  for (let step = 0; step < 1000 && !asked.at(-1)?.startsWith('end'); step += 1) {
    now += 1000
    const said = word(fetch.tick(now))
    if (said !== '') asked.push(said)
  }
  t.equal(asked.length, 8)
  t.equal(asked[0], 'ask#13 300+1000')
  t.equal(asked.at(-1), 'end no-answer')
  t.ok(now > 200_000)
  t.equal(word(fetch.data(data(11, 0, 500), now)), '')
})

t.test('a lost line costs nothing: it asks on from where it is, also in the middle of a frame', async t => {
  const fetch = begun()
  fetch.connected(0)
  fetch.data(data(11, 0, 133), 1)
  fetch.disconnected()
  t.equal(word(fetch.tick(500_000)), '')
  t.equal(word(fetch.data(data(11, 133, 100), 500_000)), '', 'an answer from before')
  t.equal(word(fetch.connected(500_000)), 'ask#12 133+1000')
  t.equal(word(fetch.data(data(12, 133, 1000), 500_001)), 'frame 0 | frame 2500')
})

t.test('busy and no right: not before the time given; no right eight times, and no such patch, end it', async t => {
  const fetch = begun()
  fetch.connected(0)
  for (let time = 0; time < 20; time += 1) {
    t.equal(word(fetch.data(refusal('busy', 11 + time), time * 1000)), '')
    t.equal(word(fetch.tick(time * 1000 + 499)), '')
    t.match(word(fetch.tick(time * 1000 + 500)), /^ask/)
  }
  const denied = begun()
  denied.connected(0)
  let now = 0
  for (let time = 0; time < 8; time += 1) {
    t.equal(word(denied.data(refusal('no-right', 11 + time), now)), '')
    now = denied.nextTickMs(now)
    t.match(word(denied.tick(now)), /^ask/)
  }
  t.equal(word(denied.data(refusal('no-right', 19), now)), 'end no-right')
  const absent = begun()
  absent.connected(0)
  t.equal(word(absent.data(refusal('no-such-chunk'), 1)), 'end no-such-chunk')
})

t.test('a patch that comes too slowly is let go', async t => {
  const fetch = begun(tenChunks(), { minimumBytesPerSecond: 100, slowLimitMs: 10_000 })
  fetch.connected(0)
  fetch.tick(0)
  for (let now = 500; now < 10_000; now += 500) t.equal(word(fetch.data(data(11, now / 50 - 10, 10), now)), '')
  t.equal(word(fetch.tick(10_000)), 'end slow')
})

t.test('what is wrong with a patch ends it with its word', async t => {
  const changed = (at: number, value: number): Buffer => {
    const bytes = Buffer.from(patchBytes)
    bytes.writeUInt32LE(value, at)
    return bytes
  }
  const rows: readonly (readonly [string, Buffer])[] = [
    ['end magic', changed(0, 0)],
    ['end limits', changed(8, 2501)],
    ['end limits', changed(8, 0)],
    ['end limits', changed(8 + 16, 401)],
    ['end base-range', changed(8 + 4, 5001)],
    ['end output-size', framed([2500, 2500, 2500, 2400, 2500], 30)],
    ['end trailing', framed([2500, 2500, 2500, 2500, 2500], 30)],
    ['end truncated', framed([2500, 2500, 2500], 30)],
  ]
  for (const [expected, bytes] of rows) {
    const fetch = begun(tenChunks(), { windowBytes: 4000 }, bytes)
    fetch.connected(0)
    t.equal(word(fetch.data(data(11, 0, 4000, bytes), 1)), expected)
  }
  const other = begun()
  other.connected(0)
  t.equal(word(other.data({ ...data(11, 0, 100), encodedSize: 1687 } as ChunkData, 1)), 'end contradicts')
  t.throws(() => begun(tenChunks(), {}, Buffer.alloc(7)), { code: 'PATCH_INVALID', reason: 'truncated' })
})

t.test('no answer makes it ask for more than a broker gives', async t => {
  const large = Buffer.alloc(3 * 2 ** 20)
  const fetch = begun(tenChunks(), { windowBytes: 8 * 2 ** 20 }, large)
  t.equal(word(fetch.connected(0)), `ask#11 0+${2 ** 20}`)
})

t.test(
  'outputs laid over chunks: each missing chunk once, whole, with its own bytes, however both are cut',
  async t => {
    const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 30 })
    forAll(
      fc.tuple(lengths, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), fc.nat(2 ** 30)),
      500,
      value => {
        const [chunks, cuts, heldBits] = value
        const index = indexOf(chunks)
        const image = createHash('shake256', { outputLength: index.imageSize }).update(String(heldBits)).digest()
        const holdings = new Holdings(index)
        for (let chunk = 0; chunk < index.count; chunk += 1) if ((heldBits >> (chunk % 30)) & 1) holdings.found(chunk)
        const overlay = new PatchOverlay(holdings)
        const laid: number[] = []
        let offset = 0
        for (let turn = 0; offset < image.length; turn += 1) {
          const end = Math.min(image.length, offset + (cuts[turn % cuts.length] ?? 1))
          // As a fetch does: what nobody needs is passed over.
          if (holdings.isMissingWithin(offset, end))
            for (const { chunk, bytes } of overlay.lay(offset, image.subarray(offset, end))) {
              const start = index.offsetOf(chunk)
              if (!image.subarray(start, start + index.lengthOf(chunk)).equals(bytes)) throw new Error(`chunk ${chunk}`)
              laid.push(chunk)
              holdings.made(chunk)
            }
          offset = end
        }
        const wanted = Array.from({ length: index.count }, (_, chunk) => chunk).filter(
          at => !((heldBits >> (at % 30)) & 1),
        )
        if (laid.join() !== wanted.join()) throw new Error(`laid ${laid}, wanted ${wanted}`)
        if (holdings.missingBytes !== 0 || holdings.heldBytes + holdings.madeBytes !== image.length)
          throw new Error('count')
      },
    )
    t.pass()
  },
)

t.test('a chunk whose beginning was left out is not made of its end', async t => {
  const overlay = new PatchOverlay(tenChunks())
  t.strictSame([...overlay.lay(500, Buffer.alloc(500))], [])
  t.strictSame([...overlay.lay(1000, Buffer.alloc(500))], [])
  t.strictSame([...overlay.lay(1600, Buffer.alloc(400))], [], '100 bytes are missing between')
})
