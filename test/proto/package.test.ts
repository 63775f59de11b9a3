import fc from 'fast-check'
import t from 'tap'
import { encode, type WirePackageDescriptor } from '../../proto/codec.ts'
import {
  encodePackageHead,
  encodePackageMetadata,
  type PackageExpectations,
  packageHeadBytes,
  packagePrefixBytes,
  readPackageHead,
  readPackageMetadata,
} from '../../proto/package.ts'
import { forAll, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

type WireImage = WirePackageDescriptor['images'][number]
const sha256 = Buffer.alloc(32, 7)
const one: WireImage = { component: 'boot', version: '1.2.3', size: 100, sha256, vendorData: Buffer.from('v') }
const two: WireImage = { component: 'app', version: '2.0.0', size: 50, sha256 }

function headOf(wire: WirePackageDescriptor): Buffer {
  const descriptor = encode('PackageDescriptor', wire)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(descriptor.length)
  return Buffer.concat([Buffer.from('DROVERK1'), length, descriptor])
}
const metadataOf = (head: Uint8Array) => ({ descriptorSize: head.length - packagePrefixBytes })
const without = (image: WireImage, field: keyof WireImage): WireImage => {
  const { [field]: _, ...rest } = image
  return rest
}

function judged(wire: WirePackageDescriptor, expected: PackageExpectations = {}, imagesBytes?: number): string {
  const head = headOf(wire)
  const sum = wire.images.reduce((total, { size = 0 }) => total + size, 0)
  const verdict = readPackageHead(head, metadataOf(head), head.length + (imagesBytes ?? sum), expected)
  return verdict.ok ? 'ok' : `${verdict.failure.code.slice(-2)} ${verdict.failure.data.field}`
}

t.test('a package says which images it brings, and where each begins', async t => {
  const head = headOf({ imageCount: 2, images: [one, two] })
  const verdict = readPackageHead(head, metadataOf(head), head.length + 150)
  t.match(verdict, {
    ok: true,
    head: {
      headBytes: head.length,
      images: [
        { component: 'boot', version: '1.2.3', sizeBytes: 100, sha256: '07'.repeat(32), offset: head.length },
        { component: 'app', version: '2.0.0', sizeBytes: 50, offset: head.length + 100 },
      ],
    },
  })
  t.equal(verdict.ok && Buffer.from(verdict.head.images[0]?.vendorData ?? []).toString(), 'v')
  t.equal(verdict.ok && verdict.head.images[1]?.vendorData.length, 0, 'vendor data may be absent')
})

t.test('each fault has its code, and of two faults the one that is judged first', async t => {
  const bad = (change: Partial<WireImage>): WirePackageDescriptor => ({
    imageCount: 2,
    images: [one, { ...two, ...change }],
  })
  const long = 'a'.repeat(33)
  const vendor = Buffer.alloc(257)
  const cases: readonly (readonly [string, string, string])[] = [
    ['good', judged({ imageCount: 2, images: [one, two] }), 'ok'],
    ['count absent', judged({ images: [one] }), '46 imageCount'],
    ['component absent', judged({ imageCount: 1, images: [without(one, 'component')] }), '46 images.0.component'],
    ['version absent', judged({ imageCount: 1, images: [without(one, 'version')] }), '46 images.0.version'],
    ['size absent', judged({ imageCount: 1, images: [without(one, 'size')] }), '46 images.0.size'],
    ['digest absent', judged({ imageCount: 1, images: [without(one, 'sha256')] }), '46 images.0.sha256'],
    ['name empty', judged(bad({ component: '' })), '46 images.1.component'],
    ['name with a slash', judged(bad({ component: '../x' })), '46 images.1.component'],
    ['name of every object', judged(bad({ component: 'constructor' })), '46 images.1.component'],
    ['version of two numbers', judged(bad({ version: '1.2' })), '46 images.1.version'],
    ['version above 999', judged(bad({ version: '1.2.1000' })), '46 images.1.version'],
    ['size 0', judged(bad({ size: 0 })), '46 images.1.size'],
    ['size past the package', judged(bad({ size: 2 ** 40 }), {}, 150), '46 images.1.size'],
    ['digest of 31 bytes', judged(bad({ sha256: sha256.subarray(1) })), '46 images.1.sha256'],
    ['a byte too many', judged({ imageCount: 2, images: [one, two] }, {}, 151), '46 images.size'],
    ['a byte too few', judged({ imageCount: 2, images: [one, two] }, {}, 149), '46 images.size'],
    ['count too high', judged({ imageCount: 3, images: [one, two] }), '47 imageCount'],
    ['count too low', judged({ imageCount: 1, images: [one, two] }), '47 imageCount'],
    ['no image', judged({ imageCount: 0, images: [] }), '47 imageCount'],
    ['nine images', judged({ imageCount: 9, images: Array(9).fill(one) }), '47 imageCount'],
    ['more than the device takes', judged({ imageCount: 2, images: [one, two] }, { imagesMax: 1 }), '47 imageCount'],
    ['name too long', judged(bad({ component: long })), '48 images.1.component'],
    ['name of 32', judged(bad({ component: 'a'.repeat(32) })), 'ok'],
    ['longer than the device takes', judged(bad({}), { nameBytesMax: 3 }), '48 images.0.component'],
    ['vendor data too long', judged(bad({ vendorData: vendor })), '49 images.1.vendorData'],
    ['vendor data of 256', judged(bad({ vendorData: vendor.subarray(1) })), 'ok'],
    ['46 before 47', judged({ imageCount: 3, images: [one, without(two, 'size')] }), '46 images.1.size'],
    ['47 before 48', judged({ imageCount: 3, images: [{ ...one, component: long }, two] }), '47 imageCount'],
    [
      '48 before 49, whatever image',
      judged({
        imageCount: 2,
        images: [
          { ...one, vendorData: vendor },
          { ...two, component: long },
        ],
      }),
      '48 images.1.component',
    ],
  ]
  for (const [what, found, expected] of cases) t.equal(found, expected, what)
})

t.test('a head that is no head is 46', async t => {
  const head = headOf({ imageCount: 1, images: [one] })
  const metadata = metadataOf(head)
  const told = Buffer.from(head)
  told.writeUInt32LE(metadata.descriptorSize + 1, 8)
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['nothing', new Uint8Array(0), 'package'],
    ['cut', head.subarray(0, -1), 'package'],
    ['longer', Buffer.concat([head, Buffer.of(0)]), 'package'],
    ['another magic', Buffer.concat([Buffer.from('DROVERB1'), head.subarray(8)]), 'magic'],
    ['another length', told, 'descriptorSize'],
    ['garbage', Buffer.concat([head.subarray(0, 12), Buffer.alloc(metadata.descriptorSize, 255)]), 'PackageDescriptor'],
  ]
  for (const [what, bytes, field] of cases) {
    const verdict = readPackageHead(bytes, metadata, head.length + 100)
    t.match(verdict, { ok: false, failure: { code: 'UPD4_FAIL_46', data: { field } } }, what)
  }
})

