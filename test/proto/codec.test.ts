import fc from 'fast-check'
import t from 'tap'
import { decode, encode, WireError, type WireMessages } from '../../proto/codec.ts'
import { wireFields } from '../../proto/generated/fields.ts'
import { bytesField, numberField, varint } from '../vectors/wire.ts'
import { forAll, mutated, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

const digest = new Uint8Array(32).fill(7)
const operationId = '01j9zk3v7m8n5p6q4r2s1t0abc'

/** One message of each kind with every field that can stand together. */
const full: WireMessages = {
  SignedEnvelope: { schemaVersion: 1, payload: digest, signatures: [{ keyId: 'a', signature: digest }, {}] },
  TrustDocument: {
    version: 1,
    expiresAt: 2 ** 50,
    keys: [{ keyId: 'a', algorithm: 1, publicKey: digest }],
    roles: [{ name: 'root', keyIds: ['a', 'b'], threshold: 1 }],
    operationTypes: [{ operationType: 'reboot', role: 'root' }],
  },
  FleetTime: { issuedAt: 1, expiresAt: 2 ** 50, trustVersion: 3 },
  DeviceReport: {
    deviceId: 'sensor-1',
    operationId,
    attempt: 1,
    nonce: digest.subarray(16),
    bootId: digest.subarray(16),
    result: 'done',
    components: [{ name: 'main', version: '1.0.0', digest }],
    deviceTime: 2 ** 41,
  },
  Manifest: {
    vendorId: digest.subarray(16),
    classId: digest.subarray(16),
    deviceId: 'sensor-1',
    priority: 2 ** 32 - 1,
    component: 'main',
    version: '1.2.3',
    releaseCounter: Number.MAX_SAFE_INTEGER,
    expiresAt: 0,
    payloadSize: 2 ** 32,
    payloadSha256: digest,
    installedSize: 1,
    installedSha256: digest,
    precursorSha256: digest,
    chunkIndexSize: 0,
    chunkIndexSha256: digest,
    uri: '',
    format: 1,
    metadata: new Uint8Array(0),
    vendorData: digest,
    needsReboot: false,
    prerequisites: [{ component: 'boot', versionLeast: '1.0.0' }],
  },
  DeltaMetadata: { baseSize: 2 ** 32, frameBytesMax: 1, baseBytesMax: 2, encodedBytesMax: 3 },
  PackageMetadata: { descriptorSize: 1 },
  PackageDescriptor: {
    imageCount: 1,
    images: [{ component: 'main', version: '1.0.0', size: 1, sha256: digest, vendorData: digest }],
  },
  ChunkIndex: { minimumBytes: 1, averageBytes: 2, maximumBytes: 3, imageSize: 4, lengths: digest, digests: digest },
  Command: {
    operationType: 'reboot',
    operationId,
    vendorId: digest.subarray(16),
    classId: digest.subarray(16),
    deviceId: 'sensor-1',
    expiresAt: 2 ** 50,
    arguments: digest,
  },
  OfferMessage: {
    offer: {
      operationId,
      lease: 1,
      attempt: 1,
      envelope: digest,
      operationType: 'reboot',
      installHold: true,
      logWanted: true,
      reportNonce: digest,
    },
  },
  SessionControl: { artifactSha256: digest, action: 1, reason: 'a' },
  SessionData: { piece: { chunk: 0, encoding: 1, encodedSize: 9, offset: 0, data: digest } },
  LogReport: { operationId, attempt: 1, lines: digest, cut: true },
  CertificateRequest: { csr: digest },
  ConfigurationReport: { operationId, attempt: 1, version: 'a', sha256: digest, content: digest },
  ChunkData: { requestNumber: 1, piece: { chunk: 0, encoding: 1, encodedSize: 9, offset: 0, data: digest } },
  Hello: {
    protocolVersion: 1,
    vendorId: digest,
    classId: digest,
    bootId: digest,
    journalId: digest,
    components: [{ name: 'main', version: '1.0.0', digest }],
    outboxEventCount: 0,
    outboxLastEventNumber: 3,
    packetBytesMax: 1,
    agentVersion: 'é€😀',
    operationId,
    reportKey: digest,
    report: digest,
  },
  Event: {
    journalId: digest,
    eventNumber: 1,
    operationId,
    attempt: 1,
    deviceTime: 1,
    code: 'UPD2_OK_18',
    component: 'main',
    version: '1.0.0',
    digest,
    data: [{ name: 'a', value: '' }],
  },
  Progress: {
    operationId,
    attempt: 1,
    step: 2,
    imageBytes: 1,
    heldBytes: 2,
    receivedBytes: 3,
    wireBytes: 4,
    refusedOperationId: operationId,
  },
  ChunkRequest: {
    requestNumber: 1,
    operationId,
    artifactSha256: digest,
    index: true,
    indexOffset: 1,
    ranges: [{ first: 0, count: 1 }],
    windowBytes: 1,
  },
  Presence: { online: false, connectionId: digest },
  BundleHeader: { envelope: digest, chunkIndex: digest, encodedLengths: digest, encodings: digest },
}
const names = Object.keys(full) as (keyof WireMessages)[]
const samples = new Map(names.map(name => [name, encode(name, full[name])]))
const sampleOf = (name: keyof WireMessages): Buffer => samples.get(name) ?? Buffer.alloc(0)

/** Bytes as hex, so that two readings can be compared. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, comparable(field)]))
}

function fieldRefused(name: keyof WireMessages, bytes: Uint8Array, bytesMax = 2 ** 20): string | undefined {
  try {
    decode(name, bytes, bytesMax)
    return undefined
  } catch (error) {
    if (error instanceof WireError) return error.field
    throw error
  }
}

t.test('what was encoded is read back: every message, every field', async t => {
  for (const name of names)
    t.strictSame(comparable(decode(name, sampleOf(name), 2 ** 20)), comparable(full[name]), name)
})

t.test('an absent field is absent, a repeated one empty, and an empty field is neither', async t => {
  t.strictSame(Object.keys(decode('Event', new Uint8Array(0), 1)), ['data'])
  t.equal(decode('Manifest', bytesField(16, ''), 9).uri, '')
  t.equal(decode('Presence', numberField(1, 0), 9).online, false)
})

t.test('byte fields are views of the packet, so that a chunk is not copied', async t => {
  const bytes = sampleOf('ChunkData')
  t.equal(decode('ChunkData', bytes, 999).piece?.data?.buffer, bytes.buffer)
  t.strictSame(comparable(decode('ChunkData', Uint8Array.from(bytes), 999)), comparable(full.ChunkData), 'Uint8Array')
})

t.test('one byte over the limit is refused before anything is read', async t => {
  for (const name of names) {
    t.equal(fieldRefused(name, sampleOf(name), sampleOf(name).length), undefined)
    t.equal(fieldRefused(name, sampleOf(name), sampleOf(name).length - 1), name)
  }
})

t.test('every message refuses an unknown field, a stray end and a tag that only fits when cut', async t => {
  for (const name of names) {
    const sample = sampleOf(name)
    for (const tail of [numberField(31, 1), numberField(2 ** 28, 1), bytesField(100, 'x'), Buffer.of(0, 0)])
      t.equal(fieldRefused(name, Buffer.concat([sample, tail])), name)
    t.equal(fieldRefused(name, Buffer.concat([sample, Buffer.of(128)])), name)
    t.equal(fieldRefused(name, Buffer.concat([sample, varint(2n ** 32n + 8n), Buffer.of(1)])), name, 'tag of 33 bits')
    t.equal(fieldRefused(name, Buffer.alloc(64, 255)), name, 'a tag without end')
  }
})

t.test('every singular field given twice and every field of another wire type is refused by name', async t => {
  for (const name of names)
    for (const field of wireFields[name] ?? []) {
      const number = field.number
      const once = field.wireType === 0 ? numberField(number, 1) : bytesField(number, '')
      if (!field.repeated) t.equal(fieldRefused(name, Buffer.concat([once, once])), `${name}.${field.name}`)
      for (const wireType of [0, 1, 2, 3, 4, 5, 6, 7].filter(type => type !== field.wireType))
        t.equal(
          fieldRefused(name, Buffer.concat([varint(number * 8 + wireType), Buffer.alloc(9)])),
          `${name}.${field.name}`,
        )
    }
})

t.test('two members of a oneof are refused in either order: the decoder alone would keep the last', async t => {
  const both = [bytesField(6, 'UPD2_OK_18'), numberField(7, 1)]
  t.equal(fieldRefused('Event', Buffer.concat(both)), 'Event.code')
  t.equal(fieldRefused('Event', Buffer.concat(both.reverse())), 'Event.step')
  t.equal(fieldRefused('OfferMessage', Buffer.concat([bytesField(2, ''), bytesField(1, '')])), 'OfferMessage.withdraw')
  t.equal(fieldRefused('ChunkData', Buffer.concat([bytesField(2, ''), bytesField(3, '')])), 'ChunkData.piece')
})

t.test('a number its field cannot hold is refused, never cut', async t => {
  const uint64 = new Set([
    ...['releaseCounter', 'expiresAt', 'payloadSize', 'installedSize', 'imageSize', 'outboxLastEventNumber'],
    ...['eventNumber', 'deviceTime', 'imageBytes', 'heldBytes', 'receivedBytes', 'wireBytes', 'baseSize'],
    ...['patchBytes', 'patchWireBytes', 'broadcastBytes', 'issuedAt'],
  ])
  const bool = new Set(['needsReboot', 'index', 'online', 'cut'])
  for (const name of names)
    for (const field of (wireFields[name] ?? []).filter(({ wireType }) => wireType === 0)) {
      const most = bool.has(field.name) ? 1n : uint64.has(field.name) ? 2n ** 53n - 1n : 2n ** 32n - 1n
      t.equal(fieldRefused(name, numberField(field.number, most)), undefined, `${name}.${field.name} holds ${most}`)
      for (const over of [most + 1n, 2n ** 63n, 2n ** 64n - 1n])
        t.equal(fieldRefused(name, numberField(field.number, over)), `${name}.${field.name}`, `${field.name} ${over}`)
      t.equal(
        fieldRefused(name, Buffer.concat([varint(field.number * 8), Buffer.alloc(10, 255), Buffer.of(1)])),
        `${name}.${field.name}`,
      )
    }
})

t.test('a sub-message ends where its length says, whatever its fields claim', async t => {
  const inner = Buffer.concat([varint(10), varint(3), Buffer.from('ab')])
  t.equal(fieldRefused('Hello', Buffer.concat([bytesField(6, inner), Buffer.from('c')])), 'Hello.components.name')
  t.equal(fieldRefused('Hello', Buffer.concat([varint(50), varint(9), inner])), 'Hello.components')
  t.equal(fieldRefused('Hello', bytesField(6, Buffer.of(0x0a, 0x80))), 'Hello.components.name', 'a length cut off')
})

t.test('text that is no UTF-8 is refused, short and long', async t => {
  const long = Buffer.alloc(100, 0x61)
  for (const bad of [
    Buffer.of(0x80),
    Buffer.of(0xc0, 0x80),
    Buffer.from('eda080', 'hex'),
    Buffer.of(0xf5, 0x80, 0x80, 0x80),
  ]) {
    t.equal(fieldRefused('Hello', bytesField(10, bad)), 'Hello')
    t.equal(fieldRefused('Hello', bytesField(10, Buffer.concat([long, bad]))), 'Hello')
  }
})

t.test('mutated bytes of every message decode or throw WireError, nothing else', async t => {
  for (const name of names) {
    forAll(mutated([sampleOf(name)]), 2000, bytes => void fieldRefused(name, bytes))
    forAll(fc.uint8Array({ maxLength: 80 }), 500, bytes => void fieldRefused(name, bytes))
    t.pass(name)
  }
})

t.test('what decodes has one reading: encoded again and decoded again it is the same', async t => {
  for (const name of names)
    forAll(mutated([sampleOf(name)]), 1000, bytes => {
      let first: WireMessages[typeof name]
      try {
        first = decode(name, bytes, 2 ** 20)
      } catch {
        return // Refused: the test above looks at how.
      }
      const again = decode(name, encode(name, first), 2 ** 21)
      if (JSON.stringify(comparable(again)) !== JSON.stringify(comparable(first))) throw new Error('another reading')
    })
  t.pass('no second reading')
})

t.test('a message full of empty sub-messages is read in bounded work', async t => {
  // As many as the size limit lets in: two bytes each. The cap is what bounds it, so the largest cap is tried.
  const count = 32 * 1024
  const bytes = Buffer.concat(Array.from({ length: count }, () => bytesField(21, '')))
  t.equal(bytes.length, count * 3)
  t.equal(fieldRefused('Manifest', bytes, 64 * 1024), 'Manifest', 'over the cap of envelopes')
  t.equal(decode('Manifest', bytes, bytes.length).prerequisites.length, count)
  const millions = Buffer.alloc(2 * 2 ** 20, bytesField(6, ''))
  const ranges = decode('ChunkRequest', millions, millions.length).ranges.length
  t.equal(ranges, 2 ** 20, 'without a cap it is linear, and still no error')
})
