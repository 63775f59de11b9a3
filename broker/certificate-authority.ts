// The port to whoever signs certificates of devices.
import type { DeviceId } from '../proto/ids.ts'
import type { DeviceCertificate } from './core/device-certificates.ts'
import { BrokerError } from './errors.ts'

export interface IssuedCertificate extends DeviceCertificate {
  /** PEM. */
  readonly certificate: string
}

export interface CertificateAuthority {
  /** PEM, of the authority itself. */
  readonly certificate: string
  /**
   * For the key in the request (PKCS #10; PEM as text, DER as bytes) and for this device. `nameIn: 'must-match'`: the
   * request names the device, too; otherwise what else it asks for is not looked at. Throws CertificateRequestRefused.
   */
  issue(request: string | Uint8Array, device: DeviceId, nameIn?: 'must-match'): IssuedCertificate
}

/** The request is none, or whoever sent it does not hold its key; the message says what was expected. */
export class CertificateRequestRefused extends BrokerError {
  override readonly name = 'CertificateRequestRefused'
  readonly code = 'CERTIFICATE_REQUEST_REFUSED'
}
