// Broadcast sessions from the side of a device: the real agent, and a sender by script.
import t, { type Test } from 'tap'
import type { SessionPhase } from '../../agent/core/broadcast.ts'
import { jobOf } from '../../agent/core/memory.ts'
import { operationOne, operationTwo } from './fakes/broker.ts'
import { FakeDevice } from './fakes/device.ts'
import { commandOf, imageOf, releaseOf } from './fakes/release.ts'
import { SessionSender } from './fakes/session-sender.ts'
import { allSteps, day } from './fakes/story.ts'

/** Has nothing in common with what is installed. */
const carried = releaseOf(imageOf('carried', 20_000))
const other = releaseOf(imageOf('other', 5_000), { version: '3.0.0', releaseCounter: 3 })
const waiting = ['downloading', 'verifying', 'awaiting-install']
const installed = ['verifying', 'installing', 'rebooting', 'confirming']
const half = Math.floor(carried.index.count / 2)

interface Member {
  readonly device: FakeDevice
  readonly sender: SessionSender
}

/** A device that was offered `carried` and told to join at once. */
async function member(changes: ConstructorParameters<typeof FakeDevice>[0] = {}): Promise<Member> {
  const device = new FakeDevice({ windowBytes: 32_000, ...changes })
  await device.start()
  await device.run(0)
  const sender = new SessionSender(device.broker, carried)
  device.broker.sendOffer(carried)
  device.broker.sendJoin(sender.name)
  await device.run(0)
  return { device, sender }
}

/** Lets everything happen that needs no time. */
const settled = ({ device }: Member): Promise<void> => device.run(0)

/** Brings the device as far as that, all of it in the session. */
async function upTo(at: Member, phase: SessionPhase): Promise<void> {
  const { sender } = at
  if (phase === 'joined') return
  sender.say('start')
  sender.send(0, half)
  await settled(at)
  if (phase === 'started') return
  sender.send(half + 1)
  sender.say('end')
  await settled(at)
  if (phase === 'ended') return
  sender.say('activate')
}

/** Numbers of the chunks that were asked for, each as often as it was. */
function asked({ broker }: FakeDevice): number[] {
  return broker.requests.flatMap(({ wanted }) =>
    wanted.kind === 'chunks'
      ? wanted.ranges.flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at))
      : [],
  )
}

const session = ({ agent }: FakeDevice): string => {
  const { name, phase } = jobOf(agent?.memory.state ?? { kind: 'idle' })?.session ?? {}
  return name === undefined ? 'none' : `${name} ${phase}`
}

function isInstalled(t: Test, { disk, broker }: FakeDevice): void {
  t.ok(disk.runningImage('main')?.equals(carried.image))
  t.equal(broker.hellos.at(-1)?.components[0]?.version, '2.0.0')
}

async function ends(t: Test, { device }: Member): Promise<void> {
  t.equal(device.broker.session, undefined, 'the session is left')
  t.strictSame(device.disk.durable.outbox, [])
  await device.stop()
  t.equal(device.clock.timerCount, 0, 'no timer is left behind')
}

t.test(
  'a whole image over a session: nothing but the index is asked for, and it is installed when activated',
  async t => {
    const at = await member()
    const { device, sender } = at
    t.equal(device.broker.session, sender.name)
    t.ok(sender.say('start'))
    await settled(at)
    t.equal(session(device), `${sender.name} started`)
    for (let chunk = 0; chunk < sender.chunkCount; chunk += 1) {
      sender.send(chunk, chunk)
      await device.run(4000)
    }
    sender.say('end')
    await device.run(day)
    t.strictSame(device.broker.told(), waiting, 'it waits, for days')
    t.strictSame(asked(device), [])
    t.match(device.broker.progress.at(-1), { imageBytes: 20_000, receivedBytes: 20_000, heldBytes: 0 })
    sender.say('activate')
    await device.run()
    t.strictSame(device.broker.told(), [...waiting, ...installed])
    isInstalled(t, device)
    await ends(t, at)
  },
)

t.test('words and pieces that come twice, or once more after the end, change nothing', async t => {
  const at = await member()
  const { device, sender } = at
  sender.weather = piece => [piece, piece]
  for (const word of ['start', 'start'] as const) sender.say(word)
  sender.send()
  sender.send(0, half)
  for (const word of ['end', 'end', 'start', 'end'] as const) sender.say(word)
  await settled(at)
  t.equal(session(device), `${sender.name} ended`)
  for (const word of ['activate', 'activate', 'start', 'end'] as const) sender.say(word)
  await device.run()
  t.strictSame(device.broker.told(), [...waiting, ...installed])
  t.strictSame(asked(device), [])
  isInstalled(t, device)
  await ends(t, at)
})

