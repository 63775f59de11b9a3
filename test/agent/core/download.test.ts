import t from 'tap'
import { growingDelayMs, jitteredDelayMs } from '../../../agent/core/backoff.ts'
import { Download, type DownloadEffect } from '../../../agent/core/download.ts'
import { type FetchSettings, IndexFetch } from '../../../agent/core/index-fetch.ts'
import { ChunkIndex, encodeChunkIndex } from '../../../proto/chunk-index.ts'
import type { ChunkData } from '../../../proto/chunk-messages.ts'

const settings: FetchSettings = { windowBytes: 4000, chunkRetriesMax: 8, refetchMax: 3, chunkTimeoutMs: 1000 }
const chunker = { minimumBytes: 256, averageBytes: 1024, maximumBytes: 4096 }
const indexWith = (count: number, length = 1000): ChunkIndex =>
  ChunkIndex.parse(encodeChunkIndex(chunker, new Array<number>(count).fill(length), Buffer.alloc(count * 32, 1)))
const begun = (count: number, changes: Partial<FetchSettings> = {}): Download =>
  new Download(indexWith(count), { ...settings, ...changes }, 10)
const piece = (chunk: number, changes: Partial<Extract<ChunkData, { kind: 'piece' }>> = {}): ChunkData => ({
  kind: 'piece',
  requestNumber: 11,
  chunk,
  encoding: 'plain',
  encodedSize: 1000,
  offset: 0,
  data: Buffer.alloc(1000, chunk),
  ...changes,
})
const refusal = (changes: Partial<Extract<ChunkData, { kind: 'refusal' }>> = {}): ChunkData => ({
  kind: 'refusal',
  requestNumber: 11,
  reason: 'busy',
  chunk: undefined,
  retryAfterMs: 500,
  ...changes,
})
const word = (effects: readonly DownloadEffect[]): string => effects.map(wordOf).join(' | ')

function wordOf(effect: DownloadEffect): string {
  switch (effect.kind) {
    case 'request-chunks':
      return `ask#${effect.requestNumber} ${effect.ranges.map(({ first, count }) => `${first}+${count}`).join(',')}`
    case 'check-chunk':
      return `check ${effect.chunk}`
    case 'give-up':
      return `${effect.failure.code} ${effect.failure.data.reason}`
    case 'complete':
      return 'complete'
  }
}

t.test('the first request fills the window, and no chunk is asked for twice', async t => {
  const download = begun(10)
  const [request] = download.connected(0)
  t.match(request, { kind: 'request-chunks', requestNumber: 11, ranges: [{ first: 0, count: 4 }], windowBytes: 4000 })
  t.equal(word(download.tick(10)), '')
})

t.test('the window is topped up when half of it is written, not before: a slow disk fills no memory', async t => {
  const download = begun(10)
  download.connected(0)
  t.equal(word(download.data(piece(0), 1)), 'check 0')
  t.equal(word(download.data(piece(1), 2)), 'check 1')
  t.equal(word(download.tick(3)), '')
  t.equal(word(download.held(0, 3)), '')
  t.equal(word(download.held(1, 4)), 'ask#12 4+2')
  t.equal(word(download.data(piece(2), 5)), 'check 2')
  t.equal(word(download.held(2, 5)), '')
  t.equal(word(download.data(piece(3), 6)), 'check 3')
  t.equal(word(download.held(3, 6)), 'ask#13 6+2')
})

t.test('a chunk larger than the window is asked for alone', async t => {
  t.equal(word(begun(3, { windowBytes: 300 }).connected(0)), 'ask#11 0+1')
})

t.test('chunks held already are left out; only the gaps are asked for', async t => {
  const download = begun(8)
  for (const chunk of [0, 3, 4, 4]) download.alreadyHeld(chunk)
  t.equal(word(download.connected(0)), 'ask#11 1+2,5+2')
  t.equal(download.counts.heldBytes, 3000, 'held twice counts once')
})

