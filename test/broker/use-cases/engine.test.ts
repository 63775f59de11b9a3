// What operators do with operations, devices and principals through the use cases: approval by a second person, edits,
// retries, exports, idempotency, audit, streams. The rules behind them are tested in core and orchestrator.
import { Readable } from 'node:stream'
import t from 'tap'
import type { OperationEdit } from '../../../proto/http-api.ts'
import { deviceId, operationId } from '../../../proto/ids.ts'
import { makeBundle } from '../../fixtures/bundle.ts'
import { eventOf, helloOf, oldDigest, type ScriptedConnection, settled } from '../orchestrator/world.ts'
import { admin, all, approver, caller, operator, scene, textOf, update, viewer } from './scene.ts'

t.test('approval: nothing is sent before a second principal has approved, refused means stopped', async t => {
  const { world, useCases, connections, release } = await scene(t, 1)
  const asked = await useCases.createOperation(approver, { ...update(release), policy: { approval: true } })
  await settled()
  t.match(await useCases.showOperation(viewer, asked.id), {
    state: 'awaiting-approval',
    sensors: 1,
    updateStatus: 'Pending',
  })
  t.same(connections[0]?.received, [])
  await t.rejects(useCases.approveOperation(approver, asked.id), { code: 'FORBIDDEN' }, 'not by himself')
  await t.rejects(useCases.approveOperation(operator, asked.id), { code: 'FORBIDDEN' }, 'the role is missing')
  t.match(await useCases.approveOperation(caller('approver', 'second'), asked.id), { approvedBy: 'second' })
  await settled()
  t.equal(connections[0]?.received.length, 1)
  const other = await useCases.createOperation(operator, { ...update(release), policy: { approval: true } })
  await settled()
  await useCases.refuseOperation(approver, other.id)
  await settled()
  t.match(await useCases.showOperation(viewer, other.id), {
    state: 'stopped',
    refusedBy: 'approver',
    sensors: 1,
    errors: 1,
  })
  t.same(world.violations, [])
})

t.test('a command repeated with its request id gets the first answer, another one under it is refused', async t => {
  const { useCases, release } = await scene(t, 1)
  const by = caller('operator', 'kim', 'r-1')
  const [first, twin] = await Promise.all([
    useCases.createOperation(by, update(release)),
    useCases.createOperation(by, update(release)),
  ])
  t.same(twin, first)
  await useCases.stopOperation(operator, first?.id ?? '')
  t.same(await useCases.createOperation(by, update(release)), first, 'as it was answered then')
  t.equal((await useCases.listOperations(viewer, {})).data.length, 1)
  await t.rejects(useCases.createOperation(by, { ...update(release), name: 'other' }), { code: 'CONFLICT' })
  await t.resolves(useCases.createOperation(caller('operator', 'lee', 'r-1'), update(release)), 'ids are per principal')
})

t.test('limits are edited while it runs, and the audit says from what to what', async t => {
  const { useCases, connections, release } = await scene(t, 3)
  const { id } = await useCases.createOperation(operator, { ...update(release), policy: { concurrency: 1 } })
  await settled()
  t.equal(connections.filter(({ received }) => received.length > 0).length, 1)
  t.match(await useCases.editOperation(operator, id, { concurrency: 3, rate: { maximumPerMinute: 100 } }), {
    policy: { concurrency: 3, rate: { maximumPerMinute: 100 } },
  })
  await settled()
  t.equal(connections.filter(({ received }) => received.length > 0).length, 3)
  t.match(await useCases.editOperation(operator, id, { rate: null }), { policy: { rate: null } })
  const { data } = await useCases.listAudit(viewer, { operation: id, order: 'ASC' })
  const edit = data.find(({ action }) => action === 'operation.edit')
  t.match(edit, { actor: 'operator' })
  t.match(edit?.changes, [
    { op: 'replace', path: '/concurrency', value: 3 },
    { op: 'add', path: '/rate', value: { maximumPerMinute: 100 } },
  ])
  await t.rejects(useCases.editOperation(operator, id, { windows: [{ cron: 'x', minutes: 1, timeZone: 'UTC' }] }), {
    code: 'INVALID',
    fields: [{ name: 'windows.0' }],
  })
})

t.test('paused by hand nothing new goes out; resumed it goes on', async t => {
  const { useCases, connections, release } = await scene(t, 2)
  const { id } = await useCases.createOperation(operator, { ...update(release), policy: { concurrency: 1 } })
  await settled()
  t.match(await useCases.pauseOperation(operator, id), {
    state: 'paused',
    pause: { by: 'operator' },
    operationStatus: 'Running',
  })
  await useCases.editOperation(operator, id, { concurrency: 2 })
  await settled()
  t.equal(connections.filter(({ received }) => received.length > 0).length, 1)
  await useCases.resumeOperation(operator, id)
  await settled()
  t.equal(connections.filter(({ received }) => received.length > 0).length, 2)
})

