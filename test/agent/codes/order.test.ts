// Of two faults that hold at once, the one that is judged earlier names the code: all pairs of what is told from the
// manifest, all pairs of what comes after it, and a dozen of them on a real device.
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type AcceptFacts, accept, readTrust } from '../../../agent/core/accept.ts'
import { emptyMemory, type Job } from '../../../agent/core/memory.ts'
import { step } from '../../../agent/core/update.ts'
import type { Effect, UpdateInput } from '../../../agent/core/words.ts'
import { decode, encode } from '../../../proto/codec.ts'
import { encodeTrustDocument, signEnvelope, trustedKey } from '../../../proto/envelope.ts'
import type { DeviceFailureCode } from '../../../proto/event-codes.ts'
import { operationId } from '../../../proto/ids.ts'
import { encodeManifest } from '../../../proto/manifest.ts'
import { encodePackageHead, packagePrefixBytes, readPackageHead } from '../../../proto/package.ts'
import { encodeDeltaMetadata } from '../../../proto/patch.ts'
import { makePackage } from '../../fixtures/patch.ts'
import { classId, imageOf, keys, releaseOf, sha256Hex, signedTrust, trustDocument, vendorId } from '../fakes/release.ts'
import { changed, envelopeBent } from './offers.ts'
import { codesOf, Scene, type Story } from './scene.ts'
import { type DeviceWishes, writeProgram } from './scene-device.ts'

// ---- what the manifest tells ------------------------------------------------------------------

interface Offered {
  readonly manifest: Record<string, unknown>
  envelope: Record<string, unknown>
  facts: AcceptFacts
  payload: Buffer | undefined
  after: Buffer
}
interface Condition {
  readonly code: DeviceFailureCode
  readonly name: string
  /** Two conditions about the same thing cannot hold at once. */
  readonly about: readonly string[]
  readonly spoil: (offered: Offered) => void
}

const image = imageOf('image', 3000)
const installed = sha256Hex(imageOf('installed', 10))
const metadata = encodeDeltaMetadata({ baseSize: 10, frameBytesMax: 10, baseBytesMax: 10, encodedBytesMax: 10 })
const now = Date.UTC(2026, 0, 1)
const good: AcceptFacts = {
  now,
  trust: readTrust(signedTrust()),
  ...{ vendorId, classId, deviceId: 'device-1' },
  components: new Map([
    ['main', { version: '1.0.0', digest: installed }],
    ['radio', { version: '1.0.0', digest: installed }],
  ]),
  formats: new Map([
    ['main', ['raw', 'delta-zstd']],
    ['radio', ['raw', 'delta-zstd']],
  ]),
  releaseMarks: {},
}

/** The good offer is a delta, so that what is judged of deltas can be wrong. */
function offer(...spoils: readonly Condition[]): Offered {
  const { manifest } = releaseOf(image, { format: 'delta-zstd', precursorSha256: installed, metadata })
  const wire = decode('Manifest', encodeManifest(manifest), 65_536) as unknown as Record<string, unknown>
  const offered = { manifest: wire, envelope: {}, facts: good, payload: undefined, after: Buffer.alloc(0) }
  for (const { spoil } of spoils) spoil(offered)
  return offered
}

function codeOf({ manifest, envelope, facts, payload, after }: Offered): string {
  const signed = signEnvelope('manifest', payload ?? encode('Manifest', { prerequisites: [], ...manifest }), [
    keys.release,
  ])
  const wire = { ...decode('SignedEnvelope', signed, 65_536), ...envelope }
  const verdict = accept(Buffer.concat([encode('SignedEnvelope', wire), after]), facts)
  return verdict.ok ? 'accepted' : verdict.failure.code
}

function unusableTrust(): Uint8Array {
  const document = trustDocument()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const spoiled = { ...trustedKey(createPublicKey(keys.root)), keyId: 'rsa', publicKey: rsa }
  return signEnvelope(
    'trust',
    encodeTrustDocument({ ...document, keys: new Map([...document.keys, ['rsa', spoiled]]) }),
    [keys.root],
  )
}

