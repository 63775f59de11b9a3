// How answers look: names in one column, times in UTC and how long ago, sizes in whole units.

/** Lines of name and value, the names padded to one width. */
export function rows(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}

export function jsonText(value: object): string {
  return `${JSON.stringify(value)}\n`
}

/** `at` and `now`: milliseconds since 1970. */
export function since(at: number, now: number): string {
  return `${timeText(at)} (${agoText(now - at)})`
}

export function timeText(at: number): string {
  return Number.isFinite(at) && Math.abs(at) < 8.64e15 ? new Date(at).toISOString().replace(/\.\d+Z$/, 'Z') : 'unknown'
}

export function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  let left = bytes
  let unit = 0
  while (left >= 1024 && unit < units.length - 1) {
    left /= 1024
    unit += 1
  }
  return `${unit === 0 ? left : left.toFixed(1)} ${units[unit]}`
}

function agoText(ms: number): string {
  if (ms < 0) return 'in the future, by the clock of now'
  const seconds = Math.floor(ms / 1000)
  const [days, hours, minutes] = [86_400, 3600, 60].map(unit => Math.floor(seconds / unit)) as [number, number, number]
  if (days > 0) return `${days} d ${hours % 24} h ago`
  if (hours > 0) return `${hours} h ${minutes % 60} min ago`
  return minutes > 0 ? `${minutes} min ago` : `${seconds} s ago`
}
