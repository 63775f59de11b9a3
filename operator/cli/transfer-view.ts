// How bytes look to people: what an operation sent of its images, and why not the rest.
import type { ExecutionTransfer, OperationView } from '../../proto/http-api.ts'

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Three digits, steps of 1,000: `0 B`, `999 B`, `1.25 MB`, `34.5 GB`, `999 kB`. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  // 999.5 of one unit would be shown as 1000 of it.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${units[unit]}`
}

/**
 * `sent 1.20 MB of 240 MB (0.50 %), saved: held 200 MB, patch 30.0 MB, compression 8.80 MB`. What is sent is more than the image
 * where that is tiny or was repeated; then `sent 232 B and 70 B around it (chunk index, repetitions)`, and no share.
 */
export function transferText({ imageBytes, wireBytes, saved }: ExecutionTransfer): string {
  const parts = (['held', 'patch', 'compression'] as const).filter(name => saved[name] > 0)
  return [
    shareText(wireBytes, imageBytes),
    ...(parts.length === 0 ? [] : [`saved: ${parts.map(name => `${name} ${bytesText(saved[name])}`).join(', ')}`]),
    ...(saved.broadcast === 0 ? [] : [`heard in broadcasts: ${bytesText(saved.broadcast)}`]),
  ].join(', ')
}

function shareText(wireBytes: number, imageBytes: number): string {
  if (wireBytes > imageBytes)
    return `sent ${bytesText(imageBytes)} and ${bytesText(wireBytes - imageBytes)} around it (chunk index, repetitions)`
  const percent = imageBytes === 0 ? '' : ` (${percentText((wireBytes / imageBytes) * 100)} %)`
  return `sent ${bytesText(wireBytes)} of ${bytesText(imageBytes)}${percent}`
}

/** Undefined when nothing goes out, or it has ended. */
export function throughputText({ throughput }: Pick<OperationView, 'throughput'>): string | undefined {
  return throughput === null || throughput === 0 ? undefined : `${bytesText(throughput)}/s`
}

/** Undefined before the first device has ended with a word about its download. */
export function sentText(operation: Pick<OperationView, 'transfer' | 'throughput'>): string | undefined {
  const { transfer } = operation
  const now = throughputText(operation)
  if (transfer === null) return now
  return [transferText(transfer), ...(now === undefined ? [] : [now])].join('; ')
}

function percentText(percent: number): string {
  return percent >= 10 ? percent.toFixed(0) : percent.toFixed(percent >= 1 ? 1 : 2)
}
