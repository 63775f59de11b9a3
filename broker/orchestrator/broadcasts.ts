// Broadcast sessions, as the orchestration sees them: when one is worth it, who is asked to listen, when it begins, and
// when it is over. How the bytes get to the sockets is the sender's (delivery/session-sender.ts).
//
//   enough devices want the same ──open──▶ gathering ──all listen, or time──▶ running ──END said──▶ ended ──▶ closed
//        asked to join, again and again until they listen ──▲        ▲── later ones join           nobody left ──┘
//
// Members are executions in progress and nothing else: who hears was handed over before, so permits, waves, rates and
// windows hold as they do without. Kept in memory alone: a restart forgets the sessions, and their members pull.
import type { ArtifactId, DeviceId, OperationId } from '../../proto/ids.ts'
import { encodeOfferMessage } from '../../proto/offer-messages.ts'
import { deliveryDefaults, isAwaitingConfirmation } from '../core/policy.ts'
import type { Execution } from '../core/records.ts'
import type { SessionSender } from '../delivery/session-sender.ts'
import type { Log, Random } from '../ports.ts'
import type { FleetClock } from './fleet-clock.ts'
import { type OfferSettings, repeatDelayMs } from './offers.ts'
import type { RunningOperation } from './running-operation.ts'
import type { Sessions } from './sessions.ts'
import type { Transports } from './transports.ts'

export interface BroadcastSettings {
  /** Executions that want the same artifact before it is broadcast by itself; 0: never. */
  readonly broadcastDevicesMin: number
  /** Milliseconds in which those who were asked may begin to listen. */
  readonly broadcastGatherMs: number
}

interface Member {
  readonly attempt: number
  listens: boolean
  /** By the monotonic clock: when it is asked again. */
  nextAskAt: number
  askCount: number
}

interface LiveSession {
  readonly name: string
  readonly running: RunningOperation
  readonly artifact: ArtifactId
  readonly openedAt: number
  readonly members: Map<DeviceId, Member>
  /** Members that have begun to listen. */
  listenCount: number
  phase: 'gathering' | 'running' | 'ended' | 'closed'
}

export class Broadcasts {
  readonly #clock: FleetClock
  readonly #random: Random
  readonly #log: Log
  readonly #connected: Sessions
  readonly #transports: Transports
  readonly #settings: BroadcastSettings & OfferSettings
  readonly #byOperation = new Map<OperationId, Set<LiveSession>>()
  readonly #byMember = new Map<DeviceId, LiveSession>()
  /** Artifacts that could not be read: not broadcast again in that operation. */
  readonly #unreadable = new Map<OperationId, Set<ArtifactId>>()
  #sender: SessionSender | undefined

  constructor(
    { clock, random, log, sessions }: { clock: FleetClock; random: Random; log: Log; sessions: Sessions },
    transports: Transports,
    settings: BroadcastSettings & OfferSettings,
  ) {
    this.#clock = clock
    this.#random = random
    this.#log = log
    this.#connected = sessions
    this.#transports = transports
    this.#settings = settings
  }

  /** Without a sender nothing is broadcast. */
  sendBy(sender: SessionSender): void {
    this.#sender = sender
  }

  /** The session the device is a member of. */
  sessionOf(device: DeviceId): string | undefined {
    return this.#byMember.get(device)?.name
  }

