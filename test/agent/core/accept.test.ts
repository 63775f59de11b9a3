import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { type AcceptFacts, accept, readTrust } from '../../../agent/core/accept.ts'
import { decode, encode } from '../../../proto/codec.ts'
import { encodeTrustDocument, signEnvelope, trustedKey } from '../../../proto/envelope.ts'
import { encodeManifest, type Manifest } from '../../../proto/manifest.ts'
import { classId, imageOf, keys, releaseOf, sha256Hex, signedTrust, trustDocument, vendorId } from '../fakes/release.ts'

const image = imageOf('image', 3000)
const facts: AcceptFacts = {
  now: Date.UTC(2026, 0, 1),
  trust: readTrust(signedTrust()),
  vendorId,
  classId,
  deviceId: 'device-1',
  components: new Map([
    ['main', { version: '1.0.0', digest: 'aa' }],
    ['radio', { version: '5.0.0', digest: 'bb' }],
  ]),
  formats: new Map([
    ['main', ['raw']],
    ['radio', ['raw']],
  ]),
  releaseMarks: { main: { counter: 2, digest: sha256Hex(image) } },
}

/** The signed manifest with its fields bent on the wire, where the writer of manifests would not go. */
function wired(change: (wire: Record<string, unknown>) => void, manifest: Partial<Manifest> = {}): Buffer {
  const wire = decode('Manifest', encodeManifest(releaseOf(image, manifest).manifest), 65_536)
  change(wire as unknown as Record<string, unknown>)
  return signEnvelope('manifest', encode('Manifest', wire), [keys.release])
}
const bent = (changes: Partial<Manifest>): Buffer => releaseOf(image, changes).envelope
const envelopeWith = (changes: Record<string, unknown>): Buffer =>
  encode('SignedEnvelope', { ...decode('SignedEnvelope', bent({}), 65_536), ...changes })
const told = (bytes: Uint8Array, changes: Partial<AcceptFacts> = {}): string => {
  const verdict = accept(bytes, { ...facts, ...changes })
  return verdict.ok ? 'accepted' : [verdict.failure.code, verdict.failure.data.reason].filter(Boolean).join(' ')
}

interface Case {
  readonly code: string
  readonly what: string
  readonly bytes?: () => Uint8Array
  readonly facts?: Partial<AcceptFacts>
}
const strangerKey = generateKeyPairSync('ed25519').privateKey
const flipped = (): Buffer => {
  const bytes = Buffer.from(bent({}))
  const at = bytes.indexOf('main')
  bytes.write('mbin', at)
  return bytes
}

