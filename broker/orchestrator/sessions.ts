// Who is connected, and what each connected device has said in this connection. A device is "judged" when its hello and
// every outbox event the hello announced are stored: only then does its word about versions count.
import type { DeviceId } from '../../proto/ids.ts'
import type { Hello } from '../../proto/messages.ts'
import type { Device, JournalPosition } from '../core/device.ts'
import type { DeviceConnection } from '../ports.ts'

export interface Session {
  readonly connection: DeviceConnection
  /** The last hello of this connection, once it is stored. */
  hello?: Hello
  /** The registry's record as last stored. */
  device?: Device
  judged: boolean
}

export class Sessions {
  readonly #byDevice = new Map<DeviceId, Session>()

  get count(): number {
    return this.#byDevice.size
  }

  opened(connection: DeviceConnection): void {
    this.#byDevice.set(connection.device, { connection, judged: false })
  }

  /** A late word about a connection that has been replaced changes nothing. */
  closed(connection: DeviceConnection): void {
    if (this.#byDevice.get(connection.device)?.connection === connection) this.#byDevice.delete(connection.device)
  }

  of(device: DeviceId): Session | undefined {
    return this.#byDevice.get(device)
  }

  /** The session of exactly this connection, or undefined when it has been replaced or closed. */
  ofConnection(connection: DeviceConnection): Session | undefined {
    const session = this.#byDevice.get(connection.device)
    return session?.connection === connection ? session : undefined
  }

  isOnline(device: DeviceId): boolean {
    return this.#byDevice.has(device)
  }
}

/** All events the hello announced are stored. */
export function outboxIsIn(hello: Hello, journals: readonly JournalPosition[]): boolean {
  if (hello.outboxEventCount === 0) return true
  const position = journals.find(journal => journal.journalId === hello.journalId)
  return position !== undefined && position.floor >= hello.outboxLastEventNumber
}

/** Events up to here were acknowledged before the hello was said. */
export function acknowledgedFloor(hello: Hello): number {
  return Math.max(0, hello.outboxLastEventNumber - hello.outboxEventCount)
}
