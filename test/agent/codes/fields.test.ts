// The codes of the fields of a manifest, signed as it should be. What no upload gets past the broker stands in its records
// as if an older broker, or another tool, had taken it.
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { testClassId, testVendorId } from '../../fixtures/bundle.ts'
import { makePackage } from '../../fixtures/patch.ts'
import { bent, changed } from './offers.ts'
import { Scene } from './scene.ts'

const scene = await Scene.open(t)
const other = '99'.repeat(16)

t.test('UPD4_FAIL_30: for another vendor', async t => {
  await scene.proves(
    t,
    'UPD4_FAIL_30',
    { offer: { manifest: { vendorId: testVendorId } } },
    {
      another: {
        offer: { plant: changed({ vendorId: other }) },
        says: { field: 'vendorId', expected: testVendorId, actual: other },
      },
      'of 15 bytes': {
        offer: { plant: bent(wire => (wire.vendorId = new Uint8Array(15))) },
        says: { field: 'vendorId', expected: '16 bytes', actual: '15' },
      },
    },
  )
})

t.test('UPD4_FAIL_31: for another class, or for another device', async t => {
  await scene.proves(
    t,
    'UPD4_FAIL_31',
    { offer: { manifest: { classId: testClassId } } },
    {
      'another class, as it was uploaded': {
        offer: { manifest: { classId: other } },
        says: { field: 'classId', expected: testClassId, actual: other },
      },
      'of 17 bytes': {
        offer: { plant: bent(wire => (wire.classId = new Uint8Array(17))) },
        says: { field: 'classId', expected: '16 bytes', actual: '17' },
      },
      'bound to another device': {
        offer: { manifest: { deviceId: 'somebody-else' } },
        says: { field: 'deviceId', reason: 'device', expected: /^device-\d+$/, actual: 'somebody-else' },
      },
    },
  )
})

t.test('UPD4_FAIL_22: a field is absent, too long, or no such thing', async t => {
  const long = 'n'.repeat(33)
  await scene.proves(
    t,
    'UPD4_FAIL_22',
    { device: { settings: { componentNameBytesMax: 4 } } },
    {
      'no priority': {
        offer: { plant: bent(wire => delete wire.priority) },
        says: { field: 'priority', reason: 'absent' },
      },
      'no vendor at all': {
        offer: { plant: bent(wire => delete wire.vendorId) },
        says: { field: 'vendorId', reason: 'absent' },
      },
      'a name over the limit of the contract': {
        offer: { plant: changed({ component: long }) },
        says: { field: 'component', expected: '1 to 32 bytes', actual: '33' },
      },
      'a name over the limit of the device': {
        device: { settings: { componentNameBytesMax: 3 } },
        says: { field: 'component', expected: '1 to 3 bytes', actual: '4' },
      },
      'a version of two numbers': { offer: { plant: changed({ version: '2.0' }) }, says: { field: 'version' } },
      'a version that is too long': {
        offer: { plant: changed({ version: '2.0.0-candidate' }) },
        says: { field: 'version' },
      },
      'an empty image': {
        offer: { plant: bent(wire => (wire.payloadSize = 0)) },
        says: { field: 'payloadSize', expected: /^1 to /, actual: '0' },
      },
      'a delta without metadata': {
        offer: { plant: bent(wire => (wire.format = 2)) },
        says: { field: 'metadata', reason: 'absent' },
      },
      'an image that is not the payload': {
        offer: { plant: changed({ installedSha256: other + other }) },
        says: { field: 'installedSha256' },
      },
    },
  )
})

t.test('UPD4_FAIL_41: a number above 999 in the version; other things on the device are too old', async t => {
  const prerequisite = (versionLeast: string) => ({ prerequisites: [{ component: 'main', versionLeast }] })
  await scene.proves(
    t,
    'UPD4_FAIL_41',
    { offer: { version: '999.999.999', manifest: prerequisite('1.0.0') } },
    {
      '1000': {
        offer: { plant: changed({ version: '2.1000.0' }) },
        says: { field: 'version', actual: '2.1000.0' },
      },
      'a prerequisite': {
        offer: { version: '999.999.999', manifest: prerequisite('1.0.1') },
        says: { reason: 'prerequisite', expected: 'main 1.0.1', actual: '1.0.0' },
      },
    },
  )
})

t.test('UPD4_FAIL_43: a digest of a length the algorithm does not have', async t => {
  const faults = ['payloadSha256', 'installedSha256', 'chunkIndexSha256', 'precursorSha256'].map(
    field =>
      [
        field,
        {
          offer: { plant: bent(wire => (wire[field] = new Uint8Array(31))) },
          says: { field, expected: '32 bytes', actual: '31' },
        },
      ] as const,
  )
  await scene.proves(t, 'UPD4_FAIL_43', {}, Object.fromEntries(faults))
})

t.test('UPD4_FAIL_21: a URI that is too long, or of another place than the broker', async t => {
  const uri = `mqtt:${'x'.repeat(251)}`
  const elsewhere = 'http://192.0.2.1/image'
  await scene.proves(
    t,
    'UPD4_FAIL_21',
    { device: { settings: { uriBytesMax: 5 } } },
    {
      'over the limit of the contract': {
        offer: { plant: changed({ uri }) },
        says: { field: 'uri', expected: '255 bytes', actual: '256' },
      },
      'over the limit of the device': {
        device: { settings: { uriBytesMax: 4 } },
        says: { field: 'uri', expected: '4 bytes', actual: '5' },
      },
      elsewhere: {
        offer: { plant: changed({ uri: elsewhere }) },
        says: { field: 'uri', expected: 'mqtt:', actual: elsewhere },
      },
    },
  )
})

t.test('UPD4_FAIL_29: more vendor data than the device takes', async t => {
  const vendorData = (count: number) => ({ manifest: { vendorData: randomBytes(count) } })
  await scene.proves(
    t,
    'UPD4_FAIL_29',
    { offer: vendorData(1024) },
    {
      'over the limit of the contract': {
        offer: { plant: changed({ vendorData: randomBytes(1025) }) },
        says: { field: 'vendorData', expected: '1024 bytes', actual: '1025' },
      },
      'over the limit of the device': {
        offer: vendorData(11),
        device: { settings: { vendorDataBytesMax: 10 } },
        says: { field: 'vendorData', expected: '10 bytes', actual: '11' },
      },
    },
  )
})

t.test('UPD4_FAIL_25: a format this device does not have', async t => {
  const { bytes: image, metadata } = makePackage([{ component: 'radio', version: '2.0.0', bytes: randomBytes(1000) }])
  await scene.proves(
    t,
    'UPD4_FAIL_25',
    {},
    {
      'a package for a device that has none': {
        offer: { image, manifest: { format: 'combined', metadata } },
        says: { field: 'format', expected: /^raw/, actual: 'combined' },
      },
      'one that nobody has': {
        offer: { plant: bent(wire => (wire.format = 9)) },
        says: { field: 'format', actual: '9' },
      },
    },
  )
})
