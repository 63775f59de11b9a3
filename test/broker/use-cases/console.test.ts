// What the console asks beside the tables: operations by conditions, the operations of one device, who signed a release,
// the fleet in numbers, the audit chain.
import { join } from 'node:path'
import t from 'tap'
import { LevelStore } from '../../../broker/adapters/level-store.ts'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import type { Operation } from '../../../broker/core/records.ts'
import type { Change, Store } from '../../../broker/ports.ts'
import { deviceOperationUseCases } from '../../../broker/use-cases/device-operations.ts'
import { operationUseCases } from '../../../broker/use-cases/operations.ts'
import type { OperationListRequest, ShortListing } from '../../../broker/use-cases/use-cases.ts'
import { openEnvelope } from '../../../proto/envelope.ts'
import { principalName } from '../../../proto/ids.ts'
import { makeBundle } from '../../fixtures/bundle.ts'
import {
  append,
  device,
  eventOf,
  executionOf,
  operation as idOf,
  operationOf,
  putExecution,
  releaseOf,
} from '../../suites/store-samples.ts'
import { scene, viewer } from './scene.ts'

const put = (operation: Operation) => ({ kind: 'put-operation', operation }) as const
const counts = operationOf(idOf(1), 'pending').counts

/** Counts the rows of operations that are read. */
function counted(store: Store) {
  const seen = { rows: 0, largest: 0 }
  const operations: Store['operations'] = async page => {
    const found = await store.operations(page)
    seen.rows += found.items.length
    seen.largest = Math.max(seen.largest, found.items.length)
    return found
  }
  return { seen, store: { ...boundTo(store), operations } as Store }
}
/** A class keeps its methods on its prototype. */
const boundTo = (store: Store): Partial<Store> => ({
  operation: id => store.operation(id),
  execution: (operation, of) => store.execution(operation, of),
})

const lists = (store: Store) => operationUseCases({ store, throughputOf: () => 0 } as never).listOperations
const ofDevice = (store: Store) => deviceOperationUseCases({ store }).listDeviceOperations

/** Every page to the end. */
async function all<T>(ask: (after: object) => Promise<ShortListing<T>>, idIn: (item: T) => string): Promise<T[][]> {
  const pages: T[][] = []
  for (let after: string | undefined; ; ) {
    const page = await ask(after === undefined ? {} : { after })
    pages.push([...page.data])
    if (!page.has_more) return pages
    const last = page.data.at(-1)
    after = page.next ?? (last === undefined ? undefined : idIn(last))
    if (after === undefined) throw new Error('a page with more to come does not say where')
  }
}

t.test('operations are listed by each condition and by all of them at once, newest first', async t => {
  const level = await LevelStore.open(join(t.testdir(), 'store'))
  t.teardown(() => level.close())
  const failed = { ...counts, total: 2, pending: 0, completed: 1, failed: 1, byCode: { UPD4_FAIL_24: 1 } }
  const notNewer = { ...counts, total: 1, pending: 0, skipped: 1, byCode: { SYS_110: 1 } }
  const command = { kind: 'command', confirmation: 'report', arguments: {}, envelope: '', expiresAt: 1 } as const
  const rows: readonly Partial<Operation>[] = [
    { state: 'awaiting-approval' },
    { state: 'scheduled', createdBy: principalName('kim') },
    { state: 'running', createdBy: principalName('kim') },
    { state: 'paused', type: 'reboot', subject: command },
    { state: 'completed', counts: failed },
    { state: 'completed', counts: notNewer },
    { state: 'stopped', type: 'reboot', subject: command, createdBy: principalName('kim') },
  ]
  const { id: release } = releaseOf('app')
  for (const store of [new MemoryStore(), level]) {
    await store.commit(rows.map((row, index) => put({ ...operationOf(idOf(index + 1), 'pending'), ...row })))
    const list = lists(store)
    const found = async (request: OperationListRequest) =>
      (await list(viewer, request)).data.map(({ id }) => Number.parseInt(id, 36))
    for (const [request, expected] of [
      [{}, [7, 6, 5, 4, 3, 2, 1]],
      [{ status: 'Pending' }, [2, 1]],
      [{ status: 'Running' }, [4, 3]],
      [{ status: 'Completed' }, [6]],
      [{ status: 'Failed' }, [5]],
      [{ status: 'Cancelled' }, [7]],
      [{ updateStatus: 'Pending' }, [2, 1]],
      [{ updateStatus: 'Processing' }, [4, 3]],
      [{ updateStatus: 'Completed' }, [6, 5]],
      [{ updateStatus: 'Stopped' }, [7]],
      [{ type: 'reboot' }, [7, 4]],
      [{ type: 'config-change' }, []],
      [{ createdBy: 'kim' }, [7, 3, 2]],
      [{ release }, [6, 5, 3, 2, 1]],
      [{ release: 'app@1.2.3' }, [6, 5, 3, 2, 1]],
      [{ release: 'app@1.2' }, []],
      [{ createdBy: 'kim', type: 'reboot', status: 'Cancelled', updateStatus: 'Stopped' }, [7]],
      [{ createdBy: 'kim', type: 'reboot', status: 'Running' }, []],
      [{ status: 'Running', after: idOf(4) }, [3]],
      [{ status: 'Pending', limit: 1 }, [2]],
    ] as const satisfies readonly (readonly [OperationListRequest, readonly number[]])[])
      t.same(await found(request), expected, JSON.stringify(request))
    for (const operation of (await list(viewer, {})).data) {
      const same = { status: operation.operationStatus, updateStatus: operation.updateStatus }
      t.ok((await found(same)).includes(Number.parseInt(operation.id, 36)), `${operation.id} is under its own words`)
    }
  }
})

