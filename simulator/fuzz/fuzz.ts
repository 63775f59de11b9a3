// Hostile clients against a broker in a process of its own, for a while and by a seed: bytes that are no MQTT, MQTT that
// is none, and on every topic a device or an operator may publish on, messages that were good once. Beside them one
// device goes on as if nothing were.
//
//   strangers  mutated CONNECTs and whatever before them        devices    every uplink, in lanes, many identities
//   inside     mutated packets behind a good CONNECT            operators  every verb, JSON altered and cut
//   uploads    manifests changed and signed again, in bundles   witness    QoS 1 and PINGREQ, timed; HTTP /healthz
import { readFile } from 'node:fs/promises'
import { deviceId, principalName } from '../../proto/ids.ts'
import { topicField } from '../../proto/packets.ts'
import { deviceTopic, operatorRequestTopic, telemetryTopic, uplinks } from '../../proto/topics.ts'
import { nowMs, pause } from '../clock.ts'
import { encodePacket, idField, publishPacketOf, subscribePacket } from '../fleet/sensor/mqtt-packets.ts'
import { SpawnedBroker } from '../fleet/spawned-broker.ts'
import type { VerbHost } from '../verbs/verb-host.ts'
import { Seed } from '../world/seed.ts'
import { mutated } from './mutants.ts'
import { badRequest, Payloads } from './samples.ts'
import { FuzzSocket } from './socket.ts'
import { badBundle, goodBundle, imageSha256 } from './uploads.ts'

export interface FuzzWishes {
  readonly seconds: number
  readonly seed: number
  readonly devices: number
  readonly lanes: number
  /** NODE_V8_COVERAGE of the broker; undefined: none. */
  readonly coverageFolder: string | undefined
}

export interface FuzzFindings {
  readonly cases: Readonly<Record<string, number>>
  /** Each a sentence; none is what it should be. */
  readonly problems: readonly string[]
  readonly rssBytesFirst: number
  readonly rssBytesMost: number
  readonly pingsMs: readonly number[]
  readonly brokerCpuSeconds: number
}

const answerMs = 15_000

/** Rejects when the broker cannot be started. What goes wrong afterwards is a problem among the findings. */
export async function fuzz(wishes: FuzzWishes, host: Pick<VerbHost, 'node' | 'environment'>): Promise<FuzzFindings> {
  const run = new AbortController()
  const problems: string[] = []
  const environment = {
    ...host.environment,
    ...(wishes.coverageFolder === undefined ? {} : { NODE_V8_COVERAGE: wishes.coverageFolder }),
  }
  const flags = ['--log-level=warn']
  const spawnWishes = { connections: 2000, inProgress: 100, connectsPerSecond: 5000, flags }
  const lost = (reason: Error): void => void problems.push(`the broker is gone: ${reason.message}`)
  const broker = await SpawnedBroker.start(spawnWishes, { ...host, environment }, lost, run.signal)
  try {
    return await new Fuzz(broker, wishes, problems).run(run.signal)
  } finally {
    run.abort()
    await broker.stop()
  }
}

interface Login {
  readonly name: string
  readonly password: string
}

class Fuzz {
  readonly #broker: SpawnedBroker
  readonly #wishes: FuzzWishes
  readonly #problems: string[]
  readonly #port: number
  readonly #cases: Record<string, number> = {}
  readonly #pingsMs: number[] = []
  #payloads = new Payloads({ operation: '0'.repeat(26), artifact: imageSha256 })
  #endMs = 0
  #rssMost = 0

  constructor(broker: SpawnedBroker, wishes: FuzzWishes, problems: string[]) {
    this.#broker = broker
    this.#wishes = wishes
    this.#problems = problems
    this.#port = Number(broker.mqtt.port)
  }

