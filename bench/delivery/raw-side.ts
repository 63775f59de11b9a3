// The bound: a server that knows no MQTT but the heads of packets, and writes the same buffers to the same clients. For
// each request it writes the chunks of one window, gathered into one system call; a broadcast is one buffer after the
// other, written to each socket. Nothing is looked up, nothing is asked.
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { chunkDataHead } from '../../proto/chunk-messages.ts'
import { deviceId } from '../../proto/ids.ts'
import { publishHead, publishPacket, topicField } from '../../proto/packets.ts'
import { deviceTopic, sessionTopic } from '../../proto/topics.ts'
import { connack, FrameCounter, publishType, suback } from './frames.ts'
import { chunkAt, chunkCountOf, chunkMessage } from './memory-artifact.ts'
import { listen, type Side, type SideOrders } from './side.ts'

export interface RawOrders extends SideOrders {
  readonly windowChunks: number
}

/** Of a broadcast; as much as the carousel writes at once. */
const batchBytes = 128 * 1024

export async function openRaw({ chunkBytes, imageBytes, windowChunks, tls }: RawOrders): Promise<Side> {
  const heads = headsOf(chunkBytes)
  const streams = new Set<Duplex>()
  const serve = (stream: Duplex): void => {
    streams.add(stream)
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
  return {
    port: await listen(tls, serve),
    async broadcast(session) {
      for (const batch of batchesOf(session, chunkBytes, imageBytes ?? 0)) {
        for (const stream of streams) stream.write(batch)
        do await nextTurn()
        while ([...streams].some(({ writableLength }) => writableLength > 0))
      }
    },
  }
}

/** Whole packets, as many as a batch holds. */
function* batchesOf(session: string, chunkBytes: number, imageBytes: number): Iterable<Buffer> {
  const topic = topicField(sessionTopic(session, 'data'))
  const chunksOfOne = Math.max(1, Math.floor(batchBytes / chunkBytes))
  const chunks = imageBytes / chunkBytes
  for (let first = 0; first < chunks; first += chunksOfOne) {
    const count = Math.min(chunksOfOne, chunks - first)
    const packets = Array.from({ length: count }, (_, index) =>
      publishPacket(topic, chunkMessage(first + index, chunkBytes)),
    )
    yield Buffer.concat(packets)
  }
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
