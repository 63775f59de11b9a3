// What a device logged of late, on its way to the broker after a failure (topic `log`): lines of UTF-8, deflated. The
// reader inflates them once, bounded, so that nothing is kept that could not be shown.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { decode, encode, WireError } from './codec.ts'
import type { OperationId } from './ids.ts'
import { deviceLogBytesMax, logReportBytesMax } from './limits.ts'
import { atLeast, need, operation } from './values.ts'

export interface LogReport {
  readonly operation: OperationId
  readonly attempt: number
  /** As it travels: deflated (RFC 1951, raw); a view of the packet. */
  readonly lines: Uint8Array
  /** Inflated, bytes of UTF-8: 1 to `deviceLogBytesMax`. */
  readonly sizeBytes: number
  /** Older lines of the same operation did not fit. */
  readonly cut: boolean
}

/** Throws WireError, also for lines that do not inflate to UTF-8 of the permitted size. */
export function readLogReport(bytes: Uint8Array): LogReport {
  const wire = decode('LogReport', bytes, logReportBytesMax)
  const lines = need(wire.lines, 'LogReport.lines')
  const text = inflatedLog(lines)
  if (text === undefined)
    throw new WireError('LogReport.lines', `expected deflated UTF-8 of 1 to ${deviceLogBytesMax} bytes`)
  return {
    operation: operation(wire.operationId, 'LogReport.operationId'),
    attempt: atLeast(wire.attempt, 1, 'LogReport.attempt'),
    lines,
    sizeBytes: Buffer.byteLength(text),
    cut: wire.cut ?? false,
  }
}

export function encodeLogReport({ operation: operationId, attempt, lines, cut }: Omit<LogReport, 'sizeBytes'>): Buffer {
  return encode('LogReport', { operationId, attempt, lines, ...(cut ? { cut } : {}) })
}

/** `text` of up to `deviceLogBytesMax` bytes as it travels. */
export function deflatedLog(text: string): Buffer {
  return deflateRawSync(text, { level: 9 })
}

/** The text, or undefined for anything that does not inflate to 1 to `deviceLogBytesMax` bytes of UTF-8. */
export function inflatedLog(lines: Uint8Array): string | undefined {
  try {
    const text = inflateRawSync(lines, { maxOutputLength: deviceLogBytesMax })
    return text.length === 0 ? undefined : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text)
  } catch {
    // Whatever zlib says: this is no log.
    return undefined
  }
}
