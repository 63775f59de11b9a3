// Every reader of the contract with good messages for it. What is signed in life is signed again here by the right keys, so
// that a mutant is judged for what it says and not for being a mutant.
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { type AcceptFacts, accept, acceptCommand, readTrust } from '../../agent/core/accept.ts'
import { decodeChunk, encodeBundleHead, encodeChunk, readBundleHead } from '../../proto/bundle.ts'
import {
  encodeCertificateAnswer,
  encodeCertificateRequest,
  readCertificateAnswer,
  readCertificateRequest,
} from '../../proto/certificate-messages.ts'
import { ChunkIndex, encodeChunkIndex } from '../../proto/chunk-index.ts'
import { encodeChunkData, encodeChunkRequest, readChunkData, readChunkRequest } from '../../proto/chunk-messages.ts'
import { chunkerDefaults, chunkLengths } from '../../proto/chunker.ts'
import { encode, type WireMessages } from '../../proto/codec.ts'
import { encodeCommand } from '../../proto/command.ts'
import { openReport, reportToSign } from '../../proto/device-report.ts'
import { encodeTrustDocument, type Role, signEnvelope, type TrustDocument, trustedKey } from '../../proto/envelope.ts'
import { encodeFleetTime, readFleetTime } from '../../proto/fleet-time.ts'
import { artifactId, deviceId, operationId, principalName } from '../../proto/ids.ts'
import { deflatedLog, encodeLogReport, readLogReport } from '../../proto/log-report.ts'
import { encodeManifest, type Manifest } from '../../proto/manifest.ts'
import { readConfigurationReport, readEvent, readHello, readPresence, readProgress } from '../../proto/messages.ts'
import { encodeOfferMessage, encodeTrustMessage, readOfferTopic } from '../../proto/offer-messages.ts'
import { encodePackageHead, packagePrefixBytes, readPackageHead, readPackageMetadata } from '../../proto/package.ts'
import {
  encodeDeltaMetadata,
  encodePatchFrameHead,
  PatchReader,
  patchMagic,
  readDeltaMetadata,
} from '../../proto/patch.ts'
import {
  encodeSessionControl,
  encodeSessionData,
  readSessionControl,
  readSessionData,
} from '../../proto/session-messages.ts'
import {
  deviceTopic,
  isTelemetryOf,
  operatorMaySubscribe,
  operatorRequestTopic,
  parseDeviceTopic,
  parseOperatorRequest,
  parseSessionTopic,
  sessionTopic,
  uplinks,
} from '../../proto/topics.ts'
import { successorOf } from '../../proto/trust.ts'
import { makeImage } from '../fleet/release.ts'
import { messagesOf } from './samples.ts'

export interface Decoder {
  readonly name: string
  /** What the samples are on the wire, where they are one message: then their fields can be changed. */
  readonly message?: keyof WireMessages
  /** Each is good. */
  readonly samples: readonly Buffer[]
  /** Names of the errors it is documented to throw. */
  readonly refusals: readonly string[]
  /** True: taken, false: refused in words. */
  readonly read: (bytes: Buffer) => boolean
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
const key = (name: string): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), sha256(Buffer.from(`fuzz ${name}`))]),
    ...({ format: 'der', type: 'pkcs8' } as const),
  })
const [root, release, online, clock] = [key('root'), key('release'), key('online'), key('clock')]

/** One role each; version 1 is what the device has, version 2 what follows. */
function trustOf(version: number): TrustDocument {
  const roles = Object.entries({ root, release, online, timestamp: clock }).map(([name, held]) => {
    const trusted = trustedKey(createPublicKey(held))
    return { trusted, role: { name, keyIds: [trusted.keyId], threshold: 1 } satisfies Role }
  })
  return {
    ...{ version, expiresAt: year2100, releaseEpoch: version },
    keys: new Map(roles.map(({ trusted }) => [trusted.keyId, trusted])),
    roles: new Map(roles.map(({ role }) => [role.name, role])),
    operationTypes: new Map([
      ['firmware-update', 'release'],
      ['config-change', 'online'],
    ]),
  }
}
const year2100 = 4_102_444_800_000
const trust = trustOf(1)
const timestamp = trust.roles.get('timestamp')

