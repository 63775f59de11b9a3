// What is left of a patch on the disk: room for those who go on with it, and in nobody else's way.
import t from 'tap'
import { operationOne, operationTwo } from './fakes/broker.ts'
import { FakeDevice } from './fakes/device.ts'
import { patchReleaseOf } from './fakes/patch-release.ts'
import { imageOf } from './fakes/release.ts'
import { newer } from './fakes/story.ts'

t.test(
  'a patch that is half here already needs only the rest, and what is left of one takes no room from others',
  async t => {
    const base = imageOf('one', 20_000)
    const patch = patchReleaseOf(newer.image, base, { version: '2.0.0' })
    const device = new FakeDevice()
    const needed = newer.image.length + patch.image.length + patch.indexBytes.length
    device.disk.availableBytes = needed
    await device.start()
    await device.run(0)
    device.disk.faults.set('candidate-sync', 1)
    device.broker.sendOffer(patch)
    await device.run()
    t.strictSame(device.broker.codes(), ['UPD4_FAIL_35'])
    t.ok(device.disk.payload.image, 'it stays: the next attempt goes on with it')
    device.disk.availableBytes = needed - patch.image.length - patch.indexBytes.length
    device.broker.sendOffer(patch, operationOne, 2)
    await device.run()
    t.strictSame(
      device.broker.codes(),
      ['UPD4_FAIL_35', 'UPD4_FAIL_42'],
      'there was room; this decoder decodes nothing',
    )
    device.disk.availableBytes = 1_000_000
    device.broker.sendOffer(newer, operationTwo)
    await device.run()
    t.equal(device.disk.payload.image, undefined)
    t.ok(device.disk.runningImage('main')?.equals(newer.image))
    await device.stop()
  },
)
