// Times as people read them: local, with UTC in the title, or how long ago.
import { now } from '../state/clock.ts'

const local = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'always', style: 'short' })

/** `at`: RFC 3339; null shows a dash with `absent` as what it means. */
export function Moment({ at, absent = 'not yet' }: { readonly at: string | null; readonly absent?: string }) {
  if (at === null)
    return (
      <span class="faint" title={absent}>
        –<span class="unseen"> {absent}</span>
      </span>
    )
  return (
    <time class="moment" dateTime={at} title={utc(at)}>
      {local.format(new Date(at))}
    </time>
  )
}

/** “3 s ago”, kept up to date. */
export function Ago({ at }: { readonly at: number | string }) {
  const ms = typeof at === 'number' ? at : Date.parse(at)
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(new Date(ms).toISOString())}>
      {ago(now.value - ms)}
    </time>
  )
}

/** Milliseconds as `1 h 04 min`, `2 min 5 s`, `12 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ]
  if (days > 0) return `${days} d ${hours} h`
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, '0')} min`
  if (minutes > 0) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`
  return `${seconds} s`
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return relative.format(-seconds, 'second')
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute')
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour')
  return relative.format(-Math.floor(seconds / 86_400), 'day')
}

function utc(at: string): string {
  return `${new Date(at)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '')} UTC`
}
