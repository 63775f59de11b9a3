// One good message of each kind, and how rows of vectors are made from it.

import * as chunkMessages from '../../proto/chunk-messages.ts'
import { decode, encode, type WireMessages } from '../../proto/codec.ts'
import { operationId } from '../../proto/ids.ts'
import { readLogReport } from '../../proto/log-report.ts'
import * as messages from '../../proto/messages.ts'
import * as offerMessages from '../../proto/offer-messages.ts'
import type { PatchTransport } from '../../proto/patch-transport.ts'
import * as sessionMessages from '../../proto/session-messages.ts'
import { device, manifest, sha256 } from './sample.ts'
import { type Json, jsonOf } from './vector-file.ts'
import { numberField } from './wire.ts'

type CommonName =
  | 'Hello'
  | 'Event'
  | 'Progress'
  | 'ChunkRequest'
  | 'ChunkData'
  | 'OfferMessage'
  | 'ConfigurationReport'
  | 'Presence'
/** Messages whose readers have a file of their own. */
type OwnName = 'SessionControl' | 'SessionData' | 'LogReport'
export type Name = CommonName | OwnName

export const readers: Readonly<Record<CommonName, (bytes: Uint8Array) => unknown>> = {
  Hello: messages.readHello,
  Event: messages.readEvent,
  Progress: messages.readProgress,
  ChunkRequest: chunkMessages.readChunkRequest,
  ChunkData: chunkMessages.readChunkData,
  OfferMessage: offerMessages.readOfferTopic,
  ConfigurationReport: messages.readConfigurationReport,
  Presence: messages.readPresence,
}

export const allReaders: Readonly<Record<Name, (bytes: Uint8Array) => unknown>> = {
  ...readers,
  SessionControl: sessionMessages.readSessionControl,
  SessionData: sessionMessages.readSessionData,
  LogReport: readLogReport,
}

export const operation = operationId('01j9zk3v7m8n5p6q4r2s1t0abc')
export const digest = manifest.installedSha256

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
export const request: chunkMessages.ChunkRequest = {
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
export const piece: Extract<chunkMessages.ChunkData, { kind: 'piece' }> = {
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
export const offer: Extract<offerMessages.OfferMessage, { kind: 'offer' }> = {
  kind: 'offer',
  operation,
  lease: 12,
  attempt: 1,
  envelope: sha256('an envelope'),
  operationType: 'firmware-update',
  installHold: false,
  logWanted: false,
}
export const patch: PatchTransport = {
  base: sha256('the image before').toString('hex'),
  patchBytes: 70_000,
  metadata: { baseSize: 8000, frameBytesMax: 524_288, baseBytesMax: 2_097_152, encodedBytesMax: 40_000 },
}
export const withdraw: offerMessages.OfferMessage = { kind: 'withdraw', operation, lease: 13, reason: 'stopped' }
export const proceed: offerMessages.OfferMessage = { kind: 'proceed', operation, lease: 13, attempt: 1 }
const configurationText = Buffer.from('{"interval":60}\n')
export const configuration: messages.ConfigurationReport = {
  operation,
  attempt: 1,
  version: '2027-01-01T00:00:00.000Z',
  sha256: sha256(configurationText).toString('hex'),
  content: configurationText,
}
export const presence: messages.Presence = { online: true, connectionId: '0123456789abcdef' }

export type Row = readonly [name: string, about: string, bytes: Uint8Array, expect: Json]
export interface Group {
  readonly file: string
  readonly message: Name
  readonly about: string
  readonly rows: readonly Row[]
}

export const value = (read: unknown): Json => ({ value: jsonOf(read) })
export const refused = (field: string): Json => ({ refused: field })

/** The sample with some wire fields replaced, or left out (`undefined`). */
export function changer<N extends Name>(name: N, sample: Uint8Array) {
  return (changes: { readonly [F in keyof WireMessages[N]]?: WireMessages[N][F] | undefined }): Buffer => {
    const wire: Record<string, unknown> = { ...decode(name, sample, 65536), ...changes }
    for (const [field, content] of Object.entries(wire)) if (content === undefined) delete wire[field]
    return encode(name, wire as unknown as WireMessages[N])
  }
}

/** What is refused of every message alike. */
export function spoiled(name: Name, sample: Uint8Array): Row[] {
  return [
    ['trailing byte', 'Half a field after the last one.', Buffer.concat([sample, Buffer.of(0x80)]), refused(name)],
    ['unknown field', 'A well-formed field 31.', Buffer.concat([sample, numberField(31, 1)]), refused(name)],
  ]
}
