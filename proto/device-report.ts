// What a device vouches for with a key of its own when an operation has succeeded on it: which one, by which attempt, what it
// runs, since which boot, and the number the offer asked it to name. The broker believes a success of a device whose key it
// knows by such a report alone; what the report must say beside that is the broker's to compare.
//
//   device: reportToSign ─▶ its key signs ─▶ signedReport        broker: openReport (signature first, then the fields)
import { decode, encode, WireError } from './codec.ts'
import {
  assembleEnvelope,
  distrust,
  EnvelopeError,
  type MadeSignature,
  messageToSign,
  openEnvelope,
  type TrustedKey,
} from './envelope.ts'
import { type DeviceId, deviceId, type OperationId } from './ids.ts'
import { componentsMax, deviceReportBytesMax } from './limits.ts'
import type { ComponentReport } from './messages.ts'
import { atLeast, componentName, hex, need, operation, text, unhex, version } from './values.ts'

/** The result that a hello tells, and an event with the step `done`; every other one is the code of its event. */
export const doneResult = 'done'

export interface DeviceReport {
  readonly device: DeviceId
  readonly operation: OperationId
  readonly attempt: number
  /** 32 hex digits each. */
  readonly nonce: string
  readonly bootId: string
  /** A code, or `done`. */
  readonly result: string
  readonly components: readonly ComponentReport[]
  /** Milliseconds since 1970, as the device believes; 0: not said. */
  readonly deviceTime: number
}

/** The report cannot be used. `problem`: no envelope with such a report in it, or not signed by the key. */
export class DeviceReportError extends Error {
  override readonly name = 'DeviceReportError'
  readonly code = 'DEVICE_REPORT'
  readonly problem: 'unreadable' | 'signature'
  constructor(problem: DeviceReportError['problem'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.problem = problem
  }
}

export interface ReportToSign {
  /** What `signedReport` wants back. */
  readonly payload: Buffer
  /** What the key signs. */
  readonly message: Buffer
}

export function reportToSign(report: DeviceReport): ReportToSign {
  const payload = encode('DeviceReport', {
    deviceId: report.device,
    operationId: report.operation,
    attempt: report.attempt,
    nonce: unhex(report.nonce),
    bootId: unhex(report.bootId),
    result: report.result,
    components: report.components.map(({ name, version, digest }) => ({ name, version, digest: unhex(digest) })),
    ...(report.deviceTime === 0 ? {} : { deviceTime: report.deviceTime }),
  })
  return { payload, message: messageToSign('report', payload) }
}

/** What travels. Throws EnvelopeError NOT_TRUSTED when the signature does not verify. */
export function signedReport({ payload }: ReportToSign, signature: MadeSignature): Buffer {
  return assembleEnvelope('report', payload, [signature])
}

/** The report in `bytes`, signed by exactly this key. Throws DeviceReportError. */
export function openReport(bytes: Uint8Array, key: TrustedKey): DeviceReport {
  if (bytes.length > deviceReportBytesMax)
    throw new DeviceReportError('unreadable', `expected at most ${deviceReportBytesMax} bytes, got ${bytes.length}`)
  try {
    const envelope = openEnvelope(bytes)
    const role = { name: 'report', keyIds: [key.keyId], threshold: 1 }
    const trust = {
      version: 1,
      expiresAt: 0,
      keys: new Map([[key.keyId, key]]),
      roles: new Map(),
      operationTypes: new Map(),
    }
    const reason = distrust(envelope, 'report', role, trust)
    if (reason !== undefined) throw new DeviceReportError('signature', reason)
    return readReport(envelope.payload)
  } catch (cause) {
    if (cause instanceof EnvelopeError || cause instanceof WireError)
      throw new DeviceReportError('unreadable', cause.message, { cause })
    throw cause
  }
}

function readReport(payload: Uint8Array): DeviceReport {
  const wire = decode('DeviceReport', payload, deviceReportBytesMax)
  if (wire.components.length > componentsMax)
    throw new WireError('DeviceReport.components', `expected at most ${componentsMax}, got ${wire.components.length}`)
  return {
    device: device(wire.deviceId),
    operation: operation(wire.operationId, 'DeviceReport.operationId'),
    attempt: atLeast(wire.attempt, 1, 'DeviceReport.attempt'),
    nonce: hex(wire.nonce, 16, 'DeviceReport.nonce'),
    bootId: hex(wire.bootId, 16, 'DeviceReport.bootId'),
    result: text(wire.result, 64, 'DeviceReport.result'),
    components: wire.components.map(component => ({
      name: componentName(component.name, 'DeviceReport.components.name'),
      version: version(component.version, 'DeviceReport.components.version'),
      digest: hex(component.digest, 32, 'DeviceReport.components.digest'),
    })),
    deviceTime: wire.deviceTime ?? 0,
  }
}

function device(value: string | undefined): DeviceId {
  const field = 'DeviceReport.deviceId'
  try {
    return deviceId(need(value, field))
  } catch (cause) {
    if (cause instanceof WireError) throw cause
    throw new WireError(field, 'not a device id', { cause })
  }
}
