// How a device that is connected by its certificate comes by the next one: the request goes up on the topic `certificate`,
// the answer comes back on the topic `offer`, because every device is subscribed to that one already. Readers throw
// WireError naming the field.
import { decode, encode } from './codec.ts'
import { certificateBytesMax, certificateRequestBytesMax } from './limits.ts'
import { need, text } from './values.ts'

export type CertificateAnswer =
  | {
      readonly kind: 'issued'
      /** X.509, DER; a view of the packet. */
      readonly certificate: Uint8Array
    }
  | {
      readonly kind: 'refused'
      /** One word. */
      readonly reason: string
      /** Whole seconds; the device asks again no sooner. */
      readonly retryAfterSeconds: number
    }

/** Framing of the one field around a certificate or request. */
const framingBytes = 64

/** `OfferMessage.certificate` with its wire type. */
export function encodeCertificateRequest(csr: Uint8Array): Buffer {
  return encode('CertificateRequest', { csr })
}

/** The request (PKCS #10, DER) of 1 to `certificateRequestBytesMax` bytes; nothing in it has been looked at. */
export function readCertificateRequest(bytes: Uint8Array): Uint8Array {
  const { csr } = decode('CertificateRequest', bytes, certificateRequestBytesMax + framingBytes)
  return need(csr?.length === 0 ? undefined : csr, 'CertificateRequest.csr')
}

export function encodeCertificateAnswer(answer: CertificateAnswer): Buffer {
  const certificate =
    answer.kind === 'issued'
      ? { certificate: answer.certificate }
      : { refusal: answer.reason, retryAfterSeconds: answer.retryAfterSeconds }
  return encode('OfferMessage', { certificate })
}

/** Undefined: one of the other messages of the topic `offer`. */
export function readCertificateAnswer(bytes: Uint8Array): CertificateAnswer | undefined {
  // Its field number with wire type 2: the others are not decoded a second time.
  if (bytes[0] !== answerTag) return undefined
  const wire = decode('OfferMessage', bytes, certificateBytesMax + framingBytes)
  const { certificate, refusal, retryAfterSeconds = 0 } = need(wire.certificate, 'OfferMessage.certificate')
  if (certificate === undefined)
    return { kind: 'refused', reason: text(refusal, 64, 'CertificateAnswer.refusal'), retryAfterSeconds }
  return {
    kind: 'issued',
    certificate: need(certificate.length === 0 ? undefined : certificate, 'CertificateAnswer.certificate'),
  }
}

const answerTag = (6 << 3) | 2
