// Broadcast sessions as the orchestration drives them: when there is one, who is in it and who is not. The sender of the
// bytes is a script that writes down what it is asked.
import t from 'tap'
import type { Release } from '../../../broker/core/records.ts'
import { type ArtifactId, deviceId } from '../../../proto/ids.ts'
import { executionOf, Fleet, operationOf, sessionOf } from './broadcast-fleet.ts'
import { helloOf, oldDigest, release, targetDigest } from './world.ts'

const abc = ['a', 'b', 'c'] as const

t.test('as many as the setting says want the same: they are asked to join, and it begins when all listen', async t => {
  const fleet = await Fleet.of([...abc, 'd'])
  const { sender, world } = fleet
  const id = await fleet.operation([...abc, 'd'])
  await fleet.say(id, ['a', 'b'], 'downloading')
  await world.clock.advance(5000)
  t.same(sender.opened, [], 'two are not enough; those who have not answered do not count')
  await fleet.say(id, ['c'], 'downloading')
  await world.clock.advance(1000)
  const session = sessionOf(fleet)
  t.match(session, { operation: id, artifact: targetDigest, name: /^[0-9a-f]{16}$/ })
  t.same(sender.news(), ['invite a', 'invite b', 'invite c'])
  for (const device of abc)
    t.match(fleet.connections.get(device)?.received.at(-1), {
      kind: 'join',
      operation: id,
      lease: 1,
      attempt: 1,
      session: session.name,
    })
  sender.listen(...abc)
  t.same(sender.news(), [], 'd was handed the same and may still come')
  await fleet.say(id, ['d'], 'downloading')
  t.same(sender.news(), ['invite d'])
  sender.listen('d')
  t.same(sender.news(), ['start'])
  t.equal(sender.opened.length, 1)
  t.match(
    await world.orchestrator.explain(await operationOf(fleet, id), await executionOf(fleet, id, 'a'), undefined),
    {
      rule: 'in-progress',
      data: { session: session.name },
    },
  )
})

t.test(
  'whoever does not listen is asked again on the schedule of offers, and after a time it begins without',
  async t => {
    const fleet = await Fleet.of(abc)
    const id = await fleet.operation(abc)
    await fleet.say(id, abc, 'downloading')
    await fleet.world.clock.advance(1000)
    fleet.sender.listen('a')
    await fleet.world.clock.advance(3000)
    t.notOk(fleet.sender.news().includes('start'), 'the time has not passed')
    await fleet.world.clock.advance(1000)
    t.same(fleet.sender.news(), ['start'])
    const joins = (device: string): number => fleet.received(device).filter(kind => kind === 'join').length
    t.equal(joins('a'), 1)
    await fleet.world.clock.advance(12_000)
    t.equal(joins('b'), 3, 'at once, after 5 s and after 10 s more')
    t.equal(joins('a'), 1, 'it listens')
    fleet.sender.opened[0]?.told.ended()
    await fleet.world.clock.advance(300_000)
    t.equal(joins('b'), 3, 'there is nothing more to hear')
  },
)

t.test('a session that nobody hears does not begin', async t => {
  const fleet = await Fleet.of(abc)
  const id = await fleet.operation(abc)
  await fleet.say(id, abc, 'downloading')
  await fleet.world.clock.advance(120_000)
  t.same(fleet.sender.news(), ['invite a', 'invite b', 'invite c'])
})

t.test('the policy decides: pull never, broadcast for a single device and at once', async t => {
  const fleet = await Fleet.of([...abc, 'd'])
  const pulls = await fleet.operation(abc, { delivery: { transport: 'pull', retryByPull: true } })
  await fleet.say(pulls, abc, 'downloading')
  await fleet.world.clock.advance(60_000)
  t.same(fleet.sender.opened, [])
  const delivery = { transport: 'broadcast', bytesPerSecond: 5000, retryByPull: true } as const
  const heard = await fleet.operation(['d'], { delivery })
  await fleet.say(heard, ['d'], 'downloading')
  t.same(fleet.sender.news(), ['invite d'])
  t.match(fleet.sender.opened, [{ session: { operation: heard, bytesPerSecond: 5000 } }])
  t.equal(fleet.world.orchestrator.bytesPerSecondOf(heard), 5000)
  t.equal(fleet.world.orchestrator.bytesPerSecondOf(pulls), undefined)
  fleet.sender.listen('d')
  t.same(fleet.sender.news(), ['start'])
})

