import t from 'tap'
import type { ChunkData } from '../../../proto/chunk-messages.ts'
import { operationTwo } from '../fakes/broker.ts'
import { FakeDevice } from '../fakes/device.ts'
import { imageOf, indexOf, releaseOf } from '../fakes/release.ts'
import { allSteps, begun, day, newer, newest, updated } from '../fakes/story.ts'

t.test('chunks of the installed image are not fetched, whether its index is there or has to be cut', async t => {
  for (const index of [undefined, indexOf(imageOf('one', 20_000)), Buffer.from('no index')]) {
    const device = new FakeDevice()
    device.disk.install('main', imageOf('one', 20_000), '1.0.0', true, index)
    await updated(device)
    const fetched = device.broker.requests.flatMap(({ wanted }) => (wanted.kind === 'chunks' ? wanted.ranges : []))
    const bytes = fetched.flatMap(({ first, count }) =>
      Array.from({ length: count }, (_, at) => newer.index.lengthOf(first + at)),
    )
    t.ok(
      bytes.reduce((sum, length) => sum + length, 0) < 12_000,
      'only what is new, and the chunk that straddles the change',
    )
    t.match(device.broker.progress.at(-1), { imageBytes: 21_000, step: 'downloading' })
    t.ok((device.broker.progress.at(-1)?.heldBytes ?? 0) > 9_000)
    t.equal(device.broker.hellos.at(-1)?.components[0]?.version, '2.0.0')
    await device.stop()
  }
})

t.test('UPD4_FAIL_22 when the signed index does not decode or contradicts the size', async t => {
  for (const index of [Buffer.from('nonsense'), indexOf(imageOf('other', 20_999))]) {
    const device = new FakeDevice()
    await updated(device, releaseOf(newer.image, {}, index))
    t.strictSame(device.broker.codes(), ['UPD4_FAIL_22'])
    await device.stop()
  }
})

t.test('UPD4_FAIL_26 when the index that comes is never the signed one', async t => {
  const device = new FakeDevice()
  const other = releaseOf(newer.image, {}, indexOf(newer.image))
  await begun(device, { ...other, indexBytes: Buffer.alloc(other.indexBytes.length, 1) })
  await device.run()
  t.strictSame(device.broker.codes(), ['UPD4_FAIL_26'])
  t.equal(device.broker.requests.filter(({ wanted }) => wanted.kind === 'index' && wanted.offset === 0).length, 4)
  await device.stop()
})

t.test('a chunk that is corrupt once is fetched again; one that always is ends in UPD4_FAIL_26', async t => {
  for (const [spoiled, codes] of [
    [1, []],
    [Number.POSITIVE_INFINITY, ['UPD4_FAIL_26']],
  ] as const) {
    const device = new FakeDevice()
    let left: number = spoiled
    const last = newer.index.count - 1
    device.broker.weather = data => {
      if (data.kind !== 'piece' || data.chunk !== last || left <= 0) return [data]
      left -= 1
      return [{ ...data, data: Buffer.from(data.data).fill(0, 0, 5) }]
    }
    await updated(device)
    t.strictSame(device.broker.codes(), codes)
    t.notOk(device.disk.runningImage('main')?.subarray(-400).includes(Buffer.alloc(5)))
    await device.stop()
  }
})

t.test('lost, doubled and reordered pieces only cost time', async t => {
  const device = new FakeDevice()
  let count = 0
  const late: ChunkData[] = []
  device.broker.pieceBytes = 300
  device.broker.weather = data => {
    count += 1
    if (count % 7 === 0) return []
    if (count % 5 === 0) return [data, data]
    if (count % 3 === 0) {
      late.push(data)
      return []
    }
    return [data, ...late.splice(0)]
  }
  await begun(device)
  await device.run(10 * 60_000)
  t.strictSame(device.broker.told(), allSteps)
  t.ok(device.disk.runningImage('main')?.equals(newer.image))
  await device.stop()
})

t.test('UPD4_FAIL_24 when nobody ever answers while connected', async t => {
  const device = new FakeDevice()
  device.broker.weather = () => []
  await begun(device)
  await device.run(day)
  t.strictSame(device.broker.codes(), ['UPD4_FAIL_24'])
  t.equal(device.broker.requests.length, 9)
  await device.stop()
})

t.test('a line that is down is no failure for 13 days, and UPD4_FAIL_24 after 14', async t => {
  const device = new FakeDevice()
  device.broker.weather = () => []
  await begun(device)
  await device.run(0)
  device.broker.disconnect()
  await device.run(13 * day)
  t.equal(device.agent?.memory.state.kind, 'downloading')
  await device.run(2 * day)
  t.strictSame(device.agent?.memory.state, { kind: 'idle' })
  device.broker.connect()
  await device.run()
  t.strictSame(device.broker.codes(), ['UPD4_FAIL_24'])
  await device.stop()
})

