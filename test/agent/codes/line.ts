// A line between a device and the broker that loses, spoils or slows what the broker sends: a TCP proxy that knows where
// an MQTT packet begins and ends, and the topic of a PUBLISH.
import { connect, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

export interface Packet {
  /** Undefined for all but PUBLISH. */
  readonly topic: string | undefined
  readonly bytes: Buffer
}
/** What the device gets instead; undefined: nothing; `cut`: the connection ends. Packets wait for one another. */
export type Weather = (packet: Packet) => Passed | Promise<Passed>
type Passed = Buffer | 'cut' | undefined

/** Chunk data is lost. */
export const noChunks: Weather = ({ topic, bytes }) => (topic?.endsWith('/chunks/data') ? undefined : bytes)

/** For `line` of a device; ends with the test. */
export function lineWith(t: Test, weather: Weather): (mqttPort: number) => Promise<number> {
  return async mqttPort => {
    const sockets = new Set<Socket>()
    const server = createServer(device => {
      const broker = connect(mqttPort, '127.0.0.1')
      for (const socket of [device, broker]) {
        sockets.add(socket)
        socket.on('error', () => {})
      }
      device.pipe(broker)
      device.on('close', () => broker.destroy())
      broker.on('close', () => device.destroy())
      pass(broker, device, weather)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }
}

function pass(broker: Socket, device: Socket, weather: Weather): void {
  let held = Buffer.alloc(0)
  let passing = Promise.resolve()
  broker.on('data', piece => {
    held = Buffer.concat([held, piece])
    for (let end = packetEnd(held); end !== undefined; end = packetEnd(held)) {
      const bytes = held.subarray(0, end)
      held = held.subarray(end)
      passing = passing.then(async () => {
        const passed = await weather({ topic: topicOf(bytes), bytes })
        if (passed === 'cut') device.destroy()
        else if (passed !== undefined && !device.destroyed) device.write(passed)
      })
    }
  })
}

/** MQTT 3.1.1, 2.2.3: seven bits a byte, the lowest first. */
function remaining(bytes: Buffer): { readonly start: number; readonly length: number } | undefined {
  let length = 0
  for (let at = 1; at < Math.min(bytes.length, 5); at += 1) {
    const byte = bytes[at] ?? 0
    length += (byte & 0x7f) * 128 ** (at - 1)
    if (byte < 0x80) return { start: at + 1, length }
  }
  return undefined
}

function packetEnd(bytes: Buffer): number | undefined {
  const found = remaining(bytes)
  const end = found && found.start + found.length
  return end === undefined || end > bytes.length ? undefined : end
}

function topicOf(bytes: Buffer): string | undefined {
  const found = remaining(bytes)
  if (found === undefined || (bytes[0] ?? 0) >> 4 !== 3) return undefined
  const length = bytes.readUInt16BE(found.start)
  return bytes.toString('utf8', found.start + 2, found.start + 2 + length)
}
