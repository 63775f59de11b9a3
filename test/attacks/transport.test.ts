// T7, T8 and T9 of the threat model (docs/THREATS.md) at what fetches the chunks, with a server in the test that does as the
// attacker wishes, in times of its own: all 64 places of an image, a gibibyte of what nobody asked for, a byte a second.
import { createHash } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import type { DownloadEffect } from '../../agent/core/download.ts'
import { Holdings } from '../../agent/core/holdings.ts'
import { ChunkSource } from '../../agent/handlers/chunk-source.ts'
import type { FetchEffect } from '../../agent/handlers/fetch-line.ts'
import { decodeChunk } from '../../proto/bundle.ts'
import type { ChunkData } from '../../proto/chunk-messages.ts'
import { operationId } from '../../proto/ids.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'

const image = makeImage(64 * 256, 1)
const settings = { minimumBytes: 256, averageBytes: 256, maximumBytes: 256 }
const { index } = makeBundle({ image, settings })
const chunkOf = (chunk: number): Buffer => image.subarray(index.offsetOf(chunk), index.offsetOf(chunk + 1))
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A device's side of a download; `written` is its disk, which refuses what does not belong to the image. */
class Fetching {
  readonly holdings: Holdings
  readonly source: ChunkSource
  readonly written: Buffer
  writtenBytes = 0
  nowMs = 0
  #last: readonly FetchEffect[] = []

  constructor(limits: object = {}, written: Buffer = Buffer.alloc(image.length), held: readonly number[] = []) {
    this.written = written
    this.holdings = new Holdings(index)
    for (const chunk of held) this.holdings.found(chunk)
    const candidate = {
      write: async (offset: number, bytes: Uint8Array) => {
        if (offset + bytes.length > image.length) throw new RangeError('past the end of the image')
        this.written.set(bytes, offset)
        this.writtenBytes += bytes.length
      },
      ...{ read: async () => Buffer.alloc(0), readIndex: async () => undefined, writeIndex: async () => {} },
      ...{ sync: async () => {}, close: async () => {} },
    }
    this.source = new ChunkSource(
      {
        ports: { log, clock: { wallMs: () => 0, monotonicMs: () => this.nowMs, after: () => ({ cancel: () => {} }) } },
        operation: operationId('0'.repeat(26)),
        settings: { windowBytes: 4096, chunkRetriesMax: 8, refetchMax: 3, chunkTimeoutMs: 10_000, ...limits },
        ...{ candidate, holdings: this.holdings, moved: () => {} },
      },
      0,
    )
    this.#last = this.source.fetch.connected(0)
  }

  /** What it asks for now, one chunk a place. */
  get asked(): readonly (readonly [requestNumber: number, chunk: number])[] {
    return this.#last.flatMap(effect =>
      effect.kind === 'request-chunks'
        ? effect.ranges.flatMap(({ first, count }) =>
            Array.from({ length: count }, (_, at) => [effect.requestNumber, first + at] as const),
          )
        : [],
    )
  }

  get ending(): DownloadEffect | undefined {
    return this.#last.find(
      (effect): effect is DownloadEffect => effect.kind === 'give-up' || effect.kind === 'complete',
    )
  }

  async hear(message: ChunkData): Promise<readonly FetchEffect[]> {
    return this.#do(this.source.fetch.data(message, this.nowMs))
  }

  async waits(delayMs: number): Promise<void> {
    this.nowMs += delayMs
    await this.#do(this.source.fetch.tick(this.nowMs))
  }

  /** Answers what is asked with what `server` has, until the end. */
  async serve(server: (chunk: number) => Uint8Array): Promise<DownloadEffect | undefined> {
    for (let turns = 0; this.ending === undefined; turns += 1) {
      if (turns > 10_000) throw new Error('without an end')
      const asked = this.asked
      const after: FetchEffect[] = []
      for (const [requestNumber, chunk] of asked)
        after.push(...(await this.hear(piece(requestNumber, chunk, server(chunk)))))
      this.#last = after
    }
    return this.ending
  }

  async #do(effects: readonly FetchEffect[]): Promise<readonly FetchEffect[]> {
    const after: FetchEffect[] = []
    for (const effect of effects) {
      if (effect.kind === 'check-chunk') after.push(...(await this.source.work(effect)))
      else after.push(effect)
    }
    if (after.length > 0) this.#last = after
    return after
  }
}

