// Mutants of everything that is signed or derived from it, through the agent's own readers: only the documented codes,
// nothing thrown, no mutant that costs 100 ms of the processor, no memory that grows. 50,000 here; DROVER_LONG=1: a million.
import { createHash } from 'node:crypto'
import { env } from 'node:process'
import t from 'tap'
import { ZstdPatches } from '../../agent/adapters/zstd-delta.ts'
import { type AcceptFacts, accept, readTrust } from '../../agent/core/accept.ts'
import { Holdings } from '../../agent/core/holdings.ts'
import { failureOf } from '../../agent/handlers/failures.ts'
import type { FetchEffect } from '../../agent/handlers/fetch-line.ts'
import { PatchSource } from '../../agent/handlers/patch-source.ts'
import { unpackDelta, unpackPackage } from '../../agent/handlers/unpack.ts'
import type { Candidate, Installer, SlotStatus } from '../../agent/ports.ts'
import { ChunkIndex } from '../../proto/chunk-index.ts'
import { signEnvelope } from '../../proto/envelope.ts'
import { operationId } from '../../proto/ids.ts'
import { encodeManifest, type Manifest } from '../../proto/manifest.ts'
import { encodePackageMetadata } from '../../proto/package.ts'
import { encodeDeltaMetadata } from '../../proto/patch.ts'
import { makeBundle, makeImage, testClassId, testKeys, testVendorId } from '../fixtures/bundle.ts'
import { makePackage, makePatch } from '../fixtures/patch.ts'
import { seed } from '../proto/fuzz.ts'
import { indexOf } from './fakes/release.ts'

t.comment(`seed ${seed}`)

const mutantCount = env.DROVER_LONG === '1' ? 1_000_000 : 50_000
const batchCount = 50
const hangMs = 100
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

// ---- mutants ---------------------------------------------------------------------------------

/** xorshift32: the same seed, the same mutants. */
class Dice {
  #state: number
  constructor(start: number) {
    this.#state = start >>> 0 || 1
  }
  /** 0 to `most` - 1. */
  below(most: number): number {
    let state = this.#state
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return this.#state % Math.max(1, most)
  }
}

const telling = [0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff]

function mutated(samples: readonly Buffer[], dice: Dice): Buffer {
  let bytes: Buffer = Buffer.from(samples[dice.below(samples.length)] ?? [])
  for (let edits = 1 + dice.below(5); edits > 0; edits -= 1) {
    const at = dice.below(bytes.length)
    const end = Math.min(bytes.length, at + 1 + dice.below(16))
    switch (dice.below(8)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8))
        break
      case 1:
        bytes[at] = dice.below(256)
        break
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(dice.below(256)), bytes.subarray(at)])
        break
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
        break
      case 5:
        bytes = bytes.subarray(0, at)
        break
      case 6:
        if (at + 4 <= bytes.length) bytes.writeUInt32LE(telling[dice.below(telling.length)] ?? 0, at)
        break
      case 7: {
        const other = samples[dice.below(samples.length)] ?? bytes
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(dice.below(other.length))])
        break
      }
    }
  }
  return bytes
}

// ---- what reads them -------------------------------------------------------------------------

const keys = testKeys()
const image = makeImage(6000, 2, 0.4)
const installed = makeImage(6000, 1, 0.4)
const bundle = makeBundle({ image, version: '2.0.0', component: 'app' })
const patch = makePatch(installed, image, { frameBytes: 1500, baseBytes: 3000 })
const parts = ['app', 'model'].map((component, at) => ({
  component,
  version: '2.0.0',
  bytes: makeImage(400, at + 5),
  vendorData: Buffer.from('vendor'),
}))
const bundled = makePackage(parts)
const delta: Manifest = {
  ...bundle.manifest,
  format: 'delta-zstd',
  payloadSize: patch.bytes.length,
  payloadSha256: sha256(patch.bytes),
  precursorSha256: sha256(installed),
  metadata: encodeDeltaMetadata(patch.metadata),
}
const combined: Manifest = {
  ...bundle.manifest,
  component: 'bundle',
  format: 'combined',
  payloadSize: bundled.bytes.length,
  payloadSha256: sha256(bundled.bytes),
  installedSize: bundled.bytes.length,
  installedSha256: sha256(bundled.bytes),
  metadata: bundled.metadata,
  deviceId: 'device-1',
  vendorData: Buffer.from('something'),
  prerequisites: [{ component: 'app', versionLeast: '1.0.0' }],
}
const component = { version: '1.0.0', digest: sha256(installed) }
const facts: AcceptFacts = {
  now: Date.parse('2026-01-01'),
  trust: readTrust(bundle.trustBytes),
  vendorId: testVendorId,
  classId: testClassId,
  deviceId: 'device-1',
  components: new Map(['app', 'model', 'bundle'].map(name => [name, component])),
  formats: new Map([
    ['app', ['raw', 'delta-zstd']],
    ['model', ['raw']],
    ['bundle', ['combined']],
  ]),
  releaseMarks: { app: { counter: 1_000_000, digest: sha256(installed) } },
}
const manifests = [bundle.manifest, delta, combined].map(manifest => encodeManifest(manifest))
const envelopes = manifests.map(payload => signEnvelope('manifest', payload, [keys.release]))