const image = makeImage(1, 60_000)
const lengths = chunkLengths(image, chunkerDefaults)
const starts = lengths.map((_, at) => lengths.slice(0, at).reduce((sum, length) => sum + length, 0))
const chunks = lengths.map((length, at) => image.subarray(starts[at], (starts[at] ?? 0) + length))
const indexBytes = encodeChunkIndex(chunkerDefaults, lengths, Buffer.concat(chunks.map(sha256)))
const digest = sha256(image).toString('hex')
const id = '07'.repeat(16)
const operation = operationId('0'.repeat(26))
const device = deviceId('device-1')
const text = Buffer.from('a log of a device, a log of a device, a log of a device')

const deltaMetadata = { baseSize: 1000, frameBytesMax: 500, baseBytesMax: 1000, encodedBytesMax: 100 }
const patchImageBytes = 900
const patch = Buffer.concat([
  patchMagic,
  ...[500, 400].flatMap(outputBytes => [
    encodePatchFrameHead({ outputBytes, baseOffset: 10, baseBytes: 900, encodedBytes: 60 }),
    Buffer.alloc(60, outputBytes),
  ]),
])
const packageHead = encodePackageHead(
  ['app', 'model'].map((component, at) => ({
    ...{ component, version: '2.0.0', sizeBytes: 400 + at, sha256: digest, vendorData: Buffer.alloc(at * 3, 1) },
  })),
)
const manifest: Manifest = {
  ...{ vendorId: id, classId: id, deviceId: device, priority: 1, component: 'app', version: '2.0.0' },
  ...{ releaseCounter: 2, expiresAt: year2100, payloadSize: image.length, payloadSha256: digest },
  ...{ installedSize: image.length, installedSha256: digest, chunkIndexSize: indexBytes.length },
  ...{ chunkIndexSha256: sha256(indexBytes).toString('hex'), uri: 'mqtt:', format: 'raw', needsReboot: true },
  ...{ vendorData: Buffer.from('vendor'), prerequisites: [{ component: 'model', versionLeast: '1.0.0' }] },
}
const installed = { version: '1.0.0', digest: sha256(text).toString('hex') }
const manifests = [
  manifest,
  {
    ...manifest,
    ...({
      format: 'delta-zstd',
      precursorSha256: installed.digest,
      metadata: encodeDeltaMetadata(deltaMetadata),
    } as const),
    ...{ payloadSize: patch.length, payloadSha256: sha256(patch).toString('hex') },
  },
  {
    ...manifest,
    ...({ format: 'combined', component: 'all', metadata: encode('PackageMetadata', { descriptorSize: 40 }) } as const),
  },
].map(encodeManifest)
const facts: AcceptFacts = {
  ...{ now: 1_800_000_000_000, vendorId: id, classId: id, deviceId: device },
  trust: readTrust(signEnvelope('trust', encodeTrustDocument(trust), [root])),
  components: new Map(['app', 'model', 'all'].map(name => [name, installed])),
  formats: new Map([
    ['app', ['raw', 'delta-zstd']],
    ['model', ['raw']],
    ['all', ['combined']],
  ]),
  releaseMarks: { app: { counter: 1, digest: installed.digest, epoch: 1 } },
}
const commands = [
  { vendorId: id, classId: id, deviceId: device, arguments: { document: { a: [1, 'two', null] } } },
  { arguments: {} },
].map(more => encodeCommand({ operationType: 'config-change', operation, expiresAt: year2100, ...more }))
const envelope = signEnvelope('manifest', manifests[0] ?? Buffer.alloc(0), [release])
const offered = { kind: 'offer', operation, lease: 1, attempt: 1, envelope } as const
const chunkData = {
  kind: 'piece',
  requestNumber: 1,
  chunk: 0,
  encoding: 'plain',
  encodedSize: 100,
  offset: 10,
} as const
const reporter = trustedKey(createPublicKey(online))
const report = reportToSign({
  ...{ device, operation, attempt: 1, nonce: id, bootId: id, result: 'done', deviceTime: 1 },
  components: [{ name: 'app', version: '2.0.0', digest }],
})
const messages = messagesOf({ operation, artifact: sha256(image) })
const thrown = ['WireError']

