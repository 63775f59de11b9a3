// Until when devices accept a manifest, with a warning before.
import type { ReleaseView } from '../../../../proto/http-api.ts'
import { duration, Moment } from '../../parts/moment.tsx'
import { Status } from '../../parts/status.tsx'
import { now } from '../../state/clock.ts'

const dayMs = 86_400_000
const soonDays = 30
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })

/** `at`: RFC 3339; null: nothing expires. */
export function Expiry({ at }: { readonly at: string | null }) {
  if (at === null) return <Moment at={null} absent="never" />
  const leftMs = Date.parse(at) - now.value
  return (
    <>
      <time class="moment" dateTime={at} title={new Date(at).toUTCString()}>
        {day.format(new Date(at))}
      </time>
      {leftMs <= 0 && (
        <span class="under">
          <Status tone="bad">Expired</Status>
        </span>
      )}
      {leftMs > 0 && leftMs < soonDays * dayMs && (
        <span class="under">
          <Status tone="warn">{`In ${leftMs < dayMs ? duration(leftMs) : daysText(leftMs)}`}</Status>
        </span>
      )}
    </>
  )
}

export function earliestExpiry(manifests: ReleaseView['manifests']): string | null {
  return manifests.map(({ expiresAt }) => expiresAt).sort()[0] ?? null
}

function daysText(ms: number): string {
  const days = Math.floor(ms / dayMs)
  return `${days.toLocaleString()} ${days === 1 ? 'day' : 'days'}`
}
