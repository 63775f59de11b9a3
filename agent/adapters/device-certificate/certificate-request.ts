// A request for a certificate (PKCS #10, RFC 2986): the name of the device and its key, signed with that key. Node makes
// keys and signatures, the form around them is written here.
import { createPublicKey, type KeyObject, sign } from 'node:crypto'
import { der } from '../../../proto/der.ts'
import type { DeviceId } from '../../../proto/ids.ts'

const commonName = Buffer.from('550403', 'hex')
const ecdsaWithSha256 = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))

/** DER. `key`: private, P-256. */
export function certificateRequest(device: DeviceId, key: KeyObject): Buffer {
  const content = der(
    0x30,
    der(0x02, Buffer.from([0])),
    der(0x30, der(0x31, der(0x30, der(0x06, commonName), der(0x0c, Buffer.from(device))))),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    der(0xa0),
  )
  return der(0x30, content, ecdsaWithSha256, der(0x03, Buffer.from([0]), sign('sha256', content, key)))
}
