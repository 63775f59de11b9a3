// The codes of the download: chunks that do not come, that are wrong, that cannot be written or read.
import { randomBytes } from 'node:crypto'
import { mkdir, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { artifactId } from '../../../proto/ids.ts'
import { untilValue } from '../../stories/process.ts'
import { sha256Hex } from '../fakes/release.ts'
import { fill, tinyDisk } from './full-disk.ts'
import { lineWith, noChunks, type Weather } from './line.ts'
import { changed, offerOf } from './offers.ts'
import { Scene, type Told } from './scene.ts'
import { type DeviceWishes, writeProgram } from './scene-device.ts'

const scene = await Scene.open(t)
const impatient = { chunkTimeoutMs: 50, chunkRetriesMax: 2 }

t.test('UPD4_FAIL_24: chunks that cannot be had, for good; what passes is never told as a code', async t => {
  let lost = 0
  /** The first answers are lost, then the connection, then one more. */
  const flapping: Weather = ({ topic, bytes }) => {
    if (!topic?.endsWith('/chunks/data') || lost === 4) return bytes
    lost += 1
    return lost === 3 ? 'cut' : undefined
  }
  const slow: Weather = async ({ topic, bytes }) => {
    if (topic?.endsWith('/chunks/data')) await new Promise(resolve => setTimeout(resolve, 200))
    return bytes
  }
  const limits = { minimumBytesPerSecond: 20_000, slowLimitMs: 3000 }
  const device = { settings: { ...impatient, chunkRetriesMax: 8, ...limits }, line: lineWith(t, flapping) }
  await scene.proves(
    t,
    'UPD4_FAIL_24',
    { device },
    {
      'nobody has the artifact': {
        offer: { plant: { artifact: 'none' } },
        says: { reason: 'no-such-chunk', field: 'chunk-index' },
      },
      'the last chunk is missing': {
        offer: { plant: { artifact: ({ chunks }) => ({ chunks: chunks.slice(0, -1) }) } },
        says: { reason: 'no-such-chunk', chunk: /^\d+$/ },
      },
      'no answer': {
        device: { settings: impatient, line: lineWith(t, noChunks) },
        says: { reason: 'no-answer', field: 'chunk-index' },
      },
      'not in time': {
        device: { settings: { downloadLimitMs: 1000 }, line: lineWith(t, noChunks) },
        says: { reason: 'deadline', expected: '1000 ms', actual: /^\d+ ms$/ },
      },
      'slower than the minimum rate for good': {
        device: { settings: limits, line: lineWith(t, slow) },
        offer: { image: randomBytes(100_000) },
        says: { reason: 'slow', expected: '20000 bytes/s', actual: /^\d+ bytes\/s$/ },
      },
    },
  )
})

t.test('UPD4_FAIL_26: what came is not what was signed', async t => {
  const digest = sha256Hex(randomBytes(10))
  const another = { id: artifactId(digest) }
  let spoiled = 0
  /** Each of the first answers with a wrong byte: fetched again, and no code. */
  const noisy: Weather = ({ topic, bytes }) => {
    if (!topic?.endsWith('/chunks/data') || spoiled === 3) return bytes
    spoiled += 1
    const copy = Buffer.from(bytes)
    copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
    return copy
  }
  await scene.proves(
    t,
    'UPD4_FAIL_26',
    { device: { line: lineWith(t, noisy) } },
    {
      'every chunk is right, and the whole is another image': {
        offer: {
          plant: {
            ...changed({ payloadSha256: digest, installedSha256: digest }),
            ...{ artifact: () => another, entry: { artifact: another.id } },
          },
        },
        says: { reason: 'image', expected: digest, actual: /^[0-9a-f]{64}$/ },
      },
      'a chunk, again and again': {
        offer: {
          plant: {
            artifact: ({ chunks }) => ({
              chunks: chunks.map((chunk, number) =>
                number === 1 ? { encoding: 'plain', bytes: Buffer.alloc(chunk.bytes.length) } : chunk,
              ),
            }),
          },
        },
        says: { reason: 'chunk', chunk: '1', expected: /^[0-9a-f]{64}$/ },
      },
      'the chunk index': {
        offer: { plant: { artifact: ({ chunkIndex }) => ({ chunkIndex: Buffer.from(chunkIndex).fill(7, 20) }) } },
        says: { reason: 'chunk-index', expected: /^[0-9a-f]{64}$/ },
      },
    },
  )
})

t.test('UPD4_FAIL_22: a chunk index that was signed and is none, or of another image', async t => {
  const index = (bytes: Uint8Array) => ({
    plant: {
      ...changed({ chunkIndexSize: bytes.length, chunkIndexSha256: sha256Hex(bytes) }),
      artifact: () => ({ chunkIndex: bytes }),
    },
  })
  const { bundle } = offerOf({ image: randomBytes(30_000) })
  await scene.proves(
    t,
    'UPD4_FAIL_22',
    {},
    {
      nonsense: { offer: index(Buffer.from('nonsense')), says: { field: 'chunk-index', reason: /./ } },
      'of an image of another size': {
        offer: index(bundle.indexBytes),
        says: { field: 'chunk-index', reason: /30000.*20000/ },
      },
    },
  )
})

t.test('UPD4_FAIL_35: a disk that fills up in mid-download, and one that takes nothing', async t => {
  const says = { errno: 'ENOSPC', reason: /./ }
  /** In the slot the candidate will have, before there is one. */
  const inSlot =
    (make: (slot: string) => Promise<unknown>) =>
    async ({ device }: Told): Promise<void> => {
      const slot = dirname(device.image('b'))
      await mkdir(slot, { recursive: true })
      await make(slot)
    }
  const disk = await tinyDisk(t, 512 * 1024)
  const image = randomBytes(100_000)
  const filling = (when: number, path?: string): DeviceWishes => {
    let place = ''
    let chunks = 0
    return {
      async prepare(folder) {
        await disk?.prepare(folder, path)
        place = join(folder, path ?? 'data/components')
      },
      line: lineWith(t, ({ topic, bytes }) => {
        if (topic?.endsWith('/chunks/data')) chunks += 1
        if (chunks === when && disk !== undefined) fill(place)
        return bytes
      }),
    }
  }
  await scene.proves(
    t,
    'UPD4_FAIL_35',
    { device: filling(Number.POSITIVE_INFINITY), offer: { image } },
    {
      ...(disk === undefined
        ? {}
        : {
            'in mid-download': { device: filling(20), offer: { image }, says },
            'the journal is on it, too: told at the latest when there is room again': {
              device: filling(20, 'data'),
              offer: { image },
              async meanwhile({ device }) {
                // Its last page may have room for what is to be saved.
                const ended = () => device.logged('update-step').find(({ step }) => step === 'idle')
                await untilValue(async () => device.logged('journal-failed')[0] ?? ended())
                await rm(device.path('data/filler'))
              },
              says,
            },
          }),
      'from the first byte': { before: inSlot(slot => symlink('/dev/full', join(slot, 'image'))), says },
      'a folder stands where the index is to be written': {
        before: inSlot(slot => mkdir(join(slot, 'index.new'))),
        says: { errno: 'EISDIR', reason: /index/ },
      },
    },
  )
})

t.test('UPD4_FAIL_36: what is on the disk cannot be read, or comes short', async t => {
  const spoiling = (script: string): DeviceWishes => ({
    settings: { authorization: { folder: 'hooks' } },
    prepare: folder => {
      const image = join(folder, 'data/components/main/a/image')
      return writeProgram(join(folder, 'hooks/download-authorize'), script.replaceAll('IMAGE', image))
    },
  })
  await scene.proves(
    t,
    'UPD4_FAIL_36',
    { device: spoiling('cat IMAGE') },
    {
      'a folder where the installed image was': {
        device: spoiling('rm IMAGE; mkdir IMAGE'),
        says: { errno: 'EISDIR', reason: /components\/main/ },
      },
      'half of the installed image': {
        device: spoiling('truncate -s 10000 IMAGE'),
        says: { errno: 'SHORT', reason: /./ },
      },
      'a folder where the candidate has its index': {
        before: async ({ device }) => {
          await mkdir(join(dirname(device.image('b')), 'index'), { recursive: true })
        },
        says: { errno: 'EISDIR', reason: /index/ },
      },
    },
  )
})

t.test('UPD4_FAIL_44: the installed image is gone', async t => {
  const hook = (script: string): DeviceWishes => ({
    settings: { authorization: { folder: 'hooks' } },
    prepare: folder =>
      writeProgram(
        join(folder, 'hooks/download-authorize'),
        `${script} ${join(folder, 'data/components/main/a/image')}`,
      ),
  })
  await scene.proves(
    t,
    'UPD4_FAIL_44',
    { device: hook('cat') },
    {
      removed: { device: hook('rm'), says: { reason: 'missing', field: /components\/main/ } },
    },
  )
})
