// The clock and the chance of the machine.
import { randomBytes } from 'node:crypto'
import type { Clock, Random } from '../ports.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

export const systemRandom: Random = { bytes: count => randomBytes(count) }
