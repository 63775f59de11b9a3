// Device events: what happened to all devices in the past month, newest first. Everything that narrows it is one filter in
// the language of the API; the selects write into it.
import { useEffect, useId, useMemo } from 'preact/hooks'
import type { EventListing } from '../../../../proto/http-api.ts'
import { FilterField } from '../../parts/filter-field.tsx'
import { conditionsOf, conditionValue, joined, withCondition } from '../../parts/filter-text.ts'
import { Page } from '../../parts/page.tsx'
import { currentMs } from '../../state/clock.ts'
import { pageSize } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf, parameter, setParameters } from '../../state/route.ts'
import { codeTable, loadCodeTable } from './code-table.ts'
import { EventTable } from './event-table.tsx'
import { eventFilterHelp } from './filter-help.ts'

const hourMs = 3_600_000
/** The first is what the address leaves out. */
const spans = [
  { value: '', text: 'Past month', ms: 30 * 24 * hourMs },
  { value: '7d', text: 'Past week', ms: 7 * 24 * hourMs },
  { value: '1d', text: 'Past 24 hours', ms: 24 * hourMs },
  { value: '1h', text: 'Past hour', ms: hourMs },
  { value: 'all', text: 'All there are', ms: undefined },
] as const
const types = ['SUCCESS', 'FAIL', 'SKIPPED', 'INFO'] as const

export function EventsPage() {
  const [filter, span, order, after] = ['filter', 'span', 'order', 'after'].map(parameter) as [
    string,
    string,
    string,
    string,
  ]
  const dated = conditionsOf(filter).some(condition => /^(date_time|created_at)__gte=/.test(condition))
  // Fixed when it is chosen: a page and the next one are of the same span.
  const since = useMemo(() => sinceOf(span), [span, filter, order])
  const query = useQuery<EventListing>(
    addressOf('/v3/device-events', {
      filter: joined(filter, dated ? '' : since),
      order: order === 'ASC' ? 'ASC' : '',
      limit: String(pageSize),
      after,
    }),
    { pauseMs: 2_000 },
  )
  const narrow = (next: string): void => setParameters({ filter: next, after: undefined })
  return (
    <Page title="Device events">
      <div class="filters">
        <Choice
          label="Time"
          value={dated ? 'filter' : span}
          options={[...(dated ? [{ value: 'filter', text: 'As the filter says' }] : []), ...spans]}
          onChange={value => {
            if (value !== 'filter') setParameters({ span: value, filter: undated(filter), after: undefined })
          }}
        />
        <Choice
          label="Message type"
          value={conditionValue(filter, 'event_type_description')}
          options={[{ value: '', text: 'All types' }, ...types.map(value => ({ value, text: value }))]}
          onChange={value => narrow(withCondition(filter, 'event_type_description', value))}
        />
        <CodeChoice
          value={conditionValue(filter, 'event_type')}
          onChange={value => narrow(withCondition(filter, 'event_type', value))}
        />
        <Choice
          label="Order"
          value={order === 'ASC' ? 'ASC' : ''}
          options={[
            { value: '', text: 'Newest first' },
            { value: 'ASC', text: 'Oldest first' },
          ]}
          onChange={value => setParameters({ order: value, after: undefined })}
        />
      </div>
      <FilterField value={filter} onChange={narrow} help={eventFilterHelp} problem={query.problem.value} />
      <EventTable
        caption={`Device events, ${order === 'ASC' ? 'oldest' : 'newest'} first`}
        query={query}
        cursorName="after"
        empty={<Empty narrowed={filter !== '' || span !== ''} />}
      />
    </Page>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly options: readonly { readonly value: string; readonly text: string }[]
  readonly onChange: (value: string) => void
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  const id = useId()
  // What the address says, even where it is not among what is offered.
  const known = options.some(option => option.value === value)
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={event => onChange(event.currentTarget.value)}>
        {!known && <option value={value}>{value}</option>}
        {options.map(option => (
          <option key={option.value} value={option.value}>
            {option.text}
          </option>
        ))}
      </select>
    </div>
  )
}

function CodeChoice({ value, onChange }: Pick<ChoiceProps, 'value' | 'onChange'>) {
  useEffect(loadCodeTable, [])
  return (
    <div class="field-code">
      <Choice
        label="Code"
        value={value}
        options={[
          { value: '', text: 'All codes' },
          ...[...codeTable.value.values()].map(({ code, text }) => ({ value: code, text: `${code} · ${text}` })),
        ]}
        onChange={onChange}
      />
    </div>
  )
}

function Empty({ narrowed }: { readonly narrowed: boolean }) {
  if (narrowed)
    return (
      <>
        <p>No event is like that.</p>
        <p>Take away a condition, or choose a longer time.</p>
      </>
    )
  return (
    <>
      <p>Nothing has happened to any device in the past month.</p>
      <p>
        Give a device its first credentials with <code>drover devices enroll ID</code>; its registration is the first
        event of its life. In a terminal events are listed with <code>drover events list</code>
      </p>
    </>
  )
}

function sinceOf(value: string): string {
  const span = spans.find(known => known.value === value) ?? spans[0]
  return span.ms === undefined ? '' : `date_time__gte=${new Date(currentMs() - span.ms).toISOString()}`
}

function undated(filter: string): string {
  return conditionsOf(filter)
    .filter(condition => !/^(date_time|created_at)__gte=/.test(condition))
    .join('&')
}
