// Clients that lie, flood, push in or stop reading, against the real broker process. Each ends as docs/PROTOCOL.md says
// (sections 1 to 3), nothing of it is stored, the memory is bounded; and all the while two devices bring an operation to
// its end, an operator gets his answers and nobody of them loses a connection.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { generate, type Packet } from 'mqtt-packet'
import t from 'tap'
import type { OperationView } from '../../proto/http-api.ts'
import { operationId } from '../../proto/ids.ts'
import { downlinks, uplinks } from '../../proto/topics.ts'
import { connectBytes } from '../broker/adapters/mqtt/raw-client.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'
import { chunkRequest, isClosed, packet, pullImage, sendEvents, takeOffer } from './hostile-acts.ts'
import { spoiled, uplinkSamples } from './hostile-messages.ts'
import type { ProbeReport, ProbeTask } from './hostile-probe.ts'
import { type Client, goodEvent, goodHello, HostileScene, topicOf } from './hostile-scene.ts'
import { LightDevice } from './light-device.ts'
import { call, untilValue } from './process.ts'

const scene = await HostileScene.open(t.testdir())
t.teardown(() => scene.close())
const { broker } = scene

const light = ['light-1', 'light-2']
/** Who goes on meanwhile, and may store what he likes. */
const bystanders = new Set([...light, 'calm', 'reader', 'sleeper'])
const image = makeImage(4 * 1024 * 1024, 7)
const bundle = makeBundle({ image, version: '2.0.0', component: 'main' })
await call(broker, 'POST', '/v1/artifacts', bundle.bytes)
await scene.enroll(...bystanders, 'victim', ...uplinks.map(uplink => `mallory-${uplink.replace('/', '-')}`))
await scene.enroll('mallory', 'marvin', 'noisy', 'flooder', 'gusher')
for (const name of ['ops', 'kim', 'lee', 'frozen']) await scene.principal(name, 'viewer')

const devices = await Promise.all(
  light.map(async id => {
    const target = { version: '2.0.0', digest: bundle.manifest.installedSha256 }
    const device = new LightDevice({ id, secret: scene.secret(id), mqttPort: broker.mqttPort, target, stepMs: 1_500 })
    device.start()
    t.teardown(() => device.stop())
    await untilValue(async () => ((await scene.events()).some(event => event.device_id === id) ? true : undefined))
    return device
  }),
)
const operate = (targets: readonly string[]): Promise<OperationView> =>
  call(broker, 'POST', '/v1/operations', {
    type: 'firmware-update',
    release: 'main@2.0.0',
    targets: { devices: targets },
    policy: { concurrency: 10 },
  })
/** Open from the beginning to the end: one says nothing, one sends its CONNECT byte by byte for longer than is allowed. */
const silent = scene.socket()
const slow = scene.socket()
slow.write(Buffer.from([0x10, 0xc0, 0x3e]))
const drip = setInterval(() => slow.write(Buffer.alloc(1)), 400)
t.teardown(() => clearInterval(drip))

const victim = await scene.online('victim')
const task: ProbeTask = {
  ...{ port: broker.mqttPort, operator: 'ops', token: scene.secret('ops') },
  ...{ device: 'calm', secret: scene.secret('calm') },
}
// As compiled: the address of a worker is not rewritten.
const probe = new Worker(new URL('./hostile-probe.js', import.meta.url), {
  workerData: task,
  // Without the test runner's loaders, which do not load in a worker.
  execArgv: [],
  env: { ...process.env, NODE_OPTIONS: '' },
})
await once(probe, 'message')
const operation = await operate(light)

t.test(
  'a message that does not read, is empty or too long ends the connection, and nothing of it is stored',
  async t => {
    const nameOf = (uplink: string) => `mallory-${uplink.replace('/', '-')}`
    // So that what keeps its events out is not that it never said hello.
    ;(await scene.online(nameOf('events'))).destroy()
    const before = await scene.stored(bystanders)
    await Promise.all(
      uplinkSamples.map(async sample => {
        const device = nameOf(sample.uplink)
        for (const [what, payload] of spoiled(sample)) {
          const client = await scene.connect(device)
          client.publish(topicOf(device, sample.uplink), payload, { qos: sample.qos })
          t.ok(await isClosed(client), `${sample.uplink} ${what}: closed`)
          t.same(client.of('puback'), [], `${sample.uplink} ${what}: no PUBACK`)
        }
      }),
    )
    t.same(await scene.stored(bystanders), before)
    const malformed = (await scene.logged('message-refused')).filter(line => line.reason === 'malformed')
    const tooLarge = (await scene.logged('frame-refused')).filter(line => line.reason === 'packet-too-large')
    t.same({ malformed: malformed.length, tooLarge: tooLarge.length }, { malformed: 30, tooLarge: 6 })
    const tooLong = malformed.flatMap(
      ({ err }) => /expected at most (\d+) bytes/.exec((err as Error).message)?.[1] ?? [],
    )
    const limits = uplinkSamples.map(({ bytesMax }) => `${bytesMax}`)
    t.same(tooLong.toSorted(), limits.toSorted(), 'each has the limit of its topic')
    for (const { uplink, qos, good } of uplinkSamples) {
      const client = await scene.connect(nameOf(uplink))
      client.publish(topicOf(nameOf(uplink), uplink), good, { qos })
      if (qos === 1) await client.until(() => client.of('puback').length === 1)
      t.ok(await client.ping(), `${uplink}: unspoiled it is taken`)
      client.destroy()
    }
  },
)

