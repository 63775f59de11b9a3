import fc from 'fast-check'
import t from 'tap'
import { patchBaseBytesMax, patchEncodedBytesMax, patchFrameBytesMax } from '../../proto/limits.ts'
import { encodeManifest, type Manifest, type ManifestExpectations, readManifest } from '../../proto/manifest.ts'
import { encodeDeltaMetadata } from '../../proto/patch.ts'
import { compareVersions, versionFailure } from '../../proto/version.ts'
import { device, manifest, manifestWith } from '../vectors/sample.ts'
import { jsonOf } from '../vectors/vector-file.ts'
import { forAll, mutated, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

const version = fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999)).map(parts => parts.join('.'))
const hex = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(bytes => Buffer.from(bytes).toString('hex'))
const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,30}$/).filter(text => !(text in {}))
const anyManifest: fc.Arbitrary<Manifest> = fc.record({
  vendorId: hex(16),
  classId: hex(16),
  priority: fc.nat(),
  component: name,
  version,
  releaseCounter: fc.maxSafeNat(),
  expiresAt: fc.maxSafeNat(),
  payloadSize: fc.integer({ min: 1, max: 2 ** 32 }),
  payloadSha256: hex(32),
  installedSize: fc.integer({ min: 1, max: 2 ** 32 }),
  installedSha256: hex(32),
  precursorSha256: hex(32),
  chunkIndexSize: fc.integer({ min: 1, max: 2 ** 23 }),
  chunkIndexSha256: hex(32),
  uri: fc.constant('mqtt:'),
  format: fc.constant('delta-zstd' as const),
  metadata: fc
    .record({
      baseSize: fc.integer({ min: 1, max: 2 ** 32 }),
      frameBytesMax: fc.integer({ min: 1, max: patchFrameBytesMax }),
      baseBytesMax: fc.integer({ min: 0, max: patchBaseBytesMax }),
      encodedBytesMax: fc.integer({ min: 1, max: patchEncodedBytesMax }),
    })
    .map(metadata => Uint8Array.from(encodeDeltaMetadata(metadata))),
  vendorData: fc.uint8Array({ maxLength: 1024 }),
  needsReboot: fc.boolean(),
  prerequisites: fc.array(fc.record({ component: name, versionLeast: version }), { maxLength: 32 }),
})

function codeOf(payload: Uint8Array, expected: ManifestExpectations = device): string {
  const verdict = readManifest(payload, expected)
  return verdict.ok ? 'ok' : verdict.failure.code
}

t.test('any manifest is read back as it was written', async t => {
  forAll(anyManifest, 500, written => {
    const verdict = readManifest(encodeManifest(written))
    if (!verdict.ok) throw new Error(JSON.stringify(verdict.failure))
    if (JSON.stringify(sorted(verdict.manifest)) !== JSON.stringify(sorted(written)))
      throw new Error('another manifest')
  })
  t.pass('500 of 500')
})

function sorted(value: Manifest): unknown {
  return Object.entries(jsonOf(value) as object).sort(([a], [b]) => (a < b ? -1 : 1))
}

t.test('no bytes make it throw, and what it accepts keeps every promise', async t => {
  const check = (bytes: Uint8Array): void => {
    const verdict = readManifest(bytes, device)
    if (!verdict.ok) {
      if (!/^UPD4_FAIL_(21|22|23|25|29|30|31|41|43)$/.test(verdict.failure.code)) throw new Error(verdict.failure.code)
      return
    }
    const read = verdict.manifest
    if (versionFailure(read.version) !== undefined || !/^[0-9a-f]{64}$/.test(read.installedSha256))
      throw new Error('lies')
    if (read.vendorId !== device.vendorId || read.vendorData.length > 1024 || read.uri !== 'mqtt:')
      throw new Error('lies')
  }
  forAll(
    mutated([encodeManifest(manifest), manifestWith({ deviceId: device.deviceId, metadata: Buffer.from('x') })]),
    6000,
    check,
  )
  forAll(fc.uint8Array({ maxLength: 200 }), 2000, check)
  t.pass('8,000 cases')
})

t.test('it keeps nothing of the packet', async t => {
  const bytes = manifestWith({ vendorData: Buffer.from('keep'), metadata: Buffer.from('this') })
  const verdict = readManifest(bytes)
  bytes.fill(0)
  t.match(jsonOf(verdict), {
    manifest: { vendorData: Buffer.from('keep').toString('hex'), metadata: Buffer.from('this').toString('hex') },
  })
})

