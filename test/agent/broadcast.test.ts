// Broadcast sessions from the side of a device: the real agent, a sender by script, bad lines and power cuts.
import t from 'tap'
import { operationOne } from './fakes/broker.ts'
import { FakeDevice } from './fakes/device.ts'
import {
  asked,
  carried,
  ends,
  half,
  installed,
  isInstalled,
  member,
  other,
  session,
  settled,
  upTo,
  waiting,
} from './fakes/member.ts'
import { SessionSender } from './fakes/session-sender.ts'
import { allSteps, day } from './fakes/story.ts'

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
  await settled(at)
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
    t.equal(device.broker.session, sender.name, 'before the line is there')
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
