// Certificates of devices.
import {
  CertificateAnswer,
  CertificateRequest,
  DeviceCertificates,
  EnrolmentToken,
} from '../../proto/http-certificates.ts'
import { type Verb, verb } from './verb.ts'

export const certificateVerbs: readonly Verb[] = [
  verb({
    name: 'device-enroll-token',
    summary: 'A token that is good for one certificate of this device, within a day',
    role: 'operator',
    http: ['POST', '/v1/devices/:id/enrolment-token', 201],
    answer: EnrolmentToken,
    perform: (useCases, by, { path }) => useCases.issueEnrolmentToken(by, path.id),
  }),
  verb({
    name: 'device-certify',
    summary: 'A certificate for the key in the request; a password of the device is void from then on',
    role: 'operator',
    http: ['POST', '/v1/devices/:id/certificate', 201],
    body: CertificateRequest,
    answer: CertificateAnswer,
    perform: (useCases, by, { path, body }) => useCases.certifyDevice(by, path.id, body),
  }),
  verb({
    name: 'device-certificates',
    summary: 'The certificates of this device that count, oldest first',
    role: 'viewer',
    http: ['GET', '/v1/devices/:id/certificates'],
    answer: DeviceCertificates,
    perform: (useCases, by, { path }) => useCases.listCertificates(by, path.id),
  }),
  verb({
    name: 'device-revoke',
    summary: 'None of the certificates and tokens of this device counts any more; its connection ends',
    role: 'operator',
    http: ['DELETE', '/v1/devices/:id/certificates'],
    perform: (useCases, by, { path }) => useCases.revokeCertificates(by, path.id),
  }),
]
