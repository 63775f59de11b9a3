// Who looks on while the agent works: ports of their own kind, because nothing depends on them. Part of AgentPorts (ports.ts).

/** What the agent is about at one moment, for people and for the service manager. */
export interface AgentView {
  readonly components: readonly { readonly name: string; readonly version: string; readonly digest: string }[]
  /** A state of the update machine or of the command machine; `idle`. */
  readonly step: string
  readonly job?: {
    readonly operation: string
    readonly attempt: number
    readonly operationType: string
    readonly component?: string
    readonly version?: string
  }
  /** Set while an authorization was deferred: one word. */
  readonly waitingFor?: string
  readonly link: { readonly connected: boolean; readonly reason?: string }
  /** Connected, hello and outbox through: the broker knows all there is. */
  readonly ready: boolean
  /** Events the broker has not acknowledged. */
  readonly outboxCount: number
}

/** What happened, once it is durable: an event for the broker, or how an operation ended. */
export interface Happening {
  readonly kind: 'event' | 'result'
  readonly operation?: string
  readonly attempt?: number
  readonly component?: string
  /** A code, a step, or `hello` for a success that the hello tells. */
  readonly what: string
  readonly data: Readonly<Record<string, string>>
}

/** Told of every change, never waited for. Does not throw, and keeps neither the agent nor the process from anything. */
export interface Observer {
  changed(view: AgentView): void
  happened(happenings: readonly Happening[]): void
}

/** What was logged of late, as it was logged, secrets taken out. */
export interface RecentLog {
  /** An operation begins: lines from here on are its own. */
  mark(): void
  /** Newest lines, whole, up to `deviceLogBytesMax` bytes; `cut`: lines since the mark did not fit. */
  read(): { readonly text: string; readonly cut: boolean }
}
