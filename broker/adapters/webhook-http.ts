// The WebhookPost port by HTTP: one request on a connection of its own. The address is judged where the connection is
// made, not before: a name that leads elsewhere at the second look gains nothing.
import { lookup as systemLookup } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { WebhookOutcome, WebhookPost, WebhookRequest } from '../webhooks/post.ts'
import { addressIn, isLoopbackAddress, isLoopbackHost, isPublicAddress } from './webhook-http/addresses.ts'

export interface WebhookHttpSettings {
  /** Without TLS also to other machines. */
  readonly plainHttp: boolean
  /** Also to private, link-local and other special addresses. */
  readonly privateAddresses: boolean
}
export const webhookHttpDefaults: WebhookHttpSettings = { plainHttp: false, privateAddresses: false }

export const webhookUrlCharactersMax = 2048
/** Of an answer's body; what it says does not matter, but a receiver that is cut off may take it for an error. */
export const answerBytesMax = 4096
const answerHeaderBytesMax = 16 * 1024

export class WebhookHttp implements WebhookPost {
  readonly #settings: WebhookHttpSettings
  readonly #lookup: LookupFunction

  constructor(settings: Partial<WebhookHttpSettings> = {}, lookup: LookupFunction = systemLookup as LookupFunction) {
    this.#settings = { ...webhookHttpDefaults, ...settings }
    this.#lookup = lookup
  }

  problem(text: string): string | undefined {
    if (text.length > webhookUrlCharactersMax) return `expected at most ${webhookUrlCharactersMax} characters`
    if (!URL.canParse(text)) return 'expected a URL like https://example.org/hook'
    const url = new URL(text)
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'expected a URL that begins with https://'
    if (url.username !== '' || url.password !== '') return 'expected no user name and no password in the URL'
    if (url.protocol === 'http:' && !this.#settings.plainHttp && !isLoopbackHost(url.hostname))
      return 'expected https://; http:// goes to this machine only (localhost)'
    const address = addressIn(url.hostname)
    if (address !== undefined && !this.#mayReach(address, url.hostname))
      return `expected a public address, ${address} is none`
    return undefined
  }

  post({ url: text, headers, body }: WebhookRequest, signal: AbortSignal): Promise<WebhookOutcome> {
    const problem = this.problem(text)
    if (problem !== undefined) return Promise.resolve({ kind: 'failed', reason: `the URL is refused: ${problem}` })
    const url = new URL(text)
    return new Promise(resolve => {
      const failed = (cause: Error & { readonly code?: string }) =>
        resolve({ kind: 'failed', reason: signal.aborted ? 'no answer in time' : (cause.code ?? cause.message) })
      const make = url.protocol === 'https:' ? requestHttps : requestHttp
      const request = make(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': body.length },
        agent: false,
        lookup: this.#judged(url.hostname),
        maxHeaderSize: answerHeaderBytesMax,
        signal,
      })
      request.on('error', failed)
      request.on('response', response => {
        const answered = () => resolve({ kind: 'answered', status: response.statusCode ?? 0 })
        let bytes = 0
        response.on('data', (chunk: Uint8Array) => {
          bytes += chunk.length
          if (bytes > answerBytesMax) response.destroy()
        })
        // However the body ends: the status has been said.
        response.on('error', answered)
        response.on('close', answered)
      })
      // Whatever else ends it, such as an answer that wants another protocol.
      request.on('close', () => failed(new Error('closed without an answer')))
      request.end(body)
    })
  }

  /** The look-up of the connection itself, without the addresses it must not go to. */
  #judged(host: string): LookupFunction {
    return (name, options, done) =>
      this.#lookup(name, { ...options, all: true }, (problem, found) => {
        if (problem !== null) return done(problem, [])
        const all = Array.isArray(found) ? found : []
        const allowed = all.filter(({ address }) => this.#mayReach(address, host))
        const [first] = allowed
        if (first === undefined)
          return done(new AddressRefused(`${name} leads to no address that is allowed: ${addressesText(all)}`), [])
        return options.all === true ? done(null, allowed) : done(null, first.address, first.family)
      })
  }

  #mayReach(address: string, host: string): boolean {
    if (isLoopbackHost(host)) return isLoopbackAddress(address)
    return this.#settings.privateAddresses || isPublicAddress(address)
  }
}

class AddressRefused extends Error {
  override readonly name = 'AddressRefused'
}

function addressesText(all: readonly { readonly address: string }[]): string {
  return all.length === 0
    ? 'none found'
    : all
        .slice(0, 4)
        .map(({ address }) => address)
        .join(', ')
}
