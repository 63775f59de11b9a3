import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { ZstdPatches } from '../../agent/adapters/zstd-delta.ts'
import { type ArtifactWishes, createArtifact } from '../../operator/artifact.ts'
import { newKey } from '../../operator/keys.ts'
import { frameBytes, rangeBytes, writePatch } from '../../operator/patch.ts'
import { BaseRanges, pieceSettings } from '../../operator/patch-ranges.ts'
import { type MakeFrame, nodeFrameMaker, openFrameMaker, programFrameMaker } from '../../operator/zstd.ts'
import { bundleHeaderLength, bundlePrefixBytes, decodeChunk, readBundleHead } from '../../proto/bundle.ts'
import { checkChunkerSettings } from '../../proto/chunker.ts'
import { openEnvelope } from '../../proto/envelope.ts'
import { type Manifest, readManifest } from '../../proto/manifest.ts'
import { packageHeadBytes, readPackageHead, readPackageMetadata } from '../../proto/package.ts'
import { type DeltaMetadata, PatchReader, readDeltaMetadata } from '../../proto/patch.ts'
import { makeImage } from '../fixtures/bundle.ts'
import { zstdFrame } from '../fixtures/patch.ts'
import { forAll } from '../proto/fuzz.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const decoder = new ZstdPatches()
const onNode = nodeFrameMaker()
const byProgram = await programFrameMaker()
/** Quick, and there with every Node; it makes the same kind of frame. */
const byWasm: MakeFrame = async (output, base) => zstdFrame(output, base, 19)

async function patchBetween(t: Test, base: Buffer, image: Buffer, maker: MakeFrame) {
  const folder = t.testdir({ base, image })
  const opened = async (name: string) => ({
    file: await open(join(folder, name), 'r'),
    sizeBytes: (await stat(join(folder, name))).size,
  })
  const [from, to] = [await opened('base'), await opened('image')]
  const out = await open(join(folder, 'patch'), 'wx')
  try {
    const steps: number[] = []
    const made = await writePatch(from, to, out, maker, bytes => steps.push(bytes))
    return { made, steps, bytes: readFileSync(join(folder, 'patch')) }
  } finally {
    await Promise.all([from.file.close(), to.file.close(), out.close()])
  }
}

async function applied(patch: Buffer, metadata: DeltaMetadata, base: Buffer, imageBytes: number): Promise<Buffer> {
  const image = Buffer.alloc(imageBytes)
  const reader = new PatchReader(metadata, patch.length, imageBytes)
  for (let wants = reader.wants; wants !== undefined; wants = reader.wants) {
    const frame = reader.take(patch.subarray(wants.offset, wants.offset + wants.length))
    if (frame === undefined) continue
    const range = base.subarray(frame.baseOffset, frame.baseOffset + frame.baseBytes)
    const output = await decoder.decode(frame.encoded, range, frame.outputBytes)
    image.set(output ?? [], frame.outputOffset)
  }
  return image
}

const old = makeImage(3_000_000, 4, 0.3)
const fresh = Buffer.concat([old.subarray(0, 900_000), Buffer.from('a new part'), old.subarray(850_000)])

for (const [name, maker] of Object.entries({ node: onNode, program: byProgram, wasm: byWasm }))
  t.test(
    `a patch made with ${name} gives the new image, and is far shorter`,
    { skip: maker === undefined },
    async t => {
      if (maker === undefined) return
      const { made, steps, bytes } = await patchBetween(t, old, fresh, maker)
      t.equal(made.sizeBytes, bytes.length)
      t.equal(made.baseSha256, sha256(old))
      t.equal(made.imageSha256, sha256(fresh))
      t.equal(
        steps.reduce((sum, step) => sum + step, 0),
        fresh.length,
      )
      t.match(made.metadata, { baseSize: old.length, frameBytesMax: frameBytes, baseBytesMax: rangeBytes })
      t.equal(Buffer.compare(await applied(bytes, made.metadata, old, fresh.length), fresh), 0, 'byte for byte')
      t.ok(bytes.length < fresh.length / 20, `${bytes.length} of ${fresh.length} bytes`)
    },
  )

t.test('what any device with the default budget takes: everything twice stays below 7 MiB', async t => {
  t.ok(2 * (frameBytes + rangeBytes + frameBytes + 4096) < 7 * 1024 * 1024)
})

