// Who is asking: a bearer token to its principal. An address that brings wrong tokens is not looked up for a while;
// tokens that were right before still are, so that one forgotten script does not lock out everybody behind its address.
import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { Principal } from '../../core/records.ts'
import { type FieldProblem, RequestRefused } from '../../errors.ts'
import type { Clock } from '../../ports.ts'
import type { UseCases } from '../../use-cases/use-cases.ts'
import { HttpProblem } from './problems.ts'

const windowMs = 60_000
const addressesMax = 10_000
const knownTokensMax = 1024
/** RFC 6750, 2.1; 256 random bits need 43 characters. */
const bearer = /^Bearer +([A-Za-z0-9._~+/-]{1,256}=*) *$/i
const tokenSyntax = /^[A-Za-z0-9._~+/-]{1,256}=*$/
const inHeader: FieldProblem = { name: 'authorization', message: 'expected Bearer <token>' }
const inBody: FieldProblem = { name: 'token', message: 'expected one that is valid now' }

interface Failures {
  readonly count: number
  readonly since: number
}

export class TokenGate {
  readonly #useCases: Pick<UseCases, 'principalOfToken'>
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #failuresMax: number
  /** Oldest first; bounded. */
  readonly #failures = new Map<string, Failures>()
  /** SHA-256 of tokens that were right; oldest first, bounded. */
  readonly #known = new Set<string>()

  constructor(
    useCases: Pick<UseCases, 'principalOfToken'>,
    clock: Pick<Clock, 'monotonic'>,
    failedTokensPerMinute: number,
  ) {
    this.#useCases = useCases
    this.#clock = clock
    this.#failuresMax = failedTokensPerMinute
  }

  /** Throws RequestRefused UNAUTHENTICATED, or HttpProblem 429 after too many wrong tokens from this address. */
  async admit(remoteAddress: string, authorization: string | undefined): Promise<Principal> {
    if (authorization === undefined)
      throw new RequestRefused(
        'UNAUTHENTICATED',
        'This needs a token: send the header Authorization: Bearer <token>.',
        [inHeader],
      )
    return this.#judge(remoteAddress, bearer.exec(authorization)?.[1], inHeader)
  }

  /** As `admit`, of a token that came in a body. */
  async admitToken(remoteAddress: string, text: string): Promise<Principal> {
    return this.#judge(remoteAddress, tokenSyntax.exec(text)?.[0], inBody)
  }

  async #judge(remoteAddress: string, token: string | undefined, problem: FieldProblem): Promise<Principal> {
    const address = addressGroup(remoteAddress)
    const digest = token === undefined ? '' : createHash('sha256').update(token).digest('base64')
    if (!this.#known.has(digest)) this.#refuseWhenTooMany(address)
    const principal = token === undefined ? undefined : await this.#useCases.principalOfToken(token)
    if (principal !== undefined) {
      bounded(this.#known, knownTokensMax).add(digest)
      return principal
    }
    this.#known.delete(digest)
    // Others may have failed while this one was looked up.
    this.#refuseWhenTooMany(address)
    this.#countFailure(address)
    throw new RequestRefused('UNAUTHENTICATED', 'The token is not valid.', [problem])
  }

  /** Throws HttpProblem 429 after too many wrong tokens from this address, whoever judged them. */
  refuseAfterFailures(remoteAddress: string): void {
    this.#refuseWhenTooMany(addressGroup(remoteAddress))
  }

  failed(remoteAddress: string): void {
    this.#countFailure(addressGroup(remoteAddress))
  }

  /** The token still opens a principal; of one that was admitted before, so that nothing is counted. */
  async isGood(authorization: string | undefined): Promise<boolean> {
    const token = bearer.exec(authorization ?? '')?.[1]
    return token !== undefined && (await this.#useCases.principalOfToken(token)) !== undefined
  }

  #refuseWhenTooMany(address: string): void {
    const failures = this.#failures.get(address)
    if (failures === undefined || failures.count < this.#failuresMax) return
    const leftMs = failures.since + windowMs - this.#clock.monotonic()
    if (leftMs <= 0) return
    throw new HttpProblem({
      status: 429,
      type: 'TOO_MANY_REQUESTS',
      message: `Too many wrong tokens from this address; try again in ${Math.ceil(leftMs / 1000)} s.`,
      fields: [{ name: 'authorization', message: 'too many wrong tokens from this address' }],
      retryAfterSeconds: Math.ceil(leftMs / 1000),
    })
  }

  #countFailure(address: string): void {
    const now = this.#clock.monotonic()
    const failures = this.#failures.get(address)
    const current = failures === undefined || now - failures.since >= windowMs ? { count: 0, since: now } : failures
    this.#failures.delete(address)
    bounded(this.#failures, addressesMax).set(address, { ...current, count: current.count + 1 })
  }
}

/** An IPv6 host has a whole /64 at hand, so its first half counts as the address. */
function addressGroup(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address
  const [head = '', tail] = address.split('::')
  const groups = head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length
  return [...groups, ...Array<string>(Math.max(missing, 0)).fill('0')].slice(0, 4).join(':')
}

/** Makes room for one more by letting the oldest go. */
function bounded<T extends Map<string, unknown> | Set<string>>(entries: T, most: number): T {
  if (entries.size >= most) {
    const oldest = entries.keys().next()
    if (oldest.done !== true) entries.delete(oldest.value)
  }
  return entries
}
