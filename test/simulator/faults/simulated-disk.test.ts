// What the forgetting disk keeps and what it loses, seen through the port the agent uses.
import { createHash } from 'node:crypto'
import t from 'tap'
import { type CutFlavour, SimulatedDisk } from '../../../simulator/faults/simulated-disk.ts'

const [old, young] = [Buffer.from('the old bytes'), Buffer.from('young bytes!!')]

/** Draws these numbers in turn, the last one for ever. */
const drawn = (...numbers: readonly number[]): (() => number) => {
  let at = 0
  return () => numbers[Math.min(at++, numbers.length - 1)] ?? 0
}

/** A disk with `/data/file`, and its name and bytes written anew but not synced. */
async function halfWritten(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk()
  disk.place('/data/file', old)
  const port = disk.port()
  const file = await port.open('/data/file.new', 'create')
  await file.write(0, young)
  await port.rename('/data/file.new', '/data/file')
  return disk
}

const text = (disk: SimulatedDisk, path = '/data/file'): string | undefined => disk.contentOf(path)?.toString()

t.test('whoever runs sees everything at once, and a power cut that keeps nothing takes it back', async t => {
  const disk = await halfWritten()
  t.equal(text(disk), 'young bytes!!')
  t.equal(disk.durableContentOf('/data/file')?.toString(), 'the old bytes')
  t.equal(disk.restore('nothing', drawn(0)), 0)
  t.equal(text(disk), 'the old bytes')
})

t.test('the digest of a file is that of its bytes, after every change and after a power cut', async t => {
  const disk = await halfWritten()
  const port = disk.port()
  const isTrue = (what: string): boolean =>
    t.equal(
      disk.digestOf('/data/file'),
      createHash('sha256')
        .update(disk.contentOf('/data/file') ?? '')
        .digest('hex'),
      what,
    )
  isTrue('renamed over')
  const file = await port.open('/data/file', 'update')
  await file.write(3, Buffer.from('!'))
  isTrue('a byte in place')
  await file.write(40, Buffer.from('behind the end'))
  isTrue('grown')
  await file.truncate(5)
  isTrue('cut off')
  await file.truncate(9)
  isTrue('grown by nothing')
  disk.restore('nothing', drawn(0))
  isTrue('the power was gone')
  t.equal(text(disk), 'the old bytes')
  t.equal(disk.digestOf('/data/nothing'), undefined)
})

t.test('a prefix is kept in its order: the name after the bytes, or not at all', async t => {
  for (const [fraction, kept, content] of [
    [0, 0, 'the old bytes'],
    [0.3, 1, 'the old bytes'],
    [0.6, 2, 'the old bytes'],
    [0.99, 3, 'young bytes!!'],
  ] as const) {
    const disk = await halfWritten()
    t.equal(disk.restore('prefix', drawn(fraction, 0.9)), kept)
    t.equal(text(disk), content)
  }
})

t.test('out of order the names may be there and the bytes not', async t => {
  const disk = await halfWritten()
  t.equal(disk.restore('reordered', drawn(0.1)), 2, 'create and rename')
  t.equal(text(disk), '')
  const other = await halfWritten()
  t.equal(other.restore('reordered', drawn(0.9, 0.1, 0.9, 0.1)), 2, 'any of them else')
  t.equal(text(other), '')
})

t.test('a write that is the last one kept may be torn at any byte', async t => {
  const disk = new SimulatedDisk()
  disk.place('/data/file', old)
  const file = await disk.port().open('/data/file', 'update')
  await file.write(0, young)
  disk.restore('prefix', drawn(0.99, 0.1, 0.5))
  t.equal(text(disk), 'young d bytes')
})

t.test('synced bytes stay, but of a file without a durable name nothing is found', async t => {
  const disk = new SimulatedDisk()
  disk.place('/data/kept', old)
  const port = disk.port()
  const file = await port.open('/data/file', 'create')
  await file.write(0, young)
  await file.sync()
  disk.restore('nothing', drawn(0))
  t.equal(text(disk), undefined)

  const again = disk.port()
  const second = await again.open('/data/file', 'create')
  await second.write(0, young)
  await second.sync()
  await again.syncFolder('/data')
  disk.restore('nothing', drawn(0))
  t.equal(text(disk), 'young bytes!!')
})

t.test('a file in a folder whose own name is not durable is cut off with it', async t => {
  const disk = new SimulatedDisk()
  disk.place('/data/kept', old)
  const port = disk.port()
  await port.makeFolder('/data/a/b')
  const file = await port.open('/data/a/b/file', 'create')
  await file.write(0, young)
  await file.sync()
  await port.syncFolder('/data/a/b')
  await port.syncFolder('/data/a')
  disk.restore('nothing', drawn(0))
  t.equal(text(disk, '/data/a/b/file'), undefined)
  t.equal(await disk.port().sizeOf('/data/a'), undefined)
})

