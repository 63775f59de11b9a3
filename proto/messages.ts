// Messages between device and broker as trusted values: one reader and one writer a message, for both sides. A reader
// throws WireError naming the field; what the receiver does with a bad message is said in docs/PROTOCOL.md.
import { createHash } from 'node:crypto'
import { decode, encode, WireError, type WireEvent } from './codec.ts'
import { type DeviceCode, isDeviceCode } from './event-codes.ts'
import { isReservedName, type OperationId } from './ids.ts'
import * as limits from './limits.ts'
import { atLeast, componentName, hex, need, operation, operationIn, text, unhex, version } from './values.ts'

export const protocolVersion = 1

/**
 * Steps of an execution in their order. The last three are the device's last word: that it took the operation back, that a
 * command is done, that it could not be done.
 */
export const steps = [
  'offered',
  'downloading',
  'verifying',
  'awaiting-install',
  'installing',
  'rebooting',
  'confirming',
  'withdrawn',
  'done',
  'failed',
] as const
export type Step = (typeof steps)[number]

/** Digests and ids as lower-case hex. */
export interface ComponentReport {
  readonly name: string
  readonly version: string
  readonly digest: string
}
export interface Hello {
  readonly vendorId: string
  readonly classId: string
  readonly bootId: string
  readonly journalId: string
  readonly components: readonly ComponentReport[]
  /** Events the device sends after this hello, the last of them with `outboxLastEventNumber`. */
  readonly outboxEventCount: number
  readonly outboxLastEventNumber: number
  readonly packetBytesMax: number
  readonly agentVersion: string
  readonly operation?: OperationId
  /** What the device can spend on one frame of a patch and its range of the base, twice, bytes; absent: it takes no patch. */
  readonly patchMemoryBytes?: number
  /** Of the trust document in force; absent: it takes no other one over the wire. */
  readonly trustVersion?: number
  /** SubjectPublicKeyInfo, DER, in base64; not looked into here. Absent: the device signs no reports. */
  readonly reportKey?: string
  /** Signed report (device-report.ts) of the operation whose success the hello tells; a view of the packet. */
  readonly report?: Uint8Array
}

export type EventContent =
  | { readonly kind: 'code'; readonly code: DeviceCode }
  | { readonly kind: 'step'; readonly step: Step }
export interface DeviceEvent {
  readonly journalId: string
  /** 1, 2, 3 … in one journal. */
  readonly eventNumber: number
  readonly operation?: OperationId
  readonly attempt?: number
  /** Milliseconds since 1970, as the device believes. */
  readonly deviceTime: number
  readonly content: EventContent
  readonly component?: string
  readonly version?: string
  readonly digest?: string
  readonly data: Readonly<Record<string, string>>
  /** Signed report of a success; a view of the packet. In an outbox there is none: it is signed when it is sent. */
  readonly report?: Uint8Array
}

export interface Progress {
  readonly operation?: OperationId
  readonly attempt?: number
  readonly step?: Step
  readonly imageBytes: number
  readonly heldBytes: number
  readonly receivedBytes: number
  readonly wireBytes: number
  readonly refusedOperation?: OperationId
  /** Made by a patch: neither held nor received. */
  readonly patchBytes?: number
  /** Of the wire bytes: the patch. */
  readonly patchWireBytes?: number
  /** Of the received bytes: heard in a broadcast session. */
  readonly broadcastBytes?: number
}

/** The configuration a device has in force, told before the step `done` of the operation that asked for it. */
export interface ConfigurationReport {
  readonly operation: OperationId
  readonly attempt: number
  /** 1 to 64 characters, chosen by the device. */
  readonly version: string
  /** Lower-case hex; the reader has checked it against `content`. */
  readonly sha256: string
  /** A view of the packet; up to `configurationBytesMax` bytes. */
  readonly content: Uint8Array
}

export interface Presence {
  readonly online: boolean
  /** 16 hex digits, new at each connect, so that a late will is told apart. */
  readonly connectionId: string
}

