// What happened to an operation, oldest first, with who did it.
import type { AuditView } from '../../../../proto/http-admin.ts'
import type { Listing, OperationView } from '../../../../proto/http-api.ts'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Problem } from '../../parts/table.tsx'
import { nextCursor, pagesAround } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf, parameter } from '../../state/route.ts'
import { actorText } from './actor-text.ts'
import { useRefreshOn } from './refresh-on.ts'
import { happeningsOf } from './timeline.ts'

/** Records read at once; a large operation has many that are summed up in one line. */
const recordsAtOnce = 200

export function TimelineTab({ operation }: { readonly operation: OperationView }) {
  const records = useQuery<Listing<AuditView>>(
    addressOf('/v1/audit', {
      operation: operation.id,
      order: 'ASC',
      limit: String(recordsAtOnce),
      after: parameter('recordsAfter'),
    }),
    { pauseMs: 3_000 },
  )
  const { state, pause, override, policy, wave, counts } = operation
  useRefreshOn(JSON.stringify([state, pause, override, policy, wave?.number, counts.skipped]), records)
  const listing = records.data.value
  const { first, previous, next } = pagesAround(
    nextCursor(listing, ({ number }) => String(number)),
    'recordsAfter',
  )
  return (
    <>
      {records.problem.value !== undefined && <Problem error={records.problem.value} />}
      {listing !== undefined && (
        <ol class="timeline">
          {happeningsOf(operation, {
            records: listing.data,
            isFirst: listing.after === null,
            isLast: !listing.has_more,
          }).map(({ key, at, until, what, who, detail, tone }) => (
            <li key={key} class={`happening-${tone}`}>
              <span class="happening-time">
                <Moment at={at} />
              </span>
              <span>
                <strong>{what}</strong>
                {who !== undefined && ` by ${actorText(who)}`}
                {until !== undefined && until !== at && (
                  <span class="faint">
                    {' '}
                    until <Moment at={until} />
                  </span>
                )}
                {detail !== undefined && <span class="under faint">{detail}</span>}
              </span>
            </li>
          ))}
        </ol>
      )}
      <nav class="pager" aria-label="Parts of the timeline">
        {first !== undefined && <Link to={first}>« Beginning</Link>}
        {previous !== undefined && <Link to={previous}>‹ Earlier</Link>}
        {next !== undefined && <Link to={next}>Later ›</Link>}
      </nav>
      <p class="hint">
        The whole record, with every change, is in the{' '}
        <Link to={addressOf('/admin/audit', { operation: operation.id })}>audit log</Link>.
      </p>
    </>
  )
}
