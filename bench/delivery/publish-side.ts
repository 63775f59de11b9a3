// The peer: a subscriber inside the broker that answers the same requests with `aedes.publish`, on Aedes alone, without
// our attachment. Its payloads are put together in one copy, which is the least a publish can do with.
import { Aedes } from 'aedes'
import { aedesOptions } from '../../broker/adapters/aedes/settings.ts'
import { chunkDataHead, readChunkRequest } from '../../proto/chunk-messages.ts'
import { deviceTopic, parseDeviceTopic, root } from '../../proto/topics.ts'
import { chunkAt, chunkMessage } from './memory-artifact.ts'
import { listen, type Side, type SideOrders } from './side.ts'

export async function openPublish({ chunkBytes, tls }: SideOrders): Promise<Side> {
  const aedes = await Aedes.createBroker(aedesOptions())
  const answer = (topic: string, payload: Uint8Array): void => {
    const device = parseDeviceTopic(topic)?.device
    const { wanted, requestNumber } = readChunkRequest(payload)
    if (device === undefined || wanted.kind !== 'chunks') return
    const answerTopic = deviceTopic(device, 'chunks/data')
    for (const { first, count } of wanted.ranges)
      for (let chunk = first; chunk < first + count; chunk += 1) {
        const data = chunkAt(chunk, chunkBytes)
        const about = { requestNumber, chunk, encoding: 'plain', encodedSize: chunkBytes, offset: 0 } as const
        const message = Buffer.concat([chunkDataHead({ ...about, dataLength: chunkBytes }), data])
        const head = { cmd: 'publish', dup: false, retain: false, qos: 0 } as const
        aedes.publish({ ...head, topic: answerTopic, payload: message }, () => {})
      }
  }
  await new Promise<void>(resolve =>
    aedes.subscribe(
      `${root}/devices/+/chunks/request`,
      (packet, done) => {
        answer(packet.topic, packet.payload as Buffer)
        done()
      },
      resolve,
    ),
  )
  return {
    port: await listen(tls, stream => void aedes.handle(stream)),
    async publish(topic, chunks) {
      for (let chunk = 0; chunk < chunks; chunk += 1) {
        const payload = chunkMessage(chunk, chunkBytes)
        const head = { cmd: 'publish', dup: false, retain: false, qos: 0 } as const
        await new Promise<void>(resolve => aedes.publish({ ...head, topic, payload }, () => resolve()))
      }
    },
  }
}
