// Lines on which somebody changes what is said: the envelope of an offer, the words of a broadcast session, the answers to
// requests for chunks, and what a device says of itself. What the device then does is its own.
import { encodeChunkData, readChunkRequest } from '../../../proto/chunk-messages.ts'
import { openEnvelope } from '../../../proto/envelope.ts'
import type { OperationId } from '../../../proto/ids.ts'
import { readManifest } from '../../../proto/manifest.ts'
import { encodeEvent, encodeHello, readEvent, readHello } from '../../../proto/messages.ts'
import {
  encodeOfferMessage,
  firmwareUpdate,
  type OfferMessage,
  readOfferMessage,
} from '../../../proto/offer-messages.ts'
import { encodeSessionControl } from '../../../proto/session-messages.ts'
import { parseSessionTopic, sessionTopic } from '../../../proto/topics.ts'
import type { ForgedPayload } from './forge.ts'
import type { LineTap, TapPlace } from './line.ts'
import type { Told } from './line-faults.ts'
import {
  type Packet,
  type Published,
  packetTypes,
  publishOf,
  readPublish,
  typeOf,
  withPayload,
} from './mqtt-packets.ts'

type Offer = Extract<OfferMessage, { kind: 'offer' }>

/** Each offer of an update comes with another envelope. `change` gets the broker's; undefined: it stays. */
export function changedOffers(change: (envelope: Uint8Array) => Uint8Array | undefined, told: Told): LineTap {
  return {
    down(packet, place) {
      const offer = offerIn(packet)
      const envelope = offer === undefined ? undefined : change(offer.envelope)
      if (offer === undefined || envelope === undefined) return place.down(packet)
      told()
      place.down(withPayload(packet, encodeOfferMessage({ ...offer, envelope })))
    },
  }
}

/** Requests for this payload are answered on the line; the broker never had it. */
export function servedHere(payload: ForgedPayload): LineTap {
  return {
    up(packet, place) {
      const published = publishedOn(packet, '/chunks/request')
      const request = published === undefined ? undefined : readable(() => readChunkRequest(published.payload))
      if (published === undefined || request?.artifact !== payload.sha256) return place.up(packet)
      const topic = published.topic.replace(/request$/, 'data')
      const { requestNumber, wanted } = request
      const { bytes, encoding } = payload.chunk
      const piece =
        wanted.kind === 'index'
          ? { chunk: undefined, encoding: 'plain', encodedSize: payload.index.length, offset: 0, data: payload.index }
          : { chunk: 0, encoding, encodedSize: bytes.length, offset: 0, data: bytes }
      place.down(publishOf(topic, encodeChunkData({ kind: 'piece', requestNumber, ...piece } as never)))
    },
  }
}

/**
 * Whoever sends on this line calls the device into a broadcast session of his own once it asks for chunks, and aborts it
 * before it was activated. No chunk comes by any other way.
 */
export function abortedSessions(told: Told): LineTap {
  let offer: Offer | undefined
  let session: string | undefined
  const called = new Map<OperationId, number>()
  return {
    down(packet, place) {
      const published = typeOf(packet) === packetTypes.publish ? readPublish(packet) : undefined
      if (published?.topic.endsWith('/chunks/data')) return
      if (published?.topic.endsWith('/offer')) {
        const message = readable(() => readOfferMessage(published.payload))
        if (message?.kind === 'join') return
        // A copy: the packet lies in memory that is read into again.
        if (message?.kind === 'offer') offer = { ...message, envelope: Buffer.from(message.envelope) }
      }
      place.down(packet)
    },
    up(packet, place) {
      const published = publishedOn(packet, '/chunks/request')
      if (published !== undefined) {
        if (offer === undefined || (called.get(offer.operation) ?? 0) >= offer.attempt) return
        const { operation, lease, attempt } = offer
        called.set(operation, attempt)
        session = place.seed.hex(8)
        const join = encodeOfferMessage({ kind: 'join', operation, lease, attempt, session })
        place.down(publishOf(published.topic.replace(/chunks\/request$/, 'offer'), join))
        return
      }
      if (session === undefined || !isAbout(packet, session)) return place.up(packet)
      const packetId = packet.body.subarray(0, 2)
      if (typeOf(packet) === packetTypes.unsubscribe) {
        place.down({ head: packetTypes.unsuback << 4, body: packetId })
        return
      }
      place.down({ head: packetTypes.suback << 4, body: Buffer.concat([packetId, Buffer.from([1, 0])]) })
      if (offer !== undefined) sayAborted(place, session, offer.envelope)
      told()
    },
  }
}

/** A device that says of its new image that it is another one. `versions`: those of which it tells the truth. */
export function lyingAbout(versions: ReadonlySet<string>, told: Told): LineTap {
  const lie = 'f0'.repeat(32)
  return {
    up(packet, place) {
      const published = typeOf(packet) === packetTypes.publish ? readPublish(packet) : undefined
      if (published?.topic.endsWith('/hello')) {
        const hello = readHello(published.payload)
        const components = hello.components.map(each => (versions.has(each.version) ? each : { ...each, digest: lie }))
        if (components.some(({ digest }) => digest === lie)) told()
        return place.up(withPayload(packet, encodeHello({ ...hello, components })))
      }
      if (published?.topic.endsWith('/events')) {
        const event = readEvent(published.payload)
        const isNew = event.version !== undefined && !versions.has(event.version)
        if (isNew) return place.up(withPayload(packet, encodeEvent({ ...event, digest: lie })))
      }
      place.up(packet)
    },
  }
}

function sayAborted(place: TapPlace, session: string, envelope: Uint8Array): void {
  const read = readManifest(openEnvelope(envelope).payload)
  if (!read.ok) return
  const artifact = read.manifest.payloadSha256
  const topic = sessionTopic(session, 'control')
  place.down(publishOf(topic, encodeSessionControl({ kind: 'start', artifact })))
  place.down(publishOf(topic, encodeSessionControl({ kind: 'abort', artifact, reason: 'no more power' })))
}

/** SUBSCRIBE or UNSUBSCRIBE for this session. */
function isAbout(packet: Packet, session: string): boolean {
  const type = typeOf(packet)
  if (type !== packetTypes.subscribe && type !== packetTypes.unsubscribe) return false
  const length = packet.body.readUInt16BE(2)
  return parseSessionTopic(packet.body.toString('utf8', 4, 4 + length))?.session === session
}

function offerIn(packet: Packet): Offer | undefined {
  const published = publishedOn(packet, '/offer')
  const message = published === undefined ? undefined : readable(() => readOfferMessage(published.payload))
  return message?.kind === 'offer' && message.operationType === firmwareUpdate ? message : undefined
}

function publishedOn(packet: Packet, end: string): Published | undefined {
  const published = typeOf(packet) === packetTypes.publish ? readPublish(packet) : undefined
  return published?.topic.endsWith(end) ? published : undefined
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    // Not what it should be: it passes as it came, and the device says what it thinks of it.
    return undefined
  }
}
