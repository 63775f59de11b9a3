import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import * as chunkMessages from '../../proto/chunk-messages.ts'
import * as chunkPieces from '../../proto/chunk-piece.ts'
import { WireError } from '../../proto/codec.ts'
import { isDeviceCode } from '../../proto/event-codes.ts'
import { operationId } from '../../proto/ids.ts'
import * as messages from '../../proto/messages.ts'
import * as offerMessages from '../../proto/offer-messages.ts'
import { configuration, event, hello, offer, piece, progress, readers, request } from '../vectors/message-samples.ts'
import { jsonOf } from '../vectors/vector-file.ts'
import { forAll, mutated, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

const samples: Readonly<Record<keyof typeof readers, readonly Uint8Array[]>> = {
  Hello: [messages.encodeHello(hello)],
  Event: [
    messages.encodeEvent(event),
    messages.encodeEvent({ ...event, content: { kind: 'step', step: 'verifying' } }),
  ],
  Progress: [messages.encodeProgress(progress)],
  ChunkRequest: [
    chunkMessages.encodeChunkRequest(request),
    chunkMessages.encodeChunkRequest({ ...request, wanted: { kind: 'index', offset: 9 } }),
  ],
  ChunkData: [
    chunkMessages.encodeChunkData(piece),
    chunkMessages.encodeChunkData({
      kind: 'refusal',
      requestNumber: 1,
      reason: 'no-right',
      chunk: undefined,
      retryAfterMs: 0,
    }),
  ],
  OfferMessage: [
    offerMessages.encodeOfferMessage(offer),
    offerMessages.encodeOfferMessage({ kind: 'withdraw', operation: offer.operation, lease: 1, reason: 'stopped' }),
    offerMessages.encodeOfferMessage({ ...offer, operationType: 'config-change', installHold: true }),
    offerMessages.encodeOfferMessage({ kind: 'proceed', operation: offer.operation, lease: 1, attempt: 2 }),
  ],
  ConfigurationReport: [messages.encodeConfigurationReport(configuration)],
  Presence: [messages.encodePresence({ online: true, connectionId: '0123456789abcdef' })],
}

for (const [name, read] of Object.entries(readers) as [keyof typeof readers, (bytes: Uint8Array) => unknown][])
  t.test(`mutated bytes of ${name} are read or refused with WireError, nothing else`, async t => {
    forAll(mutated(samples[name]), 3000, bytes => {
      try {
        read(bytes)
      } catch (error) {
        if (!(error instanceof WireError)) throw error
      }
    })
    t.pass('nothing else')
  })

const hex = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(bytes => Buffer.from(bytes).toString('hex'))
const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,30}$/).filter(text => !(text in {}))
const version = fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999)).map(parts => parts.join('.'))
const operation = fc.stringMatching(/^[0-9a-z]{26}$/).map(operationId)

function same(a: unknown, b: unknown): void {
  const [left, right] = [a, b].map(value => JSON.stringify(sorted(jsonOf(value))))
  if (left !== right) throw new Error(`${left} is not ${right}`)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .map(([field, content]) => [field, sorted(content)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}

t.test('any hello, event, request and piece is read back as it was written', async t => {
  const components = fc.uniqueArray(fc.record({ name, version, digest: hex(32) }), {
    maxLength: 32,
    selector: part => part.name,
  })
  const anyHello: fc.Arbitrary<messages.Hello> = fc.record({
    vendorId: hex(16),
    classId: hex(16),
    bootId: hex(16),
    journalId: hex(8),
    components,
    outboxEventCount: fc.nat(),
    outboxLastEventNumber: fc.maxSafeNat(),
    packetBytesMax: fc.integer({ min: 1024, max: 262_144 }),
    agentVersion: fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme-ascii' }),
    operation,
  })
  forAll(anyHello, 300, value => same(messages.readHello(messages.encodeHello(value)), value))

  const dataName = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,20}$/).filter(text => !(text in {}))
  const anyEvent: fc.Arbitrary<messages.DeviceEvent> = fc.record({
    journalId: hex(8),
    eventNumber: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    operation,
    attempt: fc.nat(),
    deviceTime: fc.maxSafeNat(),
    content: fc.oneof(
      fc.constantFrom(...messages.steps).map(step => ({ kind: 'step' as const, step })),
      fc.constantFrom('UPD2_OK_18' as const, 'UPD4_FAIL_49' as const).map(code => ({ kind: 'code' as const, code })),
    ),
    component: name,
    version,
    digest: hex(32),
    data: fc.dictionary(dataName, fc.string({ maxLength: 30, unit: 'grapheme' }), { maxKeys: 20 }),
  })
  forAll(anyEvent, 300, value => same(messages.readEvent(messages.encodeEvent(value)), value))

  const ranges = fc.array(fc.record({ first: fc.nat(), count: fc.integer({ min: 1, max: 2 ** 32 - 1 }) }), {
    minLength: 1,
    maxLength: 100,
  })
  const anyRequest: fc.Arbitrary<chunkMessages.ChunkRequest> = fc.record({
    requestNumber: fc.nat(),
    operation,
    artifact: hex(32),
    windowBytes: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    wanted: fc.oneof(
      ranges.map(list => ({ kind: 'chunks' as const, ranges: list })),
      fc.nat().map(offset => ({ kind: 'index' as const, offset })),
    ),
  })
  forAll(anyRequest, 300, value => same(chunkMessages.readChunkRequest(chunkMessages.encodeChunkRequest(value)), value))

  const anyPiece: fc.Arbitrary<chunkMessages.ChunkData> = fc.record({
    kind: fc.constant('piece' as const),
    requestNumber: fc.nat(),
    chunk: fc.nat(),
    encoding: fc.constantFrom(...chunkPieces.chunkEncodings),
    encodedSize: fc.integer({ min: 600, max: 2 ** 20 }),
    offset: fc.nat(300),
    data: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  })
  forAll(anyPiece, 300, value => same(chunkMessages.readChunkData(chunkMessages.encodeChunkData(value)), value))
  t.pass('1,200 of 1,200')
})

