import t, { type Test } from 'tap'
import { copyFromInstalled } from '../../../agent/handlers/held-chunks.ts'
import type { Candidate, Installer } from '../../../agent/ports.ts'
import { ChunkIndex } from '../../../proto/chunk-index.ts'
import { FakeDisk } from '../fakes/disk.ts'
import { imageOf, indexOf } from '../fakes/release.ts'

const installed = imageOf('one', 700_000)
const twice = imageOf('one', 700_000).subarray(100_000, 160_000)
/** Half of it new, and one run of the old image in it twice. */
const image = Buffer.concat([
  installed.subarray(0, 200_000),
  imageOf('two', 100_000),
  twice,
  imageOf('two', 5_000),
  twice,
])
const index = ChunkIndex.parse(indexOf(image))

interface Copied {
  readonly held: ReadonlySet<number>
  readonly indexReads: number
  readonly largestRead: number
}

async function copied(t: Test, beside: Uint8Array | undefined, roomBytes: number, spoilt = false): Promise<Copied> {
  const disk = new FakeDisk()
  disk.install('main', installed, '1.0.0', true, beside)
  const [port] = disk.ports(() => true).installers
  if (port === undefined) throw new Error('no installer')
  let indexReads = 0
  let largestRead = 0
  const installer: Installer = {
    ...port,
    readActiveIndex: () => {
      indexReads += 1
      return port.readActiveIndex()
    },
    readActive: async (offset, length) => {
      largestRead = Math.max(largestRead, length)
      const bytes = Buffer.from(await port.readActive(offset, length))
      return spoilt ? bytes.fill(0) : bytes
    },
  }
  const candidate: Candidate = await installer.openCandidate(image.length)
  const held = new Set<number>()
  const wanted = {
    index,
    isMissing: (chunk: number) => !held.has(chunk),
    found: (chunk: number) => {
      t.notOk(held.has(chunk), 'found once')
      held.add(chunk)
    },
  }
  await copyFromInstalled(installer, candidate, wanted, roomBytes, new AbortController().signal)
  for (const chunk of held) {
    const [from, length] = [index.offsetOf(chunk), index.lengthOf(chunk)]
    const bytes = await candidate.read(from, length)
    if (!image.subarray(from, from + length).equals(Buffer.from(bytes))) t.fail(`chunk ${chunk} is another`)
  }
  await candidate.close()
  return { held, indexReads, largestRead }
}

const bytesOf = (held: ReadonlySet<number>): number => [...held].reduce((sum, chunk) => sum + index.lengthOf(chunk), 0)

t.test('what the installed image has is copied, to every place that wants it', async t => {
  const { held, largestRead } = await copied(t, indexOf(installed), 1e6)
  t.ok(bytesOf(held) > 300_000, `${bytesOf(held)} of 320,000 bytes`)
  t.ok(largestRead <= index.settings.maximumBytes)
})

t.test(
  'without an index, with one that does not read, or with no room for it, the image is cut: the same chunks',
  async t => {
    const withIndex = await copied(t, indexOf(installed), 1e6)
    const other = indexOf(installed, { minimumBytes: 512, averageBytes: 1024, maximumBytes: 4096 })
    for (const [beside, roomBytes, indexReads] of [
      [undefined, 1e6, 1],
      [Buffer.from('rubbish'), 1e6, 1],
      [other, 1e6, 1],
      [indexOf(installed), 1000, 0],
      [indexOf(installed), -1, 0],
    ] as const) {
      const cut = await copied(t, beside, roomBytes)
      t.strictSame([...cut.held].sort(), [...withIndex.held].sort())
      t.equal(cut.indexReads, indexReads, 'an index for which there is no room is not even read')
      t.ok(cut.largestRead <= 256 * 1024)
    }
  },
)

t.test('bytes that are no longer what the index says are not taken', async t => {
  t.equal((await copied(t, indexOf(installed), 1e6, true)).held.size, 0)
  t.equal((await copied(t, undefined, 1e6, true)).held.size, 0)
})
