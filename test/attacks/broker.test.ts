// T15 to T24 and T34 of the threat model (docs/THREATS.md): what strangers, devices and people with a token try on the broker by
// MQTT. A real broker with a real store, on loopback; clients are raw, so that they can send what no library would.
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { generate } from 'mqtt-packet'
import t from 'tap'
import { TlsTransport } from '../../broker/adapters/mqtt-listener/tls-transport.ts'
import { MqttListener } from '../../broker/adapters/mqtt-listener.ts'
import { ConfigError, parseCommand } from '../../broker/config.ts'
import type { OperationView } from '../../proto/http-api.ts'
import { operationId } from '../../proto/ids.ts'
import { encodeEvent } from '../../proto/messages.ts'
import { offerOf, planted } from '../agent/codes/offers.ts'
import { Scene } from '../agent/codes/scene.ts'
import { RecordingLog, realClock } from '../broker/adapters/mqtt/broker-under-test.ts'
import { RawClient } from '../broker/adapters/mqtt/raw-client.ts'
import { Authority } from '../fixtures/certificates.ts'
import { uplinkSamples } from '../stories/hostile-messages.ts'
import { goodEvent, journalId } from '../stories/hostile-scene.ts'
import { untilValue } from '../stories/process.ts'
import { ask, connected, enrolled, online, principal, topic } from './asking.ts'
import { victim } from './attack.ts'

const scene = await Scene.open(t)
const bystander = await online(scene, 'bystander')
t.teardown(() => bystander.destroy())
const operator = await principal(scene, 'olga', 'operator')
const approver = await principal(scene, 'pat', 'approver')
const second = await principal(scene, 'quinn', 'approver')
const viewer = await principal(scene, 'vic', 'viewer')

t.test(
  'T15 the wrong operation: a bad image is stopped after the first wave; an approval needs a second person',
  async t => {
    const devices = await Promise.all(Array.from({ length: 4 }, () => victim(t, scene)))
    const { bundle } = offerOf()
    const { release, artifact } = planted(bundle, {
      artifact: ({ chunks }) => ({
        chunks: chunks.map(({ bytes }) => ({ encoding: 'plain', bytes: randomBytes(bytes.length) })),
      }),
    })
    if (artifact === undefined) throw new Error('nothing planted')
    scene.artifacts.plant(artifact)
    await scene.store.commit([{ kind: 'put-release', release }])
    const { id } = await scene.call<OperationView>('POST', '/v1/operations', {
      ...{ type: 'firmware-update', release: release.id, targets: { devices: devices.map(device => device.id) } },
      policy: {
        waves: [{ size: 1, errorPercent: 1, minExecuted: 1 }, { size: 3 }],
        abort: [{ match: 'FAIL', minExecuted: 1, percent: 1, action: 'stop' }],
        retries: [],
      },
    })
    await scene.ended(operationId(id))
    const { counts, state } = await scene.call<OperationView>('GET', `/v1/operations/${id}`)
    t.match({ state, counts }, { state: 'stopped', counts: { failed: 1, skipped: 3 } })
    const touched = await Promise.all(devices.map(device => scene.events(device, operationId(id))))
    const codes = touched.map(events => events.map(({ event_type }) => event_type).filter(code => /^UPD4/.test(code)))
    t.equal(codes.filter(each => each.length > 0).length, 1, 'one device was touched, as the wave is wide')

    const waiting = {
      ...{
        type: 'firmware-update',
        release: release.id,
        targets: { devices: ['bystander'] },
        policy: { approval: true },
      },
    }
    const made = await ask(scene, 'POST', '/v1/operations', { token: approver, body: waiting })
    t.equal(made.status, 201)
    const approve = `/v1/operations/${made.body.id}/approve`
    t.equal((await ask(scene, 'POST', approve, { token: operator })).status, 403, 'not by an operator')
    t.equal((await ask(scene, 'POST', approve, { token: approver })).status, 403, 'not by who made it')
    t.equal((await ask(scene, 'POST', `/v1/operations/${made.body.id}/stop`, { token: viewer })).status, 403)
    t.equal((await ask(scene, 'POST', approve, { token: second })).status, 200, 'by somebody else')
  },
)

