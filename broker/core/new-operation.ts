// An operation before anything has happened in it.
import { type OperationId, operationId } from '../../proto/ids.ts'
import { firstWave, noCounts, noTally } from './counts.ts'
import { idleState } from './deadlines.ts'
import { policyDefaults } from './policy.ts'
import type { Operation, Release, ReleaseSubject } from './records.ts'

/** `at`: the moment of the request. Targets are found by the sweep it begins with. */
export function newOperation(
  parts: Pick<Operation, 'id' | 'name' | 'type' | 'typeName' | 'subject' | 'targets' | 'policy' | 'createdBy'> &
    Partial<Pick<Operation, 'origin'>>,
  at: number,
): Operation {
  const state = parts.policy.approval ? 'awaiting-approval' : idleState({ policy: parts.policy }, at)
  return {
    ...parts,
    state,
    requestedAt: at,
    ...(state === 'pending' ? { openedAt: at } : {}),
    counts: noCounts,
    executed: noTally,
    abortBase: noTally,
    wave: firstWave,
    handOverCount: 0,
    retryingCount: 0,
    sweep: { kind: 'expand' },
    lease: 1,
  }
}

/** Nine characters of time, then 17 of chance, so that ids sort by age. `chance`: 17 random bytes. */
export function operationIdOf(at: number, chance: Uint8Array): OperationId {
  const time = at.toString(36).padStart(9, '0')
  return operationId(`${time}${Array.from(chance.subarray(0, 17), byte => (byte % 36).toString(36)).join('')}`)
}

export function releaseSubject(release: Release): ReleaseSubject {
  return {
    kind: 'release',
    release: release.id,
    component: release.component,
    version: release.version,
    digest: release.installedSha256,
    vendorIds: [...new Set(release.manifests.map(({ vendorId }) => vendorId))].sort(),
  }
}

/** Brings the devices an aborted operation was handed over to back to the old content, at once and without waves. */
export function rollbackOf(operation: Operation, release: Release, id: OperationId, at: number): Operation {
  return newOperation(
    {
      id,
      name: `roll back ${operation.name}`.slice(0, 200),
      type: operation.type,
      typeName: operation.typeName,
      subject: releaseSubject(release),
      targets: { kind: 'executions', operation: operation.id, which: 'handed-over' },
      policy: {
        ...operation.policy,
        offlinePolicy: 'wait',
        waves: [],
        abort: policyDefaults.abort,
        approval: false,
        schedule: policyDefaults.schedule,
        prerequisites: [],
      },
      createdBy: operation.createdBy,
      origin: { kind: 'rollback', operation: operation.id },
    },
    at,
  )
}
