// Our side: Aedes with our attachment and our listener, as the broker composes them, and chunk plane and carousel behind.
// The orchestrator is left out; whether a device may pull is two look-ups in maps, as it is there.
import { Aedes } from 'aedes'
import { attachAedes } from '../../broker/adapters/aedes/attach.ts'
import { aedesOptions } from '../../broker/adapters/aedes/settings.ts'
import { MqttListener } from '../../broker/adapters/mqtt-listener.ts'
import { systemClock } from '../../broker/adapters/system-clock.ts'
import { Carousel } from '../../broker/delivery/carousel.ts'
import { ChunkDelivery } from '../../broker/delivery/chunk-delivery.ts'
import type { DeviceConnection, MqttEvents } from '../../broker/ports.ts'
import { readChunkRequest } from '../../proto/chunk-messages.ts'
import { deviceId } from '../../proto/ids.ts'
import { packetBytesMax } from '../../proto/limits.ts'
import { artifact, memoryReader, operation } from './memory-artifact.ts'
import { type Side, type SideOrders, transportOf } from './side.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
/** Far beyond what one address may do: all devices of a bench are one address. */
const anyRate = { perSecond: 1e6, burst: 1e6 }

export async function openDrover({ chunkBytes, imageBytes, tls }: SideOrders): Promise<Side> {
  const reader = memoryReader(chunkBytes, imageBytes)
  const inProgress = new Map([[operation, new Map<string, string>()]])
  const artifacts = {
    open: async (id: string) => (id === artifact ? reader : undefined),
    receive: () => Promise.reject(new Error('not here')),
    close: async () => {},
  }
  const delivery = ChunkDelivery.open({
    artifacts,
    clock: systemClock,
    log: silent,
    mayPull: (device, under, wanted) => inProgress.get(under)?.get(device) === wanted,
  })
  const carousel = new Carousel({ artifacts, clock: systemClock, log: silent, plane: delivery.shared })
  const events: MqttEvents = {
    authenticate: async name => ({ kind: 'device', device: deviceId(name) }),
    deviceConnected(connection: DeviceConnection) {
      inProgress.get(operation)?.set(connection.device, artifact)
      // What follows the hello in the broker.
      delivery.connected(connection, packetBytesMax)
    },
    deviceDisconnected(connection) {
      delivery.disconnected(connection)
      carousel.disconnected(connection)
    },
    maySubscribe: (connection, session) => carousel.mayHear(connection, session),
    sessionJoined: (connection, session) => carousel.joined(connection, session),
    sessionLeft: (connection, session) => carousel.left(connection, session),
    async deviceMessage(connection, uplink, payload) {
      if (uplink === 'chunks/request') delivery.request(connection, readChunkRequest(payload))
    },
    operatorMessage: async () => {},
  }
  const aedes = await Aedes.createBroker(aedesOptions())
  const settings = { strangers: 'refuse', connects: anyRate, requests: anyRate } as const
  await attachAedes(aedes, events, settings, { clock: systemClock, log: silent })
  const listener = await MqttListener.open(aedes as never, {
    host: '127.0.0.1',
    port: 0,
    connectionsMax: 100_000,
    connects: anyRate,
    clock: systemClock,
    log: silent,
    transport: transportOf(tls),
  })
  let ended: () => void = () => {}
  return {
    port: listener.port,
    figures: () => delivery.figures(),
    skips: () => carousel.figures().skipsTotal,
    invite(session, devices) {
      const failed = (reason: string): void => console.error(`the session failed: ${reason}`)
      carousel.open({ name: session, operation, artifact }, { joined() {}, ended: () => ended(), failed })
      for (const device of devices) carousel.invite(session, deviceId(device))
    },
    broadcast(session) {
      return new Promise(resolve => {
        ended = () => {
          carousel.close(session)
          resolve()
        }
        carousel.start(session)
      })
    },
  }
}
