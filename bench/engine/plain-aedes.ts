// The upper bound: Aedes alone, in a process of its own, with the same devices on it. It decodes nothing, decides nothing
// and stores nothing; it acknowledges, and after the hello and each update it sends the device the next offer, so that
// the same bytes go both ways as with the broker.
import { createServer } from 'node:net'
import { Aedes, type Client } from 'aedes'
import { aedesOptions } from '../../broker/adapters/aedes/settings.ts'
import { deviceId, operationId } from '../../proto/ids.ts'
import { encodeOfferMessage } from '../../proto/offer-messages.ts'
import { deviceTopic } from '../../proto/topics.ts'
import { bundle } from './operations.ts'
import { eventsOfUpdate } from './update-events.ts'

const operation = operationId('0'.repeat(26))
const { envelope } = bundle

interface Device {
  readonly topic: string
  attempt: number
  eventsLeft: number
}

const aedes = await Aedes.createBroker(aedesOptions())
const devices = new WeakMap<Client, Device>()

aedes.published = (packet, client, done) => {
  if (client !== null && packet.topic.startsWith('drover/')) count(client)
  done(null)
}

function count(client: Client): void {
  const topic = deviceTopic(deviceId(client.id), 'offer')
  const device = devices.get(client) ?? { topic, attempt: 0, eventsLeft: 1 }
  devices.set(client, device)
  device.eventsLeft -= 1
  if (device.eventsLeft > 0) return
  device.eventsLeft = eventsOfUpdate
  device.attempt += 1
  const { attempt } = device
  const payload = encodeOfferMessage({
    kind: 'offer',
    operation,
    lease: 1,
    attempt,
    envelope,
    operationType: 'firmware-update',
    installHold: false,
  })
  const head = { cmd: 'publish', dup: false, retain: false } as const
  client.publish({ ...head, topic: device.topic, qos: 0, payload }, () => {})
}

const server = createServer({ noDelay: true, highWaterMark: 131_072 }, socket => void aedes.handle(socket))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 })
})
process.on('disconnect', () => process.exit())
