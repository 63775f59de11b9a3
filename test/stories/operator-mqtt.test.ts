// An operator who has nothing but mosquitto_pub and mosquitto_sub starts, watches and stops operations; a real agent
// updates itself meanwhile. The same verbs through a plain MQTT client, so that the story is told without mosquitto too.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connectAsync } from 'mqtt'
import t from 'tap'
import type { OperationView } from '../../proto/http-api.ts'
import { makeBundle, testClassId, testVendorId } from '../fixtures/bundle.ts'
import { bareNode } from '../fixtures/cases.ts'
import { agentBin, call, type RunningBroker, startBroker, untilValue } from './process.ts'

const run = promisify(execFile)
const image = (version: string): Buffer =>
  Buffer.concat([
    Buffer.from(`#!/bin/sh\necho "story sensor ${version}"\nexec "$DROVER_NODE" "$DROVER_AGENT"\n`),
    Buffer.alloc(50_000, version),
  ])

async function startAgent(
  folder: string,
  broker: RunningBroker,
  id: string,
  trust: Uint8Array,
): Promise<() => Promise<void>> {
  const { secret } = await call<{ secret: string }>(broker, 'POST', '/v1/devices/enroll', { device: id })
  const path = (name: string): string => join(folder, `${id}-${name}`)
  await writeFile(path('trust.bin'), trust)
  await writeFile(path('image'), image('1.0.0'))
  await writeFile(
    path('agent.json'),
    JSON.stringify({
      deviceId: id,
      url: `mqtt://127.0.0.1:${broker.mqttPort}`,
      password: secret,
      vendorId: testVendorId,
      classId: testClassId,
      dataDir: path('data'),
      trustFile: path('trust.bin'),
      components: [{ name: 'main', version: '1.0.0', image: path('image'), reboot: true }],
      reconnect: { baseMs: 100, capMs: 1000 },
    }),
  )
  const [command, parameters] = bareNode([agentBin, '--config', path('agent.json')])
  const agent = spawn(command, parameters, { stdio: 'ignore' })
  const ended = new Promise<void>(resolve => agent.once('exit', () => resolve()))
  return async () => {
    agent.kill('SIGTERM')
    await ended
  }
}

t.test('an operator starts, watches and stops operations by MQTT JSON', async t => {
  const folder = t.testdir()
  const broker = await startBroker(folder)
  t.teardown(() => broker.kill())
  const bundle = makeBundle({ image: image('2.0.0'), version: '2.0.0', component: 'main' })
  await call(broker, 'POST', '/v1/artifacts', bundle.bytes)
  const { token } = await call<{ token: string }>(broker, 'POST', '/v1/principals', { name: 'kim', role: 'operator' })
  t.teardown(await startAgent(folder, broker, 'sensor-1', bundle.trustBytes))
  await untilValue(async () =>
    call(broker, 'GET', '/v1/devices/sensor-1').then(device =>
      (device as { online: boolean }).online ? device : null,
    ),
  )

  const client = await connectAsync({
    ...{ host: '127.0.0.1', port: broker.mqttPort, clientId: 'kim', username: 'kim', password: token },
    ...{ clean: true, reconnectPeriod: 0, protocolVersion: 4 },
  })
  t.teardown(() => client.endAsync(true))
  const heard = new Map<string, object[]>()
  client.on('message', (topic, payload) => {
    heard.set(topic, [...(heard.get(topic) ?? []), JSON.parse(payload.toString())])
  })
  const operators = 'drover/v1/operators/kim'
  await client.subscribeAsync([
    `${operators}/accepted/+`,
    `${operators}/rejected/+`,
    'drover/v1/operations/+/state',
    'drover/v1/events/+',
  ])
  const answerTo = (requestId: string) =>
    untilValue(
      async () =>
        (heard.get(`${operators}/accepted/${requestId}`) ?? heard.get(`${operators}/rejected/${requestId}`))?.[0],
    )
  const ask = async (verb: string, requestId: string, body: object) => {
    await client.publishAsync(`${operators}/request/${verb}`, JSON.stringify({ requestId, ...body }), { qos: 1 })
    return (await answerTo(requestId)) as { result?: OperationView; code?: string }
  }
  const created = await ask('operation-create', 'r1', {
    type: 'firmware-update',
    release: 'main@2.0.0',
    targets: { devices: ['sensor-1'] },
  })
  const id = created.result?.id ?? ''
  t.match(id, /^[0-9a-z]{26}$/)
  const ended = await untilValue(async () =>
    heard.get(`drover/v1/operations/${id}/state`)?.find(state => (state as OperationView).state === 'completed'),
  )
  t.match(ended, { updated: 1, errors: 0, updateStatus: 'Completed' }, 'the live topic tells the end')
  const codes = (heard.get('drover/v1/events/sensor-1') ?? []).map(
    event => (event as { event_type: string }).event_type,
  )
  t.same(codes, ['SYS_108', 'SYS_112'])
  t.match(await ask('operation-stop', 'r2', { id }), { code: 'CONFLICT' }, 'what has ended cannot be stopped')
  const second = await ask('operation-create', 'r3', {
    type: 'firmware-update',
    release: 'main@2.0.0',
    targets: { devices: ['sensor-1', 'never-seen'] },
  })
  t.match(
    await untilValue(async () => {
      const { result } = await ask('operation-show', `s${Math.random().toString(36).slice(2)}`, {
        id: second.result?.id,
      })
      return result?.completedAt === null ? null : result
    }),
    { sensors: 2, updated: 1, errors: 1 },
  )

  const missing = spawnSync('mosquitto_pub', ['--help']).error !== undefined
  const skip = missing ? 'mosquitto_pub is not installed (Debian: mosquitto-clients)' : false
  await t.test('with nothing but mosquitto_pub and mosquitto_sub', { skip }, async t => {
    const login = ['-h', '127.0.0.1', '-p', String(broker.mqttPort), '-u', 'kim', '-P', token, '-V', 'mqttv311']
    const subscriber = ['-i', 'kim-sub', '-t', `${operators}/accepted/m1`, '-C', '1', '-W', '20']
    let heardIt = false
    const listen = run('mosquitto_sub', [...login, ...subscriber]).finally(() => {
      heardIt = true
    })
    // Sent until the subscriber is there: a request that arrives again is answered again, and carried out once.
    const request = JSON.stringify({ requestId: 'm1', limit: 5 })
    const publisher = ['-i', 'kim-pub', '-q', '1', '-t', `${operators}/request/operation-list`, '-m', request]
    for (let sent = 0; !heardIt && sent < 20; sent += 1) {
      await run('mosquitto_pub', [...login, ...publisher])
      await new Promise(resolve => setTimeout(resolve, 200))
    }
    t.match(JSON.parse((await listen).stdout), { requestId: 'm1', result: { object: 'list' } })
  })
})
