// Time as the operating system tells it.
import type { Clock } from '../ports.ts'

/** A longer delay would make setTimeout fire at once. */
const delayMsMax = 2 ** 31 - 1

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    let timer: NodeJS.Timeout
    const begin = (leftMs: number): void => {
      const nowMs = Math.min(Math.max(leftMs, 0), delayMsMax)
      timer = setTimeout(() => (leftMs > nowMs ? begin(leftMs - nowMs) : run()), nowMs)
    }
    begin(Number.isFinite(delayMs) ? delayMs : delayMsMax)
    return { cancel: () => clearTimeout(timer) }
  },
}
