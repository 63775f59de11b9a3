// The patch that the broker makes by itself between two images, made as the broker makes it: both as uploaded bundles in
// its artifact folder, by its own maker in a thread of its own.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ArtifactFiles } from '../../broker/adapters/artifact-files.ts'
import { PatchFiles } from '../../broker/adapters/patch-files.ts'
import { PatchWorker } from '../../broker/adapters/patch-maker.ts'
import { systemClock } from '../../broker/adapters/system-clock.ts'
import { makeBundle } from '../../test/fixtures/bundle.ts'
import { Opened } from '../engine/opened.ts'
import type { ImagePair } from './real-images.ts'

const cacheBytes = 2 ** 30

export interface AutomaticDelta {
  /** Undefined: the broker would offer none, chunks are as cheap. */
  readonly patchBytes: number | undefined
  readonly chunkBytes: number | undefined
  readonly seconds: number
}

export function automaticDelta({ before, after }: ImagePair): Promise<AutomaticDelta> {
  return Opened.during(async opened => {
    const folder = await mkdtemp(join(tmpdir(), 'drover-bench-delta-'))
    opened.add(() => rm(folder, { recursive: true, force: true }))
    const artifactFolder = join(folder, 'artifacts')
    const artifacts = await ArtifactFiles.open(artifactFolder)
    opened.add(() => artifacts.close())
    const [base, target] = [makeBundle({ image: before }), makeBundle({ image: after, version: '2.0.0' })]
    for (const { bytes } of [base, target]) await artifacts.receive(piecesOf(bytes))
    const patches = await PatchFiles.open(join(folder, 'patches'), cacheBytes, systemClock)
    opened.add(() => patches.close())
    const bundlePath = (artifact: string): string => join(artifactFolder, `${artifact}.bundle`)
    const maker = await PatchWorker.open({
      folder: join(folder, 'making'),
      bundlePath,
      patches,
      searchPath: process.env.PATH ?? '',
      clock: systemClock,
    })
    opened.add(() => maker.close())
    const pair = { base: base.artifact, target: target.artifact }
    const { signal } = new AbortController()
    const chunkBytes = await maker.chunkBytes(pair, signal)
    const started = performance.now()
    const made = await maker.make(pair, signal)
    return {
      patchBytes: made?.patchBytes,
      chunkBytes,
      seconds: (performance.now() - started) / 1000,
    }
  })
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 2 ** 20) yield bytes.subarray(at, at + 2 ** 20)
}