/** In the documented order: each one fault of an otherwise good offer. */
const cases: readonly Case[] = [
  { code: 'UPD4_FAIL_22', what: 'an envelope that does not decode', bytes: () => Buffer.from('nonsense') },
  { code: 'UPD4_FAIL_22', what: 'trailing garbage', bytes: () => Buffer.concat([bent({}), Buffer.of(0xff)]) },
  { code: 'UPD4_FAIL_28', what: 'another schema version', bytes: () => envelopeWith({ schemaVersion: 2 }) },
  { code: 'UPD4_FAIL_22', what: 'no manifest bytes', bytes: () => envelopeWith({ payload: new Uint8Array(0) }) },
  { code: 'UPD4_FAIL_44 absent', what: 'no trust document', facts: { trust: readTrust(undefined) } },
  {
    code: 'UPD4_FAIL_44',
    what: 'a trust document that cannot be used',
    facts: { trust: readTrust(Buffer.from('no')) },
  },
  { code: 'UPD4_FAIL_23 trust-expired', what: 'an expired trust document', facts: { now: Date.UTC(2031, 0, 1) } },
  { code: 'UPD4_FAIL_23 unsigned', what: 'no signature', bytes: () => envelopeWith({ signatures: [] }) },
  {
    code: 'UPD4_FAIL_23 unknown-key',
    what: 'a stranger who signs',
    bytes: () => signEnvelope('manifest', encodeManifest(releaseOf(image).manifest), [strangerKey]),
  },
  { code: 'UPD4_FAIL_23 bad-signature', what: 'one changed byte under the signature', bytes: flipped },
  {
    code: 'UPD4_FAIL_23 unknown-key',
    what: 'the root key signing a release',
    bytes: () => signEnvelope('manifest', encodeManifest(releaseOf(image).manifest), [keys.root]),
  },
  {
    code: 'UPD4_FAIL_23 threshold',
    what: 'one signature of two',
    facts: { trust: readTrust(signedTrust(trustDocument({}, 2))) },
  },
  {
    code: 'UPD4_FAIL_23 no-role',
    what: 'a trust document that lets nobody sign firmware',
    facts: { trust: readTrust(signedTrust(trustDocument({ operationTypes: new Map() }))) },
  },
  {
    code: 'UPD4_FAIL_23 bad-signature',
    what: 'a signed command passed off as a manifest',
    bytes: () => signEnvelope('command', encodeManifest(releaseOf(image).manifest), [keys.release]),
  },
  {
    code: 'UPD4_FAIL_22',
    what: 'a signed payload that is no manifest',
    bytes: () => signEnvelope('manifest', Buffer.from('nonsense'), [keys.release]),
  },
  { code: 'UPD4_FAIL_23 expired', what: 'an expired manifest', bytes: () => bent({ expiresAt: facts.now }) },
  { code: 'UPD4_FAIL_30', what: 'another vendor', bytes: () => bent({ vendorId: '00'.repeat(16) }) },
  { code: 'UPD4_FAIL_31', what: 'another class', bytes: () => bent({ classId: '00'.repeat(16) }) },
  { code: 'UPD4_FAIL_31 device', what: 'another device', bytes: () => bent({ deviceId: 'device-2' }) },
  { code: 'UPD4_FAIL_22 absent', what: 'no priority', bytes: () => wired(wire => delete wire.priority) },
  { code: 'UPD4_FAIL_22', what: 'a name that is too long', bytes: () => bent({ component: 'n'.repeat(33) }) },
  { code: 'UPD4_FAIL_41', what: 'a version part above 999', bytes: () => bent({ version: '1.1000.0' }) },
  {
    code: 'UPD4_FAIL_43',
    what: 'a digest of 31 bytes',
    bytes: () => wired(wire => (wire.payloadSha256 = new Uint8Array(31))),
  },
  { code: 'UPD4_FAIL_21', what: 'a URI that is too long', bytes: () => bent({ uri: `mqtt:${'x'.repeat(251)}` }) },
  { code: 'UPD4_FAIL_21 not-allowed', what: 'a URI of another scheme', bytes: () => bent({ uri: 'http://10.0.0.1/' }) },
  { code: 'UPD4_FAIL_25', what: 'a format the device does not have', bytes: () => bent({ format: 'combined' }) },
  { code: 'UPD4_FAIL_29', what: 'too much vendor data', bytes: () => bent({ vendorData: new Uint8Array(1025) }) },
  { code: 'UPD4_FAIL_39', what: 'a component that is not registered', bytes: () => bent({ component: 'motor' }) },
  { code: 'UPD4_FAIL_27 not-newer', what: 'the installed version', bytes: () => bent({ version: '1.0.0' }) },
  {
    code: 'UPD4_FAIL_27 not-newer',
    what: 'an older version (9 before 10)',
    bytes: () => bent({ version: '1.9.0' }),
    facts: { components: new Map([['main', { version: '1.10.0', digest: 'aa' }]]) },
  },
  { code: 'UPD4_FAIL_27 replayed', what: 'a counter below the accepted one', bytes: () => bent({ releaseCounter: 1 }) },
  {
    code: 'UPD4_FAIL_27 replayed',
    what: 'the accepted counter with another image',
    facts: { releaseMarks: { main: { counter: 2, digest: 'ff' } } },
  },
  {
    code: 'UPD4_FAIL_41 prerequisite',
    what: 'a prerequisite that is not met',
    bytes: () => bent({ prerequisites: [{ component: 'radio', versionLeast: '5.0.1' }] }),
  },
]

