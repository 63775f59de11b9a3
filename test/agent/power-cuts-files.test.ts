// The power is cut at every change that a device makes to its disk, by the real agent with its real installers: before
// it, after it, in the middle of a write; and what was not fsynced is lost, kept up to a point, or kept in part and out
// of order. Whatever the moment, boot finds a whole image, the device ends with the old one or the new one, a
// configuration is one of the two, and the broker has been told once, and the truth.
//
//   rows: raw · patch · package · configuration   ×   good · bad signature · bad digest · install fails · unhealthy · full
//         raw by a patch that nobody signed: good · spoiled, which is no failure
//
// `npm test` takes a sample by the seed. DROVER_LONG=1 takes every single cut, and of the pairs of cuts all where there
// are at most 120 changes, else 10,000 by the seed; DROVER_ROWS=patch takes the rows whose name holds the word.
import { env } from 'node:process'
import t, { type Test } from 'tap'
import { InstallFailed } from '../../agent/errors.ts'
import type { Installer } from '../../agent/ports.ts'
import { encodePackageHead, encodePackageMetadata, packagePrefixBytes } from '../../proto/package.ts'
import { patchFrameHeadBytes, patchMagic } from '../../proto/patch.ts'
import type { Cut, CutFlavour } from '../../simulator/faults/simulated-disk.ts'
import { eachCase, long, seed } from '../fixtures/cases.ts'
import { makePatch } from '../fixtures/patch.ts'
import { seeded } from '../fixtures/seeded.ts'
import { type OfferedPatch, operationOne } from './fakes/broker.ts'
import { patchReleaseOf } from './fakes/patch-release.ts'
import { commandOf, imageOf, type Release, releaseOf, sha256Hex } from './fakes/release.ts'
import { configurationPath, WholeDevice, type WholeDeviceSetup } from './fakes/whole-device.ts'

t.setTimeout(long ? 6 * 60 * 60_000 : 110_000)
t.comment(`DROVER_SEED=${seed}`)

const oldMain = imageOf('one', 5_000)
const strange = imageOf('two', 3_000)
/** The first half as it was; of the second, 60 bytes of 400 are new. */
const newMain = Buffer.concat([
  oldMain.subarray(0, 2_500),
  Buffer.from(oldMain.subarray(500, 3_500).map((byte, at) => (at % 400 < 60 ? (strange[at] ?? 0) : byte))),
])
const oldData = imageOf('data-one', 2_000)
const newData = imageOf('data-two', 2_200)
const oldConfiguration = Buffer.from('{"interval":60}')
const newConfiguration = '{"interval":5}'

const flavours: readonly CutFlavour[] = ['nothing', 'prefix', 'reordered']
type Fault = 'good' | 'bad-signature' | 'bad-digest' | 'install-fails' | 'unhealthy' | 'disk-full'

interface Row {
  readonly name: string
  readonly setup: WholeDeviceSetup
  readonly release?: Release
  /** A patch that the broker offers beside the chunks. */
  readonly patch?: OfferedPatch
  readonly order?: Buffer
  readonly capacityBytes?: number
  /** The disk is full whenever a file of this name is written. */
  readonly fullAt?: string
  /** The codes or steps that may end it; empty: the hello alone tells. */
  readonly ends: readonly string[]
  readonly isNew: boolean
}

function releaseBy(kind: string, fault: Fault): Release {
  const spoilt = fault === 'bad-digest'
  if (kind === 'patch') return patchReleaseOf(newMain, oldMain, spoilt ? { installedSha256: 'ab'.repeat(32) } : {})
  if (kind === 'package') {
    const images = [
      { component: 'data', bytes: newData },
      { component: 'main', bytes: newMain },
    ]
    const head = encodePackageHead(
      images.map(({ component, bytes }) => ({
        component,
        version: '2.0.0',
        sizeBytes: bytes.length,
        sha256: spoilt && component === 'main' ? 'ab'.repeat(32) : sha256Hex(bytes),
        vendorData: new Uint8Array(0),
      })),
    )
    const payload = Buffer.concat([head, ...images.map(({ bytes }) => bytes)])
    return releaseOf(payload, {
      component: 'all',
      format: 'combined',
      metadata: encodePackageMetadata({ descriptorSize: head.length - packagePrefixBytes }),
    })
  }
  // The index says one thing of the bytes, the manifest of the whole another.
  return releaseOf(newMain, spoilt ? { payloadSha256: 'ab'.repeat(32), installedSha256: 'ab'.repeat(32) } : {})
}

