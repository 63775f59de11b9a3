// What every ArtifactStore must do. `open` gives a new, empty store that takes bundles of up to `bundleBytesMax` bytes.
import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import type { ArtifactReader, ArtifactStore } from '../../broker/ports.ts'
import { BundleError, decodeChunk, encodeBundleHead, encodeChunk } from '../../proto/bundle.ts'
import { ChunkIndex } from '../../proto/chunk-index.ts'
import { signEnvelope } from '../../proto/envelope.ts'
import { artifactId } from '../../proto/ids.ts'
import type { Manifest } from '../../proto/manifest.ts'
import { encodePackageMetadata } from '../../proto/package.ts'
import { encodeDeltaMetadata } from '../../proto/patch.ts'
import { makeBundle, makeImage, type TestBundle, testKeys } from '../fixtures/bundle.ts'

export interface ArtifactStoreUnderTest {
  readonly store: ArtifactStore
  /** How many things the store keeps: files, rows. */
  keptCount(): Promise<number>
}

const settings = { minimumBytes: 1024, averageBytes: 4096, maximumBytes: 16384 }
const image = makeImage(300_000, 7, 0.4)
const bundle = makeBundle({ image, settings })

export function artifactStoreSuite(
  t: Test,
  open: (t: Test, bundleBytesMax: number) => Promise<ArtifactStoreUnderTest>,
): void {
  const bytesMax = 2 * 1024 * 1024

  t.test('a received bundle can be read chunk by chunk and makes the image', async t => {
    const { store } = await open(t, bytesMax)
    const received = await store.receive(pieces(bundle.bytes, 1000))
    t.equal(received.artifact, bundle.artifact)
    t.strictSame(Buffer.from(received.envelope), bundle.envelope)
    const reader = await mustOpen(store, bundle)
    t.strictSame(Buffer.from(reader.chunkIndex), bundle.indexBytes)
    t.ok(
      ['plain', 'deflate'].every(encoding => encodings(reader).includes(encoding)),
      'both encodings occur',
    )
    t.ok((await imageOf(reader)).equals(image))
  })

  t.test('pieces of any size make the same artifact', async t => {
    const small = makeBundle({ image: makeImage(9000, 3), settings })
    for (const size of [1, 11, 12, 13, 4096, small.bytes.length]) {
      const { store } = await open(t, bytesMax)
      await store.receive(pieces(small.bytes, size))
      t.ok((await imageOf(await mustOpen(store, small))).equals(makeImage(9000, 3)), `${size} bytes`)
    }
  })

  t.test('the same bundle again is no error and changes nothing', async t => {
    const under = await open(t, bytesMax)
    await under.store.receive(pieces(bundle.bytes))
    const before = await mustOpen(under.store, bundle)
    await Promise.all([under.store.receive(pieces(bundle.bytes)), under.store.receive(pieces(bundle.bytes))])
    t.equal(await under.keptCount(), 1)
    t.ok((await imageOf(await mustOpen(under.store, bundle))).equals(image))
    const again = await imageOf(before).catch((error: { code?: string }) => error.code)
    t.ok(again === 'ARTIFACT_UNREADABLE' || (again instanceof Buffer && again.equals(image)), 'never other bytes')
  })

  t.test('a delta is kept and served as its patch, a package as itself', async t => {
    const { store } = await open(t, bytesMax)
    const patch = makeImage(9000, 4)
    const delta = makeBundle({ image: patch, settings, manifest: deltaOf(image) })
    t.equal((await store.receive(pieces(delta.bytes))).artifact, createHash('sha256').update(patch).digest('hex'))
    t.ok((await imageOf(await mustOpen(store, delta))).equals(patch))
    t.equal(await store.open(artifactId(delta.manifest.installedSha256)), undefined, 'the image itself is not there')
    const both = makeImage(20_000, 5)
    const combined = makeBundle({ image: both, settings, manifest: { format: 'combined', metadata: packageMetadata } })
    await store.receive(pieces(combined.bytes))
    t.ok((await imageOf(await mustOpen(store, combined))).equals(both))
  })

  t.test('an artifact nobody uploaded is undefined', async t => {
    const { store } = await open(t, bytesMax)
    t.equal(await store.open(artifactId('ab'.repeat(32))), undefined)
    t.equal(await store.open(bundle.artifact), undefined)
    await store.receive(pieces(bundle.bytes))
    t.ok(await store.open(bundle.artifact), 'found once it is there')
  })

  t.test('the same image cut in another way is refused: devices know the first index', async t => {
    const { store } = await open(t, bytesMax)
    await store.receive(pieces(bundle.bytes))
    const other = makeBundle({ image, settings: { ...settings, averageBytes: 8192 } })
    await t.rejects(store.receive(pieces(other.bytes)), { code: 'BUNDLE_INVALID', message: /chunk index/ })
    t.strictSame(Buffer.from((await mustOpen(store, bundle)).chunkIndex), bundle.indexBytes)
  })

  t.test('a bundle that is wrong anywhere is refused by name and leaves nothing', async t => {
    const { store, keptCount } = await open(t, bytesMax)
    for (const { what, bytes, message } of spoiledBundles()) {
      const error = await store.receive(pieces(bytes, 5000)).then(
        () => undefined,
        (error: unknown) => error,
      )
      t.ok(error instanceof BundleError, `${what}: ${String(error)}`)
      t.match(String(error), message, what)
    }
    t.equal(await keptCount(), 0)
  })

  t.test('every byte flipped in the chunks and every cut is found', async t => {
    const { store, keptCount } = await open(t, bytesMax)
    const small = makeBundle({ image: makeImage(3000, 5), settings })
    const first = small.bytes.length - small.manifest.payloadSize
    for (let position = first; position < small.bytes.length; position += 97) {
      const bytes = Buffer.from(small.bytes)
      bytes[position] = (bytes[position] as number) ^ 0x10
      await t.rejects(store.receive(pieces(bytes)), { code: 'BUNDLE_INVALID' }, `byte ${position} flipped`)
      await t.rejects(
        store.receive(pieces(small.bytes.subarray(0, position))),
        { code: 'BUNDLE_INVALID', message: /ends after/ },
        `cut at ${position}`,
      )
    }
    t.equal(await keptCount(), 0)
  })

  t.test('an upload without end stops at the limit, one that says it is too large before its first chunk', async t => {
    const { store, keptCount } = await open(t, 100_000)
    let given = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield bundle.bytes.subarray(0, 12)
      for (;;) {
        given += 10_000
        yield Buffer.alloc(10_000)
      }
    }
    await t.rejects(store.receive(endless()), { code: /ARTIFACT_TOO_LARGE|BUNDLE_INVALID/ })
    given = 0
    async function* honest(): AsyncGenerator<Uint8Array> {
      for await (const piece of pieces(bundle.bytes, 10_000)) {
        given += piece.length
        yield piece
      }
    }
    await t.rejects(store.receive(honest()), { code: 'ARTIFACT_TOO_LARGE' })
    t.ok(given <= 20_000, `${given} bytes were taken`)
    t.equal(await keptCount(), 0)
  })

  t.test('a client that goes away leaves nothing, and its error comes through', async t => {
    const { store, keptCount } = await open(t, bytesMax)
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bundle.bytes.subarray(0, bundle.bytes.length - 10)
      throw new RangeError('gone')
    }
    await t.rejects(store.receive(broken()), { message: 'gone' })
    t.equal(await keptCount(), 0)
  })

  t.test('many readers at once get their own chunks', async t => {
    const { store } = await open(t, bytesMax)
    await store.receive(pieces(bundle.bytes))
    const images = await Promise.all(
      Array.from({ length: 20 }, async () => imageOf(await mustOpen(store, bundle), 'at once')),
    )
    t.ok(images.every(read => read.equals(image)))
  })

  t.test('nothing is taken or opened after close', async t => {
    const { store } = await open(t, bytesMax)
    await store.close()
    await t.rejects(store.receive(pieces(bundle.bytes)), { code: 'STORE_UNAVAILABLE' })
    await t.rejects(store.open(bundle.artifact), { code: 'STORE_UNAVAILABLE' })
  })
}

