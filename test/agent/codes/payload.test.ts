// The codes of making an image from a patch, and those of a runtime that fails while it is made.
import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { encodeDeltaMetadata } from '../../../proto/patch.ts'
import { makePatch, type TestPatch } from '../../fixtures/patch.ts'
import { sha256Hex } from '../fakes/release.ts'
import type { Wishes } from './offers.ts'
import { Scene } from './scene.ts'
import { type DeviceWishes, factoryImage } from './scene-device.ts'

const scene = await Scene.open(t)

/** From the factory image to another one; `bend` spoils the patch before it is signed. */
function delta(bend: (patch: TestPatch) => Partial<TestPatch> = () => ({}), signed?: Uint8Array): Wishes {
  const made = Buffer.concat([factoryImage.subarray(0, 15_000), randomBytes(5_000)])
  const good = makePatch(factoryImage, made, { frameBytes: 8192 })
  const { bytes: image, metadata } = { ...good, ...bend(good) }
  const installed = signed ?? made
  return {
    image,
    manifest: {
      ...{ format: 'delta-zstd', metadata: encodeDeltaMetadata(metadata), precursorSha256: sha256Hex(factoryImage) },
      ...{ installedSize: installed.length, installedSha256: sha256Hex(installed) },
    },
  }
}
/** The bytes of the patch with some of them changed. */
const written =
  (change: (bytes: Buffer) => void) =>
  ({ bytes }: TestPatch) => {
    const copy = Buffer.from(bytes)
    change(copy)
    return { bytes: copy }
  }

t.test('UPD4_FAIL_42: a patch that is none, is cut off, or names what the base does not have', async t => {
  await scene.proves(
    t,
    'UPD4_FAIL_42',
    { offer: delta() },
    {
      magic: { offer: delta(written(bytes => bytes.write('DROVERP2'))), says: { reason: 'magic' } },
      'cut off': { offer: delta(({ bytes }) => ({ bytes: bytes.subarray(0, -1) })), says: { reason: 'truncated' } },
      trailing: {
        offer: delta(({ bytes }) => ({ bytes: Buffer.concat([bytes, Buffer.of(0)]) })),
        says: { reason: 'trailing', actual: /1 byte/ },
      },
      'a frame that is no zstd': {
        offer: delta(written(bytes => bytes.fill(0xee, 28, 60))),
        says: { reason: 'frame', actual: 'frame at 0' },
      },
      'a reference outside the base': {
        offer: delta(written(bytes => bytes.writeUInt32LE(19_000, 12))),
        says: { reason: 'base-range' },
      },
      'a base that is longer than what is installed': {
        offer: delta(({ metadata }) => ({ metadata: { ...metadata, baseSize: 20_001 } })),
        says: { reason: 'base-range', expected: '20001 bytes', actual: '20000 bytes' },
      },
    },
  )
})

t.test('UPD4_FAIL_26: a patch that makes another image than the signed one', async t => {
  const other = randomBytes(20_000)
  await scene.proves(
    t,
    'UPD4_FAIL_26',
    { offer: delta() },
    {
      reconstructed: {
        offer: delta(undefined, other),
        says: { reason: 'image', expected: sha256Hex(other), actual: /^[0-9a-f]{64}$/ },
      },
    },
  )
})

/** No patch can do this to a decoder; a device with a broken one can. */
function brokenDecoder(decode: () => never): DeviceWishes {
  return { wrapPorts: ports => ({ ...ports, patches: { decode } }) }
}
function fails(act: () => unknown): never {
  act()
  throw new Error('it should have thrown')
}

t.test('UPD4_FAIL_41: an exception that nobody foresaw', async t => {
  const device = brokenDecoder(() => {
    throw new Error('no decoder on this device')
  })
  await scene.proves(
    t,
    'UPD4_FAIL_41',
    { offer: delta() },
    {
      thrown: { device, offer: delta(), says: { reason: 'no decoder on this device' } },
    },
  )
})

t.test('UPD4_FAIL_34: an allocation that the runtime refuses', async t => {
  const device = brokenDecoder(() => fails(() => new ArrayBuffer(2 ** 50)))
  await scene.proves(
    t,
    'UPD4_FAIL_34',
    { offer: delta() },
    {
      refused: { device, offer: delta(), says: { reason: 'allocation', actual: /allocation failed/ } },
    },
  )
})

t.test('UPD4_FAIL_43: a hash engine that is not there', async t => {
  const device = brokenDecoder(() => fails(() => createHash('sha-none')))
  await scene.proves(
    t,
    'UPD4_FAIL_43',
    { offer: delta() },
    {
      missing: { device, offer: delta(), says: { reason: 'engine', actual: /not supported/ } },
    },
  )
})
