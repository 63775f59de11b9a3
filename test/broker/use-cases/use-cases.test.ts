// The use cases over the memory store and real artifact files; and the MQTT door on top of them.
import t from 'tap'
import { ArtifactFiles } from '../../../broker/adapters/artifact-files.ts'
import { MqttCommands } from '../../../broker/adapters/mqtt-commands.ts'
import type { Principal, PrincipalRole } from '../../../broker/core/records.ts'
import { secretMatches } from '../../../broker/use-cases/secrets.ts'
import { principalName } from '../../../proto/ids.ts'
import { makeBundle } from '../../fixtures/bundle.ts'
import { helloOf, oldDigest, settled, silentLog, World } from '../orchestrator/world.ts'
import { useCasesOf } from './set-up.ts'

const principal = (role: PrincipalRole, name = role): Principal => ({
  name: principalName(name),
  role,
  tokenSha256: '00'.repeat(32),
  createdAt: 1,
})
const [viewer, operator, admin] = [principal('viewer'), principal('operator'), principal('admin')]

async function setUp(t: { testdir(): string }) {
  const world = new World()
  await world.start()
  const artifacts = await ArtifactFiles.open(t.testdir())
  const useCases = useCasesOf(world, artifacts)
  return { world, useCases, artifacts }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
const bundleOf = (version: string, image = `image ${version}`) =>
  makeBundle({ image: Buffer.from(image), version, component: 'main' })

t.test('a viewer looks at everything and changes nothing', async t => {
  const { useCases } = await setUp(t)
  const forbidden = { code: 'FORBIDDEN' }
  await t.rejects(useCases.enrollDevice(viewer, { device: 'a' }), forbidden)
  await t.rejects(useCases.uploadBundle(viewer, once(Buffer.alloc(1))), forbidden)
  await t.rejects(useCases.stopOperation(viewer, '0'.repeat(26)), { code: /FORBIDDEN|NOT_FOUND/ })
  await t.rejects(
    useCases.createOperation(viewer, { type: 'firmware-update', release: 'x', targets: { all: true } }),
    forbidden,
  )
  await t.rejects(useCases.createPrincipal(operator, { name: 'x', role: 'viewer' }), forbidden)
  await t.rejects(useCases.listPrincipals(operator), forbidden)
  await t.resolves(useCases.listDevices(viewer, {}))
  await t.resolves(useCases.listOperations(viewer, {}))
  await t.resolves(useCases.listEvents(viewer, {}))
})

t.test('a device gets its secret once; the store holds a hash, the log SYS_107', async t => {
  const { useCases, world } = await setUp(t)
  const { secret } = await useCases.enrollDevice(operator, { device: 'sensor-1' })
  const credential = await world.store.credential('sensor-1' as never)
  t.notOk(JSON.stringify(credential).includes(secret))
  t.ok(secretMatches(secret, credential?.secretSha256 ?? ''))
  t.notOk(secretMatches(`${secret}x`, credential?.secretSha256 ?? ''))
  t.equal(Buffer.from(secret, 'base64url').length, 32, '256 random bits')
  await t.rejects(useCases.enrollDevice(operator, { device: 'sensor-1' }), {
    code: 'CONFLICT',
    fields: [{ name: 'device' }],
  })
  t.equal((await useCases.listEvents(viewer, {})).data[0]?.event_type, 'SYS_107')
  t.match(await useCases.showDevice(viewer, 'sensor-1'), { state: 'enrolled', online: false, registeredAt: null })
  await t.rejects(useCases.showDevice(viewer, 'sensor-2'), { code: 'NOT_FOUND' })
  await t.rejects(useCases.showDevice(viewer, '../x'), { code: 'INVALID' })
})

t.test('one name is one identity, also when two ask for it at once', async t => {
  const { useCases, world } = await setUp(t)
  const outcomes = await Promise.allSettled([
    useCases.enrollDevice(operator, { device: 'twin' }),
    useCases.enrollDevice(operator, { device: 'twin' }),
    useCases.createPrincipal(admin, { name: 'twin', role: 'operator' }),
  ])
  t.same(
    outcomes.map(outcome => outcome.status),
    ['fulfilled', 'rejected', 'rejected'],
  )
  t.equal((await world.store.events({ code: 'SYS_107', order: 'ASC', limit: 10 })).items.length, 1)
})

t.test('a token opens one principal and is not kept', async t => {
  const { useCases, world } = await setUp(t)
  await t.rejects(useCases.createPrincipal(admin, { name: 'bootstrap', role: 'viewer' }), {
    code: 'CONFLICT',
    fields: [{ name: 'name', message: 'is reserved' }],
  })
  const { token } = await useCases.createPrincipal(admin, { name: 'kim', role: 'operator' })
  t.match(await useCases.principalOfToken(token), { name: 'kim', role: 'operator' })
  t.equal(await useCases.principalOfToken(`${token} `), undefined)
  t.notOk(JSON.stringify(await world.store.principals()).includes(token))
  await t.rejects(useCases.createPrincipal(admin, { name: 'kim', role: 'viewer' }), { code: 'CONFLICT' })
})

t.test('an uploaded bundle becomes a release; the same again changes nothing, another manifest joins it', async t => {
  const { useCases } = await setUp(t)
  const bundle = bundleOf('2.0.0')
  const first = await useCases.uploadBundle(operator, once(bundle.bytes))
  t.equal(first.id, `main@2.0.0+${bundle.manifest.installedSha256.slice(0, 16)}`)
  const again = await useCases.uploadBundle(operator, once(bundle.bytes))
  t.equal(again.manifests.length, 1)
  const other = makeBundle({
    image: Buffer.from('image 2.0.0'),
    version: '2.0.0',
    component: 'main',
    manifest: { classId: '99'.repeat(16) },
  })
  const [joined] = await Promise.all([
    useCases.uploadBundle(operator, once(other.bytes)),
    useCases.uploadBundle(operator, once(bundle.bytes)),
  ])
  t.equal(joined.manifests.length, 2)
  await t.rejects(useCases.uploadBundle(operator, once(Buffer.from('no bundle at all'))), { code: 'BUNDLE_INVALID' })
})

t.test('an operation is created over a release named by id or by component and version', async t => {
  const { useCases, world } = await setUp(t)
  const release = await useCases.uploadBundle(operator, once(bundleOf('2.0.0').bytes))
  await useCases.uploadBundle(operator, once(bundleOf('2.0.1').bytes))
  const request = {
    type: 'firmware-update' as const,
    release: 'main@2.0.0',
    targets: { devices: ['b', 'a', 'b'] },
  }
  const operation = await useCases.createOperation(operator, { ...request, policy: { concurrency: '50%' } })
  t.match(operation, { release: release.id, state: 'pending', updateStatus: 'Pending', createdBy: 'operator' })
  await settled()
  t.match(await useCases.showOperation(viewer, operation.id), {
    state: 'completed',
    updateStatus: 'Completed',
    operationStatus: 'Failed',
    sensors: 2,
    updated: 0,
    errors: 2,
    codes: [{ code: 'SYS_101', count: 2 }],
  })
  t.same(
    (await useCases.listExecutions(viewer, operation.id, {})).data.map(({ device, status, code }) => [
      device,
      status,
      code,
    ]),
    [
      ['a', 'Failed', 'SYS_101'],
      ['b', 'Failed', 'SYS_101'],
    ],
  )
  await t.rejects(useCases.createOperation(operator, { ...request, release: 'main@9.9.9' }), {
    code: 'INVALID',
    fields: [{ name: 'release' }],
  })
  await useCases.uploadBundle(operator, once(bundleOf('2.0.0', 'another image').bytes))
  await t.rejects(useCases.createOperation(operator, request), { code: 'CONFLICT' }, 'the name is no longer enough')
  t.same(world.violations, [])
})

t.test('pages: limits are clamped, after goes on where the page ended', async t => {
  const { useCases, world } = await setUp(t)
  for (const name of ['a', 'b', 'c']) {
    const connection = world.connect(name as never)
    await world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  }
  const first = await useCases.listDevices(viewer, { limit: 2 })
  t.match(first, { limit: 2, has_more: true, data: [{ id: 'a', online: true }, { id: 'b' }] })
  t.match(await useCases.listDevices(viewer, { limit: 2, after: 'b' }), {
    has_more: false,
    data: [{ id: 'c' }],
    after: 'b',
  })
  t.equal((await useCases.listEvents(viewer, { limit: 1 })).limit, 2)
  t.equal((await useCases.listEvents(viewer, { limit: 5000 })).limit, 1000)
  await t.rejects(useCases.listEvents(viewer, { code: 'UPD4_FAIL_99' }), {
    code: 'INVALID',
    fields: [{ name: 'event_type' }],
  })
  await t.rejects(useCases.listEvents(viewer, { after: 'zzz' }), { code: 'INVALID', fields: [{ name: 'after' }] })
})

t.test(
  'MQTT: a command is answered on accepted with its request id, a bad one on rejected naming the field',
  async t => {
    const { useCases } = await setUp(t)
    const answers: { topic: string; message: Record<string, unknown> }[] = []
    const channel = { publish: (topic: string, message: object) => answers.push({ topic, message: { ...message } }) }
    const commands = new MqttCommands(useCases, channel, silentLog)
    const ask = async (verb: string, body: unknown, by = operator) => {
      await commands.handle(by, verb, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))
      return answers.at(-1)
    }
    await useCases.uploadBundle(operator, once(bundleOf('2.0.0').bytes))
    const request = { requestId: 'r1', type: 'firmware-update', release: 'main@2.0.0', targets: { devices: ['a'] } }
    const created = await ask('operation-create', request)
    t.match(created, {
      topic: 'drover/v1/operators/operator/accepted/r1',
      message: { requestId: 'r1', result: { sensors: 0 } },
    })
    const repeated = await ask('operation-create', request)
    t.same(repeated, created, 'a request that arrives twice is carried out once')
    t.equal((await useCases.listOperations(viewer, {})).data.length, 1)
    t.match(await ask('operation-list', { requestId: 'r2' }), {
      topic: /accepted\/r2$/,
      message: { result: { object: 'list' } },
    })
    const rejected: readonly (readonly [string, unknown, Principal, object])[] = [
      [
        'operation-create',
        { ...request, requestId: 'r3', release: 5 },
        operator,
        { code: 'INVALID', fields: [{ name: 'release' }] },
      ],
      ['operation-create', { ...request, requestId: 'r4', surprise: 1 }, operator, { code: 'INVALID' }],
      ['operation-create', { ...request, requestId: 'r5' }, viewer, { code: 'FORBIDDEN' }],
      ['operation-fly', { requestId: 'r6' }, operator, { code: 'INVALID', fields: [{ name: 'verb' }] }],
      ['operation-stop', { requestId: 'r7', id: '0'.repeat(26) }, operator, { code: 'NOT_FOUND' }],
      ['operation-list', '{"requestId":', operator, { code: 'INVALID', requestId: 'unknown' }],
      ['operation-list', { requestId: '../../x' }, operator, { code: 'INVALID', requestId: 'unknown' }],
      ['operation-list', '[]', operator, { code: 'INVALID', requestId: 'unknown' }],
    ]
    for (const [verb, body, by, message] of rejected) {
      const answer = await ask(verb, body, by)
      t.match(answer, { topic: new RegExp(`^drover/v1/operators/${by.name}/rejected/`), message })
    }
  },
)
