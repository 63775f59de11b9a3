// A device that was written from docs/PROTOCOL.md, drover.proto and the golden bytes alone, in another language, by somebody
// who has not seen the rest: it takes part as any other. test/stranger/README.md tells what it needs.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { openSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import type { ExecutionView, OperationView, ReleaseView } from '../../proto/http-api.ts'
import {
  type BundleWishes,
  makeBundle,
  makeImage,
  makeTrust,
  testClassId,
  testKeys,
  testVendorId,
} from '../fixtures/bundle.ts'
import { call, type RunningBroker, startBroker, untilValue } from './process.ts'

const packages = 'python3-paho-mqtt, python3-protobuf, python3-cryptography and protobuf-compiler'
const imports = 'import paho.mqtt.client, google.protobuf, cryptography'
const python = ['python3', '/usr/bin/python3'].find(each => spawnSync(each, ['-c', imports]).status === 0)
const protoc = spawnSync('protoc', ['--version']).status === 0
const missing =
  python === undefined || !protoc ? `THE STRANGER'S DEVICE IS NOT TRIED: install ${packages} (names of Debian)` : false

const trust = makeTrust(testKeys())

type Line = Readonly<Record<string, unknown>> & { readonly event: string }

/** A process of device.py in a folder of its own. */
class Stranger {
  readonly #folder: string
  #process: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Started, and registered by its first hello. */
  static async provision(t: Test, broker: RunningBroker, id: string, image: Uint8Array): Promise<Stranger> {
    const { secret } = await call<{ secret: string }>(broker, 'POST', '/v1/devices/enroll', { device: id })
    const folder = join(t.testdirName, id)
    await mkdir(folder)
    await writeFile(join(folder, 'installed'), image)
    await writeFile(join(folder, 'trust'), trust)
    const settings = {
      ...{ deviceId: id, host: '127.0.0.1', port: broker.mqttPort, password: secret },
      ...{ vendorId: testVendorId, classId: testClassId, dataDir: 'data', trustFile: 'trust' },
      components: [{ name: 'main', version: '1.0.0', file: 'installed', reboot: true }],
      ...{ reconnectSeconds: 0.1, windowBytes: 32_768 },
    }
    await writeFile(join(folder, 'device.json'), JSON.stringify(settings))
    const stranger = new Stranger(folder)
    t.teardown(() => stranger.kill())
    stranger.start()
    await untilValue(async () => {
      const { state, online } = await call<{ state: string; online: boolean }>(broker, 'GET', `/v1/devices/${id}`)
      return (state === 'registered' && online) || undefined
    })
    return stranger
  }

