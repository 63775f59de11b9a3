// Attaches the orchestration to an Aedes instance, ours or a host's. Everything that touches Aedes is in this folder.
//
// Order in each hook (the host's own are called as methods of the broker and stay in force):
//   handle              ours (packet limit on the bytes) → host → ours (a strict parser)
//   preConnect          ours (pause, form) → host
//   authenticate        ours → host, for clients that are neither device nor operator → ours (client id)
//   (parser)            what devices publish goes from the socket or the parser to us (device-publishes.ts); all else:
//   authorizePublish    ours; what is not a device's or an operator's → host → ours again on what the host made of it
//   authorizeSubscribe  the same
//   authorizeForward    ours (rights, backlog) → host, for strangers
//   published           host, except for what we have taken out
//
// What changes for the host's own clients: drover/v1, $SYS and $share are closed to them; copies for overlapping
// subscriptions (inert duplicates); packets have a limit and must be well-formed; one that does not read is closed.
import type { Duplex } from 'node:stream'
import type { Aedes, Subscription } from 'aedes'
import type { PrincipalName } from '../../../proto/ids.ts'
import { AttachRefused } from '../../errors.ts'
import type { Clock, Log, MqttEvents, OperatorChannel } from '../../ports.ts'
import { Admission } from './admission.ts'
import { BroadcastSubscriptions } from './broadcast-subscriptions.ts'
import { listenTo } from './broker-events.ts'
import { ClientDeliveries } from './client-deliveries.ts'
import { TimedOut, within } from './deadline.ts'
import { Deliveries } from './deliveries.ts'
import { DevicePublishes } from './device-publishes.ts'
import { guardFrames } from './frame-guard.ts'
import { hostAdvice } from './host-advice.ts'
import { clientOf, type HookName, type Hooks, type HostBroker, hookNames, internalsOf } from './internals.ts'
import { Messages } from './messages.ts'
import { AedesOperatorChannel } from './operator-channel.ts'
import { PacketOrder } from './packet-order.ts'
import { fitParser } from './parser-guard.ts'
import { guardPersistence } from './persistence-guard.ts'
import { sinkTopic } from './rights.ts'
import { selfTest } from './self-test.ts'
import { Sessions } from './sessions.ts'
import { type AedesSettings, aedesSettingsDefault } from './settings.ts'
import { openSink } from './sink.ts'
import { Tally } from './tally.ts'

export interface AedesAttachment {
  readonly channel: OperatorChannel
  /** What the host must set itself, one sentence each. */
  readonly advice: readonly string[]
  figures(): MqttFigures
  /** Ends the connections of one principal: his role, token or existence has changed. */
  disconnectOperator(name: PrincipalName, reason: string): void
  /** Ends the connections of devices and operators, sends none of their wills, and gives every hook back. Repeatable. */
  close(): Promise<void>
}

export interface MqttFigures {
  readonly connections: { readonly device: number; readonly operator: number; readonly stranger: number }
  /** Refused connects, filters and dropped messages to operators, by reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Connections ended by the broker, by reason. */
  readonly closed: Readonly<Record<string, number>>
  /** Over all connections: handed to sockets and not yet taken by the kernel. */
  readonly undrainedBytes: number
  /** Client ids with a connect under way. */
  readonly connecting: number
}

/** Rejects with AttachRefused when the instance is already attached to, or is not an Aedes we know. */
export async function attachAedes(
  aedes: Aedes,
  events: MqttEvents,
  settings: Partial<AedesSettings>,
  world: { readonly clock: Clock; readonly log: Log },
): Promise<AedesAttachment> {
  const broker = internalsOf(aedes)
  const marked = aedes as unknown as { [attached]?: true }
  if (marked[attached] !== undefined) throw new AttachRefused('this Aedes instance is attached to already')
  Object.defineProperty(aedes, attached, { value: true, configurable: true })
  try {
    await selfTest(broker, world.clock)
    return new Attachment(aedes, events, { ...aedesSettingsDefault, ...settings }, world)
  } catch (error) {
    delete marked[attached]
    throw error
  }
}

/** On the instance, so that two copies of this package see each other. */
const attached = Symbol.for('drover.attached')

