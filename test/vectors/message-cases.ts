// Vectors of the messages between device and broker: what each says, or the field for which it is refused.

import * as chunkMessages from '../../proto/chunk-messages.ts'
import { encode } from '../../proto/codec.ts'
import * as offerMessages from '../../proto/offer-messages.ts'
import { configurationRows } from './configuration-cases.ts'
import { dataLimitRows, offerLimitRows } from './downlink-limit-cases.ts'
import { judgeMessage } from './judge.ts'
import {
  allReaders,
  type Group,
  type Name,
  offer,
  operation,
  patch,
  piece,
  proceed,
  type Row,
  refused,
  spoiled,
  value,
  withdraw,
} from './message-samples.ts'
import { requestRows } from './request-cases.ts'
import { indexBytes, sha256 } from './sample.ts'
import { logRows, sessionControlRows, sessionDataRows } from './session-cases.ts'
import { eventRows, helloRows, presenceRows, progressRows } from './uplink-cases.ts'
import { base64, type Json, type VectorCase, type VectorFile } from './vector-file.ts'
import { bytesField, numberField } from './wire.ts'

const pieceBytes = chunkMessages.encodeChunkData(piece)
const pieceOf = (changes: object): Buffer =>
  encode('ChunkData', {
    requestNumber: 7,
    piece: { chunk: 3, encoding: 2, encodedSize: 900, offset: 512, data: piece.data, ...changes },
  })
const refusal: chunkMessages.ChunkData = {
  kind: 'refusal',
  requestNumber: 7,
  reason: 'busy',
  chunk: 3,
  retryAfterMs: 250,
}
const indexPiece: chunkMessages.ChunkData = {
  ...piece,
  chunk: undefined,
  encoding: 'plain',
  encodedSize: indexBytes.length,
  offset: 0,
  data: indexBytes,
}
const patchPiece: chunkMessages.ChunkData = { ...indexPiece, encodedSize: 70_000, offset: 65_536, data: piece.data }
const dataRows: readonly Row[] = [
  ['piece of a chunk', 'Bytes 512 to 543 of 900.', pieceBytes, value(piece)],
  ['whole index', 'No chunk number.', chunkMessages.encodeChunkData(indexPiece), value(indexPiece)],
  [
    'piece of a patch',
    'No chunk number either: the request tells which of the two was asked for.',
    chunkMessages.encodeChunkData(patchPiece),
    value(patchPiece),
  ],
  ['busy', 'Ask again.', chunkMessages.encodeChunkData(refusal), value(refusal)],
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
    'index or patch over 256 MiB',
    'Larger than anything that is asked for without a chunk number.',
    encode('ChunkData', { requestNumber: 7, piece: { encoding: 1, encodedSize: 2 ** 28 + 1, data: piece.data } }),
    refused('ChunkData.piece.encodedSize'),
  ],
  [
    'reason 9',
    'Not known.',
    encode('ChunkData', { requestNumber: 7, refusal: { reason: 9 } }),
    refused('ChunkData.reason'),
  ],
  ...dataLimitRows,
  ...spoiled('ChunkData', pieceBytes),
]

const offerBytes = offerMessages.encodeOfferMessage(offer)
const offerOf = (changes: object): Buffer =>
  encode('OfferMessage', {
    offer: { operationId: operation, lease: 12, attempt: 1, envelope: sha256('an envelope'), ...changes },
  })
