// Figures as people write and read them: 250ms, 1.5h, 64KiB, 1%, and back. One voice for the terminal, the page and the
// thresholds.

export type Kind = 'count' | 'share' | 'time' | 'bytes'

const units: Readonly<Record<Kind, Readonly<Record<string, number>>>> = {
  count: { '': 1 },
  share: { '%': 0.01 },
  time: { us: 0.001, µs: 0.001, ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 },
  bytes: { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 },
}

export function unitsOf(kind: Kind): readonly string[] {
  return Object.keys(units[kind])
}

/** Times in milliseconds, sizes in bytes, shares of 1. Undefined: not a number with one of our units. */
export function parseQuantity(text: string): { readonly value: number; readonly kind: Kind } | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([A-Za-zµ%]*)$/.exec(text) ?? []
  if (digits === undefined || unit === undefined) return undefined
  for (const [kind, factors] of Object.entries(units)) {
    const factor = Object.hasOwn(factors, unit) ? factors[unit] : undefined
    if (factor === undefined) continue
    if (kind === 'count' && digits.includes('.')) return undefined
    // 1 / 100 instead of 1 * 0.01: the same number as a share that was divided.
    const value = kind === 'share' ? Number(digits) / 100 : Number(digits) * factor
    return { value, kind: kind as Kind }
  }
  return undefined
}

/** For people: three significant digits, the unit that fits. */
export function spoken(value: number, kind: Kind | 'number'): string {
  switch (kind) {
    case 'number':
      return digits(value)
    case 'count':
      return grouped(value)
    case 'share':
      return `${digits(value * 100)} %`
    case 'time':
      return time(value)
    case 'bytes':
      return bytes(value)
  }
}

/** 1234567 as 1 234 567. */
export function grouped(value: number): string {
  const rounded = Number.isInteger(value) ? String(value) : value.toFixed(1)
  const [whole = '', rest] = rounded.split('.')
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ' ')}${rest === undefined ? '' : `.${rest}`}`
}

function time(ms: number): string {
  if (ms === 0) return '0 ms'
  if (ms < 1) return `${digits(ms * 1000)} µs`
  if (ms < 999.5) return `${digits(ms)} ms`
  if (ms < 59_950) return `${digits(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  return hours === 0 ? `${minutes} min ${seconds % 60} s` : `${grouped(hours)} h ${minutes} min`
}

function bytes(size: number): string {
  let scaled = size
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (Math.abs(scaled) < 1023.5) return `${unit === 'B' ? scaled : digits(scaled)} ${unit}`
    scaled /= 1024
  }
  return `${digits(scaled)} TiB`
}

/** Three of them, without zeros at the end after a point; large numbers whole. */
function digits(value: number): string {
  if (Math.abs(value) >= 100) return grouped(Math.round(value))
  return String(Number(value.toPrecision(3)))
}
