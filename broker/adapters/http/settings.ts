// What the HTTP door allows at most. Milliseconds and bytes.

export interface HttpSettings {
  /** Largest JSON body. */
  readonly bodyBytesMax: number
  /** Deepest nesting of a JSON body, before it is parsed. */
  readonly jsonDepthMax: number
  /** Largest bundle. */
  readonly uploadBytesMax: number
  /** Bundles received at the same time; one more is told to come again. */
  readonly uploadsMax: number
  readonly connectionsMax: number
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number
  /** From the first byte of a request to the last of its body: the longest upload. */
  readonly requestTimeoutMs: number
  /** Silence on a connection with a request under way. */
  readonly idleTimeoutMs: number
  /** Between two requests on one connection. */
  readonly keepAliveTimeoutMs: number
  /** What `close` waits for running requests before it cuts them off. */
  readonly closeGraceMs: number
  /** Wrong tokens from one address in a minute, before unknown tokens are no longer looked up. */
  readonly failedTokensPerMinute: number
}

export const httpSettingsDefaults: HttpSettings = {
  bodyBytesMax: 1024 * 1024,
  jsonDepthMax: 16,
  // 4 GiB of image that does not compress, with its chunk index and envelope.
  uploadBytesMax: 4 * 1024 ** 3 + 16 * 1024 ** 2,
  uploadsMax: 4,
  connectionsMax: 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 3_600_000,
  idleTimeoutMs: 120_000,
  keepAliveTimeoutMs: 30_000,
  closeGraceMs: 10_000,
  failedTokensPerMinute: 5,
}
