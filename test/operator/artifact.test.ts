import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { appendFileSync, openSync, readdirSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type ArtifactWishes, createArtifact, releaseCounterOf } from '../../operator/artifact.ts'
import { newKey } from '../../operator/keys.ts'
import { keySigner } from '../../operator/signer.ts'
import { bundleHeaderLength, bundlePrefixBytes, decodeChunk, readBundleHead } from '../../proto/bundle.ts'
import { chunkerDefaults, chunkLengths } from '../../proto/chunker.ts'
import { openEnvelope, preAuthenticationEncoding, trustedKey, verifyBytes } from '../../proto/envelope.ts'
import { chunkerFor, cutImage } from '../../proto/image-chunks.ts'
import { readManifest } from '../../proto/manifest.ts'
import { makeBundle, makeImage, testKeys } from '../fixtures/bundle.ts'

const now = Date.parse('2030-01-01')
const release = testKeys().release

function wishes(folder: string, more: Partial<ArtifactWishes> = {}): ArtifactWishes {
  return {
    image: join(folder, 'image'),
    out: join(folder, 'out.bundle'),
    vendorId: '11'.repeat(16),
    classId: '22'.repeat(16),
    component: 'app',
    version: '2.3.4',
    priority: 7,
    expiresAt: now + 1000,
    vendorData: Buffer.from('for the vendor'),
    needsReboot: true,
    signers: [keySigner(release)],
    now,
    ...more,
  }
}

/** The bundle read as the broker reads it, every chunk decoded; the head and the image. */
function readBundle(bundle: Buffer, key: KeyObject) {
  const head = readBundleHead(bundle.subarray(bundlePrefixBytes, bundlePrefixBytes + bundleHeaderLength(bundle)))
  const envelope = openEnvelope(head.envelope)
  const [signature] = envelope.signatures
  const trusted = trustedKey(createPublicKey(key))
  const signedBytes = preAuthenticationEncoding('manifest', 1, envelope.payload)
  const verified = signature?.keyId === trusted.keyId && verifyBytes(signedBytes, signature.signature, trusted)
  const verdict = readManifest(envelope.payload, { now })
  const chunks = Array.from({ length: head.index.count }, (_, chunk) => {
    const offset = head.encodedOffsetOf(chunk)
    const bytes = bundle.subarray(offset, offset + head.encodedLengthOf(chunk))
    const plain = decodeChunk({ encoding: head.encodingOf(chunk), bytes }, head.index.lengthOf(chunk))
    const intact = createHash('sha256').update(plain).digest().equals(head.index.digestOf(chunk))
    return { plain, intact, encoding: head.encodingOf(chunk) }
  })
  return {
    head,
    verified,
    manifest: verdict.ok ? verdict.manifest : undefined,
    chunks,
    image: Buffer.concat(chunks.map(({ plain }) => plain)),
  }
}

for (const algorithm of ['ed25519', 'ecdsa-p256-sha256'] as const)
  for (const [what, sizeBytes] of [
    ['4 MiB', 4 * 1024 * 1024],
    ['1 byte', 1],
    ['more than a window', 4 * 1024 * 1024 + 70_001],
  ] as const)
    t.test(`the bundle of an image of ${what}, signed by ${algorithm}, reads back byte for byte`, async t => {
      const image = makeImage(sizeBytes, 3, 0.5)
      const folder = t.testdir({ image })
      const key = newKey(algorithm)
      const shares: number[] = []
      const made = await createArtifact(
        wishes(folder, { signers: [keySigner(key)], deviceId: 'sensor-1', onProgress: share => shares.push(share) }),
      )
      const bytes = readFileSync(made.path)
      const { head, verified, manifest, chunks, image: back } = readBundle(bytes, key)
      t.ok(back.equals(image), 'the image')
      t.ok(
        chunks.every(({ intact }) => intact),
        'every chunk has the digest of the index',
      )
      t.ok(verified, 'the signature')
      const sha256 = createHash('sha256').update(image).digest('hex')
      t.match(manifest, {
        vendorId: '11'.repeat(16),
        classId: '22'.repeat(16),
        deviceId: 'sensor-1',
        component: 'app',
        version: '2.3.4',
        priority: 7,
        releaseCounter: 2_003_004,
        expiresAt: now + 1000,
        payloadSize: sizeBytes,
        payloadSha256: sha256,
        installedSize: sizeBytes,
        installedSha256: sha256,
        format: 'raw',
        uri: 'mqtt:',
        needsReboot: true,
        chunkIndexSize: head.chunkIndexBytes.length,
        chunkIndexSha256: createHash('sha256').update(head.chunkIndexBytes).digest('hex'),
      })
      t.equal(Buffer.from(manifest?.vendorData ?? []).toString(), 'for the vendor')
      t.equal(head.bundleBytes, bytes.length)
      t.match(made, {
        bundleBytes: bytes.length,
        imageBytes: sizeBytes,
        chunkCount: head.index.count,
        artifact: sha256,
        release: `app@2.3.4+${sha256.slice(0, 16)}`,
      })
      t.equal(shares.at(-1), 1, 'progress ends at the end')
      t.same(readdirSync(folder).toSorted(), ['image', 'out.bundle'], 'no temporary file stays')
      if (sizeBytes > 1) {
        t.ok(chunks.some(({ encoding }) => encoding === 'deflate'))
        t.ok(chunks.some(({ encoding }) => encoding === 'plain'))
      }
    })