/** A file in memory: what is written past its end is dropped, for nobody reads it back. */
function fileOf(bytes: Buffer): Candidate {
  return {
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    write: async (offset, piece) => {
      if (offset + piece.length > 1_000_000) throw new RangeError('written past the image')
    },
    readIndex: async () => undefined,
    writeIndex: async () => {},
    sync: async () => {},
    close: async () => {},
  }
}

function installerOf(name: string, candidate: Buffer): Installer {
  const active = { slot: 'a' as const, ...component, sizeBytes: installed.length }
  const status: SlotStatus = { component: name, running: 'a', active, trial: undefined, fallback: undefined }
  return {
    component: name,
    restart: 'none',
    formats: ['raw', 'delta-zstd'],
    members: [],
    status: async () => status,
    hash: async () => ({ digest: component.digest, sizeBytes: installed.length }),
    readActive: async (offset, length) => installed.subarray(offset, offset + length),
    readActiveIndex: async () => undefined,
    availableBytes: async () => 1_000_000,
    openCandidate: async () => fileOf(candidate),
    install: async () => {},
    verify: async () => ({ healthy: true }),
    commit: async () => {},
    rollBack: async () => {},
    close: async () => {},
  }
}

const never = new AbortController().signal
const imageIndex = ChunkIndex.parse(indexOf(image))
const clock = { wallMs: () => 0, monotonicMs: () => 0, after: () => ({ cancel: () => {} }) }
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const windowBytes = 2000

/** The patch as a way to the image: all of it fetched and applied, and what it made looked at. */
async function transported(bytes: Buffer): Promise<string> {
  const holdings = new Holdings(imageIndex)
  const made = Buffer.alloc(image.length)
  const candidate: Candidate = {
    ...fileOf(made),
    write: async (offset, piece) => {
      if (offset + piece.length > image.length) throw new RangeError('written past the image')
      made.set(piece, offset)
    },
  }
  const source = await PatchSource.begin(
    { base: sha256(installed), patchBytes: Math.max(1, bytes.length), metadata: patch.metadata },
    {
      ports: { clock, log, patches },
      operation: operationId('00000000000000000000000001'),
      settings: { windowBytes, chunkRetriesMax: 8, refetchMax: 3, chunkTimeoutMs: 1000 },
      installer: installerOf('app', nothing),
      candidate,
      holdings,
      moved: () => {},
    },
    2 ** 20,
    0,
  )
  if (source === undefined) return 'given-up'
  const effects: FetchEffect[] = [...source.fetch.connected(0)]
  for (let turns = 0; effects.length > 0; turns += 1) {
    if (turns > 10_000) return 'endless'
    const waiting = effects.reduce(
      (sum, each) => sum + (each.kind === 'apply-frame' ? each.frame.encoded.length : 0),
      0,
    )
    if (waiting > windowBytes + patch.metadata.encodedBytesMax) return `${waiting} bytes wait`
    const effect = effects.shift()
    if (effect === undefined || effect.kind === 'complete') break
    if (effect.kind === 'apply-frame' || effect.kind === 'end-patch') effects.push(...(await source.work(effect)))
    if (effect.kind !== 'request-patch') continue
    const { requestNumber, offset } = effect
    const end = Math.min(bytes.length, offset + effect.windowBytes)
    const common = { kind: 'piece', requestNumber, chunk: undefined, encoding: 'plain' } as const
    for (let at = offset; at < end; at += 700) {
      const data = bytes.subarray(at, Math.min(end, at + 700))
      effects.push(...source.fetch.data({ ...common, encodedSize: bytes.length, offset: at, data }, 0))
    }
  }
  for (let chunk = 0; chunk < imageIndex.count; chunk += 1) {
    const [start, end] = [imageIndex.offsetOf(chunk), imageIndex.offsetOf(chunk + 1)]
    if (!holdings.isMissing(chunk) && !made.subarray(start, end).equals(image.subarray(start, end))) return 'wrong'
  }
  return holdings.missingBytes === 0 ? 'ok' : 'given-up'
}
const patches = new ZstdPatches()
const nothing = Buffer.alloc(0)

