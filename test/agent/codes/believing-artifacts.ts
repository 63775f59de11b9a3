// An artifact store that looks at nothing: beside the bundles that were uploaded and checked it hands out what was put in
// it by hand, as a store of another make, or a cache in front of it, might. Devices must not depend on the broker's checks.
import { ArtifactFiles } from '../../../broker/adapters/artifact-files.ts'
import type { ArtifactReader, ArtifactStore, ReceivedBundle } from '../../../broker/ports.ts'
import type { EncodedChunk } from '../../../proto/bundle.ts'
import type { ArtifactId } from '../../../proto/ids.ts'

export interface PlantedArtifact {
  readonly id: ArtifactId
  readonly chunkIndex: Uint8Array
  readonly chunks: readonly EncodedChunk[]
}

export class BelievingArtifacts implements ArtifactStore {
  readonly #files: ArtifactFiles
  readonly #planted = new Map<ArtifactId, ArtifactReader>()

  static async open(folder: string): Promise<BelievingArtifacts> {
    return new BelievingArtifacts(await ArtifactFiles.open(folder))
  }

  private constructor(files: ArtifactFiles) {
    this.#files = files
  }

  plant({ id, chunkIndex, chunks }: PlantedArtifact): void {
    const chunkOf = (chunk: number): EncodedChunk => {
      const found = chunks[chunk]
      if (found === undefined) throw new RangeError(`no chunk ${chunk}`)
      return found
    }
    this.#planted.set(id, {
      id,
      chunkIndex,
      chunkCount: chunks.length,
      encodingOf: chunk => chunkOf(chunk).encoding,
      encodedLengthOf: chunk => chunkOf(chunk).bytes.length,
      read: async chunk => chunkOf(chunk).bytes,
    })
  }

  receive(bytes: AsyncIterable<Uint8Array>): Promise<ReceivedBundle> {
    return this.#files.receive(bytes)
  }

  async open(artifact: ArtifactId): Promise<ArtifactReader | undefined> {
    return this.#planted.get(artifact) ?? this.#files.open(artifact)
  }

  close(): Promise<void> {
    return this.#files.close()
  }
}
