// The operation machine with its executions in a map: what a test feeds it, in few words. No shell, no clock: `at` is
// moved by hand. `recount` counts everything again from the executions, so that no test believes the machine's own sums.
import { errorReasonOf, isEndedExecution, noCounts, noTally } from '../../../broker/core/counts.ts'
import type { Device } from '../../../broker/core/device.ts'
import { newOperation } from '../../../broker/core/new-operation.ts'
import { step } from '../../../broker/core/operation.ts'
import type { Decision, Input } from '../../../broker/core/operation-facts.ts'
import { type DeadlineKind, type Policy, policyDefaults, type Wave } from '../../../broker/core/policy.ts'
import type {
  CommandSubject,
  Execution,
  NewEvent,
  Operation,
  Release,
  ReleaseSubject,
  TransferTotals,
} from '../../../broker/core/records.ts'
import { type DeviceCode, type EventCode, eventCodeEntry } from '../../../proto/event-codes.ts'
import { artifactId, type DeviceId, deviceId, operationId, principalName, releaseIdOf } from '../../../proto/ids.ts'
import type { DeviceEvent, EventContent, Step } from '../../../proto/messages.ts'

export const targetDigest = 'ab'.repeat(32)
export const oldDigest = 'cd'.repeat(32)
export const vendorId = '00'.repeat(16)
export const kim = principalName('kim')
export const lee = principalName('lee')
export const minute = 60_000
export const day = 86_400_000
export const id = operationId('0'.repeat(26))
export const start = 1_000_000

export const releaseSubject: ReleaseSubject = {
  kind: 'release',
  release: releaseIdOf('main', '2.0.0', targetDigest),
  component: 'main',
  version: '2.0.0',
  digest: targetDigest,
  vendorIds: [vendorId],
}

/** Its one manifest is for the vendor and class of `deviceOf`. */
export const release: Release = {
  id: releaseSubject.release,
  component: 'main',
  version: '2.0.0',
  installedSha256: targetDigest,
  createdAt: 1,
  createdBy: kim,
  manifests: [
    {
      sha256: 'ee'.repeat(32),
      envelope: '',
      vendorId,
      classId: '11'.repeat(16),
      artifact: artifactId(targetDigest),
      payloadSize: 10,
      expiresAt: 9e12,
    },
  ],
}

export function commandSubject(confirmation: CommandSubject['confirmation'], digest?: string): CommandSubject {
  return {
    kind: 'command',
    confirmation,
    arguments: {},
    envelope: '',
    expiresAt: 9e12,
    ...(digest === undefined ? {} : { digest }),
  }
}

export function deviceOf(name: string, version = '1.0.0', digest = oldDigest, fields: Partial<Device> = {}): Device {
  return {
    id: deviceId(name),
    registeredAt: 1,
    lastHelloAt: 1,
    vendorId,
    classId: '11'.repeat(16),
    bootId: '22'.repeat(16),
    agentVersion: '1',
    packetBytesMax: 32768,
    components: [{ name: 'main', version, digest }],
    journals: [],
    ...fields,
  }
}

export function updated(name: string): Device {
  return deviceOf(name, '2.0.0', targetDigest)
}

/** No rule but those the test names: no abort, no retry, no wave, a hundred permits. */
export const plain: Policy = { ...withoutShare(policyDefaults), concurrency: 100, abort: [], retries: [] }

export function withoutShare(policy: Policy): Policy {
  const { concurrencyPercent: _, ...rest } = policy
  return rest
}

export function waveOf(size: number | string, fields: Partial<Wave> = {}): Wave {
  return {
    size:
      typeof size === 'number' ? { kind: 'count', value: size } : { kind: 'percent', value: Number.parseInt(size, 10) },
    successPercent: 90,
    errorPercent: 10,
    soakMinutes: 0,
    onSuccess: 'next',
    ...fields,
  }
}

export function made(policy: Partial<Policy> = {}, parts: Partial<Operation> = {}): Operation {
  return {
    ...newOperation(
      {
        id,
        name: 'main 2.0.0',
        type: 'firmware-update',
        typeName: 'Firmware Update',
        subject: parts.subject ?? releaseSubject,
        targets: { kind: 'devices' },
        policy: { ...plain, ...policy },
        createdBy: kim,
      },
      start,
    ),
    ...parts,
  }
}

export const openTargets = { kind: 'filter', filter: 'id__neq=x', open: true } as const