  async run(signal: AbortSignal): Promise<FuzzFindings> {
    const { devices, lanes, seconds, seed } = this.#wishes
    const named = Array.from({ length: devices }, (_, n) => `fuzz-${String(n).padStart(4, '0')}`)
    const enrolled: Login[] = []
    for (const device of [...named, 'witness']) {
      const { secret } = (await this.#post('/v1/devices/enroll', { device })) as { secret: string }
      enrolled.push({ name: device, password: secret })
    }
    const witness = enrolled.pop() ?? { name: '', password: '' }
    const operators: Login[] = []
    for (const name of ['mallory', 'trudy', 'eve']) {
      const { token } = (await this.#post('/v1/principals', { name, role: 'operator' })) as { token: string }
      operators.push({ name, password: token })
    }
    const operation = await this.#operation(named)
    this.#payloads = new Payloads({ operation, artifact: imageSha256 })
    const rssFirst = await this.#broker.rssBytes()
    const cpuFirst = await this.#broker.cpuSeconds()
    this.#endMs = nowMs() + seconds * 1000
    const chance = new Seed(`fuzz ${seed}`)
    const share = (lane: number): readonly Login[] => enrolled.filter((_, n) => n % lanes === lane)
    await Promise.all([
      this.#watch(signal),
      this.#witness(witness, signal),
      this.#uploads(chance.fork('uploads')),
      ...operators.map((login, n) => this.#operator(login, chance.fork(`operator ${n}`), signal)),
      ...Array.from({ length: lanes }, (_, n) => this.#devices(share(n), chance.fork(`devices ${n}`))),
      ...Array.from({ length: lanes }, (_, n) => this.#inside(share(n), chance.fork(`inside ${n}`))),
      ...Array.from({ length: lanes }, (_, n) => this.#strangers(enrolled, chance.fork(`strangers ${n}`))),
    ])
    const cpuSeconds = (await this.#broker.cpuSeconds().catch(() => cpuFirst)) - cpuFirst
    await this.#readLog()
    return {
      cases: this.#cases,
      problems: this.#problems,
      rssBytesFirst: rssFirst,
      rssBytesMost: this.#rssMost,
      pingsMs: this.#pingsMs,
      brokerCpuSeconds: cpuSeconds,
    }
  }

  /** An update of all of them, so that there is something to lie about. */
  async #operation(devices: readonly string[]): Promise<string> {
    const { id: release } = (await this.#post('/v1/artifacts', goodBundle())) as { id: string }
    const policy = { concurrency: 50 }
    const body = { type: 'firmware-update', release, targets: { devices }, policy }
    const { id } = (await this.#post('/v1/operations', body)) as { id: string }
    return id
  }

  get #over(): boolean {
    return nowMs() >= this.#endMs || this.#problems.length > 20
  }

  #count(kind: string): void {
    this.#cases[kind] = (this.#cases[kind] ?? 0) + 1
  }

  /** Good messages and bad ones on every uplink, until one of them ends the connection. */
  async #devices(logins: readonly Login[], chance: Seed): Promise<void> {
    for (let turn = 0; !this.#over; turn += 1) {
      const login = logins[turn % logins.length]
      const socket = login && (await this.#connected(login))
      if (socket === undefined) continue
      const id = deviceId(login?.name ?? '')
      socket.write(publishPacketOf(deviceTopic(id, 'hello'), this.#payloads.good('hello'), 1))
      for (let sent = 0; sent < 8 && !socket.closed; sent += 1) {
        const uplink = uplinks[chance.whole(0, uplinks.length - 1)] ?? 'events'
        const payload = chance.chance(0.2) ? this.#payloads.good(uplink) : this.#payloads.bad(uplink, chance)
        const topic = chance.chance(0.03) ? telemetryTopic(id) : deviceTopic(id, uplink)
        socket.write(publishPacketOf(topic, payload, chance.chance(0.7) ? 2 + sent : undefined))
        this.#count(`payload ${uplink}`)
      }
      await this.#finished(socket, 'a device')
    }
  }

  /** Packets that were good once, behind a good CONNECT. */
  async #inside(logins: readonly Login[], chance: Seed): Promise<void> {
    for (let turn = 0; !this.#over; turn += 1) {
      const login = logins[(turn * 7 + 3) % logins.length]
      const socket = login && (await this.#connected(login))
      if (socket === undefined) continue
      const good = packetsOf(login?.name ?? '', this.#payloads)
      for (let sent = 0; sent < 6 && !socket.closed; sent += 1) {
        const sample = good[chance.whole(0, good.length - 1)] ?? Buffer.alloc(0)
        socket.write(chance.chance(0.3) ? sample : mutated(sample, good, chance))
        this.#count('packet')
      }
      await this.#finished(socket, 'a client')
    }
  }

  /** What anybody can send: CONNECTs that were good once, other packets, and noise, in pieces. */
  async #strangers(known: readonly Login[], chance: Seed): Promise<void> {
    while (!this.#over) {
      const login = known[chance.whole(0, known.length - 1)]
      const name = login?.name ?? ''
      const password = chance.chance(0.5) ? 'wrong' : (login?.password ?? '')
      const good = [connectOf(name, password, chance.chance(0.5)), ...packetsOf(name, this.#payloads)]
      const bytes = chance.chance(0.1)
        ? chance.bytes(chance.whole(1, 400))
        : mutated(good[chance.chance(0.8) ? 0 : chance.whole(0, good.length - 1)] ?? Buffer.alloc(0), good, chance)
      const socket = new FuzzSocket(this.#port)
      const cut = chance.chance(0.3) ? chance.whole(0, bytes.length) : bytes.length
      socket.write(bytes.subarray(0, cut))
      socket.write(bytes.subarray(cut))
      this.#count('stranger')
      await this.#finished(socket, 'a stranger')
    }
  }

  async #operator(login: Login, chance: Seed, signal: AbortSignal): Promise<void> {
    let socket: FuzzSocket | undefined
    let packetId = 0
    while (!this.#over) {
      if (socket === undefined || socket.closed) {
        socket = await this.#connected(login)
        // An operator may connect once a second.
        if (socket === undefined) await pause(500, signal)
        socket?.write(subscribePacket(1, [[`drover/v1/operators/${login.name}/#`, 0]]))
        continue
      }
      const { verb, payload } = badRequest(chance)
      const before = socket.count(pubackType)
      packetId = (packetId % 60_000) + 1
      socket.write(publishPacketOf(operatorRequestTopic(principalName(login.name), verb), payload, packetId))
      this.#count(`request ${verb}`)
      const current = socket
      if (!(await current.until(() => current.count(pubackType) > before, answerMs))) {
        this.#problems.push(`${verb} was not answered in ${answerMs / 1000} s: ${payload.toString().slice(0, 200)}`)
        current.destroy()
      }
      await pause(40, signal)
    }
    socket?.destroy()
  }

  async #uploads(chance: Seed): Promise<void> {
    while (!this.#over) {
      const response = await fetch(new URL('/v1/artifacts', this.#broker.http), {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#broker.token}`, 'content-type': 'application/octet-stream' },
        body: new Uint8Array(badBundle(chance)),
      }).catch((error: Error) => error)
      this.#count('upload')
      this.#expectAnswer(response, 'an upload')
      if (response instanceof Response) await response.arrayBuffer().catch(() => undefined)
    }
  }

  /** One honest device: it is never disconnected, and each event of it is stored and acknowledged. */
  async #witness(login: Login, signal: AbortSignal): Promise<void> {
    const socket = await this.#connected(login)
    if (socket === undefined) return void this.#problems.push('the witness was not let in')
    const device = deviceId(login.name)
    for (let round = 0; !this.#over; round += 1) {
      const startedMs = nowMs()
      const pings = socket.count(pingrespType)
      const acks = socket.count(pubackType)
      const stored = round % 20 === 0
      socket.write(encodePacket(0xc0))
      if (stored) socket.write(publishPacketOf(deviceTopic(device, 'hello'), this.#payloads.good('hello'), 1))
      const done = (): boolean => socket.count(pingrespType) > pings && (!stored || socket.count(pubackType) > acks)
      const answered = await socket.until(done, answerMs)
      if (socket.closed || !answered) {
        this.#problems.push(socket.closed ? 'the witness was disconnected' : 'the witness got no answer')
        return
      }
      this.#pingsMs.push(nowMs() - startedMs)
      await pause(50, signal)
    }
    socket.destroy()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!this.#over) {
      this.#rssMost = Math.max(this.#rssMost, await this.#broker.rssBytes().catch(() => 0))
      for (const path of ['/healthz', '/metrics']) {
        const headers = { authorization: `Bearer ${this.#broker.token}` }
        const response = await fetch(new URL(path, this.#broker.http), { headers }).catch((error: Error) => error)
        this.#expectAnswer(response, path)
        if (response instanceof Response) await response.arrayBuffer()
      }
      await pause(1_000, signal)
    }
  }

  #expectAnswer(response: Response | Error, what: string): void {
    if (response instanceof Error) this.#problems.push(`${what}: ${response.message} ${String(response.cause ?? '')}`)
    else if (response.status >= 500 && response.status !== 503) this.#problems.push(`${what}: HTTP ${response.status}`)
  }

  async #connected(login: Login): Promise<FuzzSocket | undefined> {
    const socket = new FuzzSocket(this.#port)
    socket.write(connectOf(login.name, login.password, false))
    const answered = await socket.until(() => socket.returnCode !== undefined, answerMs)
    if (socket.returnCode === 0 && !socket.closed) return socket
    if (!answered) this.#problems.push('a good CONNECT was not answered')
    socket.destroy()
    this.#count('connect put off')
    return undefined
  }

  /** No more bytes come: whatever the broker has, it has to make something of it, or close. */
  async #finished(socket: FuzzSocket, who: string): Promise<void> {
    socket.end()
    if (!(await socket.until(() => socket.closed, answerMs)))
      this.#problems.push(`${who} was not closed behind its FIN`)
    socket.destroy()
  }

  /** Errors (50) and worse (60) in the broker's log: nothing a client sends is one. */
  async #readLog(): Promise<void> {
    const lines = (await readFile(this.#broker.logFile, 'utf8')).split('\n')
    const bad = lines.filter(line => line !== '' && !/"level":[1-4]0,/.test(line))
    for (const line of bad.slice(0, 5)) this.#problems.push(`log: ${line.slice(0, 500)}`)
  }

  async #post(path: string, body: object): Promise<unknown> {
    const isBytes = body instanceof Uint8Array
    const type = isBytes ? 'application/octet-stream' : 'application/json'
    const response = await fetch(new URL(path, this.#broker.http), {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#broker.token}`, 'content-type': type },
      body: isBytes ? new Uint8Array(body) : JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${await response.text()}`)
    return response.json()
  }
}

const pubackType = 4
const pingrespType = 13

function connectOf(name: string, password: string, withWill: boolean): Buffer {
  const flags = Buffer.from([4, withWill ? 0xc6 : 0xc2, 0, 60])
  const will = withWill ? [topicField(`drover/v1/devices/${name}/presence`), topicField('gone')] : []
  return encodePacket(
    0x10,
    topicField('MQTT'),
    flags,
    topicField(name),
    ...will,
    topicField(name),
    topicField(password),
  )
}

/** One of every packet a client sends. */
function packetsOf(name: string, payloads: Payloads): readonly Buffer[] {
  const id = deviceId(name)
  const two = topicField(deviceTopic(id, 'events'))
  return [
    publishPacketOf(deviceTopic(id, 'progress'), payloads.good('progress')),
    publishPacketOf(deviceTopic(id, 'events'), payloads.good('events'), 5),
    encodePacket(0x34, two, idField(6), payloads.good('events')),
    encodePacket(0x62, idField(6)),
    encodePacket(0x40, idField(7)),
    encodePacket(0x50, idField(7)),
    encodePacket(0x70, idField(7)),
    subscribePacket(8, [
      [deviceTopic(id, 'offer'), 1],
      [deviceTopic(id, 'chunks/data'), 0],
      [`drover/v1/broadcast/${'0'.repeat(16)}/data`, 0],
    ]),
    encodePacket(0xa2, idField(9), topicField(deviceTopic(id, 'offer'))),
    encodePacket(0xc0),
    encodePacket(0xe0),
  ]
}
