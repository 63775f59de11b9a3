import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import t from 'tap'
import { StorageWriteFailed } from '../../../../agent/errors.ts'
import { unpackPackage } from '../../../../agent/handlers/unpack.ts'
import type { Disk, Installer } from '../../../../agent/ports.ts'
import { usedBytes } from '../../../../agent/storage/disk-room.ts'
import { CutDisk } from '../../../fixtures/cut-disk.ts'
import {
  imageBytes,
  PackageDevice,
  type Part,
  packageOf,
  place,
  type TestUpdate,
} from '../../../fixtures/package-device.ts'
import { quickDisk } from '../../../fixtures/quick-disk.ts'
import { seed } from '../../../proto/fuzz.ts'

const app = (version: string, text = `app ${version}`): Part => ({ component: 'app', version, text, restart: 'none' })
const model = (version: string, text = `model ${version}`): Part => ({
  component: 'model',
  version,
  text,
  restart: 'none',
})
const system = (version: string, text = `system ${version}`): Part => ({
  component: 'system',
  version,
  text,
  restart: 'image',
})
/** Every cut in the long run, else a share of them that changes from run to run. */
const stride = env.DROVER_LONG === '1' ? 1 : 11
t.comment(`seed ${seed}`)
const never = new AbortController().signal
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const seen = (parts: readonly Part[]): string[] =>
  parts.map(part => `${part.component} ${sha256(imageBytes(part)).slice(0, 8)}`)

const kinds = {
  'without a restart': { old: [app('1.0.0'), model('1.0.0')], fresh: [app('2.0.0'), model('2.0.0')] },
  'with a restart': {
    old: [app('1.0.0'), system('1.0.0'), model('1.0.0')],
    fresh: [app('2.0.0'), system('2.0.0'), model('2.0.0')],
  },
  'the one that restarts first': {
    old: [system('1.0.0'), app('1.0.0'), model('1.0.0')],
    fresh: [system('2.0.0'), app('2.0.0'), model('2.0.0')],
  },
  'one image stays': {
    old: [app('1.0.0'), system('1.0.0'), model('1.0.0')],
    fresh: [app('1.0.0'), system('2.0.0'), model('2.0.0')],
  },
} as const

