// Vectors of payloads that are no image themselves: patches (their frames, not what zstd makes of them) and the heads of
// combined packages.
import { encode, type WirePackageDescriptor } from '../../proto/codec.ts'
import { packagePrefixBytes, readPackageHead } from '../../proto/package.ts'
import {
  type DeltaMetadata,
  encodeDeltaMetadata,
  encodePatchFrameHead,
  PatchError,
  PatchReader,
  patchMagic,
  readDeltaMetadata,
} from '../../proto/patch.ts'
import { sha256, stream } from './sample.ts'
import { base64, type Json, jsonOf, type VectorCase, type VectorFile } from './vector-file.ts'

const metadata: DeltaMetadata = { baseSize: 5000, frameBytesMax: 1000, baseBytesMax: 2000, encodedBytesMax: 300 }
const bodies = stream('drover test frames', 600)
type Head = Parameters<typeof encodePatchFrameHead>[0]

const first: Head = { outputBytes: 1000, baseOffset: 7, baseBytes: 2000, encodedBytes: 300 }
const second: Head = { outputBytes: 1, baseOffset: 4000, baseBytes: 1000, encodedBytes: 10 }
const third: Head = { outputBytes: 20, baseOffset: 0, baseBytes: 0, encodedBytes: 29 }

function patchOf(...heads: readonly Head[]): Buffer {
  const frames = heads.flatMap(head => [encodePatchFrameHead(head), bodies.subarray(0, head.encodedBytes)])
  return Buffer.concat([patchMagic, ...frames])
}

const good = patchOf(first, second, third)
const bad = (reason: string): Json => ({ code: 'UPD4_FAIL_42', reason })
const patchRows: readonly [name: string, about: string, bytes: Buffer, expect: Json | undefined, size?: number][] = [
  ['three frames', 'The second names a range that reaches to the end of the base, the third none.', good, undefined],
  ['one byte', 'A frame has one byte of output at least.', patchOf(second), undefined, 1],
  ['empty', 'No bytes.', Buffer.alloc(0), bad('truncated')],
  ['another magic', 'DROVERP2.', Buffer.concat([Buffer.from('DROVERP2'), good.subarray(8)]), bad('magic')],
  ['no frame', 'The magic alone.', good.subarray(0, 8), bad('truncated')],
  ['cut in a head', 'The last byte of the first head is missing.', good.subarray(0, 27), bad('truncated')],
  ['cut in a frame', 'The last byte is missing.', good.subarray(0, -1), bad('truncated')],
  ['cut between frames', 'The third frame is missing.', patchOf(first, second), bad('truncated')],
  ['bytes left over', 'One byte after the image is whole.', Buffer.concat([good, Buffer.of(0)]), bad('trailing')],
  ['a frame too many', 'The image is whole after the second.', good, bad('trailing'), 1001],
  ['past the image', 'The second frame has more than what is missing.', patchOf(first, first), bad('output-size')],
  ['output 0', 'A frame of nothing.', patchOf({ ...first, outputBytes: 0 }), bad('limits')],
  ['output over the limit', 'One byte.', patchOf({ ...first, outputBytes: 1001 }), bad('limits')],
  ['base over the limit', 'One byte.', patchOf({ ...first, baseBytes: 2001 }), bad('limits')],
  ['frame of 0 bytes', 'No zstd frame is empty.', patchOf({ ...first, encodedBytes: 0 }), bad('limits')],
  ['frame over the limit', 'One byte.', patchOf({ ...first, encodedBytes: 301 }), bad('limits')],
  ['range past the base', 'One byte.', patchOf({ ...second, baseOffset: 4001 }), bad('base-range')],
  ['offset over 2^53', 'Never cut off.', patchOf({ ...third, baseOffset: 2 ** 60 }), bad('base-range')],
]

export function patches(): VectorFile {
  return {
    kind: 'patch',
    about: 'A patch with the metadata of its manifest (base64): its frames, or why there is no reading it.',
    cases: patchRows.map(([name, about, bytes, expect, installedSize = 1021]) => {
      const vector = {
        name,
        about,
        metadata: base64(encodeDeltaMetadata(metadata)),
        installedSize,
        bytes: base64(bytes),
      }
      return { ...vector, expect: expect ?? judgePatch({ ...vector }) }
    }),
  }
}

/** Frames with the SHA-256 of the zstd frame. */
export function judgePatch(vector: VectorCase): Json {
  const bytes = Buffer.from(String(vector.bytes), 'base64')
  const read = readDeltaMetadata(Buffer.from(String(vector.metadata), 'base64'))
  const frames: Json[] = []
  try {
    const reader = new PatchReader(read, bytes.length, Number(vector.installedSize))
    for (let wants = reader.wants; wants !== undefined; wants = reader.wants) {
      const frame = reader.take(bytes.subarray(wants.offset, wants.offset + wants.length))
      if (frame === undefined) continue
      const { encoded, ...facts } = frame
      frames.push(jsonOf({ ...facts, encodedBytes: encoded.length, encodedSha256: sha256(encoded) }))
    }
    return { frames }
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    return { code: 'UPD4_FAIL_42', reason: error.reason }
  }
}

type WireImage = WirePackageDescriptor['images'][number]
const boot: WireImage = {
  component: 'boot',
  version: '1.2.3',
  size: 100,
  sha256: sha256(stream('drover test boot', 100)),
  vendorData: Buffer.from('for the vendor'),
}
const app: WireImage = { component: 'app', version: '2.0.0', size: 50, sha256: sha256(stream('drover test app', 50)) }
const long = 'a'.repeat(33)
const talkative = Buffer.alloc(257, 1)

