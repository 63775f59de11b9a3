// What carries the chunks of broadcast sessions, as the orchestration sees it: it says which sessions there are and who
// belongs to them; how the bytes get to the sockets is the carousel's.
import type { ArtifactId, DeviceId, OperationId } from '../../proto/ids.ts'

export interface BroadcastSession {
  /** 16 hex digits, random: who was not told it does not hear it. */
  readonly name: string
  readonly operation: OperationId
  readonly artifact: ArtifactId
  /** To all members together, bytes a second. The setting of the broker, for what each of them hears, holds besides. */
  readonly bytesPerSecond?: number
}

/** Called at most once each, never from within a call of the sender. */
export interface SessionTold {
  /** The device has subscribed: it hears what is sent from now on. Called again after each new connection. */
  joined(device: DeviceId): void
  /** Every chunk has been sent once, and END has been said. */
  ended(): void
  /** The artifact cannot be read: nothing more will come. The members have been told nothing yet. */
  failed(reason: string): void
}

export interface SessionSender {
  /** The session exists; nobody is in it, nothing is sent. */
  open(session: BroadcastSession, told: SessionTold): void
  /** The device may subscribe. What it has to hear (START, or END when that has been said) it is told when it does. */
  invite(name: string, device: DeviceId): void
  /** Says START to who listens and begins with the first chunk. Once. */
  start(name: string): void
  /** A word for one member alone, now, if it listens; false: it does not. May be repeated. */
  say(name: string, device: DeviceId, word: 'activate' | 'abort', reason?: string): boolean
  /** No longer a member: nothing more is sent to it. */
  leave(name: string, device: DeviceId): void
  /** The session is no more; nobody is told. Unknown names are nothing. */
  close(name: string): void
}
