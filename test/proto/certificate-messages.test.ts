// The request for a certificate and its answer on the wire.
import t, { type Test } from 'tap'
import {
  encodeCertificateAnswer,
  encodeCertificateRequest,
  readCertificateAnswer,
  readCertificateRequest,
} from '../../proto/certificate-messages.ts'
import { encode, WireError } from '../../proto/codec.ts'
import { certificateBytesMax, certificateRequestBytesMax } from '../../proto/limits.ts'
import { encodeTrustMessage, readOfferTopic } from '../../proto/offer-messages.ts'
import { forAll, mutated } from './fuzz.ts'

const refuses = (t: Test, run: () => unknown, field: string): void => void t.throws(run, { name: 'WireError', field })
const issued = { kind: 'issued', certificate: Buffer.alloc(700, 7) } as const
const refused = { kind: 'refused', reason: 'early', retryAfterSeconds: 90 } as const

t.test('what was written is read, up to the limits', async t => {
  for (const length of [1, 500, certificateRequestBytesMax])
    t.equal(readCertificateRequest(encodeCertificateRequest(Buffer.alloc(length, 7))).length, length)
  for (const answer of [issued, refused, { ...refused, retryAfterSeconds: 0 }])
    t.match(readCertificateAnswer(encodeCertificateAnswer(answer)), answer)
  t.equal(readCertificateAnswer(encodeTrustMessage(Buffer.from('x'))), undefined, 'another message of that topic')
  t.equal(readCertificateAnswer(Buffer.of()), undefined)
})

t.test('what is none is refused by field; to a device that asks for none the answer is no offer', async t => {
  refuses(t, () => readCertificateRequest(encode('CertificateRequest', {})), 'CertificateRequest.csr')
  refuses(t, () => readCertificateRequest(encodeCertificateRequest(Buffer.of())), 'CertificateRequest.csr')
  refuses(t, () => readCertificateRequest(encodeCertificateRequest(Buffer.alloc(5000))), 'CertificateRequest')
  const answer = (certificate: object) => (): unknown => readCertificateAnswer(encode('OfferMessage', { certificate }))
  refuses(t, answer({}), 'CertificateAnswer.refusal')
  refuses(t, answer({ refusal: '' }), 'CertificateAnswer.refusal')
  refuses(t, answer({ refusal: 'x'.repeat(65) }), 'CertificateAnswer.refusal')
  refuses(t, answer({ certificate: Buffer.of() }), 'CertificateAnswer.certificate')
  refuses(t, answer({ certificate: Buffer.alloc(certificateBytesMax + 100) }), 'OfferMessage')
  refuses(t, () => readOfferTopic(encodeCertificateAnswer(issued)), 'OfferMessage.content')
})

t.test('mutated bytes are read or refused with WireError, nothing else', async t => {
  const samples = [issued, refused].map(encodeCertificateAnswer)
  forAll(mutated([...samples, encodeCertificateRequest(Buffer.alloc(90, 1))]), 3000, bytes => {
    for (const read of [readCertificateAnswer, readCertificateRequest])
      try {
        read(bytes)
      } catch (error) {
        if (!(error instanceof WireError)) throw error
      }
  })
  t.pass('nothing else')
})
