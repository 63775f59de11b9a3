// The bound: a server that knows no MQTT but the heads of packets, and writes the same buffers to the same clients. For
// each request it writes the chunks of one window, gathered into one system call; nothing is looked up, nothing is asked.
import type { Duplex } from 'node:stream'
import { chunkDataHead } from '../../proto/chunk-messages.ts'
import { deviceId } from '../../proto/ids.ts'
import { publishHead, topicField } from '../../proto/packets.ts'
import { deviceTopic } from '../../proto/topics.ts'
import { connack, FrameCounter, publishType, suback } from './frames.ts'
import { chunkAt, chunkCountOf } from './memory-artifact.ts'
import { listen, type Side, type SideOrders } from './side.ts'

export interface RawOrders extends SideOrders {
  readonly windowChunks: number
}

export async function openRaw({ chunkBytes, windowChunks, tls }: RawOrders): Promise<Side> {
  const heads = headsOf(chunkBytes)
  const serve = (stream: Duplex): void => {
    let chunk = Math.floor(Math.random() * heads.length)
    const frames = new FrameCounter(type => {
      if (type === 1) stream.write(connack)
      else if (type === 8) stream.write(suback)
      else if (type === publishType) {
        stream.cork()
        for (let count = 0; count < windowChunks; count += 1) {
          stream.write(heads[chunk])
          stream.write(chunkAt(chunk, chunkBytes))
          chunk = (chunk + 1) % heads.length
        }
        stream.uncork()
      }
    })
    stream.on('data', bytes => frames.take(bytes))
    stream.on('error', () => {})
  }
  return { port: await listen(tls, serve) }
}

/** All that stands before a chunk, made once for all devices. */
function headsOf(chunkBytes: number): readonly Buffer[] {
  const topic = topicField(deviceTopic(deviceId('device-100'), 'chunks/data'))
  return Array.from({ length: chunkCountOf(chunkBytes) }, (_, chunk) => {
    const about = { requestNumber: 1, chunk, encoding: 'plain', encodedSize: chunkBytes, offset: 0 } as const
    const head = chunkDataHead({ ...about, dataLength: chunkBytes })
    return Buffer.concat([publishHead(topic, head.length + chunkBytes), head])
  })
}
