// Who is signed in. A session is 256 random bits that only the browser has; here is their SHA-256, and that of the token
// it was opened with. The principal is looked up at every request, so that a revoked or renewed token and another role
// count at once. Nothing is written down: a broker that was started again has no sessions.
import { createHash } from 'node:crypto'
import type { Principal } from '../../core/records.ts'
import type { Clock, Random } from '../../ports.ts'
import type { UseCases } from '../../use-cases/use-cases.ts'
import type { HttpSettings } from './settings.ts'

/** As a request sees the session it came in by. */
export interface OpenSession {
  /** As `sessionKey` makes it. */
  readonly key: string
  /** Unix milliseconds; moves with every request. */
  readonly expiresAt: number
}

interface Kept {
  readonly principal: Principal['name']
  readonly tokenSha256: string
  /** By the monotonic clock. */
  readonly openedAt: number
  readonly usedAt: number
}

export interface SessionParts {
  readonly useCases: Pick<UseCases, 'principalOfTokenSha256'>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly random: Random
  readonly settings: Pick<HttpSettings, 'sessionsMax' | 'sessionsEachMax' | 'sessionIdleMs' | 'sessionMs'>
}

export class Sessions {
  readonly #parts: SessionParts
  /** By the SHA-256 of the value; the longest unused first. */
  readonly #kept = new Map<string, Kept>()

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  /** For the cookie, and nowhere else. The longest unused goes where there are too many, of this principal or at all. */
  open(principal: Principal): { readonly value: string; readonly session: OpenSession } {
    const { clock, random, settings } = this.#parts
    for (const [key, kept] of this.#kept) if (this.#leftMs(kept) <= 0) this.#kept.delete(key)
    const own = [...this.#kept].filter(([, kept]) => kept.principal === principal.name).map(([key]) => key)
    for (const key of own.slice(0, Math.max(own.length - settings.sessionsEachMax + 1, 0))) this.#kept.delete(key)
    const all = [...this.#kept.keys()]
    for (const key of all.slice(0, Math.max(all.length - settings.sessionsMax + 1, 0))) this.#kept.delete(key)

    const value = random.bytes(32).toString('base64url')
    const key = sessionKey(value)
    const now = clock.monotonic()
    const kept: Kept = { principal: principal.name, tokenSha256: principal.tokenSha256, openedAt: now, usedAt: now }
    this.#kept.set(key, kept)
    return { value, session: this.#seen(key, kept) }
  }

  /** Who uses the session now, or undefined when there is none any more. Counts as a use. */
  async use(value: string): Promise<{ readonly principal: Principal; readonly session: OpenSession } | undefined> {
    const key = sessionKey(value)
    const principal = await this.#principal(key)
    const kept = this.#kept.get(key)
    // It may have been ended while the principal was looked up.
    if (principal === undefined || kept === undefined) return undefined
    const used: Kept = { ...kept, usedAt: this.#parts.clock.monotonic() }
    this.#kept.delete(key)
    this.#kept.set(key, used)
    return { principal, session: this.#seen(key, used) }
  }

  /** As `use`, without being one: a stream that is open all night is not somebody at work. */
  async isGood(value: string): Promise<boolean> {
    const key = sessionKey(value)
    return (await this.#principal(key)) !== undefined && this.#kept.has(key)
  }

  end(key: string): void {
    this.#kept.delete(key)
  }

  /** Rejects when the store cannot tell; the session stays then. */
  async #principal(key: string): Promise<Principal | undefined> {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    const principal =
      this.#leftMs(kept) > 0 ? await this.#parts.useCases.principalOfTokenSha256(kept.tokenSha256) : undefined
    if (principal === undefined) this.#kept.delete(key)
    return principal
  }

  #leftMs({ openedAt, usedAt }: Kept): number {
    const { clock, settings } = this.#parts
    return Math.min(usedAt + settings.sessionIdleMs, openedAt + settings.sessionMs) - clock.monotonic()
  }

  #seen(key: string, kept: Kept): OpenSession {
    return { key, expiresAt: this.#parts.clock.now() + this.#leftMs(kept) }
  }
}

/** SHA-256 of the value in a cookie: what is kept of it. */
export function sessionKey(value: string): string {
  return createHash('sha256').update(value).digest('base64')
}
