// The way to the broker: JSON requests by the cookie of the session. Every refusal comes back as one ApiProblem with the
// words of the broker.
import { signal } from '@preact/signals'
import type { ErrorBody } from '../../../proto/http-api.ts'
import { currentMs } from './clock.ts'

/** `status` 0: no answer came. */
export class ApiProblem extends Error {
  readonly status: number
  readonly type: string
  readonly fields: ErrorBody['fields']

  constructor(status: number, type: string, message: string, fields: ErrorBody['fields'] = []) {
    super(message)
    this.status = status
    this.type = type
    this.fields = fields
  }
}

/** When the broker answered last, milliseconds since 1970; 0 before the first answer. */
export const answeredAt = signal(0)
/** The broker does not know this browser (any more). */
export const signedOut = signal(false)

const answerTimeMs = 30_000

/** Tells the broker that the request was made by this page, not by a link on another one. */
export const ownHeaders = { 'x-drover-console': '1' }

export async function get<Answer>(address: string, signal?: AbortSignal): Promise<Answer> {
  return request<Answer>('GET', address, undefined, signal)
}

export async function send<Answer>(
  method: 'POST' | 'PATCH' | 'DELETE',
  address: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  return request<Answer>(method, address, body, signal)
}

async function request<Answer>(
  method: string,
  address: string,
  body: unknown,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(answerTimeMs)
  const response = await fetch(address, {
    method,
    credentials: 'same-origin',
    headers: {
      accept: 'application/json',
      ...(method === 'GET' ? {} : ownHeaders),
      // What a browser or a proxy repeats by itself is carried out once.
      ...(method === 'GET' ? {} : { 'idempotency-key': newKey() }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new ApiProblem(0, 'UNREACHABLE', 'The broker does not answer.')
  })
  const text = await response.text()
  if (!response.ok) throw problemOf(response.status, text)
  answeredAt.value = currentMs()
  return (text === '' ? undefined : JSON.parse(text)) as Answer
}

/** The problem in a refused answer; notes when the session is over. */
export function problemOf(status: number, text: string): ApiProblem {
  if (status === 401) signedOut.value = true
  try {
    const { type, message, fields } = JSON.parse(text) as ErrorBody
    return new ApiProblem(status, type, message, fields)
  } catch {
    // Something between us and the broker answered.
    return new ApiProblem(status, 'UNREADABLE', `The answer was no JSON (HTTP ${status}).`)
  }
}

/** For people: what went wrong, with the fields that are meant. */
export function wordsOf(error: unknown): string {
  if (!(error instanceof ApiProblem)) return String(error)
  const fields = error.fields
    .filter(({ message }) => !error.message.includes(message))
    .map(({ name, message }) => `${name}: ${message}`)
  return [error.message, ...fields].join(' ')
}

function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')
}
