// What a browser sends along by itself, a cookie, is no proof that a person wanted the request. So whatever comes in by
// cookie must come from the console: pages of other sites, and of other ports of this host, are told apart here.
//
//   Sec-Fetch-Site   which page asks; browsers send it to https: and to loopback, and no script can set it
//   Origin           the same, with every request that may change something
//   x-drover-console a header of our own, which another site could send only after asking for leave, which nobody gives
import type { FastifyRequest } from 'fastify'
import { RequestRefused } from '../../errors.ts'

type Head = Pick<FastifyRequest, 'method' | 'headers'>

/** Of a request that comes in by cookie. Throws RequestRefused FORBIDDEN with the header that is wrong. */
export function mustBeOfConsole(request: Head): void {
  mustBeOwnSite(request)
  if (!reads(request) && request.headers['x-drover-console'] !== '1')
    throw refused('x-drover-console', 'expected 1 with every request that comes in by cookie and is not GET or HEAD')
}

/** Of a request that is no other site's business even without a cookie. Throws as `mustBeOfConsole` does. */
export function mustBeOwnSite(request: Head): void {
  const { origin, host } = request.headers
  const site = request.headers['sec-fetch-site']
  // `none`: a person typed the address, or follows a link from outside the browser.
  if (site !== undefined && site !== 'same-origin' && !(reads(request) && site === 'none'))
    throw refused('sec-fetch-site', reads(request) ? 'expected same-origin or none' : 'expected same-origin')
  if (origin !== undefined && !isOf(origin, host))
    throw refused('origin', 'expected the address of this broker, as in the header Host')
}

function reads({ method }: Head): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** The scheme may be another one: a proxy before this door may speak TLS for it. Ports count. */
function isOf(origin: string, host: string | undefined): boolean {
  if (host === undefined) return false
  try {
    const { protocol, host: asked } = new URL(origin)
    return (protocol === 'http:' || protocol === 'https:') && new URL(`${protocol}//${host}`).host === asked
  } catch {
    // `null`, or nothing a browser sends.
    return false
  }
}

function refused(name: string, message: string): RequestRefused {
  return new RequestRefused('FORBIDDEN', `This request does not come from the console: ${name} ${message}.`, [
    { name, message },
  ])
}