export function reportOf(content: EventContent, fields: Partial<DeviceEvent> = {}): DeviceEvent {
  return {
    journalId: '33'.repeat(8),
    eventNumber: 7,
    operation: id,
    deviceTime: 5,
    content,
    data: {},
    ...fields,
  }
}

/** What can be left out where the machine knows it. */
type Loose<I> = I extends Input ? Omit<I, 'at'> : never

export class Machine {
  operation: Operation
  at = start
  readonly executions = new Map<DeviceId, Execution>()
  readonly decisions: Decision[] = []
  /** Drawn for each retry. */
  chance = 0.5
  /** What `ready` tells of the manifests. */
  release: Release | undefined

  constructor(operation: Operation) {
    this.operation = operation
  }

  feed(input: Loose<Input>): Decision {
    const decision = step(this.operation, { ...input, at: this.at } as Input)
    this.operation = decision.operation
    for (const { execution } of decision.executions) this.executions.set(execution.device, execution)
    this.decisions.push(decision)
    return decision
  }

  of(name: string): Execution {
    const execution = this.executions.get(deviceId(name))
    if (execution === undefined) throw new Error(`${name} is no target`)
    return execution
  }

  get inProgress(): Execution[] {
    return [...this.executions.values()].filter(({ state }) => state === 'in-progress')
  }

  get events(): NewEvent[] {
    return this.decisions.flatMap(({ events }) => events)
  }

  get audits() {
    return this.decisions.flatMap(({ audits }) => audits)
  }

  advance(ms: number): this {
    this.at += ms
    return this
  }

  find(...names: string[]): Decision {
    return this.feed({
      kind: 'targets-found',
      targets: names.map(name => ({ device: deviceId(name), registered: deviceOf(name) })),
      more: false,
    })
  }

  ready(...names: string[]): string[] {
    return names.filter(name =>
      this.feed({
        kind: 'device-ready',
        execution: this.of(name),
        device: deviceOf(name),
        ...(this.release === undefined ? {} : { release: this.release }),
      }).effects.some(({ kind }) => kind === 'offer'),
    )
  }

  unreachable(name: string): Decision {
    return this.feed({ kind: 'device-unreachable', execution: this.of(name) })
  }

  report(name: string, content: EventContent, fields: Partial<DeviceEvent> = {}, backupSha256?: string): Decision {
    const execution = this.of(name)
    return this.feed({
      kind: 'device-reported',
      execution,
      event: reportOf(content, { attempt: execution.attempt, ...fields }),
      chance: this.chance,
      ...(backupSha256 === undefined ? {} : { backupSha256 }),
    })
  }

  step(name: string, said: Step, data: Readonly<Record<string, string>> = {}, backupSha256?: string): Decision {
    return this.report(name, { kind: 'step', step: said }, { data }, backupSha256)
  }

  fail(name: string, code: DeviceCode, fields: Partial<DeviceEvent> = {}): Decision {
    return this.report(name, { kind: 'code', code }, fields)
  }

  hello(name: string, device: Device = deviceOf(name), underWay = false): Decision {
    return this.feed({
      kind: 'device-said-hello',
      execution: this.of(name),
      device,
      underWay,
      chance: this.chance,
    })
  }

  succeed(...names: string[]): void {
    for (const name of names) this.hello(name, updated(name))
  }

  deadline(name: string, deadline: DeadlineKind, device?: Device): Decision {
    return this.feed({
      kind: 'deadline-passed',
      execution: this.of(name),
      deadline,
      chance: this.chance,
      ...(device === undefined ? {} : { device }),
    })
  }

  clock(): Decision {
    return this.feed({ kind: 'clock-struck', inProgress: this.inProgress })
  }

  stop(): Decision {
    return this.feed({ kind: 'stop-requested', by: { kind: 'principal', name: kim }, inProgress: this.inProgress })
  }

  resume(): Decision {
    return this.feed({ kind: 'resume-requested', by: lee })
  }

  /** Goes over the pending ones in pages, as the shell does while a sweep is under way. */
  sweep(pageSize = 3): void {
    while (this.operation.sweep !== undefined && this.operation.sweep.kind !== 'expand') {
      const { after } = this.operation.sweep
      const pending = [...this.executions.values()]
        .filter(({ state, device }) => state === 'pending' && (after === undefined || device > after))
        .sort((a, b) => (a.device < b.device ? -1 : 1))
      this.feed({ kind: 'pending-swept', executions: pending.slice(0, pageSize), more: pending.length > pageSize })
    }
  }
}

