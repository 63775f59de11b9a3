// The line to the broker against a real Aedes and against a scripted server: order of things after a connect, what ends
// a connection, and how the next one is waited for.
import { createServer, type Socket } from 'node:net'
import type { Aedes } from 'aedes'
import t from 'tap'
import { FrameBound } from '../../../../agent/adapters/mqtt/frame-bound.ts'
import { MqttLink } from '../../../../agent/adapters/mqtt/mqtt-link.ts'
import { systemClock } from '../../../../agent/adapters/system-clock.ts'
import { systemRandom } from '../../../../agent/adapters/system-random.ts'
import type { Clock, Random } from '../../../../agent/ports.ts'
import { readPresence } from '../../../../proto/messages.ts'
import { deviceTopic } from '../../../../proto/topics.ts'
import { aedes, device, linkTo, listening, log, until, watched } from './line.ts'

/** Notes what is waited for, and waits a moment only; the long guard of a connection stays long. */
function hastyClock(): Clock & { readonly delaysMs: number[] } {
  const delaysMs: number[] = []
  return {
    ...systemClock,
    delaysMs,
    after(delayMs, run) {
      if (delayMs === 20_000) return systemClock.after(delayMs, run)
      delaysMs.push(delayMs)
      return systemClock.after(1, run)
    },
  }
}

t.test('connected means: clean session with a will, every downlink granted, presence said', async t => {
  const { broker, port, published } = await aedes(t)
  const order: string[] = []
  broker.preConnect = (_client, packet, done) => {
    t.match(packet, {
      protocolVersion: 4,
      clientId: 'd1',
      clean: true,
      keepalive: 30,
      username: 'd1',
      password: Buffer.from('secret'),
      will: { topic: deviceTopic(device, 'presence'), qos: 0, retain: false },
    })
    t.match(readPresence(packet.will?.payload as Buffer), { online: false })
    done(null, true)
  }
  broker.authorizeSubscribe = (_client, subscription, done) => {
    order.push(subscription.topic)
    setTimeout(() => done(null, subscription), 20)
  }
  const handlers = watched()
  const link = linkTo(t, port)
  link.send('progress', Buffer.from('lost'))
  link.start({
    ...handlers,
    connected() {
      order.push('connected')
      handlers.connected()
    },
  })
  await handlers.seen('connected')
  t.same(order, [
    deviceTopic(device, 'offer'),
    deviceTopic(device, 'command'),
    deviceTopic(device, 'chunks/data'),
    'connected',
  ])
  await link.publish('hello', Buffer.from('h'))
  await link.publish('events', Buffer.from('e'))
  t.match(
    published.map(({ topic, qos, retain }) => [topic, qos, retain]),
    [
      [deviceTopic(device, 'presence'), 0, false],
      [deviceTopic(device, 'hello'), 1, false],
      [deviceTopic(device, 'events'), 1, false],
    ],
    'and nothing that was sent while there was no connection',
  )
  t.match(readPresence(published[0]?.payload as Buffer), { online: true })
})

t.test('what arrives belongs to the receiver; topics of others are nothing to us', async t => {
  const { broker, port } = await aedes(t)
  const handlers = watched()
  linkTo(t, port).start(handlers)
  await handlers.seen('connected')
  const packet = { cmd: 'publish' as const, qos: 1 as const, dup: false, retain: false }
  for (const topic of ['offer', 'command', 'chunks/data'] as const)
    broker.publish({ ...packet, topic: deviceTopic(device, topic), payload: Buffer.from(topic) }, () => {})
  await handlers.seen('message', 3)
  t.same(handlers.messages.map(({ downlink, bytes }) => [downlink, Buffer.from(bytes).toString()]).sort(), [
    ['chunks/data', 'chunks/data'],
    ['command', 'command'],
    ['offer', 'offer'],
  ])
  for (const { bytes } of handlers.messages)
    t.equal(bytes.buffer.byteLength, bytes.length, 'no view of a larger buffer')
})