const field = (code: DeviceFailureCode, name: string, value: unknown, about = name): Condition => ({
  ...{ code, name: `${name} ${value === undefined ? 'absent' : 'wrong'}`, about: [about, 'payload'] },
  spoil: ({ manifest }) => {
    if (value === undefined) delete manifest[name]
    else manifest[name] = value
  },
})
const fact = (code: DeviceFailureCode, name: string, about: string, facts: Partial<AcceptFacts>): Condition => ({
  ...{ code, name, about: [about, 'payload'] },
  spoil: offered => {
    offered.facts = { ...offered.facts, ...facts }
  },
})
const trust = (code: DeviceFailureCode, name: string, document: Uint8Array | undefined): Condition => {
  const judged = readTrust(document)
  return {
    ...{ code, name, about: ['trust'] },
    spoil: offered => {
      offered.facts = { ...offered.facts, trust: judged }
    },
  }
}
const envelope = (code: DeviceFailureCode, name: string, changes: Record<string, unknown>): Condition => ({
  ...{ code, name, about: Object.keys(changes) },
  spoil: offered => {
    offered.envelope = { ...offered.envelope, ...changes }
  },
})

/** In the documented order; `payload` marks what needs a manifest that decodes. */
const conditions: readonly Condition[] = [
  {
    ...{ code: 'UPD4_FAIL_22', name: 'trailing garbage', about: [] },
    spoil: offered => {
      offered.after = Buffer.of(0xff)
    },
  },
  envelope('UPD4_FAIL_28', 'schema version', { schemaVersion: 2 }),
  {
    ...{ code: 'UPD4_FAIL_22', name: 'no manifest bytes', about: ['no payload'] },
    spoil: offered => {
      offered.envelope = { ...offered.envelope, payload: new Uint8Array(0) }
    },
  },
  trust('UPD4_FAIL_44', 'no trusted keys', undefined),
  trust('UPD4_FAIL_43', 'a trusted key that is none', unusableTrust()),
  trust('UPD4_FAIL_23', 'trust has expired', signedTrust(trustDocument({ expiresAt: now }))),
  envelope('UPD4_FAIL_23', 'no signature', { signatures: [] }),
  {
    ...{ code: 'UPD4_FAIL_22', name: 'no manifest', about: ['no payload'] },
    spoil: offered => {
      offered.payload = Buffer.from('nonsense')
    },
  },
  field('UPD4_FAIL_23', 'expiresAt', now),
  field('UPD4_FAIL_30', 'vendorId', new Uint8Array(16)),
  field('UPD4_FAIL_31', 'classId', new Uint8Array(16)),
  field('UPD4_FAIL_31', 'deviceId', 'device-2'),
  field('UPD4_FAIL_22', 'priority', undefined),
  field('UPD4_FAIL_22', 'component', 'n'.repeat(33)),
  field('UPD4_FAIL_22', 'version', '2.0'),
  field('UPD4_FAIL_41', 'version', '2.1000.0'),
  field('UPD4_FAIL_22', 'releaseCounter', undefined),
  field('UPD4_FAIL_22', 'payloadSize', 0),
  field('UPD4_FAIL_43', 'payloadSha256', new Uint8Array(31)),
  field('UPD4_FAIL_43', 'installedSha256', new Uint8Array(33)),
  field('UPD4_FAIL_43', 'precursorSha256', new Uint8Array(1), 'precursor'),
  field('UPD4_FAIL_22', 'chunkIndexSize', undefined),
  field('UPD4_FAIL_43', 'chunkIndexSha256', new Uint8Array(0)),
  field('UPD4_FAIL_21', 'uri', 'ftp://192.0.2.1/image'),
  field('UPD4_FAIL_25', 'format', 9),
  field('UPD4_FAIL_22', 'metadata', undefined, 'format'),
  field('UPD4_FAIL_29', 'vendorData', new Uint8Array(1025)),
  field('UPD4_FAIL_39', 'component', 'motor', 'component'),
  // What is not registered has no version, no format and no image that could be wrong.
  { ...field('UPD4_FAIL_27', 'version', '1.0.0'), about: ['version', 'component', 'payload'] },
  {
    ...fact('UPD4_FAIL_27', 'replayed', 'component', { releaseMarks: { main: { counter: 3, digest: installed } } }),
    about: ['component', 'releaseCounter', 'payload'],
  },
  {
    ...fact('UPD4_FAIL_25', 'no delta for it', 'component', {
      formats: new Map([
        ['main', ['raw']],
        ['radio', ['raw', 'delta-zstd']],
      ]),
    }),
    about: ['component', 'format', 'payload'],
  },
  {
    ...field('UPD4_FAIL_32', 'precursorSha256', new Uint8Array(32)),
    about: ['component', 'precursor', 'format', 'payload'],
  },
  {
    ...field('UPD4_FAIL_41', 'prerequisites', [{ component: 'radio', versionLeast: '1.0.1' }]),
    about: ['component', 'payload'],
  },
]
/** Those of a component that is registered can hold together, whatever else is said of it. */
const late = new Set(['UPD4_FAIL_27', 'UPD4_FAIL_25', 'UPD4_FAIL_32', 'UPD4_FAIL_41'])
function canBothHold(a: Condition, b: Condition): boolean {
  if (a.about.includes('no payload') && (b.about.includes('payload') || b.about.includes('no payload'))) return false
  const both = a.about.filter(thing => thing !== 'payload' && b.about.includes(thing))
  return both.every(thing => thing === 'component' && late.has(a.code) && late.has(b.code))
}