t.test('the same set-up without a fault is accepted', async t => {
  t.equal(told(bent({})), 'accepted')
  t.equal(told(bent({ deviceId: 'device-1', vendorData: new Uint8Array(1024), component: 'main' })), 'accepted')
  t.equal(told(bent({ prerequisites: [{ component: 'radio', versionLeast: '5.0.0' }] })), 'accepted')
  const both = signEnvelope('manifest', encodeManifest(releaseOf(image).manifest), [keys.release, keys.second])
  t.equal(told(both, { trust: readTrust(signedTrust(trustDocument({}, 2))) }), 'accepted')
})

for (const { code, what, bytes, facts: changes } of cases)
  t.test(`${code}: ${what}`, async t => {
    const word = told(bytes?.() ?? bent({}), changes)
    t.equal(code.includes(' ') ? word : word.split(' ')[0], code)
    t.equal(told(bent({})), 'accepted', 'without the fault')
  })

t.test('of two faults the one that is checked first names the code', async t => {
  const older = { component: 'motor', version: '0.0.1', releaseCounter: 0 } as const
  const order: readonly (readonly [string, Partial<Manifest>])[] = [
    ['UPD4_FAIL_23', { expiresAt: 1 }],
    ['UPD4_FAIL_30', { vendorId: '00'.repeat(16) }],
    ['UPD4_FAIL_31', { classId: '00'.repeat(16) }],
    ['UPD4_FAIL_22', { version: 'one' }],
    ['UPD4_FAIL_21', { uri: 'ftp:' }],
    ['UPD4_FAIL_25', { format: 'delta-zstd' }],
    ['UPD4_FAIL_29', { vendorData: new Uint8Array(2000) }],
    ['UPD4_FAIL_39', older],
    ['UPD4_FAIL_27', { version: '0.0.1' }],
    ['UPD4_FAIL_27', { releaseCounter: 1 }],
    ['UPD4_FAIL_41', { prerequisites: [{ component: 'none', versionLeast: '1.0.0' }] }],
  ]
  for (let first = 0; first < order.length; first += 1)
    for (let second = first + 1; second < order.length; second += 1) {
      const [code, changes] = order[first] ?? []
      const both = bent({ ...order[second]?.[1], ...changes })
      t.match(told(both), code ?? '', `${first} and ${second}`)
    }
  const unusable = { trust: readTrust(undefined) }
  t.match(told(envelopeWith({ schemaVersion: 2 }), unusable), 'UPD4_FAIL_28', 'the schema before the keys')
  t.match(told(envelopeWith({ signatures: [] }), unusable), 'UPD4_FAIL_44', 'the keys before the signatures')
  t.match(told(flipped(), { vendorId: '00' }), 'UPD4_FAIL_23', 'the signature before any field')
  t.match(told(flipped(), { now: Date.UTC(2031, 0, 1) }), 'UPD4_FAIL_23 trust-expired')
})

t.test('what the trust file is worth', async t => {
  const worth = (bytes: Uint8Array | undefined): string => {
    const trust = readTrust(bytes)
    return trust.ok ? 'usable' : trust.failure.code
  }
  t.equal(worth(undefined), 'UPD4_FAIL_44')
  t.equal(worth(new Uint8Array(0)), 'UPD4_FAIL_44')
  t.equal(worth(signEnvelope('trust', encodeTrustDocument(trustDocument()), [keys.release])), 'UPD4_FAIL_44')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const document = trustDocument()
  const root = trustedKey(createPublicKey(keys.root))
  const withRsa = encodeTrustDocument({
    ...document,
    keys: new Map([...document.keys, ['rsa', { ...root, keyId: 'rsa', publicKey: rsa }]]),
  })
  t.equal(worth(signEnvelope('trust', withRsa, [keys.root])), 'UPD4_FAIL_43', 'a key that does not parse')
  t.equal(worth(signedTrust()), 'usable')
})

t.test('no bytes make it throw', async t => {
  const good = bent({})
  for (let at = 0; at < good.length; at += 1) {
    const bytes = Buffer.from(good)
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    t.not(told(bytes), 'accepted', `byte ${at}`)
    t.not(told(good.subarray(0, at)), 'accepted', `${at} bytes`)
  }
})
