// Patches that nobody built: the real broker with its doors, its maker and zstd, and real agents on real disks, all in this
// process. The first devices come by chunks, the next by the patch; a patch that is spoiled or wrong costs nobody the update.

import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { PatchFiles } from '../../broker/adapters/patch-files.ts'
import { systemClock } from '../../broker/adapters/system-clock.ts'
import { programFrameMaker } from '../../operator/zstd.ts'
import type { OperationView } from '../../proto/http-api.ts'
import { nodeFrameMaker } from '../../proto/zstd-frames.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'
import { makePatch } from '../fixtures/patch.ts'
import { Stage } from './stage.ts'

const skip =
  nodeFrameMaker() !== undefined || (await programFrameMaker()) !== undefined
    ? false
    : 'neither Node 22.15 nor the program zstd is here'
const old = makeImage(300_000, 41)
/** A byte in each chunk is another: not one chunk is held. */
const image = Buffer.from(old)
for (let offset = 100; offset < image.length; offset += 1500) image.writeUInt8(image.readUInt8(offset) ^ 0x55, offset)
const oldBundle = makeBundle({ image: old, version: '1.0.0', component: 'main', manifest: { needsReboot: false } })
const bundle = makeBundle({ image, version: '2.0.0', component: 'main', manifest: { needsReboot: false } })
const pair = { base: oldBundle.artifact, target: bundle.artifact }

function open(t: Test, prepare?: (dataDir: string) => Promise<void>): Promise<Stage> {
  return Stage.open(t, { delivery: { patchDevicesMin: 2 }, orchestrator: { tickMs: 100 } }, prepare)
}

async function withBundles(stage: Stage): Promise<Stage> {
  for (const { bytes } of [oldBundle, bundle]) await stage.call('POST', '/v1/artifacts', bytes)
  return stage
}

const patchesOf = ({ folder }: Stage): string => join(folder, 'broker', 'patches')

/** Devices with the old image, enrolled, started and updated in one operation. */
async function updated(stage: Stage, ...ids: readonly string[]): Promise<OperationView> {
  await stage.started(ids, { prepare: folder => writeFile(join(folder, 'factory'), old) })
  return stage.ended(await stage.operation(bundle.release, ids))
}

/** Bytes a device tells with its success, and whether the image is on its disk. */
async function transferOf(stage: Stage, operation: OperationView, id: string) {
  const success = (await stage.events(operation, id)).find(({ event_type }) => event_type === 'UPD2_OK_18')
  const count = (name: string): number => Number(success?.data[name] ?? 0)
  const device = stage.device(id)
  const onDisk = (['a', 'b'] as const).some(slot => {
    try {
      return readFileSync(device.image(slot)).equals(image)
    } catch {
      return false
    }
  })
  return { onDisk, wire: count('wire_bytes'), patched: count('patch_bytes'), patchWire: count('patch_wire_bytes') }
}

t.test(
  'the first come by chunks, the next by a patch that nobody built, for a fraction of the bytes',
  { skip },
  async t => {
    const stage = await withBundles(await open(t))
    const first = await updated(stage, 'd-1', 'd-2')
    t.match(first, { state: 'completed', updated: 2, errors: 0 })
    for (const device of ['d-1', 'd-2']) {
      const { onDisk, wire, patched } = await transferOf(stage, first, device)
      t.ok(onDisk && patched === 0 && wire > 290_000, `${device}: ${wire} bytes`)
    }
    await stage.untilLogged('patch-made')
    t.strictSame(
      readdirSync(patchesOf(stage)).filter(name => name.endsWith('.patch')),
      [`${pair.base}-${pair.target}.patch`],
    )
    const second = await updated(stage, 'd-3', 'd-4')
    t.match(second, { state: 'completed', updated: 2, errors: 0 })
    for (const device of ['d-3', 'd-4']) {
      const { onDisk, wire, patched, patchWire } = await transferOf(stage, second, device)
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
    const stage = await withBundles(await open(t))
    await updated(stage, 'e-1', 'e-2')
    await stage.untilLogged('patch-made')
    const path = join(patchesOf(stage), `${pair.base}-${pair.target}.patch`)
    const bytes = readFileSync(path)
    bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200)
    writeFileSync(path, bytes)
    const operation = await updated(stage, 'e-3', 'e-4')
    t.match(operation, { state: 'completed', updated: 2, errors: 0 })
    for (const device of ['e-3', 'e-4']) {
      const { onDisk, patched, wire } = await transferOf(stage, operation, device)
      t.ok(onDisk && patched === 0 && wire > 290_000, `${device}: ${wire} bytes`)
    }
    t.equal(stage.logged('offer-sent').filter(({ patchBytes }) => patchBytes !== undefined).length >= 1, true)
    await updated(stage, 'e-5', 'e-6')
    await stage.untilLogged('patch-made', 2)
  },
)

t.test('a patch that gives other bytes than it promises costs a device some bytes, never the update', async t => {
  const other = Buffer.from(image)
  for (let offset = 0; offset < other.length; offset += 1000) other.writeUInt8(other.readUInt8(offset) ^ 1, offset)
  const wrong = makePatch(old, other)
  const stage = await open(t, async dataDir => {
    const folder = join(dataDir, 'patches')
    mkdirSync(folder, { recursive: true })
    const path = join(folder, 'wrong')
    writeFileSync(path, wrong.bytes)
    const files = await PatchFiles.open(folder, 2 ** 30, systemClock)
    const { metadata, bytes } = wrong
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    await files.keep({ ...pair, patchBytes: bytes.length, metadata, chunkBytes: 300_000 }, { path, sha256 })
    await files.close()
  })
  await withBundles(stage)
  const operation = await updated(stage, 'f-1')
  t.match(operation, { state: 'completed', updated: 1, errors: 0 })
  t.match(stage.logged('offer-sent'), [{ patchBytes: wrong.bytes.length }], 'offered to the first: it was there')
  t.equal(stage.devices[0]?.logged('patch-given-up').length, 1)
  const { onDisk, patched } = await transferOf(stage, operation, 'f-1')
  t.ok(onDisk)
  t.equal(patched, 0, 'nothing of it was believed')
})
