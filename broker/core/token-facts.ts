// What is kept of the token of a principal: enough to know it when it comes and to tell people which one it is.

/** Times are milliseconds since 1970. */
export interface TokenFacts {
  /** SHA-256 of the token (256 random bits), lower-case hex. The token itself is shown once and kept nowhere. */
  readonly tokenSha256: string
  /** First characters of the token; absent: made before this was kept. */
  readonly tokenPrefix?: string
  /** When the token was made, where that is later than the principal. */
  readonly tokenCreatedAt?: number
  /** From then on the token opens nothing; absent: it has no end. */
  readonly expiresAt?: number
  /** Coarse: at most one write an hour; absent: never. */
  readonly lastUsedAt?: number
}