/** Closes every connection of the broker from its side. */
function disconnectAll(broker: Aedes): void {
  const { clients } = broker as unknown as { clients: Record<string, { conn: Socket }> }
  for (const { conn } of Object.values(clients)) conn.destroy()
}

t.test('a refused subscription is no connection, and is tried again later and later', async t => {
  const { broker, port, published } = await aedes(t)
  const clock = hastyClock()
  let refusals = 0
  broker.authorizeSubscribe = (_client, subscription, done) => {
    const refuse = subscription.topic.endsWith('/command') && refusals < 3
    if (refuse) refusals += 1
    done(null, refuse ? null : subscription)
  }
  const handlers = watched()
  linkTo(t, port, { clock, random: { ...systemRandom, fraction: () => 0.5 } }).start(handlers)
  await handlers.seen('connected')
  t.equal(refusals, 3)
  t.same(handlers.facts, ['connected'], 'nobody is told of connections that never were')
  t.same(clock.delaysMs, [5, 10, 20])
  t.equal(published.filter(({ topic }) => topic.endsWith('/presence')).length >= 1, true)
})

t.test('delays are drawn from 0 to a span that doubles up to the cap', async t => {
  const clock = hastyClock()
  const drawn: number[] = []
  const fractions = [0.999, 0, 0.5, 0.25, 0.999, 0.1, 0.999, 0.999]
  const random: Random = {
    ...systemRandom,
    fraction: () => {
      const fraction = fractions[drawn.length] ?? 0
      drawn.push(fraction)
      return fraction
    },
  }
  // A port nobody listens on: it was given to a server that is closed.
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  linkTo(t, port, { clock, random, reconnect: { baseMs: 1000, capMs: 64_000 } }).start(watched())
  await until('eight tries', () => clock.delaysMs.length >= 8)
  t.same(clock.delaysMs.slice(0, 8), [999, 0, 2000, 2000, 15_984, 3200, 63_936, 63_936])
})

t.test('wrong credentials are refused, told, and tried again', async t => {
  const { broker, port } = await aedes(t)
  let tries = 0
  broker.authenticate = (_client, _username, _password, done) => {
    tries += 1
    done(null, tries > 2)
  }
  const warned: unknown[] = []
  const handlers = watched()
  const link = new MqttLink(
    { clock: hastyClock(), random: systemRandom, log: { ...log, warn: facts => void warned.push(facts.reason) } },
    {
      deviceId: device,
      host: '127.0.0.1',
      port,
      username: 'd1',
      password: undefined,
      receiveBytesMax: 100_000,
      reconnect: { baseMs: 10, capMs: 50 },
    },
  )
  t.teardown(() => link.close())
  link.start(handlers)
  await handlers.seen('connected')
  t.match(warned, [/return code 5/, /return code 5/])
})

t.test('a publish without PUBACK fails with the connection, and is not sent again by itself', async t => {
  const { broker, port } = await aedes(t)
  const events: string[] = []
  let answer = false
  broker.authorizePublish = (_client, { topic, payload }, done) => {
    if (topic.endsWith('/events')) {
      events.push(String(payload))
      if (!answer) return
    }
    done(null)
  }
  const handlers = watched()
  const link = linkTo(t, port)
  link.start(handlers)
  await t.rejects(link.publish('hello', Buffer.from('early')), { code: 'LINK_DOWN' })
  await handlers.seen('connected')
  const pending = link.publish('events', Buffer.from('one'))
  await until('event arrived', () => events.length === 1)
  answer = true
  disconnectAll(broker)
  await t.rejects(pending, { code: 'LINK_DOWN' })
  await handlers.seen('connected', 2)
  await link.publish('events', Buffer.from('two'))
  t.same(events, ['one', 'two'])
  t.match(handlers.facts, ['connected', /^disconnected/, 'connected'])
})

