// Patches that nobody built: the real broker with its doors, its maker and zstd, and real agents on real disks, all in this
// process. The first devices come by chunks, the next by the patch; a patch that is spoiled or wrong costs nobody the update.

import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import t, { type Test } from 'tap'
import { aedesOptions } from '../../broker/adapters/aedes/settings.ts'
import { HttpDoor } from '../../broker/adapters/http/http-door.ts'
import { httpSettingsDefaults } from '../../broker/adapters/http/settings.ts'
import { MqttListener } from '../../broker/adapters/mqtt-listener.ts'
import { PatchFiles } from '../../broker/adapters/patch-files.ts'
import { systemClock, systemRandom } from '../../broker/adapters/system-clock.ts'
import { attach } from '../../broker/plugin.ts'
import { programFrameMaker } from '../../operator/zstd.ts'
import type { EventListing, OperationView } from '../../proto/http-api.ts'
import { nodeFrameMaker } from '../../proto/zstd-frames.ts'
import { loggerTo, SceneDevice } from '../agent/codes/scene-device.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'
import { makePatch } from '../fixtures/patch.ts'
import { call, untilValue } from './process.ts'

const skip =
  nodeFrameMaker() !== undefined || (await programFrameMaker()) !== undefined
    ? false
    : 'neither Node 22.15 nor the program zstd is here'
const limitMs = 60_000
const old = makeImage(300_000, 41)
/** A byte in each chunk is another: not one chunk is held. */
const image = Buffer.from(old)
for (let offset = 100; offset < image.length; offset += 1500) image.writeUInt8(image.readUInt8(offset) ^ 0x55, offset)
const oldBundle = makeBundle({ image: old, version: '1.0.0', component: 'main', manifest: { needsReboot: false } })
const bundle = makeBundle({ image, version: '2.0.0', component: 'main', manifest: { needsReboot: false } })
const pair = { base: oldBundle.artifact, target: bundle.artifact }

class Stage {
  readonly #door: { readonly httpPort: number; readonly token: string }
  readonly #folder: string
  readonly #mqttPort: number
  readonly lines: readonly string[]
  readonly devices: SceneDevice[] = []

  private constructor(
    door: { readonly httpPort: number; readonly token: string },
    parts: { readonly folder: string; readonly mqttPort: number; readonly lines: readonly string[] },
  ) {
    this.#door = door
    this.#folder = parts.folder
    this.#mqttPort = parts.mqttPort
    this.lines = parts.lines
  }

  static async open(t: Test, prepare?: (patches: string) => Promise<void>): Promise<Stage> {
    const folder = t.testdir()
    const lines: string[] = []
    const log = { ...loggerTo(lines), debug() {} }
    await prepare?.(join(folder, 'broker', 'patches'))
    const aedes = await Aedes.createBroker(aedesOptions())
    const drover = await attach(aedes, {
      dataDir: join(folder, 'broker'),
      strangers: 'refuse',
      log,
      delivery: { patchDevicesMin: 2 },
      orchestrator: { tickMs: 100 },
    })
    let token = ''
    await drover.firstAdministrator(async given => {
      token = given
    })
    const common = { clock: systemClock, log, host: '127.0.0.1', port: 0 }
    const http = await HttpDoor.open({
      ...common,
      useCases: drover.useCases,
      random: systemRandom,
      settings: httpSettingsDefaults,
      health: () => ({ ready: true, checks: {} }),
    })
    const mqtt = await MqttListener.open(aedes, { ...common, connectionsMax: 100 })
    const stage = new Stage({ httpPort: http.port, token }, { folder, mqttPort: mqtt.port, lines })
    t.teardown(async () => {
      await Promise.all(stage.devices.map(device => device.stop()))
      await mqtt.close()
      await http.close()
      await drover.close()
      await new Promise<void>(resolve => aedes.close(() => resolve()))
    })
    for (const { bytes } of [oldBundle, bundle]) await stage.call('POST', '/v1/artifacts', bytes)
    return stage
  }

