// The connections this attachment knows, from CONNECT to the closed socket. A session belongs to one client object of
// Aedes and is found by that object alone, never by device or client id: the end of an old connection may be seen after
// the beginning of the new one (D3).

import type { ConnectPacket } from 'aedes'
import type { PrincipalName } from '../../../proto/ids.ts'
import type { Clock, Log, MqttEvents } from '../../ports.ts'
import { AedesDeviceConnection } from './device-connection.ts'
import type { HostBroker, HostClient } from './internals.ts'
import type { Party } from './rights.ts'
import type { AedesSettings } from './settings.ts'
import { StallWatch } from './stall-watch.ts'
import type { Tally } from './tally.ts'
import { told } from './told.ts'

export interface Session {
  readonly client: HostClient
  /** Absent for clients that were there before us. */
  readonly packet: ConnectPacket | undefined
  readonly stall: StallWatch
  /** Known after authenticate. */
  party: Party | undefined
  /** The user name is that of a device or principal, whether the secret was right or not. */
  isNamed: boolean
  /** Authenticated and let in; nothing is taken from or given to a client before (trap D). */
  accepted: boolean
  /** A newer connection of the same client has taken its place. */
  replaced: boolean
  ended: boolean
  /** Messages that are being worked on. */
  inFlight: number
  /** Kept here and not in Aedes, so that closing the broker, or a takeover, does not send it (D3, trap L). */
  will: Buffer | undefined
  connection: AedesDeviceConnection | undefined
  /** Resolves when Aedes has taken the client off its table, which can be later than the end of its socket. */
  readonly unregistered: Promise<void>
  readonly letGo: () => void
  readonly whenEnded: (() => void)[]
}

export class Sessions {
  readonly #aedes: HostBroker
  readonly #events: MqttEvents
  readonly #settings: AedesSettings
  readonly #clock: Clock
  readonly #log: Log
  readonly #closures: Tally
  readonly #byClient = new WeakMap<object, Session>()
  readonly #live = new Set<Session>()
  #connectionCount = 0
  /** Wills are not sent any more. */
  closing = false

  constructor(parts: {
    readonly aedes: HostBroker
    readonly events: MqttEvents
    readonly settings: AedesSettings
    readonly clock: Clock
    readonly log: Log
    readonly closures: Tally
  }) {
    this.#aedes = parts.aedes
    this.#events = parts.events
    this.#settings = parts.settings
    this.#clock = parts.clock
    this.#log = parts.log
    this.#closures = parts.closures
  }

  get(client: object): Session | undefined {
    return this.#byClient.get(client)
  }

  /** All that have not ended. */
  get live(): Iterable<Session> {
    return this.#live
  }

  begin(client: HostClient, packet: ConnectPacket | undefined): Session {
    let letGo: () => void = () => {}
    const unregistered = new Promise<void>(resolve => {
      letGo = resolve
    })
    const session: Session = {
      client,
      packet,
      stall: new StallWatch(client.conn, this.#clock, this.#settings.stallMs, () => this.close(session, 'stalled')),
      party: undefined,
      isNamed: false,
      accepted: false,
      replaced: false,
      ended: false,
      inFlight: 0,
      will: undefined,
      connection: undefined,
      unregistered,
      letGo,
      whenEnded: [],
    }
    this.#byClient.set(client, session)
    this.#live.add(session)
    if (client.conn.closed) this.end(session)
    else client.conn.once('close', () => this.end(session))
    return session
  }

  /** After CONNACK: from now on the device can be written to. */
  connected(session: Session): void {
    const { party, client } = session
    if (party?.kind !== 'device' || session.ended) return
    session.connection = new AedesDeviceConnection(party.device, ++this.#connectionCount, {
      client,
      stall: session.stall,
      close: reason => this.close(session, reason),
      ...(party.certificate === undefined ? {} : { certificate: party.certificate }),
    })
    this.#log.info(
      { event: 'device-connected', device: party.device, connection: session.connection.number },
      'connected',
    )
    this.#events.deviceConnected(session.connection)
  }

  /** Closes the connection from our side; `reason` is a fixed word for log and metric. */
  close(session: Session, reason: string): void {
    if (session.ended || session.client.closed) return
    this.#closures.add(reason)
    this.#log.warn({ event: 'mqtt-closed', ...namesOf(session), reason }, 'connection closed by the broker')
    session.client.close()
  }

  /** Aedes has taken the client off its table. */
  unregistered(client: object): void {
    const session = this.#byClient.get(client)
    if (session === undefined) return
    session.letGo()
    this.end(session)
  }

  /** Once for each session: by Aedes letting go of the client or by its socket being closed, whichever is first. */
  end(session: Session): void {
    if (session.ended) return
    session.ended = true
    session.stall.stop()
    this.#live.delete(session)
    const { connection } = session
    if (connection !== undefined) {
      this.#sendWill(session, connection)
      this.#log.info(
        { event: 'device-disconnected', device: connection.device, connection: connection.number },
        'disconnected',
      )
      this.#events.deviceDisconnected(connection)
    }
    for (const action of session.whenEnded) action()
  }

  /** Every connection of that principal; what he may do, he finds out when he connects again. */
  closeOperator(name: PrincipalName, reason: string): void {
    for (const session of [...this.#live])
      if (session.party?.kind === 'operator' && session.party.principal.name === name) this.close(session, reason)
  }

  counts(): { readonly device: number; readonly operator: number; readonly stranger: number } {
    const counts = { device: 0, operator: 0, stranger: 0 }
    for (const { party, accepted } of this.#live) if (accepted && party !== undefined) counts[party.kind]++
    return counts
  }

  undrainedBytes(): number {
    let sum = 0
    for (const { client } of this.#live) sum += client.conn.writableLength
    return sum
  }

  #sendWill(session: Session, connection: AedesDeviceConnection): void {
    const will = session.will
    session.will = undefined
    if (will === undefined || session.client._disconnected || session.replaced) return
    if (this.closing || this.#aedes.closed) return
    this.#events.deviceMessage(connection, 'presence', will).catch(error => {
      this.#log.warn({ event: 'will-refused', device: connection.device, err: error }, 'the will was not taken')
    })
  }
}

/** Fields for the log. */
export function namesOf(session: Session): Record<string, unknown> {
  const client = session.client.id === null ? undefined : told(session.client.id)
  switch (session.party?.kind) {
    case 'device':
      return { client, device: session.party.device }
    case 'operator':
      return { client, principal: session.party.principal.name }
    case 'stranger':
    case undefined:
      return { client }
  }
}
