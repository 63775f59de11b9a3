// One request with exactly the headers that a test names: fetch adds some of its own and keeps others from being sent.
import { type IncomingHttpHeaders, request } from 'node:http'
import { request as requestTls } from 'node:https'

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every kind
  readonly body: any
}

/** A body that is an object travels as JSON. */
export function rawRequest(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>> = {},
  body?: object,
  ca?: string,
): Promise<RawAnswer> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const length = String(Buffer.byteLength(text ?? ''))
  const all = {
    ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': length }),
    ...headers,
  }
  const send = url.startsWith('https:') ? requestTls : request
  return new Promise((resolve, reject) => {
    send(url, { method, headers: all, agent: false, ...(ca === undefined ? {} : { ca }) }, answer => {
      const parts: Buffer[] = []
      answer.on('data', part => parts.push(part))
      answer.once('error', reject)
      answer.once('end', () => {
        const bytes = Buffer.concat(parts)
        const isJson = /^application\/json\b/.test(answer.headers['content-type'] ?? '') && bytes.length > 0
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          bytes,
          body: isJson ? JSON.parse(bytes.toString()) : bytes.toString(),
        })
      })
    })
      .once('error', reject)
      .end(text)
  })
}

/** Name and value of the cookie that an answer sets, as a browser sends it back. */
export function cookieOf({ headers }: RawAnswer): string {
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}
