// A small world around the orchestrator: the memory store as its disk, a clock moved by hand, scripted devices. The
// broker can be killed between any two commits; every commit is looked at by the checkers.

import { CronCalendar } from '../../../broker/adapters/cron-calendar.ts'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import { newOperation, releaseSubject } from '../../../broker/core/new-operation.ts'
import { concurrencyLimit, type Policy, policyDefaults } from '../../../broker/core/policy.ts'
import type { Operation, Release, Subject, Targets } from '../../../broker/core/records.ts'
import type { SessionSender } from '../../../broker/delivery/session-sender.ts'
import { StoreUnavailable } from '../../../broker/errors.ts'
import {
  Orchestrator,
  type OrchestratorPorts,
  type OrchestratorSettings,
  orchestratorDefaults,
} from '../../../broker/orchestrator/orchestrator.ts'
import type { Change, Clock, DeviceConnection, Log } from '../../../broker/ports.ts'
import {
  type ArtifactId,
  type DeviceId,
  deviceId,
  operationId,
  principalName,
  releaseIdOf,
} from '../../../proto/ids.ts'
import type { DeviceEvent, Hello } from '../../../proto/messages.ts'
import { type OfferMessage, readOfferMessage } from '../../../proto/offer-messages.ts'

export const targetDigest = 'ab'.repeat(32)
export const oldDigest = 'cd'.repeat(32)
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

export const release: Release = {
  id: releaseIdOf('main', '2.0.0', targetDigest),
  component: 'main',
  version: '2.0.0',
  installedSha256: targetDigest,
  createdAt: 1,
  createdBy: principalName('kim'),
  manifests: [
    {
      sha256: 'ee'.repeat(32),
      envelope: Buffer.from('envelope').toString('base64'),
      vendorId: '00'.repeat(16),
      classId: '11'.repeat(16),
      artifact: targetDigest as ArtifactId,
      payloadSize: 10,
      expiresAt: 9e12,
    },
  ],
}

export class HandClock implements Clock {
  #now = 1_000_000
  readonly #timers = new Set<{ at: number; action: () => void }>()

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(delayMs: number, action: () => void): () => void {
    const timer = { at: this.#now + delayMs, action }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Fires what is due, in order, with the microtasks between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const next = [...this.#timers].filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.action()
      await settled()
    }
    this.#now = end
    await settled()
  }
}