t.test('on anybody else’s topic, retained or not: closed, without PUBACK, and nothing is stored', async t => {
  const before = await scene.stored(bystanders)
  const attempts: [who: string, topic: string][] = [
    ...uplinks.map((name): [string, string] => ['mallory', topicOf('victim', name)]),
    ...downlinks.map((name): [string, string] => ['mallory', topicOf('victim', name)]),
    ['mallory', topicOf('mallory', 'offer')],
    ['mallory', 'drover/v1/devices/mallory/elsewhere'],
    ['mallory', 'drover/v1/operators/ops/request/operation-list'],
    ['mallory', 'drover/v1/events/victim'],
    ['mallory', '$SYS/broker/uptime'],
    ['mallory', '$drover/sink'],
    ['mallory', 'anything'],
    ['kim', 'drover/v1/operators/ops/request/operation-list'],
    ['kim', 'drover/v1/operators/kim/accepted/r1'],
    ['kim', `drover/v1/operations/${operation.id}/state`],
    ['kim', topicOf('victim', 'events')],
    ['kim', topicOf('victim', 'offer')],
    ['kim', '$SYS/broker/uptime'],
  ]
  for (const [index, [who, topic]] of attempts.entries()) {
    const client = await scene.connect(who)
    client.send(packet(topic, topic.endsWith('hello') ? goodHello() : goodEvent(1), { retain: index % 2 === 0 }))
    t.ok(await isClosed(client), `${who} on ${topic}: closed`)
    t.same(client.of('puback'), [], `${who} on ${topic}: no PUBACK`)
  }
  t.same(await scene.stored(bystanders), before)
  const denied = (await scene.logged('message-refused')).filter(line => line.reason === 'acl-denied')
  t.equal(denied.length, attempts.length)
})

/** Stays to the end, with every filter refused but its own. */
let listener: Client
t.test('a filter that is not one’s own is answered 0x80; wills and client ids of others are refused', async t => {
  const own = topicOf('marvin', 'offer')
  const foreign = [
    ...downlinks.map(name => topicOf('victim', name)),
    ...[...uplinks.map(name => topicOf('victim', name)), topicOf('marvin', 'hello')],
    ...[
      '#',
      '+/#',
      'drover/#',
      'drover/v1/devices/+/offer',
      'drover/v1/devices/marvin/#',
      'drover/v1/devices/marvin/+',
    ],
    ...['$SYS/#', '$share/group/drover/v1/#', '$drover/sink', 'drover/v1/events/#', 'drover/v1/operations/+/state'],
    'drover/v1/operators/ops/accepted/+',
  ]
  listener = await scene.connect('marvin')
  t.same(await listener.subscribe(...foreign, own), [...foreign.map(() => 0x80), 0])
  const kim = await scene.connect('kim', { clientId: 'kim-2' })
  const forOthers = ['#', 'drover/v1/#', '$SYS/#', 'drover/v1/devices/+/hello', 'drover/v1/operators/ops/accepted/+']
  t.same(await kim.subscribe(...forOthers, 'drover/v1/events/#'), [...forOthers.map(() => 0x80), 0])

  const payload = Buffer.from('gone')
  for (const topic of [topicOf('victim', 'presence'), topicOf('mallory', 'events'), '$SYS/x', 'drover/v1/events/x']) {
    const client = await scene.connect('mallory', { will: { topic, payload, qos: 1, retain: true } })
    t.equal(client.returnCode, 5, `a will on ${topic}`)
  }
  const will = { topic: 'drover/v1/operators/kim/request/operation-list', payload, qos: 0, retain: false } as const
  t.equal((await scene.connect('kim', { will })).returnCode, 5, 'an operator leaves no will')
  t.equal((await scene.connect('mallory', { clientId: 'victim' })).returnCode, 2, 'the client id of another device')

  const lee = await scene.connect('lee')
  await lee.subscribe('drover/v1/events/#', 'drover/v1/operations/#', 'drover/v1/operators/lee/accepted/#')
  await lee.ping()
  t.same(
    lee.of('publish').filter(({ retain }) => retain),
    [],
    'nothing is retained',
  )
  for (const client of [kim, lee]) client.destroy()
})

