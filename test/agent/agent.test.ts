import t from 'tap'
import { type ChunkData, encodeChunkData } from '../../proto/chunk-messages.ts'
import { operationOne, operationTwo } from './fakes/broker.ts'
import { settle } from './fakes/clock.ts'
import { FakeDevice } from './fakes/device.ts'
import { imageOf, releaseOf } from './fakes/release.ts'
import { allSteps, begun, day, newer, newest, updated } from './fakes/story.ts'

t.test('an offered release is fetched, installed on trial, confirmed and said in the hello', async t => {
  const device = new FakeDevice()
  await updated(device)
  t.strictSame(device.broker.told(), allSteps)
  const last = device.broker.hellos.at(-1)
  t.match(last?.components, [{ name: 'main', version: '2.0.0', digest: newer.manifest.installedSha256 }])
  t.equal(last?.operation, undefined)
  t.strictSame(device.restarts, ['trial'])
  t.ok(device.disk.runningImage('main')?.equals(newer.image))
  t.strictSame(device.agent?.memory.releaseMarks, { main: { counter: 2, digest: newer.manifest.installedSha256 } })
  t.strictSame(device.disk.durable.outbox, [])
  t.equal(device.clock.timerCount, 0, 'no timer is left behind')
  await device.stop()
})

t.test('the hello comes first, then the events, and chunk requests only when they are through', async t => {
  const device = new FakeDevice()
  device.broker.weather = () => []
  await begun(device)
  await device.run(0)
  device.broker.disconnect()
  device.broker.weather = data => [data]
  const requests = device.broker.requests.length
  t.equal(requests, 1)
  await device.run(1000)
  t.equal(device.broker.requests.length, requests, 'nothing is asked without a line')
  device.broker.connect()
  await device.run()
  t.equal(device.broker.hellos[1]?.operation, operationOne)
  t.strictSame(device.broker.told(), allSteps)
  await device.stop()
})

t.test('the hello says how many events follow, and nothing is forgotten while the broker is away', async t => {
  const device = new FakeDevice()
  await begun(device, releaseOf(newer.image, { vendorId: '00'.repeat(16) }))
  device.broker.online = false
  device.broker.disconnect()
  await device.run(1000)
  t.equal(device.disk.durable.outbox.length, 1)
  device.cutPower()
  await device.start()
  await device.run(1000)
  device.broker.connect()
  await device.run()
  t.match(device.broker.hellos.at(-1), { outboxEventCount: 1, outboxLastEventNumber: 1 })
  t.strictSame(device.broker.told(), ['UPD4_FAIL_30'])
  t.strictSame(device.disk.durable.outbox, [])
  await device.stop()
})

t.test('nothing is said during a trial before the image is confirmed', async t => {
  const device = new FakeDevice()
  let hellosAtCheck = -1
  device.health = async () => {
    await settle()
    hellosAtCheck = device.broker.hellos.length
    return { healthy: true }
  }
  await updated(device)
  t.equal(hellosAtCheck, 1, 'the hello of the old image')
  t.equal(device.broker.hellos.length, 2)
  await device.stop()
})

t.test('an unhealthy image is rolled back, the old one runs, then UPD4_FAIL_40 is told once', async t => {
  const device = new FakeDevice()
  device.health = () => ({ healthy: false, reason: 'exit-3' })
  await updated(device)
  t.strictSame(device.broker.told(), [...allSteps, 'UPD4_FAIL_40'])
  t.match([...device.broker.events.values()].at(-1), { data: { reason: 'exit-3' }, version: '1.0.0' })
  t.strictSame(device.restarts, ['trial', 'roll-back'])
  t.ok(device.disk.runningImage('main')?.equals(imageOf('one', 20_000)))
  t.strictSame(device.agent?.memory.releaseMarks, {}, 'a release that was not committed leaves no mark')
  await device.stop()
})