t.test('close says goodbye and comes not back', async t => {
  const { broker, port, published } = await aedes(t)
  const handlers = watched()
  const link = linkTo(t, port)
  link.start(handlers)
  await handlers.seen('connected')
  await link.close()
  await until('client gone', () => broker.connectedClients === 0)
  const presences = published
    .filter(({ topic }) => topic.endsWith('/presence'))
    .map(p => readPresence(p.payload as Buffer))
  t.match(presences, [{ online: true }, { online: false }])
  t.equal(presences[0]?.connectionId, presences[1]?.connectionId)
  await new Promise(resolve => setTimeout(resolve, 100))
  t.same(handlers.facts, ['connected', 'disconnected closed'])
  t.equal(broker.connectedClients, 0)
  await t.rejects(link.publish('hello', Buffer.from('late')), { code: 'LINK_DOWN' })
  await link.close()
})

t.test('close does not wait for a PUBACK that never comes', async t => {
  const { broker, port } = await aedes(t)
  broker.authorizePublish = (_client, { topic }, done) => {
    if (!topic.endsWith('/events')) done(null)
  }
  const handlers = watched()
  const link = linkTo(t, port)
  link.start(handlers)
  await handlers.seen('connected')
  const pending = link.publish('events', Buffer.from('one'))
  const failed = t.rejects(pending, { code: 'LINK_DOWN' })
  await link.close()
  await failed
  t.same(handlers.facts, ['connected', 'disconnected closed'])
})

t.test('a packet that announces too much ends the connection at its first bytes', async t => {
  let connections = 0
  const sent: number[] = []
  const server = createServer(socket => {
    connections += 1
    socket.on('error', () => {})
    socket.on('data', bytes => {
      // CONNECT, then SUBSCRIBE with packet identifier in bytes 2 and 3.
      if (bytes[0] === 0x10) socket.write(Buffer.from([0x20, 2, 0, 0]))
      if (bytes[0] !== 0x82) return
      socket.write(Buffer.from([0x90, 5, bytes[2] as number, bytes[3] as number, 1, 1, 0]))
      if (connections > 1) return
      // PUBLISH of 200 MB, announced after CONNACK and SUBACK went through the same bound, and apart from them: in one
      // segment the bound may end the connection before the SUBACK has been seen.
      const begin = setTimeout(() => {
        socket.write(Buffer.from([0x30, 0x80, 0x84, 0xaf, 0x5f]))
        const more = setInterval(() => {
          sent.push(socket.write(Buffer.alloc(65_536)) ? 65_536 : 0)
        }, 1)
        socket.on('close', () => clearInterval(more))
      }, 100)
      socket.on('close', () => clearTimeout(begin))
    })
  })
  const port = await listening(t, server)
  const handlers = watched()
  linkTo(t, port, { receiveBytesMax: 70_000 }).start(handlers)
  await handlers.seen('connected', 2)
  t.match(handlers.facts, ['connected', /^disconnected packet of 20\d{7} bytes, expected at most 70000$/, 'connected'])
})

t.test('the frame bound counts packets however the bytes are cut', async t => {
  const publish = (length: number): Buffer =>
    Buffer.concat([Buffer.from([0x30, (length & 0x7f) | 0x80, length >> 7]), Buffer.alloc(length, 0xff)])
  const stream = Buffer.concat([Buffer.from([0x20, 2, 0, 0]), publish(200), Buffer.from([0xd0, 0]), publish(997)])
  for (let size = 1; size <= stream.length; size += 1) {
    const bound = new FrameBound(1000)
    for (let start = 0; start < stream.length; start += size)
      if (bound.take(stream.subarray(start, start + size)) !== undefined) t.fail(`pieces of ${size}`)
  }
  t.equal(new FrameBound(1000).take(stream), undefined)
  t.equal(new FrameBound(999).take(stream), 1000)
  t.equal(new FrameBound(999).take(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])), 268_435_460)
  t.equal(new FrameBound(999).take(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff])), Number.POSITIVE_INFINITY)
})
