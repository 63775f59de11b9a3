// Chunks on a line that loses, spoils, doubles, turns round and splits them, and a broker that refuses: docs/PROTOCOL.md,
// sections 10 and 11. The broker behind answers as ever; the line makes of its answers what the case says.
import { deflateRawSync } from 'node:zlib'
import type { DeviceFailureCode } from '../../../proto/event-codes.ts'
import { type Case, demand, NotApplicable } from '../case.ts'
import type { Examination, Offered } from '../examination.ts'
import { type Goods, sha256, signed } from '../goods.ts'
import {
  type Answering,
  answers,
  isChunk,
  isIndex,
  type Piece,
  refusing,
  split,
  spoiled,
  traffic,
} from './answering.ts'

const family = 'chunks'

/** A good update in bad weather comes to its success. */
function repaired(name: string, done: string, answering: () => Answering, more: Partial<Case> = {}): Case {
  return {
    ...{ name, family, section: '11', done, must: 'what is missing is asked for again; success' },
    ...more,
    async examine(at) {
      answers(at, answering())
      const offered = await at.begin(at.goods())
      const code = await at.success(offered, at.patience.updateMs + 3 * at.patience.silenceMs)
      return `${code} after ${traffic(at, offered).requests.length} requests`
    },
  }
}

/** What is sent is not what was signed, for good: the update ends with the code. */
function ends(
  name: string,
  section: string,
  code: DeviceFailureCode,
  reason: string | undefined,
  done: string,
  make: (at: Examination) => Promise<Offered>,
  more: Partial<Case> = {},
): Case {
  return {
    ...{ name, family, section, code, done, must: `${code}${reason === undefined ? '' : `, reason ${reason}`}` },
    ...more,
    async examine(at) {
      const offered = await make(at)
      const { code: told, data } = await at.ended(
        offered,
        at.patience.updateMs + (more.slow ? at.patience.givingUpMs : 3 * at.patience.silenceMs),
      )
      const seen = `${told}${data.reason === undefined ? '' : ` (${data.reason})`}`
      demand(told === code, `${seen} instead of ${code}`)
      demand(reason === undefined || data.reason === reason, `${seen}: the reason must be ${reason}`)
      return seen
    },
  }
}

/** Offered with another index and other chunks than those that were cut. */
async function offeredWith(
  at: Examination,
  change: (goods: Goods) => {
    readonly indexBytes?: Buffer
    readonly chunks?: Goods['chunks']
    readonly signs?: boolean
  },
): Promise<Offered> {
  const goods = at.goods()
  const { indexBytes = goods.indexBytes, chunks = goods.chunks, signs = false } = change(goods)
  const manifest = signs
    ? { ...goods.manifest, chunkIndexSize: indexBytes.length, chunkIndexSha256: sha256(indexBytes) }
    : goods.manifest
  return at.begin({ ...goods, indexBytes, chunks }, signed(manifest))
}

const quick = true

