// Releases of several manifests: what may join one, what people are told of them, and whom a dry run leaves out.
import { createHash } from 'node:crypto'
import t from 'tap'
import { ArtifactFiles } from '../../../broker/adapters/artifact-files.ts'
import type { Principal } from '../../../broker/core/records.ts'
import { principalName } from '../../../proto/ids.ts'
import type { Manifest } from '../../../proto/manifest.ts'
import { encodePackageMetadata } from '../../../proto/package.ts'
import { encodeDeltaMetadata } from '../../../proto/patch.ts'
import { makeBundle, makeImage, testClassId, testVendorId } from '../../fixtures/bundle.ts'
import { eventOf, helloOf, settled, World } from '../orchestrator/world.ts'
import { useCasesOf } from './set-up.ts'

const operator: Principal = {
  name: principalName('kim'),
  role: 'operator',
  tokenSha256: '00'.repeat(32),
  createdAt: 1,
}
const oldImage = makeImage(30_000, 1)
const newImage = makeImage(40_000, 2)
const patch = makeImage(500, 3)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const full = (manifest: Partial<Manifest> = {}) =>
  makeBundle({ image: newImage, version: '2.0.0', component: 'main', manifest })
const metadata = (baseSize: number) =>
  encodeDeltaMetadata({ baseSize, frameBytesMax: 65_536, baseBytesMax: 65_536, encodedBytesMax: 65_536 })
const delta = (manifest: Partial<Manifest> = {}) =>
  makeBundle({
    image: patch,
    version: '2.0.0',
    component: 'main',
    manifest: {
      format: 'delta-zstd',
      metadata: metadata(oldImage.length),
      precursorSha256: sha256(oldImage),
      installedSize: newImage.length,
      installedSha256: sha256(newImage),
      ...manifest,
    },
  })

async function setUp(t: { testdir(): string }) {
  const world = new World()
  await world.start()
  const useCases = useCasesOf(world, await ArtifactFiles.open(t.testdir()))
  async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
    yield bytes
  }
  const upload = ({ bytes }: { readonly bytes: Uint8Array }) => useCases.uploadBundle(operator, once(bytes))
  return { world, useCases, upload }
}

t.test('full image and delta make one release, and each manifest says what it is', async t => {
  const { useCases, upload, world } = await setUp(t)
  await upload(full())
  const release = await upload(delta())
  t.equal(release.id, `main@2.0.0+${sha256(newImage).slice(0, 16)}`)
  t.match(release.manifests, [
    { format: 'raw', precursorSha256: null, artifact: sha256(newImage), payloadSize: newImage.length },
    { format: 'delta-zstd', precursorSha256: sha256(oldImage), artifact: sha256(patch), payloadSize: patch.length },
  ])
  t.strictSame(await useCases.showRelease(operator, release.id), release)
  const stored = await world.store.release(release.id as never)
  t.equal(stored?.manifests[0]?.precursorSha256, undefined)
  const packed = await upload(
    makeBundle({
      image: newImage,
      version: '3.0.0',
      component: 'all',
      manifest: { format: 'combined', metadata: encodePackageMetadata({ descriptorSize: 40 }) },
    }),
  )
  t.match(packed.manifests, [{ format: 'combined' }])
})

t.test('the other way round, too: a delta may come before its image', async t => {
  const { upload } = await setUp(t)
  await upload(delta())
  t.equal((await upload(full())).manifests.length, 2)
})

