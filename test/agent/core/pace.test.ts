import t from 'tap'
import { Download } from '../../../agent/core/download.ts'
import { Pace } from '../../../agent/core/pace.ts'
import { ChunkIndex, encodeChunkIndex } from '../../../proto/chunk-index.ts'

const settings = { minimumBytesPerSecond: 1000, slowLimitMs: 10_000 }

t.test('too slow is what was too slow for the whole of the limit', async t => {
  const pace = new Pace(settings)
  t.equal(pace.look(0, true), undefined)
  pace.came(9_000)
  t.equal(pace.look(9_999, true), undefined, 'not yet')
  t.equal(pace.look(10_000, true), 900)
})

t.test('fast enough begins anew', async t => {
  const pace = new Pace(settings)
  pace.look(0, true)
  pace.came(10_000)
  t.equal(pace.look(10_000, true), undefined, 'exactly the minimum')
  t.equal(pace.look(19_999, true), undefined)
  t.equal(pace.look(20_000, true), 0, 'nothing since')
})

t.test('only time in which something is awaited counts', async t => {
  const pace = new Pace(settings)
  pace.look(0, true)
  t.equal(pace.look(6_000, false), undefined)
  t.equal(pace.look(900_000, true), undefined, 'the line was down, or the server busy')
  t.equal(pace.look(903_999, true), undefined)
  t.equal(pace.look(904_000, true), 0)
})

t.test('without a minimum nothing is too slow', async t => {
  const pace = new Pace({ minimumBytesPerSecond: 0, slowLimitMs: 1 })
  pace.look(0, true)
  t.equal(pace.look(1e9, true), undefined)
})

t.test(
  'in a download: only what is on the way, of a line that is up and a broker that is not busy, is too slow',
  async t => {
    const chunker = { minimumBytes: 256, averageBytes: 1024, maximumBytes: 4096 }
    const index = ChunkIndex.parse(encodeChunkIndex(chunker, new Array<number>(10).fill(1000), Buffer.alloc(320, 1)))
    const patient = { windowBytes: 2000, chunkRetriesMax: 100, refetchMax: 3, chunkTimeoutMs: 1e9 }
    const download = new Download(index, { ...patient, minimumBytesPerSecond: 200, slowLimitMs: 10_000 }, 0)
    const codes = (at: number): readonly string[] =>
      download.tick(at).flatMap(effect => (effect.kind === 'give-up' ? [effect.failure.data.reason ?? ''] : []))
    const refused = {
      kind: 'refusal',
      requestNumber: 1,
      reason: 'busy',
      chunk: undefined,
      retryAfterMs: 30_000,
    } as const
    download.connected(0)
    t.strictSame(codes(0), [])
    t.strictSame(codes(9_000), [])
    download.data(refused, 9_000)
    t.strictSame(codes(9_001), [], 'the broker is busy')
    t.strictSame(codes(38_000), [])
    t.strictSame(codes(39_000), [], 'asked for again')
    t.strictSame(codes(39_001), [])
    t.strictSame(codes(39_500), [])
    download.disconnected()
    download.connected(500_000)
    t.strictSame(codes(500_000), [], 'the line was down')
    t.strictSame(codes(500_499), [])
    const failure = { code: 'UPD4_FAIL_24', data: { reason: 'slow', expected: '200 bytes/s', actual: '0 bytes/s' } }
    t.match(download.tick(500_500), [{ kind: 'give-up', failure }])
    t.strictSame(codes(600_000), [], 'once')
  },
)
