// A release with deltas, through the orchestrator: who is offered what, what may be pulled, what follows when a device
// cannot use its delta, and that all of it survives a broker that is killed.
import t from 'tap'
import type { Execution, Operation } from '../../../broker/core/records.ts'
import { RunningOperation } from '../../../broker/orchestrator/running-operation.ts'
import { type DeviceCode, eventCodeEntry } from '../../../proto/event-codes.ts'
import { type DeviceId, deviceId } from '../../../proto/ids.ts'
import { delta, full, lifeWithDeltas, otherDigest, patchDigest, releaseOf, retries, world } from './delta-lives.ts'
import { eventOf, helloOf, oldDigest, type ScriptedConnection, settled, targetDigest, type World } from './world.ts'

const one = deviceId('sensor-1')
const two = deviceId('sensor-2')

async function connected(made: World, device = one, digest = oldDigest): Promise<ScriptedConnection> {
  const connection = made.connect(device)
  await made.orchestrator.hello(connection, helloOf('1.0.0', digest))
  await settled()
  return connection
}

/** Names of the manifests that were offered on the connection, in order, with the attempt. */
function offers({ received }: ScriptedConnection): string[] {
  return received.flatMap(message =>
    message.kind === 'offer' ? [`${message.attempt} ${Buffer.from(message.envelope).toString()}`] : [],
  )
}

const fail = (code: DeviceCode, number = 1, attempt = 1) =>
  ({ ...eventOf(number, { kind: 'code', code }, '' as never), attempt }) as const

t.test('who has the precursor gets the delta, everybody else the full image', async t => {
  const made = await world([full, delta])
  const connections = [await connected(made, one), await connected(made, two, otherDigest)]
  const id = await made.operation([one, two])
  await settled()
  t.strictSame(connections.map(offers), [['1 delta'], ['1 full']])
  const pulls = [one, two].map(device =>
    [patchDigest, targetDigest, otherDigest].map(artifact => made.orchestrator.mayPull(device, id, artifact)),
  )
  t.strictSame(
    pulls,
    [
      [true, false, false],
      [false, true, false],
    ],
    'each only what it was offered',
  )
  t.match(await made.store.execution(id, one), { offered: { manifest: 'delta', format: 'delta-zstd', fullToo: true } })
})

t.test('a delta that is refused: the retry offers the full image, and the right to chunks goes with it', async t => {
  for (const code of ['UPD4_FAIL_25', 'UPD4_FAIL_32', 'UPD4_FAIL_42'] as const) {
    const made = await world([full, delta])
    const connection = await connected(made)
    const id = await made.operation([one], { retries })
    await settled()
    await made.orchestrator.event(connection, { ...fail(code), operation: id })
    await settled()
    t.notOk(made.orchestrator.mayPull(one, id, patchDigest), 'nothing between two attempts')
    await made.clock.advance(400_000)
    t.equal(offers(connection).at(-1), '2 full', code)
    t.notOk(made.orchestrator.mayPull(one, id, patchDigest), 'the patch is no more its to pull')
    t.ok(made.orchestrator.mayPull(one, id, targetDigest))
    await made.orchestrator.hello(connection, helloOf('2.0.0', targetDigest))
    await settled()
    t.match(await made.store.execution(id, one), { state: 'completed', code: 'SYS_112', attempt: 2 })
    const { items } = await made.store.events({ device: one, code, order: 'ASC', limit: 10 })
    t.match(items, [{ type: eventCodeEntry(code).types[0], data: { retry: '1' } }], 'and the log says why')
  }
})

t.test('both gone: the full image fails as well, and the device ends with what it said', async t => {
  const made = await world([delta, full])
  const connection = await connected(made)
  const id = await made.operation([one], { retries })
  await settled()
  await made.orchestrator.event(connection, { ...fail('UPD4_FAIL_32'), operation: id })
  await made.clock.advance(60_000)
  await made.orchestrator.event(connection, { ...fail('UPD4_FAIL_39', 2, 2), operation: id })
  await settled()
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'UPD4_FAIL_39', attempt: 2 })
  t.match(await made.store.operation(id), { state: 'completed', counts: { failed: 1 } })
})

t.test('deltas only: refused is the end, and who has no precursor is left out without traffic', async t => {
  const made = await world([delta])
  const [refusing, without] = [await connected(made, one), await connected(made, two, otherDigest)]
  const id = await made.operation([one, two], { retries })
  await settled()
  t.strictSame([offers(refusing), offers(without)], [['1 delta'], []])
  t.match(await made.store.execution(id, two), {
    state: 'skipped',
    code: 'SYS_109',
    data: { reason: 'precursor', expected: oldDigest, actual: otherDigest },
  })
  await made.orchestrator.event(refusing, { ...fail('UPD4_FAIL_42'), operation: id })
  await made.clock.advance(400_000)
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'UPD4_FAIL_42', attempt: 1 })
  t.strictSame(offers(refusing), ['1 delta'])
})