t.test('T16 speaking as another device: publish, subscribe, will, retained', async t => {
  const secret = await enrolled(scene, 'mallory')
  const mallory = await connected(scene, 'mallory', secret)
  const wide = [
    '#',
    '+/#',
    'drover/#',
    'drover/v1/devices/+/offer',
    topic('bystander', 'offer'),
    topic('mallory', 'hello'),
  ]
  t.strictSame(
    await mallory.subscribe(...wide),
    wide.map(() => 0x80),
  )
  mallory.publish(topic('bystander', 'events'), goodEvent(1), { qos: 1 })
  await mallory.whenClosed()
  const will = { topic: topic('bystander', 'presence'), payload: Buffer.from('gone'), qos: 0, retain: false } as const
  await pause(1_100)
  t.equal((await connected(scene, 'mallory', secret, { will })).returnCode, 5, 'a will is judged as a publish')
  t.strictSame(await scene.events({ id: 'bystander' }, operationId('0'.repeat(26))), [])
})

t.test('T17 client id takeover: twenty tries with an own credential and the id of another', async t => {
  const own = await enrolled(scene, 'thrower')
  const tries = await Promise.all(
    Array.from({ length: 20 }, () => connected(scene, 'thrower', own, { clientId: 'bystander' })),
  )
  t.strictSame(tries.filter(({ returnCode }) => returnCode === 0).length, 0, 'none comes in')
  t.equal(await bystander.ping(), true, 'the victim stays')
})

t.test('T18 the broker’s own topics: devices, people, wildcards, shared subscriptions', async t => {
  const own = [
    '$SYS',
    '$SYS/#',
    '$SYS/+/new/clients',
    '$share/g/#',
    '$share/g/drover/v1/devices/bystander/offer',
    '$drover/#',
  ]
  const device = await online(scene, 'curious')
  t.strictSame(
    await device.subscribe(...own),
    own.map(() => 0x80),
  )
  device.destroy()
  for (const [name, token] of Object.entries({ olga: operator, vic: viewer, admin: scene.token })) {
    const client = await connected(scene, name, token)
    t.strictSame(
      await client.subscribe(...own, '#', '+/#'),
      [...own, '', ''].map(() => 0x80),
      name,
    )
    client.publish('$SYS/evil', 'x')
    await client.whenClosed()
  }
})

t.test('T19 floods of connections: four hundred that say nothing, and one that drips its CONNECT', async t => {
  const silent = Array.from({ length: 400 }, () => connect(scene.mqttPort, '127.0.0.1').on('error', () => {}))
  t.teardown(() => {
    for (const socket of silent) socket.destroy()
  })
  const newcomer = await online(scene, 'newcomer')
  t.equal(await newcomer.ping(), true, 'a device comes in beside them')
  newcomer.destroy()
  const closed = (): number => silent.filter(({ destroyed, readableEnded }) => destroyed || readableEnded).length
  for (const socket of silent) socket.resume()
  await untilValue(async () => (closed() === 400 ? true : undefined), 15_000)
  t.equal(closed(), 400, 'all are closed when their time is over')
  t.equal(await bystander.ping(), true)
})

t.test(
  'T20 giant packets: a length that is a lie, before and after the CONNECT, and topics without a floor',
  async t => {
    const huge = Buffer.from([0xff, 0xff, 0xff, 0x7f])
    const before = process.memoryUsage().rss
    const strangers = Array.from({ length: 14 }, () => new RawClient(scene.mqttPort))
    for (const [at, client] of strangers.entries()) {
      client.write(Buffer.concat([Buffer.of(at === 0 ? 0x10 : 0x30), huge]))
      for (let sent = 0; sent < 64; sent += 1) client.write(Buffer.alloc(64 * 1024))
    }
    await Promise.all(strangers.map(client => client.whenClosed()))
    const device = await online(scene, 'bloated')
    device.write(Buffer.concat([Buffer.of(0x32), huge, Buffer.alloc(64 * 1024)]))
    await device.whenClosed()
    t.ok(process.memoryUsage().rss - before < 128 * 1024 * 1024, 'nothing of it was gathered')
    const deep = await online(scene, 'deep')
    t.equal(await deep.subscribe(`${'a/'.repeat(199)}a`), undefined, 'closed')
    const long = await online(scene, 'long')
    long.publish(`drover/v1/devices/long/${'a/'.repeat(100)}x`)
    await long.whenClosed()
    t.equal(await bystander.ping(), true)
  },
)

