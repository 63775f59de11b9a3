// Callers of a real broker's HTTP door, and raw clients of its MQTT listener, for tests that push where they may not.
import type { DeviceView } from '../../proto/http-api.ts'
import { deviceId } from '../../proto/ids.ts'
import { type Downlink, deviceTopic, type Uplink } from '../../proto/topics.ts'
import type { Scene } from '../agent/codes/scene.ts'
import { RawClient } from '../broker/adapters/mqtt/raw-client.ts'
import { goodHello } from '../stories/hostile-scene.ts'

export interface Asking {
  readonly token?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly raw?: boolean
}
export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Of a JSON answer. */
  readonly body: Readonly<Record<string, unknown>>
}

export async function ask(scene: Scene, method: string, path: string, asking: Asking = {}): Promise<Answered> {
  const { token, body, headers } = asking
  const sent = body === undefined ? undefined : body instanceof Uint8Array ? body : JSON.stringify(body)
  const response = await fetch(`http://127.0.0.1:${scene.httpPort}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(sent === undefined
        ? {}
        : { 'content-type': body instanceof Uint8Array ? 'application/octet-stream' : 'application/json' }),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  })
  const text = await response.text()
  const isJson = /^application\/json(;|$)/.test(response.headers.get('content-type') ?? '')
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? (JSON.parse(text) as Answered['body']) : {},
  }
}

/** Makes one and returns the token. */
export async function principal(scene: Scene, name: string, role: string): Promise<string> {
  return (await scene.call<{ token: string }>('POST', '/v1/principals', { name, role })).token
}

/** Enrolls a device and returns its secret. */
export async function enrolled(scene: Scene, device: string): Promise<string> {
  return (await scene.call<{ secret: string }>('POST', '/v1/devices/enroll', { device })).secret
}

export type Client = RawClient & { readonly returnCode?: number }

export async function connected(
  scene: Scene,
  name: string,
  secret: string,
  options: Parameters<typeof RawClient.connect>[1] = {},
): Promise<Client> {
  const password = Buffer.from(secret)
  return RawClient.connect(scene.mqttPort, { clientId: name, username: name, password, ...options })
}

/** Enrolled, connected, subscribed, its hello stored. */
export async function online(scene: Scene, name: string): Promise<Client> {
  const client = await connected(scene, name, await enrolled(scene, name))
  await client.subscribe(topic(name, 'offer'), topic(name, 'command'), topic(name, 'chunks/data'))
  client.publish(topic(name, 'hello'), goodHello(), { qos: 1 })
  await client.until(() => client.of('puback').length === 1)
  return client
}

export function topic(device: string, name: Uplink | Downlink): string {
  return deviceTopic(deviceId(device), name)
}

export async function deviceOf(scene: Scene, name: string): Promise<DeviceView> {
  return scene.call<DeviceView>('GET', `/v1/devices/${name}`)
}
