// What every Installer must do, whatever it installs with. `make` gives a device whose component was opened for the first
// time with `factoryImage`; it is worked through the port alone, and looked at with the eyes of the device's programs.
import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import { judgeSlots } from '../../agent/core/update.ts'
import type { Disk, Installer, NewImage } from '../../agent/ports.ts'
import { eachCase, sampled, seed } from '../fixtures/cases.ts'
import { CutDisk } from '../fixtures/cut-disk.ts'
import { quickDisk } from '../fixtures/quick-disk.ts'
import { seeded } from '../fixtures/seeded.ts'

export const factoryImage = Buffer.from('the image from the factory')
export const factoryVersion = '1.0.0'

export interface InstallerUnderTest {
  /** What it lies on; absent: a real file system. */
  readonly disk?: Disk
  /** The installer of a process that starts now, in the same boot of the device. */
  open(disk: Disk): Promise<Installer>
  /** What happens in between when the installer wants a restart: an image started by boot, or a boot of the device. */
  restart(): Promise<void>
  /** What the programs of the device find now, the first `length` bytes of it. */
  seen(length: number): Promise<Buffer>
}

interface Image {
  readonly bytes: Buffer
  readonly named: NewImage
}

export const imageOf = (version: string, text: string): Image => {
  const bytes = Buffer.from(text.repeat(200))
  const digest = createHash('sha256').update(bytes).digest('hex')
  return { bytes, named: { version, digest, sizeBytes: bytes.length } }
}
export const secondImage = imageOf('2.0.0', 'second ')
const third = imageOf('3.0.0', 'the third one ')
const factory: Image = { ...imageOf(factoryVersion, ''), bytes: factoryImage }
const factoryDigest = createHash('sha256').update(factoryImage).digest('hex')

/** An instance that is closed with its test. */
async function opened(t: Test, device: InstallerUnderTest, disk = device.disk ?? quickDisk): Promise<Installer> {
  const installer = await device.open(disk)
  t.teardown(() => installer.close())
  return installer
}

async function place(installer: Installer, { bytes }: Image): Promise<void> {
  const candidate = await installer.openCandidate(bytes.length)
  await candidate.write(0, bytes)
  await candidate.writeIndex(Buffer.from(`index of ${bytes.length}`))
  await candidate.sync()
  await candidate.close()
}

/** Installed and, where it takes that, started. */
async function tried(t: Test, device: InstallerUnderTest, image: Image, starts = 3): Promise<Installer> {
  const installer = await opened(t, device)
  await place(installer, image)
  await installer.install(image.named, starts)
  if (installer.restart === 'none') return installer
  await device.restart()
  return opened(t, device)
}

const inactive = async (installer: Installer): Promise<'a' | 'b'> =>
  (await installer.status()).active.slot === 'a' ? 'b' : 'a'
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString()
const never = (): AbortSignal => new AbortController().signal

