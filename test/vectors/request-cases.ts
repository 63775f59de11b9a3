// Rows of what a device asks for: chunks, the chunk index, a patch.
import * as chunkMessages from '../../proto/chunk-messages.ts'
import { changer, patch, type Row, refused, request, spoiled, value } from './message-samples.ts'
import { bytesField, numberField } from './wire.ts'

const requestBytes = chunkMessages.encodeChunkRequest(request)
const requestWith = changer('ChunkRequest', requestBytes)
const manyRanges = (length: number) => Array.from({ length }, () => ({ first: 1, count: 1 }))
export const requestRows: readonly Row[] = [
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
  [
    'patch from the start',
    'No offset is offset 0.',
    requestWith({ ranges: [], patchBaseSha256: Buffer.from(patch.base, 'hex') }),
    value({ ...request, wanted: { kind: 'patch', base: patch.base, offset: 0 } }),
  ],
  [
    'patch from 65536',
    'The rest of a patch half received.',
    chunkMessages.encodeChunkRequest({ ...request, wanted: { kind: 'patch', base: patch.base, offset: 65_536 } }),
    value({ ...request, wanted: { kind: 'patch', base: patch.base, offset: 65_536 } }),
  ],
  [
    'patch and ranges',
    'One of the three.',
    requestWith({ patchBaseSha256: Buffer.from(patch.base, 'hex') }),
    refused('ChunkRequest.ranges'),
  ],
  [
    'patch and index',
    'One of the three.',
    requestWith({ ranges: [], index: true, patchBaseSha256: Buffer.from(patch.base, 'hex') }),
    refused('ChunkRequest.ranges'),
  ],
  [
    'patch from a base of 31 bytes',
    'Not SHA-256.',
    requestWith({ ranges: [], patchBaseSha256: new Uint8Array(31) }),
    refused('ChunkRequest.patchBaseSha256'),
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
    '1024 ranges',
    'The most there may be; the same chunk again and again is lawful.',
    requestWith({ ranges: manyRanges(1024) }),
    value({ ...request, wanted: { kind: 'chunks', ranges: manyRanges(1024) } }),
  ],
  ['1025 ranges', 'At most 1024.', requestWith({ ranges: manyRanges(1025) }), refused('ChunkRequest.ranges')],
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