t.test('results: lists, summary, retry of the failed, and the file only when it has ended', async t => {
  const { world, useCases, connections, release } = await scene(t, 2)
  const { id } = await useCases.createOperation(operator, {
    ...update(release),
    targets: { devices: ['sensor-1', 'sensor-2', 'nobody'] },
    policy: { concurrency: 2, retries: [] },
  })
  await settled()
  await t.rejects(useCases.exportOperation(viewer, id), { code: 'CONFLICT', message: /running/ })
  await t.rejects(useCases.retryFailed(operator, id), { code: 'CONFLICT' })
  await world.orchestrator.event(connections[0] as never, eventOf(1, { kind: 'code', code: 'UPD2_OK_18' }, id as never))
  await world.orchestrator.event(connections[1] as never, {
    ...eventOf(1, { kind: 'code', code: 'UPD4_FAIL_35' }, id as never),
    data: { errno: '=ENOSPC' },
  })
  await settled()
  const shown = await useCases.showOperation(viewer, id)
  t.match(shown, {
    state: 'completed',
    sensors: 3,
    updated: 1,
    errors: 2,
    updateStatus: 'Completed',
    operationStatus: 'Failed',
  })
  t.same(shown.reasons.map(({ reason, count }) => `${reason} ${count}`).sort(), ['No sensor found 1', 'Update error 1'])
  t.same(
    (await useCases.listExecutions(viewer, id, { result: 'errors' })).data.map(({ device }) => device),
    ['nobody', 'sensor-2'],
  )
  t.same(
    (await useCases.listExecutions(viewer, id, { result: 'updated' })).data.map(({ device }) => device),
    ['sensor-1'],
  )
  const csv = await textOf(await useCases.exportOperation(viewer, id))
  const lines = csv.slice(1).split('\r\n')
  t.match(lines[0], /^device_id,initial_version,updated_version,status,code,reason,/)
  t.equal(lines.length, 5, 'a header, three devices and the end of the last line')
  t.match(lines[2], /^sensor-1,1\.0\.0,2\.0\.0,Completed,UPD2_OK_18,,/)
  t.match(lines[3], /^sensor-2,1\.0\.0,1\.0\.0,Failed,UPD4_FAIL_35,Update error,Storage write error\.,1,/)
  const again = await useCases.retryFailed(operator, id)
  await settled()
  t.match(await useCases.showOperation(viewer, again.id), { sensors: 2, origin: { kind: 'retry', operation: id } })
})

t.test('a dry run says whom it would touch and why not the others, and makes nothing', async t => {
  const { useCases, world, connections, release } = await scene(t, 2)
  world.orchestrator.deviceDisconnected(connections[1] as ScriptedConnection)
  const plan = await useCases.planOperation(viewer, {
    ...update(release),
    targets: { devices: ['sensor-1', 'sensor-2', 'nobody'] },
  })
  t.match(plan, { sensors: 3, complete: true })
  t.same(Object.fromEntries(plan.verdicts.map(({ verdict, devices }) => [verdict, devices])), {
    'hand-over': ['sensor-1'],
    'wait-offline': ['sensor-2'],
    SYS_101: ['nobody'],
  })
  t.equal((await useCases.listOperations(viewer, {})).data.length, 0)
})

t.test('a dry run tells who would refuse: the release is not for their class, or for another device of it', async t => {
  const { useCases, world, release } = await scene(t, 1)
  const { manifest } = await makeBundle({ image: Buffer.from('image 2.0.0'), version: '2.0.0', component: 'main' })
  const connect = async (id: string, classId: string) => {
    const connection = world.connect(deviceId(id))
    const { vendorId } = manifest
    await world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest, { vendorId, classId }))
    return connection
  }
  await connect('other', 'ff'.repeat(16))
  world.orchestrator.deviceDisconnected(await connect('other-offline', 'ff'.repeat(16)))
  await connect('like-it', manifest.classId)
  const planned = async (name: string, offlinePolicy: 'wait' | 'skip') => {
    const { verdicts } = await useCases.planOperation(viewer, { ...update(name), policy: { offlinePolicy } })
    return Object.fromEntries(verdicts.map(({ verdict, devices }) => [verdict, [...devices].sort()]))
  }
  t.same(await planned(release, 'wait'), {
    'hand-over': ['like-it', 'sensor-1'],
    UPD4_FAIL_31: ['other', 'other-offline'],
  })
  const wishes = { image: Buffer.from('image 2.0.1'), version: '2.0.1', component: 'main' }
  const { bytes } = await makeBundle({ ...wishes, manifest: { deviceId: deviceId('like-it') } })
  const own = await useCases.uploadBundle(admin, Readable.from([bytes]))
  t.same(await planned(own.id, 'skip'), {
    'hand-over': ['like-it'],
    UPD4_FAIL_31: ['other', 'sensor-1'],
    'SYS_100 offline': ['other-offline'],
  })
})