  /** Looked at now and then: who wants to hear, who has to be asked again, what may begin. */
  tick(running: RunningOperation): void {
    const { id } = running.operation
    const sessions = this.#byOperation.get(id)
    const { transport } = deliveryOf(running)
    if (transport === 'pull') {
      for (const session of sessions ?? []) this.#abort(session, 'the operation is delivered by pull from now on')
      return
    }
    const least = this.#leastDevices(running)
    if (this.#sender === undefined || running.release === undefined) return
    if (sessions === undefined && running.inProgress.size < least) return
    for (const [artifact, executions] of this.#wanting(running)) {
      const joinable = this.#joinable(id, artifact)
      if (joinable === undefined && executions.length < least) continue
      const session = joinable ?? this.#open(running, artifact)
      for (const execution of executions) this.#invite(session, execution)
    }
    for (const session of this.#byOperation.get(id) ?? []) {
      if (session.phase === 'ended') continue
      for (const [device, member] of session.members)
        if (!member.listens && this.#clock.monotonic() >= member.nextAskAt) this.#ask(session, device, member)
      this.#startIfReady(session)
    }
  }

  /** An execution is now as it is: it joins what is sent already, or has no more use for it. */
  changed(running: RunningOperation, execution: Execution): void {
    if (this.#sender === undefined) return
    const { device } = execution
    const session = this.#byMember.get(device)
    if (session?.running === running) {
      if (mayListen(execution) && session.members.get(device)?.attempt === execution.attempt) return
      this.#leave(session, device)
    }
    const { id } = running.operation
    const { transport } = deliveryOf(running)
    if (transport === 'pull' || (transport === 'auto' && !this.#byOperation.has(id))) return
    const artifact = this.#wantedBy(running, execution)
    if (artifact === undefined) return
    const joinable = this.#joinable(id, artifact)
    if (joinable !== undefined) this.#invite(joinable, execution)
    else if (transport === 'broadcast') this.#invite(this.#open(running, artifact), execution)
  }

  /** Nothing of it is left. */
  operationEnded(operation: OperationId): void {
    for (const session of this.#byOperation.get(operation) ?? []) this.#close(session)
    this.#unreadable.delete(operation)
  }

  /** Says ACTIVATE to a device that waits for it in a session known here; false: it has to be told otherwise. */
  activate({ device, awaitsSession }: Execution): boolean {
    const session = this.#byMember.get(device)
    if (session === undefined || session.name !== awaitsSession) return false
    return this.#sender?.say(session.name, device, 'activate') ?? false
  }

  /** How many make a broadcast worth it. */
  #leastDevices(running: RunningOperation): number {
    const { broadcastDevicesMin: least } = this.#settings
    if (deliveryOf(running).transport === 'broadcast') return 1
    return least === 0 ? Number.POSITIVE_INFINITY : least
  }

  /** Who would hear and is in no session yet, by artifact. */
  #wanting(running: RunningOperation): Map<ArtifactId, Execution[]> {
    const wanting = new Map<ArtifactId, Execution[]>()
    for (const execution of running.inProgress.values()) {
      const artifact = this.#wantedBy(running, execution)
      if (artifact === undefined) continue
      const others = wanting.get(artifact)
      if (others === undefined) wanting.set(artifact, [execution])
      else others.push(execution)
    }
    return wanting
  }

  #wantedBy(running: RunningOperation, execution: Execution): ArtifactId | undefined {
    if (this.#byMember.has(execution.device)) return undefined
    const artifact = this.#transports.heardBy(running, execution)
    if (artifact === undefined || this.#unreadable.get(running.operation.id)?.has(artifact) === true) return undefined
    return artifact
  }

  /** One that still has chunks to send. */
  #joinable(operation: OperationId, artifact: ArtifactId): LiveSession | undefined {
    for (const session of this.#byOperation.get(operation) ?? [])
      if (session.artifact === artifact && session.phase !== 'ended') return session
    return undefined
  }

  #open(running: RunningOperation, artifact: ArtifactId): LiveSession {
    const { id: operation } = running.operation
    const { bytesPerSecond } = deliveryOf(running)
    const session: LiveSession = {
      name: this.#random.bytes(8).toString('hex'),
      running,
      artifact,
      openedAt: this.#clock.monotonic(),
      members: new Map(),
      listenCount: 0,
      phase: 'gathering',
    }
    const sessions = this.#byOperation.get(operation) ?? new Set()
    this.#byOperation.set(operation, sessions.add(session))
    this.#sender?.open(
      { name: session.name, operation, artifact, ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }) },
      {
        joined: device => this.#joined(session, device),
        ended: () => this.#ended(session),
        failed: reason => this.#failed(session, reason),
      },
    )
    this.#log.info({ event: 'broadcast-opened', session: session.name, operation, artifact }, 'broadcast opened')
    return session
  }

  #invite(session: LiveSession, { device, attempt }: Execution): void {
    const member: Member = { attempt, listens: false, nextAskAt: 0, askCount: 0 }
    session.members.set(device, member)
    this.#byMember.set(device, session)
    this.#sender?.invite(session.name, device)
    this.#ask(session, device, member)
  }

