import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { ArtifactFiles } from '../../../broker/adapters/artifact-files.ts'
import { makeBundle, makeImage } from '../../fixtures/bundle.ts'
import { artifactStoreSuite, imageOf, mustOpen, pieces } from '../../suites/artifact-store.ts'

const settings = { minimumBytes: 1024, averageBytes: 4096, maximumBytes: 16384 }
const image = makeImage(100_000, 21, 0.3)
const bundle = makeBundle({ image, settings })

t.test('files: what every artifact store must do', async t => {
  artifactStoreSuite(t, async (t, bundleBytesMax) => {
    const folder = join(t.testdir(), 'artifacts')
    const store = await ArtifactFiles.open(folder, { bundleBytesMax })
    t.teardown(() => store.close())
    return { store, keptCount: async () => (await readdir(folder)).length }
  })
})

t.test('a file has the name of its digest and is exactly the bundle', async t => {
  const folder = t.testdir()
  const store = await ArtifactFiles.open(folder)
  await store.receive(pieces(bundle.bytes))
  t.strictSame(await readdir(folder), [`${bundle.artifact}.bundle`])
  t.ok((await readFile(join(folder, `${bundle.artifact}.bundle`))).equals(bundle.bytes))
  await store.close()
})

t.test('what a crash left half is removed at the next start, what is whole is there', async t => {
  const folder = t.testdir({ 'upload-3.partial': 'half', 'notes.txt': 'of the operator' })
  const first = await ArtifactFiles.open(folder)
  await first.receive(pieces(bundle.bytes))
  await first.close()
  await writeFile(join(folder, 'upload-9.partial'), bundle.bytes.subarray(0, 5000))
  const second = await ArtifactFiles.open(folder)
  t.strictSame((await readdir(folder)).sort(), [`${bundle.artifact}.bundle`, 'notes.txt'].sort())
  t.ok((await imageOf(await mustOpen(second, bundle))).equals(image))
  await second.close()
})

t.test('a damaged file is unreadable, names what is wrong, and is mended by another upload', async t => {
  const damages: { what: string; damage: (path: string) => Promise<void>; message: RegExp; at: 'open' | 'read' }[] = [
    {
      what: 'cut in the chunks',
      damage: path => truncate(path, bundle.bytes.length - 1),
      message: /bytes long/,
      at: 'open',
    },
    { what: 'cut in the head', damage: path => truncate(path, 100), message: /ends at 100/, at: 'open' },
    { what: 'empty', damage: path => truncate(path, 0), message: /DROVERB1/, at: 'open' },
    { what: 'a byte of the index flipped', damage: path => flip(path, 1000), message: /artifact/, at: 'open' },
    {
      what: 'another artifact',
      damage: path => writeFile(path, other.bytes),
      message: /it holds artifact/,
      at: 'open',
    },
    {
      what: 'a byte of the last chunk flipped',
      damage: path => flip(path, bundle.bytes.length - 3),
      message: new RegExp(`chunk ${bundle.index.count - 1}`),
      at: 'read',
    },
  ]
  const other = makeBundle({ image: makeImage(5000, 2), settings })
  for (const { what, damage, message, at } of damages) {
    const folder = t.testdir()
    const before = await ArtifactFiles.open(folder)
    await before.receive(pieces(bundle.bytes))
    await before.close()
    await damage(join(folder, `${bundle.artifact}.bundle`))
    const store = await ArtifactFiles.open(folder)
    const failing = async (): Promise<unknown> => {
      const reader = await mustOpen(store, bundle)
      if (at === 'read') await reader.read(0)
      return reader.read(bundle.index.count - 1)
    }
    await t.rejects(failing(), { code: 'ARTIFACT_UNREADABLE', message }, what)
    await store.receive(pieces(bundle.bytes))
    t.ok((await imageOf(await mustOpen(store, bundle))).equals(image), `${what}: mended`)
    await store.close()
  }
})

