// The patch maker as a thread of its own, at the lowest priority: neither the event loop nor the threads that it reads
// files with have any part in the work. The thread is there while there is work, and a little longer.
//
//   make ─▶ folder of the job ─▶ worker: both bundles ─▶ frames ─▶ patch, synced ─▶ PatchStore ─▶ folder removed
//                                  ╰── aborted, too slow, dead: ended in the middle, folder removed
//
// It reads bundles as files (proto/bundle.ts), so it needs a store of artifacts that has them as files.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ArtifactId } from '../../proto/ids.ts'
import { ArtifactUnreadable, PatchImpossible, StoreUnavailable } from '../errors.ts'
import type { Clock, MadePatch, PatchMaker, PatchPair, PatchStore } from '../ports.ts'
import { type PatchJob, type PatchJobEnd, patchName } from './patch-maker/job.ts'

export interface PatchMakerSettings {
  /** No patch from or to a larger image, bytes. */
  readonly imageBytesMax: number
  /** A patch that takes longer is given up. */
  readonly jobMsMax: number
  /** How long the thread stays when there is nothing to do. */
  readonly idleMs: number
  /**
   * Of JavaScript objects in the thread, which ends when they need more; two images of 4 GiB need less than half of it. The
   * frames and zstd take some 100 MiB beside it.
   */
  readonly heapMiB: number
}

export const patchMakerDefaults: PatchMakerSettings = {
  imageBytesMax: 512 * 1024 ** 2,
  jobMsMax: 30 * 60_000,
  idleMs: 30_000,
  heapMiB: 512,
}

export interface PatchMakerParts {
  /** Its own, for what is under way; emptied when it is opened. On the same file system as the patches. */
  readonly folder: string
  /** Where the bundle of an artifact lies, if there is one. */
  readonly bundlePath: (artifact: ArtifactId) => string
  readonly patches: PatchStore
  /** Where the program `zstd` is looked for: folders with a colon between them, as PATH has them. */
  readonly searchPath: string
  readonly clock: Clock
  readonly settings?: Partial<PatchMakerSettings>
}

export class PatchWorker implements PatchMaker {
  readonly #parts: PatchMakerParts
  readonly #settings: PatchMakerSettings
  readonly #closing = new AbortController()
  #worker: Worker | undefined
  #cancelIdle: (() => void) | undefined
  #jobNumber = 0
  /** The last of those that wait for their turn. */
  #last: Promise<unknown> = Promise.resolve()

  /** Rejects with StoreUnavailable. */
  static async open(parts: PatchMakerParts): Promise<PatchWorker> {
    await onDisk(`emptying ${parts.folder}`, rm(parts.folder, { recursive: true, force: true }))
    await onDisk(`making ${parts.folder}`, mkdir(parts.folder, { recursive: true }))
    return new PatchWorker(parts)
  }

  private constructor(parts: PatchMakerParts) {
    this.#parts = parts
    this.#settings = { ...patchMakerDefaults, ...parts.settings }
  }

  async chunkBytes(pair: PatchPair, signal: AbortSignal): Promise<number | undefined> {
    return this.#inTurn('measure', pair, signal, async end => (end.kind === 'measured' ? end.chunkBytes : undefined))
  }

