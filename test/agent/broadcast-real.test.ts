// A broadcast session over the real broker, with its HTTP door, to a real agent on a real disk, all in this process. Only
// the sender is a script that publishes through the broker: it can say what the broker never would.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import t, { type Test } from 'tap'
import type { AgentPorts, Link } from '../../agent/ports.ts'
import { run } from '../../agent/run.ts'
import { readConfig } from '../../agent/settings/config.ts'
import { aedesOptions } from '../../broker/adapters/aedes/settings.ts'
import { HttpDoor } from '../../broker/adapters/http/http-door.ts'
import { httpSettingsDefaults } from '../../broker/adapters/http/settings.ts'
import { MqttListener } from '../../broker/adapters/mqtt-listener.ts'
import { systemClock, systemRandom } from '../../broker/adapters/system-clock.ts'
import { attach } from '../../broker/plugin.ts'
import { encodeChunk } from '../../proto/bundle.ts'
import { readChunkRequest } from '../../proto/chunk-messages.ts'
import { deviceId, type OperationId, operationId } from '../../proto/ids.ts'
import { encodeOfferMessage, readOfferMessage } from '../../proto/offer-messages.ts'
import { encodeSessionControl, encodeSessionData, type SessionControl } from '../../proto/session-messages.ts'
import { deviceTopic, type SessionChannel, sessionTopic } from '../../proto/topics.ts'
import { makeBundle, makeImage, testClassId, testVendorId } from '../fixtures/bundle.ts'
import { openSessions } from '../fixtures/open-sessions.ts'

const device = deviceId('hall')
const log = { debug() {}, info() {}, warn() {}, error() {} }
const image = makeImage(400_000, 7)
const release = makeBundle({
  image,
  version: '2.0.0',
  component: 'app',
  settings: { minimumBytes: 2048, averageBytes: 8192, maximumBytes: 32_768 },
  manifest: { needsReboot: false },
})
const chunkCount = release.index.count
const half = Math.floor(chunkCount / 2)

interface LoggedEvent {
  readonly event_type: string
  readonly event_type_category: string
  readonly device_id: string
  readonly data: Readonly<Record<string, string>>
}

async function until<T>(what: string, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let turn = 0; turn < 1500; turn += 1) {
    const value = await ask()
    if (value !== undefined) return value
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`not in time: ${what}`)
}

/** The broker, one device connected to it, and what a sender needs. */
class Scene {
  readonly #aedes: Aedes
  readonly #url: string
  readonly #token: string
  /** Chunks that were asked for and not lost on the way. */
  readonly pulled = new Set<number>()
  readonly offers: { readonly operation: OperationId; readonly lease: number; readonly attempt: number }[] = []
  readonly logged: Readonly<Record<string, unknown>>[] = []
  readonly #subscribed = new Set<string>()
  /** False: requests for chunks are lost on their way. */
  pulling = false

