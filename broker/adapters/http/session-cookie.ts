// The cookie of a session, out of a request and into an answer. Scripts cannot read it, and no other site can send it.
import { parseCookie, type SetCookie, stringifySetCookie } from 'cookie'

/** 256 bits in base64url. */
const valuePattern = /^[A-Za-z0-9_-]{43}$/

export class SessionCookie {
  readonly #name: string
  readonly #tls: boolean

  /** `tls`: of this door itself. Then no plain page of the same host can set a cookie of this name either. */
  constructor(tls: boolean) {
    this.#name = sessionCookieName(tls)
    this.#tls = tls
  }

  /** The value, `''` when there is one that cannot be ours, undefined when there is none. */
  read(header: string | undefined): string | undefined {
    const value = header === undefined ? undefined : parseCookie(header, { decode: text => text })[this.#name]
    return value === undefined || valuePattern.test(value) ? value : ''
  }

  /** `secure`: the browser says that it speaks TLS, perhaps with a proxy before this door. */
  set(value: string, maxAgeSeconds: number, secure: boolean): string {
    return stringifySetCookie({ ...this.#shape(secure), value, maxAge: maxAgeSeconds })
  }

  clear(): string {
    return stringifySetCookie({ ...this.#shape(false), value: '', maxAge: 0 })
  }

  #shape(secure: boolean): Omit<SetCookie, 'value'> {
    return { name: this.#name, path: '/', httpOnly: true, sameSite: 'strict', secure: this.#tls || secure }
  }
}

export function sessionCookieName(tls: boolean): string {
  return `${tls ? '__Host-' : ''}drover_session`
}
