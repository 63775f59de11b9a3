// The disk of a virtual sensor: it gives back what was written, forgets what was not synced, shares what is equal; and the
// slots on it are an installer like every other.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { systemDisk } from '../../../agent/adapters/system-disk.ts'
import { prepareStart } from '../../../agent/booting/boot-record.ts'
import type { Disk, SlotName } from '../../../agent/ports.ts'
import { componentFolder, imagePath, openComponent, readSlotRecord } from '../../../agent/storage/slot-folder.ts'
import { startSlot } from '../../../agent/storage/slot-record.ts'
import { Factory, factoryImage as imageFromFactory } from '../../../simulator/fleet/sensor/factory.ts'
import { PiecePool } from '../../../simulator/fleet/sensor/piece-pool.ts'
import { VirtualDisk } from '../../../simulator/fleet/sensor/virtual-disk.ts'
import { VirtualSlots } from '../../../simulator/fleet/sensor/virtual-slots.ts'
import { Seed } from '../../../simulator/world/seed.ts'
import { factoryImage, factoryVersion, installerSuite } from '../../suites/installer.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const on = { on: true }

t.test('slots that boot starts', async t => {
  installerSuite(t, async () => device('image'))
})
t.test('slots that are switched at once', async t => {
  installerSuite(t, async () => device('none'))
})

async function device(restart: 'image' | 'none') {
  const disk = new VirtualDisk(new PiecePool())
  const port = disk.port(on)
  const folder = componentFolder('/data', 'main')
  await port.makeFolder('/data')
  await (await port.open('/data/factory', 'create')).write(0, factoryImage)
  await openComponent(port, folder, { version: factoryVersion, image: '/data/factory' })
  let runningSlot: SlotName | undefined = 'a'
  return {
    disk: port,
    async open(given: Disk) {
      const settings = {
        component: 'main',
        dataDir: '/data',
        restart,
        storageBytesMax: undefined,
        runningSlot,
      } as const
      return new VirtualSlots(disk, on, settings, {}, given)
    },
    async restart() {
      runningSlot = startSlot((await prepareStart(port, folder)).record)
    },
    async seen(length: number) {
      const record = await readSlotRecord(port, folder)
      const slot = restart === 'none' ? record?.active : runningSlot
      return Buffer.from(disk.contentOf(imagePath(folder, slot ?? 'a'))?.read(0, length) ?? [])
    },
  }
}

t.test('any writes at any place, read back like from a real file', async t => {
  const seed = new Seed('writes')
  const path = join(t.testdir(), 'real')
  const real = await systemDisk.open(path, 'create')
  const disk = new VirtualDisk(new PiecePool())
  await disk.port(on).makeFolder('/d')
  const mine = await disk.port(on).open('/d/file', 'create')
  const other = await disk.port(on).open('/d/other', 'create')
  for (let round = 0; round < 400; round += 1) {
    const offset = seed.whole(0, 3000)
    const bytes = Buffer.alloc(seed.whole(0, 400), seed.whole(0, 255))
    if (seed.chance(0.05)) for (const file of [real, mine, other]) await file.truncate(offset)
    else for (const file of [real, mine, other]) await file.write(offset, bytes)
    if (seed.chance(0.2)) await mine.sync()
    const [from, length] = [seed.whole(0, 3500), seed.whole(0, 3500)]
    const expected = Buffer.from(await real.read(from, length))
    if (!expected.equals(await mine.read(from, length))) t.fail(`round ${round}`)
    const into = Buffer.alloc(length, 1)
    if (!expected.equals(await mine.read(from, length, into))) t.fail(`round ${round}, into`)
  }
  const whole = Buffer.from(await real.read(0, 10_000))
  t.equal(disk.contentOf('/d/file')?.digest, sha256(whole))
  t.equal(disk.contentOf('/d/other')?.digest, sha256(whole))
  await real.close()
})

