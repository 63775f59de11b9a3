// A power cut at a step of an update, once: as the step is being saved, as it has just been saved, or a moment later.
import type { Clock } from '../../../agent/ports.ts'
import type { Seed } from '../../world/seed.ts'
import type { JournalWatch } from './memory-journal.ts'

/** States of the agent's update machine. */
export type CutStep = 'accepting' | 'downloading' | 'verifying' | 'installing' | 'rebooting' | 'confirming'

const laterMostMs = 30

/** `cut` takes the power away. */
export function powerCutAt(step: CutStep, clock: Clock, seed: Seed, cut: () => void): JournalWatch {
  const when = seed.pick(['saving', 'saved', 'later'] as const)
  let isOver = false
  const reached = (kind: string | undefined): boolean => {
    if (isOver || kind !== step) return false
    isOver = true
    return true
  }
  return {
    saving(batch) {
      if (when === 'saving' && reached(batch.memory?.state.kind)) cut()
    },
    saved(batch) {
      if (when === 'saving' || !reached(batch.memory?.state.kind)) return
      if (when === 'saved') cut()
      else clock.after(seed.fraction() * laterMostMs, cut)
    },
  }
}