  start(): void {
    const log = openSync(join(this.#folder, 'log'), 'a')
    const parameters = [resolve('test/stranger/device.py'), '--config', join(this.#folder, 'device.json')]
    const child = spawn(python ?? 'python3', parameters, { stdio: ['ignore', log, log] })
    this.#process = child
    this.#ended = new Promise(done => child.once('exit', done))
  }

  /** As a power cut. */
  async kill(): Promise<void> {
    this.#process?.kill('SIGKILL')
    await this.#ended
  }

  async logged(event: string): Promise<readonly Line[]> {
    const text = await readFile(join(this.#folder, 'log'), 'utf8')
    return text.split('\n').flatMap(line => {
      try {
        const read = JSON.parse(line) as Line
        return read.event === event ? [read] : []
      } catch {
        // Half a line: it was killed while it wrote.
        return []
      }
    })
  }

  installed(): Promise<Buffer> {
    return readFile(join(this.#folder, 'installed'))
  }
}

async function uploaded(broker: RunningBroker, wishes: BundleWishes): Promise<string> {
  const { bytes } = makeBundle({ version: '2.0.0', component: 'main', ...wishes })
  return (await call<ReleaseView>(broker, 'POST', '/v1/artifacts', bytes)).id
}

async function begun(broker: RunningBroker, release: string, device: string, policy: object = {}): Promise<string> {
  const request = {
    type: 'firmware-update',
    release,
    targets: { devices: [device] },
    policy: { retries: [], ...policy },
  }
  return (await call<OperationView>(broker, 'POST', '/v1/operations', request)).id
}

function ended(broker: RunningBroker, operation: string, device: string): Promise<ExecutionView> {
  return untilValue(async () => {
    const path = `/v1/operations/${operation}/executions/${device}`
    const execution = await call<ExecutionView>(broker, 'GET', path).catch(() => undefined)
    return execution?.endedAt === null ? undefined : execution
  }, 60_000)
}

t.test('the device of a stranger is updated, refuses, and goes on after a power cut', { skip: missing }, async t => {
  const folder = t.testdir()
  const broker = await startBroker(folder)
  t.teardown(() => broker.kill())
  const factory = makeImage(20_000, 1)
  const [first, second, third] = await Promise.all(
    ['stranger-1', 'stranger-2', 'stranger-3'].map(id => Stranger.provision(t, broker, id, factory)),
  )
  if (first === undefined || second === undefined || third === undefined) throw new Error('three were asked for')

  const updated = async (): Promise<void> => {
    const image = makeImage(150_000, 2, 0.5)
    const operation = await begun(broker, await uploaded(broker, { image }), 'stranger-1')
    const { code, updatedVersion } = await ended(broker, operation, 'stranger-1')
    t.strictSame([code, updatedVersion], ['SYS_112', '2.0.0'], 'updated')
    t.strictSame(await first.installed(), image, 'what it has installed is what was signed')
    const starts = await first.logged('started')
    t.equal(starts.length, 2, 'it has restarted once')
    t.not(starts[0]?.bootId, starts[1]?.bootId)
    t.equal(starts[0]?.journalId, starts[1]?.journalId)
  }

  const refused = async (): Promise<void> => {
    const expectations: readonly (readonly [
      code: string,
      reason: string | undefined,
      wishes: Partial<BundleWishes>,
    ])[] = [
      ['UPD4_FAIL_31', undefined, { manifest: { classId: 'ee'.repeat(16) } }],
      ['UPD4_FAIL_23', 'unknown-key', { keys: testKeys('somebody else') }],
      ['UPD4_FAIL_27', 'not-newer', { version: '0.9.0' }],
    ]
    for (const [at, [expected, reason, wishes]] of expectations.entries()) {
      const release = await uploaded(broker, { image: makeImage(10_000, 10 + at), ...wishes })
      const { code, data } = await ended(broker, await begun(broker, release, 'stranger-2'), 'stranger-2')
      t.strictSame([code, data.reason], [expected, reason], `refused with ${expected}`)
    }
    t.equal((await second.logged('request')).length, 0, 'it has asked for nothing')
    t.strictSame(await second.installed(), factory, 'it runs what it ran')
  }

  const resumed = async (): Promise<void> => {
    const image = makeImage(400_000, 3)
    const release = await uploaded(broker, { image })
    const operation = await begun(broker, release, 'stranger-3', { delivery: { bytesPerSecond: 150_000 } })
    await untilValue(async () => (await third.logged('request'))[5])
    await third.kill()
    third.start()
    const { code, transfer } = await ended(broker, operation, 'stranger-3')
    t.equal(code, 'SYS_112', 'updated after the cut')
    t.strictSame(await third.installed(), image)
    const held = transfer?.saved?.held ?? 0
    t.ok(held >= 65_536, `${held} bytes were there before the cut`)
    const looked = (await third.logged('candidate')).find(({ heldBytes }) => Number(heldBytes) > 0)
    t.equal(looked?.heldBytes, held, 'it found them')
    const [completed] = await third.logged('download-completed')
    t.equal(Number(completed?.received_bytes) + held, image.length, 'it has fetched the rest, and nothing else')
  }

  await Promise.all([updated(), refused(), resumed()])
})

t.test('the device of a stranger agrees with the golden bytes', { skip: missing }, async t => {
  const { status, stdout, stderr } = spawnSync(
    python ?? 'python3',
    [resolve('test/stranger/device.py'), '--vectors', resolve('test/vectors')],
    { encoding: 'utf8' },
  )
  t.equal(status, 0, `${stdout}${stderr}`.slice(-2000))
})