t.test('all held: complete without a line', async t => {
  const download = begun(2)
  download.alreadyHeld(0)
  download.alreadyHeld(1)
  t.equal(word(download.tick(0)), 'complete')
  t.equal(word(download.connected(1)), '', 'said once')
})

t.test('a chunk in pieces is whole when every piece is there, in any order, each counted once', async t => {
  const download = begun(1)
  download.connected(0)
  const part = (offset: number): ChunkData => piece(0, { offset, data: Buffer.alloc(250, offset / 250) })
  for (const offset of [500, 0, 0, 750, 500]) t.equal(word(download.data(part(offset), 1)), '')
  const [check] = download.data(part(250), 2)
  t.match(check, { kind: 'check-chunk', chunk: 0 })
  t.strictSame(check?.kind === 'check-chunk' && [...new Set(check.bytes)], [0, 1, 2, 3])
  t.equal(word(download.held(0, 3)), 'complete')
})

t.test('a chunk delivered twice is counted once', async t => {
  const download = begun(2)
  download.connected(0)
  t.equal(word(download.data(piece(0), 1)), 'check 0')
  t.equal(word(download.data(piece(0), 1)), '')
  t.equal(word(download.held(0, 2)), '')
  t.equal(word(download.held(0, 2)), '')
  t.equal(word(download.data(piece(0), 3)), '')
  t.strictSame(download.counts, {
    imageBytes: 2000,
    heldBytes: 0,
    receivedBytes: 1000,
    wireBytes: 1000,
    broadcastBytes: 0,
  })
  download.data(piece(1), 4)
  t.equal(word(download.held(1, 5)), 'complete')
})

t.test('a bad chunk is fetched again three times, then UPD4_FAIL_26', async t => {
  const download = begun(1)
  download.connected(0)
  for (let requestNumber = 12; requestNumber <= 14; requestNumber += 1) {
    download.data(piece(0), 1)
    t.equal(word(download.bad(0, 2)), `ask#${requestNumber} 0+1`)
  }
  download.data(piece(0), 3)
  t.equal(word(download.bad(0, 4)), 'UPD4_FAIL_26 chunk')
  t.equal(word(download.tick(100_000)), '', 'it has ended')
})

t.test('a piece that claims more than the index allows is never stored and counts as bad', async t => {
  for (const changes of [
    { encodedSize: 1001, data: Buffer.alloc(10) },
    { encodedSize: 0, data: Buffer.alloc(0) },
    { offset: 999, data: Buffer.alloc(2) },
    { data: Buffer.alloc(0) },
  ]) {
    const download = begun(1)
    download.connected(0)
    t.equal(word(download.data(piece(0, changes), 1)), 'ask#12 0+1')
  }
  const download = begun(1)
  download.connected(0)
  download.data(piece(0, { data: Buffer.alloc(10) }), 1)
  t.equal(word(download.data(piece(0, { offset: 10, data: Buffer.alloc(5), encodedSize: 900 }), 2)), 'ask#12 0+1')
})

t.test('silence: asked again ever more slowly, eight times, then UPD4_FAIL_24', async t => {
  const download = begun(1)
  download.connected(0)
  const asked: number[] = []
  let ended = ''
  for (let now = 0; now < 1_000_000 && ended === ''; now += 100) {
    const said = word(download.tick(now))
    if (said.startsWith('ask')) asked.push(now)
    else ended = said
  }
  t.strictSame(asked, [1000, 3000, 7000, 15_000, 31_000, 63_000, 123_000, 183_000])
  t.equal(ended, 'UPD4_FAIL_24 no-answer')
})

t.test('a slow line is no silence: as long as something arrives, nothing is asked again', async t => {
  const download = begun(4)
  download.connected(0)
  for (let part = 0; part < 20; part += 1) {
    const chunk = Math.floor(part / 10)
    const data = piece(chunk, { offset: (part % 10) * 100, data: Buffer.alloc(100) })
    t.notMatch(word(download.data(data, part * 900)), 'ask')
    t.equal(word(download.tick(part * 900 + 800)), '')
  }
})

