// What a device says: hellos and events. Both are acknowledged only when the turn that holds them is durable.

import { eventCodeEntry } from '../../proto/event-codes.ts'
import type { DeviceId } from '../../proto/ids.ts'
import type { ConfigurationReport, DeviceEvent, Hello } from '../../proto/messages.ts'
import { encodeOfferMessage } from '../../proto/offer-messages.ts'
import { type Device, isStored, withFloor, withStored } from '../core/device.ts'
import { sourceOf } from '../core/draft.ts'
import type { Execution, NewEvent } from '../core/records.ts'
import { MessageRefused } from '../errors.ts'
import type { DeviceConnection } from '../ports.ts'
import { Joins } from './registry-tasks.ts'
import type { RunningOperation } from './running-operation.ts'
import { acknowledgedFloor, outboxIsIn, type Session } from './sessions.ts'
import { allOf, type Context, chanceOf, type Task } from './task.ts'
import type { Said, Turn } from './turn.ts'

/** A hello registers the device, or refreshes what is known of it, and is judged when its outbox is in. */
export class HelloTask implements Task {
  readonly name = 'hello'
  readonly #context: Context
  readonly #connection: DeviceConnection
  readonly #hello: Hello
  readonly #judgement: Judgement

  constructor(context: Context, connection: DeviceConnection, hello: Hello) {
    this.#context = context
    this.#connection = connection
    this.#hello = hello
    this.#judgement = new Judgement(context, connection.device)
  }

  async load(turn: Turn): Promise<void> {
    await Promise.all([turn.loadDevice(this.#connection.device), this.#judgement.load(turn)])
  }

  apply(turn: Turn): void {
    const at = this.#context.clock.now()
    const { device: id } = this.#connection
    // Its connection ends with this turn, and its credential with it: it would come back with nobody able to speak for it.
    if (turn.wasDropped(id)) throw new MessageRefused('deregistered', `${id} is being deregistered`)
    const before = turn.device(id)
    const hello = this.#hello
    const device: Device = {
      // What operators and the engine know of it stays.
      ...before,
      id,
      registeredAt: before?.registeredAt ?? at,
      lastHelloAt: at,
      vendorId: hello.vendorId,
      classId: hello.classId,
      bootId: hello.bootId,
      agentVersion: hello.agentVersion,
      packetBytesMax: hello.packetBytesMax,
      components: hello.components,
      journals: withFloor(before?.journals ?? [], hello.journalId, acknowledgedFloor(hello)),
      ...this.#context.reports.keyAfter(id, before, hello, at),
    }
    turn.putDevice(device)
    if (before === undefined) turn.putEvent(registered(device.id, at))
    const judged = outboxIsIn(hello, device.journals)
    const repeated =
      turn.said.has(this.#connection) || this.#context.sessions.ofConnection(this.#connection)?.hello !== undefined
    const said: Said = {
      hello,
      judged,
      judge: (inTurn, judgedHello) => this.#judgement.apply(inTurn, judgedHello, repeated),
    }
    turn.said.set(this.#connection, said)
    turn.afterCommit.push(() => {
      const session = this.#context.sessions.ofConnection(this.#connection)
      if (session === undefined) return
      session.hello = said.judged ? withoutReport(hello) : hello
      session.judged = said.judged
    })
    if (judged) said.judge(turn, hello)
  }
}

/** An event is stored once; a code is logged, code and step move the execution it belongs to. */
export class EventTask implements Task {
  readonly name = 'event'
  readonly #context: Context
  readonly #connection: DeviceConnection
  readonly #event: DeviceEvent
  /** Of the hello, where this event may be the one it waits for. */
  #judgement: Judgement | undefined
  /** The device was a target of the operation the event names, though that has ended. */
  #wasTarget = false
  /** Of that operation, for a device that waits for its go. */
  #endedLease: number | undefined
  /** Of the configuration that is stored of this device and operation. */
  #backupSha256: string | undefined

  constructor(context: Context, connection: DeviceConnection, event: DeviceEvent) {
    this.#context = context
    this.#connection = connection
    this.#event = withOwnWords(event)
  }

  get #running(): RunningOperation | undefined {
    const { operation } = this.#event
    return operation === undefined ? undefined : this.#context.running.get(operation)
  }

  load(turn: Turn): Promise<unknown> | undefined {
    const { device } = this.#connection
    const session = this.#context.sessions.ofConnection(this.#connection)
    const running = this.#running
    const known = turn.loadDevice(device)
    const execution = running === undefined ? this.#loadEnded() : turn.loadExecution(running, device)
    const backup = running === undefined ? undefined : this.#loadBackup(running)
    if (session?.judged === false) this.#judgement = new Judgement(this.#context, device)
    const judgement = this.#judgement?.load(turn)
    // Of most events everything is in memory.
    if ((known ?? execution ?? backup ?? judgement) === undefined) return undefined
    return allOf([known, execution, backup, judgement])
  }

  #loadBackup({ operation: { id, subject } }: RunningOperation): Promise<void> | undefined {
    if (subject.kind !== 'command' || subject.confirmation !== 'backup') return undefined
    return this.#context.store.backup(id, this.#connection.device).then(backup => {
      this.#backupSha256 = backup?.sha256
    })
  }

  #loadEnded(): Promise<void> | undefined {
    const { operation } = this.#event
    if (operation === undefined) return undefined
    const { store } = this.#context
    const ended = this.#waitsForGo ? store.operation(operation) : undefined
    return Promise.all([store.execution(operation, this.#connection.device), ended]).then(([execution, found]) => {
      this.#wasTarget = execution !== undefined
      this.#endedLease = found?.lease
    })
  }

  get #waitsForGo(): boolean {
    const { content } = this.#event
    return content.kind === 'step' && content.step === 'awaiting-install'
  }