t.test('each alone has its code; of every two that can hold at once, the earlier one names it', async t => {
  t.equal(codeOf(offer()), 'accepted')
  for (const condition of conditions) t.equal(codeOf(offer(condition)), condition.code, condition.name)
  let pairs = 0
  const wrong: string[] = []
  for (const [at, first] of conditions.entries())
    for (const second of conditions.slice(at + 1)) {
      if (!canBothHold(first, second)) continue
      pairs += 1
      const code = codeOf(offer(first, second))
      if (code !== first.code) wrong.push(`${first.name} and ${second.name}: ${code}, expected ${first.code}`)
      // In whatever order they came to be.
      if (codeOf(offer(second, first)) !== code) wrong.push(`${second.name} and ${first.name}`)
    }
  t.strictSame(wrong, [])
  t.ok(pairs > 400, `${pairs} pairs`)
  t.comment(`${pairs} pairs`)
})

// ---- what comes after the manifest ------------------------------------------------------------

const job: Job = {
  ...{ operation: operationId('00000000000000000000000001'), attempt: 1, envelope: 'AAAA', envelopeSha256: 'ee' },
  ...{ component: 'main', version: '2.0.0', digest: 'dd', releaseCounter: 7, reboot: false },
}
const enough = { neededBytes: 1, availableBytes: 1 }
const short = { neededBytes: 2, availableBytes: 1 }
const failed = (code: DeviceFailureCode): UpdateInput => ({ kind: 'failed', failure: { code, data: {} } })

