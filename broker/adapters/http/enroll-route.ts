// How a device that has nothing but a one-time token gets its first certificate: the one address that takes a secret in
// its body. Wrong tokens count like wrong tokens of people, by address.
import { BootstrapRequest, CertificateAnswer } from '../../../proto/http-certificates.ts'
import { RequestRefused } from '../../errors.ts'
import type { UseCases } from '../../use-cases/use-cases.ts'
import type { TokenGate } from './authentication.ts'
import { inJson, json } from './route-document.ts'
import { answers, type Server } from './server.ts'

export function addEnrollRoute(server: Server, useCases: Pick<UseCases, 'enrollByToken'>, gate: TokenGate): void {
  const document = {
    name: 'device-bootstrap',
    summary: 'A certificate for the one-time token of a device',
    body: { type: json, schema: BootstrapRequest },
    answer: inJson(201, 'Made', CertificateAnswer),
  }
  server.post(
    '/v1/enroll',
    { config: { open: true, document }, schema: { body: BootstrapRequest, ...answers(201, CertificateAnswer) } },
    async (request, reply) => {
      gate.refuseAfterFailures(request.ip)
      try {
        const made = await useCases.enrollByToken(request.body as BootstrapRequest)
        return reply.code(201).send(made as never)
      } catch (error) {
        if (error instanceof RequestRefused && error.code === 'UNAUTHENTICATED') gate.failed(request.ip)
        throw error
      }
    },
  )
}
