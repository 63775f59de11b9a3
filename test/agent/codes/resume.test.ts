// The codes of a candidate that was whole once: the agent ended while it waited for the authorization to install, and
// finds something else after its start. It looks again before it installs.
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { untilValue } from '../../stories/process.ts'
import { Scene, type Story } from './scene.ts'
import { writeProgram } from './scene-device.ts'

const scene = await Scene.open(t)

/** `spoil` gets the image of the candidate between end and start. */
function resumed(spoil: (image: string) => void | Promise<void>): Story {
  return {
    device: {
      settings: { authorization: { folder: 'hooks' } },
      async prepare(folder) {
        await mkdir(join(folder, 'hooks'))
        await writeFile(join(folder, 'hooks/wait'), '')
        await writeProgram(join(folder, 'hooks/install-authorize'), 'test -e "$(dirname "$0")/wait" && exit 75\nexit 0')
      },
    },
    async meanwhile({ device }) {
      await untilValue(async () => device.logged('deferred')[0])
      await device.stop()
      await spoil(device.image('b'))
      rmSync(device.path('hooks/wait'))
      await device.start()
    },
  }
}
const good = resumed(() => {})
const sizes = { expected: '20000 bytes' }

t.test('UPD4_FAIL_26: one byte of the candidate is another after the start', async t => {
  const flip = (image: string): void => {
    const bytes = readFileSync(image)
    bytes[12_345] = (bytes[12_345] ?? 0) ^ 1
    writeFileSync(image, bytes)
  }
  await scene.proves(t, 'UPD4_FAIL_26', good, {
    flipped: { ...resumed(flip), says: { reason: 'image', expected: /^[0-9a-f]{64}$/, actual: /^[0-9a-f]{64}$/ } },
  })
})

t.test('UPD4_FAIL_36: the candidate comes short after the start', async t => {
  await scene.proves(t, 'UPD4_FAIL_36', good, {
    truncated: {
      ...resumed(image => truncateSync(image, 19_999)),
      says: { ...sizes, errno: 'SHORT', actual: '19999 bytes' },
    },
  })
})

t.test('UPD4_FAIL_41: there are more bytes than the payload has', async t => {
  await scene.proves(t, 'UPD4_FAIL_41', good, {
    appended: {
      ...resumed(image => appendFile(image, 'x')),
      says: { ...sizes, reason: 'more-bytes', actual: '20001 bytes' },
    },
  })
})

t.test('UPD4_FAIL_44: the candidate is missing after the start', async t => {
  await scene.proves(t, 'UPD4_FAIL_44', good, {
    removed: { ...resumed(image => rmSync(image)), says: { reason: 'missing', field: /main\/b\/image$/ } },
  })
})