t.test('images that have nothing in common, or are tiny, or begin like a dictionary, still give a patch', async t => {
  const magic = Buffer.from('37a430ec', 'hex')
  const cases: readonly (readonly [string, Buffer, Buffer])[] = [
    ['strangers', makeImage(700_000, 1, 0), makeImage(600_000, 2, 0)],
    ['one byte from one byte', Buffer.of(1), Buffer.of(2)],
    ['a large one from a tiny one', Buffer.from('abc'), makeImage(600_000, 3, 0.5)],
    ['a base like a dictionary', Buffer.concat([magic, old.subarray(0, 5000)]), old.subarray(0, 5000)],
    ['exactly one frame', old.subarray(0, frameBytes + 1), old.subarray(1, frameBytes + 1)],
  ]
  for (const [what, base, image] of cases) {
    const { made, bytes } = await patchBetween(t, base, image, byWasm)
    t.equal(Buffer.compare(await applied(bytes, made.metadata, base, image.length), image), 0, what)
  }
})

t.test('content that moved far away is found again', async t => {
  const base = makeImage(5_000_000, 7, 0)
  const image = Buffer.concat([base.subarray(3_500_000), base.subarray(0, 3_500_000)])
  const { made, bytes } = await patchBetween(t, base, image, byWasm)
  t.equal(Buffer.compare(await applied(bytes, made.metadata, base, image.length), image), 0)
  t.ok(bytes.length < image.length / 10, `${bytes.length} bytes: the same relative place would save nothing`)
})

t.test('a range always lies within the base and is as long as it may be', async t => {
  const number = fc.integer({ min: 1, max: 10_000_000 })
  forAll(
    fc.tuple(number, number, number, fc.array(fc.nat(9_999_999)), fc.nat(100)),
    500,
    ([base, image, most, at, hash]) => {
      const ranges = new BaseRanges(base, image, most)
      for (const offset of at) ranges.add({ offset: offset % base, length: 100, hash: offset % 50 })
      const pieces = at.map((offset, place) => ({ offset, length: 100 + place, hash: (hash + place) % 50 }))
      const frames = [0, 12345].map(offset => ({ offset: Math.min(image - 1, offset), length: 1, pieces }))
      for (const { offset, length } of ranges.rangesFor(frames))
        if (length !== Math.min(most, base) || offset < 0 || offset + length > base)
          throw new Error(`${offset}+${length}`)
    },
  )
  for (const bytes of [1, 2 ** 20, 2 ** 30, 2 ** 32]) {
    checkChunkerSettings(pieceSettings(bytes))
    t.ok(bytes / pieceSettings(bytes).averageBytes <= 2 ** 20)
  }
})

t.test('the range holds most of what is shared, whatever else is shared elsewhere', async t => {
  const ranges = new BaseRanges(10_000, 10_000, 1000)
  for (const [hash, offset] of [100, 5000, 5200, 5400, 9000].entries()) ranges.add({ offset, length: 100, hash })
  const pieces = [0, 1, 2, 3, 4].map(hash => ({ offset: hash * 100, length: 100, hash }))
  const frame = (offset: number, inside: typeof pieces = []) => ({ offset, length: 500, pieces: inside })
  t.same(ranges.rangesFor([frame(0, pieces)]), [{ offset: 4750, length: 1000 }])
  t.same(
    ranges.rangesFor([frame(1000), frame(2000, pieces), frame(3000), frame(9500)]),
    [3750, 4750, 5750, 9000].map(offset => ({ offset, length: 1000 })),
    'neighbours that tell nothing went along, and never past the end',
  )
  t.same(
    ranges.rangesFor([frame(0), frame(9500)]),
    [0, 9000].map(offset => ({ offset, length: 1000 })),
    'else the same relative place',
  )
  const silent = new BaseRanges(10_000, 10_000, 1000)
  for (const offset of [200, 7000]) silent.add({ offset, length: 100, hash: 7 })
  silent.add({ offset: 8000, length: 10, hash: 8 })
  const telling = [
    { offset: 0, length: 100, hash: 7 },
    { offset: 100, length: 5, hash: 8 },
  ]
  t.same(
    silent.rangesFor([frame(4000, telling)]),
    [{ offset: 3750, length: 1000 }],
    'twice, or too little, tells nothing',
  )
})