interface Trouble {
  readonly code: DeviceFailureCode
  readonly effect: Effect['kind']
  readonly input: UpdateInput
  readonly formats?: readonly string[]
}
const troubles: readonly Trouble[] = [
  { code: 'UPD4_FAIL_38', effect: 'authorize-download', input: failed('UPD4_FAIL_38') },
  {
    ...{ code: 'UPD4_FAIL_34', effect: 'check-storage' },
    input: { kind: 'storage-checked', memory: short, storage: enough },
  },
  {
    ...{ code: 'UPD4_FAIL_33', effect: 'check-storage' },
    input: { kind: 'storage-checked', memory: enough, storage: short },
  },
  ...(['UPD4_FAIL_24', 'UPD4_FAIL_35', 'UPD4_FAIL_36'] as const).map(
    code => ({ code, effect: 'download', input: failed(code) }) as const,
  ),
  { code: 'UPD4_FAIL_42', effect: 'unpack', input: failed('UPD4_FAIL_42'), formats: ['delta-zstd'] },
  { code: 'UPD4_FAIL_26', effect: 'verify', input: { kind: 'verified', digest: '00' } },
  { code: 'UPD4_FAIL_46', effect: 'unpack', input: failed('UPD4_FAIL_46'), formats: ['combined'] },
  { code: 'UPD4_FAIL_37', effect: 'authorize-install', input: failed('UPD4_FAIL_37') },
  { code: 'UPD4_FAIL_40', effect: 'install', input: failed('UPD4_FAIL_40') },
  { code: 'UPD4_FAIL_40', effect: 'confirm', input: { kind: 'found-unhealthy', reason: 'exit-1' } },
]
const well: Partial<Record<Effect['kind'], UpdateInput>> = {
  'authorize-download': { kind: 'download-authorized' },
  'check-storage': { kind: 'storage-checked', memory: enough, storage: enough },
  download: { kind: 'downloaded', transfer: { heldBytes: 0, receivedBytes: 0, wireBytes: 0 } },
  unpack: { kind: 'unpacked' },
  verify: { kind: 'verified', digest: 'dd' },
  'authorize-install': { kind: 'install-authorized' },
  install: { kind: 'installed' },
  confirm: { kind: 'confirmed' },
  commit: { kind: 'committed' },
  'roll-back': { kind: 'rolled-back', restartNeeded: false },
}

/** The code an update ends with that meets these troubles, each where its wish is carried out. */
function ending(format: string, met: readonly Trouble[]): string {
  const given: Job = format === 'raw' ? job : { ...job, format: format as Exclude<Job['format'], undefined> }
  let memory = { ...emptyMemory, state: { kind: 'accepting', job: given } } as typeof emptyMemory
  const wishes: Effect[] = [{ kind: 'authorize-download', job: given }]
  for (let wish = wishes.shift(); wish !== undefined; wish = wishes.shift()) {
    const here = met.filter(({ effect }) => effect === wish?.kind)
    // Both are short at once: one fact tells of both.
    const input =
      here.length === 2 && wish.kind === 'check-storage'
        ? ({ kind: 'storage-checked', memory: short, storage: short } as const)
        : (here[0]?.input ?? well[wish.kind])
    if (input === undefined) continue
    const outcome = step(memory, input)
    const told = outcome.events.find(({ content }) => content.kind === 'code')
    if (told?.content.kind === 'code') return told.content.code
    memory = outcome.memory
    wishes.push(...outcome.effects)
  }
  return 'nothing'
}

t.test('the same from the authorization to the proof of the new image, for every format', async t => {
  for (const format of ['raw', 'delta-zstd', 'combined']) {
    t.equal(ending(format, []), 'UPD2_OK_18')
    const possible = troubles.filter(({ formats }) => formats === undefined || formats.includes(format))
    for (const [at, first] of possible.entries()) {
      t.equal(ending(format, [first]), first.code)
      for (const second of possible.slice(at + 1)) {
        const isOneOutcome = first.effect === second.effect && first.effect !== 'check-storage'
        if (isOneOutcome) continue
        t.equal(ending(format, [second, first]), first.code, `${format}: ${first.code} and ${second.code}`)
      }
    }
  }
})

