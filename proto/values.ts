// Fields of decoded messages made into trusted values: present, of the right length, of the right grammar. Every
// function throws WireError naming the field. Used by messages.ts alone.
import { WireError } from './codec.ts'
import { isComponentName, isOperationType, type OperationId, operationId } from './ids.ts'
import { componentNameBytesMax } from './limits.ts'
import { versionFailure } from './version.ts'

export function need<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw new WireError(field, 'absent or not known')
  return value
}

/** At least `least`; an absent field is refused. */
export function atLeast(value: number | undefined, least: number, field: string): number {
  const number = need(value, field)
  if (number < least) throw new WireError(field, `expected at least ${least}, got ${number}`)
  return number
}

/** From `least` to `most`; an absent field is refused. */
export function within(value: number | undefined, least: number, most: number, field: string): number {
  const number = need(value, field)
  if (number < least || number > most) throw new WireError(field, `expected ${least} to ${most}, got ${number}`)
  return number
}

/** 1..bytesMax bytes of UTF-8. */
export function text(value: string | undefined, bytesMax: number, field: string): string {
  const present = need(value, field)
  if (present.length === 0 || Buffer.byteLength(present) > bytesMax)
    throw new WireError(field, `expected 1 to ${bytesMax} bytes`)
  return present
}

export function componentName(value: string | undefined, field: string): string {
  const name = text(value, componentNameBytesMax, field)
  if (!isComponentName(name)) throw new WireError(field, 'expected A-Z a-z 0-9 . _ -, beginning with a letter or digit')
  return name
}

export function version(value: string | undefined, field: string): string {
  const present = need(value, field)
  const wrong = versionFailure(present)
  if (wrong !== undefined) throw new WireError(field, `expected ${wrong.data.expected}`)
  return present
}

/** Lower-case hex of exactly `length` bytes. */
export function hex(value: Uint8Array | undefined, length: number, field: string): string {
  const bytes = need(value, field)
  if (bytes.length !== length) throw new WireError(field, `expected ${length} bytes, got ${bytes.length}`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

export function unhex(value: string): Buffer {
  return Buffer.from(value, 'hex')
}

export function operation(value: string | undefined, field: string): OperationId {
  try {
    return operationId(need(value, field))
  } catch (cause) {
    if (cause instanceof WireError) throw cause
    throw new WireError(field, 'not an operation id', { cause })
  }
}

export function operationType(value: string | undefined, field: string): string {
  const name = need(value, field)
  if (!isOperationType(name)) throw new WireError(field, 'expected 1 to 32 of a-z 0-9 -, beginning with a letter')
  return name
}

/** The field of a message that may name no operation. */
export function operationIn(value: string | undefined, field: string): { operation?: OperationId } {
  return value === undefined ? {} : { operation: operation(value, field) }
}

/** The name of a broadcast session. */
export function sessionName(value: string | undefined, field: string): string {
  const name = need(value, field)
  if (!/^[0-9a-f]{16}$/.test(name)) throw new WireError(field, 'expected 16 hex digits')
  return name
}