for (const [kind, { old, fresh }] of Object.entries(kinds)) {
  const update = packageOf('2.0.0', fresh)
  t.test(`${kind}: the package counts when all of its images do`, async t => {
    const device = await PackageDevice.make(t.testdir(), old)
    const { installer } = await device.open()
    const before = await installer.status()
    t.match(before, { component: 'bundle', running: 'a', active: { version: '0.0.1' }, trial: undefined })
    t.same(await installer.hash('a'), { digest: before.active.digest, sizeBytes: before.active.sizeBytes })
    t.equal(await device.update(update), 'committed')
    t.strictSame(await device.runs(), seen(fresh))
    const after = (await device.open()).installer
    t.match(await after.status(), { running: 'b', active: { slot: 'b', ...update.named }, trial: undefined })
    t.same(await after.hash('b'), { digest: update.named.digest, sizeBytes: update.bytes.length })
    const whole = await after.readActive(0, update.bytes.length)
    t.equal(Buffer.compare(whole, update.bytes), 0, 'read back it is the package, byte for byte')
    await t.rejects(after.readActive(1, update.bytes.length), { code: 'STORAGE_READ_FAILED', errno: 'SHORT' })
    t.strictSame(readdirSync(join(t.testdirName, 'components/bundle/b')).toSorted(), ['head'], 'the payload is gone')
    t.equal(await device.update(update), 'committed', 'and once more is nothing')
  })

  t.test(`${kind}: unhealthy, all are as before`, async t => {
    const device = await PackageDevice.make(t.testdir(), old)
    t.equal(await device.update(update, quickDisk, false), 'fell-back unhealthy')
    t.strictSame(await device.runs(), seen(old))
    const { installer } = await device.open()
    t.match(await installer.status(), { running: 'a', fallback: { slot: 'b', reason: 'unhealthy' }, trial: undefined })
    t.equal((await installer.hash('a')).digest, (await installer.status()).active.digest)
    await place(installer, update.bytes)
    t.equal((await installer.status()).fallback, undefined, 'the next candidate takes the reason away')
    t.equal(await device.update(update), 'committed')
  })

  for (const outcome of ['healthy', 'unhealthy'] as const)
    t.test(`${kind}, ${outcome}: cut at every change of the disk, all old or all new`, async t => {
      const ends = new Map<string, number>()
      const root = t.testdir()
      for (const flavour of ['before', 'after'] as const)
        for (let step = 1 + (seed % stride); ; step += stride) {
          const folder = join(root, `${flavour}-${step}`)
          mkdirSync(folder)
          const device = await PackageDevice.make(folder, old)
          await device.open()
          const disk = new CutDisk(quickDisk, step, flavour)
          const word = await device.update(update, disk, outcome === 'healthy').catch(error => {
            if (!disk.isCut) throw error
            return 'cut'
          })
          if (word !== 'cut') break
          await device.boot()
          const end = await device.update(update, quickDisk, outcome === 'healthy')
          const wanted = end === 'committed' ? fresh : old
          const found = await device.runs()
          if (JSON.stringify(found) !== JSON.stringify(seen(wanted)))
            t.fail(`${flavour} ${step}: ${end}, but ${found.join()}`)
          if (outcome === 'unhealthy' && end === 'committed') t.fail(`${flavour} ${step}: committed though unhealthy`)
          ends.set(end, (ends.get(end) ?? 0) + 1)
        }
      t.comment(Object.fromEntries(ends))
      t.ok((ends.get(outcome === 'healthy' ? 'committed' : 'fell-back unhealthy') ?? 0) > 2)
    })
}

const { old, fresh } = kinds['with a restart']
const update: TestUpdate = packageOf('2.0.0', fresh)

t.test('a member that falls back by itself takes the package with it', async t => {
  const device = await PackageDevice.make(t.testdir(), old)
  const { installer, members } = await device.open()
  await place(installer, update.bytes)
  t.equal(await unpackPackage(installer, members, update.manifest, never), undefined)
  await installer.install(update.named, 1)
  t.match(await installer.status(), { running: 'a', trial: { slot: 'b', startsLeft: 1 } })
  await device.boot()
  // The new image runs and dies; boot gives it no second start.
  await device.boot()
  const after = (await device.open()).installer
  t.match(await after.status(), { running: 'a', trial: undefined, fallback: { slot: 'b', reason: 'starts-used-up' } })
  t.strictSame(await device.runs(), seen(old))
})

t.test('an installer that fails leaves nothing behind once it is rolled back', async t => {
  const device = await PackageDevice.make(t.testdir(), old)
  const members = device.members()
  const failing = members.map((member): Installer => (member.component === 'model' ? broken(member) : member))
  const { installer } = await device.open(quickDisk, failing)
  await place(installer, update.bytes)
  t.equal(await unpackPackage(installer, failing, update.manifest, never), undefined)
  await t.rejects(installer.install(update.named, 2), { code: 'STORAGE_WRITE_FAILED' })
  t.notSame(await device.runs(), seen(old), 'half of it was done')
  await installer.rollBack(update.named, 'failed')
  t.strictSame(await device.runs(), seen(old))
  t.match(await installer.status(), { running: 'a', trial: undefined, fallback: { reason: 'failed' } })
})

