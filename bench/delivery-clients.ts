// The devices of bench/delivery.ts, in a process of their own so that its CPU is the broker's alone: bare sockets that
// ask for a window of chunks, count the packets that come and ask for the next one.
import { connect } from 'node:net'
import { deviceId, operationId } from '../proto/ids.ts'
import { encodeChunkRequest } from '../proto/messages.ts'
import { deviceTopic } from '../proto/topics.ts'

/** Sent by the parent. */
export interface ClientOrders {
  readonly port: number
  readonly deviceCount: number
  readonly artifact: string
  readonly chunkCount: number
  readonly chunksPerRequest: number
  readonly windowBytes: number
  readonly roundCount: number
}

process.on('message', (orders: ClientOrders | 'go') => {
  if (orders === 'go') for (const start of starts) start()
  else open(orders)
})

let starts: (() => void)[] = []

function open(orders: ClientOrders): void {
  starts = []
  let readyCount = 0
  let doneCount = 0
  for (let number = 0; number < orders.deviceCount; number += 1) {
    const device = deviceId(`device-${number}`)
    const socket = connect(orders.port, '127.0.0.1')
    socket.setNoDelay(true)
    let round = 0
    let leftCount = 0
    const request = (): void => {
      const ranges = [
        {
          first: (number * 7 + round * orders.chunksPerRequest) % (orders.chunkCount - 16),
          count: orders.chunksPerRequest,
        },
      ]
      round += 1
      leftCount = orders.chunksPerRequest
      const payload = encodeChunkRequest({
        requestNumber: round,
        operation: operationId('0'.repeat(26)),
        artifact: orders.artifact,
        windowBytes: orders.windowBytes,
        wanted: { kind: 'chunks', ranges },
      })
      socket.write(packet(0x30, Buffer.concat([text(deviceTopic(device, 'chunks/request')), payload])))
    }
    starts.push(request)
    const connectBody = [text('MQTT'), Buffer.from([4, 2, 0, 0]), text(device)]
    socket.write(packet(0x10, Buffer.concat(connectBody)))
    const frames = new FrameCounter(type => {
      if (type === 2)
        socket.write(
          packet(
            0x82,
            Buffer.concat([Buffer.from([0, 1]), text(deviceTopic(device, 'chunks/data')), Buffer.from([0])]),
          ),
        )
      else if (type === 9) {
        readyCount += 1
        if (readyCount === orders.deviceCount) process.send?.('ready')
      } else if (type === 3) {
        leftCount -= 1
        if (leftCount > 0) return
        if (round < orders.roundCount) request()
        else {
          doneCount += 1
          socket.end()
          if (doneCount === orders.deviceCount) process.send?.('done')
        }
      }
    })
    socket.on('data', bytes => frames.take(bytes))
  }
}

/** Tells the type of each MQTT packet whose last byte has come; looks at the heads only. */
class FrameCounter {
  readonly #ended: (type: number) => void
  #type = 0
  #state: 'type' | 'length' | 'body' = 'type'
  #length = 0
  #shift = 0
  constructor(ended: (type: number) => void) {
    this.#ended = ended
  }
  take(bytes: Buffer): void {
    for (let position = 0; position < bytes.length; ) {
      if (this.#state === 'body') {
        const part = Math.min(this.#length, bytes.length - position)
        this.#length -= part
        position += part
      } else {
        const byte = bytes[position] as number
        position += 1
        if (this.#state === 'type') {
          this.#type = byte >>> 4
          this.#state = 'length'
          this.#length = 0
          this.#shift = 0
          continue
        }
        this.#length += (byte & 127) << this.#shift
        this.#shift += 7
        if (byte < 128) this.#state = 'body'
      }
      if (this.#state === 'body' && this.#length === 0) {
        this.#state = 'type'
        this.#ended(this.#type)
      }
    }
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

function packet(head: number, body: Buffer): Buffer {
  const length: number[] = []
  let rest = body.length
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128)
  length.push(rest)
  return Buffer.concat([Buffer.from([head, ...length]), body])
}
