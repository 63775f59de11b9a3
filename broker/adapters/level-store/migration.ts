// Brings a database of an older version to this one, at the start, batch by batch. The version is written last: what is
// cut off is begun again at the next start, and comes to the same.
//
//   1 ▶ 2   events and their times are left as they are; their index rows, which were of another form, are written anew,
//           as are all records that have changed their shape
//   2 ▶ 3   nothing: rows of version 2 are right in version 3, but version 2 would not believe those of version 3
//   3 ▶ 4   the same
//   4 ▶ 5   the same
import { firmwareUpdate } from '../../../proto/offer-messages.ts'
import { errorReasonOf } from '../../core/counts.ts'
import { newOperation, releaseSubject } from '../../core/new-operation.ts'
import { type Policy, policyDefaults } from '../../core/policy.ts'
import type {
  ErrorReason,
  EventRecord,
  Execution,
  Operation,
  OperationCounts,
  Principal,
  Release,
} from '../../core/records.ts'
import { StoreDamaged } from '../../errors.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { Head } from './head.ts'
import * as keys from './keys.ts'
import type { StorePosition } from './position.ts'
import { decodeValue } from './record.ts'
import { eventIndexKeys, indexKeysOf, prepared, type Step } from './rows.ts'
import { type Schema, schemaVersion } from './schema.ts'
import type { Database } from './verification.ts'
import { writeBatch } from './write-batch.ts'

type Row = readonly [key: string, value: string]
type Reasons = Partial<Record<ErrorReason, number>>

const chunkRows = 500

export async function migrate(
  db: Database,
  head: Head,
  from: StorePosition,
  { version, logBatches }: Schema,
): Promise<StorePosition> {
  const writer = new Writer(db, head, from, logBatches)
  if (version < 2) await renewAll(db, writer)
  const schema: Schema = { version: schemaVersion, logBatches }
  await writer.write([putStep(keys.schemaKey, schema)])
  return writer.position
}

/** One batch after the other, each acknowledged. */
class Writer {
  readonly #db: Database
  readonly #head: Head
  readonly #logBatches: number
  position: StorePosition

  constructor(db: Database, head: Head, position: StorePosition, logBatches: number) {
    this.#db = db
    this.#head = head
    this.position = position
    this.#logBatches = logBatches
  }

  async write(steps: readonly Step[]): Promise<void> {
    if (steps.length === 0) return
    const builder = new BatchBuilder(this.position, new Map())
    builder.add(prepared(steps))
    const batch = builder.finish()
    await writeBatch(this.#db, batch, this.#logBatches)
    await this.#head.advance(batch.position)
    this.position = batch.position
  }
}

async function renewAll(db: Database, writer: Writer): Promise<void> {
  for await (const rows of chunksOf(db, 'e!')) {
    const events = rows.map(([key, value]) => decodeValue<EventRecord>(key, value))
    // Times begin to rise where the latest one stands.
    const recordedAt = events.reduce((latest, event) => Math.max(latest, event.recordedAt), writer.position.recordedAt)
    writer.position = { ...writer.position, recordedAt }
    await writer.write(
      events.map((event, index): Step => {
        const present = eventIndexKeys(event, keys.numberAt((rows[index] as Row)[0]))
        return { kind: 'event-index', present }
      }),
    )
  }
  const reasons = new Map<string, Reasons>()
  for await (const rows of chunksOf(db, 'x!')) await writer.write(rows.map(row => executionStep(row, reasons)))
  for await (const rows of chunksOf(db, 'o!')) {
    await writer.write(await Promise.all(rows.map(row => operationStep(db, row, reasons))))
  }
  const oldTokens = (await db.keys(keys.within('pt!')).all()).filter(key => key.split('!').length === 2)
  for await (const rows of chunksOf(db, 'p!')) {
    await writer.write(rows.map(([key, value]) => putStep(key, decodeValue<Principal>(key, value), oldTokens)))
  }
}

async function* chunksOf(db: Database, prefix: string): AsyncGenerator<readonly Row[]> {
  const iterator = db.iterator(keys.within(prefix))
  try {
    for (let rows = await iterator.nextv(chunkRows); rows.length > 0; rows = await iterator.nextv(chunkRows)) yield rows
  } finally {
    await iterator.close()
  }
}

/** Counts the reasons of the operation beside. */
function executionStep([key, value]: Row, reasons: Map<string, Reasons>): Step {
  const execution = decodeValue<Execution>(key, value)
  const { operation, state, code, data = {} } = execution
  if (state === 'pending' || state === 'in-progress' || code === undefined) return putStep(key, execution)
  const errorReason = errorReasonOf(state, code, data)
  if (errorReason === undefined) return putStep(key, execution)
  const counts = reasons.get(operation) ?? {}
  reasons.set(operation, { ...counts, [errorReason]: (counts[errorReason] ?? 0) + 1 })
  return putStep(key, { ...execution, errorReason })
}

/** The shape of version 1, as far as it differs. */
interface OldOperation
  extends Omit<Operation, 'subject' | 'typeName' | 'targets' | 'policy' | 'counts' | 'stoppedBy' | 'sweep'> {
  readonly release: Release['id']
  readonly targets: { readonly kind: 'devices' | 'all-registered' }
  readonly policy: Partial<Policy>
  readonly counts: Omit<OperationCounts, 'byReason'>
  readonly stoppedBy?: Operation['createdBy']
  readonly sweep?: Operation['sweep']
}

async function operationStep(db: Database, [key, value]: Row, reasons: ReadonlyMap<string, Reasons>): Promise<Step> {
  const old = decodeValue<Operation | OldOperation>(key, value)
  if ('subject' in old) return putStep(key, old)
  const releaseKey = keys.releaseKey(old.release)
  const release: string | undefined = await db.get(releaseKey)
  if (release === undefined) throw new StoreDamaged(`record "${releaseKey}" is missing`)
  return putStep(key, renewed(old, decodeValue<Release>(releaseKey, release), reasons.get(old.id) ?? {}))
}

function renewed(old: OldOperation, release: Release, byReason: Reasons): Operation {
  const { id, name, createdBy, state, requestedAt, startedAt, completedAt, stopRequestedAt, stoppedBy, lease } = old
  const { completed, failed, inProgress } = old.counts
  const fresh = newOperation(
    {
      id,
      name,
      type: firmwareUpdate,
      typeName: 'Firmware Update',
      subject: releaseSubject(release),
      targets: old.targets.kind === 'devices' ? { kind: 'devices' } : { kind: 'filter', filter: '', open: false },
      // It had neither rules that abort nor retries.
      policy: { ...policyDefaults, abort: [], retries: [], ...old.policy },
      createdBy,
    },
    requestedAt,
  )
  const { sweep: _, ...rest } = fresh
  return {
    ...rest,
    state,
    ...(startedAt !== undefined && { startedAt }),
    ...(completedAt !== undefined && { completedAt }),
    ...(stopRequestedAt !== undefined && { stopRequestedAt }),
    ...(stoppedBy !== undefined && { stoppedBy: { kind: 'principal', name: stoppedBy } }),
    counts: { ...old.counts, byReason },
    executed: { ...fresh.executed, executed: completed + failed, succeeded: completed },
    handOverCount: completed + failed + inProgress,
    ...(old.sweep !== undefined && { sweep: old.sweep }),
    lease,
  }
}

function putStep(key: string, value: unknown, stale: readonly string[] = []): Step {
  const json = JSON.stringify(value)
  const { present, absent } = indexKeysOf(key, json)
  return { kind: 'put', key, json, index: present, stale: [...absent, ...stale] }
}