t.test('the same input gives the same bundle, and the same as one cut in memory', async t => {
  const image = makeImage(5_000_000, 9, 0.3)
  const folder = t.testdir({ image })
  await createArtifact(wishes(folder))
  const first = readFileSync(join(folder, 'out.bundle'))
  await createArtifact(wishes(folder))
  t.ok(readFileSync(join(folder, 'out.bundle')).equals(first), 'an older bundle is replaced')
  t.ok(Buffer.from(readBundle(first, release).head.chunkIndexBytes).equals(makeBundle({ image }).indexBytes))
})

t.test('cutting by windows finds the cuts of the whole, also when the file is read in crumbs', async t => {
  const image = makeImage(9_000_000, 5, 0.4)
  const crumbs = {
    read: async (buffer: Buffer, offset: number, length: number, position: number) => {
      const bytesRead = image.copy(
        buffer,
        offset,
        position,
        Math.min(position + Math.min(length, 100_003), image.length),
      )
      return { bytesRead, buffer }
    },
  }
  const lengths: number[] = []
  for await (const chunk of cutImage(crumbs as never, image.length, chunkerDefaults)) lengths.push(chunk.length)
  t.same(lengths, chunkLengths(image, chunkerDefaults))
  t.same(chunkerFor(1024 ** 3), chunkerDefaults)
  t.same(chunkerFor(4 * 1024 ** 3), { minimumBytes: 8192, averageBytes: 32768, maximumBytes: 131072 })
})

t.test('128 MiB cost no more memory than a window', { timeout: 110_000 }, async t => {
  const folder = t.testdir({ image: 'begin' })
  truncateSync(join(folder, 'image'), 128 * 1024 * 1024)
  appendFileSync(join(folder, 'image'), 'end')
  let most = 0
  const before = process.memoryUsage().rss
  const made = await createArtifact(
    wishes(folder, {
      onProgress: () => {
        most = Math.max(most, process.memoryUsage().rss)
      },
    }),
  )
  t.equal(made.imageBytes, 128 * 1024 * 1024 + 3)
  t.ok(made.bundleBytes < 2 * 1024 * 1024, 'zeros weigh little')
  t.ok(most - before < 96 * 1024 * 1024, `grew by ${Math.round((most - before) / 1024 / 1024)} MiB`)
})

t.test('every wrong word is told by its flag, before anything is written', async t => {
  const folder = t.testdir({ image: 'a', empty: '', dir: {} })
  const cases: readonly (readonly [string, Partial<ArtifactWishes>, string, RegExp])[] = [
    ['version', { version: '1.2' }, '--version', /three dotted numbers/],
    ['version too big', { version: '1.2.1000' }, '--version', /999/],
    ['version too long', { version: '1.2.3-beta.1' }, '--version', /11 bytes/],
    ['component empty', { component: '' }, '--component', /1 to 32/],
    ['component long', { component: 'a'.repeat(33) }, '--component', /1 to 32/],
    ['component with blanks', { component: 'a b' }, '--component', /A-Z/],
    ['vendor id', { vendorId: '11' }, '--vendor-id', /16 bytes/],
    ['class id', { classId: '' }, '--class-id', /16 bytes/],
    ['expired', { expiresAt: now }, '--expires', /passed/],
    ['vendor data', { vendorData: Buffer.alloc(1025) }, '--vendor-data', /1024/],
    ['no image', { image: join(folder, 'absent') }, '--image', /no such file/],
    ['empty image', { image: join(folder, 'empty') }, '--image', /0 bytes/],
    ['a directory', { image: join(folder, 'dir') }, '--image', /regular file/],
    ['nowhere to write', { out: join(folder, 'absent', 'x') }, '--out', /no such file/],
    ['out is a directory', { out: join(folder, 'dir') }, '--out', /directory/],
  ]
  for (const [what, more, flag, message] of cases)
    await t.rejects(createArtifact(wishes(folder, more)), { name: 'BadInput', fields: [{ name: flag }], message }, what)
  t.same(readdirSync(folder).toSorted(), ['dir', 'empty', 'image'])
})

t.test('an image that changes between the two passes gives no bundle', async t => {
  for (const [what, change] of [
    [
      'one byte',
      (path: string) => {
        writeSync(openSync(path, 'r+'), 'X', 9_000_000)
      },
    ],
    ['cut short', (path: string) => truncateSync(path, 6_000_000)],
  ] as const) {
    const folder = t.testdir({ image: makeImage(10_000_000, 2) })
    let changed = false
    const onProgress = (share: number): void => {
      if (changed || share < 0.5) return
      changed = true
      change(join(folder, 'image'))
    }
    await t.rejects(
      createArtifact(wishes(folder, { onProgress })),
      { fields: [{ name: '--image' }], message: /changed while/ },
      what,
    )
    t.same(readdirSync(folder), ['image'], 'and leaves nothing behind')
  }
})

t.test('an older bundle stays whole when a newer one fails', async t => {
  const folder = t.testdir({ image: 'a', 'out.bundle': 'old' })
  await t.rejects(createArtifact(wishes(folder, { version: '0' })))
  t.equal(readFileSync(join(folder, 'out.bundle'), 'utf8'), 'old')
  writeFileSync(join(folder, 'image'), 'b')
  await createArtifact(wishes(folder))
  t.not(readFileSync(join(folder, 'out.bundle'), 'utf8'), 'old')
})

t.test('a newer version has a higher counter', async t => {
  const versions = ['0.0.1', '0.1.0', '0.999.999', '1.0.0', '1.0.10', '1.2.3', '999.999.999']
  t.same(
    versions.map(releaseCounterOf),
    versions.map(releaseCounterOf).toSorted((a, b) => a - b),
  )
  t.equal(releaseCounterOf('1.2.3'), 1_002_003)
})