t.test('the same image, or a maker that is not there, is told', async t => {
  await t.rejects(patchBetween(t, old, Buffer.from(old), byWasm), {
    fields: [{ name: '--delta-from' }],
    message: /same image/,
  })
  t.equal(await programFrameMaker('drover-no-such-program'), undefined)
  if (onNode !== undefined) return
  const { PATH } = process.env
  process.env.PATH = t.testdir()
  try {
    await t.rejects(openFrameMaker(), {
      fields: [{ name: '--delta-from' }],
      message: /Node 22.15 or later, or the program zstd/,
    })
  } finally {
    process.env.PATH = PATH
  }
})

// ---- bundles ---------------------------------------------------------------------------------

const now = Date.parse('2030-01-01')
const key = newKey('ed25519')
const common = {
  vendorId: '11'.repeat(16),
  classId: '22'.repeat(16),
  component: 'app',
  version: '2.3.4',
  priority: 0,
  expiresAt: now + 1000,
  vendorData: new Uint8Array(0),
  needsReboot: true,
  keys: [key],
  now,
}

/** Manifest and payload of a bundle, read as the broker reads it. */
function readBundle(path: string): { manifest: Manifest; payload: Buffer } {
  const bundle = readFileSync(path)
  const head = readBundleHead(bundle.subarray(bundlePrefixBytes, bundlePrefixBytes + bundleHeaderLength(bundle)))
  const verdict = readManifest(openEnvelope(head.envelope).payload, { now })
  if (!verdict.ok) throw new Error(JSON.stringify(verdict.failure))
  const chunks = Array.from({ length: head.index.count }, (_, chunk) => {
    const offset = head.encodedOffsetOf(chunk)
    const bytes = bundle.subarray(offset, offset + head.encodedLengthOf(chunk))
    return decodeChunk({ encoding: head.encodingOf(chunk), bytes }, head.index.lengthOf(chunk))
  })
  return { manifest: verdict.manifest, payload: Buffer.concat(chunks) }
}

t.test(
  'a delta bundle is of the release of the whole image',
  { skip: onNode === undefined && byProgram === undefined },
  async t => {
    const folder = t.testdir({ old, fresh })
    const path = (name: string): string => join(folder, name)
    const whole = await createArtifact({ ...common, image: path('fresh'), out: path('whole.bundle') })
    const shares: number[] = []
    const delta = await createArtifact({
      ...common,
      image: path('fresh'),
      deltaFrom: path('old'),
      out: path('delta.bundle'),
      onProgress: share => shares.push(share),
    })
    t.equal(delta.release, whole.release)
    t.not(delta.artifact, whole.artifact)
    t.ok(delta.bundleBytes < whole.bundleBytes / 10, `${delta.bundleBytes} and ${whole.bundleBytes}`)
    t.equal(shares.at(-1), 1)
    const { manifest, payload } = readBundle(path('delta.bundle'))
    t.match(manifest, {
      format: 'delta-zstd',
      precursorSha256: sha256(old),
      installedSize: fresh.length,
      installedSha256: sha256(fresh),
      payloadSize: payload.length,
      payloadSha256: sha256(payload),
      releaseCounter: 2_003_004,
    })
    const metadata = readDeltaMetadata(manifest.metadata ?? Buffer.alloc(0))
    t.equal(Buffer.compare(await applied(payload, metadata, old, fresh.length), fresh), 0)
    t.same(readdirSync(folder).toSorted(), ['delta.bundle', 'fresh', 'old', 'whole.bundle'], 'nothing else stays')

    const strangers: readonly (readonly [string, Partial<ArtifactWishes>, string, RegExp])[] = [
      ['no base', { deltaFrom: path('absent') }, '--delta-from', /no such file/],
      ['the base is a folder', { deltaFrom: folder }, '--delta-from', /regular file/],
      ['the same image', { deltaFrom: path('fresh') }, '--delta-from', /same image/],
      ['another field', { version: '1' }, '--version', /three dotted/],
    ]
    for (const [what, more, flag, message] of strangers)
      await t.rejects(
        createArtifact({
          ...common,
          image: path('fresh'),
          deltaFrom: path('old'),
          out: path('x'),
          ...more,
        } as ArtifactWishes),
        { name: 'BadInput', fields: [{ name: flag }], message },
        what,
      )
    writeFileSync(path('noise'), makeImage(50_000, 99, 0))
    await t.rejects(
      createArtifact({ ...common, image: path('noise'), deltaFrom: path('old'), out: path('x') }),
      { fields: [{ name: '--delta-from' }], message: /send the image itself/ },
      'a patch that saves nothing',
    )
    t.notOk(readdirSync(folder).includes('x'))
  },
)

