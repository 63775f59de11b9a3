// The operation types that install nothing, through the use cases: backup, restore, configuration change, reboot, and one
// of a plugin. The device's side is tested in test/agent, both together in test/stories.
import t from 'tap'
import { readCommand } from '../../../proto/command.ts'
import { openEnvelope } from '../../../proto/envelope.ts'
import { deviceId, operationId } from '../../../proto/ids.ts'
import { eventOf, helloOf, oldDigest, type ScriptedConnection, settled } from '../orchestrator/world.ts'
import { all, operator, scene, viewer } from './scene.ts'

t.test('backup: the configuration is kept under its digest, and restored by its operation and device', async t => {
  const { world, useCases, connections } = await scene(t, 1)
  const [connection] = connections as [ScriptedConnection]
  const { id } = await useCases.createOperation(operator, { type: 'config-backup', targets: all })
  await settled()
  const offer = connection.received[0]
  t.match(offer, { kind: 'offer', operationType: 'config-backup' })
  if (offer?.kind !== 'offer') return
  const verdict = readCommand(openEnvelope(offer.envelope).payload, { operation: operationId(id) })
  t.match(verdict, { ok: true, command: { operationType: 'config-backup', arguments: {} } })
  const content = Buffer.from('{"wifi":"secret"}')
  const sha256 = (await import('node:crypto')).createHash('sha256').update(content).digest('hex')
  const done = { kind: 'step', step: 'done' } as const
  await world.orchestrator.configuration(connection, {
    operation: id as never,
    attempt: 1,
    version: '7',
    sha256,
    content,
  })
  await world.orchestrator.event(connection, {
    ...eventOf(1, done, id as never),
    data: { configuration_digest: sha256 },
  })
  await settled()
  t.match(await useCases.showOperation(viewer, id), {
    state: 'completed',
    typeName: 'Backup',
    updated: 1,
    codes: [{ code: 'SYS_112' }],
  })
  t.match((await useCases.listBackups(viewer, id, {})).data, [
    { device: 'sensor-1', sha256, version: '7', sizeBytes: 17 },
  ])
  await t.rejects(useCases.readBackup(viewer, id, 'sensor-1'), { code: 'FORBIDDEN' }, 'configurations hold secrets')
  t.same(Buffer.from((await useCases.readBackup(operator, id, 'sensor-1')).content), content)
  const restore = await useCases.createOperation(operator, {
    type: 'config-restore',
    backup: { operation: id, device: 'sensor-1' },
    targets: all,
  })
  await settled()
  t.notMatch(JSON.stringify(restore), /c2VjcmV0|secret/, 'the content is in no view')
  await world.orchestrator.event(connection, {
    ...eventOf(2, done, restore.id as never),
    data: { configuration_digest: 'ff'.repeat(32) },
  })
  await settled()
  t.match((await useCases.listExecutions(viewer, restore.id, {})).data, [
    { code: 'SYS_111', data: { reason: 'digest' } },
  ])
})

t.test(
  'a configuration change is recorded with its diff, secrets masked; a plugin type runs like a built-in one',
  async t => {
    const { world, useCases, connections } = await scene(t, 1)
    const [connection] = connections as [ScriptedConnection]
    const change = await useCases.createOperation(operator, {
      type: 'config-change',
      arguments: { format: 'merge-patch', patch: { mqtt: { password: 'hunter2', port: 8883 } } },
      targets: all,
    })
    t.match(change, {
      typeName: 'Configuration Change',
      arguments: { patch: { mqtt: { password: '***', port: 8883 } } },
    })
    await settled()
    const diff = [{ op: 'replace', path: '/mqtt/port', value: 8883 }]
    await world.orchestrator.event(connection, {
      ...eventOf(1, { kind: 'step', step: 'done' }, change.id as never),
      data: { configuration_digest: 'aa'.repeat(32), diff: JSON.stringify(diff) },
    })
    await settled()
    const { data } = await useCases.listAudit(viewer, { operation: change.id, order: 'ASC' })
    t.notMatch(JSON.stringify(data), /hunter2/)
    t.match(data.find(({ action }) => action === 'operation.results')?.data, { devices: { 'sensor-1': { diff } } })
    const plugin = await useCases.createOperation(operator, {
      type: 'self-test',
      arguments: { deep: true },
      targets: all,
    })
    await settled()
    t.match(plugin, { typeName: 'Self Test' })
    await world.orchestrator.event(connection, eventOf(2, { kind: 'step', step: 'failed' }, plugin.id as never))
    await settled()
    t.match(await useCases.showOperation(viewer, plugin.id), {
      state: 'completed',
      errors: 1,
      codes: [{ code: 'SYS_111' }],
    })
  },
)

t.test('a reboot is done when the device says hello with another boot id', async t => {
  const { world, useCases, connections } = await scene(t, 1)
  const [connection] = connections as [ScriptedConnection]
  const { id } = await useCases.createOperation(operator, { type: 'reboot', targets: all })
  await settled()
  await world.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'rebooting' }, id as never))
  const again = world.connect(deviceId('sensor-1'))
  await world.orchestrator.hello(again, helloOf('1.0.0', oldDigest, { outboxLastEventNumber: 1 }))
  await settled()
  t.equal((await useCases.showOperation(viewer, id)).state, 'running', 'the same boot')
  await world.orchestrator.hello(
    again,
    helloOf('1.0.0', oldDigest, { outboxLastEventNumber: 1, bootId: '99'.repeat(16) }),
  )
  await settled()
  t.match(await useCases.showOperation(viewer, id), { state: 'completed', codes: [{ code: 'SYS_112', count: 1 }] })
})

t.test('failed devices of a command are retried with a new signature', async t => {
  const { world, useCases, connections } = await scene(t, 1)
  const [connection] = connections as [ScriptedConnection]
  const first = await useCases.createOperation(operator, { type: 'reboot', targets: all, policy: { retries: [] } })
  await settled()
  await world.orchestrator.event(connection, {
    ...eventOf(1, { kind: 'step', step: 'failed' }, first.id as never),
    data: { reason: 'not-restarted' },
  })
  await settled()
  const again = await useCases.retryFailed(operator, first.id)
  await settled()
  const offer = connection.received.at(-1)
  t.match(offer, { kind: 'offer', operation: again.id, operationType: 'reboot' })
  if (offer?.kind !== 'offer') return
  const verdict = readCommand(openEnvelope(offer.envelope).payload, { operation: operationId(again.id) })
  t.match(verdict, { ok: true, command: { operationType: 'reboot', operation: again.id } })
})
