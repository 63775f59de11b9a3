// Updates that are downloaded now and installed when the broker says so.
import t from 'tap'
import { operationOne, operationTwo } from './fakes/broker.ts'
import { FakeDevice } from './fakes/device.ts'
import { imageOf, releaseOf } from './fakes/release.ts'
import { day, newer } from './fakes/story.ts'

const held = ['downloading', 'verifying', 'awaiting-install']
const rest = ['verifying', 'installing', 'rebooting', 'confirming']

t.test('an update with a hold waits when it is verified, and goes on at the go of its own operation', async t => {
  const device = new FakeDevice()
  await device.start()
  await device.run(0)
  device.broker.sendHeldOffer(newer)
  await device.run(day)
  t.strictSame(device.broker.told(), held)
  t.equal(device.disk.of('main').trial, undefined)
  device.broker.sendProceed(operationTwo)
  device.broker.sendProceed(operationOne, 0)
  await device.run(day)
  t.strictSame(device.broker.told(), held, 'another operation, and a lower lease')
  device.broker.sendProceed()
  await device.run()
  t.strictSame(device.broker.told(), [...held, ...rest])
  t.equal(device.broker.hellos.at(-1)?.components[0]?.version, '2.0.0')
  await device.stop()
})

t.test('after a start it waits again and says so; then it can be withdrawn', async t => {
  const device = new FakeDevice()
  await device.start()
  await device.run(0)
  device.broker.sendHeldOffer(newer)
  await device.run()
  device.cutPower()
  await device.start()
  await device.run(day)
  t.strictSame(device.broker.told(), [...held, 'awaiting-install'])
  t.equal(device.broker.hellos.at(-1)?.operation, operationOne)
  device.broker.sendWithdraw()
  await device.run()
  t.strictSame(device.broker.told(), [...held, 'awaiting-install', 'withdrawn'])
  device.broker.sendProceed()
  await device.run()
  t.equal(device.disk.of('main').trial, undefined, 'a go for what was withdrawn')
  await device.stop()
})

t.test('what waited too long, or was changed on disk meanwhile, is judged again at the go', async t => {
  for (const [release, spoil, code] of [
    [releaseOf(newer.image, { expiresAt: Date.UTC(2026, 0, 2) }), () => {}, 'UPD4_FAIL_23'],
    [newer, (device: FakeDevice) => device.disk.of('main').files.b.image?.write('X', 100), 'UPD4_FAIL_26'],
  ] as const) {
    const device = new FakeDevice()
    await device.start()
    await device.run(0)
    device.broker.sendHeldOffer(release)
    await device.run(2 * day)
    spoil(device)
    device.broker.sendProceed()
    await device.run()
    t.strictSame(device.broker.codes(), [code])
    t.ok(device.disk.runningImage('main')?.equals(imageOf('one', 20_000)))
    await device.stop()
  }
})

t.test(
  'what an authorization kept waiting too long, or the disk lost meanwhile, is not downloaded or installed',
  async t => {
    const short = releaseOf(newer.image, { expiresAt: Date.UTC(2026, 0, 2) })
    const damage = (device: FakeDevice): unknown => device.disk.of('main').files.b.image?.write('X', 100)
    for (const [question, release, spoil, code] of [
      ['download', short, () => {}, 'UPD4_FAIL_23'],
      ['install', short, () => {}, 'UPD4_FAIL_23'],
      ['install', newer, damage, 'UPD4_FAIL_26'],
      ['install', newer, () => {}, undefined],
    ] as const) {
      const device = new FakeDevice()
      const yes = { kind: 'authorized' } as const
      let isOpen = false
      device.authorization = { download: async () => yes, install: async () => yes }
      device.authorization[question] = async () => (isOpen ? yes : { kind: 'deferred', reason: 'busy', afterMs: day })
      await device.start()
      await device.run(0)
      device.broker.sendOffer(release)
      await device.run(2 * day)
      isOpen = true
      spoil(device)
      await device.run(2 * day)
      t.strictSame(device.broker.codes(), code === undefined ? [] : [code], question)
      const isOld = device.disk.runningImage('main')?.equals(imageOf('one', 20_000))
      t.equal(isOld, code !== undefined, 'only what is still good runs')
      await device.stop()
    }
  },
)