t.test('explain tells what an attempt brings, and what the next one will', async t => {
  const made = await world([full, delta])
  const connection = await connected(made)
  const id = await made.operation([one], { retries })
  await settled()
  t.match(await explained(made, id, one), { rule: 'in-progress', data: { format: 'delta-zstd', manifest: 'delta' } })
  await made.orchestrator.event(connection, { ...fail('UPD4_FAIL_32'), operation: id })
  t.match(await explained(made, id, one), {
    rule: 'retry-delay',
    data: { failed: 'UPD4_FAIL_32' },
    message: /full image/,
  })
  const only = await world([delta])
  only.orchestrator.deviceDisconnected(await connected(only, two, otherDigest))
  t.match(
    await explained(only, await only.operation([two]), two),
    { rule: 'precursor', data: { expected: oldDigest, actual: otherDigest } },
    'told before its turn comes',
  )
})

async function explained({ store, orchestrator }: World, id: Operation['id'], device: DeviceId) {
  await settled()
  const [operation, execution] = await Promise.all([store.operation(id), store.execution(id, device)])
  if (operation === undefined || execution === undefined) throw new Error('they were just made')
  return orchestrator.explain(operation, execution, await store.device(device))
}

t.test('a broker killed at any commit offers the same bytes again, and goes on to the full image', async t => {
  for (let commitsLeft = 0; commitsLeft < 14; commitsLeft += 1) {
    const made = await world([full, delta])
    let connection = await connected(made)
    const connections = [connection]
    const id = await made.operation([one], { retries })
    made.commitsLeft = commitsLeft
    await settled()
    const reborn = async () => {
      if (made.alive) return
      await made.kill()
      await made.start()
      connection = await connected(made)
      connections.push(connection)
    }
    await reborn()
    const refusal = { ...fail('UPD4_FAIL_32'), operation: id }
    await made.orchestrator.event(connection, refusal).catch(() => undefined)
    await settled()
    if (!made.alive) {
      await reborn()
      await made.orchestrator.event(connection, refusal)
    }
    await made.clock.advance(90_000)
    await reborn()
    // After a restart the rate begins closed.
    await made.clock.advance(90_000)
    const all = new Set(connections.flatMap(offers))
    t.strictSame([...all], ['1 delta', '2 full'], `killed after ${commitsLeft} commits`)
    t.ok(made.orchestrator.mayPull(one, id, targetDigest))
    t.notOk(made.orchestrator.mayPull(one, id, patchDigest))
    t.match((await made.store.execution(id, one))?.retries, { 4: 1 }, 'counted once')
  }
})

t.test('a record of a broker that knew full images only: its attempt goes on with the full image', async t => {
  const made = await world([full])
  await connected(made)
  const id = await made.operation([one])
  await settled()
  const { offered: _, ...old } = (await made.store.execution(id, one)) as Execution
  const { format: __, ...rawBefore } = { ...full, format: 'raw' }
  await made.store.commit([
    { kind: 'put-execution', execution: old, previous: 'in-progress' },
    { kind: 'put-release', release: releaseOf(delta, rawBefore) },
  ])
  await made.kill()
  await made.start()
  const connection = await connected(made)
  t.strictSame(offers(connection), ['1 full'])
  t.ok(made.orchestrator.mayPull(one, id, targetDigest))
  t.notOk(made.orchestrator.mayPull(one, id, patchDigest))
})

t.test('a hello that tells another image meanwhile does not change what the attempt brings', async t => {
  const made = await world([full, delta])
  const connection = await connected(made)
  const id = await made.operation([one])
  await settled()
  await made.orchestrator.hello(connection, helloOf('1.0.1', otherDigest))
  await settled()
  await made.clock.advance(120_000)
  t.ok(offers(connection).length > 1, 'it was repeated')
  t.ok(offers(connection).every(offer => offer === '1 delta'))
  t.ok(made.orchestrator.mayPull(one, id, patchDigest))
})

t.test('a running operation without its manifest is our mistake and says so', async t => {
  const made = await world([full])
  const operation = await made.store.operation(await made.operation(['sensor-1']))
  if (operation === undefined) throw new Error('the operation was just made')
  const running = new RunningOperation(operation, releaseOf(), 10)
  t.throws(() => running.manifestOf({} as never, {} as never), TypeError)
})

t.test(
  'random lives with deltas: nobody is brought what does not go with it, and everybody comes to an end',
  async t => {
    const seeds = Array.from({ length: 8 }, (_, index) => index + 1)
    for (const seed of seeds) {
      const problems = await lifeWithDeltas(seed)
      if (problems.length > 0) t.fail(`seed ${seed}`, { problems })
    }
    t.pass(`${seeds.length} seeds`)
  },
)
