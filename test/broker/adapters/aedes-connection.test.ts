// What a connection tells whoever waits for room in its socket, on a stream whose other end takes bytes when it is told to.
import { Duplex } from 'node:stream'
import t from 'tap'
import { AedesDeviceConnection } from '../../../broker/adapters/aedes/device-connection.ts'
import { StallWatch } from '../../../broker/adapters/aedes/stall-watch.ts'
import { deviceId } from '../../../proto/ids.ts'
import { realClock, sleep } from './mqtt/broker-under-test.ts'

const KiB = 1024

function world() {
  const taken: (() => void)[] = []
  const writes: number[] = []
  const conn = new Duplex({
    writableHighWaterMark: 128 * KiB,
    read() {},
    write(bytes: Buffer, _, done) {
      writes.push(bytes.length)
      taken.push(done)
    },
    writev(parts, done) {
      writes.push(parts.reduce((sum, { chunk }) => sum + (chunk as Buffer).length, 0))
      taken.push(done)
    },
  })
  const client = { conn, closed: false }
  const connection = new AedesDeviceConnection(deviceId('a'), 1, {
    client: client as never,
    stall: new StallWatch(conn, realClock, 60_000, () => {}),
    close: () => conn.destroy(),
  })
  let told = 0
  connection.onDrain(() => {
    told += 1
  })
  const take = async (): Promise<void> => {
    taken.shift()?.()
    await sleep(0)
  }
  return { client, connection, writes, take, told: () => told }
}

t.test('bytes far below the high-water mark are told when the kernel has taken them', async t => {
  const { connection, take, told } = world()
  connection.write(Buffer.alloc(10 * KiB))
  t.equal(connection.undrainedBytes, 10 * KiB)
  t.equal(told(), 0)
  await take()
  t.equal(connection.undrainedBytes, 0)
  t.equal(told(), 1)
})

t.test('what was gathered leaves in one write and is told once; so is each of several', async t => {
  const { connection, writes, take, told } = world()
  for (let turn = 0; turn < 2; turn += 1) {
    connection.cork()
    for (let part = 0; part < 5; part += 1) connection.write(Buffer.alloc(KiB))
    connection.publish('chunks/data', [Buffer.alloc(KiB), Buffer.alloc(KiB)])
    connection.uncork()
  }
  const { undrainedBytes } = connection
  t.ok(undrainedBytes > 14 * KiB)
  await take()
  t.equal(connection.undrainedBytes, undrainedBytes / 2)
  t.equal(told(), 1, 'there is room again, though it is not empty')
  await take()
  t.equal(told(), 2)
  t.strictSame(writes, [undrainedBytes / 2, undrainedBytes / 2])
})

t.test('a closed connection tells nothing more', async t => {
  const { client, connection, take, told } = world()
  connection.write(Buffer.alloc(KiB))
  client.closed = true
  await take()
  t.equal(told(), 0)
  connection.write(Buffer.alloc(KiB))
  t.equal(connection.undrainedBytes, 0)
})
