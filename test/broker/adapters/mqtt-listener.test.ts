// The TCP door: how many, how fast, and what is left when it closes.
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import t from 'tap'
import { MqttListener, type MqttListenerOptions } from '../../../broker/adapters/mqtt-listener.ts'
import { eventually, RecordingLog, realClock } from './mqtt/broker-under-test.ts'

class Door {
  readonly streams: Duplex[] = []
  handle(stream: Duplex): void {
    this.streams.push(stream)
  }
}

const options = (changes: Partial<MqttListenerOptions> = {}): MqttListenerOptions => ({
  host: '127.0.0.1',
  port: 0,
  connectionsMax: 100,
  clock: realClock,
  log: new RecordingLog(),
  ...changes,
})

async function knock(port: number, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}))
  await Promise.all(
    sockets.map(socket => new Promise<void>(resolve => socket.once('connect', resolve).once('close', () => resolve()))),
  )
  return sockets
}

t.test('each connection is handed to the handle the broker has at that moment, with room for 128 KiB', async t => {
  const door = new Door()
  const listener = await MqttListener.open(door, options())
  const [first] = await knock(listener.port, 1)
  t.ok(await eventually(() => door.streams.length === 1))
  t.equal(door.streams[0]?.writableHighWaterMark, 128 * 1024)
  const later: Duplex[] = []
  door.handle = stream => void later.push(stream)
  const [second] = await knock(listener.port, 1)
  t.ok(await eventually(() => later.length === 1))
  t.equal(listener.figures().connections, 2)
  first?.destroy()
  second?.destroy()
  t.ok(await eventually(() => listener.figures().connections === 0))
  await listener.close()
})

t.test('more connections than allowed are dropped and counted', async t => {
  const door = new Door()
  const listener = await MqttListener.open(door, options({ connectionsMax: 3 }))
  await knock(listener.port, 5)
  t.ok(await eventually(() => listener.figures().refused['connections-max'] === 2))
  t.equal(listener.figures().connections, 3)
  t.equal(door.streams.length, 3)
  await listener.close()
})

t.test('one address makes new connections only so fast', async t => {
  const door = new Door()
  let nowMs = 0
  const clock = { ...realClock, monotonic: () => nowMs }
  const listener = await MqttListener.open(door, options({ connects: { perSecond: 2, burst: 4 }, clock }))
  await knock(listener.port, 6)
  t.ok(await eventually(() => listener.figures().refused['connect-rate'] === 2))
  t.equal(door.streams.length, 4)
  nowMs = 500
  await knock(listener.port, 2)
  t.ok(await eventually(() => listener.figures().refused['connect-rate'] === 3))
  t.equal(door.streams.length, 5)
  await listener.close()
})

t.test('closing: first no new ones, then the old ones end and the port is free', async t => {
  const door = new Door()
  const listener = await MqttListener.open(door, options())
  const { port } = listener
  const [socket] = await knock(port, 1)
  t.ok(await eventually(() => door.streams.length === 1))
  listener.stopAccepting()
  const [late] = await knock(port, 1)
  t.ok(await eventually(() => late?.destroyed === true))
  t.equal(door.streams.length, 1)
  t.equal(door.streams[0]?.destroyed, false)
  await Promise.all([listener.close(), listener.close()])
  t.ok(await eventually(() => socket?.destroyed === true))
  const again = await MqttListener.open(door, options({ port }))
  t.equal(again.port, port)
  await t.rejects(MqttListener.open(door, options({ port })), { code: 'EADDRINUSE' })
  await again.close()
})