const wirePatch = (changes: object): object => ({
  baseSha256: Buffer.from(patch.base, 'hex'),
  patchSize: patch.patchBytes,
  metadata: patch.metadata,
  ...changes,
})
const offerRows: readonly Row[] = [
  ['offer', 'The envelope inside is judged on its own.', offerBytes, value(offer)],
  ['withdraw', 'Takes the offer back.', offerMessages.encodeOfferMessage(withdraw), value(withdraw)],
  [
    'withdraw without reason',
    'Read as empty.',
    encode('OfferMessage', { withdraw: { operationId: operation, lease: 13 } }),
    value({ ...withdraw, reason: '' }),
  ],
  ['proceed', 'The go for an offer with a hold.', offerMessages.encodeOfferMessage(proceed), value(proceed)],
  [
    'offer of a command',
    'Another type than a firmware update.',
    offerMessages.encodeOfferMessage({ ...offer, operationType: 'config-change' }),
    value({ ...offer, operationType: 'config-change' }),
  ],
  [
    'offer with a hold',
    'The device waits before it installs.',
    offerMessages.encodeOfferMessage({ ...offer, installHold: true }),
    value({ ...offer, installHold: true }),
  ],
  [
    'offer with a time',
    'Whatever it is worth is judged on its own.',
    offerMessages.encodeOfferMessage({ ...offer, time: sha256('a time') }),
    value({ ...offer, time: sha256('a time') }),
  ],
  [
    'trust document',
    'Of no operation: what follows the document of the device.',
    offerMessages.encodeTrustMessage(sha256('a document')),
    value({ kind: 'trust', document: sha256('a document') }),
  ],
  ['trust document absent', 'Required.', encode('OfferMessage', { trust: {} }), refused('TrustUpdate.document')],
  [
    'offer with a patch',
    'One more way to the same bytes.',
    offerMessages.encodeOfferMessage({ ...offer, patch }),
    value({ ...offer, patch }),
  ],
  [
    'patch without its base',
    'Required.',
    offerOf({ patch: wirePatch({ baseSha256: undefined }) }),
    refused('PatchTransport.baseSha256'),
  ],
  [
    'patch of no bytes',
    'One byte at least.',
    offerOf({ patch: wirePatch({ patchSize: 0 }) }),
    refused('PatchTransport.patchSize'),
  ],
  [
    'patch over 256 MiB',
    'Larger than any.',
    offerOf({ patch: wirePatch({ patchSize: 2 ** 28 + 1 }) }),
    refused('PatchTransport.patchSize'),
  ],
  [
    'patch without metadata',
    'Nobody could tell what memory it needs.',
    offerOf({ patch: wirePatch({ metadata: undefined }) }),
    refused('PatchTransport.metadata'),
  ],
  [
    'patch with frames over 1 MiB',
    'As in a signed patch.',
    offerOf({ patch: wirePatch({ metadata: { ...patch.metadata, frameBytesMax: 2 ** 20 + 1 } }) }),
    refused('DeltaMetadata.frameBytesMax'),
  ],
  [
    'type and hold said although absent would do',
    'Means the same.',
    offerOf({ operationType: 'firmware-update', installHold: false }),
    value(offer),
  ],
  ['type empty', 'Present and empty.', offerOf({ operationType: '' }), refused('Offer.operationType')],
  ['type in capitals', 'a-z, 0-9, dashes.', offerOf({ operationType: 'Reboot' }), refused('Offer.operationType')],
  ['type of 33 characters', 'At most 32.', offerOf({ operationType: 'a'.repeat(33) }), refused('Offer.operationType')],
  [
    'proceed without a lease',
    'Required.',
    encode('OfferMessage', { proceed: { operationId: operation, attempt: 1 } }),
    refused('Proceed.lease'),
  ],
  [
    'proceed with attempt 0',
    'Attempts count from 1.',
    encode('OfferMessage', { proceed: { operationId: operation, lease: 13, attempt: 0 } }),
    refused('Proceed.attempt'),
  ],
  [
    'offer and proceed',
    'One of the two; the field that is named is the one that came first.',
    Buffer.concat([offerBytes, offerMessages.encodeOfferMessage(proceed)]),
    refused('OfferMessage.offer'),
  ],
  ['neither', 'An empty message.', new Uint8Array(0), refused('OfferMessage.content')],
  [
    'offer and withdraw',
    'One of the two; the field that is named is the one that came first.',
    Buffer.concat([offerBytes, offerMessages.encodeOfferMessage(withdraw)]),
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
  ...offerLimitRows,
  ...spoiled('OfferMessage', offerBytes),
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
  {
    file: 'configuration-reports',
    message: 'ConfigurationReport',
    about: 'Topic configuration, device to broker.',
    rows: configurationRows,
  },
  {
    file: 'session-control',
    message: 'SessionControl',
    about: 'Topic broadcast/{session}/control, broker to devices.',
    rows: sessionControlRows,
  },
  {
    file: 'session-data',
    message: 'SessionData',
    about: 'Topic broadcast/{session}/data, broker to devices.',
    rows: sessionDataRows,
  },
  { file: 'log-reports', message: 'LogReport', about: 'Topic log, device to broker.', rows: logRows },
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
  return judgeMessage(allReaders[message as Name], Buffer.from(String(vector.bytes), 'base64'))
}
