// Delivers the durable notices to their webhooks: at least once, each webhook's in their order, none held up by another.
//
//   commit with notices ── wake ──▶ read ──▶ one line a webhook ──▶ attempt ──▶ delete-notice, or put-notice for later
//
// There is no polling: it reads when woken, and a timer runs to the next attempt that is due. A notice leaves the store when
// its receiver has answered 2xx, when it has been tried often and long enough, or when its webhook is gone.
import type { Notice } from '../core/records.ts'
import type { Change, Clock, Log, Random, Store } from '../ports.ts'
import { consequenceOf, type RetrySettings, requestOf } from './delivery.ts'
import { type Line, NoticeLines } from './notice-lines.ts'
import type { WebhookOutcome, WebhookPost, WebhookRequest } from './post.ts'

export interface WebhookSettings extends RetrySettings {
  /** Attempts under way at once, of all webhooks; each has at most one. */
  readonly concurrency: number
  readonly timeoutMs: number
  /** Notices of one webhook in memory. */
  readonly lineMax: number
  /** Notices read from the store at once, 1..1000. */
  readonly pageRows: number
}
export const webhookDefaults: WebhookSettings = {
  attemptsMax: 12,
  ageMaxMs: 3 * 86_400_000,
  backoffLeastMs: 10_000,
  backoffMostMs: 3_600_000,
  concurrency: 16,
  timeoutMs: 10_000,
  lineMax: 16,
  pageRows: 100,
}
/** Before the store is asked again after it has failed. */
const storePauseMs = 10_000

export class Webhooks {
  readonly #store: Store
  readonly #post: WebhookPost
  readonly #clock: Clock
  readonly #random: Random
  readonly #log: Log
  readonly #settings: WebhookSettings
  readonly #lines: NoticeLines
  readonly #attempts = new Set<Promise<void>>()
  readonly #closing = new AbortController()
  /** There may be notices that have not been read. */
  #wanted = true
  #reading: Promise<void> | undefined
  /** Read once more after that. */
  #again = false
  #cancelTimer: () => void = () => {}

  private constructor(
    store: Store,
    post: WebhookPost,
    clock: Clock,
    random: Random,
    log: Log,
    settings: WebhookSettings,
  ) {
    this.#store = store
    this.#post = post
    this.#clock = clock
    this.#random = random
    this.#log = log
    this.#settings = settings
    this.#lines = new NoticeLines(store, settings.lineMax, settings.pageRows)
  }

  /** Begins with what the store still has. Closes neither store nor port. */
  static async open(
    store: Store,
    post: WebhookPost,
    clock: Clock,
    random: Random,
    log: Log,
    settings: Partial<WebhookSettings> = {},
  ): Promise<Webhooks> {
    const webhooks = new Webhooks(store, post, clock, random, log, { ...webhookDefaults, ...settings })
    webhooks.wake()
    return webhooks
  }

  /** There are new notices in the store. Returns at once. */
  wake(): void {
    this.#wanted = true
    this.#go()
  }

