// A small world around the webhooks: the memory store, a clock moved by hand, receivers that do as they are told.
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import type { Notice, Webhook } from '../../../broker/core/records.ts'
import type { Change, Clock, Log, LogFields, Random, Store } from '../../../broker/ports.ts'
import type { WebhookOutcome, WebhookPost, WebhookRequest } from '../../../broker/webhooks/post.ts'
import { type WebhookSettings, Webhooks } from '../../../broker/webhooks/webhooks.ts'
import { principalName } from '../../../proto/ids.ts'

export const hour = 3_600_000
export const start = Date.UTC(2026, 0, 1)

class HandClock implements Clock {
  wall = start
  #monotonic = 0
  readonly timers = new Set<{ readonly at: number; readonly action: () => void }>()

  now(): number {
    return this.wall
  }
  monotonic(): number {
    return this.#monotonic
  }
  after(delayMs: number, action: () => void): () => void {
    const timer = { at: this.#monotonic + delayMs, action }
    this.timers.add(timer)
    return () => this.timers.delete(timer)
  }
  /** Fires what is due, in order, and lets everything run that waits for nothing but memory. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms
    for (await settled(); ; await settled()) {
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.timers.delete(next)
      this.#move(Math.max(next.at, this.#monotonic))
      next.action()
    }
    this.#move(end)
  }
  #move(to: number): void {
    this.wall += to - this.#monotonic
    this.#monotonic = to
  }
}
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(resolve => setImmediate(resolve))
}

/** Receivers by URL: what each answers, or a promise of it; what came is written down. */
class Receivers implements WebhookPost {
  readonly came: { readonly at: number; readonly url: string; readonly delivery: string; readonly body: string }[] = []
  readonly answers = new Map<string, () => number | Promise<WebhookOutcome>>()
  underWay = 0
  mostUnderWay = 0
  readonly #clock: Clock
  constructor(clock: Clock) {
    this.#clock = clock
  }
  problem(): undefined {}
  async post({ url, headers, body }: WebhookRequest, signal: AbortSignal): Promise<WebhookOutcome> {
    this.came.push({
      at: this.#clock.now() - start,
      url,
      delivery: headers['drover-delivery'] ?? '',
      body: Buffer.from(body).toString(),
    })
    this.underWay += 1
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay)
    try {
      const answer = this.answers.get(url)?.() ?? 200
      if (typeof answer === 'number') return { kind: 'answered', status: answer }
      const aborted = new Promise<WebhookOutcome>(resolve => {
        signal.addEventListener('abort', () => resolve({ kind: 'failed', reason: 'aborted' }))
      })
      return await Promise.race([answer, aborted])
    } finally {
      this.underWay -= 1
    }
  }
  numbers(url: string): readonly number[] {
    return this.came.filter(one => one.url === url).map(({ delivery }) => Number(delivery.split('-')[1]))
  }
}

/** An answer that never comes. */
export const silence = () => new Promise<WebhookOutcome>(() => {})
/** One half, whoever asks. */
const half: Random = { bytes: count => Buffer.concat([Buffer.of(0x80), Buffer.alloc(count - 1)]) }
export const webhookOf = (id: string): Webhook => ({
  id,
  url: `https://${id}.example/`,
  secret: `secret of ${id}`,
  events: ['operation.completed'],
  createdAt: start,
  createdBy: principalName('kim'),
})
export const noticeOf = (webhook: string, body: Notice['body'] = {}, at = start): Omit<Notice, 'number'> => ({
  webhook,
  event: 'operation.completed',
  at,
  attempt: 0,
  dueAt: at,
  body,
})

/** A store with webhooks a, b, … and the Webhooks over it, on a clock moved by hand. */
export async function world(
  names: string,
  settings: Partial<WebhookSettings> = {},
  gate?: (changes: readonly Change[]) => void,
) {
  const clock = new HandClock()
  const receivers = new Receivers(clock)
  const logged: (LogFields & { readonly level: string })[] = []
  const log = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map(level => [level, (fields: LogFields) => logged.push({ level, ...fields })]),
  ) as unknown as Log
  const store = new MemoryStore({ gate: async changes => gate?.(changes) })
  await store.commit([...names].map(id => ({ kind: 'put-webhook', webhook: webhookOf(id) }) as const))
  const open = (over: Store = store) => Webhooks.open(over, receivers, clock, half, log, settings)
  const append = (...webhooks: readonly string[]) =>
    store.commit(webhooks.map(id => ({ kind: 'append-notice', notice: noticeOf(id, {}, clock.now()) }) as const))
  const left = async () => (await store.notices({ limit: 1000 })).items
  return { clock, receivers, logged, store, open, append, left }
}

/** The store, its notices read in another way. */
export function readingBy(store: Store, notices: Store['notices']): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'notices') return notices
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
