// Failures by code over time: a chart, a legend that tells the numbers of the hour under the pointer, and the same as a
// table for everybody who would rather read.
import { useSignal } from '@preact/signals'
import type { FailureHistory } from '../../../../proto/http-console.ts'
import { Link } from '../../parts/link.tsx'
import { Problem } from '../../parts/table.tsx'
import { useQuery } from '../../state/query.ts'
import { addressOf, addressWith, parameter } from '../../state/route.ts'
import { FailureChart } from './failure-chart.tsx'
import { hourText, seriesOf } from './failure-series.ts'
import { FailureTable } from './failure-table.tsx'

/** `events`: the same span in the address of the page Device events. */
const spans = [
  { hours: 24, text: '24 hours', events: '1d' },
  { hours: 168, text: '7 days', events: '7d' },
] as const

export function FailuresCard() {
  const span = spans.find(({ hours }) => String(hours) === parameter('hours')) ?? spans[0]
  const query = useQuery<FailureHistory>(`/v1/fleet/failures?hours=${span.hours}`, { pauseMs: 5_000 })
  const history = query.data.value
  return (
    <section class="card failures-over-time">
      <header class="card-head">
        <h2>Failures by code</h2>
        <nav class="spans" aria-label="Span">
          {spans.map(({ hours, text }) => (
            <Link
              key={hours}
              to={addressWith({ hours: hours === spans[0].hours ? undefined : String(hours) })}
              aria-current={hours === span.hours ? 'page' : undefined}
            >
              {text}
            </Link>
          ))}
        </nav>
      </header>
      {query.problem.value !== undefined && <Problem error={query.problem.value} />}
      <div class="chart-place">{history !== undefined && <Failures history={history} span={span} />}</div>
    </section>
  )
}

function Failures({ history, span }: { readonly history: FailureHistory; readonly span: (typeof spans)[number] }) {
  const hovered = useSignal<number | undefined>(undefined)
  const series = seriesOf(history)
  const total = series.reduce((sum, each) => sum + each.total, 0)
  const unknown = !history.complete && (
    <p class="hint">Older events of this span are still being read, or were too many: the numbers may be too low.</p>
  )
  if (total === 0)
    return (
      <>
        <p class="empty">No device failed in the past {span.text}.</p>
        {unknown}
      </>
    )
  const step = hovered.value
  return (
    <>
      <p class="hint chart-when">
        {step === undefined ? (
          <>
            {total.toLocaleString()} in the past {span.text}
          </>
        ) : (
          <>
            {series.reduce((sum, { counts }) => sum + (counts[step] ?? 0), 0).toLocaleString()},{' '}
            {hourText(history, step)}
          </>
        )}
      </p>
      <FailureChart history={history} series={series} hovered={hovered} />
      <ul class="chart-legend" aria-label="Codes">
        {series.map(({ code, text, counts, total }, index) => (
          <li key={code ?? ''}>
            <span class={`swatch chart-${index + 1}`} aria-hidden="true" />
            {code === undefined ? (
              <span>others</span>
            ) : (
              <Link to={addressOf('/events', { filter: `event_type=${code}`, span: span.events })}>{code}</Link>
            )}
            <span class="chart-text">{text}</span>
            <span class="chart-count">{(step === undefined ? total : (counts[step] ?? 0)).toLocaleString()}</span>
          </li>
        ))}
      </ul>
      {unknown}
      <details class="chart-table">
        <summary>As a table</summary>
        <FailureTable history={history} series={series} />
      </details>
    </>
  )
}
