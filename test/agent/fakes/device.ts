// One device around the real agent: disk, line, clock, and a boot loader that starts it anew.
import { Agent, type AgentSettings } from '../../../agent/agent.ts'
import type { AgentPorts, Authorization, HealthVerdict, Log, PatchDecoder } from '../../../agent/ports.ts'
import { deviceId } from '../../../proto/ids.ts'
import { FakeBroker } from './broker.ts'
import { settle, VirtualClock } from './clock.ts'
import { FakeDisk } from './disk.ts'
import { classId, imageOf, signedTrust, vendorId } from './release.ts'

export const settings: AgentSettings = {
  deviceId: deviceId('device-1'),
  vendorId,
  classId,
  agentVersion: '0.1.0',
  trust: signedTrust(),
  packetBytesMax: 32 * 1024,
  windowBytes: 4096,
  memoryBudgetBytes: 8 * 1024 * 1024,
  chunkRetriesMax: 8,
  refetchMax: 3,
  chunkTimeoutMs: 5000,
  startsMax: 3,
  downloadLimitMs: 14 * 24 * 60 * 60 * 1000,
}

export class FakeDevice {
  readonly clock = new VirtualClock()
  readonly disk = new FakeDisk()
  readonly broker = new FakeBroker()
  readonly settings: AgentSettings
  readonly restarts: string[] = []
  health: () => HealthVerdict | Promise<HealthVerdict> = () => ({ healthy: true })
  authorization: Authorization = {
    download: async () => ({ kind: 'authorized' }),
    install: async () => ({ kind: 'authorized' }),
  }
  patches: PatchDecoder = { decode: () => undefined }
  /** Restarts of the whole device that were asked for, and why the next one cannot be. */
  ordered = 0
  /** What the broker had heard when the last one was asked for. */
  saidBefore: readonly string[] = []
  rebootProblem: string | undefined
  /** Further ports of each run. */
  equipment: (alive: () => boolean) => Partial<AgentPorts> = () => ({})
  /** The `event` of every warning. */
  readonly warnings: unknown[] = []
  readonly log: Log = {
    debug: () => {},
    info: () => {},
    warn: ({ event }) => this.warnings.push(event),
    error: () => {},
  }
  agent: Agent | undefined
  #power = { on: true }
  #boots = 0

  constructor(changes: Partial<AgentSettings> = {}, reboot = true) {
    this.settings = { ...settings, ...changes }
    this.disk.install('main', imageOf('one', 20_000), '1.0.0', reboot)
  }

  /** Boot: the slot record decides what runs, then the agent starts. */
  async start(): Promise<Agent> {
    this.disk.boot()
    this.#boots += 1
    const power = { on: true }
    this.#power = power
    const alive = (): boolean => power.on
    const ports = {
      clock: {
        wallMs: () => this.clock.wallMs(),
        monotonicMs: () => this.clock.monotonicMs(),
        after: (delayMs: number, run: () => void) => this.clock.after(delayMs, () => power.on && run()),
      },
      // Each start is a boot of the device.
      random: { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(this.#boots) },
      log: this.log,
      ...this.disk.ports(alive),
      link: this.broker.link(alive),
      patches: this.patches,
      authorization: this.authorization,
      health: { check: async () => this.health() },
      reboot: {
        restart: (reason: string) => power.on && this.#onRestart(reason),
        device: async () => {
          if (!power.on) return new Promise<never>(() => {})
          this.ordered += 1
          this.saidBefore = this.broker.told()
          const problem = this.rebootProblem
          if (problem !== undefined) return problem
          this.#onRestart('ordered')
          return new Promise<never>(() => {})
        },
      },
      ...this.equipment(alive),
    }
    this.agent = await Agent.open(ports, this.settings)
    await this.agent.start()
    return this.agent
  }

  /** Runs until nothing changes any more (or `forMs` have passed). */
  async run(forMs = 60_000): Promise<void> {
    await this.clock.advance(forMs)
  }

  /** The run under way never comes back; the disk keeps what was fsynced. */
  cutPower(keepUnsynced = true): void {
    this.#power.on = false
    this.disk.cutPower(keepUnsynced)
  }

  async stop(): Promise<void> {
    await settle()
    await this.agent?.stop()
  }

  #onRestart(reason: string): void {
    this.restarts.push(reason)
    this.#power.on = false
    setImmediate(() => void this.start())
  }
}