  async make(pair: PatchPair, signal: AbortSignal): Promise<MadePatch | undefined> {
    return this.#inTurn('make', pair, signal, async (end, folder) => {
      if (end.kind !== 'made') return undefined
      const { patchBytes, metadata, chunkBytes, sha256 } = end
      const patch = { base: pair.base, target: pair.target, patchBytes, metadata, chunkBytes }
      await this.#parts.patches.keep(patch, { path: join(folder, patchName), sha256 })
      return patch
    })
  }

  async close(): Promise<void> {
    this.#closing.abort(new StoreUnavailable('the patch maker is closed'))
    await this.#last
    await this.#endWorker()
  }

  /** One job after the other, each in a folder of its own. */
  #inTurn<T>(
    kind: PatchJob['kind'],
    pair: PatchPair,
    signal: AbortSignal,
    finish: (end: PatchJobEnd, folder: string) => Promise<T>,
  ): Promise<T> {
    const stop = AbortSignal.any([signal, this.#closing.signal])
    const turn = this.#last.then(async () => {
      stop.throwIfAborted()
      this.#jobNumber += 1
      const folder = join(this.#parts.folder, `job-${this.#jobNumber}`)
      if (kind === 'make') await onDisk('making the folder of a patch', mkdir(folder))
      try {
        const { base, target } = pair
        const [basePath, targetPath] = [this.#parts.bundlePath(base), this.#parts.bundlePath(target)]
        const { imageBytesMax } = this.#settings
        const number = this.#jobNumber
        return await finish(
          await this.#done({ number, kind, base, target, basePath, targetPath, folder, imageBytesMax }, stop),
          folder,
        )
      } finally {
        // What does not go now goes at the next start.
        await rm(folder, { recursive: true, force: true }).catch(() => undefined)
      }
    })
    // The failure belongs to this job alone; the next one only waits for its end.
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** What came of the job. A worker that was ended, or died, is replaced for the next one. */
  async #done(job: PatchJob, stop: AbortSignal): Promise<PatchJobEnd> {
    this.#cancelIdle?.()
    const tooSlow = new AbortController()
    const cancelLimit = this.#parts.clock.after(this.#settings.jobMsMax, () =>
      tooSlow.abort(new PatchImpossible('too-slow', `it took longer than ${this.#settings.jobMsMax} ms`)),
    )
    try {
      const end = await this.#answer(job, AbortSignal.any([stop, tooSlow.signal]))
      return mustHaveWorked(end)
    } finally {
      cancelLimit()
      this.#cancelIdle = this.#parts.clock.after(this.#settings.idleMs, () => void this.#endWorker())
    }
  }

  async #answer(job: PatchJob, stop: AbortSignal): Promise<PatchJobEnd> {
    const worker = this.#started()
    let listening: (() => void) | undefined
    try {
      return await new Promise<PatchJobEnd>((resolve, reject) => {
        const gone = (code: number): void => reject(new Error(`the thread that makes patches ended (${code})`))
        const stopped = (): void => reject(stop.reason)
        worker.on('message', resolve).on('error', reject).on('exit', gone)
        stop.addEventListener('abort', stopped)
        listening = () => {
          worker.off('message', resolve).off('error', reject).off('exit', gone)
          stop.removeEventListener('abort', stopped)
        }
        worker.postMessage(job)
      })
    } catch (error) {
      listening?.()
      await this.#endWorker()
      throw error
    } finally {
      listening?.()
    }
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const worker = new Worker(new URL('./patch-maker/worker.js', import.meta.url), {
      name: 'drover-patches',
      // It is a program of its own: nothing that this process was started with is meant for it.
      execArgv: [],
      env: { PATH: this.#parts.searchPath },
      resourceLimits: { maxOldGenerationSizeMb: this.#settings.heapMiB },
    })
    // Between two jobs nobody else listens, and an error without a listener would be the broker's.
    worker.on('error', () => undefined)
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
    })
    this.#worker = worker
    return worker
  }

  async #endWorker(): Promise<void> {
    this.#cancelIdle?.()
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }
}

/** Throws what a job failed with. */
function mustHaveWorked(end: PatchJobEnd): PatchJobEnd {
  if (end.kind === 'impossible')
    throw new PatchImpossible(
      end.reason,
      end.reason === 'no-zstd'
        ? 'making patches needs Node 22.15 or later, or the program zstd on the PATH'
        : 'an image is larger than patches are made for',
    )
  if (end.kind !== 'failed') return end
  const { at, error } = end
  if (at === 'unreadable') throw new ArtifactUnreadable(error.message, { cause: error })
  if (at === 'write') throw new StoreUnavailable('writing a patch', { cause: error })
  throw error
}

async function onDisk<T>(what: string, doing: Promise<T>): Promise<T> {
  try {
    return await doing
  } catch (cause) {
    throw new StoreUnavailable(what, { cause })
  }
}