/** Lets everything that waits for nothing but microtasks run to its end. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve))
}

export class ScriptedConnection implements DeviceConnection {
  readonly device: DeviceId
  readonly number: number
  closed = false
  readonly undrainedBytes = 0
  readonly received: OfferMessage[] = []

  constructor(device: DeviceId, number: number) {
    this.device = device
    this.number = number
  }

  publish(_: unknown, parts: readonly Uint8Array[]): void {
    if (!this.closed) this.received.push(readOfferMessage(Buffer.concat(parts)))
  }

  write(): void {}
  cork(): void {}
  uncork(): void {}
  onDrain(): void {}
  close(): void {
    this.closed = true
  }
}

export class World {
  readonly clock = new HandClock()
  readonly store: MemoryStore
  /** Bytes a second that seem to go out for an operation. */
  readonly throughput = new Map<string, number>()
  readonly settings: Partial<OrchestratorSettings>
  orchestrator!: Orchestrator
  /** What operations made here install. */
  release: Release = release
  /** In place of those below; taken at each start. */
  ports: Partial<OrchestratorPorts> = {}
  sender: SessionSender | undefined
  readonly violations: string[] = []
  readonly published: { topic: string; message: object }[] = []
  #alive = true
  #connectionNumber = 0
  #operationNumber = 0
  /** Commits until the broker dies; Infinity: it lives. */
  commitsLeft = Number.POSITIVE_INFINITY
  readonly #inProgress = new Map<string, Set<DeviceId>>()
  readonly #limits = new Map<string, number>()

  /** `settings` in place of the defaults; here no grace is given after a start unless asked for. */
  constructor(settings: Partial<OrchestratorSettings> = {}) {
    this.settings = settings
    this.store = new MemoryStore({ gate: changes => this.#gate(changes) })
  }

  async #gate(changes: readonly Change[]): Promise<void> {
    if (this.commitsLeft <= 0) this.#alive = false
    if (!this.#alive) throw new StoreUnavailable('the broker is dead')
    this.commitsLeft -= 1
    for (const change of changes) {
      if (change.kind === 'put-operation') this.#limits.set(change.operation.id, concurrencyLimit(change.operation))
      if (change.kind !== 'put-execution') continue
      const { operation, device, state } = change.execution
      const inProgress = this.#inProgress.get(operation) ?? new Set()
      this.#inProgress.set(operation, inProgress)
      if (state === 'in-progress') inProgress.add(device)
      else inProgress.delete(device)
    }
    const all = new Map<DeviceId, string>()
    for (const [operation, devices] of this.#inProgress) {
      const limit = this.#limits.get(operation) ?? 0
      if (devices.size > limit) this.violations.push(`${operation}: ${devices.size} in progress, limit ${limit}`)
      for (const device of devices) {
        if (all.has(device)) this.violations.push(`${device} in progress in ${all.get(device)} and ${operation}`)
        all.set(device, operation)
      }
    }
  }

  async start(): Promise<void> {
    this.#alive = true
    this.commitsLeft = Number.POSITIVE_INFINITY
    this.orchestrator = await Orchestrator.open(
      {
        store: this.store,
        clock: this.clock,
        // Half of everything: no spread.
        random: { bytes: count => Buffer.alloc(count, 0x80) },
        calendar: new CronCalendar(),
        log: silentLog,
        channel: { publish: (topic, message) => this.published.push({ topic, message }) },
        throughputOf: operation => this.throughput.get(operation) ?? 0,
        ...this.ports,
      },
      { ...orchestratorDefaults, startGraceMs: 0, ...this.settings },
    )
    if (this.sender !== undefined) this.orchestrator.broadcastBy(this.sender)
    await settled()
  }

  /** What was not committed is gone; connections are cut by the caller. */
  async kill(): Promise<void> {
    this.#alive = false
    await this.orchestrator.close()
  }

  get alive(): boolean {
    return this.#alive
  }

  connect(device: DeviceId): ScriptedConnection {
    this.#connectionNumber += 1
    const connection = new ScriptedConnection(device, this.#connectionNumber)
    this.orchestrator.deviceConnected(connection)
    return connection
  }

  /** `aim`: explicit ids, a filter, or undefined for all that are registered. Nothing is retried unless asked for. */
  async operation(
    aim: readonly string[] | Targets | undefined,
    policy: Partial<Policy> = {},
    subject: Subject = releaseSubject(this.release),
  ): Promise<Operation['id']> {
    this.#operationNumber += 1
    const id = operationId(`${this.#operationNumber}`.padStart(26, '0'))
    const { concurrencyPercent: _, ...defaults } = policyDefaults
    const devices = Array.isArray(aim) ? [...aim].sort().map(deviceId) : undefined
    const targets = (
      devices === undefined ? (aim ?? { kind: 'filter', filter: '', open: false }) : { kind: 'devices' }
    ) as Targets
    const operation = newOperation(
      {
        id,
        name: 'test',
        type: subject.kind === 'release' ? 'firmware-update' : 'command',
        typeName: subject.kind === 'release' ? 'Firmware Update' : 'Command',
        subject,
        targets,
        policy: { ...defaults, retries: [], ...policy },
        createdBy: principalName('kim'),
      },
      this.clock.now(),
    )
    await this.store.commit([{ kind: 'put-release', release: this.release }])
    const release = subject.kind === 'release' ? { release: this.release } : {}
    await this.orchestrator.create({ operation, ...release, ...(devices === undefined ? {} : { devices }) })
    return id
  }

  stop(id: Operation['id'], by = principalName('kim')): Promise<Operation> {
    return this.orchestrator.control({
      id,
      verb: 'stop',
      input: (_, at, inProgress) => ({ kind: 'stop-requested', at, by: { kind: 'principal', name: by }, inProgress }),
      along: () => [],
    })
  }
}

export function helloOf(version: string, digest: string, fields: Partial<Hello> = {}): Hello {
  return {
    vendorId: '00'.repeat(16),
    classId: '11'.repeat(16),
    bootId: '22'.repeat(16),
    journalId: '33'.repeat(8),
    components: [{ name: 'main', version, digest }],
    outboxEventCount: 0,
    outboxLastEventNumber: 0,
    packetBytesMax: 32768,
    agentVersion: 'test',
    ...fields,
  }
}

export function eventOf(eventNumber: number, content: DeviceEvent['content'], operation: Operation['id']): DeviceEvent {
  return { journalId: '33'.repeat(8), eventNumber, operation, attempt: 1, deviceTime: 0, content, data: {} }
}
