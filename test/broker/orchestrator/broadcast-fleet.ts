// A fleet of scripted devices before the orchestrator, and a sender of broadcast sessions that writes down what it is asked.
import type { Policy } from '../../../broker/core/policy.ts'
import type { BroadcastSession, SessionSender, SessionTold } from '../../../broker/delivery/session-sender.ts'
import { type DeviceId, deviceId, type OperationId } from '../../../proto/ids.ts'
import type { DeviceEvent, Step } from '../../../proto/messages.ts'
import { eventOf, helloOf, oldDigest, type ScriptedConnection, settled, World } from './world.ts'

export class ScriptedSender implements SessionSender {
  readonly opened: { readonly session: BroadcastSession; readonly told: SessionTold }[] = []
  /** Everything else that was asked, in its order: `verb device`. */
  readonly asked: string[] = []
  readonly members = new Map<string, Set<DeviceId>>()
  readonly #listening = new Set<DeviceId>()
  membersMost = 0

  open(session: BroadcastSession, told: SessionTold): void {
    this.opened.push({ session, told })
    this.members.set(session.name, new Set())
  }
  invite(name: string, device: DeviceId): void {
    this.asked.push(`invite ${device}`)
    const members = this.members.get(name)?.add(device)
    this.membersMost = Math.max(this.membersMost, members?.size ?? 0)
  }
  start(): void {
    this.asked.push('start')
  }
  say(name: string, device: DeviceId, word: 'activate' | 'abort', reason = ''): boolean {
    const hears = this.#listening.has(device) && this.members.get(name)?.has(device) === true
    this.asked.push([word, device, ...(hears ? [] : ['in vain']), ...(reason === '' ? [] : [`(${reason})`])].join(' '))
    return hears
  }
  leave(name: string, device: DeviceId): void {
    this.asked.push(`leave ${device}`)
    this.members.get(name)?.delete(device)
  }
  close(name: string): void {
    this.asked.push('close')
    this.members.delete(name)
  }

  /** The device subscribes to the session that was opened last. */
  listen(...devices: readonly string[]): void {
    for (const device of devices.map(deviceId)) {
      this.#listening.add(device)
      this.opened.at(-1)?.told.joined(device)
    }
  }
  /** What was asked since the last question. */
  news(): string[] {
    return this.asked.splice(0)
  }
}

export class Fleet {
  readonly world: World
  readonly sender = new ScriptedSender()
  readonly connections = new Map<string, ScriptedConnection>()
  readonly #eventNumbers = new Map<string, number>()
  #randomCount = 0

  constructor(settings: ConstructorParameters<typeof World>[0] = {}, ports: World['ports'] = {}) {
    this.world = new World({ broadcastDevicesMin: 3, broadcastGatherMs: 4000, ...settings })
    const bytes = (count: number): Buffer => {
      this.#randomCount += 1
      return Buffer.alloc(count, this.#randomCount)
    }
    this.world.ports = { random: { bytes }, ...ports }
    this.world.sender = this.sender
  }

  static async of(devices: readonly string[], ...parts: ConstructorParameters<typeof Fleet>): Promise<Fleet> {
    const fleet = new Fleet(...parts)
    await fleet.world.start()
    await fleet.connect(...devices)
    return fleet
  }

  async connect(...devices: readonly string[]): Promise<void> {
    for (const device of devices) {
      const connection = this.world.connect(deviceId(device))
      this.connections.set(device, connection)
      await this.world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest, { patchMemoryBytes: 1000 }))
    }
    await settled()
  }

  async operation(devices: readonly string[], policy: Partial<Policy> = {}): Promise<OperationId> {
    const id = await this.world.operation(devices, policy)
    await settled()
    return id
  }

  async say(
    operation: OperationId,
    devices: readonly string[],
    content: DeviceEvent['content'] | Step,
    fields: Partial<DeviceEvent> = {},
  ): Promise<void> {
    for (const device of devices) {
      const number = (this.#eventNumbers.get(device) ?? 0) + 1
      this.#eventNumbers.set(device, number)
      const said = typeof content === 'string' ? ({ kind: 'step', step: content } as const) : content
      const connection = this.connections.get(device)
      if (connection === undefined) throw new TypeError(`${device} is not connected`)
      await this.world.orchestrator.event(connection, { ...eventOf(number, said, operation), ...fields })
    }
    await settled()
  }

  /** Kinds of all messages a device was sent on its topic `offer`. */
  received(device: string): string[] {
    return this.connections.get(device)?.received.map(({ kind }) => kind) ?? []
  }

  async restart(): Promise<void> {
    const devices = [...this.connections.keys()]
    await this.world.kill()
    await this.world.start()
    for (const device of devices) {
      const connection = this.world.connect(deviceId(device))
      this.connections.set(device, connection)
    }
  }
}

export function sessionOf({ sender }: Fleet): BroadcastSession {
  const [first] = sender.opened
  if (first === undefined) throw new TypeError('no session was opened')
  return first.session
}

export async function operationOf(fleet: Fleet, id: OperationId) {
  const operation = await fleet.world.store.operation(id)
  if (operation === undefined) throw new TypeError(`no operation ${id}`)
  return operation
}

export async function executionOf(fleet: Fleet, id: OperationId, device: string) {
  const execution = await fleet.world.store.execution(id, deviceId(device))
  if (execution === undefined) throw new TypeError(`no execution of ${device}`)
  return execution
}
