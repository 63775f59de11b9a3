import { connect, createServer, type Socket } from 'node:net'
import { generate } from 'mqtt-packet'
import t, { type Test } from 'tap'
import { deviceId } from '../../../proto/ids.ts'
import { deviceTopic } from '../../../proto/topics.ts'
import { Line, type Weather } from '../../../simulator/conformance/line.ts'
import { connectionAnswer, type Packet, PacketCutter, publication } from '../../../simulator/conformance/packets.ts'
import { Witness } from '../../../simulator/conformance/witness.ts'
import { untilValue } from '../../stories/process.ts'

const device = deviceId('probe')

/** One end of a line, and every packet that came out of it. */
class End {
  readonly socket: Socket
  readonly packets: Packet[] = []
  closed = false

  constructor(socket: Socket) {
    const cutter = new PacketCutter()
    this.socket = socket
    socket.on('data', bytes => this.packets.push(...cutter.push(bytes)))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
  }

  /** First bytes of the payloads that came, in order. */
  get heard(): number[] {
    return this.packets.flatMap(packet => (packet.kind === 'publish' ? [packet.publish.payload[0] ?? 0] : []))
  }

  say(...marks: readonly number[]): void {
    for (const mark of marks) this.socket.write(publication('a', Buffer.of(mark)))
  }
}

async function opened(t: Test) {
  const run = new AbortController()
  const brokers: End[] = []
  const server = createServer(socket => brokers.push(new End(socket)))
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const brokerPort = typeof address === 'object' && address !== null ? address.port : 0
  const witness = new Witness(device, run.signal)
  const line = await Line.open({
    ...{ host: '127.0.0.1', port: 0, witness, signal: run.signal },
    brokerPort: () => brokerPort,
  })
  t.teardown(async () => {
    await line.close()
    for (const { socket } of brokers) socket.destroy()
    server.close()
  })
  const arrives = async (): Promise<{ readonly here: End; readonly there: End }> => {
    const before = brokers.length
    const here = new End(connect(line.port, '127.0.0.1'))
    return { here, there: await untilValue(async () => brokers[before]) }
  }
  return { line, witness, arrives }
}

const markOf = (packet: Packet): number => (packet.kind === 'publish' ? (packet.publish.payload[0] ?? 0) : 0)
const until = (fact: () => boolean): Promise<true> => untilValue(async () => fact() || undefined, 5000)

t.test('what a script says of a packet happens to it, in both directions, and the others keep their order', async t => {
  const { line, arrives } = await opened(t)
  const { here, there } = await arrives()
  /** 2 is dropped, 3 comes twice, 4 is late. */
  const judged = async (packet: Packet) => {
    const mark = markOf(packet)
    if (mark === 4) await new Promise(done => setTimeout(done, 50))
    return mark === 2 ? 'drop' : mark === 3 ? [packet.bytes, packet.bytes] : 'pass'
  }
  const directions: readonly (readonly [weather: Weather, from: End, to: End])[] = [
    [{ toBroker: judged }, here, there],
    [{ toDevice: judged }, there, here],
  ]
  for (const [weather, from, to] of directions) {
    line.weather = weather
    from.say(1, 2, 3, 4, 5)
    await until(() => to.heard.at(-1) === 5)
    t.strictSame(to.heard, [1, 3, 3, 4, 5])
  }
})

t.test('a packet that cuts the line is not passed, and the device may come again', async t => {
  const { line, witness, arrives } = await opened(t)
  const { here, there } = await arrives()
  line.weather = { toBroker: packet => (markOf(packet) === 2 ? 'cut' : 'pass') }
  here.say(1, 2, 3)
  await until(() => here.closed && there.closed)
  t.strictSame(there.heard, [1])
  t.match(witness.of('closed'), [{ connection: 1, by: 'script' }])
  t.equal(witness.of('closed').length, 1)
  const again = await arrives()
  again.here.say(4)
  await until(() => again.there.heard.length === 1)
  t.equal(line.tries, 2)
})

t.test('what the line says itself comes to the device alone, whole', async t => {
  const { line, arrives } = await opened(t)
  line.inject(publication('a', Buffer.of(9)))
  const { here, there } = await arrives()
  line.inject(publication('a', Buffer.of(7)))
  there.say(8)
  await until(() => here.heard.length === 2)
  t.strictSame([here.heard, there.heard], [[7, 8], []])
})

t.test('a line that is down takes nobody; one that refuses answers CONNECT in the broker’s place', async t => {
  const { line, arrives } = await opened(t)
  line.up = false
  const nobody = new End(connect(line.port, '127.0.0.1'))
  await until(() => nobody.closed)
  line.up = true
  line.connectAnswer = connectionAnswer(3)
  const { here, there } = await arrives()
  there.socket.write(connectionAnswer(0))
  await until(() => here.closed)
  t.strictSame(
    here.packets.map(({ bytes }) => [...bytes]),
    [[0x20, 2, 0, 3]],
  )
})

t.test('the witness tells what does not read, and only what was really handed over', async t => {
  const { line, witness, arrives } = await opened(t)
  const { here, there } = await arrives()
  line.weather = { toDevice: packet => (packet.kind === 'puback' && packet.packetId === 2 ? 'drop' : 'pass') }
  here.socket.write(publication(deviceTopic(device, 'hello'), Buffer.from('nonsense')))
  here.socket.write(publication('drover/v1/devices/other/hello', Buffer.from('x')))
  there.socket.write(generate({ cmd: 'puback', messageId: 1 }))
  there.socket.write(generate({ cmd: 'puback', messageId: 2 }))
  there.say(1)
  await until(() => here.heard.length === 1 && there.packets.length === 2)
  t.match(witness.of('unreadable'), [{ topic: 'drover/v1/devices/probe/hello', problem: /Hello/ }])
  t.match(witness.of('other'), [{ topic: 'drover/v1/devices/other/hello' }])
  t.strictSame(
    witness.of('acknowledged').map(({ packetId }) => packetId),
    [1],
  )
})