export const chunkCases: readonly Case[] = [
  {
    name: 'asks-for-what-it-lacks',
    ...{ family, section: '11', quick },
    done: 'an update in fair weather; every request is read',
    must: 'the index first; only this artifact, only chunks there are; hardly anything twice',
    async examine(at) {
      const offered = await at.begin(at.goods(100_000))
      const code = await at.success(offered)
      const { requests, pieces } = traffic(at, offered)
      const [first] = requests
      demand(first !== undefined, 'success without a single request')
      demand(first.request.wanted.kind === 'index', 'the first request is not for the chunk index')
      const { artifact, chunks } = offered.goods
      const foreign = requests.find(({ request }) => request.artifact !== artifact)
      demand(foreign === undefined, `a request for artifact ${foreign?.request.artifact}`)
      const wanted = requests.flatMap(({ request: { wanted } }) => (wanted.kind === 'chunks' ? wanted.ranges : []))
      const beyond = wanted.find(({ first, count }) => first + count > chunks.length)
      demand(
        beyond === undefined,
        `asked for chunk ${(beyond?.first ?? 0) + (beyond?.count ?? 0) - 1} of ${chunks.length}`,
      )
      const came = pieces.reduce((sum, { data }) => sum + data.length, 0)
      const whole = chunks.reduce((sum, { bytes }) => sum + bytes.length, offered.goods.indexBytes.length)
      demand(came <= whole * 1.05, `${came} bytes came for ${whole}: it asks for what it has`)
      return `${code}; ${requests.length} requests, ${came} of ${whole} bytes`
    },
  },
  {
    name: 'held-chunks',
    ...{ family, section: '10' },
    done: 'an update is installed, then one that shares nine tenths of its bytes',
    must: 'success; what both have in common may be asked for, but need not',
    async examine(at) {
      const first = at.goods(100_000)
      await at.success(await at.begin(first))
      const image = Buffer.from(first.image)
      const { image: other } = at.goods(100_000)
      other.copy(image, image.length - 10_000, image.length - 10_000)
      const goods = at.goodsFrom(image)
      const offered = await at.begin(goods)
      const code = await at.success(offered)
      const came = traffic(at, offered).pieces.reduce((sum, { data }) => sum + data.length, 0)
      return `${code}; ${came} bytes came for an image of ${image.length}`
    },
  },
  repaired(
    'corrupt-once',
    'the first three pieces of chunks have a wrong bit',
    () => {
      let bad = 0
      return data => {
        if (!isChunk(data) || bad === 3) return [data]
        bad += 1
        return [spoiled(data)]
      }
    },
    { quick },
  ),
  repaired('corrupt-index-once', 'the first answer with the chunk index has a wrong bit', () => {
    let bad = 0
    return data => {
      if (!isIndex(data) || bad === 1) return [data]
      bad += 1
      return [spoiled(data)]
    }
  }),
  repaired('duplicated', 'every piece comes twice', () => data => [data, data], { quick }),
  repaired(
    'split',
    'every piece comes in pieces of 100 bytes',
    () => data => (data.kind === 'piece' ? split(data, 100) : [data]),
    { quick },
  ),
  repaired(
    'reordered',
    'every piece is cut in four, and the four come backwards',
    () => data => (data.kind === 'piece' ? split(data, Math.ceil(data.data.length / 4)).reverse() : [data]),
  ),
  repaired(
    'lost-once',
    'the third and the seventh answer are lost',
    () => (data, count) => (count === 2 || count === 6 ? [] : [data]),
    { quick },
  ),
  repaired('lost-often', 'every fifth answer is lost', () => (data, count) => (count % 5 === 4 ? [] : [data])),
  repaired(
    'garbage-between',
    'answers to nobody, chunks that do not exist and pieces past their chunk come in between',
    () => data =>
      isChunk(data)
        ? [
            { ...data, requestNumber: data.requestNumber + 1000 },
            { ...data, chunk: 1_000_000, data: Buffer.alloc(50, 1), offset: 0, encodedSize: 50 },
            data,
          ]
        : [data],
  ),
  repaired('wrong-encoded-size', 'the first three chunks claim to be longer than the index says', () => {
    let bad = 0
    return data => {
      if (!isChunk(data) || bad === 3) return [data]
      bad += 1
      return [{ ...data, encodedSize: data.encodedSize + 100_000 }]
    }
  }),
  repaired('deflate-bomb', 'the first chunk inflates to 16 MiB', () => {
    const bomb = deflateRawSync(Buffer.alloc(16 * 1024 * 1024))
    let bad: number | undefined
    return data => {
      if (!isChunk(data) || (bad !== undefined && bad !== data.chunk)) return [data]
      if (bad !== undefined) return [data]
      bad = data.chunk
      const piece: Piece = { ...data, encoding: 'deflate', encodedSize: 400, offset: 0, data: bomb.subarray(0, 400) }
      return [piece]
    }
  }),
  {
    name: 'broker-busy',
    ...{ family, section: '11', quick },
    done: 'the first two requests for chunks are refused with BUSY, retry_after_ms 1,500',
    must: 'it asks again after that time, not before; success',
    async examine(at) {
      const refusedAt: number[] = []
      answers(at, data => {
        if (!isChunk(data)) return [data]
        const marks = at.witness.of('request').filter(({ request }) => request.wanted.kind === 'chunks')
        const last = marks.at(-1)
        if (refusedAt.length === 2 || last === undefined || last.request.requestNumber !== data.requestNumber)
          return refusedAt.length === 2 ? [data] : []
        refusedAt.push(at.now())
        return [
          { kind: 'refusal', requestNumber: data.requestNumber, reason: 'busy', chunk: undefined, retryAfterMs: 1500 },
        ]
      })
      const offered = await at.begin(at.goods(4000))
      const code = await at.success(offered)
      const asked = traffic(at, offered).requests.filter(({ request }) => request.wanted.kind === 'chunks')
      const waits = refusedAt.map(when => (asked.find(sign => sign.at > when)?.at ?? Number.POSITIVE_INFINITY) - when)
      const early = waits.find(wait => wait < 1400)
      demand(early === undefined, `it asked again after ${Math.round(early ?? 0)} ms`)
      return `${code}; asked again after ${waits.map(wait => Math.round(wait)).join(' and ')} ms`
    },
  },
  {
    name: 'busy-is-not-counted',
    ...{ family, section: '11' },
    done: 'the first twelve requests are refused with BUSY, retry_after_ms 100',
    must: 'it goes on asking: busy is not a failure; success',
    async examine(at) {
      const refused = refusing(at, 12, 'busy', 100)
      const code = await at.success(await at.begin(at.goods(4000)))
      demand(refused() === 12, `only ${refused()} requests came`)
      return `${code} after 12 refusals`
    },
  },
  {
    name: 'no-right-passes',
    ...{ family, section: '11' },
    done: 'the first two requests are refused with NO_RIGHT',
    must: 'it asks again after a pause; success',
    async examine(at) {
      const refused = refusing(at, 2, 'no-right', 0)
      const code = await at.success(await at.begin(at.goods(4000)), at.patience.updateMs + 4 * at.patience.silenceMs)
      return `${code} after ${refused()} refusals`
    },
  },
  ends(
    'no-right-for-good',
    '11',
    'UPD4_FAIL_24',
    'no-right',
    'every request is refused with NO_RIGHT',
    async at => {
      refusing(at, Number.POSITIVE_INFINITY, 'no-right', 0)
      return at.begin(at.goods(4000))
    },
    { slow: true },
  ),
  ends(
    'no-such-chunk',
    '11',
    'UPD4_FAIL_24',
    undefined,
    'every request is refused with NO_SUCH_CHUNK',
    async at => {
      refusing(at, Number.POSITIVE_INFINITY, 'no-such-chunk', 0)
      return at.begin(at.goods(4000))
    },
    { quick },
  ),
  ends('no-last-chunk', '11', 'UPD4_FAIL_24', undefined, 'the broker has every chunk but the last', at =>
    offeredWith(at, ({ chunks }) => ({ chunks: chunks.slice(0, -1) })),
  ),
  ends(
    'no-answer',
    '11',
    'UPD4_FAIL_24',
    undefined,
    'nothing is ever answered on chunks/data',
    async at => {
      answers(at, () => [])
      return at.begin(at.goods(4000))
    },
    { slow: true },
  ),
  ends(
    'corrupt-for-ever',
    '11',
    'UPD4_FAIL_26',
    'chunk',
    'chunk 1 has a wrong bit whenever it comes',
    async at => {
      answers(at, data => [isChunk(data) && data.chunk === 1 ? spoiled(data) : data])
      return at.begin(at.goods())
    },
    { quick },
  ),
  ends(
    'corrupt-index-for-ever',
    '10',
    'UPD4_FAIL_26',
    'chunk-index',
    'the chunk index has a wrong bit whenever it comes',
    async at => {
      answers(at, data => [isIndex(data) ? spoiled(data) : data])
      return at.begin(at.goods())
    },
    { quick },
  ),
  ends(
    'index-nonsense',
    '10',
    'UPD4_FAIL_22',
    undefined,
    'the signed chunk index is none',
    at => offeredWith(at, () => ({ indexBytes: Buffer.from('nonsense'), signs: true })),
    { quick },
  ),
  ends('index-of-another-size', '10', 'UPD4_FAIL_22', undefined, 'the signed chunk index is of a longer image', at =>
    offeredWith(at, () => ({ indexBytes: at.goods(50_000).indexBytes, signs: true })),
  ),
  ends(
    'another-image',
    '9, 11',
    'UPD4_FAIL_26',
    'image',
    'every chunk is right, and the whole is another image than was signed',
    async at => {
      const goods = at.goods()
      const digest = sha256(Buffer.from(goods.version))
      const manifest = { ...goods.manifest, payloadSha256: digest, installedSha256: digest }
      return at.begin({ ...goods, artifact: at.artifactOf(digest), manifest }, signed(manifest))
    },
    { quick },
  ),
  {
    name: 'large-chunks',
    ...{ family, section: '4, 11' },
    done: 'an image of a few chunks of up to 256 KiB: packets as large as the hello allows, and windows smaller than a chunk',
    must: 'success',
    async examine(at) {
      const cutting = { minimumBytes: 65_536, averageBytes: 131_072, maximumBytes: 262_144 }
      const { image } = at.goods(900_000)
      const offered = await at.begin(at.goodsFrom(noiseBehind(image, at), cutting))
      const code = await at.success(offered)
      const sizes = traffic(at, offered).pieces.map(({ data }) => data.length)
      return `${code}; ${offered.goods.chunks.length} chunks, pieces up to ${Math.max(...sizes)} bytes`
    },
  },
  {
    name: 'window',
    ...{ family, section: '11' },
    done: 'an update in fair weather of an image of 600 KB, the answers held back a little',
    must: 'a window of one byte or more in each request; success',
    async examine(at) {
      answers(at, data => [data])
      const slow = at.line.weather.toDevice
      at.line.weather = {
        async toDevice(packet) {
          if (packet.kind === 'publish' && packet.publish.topic.endsWith('/chunks/data')) await at.pause(1)
          return (await slow?.(packet)) ?? 'pass'
        },
      }
      const offered = await at.begin(at.goods(600_000))
      const code = await at.success(offered)
      const windows = traffic(at, offered).requests.map(({ request }) => request.windowBytes)
      if (windows.length === 0) throw new NotApplicable('it asked for nothing')
      demand(Math.min(...windows) >= 1, 'a window of 0 bytes')
      return `${code}; ${windows.length} requests, windows up to ${Math.max(...windows)} bytes`
    },
  },
]

/** What every image begins with stays; the rest is bytes that do not deflate. */
function noiseBehind(image: Buffer, at: Examination): Buffer {
  const noise = Buffer.from(image)
  for (let place = at.imageHeadBytes; place < noise.length; place += 32)
    sha256(Buffer.concat([image.subarray(-64), Buffer.from(String(place))])).copy(noise, place)
  return noise
}
