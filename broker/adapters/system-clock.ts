// The clock and the chance of the machine.
import { randomBytes } from 'node:crypto'
import type { Clock, Random } from '../ports.ts'

/** A timer of Node that is longer, 24.8 days, would fire at once. */
const timerMsMax = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, action) {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number): void => {
      const nowMs = Math.min(leftMs, timerMsMax)
      timer = setTimeout(() => (leftMs > nowMs ? wait(leftMs - nowMs) : action()), nowMs)
      timer.unref()
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  },
}

/** Small draws come from a block that is filled at once: a call to the system for each costs more than the bytes. */
const blockBytes = 4096
let block = Buffer.alloc(0)

export const systemRandom: Random = {
  bytes(count) {
    if (count > blockBytes / 16) return randomBytes(count)
    if (block.length < count) block = randomBytes(blockBytes)
    const drawn = Buffer.from(block.subarray(0, count))
    // What was given out is not kept here.
    block.fill(0, 0, count)
    block = block.subarray(count)
    return drawn
  },
}