function rowOf(kind: 'raw' | 'patch' | 'package', fault: Fault): Row {
  const release = releaseBy(kind, fault)
  const unsigned = Buffer.from(release.envelope)
  unsigned.writeUInt8(unsigned.readUInt8(unsigned.length - 1) ^ 1, unsigned.length - 1)
  const failing = (installer: Installer): Installer =>
    installer.component === 'main' && fault === 'install-fails'
      ? new Proxy(installer, {
          get: (target, name) => {
            if (name === 'install')
              return async () => {
                throw new InstallFailed('installing', 'exit-1')
              }
            const value = Reflect.get(target, name, target) as unknown
            return typeof value === 'function' ? value.bind(target) : value
          },
        })
      : installer
  const codes: Readonly<Record<Fault, readonly string[]>> = {
    good: [],
    'bad-signature': ['UPD4_FAIL_23'],
    'bad-digest': ['UPD4_FAIL_26'],
    'install-fails': ['UPD4_FAIL_40'],
    unhealthy: ['UPD4_FAIL_40'],
    // What the file system says it has is asked first; when that was enough then and is not now, the write fails.
    'disk-full': ['UPD4_FAIL_33', 'UPD4_FAIL_35'],
  }
  const main = { component: 'main', image: oldMain, reboot: true }
  const data = { component: 'data', image: oldData, reboot: false }
  return {
    name: `${kind}, ${fault}`,
    setup: {
      parts: kind === 'package' ? [main, data] : [main],
      ...(kind === 'package' ? { packageName: 'all' } : {}),
      health: running =>
        fault === 'unhealthy' && running.equals(newMain) ? { healthy: false, reason: 'exit-1' } : { healthy: true },
      wrapInstaller: failing,
    },
    release: fault === 'bad-signature' ? { ...release, envelope: unsigned } : release,
    ...(fault === 'disk-full' ? { capacityBytes: 12_500 + (kind === 'package' ? 4_500 : 0) } : {}),
    ends: codes[fault],
    isNew: fault === 'good',
  }
}

function configurationRow(fault: 'good' | 'bad-signature' | 'disk-full'): Row {
  const order = commandOf('config-change', { patch: JSON.parse(newConfiguration), format: 'merge-patch' }, operationOne)
  const unsigned = Buffer.from(order)
  unsigned.writeUInt8(unsigned.readUInt8(unsigned.length - 1) ^ 1, unsigned.length - 1)
  return {
    name: `configuration, ${fault}`,
    setup: { parts: [{ component: 'main', image: oldMain, reboot: true }], configuration: oldConfiguration },
    order: fault === 'bad-signature' ? unsigned : order,
    ...(fault === 'disk-full' ? { fullAt: 'device.json.previous.new' } : {}),
    ends: fault === 'good' ? ['done'] : fault === 'bad-signature' ? ['UPD4_FAIL_23'] : ['UPD4_FAIL_35'],
    isNew: fault === 'good',
  }
}

/** What a failed update left behind is not taken for the next one's. */
function secondTryRow(): Row {
  const row = rowOf('raw', 'good')
  const parts = row.setup.parts.map(part => ({ ...part, givenUp: imageOf('given-up', 4_000) }))
  return { ...row, name: 'raw after one that was given up, good', setup: { ...row.setup, parts } }
}

/** What the frames make is written as it comes; a patch that is no good only costs time. */
function rawByPatchRow(fault: 'good' | 'spoiled'): Row {
  const row = rowOf('raw', 'good')
  const { bytes, metadata } = makePatch(oldMain, newMain, { frameBytes: 1_200, baseBytes: 2_400 })
  const spoiled = Buffer.from(bytes)
  // No frame of zstd any more: the third, after chunks of the first two have been made.
  let at = patchMagic.length
  for (let frame = 0; frame < 2; frame += 1) at += patchFrameHeadBytes + spoiled.readUInt32LE(at + 16)
  if (fault === 'spoiled') spoiled.fill(0, at + patchFrameHeadBytes, at + patchFrameHeadBytes + 4)
  const transport = { base: sha256Hex(oldMain), patchBytes: bytes.length, metadata }
  return { ...row, name: `raw by patch, ${fault}`, patch: { transport, bytes: spoiled } }
}