t.test('a setting of 0 broadcasts only what a policy asks for', async t => {
  const fleet = await Fleet.of(abc, { broadcastDevicesMin: 0 })
  const id = await fleet.operation(abc)
  await fleet.say(id, abc, 'downloading')
  await fleet.world.clock.advance(60_000)
  t.same(fleet.sender.opened, [])
})

t.test('without a sender every device pulls', async t => {
  const fleet = new Fleet()
  fleet.world.sender = undefined
  await fleet.world.start()
  await fleet.connect(...abc)
  const id = await fleet.operation(abc, { delivery: { transport: 'broadcast', retryByPull: true } })
  await fleet.say(id, abc, 'downloading')
  await fleet.world.clock.advance(60_000)
  t.same(abc.map(fleet.received, fleet), [['offer'], ['offer'], ['offer']])
})

t.test('who is not connected, has everything, or would pull for less is not asked', async t => {
  let leastBytes: number | undefined = 49
  const asked: string[] = []
  const memories = new Set<number>()
  const patches = {
    offerFor: () => undefined,
    leastBytes: ({ base }: { base: string }, memoryBytes: number) => {
      asked.push(base)
      memories.add(memoryBytes)
      return leastBytes
    },
  }
  const fleet = await Fleet.of([...abc, 'd'], {}, { patches, encodedBytesOf: async () => 100 })
  const id = await fleet.operation([...abc, 'd'])
  await fleet.say(id, [...abc, 'd'], 'downloading')
  await fleet.world.clock.advance(10_000)
  t.same(fleet.sender.opened, [], 'less than half of the whole')
  t.ok(asked.length > 0 && asked.every(base => base === oldDigest))
  t.same([...memories], [1000], 'by the memory each has told')
  leastBytes = 50
  await fleet.say(id, ['a'], 'verifying')
  const gone = fleet.connections.get('b')
  if (gone !== undefined) fleet.world.orchestrator.deviceDisconnected(gone)
  await fleet.world.clock.advance(10_000)
  t.same(fleet.sender.opened, [], 'two are left')
  await fleet.connect('b')
  await fleet.say(id, ['b'], 'downloading')
  await fleet.world.clock.advance(1000)
  t.same(fleet.sender.news(), ['invite b', 'invite c', 'invite d'])
  leastBytes = undefined
})

t.test('an artifact whose size cannot be known is not compared for ever: the next look asks again', async t => {
  let asked = 0
  const patches = { offerFor: () => undefined, leastBytes: () => 80 }
  const encodedBytesOf = async (): Promise<number> => {
    asked += 1
    if (asked === 1) throw new Error('the disk is busy')
    return 100
  }
  const fleet = await Fleet.of(abc, {}, { patches, encodedBytesOf })
  const id = await fleet.operation(abc)
  await fleet.say(id, abc, 'downloading')
  await fleet.world.clock.advance(3000)
  t.equal(fleet.sender.opened.length, 1)
  t.equal(asked, 2)
})

t.test(
  'a device whose journal is new is offered the update again and is a member no more until it answers',
  async t => {
    const fleet = await Fleet.of(abc)
    const id = await fleet.operation(abc)
    await fleet.say(id, abc, 'downloading')
    await fleet.world.clock.advance(1000)
    fleet.sender.listen(...abc)
    fleet.sender.news()
    const connection = fleet.connections.get('a')
    if (connection === undefined) throw new TypeError('a is connected')
    fleet.world.orchestrator.deviceDisconnected(connection)
    await fleet.connect('a')
    t.same(fleet.sender.news(), ['leave a'])
    await fleet.say(id, ['a'], 'downloading')
    t.same(fleet.sender.news(), ['invite a'])
  },
)

