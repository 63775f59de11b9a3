// Asking whoever decides on this device, and asking again for as long as the answer is "not now".
import type { Manifest } from '../../proto/manifest.ts'
import { growingDelayMs } from '../core/backoff.ts'
import type { Job } from '../core/memory.ts'
import type { UpdateInput } from '../core/words.ts'
import type { AgentPorts, Answer, UpdateRequest } from '../ports.ts'

const leastWaitMs = 60_000
const longestWaitMs = 60 * 60_000

/** `deferred` takes the first "not now" of each asking. */
export class Authorizer {
  readonly #ports: Pick<AgentPorts, 'authorization' | 'clock' | 'log'>
  readonly #deferred: (input: UpdateInput) => void
  #wake: (() => void) | undefined
  #reason = ''

  constructor(ports: Pick<AgentPorts, 'authorization' | 'clock' | 'log'>, deferred: (input: UpdateInput) => void) {
    this.#ports = ports
    this.#deferred = deferred
  }

  /** Why it is waited for another answer; undefined when nothing waits. */
  get waitingFor(): string | undefined {
    return this.#wake === undefined ? undefined : this.#reason
  }

  /** The application thinks otherwise now: what waits is asked again at once. */
  askAgain(): void {
    this.#wake?.()
  }

  /**
   * Resolves with the verdict; with undefined when aborted. What the application throws is a rejection. `lookAgain` is
   * asked before a yes that was waited for counts: what it finds takes its place.
   */
  async ask(
    what: 'download' | 'install',
    job: Job,
    manifest: Manifest,
    installedVersion: string,
    signal: AbortSignal,
    lookAgain: () => Promise<UpdateInput | undefined>,
  ): Promise<UpdateInput | undefined> {
    const { component, version, payloadSize: payloadBytes, priority, vendorData } = manifest
    const request = { operation: job.operation, component, version, payloadBytes, priority, vendorData }
    for (let asked = 0; !signal.aborted; asked += 1) {
      const answer = await this.#answer(what, { ...request, installedVersion }, signal)
      if (signal.aborted) break
      const found = answer.kind === 'authorized' && asked > 0 ? await lookAgain() : undefined
      if (found !== undefined) return found
      if (answer.kind === 'authorized')
        return { kind: what === 'download' ? 'download-authorized' : 'install-authorized' }
      if (answer.kind === 'rejected') {
        const code = what === 'download' ? 'UPD4_FAIL_38' : 'UPD4_FAIL_37'
        return { kind: 'failed', failure: { code, data: { reason: answer.reason.slice(0, 160) } } }
      }
      const waitMs = answer.afterMs ?? growingDelayMs(asked, leastWaitMs, longestWaitMs)
      const { operation } = job
      this.#ports.log.info({ event: 'deferred', operation, what, reason: answer.reason, waitMs }, 'not now')
      if (asked === 0) this.#deferred({ kind: 'deferred', reason: answer.reason.slice(0, 160) })
      this.#reason = answer.reason
      await this.#wait(waitMs, signal)
    }
    return undefined
  }

  async #answer(what: 'download' | 'install', request: UpdateRequest, signal: AbortSignal): Promise<Answer> {
    try {
      return await this.#ports.authorization[what](request, signal)
    } catch (err) {
      this.#ports.log.error({ event: 'authorization-failed', what, err }, 'the application failed while it was asked')
      return { kind: 'rejected', reason: err instanceof Error ? `threw: ${err.message}` : 'threw' }
    }
  }

  async #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>(resolve => {
      const end = (): void => {
        timer.cancel()
        signal.removeEventListener('abort', end)
        this.#wake = undefined
        resolve()
      }
      const timer = this.#ports.clock.after(Math.max(1000, delayMs), end)
      signal.addEventListener('abort', end, { once: true })
      this.#wake = end
    })
  }
}
