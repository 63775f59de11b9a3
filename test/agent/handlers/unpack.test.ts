import { createHash } from 'node:crypto'
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { PayloadFile } from '../../../agent/adapters/slots-files/payload-file.ts'
import { SlotsFiles } from '../../../agent/adapters/slots-files/slots-files.ts'
import { ZstdPatches } from '../../../agent/adapters/zstd-delta.ts'
import { unpackDelta, unpackPackage } from '../../../agent/handlers/unpack.ts'
import type { Disk, Installer, PatchDecoder } from '../../../agent/ports.ts'
import { componentFolder, openComponent } from '../../../agent/storage/slot-folder.ts'
import type { Manifest } from '../../../proto/manifest.ts'
import { encodeDeltaMetadata, patchFrameHeadBytes } from '../../../proto/patch.ts'
import { makeImage } from '../../fixtures/bundle.ts'
import { imageBytes, PackageDevice, type Part, packageOf, place, updateOf } from '../../fixtures/package-device.ts'
import { makePackage, makePatch } from '../../fixtures/patch.ts'
import { quickDisk } from '../../fixtures/quick-disk.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const never = new AbortController().signal
const patches = new ZstdPatches()
const installed = makeImage(400_000, 1, 0.5)
const image = Buffer.concat([installed.subarray(0, 150_000), Buffer.from('new code'), installed.subarray(90_000)])
const patch = makePatch(installed, image)

interface Device {
  readonly installer: SlotsFiles
  readonly payloads: PayloadFile
  readonly folder: string
}

async function deviceWith(t: Test, bytes: Uint8Array, disk: Disk = quickDisk): Promise<Device> {
  const folder = t.testdir({ initial: Buffer.from(bytes) })
  const initial = { version: '1.0.0', image: join(folder, 'initial') }
  await openComponent(quickDisk, componentFolder(folder, 'app'), initial)
  const common = { dataDir: folder, storageBytesMax: undefined }
  const installer = new SlotsFiles(disk, { component: 'app', restart: 'none', runningSlot: undefined, ...common })
  t.teardown(() => installer.close())
  return { installer, payloads: new PayloadFile(disk, common), folder }
}

function manifestFor(bytes: Uint8Array, changes: Partial<Manifest> = {}): Manifest {
  return {
    format: 'delta-zstd',
    payloadSize: bytes.length,
    payloadSha256: sha256(bytes),
    installedSize: image.length,
    installedSha256: sha256(image),
    precursorSha256: sha256(installed),
    metadata: encodeDeltaMetadata(patch.metadata),
    ...changes,
  } as unknown as Manifest
}

async function store({ payloads }: Device, bytes: Uint8Array): Promise<void> {
  const candidate = await payloads.open(bytes.length)
  await candidate.write(0, bytes)
  await candidate.sync()
  await candidate.close()
}

t.test('a patch makes the new image in the inactive slot, as often as it is asked to', async t => {
  const device = await deviceWith(t, installed)
  await store(device, patch.bytes)
  t.ok(patch.bytes.length < image.length / 4, `${patch.bytes.length} bytes for ${image.length}`)
  for (let time = 0; time < 2; time += 1) {
    t.equal(
      await unpackDelta({ payloads: device.payloads, patches }, device.installer, manifestFor(patch.bytes), never),
      undefined,
    )
    t.same(await device.installer.hash('b'), { digest: sha256(image), sizeBytes: image.length })
  }
  const { installer } = device
  await installer.install({ version: '2.0.0', digest: sha256(image), sizeBytes: image.length }, 1)
  t.equal((await installer.readActiveIndex())?.length, 0, 'no older index vouches for it')
})

t.test('every patch that is no good is 42, with what is wrong with it', async t => {
  const device = await deviceWith(t, installed)
  const frameAt = (at: number, change: (head: Buffer) => void): Buffer => {
    const bytes = Buffer.from(patch.bytes)
    change(bytes.subarray(at))
    return bytes
  }
  const spoiled = Buffer.from(patch.bytes)
  const inFirst = 8 + patchFrameHeadBytes + 9
  spoiled[inFirst] = (spoiled[inFirst] ?? 0) ^ 0xff
  const cases: readonly (readonly [string, Buffer, Partial<Manifest>, string])[] = [
    ['another magic', frameAt(0, head => head.write('DROVERP2')), {}, 'magic'],
    ['truncated', patch.bytes.subarray(0, -1), {}, 'truncated'],
    ['a byte too many', Buffer.concat([patch.bytes, Buffer.of(1)]), {}, 'trailing'],
    ['a range past the base', frameAt(8, head => head.writeBigUInt64LE(400_000n, 4)), {}, 'base-range'],
    ['an output over the limit', frameAt(8, head => head.writeUInt32LE(70_000, 0)), {}, 'limits'],
    ['more than the image', patch.bytes, { installedSize: image.length - 1 }, 'output-size'],
    ['less than the image', patch.bytes, { installedSize: image.length + 1 }, 'truncated'],
    ['a frame that does not decode', spoiled, {}, 'frame'],
    [
      'a base longer than what is installed',
      patch.bytes,
      { metadata: encodeDeltaMetadata({ ...patch.metadata, baseSize: 400_001 }) },
      'base-range',
    ],
  ]
  for (const [what, bytes, changes, reason] of cases) {
    await store(device, bytes)
    const failure = await unpackDelta(
      { payloads: device.payloads, patches },
      device.installer,
      manifestFor(bytes, changes),
      never,
    )
    t.match(failure, { code: 'UPD4_FAIL_42', data: { reason } }, what)
    t.match(await device.installer.status(), { active: { version: '1.0.0' }, running: 'a' }, `${what}: nothing changed`)
  }
})

