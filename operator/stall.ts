// Whether something still moves: a transfer may take hours, but not stand still.
import type { Clock } from './ports.ts'

export interface Progress {
  /** Grows with every byte. */
  readonly bytes: number
  /** How long it may stay as it is now. */
  readonly idleMs: number
}

/** Aborts `stalled` when nothing has moved for a whole `idleMs`. Resolves when it has, or when `ended` aborts. */
export async function watchForStall(
  clock: Clock,
  progress: () => Progress,
  stalled: AbortController,
  ended: AbortSignal,
): Promise<void> {
  try {
    for (let before = -1; before !== progress().bytes; ) {
      before = progress().bytes
      await clock.sleep(progress().idleMs, ended)
    }
    stalled.abort()
  } catch {
    // Ended in time.
  }
}