interface Kind {
  readonly samples: readonly Buffer[]
  /** What a device may say; `ok` when it goes on. */
  readonly codes: readonly string[]
  readonly judge: (bytes: Buffer) => string | Promise<string>
}

const ofVerdict = (verdict: ReturnType<typeof accept>): string => (verdict.ok ? 'ok' : verdict.failure.code.slice(-2))

const kinds: Readonly<Record<string, Kind>> = {
  envelope: {
    samples: envelopes,
    codes: ['22', '23', '28', 'ok'],
    judge: bytes => ofVerdict(accept(bytes, facts)),
  },
  // Signed as it is: what is wrong with it is found by its fields.
  manifest: {
    samples: manifests,
    codes: ['21', '22', '23', '25', '27', '29', '30', '31', '32', '39', '41', '43', 'ok'],
    judge: bytes => ofVerdict(accept(signEnvelope('manifest', bytes, [keys.release]), facts)),
  },
  index: {
    samples: [bundle.indexBytes, makeBundle({ image: makeImage(200_000, 9) }).indexBytes],
    codes: ['22', 'ok'],
    judge: bytes => {
      try {
        ChunkIndex.parse(bytes)
        return 'ok'
      } catch (error) {
        return failureOf(error).code.slice(-2)
      }
    },
  },
  package: {
    samples: [bundled.bytes],
    codes: ['26', '27', '41', '46', '47', '48', '49', 'ok'],
    judge: async bytes => {
      const members = parts.map(part => installerOf(part.component, nothing))
      // The signed size is that of the mutant, and mostly the descriptor's too: what is inside is what is tried.
      const told = bytes.length >= 12 ? bytes.readUInt32LE(8) : 0
      const size = bundled.metadata.length > 0 && told > 0 && told <= 65_536 ? told : 40
      const metadata = encodePackageMetadata({ descriptorSize: size })
      const manifest = { ...combined, payloadSize: bytes.length, metadata }
      const failure = await unpackPackage(installerOf('bundle', bytes), members, manifest, never)
      return failure?.code.slice(-2) ?? 'ok'
    },
  },
  // Signed by nobody: it never makes a code, and what it makes is right.
  transport: {
    samples: [patch.bytes],
    codes: ['given-up', 'ok'],
    judge: transported,
  },
  patch: {
    samples: [patch.bytes],
    codes: ['42', 'ok'],
    judge: async bytes => {
      const payloads = {
        heldBytes: async () => 0,
        open: async () => fileOf(bytes),
        discard: async () => {},
      }
      const manifest = { ...delta, payloadSize: bytes.length, payloadSha256: sha256(bytes) }
      const failure = await unpackDelta({ payloads, patches }, installerOf('app', nothing), manifest, never)
      return failure?.code.slice(-2) ?? 'ok'
    },
  },
}

/** Milliseconds of the processor, whatever else runs on the machine. */
async function cost(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

for (const [name, { samples, codes, judge }] of Object.entries(kinds))
  t.test(`${name}: only documented codes, no hang, no growth`, { timeout: 3_600_000 }, async t => {
    for (const sample of samples) t.equal(await judge(sample), 'ok', 'what was not changed is taken')
    const dice = new Dice(seed + name.length * 7919)
    const counts = new Map<string, number>()
    const wanted = mutantCount / Object.keys(kinds).length
    const settledRss = process.memoryUsage().rss
    let [slowest, mostRss] = [0, settledRss]
    for (let done = 0; done < wanted; done += batchCount) {
      const batch = Array.from({ length: batchCount }, () => mutated(samples, dice))
      const spent = await cost(async () => {
        for (const bytes of batch) {
          const said = await judge(bytes)
          if (!codes.includes(said)) t.fail(`${said} for ${bytes.toString('base64')}`)
          counts.set(said, (counts.get(said) ?? 0) + 1)
        }
      })
      slowest = Math.max(slowest, spent)
      mostRss = Math.max(mostRss, process.memoryUsage().rss)
      // The batch as a whole is watched; only when it was slow is each of it asked for its own share, the best of three.
      if (spent <= hangMs) continue
      for (const bytes of batch) {
        const tries: number[] = []
        for (let time = 0; time < 3; time += 1) tries.push(await cost(async () => void (await judge(bytes))))
        if (Math.min(...tries) > hangMs) t.fail(`${Math.min(...tries)} ms for ${bytes.toString('base64')}`)
      }
    }
    const grown = Math.round((mostRss - settledRss) / 2 ** 20)
    t.comment(
      JSON.stringify({
        mutants: wanted,
        ...Object.fromEntries([...counts].sort()),
        slowestBatchMs: Math.round(slowest),
        grownMiB: grown,
      }),
    )
    t.ok(counts.size > 1, 'some are refused')
    t.ok(grown < 96, `grew by ${grown} MiB`)
  })