t.test('who is not let in can do nothing, before, with and after the CONNECT', async t => {
  const before = await scene.stored(bystanders)
  const acts = [
    generate({ cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: topicOf('victim', 'offer'), qos: 1 }] }),
    generate(packet(topicOf('victim', 'events'), goodEvent(1))),
    generate(packet(topicOf('victim', 'hello'), goodHello())),
    generate({ cmd: 'pingreq' }),
  ]
  const wrong = Buffer.from('A'.repeat(43))
  const connects: [what: string, returnCode: number, connect: Buffer][] = [
    ['without credentials', 5, connectBytes({ clientId: 'victim' })],
    ['with a wrong password', 4, connectBytes({ clientId: 'victim', username: 'victim', password: wrong })],
    ['without a password', 4, connectBytes({ clientId: 'victim', username: 'victim' })],
    ['with a wrong token', 4, connectBytes({ clientId: 'x', username: 'ops', password: wrong })],
    ['with an unknown name', 5, connectBytes({ clientId: 'x', username: 'nobody', password: wrong })],
  ]
  for (const [what, returnCode, connect] of connects) {
    const [together, meanwhile, after] = [scene.socket(), scene.socket(), scene.socket()]
    together.write(Buffer.concat([connect, ...acts]))
    meanwhile.write(connect)
    for (const act of acts) {
      await new Promise(resolve => setImmediate(resolve))
      meanwhile.write(act)
    }
    after.write(connect)
    t.equal(await after.connack(), returnCode, `${what}: CONNACK ${returnCode}`)
    after.write(Buffer.concat(acts))
    for (const [when, client] of Object.entries({ together, meanwhile, after })) {
      t.ok(await isClosed(client), `${what}, ${when}: closed`)
      const heard = client.received.map(answer => (answer.cmd === 'connack' ? answer.returnCode : answer.cmd))
      // A socket that is closed with bytes unread may take the CONNACK with it.
      const lost = when === 'meanwhile' && heard.length === 0
      t.same(heard, lost ? [] : [returnCode], `${what}, ${when}: heard the CONNACK ${returnCode} and nothing else`)
    }
  }
  for (const bytes of [...acts, Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
    const client = scene.socket()
    client.write(bytes)
    t.ok(await isClosed(client), 'without a CONNECT: closed')
    t.same(client.received, [])
  }
  t.same(await scene.stored(bystanders), before)
  t.ok(await victim.ping(), 'whose name was used is still connected')
})

t.test('ten sockets with 50 MB each, before the CONNECT is accepted, cost no memory', async t => {
  const growth = scene.watchMemory()
  const block = Buffer.alloc(250 * 1024)
  const beginnings = [
    Buffer.from([0x10, 0x80, 0xe1, 0xeb, 0x17]),
    Buffer.from([0x30, 0x80, 0xe1, 0xeb, 0x17]),
    connectBytes({ clientId: 'x', username: 'nobody', password: Buffer.from('x') }),
  ]
  const whole = generate(packet('anything', block))
  const clients = Array.from({ length: 10 }, () => scene.socket())
  await Promise.all(
    clients.map(async (client, number) => {
      client.write(beginnings[number % 3] ?? block)
      for (let sent = 0; sent < 200 && !client.closed; sent += 1) {
        client.write(number % 3 === 2 ? whole : block)
        await new Promise(resolve => setTimeout(resolve, 1))
      }
    }),
  )
  for (const client of clients) t.ok(await isClosed(client), 'closed')
  const grown = growth()
  t.comment(`memory grew by ${grown} MiB`)
  t.ok(grown === undefined || grown < 64, 'the memory of the broker grows by less than 64 MiB')
})

