// Ways out of a broadcast session, and what is none: offers for the device alone, withdrawals, other sessions.
import t from 'tap'
import { operationOne, operationTwo } from './fakes/broker.ts'
import { FakeDevice } from './fakes/device.ts'
import {
  asked,
  carried,
  ends,
  half,
  isInstalled,
  member,
  other,
  session,
  settled,
  upTo,
  waiting,
} from './fakes/member.ts'
import { commandOf, releaseOf } from './fakes/release.ts'
import { SessionSender } from './fakes/session-sender.ts'
import { allSteps } from './fakes/story.ts'

t.test('a manifest for the device alone overrides a session that is not activated, silently', async t => {
  for (const phase of ['joined', 'started', 'ended'] as const) {
    const at = await member()
    const { device, sender } = at
    await upTo(at, phase)
    const before = device.broker.told()
    device.broker.sendOffer(other, operationTwo)
    await device.run()
    t.strictSame(device.broker.told(), before, 'nothing more is said of the first')
    t.strictSame(device.broker.told(operationTwo), allSteps, phase)
    t.notOk(sender.say('activate'), 'the session was left')
    t.ok(device.disk.runningImage('main')?.equals(other.image))
    await ends(t, at)
  }
})

t.test(
  'what does not override: a bad manifest, a command, the same offer again, anything after the activation',
  async t => {
    const at = await member()
    const { device, sender } = at
    await upTo(at, 'started')
    device.broker.sendOffer(releaseOf(other.image, { version: '0.9.0' }), operationTwo)
    device.broker.serve(carried)
    device.broker.sendCommand(commandOf('reboot', {}, operationTwo), 'reboot', operationTwo, 2)
    device.broker.sendOffer(carried)
    device.broker.sendOffer(carried, operationOne, 2, 0)
    await settled(at)
    t.strictSame(device.broker.told(operationTwo), ['UPD4_FAIL_27'], 'told, and that was all')
    t.equal(device.broker.progress.filter(({ refusedOperation }) => refusedOperation === operationTwo).length, 1)
    t.equal(session(device), `${sender.name} started`)
    sender.send(half + 1)
    sender.say('end')
    await settled(at)
    sender.say('activate')
    device.broker.sendOffer(other, operationTwo, 3)
    await device.run()
    isInstalled(t, device)
    t.strictSame(device.broker.told(operationTwo), ['UPD4_FAIL_27'])
    await ends(t, at)
  },
)

t.test('a newer try of the same manifest leaves the session and goes on alone', async t => {
  for (const phase of ['started', 'ended'] as const) {
    const at = await member()
    const { device, sender } = at
    await upTo(at, phase)
    device.broker.sendOffer(carried, operationOne, 2)
    await device.run()
    t.notOk(sender.say('abort'))
    t.strictSame(new Set(asked(device)).size, phase === 'started' ? sender.chunkCount - half - 1 : 0)
    t.strictSame(device.broker.codes(), [])
    isInstalled(t, device)
    await ends(t, at)
  }
  const at = await member()
  const { device } = at
  await upTo(at, 'started')
  device.broker.sendOffer(other, operationOne, 2)
  await device.run()
  t.ok(device.disk.runningImage('main')?.equals(other.image), 'another manifest as well')
  await ends(t, at)
})

t.test('withdrawn and sent on by the broker as ever', async t => {
  for (const phase of ['joined', 'started', 'ended'] as const) {
    const at = await member()
    await upTo(at, phase)
    at.device.broker.sendWithdraw()
    await at.device.run()
    t.equal(at.device.broker.told().at(-1), 'withdrawn', phase)
    await ends(t, at)
  }
  const at = await member()
  const { device, sender } = at
  await upTo(at, 'ended')
  device.broker.sendProceed()
  await settled(at)
  t.notOk(sender.say('abort'), 'nobody listens any more')
  await device.run()
  isInstalled(t, device)
  await ends(t, at)
})

t.test('two sessions after one another, for one update and for the next', async t => {
  const at = await member()
  const { device } = at
  const second = new SessionSender(device.broker, carried, '00000000000000a2')
  await upTo(at, 'started')
  device.broker.sendJoin(second.name)
  await settled(at)
  t.equal(session(device), `${second.name} joined`)
  t.notOk(at.sender.say('abort'), 'the first is left')
  // What was on its way when it was left.
  at.sender.late = true
  at.sender.say('abort')
  await settled(at)
  t.equal(session(device), `${second.name} joined`)
  second.say('start')
  second.send(half + 1)
  second.say('end')
  await settled(at)
  second.say('activate')
  await device.run()
  t.strictSame(asked(device), [])
  isInstalled(t, device)
  const third = new SessionSender(device.broker, other, '00000000000000a3')
  device.broker.sendOffer(other, operationTwo)
  device.broker.sendJoin(third.name, operationTwo)
  await device.run(0)
  third.say('start')
  third.send()
  third.say('end')
  await device.run()
  t.strictSame(device.broker.told(operationTwo), waiting)
  third.say('activate')
  await device.run()
  t.ok(device.disk.runningImage('main')?.equals(other.image))
  t.strictSame(asked(device), [])
  await ends(t, at)
})

t.test('a join that speaks of something else is no join', async t => {
  const device = new FakeDevice()
  await device.start()
  await device.run(0)
  const sender = new SessionSender(device.broker, carried)
  device.broker.sendJoin(sender.name)
  await device.run(0)
  t.equal(device.broker.session, undefined, 'nothing is under way')
  device.broker.weather = () => []
  device.broker.sendOffer(carried, operationOne, 2, 7)
  device.broker.sendJoin(sender.name, operationTwo, 2, 7)
  device.broker.sendJoin(sender.name, operationOne, 1, 7)
  device.broker.sendJoin(sender.name, operationOne, 3, 7)
  device.broker.sendJoin(sender.name, operationOne, 2, 6)
  await device.run(0)
  t.equal(device.broker.session, undefined)
  device.broker.sendJoin(sender.name, operationOne, 2, 7)
  await device.run(0)
  t.equal(device.broker.session, sender.name)
  t.ok(device.broker.sayInSession(sender.name, 'control', Buffer.from('nonsense')))
  t.ok(device.broker.sayInSession(sender.name, 'data', Buffer.from('nonsense')))
  await device.run(0)
  t.equal(device.warnings.filter(event => event === 'message-unreadable').length, 2)
  t.equal(session(device), `${sender.name} joined`)
  await device.stop()
})

t.test('what was on its way of a session that was left is not listened to', async t => {
  const at = await member()
  const { device, sender } = at
  await upTo(at, 'started')
  device.broker.weather = data => (data.kind === 'piece' && data.chunk !== undefined ? [] : [data])
  device.broker.sendOffer(carried, operationOne, 2)
  await settled(at)
  sender.late = true
  sender.say('abort')
  sender.send(half + 1)
  await settled(at)
  t.equal(device.agent?.memory.state.kind, 'downloading')
  await device.stop()
})