t.test('who joins late pulls what it missed after the end', async t => {
  const device = new FakeDevice({ windowBytes: 32_000 })
  await device.start()
  await device.run(0)
  const sender = new SessionSender(device.broker, carried)
  // Its line is so bad that it has got nothing by then.
  device.broker.weather = data => (data.kind === 'piece' && data.chunk !== undefined ? [] : [data])
  device.broker.sendOffer(carried)
  sender.say('start')
  sender.send(0, half)
  await device.run(0)
  t.strictSame(device.broker.session, undefined)
  const early = asked(device).length
  t.ok(early > 0, 'until it is told to join it pulls')
  device.broker.sendJoin(sender.name)
  await device.run(0)
  device.broker.weather = data => [data]
  // What a sender owes to everybody who joins.
  t.ok(sender.say('start'))
  sender.send(half + 1)
  sender.say('end')
  await device.run()
  const pulled = [...new Set(asked(device).slice(early))].sort((a, b) => a - b)
  t.strictSame(
    pulled,
    Array.from({ length: half + 1 }, (_, chunk) => chunk),
  )
  t.strictSame(device.broker.told(), waiting)
  sender.say('activate')
  await device.run()
  isInstalled(t, device)
  await ends(t, { device, sender })
})

t.test('lost, doubled and reordered pieces only cost what is pulled afterwards', async t => {
  const at = await member()
  const { device, sender } = at
  let count = 0
  const lost = new Set<number>()
  sender.weather = piece => {
    count += 1
    if (count % 5 !== 0) return [piece]
    lost.add(piece.chunk)
    return []
  }
  sender.say('start')
  for (let chunk = sender.chunkCount - 1; chunk >= 0; chunk -= 1) {
    sender.send(chunk, chunk)
    await settled(at)
  }
  t.strictSame(asked(device), [])
  sender.say('end')
  await device.run()
  t.ok(lost.size > 5)
  t.strictSame([...new Set(asked(device))].sort(), [...lost].sort(), 'what was lost, and nothing else')
  t.strictSame(device.broker.told(), waiting)
  sender.say('activate')
  await device.run()
  isInstalled(t, device)
  await ends(t, at)
})

t.test(
  'chunks that are not what was signed are not believed: pulled at the end, or when there are too many',
  async t => {
    for (const [bad, pulledBefore] of [
      [2, false],
      [9, true],
    ] as const) {
      const at = await member()
      const { device, sender } = at
      sender.pieceBytes = 3000
      sender.weather = piece => [piece.chunk < bad ? { ...piece, data: Buffer.alloc(piece.data.length, 7) } : piece]
      sender.say('start')
      sender.send(0, bad - 1)
      await settled(at)
      t.equal(asked(device).length > 0, pulledBefore)
      sender.send(bad)
      sender.say('end')
      await device.run()
      t.strictSame(device.broker.told(), waiting)
      t.ok(device.warnings.filter(event => event === 'chunk-bad').length >= Math.min(bad, 4))
      sender.say('activate')
      await device.run()
      isInstalled(t, device)
      await ends(t, at)
    }
  },
)

t.test('a sender that falls silent is not waited for; it still says when to install', async t => {
  const at = await member()
  const { device, sender } = at
  sender.say('start')
  sender.send(0, half)
  await device.run(4000)
  t.strictSame(asked(device), [])
  await device.run(5000)
  t.strictSame([...new Set(asked(device))].length, sender.chunkCount - half - 1)
  await device.run()
  t.strictSame(device.broker.told(), waiting)
  sender.say('end')
  sender.say('activate')
  await device.run()
  isInstalled(t, device)
  await ends(t, at)
})

t.test('UPD4_FAIL_45 when the sender aborts before the activation, whenever that is', async t => {
  for (const phase of ['joined', 'started', 'ended'] as const) {
    const at = await member()
    const { device, sender } = at
    await upTo(at, phase)
    sender.say('abort')
    await device.run()
    t.strictSame(device.broker.codes(), ['UPD4_FAIL_45'], phase)
    t.match(device.broker.lastData(), {
      reason: 'aborted',
      actual: 'abort',
      detail: 'no more power',
      session: sender.name,
    })
    t.equal(device.agent?.memory.state.kind, 'idle')
    t.equal(device.disk.of('main').trial, undefined)
    // The next try is pulled, without what is there already.
    device.broker.sendOffer(carried, operationOne, 2)
    await device.run()
    t.strictSame(
      new Set(asked(device)).size,
      { joined: sender.chunkCount, started: sender.chunkCount - half - 1, ended: 0 }[phase],
    )
    isInstalled(t, device)
    await ends(t, at)
  }
})