const faults: readonly Fault[] = ['good', 'bad-signature', 'bad-digest', 'install-fails', 'unhealthy', 'disk-full']
const rows: readonly Row[] = [
  ...(['raw', 'patch', 'package'] as const).flatMap(kind => faults.map(fault => rowOf(kind, fault))),
  secondTryRow(),
  ...(['good', 'spoiled'] as const).map(rawByPatchRow),
  ...(['good', 'bad-signature', 'disk-full'] as const).map(configurationRow),
].filter(({ name }) => name.includes(env.DROVER_ROWS ?? ''))

/** One case again, as a failure names it: DROVER_CASE='{"cuts":[{"change":3,"share":0}],"flavour":"nothing","seed":1}'. */
const onlyCase = env.DROVER_CASE === undefined ? undefined : (JSON.parse(env.DROVER_CASE) as Case)

interface Case {
  readonly cuts: readonly Cut[]
  readonly flavour: CutFlavour
  readonly seed: number
}

await WholeDevice.ready()
const counted = { singles: 0, pairs: 0, cuts: 0 }

for (const row of rows)
  t.test(row.name, async t => {
    const log = await lived(t, row, { cuts: [], flavour: 'nothing', seed: 1 })
    const changes = log.length
    t.ok(changes > 5, `${changes} changes`)
    const singles = Array.from({ length: changes }, (_, index) => index + 1).flatMap(change =>
      [0, 0.4, 1].flatMap((share, place) =>
        flavours.map(flavour => ({ cuts: [{ change, share }], flavour, seed: (change * 3 + place) * 31 + seed })),
      ),
    )
    // Most is at stake when what was written is about to be made durable, and when the journal relies on it.
    const risky = singles.filter(
      ({ cuts: [cut] }) => cut?.share === 0 && /^(sync|journal)/.test(log[cut.change - 1] ?? ''),
    )
    const pairs = pairsOf(changes)
    // The second cut falls into what a start does to bring things in order.
    const recovering = pairs.filter(({ cuts }) => (cuts[1]?.change ?? 0) <= 10)
    const draw = seeded(seed + changes)
    const chosen = long
      ? [...singles, ...pairs]
      : [...some(risky, 8, draw), ...some(singles, 5, draw), ...some(pairs, 3, draw), ...some(recovering, 4, draw)]
    await eachCase(onlyCase === undefined ? chosen : [onlyCase], 1, async one => {
      await lived(t, row, one)
    })
    counted.singles += singles.length
    counted.pairs += pairs.length
    t.comment(`${chosen.length} of ${singles.length} cuts and ${pairs.length} pairs of cuts, ${changes} changes`)
  })

t.test('the count', async t => {
  t.comment(`${counted.cuts} power cuts made; there are ${counted.singles} single cuts and ${counted.pairs} pairs`)
  t.ok(counted.cuts > 0)
})

/** All pairs where there are at most 120 changes, else 10,000 of them. The second is counted from the start after the first. */
function pairsOf(changes: number): readonly Case[] {
  const draw = seeded(seed)
  const pair = (first: number, second: number): Case => ({
    cuts: [
      { change: first, share: draw() < 0.5 ? draw() : Math.round(draw()) },
      { change: second, share: draw() < 0.5 ? draw() : Math.round(draw()) },
    ],
    flavour: flavours[Math.floor(draw() * 3)] ?? 'nothing',
    seed: Math.floor(draw() * 2 ** 31),
  })
  if (changes <= 120)
    return Array.from({ length: changes * changes }, (_, at) => pair(Math.floor(at / changes) + 1, (at % changes) + 1))
  return Array.from({ length: 10_000 }, () => pair(Math.floor(draw() * changes) + 1, Math.floor(draw() * changes) + 1))
}

