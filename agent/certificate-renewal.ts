// A line to the broker that follows up the certificate it is opened with. It asks over the line itself, keeps what comes,
// and connects anew with it; nothing of the agent beyond the line hears of it. Whatever goes wrong is logged and tried again
// later: the line goes on with the certificate it has.
//
//   connected ─▶ due? ─▶ new key, request ─▶ answer ─▶ kept ─▶ connected by it ─▶ the one before is taken away
//      ▲                     │ refused, early, silence
//      └──── wait ◀──────────┘
import { encodeCertificateRequest, readCertificateAnswer } from '../proto/certificate-messages.ts'
import type { CertificateKeeper } from './certificate-keeper.ts'
import { renewalInMs, retryInMs } from './core/renewal.ts'
import type { Clock, Link, LinkHandlers, Log, Random, Timer } from './ports.ts'

/** A link that can end its connection in order and open the next one at once. */
export interface RenewableLink extends Link {
  connectAnew(): void
}

export interface RenewalParts {
  readonly link: RenewableLink
  readonly keeper: CertificateKeeper
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Of a certificate's life that may pass before the next one is asked for, in (0, 1). */
  readonly share: number
}

/** The broker answers at once or not at all. */
const answerMs = 60_000

export class RenewingLink implements Link {
  readonly #parts: RenewalParts
  /** One draw for all of this process's certificates. */
  readonly #drawn: number
  #timer: Timer | undefined
  #asking = false
  #failures = 0
  /** No request before that, monotonic milliseconds. */
  #notBeforeMs = 0
  #closed = false

  constructor(parts: RenewalParts) {
    this.#parts = parts
    this.#drawn = parts.random.fraction()
  }

  start(handlers: LinkHandlers): void {
    this.#parts.link.start({
      connected: () => {
        this.#connected()
        handlers.connected()
      },
      disconnected: reason => {
        this.#rest()
        handlers.disconnected(reason)
      },
      message: (downlink, bytes) => {
        if (downlink !== 'offer' || !this.#takes(bytes)) handlers.message(downlink, bytes)
      },
      broadcast: handlers.broadcast,
    })
  }

  publish(...[uplink, bytes]: Parameters<Link['publish']>): Promise<void> {
    return this.#parts.link.publish(uplink, bytes)
  }

  send(...[uplink, bytes]: Parameters<Link['send']>): void {
    this.#parts.link.send(uplink, bytes)
  }

  join(session: string): void {
    this.#parts.link.join(session)
  }

  leave(): void {
    this.#parts.link.leave()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#rest()
    await this.#parts.link.close()
  }

  #connected(): void {
    void this.#parts.keeper.proved()
    this.#plan()
  }

  /** Nothing is asked and nothing expected until the next connection. */
  #rest(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#asking = false
  }

  #plan(): void {
    const { clock, keeper, share } = this.#parts
    const life = keeper.life()
    if (life === undefined) return
    const dueInMs = renewalInMs(life, clock.wallMs(), share, this.#drawn)
    this.#after(Math.max(dueInMs, this.#notBeforeMs - clock.monotonicMs()), () => this.#ask())
  }

  async #ask(): Promise<void> {
    const { keeper, link, log } = this.#parts
    this.#asking = true
    try {
      const csr = await keeper.request()
      if (!this.#asking) return
      this.#after(answerMs, async () => this.#again('no-answer', 0))
      log.info({ event: 'certificate-wanted' }, 'asking the broker for the certificate that follows')
      await link.publish('certificate', encodeCertificateRequest(csr))
    } catch (err) {
      // Without a connection the next one plans anew.
      if (!this.#asking) return
      log.warn({ event: 'certificate-not-asked', err }, 'no request for a certificate')
      this.#again('not-asked', 0)
    }
  }

  /** False: the message is none of this. */
  #takes(bytes: Uint8Array): boolean {
    const { log } = this.#parts
    try {
      const answer = readCertificateAnswer(bytes)
      if (answer === undefined) return false
      if (!this.#asking) log.warn({ event: 'certificate-unasked' }, 'a certificate nobody asked for was dropped')
      else if (answer.kind === 'issued') void this.#keep(answer.certificate)
      else this.#again(answer.reason, answer.retryAfterSeconds * 1000)
      return true
    } catch (err) {
      log.warn({ event: 'message-unreadable', downlink: 'offer', err }, 'message dropped')
      return true
    }
  }

  async #keep(certificate: Uint8Array): Promise<void> {
    const { keeper, link, log } = this.#parts
    this.#rest()
    try {
      await keeper.keep(certificate)
    } catch (err) {
      log.error({ event: 'certificate-not-kept', err }, 'the certificate that was issued could not be kept')
      this.#again('not-kept', 0)
      return
    }
    this.#failures = 0
    log.info({ event: 'certificate-kept' }, 'a new certificate is here; connecting anew with it')
    if (!this.#closed) link.connectAnew()
  }

  /** The broker that is merely asked too early is no failure. */
  #again(reason: string, leastMs: number): void {
    const { clock, log, random } = this.#parts
    this.#asking = false
    const early = reason === 'early'
    this.#failures = early ? 0 : this.#failures + 1
    const delayMs = retryInMs(this.#failures, leastMs, random.fraction())
    this.#notBeforeMs = clock.monotonicMs() + delayMs
    if (early) log.info({ event: 'certificate-early', delayMs }, 'the certificate is good for longer, says the broker')
    else log.warn({ event: 'certificate-refused', reason, delayMs }, 'no new certificate; the one in use stays')
    this.#plan()
  }

  #after(delayMs: number, run: () => Promise<void>): void {
    this.#timer?.cancel()
    if (this.#closed) return
    this.#timer = this.#parts.clock.after(Math.max(0, delayMs), () => void run())
  }
}