t.test('a chunk overtaken by a later request is asked for again although others arrive', async t => {
  const download = begun(20)
  download.connected(0)
  for (const chunk of [1, 2]) {
    download.data(piece(chunk), 100)
    download.held(chunk, 100)
  }
  t.equal(word(download.data(piece(4, { requestNumber: 12 }), 900)), 'check 4')
  t.match(word(download.tick(1100)), /^ask#\d+ 0\+1,3\+1/)
})

t.test('link loss costs no retry; what was on the way is asked for again after the next connect', async t => {
  const download = begun(2)
  for (let times = 0; times < 50; times += 1) {
    t.match(word(download.connected(times * 1000)), '0+2')
    download.disconnected()
    t.equal(word(download.tick(times * 1000 + 999)), '')
  }
})

t.test('busy: nothing before the time given, and it is not counted', async t => {
  const download = begun(1)
  download.connected(0)
  let now = 0
  for (let requestNumber = 11; requestNumber < 40; requestNumber += 1) {
    t.equal(word(download.data(refusal({ requestNumber }), now)), '')
    t.equal(download.nextTickMs(now), now + 500)
    t.equal(word(download.tick(now + 499)), '')
    now += 500
    t.equal(word(download.tick(now)), `ask#${requestNumber + 1} 0+1`)
  }
})

t.test('busy with an absurd time is bounded on both sides', async t => {
  for (const [retryAfterMs, waitedMs] of [
    [0, 250],
    [4_000_000_000, 60_000],
  ] as const) {
    const download = begun(1)
    download.connected(0)
    download.data(refusal({ retryAfterMs }), 0)
    t.equal(word(download.tick(waitedMs - 1)), '')
    t.equal(word(download.tick(waitedMs)), 'ask#12 0+1')
  }
})

t.test('no such chunk: UPD4_FAIL_24 at once', async t => {
  const download = begun(4)
  download.connected(0)
  t.strictSame(download.data(refusal({ reason: 'no-such-chunk', chunk: 2 }), 1), [
    { kind: 'give-up', failure: { code: 'UPD4_FAIL_24', data: { reason: 'no-such-chunk', chunk: '2' } } },
  ])
})

t.test('no right: waited for like busy, eight times, then UPD4_FAIL_24', async t => {
  const download = begun(1)
  download.connected(0)
  let now = 0
  let refused = 0
  for (let said = ''; said === ''; refused += 1) {
    said = word(download.data(refusal({ reason: 'no-right', requestNumber: 11 + refused }), now))
    if (said !== '') t.equal(said, 'UPD4_FAIL_24 no-right')
    now += 60_000
    download.tick(now)
  }
  t.equal(refused, 9)
})

t.test('what answers nobody is ignored', async t => {
  const download = begun(4)
  download.connected(0)
  t.equal(word(download.data(piece(0, { requestNumber: 10 }), 1)), '', 'a request of somebody before us')
  t.equal(word(download.data(piece(9), 1)), '', 'a chunk that was not asked for')
  t.equal(word(download.data(piece(0, { chunk: undefined }), 1)), '', 'the index')
  t.equal(word(download.data(refusal({ requestNumber: 99, reason: 'no-such-chunk' }), 1)), '')
  t.equal(word(download.held(0, 1)) + word(download.bad(0, 1)), '', 'not being checked')
})

t.test('a request names 1024 ranges at most', async t => {
  const download = new Download(indexWith(4000, 256), { ...settings, windowBytes: 10_000_000 }, 10)
  for (let chunk = 0; chunk < 4000; chunk += 2) download.alreadyHeld(chunk)
  const [request] = download.connected(0)
  t.equal(request?.kind === 'request-chunks' && request.ranges.length, 1024)
})

const indexPiece = (offset: number, length: number, changes = {}): ChunkData =>
  piece(0, { chunk: undefined, encodedSize: 6000, offset, data: Buffer.alloc(length, 7), ...changes })

t.test('the index comes in windows, from where it breaks off', async t => {
  const fetch = new IndexFetch(6000, settings, 10)
  t.strictSame(fetch.connected(0), [{ kind: 'request-index', requestNumber: 11, offset: 0, windowBytes: 4000 }])
  t.strictSame(fetch.data(indexPiece(0, 2000), 1), [])
  t.strictSame(fetch.data(indexPiece(0, 2000), 1), [], 'doubled')
  t.strictSame(fetch.data(indexPiece(3000, 1000), 1), [], 'a gap before it')
  t.strictSame(fetch.tick(500), [])
  t.strictSame(fetch.tick(1001), [{ kind: 'request-index', requestNumber: 12, offset: 2000, windowBytes: 4000 }])
  t.strictSame(fetch.data(indexPiece(2000, 1000), 1002), [], 'an answer to the request before')
  fetch.disconnected()
  t.strictSame(fetch.tick(90_000), [])
  t.strictSame(fetch.connected(90_000), [{ kind: 'request-index', requestNumber: 13, offset: 2000, windowBytes: 4000 }])
  const [check] = fetch.data(indexPiece(2000, 4000, { requestNumber: 13 }), 90_001)
  t.match(check, { kind: 'check-index' })
  t.strictSame(fetch.tick(200_000), [], 'it waits for the verdict')
})

t.test('an index that is wrong, silent, refused or too long ends with its code', async t => {
  const whole = (requestNumber: number): ChunkData => piece(0, { chunk: undefined, requestNumber })
  const wrong = new IndexFetch(1000, settings, 10)
  wrong.connected(0)
  for (let times = 0; times < 3; times += 1) {
    t.match(wrong.data(whole(11 + times), 1), [{ kind: 'check-index' }])
    t.match(wrong.bad(2), [{ kind: 'request-index', offset: 0 }])
  }
  wrong.data(whole(14), 3)
  t.match(wrong.bad(4), [{ kind: 'give-up', failure: { code: 'UPD4_FAIL_26' } }])

  const long = new IndexFetch(1000, settings, 10)
  long.connected(0)
  t.match(long.data(piece(0, { chunk: undefined, encodedSize: 1001, data: Buffer.alloc(1001) }), 1), [
    { kind: 'request-index', offset: 0 },
  ])

  const silent = new IndexFetch(1000, settings, 10)
  silent.connected(0)
  let requests = 0
  let last: unknown
  for (let now = 0; now < 1_000_000 && last === undefined; now += 100)
    for (const effect of silent.tick(now)) {
      if (effect.kind === 'give-up') last = effect.failure.code
      else requests += 1
    }
  t.strictSame([requests, last], [8, 'UPD4_FAIL_24'])

  const refused = new IndexFetch(1000, settings, 10)
  refused.connected(0)
  t.strictSame(refused.data(refusal(), 0), [])
  t.strictSame(refused.tick(499), [])
  t.match(refused.tick(500), [{ kind: 'request-index', requestNumber: 12 }])
  t.match(refused.data(refusal({ requestNumber: 12, reason: 'no-such-chunk' }), 600), [
    { kind: 'give-up', failure: { code: 'UPD4_FAIL_24' } },
  ])
})

t.test('back-off grows to its cap, full jitter stays below it', async t => {
  t.strictSame(
    [0, 1, 5, 6, 7, 1000].map(attempt => growingDelayMs(attempt, 1000, 64_000)),
    [1000, 2000, 32_000, 64_000, 64_000, 64_000],
  )
  t.equal(jitteredDelayMs(3, 1000, 64_000, 0), 0)
  t.equal(jitteredDelayMs(3, 1000, 64_000, 0.5), 4000)
  t.ok(jitteredDelayMs(99, 1000, 64_000, 0.999999) < 64_000)
})
