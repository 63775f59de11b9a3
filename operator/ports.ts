// What the operators' tools need from the world besides files and fetch: time and chance that a test can hold in its hand.

export interface Clock {
  /** Wall time, milliseconds since 1970. */
  now(): number
  /** Rejects with the reason of `signal` when that comes first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Aborts after `delayMs` with a DOMException named TimeoutError. Does not keep the process alive. */
  deadline(delayMs: number): AbortSignal
}

export interface Random {
  /** That many bytes nobody can foretell. */
  bytes(count: number): Uint8Array
}