t.test('a package bundle holds its images in order, each with its digest', async t => {
  const folder = t.testdir({
    'boot.img': makeImage(5000, 1),
    app: { 'app.img': makeImage(300_000, 2, 0.5) },
    'boot.txt': 'for the vendor',
    'package.json': JSON.stringify({
      images: [
        { component: 'boot', version: '1.0.7', file: 'boot.img', vendorDataFile: 'boot.txt' },
        { component: 'app', version: '2.3.4', file: 'app/app.img' },
      ],
    }),
  })
  const path = (name: string): string => join(folder, name)
  const wishes = { ...common, component: 'bundle', package: path('package.json'), out: path('out.bundle') }
  const made = await createArtifact(wishes)
  const { manifest, payload } = readBundle(path('out.bundle'))
  t.match(manifest, { format: 'combined', installedSha256: sha256(payload), installedSize: payload.length })
  t.equal(made.imageBytes, payload.length)
  const metadata = readPackageMetadata(manifest.metadata ?? Buffer.alloc(0))
  const head = readPackageHead(payload.subarray(0, packageHeadBytes(metadata)), metadata, payload.length)
  const [boot, app] = head.ok ? head.head.images : []
  t.match(boot, { component: 'boot', version: '1.0.7', sizeBytes: 5000 })
  t.equal(Buffer.from(boot?.vendorData ?? []).toString(), 'for the vendor')
  for (const [image, name] of [
    [boot, 'boot.img'],
    [app, 'app/app.img'],
  ] as const) {
    const bytes = payload.subarray(image?.offset ?? 0, (image?.offset ?? 0) + (image?.sizeBytes ?? 0))
    t.equal(image?.sha256, sha256(bytes))
    t.equal(Buffer.compare(bytes, readFileSync(path(name))), 0, name)
  }
  await createArtifact({ ...wishes, out: path('again.bundle') })
  t.equal(Buffer.compare(readFileSync(path('again.bundle')), readFileSync(path('out.bundle'))), 0, 'the same each time')

  const image = { component: 'boot', version: '1.0.7', file: 'boot.img' }
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['no JSON', '{', /no JSON/],
    ['a list', [], /images: expected a list/],
    ['no images', { images: [] }, /at least one/],
    ['another name', { images: [image], more: 1 }, /more: not known/],
    ['no object', { images: [7] }, /images.0: expected an object/],
    ['another member', { images: [{ ...image, fille: 'x' }] }, /images.0.fille: not known/],
    ['no component', { images: [{ ...image, component: undefined }] }, /images.0.component: expected a text/],
    ['a version of two', { images: [{ ...image, version: '1.0' }] }, /images.0.version: .*UPD4_FAIL_46/],
    ['a name too long', { images: [{ ...image, component: 'a'.repeat(33) }] }, /32 bytes.*UPD4_FAIL_48/],
    [
      'nine images',
      { images: Array.from({ length: 9 }, (_, at) => ({ ...image, component: `c${at}` })) },
      /1 to 8.*UPD4_FAIL_47/,
    ],
    ['a component twice', { images: [image, image] }, /boot: two images/],
    ['no file', { images: [{ ...image, file: 'absent' }] }, /absent.*no such file/],
    ['a folder', { images: [{ ...image, file: 'app' }] }, /regular file/],
    [
      'vendor data too long',
      { images: [{ ...image, vendorDataFile: 'boot.img' }] },
      /5000 bytes, expected at most 256/,
    ],
  ]
  for (const [what, description, message] of cases) {
    writeFileSync(path('bad.json'), typeof description === 'string' ? description : JSON.stringify(description))
    await t.rejects(
      createArtifact({ ...wishes, package: path('bad.json'), out: path('x') }),
      { name: 'BadInput', fields: [{ name: '--package' }], message },
      what,
    )
  }
  t.notOk(readdirSync(folder).includes('x'))
})
