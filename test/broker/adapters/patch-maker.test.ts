import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { platform } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { ArtifactFiles } from '../../../broker/adapters/artifact-files.ts'
import { PatchFiles } from '../../../broker/adapters/patch-files.ts'
import { BundleImage } from '../../../broker/adapters/patch-maker/bundle-image.ts'
import { type PatchMakerSettings, PatchWorker } from '../../../broker/adapters/patch-maker.ts'
import { systemClock } from '../../../broker/adapters/system-clock.ts'
import { programFrameMaker } from '../../../operator/zstd.ts'
import { encodeChunk } from '../../../proto/bundle.ts'
import { nodeFrameMakerInThread } from '../../../proto/zstd-frames.ts'
import { makeBundle, makeImage, type TestBundle } from '../../fixtures/bundle.ts'
import { appliedPatch } from '../../fixtures/patch.ts'
import { pieces } from '../../suites/artifact-store.ts'

const engine = nodeFrameMakerInThread() !== undefined || (await programFrameMaker()) !== undefined
const needsEngine = { skip: engine ? false : 'neither Node 22.15 nor the program zstd is here' }
const forEver = new AbortController().signal

/** Alike at every place, and no chunk of the one is in the other: the case that chunks cannot help. */
const oldImage = makeImage(700_000, 31, 0.3)
const newImage = Buffer.from(oldImage)
for (let offset = 0; offset < newImage.length; offset += 3000) newImage.writeUInt8((offset * 7) & 0xff, offset)
const settings = { minimumBytes: 4096, averageBytes: 8192, maximumBytes: 16384 }
const [old, fresh] = [makeBundle({ image: oldImage, settings }), makeBundle({ image: newImage, settings })]
const [noiseImage, longerImage] = [makeImage(600_000, 77, 0), Buffer.concat([oldImage, makeImage(9000, 5)])]
const noise = makeBundle({ image: noiseImage, settings })
const appended = makeBundle({ image: longerImage, settings })
const images = new Map([
  [old.artifact, oldImage],
  [noise.artifact, noiseImage],
  [appended.artifact, longerImage],
])
const likeness = makeBundle({ image: Buffer.from(newImage).fill('other', 45_000, 45_100), settings })
const pair = { base: old.artifact, target: fresh.artifact }

async function scene(t: Test, more: Partial<PatchMakerSettings> = {}, bundles = [old, fresh]) {
  const dataDir = t.testdir()
  const artifacts = await ArtifactFiles.open(join(dataDir, 'artifacts'))
  for (const { bytes } of bundles) await artifacts.receive(pieces(bytes))
  await artifacts.close()
  const patches = await PatchFiles.open(join(dataDir, 'patches'), 2 ** 30, systemClock)
  const folder = join(dataDir, 'making')
  const bundlePath = (artifact: string): string => join(dataDir, 'artifacts', `${artifact}.bundle`)
  const maker = await PatchWorker.open({
    ...{ folder, bundlePath, patches, clock: systemClock, settings: more },
    searchPath: process.env.PATH ?? '',
  })
  t.teardown(async () => {
    await maker.close()
    await patches.close()
  })
  return { maker, patches, folder, bundlePath }
}

t.test(
  'a patch is made in a thread of its own, kept, and gives a device the target byte for byte',
  needsEngine,
  async t => {
    const { maker, patches, folder } = await scene(t)
    const threads: Worker[] = []
    const seen = (worker: Worker): void => void threads.push(worker)
    process.on('worker', seen)
    const made = await maker.make(pair, forEver)
    t.equal(threads.length, 1)
    if (platform() === 'linux') t.ok(priorities().includes(19), 'a thread of the lowest priority')
    t.match(made, { ...pair, metadata: { baseSize: oldImage.length, frameBytesMax: 512 * 1024 } })
    if (made === undefined) return
    t.ok(made.patchBytes < made.chunkBytes / 5, `${made.patchBytes} of ${made.chunkBytes} bytes`)
    t.same(patches.find(pair), made)
    const bytes = await patches.read(pair, 0, made.patchBytes + 1)
    t.equal(bytes?.length, made.patchBytes)
    const image = await appliedPatch(
      { bytes: bytes ?? Buffer.alloc(0), metadata: made.metadata },
      oldImage,
      newImage.length,
    )
    t.ok(image.equals(newImage))
    t.same(readdirSync(folder), [], 'nothing stays')

    const back = await maker.make({ base: fresh.artifact, target: old.artifact }, forEver)
    t.ok(back !== undefined && patches.all().length === 2, 'the other way as well')
    t.equal(threads.length, 1, 'by the same thread')
    process.off('worker', seen)
  },
)