/** An operation with these devices found and pending. */
export function machine(policy: Partial<Policy>, names: readonly string[], parts: Partial<Operation> = {}): Machine {
  const made_ = new Machine(made(policy, parts))
  made_.find(...names)
  return made_
}

export function names(count: number, prefix = 's'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${String(index + 1).padStart(3, '0')}`)
}

/** Every sum of an operation, counted again from its executions. */
export function recount(
  operation: Operation,
  all: Iterable<Execution>,
): Pick<Operation, 'counts' | 'executed' | 'retryingCount'> & {
  wave: Omit<Operation['wave'], 'index' | 'soakUntil'>
  transfer?: TransferTotals
} {
  const count = (test: (execution: Execution) => boolean): number => executions.filter(test).length
  const executions = [...all]
  const tally = <Key extends string>(key: (execution: Execution) => Key | undefined) => {
    const sums: Partial<Record<Key, number>> = {}
    for (const execution of executions) {
      const name = key(execution)
      if (name !== undefined) sums[name] = (sums[name] ?? 0) + 1
    }
    return sums
  }
  const personal: readonly (EventCode | undefined)[] = ['SYS_101', 'SYS_103', 'SYS_104', 'SYS_109']
  const executedIn = executions.filter(
    execution => isEndedExecution(execution) && execution.attempt > 0 && !personal.includes(execution.code),
  )
  const succeeded = (execution: Execution): boolean => execution.state === 'completed' || execution.code === 'SYS_110'
  const inWave = (execution: Execution): boolean => execution.wave === operation.wave.index
  return {
    counts: {
      ...noCounts,
      total: executions.length,
      pending: count(({ state }) => state === 'pending'),
      inProgress: count(({ state }) => state === 'in-progress'),
      completed: count(({ state }) => state === 'completed'),
      failed: count(({ state }) => state === 'failed'),
      skipped: count(({ state }) => state === 'skipped'),
      byCode: tally(({ code }) => code),
      byReason: tally(({ state, code, data }) =>
        code === undefined || state === 'pending' || state === 'in-progress'
          ? undefined
          : errorReasonOf(state, code, data ?? {}),
      ),
    },
    executed: {
      ...noTally,
      executed: executedIn.length,
      succeeded: executedIn.filter(succeeded).length,
      failedByCode: tally(execution =>
        executedIn.includes(execution) && !succeeded(execution) ? execution.code : undefined,
      ),
    },
    retryingCount: count(({ state, attempt }) => state === 'pending' && attempt > 0),
    ...transferred(executions.filter(isEndedExecution)),
    wave: {
      handedOver: count(inWave),
      ended: count(execution => inWave(execution) && isEndedExecution(execution)),
      executed: executedIn.filter(inWave).length,
      succeeded: executedIn.filter(execution => inWave(execution) && succeeded(execution)).length,
      failed: executedIn.filter(execution => inWave(execution) && !succeeded(execution)).length,
    },
  }
}

/** The words of those that said what can be true, added up. */
function transferred(ended: readonly Execution[]): Pick<Operation, 'transfer'> {
  const told = ended.flatMap(({ transfer }) => {
    if (transfer === undefined) return []
    const of = (name: string): number => Number.parseInt(transfer[name] ?? '0', 10)
    const imageBytes = of('held_bytes') + of('patch_bytes') + of('received_bytes')
    const isLie =
      imageBytes > 2 ** 32 ||
      of('wire_bytes') > 2 ** 36 ||
      of('patch_wire_bytes') > of('wire_bytes') ||
      of('broadcast_bytes') > of('received_bytes')
    return isLie ? [] : [{ of, imageBytes }]
  })
  const sum = (name: string): number => told.reduce((all, { of }) => all + of(name), 0)
  if (told.length === 0) return {}
  const transfer = {
    devices: told.length,
    imageBytes: told.reduce((all, { imageBytes }) => all + imageBytes, 0),
    heldBytes: sum('held_bytes'),
    receivedBytes: sum('received_bytes'),
    wireBytes: sum('wire_bytes'),
    patchBytes: sum('patch_bytes'),
    patchWireBytes: sum('patch_wire_bytes'),
    broadcastBytes: sum('broadcast_bytes'),
  }
  return { transfer }
}

export function textOf(code: EventCode): string {
  return eventCodeEntry(code).text
}
