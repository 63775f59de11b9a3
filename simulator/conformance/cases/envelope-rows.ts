// One thing wrong with an envelope, or with its signatures: rows 1 to 8 of docs/PROTOCOL.md, section 9. A signature that is good is
// told by the code of a later row.
import { encode, type WireManifest } from '../../../proto/codec.ts'
import type { DeviceFailureCode } from '../../../proto/event-codes.ts'
import type { Examination } from '../examination.ts'
import { envelopeOf, signed } from '../goods.ts'
import { examinationKeys } from '../keys.ts'
import { largestEnvelope, signatureOf, spoiledPayload } from './envelopes.ts'

export const foreignVendor = { vendorId: Buffer.alloc(16, 0xee) }

export interface Row {
  readonly name: string
  readonly row: string
  readonly code: DeviceFailureCode
  /** Codes of devices that cannot come as far as this row. */
  readonly or?: readonly DeviceFailureCode[]
  readonly reason?: string
  readonly quick?: true
  /** In words: what is offered. */
  readonly done: string
  readonly envelope: (manifest: WireManifest, at: Examination) => Uint8Array
}

export const envelopeRows: readonly Row[] = [
  {
    ...{ name: 'envelope-nonsense', row: '1', code: 'UPD4_FAIL_22', quick: true, done: 'bytes that are no envelope' },
    envelope: () => Buffer.from('nonsense'),
  },
  {
    ...{ name: 'envelope-trailing', row: '1', code: 'UPD4_FAIL_22', done: 'a good envelope with a byte behind it' },
    envelope: manifest => Buffer.concat([signed(manifest), Buffer.of(0xff)]),
  },
  {
    ...{ name: 'envelope-cut', row: '1', code: 'UPD4_FAIL_22', done: 'a good envelope without its last byte' },
    envelope: manifest => signed(manifest).subarray(0, -1),
  },
  {
    ...{ name: 'envelope-unknown-field', row: '1', code: 'UPD4_FAIL_22', done: 'a good envelope with field 15 in it' },
    envelope: manifest => Buffer.concat([signed(manifest), Buffer.of(0x78, 1)]),
  },
  {
    ...{ name: 'envelope-twice', row: '1', code: 'UPD4_FAIL_22', done: 'a good envelope with schema_version twice' },
    envelope: manifest => Buffer.concat([signed(manifest), Buffer.of(0x08, 1)]),
  },
  {
    ...{ name: 'envelope-nine-signatures', row: '1', code: 'UPD4_FAIL_22', done: 'nine signatures, the first is good' },
    envelope(manifest) {
      const payload = encode('Manifest', manifest)
      return envelopeOf({ payload, signatures: Array.from({ length: 9 }, () => signatureOf(payload)) })
    },
  },
  {
    ...{
      name: 'schema-version',
      row: '2',
      code: 'UPD4_FAIL_28',
      quick: true,
      done: 'schema_version 2, signed as such',
    },
    envelope(manifest) {
      const payload = encode('Manifest', manifest)
      const signature = signatureOf(payload, examinationKeys.release, 'manifest', 2)
      return envelopeOf({ schemaVersion: 2, payload, signatures: [signature] })
    },
  },
  {
    ...{ name: 'payload-empty', row: '3', code: 'UPD4_FAIL_22', done: 'an envelope without a payload' },
    envelope: () => envelopeOf({ payload: Buffer.alloc(0), signatures: [signatureOf(Buffer.alloc(0))] }),
  },
  {
    ...{ name: 'signature-incomplete', row: '3', code: 'UPD4_FAIL_22', done: 'a signature without its key id' },
    envelope(manifest) {
      const payload = encode('Manifest', manifest)
      const { signature = Buffer.alloc(64) } = signatureOf(payload)
      return envelopeOf({ payload, signatures: [signatureOf(payload), { signature }] })
    },
  },
  {
    ...{ name: 'unsigned', row: '7', code: 'UPD4_FAIL_23', reason: 'unsigned', done: 'no signature at all' },
    envelope: manifest => envelopeOf({ payload: encode('Manifest', manifest) }),
  },
  {
    ...{ name: 'unknown-key', row: '7', code: 'UPD4_FAIL_23', reason: 'unknown-key', quick: true },
    done: 'signed by a key that the trust document does not have',
    envelope: manifest => signed(manifest, [examinationKeys.stranger]),
  },
  {
    ...{ name: 'key-of-another-role', row: '7', code: 'UPD4_FAIL_23', reason: 'unknown-key' },
    done: 'signed by the operations key, which may not sign firmware',
    envelope: manifest => signed(manifest, [examinationKeys.operations]),
  },
  {
    ...{ name: 'changed-byte', row: '7', code: 'UPD4_FAIL_23', reason: 'bad-signature', quick: true },
    done: 'one bit of the manifest changed after it was signed',
    envelope: (manifest, { recipient }) => spoiledPayload(manifest, recipient.component),
  },
  {
    ...{ name: 'signed-as-command', row: '7', code: 'UPD4_FAIL_23', reason: 'bad-signature' },
    done: 'the signature is over the same bytes as a command',
    envelope(manifest) {
      const payload = encode('Manifest', manifest)
      return envelopeOf({ payload, signatures: [signatureOf(payload, examinationKeys.release, 'command')] })
    },
  },
  {
    ...{ name: 'signature-too-long', row: '7', code: 'UPD4_FAIL_23', reason: 'bad-signature' },
    done: 'a good signature with a byte behind it',
    envelope(manifest) {
      const payload = encode('Manifest', manifest)
      const { keyId = '', signature = Buffer.alloc(0) } = signatureOf(payload)
      return envelopeOf({ payload, signatures: [{ keyId, signature: Buffer.concat([signature, Buffer.of(0)]) }] })
    },
  },
  {
    ...{ name: 'signed-by-p256', row: '7', code: 'UPD4_FAIL_30', quick: true },
    done: 'signed by the ECDSA P-256 key of the role alone, for a foreign vendor: the signature is good',
    envelope: manifest => signed({ ...manifest, ...foreignVendor }, [examinationKeys.releaseP256]),
  },
  {
    ...{ name: 'signed-among-others', row: '7', code: 'UPD4_FAIL_30' },
    done: 'the good signature is the last of eight, for a foreign vendor',
    envelope: manifest => largestEnvelope({ ...manifest, ...foreignVendor }),
  },
  {
    ...{ name: 'manifest-nonsense', row: '8', code: 'UPD4_FAIL_22' },
    done: 'well signed bytes that are no manifest',
    envelope() {
      const payload = Buffer.from('nonsense')
      return envelopeOf({ payload, signatures: [signatureOf(payload)] })
    },
  },
  {
    ...{ name: 'manifest-unknown-field', row: '8', code: 'UPD4_FAIL_22' },
    done: 'a well signed manifest with field 127 in it',
    envelope(manifest) {
      const payload = Buffer.concat([encode('Manifest', manifest), Buffer.of(0xf8, 0x07, 1)])
      return envelopeOf({ payload, signatures: [signatureOf(payload)] })
    },
  },
]