  /** Straight to its socket, as an offer; a device that drops it pulls. */
  #ask({ name, running }: LiveSession, device: DeviceId, member: Member): void {
    member.askCount += 1
    member.nextAskAt = this.#clock.monotonic() + repeatDelayMs(this.#settings, member.askCount)
    const { id: operation, lease } = running.operation
    const join = { kind: 'join', operation, lease, attempt: member.attempt, session: name } as const
    this.#connected.of(device)?.connection.publish('offer', [encodeOfferMessage(join)])
  }

  #joined(session: LiveSession, device: DeviceId): void {
    const member = session.members.get(device)
    if (session.phase === 'closed' || member === undefined || member.listens) return
    member.listens = true
    session.listenCount += 1
    this.#startIfReady(session)
  }

  #startIfReady(session: LiveSession): void {
    const { members, listenCount, openedAt, name } = session
    if (session.phase !== 'gathering' || listenCount === 0) return
    const late = this.#clock.monotonic() - openedAt >= this.#settings.broadcastGatherMs
    if (!late && (listenCount < members.size || this.#hasMoreToCome(session))) return
    session.phase = 'running'
    this.#sender?.start(name)
  }

  /** Somebody was handed the same and has not answered yet. */
  #hasMoreToCome({ running }: LiveSession): boolean {
    for (const { device, answered, pullOnly } of running.inProgress.values())
      if (answered !== true && pullOnly !== true && this.#connected.isOnline(device)) return true
    return false
  }

  #ended(session: LiveSession): void {
    if (session.phase !== 'closed') session.phase = 'ended'
  }

  #failed(session: LiveSession, reason: string): void {
    if (session.phase === 'closed') return
    const { id } = session.running.operation
    this.#unreadable.set(id, (this.#unreadable.get(id) ?? new Set()).add(session.artifact))
    this.#abort(session, reason)
  }

  /** Who still lacks something is told, and fails with UPD4_FAIL_45; who has everything is sent on alone. */
  #abort(session: LiveSession, reason: string): void {
    const { name, running, members } = session
    this.#log.warn(
      { event: 'broadcast-aborted', session: name, operation: running.operation.id, members: members.size, reason },
      'broadcast aborted',
    )
    for (const device of members.keys()) {
      const step = running.inProgress.get(device)?.step
      if (step === 'offered' || step === 'downloading') this.#sender?.say(name, device, 'abort', reason)
    }
    this.#close(session)
  }

  #leave(session: LiveSession, device: DeviceId): void {
    if (session.members.get(device)?.listens === true) session.listenCount -= 1
    session.members.delete(device)
    this.#byMember.delete(device)
    this.#sender?.leave(session.name, device)
    if (session.members.size === 0) this.#close(session)
  }

  #close(session: LiveSession): void {
    const { id } = session.running.operation
    session.phase = 'closed'
    for (const device of session.members.keys()) this.#byMember.delete(device)
    session.members.clear()
    const sessions = this.#byOperation.get(id)
    sessions?.delete(session)
    if (sessions?.size === 0) this.#byOperation.delete(id)
    this.#sender?.close(session.name)
  }
}

/** The update is under way, nothing of the device has been changed yet, and nobody takes it back. */
function mayListen(execution: Execution): boolean {
  const { state, step, answered } = execution
  if (state !== 'in-progress' || answered !== true) return false
  return step !== 'installing' && step !== 'withdrawing' && !isAwaitingConfirmation(execution)
}

function deliveryOf({ operation }: RunningOperation): NonNullable<typeof operation.policy.delivery> {
  return operation.policy.delivery ?? deliveryDefaults
}