t.test(
  'the power goes in the change that was armed, as far in a write as was said, and no call comes back',
  async t => {
    const disk = new SimulatedDisk()
    disk.place('/data/file', old)
    let fell = 0
    disk.armCut({ change: 1, share: 0.5 }, () => {
      fell += 1
    })
    const file = await disk.port().open('/data/file', 'update')
    let cameBack = false
    void file.write(0, young).then(() => {
      cameBack = true
    })
    await new Promise(resolve => setImmediate(resolve))
    void file.read(0, 5).then(() => {
      cameBack = true
    })
    await new Promise(resolve => setImmediate(resolve))
    t.same([fell, cameBack, disk.isOn, disk.log.length], [1, false, false, 1])
    t.equal(text(disk), 'young bytes!!'.slice(0, 7) + 'the old bytes'.slice(7))
    disk.restore('nothing', drawn(0))
    t.equal(text(disk), 'the old bytes')
    t.ok(disk.isOn)
  },
)

t.test('a batch is there as a whole or not at all', async t => {
  for (const [share, expected] of [
    [0, 'before'],
    [0.9, 'before'],
    [1, 'after'],
  ] as const) {
    const disk = new SimulatedDisk()
    let journal = 'before'
    disk.armCut({ change: 1, share })
    void disk.batch('journal', () => {
      journal = 'after'
    })
    await new Promise(resolve => setImmediate(resolve))
    t.equal(journal, expected, `cut at ${share}`)
  }
})

t.test('a full disk takes no byte more, and says it as the system does', async t => {
  const disk = new SimulatedDisk()
  disk.place('/data/file', old)
  disk.capacityBytes = old.length + 2
  const port = disk.port()
  t.equal(await port.freeBytes('/data'), 2)
  const file = await port.open('/data/file', 'update')
  await t.rejects(file.write(0, Buffer.alloc(old.length + 3)), { code: 'ENOSPC', syscall: 'write' })
  await file.write(0, Buffer.alloc(old.length + 2))
  t.equal(await port.freeBytes('/data'), 0)
})

t.test('what is not there, what is a folder and what was planted fail with the system’s codes', async t => {
  const disk = new SimulatedDisk()
  disk.place('/data/file', old)
  const port = disk.port()
  await t.rejects(port.open('/data/none', 'read'), { code: 'ENOENT', syscall: 'open' })
  await t.rejects(port.open('/none/file', 'create'), { code: 'ENOENT' })
  await t.rejects(port.open('/data', 'read'), { code: 'EISDIR' })
  await t.rejects(port.remove('/data'), { code: 'ENOTEMPTY' })
  await t.rejects(port.rename('/data/none', '/data/file'), { code: 'ENOENT' })
  await t.rejects(port.list('/none'), { code: 'ENOENT' })
  await port.remove('/data/none')
  disk.faults.set('read', { pathEnds: 'file', code: 'EIO' })
  const file = await port.open('/data/file', 'read')
  await t.rejects(file.read(0, 1), { code: 'EIO', syscall: 'read' })
})

t.test('the same draws leave the same bytes', async t => {
  const flavours: readonly CutFlavour[] = ['nothing', 'prefix', 'reordered']
  for (const flavour of flavours) {
    const left = async (): Promise<string | undefined> => {
      const disk = await halfWritten()
      disk.restore(flavour, drawn(0.7, 0.2, 0.6, 0.3))
      return text(disk)
    }
    t.equal(await left(), await left(), flavour)
  }
})

t.test('a program that has ended gets no answer any more, the one after it does', async t => {
  const disk = new SimulatedDisk()
  let alive = true
  const first = disk.portWhile(() => alive)
  await first.makeFolder('/data')
  const file = await first.open('/data/file', 'create')
  alive = false
  let answered = false
  void file.write(0, Buffer.from('late')).then(() => {
    answered = true
  })
  await new Promise(resolve => setImmediate(resolve))
  t.notOk(answered)
  t.equal(disk.contentOf('/data/file')?.length, 0, 'nothing was written')
  t.equal((await disk.portWhile(() => true).open('/data/file', 'update')) === undefined, false)
})

t.test('a file that grows in small steps, in gaps and back holds what was written, also after a power cut', async t => {
  const disk = new SimulatedDisk()
  const port = disk.port()
  await port.makeFolder('/data')
  await port.syncFolder('/')
  const file = await port.open('/data/file', 'create')
  const before = disk.revision
  const expected = Buffer.alloc(4000)
  for (let step = 0; step < 40; step += 1) {
    const offset = (step * 1700) % 3900
    const bytes = Buffer.alloc(100, step + 1)
    await file.write(offset, bytes)
    bytes.copy(expected, offset)
    if (step === 20) {
      await file.truncate(500)
      expected.fill(0, 500)
    }
  }
  t.ok(disk.revision > before, 'whoever remembers what he saw is told that it is old')
  const size = await file.size()
  t.same(disk.contentOf('/data/file'), expected.subarray(0, size))
  await file.sync()
  await port.syncFolder('/data')
  disk.turnOff()
  disk.restore('nothing', () => 0)
  t.same(disk.contentOf('/data/file'), expected.subarray(0, size))
})
