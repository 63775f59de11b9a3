// The store: durable events a second, what of a bare LevelDB is left, and pages at both ends of a long log.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { LevelStore } from '../broker/adapters/level-store.ts'
import type { NewEvent } from '../broker/core/records.ts'
import { type DeviceId, type OperationId, operationId } from '../proto/ids.ts'

export interface BenchOptions {
  /** JSON lines only. */
  readonly json: boolean
}

const inFlight = 64
const roundCommits = 3200
const commitCount = 9 * roundCommits
const logEvents = 100_000
const deviceCount = 1000

/** Takes about half a minute, in a temporary directory of its own. */
export async function run({ json }: BenchOptions): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'drover-bench-store-'))
  const print = (metric: string, value: number, unit: string, peer?: string) =>
    console.log(
      json
        ? JSON.stringify({ bench: 'store', metric, value: Number(value.toPrecision(4)), unit, ...(peer && { peer }) })
        : `store  ${metric.padEnd(44)} ${value.toPrecision(4).padStart(10)} ${unit}${peer ? ` (${peer})` : ''}`,
    )
  try {
    const store = await LevelStore.open(join(directory, 'store'))
    const bareDb = new Level<string, string>(join(directory, 'bare'))
    await bareDb.open()
    const [ours, bare, shares]: [number[], number[], number[]] = [[], [], []]
    // Turn and turn about, so that a busy moment of the machine is shared.
    for (let from = 0; from < commitCount; from += roundCommits) {
      const commitOne = (index: number) => store.commit([{ kind: 'append-event', event: eventAt(from + index) }])
      const [our, their] = [await rate(roundCommits, commitOne), await bareRate(bareDb, from)]
      ours.push(our)
      bare.push(their)
      shares.push(our / their)
    }
    await bareDb.close()
    print(`durable-events-${inFlight}-in-flight`, middle(ours), 'events/s')
    print('bare-batch-sync-same-rows', middle(bare), 'events/s', 'level')
    print('share-of-bare', middle(shares), 'ratio')
    const batches: number[] = []
    for (let round = 0; round < 5; round++) {
      const changes = (index: number) =>
        Array.from({ length: 100 }, (_, offset) => ({
          kind: 'append-event' as const,
          event: eventAt(index * 100 + offset),
        }))
      batches.push(100 * (await rate(20, index => store.commit(changes(index)), 1)))
    }
    print('durable-events-in-commits-of-100', middle(batches), 'events/s')

    for (let index = store.eventRange().newest; index < logEvents; index += 1000) {
      const events = Array.from({ length: 1000 }, (_, offset) => eventAt(index + offset))
      await store.commit(events.map(event => ({ kind: 'append-event' as const, event })))
    }
    const device = deviceAt(7)
    const page = { limit: 50 }
    print('page-50-newest', await median(() => store.events({ ...page, order: 'DESC' })), 'ms')
    print('page-50-oldest', await median(() => store.events({ ...page, order: 'ASC' })), 'ms')
    print('page-50-newest-of-device', await median(() => store.events({ ...page, order: 'DESC', device })), 'ms')
    const notBefore = eventAt(logEvents / 2).recordedAt
    print(
      'page-50-from-the-middle-by-time',
      await median(() => store.events({ ...page, order: 'ASC', notBefore })),
      'ms',
    )
    print('page-50-newest-of-type', await median(() => store.events({ ...page, order: 'DESC', type: 'INFO' })), 'ms')
    print('page-50-oldest-of-code', await median(() => store.events({ ...page, order: 'ASC', code: 'SYS_106' })), 'ms')
    await store.close()
    const started = performance.now()
    const again = await LevelStore.open(join(directory, 'store'))
    print('open-and-verify-100000-events', performance.now() - started, 'ms')
    await again.close()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Calls a second with a constant number in flight. */
async function rate(count: number, once: (index: number) => Promise<unknown>, atOnce = inFlight): Promise<number> {
  const started = performance.now()
  let next = 0
  const worker = async () => {
    while (next < count) await once(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return count / ((performance.now() - started) / 1000)
}

/** The same rows an event takes, in synced batches as large as the number in flight, one after the other. */
async function bareRate(db: Level<string, string>, from: number): Promise<number> {
  const started = performance.now()
  for (let index = from; index < from + roundCommits; index += inFlight) {
    const rows = []
    for (let number = index; number < index + inFlight; number++) {
      const event = eventAt(number)
      const tail = number.toString(16).padStart(14, '0')
      rows.push({ type: 'put' as const, key: `e!${tail}`, value: JSON.stringify(event) })
      for (const prefix of [`ed!${event.device}`, `ec!${event.code}`, `et!${event.type}`, `eo!${event.operation}`]) {
        rows.push({ type: 'put' as const, key: `${prefix}!${tail}`, value: '' })
      }
    }
    await db.batch(rows, { sync: true })
  }
  return roundCommits / ((performance.now() - started) / 1000)
}

async function median(once: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 101; round++) {
    const started = performance.now()
    await once()
    times.push(performance.now() - started)
  }
  return middle(times)
}

const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

const deviceAt = (index: number): DeviceId => `sensor-${String(index % deviceCount).padStart(5, '0')}` as DeviceId
const operation: OperationId = operationId('0'.repeat(25).concat('1'))

function eventAt(index: number): NewEvent {
  return {
    recordedAt: 1_700_000_000_000 + index,
    device: deviceAt(index),
    code: index % 10 === 0 ? 'SYS_112' : 'SYS_106',
    type: 'INFO',
    category: 'INFO',
    operation,
    stateChange: true,
    changes: { app: { from: '1.0.0', to: '1.1.0' } },
    data: { component: 'app', attempt: '1' },
    source: { journalId: '0123456789abcdef', eventNumber: index, deviceTime: 1_700_000_000_000 + index },
  }
}