  apply(turn: Turn): void {
    const { device: id } = this.#connection
    const event = this.#event
    const device = turn.device(id)
    if (device === undefined) throw new MessageRefused('hello-first', `event of ${id} before its first hello`)
    if (isStored(device.journals, event.journalId, event.eventNumber)) return
    const journals = withStored(device.journals, event.journalId, event.eventNumber)
    if (journals === undefined)
      throw new MessageRefused('event-number', `event ${event.eventNumber} of ${id} is too far ahead of those stored`)
    turn.putJournals(device, journals)
    this.#record(turn, id)
    // The hello this event was announced by may stand in the same turn: one read of a socket can hold both.
    const said = turn.said.get(this.#connection)
    if (said !== undefined) {
      if (said.judged || !outboxIsIn(said.hello, journals)) return
      said.judged = true
      said.judge(turn, said.hello)
      return
    }
    const session = this.#context.sessions.ofConnection(this.#connection)
    if (session?.hello === undefined || session.judged || !outboxIsIn(session.hello, journals)) return
    const { hello } = session
    turn.afterCommit.push(() => {
      session.judged = true
      session.hello = withoutReport(hello)
    })
    this.#judgement?.apply(turn, hello)
  }

  #record(turn: Turn, device: DeviceId): void {
    const at = this.#context.clock.now()
    const event = this.#event
    const running = this.#running
    const execution = running && turn.execution(running, device)
    const registered = turn.device(device)
    if (running !== undefined && execution !== undefined && registered !== undefined) {
      const proof = this.#context.reports.ofEvent(running.operation, execution, registered, event)
      const backupSha256 = turn.backupSha256(running.operation.id, device) ?? this.#backupSha256
      turn.decide(running, {
        kind: 'device-reported',
        at,
        execution,
        event,
        chance: chanceOf(this.#context.random),
        ...(backupSha256 === undefined ? {} : { backupSha256 }),
        ...(proof === undefined ? {} : { proof }),
      })
      if (this.#waitsForGo && execution.code !== undefined) this.#takeBack(turn, running.operation.lease)
      return
    }
    if (this.#wasTarget && this.#endedLease !== undefined) this.#takeBack(turn, this.#endedLease)
    // No live operation of this device: the word is kept in its log and changes no count.
    if (event.content.kind === 'step') return
    const { code } = event.content
    const entry = eventCodeEntry(code)
    turn.putEvent({
      recordedAt: at,
      device,
      code,
      type: entry.types[0],
      category: entry.category,
      ...(event.operation === undefined || !this.#wasTarget ? {} : { operation: event.operation }),
      stateChange: false,
      changes: {},
      data: { ...event.data, ...this.#claim() },
      source: sourceOf(event),
    })
  }

  /** Its execution has ended, so no go will ever come; while it waits for one it refuses everything else. */
  #takeBack(turn: Turn, lease: number): void {
    const { operation } = this.#event
    if (operation === undefined) return
    const message = encodeOfferMessage({ kind: 'withdraw', operation, lease, reason: 'ended' })
    turn.afterCommit.push(() => this.#connection.publish('offer', [message]))
  }

  /** An operation the device was never a target of is its claim, not the log's. */
  #claim(): Record<string, string> {
    const { operation } = this.#event
    if (operation === undefined) return {}
    return this.#wasTarget ? { late: 'true' } : { claimed_campaign_id: operation }
  }
}

/** A configuration the device sent for the operation that asked for it; acknowledged when it is stored. */
export class ConfigurationTask implements Task {
  readonly name = 'configuration'
  readonly #context: Context
  readonly #device: DeviceId
  readonly #report: ConfigurationReport

  constructor(context: Context, device: DeviceId, report: ConfigurationReport) {
    this.#context = context
    this.#device = device
    this.#report = report
  }

  async load(turn: Turn): Promise<void> {
    const running = this.#context.running.get(this.#report.operation)
    if (running !== undefined) await turn.loadExecution(running, this.#device)
  }

  apply(turn: Turn): void {
    const { operation, sha256, version, content } = this.#report
    const running = this.#context.running.get(operation)
    const execution = running && turn.execution(running, this.#device)
    const wanted = running?.operation.subject.kind === 'command' && running.operation.subject.confirmation === 'backup'
    // Of an operation that has ended or asked for none: nothing to keep, and nothing the device could do about it.
    if (!wanted || execution === undefined || execution.attempt === 0) return
    const at = this.#context.clock.now()
    turn.putBackup({ operation, device: this.#device, sha256, version, sizeBytes: content.length, at }, content)
  }
}

/** Names in the data of an event that are the broker's to give; from a device they are kept as its own words. */
const brokersNames: ReadonlySet<string> = new Set(['campaign_id', 'claimed_campaign_id', 'late', 'report'])

function withOwnWords(event: DeviceEvent): DeviceEvent {
  const names = Object.keys(event.data)
  if (!names.some(name => brokersNames.has(name))) return event
  const entries = Object.entries(event.data)
  const own = entries.map(([name, value]) => [brokersNames.has(name) ? `device_${name}` : name, value])
  return { ...event, data: Object.fromEntries(own) }
}

/** The device may be handed something: after its execution in another operation is not in progress any more. */
export class DeviceFreeTask implements Task {
  readonly name = 'device-free'
  readonly #context: Context
  readonly #device: DeviceId
  readonly #left: Execution
  #operations: readonly RunningOperation[] = []

  /** `left`: what was in progress. */
  constructor(context: Context, left: Execution) {
    this.#context = context
    this.#device = left.device
    this.#left = left
  }

  load(turn: Turn): Promise<unknown> | undefined {
    const { operation: leftOperation, state } = this.#left
    // What ended does not become pending again.
    this.#operations = [...this.#context.running.values()].filter(
      ({ operation: { id, counts } }) => counts.pending > 0 && (id !== leftOperation || state === 'pending'),
    )
    if (this.#operations.length > lookedAtMax) return this.#findOperations(turn)
    return allOf(this.#operations.map(running => turn.loadExecution(running, this.#device)))
  }

  async #findOperations(turn: Turn): Promise<void> {
    this.#operations = await operationsOf(this.#context, turn, this.#device)
  }

  apply(turn: Turn): void {
    makeReady(this.#context, turn, this.#device, this.#operations)
  }
}

/** A hello whose outbox is in counts: for what is in progress, what ended provisionally, and what is pending. */
class Judgement {
  readonly #context: Context
  readonly #device: DeviceId
  readonly #joins: Joins
  #operations: readonly RunningOperation[] = []
  #loaded = false

  constructor(context: Context, device: DeviceId) {
    this.#context = context
    this.#device = device
    this.#joins = new Joins(context, device)
  }

  async load(turn: Turn): Promise<void> {
    const { running } = this.#context
    const mayBeProvisional = [...running.values()].filter(({ operation: { counts, id } }) => {
      const { SYS_100 = 0, SYS_104 = 0, SYS_111 = 0 } = counts.byCode
      return SYS_100 + SYS_104 + SYS_111 > 0 || this.#context.inProgressOf.get(this.#device) === id
    })
    const [operations] = await Promise.all([
      operationsOf(this.#context, turn, this.#device),
      this.#joins.load(turn),
      ...mayBeProvisional.map(candidate => turn.loadExecution(candidate, this.#device)),
    ])
    this.#operations = operations
    this.#loaded = true
  }

  apply(turn: Turn, hello: Hello, repeated = false): void {
    const device = turn.device(this.#device)
    if (device === undefined || !this.#loaded) return
    const at = this.#context.clock.now()
    for (const running of this.#context.running.values()) {
      const execution = turn.execution(running, this.#device)
      if (execution === undefined || (execution.state === 'pending' && execution.lastFailure === undefined)) continue
      const underWay = hello.operation === running.operation.id
      const chance = chanceOf(this.#context.random)
      const proof = this.#context.reports.ofHello(running.operation, execution, device, hello)
      const proved = proof === undefined ? {} : { proof }
      turn.decide(running, { kind: 'device-said-hello', at, execution, device, underWay, repeated, chance, ...proved })
    }
    makeReady(this.#context, turn, this.#device, this.#operations)
    this.#joins.apply(turn)
  }
}

/** What is kept of a hello that was judged: its report has been. */
function withoutReport({ report: _, ...hello }: Hello): Hello {
  return hello
}

/** Operations that run in which a device is looked for one by one; with more of them its index is read. */
const lookedAtMax = 16

/** The operations in which the device may stand; its executions there are loaded. */
async function operationsOf(context: Context, turn: Turn, device: DeviceId): Promise<readonly RunningOperation[]> {
  const all = [...context.running.values()]
  if (all.length <= lookedAtMax) {
    await allOf(all.map(running => turn.loadExecution(running, device)))
    return all
  }
  const unfinished = await context.store.unfinishedExecutionsOf(device)
  for (const execution of unfinished) turn.keepExecution(execution)
  return unfinished.flatMap(({ operation }) => context.running.get(operation) ?? [])
}

/** Once durable, the device is a candidate in every operation where it is pending. */
function makeReady(context: Context, turn: Turn, device: DeviceId, operations: readonly RunningOperation[]): void {
  turn.afterCommit.push(() => {
    if (!context.sessions.isOnline(device)) return
    for (const running of operations) {
      const execution = turn.execution(running, device)
      if (execution?.state === 'pending') running.candidates.add(execution, context.clock.now())
    }
  })
}

function registered(device: DeviceId, at: number): NewEvent {
  return {
    recordedAt: at,
    device,
    code: 'SYS_106',
    type: 'INFO',
    category: 'INFO',
    stateChange: true,
    changes: { state: { from: null, to: 'registered' } },
    data: {},
  }
}

/** True when the device can be handed something now. */
export function isReady(session: Session | undefined): session is Session & { device: Device } {
  return session?.device !== undefined && session.hello !== undefined && session.judged
}
