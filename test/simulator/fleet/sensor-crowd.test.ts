// Many good sensors at once, of every kind a profile can ask for: all end well, and they share what they have in common.
import { connectAsync } from 'mqtt'
import t from 'tap'
import type { EventListing } from '../../../proto/http-api.ts'
import { deviceId } from '../../../proto/ids.ts'
import { telemetryTopic } from '../../../proto/topics.ts'
import { call, untilValue } from '../../stories/process.ts'
import { goodBundle, limitMs, SensorStage } from './sensor-stage.ts'

const components = [{ name: 'main', version: '1.0.0', imageBytes: 50_000, reboot: true }]

t.test('200 sensors take one update at once; the bytes of their disks are kept once', async t => {
  const stage = await SensorStage.open(t)
  const ids = Array.from({ length: 200 }, (_, number) => `s-${number}`)
  await stage.started(ids.map((id, seed) => ({ id, seed, profile: { components } })))
  const codes = await stage.update(goodBundle(), ids)
  t.strictSame(
    ids.filter(id => codes.get(id) !== 'SYS_112'),
    [],
  )
  for (const id of ids) {
    t.strictSame(stage.sensors.get(id)?.versions, { main: '2.0.0' })
    const told = stage.whatOf(id)
    t.equal(told.filter(what => what === 'offered').length, 1, `${id}: an offer is told once`)
    const inOrder = ['connected', 'offered', 'downloading', 'verifying', 'installing', 'rebooting', 'confirming']
    t.strictSame(
      inOrder.map(what => told.indexOf(what)).toSorted((one, other) => one - other),
      inOrder.map(what => told.indexOf(what)),
      `${id}: ${told.join(' · ')}`,
    )
  }
  t.ok(stage.shared.pieces.bytes < 300_000, `${stage.shared.pieces.bytes} bytes for 200 sensors with two images each`)
})

t.test('profiles: slow, far away, now and then out of reach, on a battery, and those who measure', async t => {
  const stage = await SensorStage.open(t)
  const battery = { chargePercent: [10, 10], installPercentMin: 20, percentPerHour: 10 * 3600 } as const
  const kinds = {
    plain: {},
    slow: { downBytesPerSecond: 40_000 },
    far: { latencyMs: 150 },
    leaving: { offline: { onMs: 300, offMs: 200 } },
    charging: { battery },
    measuring: { telemetry: { qos: 0, everyMs: 50, payloadBytes: 40 } },
    counting: { telemetry: { qos: 1, everyMs: 50, payloadBytes: 0 } },
  } as const
  const ids = Object.keys(kinds)
  const operator = await connectAsync({
    ...{ host: '127.0.0.1', port: stage.broker.mqttPort, username: 'admin', password: stage.broker.token },
    ...{ clientId: 'ears', reconnectPeriod: 0 },
  })
  t.teardown(() => operator.endAsync(true))
  const heard: string[] = []
  operator.on('message', (topic, payload) => heard.push(`${topic} ${payload.length}`))
  await operator.subscribeAsync(telemetryTopic(deviceId('measuring')), { qos: 1 })
  await stage.started(
    Object.entries(kinds).map(([id, profile]) => ({ id, profile: { components, keepAliveSeconds: 5, ...profile } })),
  )
  await t.rejects(operator.subscribeAsync('drover/v1/devices/+/events'), 'an operator hears telemetry and no more')
  const codes = await stage.update(goodBundle('2.0.0', 100_000), ids)
  for (const id of ids) t.equal(codes.get(id), 'SYS_112', id)

  const left = stage.whatOf('leaving').filter(what => what === 'disconnected: out of reach')
  t.ok(left.length > 0, 'one was out of reach meanwhile')
  t.ok(stage.whatOf('measuring').includes('telemetry'))
  await untilValue(async () => stage.whatOf('counting').includes('telemetry acknowledged') || undefined, limitMs)
  await untilValue(async () => heard.includes(`${telemetryTopic(deviceId('measuring'))} 40`) || undefined, limitMs)
})

t.test('the link of the product in the place of the light one', async t => {
  const stage = await SensorStage.open(t, { client: 'mqtt' })
  const ids = ['a', 'b', 'c']
  await stage.started(ids.map(id => ({ id, profile: { components, signsReports: id === 'a' } })))
  const codes = await stage.update(goodBundle(), ids)
  for (const id of ids) {
    t.equal(codes.get(id), 'SYS_112', id)
    t.equal(stage.whatOf(id).filter(what => what === 'connected').length, 2, 'before and after its restart')
    t.equal(stage.whatOf(id).filter(what => what === 'offered').length, 1)
    const path = `/v3/device-events?device_id__eq=${id}&event_type__eq=SYS_112`
    t.equal(
      (await call<EventListing>(stage.broker, 'GET', path)).data[0]?.data.report,
      id === 'a' ? 'signed' : undefined,
    )
  }
})