t.test('what chunks cost is known without zstd, and is what a device would be sent', async t => {
  const { maker } = await scene(t, {}, [old, appended, noise])
  const cost = (base: TestBundle, target: TestBundle): number => {
    const held = new Set(digestsOf(base))
    return digestsOf(target).reduce(
      (sum, digest, chunk) => sum + (held.has(digest) ? 0 : encodedBytes(target, chunk)),
      0,
    )
  }
  for (const [base, target] of [
    [old, appended],
    [appended, old],
    [old, noise],
    [old, old],
  ] as const) {
    const found = await maker.chunkBytes({ base: base.artifact, target: target.artifact }, forEver)
    t.equal(found, cost(base, target))
  }
  t.ok(cost(old, appended) < 40_000 && cost(old, noise) > 590_000, 'the rows differ')
  t.equal(await maker.chunkBytes(pair, forEver), undefined, 'the target is not here')
})

t.test('without zstd, or beyond the limits, it says which', async t => {
  const { maker, folder } = await scene(t, { imageBytesMax: newImage.length - 1 })
  await t.rejects(maker.make(pair, forEver), { code: 'PATCH_IMPOSSIBLE', reason: 'too-large' })
  t.ok(((await maker.chunkBytes(pair, forEver)) ?? 0) > 0, 'measured all the same')
  const late = await scene(t, { jobMsMax: 1 })
  await t.rejects(late.maker.make(pair, forEver), { code: 'PATCH_IMPOSSIBLE', reason: 'too-slow' })
  t.same([readdirSync(folder), readdirSync(late.folder)], [[], []])
  if (nodeFrameMakerInThread() !== undefined) return
  const { PATH } = process.env
  process.env.PATH = t.testdir()
  try {
    const bare = await scene(t)
    await t.rejects(bare.maker.make(pair, forEver), { code: 'PATCH_IMPOSSIBLE', reason: 'no-zstd' })
  } finally {
    process.env.PATH = PATH
  }
})

t.test('a patch that saves next to nothing is none, nor one between images that are not here', needsEngine, async t => {
  const { maker, patches, folder } = await scene(t, {}, [old, fresh, noise])
  t.equal(await maker.make({ base: old.artifact, target: noise.artifact }, forEver), undefined)
  t.equal(await maker.make({ base: old.artifact, target: appended.artifact }, forEver), undefined)
  t.equal(await maker.make({ base: old.artifact, target: old.artifact }, forEver), undefined)
  t.same([patches.all(), readdirSync(folder)], [[], []])
})

t.test(
  'a thread that is ended in the middle, an abort, a close: nothing stays, the next one works',
  needsEngine,
  async t => {
    const { maker, patches, folder } = await scene(t)
    // The thread is there, and the folder of the job: now it dies.
    process.once('worker', worker => void worker.terminate())
    await t.rejects(maker.make(pair, forEver), /thread that makes patches ended/)
    t.same([patches.all(), readdirSync(folder)], [[], []])

    const abort = new AbortController()
    process.once('worker', worker => worker.once('online', () => abort.abort(new Error('enough'))))
    const aborted = maker.make(pair, abort.signal)
    const next = maker.chunkBytes(pair, forEver)
    await t.rejects(aborted, /enough/)
    t.ok((await next) !== undefined, 'who waited is served')
    t.ok((await maker.make(pair, forEver)) !== undefined)

    const closing = await scene(t)
    let ended = false
    process.once('worker', worker => {
      worker.once('exit', () => {
        ended = true
      })
      worker.once('online', () => void closing.maker.close())
    })
    await t.rejects(closing.maker.make(pair, forEver), { code: 'STORE_UNAVAILABLE' })
    await closing.maker.close()
    t.ok(ended)
    t.same(readdirSync(closing.folder), [])
    await t.rejects(closing.maker.make(pair, forEver), { code: 'STORE_UNAVAILABLE' })
  },
)

t.test('a thread that breaks (out of memory, our mistake) costs this patch, not the broker', needsEngine, async t => {
  const { maker } = await scene(t)
  let ended = false
  process.once('worker', worker => {
    worker.once('exit', () => {
      ended = true
    })
    worker.once('online', () => worker.emit('error', new Error('out of memory')))
  })
  await t.rejects(maker.make(pair, forEver), /out of memory/)
  t.ok(ended, 'it is not used again')
  t.ok((await maker.make(pair, forEver)) !== undefined)
})

