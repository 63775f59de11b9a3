// The codes of a combined package for two components of the device.
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { decode, encode } from '../../../proto/codec.ts'
import { encodePackageMetadata, packagePrefixBytes } from '../../../proto/package.ts'
import { makePackage } from '../../fixtures/patch.ts'
import type { Wishes } from './offers.ts'
import { Scene } from './scene.ts'

const scene = await Scene.open(t)
const device = {
  settings: {
    components: [
      { name: 'main', version: '1.0.0', image: 'factory', reboot: false },
      { name: 'radio', version: '1.0.0', image: 'factory', reboot: false },
      { name: 'all', version: '1.0.0', installer: 'package', members: ['main', 'radio'] },
    ],
  },
}

type Images = Parameters<typeof makePackage>[0]
const images = (): Images =>
  ['main', 'radio'].map(component => ({ component, version: '2.0.0', bytes: randomBytes(5_000) }))
type Made = ReturnType<typeof makePackage>

function offer({ bytes: image, metadata }: Made = makePackage(images())): Wishes {
  return { image, component: 'all', manifest: { format: 'combined', metadata } }
}

interface Descriptor {
  imageCount?: number
  images: { component?: string; version?: string; size?: number; sha256?: Uint8Array; vendorData?: Uint8Array }[]
}
/** The package with its descriptor changed, and lengths that fit again. */
function described(change: (descriptor: Descriptor) => void, given = images()): Wishes {
  const { bytes } = makePackage(given)
  const length = bytes.readUInt32LE(packagePrefixBytes - 4)
  const end = packagePrefixBytes + length
  const descriptor = decode('PackageDescriptor', bytes.subarray(packagePrefixBytes, end), 65_536)
  change(descriptor as unknown as Descriptor)
  const encoded = encode('PackageDescriptor', descriptor)
  const head = Buffer.from(bytes.subarray(0, packagePrefixBytes))
  head.writeUInt32LE(encoded.length, packagePrefixBytes - 4)
  return offer({
    bytes: Buffer.concat([head, encoded, bytes.subarray(end)]),
    metadata: encodePackageMetadata({ descriptorSize: encoded.length }),
  })
}
function first({ images: [image] }: Descriptor): Descriptor['images'][number] {
  if (image === undefined) throw new Error('no image')
  return image
}

t.test('UPD4_FAIL_46: a descriptor that does not decode, or that the bytes contradict', async t => {
  await scene.proves(
    t,
    'UPD4_FAIL_46',
    { device, offer: offer() },
    {
      nonsense: {
        device,
        offer: offer(
          (() => {
            const made = makePackage(images())
            made.bytes.fill(0xff, packagePrefixBytes, packagePrefixBytes + 8)
            return made
          })(),
        ),
        says: { field: /^PackageDescriptor/, reason: 'malformed' },
      },
      'no magic': {
        device,
        offer: offer(
          (() => {
            const made = makePackage(images())
            made.bytes.write('DROVERK2')
            return made
          })(),
        ),
        says: { field: 'magic' },
      },
      'another length than was signed': {
        device,
        offer: offer({ ...makePackage(images()), metadata: encodePackageMetadata({ descriptorSize: 20 }) }),
        says: { field: 'descriptorSize', expected: '20' },
      },
      'a size that the bytes contradict': {
        device,
        offer: described(descriptor => (first(descriptor).size = 4_999)),
        says: { field: 'images.size', expected: /^\d+ bytes$/, actual: /^\d+ bytes$/ },
      },
      'a digest of 31 bytes': {
        device,
        offer: described(descriptor => (first(descriptor).sha256 = new Uint8Array(31))),
        says: { field: 'images.0.sha256', expected: '32 bytes', actual: '31' },
      },
    },
  )
})

t.test('UPD4_FAIL_47: another number of images than is told, or more than a device takes', async t => {
  const many = Array.from({ length: 9 }, (_, number) => ({
    component: `part-${number}`,
    version: '2.0.0',
    bytes: randomBytes(10),
  }))
  await scene.proves(
    t,
    'UPD4_FAIL_47',
    { device, offer: offer() },
    {
      'three told, two there': {
        device,
        offer: described(descriptor => (descriptor.imageCount = 3)),
        says: { field: 'imageCount', expected: '2', actual: '3' },
      },
      nine: { device, offer: offer(makePackage(many)), says: { field: 'imageCount', expected: '1 to 8', actual: '9' } },
    },
  )
})

t.test('UPD4_FAIL_48: a name that is too long', async t => {
  const named = (component: string): Wishes =>
    offer(makePackage(images().map((image, number) => (number === 1 ? { ...image, component } : image))))
  const name = 'r'.repeat(32)
  const [main, radio, all] = device.settings.components
  const renamed = {
    settings: { components: [main, { ...radio, name }, { ...all, members: ['main', name] }] },
  }
  await scene.proves(
    t,
    'UPD4_FAIL_48',
    { device: renamed, offer: named(name) },
    {
      'of 33 bytes': {
        device,
        offer: named(`${name}r`),
        says: { field: 'images.1.component', expected: '32 bytes', actual: '33' },
      },
    },
  )
})

t.test('UPD4_FAIL_49: too much vendor data of one image', async t => {
  const with256 = (count: number): Wishes =>
    offer(makePackage(images().map(image => ({ ...image, vendorData: randomBytes(count) }))))
  await scene.proves(
    t,
    'UPD4_FAIL_49',
    { device, offer: with256(256) },
    {
      '257 bytes': {
        device,
        offer: with256(257),
        says: { field: 'images.0.vendorData', expected: '256 bytes', actual: '257' },
      },
    },
  )
})

t.test('UPD4_FAIL_41: images for other components than the package has here', async t => {
  const named = (component: string): Wishes =>
    offer(makePackage(images().map((image, number) => (number === 1 ? { ...image, component } : image))))
  await scene.proves(
    t,
    'UPD4_FAIL_41',
    { device, offer: named('radio') },
    {
      stranger: {
        device,
        offer: named('motor'),
        says: { reason: 'package-members', expected: 'main radio', actual: 'main motor' },
      },
      'one is missing': {
        device,
        offer: offer(makePackage(images().slice(0, 1))),
        says: { reason: 'package-members', expected: 'main radio', actual: 'main' },
      },
    },
  )
})

t.test('UPD4_FAIL_26: an image of the package is not what its descriptor says', async t => {
  await scene.proves(
    t,
    'UPD4_FAIL_26',
    { device, offer: offer() },
    {
      radio: {
        device,
        offer: described(({ images: [, radio] }) => {
          if (radio !== undefined) radio.sha256 = new Uint8Array(32)
        }),
        says: { reason: 'package-image', field: 'radio', expected: '00'.repeat(32), actual: /^[0-9a-f]{64}$/ },
      },
    },
  )
})

t.test('UPD4_FAIL_27: an image of the package is not newer than what its component has', async t => {
  await scene.proves(
    t,
    'UPD4_FAIL_27',
    { device, offer: offer() },
    {
      radio: {
        device,
        offer: offer(
          makePackage(images().map((image, number) => (number === 1 ? { ...image, version: '1.0.0' } : image))),
        ),
        says: { reason: 'package-image', field: 'radio', expected: 'above 1.0.0', actual: '1.0.0' },
      },
    },
  )
})