t.test('the time a download took is remembered over restarts', async t => {
  const device = new FakeDevice({ downloadLimitMs: 5 * 60 * 60 * 1000 })
  device.broker.weather = () => []
  await begun(device)
  await device.run(0)
  device.broker.disconnect()
  for (let night = 0; night < 4; night += 1) {
    await device.run(2 * 60 * 60 * 1000)
    device.cutPower()
    await device.start()
  }
  await device.run()
  device.broker.connect()
  await device.run()
  t.strictSame(device.broker.codes(), ['UPD4_FAIL_24'])
  t.equal(device.broker.lastData()?.reason, 'deadline')
  await device.stop()
})

t.test(
  'a device that is stopped ever again comes to the end of its time, one whose power is cut within ten minutes',
  async t => {
    for (const [minutes, end] of [
      [4, (device: FakeDevice) => device.stop()],
      [14, async (device: FakeDevice) => device.cutPower()],
    ] as const) {
      const device = new FakeDevice({ downloadLimitMs: 60 * 60_000 })
      device.broker.weather = () => []
      await begun(device)
      await device.run(0)
      device.broker.disconnect()
      for (let run = 0; run < 20; run += 1) {
        await device.run(minutes * 60_000)
        await end(device)
        await device.start()
      }
      device.broker.connect()
      await device.run()
      t.strictSame(device.broker.codes(), ['UPD4_FAIL_24'], `${minutes} minutes at a time`)
      t.equal(device.broker.lastData()?.reason, 'deadline')
      await device.stop()
    }
  },
)

t.test('a resumed download asks only for what is missing', async t => {
  const device = new FakeDevice()
  device.disk.install('main', imageOf('zero', 1000), '1.0.0', true)
  await begun(device)
  let writes = 0
  while (writes < 15) {
    await new Promise(resolve => setImmediate(resolve))
    writes = device.disk.touched.filter(what => what === 'write').length
  }
  device.cutPower()
  const before = device.broker.requests.length
  await device.start()
  await device.run()
  const again = device.broker.requests.slice(before)
  t.notOk(
    again.some(({ wanted }) => wanted.kind === 'index'),
    'the index stands beside the candidate',
  )
  const count = again.flatMap(({ wanted }) => (wanted.kind === 'chunks' ? wanted.ranges.map(range => range.count) : []))
  t.ok(count.reduce((sum, of) => sum + of, 0) <= newer.index.count - 15)
  t.ok(device.disk.runningImage('main')?.equals(newer.image))
  await device.stop()
})

t.test('answers to the download before are not taken for those of the one after', async t => {
  const device = new FakeDevice()
  const held: ChunkData[] = []
  device.broker.weather = data => {
    if (data.kind === 'piece' && data.chunk === undefined) return [data]
    held.push(data)
    return []
  }
  device.disk.install('main', imageOf('zero', 1000), '1.0.0', true)
  await begun(device)
  await device.run(1000)
  device.broker.sendWithdraw()
  await device.run(100)
  const late = held.splice(0)
  device.broker.sendOffer(newest, operationTwo)
  await device.run(100)
  device.broker.weather = data => [data]
  for (const data of late) device.broker.sendData(data)
  t.ok(late.length > 0)
  await device.run(60_000)
  t.strictSame(device.broker.codes(operationTwo), [])
  t.notOk(device.warnings.includes('chunk-bad'))
  t.equal(device.broker.hellos.at(-1)?.components[0]?.version, '3.0.0')
  await device.stop()
})

t.test('what a candidate or the installed image holds is believed only by its hash', async t => {
  const device = new FakeDevice()
  const spoiled = imageOf('one', 20_000)
  spoiled.write('X', 5_000)
  device.disk.install('main', spoiled, '1.0.0', true, indexOf(imageOf('one', 20_000)))
  const torn = Buffer.from(newer.image.subarray(0, 3_000))
  torn.write('X', 100)
  device.disk.of('main').files.b.image = torn
  await updated(device)
  t.strictSame(device.broker.told(), allSteps)
  t.ok(device.disk.runningImage('main')?.equals(newer.image))
  await device.stop()
})

t.test('an installed image of several reads is cut as a whole', async t => {
  const device = new FakeDevice({ windowBytes: 262_144 })
  const cutting = { minimumBytes: 4096, averageBytes: 16_384, maximumBytes: 65_536 }
  const installed = imageOf('large', 2_300_000)
  device.disk.install('main', installed, '1.0.0', true)
  device.disk.availableBytes = 10_000_000
  device.broker.pieceBytes = 32_000
  const image = Buffer.concat([Buffer.from('inserted near the start'), installed])
  await updated(device, releaseOf(image, {}, indexOf(image, cutting), cutting))
  t.ok(device.disk.runningImage('main')?.equals(image))
  t.ok((device.broker.progress.at(-1)?.receivedBytes ?? image.length) < 70_000, 'one chunk, the first')
  await device.stop()
})
