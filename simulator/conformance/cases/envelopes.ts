// Envelopes as no tool of ours would make them.

import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { encode, type WireManifest, type WireSignature } from '../../../proto/codec.ts'
import { type PayloadType, preAuthenticationEncoding, schemaVersion, trustedKey } from '../../../proto/envelope.ts'
import { envelopeBytesMax } from '../../../proto/limits.ts'
import { envelopeOf } from '../goods.ts'
import { examinationKeys } from '../keys.ts'

/** The signature of an Ed25519 key over what it should be over, or over another kind of statement. */
export function signatureOf(
  payload: Uint8Array,
  key: KeyObject = examinationKeys.release,
  payloadType: PayloadType = 'manifest',
  version = schemaVersion,
): WireSignature {
  const { keyId } = trustedKey(createPublicKey(key))
  return { keyId, signature: sign(null, preAuthenticationEncoding(payloadType, version, payload), key) }
}

/** Seven signatures of keys nobody knows, as long as the limit allows, before the good one. */
export function largestEnvelope(manifest: WireManifest): Buffer {
  const payload = encode('Manifest', manifest)
  const good = signatureOf(payload)
  const room = envelopeBytesMax - payload.length - 1024
  const foreign = Array.from({ length: 7 }, (_, at) => ({
    keyId: `nobody-${at}`,
    signature: Buffer.alloc(Math.floor(room / 7) - 32, at + 1),
  }))
  return envelopeOf({ payload, signatures: [...foreign, good] })
}

/** The payload after it was signed, one bit of it changed where `find` stands. */
export function spoiledPayload(manifest: WireManifest, find: string): Buffer {
  const payload = encode('Manifest', manifest)
  const signatures = [signatureOf(payload)]
  const place = payload.indexOf(find)
  const spoiled = Buffer.from(payload)
  spoiled[place] = (spoiled[place] ?? 0) ^ 1
  return envelopeOf({ payload: spoiled, signatures })
}
