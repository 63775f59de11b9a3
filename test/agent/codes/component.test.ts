// The codes of what the device has installed: the component, its version, its image.
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { encodeDeltaMetadata } from '../../../proto/patch.ts'
import { makePackage, makePatch } from '../../fixtures/patch.ts'
import { sha256Hex } from '../fakes/release.ts'
import { offerOf, type Wishes } from './offers.ts'
import { Scene } from './scene.ts'
import { factoryImage, writeProgram } from './scene-device.ts'

const scene = await Scene.open(t)

/** A patch from the factory image to another one that shares most of it. */
function deltaFrom(base: Uint8Array, manifest: Wishes['manifest'] = {}): Wishes {
  const installed = Buffer.concat([factoryImage.subarray(0, 15_000), randomBytes(5_000)])
  const { bytes: image, metadata } = makePatch(base, installed)
  return {
    image,
    manifest: {
      ...{ format: 'delta-zstd', metadata: encodeDeltaMetadata(metadata), precursorSha256: sha256Hex(base) },
      ...{ installedSize: installed.length, installedSha256: sha256Hex(installed), ...manifest },
    },
  }
}

t.test('UPD4_FAIL_39: a component the device does not have', async t => {
  await scene.proves(
    t,
    'UPD4_FAIL_39',
    { offer: { component: 'main' } },
    {
      motor: { offer: { component: 'motor' }, says: { field: 'component', expected: 'main', actual: 'motor' } },
    },
  )
})

t.test('UPD4_FAIL_27: not newer than what is installed, or than what was accepted before', async t => {
  const components = [{ name: 'main', version: '1.10.0', image: 'factory', reboot: false }]
  const device = { settings: { components } }
  const counter = (releaseCounter: number, version: string): Wishes => ({ version, manifest: { releaseCounter } })
  const says = { field: 'version', reason: 'not-newer', expected: 'above 1.10.0' }
  await scene.proves(
    t,
    'UPD4_FAIL_27',
    { device, offer: { version: '1.10.1' } },
    {
      equal: { device, offer: { version: '1.10.0' }, says: { ...says, actual: '1.10.0' } },
      '9 before 10': { device, offer: { version: '1.9.999' }, says: { ...says, actual: '1.9.999' } },
      'a lower sequence number than before': {
        offer: counter(9, '4.0.0'),
        async before({ scene, device }) {
          await scene.ended(await scene.begin(offerOf(counter(10, '3.0.0')), device))
        },
        says: { field: 'releaseCounter', reason: 'replayed', expected: 'at least 10', actual: '9' },
      },
      'the same sequence number with another image': {
        offer: counter(10, '4.0.0'),
        async before({ scene, device }) {
          await scene.ended(await scene.begin(offerOf(counter(10, '3.0.0')), device))
        },
        says: { field: 'releaseCounter', reason: 'replayed', expected: 'at least 10', actual: '10' },
      },
    },
  )
})

t.test('UPD4_FAIL_25: a format that this component does not take, though another one does', async t => {
  const installer = { installer: 'package', members: ['radio'] }
  const components = [
    { name: 'main', version: '1.0.0', image: 'factory', reboot: false },
    { name: 'radio', version: '1.0.0', image: 'factory', reboot: false },
    { name: 'all', version: '1.0.0', ...installer },
  ]
  const { bytes: image, metadata } = makePackage([{ component: 'radio', version: '2.0.0', bytes: randomBytes(1000) }])
  const combined = { image, manifest: { format: 'combined', metadata } } as const
  const device = { settings: { components } }
  await scene.proves(
    t,
    'UPD4_FAIL_25',
    { device, offer: { ...combined, component: 'all' } },
    {
      'a package for one component': {
        device,
        offer: { ...combined, component: 'main' },
        says: { field: 'format', reason: 'component', expected: 'main', actual: 'combined' },
      },
    },
  )
})

t.test('UPD4_FAIL_32: a delta from another image than the installed one', async t => {
  const other = randomBytes(20_000)
  await scene.proves(
    t,
    'UPD4_FAIL_32',
    { offer: deltaFrom(factoryImage) },
    {
      'as the broker chose by its records': {
        offer: {
          ...deltaFrom(other),
          plant: { entry: { precursorSha256: sha256Hex(factoryImage) } },
        },
        says: { field: 'precursorSha256', expected: sha256Hex(other), actual: sha256Hex(factoryImage) },
      },
      'changed by somebody between the comparison and the patch': () => {
        const spoiled = Buffer.concat([factoryImage.subarray(0, 100), randomBytes(19_900)])
        return {
          offer: deltaFrom(factoryImage),
          device: {
            settings: { authorization: { folder: 'hooks' } },
            async prepare(folder) {
              await writeFile(join(folder, 'spoiled'), spoiled)
              const image = join(folder, 'data/components/main/a/image')
              await writeProgram(join(folder, 'hooks/download-authorize'), `cp "${join(folder, 'spoiled')}" "${image}"`)
            },
          },
          says: { reason: 'image-changed', expected: sha256Hex(factoryImage), actual: sha256Hex(spoiled) },
        }
      },
    },
  )
})