  /** Ends attempts under way; what they were to deliver stays in the store. May be repeated. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#cancelTimer()
    while (this.#reading !== undefined || this.#attempts.size > 0) await Promise.all([this.#reading, ...this.#attempts])
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Reads what is to be read, one read at a time, and starts what is due. */
  #go(): void {
    if (this.#closed) return
    this.#dispatch()
    // It may be past the point where it would have seen what has changed.
    this.#again = this.#reading !== undefined
    if (this.#again) return
    this.#reading = this.#read()
      .catch(cause => {
        this.#log.error({ event: 'webhook-store-failed', err: cause }, 'notices could not be read; trying again')
        this.#wanted = true
        return this.#pause(storePauseMs)
      })
      .finally(() => {
        this.#reading = undefined
        if (this.#wanted || this.#again) this.#go()
        else this.#dispatch()
      })
  }

  async #read(): Promise<void> {
    while (!this.#closed) {
      if (!(await this.#lines.fill())) {
        if (!this.#wanted) return
        this.#wanted = false
        const more = await this.#lines.readNew()
        this.#wanted = this.#wanted || more
      }
      this.#dispatch()
    }
  }

  /** Starts what is due, as far as there is room, and sets the timer to what is due next. */
  #dispatch(): void {
    this.#cancelTimer()
    if (this.#closed) return
    const now = this.#clock.now()
    let nextMs = Number.POSITIVE_INFINITY
    for (const line of this.#lines.ready()) {
      const [notice] = line.waiting
      if (notice === undefined) continue
      const waitMs = notice.dueAt - now
      // Nothing is ever put off for longer: the clock has been set back.
      if (waitMs > 0 && waitMs <= this.#settings.backoffMostMs) nextMs = Math.min(nextMs, waitMs)
      else if (this.#attempts.size < this.#settings.concurrency) this.#start(line, notice)
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#cancelTimer = this.#clock.after(nextMs, () => this.#go())
  }

  #start(line: Line, notice: Notice): void {
    line.busy = true
    this.#lines.served(line)
    const attempt = this.#attempt(notice)
      .then(next => {
        line.waiting.shift()
        if (next !== undefined) line.waiting.unshift(next)
      })
      .catch(cause => {
        // Closed, or the store cannot tell the webhook: the notice waits where it was.
        if (!this.#closed)
          this.#log.error({ event: 'webhook-store-failed', err: cause }, 'a notice could not be sent; trying again')
        return this.#pause(storePauseMs)
      })
      .finally(() => {
        this.#attempts.delete(attempt)
        line.busy = false
        this.#go()
      })
    this.#attempts.add(attempt)
  }

  /** Resolves to the notice as it waits on, undefined when it has left the store; rejects when nothing has changed. */
  async #attempt(notice: Notice): Promise<Notice | undefined> {
    const webhook = (await this.#store.webhooks()).find(({ id }) => id === notice.webhook)
    if (webhook === undefined) {
      await this.#commit({ kind: 'delete-notice', number: notice.number })
      return undefined
    }
    const outcome = await this.#send(requestOf(webhook, notice, this.#clock.now()))
    // No failure of the receiver.
    if (outcome.kind === 'failed') this.#closing.signal.throwIfAborted()
    const chance = this.#random.bytes(4).readUInt32BE() / 2 ** 32
    const consequence = consequenceOf(notice, outcome, this.#clock.now(), chance, this.#settings)
    const fields = {
      webhook: notice.webhook,
      notice: notice.number,
      attempt: notice.attempt + 1,
      ...(outcome.kind === 'answered' ? { status: outcome.status } : { reason: outcome.reason }),
    }
    switch (consequence.kind) {
      case 'delivered':
        this.#log.debug({ event: 'webhook-delivered', ...fields }, 'notice delivered')
        await this.#commit({ kind: 'delete-notice', number: notice.number })
        return undefined
      case 'drop':
        this.#log.warn({ event: 'webhook-dropped', ...fields, noticeEvent: notice.event }, 'notice given up')
        await this.#commit({ kind: 'delete-notice', number: notice.number })
        return undefined
      case 'retry':
        this.#log.info(
          { event: 'webhook-failed', ...fields, dueAt: consequence.notice.dueAt },
          'notice not delivered; trying again',
        )
        await this.#commit({ kind: 'put-notice', notice: consequence.notice })
        return consequence.notice
    }
  }

  async #send(request: WebhookRequest): Promise<WebhookOutcome> {
    const ending = new AbortController()
    const end = () => ending.abort()
    const cancel = this.#clock.after(this.#settings.timeoutMs, end)
    this.#closing.signal.addEventListener('abort', end)
    try {
      this.#closing.signal.throwIfAborted()
      return await this.#post.post(request, ending.signal)
    } finally {
      cancel()
      this.#closing.signal.removeEventListener('abort', end)
    }
  }

  /** Until it is durable: what was delivered is not sent again only because the store could not write for a while. */
  async #commit(change: Change): Promise<void> {
    for (;;) {
      try {
        await this.#store.commit([change])
        return
      } catch (cause) {
        this.#closing.signal.throwIfAborted()
        this.#log.error({ event: 'webhook-store-failed', err: cause }, 'an outcome could not be saved; trying again')
      }
      await this.#pause(storePauseMs)
      this.#closing.signal.throwIfAborted()
    }
  }

  /** Ends at once when closed. */
  #pause(delayMs: number): Promise<void> {
    return new Promise(resolve => {
      if (this.#closed) return resolve()
      const cancel = this.#clock.after(delayMs, () => {
        this.#closing.signal.removeEventListener('abort', end)
        resolve()
      })
      const end = () => {
        cancel()
        resolve()
      }
      this.#closing.signal.addEventListener('abort', end, { once: true })
    })
  }
}
