// One attempt to deliver a notice: what is sent, and what follows from the outcome.
import { createHmac } from 'node:crypto'
import type { Notice, Webhook } from '../core/records.ts'
import type { WebhookOutcome, WebhookRequest } from './post.ts'

export interface RetrySettings {
  /** Attempts of one notice, the first included. */
  readonly attemptsMax: number
  /** From the notice on; one attempt is made however late the broker comes to it. */
  readonly ageMaxMs: number
  /** Before the second attempt, then twice as long each time up to the most; spread by a fifth, within these limits. */
  readonly backoffLeastMs: number
  readonly backoffMostMs: number
}

/**
 * `drover-delivery` is the same in every attempt, so that a receiver knows a repetition. The signature is over the second
 * it was sent and the body: `t=<seconds>,v1=<hex HMAC-SHA256 of "<seconds>.<body>">`, keyed with the webhook's secret.
 */
export function requestOf(webhook: Webhook, notice: Notice, now: number): WebhookRequest {
  const body = Buffer.from(JSON.stringify(notice.body))
  const seconds = Math.floor(now / 1000)
  const signature = createHmac('sha256', webhook.secret).update(`${seconds}.`).update(body).digest('hex')
  return {
    url: webhook.url,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'drover-broker',
      'drover-event': notice.event,
      'drover-delivery': `${webhook.id}-${notice.number}`,
      'drover-signature': `t=${seconds},v1=${signature}`,
    },
    body,
  }
}

export type Consequence =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly notice: Notice }
  | { readonly kind: 'drop' }

/** `chance` is 0 up to 1. */
export function consequenceOf(
  notice: Notice,
  outcome: WebhookOutcome,
  now: number,
  chance: number,
  { attemptsMax, ageMaxMs, backoffLeastMs, backoffMostMs }: RetrySettings,
): Consequence {
  if (outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300) return { kind: 'delivered' }
  const attempt = notice.attempt + 1
  if (attempt >= attemptsMax || now - notice.at >= ageMaxMs) return { kind: 'drop' }
  const delayMs = Math.min(backoffMostMs, backoffLeastMs * 2 ** (attempt - 1)) * (0.8 + 0.4 * chance)
  const dueAt = now + Math.round(Math.min(backoffMostMs, Math.max(backoffLeastMs, delayMs)))
  return { kind: 'retry', notice: { ...notice, attempt, dueAt } }
}