export function readHello(bytes: Uint8Array): Hello {
  const wire = decode('Hello', bytes, limits.helloBytesMax)
  if (need(wire.protocolVersion, 'Hello.protocolVersion') !== protocolVersion)
    throw new WireError('Hello.protocolVersion', `expected ${protocolVersion}, got ${wire.protocolVersion}`)
  if (wire.components.length > limits.componentsMax)
    throw new WireError('Hello.components', `expected at most ${limits.componentsMax}, got ${wire.components.length}`)
  if (new Set(wire.components.map(({ name }) => name)).size !== wire.components.length)
    throw new WireError('Hello.components', 'a name is given twice')
  const packetBytesMax = wire.packetBytesMax ?? limits.devicePacketBytesDefault
  if (packetBytesMax < limits.devicePacketBytesLeast)
    throw new WireError('Hello.packetBytesMax', `expected at least ${limits.devicePacketBytesLeast}`)
  return {
    vendorId: hex(wire.vendorId, 16, 'Hello.vendorId'),
    classId: hex(wire.classId, 16, 'Hello.classId'),
    bootId: hex(wire.bootId, 16, 'Hello.bootId'),
    journalId: hex(wire.journalId, 8, 'Hello.journalId'),
    components: wire.components.map(component => ({
      name: componentName(component.name, 'Hello.components.name'),
      version: version(component.version, 'Hello.components.version'),
      digest: hex(component.digest, 32, 'Hello.components.digest'),
    })),
    outboxEventCount: need(wire.outboxEventCount, 'Hello.outboxEventCount'),
    outboxLastEventNumber: wire.outboxLastEventNumber ?? 0,
    packetBytesMax: Math.min(packetBytesMax, limits.packetBytesMax),
    agentVersion: text(wire.agentVersion ?? 'unknown', 64, 'Hello.agentVersion'),
    ...operationIn(wire.operationId, 'Hello.operationId'),
    ...(wire.patchMemoryBytes === undefined ? {} : { patchMemoryBytes: wire.patchMemoryBytes }),
    ...(wire.trustVersion === undefined ? {} : { trustVersion: wire.trustVersion }),
    ...(wire.reportKey === undefined ? {} : { reportKey: reportKey(wire.reportKey) }),
    ...(wire.report === undefined ? {} : { report: wire.report }),
  }
}

export function encodeHello(hello: Hello): Buffer {
  return encode('Hello', {
    protocolVersion,
    vendorId: unhex(hello.vendorId),
    classId: unhex(hello.classId),
    bootId: unhex(hello.bootId),
    journalId: unhex(hello.journalId),
    components: hello.components.map(({ name, version, digest }) => ({ name, version, digest: unhex(digest) })),
    outboxEventCount: hello.outboxEventCount,
    outboxLastEventNumber: hello.outboxLastEventNumber,
    packetBytesMax: hello.packetBytesMax,
    agentVersion: hello.agentVersion,
    ...(hello.operation === undefined ? {} : { operationId: hello.operation }),
    ...(hello.patchMemoryBytes === undefined ? {} : { patchMemoryBytes: hello.patchMemoryBytes }),
    ...(hello.trustVersion === undefined ? {} : { trustVersion: hello.trustVersion }),
    ...(hello.reportKey === undefined ? {} : { reportKey: Buffer.from(hello.reportKey, 'base64') }),
    ...(hello.report === undefined ? {} : { report: hello.report }),
  })
}

export function readEvent(bytes: Uint8Array): DeviceEvent {
  const wire = decode('Event', bytes, limits.eventBytesMax)
  if (wire.data.length > limits.eventDataMax)
    throw new WireError('Event.data', `expected at most ${limits.eventDataMax} entries, got ${wire.data.length}`)
  const data: Record<string, string> = {}
  for (const { name, value } of wire.data) {
    const key = text(name, 64, 'Event.data.name')
    // The data become JSON for people: names that would reach into objects are refused here, once.
    if (!/^[A-Za-z][A-Za-z0-9_.-]*$/.test(key) || isReservedName(key))
      throw new WireError('Event.data.name', 'not a name')
    if (Object.hasOwn(data, key)) throw new WireError('Event.data.name', 'given twice')
    data[key] = value ?? ''
  }
  const event: { -readonly [Name in keyof DeviceEvent]: DeviceEvent[Name] } = {
    journalId: hex(wire.journalId, 8, 'Event.journalId'),
    eventNumber: atLeast(wire.eventNumber, 1, 'Event.eventNumber'),
    deviceTime: wire.deviceTime ?? 0,
    content: eventContent(wire),
    data,
  }
  // One by one: this is read more often than everything else, and a spread for each would take longer than the rest.
  if (wire.operationId !== undefined) event.operation = operation(wire.operationId, 'Event.operationId')
  if (wire.attempt !== undefined) event.attempt = wire.attempt
  if (wire.component !== undefined) event.component = componentName(wire.component, 'Event.component')
  if (wire.version !== undefined) event.version = version(wire.version, 'Event.version')
  if (wire.digest !== undefined) event.digest = hex(wire.digest, 32, 'Event.digest')
  if (wire.report !== undefined) event.report = wire.report
  return event
}

export function encodeEvent(event: DeviceEvent): Buffer {
  return encode('Event', {
    journalId: unhex(event.journalId),
    eventNumber: event.eventNumber,
    ...(event.operation === undefined ? {} : { operationId: event.operation }),
    ...(event.attempt === undefined ? {} : { attempt: event.attempt }),
    deviceTime: event.deviceTime,
    ...(event.content.kind === 'code' ? { code: event.content.code } : { step: stepNumber(event.content.step) }),
    ...(event.component === undefined ? {} : { component: event.component }),
    ...(event.version === undefined ? {} : { version: event.version }),
    ...(event.digest === undefined ? {} : { digest: unhex(event.digest) }),
    data: Object.entries(event.data).map(([name, value]) => ({ name, value })),
    ...(event.report === undefined ? {} : { report: event.report }),
  })
}