/** Drives one device through its operation, with the power cuts of the case. Returns the changes since the last one. */
async function lived(t: Test, row: Row, { cuts, flavour, seed: caseSeed }: Case): Promise<readonly string[]> {
  const label = `${row.name}: ${JSON.stringify(cuts)} ${flavour} ${caseSeed}`
  const fail = (what: string, more?: unknown): void => void t.fail(`${label}: ${what}`, { more })
  const device = new WholeDevice(row.setup)
  const draw = seeded(caseSeed)
  if (row.release !== undefined)
    device.broker.offer = { release: row.release, operation: operationOne, attempt: 1, lease: 1 }
  device.broker.patch = row.patch
  if (row.order !== undefined)
    device.broker.order = { command: row.order, operationType: 'config-change', operation: operationOne }
  if (row.capacityBytes !== undefined) device.disk.capacityBytes = row.capacityBytes
  if (row.fullAt !== undefined) device.disk.faults.set('write', { pathEnds: row.fullAt, code: 'ENOSPC' })
  for (const cut of [...cuts, undefined]) {
    device.disk.armCut(cut)
    device.start()
    await device.run()
    if (device.disk.isOn) break
    counted.cuts += 1
    device.disk.restore(flavour, draw)
    const found = await bootable(device, row)
    if (found === undefined) continue
    fail(found)
    return device.disk.log
  }
  if (device.failure !== undefined) fail('a start ended in an exception', device.failure)
  const told = device.broker.told().filter(word => /^UPD|^done$|^failed$/.test(word))
  const running = await device.runningImage('main')
  const isNew = row.order === undefined && running?.equals(newMain) === true
  if (!isNew && running?.equals(oldMain) !== true) fail('it runs neither the old nor the new image')
  const hello = device.broker.hellos.at(-1)
  const said = hello?.components.find(({ name }) => name === 'main')?.digest
  if (said !== sha256Hex(isNew ? newMain : oldMain)) fail('the last hello says something else than what runs')
  if (row.setup.packageName !== undefined) {
    const data = await device.runningImage('data')
    if (data?.equals(isNew ? newData : oldData) !== true) fail('half of the package is old and half is new')
  }
  if (row.patch !== undefined) {
    const kinds = device.broker.requests.map(({ wanted }) => wanted.kind)
    if (!kinds.includes('patch')) fail('the patch was not asked for')
    if (cuts.length === 0 && kinds.includes('chunks') === row.name.endsWith('good')) fail('another way than the patch')
  }
  if (row.order === undefined) {
    if (isNew !== row.isNew) fail(`it runs the ${isNew ? 'new' : 'old'} image`, told)
    if (row.ends.length === 0 ? told.length > 0 : told.length !== 1 || !row.ends.includes(told[0] ?? ''))
      fail('the broker was told something else', told)
  } else {
    const now = device.disk.contentOf(configurationPath)?.toString() ?? ''
    if (JSON.stringify(JSON.parse(now)) !== (row.isNew ? newConfiguration : oldConfiguration.toString()))
      fail('the configuration is not what was told', now)
    if (told.length !== 1 || !row.ends.includes(told[0] ?? '')) fail('the broker was told something else', told)
  }
  if (device.outbox.length > 0) fail('something was never told', device.outbox)
  if (device.memory?.state.kind !== 'idle' || device.memory.command !== undefined) fail('it never ended', device.memory)
  await device.stop()
  t.pass(label)
  return device.disk.log
}

/** What is wrong right after a power cut; undefined: boot finds whole images and the configuration is whole. */
async function bootable(device: WholeDevice, { setup, order }: Row): Promise<string | undefined> {
  for (const { component, image } of setup.parts) {
    // Before its first record a device is started from what the factory left.
    const placed = device.disk.contentOf(`/data/components/${component}/record.json`) !== undefined
    const found = placed ? await device.runningImage(component).catch(String) : image
    if (typeof found === 'string') return found
    const wanted = component === 'main' ? newMain : newData
    if (found?.equals(image) !== true && found?.equals(wanted) !== true)
      return `no whole image of ${component} to start`
  }
  if (order === undefined) return undefined
  const now = device.disk.contentOf(configurationPath)?.toString()
  if (now === undefined) return 'no configuration'
  const same = [oldConfiguration.toString(), newConfiguration].some(
    text => now === text || now === `${JSON.stringify(JSON.parse(text), null, 2)}\n`,
  )
  return same ? undefined : `half a configuration: ${now}`
}

function some<T>(cases: readonly T[], count: number, draw: () => number): readonly T[] {
  return Array.from({ length: Math.min(count, cases.length) }, () => cases[Math.floor(draw() * cases.length)] as T)
}