t.test('what the store lost is not blamed on the patch, nor what the installed image lost', async t => {
  const device = await deviceWith(t, installed)
  const work = { payloads: device.payloads, patches }
  await store(device, patch.bytes)
  const payload = join(device.folder, 'components/.payload/image')
  const bytes = readFileSync(payload)
  bytes[200] = (bytes[200] ?? 0) ^ 1
  writeFileSync(payload, bytes)
  t.match(await unpackDelta(work, device.installer, manifestFor(patch.bytes), never), {
    code: 'UPD4_FAIL_26',
    data: { reason: 'payload', expected: sha256(patch.bytes), actual: sha256(bytes) },
  })
  truncateSync(payload, 100)
  await t.rejects(unpackDelta(work, device.installer, manifestFor(patch.bytes), never), {
    code: 'STORAGE_READ_FAILED',
    errno: 'SHORT',
  })
  await store(device, patch.bytes)
  const active = join(componentFolder(device.folder, 'app'), 'a/image')
  const changed = Buffer.from(installed).fill(0, 100_000, 120_000)
  writeFileSync(active, changed)
  const blind: PatchDecoder = { decode: () => undefined }
  t.match(await unpackDelta({ ...work, patches: blind }, device.installer, manifestFor(patch.bytes), never), {
    code: 'UPD4_FAIL_32',
    data: { reason: 'image-changed', expected: sha256(installed), actual: sha256(changed) },
  })
})

t.test('memory is one frame: nothing longer is ever asked of a disk or a decoder', async t => {
  let longest = 0
  const watched: Disk = {
    ...quickDisk,
    open: async (path, how, mode) => {
      const file = await quickDisk.open(path, how, mode)
      return {
        ...file,
        read: (offset, length) => {
          longest = Math.max(longest, length)
          return file.read(offset, length)
        },
        write: (offset, bytes) => {
          longest = Math.max(longest, bytes.length)
          return file.write(offset, bytes)
        },
      }
    },
  }
  const device = await deviceWith(t, installed, watched)
  await store({ ...device, payloads: new PayloadFile(quickDisk, { dataDir: device.folder }) }, patch.bytes)
  longest = 0
  await unpackDelta({ payloads: device.payloads, patches }, device.installer, manifestFor(patch.bytes), never)
  t.ok(longest > 0 && longest <= 256 * 1024, `${longest} bytes at once`)
})

t.test('an abort ends it between two frames, without a word', async t => {
  const device = await deviceWith(t, installed)
  await store(device, patch.bytes)
  const controller = new AbortController()
  let frames = 0
  const counting: PatchDecoder = {
    decode: (frame, base, outputBytes) => {
      frames += 1
      if (frames === 2) controller.abort()
      return patches.decode(frame, base, outputBytes)
    },
  }
  const work = { payloads: device.payloads, patches: counting }
  t.equal(await unpackDelta(work, device.installer, manifestFor(patch.bytes), controller.signal), undefined)
  t.equal(frames, 2)
  t.equal(
    await unpackDelta({ payloads: device.payloads, patches }, device.installer, manifestFor(patch.bytes), never),
    undefined,
  )
  t.match(await device.installer.hash('b'), { digest: sha256(image) })
})

// ---- packages --------------------------------------------------------------------------------

const part = (component: string, version: string, text = `${component} ${version}`): Part => ({
  component,
  version,
  text,
  restart: 'none',
})
const old = [part('app', '1.5.0'), part('model', '1.5.0')]

async function unpacked(t: Test, parts: readonly Part[], spoil: (bytes: Buffer) => void = () => {}) {
  const device = await PackageDevice.make(t.testdir(), old)
  const { installer, members } = await device.open()
  const update = packageOf('2.0.0', parts)
  const bytes = Buffer.from(update.bytes)
  spoil(bytes)
  await place(installer, bytes)
  const failure = await unpackPackage(installer, members, update.manifest, never)
  t.match(await device.runs(), [/^app /, /^model /])
  return { failure, members, device }
}

t.test('the images of a package come to their components, those that run already are left out', async t => {
  const parts = [part('app', '2.0.0'), part('model', '1.5.0')]
  const { failure, members } = await unpacked(t, parts)
  t.equal(failure, undefined)
  t.match(await members[0]?.hash('b'), { digest: sha256(imageBytes(parts[0] as Part)) })
  await t.rejects(async () => members[1]?.hash('b'), { code: 'STORED_THING_MISSING' }, 'nothing was made for the model')
})

