// What the patch maker says to its worker and hears from it. Plain data: it crosses a thread.
import type { ArtifactId } from '../../../proto/ids.ts'
import type { DeltaMetadata } from '../../../proto/patch.ts'

export interface PatchJob {
  readonly number: number
  /** `measure`: only what the pair costs by chunks. */
  readonly kind: 'measure' | 'make'
  readonly base: ArtifactId
  readonly target: ArtifactId
  /** The bundles. */
  readonly basePath: string
  readonly targetPath: string
  /** For what the job writes, and nobody else: empty, and there when there is something to make. The patch is `patchName` in it. */
  readonly folder: string
  /** Larger images are left alone; bytes. */
  readonly imageBytesMax: number
}

export const patchName = 'patch'

export type PatchJobEnd =
  | { readonly number: number; readonly kind: 'measured'; readonly chunkBytes: number }
  /** The patch is on the disk, synced; `sha256` is of its bytes. */
  | {
      readonly number: number
      readonly kind: 'made'
      readonly patchBytes: number
      readonly metadata: DeltaMetadata
      readonly chunkBytes: number
      readonly sha256: string
    }
  /** One of the two is not here, or the chunks cost as little. */
  | { readonly number: number; readonly kind: 'nothing' }
  | { readonly number: number; readonly kind: 'impossible'; readonly reason: 'no-zstd' | 'too-large' }
  /** `unreadable`: a bundle is not what it was; `write`: the disk. */
  | {
      readonly number: number
      readonly kind: 'failed'
      readonly at: 'unreadable' | 'write' | 'making'
      readonly error: Error
    }