t.test('T21 malformed MQTT: a spoiled packet of every type', async t => {
  await Promise.all(
    Array.from({ length: 16 }, async (_, type) => {
      const device = await online(scene, `spoiler-${type}`)
      // Flags that the type does not have, and a body that is none.
      device.write(Buffer.from([(type << 4) | 0x0f, 0x04, 0x00, 0x00, 0xff, 0xfe]))
      await device.whenClosed()
      t.pass(`type ${type}`)
    }),
  )
  const nul = await online(scene, 'nul')
  nul.write(
    generate({ cmd: 'publish', topic: 'drover/v1/devices/nul/\0', payload: '', qos: 0, retain: false, dup: false }),
  )
  await nul.whenClosed()
  t.equal(await bystander.ping(), true)
})

t.test('T22 malformed protobuf: garbage on every uplink', async t => {
  await Promise.all(
    uplinkSamples.map(async ({ uplink, qos, good }, at) => {
      const device = await online(scene, `garbler-${at}`)
      device.publish(topic(`garbler-${at}`, uplink), Buffer.concat([good, Buffer.from([0xc0, 0x3e, 0x01])]), {
        qos,
        id: 9,
      })
      await device.whenClosed()
      t.notOk(
        device.of('puback').some(({ messageId }) => messageId === 9),
        `${uplink} was not acknowledged`,
      )
    }),
  )
})

t.test('T23 a device that floods: it is closed, others go on', async t => {
  const device = await online(scene, 'flooder')
  device.write(
    Buffer.concat(
      Array.from({ length: 3_000 }, (_, at) =>
        generate({
          ...{ cmd: 'publish', topic: topic('flooder', 'events'), payload: goodEvent(at + 1), qos: 1 },
          ...{ retain: false, dup: false, messageId: (at % 60_000) + 1 },
        }),
      ),
    ),
  )
  await device.whenClosed()
  const stored = await scene.events({ id: 'flooder' }, operationId('0'.repeat(26)))
  t.ok(stored.length < 300, `${stored.length} of 3000 were stored`)
  t.equal(await bystander.ping(), true)
})

t.test('T24 forged history: events of an operation of others, from the future, with numbers that jump', async t => {
  const { release } = planted(offerOf().bundle, {})
  await scene.store.commit([{ kind: 'put-release', release }])
  const { id } = await scene.call<OperationView>('POST', '/v1/operations', {
    ...{ type: 'firmware-update', release: release.id, targets: { devices: ['bystander'] } },
  })
  const liar = await online(scene, 'liar')
  const said = (eventNumber: number, deviceTime: number): Buffer =>
    encodeEvent({
      ...{ journalId, eventNumber, deviceTime, operation: operationId(id), attempt: 1, data: {} },
      content: { kind: 'code', code: 'UPD2_OK_18' },
    })
  liar.publish(topic('liar', 'events'), said(1, 4_000_000_000_000), { qos: 1, id: 2 })
  await liar.until(() => liar.of('puback').length === 2)
  const { counts, state } = await scene.call<OperationView>('GET', `/v1/operations/${id}`)
  t.match(counts, { completed: 0 }, 'no count moved')
  t.not(state, 'completed')
  const [event] = (
    await scene.call<{ data: { timestamp?: string; ctime?: string }[] }>(
      'GET',
      '/v3/device-events?device_id__eq=liar&order=DESC&limit=1',
    )
  ).data
  t.notMatch(JSON.stringify(event), /"(timestamp|created_at)":"2096/, 'the broker’s clock orders')
  liar.publish(topic('liar', 'events'), said(1_000_000, 0), { qos: 1, id: 3 })
  await liar.whenClosed()
  await ask(scene, 'POST', `/v1/operations/${id}/stop`, { token: scene.token })
})

t.test('T34 falling back to plain text: a CONNECT without TLS, and a listener that would speak without it', async t => {
  const own = new Authority().issue({ name: 'broker', hosts: ['localhost', '127.0.0.1'] })
  const log = new RecordingLog()
  const { transport } = new TlsTransport({ material: own, clock: realClock, log, limits: {} })
  const seen: unknown[] = []
  const handler = { handle: (stream: unknown) => seen.push(stream) }
  const settings = { host: '127.0.0.1', port: 0, connectionsMax: 10, clock: realClock, log, transport }
  const listener = await MqttListener.open(handler, settings)
  t.teardown(() => listener.close())
  const plain = new RawClient(listener.port)
  plain.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: 'x', keepalive: 60 })
  await plain.whenClosed()
  t.strictSame([seen.length, plain.received.length], [0, 0], 'no byte of it reached the broker')
  t.throws(() => parseCommand(['--mqtt-host', '0.0.0.0'], {}), ConfigError)
  t.throws(() => parseCommand(['--http-host', '0.0.0.0'], {}), ConfigError)
})

function pause(delayMs: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, delayMs))
}