t.test('a commit that fails in its middle is finished by the next start', async t => {
  for (const startsLeft of [1, 3]) {
    const device = await PackageDevice.make(t.testdir(), old)
    const { installer, members } = await device.open()
    await place(installer, update.bytes)
    await unpackPackage(installer, members, update.manifest, never)
    await installer.install(update.named, startsLeft)
    await device.boot()
    const again = device.members()
    const failing = again.map((member): Installer => (member.component === 'system' ? uncommitted(member) : member))
    const half = (await device.open(quickDisk, failing)).installer
    await t.rejects(half.commit(), { code: 'STORAGE_WRITE_FAILED' })
    await device.boot()
    t.equal(await device.update(update), 'committed', `${startsLeft} starts`)
    t.strictSame(await device.runs(), seen(fresh))
  }
})

t.test('after the point of no return nothing is rolled back, and it says so', async t => {
  const device = await PackageDevice.make(t.testdir(), [
    system('1.0.0'),
    app('1.0.0'),
    { ...model('1.0.0'), restart: 'image' },
  ])
  const both = packageOf('2.0.0', [system('2.0.0'), app('2.0.0'), { ...model('2.0.0'), restart: 'image' }])
  const { installer, members } = await device.open()
  await place(installer, both.bytes)
  await unpackPackage(installer, members, both.manifest, never)
  await installer.install(both.named, 3)
  await device.boot()
  const failing = device
    .members()
    .map((member): Installer => (member.component === 'model' ? uncommitted(member) : member))
  const half = (await device.open(quickDisk, failing)).installer
  await t.rejects(half.commit())
  await t.rejects(half.rollBack(both.named, 'commit-failed'), { code: 'INSTALL_FAILED', reason: 'committed-in-part' })
  await device.boot()
  t.equal(await device.update(both), 'committed')
})

t.test('a member that was changed behind the back of the package is told by the digest', async t => {
  const device = await PackageDevice.make(t.testdir(), old)
  t.equal(await device.update(update), 'committed')
  const { installer, members } = await device.open()
  const member = members[2] as Installer
  const own = Buffer.from('the model alone')
  await place(member, own)
  await member.install({ version: '3.0.0', digest: sha256(own), sizeBytes: own.length }, 1)
  t.not((await installer.hash('b')).digest, update.named.digest)
  t.match(await installer.status(), { active: { version: '2.0.0' } }, 'the version is the last one of the package')
})

t.test('what is no package for these members is not installed, and changes nothing', async t => {
  const device = await PackageDevice.make(t.testdir(), old)
  const { installer } = await device.open()
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['no package', Buffer.alloc(500, 1), 'package-head'],
    ['too short for a head', Buffer.alloc(5), 'package-head'],
    ['for fewer members', packageOf('2.0.0', fresh.slice(1)).bytes, 'package-members'],
    [
      'for others',
      packageOf('2.0.0', [{ ...app('2.0.0'), component: 'other' }, ...fresh.slice(1)]).bytes,
      'package-members',
    ],
  ]
  for (const [what, bytes, reason] of cases) {
    await place(installer, bytes)
    const image = { version: '2.0.0', digest: sha256(bytes), sizeBytes: bytes.length }
    await t.rejects(installer.install(image, 1), { code: 'INSTALL_FAILED', reason }, what)
    t.match(await installer.status(), { running: 'a', trial: undefined }, what)
  }
  t.strictSame(await device.runs(), seen(old))
})

t.test(
  'the strongest of the members decides what has to start anew, and each is asked whether it is sound',
  async t => {
    const device = await PackageDevice.make(t.testdir(), old)
    const members = device.members()
    const restartOf = async (restarts: readonly Installer['restart'][]): Promise<string> => {
      const changed = members.map((member, at): Installer => changedBy(member, { restart: restarts[at] ?? 'none' }))
      return (await device.open(quickDisk, changed)).installer.restart
    }
    t.equal(await restartOf(['none', 'none', 'none']), 'none')
    t.equal(await restartOf(['none', 'image', 'none']), 'image')
    t.equal(await restartOf(['image', 'device', 'none']), 'device')
    const sick = members.map(
      (member): Installer =>
        changedBy(
          member,
          member.component === 'app' ? { verify: async () => ({ healthy: false, reason: 'exit-1' }) } : {},
        ),
    )
    const { installer } = await device.open(quickDisk, sick)
    t.same(await installer.verify(never), { healthy: false, reason: 'app:exit-1' })
    t.same(installer.members, ['app', 'system', 'model'])
    t.same(installer.formats, ['combined'])
  },
)