t.test('a trial that boot gave up by itself is told by the old image as UPD4_FAIL_40', async t => {
  const device = new FakeDevice()
  device.health = () => {
    device.cutPower()
    return { healthy: true }
  }
  await updated(device)
  for (let starts = 0; starts < 4; starts += 1) {
    await device.start()
    await device.run()
  }
  t.strictSame(device.broker.codes(), ['UPD4_FAIL_40'])
  t.match([...device.broker.events.values()].at(-1)?.data, { reason: 'starts' })
  await device.stop()
})

t.test('a component without restart is switched at once and ends with one UPD2_OK_18', async t => {
  const device = new FakeDevice({}, false)
  await updated(device)
  t.strictSame(device.broker.told(), ['downloading', 'verifying', 'installing', 'confirming', 'UPD2_OK_18'])
  t.strictSame(device.restarts, [])
  t.equal(device.broker.hellos.at(-1)?.components[0]?.version, '2.0.0')
  t.ok(device.disk.runningImage('main')?.equals(newer.image))
  await device.stop()
})

t.test('a component without restart whose switched image does not read is switched back: UPD4_FAIL_40', async t => {
  const device = new FakeDevice({}, false)
  device.disk.onDurable = what => what === 'install' && device.disk.faults.set('hash', 1)
  await updated(device)
  t.strictSame(device.broker.codes(), ['UPD4_FAIL_40'])
  t.ok(device.disk.runningImage('main')?.equals(imageOf('one', 20_000)))
  t.equal(device.broker.hellos.at(-1)?.components[0]?.version, '1.0.0')
  await device.stop()
})

t.test('UPD4_FAIL_33 before the first byte when image and index do not fit; one byte more and they do', async t => {
  const needed = newer.image.length + newer.indexBytes.length
  for (const [availableBytes, codes] of [
    [needed - 1, ['UPD4_FAIL_33']],
    [needed, []],
  ] as const) {
    const device = new FakeDevice()
    device.disk.availableBytes = availableBytes
    await updated(device)
    t.strictSame(device.broker.codes(), codes)
    t.equal(device.broker.requests.length === 0, codes.length === 1)
    await device.stop()
  }
})

t.test('what the disk does: each failure has its code, and the next offer is not blocked by it', async t => {
  for (const [fault, code] of [
    ['candidate-write', 'UPD4_FAIL_35'],
    ['candidate-sync', 'UPD4_FAIL_35'],
    ['install', 'UPD4_FAIL_35'],
    ['read-active', 'UPD4_FAIL_36'],
  ] as const) {
    const device = new FakeDevice()
    device.disk.faults.set(fault, 1)
    await updated(device)
    t.strictSame(device.broker.codes(), [code], fault)
    t.match([...device.broker.events.values()].at(-1)?.data, { errno: /^(EIO|ENOSPC|SHORT)$/ })
    t.strictSame(device.agent?.memory.state, { kind: 'idle' })
    device.broker.sendOffer(newest, operationTwo)
    await device.run()
    t.strictSame(device.broker.codes(operationTwo), [])
    t.equal(device.broker.hellos.at(-1)?.components[0]?.version, '3.0.0')
    await device.stop()
  }
})

t.test('UPD4_FAIL_36 when the candidate cannot be read back, UPD4_FAIL_44 when it is gone', async t => {
  for (const [spoil, code] of [
    [(device: FakeDevice) => device.disk.faults.set('hash', 2), 'UPD4_FAIL_36'],
    [
      (device: FakeDevice) => {
        device.disk.of('main').files.b.image = undefined
      },
      'UPD4_FAIL_44',
    ],
  ] as const) {
    const device = new FakeDevice()
    device.disk.onDurable = what => {
      if (what === 'journal' && device.disk.durable.memory?.state.kind === 'verifying') device.cutPower()
    }
    await updated(device)
    device.disk.onDurable = () => {}
    spoil(device)
    await device.start()
    await device.run()
    t.strictSame(device.broker.codes(), [code])
    await device.stop()
  }
})

