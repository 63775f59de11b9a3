import t from 'tap'
import { SessionPieces } from '../../../agent/core/session-pieces.ts'
import type { SessionPiece } from '../../../proto/session-messages.ts'

/** The quarter `at` of a chunk of 1000 bytes. */
const quarter = (chunk: number, at: number, changes: Partial<SessionPiece> = {}): SessionPiece => ({
  chunk,
  encoding: 'plain',
  encodedSize: 1000,
  offset: at * 250,
  data: Buffer.alloc(250, chunk),
  ...changes,
})

t.test('a chunk is whole when every piece came, in any order, each counted once', async t => {
  const pieces = new SessionPieces()
  for (const at of [2, 0, 0, 3, 2]) t.equal(pieces.take(quarter(7, at), 1000, 4000), undefined)
  t.equal(pieces.bytes, 1000)
  t.strictSame(pieces.take(quarter(7, 1), 1000, 4000)?.bytes, Buffer.alloc(1000, 7))
  t.equal(pieces.bytes, 0, 'what is whole is the receiver’s')
})

t.test('memory stays within its limit whatever comes: the chunk that was silent longest goes', async t => {
  const pieces = new SessionPieces()
  let most = 0
  for (let chunk = 0; chunk < 10_000; chunk += 1) {
    pieces.take(quarter(chunk, 0), 1000, 3000)
    most = Math.max(most, pieces.bytes)
  }
  t.equal(most, 3000)
  pieces.take(quarter(9997, 1), 1000, 3000)
  pieces.take(quarter(1, 0), 1000, 3000)
  for (const at of [2, 3]) pieces.take(quarter(9997, at), 1000, 3000)
  t.equal(pieces.bytes, 2000, '9997 was spoken of last and is whole now; 9998 went')
  for (const at of [1, 2]) pieces.take(quarter(9998, at), 1000, 3000)
  t.equal(pieces.take(quarter(9998, 3), 1000, 3000), undefined, 'its first piece is gone')
  t.ok(pieces.take(quarter(9998, 0), 1000, 3000))
})

t.test('a chunk larger than the limit is kept alone', async t => {
  const pieces = new SessionPieces()
  for (const at of [0, 1, 2]) t.equal(pieces.take(quarter(1, at), 1000, 10), undefined)
  t.ok(pieces.take(quarter(1, 3), 1000, 10))
})

t.test('pieces that contradict each other: the last word counts', async t => {
  const pieces = new SessionPieces()
  for (const at of [0, 1, 2]) pieces.take(quarter(1, at), 1000, 4000)
  t.equal(pieces.take(quarter(1, 3, { encoding: 'deflate' }), 1000, 4000), undefined, 'encoded anew')
  t.equal(pieces.bytes, 1000)
  for (const at of [0, 1]) t.equal(pieces.take(quarter(1, at, { encoding: 'deflate' }), 1000, 4000), undefined)
  t.equal(pieces.take(quarter(1, 2, { encoding: 'deflate' }), 1000, 4000)?.encoding, 'deflate')
})

t.test('never a byte more than the index allows, and no end of tiny pieces', async t => {
  const pieces = new SessionPieces()
  t.equal(pieces.take(quarter(1, 0), 999, 4_000_000), undefined)
  t.equal(pieces.take(quarter(1, 0, { encodedSize: 200 }), 999, 4_000_000), undefined, 'reaches past its end')
  t.equal(pieces.bytes, 0)
  const tiny = (offset: number): SessionPiece => quarter(2, 0, { encodedSize: 4096, offset, data: Buffer.alloc(1) })
  for (let offset = 0; offset < 4096; offset += 1)
    if (pieces.take(tiny(offset), 4096, 4_000_000) !== undefined) t.fail('a chunk of 4096 pieces')
  t.equal(pieces.bytes, 4096)
})

t.test('what is dropped or cleared is gone', async t => {
  const pieces = new SessionPieces()
  pieces.take(quarter(1, 0), 1000, 4000)
  pieces.take(quarter(2, 0), 1000, 4000)
  pieces.drop(1)
  pieces.drop(9)
  t.equal(pieces.bytes, 1000)
  pieces.clear()
  t.equal(pieces.bytes, 0)
})
