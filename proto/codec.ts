// The only reader of generated/: bytes to plain objects and back. One reading of any bytes: a message with an unknown
// field, a wrong wire type, a singular field given twice, a number its field cannot hold or bytes left over is refused
// before it is decoded. What a field must contain is judged by manifest.ts, envelope.ts, chunk-index.ts and messages.ts.
//
//   bytes ──size──▶ walk (table from drover.proto) ──▶ static decoder ──▶ plain object, every field optional
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
  releaseEpoch?: number
}
export interface WireFleetTime {
  issuedAt?: number
  expiresAt?: number
  trustVersion?: number
}
export interface WireDeviceReport {
  deviceId?: string
  operationId?: string
  attempt?: number
  nonce?: Uint8Array
  bootId?: Uint8Array
  result?: string
  components: { name?: string; version?: string; digest?: Uint8Array }[]
  deviceTime?: number
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
export interface WireCommand {
  operationType?: string
  operationId?: string
  vendorId?: Uint8Array
  classId?: Uint8Array
  deviceId?: string
  expiresAt?: number
  arguments?: Uint8Array
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
  offer?: {
    operationId?: string
    lease?: number
    attempt?: number
    envelope?: Uint8Array
    operationType?: string
    installHold?: boolean
    logWanted?: boolean
    patch?: { baseSha256?: Uint8Array; patchSize?: number; metadata?: WireDeltaMetadata }
    time?: Uint8Array
    reportNonce?: Uint8Array
  }
  withdraw?: { operationId?: string; lease?: number; reason?: string }
  proceed?: { operationId?: string; lease?: number; attempt?: number }
  join?: { operationId?: string; lease?: number; attempt?: number; session?: string }
  trust?: { document?: Uint8Array }
  certificate?: { certificate?: Uint8Array; refusal?: string; retryAfterSeconds?: number }
}
export interface WireDeltaMetadata {
  baseSize?: number
  frameBytesMax?: number
  baseBytesMax?: number
  encodedBytesMax?: number
}
export interface WirePackageMetadata {
  descriptorSize?: number
}
export interface WirePackageDescriptor {
  imageCount?: number
  images: { component?: string; version?: string; size?: number; sha256?: Uint8Array; vendorData?: Uint8Array }[]
}
export interface WireSessionControl {
  artifactSha256?: Uint8Array
  action?: number
  reason?: string
}
export interface WireSessionData {
  piece?: { chunk?: number; encoding?: number; encodedSize?: number; offset?: number; data?: Uint8Array }
}
export interface WireLogReport {
  operationId?: string
  attempt?: number
  lines?: Uint8Array
  cut?: boolean
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
  patchMemoryBytes?: number
  trustVersion?: number
  reportKey?: Uint8Array
  report?: Uint8Array
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
  report?: Uint8Array
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
  patchBytes?: number
  patchWireBytes?: number
  broadcastBytes?: number
}
export interface WireChunkRequest {
  requestNumber?: number
  operationId?: string
  artifactSha256?: Uint8Array
  index?: boolean
  indexOffset?: number
  ranges: { first?: number; count?: number }[]
  windowBytes?: number
  patchBaseSha256?: Uint8Array
  patchOffset?: number
}
export interface WireConfigurationReport {
  operationId?: string
  attempt?: number
  version?: string
  sha256?: Uint8Array
  content?: Uint8Array
}
export interface WireCertificateRequest {
  csr?: Uint8Array
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
  FleetTime: WireFleetTime
  DeviceReport: WireDeviceReport
  Manifest: WireManifest
  DeltaMetadata: WireDeltaMetadata
  PackageMetadata: WirePackageMetadata
  PackageDescriptor: WirePackageDescriptor
  Command: WireCommand
  ChunkIndex: WireChunkIndex
  OfferMessage: WireOfferMessage
  SessionControl: WireSessionControl
  SessionData: WireSessionData
  ChunkData: WireChunkData
  Hello: WireHello
  Event: WireEvent
  Progress: WireProgress
  ChunkRequest: WireChunkRequest
  ConfigurationReport: WireConfigurationReport
  LogReport: WireLogReport
  CertificateRequest: WireCertificateRequest
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
  const shape = shapeOf(name)
  const seen = walk({ bytes, position: 0 }, shape, bytes.length, name)
  let message: Plain
  try {
    message = plain(messageTypes[name].decode(bytes) as unknown as Plain, shape)
  } catch (cause) {
    // What the walk leaves to the decoder: text that is not UTF-8.
    throw new WireError(name, 'does not decode', { cause })
  }
  // The decoder keeps the last member of a oneof and drops the others in silence; only whole messages have oneofs.
  for (const field of shape.fields)
    if ((seen & (1 << field.number)) !== 0 && message[field.name] === undefined)
      throw new WireError(`${name}.${field.name}`, 'another field of the same oneof is given')
  return message as unknown as WireMessages[Name]
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

/** The field table of one message, as the walk wants it. */
interface Shape {
  readonly fields: readonly ShapeField[]
  /** By field number; numbers stay below 32, so that `seen` is one integer. */
  readonly byNumber: readonly (ShapeField | undefined)[]
}
interface ShapeField extends WireField {
  readonly child: Shape | undefined
  /** Largest number a varint field holds: what the static decoder would cut off is refused instead. */
  readonly numberMax: number
}

const shapes = new Map<string, Shape>()
for (const name of Object.keys(wireFields)) shapeOf(name)

function shapeOf(name: string): Shape {
  const known = shapes.get(name)
  if (known !== undefined) return known
  const fields = (wireFields[name] ?? []).map(field => ({
    ...field,
    child: field.message === undefined ? undefined : shapeOf(field.message),
    numberMax: field.wireType === 0 ? numberMaxOf(name, field) : 0,
  }))
  const byNumber: (ShapeField | undefined)[] = []
  for (const field of fields) {
    if (field.number > 31) throw new TypeError(`${name}.${field.name}: field numbers end at 31`)
    byNumber[field.number] = field
  }
  const shape = { fields, byNumber }
  shapes.set(name, shape)
  return shape
}

/** The table has no widths, so the static decoder is asked: 2^32 stays whole, is cut to 0, or becomes true. */
function numberMaxOf(name: string, field: WireField): number {
  const head = field.number < 16 ? [field.number << 3] : [((field.number << 3) & 127) | 128, field.number >>> 4]
  const types = drover.v1 as unknown as Record<string, { decode(bytes: Uint8Array): object }>
  const message = types[name]?.decode(Uint8Array.of(...head, 128, 128, 128, 128, 16)) as Plain
  const value = message[field.name]
  if (typeof value === 'boolean') return 1
  return Number(value) === 2 ** 32 ? Number.MAX_SAFE_INTEGER : 2 ** 32 - 1
}

interface Cursor {
  readonly bytes: Uint8Array
  position: number
}

/**
 * Reads tags, numbers and lengths; messages nest at most three deep in drover.proto, so recursion ends by the table.
 * The bit of every field number that occurs.
 */
function walk(cursor: Cursor, shape: Shape, end: number, path: string): number {
  let seen = 0
  while (cursor.position < end) {
    const tag = varint(cursor, end, path)
    // Not `>>>`: it would let a tag of 2^32 and more stand for a small one.
    const number = Math.floor(tag / 8)
    const field = shape.byNumber[number]
    if (field === undefined) throw new WireError(path, `unknown field ${number}`)
    const wireType = tag % 8
    if (wireType !== field.wireType) throw new WireError(`${path}.${field.name}`, `wrong wire type ${wireType}`)
    const bit = 1 << number
    if ((seen & bit) !== 0 && !field.repeated) throw new WireError(`${path}.${field.name}`, 'given twice')
    seen |= bit
    const value = varint(cursor, end, path, field)
    if (wireType === 0) {
      if (value > field.numberMax)
        throw new WireError(`${path}.${field.name}`, `expected a number up to ${field.numberMax}`)
      continue
    }
    if (value > end - cursor.position) throw new WireError(`${path}.${field.name}`, 'longer than what is left')
    const next = cursor.position + value
    if (field.child !== undefined) walk(cursor, field.child, next, `${path}.${field.name}`)
    cursor.position = next
  }
  return seen
}

/** A base-128 number; above 2^53 only its being too large is exact. Never reads past `end`. */
function varint(cursor: Cursor, end: number, path: string, field?: ShapeField): number {
  const { bytes } = cursor
  let value = 0
  let scale = 1
  for (let count = 0; count < 10; count += 1) {
    if (cursor.position >= end) break
    const byte = bytes[cursor.position] as number
    cursor.position += 1
    value += (byte & 127) * scale
    if (byte < 128) return value
    scale *= 128
  }
  throw new WireError(field === undefined ? path : `${path}.${field.name}`, 'ends inside a number, or it has no end')
}

type Plain = Record<string, unknown>
type Long = { toNumber(): number }

/** Own plain objects with absent fields absent, 64-bit numbers as numbers. */
function plain(message: Plain, shape: Shape): Plain {
  const result: Plain = {}
  for (const field of shape.fields) {
    const value = message[field.name]
    if (field.repeated) {
      const { child } = field
      result[field.name] =
        child === undefined ? [...(value as unknown[])] : (value as Plain[]).map(v => plain(v, child))
    } else if (value !== undefined && value !== null) {
      // 64-bit numbers come as Long; the walk has seen that they are below 2^53.
      if (field.child !== undefined) result[field.name] = plain(value as Plain, field.child)
      else result[field.name] = typeof value === 'object' && 'toNumber' in value ? (value as Long).toNumber() : value
    }
  }
  return result
}
