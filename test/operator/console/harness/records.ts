// Records of operations as the broker would have written them: how many devices ended with which code, how many are still
// under way, and the counts that follow from it.
import { createHash } from 'node:crypto'
import { recounted } from '../../../../broker/core/counts.ts'
import { newOperation, operationIdOf, releaseSubject } from '../../../../broker/core/new-operation.ts'
import { policyDefaults } from '../../../../broker/core/policy.ts'
import type { ErrorReason, Execution, Operation, OperationState, Release } from '../../../../broker/core/records.ts'
import { type EventCode, eventCodeEntry } from '../../../../proto/event-codes.ts'
import { type DeviceId, deviceId, principalName } from '../../../../proto/ids.ts'
import { makeBundle, testClassId, testVendorId } from '../../../fixtures/bundle.ts'

export const component = 'main'
const image = Buffer.alloc(64 * 1024, 'the image of the second version ')
/** What the seeded updates bring; the file can be uploaded, too. */
export const bundle = makeBundle({ image, version: '2.0.0', component })

export interface OperationWishes {
  readonly name: string
  readonly state: OperationState
  /** Milliseconds since 1970. */
  readonly at: number
  readonly createdBy?: string
  readonly type?: readonly [type: string, typeName: string]
  /** Devices by final code; a success is any code whose default type is SUCCESS. */
  readonly ended?: Readonly<Partial<Record<EventCode, number>>>
  readonly pending?: number
  readonly inProgress?: number
}

export interface OperationRecords {
  readonly operation: Operation
  readonly executions: readonly Execution[]
}

export function deviceName(number: number): DeviceId {
  return deviceId(`sensor-${String(number).padStart(7, '0')}`)
}

export function releaseRecord(at: number): Release {
  const { manifest, envelope, artifact, release } = bundle
  return {
    id: release,
    component,
    version: manifest.version,
    installedSha256: manifest.installedSha256,
    createdAt: at,
    createdBy: principalName('admin'),
    manifests: [
      {
        sha256: createHash('sha256').update(envelope).digest('hex'),
        envelope: envelope.toString('base64'),
        vendorId: testVendorId,
        classId: testClassId,
        artifact,
        payloadSize: manifest.payloadSize,
        expiresAt: manifest.expiresAt,
      },
    ],
  }
}

/** The devices are the first of the registry; `number` makes ids of the same moment differ. */
export function operationRecords(wishes: OperationWishes, number: number): OperationRecords {
  const { name, state, at, createdBy = 'admin', type = ['firmware-update', 'Firmware Update'] } = wishes
  const isUpdate = type[0] === 'firmware-update'
  const made = newOperation(
    {
      id: operationIdOf(at, new Uint8Array(17).fill(number % 36)),
      name,
      type: type[0],
      typeName: type[1],
      subject: isUpdate
        ? releaseSubject(releaseRecord(at))
        : {
            kind: 'command',
            confirmation: 'report',
            arguments: {},
            envelope: '',
            expiresAt: at + 86_400_000,
          },
      targets: { kind: 'devices' },
      policy: {
        ...policyDefaults,
        approval: state === 'awaiting-approval',
        concurrency: Math.max(policyDefaults.concurrency, wishes.inProgress ?? 0),
      },
      createdBy: principalName(createdBy),
    },
    at,
  )
  const executions = executionsOf(made, wishes)
  const { sweep: _, ...swept } = made
  let operation: Operation = { ...swept, state }
  for (const execution of executions) operation = recounted(operation, execution, undefined)
  const hasBegun = !['awaiting-approval', 'scheduled', 'pending'].includes(state)
  const hasEnded = state === 'completed' || state === 'stopped'
  return {
    executions,
    operation: {
      ...operation,
      ...(hasBegun
        ? { openedAt: at, startedAt: at + 2_000, handOverCount: executions.length - (wishes.pending ?? 0) }
        : {}),
      ...(hasEnded ? { completedAt: at + 600_000 } : {}),
      ...(state === 'stopped' ? { stoppedBy: { kind: 'principal', name: principalName('admin') } } : {}),
      ...(state === 'paused'
        ? {
            pause: {
              at: at + 300_000,
              by: { kind: 'policy', rule: 'abort.0' },
              reason: 'more than 5 % of the executed devices failed',
            },
          }
        : {}),
    },
  }
}

function executionsOf({ id, requestedAt }: Operation, { ended = {}, inProgress = 0, pending = 0 }: OperationWishes) {
  const executions: Execution[] = []
  const next = () => ({ operation: id, device: deviceName(executions.length), addedAt: requestedAt })
  for (const [code, count = 0] of Object.entries(ended) as [EventCode, number][])
    for (let left = count; left > 0; left -= 1) executions.push({ ...next(), ...endOf(code, requestedAt) })
  for (let left = inProgress; left > 0; left -= 1)
    executions.push({ ...next(), state: 'in-progress', step: 'downloading', attempt: 1, handedOverAt: Date.now() })
  for (let left = pending; left > 0; left -= 1) executions.push({ ...next(), state: 'pending', attempt: 0 })
  return executions
}

const reasons: Readonly<Partial<Record<EventCode, ErrorReason>>> = {
  SYS_100: 'unresponsive',
  SYS_103: 'stopped',
  SYS_104: 'stopped',
  SYS_105: 'not-found',
}

function endOf(code: EventCode, at: number): Omit<Execution, 'operation' | 'device' | 'addedAt'> {
  const [type] = eventCodeEntry(code).types
  const common = { code, endedAt: at + 500_000, initialVersion: '1.0.0', data: {} }
  if (type === 'SUCCESS')
    return { ...common, state: 'completed', attempt: 1, handedOverAt: at, updatedVersion: '2.0.0' }
  const errorReason = reasons[code] ?? 'error'
  if (type === 'SKIPPED') return { ...common, state: 'skipped', attempt: 0, errorReason }
  return { ...common, state: 'failed', attempt: 1, handedOverAt: at, errorReason }
}
