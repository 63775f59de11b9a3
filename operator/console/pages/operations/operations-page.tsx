// All operations, newest first: the seven documented columns, filters by type, status and person, and one of them in a drawer.
import { useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import type { OperationView } from '../../../../proto/http-api.ts'
import type { OperationStatus } from '../../../../proto/http-console.ts'
import { Command } from '../../parts/copy.tsx'
import { later } from '../../parts/later.tsx'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Page } from '../../parts/page.tsx'
import { SplitBar, SplitLegend } from '../../parts/split-bar.tsx'
import { Status, toneOf } from '../../parts/status.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { splitOf, useOperations } from '../../state/operations.ts'
import { nextCursor, pageSize, pagesAround } from '../../state/paging.ts'
import { addressOf, addressWith, parameter, setParameters } from '../../state/route.ts'
import { may } from '../../state/session.ts'
import { drawerParameters } from './drawer-address.ts'
import { Duration } from './duration.tsx'
import { isKnownType, operationTypes } from './operation-types.ts'
import { stateNote } from './state-words.ts'

const OperationDrawer = later(async () => (await import('../operation-parts.ts')).OperationDrawer)

const statuses: readonly OperationStatus[] = ['Pending', 'Running', 'Completed', 'Failed', 'Cancelled']

export function OperationsPage() {
  const [type, status, createdBy] = [parameter('type'), parameter('status'), parameter('createdBy')]
  const query = useOperations(
    addressOf('/v1/operations', { type, status, createdBy, limit: String(pageSize), after: parameter('after') }),
  )
  const chosen = parameter('operation')
  const rows = query.data.value?.data
  return (
    <Page title="Operations" actions={may('operator') && <NewOperation />}>
      <Filters people={[...new Set(rows?.map(row => row.createdBy))]} />
      <SplitLegend />
      <Table
        caption="Operations, newest first"
        columns={columns}
        rows={rows}
        keyOf={({ id }) => id}
        problem={query.problem.value}
        loading={query.loading.value}
        isSelected={({ id }) => id === chosen}
        pages={pagesAround(nextCursor(query.data.value, ({ id }) => id))}
        empty={type + status + createdBy + parameter('after') === '' ? <NothingYet /> : <NothingMatches />}
      />
      {chosen !== '' && <OperationDrawer key={chosen} id={chosen} />}
    </Page>
  )
}

const columns: readonly Column<OperationView>[] = [
  {
    head: 'Operation',
    cell: operation => (
      <div class="operation-name">
        <Link to={addressWith({ ...drawerParameters, operation: operation.id })}>{operation.name}</Link>
        <span class="hint" title={operation.release ?? undefined}>
          {operation.release?.replace(/\+.*$/, '') ?? operation.type}
        </span>
      </div>
    ),
  },
  { head: 'Type', cell: ({ typeName }) => <span class="unbroken">{typeName}</span> },
  {
    head: 'Status',
    cell: operation => (
      <div class="operation-status">
        <Status tone={toneOf(operation.operationStatus)}>{operation.operationStatus}</Status>
        <span class="hint unbroken">{stateNote(operation)}</span>
      </div>
    ),
  },
  {
    head: 'Progress',
    kind: 'wide',
    cell: operation => (
      <div class="operation-progress">
        <span class="count">
          {endedCount(operation).toLocaleString()} of {operation.sensors.toLocaleString()}
        </span>
        <SplitBar label={`Progress of ${operation.name}`} {...splitOf(operation)} />
      </div>
    ),
  },
  { head: 'Initiated by', cell: ({ createdBy }) => <span class="person">{createdBy}</span> },
  { head: 'Started', cell: ({ startedAt }) => <Moment at={startedAt} /> },
  { head: 'Duration', kind: 'number', cell: operation => <Duration operation={operation} /> },
]

/** Devices that are done with, whatever became of them. */
function endedCount({ counts }: OperationView): number {
  return counts.completed + counts.failed + counts.skipped
}

function Filters({ people }: { readonly people: readonly string[] }) {
  const id = useId()
  const change = (name: string, value: string): void => setParameters({ [name]: value, after: undefined })
  const type = parameter('type')
  const createdBy = parameter('createdBy')
  // While it is being typed the list below may be drawn anew.
  const person = useSignal(createdBy)
  useEffect(() => {
    person.value = createdBy
  }, [createdBy])
  return (
    <search class="filters">
      <div class="field">
        <label for={`${id}-type`}>Type</label>
        <select id={`${id}-type`} value={type} onChange={event => change('type', event.currentTarget.value)}>
          <option value="">All types</option>
          {operationTypes.map(known => (
            <option key={known.type} value={known.type}>
              {known.title}
            </option>
          ))}
          {type !== '' && !isKnownType(type) && <option value={type}>{type}</option>}
        </select>
      </div>
      <div class="field">
        <label for={`${id}-status`}>Status</label>
        <select
          id={`${id}-status`}
          value={parameter('status')}
          onChange={event => change('status', event.currentTarget.value)}
        >
          <option value="">Every status</option>
          {statuses.map(word => (
            <option key={word} value={word}>
              {word}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for={`${id}-person`}>Initiated by</label>
        <input
          id={`${id}-person`}
          type="search"
          placeholder="Everybody"
          maxLength={64}
          autocomplete="off"
          list={`${id}-people`}
          value={person.value}
          onInput={event => {
            person.value = event.currentTarget.value
          }}
          onChange={event => change('createdBy', event.currentTarget.value.trim())}
        />
        <datalist id={`${id}-people`}>
          {people.map(name => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
    </search>
  )
}

function NewOperation() {
  return (
    <Link class="button primary" to="/operations/new">
      New operation
    </Link>
  )
}

function NothingYet() {
  return (
    <>
      <p>Nothing has been done to the fleet yet.</p>
      <p>
        {may('operator') && (
          <>
            Start with <Link to="/operations/new">New operation</Link>, or in a terminal, for instance:
          </>
        )}
      </p>
      <div class="empty-command">
        <Command text="drover operation start --release firmware@2.0.0 --all --wait" />
      </div>
    </>
  )
}

function NothingMatches() {
  return (
    <>
      <p>No operation matches.</p>
      <p>
        <Link to={addressWith({ type: undefined, status: undefined, createdBy: undefined, after: undefined })}>
          Show all operations
        </Link>
      </p>
    </>
  )
}
