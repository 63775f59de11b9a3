// The codes between the manifest and the first byte: who is asked, and what has to fit.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { encodeDeltaMetadata } from '../../../proto/patch.ts'
import { makePatch } from '../../fixtures/patch.ts'
import { sha256Hex } from '../fakes/release.ts'
import { tinyDisk } from './full-disk.ts'
import type { Wishes } from './offers.ts'
import { Scene } from './scene.ts'
import { type DeviceWishes, factoryImage, writeProgram } from './scene-device.ts'

const scene = await Scene.open(t)
const authorization = { folder: 'hooks', timeoutMs: 10_000 }

function asking(program: 'download-authorize' | 'install-authorize', script: string): DeviceWishes {
  return {
    settings: { authorization },
    prepare: folder => writeProgram(join(folder, 'hooks', program), script),
  }
}
/** Not now, for a second; then yes. */
const later = 'test -e "$0.asked" && exit 0\ntouch "$0.asked"\necho 1\nexit 75'

for (const [code, program] of [
  ['UPD4_FAIL_38', 'download-authorize'],
  ['UPD4_FAIL_37', 'install-authorize'],
] as const)
  t.test(`${code}: ${program} says no; "not now" is never told as a code`, async t => {
    await scene.proves(
      t,
      code,
      { device: asking(program, later) },
      {
        'with a word': { device: asking(program, 'echo on-the-road\nexit 1'), says: { reason: 'on-the-road' } },
        'without one': { device: asking(program, 'exit 3'), says: { reason: 'exit-3' } },
        'killed by a signal': { device: asking(program, 'kill -9 $$'), says: { reason: /SIGKILL/ } },
        'one that cannot be started': {
          device: {
            settings: { authorization },
            prepare: async folder => {
              await mkdir(join(folder, 'hooks'))
              await writeFile(join(folder, 'hooks', program), '#!/no/such/interpreter\n', { mode: 0o755 })
            },
          },
          says: { reason: /./ },
        },
      },
    )
  })

t.test('UPD4_FAIL_34: buffers over the memory budget', async t => {
  const budget = (memoryBudgetBytes: number): DeviceWishes => ({ settings: { memoryBudgetBytes, windowBytes: 65_536 } })
  const delta = (baseBytesMax: number): Wishes => {
    const installed = Buffer.concat([factoryImage.subarray(0, 10_000), randomBytes(10_000)])
    const { bytes: image, metadata } = makePatch(factoryImage, installed)
    return {
      image,
      manifest: {
        ...{ format: 'delta-zstd', metadata: encodeDeltaMetadata({ ...metadata, baseBytesMax }) },
        ...{ precursorSha256: sha256Hex(factoryImage), installedSize: 20_000, installedSha256: sha256Hex(installed) },
      },
    }
  }
  const large = { minimumBytes: 512, averageBytes: 1024, maximumBytes: 1024 * 1024 }
  const good = { device: budget(512 * 1024), offer: delta(100_000) }
  await scene.proves(t, 'UPD4_FAIL_34', good, {
    'what a patch needs': {
      device: budget(512 * 1024),
      offer: delta(400_000),
      says: { field: 'memory', expected: /^\d{6} bytes$/, actual: `${512 * 1024} bytes` },
    },
    'the window': {
      device: { settings: { memoryBudgetBytes: 256 * 1024, windowBytes: 256 * 1024 } },
      says: { field: 'memory', actual: `${256 * 1024} bytes` },
    },
    'the largest chunk': {
      device: budget(512 * 1024),
      offer: { settings: large },
      says: { field: 'maximumBytes', expected: /^\d{7} bytes$/, actual: `${512 * 1024} bytes` },
    },
  })
})

t.test('UPD4_FAIL_33: no room for the image, before the first byte', async t => {
  const quota = (storageBytesMax: number): DeviceWishes => ({ settings: { storageBytesMax } })
  const says = { field: 'storage', expected: /^\d+ bytes$/, actual: /^\d+ bytes$/ }
  await scene.proves(
    t,
    'UPD4_FAIL_33',
    { device: quota(50_000) },
    {
      'of the quota': {
        device: quota(40_000),
        async meanwhile({ scene, device, operation }) {
          await scene.ended(operation)
          t.notOk(existsSync(device.image('b')), 'not one byte was written')
        },
        says,
      },
    },
  )
  const disk = await tinyDisk(t, 128 * 1024)
  if (disk === undefined) return
  const device = { prepare: disk.prepare }
  await scene.proves(
    t,
    'UPD4_FAIL_33',
    { device, offer: { image: randomBytes(60_000) } },
    {
      'on the disk': { device, offer: { image: randomBytes(120_000) }, says },
    },
  )
})
