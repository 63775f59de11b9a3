// Vectors of the messages between device and broker: what each says, or the field for which it is refused.
import type { WireMessages } from '../../proto/codec.ts'
import { decode, encode } from '../../proto/codec.ts'
import { operationId } from '../../proto/ids.ts'
import * as messages from '../../proto/messages.ts'
import { judgeMessage } from './judge.ts'
import { device, indexBytes, manifest, sha256 } from './sample.ts'
import { base64, type Json, jsonOf, type VectorCase, type VectorFile } from './vector-file.ts'
import { bytesField, numberField } from './wire.ts'

type Name = 'Hello' | 'Event' | 'Progress' | 'ChunkRequest' | 'ChunkData' | 'OfferMessage' | 'Presence'

export const readers: Readonly<Record<Name, (bytes: Uint8Array) => unknown>> = {
  Hello: messages.readHello,
  Event: messages.readEvent,
  Progress: messages.readProgress,
  ChunkRequest: messages.readChunkRequest,
  ChunkData: messages.readChunkData,
  OfferMessage: messages.readOfferMessage,
  Presence: messages.readPresence,
}

const operation = operationId('01j9zk3v7m8n5p6q4r2s1t0abc')
const digest = manifest.installedSha256

export const hello: messages.Hello = {
  vendorId: device.vendorId,
  classId: device.classId,
  bootId: '00112233445566778899aabbccddeeff',
  journalId: '0011223344556677',
  components: [{ name: 'main', version: '1.9.0', digest }],
  outboxEventCount: 2,
  outboxLastEventNumber: 41,
  packetBytesMax: 32768,
  agentVersion: '0.1.0',
}
export const event: messages.DeviceEvent = {
  journalId: hello.journalId,
  eventNumber: 41,
  operation,
  attempt: 1,
  deviceTime: device.now,
  content: { kind: 'code', code: 'UPD4_FAIL_23' },
  component: 'main',
  version: '1.9.0',
  digest,
  data: { reason: 'expired', expected: '1', actual: '2' },
}
export const request: messages.ChunkRequest = {
  requestNumber: 7,
  operation,
  artifact: manifest.payloadSha256,
  windowBytes: 262144,
  wanted: {
    kind: 'chunks',
    ranges: [
      { first: 0, count: 3 },
      { first: 9, count: 1 },
    ],
  },
}
export const piece: messages.ChunkData = {
  kind: 'piece',
  requestNumber: 7,
  chunk: 3,
  encoding: 'deflate',
  encodedSize: 900,
  offset: 512,
  data: sha256('piece'),
}
export const progress: messages.Progress = {
  operation,
  attempt: 1,
  step: 'downloading',
  imageBytes: 8192,
  heldBytes: 4096,
  receivedBytes: 2048,
  wireBytes: 1500,
}
export const offer: messages.OfferMessage = {
  kind: 'offer',
  operation,
  lease: 12,
  attempt: 1,
  envelope: sha256('an envelope'),
}
const withdraw: messages.OfferMessage = { kind: 'withdraw', operation, lease: 13, reason: 'stopped' }
const presence: messages.Presence = { online: true, connectionId: '0123456789abcdef' }

type Row = readonly [name: string, about: string, bytes: Uint8Array, expect: Json]
interface Group {
  readonly file: string
  readonly message: Name
  readonly about: string
  readonly rows: readonly Row[]
}

const value = (read: unknown): Json => ({ value: jsonOf(read) })
const refused = (field: string): Json => ({ refused: field })

/** The sample with some wire fields replaced, or left out (`undefined`). */
function changer<N extends Name>(name: N, sample: Uint8Array) {
  return (changes: { readonly [F in keyof WireMessages[N]]?: WireMessages[N][F] | undefined }): Buffer => {
    const wire: Record<string, unknown> = { ...decode(name, sample, 65536), ...changes }
    for (const [field, content] of Object.entries(wire)) if (content === undefined) delete wire[field]
    return encode(name, wire as unknown as WireMessages[N])
  }
}

/** What is refused of every message alike. */
function spoiled(name: Name, sample: Uint8Array): Row[] {
  return [
    ['trailing byte', 'Half a field after the last one.', Buffer.concat([sample, Buffer.of(0x80)]), refused(name)],
    ['unknown field', 'A well-formed field 31.', Buffer.concat([sample, numberField(31, 1)]), refused(name)],
  ]
}

