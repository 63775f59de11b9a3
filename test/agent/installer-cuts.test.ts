// Power cuts in a file and in partitions, on the disk that forgets: at any change, in the middle of a write, with what was
// not synced gone, there in part, or there in another order. The device finds the old content or the new, whole, and
// the update ends as it should. DROVER_LONG=1 tries every cut; else a sample that the seed chooses.
import t from 'tap'
import { Partitions } from '../../agent/adapters/partitions.ts'
import { SingleFile } from '../../agent/adapters/single-file.ts'
import { systemClock } from '../../agent/adapters/system-clock.ts'
import type { Disk, SlotName } from '../../agent/ports.ts'
import { type CutFlavour, SimulatedDisk } from '../../simulator/faults/simulated-disk.ts'
import { sampled, seed } from '../fixtures/cases.ts'
import { seeded } from '../fixtures/seeded.ts'
import { WordsOnDisk } from '../fixtures/words-on-disk.ts'
import {
  factoryImage,
  factoryVersion,
  type InstallerUnderTest,
  secondImage,
  workedThrough,
} from '../suites/installer.ts'

const log = { debug() {}, info() {}, warn() {}, error() {} }
const component = { component: 'main', folder: '/data/components/main', version: factoryVersion }
const flavours: readonly CutFlavour[] = ['nothing', 'prefix', 'reordered']

const kinds: Readonly<Record<string, (disk: SimulatedDisk) => InstallerUnderTest>> = {
  'a file': disk => {
    const file = '/etc/model'
    disk.place(file, factoryImage)
    const rest = { image: undefined, storageBytesMax: undefined, reload: undefined, environment: {} }
    const settings = { ...component, ...rest, file, mode: undefined }
    return {
      open: (port: Disk) => SingleFile.open({ disk: port, clock: systemClock, log }, settings),
      restart: async () => {},
      seen: async length => (disk.contentOf(file) ?? Buffer.alloc(0)).subarray(0, length),
    }
  },
  partitions: disk => {
    const partitions = { a: '/dev/p2', b: '/dev/p3' }
    const rest = Buffer.alloc(8192, 0xff)
    disk.place(partitions.a, Buffer.concat([factoryImage, rest]))
    disk.place(partitions.b, Buffer.concat([rest, factoryImage]))
    disk.place('/words/word-active', Buffer.from('a'))
    let booted: SlotName = 'a'
    const settings = { ...component, partitions, imageBytes: factoryImage.length }
    return {
      open: (port: Disk) =>
        Partitions.open({ disk: port, log, bootLoader: new WordsOnDisk(port, '/words', booted) }, settings),
      restart: async () => {
        booted = await new WordsOnDisk(disk.port(), '/words', booted).boot()
      },
      seen: async length => (disk.contentOf(partitions[booted]) ?? Buffer.alloc(0)).subarray(0, length),
    }
  },
}

for (const [kind, make] of Object.entries(kinds))
  for (const outcome of ['committed', 'given up'] as const)
    t.test(`${kind}, ${outcome}: cut anywhere`, async t => {
      const fraction = seeded(seed)
      const prepared = async (): Promise<{ disk: SimulatedDisk; device: InstallerUnderTest }> => {
        const disk = new SimulatedDisk()
        // The data folder itself is there from the beginning, as boot makes it.
        disk.place('/data/agent.json', Buffer.alloc(0))
        const device = make(disk)
        await (await device.open(disk.port())).close()
        return { disk, device }
      }
      const whole = await prepared()
      whole.disk.armCut(undefined)
      await workedThrough(whole.device, whole.disk.port(), outcome)
      const cuts = Array.from({ length: whole.disk.changes }, (_, index) => index + 1).flatMap(change =>
        flavours.flatMap(flavour => [0, 0.5, 1].map(share => ({ change, share, flavour }))),
      )
      t.comment(`DROVER_SEED=${seed}: ${whole.disk.changes} changes, ${cuts.length} cuts`)
      const wanted = outcome === 'committed' ? secondImage.bytes : factoryImage
      let done = 0
      for (const { change, share, flavour } of sampled(cuts, 60, fraction)) {
        const where = `change ${change}, ${share} of it, ${flavour}`
        const { disk, device } = await prepared()
        const cut = new Promise<string>(resolve => disk.armCut({ change, share }, () => resolve('cut')))
        const how = await Promise.race([cut, workedThrough(device, disk.port(), outcome).then(() => 'through')])
        if (how !== 'cut') t.fail(`${where}: never reached`)
        disk.restore(flavour, fraction)
        await device.restart()
        const [old, fresh] = [await device.seen(factoryImage.length), await device.seen(secondImage.bytes.length)]
        if (!old.equals(factoryImage) && !fresh.equals(secondImage.bytes)) t.fail(`${where}: neither of the two`)
        await workedThrough(device, disk.port(), outcome)
        if (!(await device.seen(wanted.length)).equals(wanted)) t.fail(`${where}: it ended otherwise`)
        done += 1
      }
      t.ok(done > 50, `${done} cuts`)
    })
