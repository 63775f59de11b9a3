// A store with something of everything in it, for tests that damage copies of it, and what a reader sees of one.
import { cp, mkdir, rm } from 'node:fs/promises'
import { LevelStore, type LevelStoreOptions } from '../../../../broker/adapters/level-store.ts'
import type { ExecutionState } from '../../../../broker/core/records.ts'
import type { Change, Store } from '../../../../broker/ports.ts'
import { eventIdOf } from '../../../../proto/ids.ts'
import { seeded } from '../../../fixtures/seeded.ts'
import { readAll } from '../../../suites/store-pages.ts'
import {
  answerOf,
  append,
  appendAudit,
  auditOf,
  below,
  device,
  eventOf,
  executionOf,
  noticeOf,
  operation,
  operationOf,
  pick,
  principalOf,
  putBackup,
  putDevice,
  putExecution,
  webhookOf,
} from '../../../suites/store-samples.ts'

/** Makes LevelDB write tables early. */
export const smallBuffer = { writeBufferBytes: 64 * 1024 }

/** Some two hundred commits of every kind: tables, a write-ahead log with something in it, overwritten records. */
export async function makeHistory(directory: string, options: LevelStoreOptions): Promise<{ lastBatch: number }> {
  const random = seeded(7)
  const store = await LevelStore.open(directory, { ...smallBuffer, ...options })
  const known = new Map<string, ExecutionState>()
  for (let round = 0; round < 120; round++) {
    const id = device(`sensor-${below(random, 12)}`)
    const of = operation(1 + below(random, 2))
    const state = pick(random, ['pending', 'in-progress', 'completed', 'failed'] as const)
    const previous = known.get(`${of} ${id}`)
    known.set(`${of} ${id}`, state)
    const data = { filling: Buffer.from(Array.from({ length: 150 }, () => below(random, 256))).toString('base64') }
    const changes: Change[] = [
      putDevice(id, { bootId: String(round) }),
      append(eventOf(id, { operation: of, data })),
      append(eventOf(id, { code: 'SYS_112', type: 'SUCCESS', data })),
      putExecution(executionOf(of, id, state, round), previous),
      appendAudit(auditOf(id, round % 2 === 0 ? { operation: of, data: { round } } : { data: { round } })),
    ]
    if (round % 10 === 0) {
      changes.push(
        {
          kind: 'put-operation',
          operation: operationOf(of, round < 100 || of === operation(1) ? 'running' : 'completed'),
        },
        { kind: 'put-targets', operation: of, devices: [id] },
        { kind: 'put-principal', principal: principalOf(`name-${round % 3}`, String(round).padStart(64, '0')) },
        { kind: 'put-answer', answer: answerOf(`request-${round % 40}`, round) },
        { kind: 'put-clock', at: round },
        { kind: 'append-notice', notice: noticeOf('hook') },
        { kind: 'put-webhook', webhook: webhookOf(`hook-${round % 30}`) },
        putBackup(of, id, `configuration ${round}`),
      )
    }
    // What is deleted comes back for some, and stays away for others.
    if (round % 17 === 0) {
      changes.push(
        { kind: 'delete-device', device: device(`sensor-${round % 5}`) },
        { kind: 'delete-webhook', id: `hook-${round % 3}0` },
        { kind: 'delete-principal', name: principalOf(`name-${round % 4}`, '').name },
        { kind: 'delete-notice', number: round % 6 },
      )
    }
    await store.commit(changes)
  }
  await store.close()
  const again = await LevelStore.open(directory, smallBuffer)
  await again.trimEvents(Number.POSITIVE_INFINITY, 8)
  await again.trimAnswers(30, 2)
  for (let round = 0; round < 10; round++) await again.commit([append(eventOf(device('sensor-1')))])
  const { batches, problems } = await again.verify()
  if (problems.length > 0) throw new Error(problems.join('; '))
  await again.close()
  return { lastBatch: batches }
}

/** Everything a reader of the port can see. */
export async function everythingIn(store: Store): Promise<string> {
  const seen: unknown[] = [await store.principals(), await store.unfinishedOperations()]
  const { items: devices } = await store.devices({ limit: 100 })
  seen.push(devices, await store.operations({ limit: 100 }), await readAll(store, { order: 'ASC', limit: 1000 }))
  seen.push(await store.audit({ order: 'ASC', limit: 1000 }), store.auditHead(), store.eventRange())
  seen.push(await store.savedClock(), await store.webhooks(), await store.notices({ limit: 100 }))
  for (let number = 0; number < 40; number += 10) {
    seen.push(await store.answer(answerOf('', 0).principal, `request-${number}`))
  }
  for (const type of ['INFO', 'SUCCESS'] as const) seen.push(await readAll(store, { type, order: 'ASC', limit: 1000 }))
  for (const code of ['SYS_106', 'SYS_112'] as const)
    seen.push(await readAll(store, { code, order: 'DESC', limit: 1000 }))
  for (let index = 0; index < 12; index++) {
    const id = device(`sensor-${index}`)
    seen.push(await store.device(id), await store.unfinishedExecutionsOf(id))
    seen.push((await readAll(store, { device: id, order: 'ASC', limit: 1000 })).map(event => event.id))
  }
  for (const of of [1, 2].map(operation)) {
    seen.push(await store.operation(of), await store.targets(of, { limit: 100 }))
    seen.push(await store.audit({ operation: of, order: 'DESC', limit: 1000 }))
    for (const result of ['updated', 'errors'] as const)
      seen.push(await store.executionsByResult(of, { result, limit: 100 }))
    const backups = await store.backups(of, { limit: 100 })
    seen.push(backups)
    for (const backup of backups.items) seen.push([...((await store.backupContent(backup.sha256)) ?? [])])
    seen.push((await readAll(store, { operation: of, order: 'ASC', limit: 1000 })).map(event => event.id))
    for (const state of [undefined, 'pending', 'in-progress', 'completed', 'failed'] as const) {
      seen.push(await store.executions(of, { ...(state && { state }), limit: 100 }))
    }
  }
  for (let round = 0; round < 120; round += 10) seen.push(await store.principalByToken(String(round).padStart(64, '0')))
  for (let number = 1; number <= 240; number += 7) seen.push(await store.event(eventIdOf(number)))
  return JSON.stringify(seen)
}

/** What a reader sees of the store in `directory`, which is copied to `copy` for it. */
export async function contentsOf(directory: string, copy: string): Promise<string> {
  await copyOf(directory, copy)
  const store = await LevelStore.open(copy, smallBuffer)
  try {
    return await everythingIn(store)
  } finally {
    await store.close()
  }
}

export async function copyOf(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await mkdir(to, { recursive: true })
  await cp(from, to, { recursive: true })
}
