// T1 to T14 of the threat model (docs/THREATS.md): what an attacker who owns the broker, the line or an old release tries
// on a device. The broker here believes everything it is told to hand out; only the device defends itself. Where another
// test goes through every value of a defence, one here walks in with the attack.
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { accept, readTrust } from '../../agent/core/accept.ts'
import { decode, encode } from '../../proto/codec.ts'
import { signEnvelope } from '../../proto/envelope.ts'
import { deviceId } from '../../proto/ids.ts'
import { encodeManifest } from '../../proto/manifest.ts'
import { lineWith, type Weather } from '../agent/codes/line.ts'
import { bent, changed, envelopeBent, offerOf, type Plant } from '../agent/codes/offers.ts'
import { codesOf, Scene } from '../agent/codes/scene.ts'
import { factoryImage } from '../agent/codes/scene-device.ts'
import { sha256Hex } from '../agent/fakes/release.ts'
import { makeTrust, testClassId, testKey, testKeys, testVendorId } from '../fixtures/bundle.ts'
import { long } from '../fixtures/cases.ts'
import { makePackage, makePatch } from '../fixtures/patch.ts'
import { isFromTheFactory, offeredTo, refuses, running, victim } from './attack.ts'

const scene = await Scene.open(t)
const keys = testKeys()
const trust = readTrust(makeTrust(keys))

/** What the device of `accept` is; the real one has the same ids. */
const facts = {
  ...{ now: Date.now(), trust, vendorId: testVendorId, classId: testClassId, deviceId: 'device-0', releaseMarks: {} },
  components: new Map([['main', { version: '1.0.0', digest: sha256Hex(factoryImage) }]]),
  formats: new Map([['main', ['raw' as const]]]),
}

t.test('T1 arbitrary software: forged manifests and forged payloads', async t => {
  const device = await victim(t, scene)
  const evil = testKeys('mallory')
  await refuses(t, scene, device, { keys: evil }, 'UPD4_FAIL_23', { reason: 'unknown-key' }, 'signed by a stranger:')
  await refuses(
    t,
    ...[scene, device],
    { plant: { artifact: ({ chunks }) => ({ chunks: chunks.map(({ bytes }) => plain(randomBytes(bytes.length))) }) } },
    ...(['UPD4_FAIL_26', { reason: 'chunk' }, 'other bytes:'] as const),
  )
  const { envelope } = offerOf().bundle
  t.equal(accept(envelope, facts).ok, true, 'the envelope nobody touched is accepted')
  let accepted = 0
  for (let bit = 0; bit < envelope.length * 8; bit += 1) {
    const copy = Buffer.from(envelope)
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    if (accept(copy, facts).ok) accepted += 1
  }
  t.equal(accepted, 0, `none of ${envelope.length * 8} envelopes with one bit changed`)
  await isFromTheFactory(t, device)
})

t.test('T2 signature stripping: none, one counted twice, another key, another kind of statement', async t => {
  const device = await victim(t, scene)
  const resigned = (kind: 'manifest' | 'command' | 'trust', ...signers: ReturnType<typeof testKey>[]): Plant => ({
    envelope: ({ manifest }) => signEnvelope(kind, encodeManifest(manifest), signers),
  })
  const rows: [string, Plant, string][] = [
    ['no signature:', envelopeBent({ signatures: [] }), 'unsigned'],
    ['signed by the online key:', resigned('manifest', keys.operations), 'unknown-key'],
    ['signed by the root:', resigned('manifest', keys.root), 'unknown-key'],
    ['signed as a command:', resigned('command', keys.release), 'bad-signature'],
    ['the signature of another manifest:', exchanged(offerOf().bundle.envelope), 'bad-signature'],
    ['a signature cut short:', cut(63), 'bad-signature'],
    ['an empty signature:', cut(0), 'bad-signature'],
    ['nine signatures of nobody:', swarm(), 'over 8 signatures'],
  ]
  for (const [what, plant, reason] of rows)
    await refuses(
      t,
      scene,
      device,
      { plant },
      reason.startsWith('over') ? 'UPD4_FAIL_22' : 'UPD4_FAIL_23',
      { reason },
      what,
    )
  await isFromTheFactory(t, device)
})