t.test('what is written reads back, and any changed byte of it never throws', async t => {
  const name = fc.stringMatching(/^[a-z][a-z0-9._-]{0,31}$/)
  const number = fc.nat(999)
  const image = fc.record({
    component: name,
    version: fc.tuple(number, number, number).map(parts => parts.join('.')),
    sizeBytes: fc.integer({ min: 1, max: 2 ** 31 }),
    sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes).toString('hex')),
    vendorData: fc.uint8Array({ maxLength: 256 }),
  })
  forAll(
    fc.tuple(fc.array(image, { minLength: 1, maxLength: 8 }), fc.nat(), fc.nat(255)),
    300,
    ([images, at, byte]) => {
      const head = encodePackageHead(images)
      const metadata = readPackageMetadata(encodePackageMetadata(metadataOf(head)))
      if (packageHeadBytes(metadata) !== head.length) throw new Error('length')
      const packageBytes = images.reduce((sum, { sizeBytes }) => sum + sizeBytes, head.length)
      const verdict = readPackageHead(head, metadata, packageBytes)
      if (!verdict.ok) throw new Error(JSON.stringify(verdict.failure))
      for (const [place, { offset: _, ...read }] of verdict.head.images.entries())
        if (JSON.stringify(read) !== JSON.stringify(images[place])) throw new Error(`image ${place}`)
      head[at % head.length] = byte
      const changed = readPackageHead(head, metadata, packageBytes)
      if (!changed.ok && !/^UPD4_FAIL_4[6-9]$/.test(changed.failure.code)) throw new Error(changed.failure.code)
    },
  )
  t.pass('all of them')
})

t.test('the size of the descriptor stands within its limits', async t => {
  t.strictSame(readPackageMetadata(encodePackageMetadata({ descriptorSize: 65536 })), { descriptorSize: 65536 })
  for (const descriptorSize of [0, 65537])
    t.throws(() => readPackageMetadata(encodePackageMetadata({ descriptorSize })), { name: 'WireError' })
})
