// Who gets in. CONNECT passes here in this order, everything else waits:
//
//   preConnect     pause, inert duplicates, form of the CONNECT → the host's preConnect
//   authenticate   ours says device, operator, refused or "not mine" → strangers: refused, or the host's authenticate
//                  → rights (client id, will, rate) → its turn for the client id → the earlier connection is gone → in
//
// Client ids. A device's is its device id. An operator's becomes `{name}/{what he sent}`, which no device id can be; so
// whoever holds the id of one of ours is the same identity or a stranger, and only a stranger is displaced by another.
// A stranger never displaces one of ours.
import type { AuthenticateError, ConnectPacket } from 'aedes'
import { TokenBuckets } from '../../core/token-bucket.ts'
import { MessageRefused } from '../../errors.ts'
import type { Clock, Log, MqttEvents } from '../../ports.ts'
import type { ClientDeliveries } from './client-deliveries.ts'
import { connectProblem } from './connect-form.ts'
import { within } from './deadline.ts'
import { type Hooks, type HostBroker, type HostClient, inertDuplicates } from './internals.ts'
import { certificateOf } from './peer.ts'
import { mayWill, type Party } from './rights.ts'
import { namesOf, type Session, type Sessions } from './sessions.ts'
import type { AedesSettings } from './settings.ts'
import type { Tally } from './tally.ts'
import { toldUserName } from './told.ts'
import { Turns } from './turns.ts'

/** A CONNACK other than 0; `reason` is a fixed word for log and metric. */
interface Refusal {
  readonly returnCode: 2 | 3 | 4 | 5
  readonly reason: string
  /** The host's own words, handed on. */
  readonly hostError?: Error
}
type Done = (error: AuthenticateError | null, success: boolean | null) => void

export class Admission {
  readonly #aedes: HostBroker
  readonly #host: Hooks
  readonly #events: MqttEvents
  readonly #sessions: Sessions
  readonly #settings: AedesSettings
  readonly #clock: Clock
  readonly #log: Log
  readonly #refusals: Tally
  readonly #turns: Turns
  readonly #connects: TokenBuckets
  readonly #releases = new WeakMap<Session, () => void>()
  readonly #deliveriesOf: (client: HostClient) => ClientDeliveries | undefined

  constructor(parts: {
    readonly aedes: HostBroker
    readonly host: Hooks
    readonly events: MqttEvents
    readonly sessions: Sessions
    readonly settings: AedesSettings
    readonly clock: Clock
    readonly log: Log
    readonly refusals: Tally
    readonly deliveriesOf: (client: HostClient) => ClientDeliveries | undefined
  }) {
    this.#aedes = parts.aedes
    this.#host = parts.host
    this.#events = parts.events
    this.#sessions = parts.sessions
    this.#settings = parts.settings
    this.#clock = parts.clock
    this.#log = parts.log
    this.#refusals = parts.refusals
    this.#deliveriesOf = parts.deliveriesOf
    this.#turns = new Turns(parts.clock, parts.settings.takeoverTimeoutMs, waitingMax)
    this.#connects = new TokenBuckets(parts.settings.connects, rememberedMax)
  }

  /** Client ids with a connect under way. */
  get turnCount(): number {
    return this.#turns.size
  }

