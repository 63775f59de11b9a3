// The releases operations bring: read when an operation is taken up, or made by a rule.
import { operationIdOf, rollbackOf } from '../core/new-operation.ts'
import type { Operation, Release } from '../core/records.ts'
import { StoreDamaged } from '../errors.ts'
import type { Store } from '../ports.ts'
import type { NewOperation } from './control-tasks.ts'
import type { Context } from './task.ts'

/** Of an operation that installs one; undefined for a command. Rejects with StoreDamaged when it is not there. */
export async function releaseOf(store: Store, { id, subject }: Operation): Promise<Release | undefined> {
  if (subject.kind !== 'release') return undefined
  const release = await store.release(subject.release)
  if (release === undefined) throw new StoreDamaged(`release ${subject.release} of operation ${id} is missing`)
  return release
}

/** The operation an abort rule asked for. */
export async function rollbackFor({ store, clock, random }: Context, operation: Operation): Promise<NewOperation> {
  const wanted = operation.rollback?.release
  const release = wanted === undefined ? undefined : await store.release(wanted)
  if (release === undefined) throw new StoreDamaged(`release ${wanted} that ${operation.id} rolls back to is missing`)
  const at = clock.now()
  return { operation: rollbackOf(operation, release, operationIdOf(at, random.bytes(17)), at), release }
}