/** Made once: it holds the keys and the image. */
const all: readonly Decoder[] = [
  {
    name: 'envelope',
    message: 'SignedEnvelope',
    samples: [envelope],
    refusals: [],
    read: bytes => accept(bytes, facts).ok,
  },
  {
    ...{ name: 'manifest, signed again', message: 'Manifest', samples: manifests, refusals: [] },
    read: bytes => accept(signEnvelope('manifest', bytes, [release]), facts).ok,
  },
  {
    ...{ name: 'command, signed again', message: 'Command', samples: commands, refusals: [] },
    read: bytes =>
      acceptCommand(signEnvelope('command', bytes, [online]), { operation, operationType: 'config-change' }, facts).ok,
  },
  {
    ...{ name: 'trust document, signed again', message: 'TrustDocument', samples: [encodeTrustDocument(trustOf(2))] },
    refusals: ['EnvelopeError'],
    read: bytes => successorOf(trust, signEnvelope('trust', bytes, [root])).version === 2,
  },
  {
    ...{ name: 'time, signed again', message: 'FleetTime', refusals: ['EnvelopeError'] },
    samples: [encodeFleetTime({ issuedAt: 1, expiresAt: 2, trustVersion: 3 })],
    read: bytes =>
      timestamp !== undefined && readFleetTime(signEnvelope('time', bytes, [clock]), timestamp, trust).expiresAt > 0,
  },
  {
    ...{ name: 'offers', message: 'OfferMessage', refusals: thrown },
    samples: [
      encodeOfferMessage(offered),
      encodeOfferMessage({
        ...offered,
        ...{ operationType: 'config-change', installHold: true, logWanted: true, time: Buffer.alloc(40, 1) },
        patch: { base: digest, patchBytes: 100, metadata: deltaMetadata },
      }),
      encodeOfferMessage({ kind: 'withdraw', operation, lease: 1, reason: 'ended' }),
      encodeOfferMessage({ kind: 'proceed', operation, lease: 1, attempt: 2 }),
      encodeOfferMessage({ kind: 'join', operation, lease: 1, attempt: 2, session: '0123456789abcdef' }),
      encodeTrustMessage(Buffer.alloc(90, 1)),
    ],
    read: bytes => readOfferTopic(bytes).kind !== undefined,
  },
  {
    ...{
      name: 'chunk index',
      message: 'ChunkIndex',
      samples: [Buffer.from(indexBytes)],
      refusals: ['ChunkIndexError'],
    },
    read: bytes => ChunkIndex.parse(bytes).count > 0,
  },
  {
    ...{ name: 'chunk data', message: 'ChunkData', refusals: thrown },
    samples: [
      encodeChunkData({ ...chunkData, data: image.subarray(0, 90) }),
      encodeChunkData({ ...chunkData, chunk: undefined, data: image.subarray(0, 9) }),
      encodeChunkData({ kind: 'refusal', requestNumber: 1, reason: 'busy', chunk: 3, retryAfterMs: 100 }),
    ],
    read: bytes => readChunkData(bytes).requestNumber >= 0,
  },
  {
    ...{ name: 'chunk request', message: 'ChunkRequest', refusals: thrown },
    samples: [
      { kind: 'chunks' as const, ranges: [{ first: 0, count: 2 }] },
      { kind: 'index' as const, offset: 10 },
    ].map(wanted =>
      encodeChunkRequest({ requestNumber: 1, operation, artifact: artifactId(digest), windowBytes: 1000, wanted }),
    ),
    read: bytes => readChunkRequest(bytes).windowBytes > 0,
  },
  {
    ...{
      name: 'a chunk that is deflated',
      samples: [Buffer.from(encodeChunk(text).bytes)],
      refusals: ['RangeError', 'Error'],
    },
    read: bytes => decodeChunk({ encoding: 'deflate', bytes }, text.length).length === text.length,
  },
  {
    ...{ name: 'session control', message: 'SessionControl', refusals: thrown },
    samples: [
      encodeSessionControl({ kind: 'start', artifact: digest }),
      encodeSessionControl({ kind: 'abort', artifact: digest, reason: 'spent' }),
    ],
    read: bytes => readSessionControl(bytes).artifact.length > 0,
  },
  {
    ...{ name: 'session data', message: 'SessionData', refusals: thrown },
    samples: [encodeSessionData({ ...chunkData, data: image.subarray(0, 90) })],
    read: bytes => readSessionData(bytes).chunk >= 0,
  },
  {
    ...{ name: 'head of a package', refusals: [], samples: [packageHead] },
    read: bytes => packageTaken(bytes, bytes.length - packagePrefixBytes),
  },
  {
    ...{ name: 'descriptor of a package', message: 'PackageDescriptor', refusals: [] },
    samples: [packageHead.subarray(packagePrefixBytes)],
    read: bytes => {
      const prefix = Buffer.from(packageHead.subarray(0, packagePrefixBytes))
      prefix.writeUInt32LE(bytes.length, packagePrefixBytes - 4)
      return packageTaken(Buffer.concat([prefix, bytes]), bytes.length)
    },
  },
  {
    ...{ name: 'metadata of a package', message: 'PackageMetadata', refusals: thrown },
    samples: [encode('PackageMetadata', { descriptorSize: 40 })],
    read: bytes => readPackageMetadata(bytes).descriptorSize > 0,
  },
  {
    ...{ name: 'metadata of a patch', message: 'DeltaMetadata', refusals: thrown },
    samples: [encodeDeltaMetadata(deltaMetadata)],
    read: bytes => readDeltaMetadata(bytes).baseSize > 0,
  },
  { name: 'patch', refusals: ['PatchError'], samples: [patch], read: patchTaken },
  {
    ...{ name: 'head of a bundle', message: 'BundleHeader', refusals: ['BundleError', 'ChunkIndexError'] },
    samples: [headerOf(chunks.map(encodeChunk).map(({ encoding, bytes }) => ({ encoding, length: bytes.length })))],
    read: bytes => readBundleHead(bytes).bundleBytes > 0,
  },
  {
    ...{ name: 'answer to a request for a certificate', message: 'OfferMessage', refusals: thrown },
    samples: [
      encodeCertificateAnswer({ kind: 'issued', certificate: Buffer.alloc(50, 1) }),
      encodeCertificateAnswer({ kind: 'refused', reason: 'rate', retryAfterSeconds: 3 }),
    ],
    read: bytes => readCertificateAnswer(bytes) !== undefined,
  },
  {
    ...{ name: 'request for a certificate', message: 'CertificateRequest', refusals: thrown },
    samples: [encodeCertificateRequest(Buffer.alloc(50, 1))],
    read: bytes => readCertificateRequest(bytes).length > 0,
  },
  {
    ...{ name: 'report of a device, signed again', message: 'DeviceReport', refusals: ['DeviceReportError'] },
    samples: [report.payload],
    read: bytes => openReport(signEnvelope('report', bytes, [online]), reporter).attempt > 0,
  },
  uplink('Hello', readHello),
  uplink('Event', readEvent),
  uplink('Progress', readProgress),
  uplink('Presence', readPresence),
  uplink('ConfigurationReport', readConfigurationReport),
  {
    ...{ name: 'LogReport', message: 'LogReport', refusals: thrown, read: bytes => readLogReport(bytes).attempt > 0 },
    samples: [encodeLogReport({ operation, attempt: 1, lines: deflatedLog('a line\nanother\n'), cut: true })],
  },
  {
    ...{ name: 'topics', refusals: [], read: bytes => topicTaken(bytes.toString('utf8')) },
    samples: [
      ...uplinks.map(name => deviceTopic(device, name)),
      ...[deviceTopic(device, 'offer'), sessionTopic('0123456789abcdef', 'data'), 'drover/v1/operations/+/state'],
      ...[operatorRequestTopic(principalName('olga'), 'device-list'), 'drover/v1/events/#'],
    ].map(topic => Buffer.from(topic)),
  },
]

