// Chance from the operating system's generator.
import { randomBytes } from 'node:crypto'
import type { Random } from '../ports.ts'

export const systemRandom: Random = {
  // 48 bits: more than any jitter needs, and exact in a double.
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes: count => randomBytes(count),
}
