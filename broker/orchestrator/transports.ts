// By which way an update comes to a device at least cost, as far as the broker chooses: heard in a broadcast, or pulled
// because that is less (chunks held, a patch) or because a session has failed it before.
import { type ArtifactId, artifactId } from '../../proto/ids.ts'
import { formatOf } from '../core/manifest-choice.ts'
import type { Execution, ReleaseManifest } from '../core/records.ts'
import type { PatchOffers } from '../delivery/patch-offers.ts'
import type { ArtifactStore } from '../ports.ts'
import type { RunningOperation } from './running-operation.ts'
import type { Session, Sessions } from './sessions.ts'

/** Encoded bytes of all chunks of an artifact; undefined: there is no such artifact here. */
export type EncodedBytesOf = (artifact: ArtifactId) => Promise<number | undefined>

export function encodedBytesIn(artifacts: Pick<ArtifactStore, 'open'>): EncodedBytesOf {
  return async artifact => {
    const reader = await artifacts.open(artifact)
    if (reader === undefined) return undefined
    let bytes = 0
    for (let chunk = 0; chunk < reader.chunkCount; chunk += 1) bytes += reader.encodedLengthOf(chunk)
    return bytes
  }
}

/** Artifacts whose size is remembered. */
const sizesMax = 256

export class Transports {
  readonly #sessions: Sessions
  readonly #patches: PatchOffers | undefined
  readonly #encodedBytesOf: EncodedBytesOf | undefined
  /** Undefined: asked for, not known yet. */
  readonly #encodedBytes = new Map<ArtifactId, number | undefined>()

  constructor(sessions: Sessions, patches?: PatchOffers, encodedBytesOf?: EncodedBytesOf) {
    this.#sessions = sessions
    this.#patches = patches
    this.#encodedBytesOf = encodedBytesOf
  }

  /**
   * What the execution would hear if it were broadcast: it is at work on the offer, connected, and lacks most of the
   * image. Undefined: it pulls, or has what it needs.
   */
  heardBy(running: RunningOperation, execution: Execution): ArtifactId | undefined {
    const { state, step, answered, pullOnly, removal } = execution
    if (running.release === undefined || state !== 'in-progress' || answered !== true || pullOnly === true)
      return undefined
    if (removal !== undefined || running.operation.state === 'stopping') return undefined
    if (step !== 'offered' && step !== 'downloading') return undefined
    const session = this.#sessions.of(execution.device)
    if (session?.device === undefined) return undefined
    const manifest = running.manifestOf(session.device, execution)
    const memoryBytes = session.hello?.patchMemoryBytes ?? 0
    return this.#pullsForLess(installedBy(session, running), manifest, memoryBytes) ? undefined : manifest.artifact
  }

  #pullsForLess(base: ArtifactId | undefined, manifest: ReleaseManifest, memoryBytes: number): boolean {
    if (base === undefined || formatOf(manifest) !== 'raw') return false
    const { artifact, payloadSize } = manifest
    const least = this.#patches?.leastBytes({ base, target: artifact }, memoryBytes)
    if (least === undefined) return false
    // Until the size is known it is not asked to listen: that is a tick later.
    const whole = this.#encodedBytesOf === undefined ? payloadSize : this.#sizeOf(artifact, this.#encodedBytesOf)
    return whole === undefined || least < whole / 2
  }

  #sizeOf(artifact: ArtifactId, encodedBytesOf: EncodedBytesOf): number | undefined {
    if (this.#encodedBytes.has(artifact)) return this.#encodedBytes.get(artifact)
    for (const known of this.#encodedBytes.keys()) {
      if (this.#encodedBytes.size < sizesMax) break
      this.#encodedBytes.delete(known)
    }
    this.#encodedBytes.set(artifact, undefined)
    encodedBytesOf(artifact).then(
      bytes => this.#encodedBytes.set(artifact, bytes),
      // It cannot be read now; the next to ask tries again.
      () => this.#encodedBytes.delete(artifact),
    )
    return undefined
  }
}

/** The image the device reports for the component; undefined when it reports none, or the target already. */
export function installedBy({ device }: Session, { release }: RunningOperation): ArtifactId | undefined {
  const digest = device?.components.find(({ name }) => name === release?.component)?.digest
  return digest === undefined || digest === release?.installedSha256 ? undefined : artifactId(digest)
}