t.test('how the bytes come is asked for, shown with its defaults, and edited one by one', async t => {
  const { useCases, release } = await scene(t, 1)
  const plain = await useCases.createOperation(operator, update(release))
  t.same(plain.policy.delivery, { transport: 'auto', bytesPerSecond: null, retryByPull: true })
  const { id, policy } = await useCases.createOperation(operator, {
    ...update(release),
    policy: { delivery: { transport: 'broadcast', bytesPerSecond: 50_000 } },
  })
  t.same(policy.delivery, { transport: 'broadcast', bytesPerSecond: 50_000, retryByPull: true })
  const edited = async (delivery: NonNullable<OperationEdit['delivery']>): Promise<object> =>
    (await useCases.editOperation(operator, id, { delivery })).policy.delivery
  t.same(await edited({ transport: 'pull' }), { transport: 'pull', bytesPerSecond: 50_000, retryByPull: true })
  t.same(await edited({ retryByPull: false }), { transport: 'pull', bytesPerSecond: 50_000, retryByPull: false })
  t.same(await edited({ bytesPerSecond: 70_000 }), { transport: 'pull', bytesPerSecond: 70_000, retryByPull: false })
  t.same(await edited({ bytesPerSecond: null }), { transport: 'pull', bytesPerSecond: null, retryByPull: false })
  t.same(
    (await useCases.editOperation(operator, id, { concurrency: 3 })).policy.delivery,
    { transport: 'pull', bytesPerSecond: null, retryByPull: false },
    'an edit of something else leaves it',
  )
  const { id: first } = plain
  t.same((await useCases.editOperation(operator, first, { delivery: { transport: 'pull' } })).policy.delivery, {
    transport: 'pull',
    bytesPerSecond: null,
    retryByPull: true,
  })
})

t.test('what a policy may not say is refused with every field named', async t => {
  const { useCases, release } = await scene(t, 1)
  await t.rejects(
    useCases.createOperation(operator, {
      ...update(release),
      policy: {
        abort: [
          { match: 'nonsense', percent: 5, action: 'stop' },
          { match: 'FAIL', percent: 5, action: { rollback: release } },
        ],
        retries: [{ match: ['UPD4_FAIL_99'], limit: 1 }],
        schedule: { startAt: 'tomorrow', install: 'in-window', windows: [] },
        rate: {
          maximumPerMinute: 5,
          exponential: { basePerMinute: 9, factor: 2, criterion: { kind: 'notified', count: 1 } },
        },
      },
    }),
    {
      code: 'INVALID',
      fields: [
        { name: 'policy.rate.exponential.basePerMinute' },
        { name: 'policy.abort.0.match' },
        { name: 'policy.abort.1.action.rollback', message: /above 2\.0\.0/ },
        { name: 'policy.retries.0.match' },
        { name: 'policy.schedule.startAt' },
        { name: 'policy.schedule.install' },
      ],
    },
  )
  for (const [request, field] of [
    [{ type: 'nonsense', targets: all }, 'type'],
    [{ type: 'command', targets: all }, 'signed'],
    [{ type: 'reboot', release, targets: all }, 'release'],
    [{ type: 'firmware-update', targets: all }, 'release'],
    [{ type: 'config-change', arguments: { format: 'yaml' }, targets: all }, 'arguments.format'],
    [{ ...update(release), targets: { filter: 'colour=red' } }, 'colour'],
  ] as const)
    await t.rejects(useCases.createOperation(operator, request), { code: 'INVALID', fields: [{ name: field }] })
})

