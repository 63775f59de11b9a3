// What the signed statements, manifest and command, have in common: each expires, says for whom it is, and is judged
// field by field, so that the first one that fails names the code. The order of the fields is the statement's own.
import { WireError } from './codec.ts'
import type { DeviceFailureCode, Failure } from './event-codes.ts'
import { deviceId } from './ids.ts'

/** Who reads, and when; what is absent is not compared (the broker speaks for no device). */
export interface Reader {
  /** Milliseconds since 1970; absent: expiry is not judged. */
  readonly now?: number
  /** Lower-case hex, as `classId`. */
  readonly vendorId?: string
  readonly classId?: string
  readonly deviceId?: string
}

export type Verdict<Statement extends object> =
  | ({ readonly ok: true } & Statement)
  | { readonly ok: false; readonly failure: Failure }

/** What `judged` returns, or the failure it was refused for; bytes that are no such message are UPD4_FAIL_22. */
export function verdictOf<Statement extends object>(judged: () => Statement): Verdict<Statement> {
  try {
    return { ok: true, ...judged() }
  } catch (error) {
    if (error instanceof Refused) return { ok: false, failure: error.failure }
    if (error instanceof WireError)
      return { ok: false, failure: { code: 'UPD4_FAIL_22', data: { field: error.field, reason: 'malformed' } } }
    throw error
  }
}

/** Ends the judgement: to be called under `verdictOf` alone, as everything below. */
export function refuse(code: DeviceFailureCode, data: Record<string, string>): never {
  throw new Refused({ code, data })
}

/** Ends the judgement with a failure that was found elsewhere, or does nothing. */
export function refuseFor(failure: Failure | undefined): void {
  if (failure !== undefined) throw new Refused(failure)
}

export function present<T>(value: T | undefined, field: string): T {
  return value ?? refuse('UPD4_FAIL_22', { field, reason: 'absent' })
}

/** `expiresAt`, which is ahead of the reader's clock. */
export function unexpired(value: number | undefined, { now }: Reader): number {
  const expiresAt = present(value, 'expiresAt')
  if (now !== undefined && now >= expiresAt)
    refuse('UPD4_FAIL_23', {
      field: 'expiresAt',
      reason: 'expired',
      expected: String(now),
      actual: String(expiresAt),
    })
  return expiresAt
}

/** The 16 bytes as lower-case hex, which are the reader's own. */
export function identity(bytes: Uint8Array, field: 'vendorId' | 'classId', reader: Reader): string {
  const code = field === 'vendorId' ? 'UPD4_FAIL_30' : 'UPD4_FAIL_31'
  if (bytes.length !== 16) refuse(code, { field, expected: '16 bytes', actual: String(bytes.length) })
  const text = Buffer.from(bytes).toString('hex')
  const expected = reader[field]
  if (expected !== undefined && text !== expected) refuse(code, { field, expected, actual: text })
  return text
}

/** The one device a statement is bound to is the reader, or at least could be a device; unbound, it is for any. */
export function boundDevice(value: string | undefined, reader: Reader): { readonly deviceId?: string } {
  if (value === undefined) return {}
  if (value !== (reader.deviceId ?? lawful(deviceId, value)))
    refuse('UPD4_FAIL_31', {
      field: 'deviceId',
      reason: 'device',
      expected: reader.deviceId ?? 'a device id',
      actual: cut(value),
    })
  return { deviceId: value }
}

export function lawful<T extends string>(parse: (text: string) => T, text: string): T | undefined {
  try {
    return parse(text)
  } catch {
    // No id of ours: nobody is meant.
    return undefined
  }
}

/** As much of a stranger's text as an answer repeats. */
export function cut(text: string): string {
  return text.slice(0, 80)
}

class Refused extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.code)
    this.failure = failure
  }
}
