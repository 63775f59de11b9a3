// T15 to T24 and T34 of the threat model (docs/THREATS.md): what strangers, devices and people with a token try on the broker by
// MQTT. A real broker with a real store, on loopback; clients are raw, so that they can send what no library would.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { generate } from 'mqtt-packet'
import t from 'tap'
import { TlsTransport } from '../../broker/adapters/mqtt-listener/tls-transport.ts'
import { MqttListener } from '../../broker/adapters/mqtt-listener.ts'
import { ConfigError, parseCommand } from '../../broker/config.ts'
import { eventCodeNames, isDeviceCode } from '../../proto/event-codes.ts'
import type { ExecutionView, OperationView } from '../../proto/http-api.ts'
import { operationId } from '../../proto/ids.ts'
import { type EventContent, encodeEvent, steps } from '../../proto/messages.ts'
import { offerOf, planted } from '../agent/codes/offers.ts'
import { Scene } from '../agent/codes/scene.ts'
import { RecordingLog, realClock } from '../broker/adapters/mqtt/broker-under-test.ts'
import { RawClient } from '../broker/adapters/mqtt/raw-client.ts'
import { eachCase, seed } from '../fixtures/cases.ts'
import { Authority } from '../fixtures/certificates.ts'
import { seeded } from '../fixtures/seeded.ts'
import { uplinkSamples } from '../stories/hostile-messages.ts'
import { goodEvent, journalId } from '../stories/hostile-scene.ts'
import { startBroker, untilValue } from '../stories/process.ts'
import { ask, connected, enrolled, online, principal, topic } from './asking.ts'
import { victim } from './attack.ts'
import { forbiddenPackets } from './forbidden-packets.ts'

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
        // So that nothing but the wave holds the others back.
        concurrency: 4,
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
    const { data } = await scene.call<{ data: ExecutionView[] }>('GET', `/v1/operations/${id}/executions`)
    t.strictSame(data.map(({ attempt }) => attempt).sort(), [0, 0, 0, 1], 'and nobody else was handed anything')

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