/** `bytes` as a stream. */
export async function* pieces(bytes: Uint8Array, size = 65536): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

export async function mustOpen(store: ArtifactStore, { artifact }: TestBundle): Promise<ArtifactReader> {
  const reader = await store.open(artifact)
  if (reader === undefined) throw new RangeError(`no artifact ${artifact}`)
  return reader
}

/** What the chunks inflate to, in order. */
export async function imageOf(reader: ArtifactReader, how: 'one by one' | 'at once' = 'one by one'): Promise<Buffer> {
  const index = makeIndexLengths(reader)
  const read = async (chunk: number): Promise<Uint8Array> => {
    const bytes = await reader.read(chunk)
    if (bytes.length !== reader.encodedLengthOf(chunk)) throw new RangeError(`chunk ${chunk}: ${bytes.length} bytes`)
    return decodeChunk({ encoding: reader.encodingOf(chunk), bytes }, index[chunk] as number)
  }
  const chunks = Array.from({ length: reader.chunkCount }, (_, chunk) => chunk)
  if (how === 'at once') return Buffer.concat(await Promise.all(chunks.map(read)))
  const plain: Uint8Array[] = []
  for (const chunk of chunks) plain.push(await read(chunk))
  return Buffer.concat(plain)
}

function makeIndexLengths(reader: ArtifactReader): number[] {
  const index = ChunkIndex.parse(reader.chunkIndex)
  return Array.from({ length: index.count }, (_, chunk) => index.lengthOf(chunk))
}

