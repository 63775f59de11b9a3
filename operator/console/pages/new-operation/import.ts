// An operation over a list in a file: the file goes as it is, the rest of the request in the address.
import type { OperationView } from '../../../../proto/http-api.ts'
import { ApiProblem, ownHeaders, problemOf } from '../../state/api.ts'
import type { Request } from './request.ts'

const uploadTimeMs = 120_000

/** Rejects with ApiProblem. */
export async function importOperation({ targets: _, ...request }: Request, file: File): Promise<OperationView> {
  const response = await fetch(`/v1/operations/import?request=${encodeURIComponent(JSON.stringify(request))}`, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { ...ownHeaders, accept: 'application/json', 'content-type': 'text/csv' },
    body: file,
    signal: AbortSignal.timeout(uploadTimeMs),
  }).catch(() => {
    throw new ApiProblem(0, 'UNREACHABLE', 'The broker does not answer, or the file has changed.')
  })
  const text = await response.text()
  if (!response.ok) throw problemOf(response.status, text)
  return JSON.parse(text) as OperationView
}
