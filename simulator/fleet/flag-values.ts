// What may stand behind a flag of `drover-simulator fleet`. Each reader throws TypeError that says what was expected; the
// flag's name is added by whoever knows it.
import { parseQuantity } from '../report/quantities.ts'
import type { TelemetryProfile } from './plan.ts'
import type { Ramp } from './ramp.ts'

export function whole(least: number, most: number): (text: string) => number {
  return text => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < least || number > most)
      throw new TypeError(`expected a whole number from ${least} to ${most}`)
    return number
  }
}

/** Milliseconds. */
export function duration(text: string): number {
  const quantity = parseQuantity(text)
  if (quantity?.kind === 'time') return quantity.value
  if (text === '0') return 0
  throw new TypeError('expected a time such as 250ms, 10s, 5m or 1h')
}

export function size(least: number, most: number): (text: string) => number {
  return text => {
    const quantity = parseQuantity(text)
    const bytes = quantity?.kind === 'bytes' || quantity?.kind === 'count' ? quantity.value : undefined
    if (bytes === undefined || !Number.isInteger(bytes) || bytes < least || bytes > most)
      throw new TypeError(`expected a size from ${least} B to ${most} B such as 256KiB or 4MiB`)
    return bytes
  }
}

export function text(value: string): string {
  if (value === '') throw new TypeError('expected a text')
  return value
}

/** `200/s`, `30/m`, or `all-at-once`. */
export function ramp(value: string): Ramp {
  if (value === 'all-at-once') return { perSecond: undefined }
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\/(s|m)$/.exec(value) ?? []
  const perSecond = Number(amount) / (unit === 'm' ? 60 : 1)
  if (amount === undefined || !(perSecond > 0) || perSecond > 100_000)
    throw new TypeError('expected connects a second or a minute, such as 200/s or 30/m, or all-at-once')
  return { perSecond }
}

/** `1/10s,qos1,64B`: one message every 10 s. `off` is none, whatever the profiles say. */
export function telemetry(value: string): TelemetryProfile | 'off' {
  if (value === 'off') return 'off'
  const [, messages, every] = /^(\d{1,6})\/(\d*(?:\.\d+)?(?:ms|s|m|min|h)),/.exec(value) ?? []
  const [, qos, payload] = /,qos([01]),([^,]+)$/.exec(value) ?? []
  const wrong = new TypeError('expected messages a time, QoS and size such as 1/10s,qos1,64B, or off')
  if (messages === undefined || every === undefined || qos === undefined || payload === undefined) throw wrong
  // `2/s` is two every one second.
  const everyMs = duration(/^\d/.test(every) ? every : `1${every}`) / Number(messages)
  if (!(everyMs >= 1)) throw new TypeError('expected at most 1000 messages a second of each sensor')
  return { qos: qos === '0' ? 0 : 1, everyMs, payloadBytes: size(0, 65_536)(payload) }
}

/** `2/3`: the second of three machines. */
export function part(value: string): { readonly number: number; readonly of: number } {
  const [, number, of] = /^(\d{1,3})\/(\d{1,3})$/.exec(value) ?? []
  const found = { number: Number(number), of: Number(of) }
  if (of === undefined || found.number < 1 || found.number > found.of)
    throw new TypeError('expected the number of this machine and of all, such as 2/3')
  return found
}

/** Milliseconds since 1970. */
export function moment(value: string): number {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(at)) throw new TypeError('expected a time such as 2026-05-01T12:00:00Z')
  return at
}

export function address(...protocols: readonly string[]): (value: string) => URL {
  return value => {
    const found = URL.canParse(value) ? new URL(value) : undefined
    if (found === undefined || !protocols.includes(found.protocol) || found.hostname === '')
      throw new TypeError(`expected an address such as ${protocols.map(each => `${each}//host:port`).join(' or ')}`)
    if (found.username !== '' || found.password !== '')
      throw new TypeError(
        'expected no credentials in the address: sensors get theirs by enrollment, --token-file is yours',
      )
    return found
  }
}

export function oneOf<const Word extends string>(...known: readonly Word[]): (value: string) => Word {
  return value => {
    const found = known.find(each => each === value)
    if (found === undefined) throw new TypeError(`expected ${known.join(' or ')}`)
    return found
  }
}

/** What all ids of the sensors begin with. */
export function prefix(value: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/.test(value))
    throw new TypeError('expected 1 to 40 of A-Z a-z 0-9 . _ -, beginning with a letter or digit')
  return value
}