t.test('T17 client id takeover: a hundred tries with an own credential and the id of another', async t => {
  const own = await enrolled(scene, 'thrower')
  const victimSecret = await enrolled(scene, 'thrown')
  const thrown = await connected(scene, 'thrown', victimSecret)
  t.equal(thrown.returnCode, 0)
  const codes: unknown[] = []
  for (let round = 0; round < 10; round += 1) {
    const tries = await Promise.all(
      Array.from({ length: 10 }, () => connected(scene, 'thrower', own, { clientId: 'thrown' })),
    )
    codes.push(...tries.map(({ returnCode }) => returnCode))
    t.equal(await thrown.ping(), true, 'the victim stays')
  }
  t.strictSame(codes.filter(code => code !== 2 && code !== 4 && code !== 5).length, 0, codes.join(' '))
  t.equal(codes.length, 100)
  // Nor is it kept out by what others tried in its name.
  thrown.destroy()
  t.equal((await connected(scene, 'thrown', victimSecret)).returnCode, 0, 'it comes back at once')
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

t.test('T20 giant packets: 14 strangers with 100 MB each, and the memory of a broker of its own', async t => {
  const broker = await startBroker(t.testdir())
  t.teardown(() => broker.stop())
  const piece = Buffer.alloc(64 * 1024, 0x41)
  const before = residentBytes(broker.process.pid ?? 0)
  let most = before
  const takes = await Promise.all(
    Array.from({ length: 14 }, async (_, at) => {
      const client = new RawClient(broker.mqttPort)
      // A PUBLISH, a CONNECT, or what is neither, of the length that its header says.
      client.write(Buffer.of([0x30, 0x10, 0x82][at % 3] ?? 0, 0x80, 0x84, 0xd7, 0x2f))
      let sent = 0
      for (; sent < 100_000_000 && !client.closed; sent += piece.length) {
        client.write(piece)
        if (client.socket.writableNeedDrain)
          await Promise.race([new Promise(resolve => client.socket.once('drain', resolve)), client.whenClosed(20_000)])
        most = Math.max(most, residentBytes(broker.process.pid ?? 0))
      }
      await client.whenClosed()
      return sent
    }),
  )
  t.ok(
    takes.every(sent => sent < 100_000_000),
    `closed after ${takes.join(' ')} bytes`,
  )
  t.ok(most - before < 32 * 1024 * 1024, `${Math.round((most - before) / 1024)} KiB of memory more`)
  const stranger = await RawClient.connect(broker.mqttPort, {
    clientId: 'x',
    username: 'x',
    password: Buffer.from('x'),
  })
  t.ok(stranger.returnCode, `who comes next is answered: ${stranger.returnCode}`)
  stranger.destroy()
})

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
  // On topics of its own, so that no right is what refuses it.
  await eachCase(Object.entries(forbiddenPackets), 6, async ([what, bytes]) => {
    const name = `clause-${what.replace(/[^A-Za-z0-9]+/g, '-')}`.slice(0, 60)
    const device = await online(scene, name)
    const before = device.received.length
    device.write(bytes(name))
    // Behind it: answered only where the packet before it was passed over.
    device.send({ cmd: 'pingreq' })
    await device.whenClosed()
    t.strictSame(device.received.slice(before), [], what)
  })
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

t.test('T23 a device that floods: one that waits for every acknowledgement is closed as well', async t => {
  const device = await online(scene, 'patient-flooder')
  let sent = 0
  for (; sent < 4_000 && !device.closed; sent += 40) {
    const acknowledged = device.of('puback').length
    for (let at = 1; at <= 40; at += 1)
      device.publish(topic('patient-flooder', 'events'), goodEvent(sent + at), { qos: 1, id: sent + at + 1 })
    await device.until(() => device.of('puback').length >= acknowledged + 40)
  }
  t.ok(device.closed && sent < 4_000, `closed after ${sent} events`)
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
  const { data: before } = await scene.call<{ data: object[] }>('GET', `/v1/operations/${id}/executions`)
  // Whatever it says of operations it is not in: any attempt, any word, any number that may follow, any time.
  const random = seeded(seed)
  const below = (most: number): number => Math.floor(random() * most)
  const codes = eventCodeNames.filter(isDeviceCode)
  let eventNumber = 1
  for (let at = 0; at < 40; at += 1) {
    eventNumber += 1 + below(10)
    const [code, step] = [codes[below(codes.length)], steps[below(steps.length)]]
    const content: EventContent =
      step !== undefined && (code === undefined || random() < 0.3)
        ? { kind: 'step', step }
        : { kind: 'code', code: code ?? 'UPD2_OK_18' }
    const others = [operationId(id), operationId('0'.repeat(26)), operationId('7'.repeat(26))]
    const bytes = encodeEvent({
      ...{ journalId, eventNumber, deviceTime: below(2 ** 40), data: {}, content },
      ...{ operation: others[below(others.length)] ?? operationId(id), attempt: below(5) },
    })
    liar.publish(topic('liar', 'events'), bytes, { qos: 1, id: 10 + at })
    await liar.until(() => liar.closed || liar.of('puback').some(({ messageId }) => messageId === 10 + at))
    if (liar.closed) break
  }
  t.equal(liar.closed, false, `all were taken as its own claims (DROVER_SEED=${seed})`)
  const after = await scene.call<OperationView>('GET', `/v1/operations/${id}`)
  t.strictSame(after.counts, counts, `no count moved (DROVER_SEED=${seed})`)
  const { data: now } = await scene.call<{ data: object[] }>('GET', `/v1/operations/${id}/executions`)
  t.strictSame(now, before, 'and no execution')
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

/** Of a process here. */
function residentBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}

function pause(delayMs: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, delayMs))
}
