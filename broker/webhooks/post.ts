// The port through which webhooks reach their receivers. It decides where may be posted to at all; when, how often and in
// which order is decided in webhooks.ts.

export interface WebhookRequest {
  readonly url: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** `failed`: no answer came; the reason is for people and for the log, and holds nothing the receiver said. */
export type WebhookOutcome =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'failed'; readonly reason: string }

export interface WebhookPost {
  /** What is wrong with a URL, or undefined. Looks nothing up: where its name leads is seen at each post. */
  problem(url: string): string | undefined
  /** Never rejects and follows no redirect. An abort ends it soon. May be repeated. */
  post(request: WebhookRequest, signal: AbortSignal): Promise<WebhookOutcome>
}