function headOf(images: readonly WireImage[], imageCount: number | undefined = images.length): Buffer {
  const descriptor = encode('PackageDescriptor', { ...(imageCount < 0 ? {} : { imageCount }), images: [...images] })
  const length = Buffer.alloc(4)
  length.writeUInt32LE(descriptor.length)
  return Buffer.concat([Buffer.from('DROVERK1'), length, descriptor])
}

function without(image: WireImage, field: keyof WireImage): WireImage {
  const { [field]: _, ...rest } = image
  return rest
}

const whole = headOf([boot, app])
const code = (number: number, field: string): Json => ({ code: `UPD4_FAIL_${number}`, field })
const lengthened = Buffer.from(whole)
lengthened.writeUInt32LE(whole.length, 8)
/** `images`: bytes that follow the head. */
const packageRows: readonly [name: string, about: string, head: Buffer, expect: Json | undefined, images?: number][] = [
  ['two images', 'In the order of installing.', whole, undefined],
  ['eight images', 'As many as there may be.', headOf(Array<WireImage>(8).fill(app)), undefined, 400],
  [
    'another magic',
    'That of a bundle.',
    Buffer.concat([Buffer.from('DROVERB1'), whole.subarray(8)]),
    code(46, 'magic'),
  ],
  ['another length', 'The head says another length than the manifest.', lengthened, code(46, 'descriptorSize')],
  [
    'garbage',
    'No protobuf.',
    Buffer.concat([whole.subarray(0, 12), Buffer.alloc(whole.length - 12, 255)]),
    code(46, 'PackageDescriptor'),
  ],
  ['count absent', 'Required.', headOf([boot, app], -1), code(46, 'imageCount')],
  ['component absent', 'Required.', headOf([boot, without(app, 'component')]), code(46, 'images.1.component')],
  ['version absent', 'Required.', headOf([boot, without(app, 'version')]), code(46, 'images.1.version')],
  ['size absent', 'Required.', headOf([boot, without(app, 'size')]), code(46, 'images.1.size'), 100],
  ['digest absent', 'Required.', headOf([boot, without(app, 'sha256')]), code(46, 'images.1.sha256')],
  [
    'name with a slash',
    'No component is called so.',
    headOf([boot, { ...app, component: 'a/b' }]),
    code(46, 'images.1.component'),
  ],
  [
    'version of two numbers',
    'Three of them.',
    headOf([boot, { ...app, version: '1.2' }]),
    code(46, 'images.1.version'),
  ],
  [
    'version above 999',
    'Each up to 999.',
    headOf([boot, { ...app, version: '1.2.1000' }]),
    code(46, 'images.1.version'),
  ],
  [
    'digest of 31 bytes',
    'SHA-256 has 32.',
    headOf([boot, { ...app, sha256: Buffer.alloc(31) }]),
    code(46, 'images.1.sha256'),
  ],
  ['size 0', 'An image has one byte at least.', headOf([boot, { ...app, size: 0 }]), code(46, 'images.1.size'), 100],
  ['a byte left over', 'The sizes add up to less than the package.', whole, code(46, 'images.size'), 151],
  ['a byte missing', 'The sizes add up to more than the package.', whole, code(46, 'images.size'), 149],
  ['count too high', 'Three told, two there.', headOf([boot, app], 3), code(47, 'imageCount')],
  ['count too low', 'One told, two there.', headOf([boot, app], 1), code(47, 'imageCount')],
  ['no image', 'One at least.', headOf([]), code(47, 'imageCount'), 0],
  ['nine images', 'Eight at most.', headOf(Array<WireImage>(9).fill(app)), code(47, 'imageCount'), 450],
  ['name of 33 bytes', '32 at most.', headOf([boot, { ...app, component: long }]), code(48, 'images.1.component')],
  [
    'vendor data of 257 bytes',
    '256 at most.',
    headOf([boot, { ...app, vendorData: talkative }]),
    code(49, 'images.1.vendorData'),
  ],
  [
    '46 before 47',
    'Of two faults the first in the order of judging is told.',
    headOf([boot, without(app, 'sha256')], 3),
    code(46, 'images.1.sha256'),
  ],
  [
    '48 before 49',
    'Over all images, whichever comes first.',
    headOf([
      { ...boot, vendorData: talkative },
      { ...app, component: long },
    ]),
    code(48, 'images.1.component'),
  ],
]

export function packages(): VectorFile {
  return {
    kind: 'package',
    about: 'The head of a combined package of `packageSize` bytes, whose manifest says `descriptorSize`.',
    cases: packageRows.map(([name, about, head, expect, images = 150]) => {
      const packageSize = head.length + images
      const vector = { name, about, packageSize, descriptorSize: head.length - packagePrefixBytes, bytes: base64(head) }
      return { ...vector, expect: expect ?? judgePackage({ ...vector }) }
    }),
  }
}

export function judgePackage(vector: VectorCase): Json {
  const bytes = Buffer.from(String(vector.bytes), 'base64')
  const verdict = readPackageHead(bytes, { descriptorSize: Number(vector.descriptorSize) }, Number(vector.packageSize))
  if (verdict.ok) return jsonOf({ images: verdict.head.images })
  return jsonOf({ code: verdict.failure.code, field: verdict.failure.data.field })
}