t.test('any offer, withdrawal, go and configuration is read back as it was written', async t => {
  const lease = fc.maxSafeNat()
  const attempt = fc.integer({ min: 1, max: 2 ** 32 - 1 })
  const anyOffer: fc.Arbitrary<offerMessages.OfferMessage> = fc.oneof(
    fc.record({
      kind: fc.constant('offer' as const),
      operation,
      lease,
      attempt,
      envelope: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      operationType: fc.constantFrom('firmware-update', 'reboot', 'x-1'),
      installHold: fc.boolean(),
      logWanted: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('withdraw' as const), operation, lease, reason: name }),
    fc.record({ kind: fc.constant('proceed' as const), operation, lease, attempt }),
    fc.record({
      kind: fc.constant('join' as const),
      operation,
      lease,
      attempt,
      session: fc.uint8Array({ minLength: 8, maxLength: 8 }).map(bytes => Buffer.from(bytes).toString('hex')),
    }),
  )
  forAll(anyOffer, 500, value => same(offerMessages.readOfferMessage(offerMessages.encodeOfferMessage(value)), value))
  const anyConfiguration: fc.Arbitrary<messages.ConfigurationReport> = fc
    .record({ operation, attempt, version: name, content: fc.uint8Array({ maxLength: 300 }) })
    .map(report => ({ ...report, sha256: createHash('sha256').update(report.content).digest('hex') }))
  forAll(anyConfiguration, 300, value =>
    same(messages.readConfigurationReport(messages.encodeConfigurationReport(value)), value),
  )
  t.pass('800 of 800')
})

t.test('a code in an event is one that a device may say', async t => {
  for (const code of ['UPD2_OK_18', 'UPD4_FAIL_21', 'UPD4_FAIL_49']) t.ok(isDeviceCode(code), code)
  for (const code of [
    'SYS_112',
    'SYS_100',
    'UPD4_FAIL_20',
    'UPD4_FAIL_50',
    'upd4_fail_21',
    '',
    'constructor',
    '__proto__',
    'toString',
  ])
    t.notOk(isDeviceCode(code), code)
})

t.test('the data of an event reach into no object', async t => {
  const read = messages.readEvent(messages.encodeEvent({ ...event, data: { reason: 'x', prototype: 'y' } }))
  t.equal(Object.getPrototypeOf(read.data), Object.prototype)
  t.equal(({} as Record<string, unknown>).reason, undefined)
  t.strictSame(read.data, { reason: 'x', prototype: 'y' })
})

t.test('messages over their size are refused before they are read', async t => {
  const big = Buffer.alloc(300 * 1024)
  const limits = {
    Hello: 16384,
    Event: 8192,
    Progress: 1024,
    ChunkRequest: 16384,
    ChunkData: 262144,
    OfferMessage: 66560,
    ConfigurationReport: 33792,
    Presence: 256,
  }
  for (const [name, most] of Object.entries(limits) as [keyof typeof readers, number][])
    t.throws(() => readers[name](big.subarray(0, most + 1)), {
      field: name,
      message: new RegExp(`at most ${most} bytes`),
    })
})