t.test('a full disk is told, and a bundle that has been spoiled', needsEngine, async t => {
  const { maker, patches, folder, bundlePath } = await scene(t)
  if (existsSync('/dev/full')) {
    process.once('worker', () => symlinkSync('/dev/full', join(folder, 'job-1', 'patch')))
    await t.rejects(maker.make(pair, forEver), { code: 'STORE_UNAVAILABLE', cause: { message: /ENOSPC/ } })
  }
  const path = bundlePath(fresh.artifact)
  const whole = readFileSync(path)
  const rows: readonly (readonly [string, Buffer])[] = [
    ['a chunk', Buffer.concat([whole.subarray(0, -1), Buffer.of((whole.at(-1) ?? 0) ^ 1)])],
    ['cut', whole.subarray(0, -100)],
    ['no bundle', Buffer.from('nothing of the kind')],
    ['another bundle', noise.bytes],
  ]
  for (const [what, bytes] of rows) {
    writeFileSync(path, bytes)
    // Another image under this name is found at the end, when it is a patch at all.
    if (what === 'another bundle') t.equal(await maker.make(pair, forEver), undefined, what)
    else await t.rejects(maker.make(pair, forEver), { code: 'ARTIFACT_UNREADABLE' }, what)
  }
  // Alike enough for a patch, and not what its name says.
  writeFileSync(path, likeness.bytes)
  await t.rejects(maker.make(pair, forEver), {
    code: 'ARTIFACT_UNREADABLE',
    message: new RegExp(`^artifact ${pair.target}`),
  })
  writeFileSync(path, whole)
  writeFileSync(bundlePath(old.artifact), likeness.bytes)
  await t.rejects(maker.make(pair, forEver), {
    code: 'ARTIFACT_UNREADABLE',
    message: new RegExp(`^artifact ${pair.base}`),
  })
  t.same([patches.all(), readdirSync(folder)], [[], []])
  rmSync(folder, { recursive: true })
  await t.rejects(maker.make(pair, forEver), { code: 'STORE_UNAVAILABLE' }, 'no folder to work in')
})

t.test('an image is read at any place, and each chunk is compared with the index whenever it is read', async t => {
  const path = join(t.testdir({ bundle: old.bytes }), 'bundle')
  const image = BundleImage.open(path)
  if (image === undefined) throw new Error('not there')
  t.equal(BundleImage.open(join(path, '..', 'absent')), undefined)
  for (const [position, length] of [
    [0, 1],
    [8191, 30_000],
    [650_000, 100_000],
    [700_000, 5],
  ] as const) {
    const into = Buffer.alloc(length + 2)
    const { bytesRead } = await image.read(into, 2, length, position)
    t.ok(
      into.subarray(2, 2 + bytesRead).equals(oldImage.subarray(position, position + length)),
      `${length} at ${position}`,
    )
  }
  image.close()
  const later = BundleImage.open(path)
  const plain = old.bytes.indexOf(oldImage.subarray(45_000, 45_064))
  writeFileSync(path, Buffer.from(old.bytes).fill(0, plain, plain + 1))
  await t.rejects(
    async () => void (await later?.read(Buffer.alloc(10), 0, 10, 45_000)),
    /not the one of the chunk index/,
  )
  t.equal((await later?.read(Buffer.alloc(10), 0, 10, 0))?.bytesRead, 10, 'the others are as they were')
  later?.close()
})

t.test('what a crash left in its folder goes at the next start', async t => {
  const folder = join(t.testdir({ making: { 'job-7': { patch: 'half', base: 'x' } } }), 'making')
  const patches = await PatchFiles.open(t.testdir(), 2 ** 30, systemClock)
  const maker = await PatchWorker.open({ folder, bundlePath: () => '', patches, searchPath: '', clock: systemClock })
  t.same(readdirSync(folder), [])
  await maker.close()
  const file = join(t.testdir({ file: '' }), 'file', 'making')
  await t.rejects(
    PatchWorker.open({ folder: file, bundlePath: () => '', patches, searchPath: '', clock: systemClock }),
    {
      code: 'STORE_UNAVAILABLE',
    },
  )
})

function digestsOf({ index }: TestBundle): string[] {
  return Array.from({ length: index.count }, (_, chunk) => index.digestOf(chunk).toString('hex'))
}

function encodedBytes({ index, artifact }: TestBundle, chunk: number): number {
  const image = images.get(artifact) ?? Buffer.alloc(0)
  const start = index.offsetOf(chunk)
  return encodeChunk(image.subarray(start, start + index.lengthOf(chunk))).bytes.length
}

/** Of the threads of this process. */
function priorities(): number[] {
  return readdirSync('/proc/self/task').map(thread => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
}
