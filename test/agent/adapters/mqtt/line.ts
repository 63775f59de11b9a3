// A line of the agent and what it is tried against: a real Aedes, or a server of the test's own.
import { createServer, type Server, type Socket } from 'node:net'
import { Aedes, type PublishPacket } from 'aedes'
import type { Test } from 'tap'
import { MqttLink, type MqttLinkSettings } from '../../../../agent/adapters/mqtt/mqtt-link.ts'
import { systemClock } from '../../../../agent/adapters/system-clock.ts'
import { systemRandom } from '../../../../agent/adapters/system-random.ts'
import type { Clock, LinkHandlers, Random } from '../../../../agent/ports.ts'
import { deviceId } from '../../../../proto/ids.ts'

export const device = deviceId('d1')
export const log = { debug() {}, info() {}, warn() {}, error() {} }

export async function listening(t: Test, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

export async function aedes(t: Test): Promise<{ broker: Aedes; port: number; published: PublishPacket[] }> {
  const broker = await Aedes.createBroker()
  const published: PublishPacket[] = []
  broker.on('publish', (packet, client) => {
    if (client) published.push(packet)
  })
  const port = await listening(t, createServer(broker.handle))
  t.teardown(() => new Promise<void>(resolve => broker.close(resolve)))
  return { broker, port, published }
}

export interface Watched extends LinkHandlers {
  readonly facts: string[]
  readonly messages: { downlink: string; bytes: Uint8Array }[]
  /** Waits until so many facts of this kind (its first word) have come. */
  seen(fact: string, count?: number): Promise<void>
}

export function watched(): Watched {
  const facts: string[] = []
  const messages: { downlink: string; bytes: Uint8Array }[] = []
  return {
    facts,
    messages,
    connected: () => void facts.push('connected'),
    disconnected: reason => void facts.push(`disconnected ${reason}`),
    message(downlink, bytes) {
      messages.push({ downlink, bytes })
      facts.push(`message ${downlink}`)
    },
    broadcast: (channel, session, bytes) =>
      void facts.push(`broadcast ${session} ${channel} ${Buffer.from(bytes).toString()}`),
    seen: (fact, count = 1) =>
      until(`${count} of ${fact}`, () => facts.filter(each => each.startsWith(fact)).length >= count),
  }
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + 10_000
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not in time: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

export function linkTo(
  t: Test,
  port: number,
  {
    clock = systemClock,
    random = systemRandom,
    ...settings
  }: { clock?: Clock; random?: Random } & Partial<MqttLinkSettings> = {},
): MqttLink {
  const link = new MqttLink(
    { clock, random, log },
    {
      deviceId: device,
      host: '127.0.0.1',
      port,
      username: 'd1',
      password: 'secret',
      receiveBytesMax: 100_000,
      reconnect: { baseMs: 10, capMs: 50 },
      ...settings,
    },
  )
  t.teardown(() => link.close())
  return link
}
