// What raw devices do in the story about hostile clients, the honest ones and the others: take an offer, fetch an image,
// send events as fast as they are acknowledged.
import { createHash } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import type { Packet } from 'mqtt-packet'
import { encodeChunkRequest, readChunkData } from '../../proto/chunk-messages.ts'
import type { OperationId } from '../../proto/ids.ts'
import { encodeEvent } from '../../proto/messages.ts'
import { readOfferMessage } from '../../proto/offer-messages.ts'
import type { RawClient } from '../broker/adapters/mqtt/raw-client.ts'
import type { TestBundle } from '../fixtures/bundle.ts'
import { goodEvent, journalId, topicOf } from './hostile-scene.ts'

/** More is sent for no request. */
const windowBytesMost = 1024 * 1024

/** Waits for the end of a connection that has nothing to expect any more; false when it stays open. */
export async function isClosed(client: RawClient, limitMs = 2_500): Promise<boolean> {
  return client.whenClosed(limitMs).then(
    () => true,
    () => false,
  )
}

export function packet(topic: string, payload: Buffer, { retain = false } = {}): Packet {
  return { cmd: 'publish', topic, payload, qos: 1, messageId: 9, retain, dup: false }
}

/** Waits for the offer and says that the download begins. */
export async function takeOffer(device: string, client: RawClient): Promise<void> {
  await client.until(() => client.topics().includes(topicOf(device, 'offer')))
  const offer = client.of('publish').find(({ topic }) => topic === topicOf(device, 'offer'))
  const message = readOfferMessage(offer?.payload as Buffer)
  if (message.kind !== 'offer') throw new Error('expected an offer')
  const { operation, attempt } = message
  const content = { kind: 'step', step: 'downloading' } as const
  const event = encodeEvent({ journalId, eventNumber: 1, deviceTime: 0, data: {}, operation, attempt, content })
  client.publish(topicOf(device, 'events'), event, { qos: 1, id: 2 })
  await client.until(() => client.of('puback').length === 2)
}

export function chunkRequest(
  { artifact }: TestBundle,
  requestNumber: number,
  operation: OperationId,
  ranges: readonly { readonly first: number; readonly count: number }[],
): Buffer {
  const wanted = { kind: 'chunks', ranges } as const
  return encodeChunkRequest({ requestNumber, operation, artifact, windowBytes: windowBytesMost, wanted })
}

/** Eight chunks at a time; the SHA-256 of all of them together. */
export async function pullImage(
  bundle: TestBundle,
  device: string,
  client: RawClient,
  operation: OperationId,
): Promise<string> {
  const hash = createHash('sha256')
  for (let first = 0; first < bundle.index.count; first += 8) {
    const count = Math.min(8, bundle.index.count - first)
    const chunks = new Map<number, { encoding: string; left: number; parts: Uint8Array[] }>()
    let heard = client.of('publish').length
    client.publish(topicOf(device, 'chunks/request'), chunkRequest(bundle, first, operation, [{ first, count }]))
    await client.until(() => {
      for (const { payload } of client.of('publish').slice(heard)) {
        heard += 1
        const piece = readChunkData(payload as Buffer)
        if (piece.kind === 'refusal') throw new Error(`refused: ${piece.reason}`)
        if (piece.chunk === undefined) continue
        const chunk = chunks.get(piece.chunk) ?? { encoding: piece.encoding, left: piece.encodedSize, parts: [] }
        chunks.set(piece.chunk, chunk)
        chunk.left -= piece.data.length
        chunk.parts.push(piece.data)
      }
      return chunks.size === count && [...chunks.values()].every(({ left }) => left === 0)
    })
    for (const [, { encoding, parts }] of [...chunks].toSorted(([one], [other]) => one - other)) {
      const bytes = Buffer.concat(parts)
      hash.update(encoding === 'plain' ? bytes : inflateRawSync(bytes))
    }
  }
  return hash.digest('hex')
}

/** Up to a hundred under way, until all are acknowledged or the connection is closed. Numbers of events from 1. */
export async function sendEvents(
  client: RawClient,
  device: string,
  count: number,
  detail?: string,
): Promise<{ readonly sent: number; readonly acknowledged: number[] }> {
  const before = client.of('puback').length
  const acknowledged = () => client.of('puback').slice(before)
  let sent = 0
  while (sent < count && !client.closed) {
    sent += 1
    const payload = goodEvent(sent, detail ?? `${sent}`)
    client.publish(topicOf(device, 'events'), payload, { qos: 1, id: sent })
    if (sent % 50 === 0) await client.until(() => acknowledged().length > sent - 100)
  }
  await client.until(() => acknowledged().length === sent)
  return { sent, acknowledged: acknowledged().map(({ messageId }) => messageId ?? 0) }
}