t.test('a device and an operator that stop reading hold up nobody and take no memory', async t => {
  const growth = scene.watchMemory()
  const frozen = await scene.connect('frozen')
  await frozen.subscribe('drover/v1/events/#')
  frozen.stopReading()
  const [reader, sleeper, noisy] = await Promise.all(['reader', 'sleeper', 'noisy'].map(id => scene.online(id)))
  if (reader === undefined || sleeper === undefined || noisy === undefined) return
  const { id } = await operate(['reader', 'sleeper'])
  await Promise.all([takeOffer('reader', reader), takeOffer('sleeper', sleeper)])
  sleeper.stopReading()
  const ask = async (requestCount: number): Promise<void> => {
    const ranges = [{ first: 0, count: bundle.index.count }]
    for (let number = 1; number <= requestCount; number += 1) {
      sleeper.publish(topicOf('sleeper', 'chunks/request'), chunkRequest(bundle, number, operationId(id), ranges))
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }
  const asking = ask(300)
  const flowing = sendEvents(noisy, 'noisy', 950, 'e'.repeat(7_500))
  const digest = await pullImage(bundle, 'reader', reader, operationId(id))
  t.equal(digest, bundle.manifest.payloadSha256, 'who reads gets the whole image meanwhile')
  await Promise.all([asking, flowing])
  t.equal((await flowing).acknowledged.length, 950, 'every event is acknowledged meanwhile')
  const cut = await untilValue(async () =>
    (await scene.logged('mqtt-closed')).find(line => line.principal === 'frozen'),
  )
  t.match(cut, { reason: 'backlog' }, 'an operator with more than 1 MiB waiting is closed')
  sleeper.socket.resume()
  t.ok(await sleeper.ping(), 'a device that reads again is still connected')
  t.comment(`the sleeper asked for 300 MiB; ${sleeper.socket.bytesRead} bytes waited for it`)
  t.ok(sleeper.socket.bytesRead < 10 * 1024 * 1024, 'what waits for a device is what sockets hold and one request')
  sleeper.stopReading()
  await ask(50)
  const grown = growth()
  t.comment(`memory grew by ${grown} MiB`)
  t.ok(grown === undefined || grown < 128, 'the memory of the broker is bounded')
})

t.test('a device that floods with the events of a hundred is cut off at its rate', async t => {
  const [flooder, gusher] = await Promise.all([scene.online('flooder'), scene.online('gusher')])
  const start = performance.now()
  const gush = Array.from({ length: 5_000 }, (_, index) =>
    generate({
      ...packet(topicOf('gusher', 'events'), goodEvent(index + 1, `${index + 1}`)),
      messageId: index + 2,
    } as Packet),
  )
  gusher.write(Buffer.concat(gush))
  const { sent, acknowledged } = await sendEvents(flooder, 'flooder', 20_000)
  t.ok(await isClosed(flooder), 'the one that waits for its PUBACKs is closed')
  t.ok(await isClosed(gusher), 'the one that does not is closed')
  const allowed = 1_000 + (20 * (performance.now() - start)) / 1_000 + 1
  const stored = (await scene.events()).filter(({ device_id }) => device_id === 'flooder')
  t.comment(
    `flooder: ${sent} sent, ${acknowledged.length} acknowledged, ${stored.length} stored, ${Math.round(allowed)} allowed`,
  )
  t.ok(stored.length >= 990, 'what its rate allows is taken')
  t.ok(stored.length <= allowed, 'and no more')
  const numbers = new Set(stored.map(({ data }) => data.reason))
  t.same(
    acknowledged.filter(number => !numbers.has(`${number}`)),
    [],
    'what was acknowledged is stored',
  )
  const reasons = (await scene.logged('message-refused')).filter(line => line.device === 'flooder')
  t.same(
    reasons.map(({ reason }) => reason),
    ['rate'],
  )
  const again = await scene.connect('flooder')
  await sendEvents(again, 'flooder', 2_000)
  t.ok(await isClosed(again), 'coming back is no new allowance')
  t.ok((await scene.events()).filter(({ device_id }) => device_id === 'flooder').length <= allowed + 100)
})

t.test('nobody else noticed, and the broker ends as it should', async t => {
  const ended = await untilValue(async () => {
    const now = await call<OperationView>(broker, 'GET', `/v1/operations/${operation.id}`)
    return now.completedAt === null ? undefined : now
  })
  t.match(ended, { state: 'completed', updated: 2, errors: 0 })
  const connected = await scene.logged('device-connected')
  for (const id of light)
    t.equal(connected.filter(({ device }) => device === id).length, 2, `${id} connected at its start and its reboot`)
  t.ok(await victim.ping())
  t.same(victim.topics(), [], 'nothing came through to the victim')
  t.ok(await listener.ping())
  t.same(listener.topics(), [], 'nothing came to who listens on foreign topics')
  t.ok(await isClosed(silent, 8_000), 'who says nothing is closed')
  t.ok(await isClosed(slow, 8_000), 'who says his CONNECT slowly too')

  const reporting = once(probe, 'message')
  probe.postMessage('stop')
  const [report] = (await reporting) as [ProbeReport]
  t.same(report.lost, [], 'no answer and no connection of the operator and the device was lost')
  for (const name of ['ping', 'request', 'hello'] as const) {
    const times = report[name].toSorted((one, other) => one - other)
    const at = (share: number) => (times[Math.floor((times.length - 1) * share)] ?? Number.NaN).toFixed(1)
    t.comment(`${name}: ${times.length} round trips, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`)
    t.ok(times.length > 10 && Number(at(1)) < 2_000, `${name}: no blackout`)
  }
  t.equal(broker.process.exitCode, null, 'the process is alive')
  await Promise.all(devices.map(device => device.stop()))
  t.equal(await broker.stop(), 0, 'SIGTERM ends it, with a reader that stands still')
})