t.test('an abort after the activation is refused: the update goes on', async t => {
  for (const early of [true, false]) {
    const at = await member()
    const { device, sender } = at
    await upTo(at, early ? 'started' : 'ended')
    const speak = (): void => {
      sender.say('activate')
      sender.say('abort')
    }
    if (early) {
      // It still hashes the image, but it holds all of it.
      device.disk.onDurable = () => {
        if (device.disk.durable.memory?.state.kind !== 'verifying') return
        device.disk.onDurable = () => {}
        speak()
      }
      sender.send(half + 1)
      sender.say('end')
    } else speak()
    await device.run()
    t.strictSame(device.broker.codes(), [])
    t.strictSame(device.broker.told(), early ? allSteps : [...waiting, ...installed])
    t.ok(device.warnings.includes('abort-refused'))
    isInstalled(t, device)
    await ends(t, at)
  }
})

t.test('UPD4_FAIL_45 when words come out of their order', async t => {
  const { payloadSha256: artifact } = carried.manifest
  const foreign = other.manifest.payloadSha256
  const words = (expected: string, actual: string) => ({ expected, actual })
  const wrong = { field: 'artifact', expected: artifact, actual: foreign }
  for (const [phase, words_, data] of [
    ['joined', ['end'], words('start', 'end')],
    ['joined', ['activate'], words('start', 'activate')],
    ['started', ['activate'], words('end', 'activate')],
    ['started', ['end', 'activate'], words('whole-image', 'activate')],
    ['joined', ['start!'], wrong],
    ['started', ['start!'], wrong],
    ['started', ['end!'], wrong],
    ['ended', ['activate!'], wrong],
    ['ended', ['abort!'], wrong],
  ] as const) {
    const at = await member()
    const { device, sender } = at
    // What is missing after the end cannot be had: the image is never whole.
    device.broker.weather = data => (data.kind === 'piece' && data.chunk !== undefined ? [] : [data])
    await upTo(at, phase)
    for (const word of words_) {
      const [kind, isForeign] = [word.replace('!', '') as 'start', word.endsWith('!')]
      t.ok(sender.say(kind, isForeign ? foreign : artifact))
      await settled(at)
    }
    t.strictSame(device.broker.codes(), ['UPD4_FAIL_45'], `${phase} ${words_}`)
    t.match(device.broker.lastData(), { reason: 'out-of-sequence', session: sender.name, ...data })
    await ends(t, at)
  }
})

t.test('after a power cut in any phase it joins again and goes on', async t => {
  for (const phase of ['joined', 'started', 'ended', 'activated'] as const) {
    const at = await member()
    const { device, sender } = at
    await upTo(at, phase)
    // Of an activation it is the saving that counts.
    for (let turn = 0; phase === 'activated' && !session(device).endsWith('activated'); turn += 1) {
      if (turn > 1000) throw new Error('not activated')
      await new Promise(resolve => setImmediate(resolve))
    }
    device.cutPower()
    await device.start()
    await device.run(0)
    t.strictSame(asked(device), [], phase)
    if (phase !== 'activated') {
      t.equal(session(device), `${sender.name} ${phase}`)
      t.equal(device.broker.session, sender.name)
      sender.say('start')
      sender.send(phase === 'started' ? half + 1 : 0)
      sender.say('end')
      await device.run()
      t.equal(device.agent?.memory.state.kind, 'awaiting-install', phase)
      sender.say('activate')
    }
    // Timers of the run that is no more end with it.
    await device.run(day)
    t.strictSame(asked(device), [], phase)
    t.strictSame(device.broker.codes(), [])
    isInstalled(t, device)
    await ends(t, at)
  }
})

t.test('a cut line in the middle of a session: what was missed is pulled after the end', async t => {
  const at = await member()
  const { device, sender } = at
  await upTo(at, 'started')
  device.broker.disconnect()
  t.notOk(sender.say('start'))
  sender.send(half + 1, half + 5)
  await device.run(60_000)
  device.broker.connect()
  await device.run(1000)
  t.strictSame(asked(device), [], 'the session has its time again')
  sender.send(half + 6)
  sender.say('end')
  await device.run()
  t.strictSame(
    [...new Set(asked(device))],
    [1, 2, 3, 4, 5].map(more => half + more),
  )
  sender.say('activate')
  await device.run()
  isInstalled(t, device)
  await ends(t, at)
})

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
