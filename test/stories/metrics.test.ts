// A scraper looks at a real broker while a device pulls an image: what it reads is what was sent, and the operation says
// what that was of the image. Then the broker ends as fast as ever.
import { createHash } from 'node:crypto'
import t from 'tap'
import type { ExecutionView, OperationView } from '../../proto/http-api.ts'
import { makeBundle } from '../fixtures/bundle.ts'
import { type Family, readMetrics } from '../fixtures/prometheus.ts'
import { call, type RunningBroker, startBroker, untilValue } from './process.ts'
import { PullingDevice } from './pulling-device.ts'

/** Half of it deflates. */
const image = Buffer.concat([
  Buffer.alloc(300_000, 'the quick brown fox '),
  ...Array.from({ length: 9000 }, (_, index) => createHash('sha256').update(`${index}`).digest()),
])

async function scrape({ httpPort }: RunningBroker, token: string): Promise<ReadonlyMap<string, Family>> {
  const response = await fetch(`http://127.0.0.1:${httpPort}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
  })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  if (response.headers.get('content-type') !== 'text/plain; version=0.0.4; charset=utf-8')
    throw new Error(`content type ${response.headers.get('content-type')}`)
  return readMetrics(await response.text())
}

/** The one sample of the metric, or the one with that word. */
function of(page: ReadonlyMap<string, Family>, name: string, word?: string): number | undefined {
  const samples = page.get(name)?.samples ?? []
  return samples.find(({ labels }) => word === undefined || Object.values(labels).includes(word))?.value
}

t.test('a scrape tells what a device was sent, and the operation what that was of the image', async t => {
  const broker = await startBroker(t.testdir())
  t.teardown(() => broker.kill())
  const { token } = await call<{ token: string }>(broker, 'POST', '/v1/principals', { name: 'scraper', role: 'viewer' })
  const refused = await fetch(`http://127.0.0.1:${broker.httpPort}/metrics`)
  t.equal(refused.status, 401, 'counts tell a lot about a fleet')
  const bundle = makeBundle({ image, version: '2.0.0', component: 'main' })
  await call(broker, 'POST', '/v1/artifacts', bundle.bytes)
  const { secret } = await call<{ secret: string }>(broker, 'POST', '/v1/devices/enroll', { device: 'sensor-1' })

  const before = await scrape(broker, token)
  t.equal(of(before, 'drover_delivery_bytes_total'), 0)
  t.equal(of(before, 'drover_mqtt_connections', 'device'), 0)
  t.ok((of(before, 'process_resident_memory_bytes') ?? 0) > 10_000_000)

  const device = await PullingDevice.start({
    ...{ id: 'sensor-1', secret, mqttPort: broker.mqttPort },
    installed: { version: '1.0.0', digest: '0d'.repeat(32) },
  })
  t.teardown(() => device.stop())
  const { id, throughput } = await call<OperationView>(broker, 'POST', '/v1/operations', {
    type: 'firmware-update',
    release: bundle.release,
    targets: { devices: ['sensor-1'] },
  })
  t.equal(throughput, null, 'nothing is told of it in the answer to a change')
  const live = await call<OperationView>(broker, 'GET', `/v1/operations/${id}`)
  t.ok(live.throughput !== null || live.completedAt !== null, 'and a number while it runs')
  const ended = await untilValue(async () => {
    const now = await call<OperationView>(broker, 'GET', `/v1/operations/${id}`)
    return now.completedAt === null ? null : now
  })
  t.match(ended, { state: 'completed', updated: 1, throughput: null })
  const { transfer } = ended
  t.match(transfer, { devices: 1, imageBytes: image.length, saved: { held: 0, patch: 0, broadcast: 0 } })
  const wireBytes = transfer?.wireBytes ?? 0
  t.equal(transfer?.saved.compression, image.length - wireBytes, 'what was not sent is what was saved')
  t.ok(wireBytes > 288_000 && wireBytes < 400_000, `${wireBytes} of ${image.length}`)
  const { data } = await call<{ data: ExecutionView[] }>(broker, 'GET', `/v1/operations/${id}/executions`)
  const { devices: _, ...ofDevice } = transfer ?? { devices: 0 }
  t.strictSame(data[0]?.transfer, ofDevice)

  const after = await scrape(broker, token)
  const sent = of(after, 'drover_delivery_bytes_total') ?? 0
  t.ok(sent > wireBytes && sent < wireBytes * 1.05, `${sent} bytes written for ${wireBytes}: heads and topics`)
  const rows: readonly (readonly [string, string | undefined, number | undefined])[] = [
    ['drover_mqtt_connections', 'device', 1],
    ['drover_delivery_devices', undefined, 1],
    ['drover_operations', 'running', 0],
    ['drover_operations_ended_total', 'completed', 1],
    ['drover_executions_in_progress', 'downloading', 0],
    ['drover_events_total', 'SYS_112', 1],
    ['drover_http_requests_total', '4xx', 1],
    ['drover_listener_connections', undefined, 1],
    ['drover_delivery_undrained_bytes', undefined, 0],
    ['drover_store_failures_total', undefined, 0],
  ]
  for (const [name, word, value] of rows) t.equal(of(after, name, word), value, `${name} ${word ?? ''}`)
  for (const name of ['drover_delivery_chunks_total', 'drover_delivery_requests_total', 'drover_store_commits_total'])
    t.ok((of(after, name) ?? 0) > (of(before, name) ?? 0), name)
  for (const [name, { type, samples }] of before)
    if (type === 'counter')
      for (const { labels, value } of samples)
        t.ok((of(after, name, Object.values(labels)[0]) ?? 0) >= value, `${name} has not shrunk`)
  t.equal(
    [...after.values()].some(({ samples }) => JSON.stringify(samples).includes('sensor-1')),
    false,
  )
  t.equal(
    [...after.values()].some(({ samples }) => JSON.stringify(samples).includes(id)),
    false,
  )

  t.equal(await broker.stop(), 0, 'nothing keeps the process alive')
})
