// Versions: three numbers with dots between them, each up to 999, compared number by number.
import type { Failure } from './event-codes.ts'
import { versionBytesMax } from './limits.ts'

/** Positive when `a` is newer, 0 when equal; the three numbers in order. Both must be versions of a read manifest. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map(version => version.split('.').map(Number))
  for (let part = 0; part < 3; part += 1) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Undefined for a version a manifest may carry, else what is wrong with it (22, or 41 for a number above 999). */
export function versionFailure(version: string): Failure | undefined {
  const wrong = (code: 'UPD4_FAIL_22' | 'UPD4_FAIL_41', expected: string): Failure => ({
    code,
    data: { field: 'version', expected, actual: version.slice(0, 40) },
  })
  if (Buffer.byteLength(version) > versionBytesMax) return wrong('UPD4_FAIL_22', `${versionBytesMax} bytes`)
  if (!/^\d+\.\d+\.\d+$/.test(version)) return wrong('UPD4_FAIL_22', 'three dotted numbers')
  if (!/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(version)) return wrong('UPD4_FAIL_41', 'numbers up to 999')
  return undefined
}
