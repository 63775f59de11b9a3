// The recent log of a device that failed, from the offer that asks for it to the text an operator reads.
import t, { type Test } from 'tap'
import { operationId } from '../../../proto/ids.ts'
import { deflatedLog } from '../../../proto/log-report.ts'
import type { DeviceEvent } from '../../../proto/messages.ts'
import { eventOf, type ScriptedConnection, settled } from '../orchestrator/world.ts'
import { all, operator, type Scene, scene, viewer } from './scene.ts'

const refused: DeviceEvent['content'] = { kind: 'code', code: 'UPD4_FAIL_37' }

interface Running extends Scene {
  readonly id: string
  readonly connection: ScriptedConnection
  /** The device says a code in that attempt. */
  say(number: number, content: DeviceEvent['content'], attempt?: number): Promise<void>
  send(text: string, attempt?: number, operation?: string): Promise<void>
  listed(): Promise<readonly unknown[]>
}

async function running(t: Test, policy: object, type: object = {}): Promise<Running> {
  const made = await scene(t, 1)
  const [connection] = made.connections as [ScriptedConnection]
  const { id } = await made.useCases.createOperation(operator, {
    type: 'firmware-update',
    release: made.release,
    targets: all,
    policy,
    ...type,
  })
  await settled()
  const { orchestrator } = made.world
  return {
    ...made,
    id,
    connection,
    async say(number, content, attempt = 1) {
      await orchestrator.event(connection, { ...eventOf(number, content, operationId(id)), attempt })
      await settled()
    },
    async send(text, attempt = 1, operation = id) {
      const lines = deflatedLog(text)
      const sizeBytes = Buffer.byteLength(text)
      await orchestrator.deviceLog(connection, {
        operation: operationId(operation),
        attempt,
        lines,
        sizeBytes,
        cut: false,
      })
    },
    listed: async () => (await made.useCases.listDeviceLogs(viewer, id, {})).data,
  }
}

t.test('an operation that asks for logs offers so, keeps one an attempt, and shows it by the event', async t => {
  const { connection, useCases, say, send, listed, id } = await running(t, { logOnFailure: true })
  t.match(connection.received[0], { kind: 'offer', logWanted: true })
  t.match(await useCases.showOperation(viewer, id), { policy: { logOnFailure: true } })
  await say(1, refused)
  t.match(await useCases.showOperation(viewer, id), { state: 'completed' }, 'it has ended before the log comes')
  await send('{"event":"work-failed"}\n')
  await send('{"event":"again"}\n')
  t.match(await listed(), [{ operation: id, device: 'sensor-1', attempt: 1, sizeBytes: 24, cut: false }])
  t.equal((await listed()).length, 1, 'the first one counts')
  const [event] = (await useCases.listEvents(viewer, { filter: 'event_type=UPD4_FAIL_37' })).data
  t.match(await listed(), [{ id: event?.device_log_id }])
  const { text, view } = await useCases.readDeviceLog(viewer, event?.device_log_id ?? '')
  t.equal(text, '{"event":"work-failed"}\n')
  t.match(view, { id: event?.id, attempt: 1 })
})

t.test('an operation that does not ask gets no offer with the field and keeps nothing', async t => {
  const { connection, useCases, say, send, listed, id } = await running(t, {})
  t.match(connection.received[0], { kind: 'offer', logWanted: false })
  t.match(await useCases.showOperation(viewer, id), { policy: { logOnFailure: false } })
  await say(1, refused)
  await send('uninvited\n')
  t.same(await listed(), [])
  const [event] = (await useCases.listEvents(viewer, { filter: 'event_type=UPD4_FAIL_37' })).data
  await t.rejects(useCases.readDeviceLog(viewer, event?.id ?? ''), { code: 'NOT_FOUND' })
})

t.test('what tells of no failure is acknowledged and not kept', async t => {
  const { send, say, listed, useCases } = await running(t, { logOnFailure: true })
  await send('before anything failed\n')
  await send('of an attempt that never was\n', 7)
  await send('of no operation\n', 1, '01j9zk3v7m8n5p6q4r2s1t0abc')
  await say(1, { kind: 'step', step: 'downloading' })
  await send('in the middle\n')
  t.same(await listed(), [])
  await t.rejects(useCases.readDeviceLog(viewer, 'x'), { code: 'INVALID' })
  await t.rejects(useCases.readDeviceLog(viewer, '1'.padStart(32, '0')), { code: 'NOT_FOUND' }, 'the registration')
})

t.test('each attempt has its own log, also when it comes after the next one began', async t => {
  const { world, connection, say, send, listed, useCases } = await running(t, {
    logOnFailure: true,
    retries: [{ match: 'FAIL', limit: 1, delaySeconds: 0, jitter: 0 }],
  })
  await say(1, refused)
  await world.clock.advance(60_000)
  await settled()
  t.match(connection.received.at(-1), { kind: 'offer', attempt: 2, logWanted: true })
  await say(2, refused, 2)
  await send('of the second\n', 2)
  await send('of the first\n', 1)
  const texts = await Promise.all(
    (await listed()).map(async log => (await useCases.readDeviceLog(viewer, (log as { id: string }).id)).text),
  )
  t.same(texts, ['of the first\n', 'of the second\n'])
})

t.test('a command that failed has its log with the word of the broker about it', async t => {
  const { connection, say, send, listed, useCases } = await running(
    t,
    { logOnFailure: true, retries: [] },
    { type: 'config-backup', release: undefined },
  )
  t.match(connection.received[0], { kind: 'offer', operationType: 'config-backup', logWanted: true })
  await say(1, { kind: 'step', step: 'failed' })
  await send('why\n')
  const [event] = (await useCases.listEvents(viewer, { filter: 'event_type=SYS_111' })).data
  t.match(await listed(), [{ id: event?.id }])
})

t.test('logs are forgotten with their events', async t => {
  const { world, say, send, listed } = await running(t, { logOnFailure: true })
  await say(1, refused)
  await send('old\n')
  t.equal((await listed()).length, 1)
  await world.store.trimEvents(world.clock.now() + 1, 1000)
  t.same(await listed(), [])
})