class Attachment implements AedesAttachment {
  readonly channel: OperatorChannel
  readonly advice: readonly string[]
  readonly #aedes: Aedes
  readonly #broker: HostBroker
  readonly #settings: AedesSettings
  readonly #clock: Clock
  readonly #log: Log
  readonly #host: Hooks
  readonly #ours: Hooks
  readonly #refusals = new Tally()
  readonly #closures = new Tally()
  readonly #sessions: Sessions
  readonly #admission: Admission
  readonly #publishes: DevicePublishes
  /** Of every client that came by our `handle` or preConnect. */
  readonly #deliveries = new WeakMap<object, ClientDeliveries>()
  readonly #isRefused: (subscription: Subscription) => boolean
  readonly #undo: (() => void)[] = []
  #open = true
  #closing: Promise<void> | undefined

  constructor(
    aedes: Aedes,
    events: MqttEvents,
    settings: AedesSettings,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#aedes = aedes
    this.#broker = internalsOf(aedes)
    this.#settings = settings
    this.#clock = clock
    this.#log = log
    this.#host = Object.fromEntries(hookNames.map(name => [name, aedes[name]])) as unknown as Hooks
    const parts = {
      aedes: this.#broker,
      host: this.#host,
      events,
      settings,
      clock,
      log,
      refusals: this.#refusals,
      closures: this.#closures,
    }
    this.#sessions = new Sessions(parts)
    const deliveriesOf = (client: object): ClientDeliveries | undefined => this.#deliveries.get(client)
    this.#admission = new Admission({ ...parts, sessions: this.#sessions, deliveriesOf })
    this.channel = new AedesOperatorChannel(this.#broker, settings.operatorPublishesMax, log, this.#refusals)
    this.advice = hostAdvice(this.#broker, settings.strangers === 'host')
    const broadcasts = new BroadcastSubscriptions(events)
    const messages = new Messages({ ...parts, sessions: this.#sessions })
    // Who has put a hook of his own over ours sees every message.
    const isOurs = (): boolean => this.#open && aedes.authorizePublish === this.#ours.authorizePublish
    this.#publishes = new DevicePublishes(this.#sessions, messages, isOurs, settings.packetBytesMax)
    const deliveries = new Deliveries({ ...parts, sessions: this.#sessions, broadcasts, deliveriesOf })
    this.#isRefused = subscription => deliveries.isRefused(subscription)
    this.#ours = this.#hooks(messages, deliveries)
    this.#adoptClients()
    this.#undo.push(
      listenTo({ ...parts, sessions: this.#sessions, admission: this.#admission, broadcasts }),
      guardPersistence(this.#broker, log),
      openSink(this.#broker),
    )
    for (const name of hookNames) this.#put(name, this.#ours[name])
    // A broker that refuses strangers has no host beside us to advise.
    const level = settings.strangers === 'host' ? 'info' : 'debug'
    for (const sentence of this.advice) log[level]({ event: 'host-advice' }, sentence)
  }

  disconnectOperator(name: PrincipalName, reason: string): void {
    this.#sessions.closeOperator(name, reason)
  }

  figures(): MqttFigures {
    return {
      connections: this.#sessions.counts(),
      refused: this.#refusals.counts(),
      closed: this.#closures.counts(),
      undrainedBytes: this.#sessions.undrainedBytes(),
      connecting: this.#admission.turnCount,
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#sessions.closing = true
    const ended: Promise<void>[] = []
    for (const session of this.#sessions.live) {
      // Who is a stranger, or not known yet, is the host's.
      if (session.party === undefined || session.party.kind === 'stranger') continue
      ended.push(new Promise(resolve => session.whenEnded.push(resolve)))
      session.client.close()
    }
    await within(this.#clock, this.#settings.closeTimeoutMs, Promise.all(ended)).catch(error => {
      if (!(error instanceof TimedOut)) throw error
      this.#log.warn({ event: 'close-timeout' }, 'some connections did not end in time')
    })
    this.#open = false
    for (const name of hookNames) this.#giveBack(name)
    for (const undo of this.#undo.reverse()) undo()
    delete (this.#aedes as unknown as { [attached]?: true })[attached]
  }

  /** Ours while we are attached; a host that wrapped one of them goes straight through afterwards. */
  #hooks(messages: Messages, deliveries: Deliveries): Hooks {
    const { authenticate, authorizeForward, authorizePublish, authorizeSubscribe, handle, preConnect, published } =
      this.#host
    const aedes = this.#aedes
    return {
      handle: (conn, request) => {
        if (this.#open) this.#guard(conn)
        const client = handle.call(aedes, conn, request)
        if (this.#open) this.#fit(client)
        return client
      },
      preConnect: (client, packet, done) => {
        if (!this.#open) return preConnect.call(aedes, client, packet, done)
        const checked = this.#deliveries.has(clientOf(client))
        this.#fit(client)
        this.#admission.preConnect(clientOf(client), packet, checked, done)
      },
      authenticate: (client, userName, password, done) => {
        if (!this.#open) return authenticate.call(aedes, client, userName, password, done)
        this.#admission.authenticate(clientOf(client), userName, password, done)
      },
      authorizePublish: (client, packet, callback) => {
        if (!this.#open) return authorizePublish.call(aedes, client, packet, callback)
        messages.authorizePublish(client === null ? null : clientOf(client), packet, callback)
      },
      authorizeSubscribe: (client, subscription, callback) => {
        if (!this.#open) return authorizeSubscribe.call(aedes, client, subscription, callback)
        deliveries.authorizeSubscribe(clientOf(client), subscription, callback)
      },
      authorizeForward: (client, packet) =>
        this.#open
          ? deliveries.authorizeForward(clientOf(client), packet)
          : authorizeForward.call(aedes, client, packet),
      published: (packet, client, callback) =>
        this.#open && packet.topic === sinkTopic ? callback(null) : published.call(aedes, packet, client, callback),
    }
  }

  /** Before the party is known the widest limit counts; the parser has the right one. */
  #guard(conn: Duplex): void {
    const { connectPacketBytesMax, packetBytesMax, strangerPacketBytesMax, strangers } = this.#settings
    const limit = strangers === 'host' ? Math.max(packetBytesMax, strangerPacketBytesMax) : packetBytesMax
    guardFrames(conn, { connectPacketBytesMax, packetBytesMax: limit }, problem => {
      this.#closures.add(problem)
      this.#log.warn({ event: 'frame-refused', reason: problem }, 'connection closed for what it sent')
    })
  }

  #fit(given: Parameters<typeof clientOf>[0]): void {
    const client = clientOf(given)
    if (this.#deliveries.has(client)) return
    const { connectPacketBytesMax, packetBytesMax, strangerPacketBytesMax } = this.#settings
    fitParser(client, () => {
      if (!this.#open) return undefined
      const session = this.#sessions.get(client)
      if (session?.accepted !== true) return connectPacketBytesMax
      return session.party?.kind === 'stranger' ? strangerPacketBytesMax : packetBytesMax
    })
    const deliveries = new ClientDeliveries(this.#broker, client, this.#log, reason => {
      const session = this.#sessions.get(client)
      if (session !== undefined) this.#sessions.close(session, reason)
    })
    this.#deliveries.set(client, deliveries)
    deliveries.fit()
    new PacketOrder(this.#broker, client, deliveries.ids, subscription => this.#isRefused(subscription))
    this.#publishes.fit(client)
  }

  /** Clients from before us are strangers: what they subscribed to is filtered at delivery. */
  #adoptClients(): void {
    for (const client of Object.values(this.#broker.clients)) {
      if (client === undefined) continue
      const session = this.#sessions.begin(client, undefined)
      session.party = { kind: 'stranger' }
      session.accepted = true
      if (this.#settings.strangers === 'refuse') this.#sessions.close(session, 'unknown')
    }
  }

  #put<Name extends HookName>(name: Name, hook: Hooks[Name]): void {
    ;(this.#aedes as Hooks)[name] = hook
  }

  #giveBack(name: HookName): void {
    if (this.#aedes[name] === this.#ours[name]) {
      this.#put(name, this.#host[name])
      return
    }
    this.#log.warn({ event: 'hook-replaced', hook: name }, 'somebody replaced this hook after the attach; it stays')
  }
}
