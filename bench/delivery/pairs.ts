// How much of an image is sent at all, on real consecutive releases: chunks alone, and with the patch the broker makes by
// itself, beside `zstd --patch-from` over the whole images and beside the whole image gzipped. The index counts for both
// of ours: a device always needs it. And the chunker: how fast, what its index takes, and what other settings would give.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { type ChunkerSettings, chunkerDefaults } from '../../proto/chunker.ts'
import { imagesOf } from '../agent/images.ts'
import { Opened } from '../engine/opened.ts'
import type { Print } from '../engine/printing.ts'
import { automaticDelta } from './automatic-delta.ts'
import { chunkerSpeed, chunkShare } from './chunk-share.ts'
import { fetchPair, type ImagePair, releases } from './real-images.ts'
import type { DeliveryBenchSettings } from './settings.ts'

/** Of the new image, what a device may be sent over the whole gzipped one. */
const gzipSlackPercent = 2

const KiB = 1024
/** The same shape in four sizes, then other shapes around the default average. */
const otherSettings: readonly ChunkerSettings[] = [
  ...[4, 8, 16, 32, 64].map(average => settingsOf(average / 4, average, average * 4)),
  settingsOf(2, 16, 64),
  settingsOf(8, 16, 64),
  settingsOf(4, 16, 32),
  settingsOf(4, 16, 128),
]

function settingsOf(minimum: number, average: number, maximum: number): ChunkerSettings {
  return { minimumBytes: minimum * KiB, averageBytes: average * KiB, maximumBytes: maximum * KiB }
}

export function measurePairs(settings: DeliveryBenchSettings, print: Print): Promise<void> {
  return Opened.during(async opened => {
    const folder = settings.keep ?? (await mkdtemp(join(tmpdir(), 'drover-bench-pairs-')))
    if (settings.keep === undefined) opened.add(() => rm(folder, { recursive: true, force: true }))
    const pairs = settings.quick ? [syntheticPair()] : await fetched(folder)
    for (const pair of pairs) await measurePair(pair, folder, settings.quick, print)
    const [first] = pairs
    if (first === undefined) return
    for (const [image, name] of [
      [first.after, first.word],
      [imagesOf(settings.quick ? 1 : 64).after, 'random'],
    ] as const) {
      const { cut, cutAndHash } = chunkerSpeed(image, chunkerDefaults, settings.rounds)
      print(`chunker_mb_per_second_${name}`, cut, 'MB/s')
      print(`chunker_and_sha256_mb_per_second_${name}`, cutAndHash, 'MB/s')
    }
  })
}

async function fetched(folder: string): Promise<readonly ImagePair[]> {
  const pairs: ImagePair[] = []
  for (const release of releases)
    try {
      pairs.push(await fetchPair(release, folder))
    } catch (error) {
      console.error(`${release.name} is left out: ${(error as Error).message}`)
    }
  return pairs
}

async function measurePair(pair: ImagePair, folder: string, quick: boolean, print: Print): Promise<void> {
  const { word, before, after } = pair
  const percent = (bytes: number): number => (bytes / after.length) * 100
  print(`pair_image_mb_${word}`, after.length / 1e6, 'MB')
  const { chunkBytes, indexBytes } = chunkShare(before, after, chunkerDefaults)
  print(`pair_index_percent_${word}`, percent(indexBytes), '%')
  print(`pair_chunks_percent_${word}`, percent(chunkBytes + indexBytes), '%')
  const delta = await automaticDelta(pair)
  const ways = [chunkBytes, delta.patchBytes ?? Number.POSITIVE_INFINITY]
  const sent = percent(Math.min(...ways) + indexBytes)
  if (delta.patchBytes !== undefined) print(`pair_patch_percent_${word}`, percent(delta.patchBytes), '%')
  print(`pair_patch_seconds_${word}`, delta.seconds, 's')
  print(`pair_sent_percent_${word}`, sent, '%')
  const zstd = await zstdPatchFrom(pair, folder)
  if (zstd !== undefined)
    print(`pair_sent_percent_${word}`, percent(zstd), '%', 'zstd -19 --ultra --long=27 --patch-from')
  const gzip = percent(gzipSync(after, { level: 9 }).length)
  print(`pair_sent_percent_${word}`, gzip, '%', 'gzip -9, whole image')
  if (sent > gzip + gzipSlackPercent) console.error(`${word}: more than the whole gzipped plus ${gzipSlackPercent} %`)
  for (const settings of quick ? otherSettings.slice(0, 1) : otherSettings) {
    const share = chunkShare(before, after, settings)
    const sizes = [settings.minimumBytes, settings.averageBytes, settings.maximumBytes].map(bytes => bytes / KiB)
    print(`pair_chunks_percent_${word}_${sizes.join('_')}k`, percent(share.chunkBytes + share.indexBytes), '%')
    print(`pair_index_percent_${word}_${sizes.join('_')}k`, percent(share.indexBytes), '%')
  }
}

/** One frame over the whole of the old image. Undefined where there is no such program. */
async function zstdPatchFrom({ before, after }: ImagePair, folder: string): Promise<number | undefined> {
  const [base, image, patch] = ['base', 'image', 'patch'].map(name => join(folder, `zstd-${name}`)) as [
    string,
    string,
    string,
  ]
  await Promise.all([writeFile(base, before), writeFile(image, after)])
  try {
    const options = ['-q', '-f', '-19', '--ultra', '--long=27', `--patch-from=${base}`]
    await promisify(execFile)('zstd', [...options, image, '-o', patch])
    return (await stat(patch)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  } finally {
    await Promise.all([base, image, patch].map(path => rm(path, { force: true })))
  }
}

/** Half of it is the same, and in the other half every few thousand bytes one is not. */
function syntheticPair(): ImagePair {
  const { before } = imagesOf(2)
  const after = Buffer.from(before)
  for (let at = 0; at < after.length / 2; at += 3000) after.writeUInt8((at * 7) & 0xff, at)
  return { word: 'synthetic', before, after }
}