  /** `checked`: our parser guard has seen the bytes of the CONNECT. */
  preConnect(
    client: HostClient,
    packet: ConnectPacket,
    checked: boolean,
    done: (error: Error | null, success: boolean) => void,
  ): void {
    // Aedes handles what arrives while preConnect or authenticate is pending as if it were authenticated (trap D). It
    // resumes the client itself after CONNACK.
    client.pause()
    client.duplicates = inertDuplicates
    this.#sessions.begin(client, packet)
    const problem = checked ? undefined : connectProblem(packet)
    if (problem !== undefined) {
      this.#refusals.add('connect-malformed')
      done(new MessageRefused('connect-malformed', problem), false)
      return
    }
    // Aedes answers an unknown level with return code 1 and compares the number only (3.1.2.1, 3.1.2.2).
    if (packet.protocolId !== (packet.protocolVersion === 3 ? 'MQIsdp' : 'MQTT')) {
      packet.protocolVersion = unknownProtocol as 3
    }
    this.#host.preConnect.call(this.#aedes, client as never, packet as never, (error, success) => {
      // Without an error Aedes would leave the client open, and ours is paused.
      if (error === null || error === undefined) return done(success === true ? null : refusedByHost(), success)
      done(error, false)
    })
  }

  authenticate(client: HostClient, userName: string | undefined, password: Buffer | undefined, done: Done): void {
    const session = this.#sessions.get(client)
    if (session === undefined) {
      done(answer({ returnCode: 3, reason: 'attaching' }), null)
      return
    }
    this.#admit(session, userName, password).then(
      refusal => {
        if (refusal === undefined) return done(null, true)
        this.#refusals.add(refusal.reason)
        this.#log.warn(
          {
            event: 'connect-refused',
            ...namesOf(session),
            userName: toldUserName(userName, session.isNamed),
            reason: refusal.reason,
          },
          'CONNECT refused',
        )
        done(answer(refusal), null)
      },
      error => {
        this.#refusals.add('unavailable')
        this.#log.error({ event: 'connect-failed', ...namesOf(session), err: error }, 'CONNECT could not be checked')
        done(answer({ returnCode: 3, reason: 'unavailable' }), null)
      },
    )
  }

  /** Undefined when the client is in. */
  async #admit(
    session: Session,
    userName: string | undefined,
    password: Buffer | undefined,
  ): Promise<Refusal | undefined> {
    const { client, packet } = session
    if (packet === undefined || this.#sessions.closing) return { returnCode: 3, reason: 'closing' }
    // MQTT 3.1 has no empty ones at all.
    const mayBeEmpty = packet.clean !== false && packet.protocolVersion !== 3
    if (packet.clientId === '' && !mayBeEmpty) return { returnCode: 2, reason: 'client-id-empty' }
    const { clock, ms } = { clock: this.#clock, ms: this.#settings.authenticateTimeoutMs }
    const shown = certificateOf(client.conn)
    const identity = await within(clock, ms, this.#events.authenticate(packet.clientId, userName, password, shown))
    session.isNamed = identity !== undefined && identity !== 'certificate'
    if (identity === 'certificate') return { returnCode: 5, reason: 'certificate' }
    if (identity === 'refused') return { returnCode: 4, reason: 'credentials' }
    const party: Party = identity ?? { kind: 'stranger' }
    const refusal =
      party.kind === 'stranger'
        ? await this.#admitStranger(client, packet, userName, password)
        : this.#admitOurs(session, packet, party)
    if (refusal !== undefined) return refusal
    session.party = party
    const displaced = await this.#takePlace(session, party)
    if (displaced === undefined && !client.clean) await this.#deliveriesOf(client)?.recall()
    return displaced
  }

  #admitOurs(
    session: Session,
    packet: ConnectPacket,
    party: Exclude<Party, { kind: 'stranger' }>,
  ): Refusal | undefined {
    const { client } = session
    if (party.kind === 'device' && packet.clientId !== party.device) return { returnCode: 2, reason: 'client-id' }
    if (packet.will !== undefined && !mayWill(party, packet.will.topic)) return { returnCode: 5, reason: 'will' }
    const key = party.kind === 'device' ? `d/${party.device}` : `o/${party.principal.name}`
    if (!this.#connects.take(key, this.#clock.monotonic())) return { returnCode: 3, reason: 'connect-rate' }

    if (party.kind === 'operator') client.id = `${party.principal.name}/${client.id}`
    // No session of ours is kept: denied filters would be kept with it (trap E), and a queue without end (trap K).
    packet.clean = true
    client.clean = true
    const limit = this.#settings.keepaliveSecondsMax
    packet.keepalive = Math.min(packet.keepalive || limit, limit)
    if (packet.will !== undefined) session.will = Buffer.from(packet.will.payload)
    client._will = null
    return undefined
  }

  async #admitStranger(
    client: HostClient,
    packet: ConnectPacket,
    userName: string | undefined,
    password: Buffer | undefined,
  ): Promise<Refusal | undefined> {
    if (this.#settings.strangers === 'refuse') return { returnCode: 5, reason: 'unknown' }
    if (packet.will !== undefined && !mayWill({ kind: 'stranger' }, packet.will.topic)) {
      return { returnCode: 5, reason: 'will' }
    }
    const verdict = new Promise<Refusal | undefined>(resolve => {
      this.#host.authenticate.call(this.#aedes, client as never, userName, password, (error, success) => {
        if (error) return resolve({ returnCode: 5, reason: 'host', hostError: error })
        resolve(success ? undefined : { returnCode: 5, reason: 'host' })
      })
    })
    return within(this.#clock, this.#settings.authenticateTimeoutMs, verdict)
  }

  /** Waits for the client id, ends the connection that holds it, and lets the client in. */
  async #takePlace(session: Session, party: Party): Promise<Refusal | undefined> {
    const { client } = session
    const release = await this.#turns.take(client.id)
    if (release === undefined) return { returnCode: 3, reason: 'takeover-timeout' }
    if (session.ended) {
      release()
      return { returnCode: 3, reason: 'gone' }
    }
    this.#releases.set(session, release)
    session.whenEnded.push(() => {
      // Aedes goes on registering a client that has closed meanwhile; the id stays taken until it has, or can no more.
      if (session.accepted) this.#clock.after(this.#settings.takeoverTimeoutMs, release)
      else release()
    })
    const refusal = await this.#displace(client, party)
    if (refusal !== undefined) {
      release()
      return refusal
    }
    session.accepted = !session.ended
    return undefined
  }

  async #displace(client: HostClient, party: Party): Promise<Refusal | undefined> {
    const holder = this.#aedes.clients[client.id]
    if (holder === undefined) return undefined
    const held = this.#sessions.get(holder) ?? this.#sessions.begin(holder, undefined)
    if (party.kind === 'stranger' && held.party !== undefined && held.party.kind !== 'stranger') {
      return { returnCode: 2, reason: 'client-id-held' }
    }
    held.replaced = true
    holder.close()
    // A client that closes twice says at once that it is closed, and takes itself, or whoever follows it, off later.
    if (this.#aedes.clients[client.id] !== holder) return undefined
    return within(
      this.#clock,
      this.#settings.takeoverTimeoutMs,
      held.unregistered.then(() => undefined),
    )
  }

  /** Aedes has the client on its table: the next connect of this client id may begin. */
  registered(client: HostClient): void {
    const session = this.#sessions.get(client)
    if (session !== undefined) this.#releases.get(session)?.()
    if (!client.closed) return
    // It closed before it was registered, so nobody would take it off again.
    queueMicrotask(() => {
      if (this.#aedes.clients[client.id] === client) this.#aedes.unregisterClient(client)
    })
  }
}

/** Connects of one client id that wait for each other. */
const waitingMax = 8
/** Identities whose connect rate is remembered. */
const rememberedMax = 100_000
/** No level of MQTT. */
const unknownProtocol = 0

function answer(refusal: Refusal): AuthenticateError {
  if (refusal.hostError !== undefined) return refusal.hostError as AuthenticateError
  const error = new MessageRefused(refusal.reason, `CONNECT refused: ${refusal.reason}`)
  return Object.assign(error, { returnCode: refusal.returnCode })
}

function refusedByHost(): MessageRefused {
  return new MessageRefused('host', 'the host refused the connection')
}
