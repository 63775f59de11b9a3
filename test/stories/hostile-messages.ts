// Messages that no device may send: for each uplink one that is fine, and the same one spoiled in each way
// docs/PROTOCOL.md refuses (sections 2 and 3).
import { createHash } from 'node:crypto'
import { encodeChunkRequest } from '../../proto/chunk-messages.ts'
import { operationId } from '../../proto/ids.ts'
import { encodeConfigurationReport, encodePresence, encodeProgress } from '../../proto/messages.ts'
import type { Uplink } from '../../proto/topics.ts'
import { goodEvent, goodHello } from './hostile-scene.ts'

const nobodysOperation = operationId('0'.repeat(26))

interface UplinkSample {
  readonly uplink: Uplink
  readonly qos: 0 | 1
  readonly good: Buffer
  /** As documented; `proto/limits.ts` is what is on trial. */
  readonly bytesMax: number
}

/** Field 1000 with the value 1. */
const unknownField = Buffer.from([0xc0, 0x3e, 0x01])
/** Field 1000 with a length that reaches past the message. */
const cutOff = Buffer.from([0xc2, 0x3e, 0x7f])

export const uplinkSamples: readonly UplinkSample[] = [
  { uplink: 'hello', qos: 1, good: goodHello(), bytesMax: 16 * 1024 },
  { uplink: 'events', qos: 1, good: goodEvent(1), bytesMax: 8 * 1024 },
  {
    uplink: 'progress',
    qos: 0,
    good: encodeProgress({ imageBytes: 1, heldBytes: 0, receivedBytes: 0, wireBytes: 0 }),
    bytesMax: 1024,
  },
  {
    uplink: 'chunks/request',
    qos: 0,
    good: encodeChunkRequest({
      requestNumber: 1,
      operation: nobodysOperation,
      artifact: '0a'.repeat(32),
      windowBytes: 1000,
      wanted: { kind: 'index', offset: 0 },
    }),
    bytesMax: 16 * 1024,
  },
  {
    uplink: 'presence',
    qos: 0,
    good: encodePresence({ online: true, connectionId: '0c'.repeat(8) }),
    bytesMax: 256,
  },
  { uplink: 'configuration', qos: 1, good: report('{"interval":60}\n', '{"interval":60}\n'), bytesMax: 33 * 1024 },
]

/** Payloads by what is wrong with them. All fields of a progress are optional: an empty one is fine. */
export function spoiled({ uplink, good, bytesMax }: UplinkSample): Map<string, Buffer> {
  const cases = new Map([
    ['that is no protobuf', Buffer.from('{"json": true}')],
    ['with an unknown field', Buffer.concat([good, unknownField])],
    ['with a length that lies', Buffer.concat([good, cutOff])],
    ['one byte over its limit', overLong(uplink, bytesMax + 1)],
    ['over the packet limit', Buffer.alloc(256 * 1024)],
  ])
  if (uplink !== 'progress') cases.set('that is empty', Buffer.alloc(0))
  if (uplink === 'configuration') cases.set('with the digest of something else', report('{}', '{ }'))
  return cases
}

/** A backup of an operation that nobody knows; the digest is that of `digested`. */
function report(content: string, digested: string): Buffer {
  return encodeConfigurationReport({
    operation: nobodysOperation,
    attempt: 1,
    version: '1',
    sha256: createHash('sha256').update(digested).digest('hex'),
    content: Buffer.from(content),
  })
}

/** Right in everything but its length where a message can be that; the length is looked at first. */
function overLong(uplink: Uplink, bytes: number): Buffer {
  if (uplink !== 'events') return Buffer.alloc(bytes)
  return goodEvent(1, 'x'.repeat(bytes - (goodEvent(1, 'x'.repeat(bytes)).length - bytes)))
}