t.test('the same image under a newer manifest is taken; who read the old file is told to open it again', async t => {
  const store = await ArtifactFiles.open(t.testdir())
  await store.receive(pieces(bundle.bytes))
  const before = await mustOpen(store, bundle)
  await before.read(0)
  const newer = makeBundle({ image, settings, manifest: { vendorData: Buffer.from('longer by this much') } })
  const { artifact, envelope } = await store.receive(pieces(newer.bytes))
  t.equal(artifact, bundle.artifact)
  t.ok(newer.envelope.equals(envelope))
  t.ok((await imageOf(await mustOpen(store, bundle))).equals(image))
  await t.rejects(before.read(0), { code: 'ARTIFACT_UNREADABLE', message: /replaced/ })
  await store.close()
})

t.test('no more artifacts stay open than the limit, and readers beyond it still read', async t => {
  const store = await ArtifactFiles.open(t.testdir(), { openArtifactsMax: 2 })
  const images = Array.from({ length: 6 }, (_, seed) => makeImage(20_000, seed + 50))
  const bundles = images.map(image => makeBundle({ image, settings }))
  for (const { bytes } of bundles) await store.receive(pieces(bytes))
  const readers = await Promise.all(bundles.map(bundle => mustOpen(store, bundle)))
  t.ok((await openFiles()) <= 2, 'handles')
  for (const [at, reader] of readers.entries())
    t.ok((await imageOf(reader)).equals(images[at] as Buffer), `artifact ${at}`)
  t.equal(await mustOpen(store, bundles[5] as (typeof bundles)[0]), readers[5], 'the last one was kept')
  await store.close()
  t.equal(await openFiles(), 0)

  async function openFiles(): Promise<number> {
    const links = await readdir('/proc/self/fd').catch(() => [])
    const { readlink } = await import('node:fs/promises')
    const targets = await Promise.all(links.map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
    return targets.filter(target => target.endsWith('.bundle')).length
  }
})

t.test('one upload too many at a time is told to come again', async t => {
  const store = await ArtifactFiles.open(t.testdir(), { uploadsMax: 1 })
  let go = (): void => undefined
  const wait = new Promise<void>(resolve => {
    go = resolve
  })
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield bundle.bytes.subarray(0, 20)
    await wait
    yield bundle.bytes.subarray(20)
  }
  const first = store.receive(slow())
  await t.rejects(store.receive(pieces(bundle.bytes)), { code: 'STORE_UNAVAILABLE', message: /uploads are under way/ })
  go()
  t.equal((await first).artifact, bundle.artifact)
  t.equal((await store.receive(pieces(bundle.bytes))).artifact, bundle.artifact)
  await store.close()
})

t.test('an upload of 16 MiB needs far less memory than its size', async t => {
  const mebibyte = 1024 * 1024
  const image = makeImage(mebibyte, 77)
  const large = makeBundle({ image: Buffer.concat(Array.from({ length: 16 }, () => image)) })
  const store = await ArtifactFiles.open(t.testdir())
  const collect = garbageCollector()
  /** Bytes of buffers that somebody still holds: what only waits to be collected depends on how busy the machine is. */
  const held = async (): Promise<number> => {
    for (let turn = 0; turn < 2; turn += 1) {
      collect()
      await new Promise(resolve => setImmediate(resolve))
    }
    return process.memoryUsage().arrayBuffers
  }
  let most = 0
  async function* watched(): AsyncGenerator<Uint8Array> {
    let nextLook = 0
    let sent = 0
    for await (const piece of pieces(large.bytes)) {
      if (sent >= nextLook) {
        most = Math.max(most, await held())
        nextLook = sent + mebibyte
      }
      yield piece
      sent += piece.length
    }
    most = Math.max(most, await held())
  }
  const before = await held()
  await store.receive(watched())
  t.ok(most - before < 4 * mebibyte, `${Math.round((most - before) / 1024)} KiB more`)
  await store.close()
})

t.test('a folder that cannot be made is told by name', async t => {
  const folder = t.testdir({ file: '' })
  await t.rejects(ArtifactFiles.open(join(folder, 'file', 'below')), { code: 'STORE_UNAVAILABLE', message: /below/ })
})

/** A full collection, which Node gives to those who ask for it only. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

async function flip(path: string, position: number): Promise<void> {
  const bytes = await readFile(path)
  bytes[position] = (bytes[position] as number) ^ 1
  await writeFile(path, bytes)
}