export function installerSuite(t: Test, make: (t: Test) => Promise<InstallerUnderTest>): void {
  t.test('fresh: the image from the factory is active, runs, and can be read', async t => {
    const device = await make(t)
    const installer = await opened(t, device)
    const status = await installer.status()
    t.match(status.active, { version: factoryVersion, digest: factoryDigest, sizeBytes: factoryImage.length })
    t.same(
      { ...status, active: status.active.slot },
      {
        component: installer.component,
        running: status.active.slot,
        active: 'a',
        trial: undefined,
        fallback: undefined,
      },
    )
    t.same(await installer.hash('a'), { digest: factoryDigest, sizeBytes: factoryImage.length })
    await t.rejects(installer.hash('b'), { code: 'STORED_THING_MISSING' })
    t.equal(text(await installer.readActive(4, 5)), 'image')
    await t.rejects(installer.readActive(20, 100), { code: 'STORAGE_READ_FAILED', errno: 'SHORT' })
    t.equal(await installer.readActiveIndex(), undefined)
    t.ok(
      (await installer.availableBytes({ candidate: third.bytes.length, beside: 0, members: 0 })) >= third.bytes.length,
    )
    t.equal(text(await device.seen(factoryImage.length)), text(factoryImage))
  })

  t.test('a candidate is written in any order, goes on after a start, and changes nothing', async t => {
    const device = await make(t)
    const first = await opened(t, device)
    const begun = await first.openCandidate(secondImage.bytes.length)
    await begun.write(600, secondImage.bytes.subarray(600))
    await begun.sync()
    await t.rejects(first.openCandidate(10), RangeError, 'one at a time')
    await t.rejects(begun.write(secondImage.bytes.length - 1, Buffer.alloc(2)), RangeError, 'never past the image')
    await begun.close()
    await begun.close()

    const later = await opened(t, device)
    const resumed = await later.openCandidate(secondImage.bytes.length)
    t.ok(secondImage.bytes.subarray(600, 900).equals(Buffer.from(await resumed.read(600, 300))), 'the bytes are there')
    t.equal((await resumed.read(secondImage.bytes.length - 10, 500)).length, 10, 'fewer at the end')
    t.equal(await resumed.readIndex(), undefined)
    await resumed.write(0, secondImage.bytes.subarray(0, 600))
    await resumed.writeIndex(Buffer.from('index'))
    t.equal(text(await resumed.readIndex()), 'index')
    await resumed.sync()
    await resumed.close()
    const after = await opened(t, device)
    t.same(await after.hash(await inactive(after)), {
      digest: secondImage.named.digest,
      sizeBytes: secondImage.bytes.length,
    })
    t.match(await after.status(), { active: { version: factoryVersion }, trial: undefined })
    t.equal(text(await device.seen(factoryImage.length)), text(factoryImage))
  })

  t.test('a shorter candidate is not lengthened by what was there before', async t => {
    const installer = await opened(t, await make(t))
    await place(installer, third)
    await place(installer, secondImage)
    t.same(await installer.hash('b'), { digest: secondImage.named.digest, sizeBytes: secondImage.bytes.length })
  })

  t.test('installed, started, verified and committed it is the active one, and can be read', async t => {
    const device = await make(t)
    const installer = await opened(t, device)
    await place(installer, secondImage)
    await installer.install(secondImage.named, 3)
    await installer.install(secondImage.named, 3)
    if (installer.restart !== 'none') {
      const pending = await installer.status()
      t.match(pending, { running: 'a', active: { slot: 'a' }, trial: { slot: 'b', version: '2.0.0', startsLeft: 3 } })
      t.equal(text(await device.seen(factoryImage.length)), text(factoryImage), 'nothing counts before the restart')
      await device.restart()
    }
    const after = await opened(t, device)
    const { running, trial, active, fallback } = await after.status()
    t.equal(running, 'b')
    t.equal(fallback, undefined)
    if (after.restart === 'none') t.match({ trial, active }, { trial: undefined, active: secondImage.named })
    else t.match({ trial, active: active.slot }, { trial: { slot: 'b', startsLeft: 2 }, active: 'a' })
    t.same(await after.hash('b'), { digest: secondImage.named.digest, sizeBytes: secondImage.bytes.length })
    t.same(await after.verify(never()), { healthy: true })
    await after.commit()
    await after.commit()
    t.match(await after.status(), { running: 'b', active: secondImage.named, trial: undefined, fallback: undefined })
    t.equal(text(await device.seen(secondImage.bytes.length)), text(secondImage.bytes))
    t.equal(text(await after.readActive(7, 6)), 'second')
    t.equal(text(await after.readActiveIndex()), `index of ${secondImage.bytes.length}`)

    const next = await tried(t, device, third)
    await next.commit()
    t.match(await next.status(), { running: 'a', active: third.named })
    t.equal(text(await device.seen(third.bytes.length)), text(third.bytes))
  })

  t.test('given up it is gone for good: the image before runs, and the reason stays until the next one', async t => {
    const device = await make(t)
    const installer = await tried(t, device, secondImage)
    await installer.rollBack(secondImage.named, 'unhealthy')
    await installer.rollBack(secondImage.named, 'unhealthy')
    if (installer.restart !== 'none') {
      t.equal((await installer.status()).running, 'b', 'it runs until the next restart')
      await device.restart()
    }
    const after = await opened(t, device)
    const back = { running: 'a', active: { version: factoryVersion, digest: factoryDigest }, trial: undefined }
    t.match(await after.status(), { ...back, fallback: { slot: 'b', reason: 'unhealthy' } })
    t.match(await after.hash('a'), { digest: factoryDigest })
    t.equal(text(await device.seen(factoryImage.length)), text(factoryImage))
    await after.rollBack(secondImage.named, 'unhealthy')
    t.match(await after.status(), back, 'a repeat does not go the other way')
    await place(after, third)
    t.match(await after.status(), { ...back, fallback: undefined })
  })

  t.test('given up before its restart it never runs', async t => {
    const device = await make(t)
    const installer = await opened(t, device)
    await place(installer, secondImage)
    await installer.install(secondImage.named, 3)
    await installer.rollBack(secondImage.named, 'withdrawn')
    await device.restart()
    const after = await opened(t, device)
    t.match(await after.status(), { running: 'a', active: { version: factoryVersion }, trial: undefined })
    t.equal(text(await device.seen(factoryImage.length)), text(factoryImage))
  })

  t.test('giving up an image the record knows nothing of leaves the reason and changes nothing else', async t => {
    const device = await make(t)
    const installer = await opened(t, device)
    await installer.rollBack(secondImage.named, 'never-there')
    const told = { running: 'a', active: { version: factoryVersion }, fallback: { reason: 'never-there' } }
    t.match(await installer.status(), told)
    t.equal(text(await device.seen(factoryImage.length)), text(factoryImage))
  })

  t.test('an image that is never committed gets no more starts than it was given', async t => {
    const device = await make(t)
    const installer = await tried(t, device, secondImage, 2)
    if (installer.restart === 'none') return
    for (let start = 0; start < 3; start += 1) await device.restart()
    const after = await opened(t, device)
    await after.rollBack(secondImage.named, 'starts')
    await device.restart()
    const back = await opened(t, device)
    t.match(await back.status(), { running: 'a', active: { version: factoryVersion }, trial: undefined })
    t.equal(text(await device.seen(factoryImage.length)), text(factoryImage))
  })

  for (const outcome of ['committed', 'given up'] as const)
    t.test(`cut in the middle, ${outcome}: the old image or the new, and it ends as it should`, async t => {
      const wanted = outcome === 'committed' ? secondImage : factory
      const uncut = await make(t)
      const whole = new CutDisk(uncut.disk ?? quickDisk, Infinity, 'before')
      await workedThrough(uncut, whole, outcome)
      t.ok(whole.changeCount > 5, `${whole.changeCount} changes`)
      const steps = Array.from({ length: whole.changeCount }, (_, index) => index + 1)
      const cases = steps.flatMap(step => (['before', 'after'] as const).map(flavour => ({ step, flavour })))
      t.comment(`DROVER_SEED=${seed}`)
      await eachCase(sampled(cases, 10, seeded(seed)), 3, async ({ step, flavour }) => {
        const where = `${flavour} change ${step}`
        const device = await make(t)
        const disk = new CutDisk(device.disk ?? quickDisk, step, flavour)
        await t.rejects(workedThrough(device, disk, outcome), { message: /the power is/ }, where)
        t.ok(await isOneOfTwo(device), where)
        await workedThrough(device, device.disk ?? quickDisk, outcome)
        const installer = await opened(t, device)
        const status = await installer.status()
        t.match(status, { active: { version: wanted.named.version }, trial: undefined }, where)
        t.equal(status.running, status.active.slot, where)
        t.equal(text(await device.seen(wanted.bytes.length)), text(wanted.bytes), where)
      })
    })
}

