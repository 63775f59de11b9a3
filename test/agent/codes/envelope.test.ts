// The codes of the envelope: what a device says of the bytes it is offered before it looks at any field. The broker checks
// no signature, but would not take an envelope that is none: such ones stand in its records as if it had.
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import t from 'tap'
import { decode, encode } from '../../../proto/codec.ts'
import {
  encodeTrustDocument,
  openEnvelope,
  parseTrustDocument,
  signEnvelope,
  type TrustDocument,
  trustedKey,
} from '../../../proto/envelope.ts'
import { encodeManifest } from '../../../proto/manifest.ts'
import { makeTrust, testKey, testKeys } from '../../fixtures/bundle.ts'
import { changed, envelopeBent, type Plant } from './offers.ts'
import { Scene } from './scene.ts'

const scene = await Scene.open(t)
const keys = testKeys()
const second = testKey('second')

/** The trust document of the device with its parts changed, signed by its root. */
function trust(change: (good: TrustDocument) => Partial<TrustDocument>): Uint8Array {
  const good = parseTrustDocument(makeTrust(keys))
  return signEnvelope('trust', encodeTrustDocument({ ...good, ...change(good) }), [keys.root])
}

/** Two keys of which both must sign. */
const bothSign = trust(({ keys: known, roles }) => {
  const [first, other] = [trustedKey(createPublicKey(keys.release)), trustedKey(createPublicKey(second))]
  return {
    keys: new Map([...known, [other.keyId, other]]),
    roles: new Map([...roles, ['release', { name: 'release', keyIds: [first.keyId, other.keyId], threshold: 2 }]]),
  }
})

function signedBy(...signers: readonly KeyObject[]): Plant {
  return { envelope: ({ manifest }) => signEnvelope('manifest', encodeManifest(manifest), signers) }
}

t.test('UPD2_OK_18: installed and verified without a reboot, told once, with what it took', async t => {
  const events = await scene.told(t, {})
  t.match(events.at(-1), {
    event_type: 'UPD2_OK_18',
    event_type_description: 'SUCCESS',
    data: { received_bytes: '20000', held_bytes: '0', wire_bytes: /^2\d{4}$/ },
  })
  t.equal(events.filter(({ event_type_description }) => event_type_description === 'SUCCESS').length, 1)
})

t.test('UPD4_FAIL_22: bytes that are no envelope, or not the whole of one', async t => {
  const says = { field: 'envelope', reason: /./ }
  await scene.proves(
    t,
    'UPD4_FAIL_22',
    {},
    {
      nonsense: { offer: { plant: { envelope: () => Buffer.from('nonsense') } }, says },
      'trailing garbage': {
        offer: { plant: { envelope: ({ envelope }) => Buffer.concat([envelope, Buffer.of(0xff)]) } },
        says,
      },
      'cut off': { offer: { plant: { envelope: ({ envelope }) => envelope.subarray(0, -1) } }, says },
      'no manifest in it': { offer: { plant: envelopeBent({ payload: new Uint8Array(0) }) }, says },
      'a signed manifest that is none': {
        offer: { plant: { envelope: () => signEnvelope('manifest', Buffer.from('nonsense'), [keys.release]) } },
        says: { field: 'Manifest', reason: 'malformed' },
      },
    },
  )
})

t.test('UPD4_FAIL_28: another schema version, whoever signed', async t => {
  const says = { field: 'schemaVersion', expected: '1', actual: '2' }
  await scene.proves(
    t,
    'UPD4_FAIL_28',
    {},
    {
      'the next one': { offer: { plant: envelopeBent({ schemaVersion: 2 }) }, says },
      'and nobody signed': { offer: { plant: envelopeBent({ schemaVersion: 2, signatures: [] }) }, says },
    },
  )
})

t.test('UPD4_FAIL_44: the device holds no trust document', async t => {
  await scene.proves(
    t,
    'UPD4_FAIL_44',
    {},
    {
      absent: { device: { trust: 'absent' }, says: { field: 'trust', reason: 'absent' } },
      'one of another root': {
        device: { trust: signEnvelope('trust', openEnvelope(makeTrust(keys)).payload, [testKeys('other').root]) },
        says: { field: 'trust', reason: /./ },
      },
    },
  )
})

t.test('UPD4_FAIL_43: a trusted key that does not parse', async t => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'der' })
  const wire = decode('TrustDocument', openEnvelope(makeTrust(keys)).payload, 65_536)
  const withKey = (publicKey: Uint8Array): Uint8Array => {
    const [first, ...others] = wire.keys
    const spoiled = encode('TrustDocument', { ...wire, keys: [{ ...first, publicKey }, ...others] })
    return signEnvelope('trust', spoiled, [keys.root])
  }
  const says = { field: 'trust', reason: /./ }
  await scene.proves(
    t,
    'UPD4_FAIL_43',
    {},
    {
      'an RSA key': { device: { trust: withKey(rsa) }, says },
      'no key at all': { device: { trust: withKey(Buffer.from('nonsense')) }, says },
    },
  )
})

t.test('UPD4_FAIL_23: not signed by whom the device trusts, or not any more', async t => {
  const good = { offer: { plant: signedBy(keys.release, second) }, device: { trust: bothSign } }
  const flipped: Plant = {
    envelope({ envelope }) {
      const bytes = Buffer.from(envelope)
      return bytes.fill('mbin', bytes.indexOf('main'), bytes.indexOf('main') + 4)
    },
  }
  const past = Date.now() - 1000
  await scene.proves(t, 'UPD4_FAIL_23', good, {
    'one of two': { ...good, offer: { plant: signedBy(keys.release) }, says: { reason: 'threshold' } },
    'the same one twice': {
      ...good,
      offer: { plant: signedBy(keys.release, keys.release) },
      says: { reason: 'threshold' },
    },
    'a stranger': { offer: { keys: testKeys('stranger') }, says: { reason: 'unknown-key' } },
    'a key of another role': { offer: { plant: signedBy(keys.operations) }, says: { reason: 'unknown-key' } },
    'a key that was revoked': {
      device: {
        trust: trust(({ keys: known, roles }) => {
          const revoked = trustedKey(createPublicKey(keys.release)).keyId
          const other = trustedKey(createPublicKey(second))
          return {
            keys: new Map([...[...known].filter(([keyId]) => keyId !== revoked), [other.keyId, other]]),
            roles: new Map([...roles, ['release', { name: 'release', keyIds: [other.keyId], threshold: 1 }]]),
          }
        }),
      },
      says: { reason: 'unknown-key' },
    },
    'one changed byte': { offer: { plant: flipped }, says: { reason: 'bad-signature' } },
    'nobody signed': { offer: { plant: envelopeBent({ signatures: [] }) }, says: { reason: 'unsigned' } },
    'a trust document that has expired': {
      device: { trust: trust(() => ({ expiresAt: past })) },
      says: { reason: 'trust-expired', field: 'trust', actual: String(past) },
    },
    'a manifest that has expired': {
      offer: { plant: changed({ expiresAt: past }) },
      says: { reason: 'expired', field: 'expiresAt', actual: String(past) },
    },
  })
})