t.test('a condition that matches seldom looks at a bounded number of operations and says where to go on', async t => {
  const memory = new MemoryStore()
  for (let from = 1; from <= 4500; from += 500)
    await memory.commit(
      Array.from({ length: 500 }, (_, index) => {
        const number = from + index
        return put({ ...operationOf(idOf(number), 'completed'), ...(number % 900 === 0 ? { type: 'reboot' } : {}) })
      }),
    )
  const { seen, store } = counted(memory)
  const list = lists(store)
  const first = await list(viewer, { type: 'reboot' })
  t.match(first, { has_more: true, next: idOf(2501) })
  t.same(
    first.data.map(({ id }) => id),
    [4500, 3600, 2700].map(idOf),
  )
  t.equal(seen.rows, 2000)
  t.ok(seen.largest <= 200, 'in small pieces')
  const pages = await all(
    after => list(viewer, { type: 'reboot', limit: 2, ...after }),
    ({ id }) => id,
  )
  t.same(
    pages.flat().map(({ id }) => id),
    [4500, 3600, 2700, 1800, 900].map(idOf),
    'each once',
  )
  const nothing = await list(viewer, { type: 'nothing' })
  t.match(nothing, { data: [], has_more: true, next: idOf(2501) }, 'an empty page that goes on')
})

/** Of operation `number`: another device is in each, sensor-1 in every third. */
function changesOf(number: number): readonly Change[] {
  const id = idOf(number)
  const type = number % 4 === 0 ? 'config-change' : number % 4 === 1 ? 'config-restore' : 'firmware-update'
  const state = number === 600 ? 'pending' : 'completed'
  const execution = { ...executionOf(id, device('sensor-1'), state, 1), data: { diff: '[]' } }
  return [
    put({ ...operationOf(id, 'completed', `op ${number}`), type }),
    putExecution(executionOf(id, device('another'), 'completed')),
    ...(number % 3 === 0 ? [putExecution(execution)] : []),
  ]
}

t.test('the operations of a device, newest first, with what became of it; by type; also long after', async t => {
  const level = await LevelStore.open(join(t.testdir(), 'store'))
  t.teardown(() => level.close())
  for (const store of [new MemoryStore(), level]) {
    const changes = Array.from({ length: 600 }, (_, index) => changesOf(index + 1))
    for (let from = 0; from < 600; from += 100) await store.commit(changes.slice(from, from + 100).flat())
    const list = ofDevice(store)
    const expected = Array.from({ length: 200 }, (_, index) => 600 - 3 * index)
    const pages = await all(
      after => list(viewer, 'sensor-1', { limit: 70, ...after }),
      ({ operation }) => operation.id,
    )
    t.same(
      pages.flat().map(({ operation }) => operation.id),
      expected.map(idOf),
    )
    t.same(
      pages.map(page => page.length),
      [70, 70, 60],
    )
    t.match(pages[0]?.[0], {
      operation: { id: idOf(600), name: 'op 600', type: 'config-change', createdBy: 'someone', component: 'app' },
      execution: { operation: idOf(600), device: 'sensor-1', state: 'pending', data: { diff: '[]' } },
    })
    const configured = await all(
      after => list(viewer, 'sensor-1', { type: 'config-change,config-restore', ...after }),
      ({ operation }) => operation.id,
    )
    t.same(
      configured.flat().map(({ operation }) => operation.id),
      expected.filter(number => number % 4 < 2).map(idOf),
      'what changed its configuration',
    )
    t.match(await list(viewer, 'sensor-9', {}), { data: [], has_more: false }, 'a device of none')
  }
  const { seen, store } = counted(level)
  await ofDevice(store)(viewer, 'sensor-9', {})
  t.equal(seen.rows, 600)
  t.ok(seen.largest <= 200, 'in small pieces')
})