async function isOneOfTwo(device: InstallerUnderTest): Promise<boolean> {
  const [old, fresh] = await Promise.all([device.seen(factoryImage.length), device.seen(secondImage.bytes.length)])
  return old.equals(factoryImage) || fresh.equals(secondImage.bytes)
}

/** What the agent does from any state of the record, until the second image is active or given up for good. */
export async function workedThrough(
  device: InstallerUnderTest,
  disk: Disk,
  outcome: 'committed' | 'given up',
): Promise<void> {
  let givenUp = false
  for (let turn = 0; turn < 20; turn += 1) {
    const installer = await device.open(disk)
    try {
      const reboot = installer.restart !== 'none'
      const status = await installer.status()
      const found = judgeSlots(status, { ...secondImage.named, reboot })
      if (givenUp || found.kind === 'fell-back') {
        givenUp = true
        await installer.rollBack(secondImage.named, 'unhealthy')
        const { running, active } = await installer.status()
        if (running === active.slot) return
      } else if (found.kind === 'untouched') {
        await place(installer, secondImage)
        await installer.install(secondImage.named, 9)
      } else if (found.kind === 'committed') return
      else if (found.kind === 'trial-running') {
        const { digest } = await installer.hash(status.running)
        if (outcome === 'given up' || digest !== secondImage.named.digest) givenUp = true
        else {
          await installer.commit()
          if (!reboot) return
        }
        continue
      }
    } finally {
      await installer.close()
    }
    await device.restart()
  }
  throw new Error('it never came to an end')
}
