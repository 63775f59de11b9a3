// How long an address and the headers of a request may be. Node counts both together; each has a limit of its own.
import type { IncomingMessage } from 'node:http'
import { HttpProblem } from './problems.ts'
import type { HttpSettings } from './settings.ts'

/** Throws HttpProblem 414 or 431. */
export function checkHead(
  { url = '', rawHeaders }: IncomingMessage,
  { addressBytesMax, headerBytesMax }: Pick<HttpSettings, 'addressBytesMax' | 'headerBytesMax'>,
): void {
  if (url.length > addressBytesMax) throw tooLong(414, 'url', `expected at most ${addressBytesMax} bytes`)
  // `name: value\r\n`
  const headerBytes = rawHeaders.reduce((sum, text) => sum + text.length + 2, 0)
  if (headerBytes > headerBytesMax) throw tooLong(431, 'headers', `expected at most ${headerBytesMax} bytes`)
}

function tooLong(status: number, name: string, message: string): HttpProblem {
  const what = name === 'url' ? 'The address is' : 'The headers are'
  return new HttpProblem({
    status,
    type: 'INVALID',
    message: `${what} too long: ${message}.`,
    fields: [{ name, message }],
  })
}