t.test('the registry: who runs what, groups and tags, and a new secret that ends the old connection', async t => {
  const { useCases, connections } = await scene(t, 3)
  await useCases.editDevice(operator, 'sensor-2', {
    group: 'north',
    tags: { add: ['pilot'] },
    attributes: { site: 'A', floor: '2' },
  })
  t.match(await useCases.editDevice(operator, 'sensor-2', { attributes: { floor: null } }), {
    group: 'north',
    tags: ['pilot'],
    attributes: { site: 'A' },
  })
  const ids = async (filter: string) => (await useCases.listDevices(viewer, { filter })).data.map(({ id }) => id)
  t.same(await ids('component=main&version=1.0.0'), ['sensor-1', 'sensor-2', 'sensor-3'])
  t.same(await ids('tag=pilot'), ['sensor-2'])
  t.same(await ids('attributes.site=A&group__neq=south'), ['sensor-2'])
  t.match(await useCases.listDevices(viewer, { filter: 'version=1.0.0', limit: 1 }), {
    has_more: true,
    next: 'sensor-1',
  })
  await t.rejects(useCases.listDevices(viewer, { filter: 'a=b' }), { code: 'INVALID', fields: [{ name: 'a' }] })
  const about = async (filter: string) =>
    new Set((await useCases.listEvents(viewer, { filter })).data.map(({ device_id }) => device_id))
  t.same([...(await about('group__eq=north'))], ['sensor-2'], 'the log of a group')
  t.same([...(await about('tag__in=pilot,other&event_type__eq=SYS_106'))], ['sensor-2'])
  t.same([...(await about('tag__neq=pilot'))].sort(), ['sensor-1', 'sensor-3'])
  await useCases.enrollDevice(operator, { device: 'sensor-1' })
  const { secret } = await useCases.renewDeviceSecret(admin, 'sensor-1')
  t.equal(secret.length, 43)
  t.ok(connections[0]?.closed)
})

t.test('who has a new record is told to those who watch the registry, who only says something is not', async t => {
  const { world, useCases, connections } = await scene(t, 2)
  const told: string[] = []
  world.orchestrator.live.subscribe({
    event() {},
    operation() {},
    device: ({ id, components, group }) => told.push(`${id} ${components[0]?.version} ${group ?? ''}`.trim()),
    deviceGone: id => told.push(`${id} gone`),
    closed() {},
  })
  const [first] = connections as [ScriptedConnection]
  await world.orchestrator.hello(first, helloOf('1.4.0', oldDigest))
  t.same(told.splice(0), ['sensor-1 1.4.0'])
  await world.orchestrator.event(first, eventOf(1, { kind: 'code', code: 'UPD2_OK_18' }, operationId('0'.repeat(26))))
  t.same(told, [], 'an event moves its journal only')
  await useCases.editDevice(operator, 'sensor-2', { group: 'north' })
  await useCases.deregisterDevice(operator, 'sensor-1')
  t.same(told, ['sensor-2 1.0.0 north', 'sensor-1 gone'])
})

t.test('principals: the last admin stays, a new token voids the old one', async t => {
  const { useCases } = await scene(t, 0)
  const made = await useCases.createPrincipal(admin, { name: 'boss', role: 'admin' })
  await t.rejects(useCases.deletePrincipal(admin, 'boss'), { code: 'CONFLICT' })
  await t.rejects(useCases.editPrincipal(admin, 'boss', { role: 'viewer' }), { code: 'CONFLICT' })
  const renewed = await useCases.renewPrincipalToken(admin, 'boss')
  t.equal(await useCases.principalOfToken(made.token), undefined)
  t.match(await useCases.principalOfToken(renewed.token), { name: 'boss' })
  await useCases.createPrincipal(admin, { name: 'other', role: 'admin' })
  await useCases.deletePrincipal(admin, 'boss')
  t.equal(await useCases.principalOfToken(renewed.token), undefined)
  const { data } = await useCases.listAudit(viewer, { order: 'ASC' })
  t.notMatch(JSON.stringify(data), new RegExp(`${made.token}|${renewed.token}`), 'no token in the audit')
  t.ok(
    ['principal.create', 'principal.renew-token', 'principal.delete'].every(action =>
      data.some(one => one.action === action),
    ),
  )
})

t.test('a stream begins where the reader was, and tells each event once', async t => {
  const { world, useCases, connections, release } = await scene(t, 2)
  const controller = new AbortController()
  const { data } = await useCases.listEvents(viewer, { order: 'ASC' })
  const stream = await useCases.watch(viewer, { lastEventId: data[0]?.id ?? '' }, controller.signal)
  const told: string[] = []
  const reading = (async () => {
    for await (const message of stream) if (message.kind === 'event') told.push(message.record.id)
  })()
  const { id } = await useCases.createOperation(operator, update(release))
  await settled()
  await world.orchestrator.event(
    connections[0] as never,
    eventOf(1, { kind: 'code', code: 'UPD4_FAIL_33' }, id as never),
  )
  await settled()
  controller.abort()
  await reading
  const after = await useCases.listEvents(viewer, { order: 'ASC', limit: 1000 })
  t.same(
    told,
    after.data.slice(1).map(event => event.id),
  )
})