  static async open(t: Test): Promise<Scene> {
    const folder = t.testdir({ old: makeImage(50_000, 1), 'trust.bin': release.trustBytes })
    const path = (name: string): string => join(folder, name)
    const aedes = await Aedes.createBroker(aedesOptions())
    const drover = await attach(aedes, { dataDir: path('broker'), log, strangers: 'refuse' })
    openSessions(aedes)
    let token = ''
    await drover.firstAdministrator(async given => {
      token = given
    })
    const { useCases } = drover
    const admin = await useCases.principalOfToken(token)
    if (admin === undefined) throw new Error('no administrator')
    const basics = { log, clock: systemClock, host: '127.0.0.1', port: 0 }
    const health = () => ({ ready: true, checks: {} })
    const http = await HttpDoor.open({
      ...basics,
      ...{ useCases, random: systemRandom, settings: httpSettingsDefaults, health },
    })
    const mqtt = await MqttListener.open(aedes, { ...basics, connectionsMax: 10 })
    const scene = new Scene(aedes, `http://127.0.0.1:${http.port}`, token)
    const { secret } = await useCases.enrollDevice(admin, { device })
    await useCases.uploadBundle(
      admin,
      (async function* () {
        yield release.bytes
      })(),
    )
    writeFileSync(
      path('agent.json'),
      JSON.stringify({
        deviceId: device,
        url: `mqtt://127.0.0.1:${mqtt.port}`,
        password: secret,
        vendorId: testVendorId,
        classId: testClassId,
        dataDir: 'data',
        trustFile: 'trust.bin',
        components: [{ name: 'app', version: '1.0.0', image: 'old', reboot: false }],
        chunkTimeoutMs: 3000,
      }),
    )
    const stop = new AbortController()
    const agent = run({
      config: await readConfig(path('agent.json')),
      runningSlot: undefined,
      environment: process.env,
      log: { ...log, info: facts => void scene.logged.push(facts), warn: facts => void scene.logged.push(facts) },
      stop: stop.signal,
      wrapPorts: ports => ({ ...ports, link: scene.#wrapped(ports.link) }) satisfies AgentPorts,
    })
    t.teardown(async () => {
      stop.abort()
      await agent
      await mqtt.close()
      await http.close()
      await drover.close()
      await new Promise<void>(resolve => aedes.close(resolve))
    })
    await until('the hello', async () => {
      const { state } = await scene.call<{ state: string }>('GET', `/v1/devices/${device}`)
      return state === 'registered' || undefined
    })
    return scene
  }

  private constructor(aedes: Aedes, url: string, token: string) {
    this.#aedes = aedes
    this.#url = url
    this.#token = token
    aedes.on('subscribe', all => all.forEach(({ topic }) => void this.#subscribed.add(topic)))
    aedes.on('unsubscribe', all => all.forEach(topic => void this.#subscribed.delete(topic)))
  }

  /** The device's own line, on which requests for chunks may be lost. */
  #wrapped(link: Link): Link {
    return {
      start: handlers =>
        link.start({
          ...handlers,
          message: (downlink, bytes) => {
            const message = downlink === 'offer' ? readOfferMessage(bytes) : undefined
            if (message?.kind === 'offer') this.offers.push(message)
            handlers.message(downlink, bytes)
          },
        }),
      publish: (uplink, bytes) => link.publish(uplink, bytes),
      send: (uplink, bytes) => {
        const wanted = uplink === 'chunks/request' ? readChunkRequest(bytes).wanted : undefined
        if (wanted?.kind === 'chunks' && !this.pulling) return
        if (wanted?.kind === 'chunks')
          for (const { first, count } of wanted.ranges)
            for (let chunk = first; chunk < first + count; chunk += 1) this.pulled.add(chunk)
        link.send(uplink, bytes)
      },
      join: session => link.join(session),
      leave: () => link.leave(),
      close: () => link.close(),
    }
  }

  async call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  }

  async operation(): Promise<OperationId> {
    const targets = { devices: [device] }
    // The broker neither sends a session of its own nor heals what the script does.
    const policy = { delivery: { transport: 'pull', retryByPull: false } }
    const body = { type: 'firmware-update', release: release.release, targets, policy }
    return operationId((await this.call<{ id: string }>('POST', '/v1/operations', body)).id)
  }

  /** Events of the operation that say how it ended. */
  async ended(operation: OperationId): Promise<readonly LoggedEvent[]> {
    return until('an event of the end', async () => {
      const path = `/v3/device-events?data.campaign_id__eq=${operation}&event_type_description__neq=INFO`
      const { data } = await this.call<{ data: LoggedEvent[] }>('GET', path)
      return data.length === 0 ? undefined : data
    })
  }

  async publish(topic: string, payload: Buffer, qos: 0 | 1): Promise<void> {
    const packet = { cmd: 'publish', topic, payload, qos, dup: false, retain: false } as const
    await new Promise<void>((resolve, reject) =>
      this.#aedes.publish(packet, error => (error ? reject(error) : resolve())),
    )
  }

  /** Tells the device, which has just been offered the operation, to join, and waits until it has. */
  async member(operation: OperationId, session: string): Promise<Sender> {
    const { lease, attempt } = await until('the offer', () => this.offers.find(offer => offer.operation === operation))
    const join = encodeOfferMessage({ kind: 'join', operation, lease, attempt, session })
    await this.publish(deviceTopic(device, 'offer'), join, 1)
    await until('the subscription', () => this.listens(session) || undefined)
    // Whoever still looks for what it holds misses what is sent meanwhile.
    await until('the device', () =>
      this.logged.find(facts => facts.event === 'chunks-held' && facts.operation === operation),
    )
    return new Sender(this, session)
  }

  listens(session: string): boolean {
    return (['control', 'data'] as const).every(channel => this.#subscribed.has(sessionTopic(session, channel)))
  }
}

class Sender {
  readonly #scene: Scene
  readonly #session: string

  constructor(scene: Scene, session: string) {
    this.#scene = scene
    this.#session = session
  }

  say(kind: SessionControl['kind']): Promise<void> {
    const artifact = release.artifact
    const control = kind === 'abort' ? { kind, artifact, reason: 'told to' } : { kind, artifact }
    return this.#publish('control', encodeSessionControl(control), 1)
  }

  /** Pieces as small as a device may ask for. */
  async send(first: number, last: number): Promise<void> {
    for (let chunk = first; chunk <= last; chunk += 1) {
      const start = release.index.offsetOf(chunk)
      const { encoding, bytes } = encodeChunk(image.subarray(start, start + release.index.lengthOf(chunk)))
      for (let offset = 0; offset < bytes.length; offset += 900) {
        const data = bytes.subarray(offset, offset + 900)
        const piece = { chunk, encoding, encodedSize: bytes.length, offset, data }
        await this.#publish('data', encodeSessionData(piece), 0)
      }
    }
  }

  #publish(channel: SessionChannel, payload: Buffer, qos: 0 | 1): Promise<void> {
    return this.#scene.publish(sessionTopic(this.#session, channel), payload, qos)
  }
}

t.test(
  'through the real broker: UPD4_FAIL_45 in the event log on its true conditions, and a session that succeeds',
  async t => {
    const scene = await Scene.open(t)

    t.test('UPD4_FAIL_45 when the words come out of their order', async t => {
      const operation = await scene.operation()
      const sender = await scene.member(operation, '00000000000000b1')
      await sender.say('end')
      const events = await scene.ended(operation)
      t.match(events, [
        {
          event_type: 'UPD4_FAIL_45',
          event_type_category: 'FAIL_NETWORK',
          device_id: 'hall',
          data: { reason: 'out-of-sequence', expected: 'start', actual: 'end', session: '00000000000000b1' },
        },
      ])
      await until('left', () => !scene.listens('00000000000000b1') || undefined)
    })

    t.test('UPD4_FAIL_45 when the sender aborts before the activation', async t => {
      const operation = await scene.operation()
      const sender = await scene.member(operation, '00000000000000b2')
      await sender.say('start')
      await sender.send(0, half)
      await sender.say('abort')
      t.match(await scene.ended(operation), [
        { event_type: 'UPD4_FAIL_45', data: { reason: 'aborted', detail: 'told to', session: '00000000000000b2' } },
      ])
      await until('left', () => !scene.listens('00000000000000b2') || undefined)
    })

    t.test(
      'the same without a fault succeeds: what came before is held, the rest comes, a lost chunk is pulled',
      async t => {
        const operation = await scene.operation()
        const sender = await scene.member(operation, '00000000000000b3')
        await sender.say('start')
        await sender.send(half + 1, chunkCount - 2)
        scene.pulling = true
        await sender.say('end')
        await until('whole', () => scene.logged.find(({ step }) => step === 'awaiting-install'))
        const { ended } = await scene.call<{ ended?: number }>('GET', `/v1/operations/${operation}`)
        t.notOk(ended, 'it waits for the activation')
        await sender.say('activate')
        await sender.say('abort')
        t.match(await scene.ended(operation), [{ event_type: 'UPD2_OK_18' }])
        const counts = scene.logged.find(({ event }) => event === 'download-completed')
        t.match(counts, { imageBytes: image.length })
        const { heldBytes = 0, receivedBytes } = counts as { heldBytes?: number; receivedBytes?: number }
        t.ok(heldBytes > 0, 'of the session before')
        t.equal(receivedBytes, image.length - heldBytes)
        const sent = Array.from({ length: chunkCount - 2 - half }, (_, at) => half + 1 + at)
        t.strictSame(
          sent.filter(chunk => scene.pulled.has(chunk)),
          [],
          'what came over the session is not asked for',
        )
        t.ok(scene.pulled.has(chunkCount - 1), 'the lost one is')
        // The hello comes after the code.
        await until('the new version', async () => {
          const { components } = await scene.call<{ components: { version: string; digest: string }[] }>(
            'GET',
            '/v1/devices/hall',
          )
          const [{ version, digest } = {}] = components
          return (version === '2.0.0' && digest === release.manifest.installedSha256) || undefined
        })
        await until('left', () => !scene.listens('00000000000000b3') || undefined)
      },
    )
  },
)