t.test('the same within a package: 46, 47, 48, 49', async t => {
  const part = (component: string, vendorBytes = 0) => ({
    ...{ component, version: '2.0.0', sizeBytes: 10, sha256: 'ab'.repeat(32), vendorData: new Uint8Array(vendorBytes) },
  })
  interface Package {
    imageCount?: number
    images: { component?: string; size?: number; vendorData?: Uint8Array }[]
  }
  const faults: readonly (readonly [DeviceFailureCode, (wire: Package) => unknown])[] = [
    ['UPD4_FAIL_46', ({ images: [, , image] }) => Object.assign(image ?? {}, { size: 11 })],
    ['UPD4_FAIL_47', wire => (wire.imageCount = 4)],
    ['UPD4_FAIL_48', ({ images: [, image] }) => Object.assign(image ?? {}, { component: 'n'.repeat(33) })],
    ['UPD4_FAIL_49', ({ images: [image] }) => Object.assign(image ?? {}, { vendorData: new Uint8Array(257) })],
  ]
  const told = (spoils: readonly ((wire: Package) => unknown)[]): string => {
    const head = encodePackageHead([part('one'), part('two'), part('three')])
    const wire = decode('PackageDescriptor', head.subarray(packagePrefixBytes), 65_536)
    for (const spoil of spoils) spoil(wire as unknown as Package)
    const descriptor = encode('PackageDescriptor', wire)
    const bytes = Buffer.concat([head.subarray(0, packagePrefixBytes), descriptor])
    bytes.writeUInt32LE(descriptor.length, packagePrefixBytes - 4)
    const verdict = readPackageHead(bytes, { descriptorSize: descriptor.length }, bytes.length + 30)
    return verdict.ok ? 'accepted' : verdict.failure.code
  }
  t.equal(told([]), 'accepted')
  for (const [at, [code, spoil]] of faults.entries()) {
    t.equal(told([spoil]), code)
    for (const [later, other] of faults.slice(at + 1)) t.equal(told([other, spoil]), code, `${code} and ${later}`)
  }
})

// ---- on a real device -------------------------------------------------------------------------

t.test('and end to end', async t => {
  const scene = await Scene.open(t)
  const other = '99'.repeat(16)
  const programs = (...names: readonly string[]): DeviceWishes => ({
    settings: { authorization: { folder: 'hooks' } },
    async prepare(folder) {
      await mkdir(join(folder, 'hooks'))
      for (const name of names) await writeProgram(join(folder, 'hooks', name), 'exit 1')
    },
  })
  const full = { storageBytesMax: 30_000 }
  const tight = { memoryBudgetBytes: 262_144, windowBytes: 262_144 }
  const both = (code: DeviceFailureCode, story: Story): readonly [DeviceFailureCode, Story] => [code, story]
  const asking = programs('download-authorize', 'install-authorize')
  const parcel = makePackage([{ component: 'radio', version: '2.0.0', bytes: randomBytes(10) }])
  const stories = [
    both('UPD4_FAIL_28', { device: { trust: 'absent' }, offer: { plant: envelopeBent({ schemaVersion: 2 }) } }),
    both('UPD4_FAIL_44', { device: { trust: 'absent' }, offer: { plant: envelopeBent({ signatures: [] }) } }),
    both('UPD4_FAIL_23', { offer: { plant: changed({ expiresAt: 1, vendorId: other }) } }),
    both('UPD4_FAIL_30', { offer: { plant: changed({ vendorId: other, classId: other }) } }),
    both('UPD4_FAIL_31', { offer: { plant: changed({ classId: other, version: '2' }) } }),
    both('UPD4_FAIL_41', { offer: { plant: changed({ version: '2.1000.0', uri: 'ftp:' }) } }),
    both('UPD4_FAIL_21', { offer: { plant: changed({ uri: 'ftp:', vendorData: new Uint8Array(2000) }) } }),
    both('UPD4_FAIL_25', {
      offer: {
        ...{ image: parcel.bytes, component: 'motor' },
        manifest: { format: 'combined', metadata: parcel.metadata },
      },
    }),
    both('UPD4_FAIL_29', { offer: { plant: changed({ vendorData: new Uint8Array(2000), component: 'motor' }) } }),
    both('UPD4_FAIL_27', { offer: { version: '1.0.0' }, device: asking }),
    both('UPD4_FAIL_38', { device: { ...asking, settings: { ...asking.settings, ...full } } }),
    both('UPD4_FAIL_34', { device: { settings: { ...tight, ...full } } }),
    both('UPD4_FAIL_33', { device: { settings: full }, offer: { plant: { artifact: 'none' } } }),
    both('UPD4_FAIL_24', { device: programs('install-authorize'), offer: { plant: { artifact: 'none' } } }),
  ]
  for (const [code, story] of stories) t.strictSame(codesOf(await scene.told(t, story)), [code])
})