t.test('T3 rollback: all 20 earlier manifests of a history', async t => {
  const device = await victim(t, scene)
  const history = Array.from({ length: 21 }, (_, at) => offerOf({ version: `1.${at + 1}.0` }))
  const [newest] = history.slice(-1)
  if (newest === undefined) throw new Error('no history')
  t.strictSame(codesOf(await offeredTo(scene, device, newest)), ['UPD2_OK_18'])
  const before = await running(scene, device)
  let refusedCount = 0
  for (const { bundle } of history.slice(0, -1)) {
    // The records lie about what is in the envelope, so that the broker hands it out all the same.
    const events = await offeredTo(scene, device, { bundle, plant: {} })
    if (codesOf(events).join() === 'UPD4_FAIL_27') refusedCount += 1
  }
  t.equal(refusedCount, 20, 'each is UPD4_FAIL_27')
  await refuses(
    t,
    ...[scene, device],
    { version: '9.0.0', manifest: { releaseCounter: 1 } },
    ...([
      'UPD4_FAIL_27',
      { field: 'releaseCounter', reason: 'replayed' },
      'a higher version, a lower counter:',
    ] as const),
  )
  t.strictSame(await running(scene, device), before)
})

t.test('T4 replay: 6 manifests for 6 devices, and those of another vendor and class', async t => {
  const names = Array.from({ length: 6 }, (_, at) => `device-${at}`)
  const installs: string[] = []
  for (const bound of names) {
    const { envelope } = offerOf({ manifest: { deviceId: bound } }).bundle
    for (const name of names) {
      const verdict = accept(envelope, { ...facts, deviceId: deviceId(name) })
      if (verdict.ok) installs.push(`${bound} ${name}`)
      else t.match(verdict.failure, { code: 'UPD4_FAIL_31', data: { reason: 'device' } })
    }
  }
  t.strictSame(
    installs,
    names.map(name => `${name} ${name}`),
    'the diagonal, and nothing else',
  )
  const device = await victim(t, scene)
  const alien = '99'.repeat(16)
  await refuses(t, scene, device, { plant: changed({ deviceId: 'somebody-else' }) }, 'UPD4_FAIL_31', {
    reason: 'device',
  })
  await refuses(t, scene, device, { plant: changed({ classId: alien }) }, 'UPD4_FAIL_31', { field: 'classId' })
  await refuses(t, scene, device, { plant: changed({ vendorId: alien }) }, 'UPD4_FAIL_30', { field: 'vendorId' })
  await isFromTheFactory(t, device)
})

t.test('T5 freeze: what is old but was valid once', async t => {
  const device = await victim(t, scene)
  const expired = { plant: changed({ expiresAt: Date.now() - 1000 }) }
  await refuses(t, scene, device, expired, 'UPD4_FAIL_23', { reason: 'expired', field: 'expiresAt' })
  const { envelope, manifest } = offerOf({ manifest: { expiresAt: 2_000_000_000_000 } }).bundle
  for (const [skewMs, ok] of [
    [-86_400_000, true],
    [-1, true],
    [0, false],
    [1, false],
    [86_400_000, false],
  ] as const)
    t.equal(accept(envelope, { ...facts, now: manifest.expiresAt + skewMs }).ok, ok, `${skewMs} ms after its end`)
  await isFromTheFactory(t, device)
})

t.test('T7 endless data: a chunk that is a bomb, answers that nobody asked for', async t => {
  const bomb = deflateRawSync(Buffer.alloc(48 * 1024 * 1024))
  const wideChunks = { minimumBytes: 65_536, averageBytes: 65_536, maximumBytes: 65_536 }
  const device = await victim(t, scene)
  await refuses(
    t,
    ...[scene, device],
    {
      ...{ image: randomBytes(100_000), settings: wideChunks },
      plant: {
        artifact: ({ chunks }) => ({
          chunks: chunks.map((chunk, at) => (at === 0 ? { encoding: 'deflate', bytes: bomb } : chunk)),
        }),
      },
    },
    ...(['UPD4_FAIL_26', { reason: 'chunk' }] as const),
  )
  const { size } = await stat(device.image('b'))
  t.ok(bomb.length < 65_536, 'no longer than the chunk may travel')
  t.ok(size <= 100_000, `${size} bytes on the disk, of 100000 declared`)
  let answers = 0
  /** A hundred answers for each that was asked for. */
  const hose: Weather = ({ topic, bytes }) => {
    if (!topic?.endsWith('/chunks/data')) return bytes
    answers += 100
    return Buffer.concat(Array.from({ length: 100 }, () => bytes))
  }
  const drenched = await victim(t, scene, { line: lineWith(t, hose) })
  t.strictSame(codesOf(await offeredTo(scene, drenched, offerOf())), ['UPD2_OK_18'], 'each chunk counts once')
  t.ok(answers > 0)
  const wide = { plant: changed({ payloadSize: 8 * 1024 ** 3, installedSize: 8 * 1024 ** 3 }) }
  await refuses(t, scene, device, wide, 'UPD4_FAIL_22', { field: 'payloadSize' }, 'more than any image has:')
  await isFromTheFactory(t, device)
})