t.test('UPD4_FAIL_26 when the candidate was changed on disk after it was complete', async t => {
  for (const at of ['verifying', 'installing']) {
    const device = new FakeDevice()
    device.disk.onDurable = what => {
      if (what === 'journal' && device.disk.durable.memory?.state.kind === at) device.cutPower()
    }
    await updated(device)
    device.disk.onDurable = () => {}
    device.disk.of('main').files.b.image?.write('X', 100)
    await device.start()
    await device.run()
    t.strictSame(device.broker.codes(), ['UPD4_FAIL_26'], at)
    t.ok(device.disk.runningImage('main')?.equals(imageOf('one', 20_000)))
    await device.stop()
  }
})

t.test('a journal that cannot be written for long ends the job with UPD4_FAIL_35 when it can again', async t => {
  const device = new FakeDevice()
  await begun(device)
  device.disk.onDurable = what => {
    if (what === 'open-candidate') device.disk.faults.set('journal-save', 6)
  }
  await device.run(day)
  t.strictSame(device.broker.codes(), ['UPD4_FAIL_35'])
  t.strictSame(device.agent?.memory.state, { kind: 'idle' })
  await device.stop()
})

t.test('a journal that fails for a moment fails nothing', async t => {
  const device = new FakeDevice()
  await begun(device)
  device.disk.faults.set('journal-save', 2)
  await device.run()
  t.strictSame(device.broker.told(), allSteps)
  await device.stop()
})

t.test('a resume validates the manifest again: what expired or lost its trust meanwhile is refused', async t => {
  const soon = releaseOf(newer.image, { expiresAt: Date.UTC(2026, 0, 2) })
  for (const at of ['accepting', 'downloading', 'verifying', 'installing']) {
    const device = new FakeDevice()
    device.disk.onDurable = what => {
      if (what === 'journal' && device.disk.durable.memory?.state.kind === at) device.cutPower()
    }
    await updated(device, soon)
    device.disk.onDurable = () => {}
    await device.clock.advance(2 * day)
    await device.start()
    await device.run()
    t.strictSame(device.broker.codes(), ['UPD4_FAIL_23'], at)
    await device.stop()
  }
})

t.test('the same offer again is ignored under way and answered again when finished', async t => {
  const device = new FakeDevice()
  const wrong = releaseOf(newer.image, { classId: '00'.repeat(16) })
  await updated(device, wrong)
  device.broker.sendOffer(wrong)
  await device.run()
  t.strictSame(device.broker.told(), ['UPD4_FAIL_31', 'UPD4_FAIL_31'], 'the result gets a new number')

  device.broker.sendOffer(newer, operationTwo)
  device.broker.sendOffer(newer, operationTwo)
  await device.run()
  t.strictSame(device.broker.told(operationTwo), allSteps)
  const hellos = device.broker.hellos.length
  device.broker.sendOffer(newer, operationTwo)
  await device.run()
  t.equal(device.broker.hellos.length, hellos + 1, 'success is said by the hello')
  t.strictSame(device.broker.told(operationTwo), allSteps)
  await device.stop()
})

t.test('another operation while one is under way is refused without a code', async t => {
  const device = new FakeDevice()
  device.broker.weather = () => []
  await begun(device)
  await device.run(0)
  device.broker.sendOffer(newest, operationTwo)
  device.broker.weather = data => [data]
  device.broker.serve(newer)
  await device.run()
  t.strictSame(device.broker.told(operationTwo), [])
  t.ok(device.broker.progress.some(({ refusedOperation }) => refusedOperation === operationTwo))
  t.strictSame(device.broker.told(), allSteps)
  await device.stop()
})

t.test('a withdrawal ends a download, and the device is free for another operation', async t => {
  const device = new FakeDevice()
  device.broker.weather = () => []
  await begun(device)
  await device.run(1000)
  device.broker.sendWithdraw(operationOne, 1, 'stopped')
  await device.run(1000)
  t.strictSame(device.broker.told(), ['downloading', 'withdrawn'])
  device.broker.weather = data => [data]
  device.broker.sendOffer(newest, operationTwo)
  await device.run()
  t.equal(device.broker.hellos.at(-1)?.components[0]?.version, '3.0.0')
  await device.stop()
})

