// fetch over HTTPS with an authority of one's own: Node's fetch believes only those it was started with. As much of it as
// transport.ts uses, with the same failures: redirects are errors, the signal ends the request.
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { Readable } from 'node:stream'

export interface HttpsRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Readable
  readonly signal: AbortSignal
  /** PEM: nobody else is believed. */
  readonly ca: string
}

/** Rejects with the system's or OpenSSL's error, or the reason of the signal, before there is a head of an answer. */
export async function fetchHttps(url: URL, { method, headers, body, signal, ca }: HttpsRequest): Promise<Response> {
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    signal.throwIfAborted()
    const outgoing = request(url, {
      ...{ method, signal, ca, agent: false, minVersion: 'TLSv1.2' },
      // Said, so that no environment variable can take it back.
      rejectUnauthorized: true,
      headers: {
        ...headers,
        ...(typeof body === 'string' ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
      },
    })
    outgoing.once('response', resolve)
    outgoing.once('error', error => reject(signal.aborted ? signal.reason : error))
    if (!(body instanceof Readable)) outgoing.end(body)
    else body.once('error', error => outgoing.destroy(error)).pipe(outgoing)
  })
  const { statusCode: status = 0, headers: answered } = incoming
  if (status >= 300 && status < 400) {
    incoming.destroy()
    throw new Error('unexpected redirect')
  }
  const pairs = Object.entries(answered).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  )
  const empty = status === 204 || status === 205
  if (empty) incoming.resume()
  return new Response(empty ? null : (Readable.toWeb(incoming) as ReadableStream), { status, headers: pairs })
}
