import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type ArtifactWishes, createArtifact } from '../../operator/artifact.ts'
import { newKey } from '../../operator/keys.ts'
import { writePatch } from '../../operator/patch.ts'
import { keySigner } from '../../operator/signer.ts'
import { openFrameMaker, programFrameMaker } from '../../operator/zstd.ts'
import { bundleHeaderLength, bundlePrefixBytes, decodeChunk, readBundleHead } from '../../proto/bundle.ts'
import { openEnvelope } from '../../proto/envelope.ts'
import { type Manifest, readManifest } from '../../proto/manifest.ts'
import { packageHeadBytes, readPackageHead, readPackageMetadata } from '../../proto/package.ts'
import { readDeltaMetadata } from '../../proto/patch.ts'
import { type MakeFrame, nodeFrameMaker } from '../../proto/zstd-frames.ts'
import { makeImage } from '../fixtures/bundle.ts'
import { appliedPatch, zstdFrame } from '../fixtures/patch.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
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

const old = makeImage(3_000_000, 4, 0.3)
const fresh = Buffer.concat([old.subarray(0, 900_000), Buffer.from('a new part'), old.subarray(850_000)])

t.test('a file that has become another meanwhile is told by its flag', async t => {
  const folder = t.testdir({ short: old.subarray(0, 1000), fresh })
  const [short, image] = [await open(join(folder, 'short'), 'r'), await open(join(folder, 'fresh'), 'r')]
  const out = await open(join(folder, 'patch'), 'wx')
  const [longer, whole] = [
    { file: short, sizeBytes: 1001 },
    { file: image, sizeBytes: fresh.length },
  ]
  try {
    const rows = [
      ['--delta-from', longer, whole],
      ['--image', whole, longer],
    ] as const
    for (const [name, from, to] of rows)
      await t.rejects(
        writePatch(from, to, out, byWasm, () => {}),
        { name: 'BadInput', fields: [{ name }] },
        name,
      )
  } finally {
    await Promise.all([short.close(), image.close(), out.close()])
  }
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
  signers: [keySigner(key)],
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
    t.equal(Buffer.compare(await appliedPatch({ bytes: payload, metadata }, old, fresh.length), fresh), 0)
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
