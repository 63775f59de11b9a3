// What a client showed in the handshake below its MQTT connection, whatever the connection is wrapped in: read from the
// stream that was handed to `handle`, if it is one that knows (tls.TLSSocket does).
import type { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { PresentedCertificate } from '../../core/device-certificates.ts'

interface SecureStream {
  readonly authorized?: boolean
  readonly authorizationError?: unknown
  getPeerX509Certificate?(): X509Certificate | undefined
}

/** Undefined: none was shown, or there is no TLS. */
export function certificateOf(conn: Duplex): PresentedCertificate | undefined {
  const stream = conn as SecureStream
  const certificate = stream.getPeerX509Certificate?.()
  if (certificate === undefined) return undefined
  // An object: several common names are a list there, and in the text they could be made to look like one.
  const { CN: name } = certificate.toLegacyObject().subject as { readonly CN?: unknown }
  const { authorizationError: error } = stream
  return {
    name: typeof name === 'string' ? name : undefined,
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    notAfter: Date.parse(certificate.validTo),
    ...(stream.authorized === true ? {} : { problem: error instanceof Error ? error.message : String(error) }),
  }
}
