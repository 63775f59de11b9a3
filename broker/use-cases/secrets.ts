// Secrets of devices and tokens of principals: 256 random bits, shown once, kept as SHA-256. A slow hash would guard
// guessable passwords; these cannot be guessed, and a fleet that reconnects must not cost minutes of CPU.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Random } from '../ports.ts'

/** 43 characters of base64url. */
export function newSecret(random: Random): string {
  return random.bytes(32).toString('base64url')
}

/** Lower-case hex. */
export function secretSha256(secret: string | Uint8Array): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Takes the same time wherever the first difference is. */
export function secretMatches(secret: string | Uint8Array, sha256: string): boolean {
  return timingSafeEqual(Buffer.from(secretSha256(secret), 'hex'), Buffer.from(sha256, 'hex'))
}