const helloBytes = messages.encodeHello(hello)
const helloWith = changer('Hello', helloBytes)
const component = { name: 'main', version: '1.9.0', digest: Buffer.from(digest, 'hex') }
const helloRows: readonly Row[] = [
  ['with outbox', 'Two events follow.', helloBytes, value(hello)],
  [
    'least',
    'No component, nothing in the outbox, defaults for the rest.',
    helloWith({
      components: [],
      outboxEventCount: 0,
      outboxLastEventNumber: undefined,
      packetBytesMax: undefined,
      agentVersion: undefined,
    }),
    value({ ...hello, components: [], outboxEventCount: 0, outboxLastEventNumber: 0, agentVersion: 'unknown' }),
  ],
  [
    'operation under way',
    'The device is at work already.',
    messages.encodeHello({ ...hello, operation }),
    value({ ...hello, operation }),
  ],
  [
    'largest packet',
    'More than the broker sends is read as what it sends.',
    helloWith({ packetBytesMax: 2 ** 30 }),
    value({ ...hello, packetBytesMax: 262144 }),
  ],
  ['protocol version 2', 'Not ours.', helloWith({ protocolVersion: 2 }), refused('Hello.protocolVersion')],
  ['protocol version absent', 'Required.', helloWith({ protocolVersion: undefined }), refused('Hello.protocolVersion')],
  ['vendor id of 15 bytes', 'Wrong length.', helloWith({ vendorId: new Uint8Array(15) }), refused('Hello.vendorId')],
  ['class id absent', 'Required.', helloWith({ classId: undefined }), refused('Hello.classId')],
  ['boot id of 8 bytes', 'Wrong length.', helloWith({ bootId: new Uint8Array(8) }), refused('Hello.bootId')],
  ['journal id of 16 bytes', 'Wrong length.', helloWith({ journalId: new Uint8Array(16) }), refused('Hello.journalId')],
  [
    '33 components',
    'At most 32.',
    helloWith({ components: Array.from({ length: 33 }, (_, n) => ({ ...component, name: `c${n}` })) }),
    refused('Hello.components'),
  ],
  [
    'component twice',
    'Two versions of one part.',
    helloWith({ components: [component, { ...component, version: '2.0.0' }] }),
    refused('Hello.components'),
  ],
  [
    'component __proto__',
    'Not a name.',
    helloWith({ components: [{ ...component, name: '__proto__' }] }),
    refused('Hello.components.name'),
  ],
  [
    'component version 1.9',
    'Three dotted numbers.',
    helloWith({ components: [{ ...component, version: '1.9' }] }),
    refused('Hello.components.version'),
  ],
  [
    'component digest of 31 bytes',
    'Wrong length.',
    helloWith({ components: [{ ...component, digest: new Uint8Array(31) }] }),
    refused('Hello.components.digest'),
  ],
  [
    'packets of 1023 bytes',
    'A device takes 1024 at least.',
    helloWith({ packetBytesMax: 1023 }),
    refused('Hello.packetBytesMax'),
  ],
  [
    'operation id with a slash',
    'Not an operation id.',
    helloWith({ operationId: 'drover/v1' }),
    refused('Hello.operationId'),
  ],
  [
    'outbox count absent',
    'Absent is not zero.',
    helloWith({ outboxEventCount: undefined }),
    refused('Hello.outboxEventCount'),
  ],
  [
    'protocol version twice',
    'Two readings.',
    Buffer.concat([helloBytes, numberField(1, 1)]),
    refused('Hello.protocolVersion'),
  ],
  ...spoiled('Hello', helloBytes),
]

