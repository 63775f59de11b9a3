// Rows of what is said in broadcast sessions, and of the recent log that a device sends after a failure.
import { encodeLogReport, type LogReport } from '../../proto/log-report.ts'
import {
  encodeSessionControl,
  encodeSessionData,
  type SessionControl,
  type SessionPiece,
} from '../../proto/session-messages.ts'
import { deflatedRun, deflateStored } from './deflate.ts'
import { changer, operation, piece, type Row, refused, spoiled, value } from './message-samples.ts'
import { manifest } from './sample.ts'

const artifact = manifest.payloadSha256
const start: SessionControl = { kind: 'start', artifact }
const startBytes = encodeSessionControl(start)
const controlWith = changer('SessionControl', startBytes)
const abort: SessionControl = { kind: 'abort', artifact, reason: 'stopped' }
const longAbort: SessionControl = { kind: 'abort', artifact, reason: 'é'.repeat(128) }
export const sessionControlRows: readonly Row[] = [
  ['start', 'Chunks follow.', startBytes, value(start)],
  ['end', 'No more chunks follow.', controlWith({ action: 2 }), value({ kind: 'end', artifact })],
  [
    'activate',
    'Whoever holds the image installs it.',
    controlWith({ action: 3 }),
    value({ kind: 'activate', artifact }),
  ],
  ['abort', 'With the reason of the sender.', encodeSessionControl(abort), value(abort)],
  ['abort with a reason of 256 bytes', 'The longest.', encodeSessionControl(longAbort), value(longAbort)],
  [
    'abort with a reason of 258 bytes',
    'Too long, though it has 129 characters.',
    controlWith({ action: 4, reason: 'é'.repeat(129) }),
    refused('SessionControl.reason'),
  ],
  [
    'abort with an empty reason',
    'One byte at least.',
    controlWith({ action: 4, reason: '' }),
    refused('SessionControl.reason'),
  ],
  ['start with a reason', 'Only an abort has one.', controlWith({ reason: 'x' }), refused('SessionControl.reason')],
  [
    'end with a reason',
    'Only an abort has one.',
    controlWith({ action: 2, reason: 'x' }),
    refused('SessionControl.reason'),
  ],
  ['action absent', 'Required.', controlWith({ action: undefined }), refused('SessionControl.action')],
  ['action 0', 'The unspecified one.', controlWith({ action: 0 }), refused('SessionControl.action')],
  ['action 5', 'Not known.', controlWith({ action: 5 }), refused('SessionControl.action')],
  [
    'artifact absent',
    'Required.',
    controlWith({ artifactSha256: undefined }),
    refused('SessionControl.artifactSha256'),
  ],
  [
    'artifact of 31 bytes',
    'Not SHA-256.',
    controlWith({ artifactSha256: new Uint8Array(31) }),
    refused('SessionControl.artifactSha256'),
  ],
  ...spoiled('SessionControl', startBytes),
]

const { chunk = 0, encoding, encodedSize, offset, data } = piece
const sample: SessionPiece = { chunk, encoding, encodedSize, offset, data }
const first: SessionPiece = { ...sample, chunk: 0, offset: 0 }
const last: SessionPiece = { ...sample, offset: encodedSize - data.length }
const largest: SessionPiece = { ...sample, encodedSize: 2 ** 20 }
const sampleBytes = encodeSessionData(sample)
const dataWith = changer('SessionData', sampleBytes)
const pieceWith = (changes: object): Buffer => dataWith({ piece: { ...sample, encoding: 2, ...changes } })
export const sessionDataRows: readonly Row[] = [
  ['piece of a chunk', 'Bytes 512 to 543 of 900.', sampleBytes, value(sample)],
  ['first piece of the first chunk', 'Number 0 is said, not left out.', encodeSessionData(first), value(first)],
  ['up to the end', 'The last byte of the piece is that of the chunk.', encodeSessionData(last), value(last)],
  ['chunk of 1 MiB', 'As large as a chunk may be.', encodeSessionData(largest), value(largest)],
  [
    'chunk over 1 MiB',
    'Larger than any chunk: no memory is taken for it.',
    pieceWith({ encodedSize: 2 ** 20 + 1 }),
    refused('SessionData.piece.encodedSize'),
  ],
  [
    'no chunk number',
    'A session carries no index.',
    dataWith({ piece: { encoding: 2, encodedSize, offset, data } }),
    refused('SessionData.piece.chunk'),
  ],
  ['no piece', 'Required.', new Uint8Array(0), refused('SessionData.piece')],
  [
    'past the end',
    'Offset and data reach past the encoded size.',
    pieceWith({ offset: 869 }),
    refused('SessionData.piece.data'),
  ],
  [
    'no data',
    'A piece has one byte at least.',
    pieceWith({ data: new Uint8Array(0) }),
    refused('SessionData.piece.data'),
  ],
  [
    'encoded size 0',
    'A chunk has one byte at least.',
    pieceWith({ encodedSize: 0, offset: 0 }),
    refused('SessionData.piece.data'),
  ],
  ['encoding 0', 'The unspecified one.', pieceWith({ encoding: 0 }), refused('SessionData.piece.encoding')],
  ['encoding 3', 'Not known.', pieceWith({ encoding: 3 }), refused('SessionData.piece.encoding')],
  ...spoiled('SessionData', sampleBytes),
]

const lines = Buffer.from('{"event":"install-failed","é":1}\n')
const log: LogReport = { operation, attempt: 1, lines: deflateStored(lines), sizeBytes: lines.length, cut: false }
const logBytes = encodeLogReport(log)
const logWith = changer('LogReport', logBytes)
const whole: LogReport = { ...log, lines: deflatedRun('a', 64 * 1024), sizeBytes: 64 * 1024 }
export const logRows: readonly Row[] = [
  ['one line', 'Deflated by itself, as `lines` says; `sizeBytes` is what it inflates to.', logBytes, value(log)],
  ['cut', 'Older lines did not fit.', encodeLogReport({ ...log, cut: true }), value({ ...log, cut: true })],
  ['cut is false', 'Says the same as absent.', logWith({ cut: false }), value(log)],
  ['64 KiB', 'The most there may be before deflating.', encodeLogReport(whole), value(whole)],
  ['64 KiB and a byte', 'Too much.', logWith({ lines: deflatedRun('a', 64 * 1024 + 1) }), refused('LogReport.lines')],
  [
    'no bytes of log',
    'One byte at least.',
    logWith({ lines: deflateStored(Buffer.alloc(0)) }),
    refused('LogReport.lines'),
  ],
  ['lines empty', 'No deflate stream.', logWith({ lines: new Uint8Array(0) }), refused('LogReport.lines')],
  ['lines not deflated', 'Plain text.', logWith({ lines }), refused('LogReport.lines')],
  [
    'lines cut off',
    'The stream has no end.',
    logWith({ lines: log.lines.subarray(0, -1) }),
    refused('LogReport.lines'),
  ],
  [
    'lines not UTF-8',
    'Nobody could read them.',
    logWith({ lines: deflateStored(Buffer.of(0x61, 0xff)) }),
    refused('LogReport.lines'),
  ],
  ['lines absent', 'Required.', logWith({ lines: undefined }), refused('LogReport.lines')],
  ['operation absent', 'Required.', logWith({ operationId: undefined }), refused('LogReport.operationId')],
  ['attempt absent', 'Required.', logWith({ attempt: undefined }), refused('LogReport.attempt')],
  ['attempt 0', 'Attempts count from 1.', logWith({ attempt: 0 }), refused('LogReport.attempt')],
  ...spoiled('LogReport', logBytes),
]
