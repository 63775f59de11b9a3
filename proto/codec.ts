// The only reader of generated/: bytes to plain objects and back. One reading of any bytes: a message with an unknown
// field, a wrong wire type, a singular field given twice, a number of 2^53 or more or bytes left over is refused before
// it is decoded. What a field must contain is judged by manifest.ts, envelope.ts, chunk-index.ts and messages.ts.
//
//   bytes ──size──▶ walk (table from drover.proto) ──▶ static decoder ──▶ plain object, every field optional
import protobuf from 'protobufjs/minimal.js'
import { drover } from './generated/drover.js'
import { type WireField, wireFields } from './generated/fields.ts'

/** The bytes are not one message of the expected type. `field` is the path to the first thing that is wrong. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly code = 'WIRE_ERROR'
  readonly field: string
  constructor(field: string, problem: string, options?: ErrorOptions) {
    super(`${field}: ${problem}`, options)
    this.field = field
  }
}

export interface WireSignature {
  keyId?: string
  signature?: Uint8Array
}
export interface WireSignedEnvelope {
  schemaVersion?: number
  payload?: Uint8Array
  signatures: WireSignature[]
}
export interface WireTrustDocument {
  version?: number
  expiresAt?: number
  keys: { keyId?: string; algorithm?: number; publicKey?: Uint8Array }[]
  roles: { name?: string; keyIds: string[]; threshold?: number }[]
  operationTypes: { operationType?: string; role?: string }[]
}
export interface WireManifest {
  vendorId?: Uint8Array
  classId?: Uint8Array
  deviceId?: string
  priority?: number
  component?: string
  version?: string
  releaseCounter?: number
  expiresAt?: number
  payloadSize?: number
  payloadSha256?: Uint8Array
  installedSize?: number
  installedSha256?: Uint8Array
  precursorSha256?: Uint8Array
  chunkIndexSize?: number
  chunkIndexSha256?: Uint8Array
  uri?: string
  format?: number
  metadata?: Uint8Array
  vendorData?: Uint8Array
  needsReboot?: boolean
  prerequisites: { component?: string; versionLeast?: string }[]
}
export interface WireChunkIndex {
  minimumBytes?: number
  averageBytes?: number
  maximumBytes?: number
  imageSize?: number
  lengths?: Uint8Array
  digests?: Uint8Array
}
export interface WireOfferMessage {
  offer?: { operationId?: string; lease?: number; attempt?: number; envelope?: Uint8Array }
  withdraw?: { operationId?: string; lease?: number; reason?: string }
}
export interface WireChunkData {
  requestNumber?: number
  piece?: { chunk?: number; encoding?: number; encodedSize?: number; offset?: number; data?: Uint8Array }
  refusal?: { reason?: number; chunk?: number; retryAfterMs?: number }
}
export interface WireHello {
  protocolVersion?: number
  vendorId?: Uint8Array
  classId?: Uint8Array
  bootId?: Uint8Array
  journalId?: Uint8Array
  components: { name?: string; version?: string; digest?: Uint8Array }[]
  outboxEventCount?: number
  outboxLastEventNumber?: number
  packetBytesMax?: number
  agentVersion?: string
  operationId?: string
}
export interface WireEvent {
  journalId?: Uint8Array
  eventNumber?: number
  operationId?: string
  attempt?: number
  deviceTime?: number
  code?: string
  step?: number
  component?: string
  version?: string
  digest?: Uint8Array
  data: { name?: string; value?: string }[]
}
export interface WireProgress {
  operationId?: string
  attempt?: number
  step?: number
  imageBytes?: number
  heldBytes?: number
  receivedBytes?: number
  wireBytes?: number
  refusedOperationId?: string
}
export interface WireChunkRequest {
  requestNumber?: number
  operationId?: string
  artifactSha256?: Uint8Array
  index?: boolean
  indexOffset?: number
  ranges: { first?: number; count?: number }[]
  windowBytes?: number
}
export interface WirePresence {
  online?: boolean
  connectionId?: Uint8Array
}
export interface WireBundleHeader {
  envelope?: Uint8Array
  chunkIndex?: Uint8Array
  encodedLengths?: Uint8Array
  encodings?: Uint8Array
}

export interface WireMessages {
  SignedEnvelope: WireSignedEnvelope
  TrustDocument: WireTrustDocument
  Manifest: WireManifest
  ChunkIndex: WireChunkIndex
  OfferMessage: WireOfferMessage
  ChunkData: WireChunkData
  Hello: WireHello
  Event: WireEvent
  Progress: WireProgress
  ChunkRequest: WireChunkRequest
  Presence: WirePresence
  BundleHeader: WireBundleHeader
}

/**
 * Throws WireError unless `bytes` are exactly one message `name` of at most `bytesMax` bytes.
 * Byte fields of the result are views of `bytes`: copy what you keep longer than the packet.
 */
