// A release of a full image and a delta, from upload to success: the real broker as a process, devices that pull over MQTT.
import { createHash } from 'node:crypto'
import t from 'tap'
import type { EventListing, ExecutionView, Listing, OperationView, ReleaseView } from '../../proto/http-api.ts'
import { encodeDeltaMetadata } from '../../proto/patch.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'
import { call, startBroker, untilValue } from './process.ts'
import { PullingDevice, type PullingDeviceWishes } from './pulling-device.ts'

const oldDigest = '0d'.repeat(32)
const otherDigest = '0e'.repeat(32)
const image = makeImage(200_000, 5)
const patch = makeImage(20_000, 6)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

const bundleOf = (version: string) => makeBundle({ image, version, component: 'main' })
const deltaOf = (version: string, installed: Buffer) =>
  makeBundle({
    image: patch,
    version,
    component: 'main',
    manifest: {
      format: 'delta-zstd',
      metadata: encodeDeltaMetadata({
        baseSize: 190_000,
        frameBytesMax: 65_536,
        baseBytesMax: 65_536,
        encodedBytesMax: 65_536,
      }),
      precursorSha256: oldDigest,
      installedSize: installed.length,
      installedSha256: sha256(installed),
    },
  })

t.test('each device comes to the image its own way, and everybody can see which', { timeout: 60_000 }, async t => {
  const broker = await startBroker(t.testdir())
  t.teardown(() => broker.kill())
  await call(broker, 'POST', '/v1/artifacts', bundleOf('2.0.0').bytes)
  const release = await call<ReleaseView>(broker, 'POST', '/v1/artifacts', deltaOf('2.0.0', image).bytes)
  t.match(release.manifests, [{ format: 'raw' }, { format: 'delta-zstd', precursorSha256: oldDigest }])

  const device = async (id: string, digest: string, wishes: Partial<PullingDeviceWishes> = {}) => {
    const { secret } = await call<{ secret: string }>(broker, 'POST', '/v1/devices/enroll', { device: id })
    const installed = { version: '1.0.0', digest }
    const made = await PullingDevice.start({ id, secret, mqttPort: broker.mqttPort, installed, ...wishes })
    t.teardown(() => made.stop())
    return made
  }
  const curious = [sha256(image), sha256(patch)]
  const fits = await device('fits', oldDigest, { curious })
  const refuses = await device('refuses', oldDigest, {
    curious,
    judge: ({ format }) => (format === 'delta-zstd' ? 'UPD4_FAIL_32' : undefined),
  })
  const elsewhere = await device('elsewhere', otherDigest, { curious })
  await untilValue(async () => {
    const { data } = await call<Listing<{ state: string }>>(broker, 'GET', '/v1/devices')
    return data.filter(({ state }) => state === 'registered').length === 3 ? data : undefined
  })

  const run = async (named: string): Promise<OperationView> => {
    const { id } = await call<OperationView>(broker, 'POST', '/v1/operations', {
      type: 'firmware-update',
      release: named,
      targets: { all: true },
      policy: { concurrency: 10, retries: [{ match: ['UPD4_FAIL_32'], limit: 1, delaySeconds: 0 }] },
    })
    return untilValue(async () => {
      const operation = await call<OperationView>(broker, 'GET', `/v1/operations/${id}`)
      return operation.completedAt === null ? undefined : operation
    })
  }
  const done = await run('main@2.0.0')
  t.strictSame(
    [fits, refuses, elsewhere].map(({ failures }) => failures),
    [[], [], []],
  )
  t.match(done, { updated: 3, errors: 0 })
  t.match(fits.taken, [
    { attempt: 1, manifest: { format: 'delta-zstd' }, pulled: 20_000, others: ['no-right', 'given'] },
  ])
  t.match(refuses.taken, [
    { attempt: 1, manifest: { format: 'delta-zstd' } },
    { attempt: 2, manifest: { format: 'raw' }, pulled: 200_000, others: ['given', 'no-right'] },
  ])
  t.match(elsewhere.taken, [{ attempt: 1, manifest: { format: 'raw' }, pulled: 200_000 }])
  t.equal(fits.taken.length + refuses.taken.length + elsewhere.taken.length, 4)

  const executions = await call<Listing<ExecutionView>>(broker, 'GET', `/v1/operations/${done.id}/executions`)
  t.match(
    executions.data.map(({ device, format, attempt, code }) => [device, format, attempt, code]),
    [
      ['elsewhere', 'raw', 1, 'SYS_112'],
      ['fits', 'delta-zstd', 1, 'SYS_112'],
      ['refuses', 'raw', 2, 'SYS_112'],
    ],
  )
  t.equal(
    release.manifests.find(({ sha256 }) => sha256 === executions.data[1]?.manifest)?.format,
    'delta-zstd',
    'the manifest is found in the release',
  )
  const events = await call<EventListing>(broker, 'GET', '/v3/device-events?event_type=UPD4_FAIL_32')
  t.match(events.data, [{ device_id: 'refuses', data: { campaign_id: done.id, retry: '1' } }])
  t.equal(events.data.length, 1)

  // Of a release with nothing but a delta from an image that nobody has any more.
  await call(broker, 'POST', '/v1/artifacts', deltaOf('3.0.0', makeImage(210_000, 7)).bytes)
  const left = await run('main@3.0.0')
  t.match(left, { updated: 0, errors: 3, codes: [{ code: 'SYS_109', count: 3 }] })
  const skipped = await call<Listing<ExecutionView>>(broker, 'GET', `/v1/operations/${left.id}/executions`)
  t.match(skipped.data[0], {
    status: 'Skipped',
    data: { reason: 'precursor', expected: oldDigest, actual: sha256(image) },
  })
  t.equal(fits.taken.length + refuses.taken.length + elsewhere.taken.length, 4, 'no traffic')
})
