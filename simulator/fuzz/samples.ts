// Good messages of every kind that a device or an operator may publish, and the same with fields of other values: those
// are encoded again, so that they pass the wire format and are judged for what they say.
import { createHash } from 'node:crypto'
import { encode, type WireMessages } from '../../proto/codec.ts'
import { deflatedLog } from '../../proto/log-report.ts'
import type { Uplink } from '../../proto/topics.ts'
import type { Seed } from '../world/seed.ts'
import { altered, mutated } from './mutants.ts'

export interface SampleFacts {
  /** Of an operation that the broker knows. */
  readonly operation: string
  /** SHA-256 of its artifact. */
  readonly artifact: Uint8Array
}

const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)
const configuration = Buffer.from('a=1\n')

type Sampled =
  | 'Hello'
  | 'Event'
  | 'Progress'
  | 'ChunkRequest'
  | 'Presence'
  | 'ConfigurationReport'
  | 'LogReport'
  | 'CertificateRequest'
type Messages = { readonly [Name in Sampled]: WireMessages[Name] }

export function messagesOf({ operation: operationId, artifact }: SampleFacts): Messages {
  return {
    Hello: {
      protocolVersion: 1,
      vendorId: bytes(16),
      classId: bytes(16),
      bootId: bytes(16),
      journalId: bytes(8),
      components: [{ name: 'app', version: '1.0.0', digest: bytes(32) }],
      outboxEventCount: 1,
      outboxLastEventNumber: 1,
      packetBytesMax: 32_768,
      agentVersion: '1.0.0',
      operationId,
      patchMemoryBytes: 2 ** 20,
      trustVersion: 1,
    },
    Event: {
      journalId: bytes(8),
      eventNumber: 1,
      operationId,
      attempt: 1,
      deviceTime: 1_800_000_000_000,
      code: 'UPD4_FAIL_23',
      component: 'app',
      version: '1.0.0',
      digest: bytes(32),
      data: [{ name: 'reason', value: 'x' }],
    },
    Progress: { operationId, attempt: 1, step: 2, imageBytes: 100, heldBytes: 1, receivedBytes: 2, wireBytes: 3 },
    ChunkRequest: {
      requestNumber: 1,
      operationId,
      artifactSha256: artifact,
      ranges: [{ first: 0, count: 4 }],
      windowBytes: 65_536,
    },
    Presence: { online: true, connectionId: bytes(8) },
    ConfigurationReport: {
      operationId,
      attempt: 1,
      version: 'v1',
      sha256: createHash('sha256').update(configuration).digest(),
      content: configuration,
    },
    LogReport: { operationId, attempt: 1, lines: deflatedLog('a line\nanother\n'), cut: true },
    // PKCS #10 in form, signed by nobody.
    CertificateRequest: { csr: Buffer.from('3015300c0201003000300230000500a000300306012a030200ff', 'hex') },
  }
}

const messageOf: Readonly<Record<Uplink, Sampled>> = {
  hello: 'Hello',
  events: 'Event',
  progress: 'Progress',
  'chunks/request': 'ChunkRequest',
  presence: 'Presence',
  configuration: 'ConfigurationReport',
  log: 'LogReport',
  certificate: 'CertificateRequest',
}

/** Payloads that were made once for all devices. */
export class Payloads {
  readonly #messages: Messages
  readonly #good: readonly Buffer[]

  constructor(facts: SampleFacts) {
    this.#messages = messagesOf(facts)
    this.#good = Object.entries(this.#messages).map(([name, message]) => encode(name as Sampled, message as never))
  }

  good(uplink: Uplink): Buffer {
    const name = messageOf[uplink]
    return encode(name, this.#messages[name] as never)
  }

  /** Half of them good protobuf of odd values, half bytes that once were a message, now and then of another kind. */
  bad(uplink: Uplink, chance: Seed): Buffer {
    const name = messageOf[uplink]
    if (chance.chance(0.5)) return mutated(this.good(uplink), this.#good, chance)
    const all = Object.entries(this.#messages[name])
    const changed = all
      .filter(() => !chance.chance(0.06))
      .map(([field, value]) => [field, chance.chance(0.2) ? odd(value, chance) : value])
    // Lists must be there for the encoder.
    const lists = all.flatMap(([field, value]) => (Array.isArray(value) ? [[field, []]] : []))
    return encode(name, Object.fromEntries([...lists, ...changed]) as never)
  }
}

/** Of the same type, or the encoder would not take it. */
function odd(value: unknown, chance: Seed): unknown {
  if (typeof value === 'number') return [0, 1, 2, 7, 255, 2 ** 31 - 1, 2 ** 32 - 1][chance.whole(0, 6)]
  if (typeof value === 'string')
    return ['', 'x', '__proto__', 'é'.repeat(40), '1.2.3', 'a/b', '../x'][chance.whole(0, 6)]
  if (typeof value === 'boolean') return !value
  if (value instanceof Uint8Array) return chance.bytes([0, 1, 7, 8, 16, 32, 33, 4096][chance.whole(0, 7)] ?? 0)
  if (!Array.isArray(value)) return value
  const items = value.map(item =>
    Object.fromEntries(
      Object.entries(item as object).map(([field, part]) => [field, chance.chance(0.5) ? odd(part, chance) : part]),
    ),
  )
  return Array.from({ length: chance.whole(0, 3) * chance.whole(1, 20) }, () => items[0] ?? {})
}

const requests: Readonly<Record<string, object>> = {
  'device-list': { limit: '10', filter: 'id=fuzz-0001' },
  'device-show': { id: 'fuzz-0001' },
  'device-edit': { id: 'fuzz-0001', group: 'g', tags: { add: ['t'], remove: ['u'] }, attributes: { site: 'x' } },
  'event-list': { limit: '10' },
  'operation-create': {
    type: 'reboot',
    targets: { devices: ['fuzz-0001'] },
    policy: { approval: true, concurrency: 3 },
  },
  'operation-plan': { type: 'config-backup', targets: { filter: 'tag=t' }, policy: {} },
  'operation-list': { limit: '5', state__in: 'running' },
  'operation-show': { id: '0'.repeat(26) },
  'operation-edit': { id: '0'.repeat(26), action: 'pause' },
  'release-list': {},
  'webhook-create': { url: 'http://127.0.0.1:9/', events: ['operation.stopped'] },
  'audit-list': { limit: '5' },
  fleet: {},
}

/** Verb and JSON, some of it no JSON any more. */
export function badRequest(chance: Seed): { readonly verb: string; readonly payload: Buffer } {
  const verbs = Object.keys(requests)
  const verb = verbs[chance.whole(0, verbs.length - 1)] ?? ''
  const fields = altered({ requestId: `r${chance.whole(0, 1e9)}`, ...requests[verb] }, chance)
  const payload = Buffer.from(JSON.stringify(fields) ?? '')
  return { verb, payload: chance.chance(0.3) ? mutated(payload, [payload], chance) : payload }
}