t.test('only what the reader expects is compared: the broker speaks for no device', async t => {
  const other = manifestWith({
    vendorId: new Uint8Array(16),
    classId: new Uint8Array(16),
    deviceId: 'sensor-2',
    expiresAt: 1,
  })
  t.equal(codeOf(other, {}), 'ok')
  t.equal(codeOf(other, { now: 0 }), 'ok')
  t.equal(codeOf(other, { now: 1 }), 'UPD4_FAIL_23')
  t.equal(codeOf(other, { vendorId: device.vendorId }), 'UPD4_FAIL_30')
  t.equal(codeOf(other, { classId: device.classId }), 'UPD4_FAIL_31')
  t.equal(codeOf(other, { deviceId: device.deviceId }), 'UPD4_FAIL_31')
  for (const deviceId of ['', 'a/b', '+', '__proto__', 'constructor', 'x'.repeat(65)])
    t.equal(codeOf(manifestWith({ deviceId }), {}), 'UPD4_FAIL_31', 'bound to what can be no device')
})

t.test('a device may set lower limits', async t => {
  const limited = { ...device, componentNameBytesMax: 8, vendorDataBytesMax: 0, uriBytesMax: 5 }
  t.equal(codeOf(manifestWith({}), limited), 'ok')
  t.equal(codeOf(manifestWith({ component: 'ninebytes' }), limited), 'UPD4_FAIL_22')
  t.equal(codeOf(manifestWith({ vendorData: new Uint8Array(1) }), limited), 'UPD4_FAIL_29')
  t.equal(codeOf(manifestWith({}), { ...limited, uriBytesMax: 4 }), 'UPD4_FAIL_21')
  t.equal(
    codeOf(manifestWith({ prerequisites: [{ component: 'ninebytes', versionLeast: '1.0.0' }] }), limited),
    'UPD4_FAIL_22',
  )
})

t.test('a failure says which field, what was expected and what came, and never repeats long input', async t => {
  const verdict = readManifest(manifestWith({ version: 'x'.repeat(5000) }))
  t.match(verdict, { failure: { code: 'UPD4_FAIL_22', data: { field: 'version', expected: '11 bytes' } } })
  for (const changes of [
    { version: 'x'.repeat(5000) },
    { component: 'x'.repeat(5000) },
    { deviceId: 'x'.repeat(5000) },
    { uri: 'x'.repeat(5000) },
  ])
    t.ok(JSON.stringify(readManifest(manifestWith(changes))).length < 400)
})

t.test('versions compare as three numbers', async t => {
  const rows: readonly [string, string, number][] = [
    ['1.0.0', '1.0.0', 0],
    ['1.0.1', '1.0.0', 1],
    ['1.10.0', '1.9.9', 1],
    ['2.0.0', '1.999.999', 1],
    ['0.0.1', '0.1.0', -1],
    ['01.0.0', '1.0.0', 0],
    ['40.0.0', '8.0.0', 1],
    ['999.999.999', '999.999.998', 1],
  ]
  for (const [a, b, sign] of rows) {
    t.equal(Math.sign(compareVersions(a, b)), sign, `${a} ${b}`)
    t.equal(Math.sign(compareVersions(b, a)) + sign, 0, `${b} ${a}`)
  }
  forAll(fc.tuple(version, version, version), 1000, ([a, b, c]) => {
    if (compareVersions(a, b) > 0 && compareVersions(b, c) > 0 && compareVersions(a, c) <= 0)
      throw new Error('no order')
  })
})

t.test('a version is three dotted numbers up to 999', async t => {
  for (const good of ['0.0.0', '1.2.3', '999.999.999', '001.02.3']) t.equal(versionFailure(good), undefined, good)
  for (const bad of [
    '',
    '1',
    '1.2',
    '1.2.3.4',
    ' 1.2.3',
    '1.2.3 ',
    '1..3',
    '1.2.x',
    '1e1.0.0',
    '+1.0.0',
    '1,2,3',
    '1.2.3-rc1',
  ])
    t.equal(versionFailure(bad)?.code, 'UPD4_FAIL_22', bad)
  for (const bad of ['1000.0.0', '0.1000.0', '0.0.1000', '0001.0.0'])
    t.equal(versionFailure(bad)?.code, 'UPD4_FAIL_41', bad)
})