function encodings(reader: ArtifactReader): string[] {
  return Array.from({ length: reader.chunkCount }, (_, chunk) => reader.encodingOf(chunk))
}

function spoiledBundles(): { what: string; bytes: Buffer; message: RegExp }[] {
  const small = makeImage(20_000, 9)
  const good = makeBundle({ image: small, settings })
  const other = makeBundle({ image: makeImage(20_000, 10), settings })
  const claim = (manifest: Parameters<typeof makeBundle>[0]['manifest']): Buffer =>
    makeBundle({ image: small, settings, ...(manifest === undefined ? {} : { manifest }) }).bytes
  const wrong = 'cd'.repeat(32)
  const magic = Buffer.from(good.bytes)
  magic[7] = 0x32
  const hugeHeader = Buffer.from(good.bytes)
  hugeHeader.writeUInt32LE(0xffffffff, 8)
  const envelope = (bytes: Uint8Array): Buffer => withEnvelope(good, small, bytes)
  return [
    { what: 'nothing at all', bytes: Buffer.alloc(0), message: /ends after 0 bytes/ },
    { what: 'another magic', bytes: magic, message: /DROVERB1/ },
    { what: 'a header of 4 GiB', bytes: hugeHeader, message: /header of 4294967295 bytes/ },
    {
      what: 'a header that does not decode',
      bytes: Buffer.from(good.bytes).fill(0xff, 12, 40),
      message: /BundleHeader/,
    },
    {
      what: 'bytes after the end',
      bytes: Buffer.concat([good.bytes, Buffer.alloc(1)]),
      message: /after the last chunk/,
    },
    { what: 'an envelope that does not open', bytes: envelope(Buffer.from('no envelope')), message: /envelope/ },
    {
      what: 'a manifest that does not read',
      bytes: envelope(signEnvelope('manifest', Buffer.from('no manifest'), [testKeys().release])),
      message: /manifest: UPD4_FAIL_22/,
    },
    {
      what: 'the manifest of another image',
      bytes: envelope(other.envelope),
      message: /manifest.chunkIndexSize/,
    },
    { what: 'chunk index of another digest', bytes: claim({ chunkIndexSha256: wrong }), message: /chunkIndexSha256/ },
    { what: 'chunk index of another size', bytes: claim({ chunkIndexSize: 5 }), message: /chunkIndexSize/ },
    {
      what: 'image of another digest',
      bytes: claim({ payloadSha256: wrong, installedSha256: wrong }),
      message: /payload: the manifest says/,
    },
    {
      what: 'image of another size',
      bytes: claim({ payloadSize: 20_001, installedSize: 20_001 }),
      message: /payloadSize/,
    },
    {
      what: 'a delta of another digest',
      bytes: claim({ ...deltaOf(image), payloadSha256: wrong }),
      message: /payload: the manifest says/,
    },
    {
      what: 'a delta of another size',
      bytes: claim({ ...deltaOf(image), payloadSize: 20_001 }),
      message: /payloadSize/,
    },
    {
      what: 'a delta from nowhere',
      bytes: claim({ ...deltaOf(image), metadata: new Uint8Array(0) }),
      message: /manifest: UPD4_FAIL_22.*metadata/,
    },
    {
      what: 'a package that installs something else',
      bytes: claim({ format: 'combined', metadata: packageMetadata, installedSha256: wrong }),
      message: /manifest: UPD4_FAIL_22.*contradicts the payload/,
    },
  ]
}

const packageMetadata = encodePackageMetadata({ descriptorSize: 50 })

/** What a manifest says of a patch that makes `installed`. */
function deltaOf(installed: Buffer): Partial<Manifest> {
  return {
    format: 'delta-zstd',
    metadata: encodeDeltaMetadata({
      baseSize: 300_000,
      frameBytesMax: 65_536,
      baseBytesMax: 65_536,
      encodedBytesMax: 65_536,
    }),
    precursorSha256: 'ab'.repeat(32),
    installedSize: installed.length,
    installedSha256: createHash('sha256').update(installed).digest('hex'),
  }
}

/** The chunks of `good` under another envelope. */
function withEnvelope(good: TestBundle, plain: Uint8Array, envelope: Uint8Array): Buffer {
  const chunks = Array.from({ length: good.index.count }, (_, chunk) =>
    encodeChunk(plain.subarray(good.index.offsetOf(chunk), good.index.offsetOf(chunk + 1))),
  )
  const sizes = chunks.map(({ encoding, bytes }) => ({ encoding, length: bytes.length }))
  return Buffer.concat([encodeBundleHead(envelope, good.indexBytes, sizes), ...chunks.map(({ bytes }) => bytes)])
}