  get patches(): string {
    return join(this.#folder, 'broker', 'patches')
  }

  call<T>(method: string, path: string, body?: object | Uint8Array): Promise<T> {
    return call<T>(this.#door, method, path, body)
  }

  /** Devices with the old image, enrolled, started and updated in one operation. */
  async updated(...ids: readonly string[]): Promise<OperationView> {
    for (const id of ids) {
      const { secret } = await this.call<{ secret: string }>('POST', '/v1/devices/enroll', { device: id })
      const device = await SceneDevice.provision(
        join(this.#folder, id),
        { id, secret, mqttPort: this.#mqttPort },
        { prepare: folder => writeFile(join(folder, 'factory'), old) },
      )
      this.devices.push(device)
      await device.start()
    }
    for (const id of ids)
      await untilValue(async () => {
        const { state, online } = await this.call<{ state: string; online: boolean }>('GET', `/v1/devices/${id}`)
        return (state === 'registered' && online) || undefined
      }, limitMs)
    const { id } = await this.call<OperationView>('POST', '/v1/operations', {
      type: 'firmware-update',
      release: bundle.release,
      targets: { devices: ids },
      policy: { concurrency: 100, retries: [] },
    })
    try {
      return await untilValue(async () => {
        const operation = await this.call<OperationView>('GET', `/v1/operations/${id}`)
        return operation.completedAt === null ? undefined : operation
      }, limitMs)
    } catch (error) {
      for (const line of [...this.lines.slice(-30), ...this.devices.flatMap(({ log }) => log.slice(-15))])
        t.comment(line)
      throw error
    }
  }

  /** Bytes a device tells with its success, and whether the image is on its disk. */
  async transfer({ id }: OperationView, device: string) {
    const query = `device_id__eq=${device}&data.campaign_id__eq=${id}&event_type__eq=UPD2_OK_18`
    const { data } = await this.call<EventListing>('GET', `/v3/device-events?${query}`)
    const count = (name: string): number => Number(data[0]?.data[name] ?? 0)
    const scene = this.devices.find(each => each.id === device)
    const onDisk = ['a', 'b'].some(slot => {
      try {
        return readFileSync(scene?.image(slot as 'a' | 'b') ?? '').equals(image)
      } catch {
        return false
      }
    })
    return { onDisk, wire: count('wire_bytes'), patched: count('patch_bytes'), patchWire: count('patch_wire_bytes') }
  }

  logged(event: string): readonly Record<string, unknown>[] {
    return this.lines.map(line => JSON.parse(line) as Record<string, unknown>).filter(line => line.event === event)
  }

  async untilLogged(event: string, count = 1): Promise<void> {
    await untilValue(async () => this.logged(event)[count - 1], limitMs)
  }
}

t.test(
  'the first come by chunks, the next by a patch that nobody built, for a fraction of the bytes',
  { skip },
  async t => {
    const stage = await Stage.open(t)
    const first = await stage.updated('d-1', 'd-2')
    t.match(first, { state: 'completed', updated: 2, errors: 0 })
    for (const device of ['d-1', 'd-2']) {
      const { onDisk, wire, patched } = await stage.transfer(first, device)
      t.ok(onDisk && patched === 0 && wire > 290_000, `${device}: ${wire} bytes`)
    }
    await stage.untilLogged('patch-made')
    t.strictSame(
      readdirSync(stage.patches).filter(name => name.endsWith('.patch')),
      [`${pair.base}-${pair.target}.patch`],
    )
    const second = await stage.updated('d-3', 'd-4')
    t.match(second, { state: 'completed', updated: 2, errors: 0 })
    for (const device of ['d-3', 'd-4']) {
      const { onDisk, wire, patched, patchWire } = await stage.transfer(second, device)
      t.ok(onDisk, `${device} has the image`)
      t.equal(patched, image.length, 'all of it by the patch')
      t.ok(wire < image.length / 20 && patchWire > 0 && patchWire <= wire, `${wire} bytes of ${image.length}`)
    }
    const { devices, saved, wireBytes } = second.transfer ?? {}
    t.ok(devices === 2 && (saved?.patch ?? 0) > 500_000 && (wireBytes ?? 0) < 60_000, 'the operation shows it')
  },
)

t.test(
  'a patch that the disk has spoiled is not served: the devices take chunks, and it is made again',
  { skip },
  async t => {
    const stage = await Stage.open(t)
    await stage.updated('e-1', 'e-2')
    await stage.untilLogged('patch-made')
    const path = join(stage.patches, `${pair.base}-${pair.target}.patch`)
    const bytes = readFileSync(path)
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200)
    writeFileSync(path, bytes)
    const operation = await stage.updated('e-3', 'e-4')
    t.match(operation, { state: 'completed', updated: 2, errors: 0 })
    for (const device of ['e-3', 'e-4']) {
      const { onDisk, patched, wire } = await stage.transfer(operation, device)
      t.ok(onDisk && patched === 0 && wire > 290_000, `${device}: ${wire} bytes`)
    }
    t.equal(stage.logged('offer-sent').filter(({ patchBytes }) => patchBytes !== undefined).length >= 1, true)
    await stage.updated('e-5', 'e-6')
    await stage.untilLogged('patch-made', 2)
  },
)

t.test('a patch that gives other bytes than it promises costs a device some bytes, never the update', async t => {
  const other = Buffer.from(image)
  for (let offset = 0; offset < other.length; offset += 1000) other.writeUInt8(other.readUInt8(offset) ^ 1, offset)
  const wrong = makePatch(old, other)
  const stage = await Stage.open(t, async folder => {
    mkdirSync(folder, { recursive: true })
    const path = join(folder, 'wrong')
    writeFileSync(path, wrong.bytes)
    const files = await PatchFiles.open(folder, 2 ** 30, systemClock)
    const { metadata, bytes } = wrong
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await files.keep({ ...pair, patchBytes: bytes.length, metadata, chunkBytes: 300_000 }, { path, sha256 })
    await files.close()
  })
  const operation = await stage.updated('f-1')
  t.match(operation, { state: 'completed', updated: 1, errors: 0 })
  t.match(stage.logged('offer-sent'), [{ patchBytes: wrong.bytes.length }], 'offered to the first: it was there')
  t.equal(stage.devices[0]?.logged('patch-given-up').length, 1)
  const { onDisk, patched } = await stage.transfer(operation, 'f-1')
  t.ok(onDisk)
  t.equal(patched, 0, 'nothing of it was believed')
})
