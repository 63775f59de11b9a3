// A download in a broadcast session: when it asks for nothing, when it asks again, and what it believes.
import t from 'tap'
import { Download, type DownloadEffect } from '../../../agent/core/download.ts'
import type { FetchSettings } from '../../../agent/core/index-fetch.ts'
import { ChunkIndex, encodeChunkIndex } from '../../../proto/chunk-index.ts'
import type { ChunkData } from '../../../proto/chunk-messages.ts'
import type { SessionPiece } from '../../../proto/session-messages.ts'

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

const sent = (chunk: number, changes: Partial<SessionPiece> = {}): SessionPiece => ({
  chunk,
  encoding: 'plain',
  encodedSize: 1000,
  offset: 0,
  data: Buffer.alloc(1000, chunk),
  ...changes,
})

/** Joined before the line was there. */
function listening(count: number, changes: Partial<FetchSettings> = {}): Download {
  const download = begun(count, changes)
  download.listen(0)
  if (download.connected(0).length > 0) throw new Error('asks at once')
  return download
}

t.test('a session brings chunks that nobody asked for; nothing is asked for while it speaks', async t => {
  const download = listening(3)
  t.equal(word(download.tick(999)), '')
  t.equal(word(download.broadcast(sent(2), 1000)), 'check 2')
  t.equal(word(download.held(2, 1001)), '')
  t.equal(word(download.broadcast(sent(0, { encodedSize: 1000, data: Buffer.alloc(500) }), 1500)), '')
  t.equal(word(download.broadcast(sent(0, { offset: 500, data: Buffer.alloc(500) }), 1600)), 'check 0')
  t.equal(word(download.tick(2500)), '')
  download.held(0, 2500)
  t.equal(word(download.broadcast(sent(1), 2500)), 'check 1')
  t.equal(word(download.held(1, 2501)), 'complete')
  t.match(download.counts, { heldBytes: 0, receivedBytes: 3000, wireBytes: 3000, broadcastBytes: 3000 })
})

t.test('after the end, or when it is left, what is missing is asked for at once; late pieces still count', async t => {
  const download = listening(6)
  for (const chunk of [1, 4]) {
    download.broadcast(sent(chunk), 10)
    download.held(chunk, 10)
  }
  t.equal(word(download.stopListening(20)), 'ask#11 0+1,2+2,5+1')
  t.equal(word(download.broadcast(sent(2), 30)), 'check 2')
  t.equal(word(download.data(piece(2), 40)), '', 'the answer comes too late')
  t.equal(word(download.data(piece(3), 40)), 'check 3')
})

t.test('after silence the rest is pulled; when the session speaks again nothing more is asked for', async t => {
  const download = listening(20)
  t.equal(word(download.tick(999)), '')
  t.equal(word(download.tick(1000)), 'ask#11 0+4')
  t.equal(word(download.broadcast(sent(19), 1001)), 'check 19')
  t.equal(word(download.held(19, 1001)), '')
  for (const chunk of [0, 1, 2, 3]) t.equal(word(download.data(piece(chunk), 1100)), `check ${chunk}`)
  for (const chunk of [0, 1, 2, 3]) t.equal(word(download.held(chunk, 1100)), '')
  t.equal(word(download.tick(2000)), '')
  t.equal(word(download.tick(2001)), 'ask#12 4+4')
  t.match(download.counts, { receivedBytes: 5000, broadcastBytes: 1000 }, 'what was asked for is no broadcast')
})

t.test('the words of its control are a sign of life as well', async t => {
  const download = listening(4)
  download.listen(900)
  t.equal(word(download.tick(1000)), '')
  t.equal(word(download.tick(1900)), 'ask#11 0+4')
})

t.test('what was asked for before joining still comes, or is lost, and is not asked for again meanwhile', async t => {
  const download = begun(8)
  t.equal(word(download.connected(0)), 'ask#11 0+4')
  download.listen(100)
  t.equal(word(download.data(piece(0), 200)), 'check 0')
  t.equal(word(download.broadcast(sent(1), 900)), 'check 1')
  t.equal(word(download.data(piece(2), 950)), 'check 2')
  t.equal(word(download.broadcast(sent(7), 1500)), 'check 7')
  t.equal(word(download.tick(2000)), '', 'chunk 3 was lost; the session may bring it')
  t.equal(word(download.broadcast(sent(3), 2100)), 'check 3')
})

t.test(
  'a bad chunk of a session is no failure of the download, however often; a session of bad ones is pulled past',
  async t => {
    const download = listening(9)
    for (const time of [1, 2, 3]) {
      t.equal(word(download.broadcast(sent(0), time)), 'check 0')
      t.equal(word(download.bad(0, time)), '')
    }
    t.equal(word(download.broadcast(sent(1), 4)), 'check 1')
    t.equal(word(download.held(1, 4)), '', 'a good one: the session is believed in again')
    for (const time of [5, 6, 7, 8]) {
      t.equal(word(download.broadcast(sent(0), time)), 'check 0')
      t.equal(word(download.bad(0, time)), time === 8 ? 'ask#11 0+1,2+3' : '')
    }
    for (let time = 10; time < 100; time += 1)
      if (word(download.broadcast(sent(8), time)) !== '') t.equal(word(download.bad(8, time)), '')
    t.equal(word(download.data(piece(0), 100)), 'check 0')
    t.equal(word(download.bad(0, 101)), '', 'none of the bad ones counted')
    t.equal(word(download.data(piece(2), 102)), 'check 2')
    t.equal(word(download.held(2, 102)), 'ask#12 0+1,5+1')
  },
)

t.test('a disk that does not keep pace: a session’s chunks are let go, and no more are asked for', async t => {
  const download = listening(20)
  const checks: number[] = []
  for (let chunk = 0; chunk < 20; chunk += 1) if (word(download.broadcast(sent(chunk), 1)) !== '') checks.push(chunk)
  t.strictSame(checks, [0, 1, 2, 3, 4])
  t.equal(word(download.tick(2000)), '', 'a window full waits for the disk')
  for (const chunk of [0, 1]) t.equal(word(download.held(chunk, 2000)), '')
  t.equal(word(download.held(2, 2000)), 'ask#11 5+2')
  t.equal(word(download.broadcast(sent(19), 2001)), 'check 19', 'one chunk in any case')
  t.equal(word(download.broadcast(sent(18), 2001)), '')
})

t.test('a cut line: what was half there is forgotten, and the session has its time again', async t => {
  const download = listening(2)
  download.broadcast(sent(0, { data: Buffer.alloc(500) }), 1)
  download.disconnected()
  t.equal(word(download.connected(5000)), '')
  t.equal(word(download.broadcast(sent(0, { offset: 500, data: Buffer.alloc(500) }), 5001)), '')
  t.equal(word(download.tick(5999)), '')
  t.equal(word(download.tick(6001)), 'ask#11 0+2')
})
