// What the HTTP door allows at most. Milliseconds and bytes.

export interface HttpSettings {
  /** Largest JSON body. */
  readonly bodyBytesMax: number
  /** Deepest nesting of a JSON body, before it is parsed. */
  readonly jsonDepthMax: number
  /** Largest bundle. */
  readonly uploadBytesMax: number
  /** Bundles and target lists received at the same time; one more is told to come again. */
  readonly uploadsMax: number
  /** Largest target list. */
  readonly importBytesMax: number
  /** Files sent at the same time. */
  readonly downloadsMax: number
  /** Live streams at the same time: all, and of one principal. */
  readonly streamsMax: number
  readonly streamsEachMax: number
  /** Between two signs of life on a live stream; then it is also looked whether the token is still good. */
  readonly streamHeartbeatMs: number
  /** What a reader of a live stream may leave it unread before he is cut off. */
  readonly streamStallMs: number
  /** Address of a request, and its headers. Together they are what Node reads at most. */
  readonly addressBytesMax: number
  readonly headerBytesMax: number
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
  /** Sessions of browsers at the same time: all, and of one principal. */
  readonly sessionsMax: number
  readonly sessionsEachMax: number
  /** A session ends when it was not used for so long, and when it is so old. */
  readonly sessionIdleMs: number
  readonly sessionMs: number
}

export const httpSettingsDefaults: HttpSettings = {
  bodyBytesMax: 1024 * 1024,
  jsonDepthMax: 16,
  // 4 GiB of image that does not compress, with its chunk index and envelope.
  uploadBytesMax: 4 * 1024 ** 3 + 16 * 1024 ** 2,
  uploadsMax: 4,
  importBytesMax: 16 * 1024 * 1024,
  downloadsMax: 8,
  streamsMax: 256,
  streamsEachMax: 32,
  streamHeartbeatMs: 15_000,
  streamStallMs: 20_000,
  addressBytesMax: 16 * 1024,
  headerBytesMax: 16 * 1024,
  connectionsMax: 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 3_600_000,
  idleTimeoutMs: 120_000,
  keepAliveTimeoutMs: 30_000,
  closeGraceMs: 10_000,
  failedTokensPerMinute: 5,
  sessionsMax: 1_000,
  sessionsEachMax: 32,
  sessionIdleMs: 12 * 3_600_000,
  sessionMs: 7 * 24 * 3_600_000,
}