t.test('a record that cannot be believed stops it', async t => {
  const device = await PackageDevice.make(t.testdir(), old)
  await device.open()
  const path = join(t.testdirName, 'components/bundle/record.json')
  const whole = readFileSync(path, 'utf8')
  for (const [what, text] of [
    ['torn', whole.slice(0, -3)],
    ['another phase', whole.replace('"steady"', '"trial"')],
    ['no object', 'null'],
    ['too long', `${whole}${' '.repeat(70_000)}`],
  ] as const) {
    writeFileSync(path, text)
    await t.rejects(device.open(), { code: 'STORED_THING_CORRUPT' }, what)
  }
  writeFileSync(path, whole)
  await device.open()
})

t.test('one candidate at a time, and none during a trial', async t => {
  const device = await PackageDevice.make(t.testdir(), old)
  const { installer, members } = await device.open()
  const first = await installer.openCandidate(update.bytes.length)
  await t.rejects(installer.openCandidate(10), RangeError)
  await first.close()
  await place(installer, update.bytes)
  await unpackPackage(installer, members, update.manifest, never)
  await installer.install(update.named, 2)
  await installer.install(update.named, 2)
  await t.rejects(installer.openCandidate(10), RangeError)
  t.ok((await installer.availableBytes({ candidate: 1, beside: 1, members: 1 })) > 0)
})

t.test('what the members replace is room for their images, and none for the payload', async t => {
  const device = await PackageDevice.make(t.testdir(), old)
  t.equal(await device.update(update), 'committed')
  const third = packageOf('3.0.0', [app('3.0.0'), system('3.0.0'), model('3.0.0')])
  const payload = third.bytes.length
  const images = old.reduce((sum, part) => sum + imageBytes(part).length, 0)
  const components = join(t.testdirName, 'components')
  const tight = async (freeBytes: number): Promise<Disk> => {
    const capacity = freeBytes + (await usedBytes(quickDisk, components))
    const left = async (): Promise<number> => capacity - (await usedBytes(quickDisk, components))
    return new Proxy(quickDisk, { get: (disk, name) => (name === 'freeBytes' ? left : disk[name as keyof Disk]) })
  }
  const needed = { candidate: payload, beside: 10, members: payload }
  const short = async (freeBytes: number, membersElsewhere?: readonly string[]): Promise<number> => {
    const { installer } = await device.open(await tight(freeBytes), undefined, membersElsewhere)
    return needed.candidate + needed.beside + needed.members - (await installer.availableBytes(needed))
  }
  // The head of the first package lies in the slot that the payload is written to.
  const own = await usedBytes(quickDisk, join(components, 'bundle/a'))
  const enough = 2 * payload + 10 - images - own
  t.equal(await short(enough), 0)
  t.equal(await short(enough - 1), 1)
  t.equal(await short(payload + 9 - own), payload + 1, 'the payload has to find room beside them')
  t.equal(await short(payload + 10 - own, ['app', 'system', 'model']), 0, 'images that lie elsewhere take none')
  t.equal(await device.update(third, await tight(enough)), 'committed')
})

function changedBy(member: Installer, changes: Partial<Installer>): Installer {
  return new Proxy(member, {
    get: (target, name) => {
      if (name in changes) return changes[name as keyof Installer]
      const value = target[name as keyof Installer]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function broken(member: Installer): Installer {
  return changedBy(member, { install: async () => Promise.reject(new StorageWriteFailed('installing', 'EIO')) })
}

function uncommitted(member: Installer): Installer {
  return changedBy(member, { commit: async () => Promise.reject(new StorageWriteFailed('committing', 'EIO')) })
}