function piece(requestNumber: number, chunk: number, data: Uint8Array, changes: object = {}): ChunkData {
  return {
    ...({ kind: 'piece', requestNumber, chunk, encoding: 'plain' } as const),
    ...{ encodedSize: data.length, offset: 0, data, ...changes },
  }
}

t.test(
  'T9 chunk swap: each of 64 chunks corrupted, exchanged, cut or longer: found, named, and never written',
  async t => {
    const good = new Fetching()
    t.match(await good.serve(chunkOf), { kind: 'complete' }, 'without the attack it is complete')
    t.ok(good.written.equals(image))
    const attacks: Readonly<Record<string, (chunk: number) => Uint8Array>> = {
      'one bit': chunk => {
        const copy = Buffer.from(chunkOf(chunk))
        copy[chunk] = (copy[chunk] ?? 0) ^ (1 << (chunk & 7))
        return copy
      },
      'its neighbour': chunk => chunkOf((chunk + 1) % 64),
      'one byte short': chunk => chunkOf(chunk).subarray(1),
      'one byte long': chunk => Buffer.concat([chunkOf(chunk), Buffer.of(0)]),
    }
    for (const [what, spoiled] of Object.entries(attacks)) {
      let found = 0
      for (let victim = 0; victim < 64; victim += 1) {
        const fetching = new Fetching()
        const ending = await fetching.serve(chunk => (chunk === victim ? spoiled(chunk) : chunkOf(chunk)))
        const [start, end] = [index.offsetOf(victim), index.offsetOf(victim + 1)]
        const untouched = fetching.written.subarray(start, end).every(byte => byte === 0)
        const failure = ending?.kind === 'give-up' ? ending.failure : undefined
        if (failure?.code === 'UPD4_FAIL_26' && failure.data.chunk === `${victim}` && untouched) found += 1
      }
      t.equal(found, 64, `${what}: 64 of 64`)
    }
  },
)

t.test('T7 endless data: answers without an end, up to a gibibyte, are kept from nobody', async t => {
  const flood = Buffer.alloc(256 * 1024, 1)
  type Answer = (requestNumber: number, chunk: number, turn: number) => ChunkData
  const silence = { code: 'UPD4_FAIL_24', data: { reason: 'no-answer' } }
  const wrong = { code: 'UPD4_FAIL_26', data: { reason: 'chunk' } }
  const shown: readonly (readonly [string, typeof silence, Answer])[] = [
    [
      'the same piece of a chunk for ever',
      silence,
      (requestNumber, chunk) => piece(requestNumber, chunk, chunkOf(chunk).subarray(0, 100), { encodedSize: 256 }),
    ],
    [
      'a chunk of a gibibyte',
      wrong,
      (requestNumber, chunk, turn) =>
        piece(requestNumber, chunk, flood, { encodedSize: 2 ** 30, offset: turn * flood.length }),
    ],
    [
      'one byte more than declared',
      wrong,
      (requestNumber, chunk) => piece(requestNumber, chunk, flood.subarray(0, 257)),
    ],
    [
      'a piece behind the end',
      wrong,
      (requestNumber, chunk) => piece(requestNumber, chunk, flood.subarray(0, 256), { encodedSize: 256, offset: 1 }),
    ],
    ['chunks nobody asked for', silence, (requestNumber, _, turn) => piece(requestNumber, 60 + (turn % 4), flood)],
    ['chunks the image does not have', silence, (requestNumber, _, turn) => piece(requestNumber, 64 + turn, flood)],
    ['answers to requests of somebody else', silence, (_, chunk, turn) => piece(-turn, chunk, flood)],
  ]
  for (const [what, failure, answer] of shown) {
    const fetching = new Fetching()
    const [requestNumber, chunk] = fetching.asked[0] ?? [0, 0]
    const before = process.memoryUsage()
    for (let turn = 0; turn < 4_096; turn += 1) await fetching.hear(answer(requestNumber, chunk, turn))
    const grown = process.memoryUsage().arrayBuffers - before.arrayBuffers
    t.ok(grown < 1_048_576, `${what}: ${grown} bytes of memory`)
    for (let turn = 0; fetching.ending === undefined && turn < 1000; turn += 1) {
      await fetching.hear(answer(requestNumber, chunk, turn))
      await fetching.waits(10_000)
    }
    t.match(fetching.ending, { kind: 'give-up', failure }, what)
    t.ok(fetching.nowMs < 3_600_000, `${what}: given up after ${fetching.nowMs / 1000} s`)
    t.equal(fetching.writtenBytes, 0, `${what}: nothing was written`)
  }
})

