// Rows of what the broker sends to one device, at the limits and just above them, and of the request to join a session.
import { encodeChunkData } from '../../proto/chunk-messages.ts'
import { encode } from '../../proto/codec.ts'
import { encodeOfferMessage, type OfferMessage } from '../../proto/offer-messages.ts'
import { deltaBeyond } from './manifest-field-cases.ts'
import { offer, operation, patch, piece, type Row, refused, value, withdraw } from './message-samples.ts'
import { sha256 } from './sample.ts'

type ChunkData = Parameters<typeof encodeChunkData>[0]

const atTheEnd: ChunkData = { ...piece, encodedSize: 900, offset: 868 }
const largestChunk: ChunkData = { ...piece, encodedSize: 2 ** 20 }
const largestPatch: ChunkData = {
  ...piece,
  chunk: undefined,
  encoding: 'plain',
  encodedSize: 2 ** 28,
  offset: 2 ** 28 - 32,
}
const noRight: ChunkData = {
  kind: 'refusal',
  requestNumber: 7,
  reason: 'no-right',
  chunk: undefined,
  retryAfterMs: 0,
}
const refusal = (fields: object): Buffer => encode('ChunkData', { requestNumber: 7, refusal: fields })

export const dataLimitRows: readonly Row[] = [
  ['no right', 'Pause, then ask again; the time is said by nobody.', refusal({ reason: 2 }), value(noRight)],
  ['refusal without reason', 'Required.', refusal({ retryAfterMs: 250 }), refused('ChunkData.reason')],
  ['reason 0', 'The unspecified one.', refusal({ reason: 0 }), refused('ChunkData.reason')],
  ['up to the end', 'The last byte of the piece is that of the chunk.', encodeChunkData(atTheEnd), value(atTheEnd)],
  ['chunk of 1 MiB', 'As large as a chunk may be.', encodeChunkData(largestChunk), value(largestChunk)],
  ['patch of 256 MiB', 'Its last bytes.', encodeChunkData(largestPatch), value(largestPatch)],
  [
    'offset absent',
    'Means 0.',
    encode('ChunkData', { requestNumber: 7, piece: { chunk: 3, encoding: 2, encodedSize: 900, data: piece.data } }),
    value({ ...piece, offset: 0 }),
  ],
  [
    'encoded size absent',
    'Required.',
    encode('ChunkData', { requestNumber: 7, piece: { chunk: 3, encoding: 2, offset: 0, data: piece.data } }),
    refused('ChunkData.piece.encodedSize'),
  ],
]

const longReason: OfferMessage = { kind: 'withdraw', operation, lease: 13, reason: 'é'.repeat(128) }
const longType: OfferMessage = { ...offer, operationType: 'a'.repeat(32) }
const wantingLog: OfferMessage = { ...offer, logWanted: true }
const largest: OfferMessage = {
  ...offer,
  patch: {
    ...patch,
    patchBytes: 2 ** 28,
    metadata: { baseSize: 2 ** 32, frameBytesMax: 2 ** 20, baseBytesMax: 2 ** 22, encodedBytesMax: 2 ** 20 + 4096 },
  },
}
const least: OfferMessage = {
  ...offer,
  patch: { ...patch, patchBytes: 1, metadata: { baseSize: 1, frameBytesMax: 1, baseBytesMax: 0, encodedBytesMax: 1 } },
}
const patchOf = (metadata: object): Buffer =>
  encode('OfferMessage', {
    offer: {
      operationId: operation,
      lease: 12,
      attempt: 1,
      envelope: sha256('an envelope'),
      patch: { baseSha256: Buffer.from(patch.base, 'hex'), patchSize: patch.patchBytes, metadata },
    },
  })

const join: OfferMessage = { kind: 'join', operation, lease: 13, attempt: 1, session: '0123456789abcdef' }
const joinOf = (changes: object): Buffer =>
  encode('OfferMessage', {
    join: { operationId: operation, lease: 13, attempt: 1, session: '0123456789abcdef', ...changes },
  })
const joinRows: readonly Row[] = [
  ['join', 'The chunks come over a session.', encodeOfferMessage(join), value(join)],
  ['join without an operation', 'Required.', joinOf({ operationId: undefined }), refused('JoinSession.operationId')],
  ['join without a lease', 'Required.', joinOf({ lease: undefined }), refused('JoinSession.lease')],
  ['join without an attempt', 'Required.', joinOf({ attempt: undefined }), refused('JoinSession.attempt')],
  ['join with attempt 0', 'Attempts count from 1.', joinOf({ attempt: 0 }), refused('JoinSession.attempt')],
  ['join without a session', 'Required.', joinOf({ session: undefined }), refused('JoinSession.session')],
  ['session of 15 digits', 'Sixteen.', joinOf({ session: '0123456789abcde' }), refused('JoinSession.session')],
  ['session of 17 digits', 'Sixteen.', joinOf({ session: '0123456789abcdef0' }), refused('JoinSession.session')],
  ['session in capitals', 'Lower case.', joinOf({ session: '0123456789ABCDEF' }), refused('JoinSession.session')],
  [
    'session with a newline',
    'Nothing behind it.',
    joinOf({ session: '0123456789abcdef\n' }),
    refused('JoinSession.session'),
  ],
  [
    'session with a wildcard',
    'It becomes part of a topic.',
    joinOf({ session: '+/0123456789abcd' }),
    refused('JoinSession.session'),
  ],
  [
    'withdraw and join',
    'One of the two; the field that is named is the one that came first.',
    Buffer.concat([encodeOfferMessage(withdraw), encodeOfferMessage(join)]),
    refused('OfferMessage.withdraw'),
  ],
]

export const offerLimitRows: readonly Row[] = [
  ['withdraw with a reason of 256 bytes', 'The longest.', encodeOfferMessage(longReason), value(longReason)],
  [
    'withdraw with a reason of 258 bytes',
    'Too long, though it has 129 characters.',
    encode('OfferMessage', { withdraw: { operationId: operation, lease: 13, reason: 'é'.repeat(129) } }),
    refused('Withdraw.reason'),
  ],
  ['type of 32 characters', 'The longest.', encodeOfferMessage(longType), value(longType)],
  ['log wanted', 'Should this attempt fail.', encodeOfferMessage(wantingLog), value(wantingLog)],
  ['largest patch', 'Every number at its most.', encodeOfferMessage(largest), value(largest)],
  ['least patch', 'Every number at its least.', encodeOfferMessage(least), value(least)],
  ...deltaBeyond.map(
    ([name, changes, field]): Row => [
      `patch with ${name}`,
      'Beyond its range.',
      patchOf({ ...patch.metadata, ...changes }),
      refused(`DeltaMetadata.${field}`),
    ],
  ),
  ...joinRows,
]