t.test('each fault of a package has its code', async t => {
  const fresh = [part('app', '2.0.0'), part('model', '2.0.0')]
  const cases: readonly (readonly [string, readonly Part[], ((bytes: Buffer) => void) | undefined, object])[] = [
    ['good', fresh, undefined, { failure: undefined }],
    ['no package', fresh, bytes => bytes.fill(0, 0, 8), { failure: { code: 'UPD4_FAIL_46' } }],
    [
      'a component too few',
      fresh.slice(1),
      undefined,
      { failure: { code: 'UPD4_FAIL_41', data: { reason: 'package-members' } } },
    ],
    [
      'a component twice',
      [...fresh, part('app', '2.0.0')],
      undefined,
      { failure: { code: 'UPD4_FAIL_41', data: { expected: 'app model', actual: 'app app model' } } },
    ],
    ['a stranger', [...fresh, part('other', '2.0.0')], undefined, { failure: { code: 'UPD4_FAIL_41' } }],
    [
      'an older image',
      [part('app', '1.4.9'), part('model', '2.0.0')],
      undefined,
      { failure: { code: 'UPD4_FAIL_27', data: { reason: 'package-image', field: 'app', actual: '1.4.9' } } },
    ],
    [
      'the same version, another image',
      [part('app', '1.5.0', 'other'), part('model', '2.0.0')],
      undefined,
      { failure: { code: 'UPD4_FAIL_27', data: { expected: 'above 1.5.0' } } },
    ],
    [
      'an image that is not what the descriptor says',
      fresh,
      bytes => bytes.fill(0, bytes.length - 3),
      { failure: { code: 'UPD4_FAIL_26', data: { reason: 'package-image', field: 'model' } } },
    ],
    [
      'nine images',
      Array.from({ length: 9 }, (_, at) => part(`c${at}`, '1.0.0')),
      undefined,
      { failure: { code: 'UPD4_FAIL_47' } },
    ],
    [
      'a name of 33 characters',
      [part('a'.repeat(33), '2.0.0'), part('model', '2.0.0')],
      undefined,
      { failure: { code: 'UPD4_FAIL_48' } },
    ],
  ]
  for (const [what, parts, spoil, expected] of cases) {
    const { failure, members } = await unpacked(t, parts, spoil)
    t.match({ failure }, expected, what)
    for (const member of members) t.match(await member.status(), { running: 'a', trial: undefined }, what)
  }
})

t.test('vendor data of an image too long is 49, and no room for an image is 33', async t => {
  const device = await PackageDevice.make(t.testdir(), old)
  const { installer, members } = await device.open()
  const images = ['app', 'model'].map(component => ({ component, version: '2.0.0', bytes: Buffer.from('x') }))
  const long = makePackage(images.map(each => ({ ...each, vendorData: Buffer.alloc(257) })))
  const update = updateOf('2.0.0', long.bytes, long.metadata)
  await place(installer, long.bytes)
  t.match(await unpackPackage(installer, members, update.manifest, never), { code: 'UPD4_FAIL_49' })
  const small = makePackage(images)
  await place(installer, small.bytes)
  const full = members.map(
    (member): Installer =>
      new Proxy(member, { get: (target, name) => (name === 'availableBytes' ? async () => 0 : bound(target, name)) }),
  )
  t.match(await unpackPackage(installer, full, updateOf('2.0.0', small.bytes, small.metadata).manifest, never), {
    code: 'UPD4_FAIL_33',
    data: { reason: 'package-image', field: 'app', expected: '1 bytes', actual: '0 bytes' },
  })
})

t.test('an abort ends the unpacking of a package in the middle of an image', async t => {
  const big = { ...part('app', '2.0.0'), text: 'a long text '.repeat(10_000) }
  const device = await PackageDevice.make(t.testdir(), old)
  const { installer, members } = await device.open()
  const update = packageOf('2.0.0', [big, part('model', '2.0.0')])
  await place(installer, update.bytes)
  const controller = new AbortController()
  const app = members[0] as Installer
  const stopping = new Proxy(app, {
    get: (target, name) =>
      name === 'openCandidate'
        ? async (bytes: number) => {
            controller.abort()
            return target.openCandidate(bytes)
          }
        : bound(target, name),
  })
  const withStop = [stopping, ...members.slice(1)]
  t.equal(await unpackPackage(installer, withStop, update.manifest, controller.signal), undefined)
  t.ok(statSync(join(componentFolder(t.testdirName, 'app'), 'b/image')).size < imageBytes(big).length)
  t.equal(await unpackPackage(installer, members, update.manifest, never), undefined)
  t.match(await app.hash('b'), { digest: sha256(imageBytes(big)) })
})

function bound(target: Installer, name: string | symbol): unknown {
  const value = target[name as keyof Installer]
  return typeof value === 'function' ? value.bind(target) : value
}
