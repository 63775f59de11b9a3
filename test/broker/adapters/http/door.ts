// An HTTP door on a free port of 127.0.0.1 before any use cases, with a log that can be read back.
import { randomBytes } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import type { Test } from 'tap'
import { HttpDoor, type HttpDoorOptions } from '../../../../broker/adapters/http/http-door.ts'
import { type HttpSettings, httpSettingsDefaults } from '../../../../broker/adapters/http/settings.ts'
import { systemClock } from '../../../../broker/adapters/system-clock.ts'
import type { Log, LogFields } from '../../../../broker/ports.ts'
import type { UseCases } from '../../../../broker/use-cases/use-cases.ts'

export interface OpenDoor {
  readonly door: HttpDoor
  readonly url: string
  /** What was logged, without `http-request` unless that was asked for. */
  readonly logged: LogFields[]
}

export async function openDoor(
  t: Test,
  useCases: UseCases,
  settings: Partial<HttpSettings> = {},
  tls?: SecureContextOptions,
  {
    logRequests = false,
    ...more
  }: Partial<Pick<HttpDoorOptions, 'consoleDir'>> & { readonly logRequests?: boolean } = {},
): Promise<OpenDoor> {
  const logged: LogFields[] = []
  const add = (fields: LogFields): void => {
    if (logRequests || fields.event !== 'http-request') logged.push(fields)
  }
  const log: Log = { debug: add, info: add, warn: add, error: add }
  const door = await HttpDoor.open({
    useCases,
    log,
    clock: systemClock,
    random: { bytes: randomBytes },
    host: '127.0.0.1',
    port: 0,
    ...(tls === undefined ? {} : { tls }),
    settings: { ...httpSettingsDefaults, failedTokensPerMinute: 1_000_000, ...settings },
    health: () => ({ ready: true, checks: {} }),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: '' }),
    ...more,
  })
  t.teardown(() => door.close())
  return { door, url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${door.port}`, logged }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every kind
  readonly body: any
}

/** A body that is an object travels as JSON, text as it is. */
export async function ask(
  url: string,
  token: string | undefined,
  method = 'GET',
  body?: object | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': typeof body === 'string' ? 'text/csv' : 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = /^application\/json\b/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}