t.test('equal bytes are kept once, unequal ones are not mistaken for them, and what is full keeps no more', async t => {
  const pool = new PiecePool(10_000)
  const write = async (bytes: Buffer): Promise<VirtualDisk> => {
    const disk = new VirtualDisk(pool)
    await disk.port(on).makeFolder('/d')
    const file = await disk.port(on).open('/d/f', 'create')
    for (let at = 0; at < bytes.length; at += 1000) await file.write(at, bytes.subarray(at, at + 1000))
    await file.sync()
    return disk
  }
  const one = Buffer.alloc(4000, 'one')
  const disks = [await write(one), await write(one), await write(one)]
  t.equal(pool.bytes, 4000)
  t.equal(disks[0]?.contentOf('/d/f'), disks[2]?.contentOf('/d/f'), 'one object, so its digest is computed once')
  const another = Buffer.from(one)
  another[1500] = 7
  const differing = await write(another)
  t.equal(pool.bytes, 5000, 'beginning and end are the same, and the middle is not')
  t.equal(differing.contentOf('/d/f')?.digest, sha256(another))
  const large = Buffer.alloc(20_000, 'large one')
  const full = await write(large)
  t.ok(pool.bytes <= 10_000)
  t.equal(full.contentOf('/d/f')?.digest, sha256(large), 'what found no room is kept by its writer')
})

t.test('after a power cut: what was synced, and of the rest what chance left', async t => {
  const seen = new Set<string>()
  for (let number = 0; number < 60; number += 1) {
    const seed = new Seed(`cut ${number}`)
    const disk = new VirtualDisk(new PiecePool())
    const power = { on: true }
    const port = disk.port(power)
    await port.makeFolder('/d')
    await port.syncFolder('/')
    const file = await port.open('/d/f', 'create')
    await file.write(0, Buffer.from('kept'))
    await file.sync()
    await port.syncFolder('/d')
    await file.write(0, Buffer.from('lost'))
    await port.rename('/d/f', '/d/g')
    power.on = false
    let came = false
    void file.read(0, 4).then(() => (came = true))
    disk.cut(() => seed.fraction())
    await new Promise(resolve => setImmediate(resolve))
    t.notOk(came, 'a program without power does not come back from a call')
    for (const name of ['/d/f', '/d/g']) {
      const content = disk.contentOf(name)
      if (content !== undefined) seen.add(`${name} ${Buffer.from(content.read(0, 10))}`)
    }
  }
  t.strictSame([...seen].sort(), ['/d/f kept', '/d/f lost', '/d/g kept', '/d/g lost'])
})

t.test('a disk has an end, and its faults are those of the system', async t => {
  const disk = new VirtualDisk(new PiecePool())
  const port = disk.port(on)
  await port.makeFolder('/d')
  disk.capacityBytes = 1000
  const image = await port.open('/d/image', 'create')
  await image.write(0, Buffer.alloc(900))
  await t.rejects(image.write(900, Buffer.alloc(101)), { code: 'ENOSPC', syscall: 'write' })
  t.equal(await port.freeBytes('/d'), 100)
  await (await port.open('/d/record', 'create')).write(0, Buffer.alloc(500))
  t.equal(await port.freeBytes('/d'), 0, 'a little more for what is no image')
  disk.faults = { read: path => (path === '/d/image' ? 'EIO' : undefined), write: () => 'EROFS' }
  await t.rejects(image.read(0, 1), { code: 'EIO' })
  await t.rejects(image.write(0, Buffer.alloc(1)), { code: 'EROFS' })
  await t.rejects(image.sync(), { code: 'EROFS' })
  await t.rejects(port.open('/d/none', 'read'), { code: 'ENOENT' })
  await t.rejects(port.open('/none/file', 'create'), { code: 'ENOENT' })
  await t.rejects(port.open('/d', 'read'), { code: 'EISDIR' })
  await t.rejects(port.remove('/d'), { code: 'ENOTEMPTY' })
})

t.test('the factory: the same image for the same name and version, made once', async t => {
  const pool = new PiecePool()
  const factory = new Factory(pool)
  const component = { name: 'main', version: '1.0.0', imageBytes: 5000, reboot: true }
  const [one, two] = await Promise.all([factory.disk([component]), factory.disk([{ ...component, reboot: false }])])
  t.equal(one, two)
  const disk = new VirtualDisk(pool, one)
  const folder = componentFolder('/data', 'main')
  const image = imageFromFactory(component)
  t.ok(image.equals(disk.contentOf(imagePath(folder, 'a'))?.read(0, 9999) ?? Buffer.alloc(0)))
  t.match((await readSlotRecord(disk.port(on), folder))?.slots.a, {
    version: '1.0.0',
    digest: sha256(image),
    size: 5000,
  })
  t.notOk(image.equals(imageFromFactory({ ...component, version: '1.0.1' })))
  t.ok(image.subarray(0, 100).equals(imageFromFactory({ ...component, imageBytes: 100 })))
  t.strictSame(
    [...one.keys()].filter(path => path.startsWith('/factory')),
    [],
    'nothing is left of the making',
  )
})