export function readProgress(bytes: Uint8Array): Progress {
  const wire = decode('Progress', bytes, limits.progressBytesMax)
  return {
    ...operationIn(wire.operationId, 'Progress.operationId'),
    ...(wire.attempt === undefined ? {} : { attempt: wire.attempt }),
    ...(wire.step === undefined ? {} : { step: stepOf(wire.step, 'Progress.step') }),
    imageBytes: wire.imageBytes ?? 0,
    heldBytes: wire.heldBytes ?? 0,
    receivedBytes: wire.receivedBytes ?? 0,
    wireBytes: wire.wireBytes ?? 0,
    ...(wire.refusedOperationId === undefined
      ? {}
      : { refusedOperation: operation(wire.refusedOperationId, 'Progress.refusedOperationId') }),
    ...(wire.patchBytes === undefined ? {} : { patchBytes: wire.patchBytes }),
    ...(wire.patchWireBytes === undefined ? {} : { patchWireBytes: wire.patchWireBytes }),
    ...(wire.broadcastBytes === undefined ? {} : { broadcastBytes: wire.broadcastBytes }),
  }
}

export function encodeProgress(progress: Progress): Buffer {
  return encode('Progress', {
    ...(progress.operation === undefined ? {} : { operationId: progress.operation }),
    ...(progress.attempt === undefined ? {} : { attempt: progress.attempt }),
    ...(progress.step === undefined ? {} : { step: stepNumber(progress.step) }),
    imageBytes: progress.imageBytes,
    heldBytes: progress.heldBytes,
    receivedBytes: progress.receivedBytes,
    wireBytes: progress.wireBytes,
    ...(progress.refusedOperation === undefined ? {} : { refusedOperationId: progress.refusedOperation }),
    ...(progress.patchBytes === undefined ? {} : { patchBytes: progress.patchBytes }),
    ...(progress.patchWireBytes === undefined ? {} : { patchWireBytes: progress.patchWireBytes }),
    ...(progress.broadcastBytes === undefined ? {} : { broadcastBytes: progress.broadcastBytes }),
  })
}

export function readConfigurationReport(bytes: Uint8Array): ConfigurationReport {
  const wire = decode('ConfigurationReport', bytes, limits.configurationReportBytesMax)
  const content = need(wire.content, 'ConfigurationReport.content')
  if (content.length > limits.configurationBytesMax)
    throw new WireError('ConfigurationReport.content', `expected at most ${limits.configurationBytesMax} bytes`)
  const sha256 = hex(wire.sha256, 32, 'ConfigurationReport.sha256')
  if (createHash('sha256').update(content).digest('hex') !== sha256)
    throw new WireError('ConfigurationReport.sha256', 'not the digest of the content')
  return {
    operation: operation(wire.operationId, 'ConfigurationReport.operationId'),
    attempt: atLeast(wire.attempt, 1, 'ConfigurationReport.attempt'),
    version: text(wire.version, 64, 'ConfigurationReport.version'),
    sha256,
    content,
  }
}

export function encodeConfigurationReport(report: ConfigurationReport): Buffer {
  const { operation: operationId, attempt, version: name, sha256, content } = report
  return encode('ConfigurationReport', { operationId, attempt, version: name, sha256: unhex(sha256), content })
}

export function readPresence(bytes: Uint8Array): Presence {
  const wire = decode('Presence', bytes, limits.presenceBytesMax)
  return {
    online: need(wire.online, 'Presence.online'),
    connectionId: hex(wire.connectionId, 8, 'Presence.connectionId'),
  }
}

export function encodePresence(presence: Presence): Buffer {
  return encode('Presence', { online: presence.online, connectionId: unhex(presence.connectionId) })
}

function reportKey(bytes: Uint8Array): string {
  if (bytes.length === 0 || bytes.length > limits.reportKeyBytesMax)
    throw new WireError('Hello.reportKey', `expected 1 to ${limits.reportKeyBytesMax} bytes, got ${bytes.length}`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function eventContent(wire: WireEvent): EventContent {
  if (wire.step !== undefined) return { kind: 'step', step: stepOf(wire.step, 'Event.step') }
  const code = need(wire.code, 'Event.content')
  if (!isDeviceCode(code))
    throw new WireError('Event.code', `no code of a device: ${JSON.stringify(code.slice(0, 40))}`)
  return { kind: 'code', code }
}

function stepOf(number: number, field: string): Step {
  return need(steps[number - 1], field)
}

function stepNumber(step: Step): number {
  return steps.indexOf(step) + 1
}
