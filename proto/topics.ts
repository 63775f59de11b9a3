// Every topic of Drover, built and parsed here alone. MQTT 3.1.1; root `drover/v1`; a device id is exactly one level,
// so that an access rule is a plain compare. docs/PROTOCOL.md has the table with payloads and QoS.
import { type DeviceId, deviceId, isReservedName, type OperationId, type PrincipalName, principalName } from './ids.ts'

export const root = 'drover/v1'

/** What a device publishes. */
export const uplinks = [
  'hello',
  'events',
  'progress',
  'chunks/request',
  'presence',
  'configuration',
  'log',
  'certificate',
] as const
export type Uplink = (typeof uplinks)[number]

/** What a device subscribes to. */
export const downlinks = ['offer', 'command', 'chunks/data'] as const
export type Downlink = (typeof downlinks)[number]

export type DeviceTopic =
  | { readonly device: DeviceId; readonly uplink: Uplink }
  | { readonly device: DeviceId; readonly downlink: Downlink }

/** `drover/v1/devices/{device}/{name}` */
export function deviceTopic(device: DeviceId, name: Uplink | Downlink): string {
  return `${root}/devices/${device}/${name}`
}

const devicePrefix = `${root}/devices/`
const uplinkNames: ReadonlySet<string> = new Set(uplinks)
const downlinkNames: ReadonlySet<string> = new Set(downlinks)

/** The device and direction a topic names, or undefined when it is none of a device's topics (wildcards included). */
export function parseDeviceTopic(topic: string): DeviceTopic | undefined {
  if (!topic.startsWith(devicePrefix)) return undefined
  const slash = topic.indexOf('/', devicePrefix.length)
  if (slash < 0) return undefined
  const name = topic.slice(slash + 1)
  const device = parsed(deviceId, topic.slice(devicePrefix.length, slash))
  if (device === undefined) return undefined
  if (uplinkNames.has(name)) return { device, uplink: name as Uplink }
  if (downlinkNames.has(name)) return { device, downlink: name as Downlink }
  return undefined
}

/** The uplink a topic names, when it is one of exactly this device. Asked for every message, so it only compares. */
export function uplinkOf(device: DeviceId, topic: string): Uplink | undefined {
  const end = devicePrefix.length + device.length
  if (topic[end] !== '/' || !topic.startsWith(devicePrefix) || !topic.startsWith(device, devicePrefix.length))
    return undefined
  const name = topic.slice(end + 1)
  return uplinkNames.has(name) ? (name as Uplink) : undefined
}

/** Where a device publishes what it measures, for the operators who listen; nothing of the protocol depends on it. */
export function telemetryTopic(device: DeviceId): string {
  return `${devicePrefix}${device}/telemetry`
}

/** Is it the telemetry of exactly this device? */
export function isTelemetryOf(device: DeviceId, topic: string): boolean {
  return topic.length === devicePrefix.length + device.length + 10 && topic === telemetryTopic(device)
}

/** The two topics of a broadcast session: `drover/v1/broadcast/{session}/{channel}`. A session is named by 16 hex digits. */
export const sessionChannels = ['control', 'data'] as const
export type SessionChannel = (typeof sessionChannels)[number]

export function sessionTopic(session: string, channel: SessionChannel): string {
  return `${root}/broadcast/${session}/${channel}`
}

/** The session and channel a topic names, or undefined when it is none (wildcards included). */
export function parseSessionTopic(
  topic: string,
): { readonly session: string; readonly channel: SessionChannel } | undefined {
  const match = /^drover\/v1\/broadcast\/([0-9a-f]{16})\/(control|data)$/.exec(topic)
  return match === null ? undefined : { session: match[1] ?? '', channel: match[2] as SessionChannel }
}

/** What an operator publishes: `drover/v1/operators/{name}/request/{verb}`, JSON. */
export function operatorRequestTopic(operator: PrincipalName, verb: string): string {
  return `${root}/operators/${operator}/request/${verb}`
}

/** Where the answer arrives: `drover/v1/operators/{name}/accepted|rejected/{requestId}`, JSON. */
export function operatorAnswerTopic(
  operator: PrincipalName,
  outcome: 'accepted' | 'rejected',
  requestId: string,
): string {
  return `${root}/operators/${operator}/${outcome}/${requestId}`
}

export interface OperatorRequest {
  readonly operator: PrincipalName
  readonly verb: string
}

/** The operator and verb a request topic names, or undefined when it is none. */
export function parseOperatorRequest(topic: string): OperatorRequest | undefined {
  const match = /^drover\/v1\/operators\/([^/]+)\/request\/([a-z][a-z-]{0,31})$/.exec(topic)
  if (match === null || isReservedName(match[2] ?? '')) return undefined
  const operator = parsed(principalName, match[1] ?? '')
  return operator === undefined ? undefined : { operator, verb: match[2] ?? '' }
}

/** Live JSON for dashboards, published by the broker only. */
export function operationStateTopic(operation: OperationId): string {
  return `${root}/operations/${operation}/state`
}

export function liveEventTopic(device: DeviceId): string {
  return `${root}/events/${device}`
}

/** Subscription patterns an operator may use: his own answers and the live topics. */
export function operatorMaySubscribe(operator: PrincipalName, pattern: string): boolean {
  const own = `${root}/operators/${operator}/`
  if (pattern.startsWith(own))
    return /^(accepted|rejected)\/(\+|#|[A-Za-z0-9._:-]{1,64})$/.test(pattern.slice(own.length))
  if (pattern.startsWith(`${root}/operations/`))
    return /^([A-Za-z0-9._:-]{1,64}|\+)\/(state|\+)$|^#$/.test(pattern.slice(root.length + 12))
  if (pattern.startsWith(devicePrefix))
    return /^([A-Za-z0-9._:-]{1,64}|\+)\/telemetry$/.test(pattern.slice(devicePrefix.length))
  return pattern.startsWith(`${root}/events/`) && /^([A-Za-z0-9._:-]{1,64}|\+|#)$/.test(pattern.slice(root.length + 8))
}

function parsed<T>(parse: (text: string) => T, text: string): T | undefined {
  try {
    return parse(text)
  } catch {
    // Not an id: the topic names nothing of ours.
    return undefined
  }
}
