// A whole operation by broadcast: the real broker with its doors, the carousel, and real agents on real disks, all in this
// process. Who comes late repairs by asking; who is let down by a session (UPD4_FAIL_45) is updated all the same.
import t, { type Test } from 'tap'
import type { ExecutionView, OperationView } from '../../proto/http-api.ts'
import type { DeliveryRequest } from '../../proto/http-policy.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'
import { Stage } from './stage.ts'

const image = makeImage(1_500_000, 11)
const bundle = makeBundle({ image, version: '2.0.0', component: 'main', manifest: { needsReboot: false } })

async function stageWith(t: Test, ...ids: readonly string[]): Promise<Stage> {
  const stage = await Stage.open(t, {
    // Some seconds for the image, so that there is a middle to come into.
    delivery: { broadcastDevicesMin: 4, broadcastGatherMs: 500, broadcastBytesPerSecond: 400_000 },
    orchestrator: { repeatLeastMs: 200, tickMs: 100 },
  })
  await stage.call('POST', '/v1/artifacts', bundle.bytes)
  await stage.started(ids)
  return stage
}

function begun(stage: Stage, delivery: DeliveryRequest): Promise<OperationView> {
  const ids = stage.devices.map(({ id }) => id)
  return stage.operation(bundle.release, ids, { delivery })
}

async function executions(stage: Stage, { id }: OperationView): Promise<readonly ExecutionView[]> {
  return (await stage.call<{ data: ExecutionView[] }>('GET', `/v1/operations/${id}/executions?limit=100`)).data
}

/** Bytes a device tells with its success. */
async function transferOf(stage: Stage, operation: OperationView, device: string) {
  const [event] = await stage.events(operation, device)
  const names = ['held_bytes', 'received_bytes', 'broadcast_bytes'] as const
  return Object.fromEntries(names.map(name => [name, Number(event?.data[name] ?? 0)]))
}

t.test('enough devices want the same: it is broadcast, and who comes late asks for what it missed', async t => {
  const stage = await stageWith(t, 'd-1', 'd-2', 'd-3', 'd-4', 'd-5', 'd-6', 'd-7', 'late')
  await stage.device('late').stop()
  const operation = await begun(stage, {})
  await stage.untilLogged('broadcast-started')
  await new Promise(resolve => setTimeout(resolve, 500))
  await stage.device('late').start()
  t.match(await stage.ended(operation), { state: 'completed', updated: 8, errors: 0 })
  t.equal(stage.logged('broadcast-opened').length, 1, 'one session for all')
  for (const { id } of stage.devices) {
    const { held_bytes = 0, received_bytes = 0, broadcast_bytes = 0 } = await transferOf(stage, operation, id)
    t.equal(held_bytes + received_bytes, image.length, `${id} has all of it`)
    t.ok(broadcast_bytes > 0, `${id} heard ${broadcast_bytes} of ${received_bytes}`)
    if (id === 'late') t.ok(broadcast_bytes < received_bytes, 'what was sent before it came it asked for')
  }
  t.ok(stage.logged('activation-sent').length >= 8, 'each was told to install in the session')
  t.match(stage.drover.figures(), { broadcast: { sessions: 0, members: 0 } }, 'nothing is left of it')
})

t.test('a session that is aborted is UPD4_FAIL_45 in the log, and the update comes by pull', async t => {
  const stage = await stageWith(t, 'e-1', 'e-2')
  const operation = await begun(stage, { transport: 'broadcast', bytesPerSecond: 100_000 })
  await stage.untilLogged('broadcast-started')
  await new Promise(resolve => setTimeout(resolve, 500))
  const delivery = { transport: 'pull', bytesPerSecond: null }
  const edited = await stage.call<OperationView>('PATCH', `/v1/operations/${operation.id}`, { delivery })
  t.match(edited.policy.delivery, { transport: 'pull', bytesPerSecond: null, retryByPull: true })
  t.match(await stage.ended(operation), { state: 'completed', updated: 2, errors: 0, retrying: 0 })
  for (const { device, attempt } of await executions(stage, operation)) {
    t.equal(attempt, 2)
    t.match(await stage.events(operation, device), [
      {
        event_type: 'UPD4_FAIL_45',
        state_change: true,
        data: { reason: 'aborted', retry: '1', retry_rule: 'delivery.retryByPull' },
      },
      { event_type: 'UPD2_OK_18' },
    ])
  }
})

t.test('with retryByPull false it ends so', async t => {
  const stage = await stageWith(t, 'f-1')
  const operation = await begun(stage, { transport: 'broadcast', bytesPerSecond: 100_000, retryByPull: false })
  await stage.untilLogged('broadcast-started')
  await stage.call<OperationView>('PATCH', `/v1/operations/${operation.id}`, { delivery: { transport: 'pull' } })
  t.match(await stage.ended(operation), {
    state: 'completed',
    updated: 0,
    errors: 1,
    codes: [{ code: 'UPD4_FAIL_45' }],
  })
})