t.test('members are executions in progress: the limit holds through a whole broadcast operation', async t => {
  const devices = Array.from({ length: 40 }, (_, index) => `s-${String(index).padStart(2, '0')}`)
  const fleet = await Fleet.of(devices)
  const { sender, world } = fleet
  const delivery = { transport: 'broadcast', retryByPull: true } as const
  const id = await fleet.operation(devices, { concurrency: 7, delivery })
  let installed = 0
  for (let turn = 0; turn < 40 && installed < 40; turn += 1) {
    const { items } = await world.store.executions(id, { state: 'in-progress', limit: 100 })
    for (const { device } of items) {
      await fleet.say(id, [device], 'downloading')
      sender.listen(device)
    }
    await world.clock.advance(1000)
    const members = [...sender.members.values()].reduce((sum, { size }) => sum + size, 0)
    t.ok(members <= 7, `${members} members`)
    for (const { device } of items) {
      installed += 1
      await fleet.say(id, [device], { kind: 'code', code: 'UPD2_OK_18' }, { digest: targetDigest })
    }
  }
  t.same(world.violations, [])
  t.ok(sender.membersMost > 1 && sender.membersMost <= 7)
  t.match(await operationOf(fleet, id), { state: 'completed', counts: { completed: 40 } })
  t.equal(sender.members.size, 0, 'every session was closed')
})

t.test('devices that are offered different artifacts hear different sessions', async t => {
  const other = 'ba'.repeat(32)
  const [manifest] = release.manifests
  if (manifest === undefined) throw new TypeError('a release has a manifest')
  const manifests = [
    manifest,
    { ...manifest, sha256: 'dd'.repeat(32), classId: '99'.repeat(16), artifact: other as ArtifactId },
  ]
  const fleet = new Fleet({ broadcastDevicesMin: 2 })
  fleet.world.release = { ...release, manifests } satisfies Release
  await fleet.world.start()
  await fleet.connect('a', 'b')
  for (const device of ['x', 'y', 'z']) {
    const connection = fleet.world.connect(deviceId(device))
    fleet.connections.set(device, connection)
    await fleet.world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest, { classId: '99'.repeat(16) }))
  }
  const id = await fleet.operation(['a', 'b', 'x', 'y', 'z'])
  await fleet.say(id, ['a', 'b', 'x', 'y', 'z'], 'downloading')
  await fleet.world.clock.advance(1000)
  t.same(fleet.sender.opened.map(({ session }) => session.artifact).sort(), [targetDigest, other].sort())
  t.same(fleet.sender.news().sort(), ['invite a', 'invite b', 'invite x', 'invite y', 'invite z'])
  t.same([...fleet.sender.members.values()].map(({ size }) => size).sort(), [2, 3])
})

t.test('an offer names a patch for a device that can take it, whenever it is sent', async t => {
  const asked: unknown[][] = []
  const metadata = { baseSize: 9, frameBytesMax: 4096, baseBytesMax: 4096, encodedBytesMax: 4096 } as const
  let there = true
  const patches = {
    offerFor: (...question: unknown[]) => {
      asked.push(question)
      return there ? { base: oldDigest, patchBytes: 77, metadata } : undefined
    },
    leastBytes: () => undefined,
  }
  const fleet = await Fleet.of(['a'], {}, { patches })
  const small = fleet.world.connect(deviceId('b'))
  await fleet.world.orchestrator.hello(small, helloOf('1.0.0', oldDigest))
  await fleet.operation(['a', 'b'])
  t.same(asked, [['a', { base: oldDigest, target: targetDigest }, 1000]], 'b has no memory for one')
  t.match(fleet.connections.get('a')?.received, [{ kind: 'offer', patch: { base: oldDigest, patchBytes: 77 } }])
  t.notOk(Object.hasOwn(small.received[0] ?? {}, 'patch'))
  there = false
  await fleet.world.clock.advance(6000)
  t.equal(asked.length, 2, 'a repeated offer asks again')
  t.notOk(Object.hasOwn(fleet.connections.get('a')?.received[1] ?? {}, 'patch'))
})

t.test('labels are what operators gave a connected device', async t => {
  const fleet = await Fleet.of(['a'])
  const { orchestrator } = fleet.world
  await orchestrator.editDevice(
    deviceId('a'),
    device => ({ ...device, attributes: { site: 'hall' } }),
    () => [],
  )
  t.equal(orchestrator.labelOf(deviceId('a'), 'site'), 'hall')
  t.equal(orchestrator.labelOf(deviceId('a'), 'floor'), undefined)
  t.equal(orchestrator.labelOf(deviceId('z'), 'site'), undefined)
})
