// An HTTP door on a free port of 127.0.0.1 before the fake use cases, with a log that can be read back.
import { randomBytes } from 'node:crypto'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import type { Test } from 'tap'
import { HttpDoor, type HttpDoorOptions } from '../../broker/adapters/http/http-door.ts'
import { type HttpSettings, httpSettingsDefaults } from '../../broker/adapters/http/settings.ts'
import type { Clock, Log } from '../../broker/ports.ts'
import { makeBundle, makeImage } from '../fixtures/bundle.ts'
import { deviceView, eventView, executionView, FakeUseCases, operationView, tokens } from './fake-use-cases.ts'

export interface OpenDoor {
  readonly door: HttpDoor
  readonly url: string
  readonly useCases: FakeUseCases
  readonly clock: TestClock
  /** Everything logged so far, one JSON object a line. */
  logged(): string
}

/** Real timers, and a monotonic time that can be moved on. */
export class TestClock implements Clock {
  aheadMs = 0
  now(): number {
    return Date.now()
  }
  monotonic(): number {
    return performance.now() + this.aheadMs
  }
  after(delayMs: number, action: () => void): () => void {
    const timer = setTimeout(action, delayMs).unref()
    return () => clearTimeout(timer)
  }
}

export async function openDoor(
  t: Test,
  settings: Partial<HttpSettings> = {},
  options: Partial<Pick<HttpDoorOptions, 'health' | 'metrics' | 'port' | 'tls'>> = {},
): Promise<OpenDoor> {
  const useCases = new FakeUseCases()
  const clock = new TestClock()
  let logged = ''
  const sink = new Writable({
    write(chunk, _encoding, done) {
      logged += String(chunk)
      done()
    },
  })
  const door = await HttpDoor.open({
    useCases,
    log: pino({ level: 'debug' }, sink) as unknown as Log,
    clock,
    random: { bytes: randomBytes },
    host: '127.0.0.1',
    port: 0,
    settings: { ...httpSettingsDefaults, ...settings },
    health: () => ({ ready: true, checks: { store: 'ok' } }),
    ...options,
  })
  t.teardown(() => door.close())
  return {
    door,
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${door.port}`,
    useCases,
    clock,
    logged: () => logged,
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every kind
  readonly body: any
}

/** `token` null: none. A body that is an object travels as JSON, anything else as it is. */
export async function ask(
  url: string,
  {
    method = 'GET',
    token = tokens.admin,
    body,
    headers = {},
  }: {
    readonly method?: string
    readonly token?: string | null
    readonly body?: object | string | Uint8Array
    readonly headers?: Readonly<Record<string, string>>
  } = {},
): Promise<Answer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(url, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined
        ? {}
        : { 'content-type': body instanceof Uint8Array ? 'application/octet-stream' : 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

/** What the filled door holds. */
export const bundle = makeBundle({ image: makeImage(5000), version: '2.0.0' })
export const operation = 'op'.padEnd(26, '0')

/** A door with a device, a release, an operation with two executions and two events. */
export async function openFilledDoor(test: Test, settings = {}) {
  const opened = await openDoor(test, settings, {
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'drover_up 1\n' }),
  })
  const { useCases } = opened
  useCases.devices.set('sensor-1', deviceView('sensor-1'))
  useCases.operations.set(operation, operationView(operation))
  useCases.executions.set(operation, [
    executionView(operation, 'sensor-1'),
    executionView(operation, 'sensor-2', { state: 'failed' }),
  ])
  useCases.events.push(eventView(1), eventView(2, { device_id: 'sensor-2', data: { campaign_id: operation } }))
  await ask(`${opened.url}/v1/artifacts`, { method: 'POST', body: bundle.bytes })
  useCases.calls.length = 0
  return opened
}

export function isErrorBody(test: Test, answer: Answer, status: number, type: string, what: string): void {
  test.match(
    answer,
    {
      status,
      body: { object: 'error', code: status, type, message: String, fields: Array, request_id: /^[0-9a-f]{24}$/ },
    },
    what,
  )
  test.equal(
    answer.headers.get('x-request-id'),
    answer.body.request_id,
    `${what}: the request id stands in the header too`,
  )
  test.equal(answer.headers.get('x-content-type-options'), 'nosniff')
}