export function decoders(): readonly Decoder[] {
  return all
}

function uplink(
  message: 'Hello' | 'Event' | 'Progress' | 'Presence' | 'ConfigurationReport',
  read: (bytes: Uint8Array) => object,
): Decoder {
  const samples = [encode(message, messages[message] as never)]
  return { name: message, message, samples, refusals: thrown, read: bytes => Object.keys(read(bytes)).length > 0 }
}

/** The header of a bundle without what tells its length. */
function headerOf(shape: Parameters<typeof encodeBundleHead>[2]): Buffer {
  return encodeBundleHead(envelope, indexBytes, shape).subarray(12)
}

function packageTaken(bytes: Buffer, descriptorSize: number): boolean {
  // The images of the sample are behind it.
  return descriptorSize > 0 && readPackageHead(bytes, { descriptorSize }, bytes.length + 801).ok
}

/** Piece by piece, as a device reads it. */
function patchTaken(bytes: Buffer): boolean {
  const reader = new PatchReader(deltaMetadata, bytes.length, patchImageBytes)
  for (let wanted = reader.wants; wanted !== undefined; wanted = reader.wants)
    reader.take(bytes.subarray(wanted.offset, wanted.offset + wanted.length))
  return reader.outputBytes === patchImageBytes
}

function topicTaken(topic: string): boolean {
  const olga = principalName('olga')
  const said = [parseDeviceTopic(topic), parseSessionTopic(topic), parseOperatorRequest(topic)]
  return said.some(each => each !== undefined) || isTelemetryOf(device, topic) || operatorMaySubscribe(olga, topic)
}