const eventBytes = messages.encodeEvent(event)
const eventWith = changer('Event', eventBytes)
const stepEvent: messages.DeviceEvent = {
  journalId: event.journalId,
  eventNumber: 1,
  deviceTime: 0,
  content: { kind: 'step', step: 'offered' },
  data: {},
}
const eventRows: readonly Row[] = [
  ['code', 'A failure with its data.', eventBytes, value(event)],
  [
    'success',
    'The only code that is no failure.',
    eventWith({ code: 'UPD2_OK_18', data: [] }),
    value({ ...event, content: { kind: 'code', code: 'UPD2_OK_18' }, data: {} }),
  ],
  ...messages.steps.map(
    (step, number): Row => [
      `step ${step}`,
      'A step is durable and not logged.',
      eventWith({ code: undefined, step: number + 1 }),
      value({ ...event, content: { kind: 'step', step } }),
    ],
  ),
  ['least', 'Outside any operation.', messages.encodeEvent(stepEvent), value(stepEvent)],
  [
    'data without value',
    'Read as empty.',
    eventWith({ data: [{ name: 'reason' }] }),
    value({ ...event, data: { reason: '' } }),
  ],
  [
    'largest number',
    'Below 2^53.',
    eventWith({ eventNumber: Number.MAX_SAFE_INTEGER }),
    value({ ...event, eventNumber: Number.MAX_SAFE_INTEGER }),
  ],
  ['neither code nor step', 'An event says something.', eventWith({ code: undefined }), refused('Event.content')],
  ['code and step', 'One of the two.', Buffer.concat([eventBytes, numberField(7, 1)]), refused('Event.code')],
  ['step 0', 'The unspecified one.', eventWith({ code: undefined, step: 0 }), refused('Event.step')],
  ['step 9', 'Not known.', eventWith({ code: undefined, step: 9 }), refused('Event.step')],
  ['code of the broker', 'A device cannot say SYS_112.', eventWith({ code: 'SYS_112' }), refused('Event.code')],
  ['code UPD4_FAIL_50', 'There is none.', eventWith({ code: 'UPD4_FAIL_50' }), refused('Event.code')],
  ['code constructor', 'A name that objects already have.', eventWith({ code: 'constructor' }), refused('Event.code')],
  ['event number 0', 'Numbers count from 1.', eventWith({ eventNumber: 0 }), refused('Event.eventNumber')],
  ['event number absent', 'Required.', eventWith({ eventNumber: undefined }), refused('Event.eventNumber')],
  [
    'event number 2^53',
    'Too large.',
    Buffer.concat([eventWith({ eventNumber: undefined }), numberField(2, 2n ** 53n)]),
    refused('Event.eventNumber'),
  ],
  ['journal id absent', 'Required.', eventWith({ journalId: undefined }), refused('Event.journalId')],
  [
    'data named __proto__',
    'Not a name.',
    eventWith({ data: [{ name: '__proto__', value: 'x' }] }),
    refused('Event.data.name'),
  ],
  [
    'data named constructor',
    'A name that objects already have.',
    eventWith({ data: [{ name: 'constructor', value: 'x' }] }),
    refused('Event.data.name'),
  ],
  [
    'data named toString',
    'Another one.',
    eventWith({ data: [{ name: 'toString', value: 'x' }] }),
    refused('Event.data.name'),
  ],
  [
    'data name twice',
    'Two readings.',
    eventWith({
      data: [
        { name: 'reason', value: 'a' },
        { name: 'reason', value: 'b' },
      ],
    }),
    refused('Event.data.name'),
  ],
  ['data name absent', 'Required.', eventWith({ data: [{ value: 'a' }] }), refused('Event.data.name')],
  [
    '33 data',
    'At most 32.',
    eventWith({ data: Array.from({ length: 33 }, (_, n) => ({ name: `n${n}`, value: '' })) }),
    refused('Event.data'),
  ],
  ['digest of 20 bytes', 'Not SHA-256.', eventWith({ digest: new Uint8Array(20) }), refused('Event.digest')],
  ['version v1', 'Three dotted numbers.', eventWith({ version: 'v1' }), refused('Event.version')],
  ['component empty', 'A name has one byte at least.', eventWith({ component: '' }), refused('Event.component')],
  ['operation id too short', '26 characters.', eventWith({ operationId: 'o7' }), refused('Event.operationId')],
  ...spoiled('Event', eventBytes),
]

const requestBytes = messages.encodeChunkRequest(request)
const requestWith = changer('ChunkRequest', requestBytes)
const requestRows: readonly Row[] = [
  ['two ranges', 'Chunks 0, 1, 2 and 9.', requestBytes, value(request)],
  [
    'index from the start',
    'No offset is offset 0.',
    requestWith({ ranges: [], index: true }),
    value({ ...request, wanted: { kind: 'index', offset: 0 } }),
  ],
  [
    'index from 4096',
    'The rest of an index half received.',
    requestWith({ ranges: [], index: true, indexOffset: 4096 }),
    value({ ...request, wanted: { kind: 'index', offset: 4096 } }),
  ],
  ['index false', 'Says the same as absent.', requestWith({ index: false }), value(request)],
  ['nothing wanted', 'Neither index nor ranges.', requestWith({ ranges: [] }), refused('ChunkRequest.ranges')],
  ['index and ranges', 'One of the two.', requestWith({ index: true }), refused('ChunkRequest.ranges')],
  [
    'range of 0',
    'One chunk at least.',
    requestWith({ ranges: [{ first: 1, count: 0 }] }),
    refused('ChunkRequest.ranges.count'),
  ],
  ['range without first', 'Required.', requestWith({ ranges: [{ count: 1 }] }), refused('ChunkRequest.ranges.first')],
  [
    '1025 ranges',
    'At most 1024.',
    requestWith({ ranges: Array.from({ length: 1025 }, () => ({ first: 1, count: 1 })) }),
    refused('ChunkRequest.ranges'),
  ],
  ['window 0', 'No byte could ever be sent.', requestWith({ windowBytes: 0 }), refused('ChunkRequest.windowBytes')],
  ['window absent', 'Required.', requestWith({ windowBytes: undefined }), refused('ChunkRequest.windowBytes')],
  [
    'request number absent',
    'Required.',
    requestWith({ requestNumber: undefined }),
    refused('ChunkRequest.requestNumber'),
  ],
  [
    'artifact of 31 bytes',
    'Not SHA-256.',
    requestWith({ artifactSha256: new Uint8Array(31) }),
    refused('ChunkRequest.artifactSha256'),
  ],
  ['operation absent', 'Required.', requestWith({ operationId: undefined }), refused('ChunkRequest.operationId')],
  [
    'first 2^32',
    'Does not fit and is not cut to 0.',
    Buffer.concat([
      requestWith({ ranges: [] }),
      bytesField(6, Buffer.concat([numberField(1, 2 ** 32), numberField(2, 1)])),
    ]),
    refused('ChunkRequest.ranges.first'),
  ],
  ...spoiled('ChunkRequest', requestBytes),
]