t.test('T8 slow retrieval: a server that drips', async t => {
  const drip: Weather = async ({ topic, bytes }) => {
    if (topic?.endsWith('/chunks/data')) await new Promise(resolve => setTimeout(resolve, 100))
    return bytes
  }
  const device = await victim(t, scene, {
    settings: { minimumBytesPerSecond: 40_000, slowLimitMs: 1_000 },
    line: lineWith(t, drip),
  })
  await refuses(t, scene, device, { image: randomBytes(100_000) }, 'UPD4_FAIL_24', { reason: 'slow' })
  await isFromTheFactory(t, device)
})

t.test('T9 chunk swap: each of 64 chunks in the place of another', async t => {
  const device = await victim(t, scene, { settings: { chunkTimeoutMs: 200, chunkRetriesMax: 1 } })
  const settings = { minimumBytes: 256, averageBytes: 256, maximumBytes: 256 }
  const image = (): Buffer => randomBytes(64 * 256)
  const swapped = (at: number): Plant => ({
    artifact: ({ chunks }) => ({
      chunks: chunks.map((chunk, number) => chunks[number === at ? (at + 1) % 64 : number] ?? chunk),
    }),
  })
  t.equal(offerOf({ image: image(), settings }).bundle.index.count, 64)
  // Every chunk a neighbour's, then single ones: some here, all 64 in the long form and, without a line, in transport.test.ts.
  const all: Plant = {
    artifact: ({ chunks }) => ({ chunks: chunks.map((_, at) => chunks[(at + 1) % 64] ?? plain(randomBytes(256))) }),
  }
  await refuses(
    t,
    scene,
    device,
    { image: image(), settings, plant: all },
    'UPD4_FAIL_26',
    { reason: 'chunk' },
    'all of them:',
  )
  const places = Array.from({ length: 64 }, (_, at) => at)
  for (const at of long ? places : [0, 31, 63])
    await refuses(
      t,
      scene,
      device,
      { image: image(), settings, plant: swapped(at) },
      'UPD4_FAIL_26',
      { reason: 'chunk', chunk: `${at}` },
      `${at}:`,
    )
  await isFromTheFactory(t, device)
})

t.test('T10 mix and match: one image of a package is of another release, left out, or there twice', async t => {
  const components = [
    { name: 'main', version: '1.0.0', image: 'factory', reboot: false },
    { name: 'radio', version: '1.0.0', image: 'factory', reboot: false },
    { name: 'all', version: '1.0.0', installer: 'package', members: ['main', 'radio'] },
  ]
  const device = await victim(t, scene, { settings: { components } })
  const members = (seed: string) =>
    ['main', 'radio'].map(component => ({
      component,
      version: '2.0.0',
      bytes: Buffer.alloc(5_000, `${seed}${component}`),
    }))
  const [ours, theirs] = [makePackage(members('a')), makePackage(members('b'))]
  // The descriptor and the first image of one release, the second image of the other: signed as a whole by a fooled signer.
  const mixed = Buffer.concat([ours.bytes.subarray(0, -5_000), theirs.bytes.subarray(-5_000)])
  const descriptor = ours.bytes.subarray(0, -10_000)
  const [main, radio] = [ours.bytes.subarray(-10_000, -5_000), ours.bytes.subarray(-5_000)]
  for (const [what, image, code] of [
    ['the second image is of another release:', mixed, 'UPD4_FAIL_26'],
    ['the images exchanged:', Buffer.concat([descriptor, radio, main]), 'UPD4_FAIL_26'],
    ['the first image twice:', Buffer.concat([descriptor, main, main]), 'UPD4_FAIL_26'],
    ['the second image left out:', Buffer.concat([descriptor, main]), 'UPD4_FAIL_46'],
    ['both images left out:', descriptor, 'UPD4_FAIL_46'],
    ['one image more than is told:', Buffer.concat([ours.bytes, radio]), 'UPD4_FAIL_46'],
  ] as const) {
    const manifest = { format: 'combined', metadata: ours.metadata } as const
    await refuses(t, scene, device, { image, component: 'all', manifest }, code, {}, what)
  }
  await isFromTheFactory(t, device, 'main')
  await isFromTheFactory(t, device, 'radio')
})