t.test('T7 endless data: a chunk that is a bomb is not unpacked further than the chunk is long', async t => {
  const bomb = deflateRawSync(Buffer.alloc(256 * 1024 * 1024), { level: 1 })
  const before = process.resourceUsage().maxRSS
  t.throws(() => decodeChunk({ encoding: 'deflate', bytes: bomb }, 65_536))
  const grownKib = process.resourceUsage().maxRSS - before
  t.ok(grownKib < 65_536, `${grownKib} KiB of memory more, at the most`)
  t.throws(() =>
    decodeChunk({ encoding: 'deflate', bytes: Buffer.concat([deflateRawSync(image), Buffer.of(0)]) }, image.length),
  )
  t.throws(() => decodeChunk({ encoding: 'deflate', bytes: deflateRawSync(image).subarray(0, -1) }, image.length))
})

t.test('T8 slow retrieval: a byte a second is given up within 90 s; what is held goes on elsewhere', async t => {
  const limits = { minimumBytesPerSecond: 1024, slowLimitMs: 60_000 }
  const fetching = new Fetching(limits)
  const whole = fetching.asked.slice(0, 5)
  for (const [requestNumber, chunk] of whole) await fetching.hear(piece(requestNumber, chunk, chunkOf(chunk)))
  const [requestNumber, chunk] = [whole[0]?.[0] ?? 0, 5]
  for (let second = 0; fetching.ending === undefined && second < 90; second += 1) {
    const data = chunkOf(chunk).subarray(second, second + 1)
    await fetching.hear(piece(requestNumber, chunk, data, { encodedSize: 256, offset: second }))
    await fetching.waits(1000)
  }
  t.match(fetching.ending, { kind: 'give-up', failure: { code: 'UPD4_FAIL_24', data: { reason: 'slow' } } })
  t.ok(fetching.nowMs <= 90_000, `after ${fetching.nowMs / 1000} s`)
  // What is on the disk is found by its digests; an honest server is asked for the rest alone.
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
  const held = Array.from({ length: 64 }, (_, at) => at).filter(at =>
    index.digestOf(at).equals(sha256(fetching.written.subarray(index.offsetOf(at), index.offsetOf(at + 1)))),
  )
  t.strictSame(held, [0, 1, 2, 3, 4])
  const elsewhere = new Fetching(limits, fetching.written, held)
  const asked: number[] = []
  t.match(
    await elsewhere.serve(at => {
      asked.push(at)
      return chunkOf(at)
    }),
    { kind: 'complete' },
  )
  t.strictSame([asked.length, asked.includes(4)], [59, false], 'nothing is fetched twice')
  t.ok(elsewhere.written.equals(image))
})
