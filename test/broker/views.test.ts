// What operators read of bytes: where the rest of an image is, and how fast an operation goes, the same in every answer.
import t from 'tap'
import { operationView } from '../../broker/views.ts'
import { operationStateTopic } from '../../proto/topics.ts'
import { eventOf, settled } from './orchestrator/world.ts'
import { operator, scene, update, viewer } from './use-cases/scene.ts'

const words = (held: number, received: number, wire: number, more: Readonly<Record<string, number>> = {}) =>
  Object.fromEntries(
    Object.entries({ held_bytes: held, received_bytes: received, wire_bytes: wire, ...more }).map(([name, bytes]) => [
      name,
      String(bytes),
    ]),
  )

t.test('what was sent, and where the rest of the image is', async t => {
  const { world, useCases, connections, release } = await scene(t, 1)
  const { id } = await useCases.createOperation(operator, update(release))
  await settled()
  const rows: readonly (readonly [
    why: string,
    said: Readonly<Record<string, string>>,
    seen: readonly [image: number, wire: number, held: number, patch: number, compression: number, broadcast: number],
  ])[] = [
    ['chunks, half of them held', words(500, 500, 300), [1000, 300, 500, 0, 200, 0]],
    [
      'a patch for most of it',
      words(100, 100, 90, { patch_bytes: 800, patch_wire_bytes: 30 }),
      [1000, 90, 100, 770, 40, 0],
    ],
    ['heard in a session', words(0, 1000, 600, { broadcast_bytes: 900 }), [1000, 600, 0, 0, 400, 900]],
    ['nothing that deflates, and an index', words(0, 1000, 1010), [1000, 1010, 0, 0, 0, 0]],
    [
      'a patch that made less than it took',
      words(900, 50, 150, { patch_bytes: 50, patch_wire_bytes: 80 }),
      [1000, 150, 900, 0, 0, 0],
    ],
    ['nothing to fetch at all', words(1000, 0, 0), [1000, 0, 1000, 0, 0, 0]],
  ]
  let eventNumber = 0
  for (const [why, data, [imageBytes, wireBytes, held, patch, compression, broadcast]] of rows) {
    eventNumber += 1
    const event = eventOf(eventNumber, { kind: 'step', step: 'verifying' }, id as never)
    await world.orchestrator.event(connections[0] as never, { ...event, data })
    await settled()
    const { transfer } = await useCases.showExecution(viewer, id, connections[0]?.device ?? '')
    t.strictSame(transfer, { imageBytes, wireBytes, saved: { held, patch, compression, broadcast } }, why)
    t.equal((await useCases.showOperation(viewer, id)).transfer, null, 'it has not ended')
  }
})

t.test('the throughput is in every look at a live operation, and in none at an ended one', async t => {
  const { world, useCases, connections, release } = await scene(t, 1)
  const made = await useCases.createOperation(operator, update(release))
  const id = made.id as never
  t.equal(made.throughput, null)
  const controller = new AbortController()
  const stream = await useCases.watch(viewer, { operation: made.id }, controller.signal)
  const streamed: (number | null)[] = []
  const reading = (async () => {
    for await (const message of stream) if (message.kind === 'operation') streamed.push(message.operation.throughput)
  })()
  await settled()
  world.throughput.set(id, 2_300_000)
  t.equal((await useCases.showOperation(viewer, made.id)).throughput, 2_300_000)
  t.match((await useCases.listOperations(viewer, {})).data, [{ throughput: 2_300_000 }])
  await useCases.pauseOperation(operator, made.id)
  await settled()
  const live = () => world.published.findLast(({ topic }) => topic === operationStateTopic(id))?.message
  t.match(live(), { state: 'paused', throughput: 2_300_000, transfer: null })
  await useCases.resumeOperation(operator, made.id)
  const data = words(400, 600, 250)
  await world.orchestrator.event(connections[0] as never, {
    ...eventOf(1, { kind: 'code', code: 'UPD4_FAIL_33' }, id),
    data,
  })
  await settled()
  const transfer = {
    ...{ devices: 1, imageBytes: 1000, wireBytes: 250 },
    saved: { held: 400, patch: 0, compression: 350, broadcast: 0 },
  }
  t.match(live(), { state: 'completed', throughput: null, transfer })
  t.match(await useCases.showOperation(viewer, made.id), { state: 'completed', throughput: null, transfer })
  controller.abort()
  await reading
  t.ok(streamed.includes(2_300_000), 'on the stream, too')
  t.equal(streamed.at(-1), null)
  const stored = await world.store.operation(id)
  t.match(stored?.transfer, { devices: 1, wireBytes: 250 }, 'and the sums are durable')
  t.equal(stored && operationView(stored).throughput, null)
})