t.test('what contradicts the release is refused, and the release stays what it was', async t => {
  const invalid = { code: 'INVALID' }
  const conflict = { code: 'CONFLICT' }
  const rows: readonly (readonly [string, Partial<Manifest>, { code: string; message: RegExp }])[] = [
    ['another size of the same image', { installedSize: 5 }, { ...conflict, message: /installedSize: 5, but/ }],
    ['another counter', { releaseCounter: 9 }, { ...conflict, message: /releaseCounter: 9, but .* has 2000000/ }],
    ['another need to reboot', { needsReboot: false }, { ...conflict, message: /needsReboot/ }],
    ['from itself to itself', { precursorSha256: sha256(newImage) }, { ...invalid, message: /precursorSha256/ }],
    ['from an image of another size', { metadata: metadata(5) }, { ...invalid, message: /baseSize: 5, but .* 30000/ }],
  ]
  const { useCases, upload } = await setUp(t)
  await upload(makeBundle({ image: oldImage, version: '1.0.0', component: 'main' }))
  const { id } = await upload(full())
  for (const [what, fields, refusal] of rows) await t.rejects(upload(delta(fields)), refusal, what)
  t.equal((await useCases.showRelease(operator, id)).manifests.length, 1)
  const reversed = await setUp(t)
  await reversed.upload(delta())
  await t.rejects(reversed.upload(full({ releaseCounter: 9 })), conflict, 'the full image after its delta')
})

t.test(
  'what need not agree: images signed again, manifests for other devices, a precursor nobody uploaded',
  async t => {
    const { upload } = await setUp(t)
    await upload(full())
    await upload(full({ releaseCounter: 9, vendorData: Buffer.from('again') }))
    await upload(delta({ classId: '99'.repeat(16), releaseCounter: 4 }))
    t.equal((await upload(full({ classId: '98'.repeat(16), needsReboot: false }))).manifests.length, 4)
    const late = await setUp(t)
    await late.upload(full({ releaseCounter: 9, expiresAt: late.world.clock.now() + 1000 }))
    await late.world.clock.advance(1000)
    t.equal((await late.upload(delta())).manifests.length, 2, 'one that has expired binds nobody')
    const alone = await setUp(t)
    t.equal((await alone.upload(delta({ metadata: metadata(5) }))).manifests.length, 1)
  },
)

t.test('a dry run and the operation agree on who is left out; executions and file tell what was brought', async t => {
  const { useCases, upload, world } = await setUp(t)
  const { id: release } = await upload(delta())
  const ids = { vendorId: testVendorId, classId: testClassId }
  const connections = [sha256(oldImage), 'cc'.repeat(32)].map((digest, index) => {
    const connection = world.connect(`sensor-${index + 1}` as never)
    return { connection, hello: world.orchestrator.hello(connection, helloOf('1.0.0', digest, ids)) }
  })
  await Promise.all(connections.map(({ hello }) => hello))
  await settled()
  const request = { type: 'firmware-update', release, targets: { all: true } } as const
  const plan = await useCases.planOperation(operator, request)
  t.match(plan.verdicts, [
    { verdict: 'hand-over', count: 1, devices: ['sensor-1'] },
    { verdict: 'SYS_109 precursor', count: 1, devices: ['sensor-2'] },
  ])
  const { id } = await useCases.createOperation(operator, { ...request, policy: { concurrency: 10 } })
  await settled()
  t.match(await useCases.showExecution(operator, id, 'sensor-1'), { format: 'delta-zstd', manifest: /^[0-9a-f]{64}$/ })
  t.match(await useCases.showExecution(operator, id, 'sensor-2'), {
    status: 'Skipped',
    code: 'SYS_109',
    reason: 'Update error',
    format: null,
    manifest: null,
  })
  t.match(await useCases.explainDevice(operator, id, 'sensor-1'), {
    rule: 'in-progress',
    data: { format: 'delta-zstd' },
  })
  const first = connections[0]?.connection
  if (first === undefined) throw new Error('it was connected')
  await world.orchestrator.event(first, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_32' }, id as never))
  await settled()
  let text = ''
  for await (const bytes of await useCases.exportOperation(operator, id)) text += Buffer.from(bytes).toString()
  const [head, ...rows] = text
    .replace(/^\ufeff/, '')
    .trim()
    .split('\r\n')
  const column = head?.split(',').indexOf('format') ?? -1
  t.strictSame(
    rows.map(row => row.split(',')[column]),
    ['delta-zstd', ''],
  )
})
