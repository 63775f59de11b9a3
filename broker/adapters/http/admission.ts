// Who asks, whichever way it is said: a token in the header Authorization, or the cookie of a session. Never both: where
// there is that header, it alone is judged, and the cookie is not looked at.
//
//   Authorization ─▶ TokenGate ────────────────┐
//   Cookie ─▶ same-origin ─▶ Sessions ─────────┴─▶ principal
import type { FastifyRequest } from 'fastify'
import { RequestRefused } from '../../errors.ts'
import type { TokenGate } from './authentication.ts'
import { mustBeOfConsole } from './same-origin.ts'
import type { SessionCookie } from './session-cookie.ts'
import type { Sessions } from './sessions.ts'

export class Admission {
  readonly #gate: TokenGate
  readonly #sessions: Sessions
  readonly #cookie: SessionCookie

  constructor(gate: TokenGate, sessions: Sessions, cookie: SessionCookie) {
    this.#gate = gate
    this.#sessions = sessions
    this.#cookie = cookie
  }

  /**
   * Writes the principal, and the session if it came by one, into the request. Throws RequestRefused UNAUTHENTICATED or
   * FORBIDDEN, or HttpProblem 429 after too many wrong tokens. Wrong cookies are not counted: they cannot be guessed, and
   * every tab sends one when a session is over.
   */
  async admit(request: FastifyRequest): Promise<void> {
    const value = this.#sessionValue(request)
    if (value === undefined) {
      request.principal = await this.#gate.admit(request.ip, request.headers.authorization)
      return
    }
    mustBeOfConsole(request)
    const used = await this.#sessions.use(value)
    if (used === undefined)
      throw new RequestRefused('UNAUTHENTICATED', 'The session is over: sign in again.', [
        { name: 'cookie', message: 'expected that of a session which is open' },
      ])
    request.principal = used.principal
    request.session = used.session
  }

  /** What the request came in by is still good; of one that was admitted before, so that nothing is counted. */
  async isStillGood(request: FastifyRequest): Promise<boolean> {
    const value = this.#sessionValue(request)
    return value === undefined ? this.#gate.isGood(request.headers.authorization) : this.#sessions.isGood(value)
  }

  #sessionValue({ headers }: FastifyRequest): string | undefined {
    return headers.authorization === undefined ? this.#cookie.read(headers.cookie) : undefined
  }
}
