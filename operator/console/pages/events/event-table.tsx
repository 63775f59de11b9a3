// Events as a table: on the page Device events, and as the event log of one device. A row opens to what the device said
// with it. While one is open the rows stay where they are, and newer events wait behind a button.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { EventListing, EventView } from '../../../../proto/http-api.ts'
import { isAboutFilter, unusableFilter } from '../../parts/filter-field.tsx'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Status, toneOf } from '../../parts/status.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { nextCursor, pagesAround } from '../../state/paging.ts'
import type { Query } from '../../state/query.ts'
import { addressOf } from '../../state/route.ts'
import { codeTable, loadCodeTable } from './code-table.ts'
import { EventDetails } from './event-details.tsx'
import { OperationLink } from './operation-link.tsx'

interface EventTableProps {
  readonly caption: string
  readonly query: Query<EventListing>
  /** The log of one device: without its id, and narrow. */
  readonly ofDevice?: boolean
  /** Of the cursor in the address. */
  readonly cursorName: string
  readonly empty: preact.ComponentChildren
}

export function EventTable({ caption, query, ofDevice = false, cursorName, empty }: EventTableProps) {
  const opened = useSignal<ReadonlySet<string>>(new Set())
  const held = useSignal<EventListing | undefined>(undefined)
  useEffect(loadCodeTable, [])
  const newest = query.data.value
  // An answer for another address has come: what was open is gone.
  useEffect(() => {
    if (newest !== undefined) return
    opened.value = new Set()
    held.value = undefined
  }, [newest === undefined])

  const shown = newest === undefined ? undefined : (held.value ?? newest)
  const waiting = newest === shown ? 0 : countNew(newest, shown)
  const toggle = (id: string): void => {
    const next = new Set(opened.value)
    if (!next.delete(id)) next.add(id)
    opened.value = next
    if (next.size === 0) held.value = undefined
    else held.value ??= newest
  }
  const problem = query.problem.value
  const unusable = !ofDevice && isAboutFilter(problem)
  return (
    <>
      <div class="event-news" role="status">
        {waiting > 0 && (
          <button
            type="button"
            onClick={() => {
              held.value = undefined
              opened.value = new Set()
            }}
          >
            {waiting >= (newest?.limit ?? 0) ? `${waiting} or more` : waiting} new {waiting === 1 ? 'event' : 'events'}:
            show
          </button>
        )}
      </div>
      <div class="event-rows">
        <Table
          caption={caption}
          columns={columnsOf(ofDevice, opened.value, toggle)}
          rows={unusable ? [] : shown?.data}
          keyOf={({ id }) => id}
          problem={unusable ? undefined : problem}
          loading={query.loading.value}
          below={event => opened.value.has(event.id) && <EventDetails event={event} ofDevice={ofDevice} />}
          pages={pagesAround(
            nextCursor(shown, ({ id }) => id),
            cursorName,
          )}
          empty={unusable ? unusableFilter : empty}
        />
      </div>
    </>
  )
}

function columnsOf(
  ofDevice: boolean,
  opened: ReadonlySet<string>,
  toggle: (id: string) => void,
): readonly Column<EventView>[] {
  const device: Column<EventView> = {
    head: 'Device',
    cell: ({ device_id }) => (
      <Link class="device-id" to={addressOf('/devices', { device: device_id })}>
        {device_id}
      </Link>
    ),
  }
  const operation: Column<EventView> = {
    head: 'Operation',
    cell: ({ data: { campaign_id } }) =>
      campaign_id === undefined ? <Nothing text="none" /> : <OperationLink id={campaign_id} />,
  }
  const change: Column<EventView> = { head: 'State change', cell: event => <StateChange event={event} /> }
  return [
    {
      head: 'Time',
      cell: event => (
        <div class="with-caret">
          <button
            type="button"
            class="caret"
            aria-expanded={opened.has(event.id)}
            aria-label={`Data of ${event.event_type} of ${event.device_id}`}
            onClick={() => toggle(event.id)}
          >
            ▸
          </button>
          <Moment at={event.date_time} />
        </div>
      ),
    },
    ...(ofDevice ? [] : [device]),
    {
      head: 'Message type',
      cell: ({ event_type_description: word }) => <Status tone={toneOf(word)}>{word}</Status>,
    },
    {
      head: 'Code',
      cell: ({ event_type, event_type_category: category, event_type_description: word }) => (
        <>
          <code class="event-code">{event_type}</code>
          {category !== word && <span class="under faint">{category}</span>}
        </>
      ),
    },
    {
      head: 'Message',
      kind: 'wide',
      cell: event => <Message event={event} ofDevice={ofDevice} />,
    },
    ...(ofDevice ? [] : [operation]),
    ...(ofDevice ? [] : [change]),
  ]
}

function Message({ event, ofDevice }: { readonly event: EventView; readonly ofDevice: boolean }) {
  const { event_type, event_type_description, description, data, state_change } = event
  const action = event_type_description === 'FAIL' ? codeTable.value.get(event_type)?.correctiveAction : null
  return (
    <>
      {description}
      {action != null && (
        <span class="under faint">
          <span class="action-mark">What to do:</span> {action}
        </span>
      )}
      {ofDevice && (state_change || data.campaign_id !== undefined) && (
        <span class="under event-under">
          {state_change && <StateChange event={event} />}
          {data.campaign_id !== undefined && <OperationLink id={data.campaign_id} />}
        </span>
      )}
    </>
  )
}

function StateChange({ event: { state_change, changes } }: { readonly event: EventView }) {
  if (!state_change) return <Nothing text="no change of state" />
  // What changed in the operation or the registry; where it is neither, the first that did.
  const [name, change] = Object.entries(changes).find(([each]) => each === 'state') ?? Object.entries(changes)[0] ?? []
  if (change === undefined) return 'yes'
  const words = change.from === null ? change.to : `${change.from} → ${change.to ?? 'none'}`
  return <span class="event-change">{name === 'state' ? words : `${name} ${words}`}</span>
}

function Nothing({ text }: { readonly text: string }) {
  return (
    <span class="faint" title={text}>
      –<span class="unseen"> {text}</span>
    </span>
  )
}

function countNew(newest: EventListing | undefined, shown: EventListing | undefined): number {
  const known = new Set(shown?.data.map(({ id }) => id))
  return newest?.data.filter(({ id }) => !known.has(id)).length ?? 0
}