const pieceBytes = messages.encodeChunkData(piece)
const pieceOf = (changes: object): Buffer =>
  encode('ChunkData', {
    requestNumber: 7,
    piece: { chunk: 3, encoding: 2, encodedSize: 900, offset: 512, data: piece.data, ...changes },
  })
const refusal: messages.ChunkData = { kind: 'refusal', requestNumber: 7, reason: 'busy', chunk: 3, retryAfterMs: 250 }
const indexPiece: messages.ChunkData = {
  ...piece,
  chunk: undefined,
  encoding: 'plain',
  encodedSize: indexBytes.length,
  offset: 0,
  data: indexBytes,
}
const dataRows: readonly Row[] = [
  ['piece of a chunk', 'Bytes 512 to 543 of 900.', pieceBytes, value(piece)],
  ['whole index', 'No chunk number.', messages.encodeChunkData(indexPiece), value(indexPiece)],
  ['busy', 'Ask again.', messages.encodeChunkData(refusal), value(refusal)],
  [
    'no such chunk',
    'For good.',
    encode('ChunkData', { requestNumber: 7, refusal: { reason: 1 } }),
    value({ ...refusal, reason: 'no-such-chunk', chunk: undefined, retryAfterMs: 0 }),
  ],
  [
    'piece and refusal',
    'One of the two; the field that is named is the one that came first.',
    Buffer.concat([pieceBytes, bytesField(3, numberField(1, 1))]),
    refused('ChunkData.piece'),
  ],
  ['neither', 'One of the two.', encode('ChunkData', { requestNumber: 7 }), refused('ChunkData.piece')],
  [
    'request number absent',
    'Required.',
    encode('ChunkData', { refusal: { reason: 1 } }),
    refused('ChunkData.requestNumber'),
  ],
  ['encoding 0', 'The unspecified one.', pieceOf({ encoding: 0 }), refused('ChunkData.piece.encoding')],
  ['encoding 3', 'Not known.', pieceOf({ encoding: 3 }), refused('ChunkData.piece.encoding')],
  [
    'past the end',
    'Offset and data reach past the encoded size.',
    pieceOf({ offset: 869 }),
    refused('ChunkData.piece.data'),
  ],
  ['no data', 'A piece has one byte at least.', pieceOf({ data: new Uint8Array(0) }), refused('ChunkData.piece.data')],
  [
    'chunk over 1 MiB',
    'Larger than any chunk: no memory is taken for it.',
    pieceOf({ encodedSize: 2 ** 20 + 1 }),
    refused('ChunkData.piece.encodedSize'),
  ],
  [
    'index over 8 MiB',
    'Larger than any index.',
    encode('ChunkData', { requestNumber: 7, piece: { encoding: 1, encodedSize: 2 ** 23 + 1, data: piece.data } }),
    refused('ChunkData.piece.encodedSize'),
  ],
  [
    'reason 9',
    'Not known.',
    encode('ChunkData', { requestNumber: 7, refusal: { reason: 9 } }),
    refused('ChunkData.reason'),
  ],
  ...spoiled('ChunkData', pieceBytes),
]

const offerBytes = messages.encodeOfferMessage(offer)
const offerOf = (changes: object): Buffer =>
  encode('OfferMessage', {
    offer: { operationId: operation, lease: 12, attempt: 1, envelope: sha256('an envelope'), ...changes },
  })
