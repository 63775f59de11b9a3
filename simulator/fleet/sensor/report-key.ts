// The report key that virtual sensors with `signsReports` share: made of a constant, so that it is the same in every process
// and run, and costs a sensor nothing. A broker keeps it for each of them; it proves nothing to anybody.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import type { ReportSigner } from '../../../agent/ports.ts'

/** PKCS #8 head of an Ed25519 key (RFC 8410, 7). */
const head = Buffer.from('302e020100300506032b657004220420', 'hex')

export function sharedReportSigner(): ReportSigner {
  const secret = createHash('sha256').update('report key of the virtual sensors').digest()
  const key: KeyObject = createPrivateKey({ key: Buffer.concat([head, secret]), format: 'der', type: 'pkcs8' })
  return {
    publicKey: createPublicKey(key).export({ format: 'der', type: 'spki' }),
    sign: async message => sign(null, message, key),
  }
}