t.test('what cannot be asked of a device is refused by name', async t => {
  const list = ofDevice(new MemoryStore())
  for (const [id, request, field] of [
    ['no/device', {}, 'id'],
    ['a', { type: '' }, 'type'],
    ['a', { type: 'reboot,' }, 'type'],
    ['a', { type: 'Reboot' }, 'type'],
    ['a', { type: new Array(9).fill('reboot').join(',') }, 'type'],
    ['a', { after: 'x' }, 'after'],
  ] as const)
    await t.rejects(list(viewer, id, request), { code: 'INVALID', fields: [{ name: field }] }, JSON.stringify(request))
})

t.test('a release tells by which keys each of its manifests is signed', async t => {
  const { useCases, release, world } = await scene(t, 0)
  const stored = await world.store.release(release as never)
  const ids = openEnvelope(Buffer.from(stored?.manifests[0]?.envelope ?? '', 'base64')).signatures.map(s => s.keyId)
  t.equal(ids.length, 1)
  t.match((await useCases.showRelease(viewer, release)).manifests, [{ signatures: [{ keyId: ids[0] }] }])
  t.match((await useCases.listReleases(viewer, {})).data[0]?.manifests[0]?.signatures, [{ keyId: ids[0] }])
  const bundle = makeBundle({ image: Buffer.from('another'), version: '3.0.0', component: 'main' })
  t.match(openEnvelope(bundle.envelope).signatures, [{ keyId: ids[0] }], 'the key of the fixtures')
  await world.store.commit([{ kind: 'put-release', release: releaseOf('app') }])
  const unreadable = await useCases.showRelease(viewer, releaseOf('app').id)
  t.strictSame(unreadable.manifests[0]?.signatures, [], 'an envelope that does not open names nobody')
})

t.test('the fleet in numbers, its failures, and whether the audit chain holds, through the use cases', async t => {
  const { useCases, world, connections } = await scene(t, 3)
  world.orchestrator.deviceDisconnected(connections[0] as never)
  const fleet = useCases.showFleet(viewer)
  await world.clock.advance(10)
  t.match(await fleet, {
    countedAt: /Z$/,
    devices: 3,
    online: 2,
    quarantined: 0,
    components: [{ component: 'main', devices: 3, versions: [{ version: '1.0.0', devices: 3 }], others: 0 }],
  })
  world.orchestrator.deviceDisconnected(connections[1] as never)
  t.match(await useCases.showFleet(viewer), { devices: 3, online: 1 }, 'who is connected is known at once')

  const failures = useCases.fleetFailures(viewer, {})
  await world.clock.advance(10)
  t.match(await failures, { complete: true, stepSeconds: 3600, codes: [] })
  const failed = { code: 'UPD4_FAIL_24', type: 'FAIL', recordedAt: world.orchestrator.clock.now() } as const
  world.orchestrator.live.events(await world.store.commit([append(eventOf(device('sensor-1'), failed))]))
  const history = await useCases.fleetFailures(viewer, {})
  t.match(history.codes, [{ code: 'UPD4_FAIL_24', total: 1 }], 'what happened since, from the live feed')
  t.equal(history.codes[0]?.counts.length, 24)
  t.equal((await useCases.fleetFailures(viewer, { hours: 168 })).codes[0]?.counts.length, 168)
  for (const hours of [0, 169, 1.5, Number.NaN])
    await t.rejects(useCases.fleetFailures(viewer, { hours }), { code: 'INVALID', fields: [{ name: 'hours' }] })

  const verification = useCases.auditVerification(viewer)
  await world.clock.advance(10)
  const { number } = await useCases.auditHead(viewer)
  t.ok(number > 0)
  t.match(await verification, { state: 'holds', checkedTo: number, head: number })

  // With the orchestrator ends what is counted beside it.
  await world.orchestrator.close()
  await world.clock.advance(60_000)
  let readCount = 0
  world.store.devices = async () => {
    readCount += 1
    return { items: [], hasMore: false }
  }
  t.match(await useCases.showFleet(viewer), { devices: 3 }, 'the last count')
  await world.clock.advance(10)
  t.equal(readCount, 0, 'a store that may be closed is not read')
})
