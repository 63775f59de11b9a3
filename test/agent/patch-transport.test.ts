// A patch as a way to the image over what happens on the way: lost pieces, lost lines, power cuts, sessions, other offers.
import t from 'tap'
import type { ChunkData } from '../../proto/chunk-messages.ts'
import { patchFrameHeadBytes } from '../../proto/patch.ts'
import { encodeSessionControl } from '../../proto/session-messages.ts'
import { operationTwo } from './fakes/broker.ts'
import { patchReleaseOf } from './fakes/patch-release.ts'
import {
  arrived,
  asked,
  deviceWith,
  frameCount,
  good,
  image,
  old,
  release,
  sum,
  transferOf,
  watch,
} from './fakes/patched.ts'
import { begun, updated } from './fakes/story.ts'

t.test('windows of the patch are asked for one after another, and what is lost on the way once more', async t => {
  const device = deviceWith(good, { windowBytes: 600 })
  device.broker.pieceBytes = 200
  let count = 0
  const late: ChunkData[] = []
  device.broker.weather = data => {
    count += 1
    if (count % 11 === 0) return []
    if (count % 5 === 0) return [data, data]
    if (count % 7 === 0) {
      late.push(data)
      return []
    }
    return [data, ...late.splice(0)]
  }
  await begun(device, release)
  await device.run(30 * 60_000)
  arrived(t, device)
  t.strictSame(asked(device, 'chunks'), [])
  const offsets = asked(device, 'patch')
  t.ok(offsets.length > good.bytes.length / 600)
  t.strictSame(
    offsets,
    offsets.toSorted((a, b) => a - b),
    'it never begins again',
  )
  t.equal(
    device.broker.requests.every(({ windowBytes }) => windowBytes <= 600),
    true,
  )
  await device.stop()
})

t.test('after a lost line it asks on from where it is', async t => {
  const device = deviceWith(good, { windowBytes: 600 })
  device.broker.pieceBytes = 200
  await begun(device, release)
  while (asked(device, 'patch').length < 3) await new Promise(resolve => setImmediate(resolve))
  device.broker.disconnect()
  await device.run(60_000)
  const before = asked(device, 'patch')
  device.broker.connect()
  await device.run()
  arrived(t, device)
  const next = asked(device, 'patch')[before.length] ?? 0
  t.ok(next > 0 && next >= (before.at(-1) ?? 0), `${next} after ${before}`)
  t.strictSame(asked(device, 'chunks'), [])
  await device.stop()
})

t.test('only for a payload that is the image: a signed patch takes no other beside it', async t => {
  const signed = patchReleaseOf(Buffer.from(image), old)
  const device = deviceWith()
  await updated(device, signed)
  t.strictSame(asked(device, 'patch'), [])
  t.ok(device.disk.runningImage('main')?.equals(image))
  await device.stop()
})

t.test('while a session brings the chunks no patch is asked for; one that is joined ends the patch', async t => {
  const session = 'ab'.repeat(8)
  for (const early of [true, false]) {
    const device = deviceWith(good, { windowBytes: 600 })
    device.broker.pieceBytes = 200
    const seen = watch(device)
    if (early) {
      device.broker.weather = data => {
        device.broker.weather = same => [same]
        device.broker.sendJoin(session)
        return [data]
      }
      await begun(device, release)
    } else {
      await begun(device, release)
      while (asked(device, 'patch').length < 2) await new Promise(resolve => setImmediate(resolve))
      device.broker.sendJoin(session)
    }
    await device.run(1_000)
    const count = asked(device, 'patch').length
    t.equal(count > 0, !early)
    t.strictSame(seen.givenUp, early ? [] : ['session'])
    const artifact = release.manifest.payloadSha256
    for (const kind of ['start', 'end'] as const)
      device.broker.sayInSession(session, 'control', encodeSessionControl({ kind, artifact }))
    await device.run()
    t.equal(asked(device, 'patch').length, count, 'it is not taken up again')
    t.ok(sum(asked(device, 'chunks')) > 0)
    device.broker.sayInSession(session, 'control', encodeSessionControl({ kind: 'activate', artifact }))
    await device.run()
    arrived(t, device)
    await device.stop()
  }
})

t.test(
  'after a power cut it goes on with the patch, and of the frames whose chunks are held little is fetched',
  async t => {
    const device = deviceWith(good, { windowBytes: 300 })
    device.broker.pieceBytes = 100
    await begun(device, release)
    const half = good.bytes.length / 2
    while ((asked(device, 'patch').at(-1) ?? 0) < half) await new Promise(resolve => setImmediate(resolve))
    device.cutPower()
    const before = device.broker.requests.length
    await device.start()
    await device.run()
    arrived(t, device)
    t.strictSame(asked(device, 'chunks'), [])
    const again = device.broker.requests.slice(before)
    t.ok(again.filter(({ windowBytes }) => windowBytes <= patchFrameHeadBytes).length >= frameCount / 4, 'heads alone')
    t.ok(sum(again.map(({ windowBytes }) => windowBytes)) < good.bytes.length * 0.75)
    const { held_bytes = 0, patch_bytes = 0 } = transferOf(device)
    t.ok(held_bytes > 4_000)
    t.equal(held_bytes + patch_bytes, image.length)
    await device.stop()
  },
)

t.test('a disk that does not take what the patch makes fails the update as ever', async t => {
  const device = deviceWith()
  device.disk.faults.set('candidate-write', 1)
  await updated(device, release)
  t.strictSame(device.broker.codes(), ['UPD4_FAIL_35'])
  await device.stop()
})

t.test('a patch that a repeated offer brings is taken by the next start', async t => {
  const device = deviceWith()
  device.broker.patch = undefined
  device.broker.weather = data => (data.kind === 'piece' && data.chunk !== undefined ? [] : [data])
  await begun(device, release)
  await device.run(1_000)
  device.broker.patch = good
  device.broker.sendOffer(release)
  await device.run(1_000)
  t.strictSame(device.broker.told(), ['downloading'], 'it is the offer under way')
  device.cutPower()
  await device.start()
  await device.run()
  arrived(t, device)
  t.ok(asked(device, 'patch').length > 0)
  await device.stop()
})

t.test('answers to a patch that is no more are not taken for those of the download after it', async t => {
  const device = deviceWith()
  const kept: ChunkData[] = []
  device.broker.weather = data => {
    if (asked(device, 'patch').length === 0 || data.kind !== 'piece' || data.chunk !== undefined) return [data]
    kept.push(data)
    return []
  }
  await begun(device, release)
  await device.run(500)
  device.broker.sendWithdraw()
  await device.run(500)
  device.broker.weather = data => [data, ...kept.splice(0)]
  device.broker.patch = undefined
  device.broker.sendOffer(release, operationTwo)
  t.ok(kept.length > 0)
  await device.run()
  t.strictSame(device.broker.codes(operationTwo), [])
  t.ok(device.disk.runningImage('main')?.equals(image))
  await device.stop()
})