const offerRows: readonly Row[] = [
  ['offer', 'The envelope inside is judged on its own.', offerBytes, value(offer)],
  ['withdraw', 'Takes the offer back.', messages.encodeOfferMessage(withdraw), value(withdraw)],
  [
    'withdraw without reason',
    'Read as empty.',
    encode('OfferMessage', { withdraw: { operationId: operation, lease: 13 } }),
    value({ ...withdraw, reason: '' }),
  ],
  ['neither', 'An empty message.', new Uint8Array(0), refused('OfferMessage.content')],
  [
    'offer and withdraw',
    'One of the two; the field that is named is the one that came first.',
    Buffer.concat([offerBytes, messages.encodeOfferMessage(withdraw)]),
    refused('OfferMessage.offer'),
  ],
  ['lease absent', 'Absent is not zero.', offerOf({ lease: undefined }), refused('Offer.lease')],
  ['attempt 0', 'Attempts count from 1.', offerOf({ attempt: 0 }), refused('Offer.attempt')],
  ['envelope absent', 'Required.', offerOf({ envelope: undefined }), refused('Offer.envelope')],
  [
    'operation id in capitals',
    '26 of 0-9 a-z.',
    offerOf({ operationId: operation.toUpperCase() }),
    refused('Offer.operationId'),
  ],
  [
    'withdraw with a long reason',
    'At most 256 bytes.',
    encode('OfferMessage', { withdraw: { operationId: operation, lease: 13, reason: 'x'.repeat(257) } }),
    refused('Withdraw.reason'),
  ],
  ...spoiled('OfferMessage', offerBytes),
]

const progressBytes = messages.encodeProgress(progress)
const refusing: messages.Progress = {
  imageBytes: 0,
  heldBytes: 0,
  receivedBytes: 0,
  wireBytes: 0,
  refusedOperation: operation,
}
const progressRows: readonly Row[] = [
  ['downloading', 'A quarter over the wire, half of it held.', progressBytes, value(progress)],
  ['refuses an offer', 'Because another operation is under way.', messages.encodeProgress(refusing), value(refusing)],
  [
    'empty',
    'Says nothing, lawfully.',
    new Uint8Array(0),
    value({ imageBytes: 0, heldBytes: 0, receivedBytes: 0, wireBytes: 0 }),
  ],
  ['step 9', 'Not known.', changer('Progress', progressBytes)({ step: 9 }), refused('Progress.step')],
  ...spoiled('Progress', progressBytes),
]

const presenceBytes = messages.encodePresence(presence)
const presenceRows: readonly Row[] = [
  ['online', 'On connect.', presenceBytes, value(presence)],
  [
    'offline',
    'The will. False is present, not absent.',
    messages.encodePresence({ ...presence, online: false }),
    value({ ...presence, online: false }),
  ],
  ['online absent', 'Required.', changer('Presence', presenceBytes)({ online: undefined }), refused('Presence.online')],
  [
    'connection id of 4 bytes',
    'Wrong length.',
    changer('Presence', presenceBytes)({ connectionId: new Uint8Array(4) }),
    refused('Presence.connectionId'),
  ],
  ...spoiled('Presence', presenceBytes),
]

const groups: readonly Group[] = [
  { file: 'hello', message: 'Hello', about: 'Topic hello, device to broker.', rows: helloRows },
  { file: 'events', message: 'Event', about: 'Topic events, device to broker.', rows: eventRows },
  {
    file: 'chunk-requests',
    message: 'ChunkRequest',
    about: 'Topic chunks/request, device to broker.',
    rows: requestRows,
  },
  { file: 'chunk-data', message: 'ChunkData', about: 'Topic chunks/data, broker to device.', rows: dataRows },
  { file: 'offers', message: 'OfferMessage', about: 'Topic offer, broker to device.', rows: offerRows },
  { file: 'progress', message: 'Progress', about: 'Topic progress, device to broker.', rows: progressRows },
  { file: 'presence', message: 'Presence', about: 'Topic presence, device to broker.', rows: presenceRows },
]

export function messageFiles(): [file: string, VectorFile][] {
  return groups.map(({ file, message, about, rows }) => [
    file,
    {
      kind: 'message',
      about,
      message,
      cases: rows.map(([name, reason, bytes, expect]) => ({ name, about: reason, bytes: base64(bytes), expect })),
    },
  ])
}

/** One case of a file of kind `message`, read again. */
export function judgeMessageCase(message: string, vector: VectorCase): Json {
  return judgeMessage(readers[message as Name], Buffer.from(String(vector.bytes), 'base64'))
}