t.test('T11 wrong base: a signed patch from an image the device does not have', async t => {
  const device = await victim(t, scene)
  const other = randomBytes(20_000)
  const installed = Buffer.concat([other.subarray(0, 15_000), randomBytes(5_000)])
  const { bytes: image, metadata } = makePatch(other, installed)
  const delta = {
    ...({ format: 'delta-zstd', metadata: encodeDelta(metadata), precursorSha256: sha256Hex(other) } as const),
    ...{ installedSize: installed.length, installedSha256: sha256Hex(installed) },
  }
  const plant = { entry: { precursorSha256: sha256Hex(factoryImage) } }
  await refuses(t, scene, device, { image, manifest: delta, plant }, 'UPD4_FAIL_32', { field: 'precursorSha256' })
  const lying = { image, version: '2.1.0', manifest: { ...delta, precursorSha256: sha256Hex(factoryImage) } }
  await refuses(t, scene, device, lying, 'UPD4_FAIL_26', { reason: 'image' }, 'one said to be from the right base:')
  await isFromTheFactory(t, device)
})

t.test('T12 payload from elsewhere: every address but the broker the device is connected to', async t => {
  const device = await victim(t, scene)
  for (const uri of [
    'file:///etc/shadow',
    'ftp://192.0.2.1/image',
    'http://169.254.169.254/latest/meta-data',
    'https://user:password@192.0.2.1/image',
    'mqtt://192.0.2.1/',
    `https://192.0.2.1/${'a'.repeat(300)}`,
  ])
    await refuses(t, scene, device, { plant: changed({ uri }) }, 'UPD4_FAIL_21', { field: 'uri' }, uri.slice(0, 40))
  await refuses(t, scene, device, { plant: bent(wire => (wire.format = 9)) }, 'UPD4_FAIL_25', { field: 'format' })
  await isFromTheFactory(t, device)
})

t.test('T14 no anchor: a device that lost its trust document, or got one of another root', async t => {
  for (const given of ['absent', Buffer.from('nonsense')] as const) {
    const device = await victim(t, scene, { trust: given })
    await refuses(t, scene, device, {}, 'UPD4_FAIL_44', { field: 'trust' }, String(given))
    await isFromTheFactory(t, device)
  }
})

t.test('T22 malformed statements: signed bytes that are no manifest, and fields that are none', async t => {
  const device = await victim(t, scene)
  const signed = (payload: Uint8Array): Plant => ({ envelope: () => signEnvelope('manifest', payload, [keys.release]) })
  const wire = decode('Manifest', encodeManifest(offerOf().bundle.manifest), 65_536)
  const bytes = encode('Manifest', wire)
  await refuses(
    t,
    scene,
    device,
    { plant: signed(Buffer.concat([bytes, bytes])) },
    'UPD4_FAIL_22',
    {},
    'each field twice:',
  )
  const strange = Buffer.concat([bytes, Buffer.from([0xc0, 0x3e, 0x01])])
  await refuses(t, scene, device, { plant: signed(strange) }, 'UPD4_FAIL_22', {}, 'a field nobody knows:')
  await refuses(
    t,
    scene,
    device,
    { plant: signed(Buffer.alloc(60_000, 0x0b)) },
    'UPD4_FAIL_22',
    {},
    'groups in groups:',
  )
  await refuses(t, scene, device, { plant: envelopeBent({ schemaVersion: 7 }) }, 'UPD4_FAIL_28', { actual: '7' })
  const chatty = changed({ vendorData: new Uint8Array(1025) })
  await refuses(t, scene, device, { plant: chatty }, 'UPD4_FAIL_29', { field: 'vendorData' })
  await isFromTheFactory(t, device)
})

function plain(bytes: Uint8Array): { readonly encoding: 'plain'; readonly bytes: Uint8Array } {
  return { encoding: 'plain', bytes }
}

/** The signatures of another envelope over this manifest. */
function exchanged(other: Uint8Array): Plant {
  return envelopeBent({ signatures: decode('SignedEnvelope', other, 65_536).signatures })
}

/** The first bytes of the signature that the manifest has. */
function cut(length: number): Plant {
  return {
    envelope({ envelope }) {
      const wire = decode('SignedEnvelope', envelope, 65_536)
      const signatures = wire.signatures.map(each => ({ ...each, signature: each.signature?.subarray(0, length) }))
      return encode('SignedEnvelope', { ...wire, signatures } as typeof wire)
    },
  }
}

/** Nine signatures of keys nobody knows, and the right one behind them. */
function swarm(): Plant {
  const signers = [...Array.from({ length: 8 }, (_, at) => testKey(`swarm-${at}`)), keys.release]
  return { envelope: ({ manifest }) => signEnvelope('manifest', encodeManifest(manifest), signers) }
}

function encodeDelta(metadata: ReturnType<typeof makePatch>['metadata']): Uint8Array {
  return encode('DeltaMetadata', metadata)
}
