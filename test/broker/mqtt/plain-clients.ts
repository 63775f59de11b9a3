// Clients that are neither devices nor operators, at a broker as drover-broker makes it but for their being let in: what
// a plain MQTT 3.1.1 client sees. Packets are made by mqtt-packet where they are well-formed, by hand where not.
import type { Aedes } from 'aedes'
import type { IConnectPacket, IPublishPacket } from 'mqtt-packet'
import type { Test } from 'tap'
import { openBroker } from '../adapters/mqtt/broker-under-test.ts'
import { RawClient } from '../adapters/mqtt/raw-client.ts'

export type Qos = 0 | 1 | 2

export interface PlainBroker {
  readonly port: number
  /** Bytes that nobody has looked at yet. */
  socket(): RawClient
  /** Connected; throws when it is not let in. */
  client(id: string, options?: Partial<IConnectPacket>): Promise<RawClient>
}

/** `prepare`: what is done to the broker before the attach. */
export async function openPlainBroker(t: Test, prepare: (aedes: Aedes) => void = () => {}): Promise<PlainBroker> {
  const { port } = await openBroker(t, { settings: { strangers: 'host' }, prepare })
  const opened: RawClient[] = []
  t.teardown(() => {
    for (const client of opened) client.destroy()
  })
  const remember = (client: RawClient) => {
    opened.push(client)
    return client
  }
  return {
    port,
    socket: () => remember(new RawClient(port)),
    async client(clientId, options = {}) {
      const client = await RawClient.connect(port, { clientId, ...options })
      if (client.returnCode !== 0) throw new Error(`${clientId} was answered ${client.returnCode}`)
      return remember(client)
    },
  }
}

/** Two bytes of length and the bytes. */
export function string(text: string | readonly number[]): Buffer {
  const bytes = Buffer.from(text as string)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

/** Fixed header with the true length, and the body. */
export function packet(first: number, ...body: (Buffer | readonly number[])[]): Buffer {
  const rest = Buffer.concat(body.map(part => Buffer.from(part)))
  const length: number[] = []
  let left = rest.length
  do {
    length.push(left > 127 ? (left & 127) | 128 : left)
    left >>= 7
  } while (left > 0)
  return Buffer.concat([Buffer.from([first, ...length]), rest])
}

export function connect(flags: number, ...fields: (Buffer | readonly number[])[]): Buffer {
  return packet(0x10, string('MQTT'), [4, flags, 0, 60], ...fields)
}

let lastId = 0

/** The codes of the SUBACK; undefined when the connection was closed. */
export async function subscribe(client: RawClient, ...wanted: [string, Qos][]): Promise<number[] | undefined> {
  lastId = (lastId % 60_000) + 1
  const messageId = lastId
  client.send({ cmd: 'subscribe', messageId, subscriptions: wanted.map(([topic, qos]) => ({ topic, qos })) })
  const answer = () => client.of('suback').find(suback => suback.messageId === messageId)
  await client.until(() => answer() !== undefined)
  return answer()?.granted as number[] | undefined
}

export async function unsubscribe(client: RawClient, ...unsubscriptions: string[]): Promise<void> {
  lastId = (lastId % 60_000) + 1
  const messageId = lastId
  client.send({ cmd: 'unsubscribe', messageId, unsubscriptions })
  await client.until(() => client.of('unsuback').some(unsuback => unsuback.messageId === messageId))
}

/** Publishes and ends the exchange. */
export async function publish(
  client: RawClient,
  topic: string,
  payload: string,
  { qos = 0, retain = false }: { qos?: Qos; retain?: boolean } = {},
): Promise<void> {
  lastId = (lastId % 60_000) + 1
  const id = lastId
  client.publish(topic, payload, { qos, id, retain })
  if (qos === 0) return void (await client.ping())
  await client.until(() => client.of(qos === 1 ? 'puback' : 'pubrec').some(({ messageId }) => messageId === id))
  if (qos === 1) return
  client.send({ cmd: 'pubrel', messageId: id })
  await client.until(() => client.of('pubcomp').some(({ messageId }) => messageId === id))
}

/** Messages as `topic=payload`, with what is not plain about them behind it: `@1`, `retained`, `dup`. */
export function heard(client: RawClient): string[] {
  return client.of('publish').map(({ topic, payload, qos, retain, dup }: IPublishPacket) => {
    const marks = [...(qos > 0 ? [`@${qos}`] : []), ...(retain ? ['retained'] : []), ...(dup ? ['dup'] : [])]
    return [`${topic}=${payload.toString()}`, ...marks].join(' ')
  })
}

/** Whatever is on its way to these has arrived when each has been answered twice. */
export async function settled(...clients: RawClient[]): Promise<void> {
  for (const client of [...clients, ...clients]) await client.ping()
}

/** Acknowledges every message as it comes. */
export function acknowledging(client: RawClient): RawClient {
  const answered = new Set<unknown>()
  client.socket.on('data', () => {
    for (const received of client.received) {
      if (answered.has(received)) continue
      answered.add(received)
      const { messageId } = received
      if (messageId === undefined) continue
      if (received.cmd === 'publish') client.send({ cmd: received.qos === 2 ? 'pubrec' : 'puback', messageId })
      if (received.cmd === 'pubrel') client.send({ cmd: 'pubcomp', messageId })
    }
  })
  return client
}