export function decode<Name extends keyof WireMessages>(
  name: Name,
  bytes: Uint8Array,
  bytesMax: number,
): WireMessages[Name] {
  if (bytes.length > bytesMax) throw new WireError(name, `expected at most ${bytesMax} bytes, got ${bytes.length}`)
  try {
    walk(new protobuf.Reader(bytes), name, bytes.length, name)
    return plain(messageTypes[name].decode(bytes) as unknown as Plain, fieldsOf(name)) as unknown as WireMessages[Name]
  } catch (cause) {
    if (cause instanceof WireError) throw cause
    throw new WireError(name, 'does not decode', { cause })
  }
}

/** `message` is trusted: it was made here. A new buffer, owned by the caller. */
export function encode<Name extends keyof WireMessages>(name: Name, message: WireMessages[Name]): Buffer {
  // finish() may give a view of a pooled buffer's arena; it is never reused by protobufjs after finish.
  const bytes = (messageTypes[name] as MessageType<WireMessages[Name]>).encode(message).finish()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

interface MessageType<T> {
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): object
}
const messageTypes: { readonly [Name in keyof WireMessages]: MessageType<WireMessages[Name]> } = drover.v1

function fieldsOf(name: string): readonly WireField[] {
  const fields = wireFields[name]
  if (fields === undefined) throw new TypeError(`no message ${name} in drover.proto`)
  return fields
}

const fieldsByNumber = new Map<string, ReadonlyMap<number, WireField>>(
  Object.entries(wireFields).map(([name, fields]) => [name, new Map(fields.map(field => [field.number, field]))]),
)

/** Reads tags and lengths only; messages nest at most three deep in drover.proto, so recursion is bounded by the table. */
function walk(reader: protobuf.Reader, name: string, end: number, path: string): void {
  const known = fieldsByNumber.get(name)
  const seen = new Set<number>()
  while (reader.pos < end) {
    const tag = reader.uint32()
    const field = known?.get(tag >>> 3)
    if (field === undefined) throw new WireError(path, `unknown field ${tag >>> 3}`)
    const fieldPath = `${path}.${field.name}`
    if ((tag & 7) !== field.wireType) throw new WireError(fieldPath, `wrong wire type ${tag & 7}`)
    if (!field.repeated && seen.has(field.number)) throw new WireError(fieldPath, 'given twice')
    seen.add(field.number)
    if (field.wireType === 0) {
      reader.skipType(0)
      continue
    }
    const length = reader.uint32()
    if (length > end - reader.pos) throw new WireError(fieldPath, 'longer than what is left')
    if (field.message === undefined) reader.skip(length)
    else walk(reader, field.message, reader.pos + length, fieldPath)
  }
  if (reader.pos !== end) throw new WireError(path, 'ends inside a field')
}

type Plain = Record<string, unknown>

/** Own plain objects with absent fields absent, 64-bit numbers as numbers. */
function plain(message: Plain, fields: readonly WireField[]): Plain {
  const result: Plain = {}
  for (const field of fields) {
    const value = Object.hasOwn(message, field.name) ? message[field.name] : undefined
    if (field.repeated) result[field.name] = ((value ?? []) as unknown[]).map(item => plainValue(item, field))
    else if (value !== undefined && value !== null) result[field.name] = plainValue(value, field)
  }
  return result
}

function plainValue(value: unknown, field: WireField): unknown {
  if (field.message !== undefined) return plain(value as Plain, fieldsOf(field.message))
  if (typeof value === 'object' && value !== null && 'toNumber' in value) {
    const number = (value as { toNumber(): number }).toNumber()
    if (!Number.isSafeInteger(number) || number < 0) throw new WireError(field.name, 'expected a number below 2^53')
    return number
  }
  return value
}