t.test('nothing unreadable disturbs the agent', async t => {
  const device = new FakeDevice()
  device.broker.weather = () => []
  await begun(device)
  await device.run(0)
  device.broker.weather = data => [data]
  device.broker.sendRaw('offer', Buffer.from('nonsense'))
  device.broker.sendRaw('chunks/data', Buffer.from('nonsense'))
  device.broker.sendRaw('command', Buffer.from('nonsense'))
  const nobodys = { requestNumber: 99, chunk: 1, encoding: 'plain', encodedSize: 3, offset: 0 } as const
  device.broker.sendRaw('chunks/data', encodeChunkData({ kind: 'piece', ...nobodys, data: Buffer.from('abc') }))
  await device.run()
  t.strictSame(device.warnings, ['message-unreadable', 'message-unreadable', 'command-unknown'])
  t.strictSame(device.broker.told(), allSteps)
  await device.stop()
})

t.test('a trial the journal knows nothing of is given up', async t => {
  const device = new FakeDevice()
  device.disk.onDurable = what => what === 'install' && device.cutPower()
  await updated(device)
  device.disk.onDurable = () => {}
  device.disk.durable = { journalId: 'cd'.repeat(8), memory: undefined, outbox: [] }
  await device.start()
  await device.run()
  t.strictSame(device.restarts, ['roll-back'])
  t.equal(device.broker.hellos.at(-1)?.components[0]?.version, '1.0.0')
  t.equal(device.disk.of('main').trial, undefined)
  await device.stop()
})

t.test('stopped in mid-download it leaves no timer and says no more', async t => {
  const device = new FakeDevice()
  device.broker.weather = () => []
  await begun(device)
  await device.run(1000)
  await device.stop()
  t.equal(device.clock.timerCount, 0)
  const { length } = device.broker.requests
  await device.run(60_000)
  t.equal(device.broker.requests.length, length)
})

t.test('a result that waits to be acknowledged is not put into the outbox a second time', async t => {
  const device = new FakeDevice()
  await device.start()
  await device.run(0)
  device.broker.acknowledging = false
  for (let times = 0; times < 3; times += 1) {
    device.broker.sendOffer(releaseOf(newer.image, { vendorId: '00'.repeat(16) }))
    await device.run(100)
  }
  t.equal(device.disk.durable.outbox.length, 1)
  await device.stop()
})

t.test('a failure of the work before, told late, does not end the operation after it', async t => {
  const device = new FakeDevice()
  device.disk.install('main', imageOf('zero', 1000), '1.0.0', true)
  const held: ChunkData[] = []
  device.broker.weather = data => {
    if (data.kind === 'piece' && data.chunk === undefined) return [data]
    held.push(data)
    return []
  }
  await begun(device)
  await device.run(1000)
  device.disk.beforeSave = async () => {
    device.disk.beforeSave = async () => {}
    device.disk.faults.set('candidate-write', 1)
    for (const data of held) device.broker.sendData(data)
    device.broker.weather = data => [data]
    await settle()
  }
  device.broker.sendWithdraw()
  device.broker.sendOffer(newest, operationTwo)
  await device.run()
  t.equal(device.disk.faults.get('candidate-write'), 0, 'the old work did fail')
  t.strictSame(device.broker.codes(operationTwo), [])
  t.equal(device.broker.hellos.at(-1)?.components[0]?.version, '3.0.0')
  await device.stop()
})

t.test('UPD4_FAIL_40 when the image that runs on trial is not the one that was verified', async t => {
  const device = new FakeDevice()
  device.disk.onDurable = what => {
    if (what === 'install') device.disk.of('main').files.b.image?.write('X', 100)
  }
  await updated(device)
  t.strictSame(device.broker.codes(), ['UPD4_FAIL_40'])
  t.match([...device.broker.events.values()].at(-1)?.data, { reason: 'digest' })
  await device.stop()
})
