// Certificates of devices as they are asked for and answered over HTTP and MQTT.
import Type, { type Static } from 'typebox'

/** Longest certificate request that is read, characters of PEM. */
export const certificateRequestMax = 8 * 1024

const csr = Type.String({ maxLength: certificateRequestMax, description: 'certificate request (PKCS #10) in PEM form' })

export const CertificateRequest = Type.Object({ csr }, { additionalProperties: false })
export type CertificateRequest = Static<typeof CertificateRequest>

export const BootstrapRequest = Type.Object(
  {
    device: Type.String({ maxLength: 64 }),
    token: Type.String({ maxLength: 64, description: 'the one-time token of this device' }),
    csr,
  },
  { additionalProperties: false },
)
export type BootstrapRequest = Static<typeof BootstrapRequest>

export const EnrolmentToken = Type.Object({
  object: Type.Literal('enrolment-token'),
  device: Type.String(),
  token: Type.String({ description: 'good for one certificate of this device; shown once, stored as a hash' }),
  expiresAt: Type.String({ description: 'RFC 3339, UTC' }),
})
export type EnrolmentToken = Static<typeof EnrolmentToken>

export const CertificateAnswer = Type.Object({
  object: Type.Literal('device-certificate'),
  device: Type.String(),
  certificate: Type.String({ description: 'PEM' }),
  authority: Type.String({ description: 'PEM: who signed it' }),
  serial: Type.String(),
  sha256: Type.String({ description: 'of the certificate (DER)' }),
  expiresAt: Type.String({ description: 'RFC 3339, UTC' }),
})
export type CertificateAnswer = Static<typeof CertificateAnswer>

export const DeviceCertificates = Type.Object({
  object: Type.Literal('device-certificates'),
  device: Type.String(),
  data: Type.Array(
    Type.Object({
      serial: Type.String(),
      sha256: Type.String({ description: 'of the certificate (DER)' }),
      issuedAt: Type.String({ description: 'RFC 3339, UTC' }),
      expiresAt: Type.String({ description: 'RFC 3339, UTC' }),
    }),
    { description: 'that count, oldest first; two while a new one has not been used yet' },
  ),
})
export type DeviceCertificates = Static<typeof DeviceCertificates>
