// Who is asked before an update is downloaded and installed, apart from programs (adapters/hooks-exec): nobody, the
// maintenance window, or several in turn. An application that embeds the agent passes an Authorization of its own.
import { type Maintenance, maintenanceAnswer } from './core/maintenance.ts'
import type { Answer, Authorization, Clock, UpdateRequest } from './ports.ts'

export const alwaysAuthorized: Authorization = {
  download: async () => ({ kind: 'authorized' }),
  install: async () => ({ kind: 'authorized' }),
}

/** Longest time until the clock is looked at again: it may have been put right meanwhile. */
const askAgainMsMax = 15 * 60_000

/** Outside of the window the answer is `deferred`, until it opens or the clock has to be looked at again. */
export class MaintenanceWindow implements Authorization {
  readonly #clock: Clock
  readonly #maintenance: Maintenance

  constructor(clock: Clock, maintenance: Maintenance) {
    this.#clock = clock
    this.#maintenance = maintenance
  }

  async download(request: UpdateRequest): Promise<Answer> {
    return this.#answer('download', request)
  }

  async install(request: UpdateRequest): Promise<Answer> {
    return this.#answer('install', request)
  }

  #answer(what: 'download' | 'install', { priority }: UpdateRequest): Answer {
    const answer = maintenanceAnswer(this.#maintenance, what, priority, this.#clock.wallMs())
    if (answer.open) return { kind: 'authorized' }
    return { kind: 'deferred', reason: 'maintenance-window', afterMs: Math.min(answer.opensInMs, askAgainMsMax) }
  }
}

/** Asks one after the other; the first that does not authorize decides, and the rest are not asked. */
export class AskedInTurn implements Authorization {
  readonly #authorizations: readonly Authorization[]

  constructor(authorizations: readonly Authorization[]) {
    this.#authorizations = authorizations
  }

  download(request: UpdateRequest, signal: AbortSignal): Promise<Answer> {
    return this.#ask(authorization => authorization.download(request, signal))
  }

  install(request: UpdateRequest, signal: AbortSignal): Promise<Answer> {
    return this.#ask(authorization => authorization.install(request, signal))
  }

  async #ask(question: (authorization: Authorization) => Promise<Answer>): Promise<Answer> {
    for (const authorization of this.#authorizations) {
      const answer = await question(authorization)
      if (answer.kind !== 'authorized') return answer
    }
    return { kind: 'authorized' }
  }
}

/** Asks only about one component. */
export function onlyAbout(component: string, authorization: Authorization): Authorization {
  const about =
    (question: 'download' | 'install') =>
    async (request: UpdateRequest, signal: AbortSignal): Promise<Answer> =>
      request.component === component ? authorization[question](request, signal) : { kind: 'authorized' }
  return { download: about('download'), install: about('install') }
}
