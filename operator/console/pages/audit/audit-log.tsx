// The audit log: who did what to what, with which result, and whether the chain of records holds.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { AuditView } from '../../../../proto/http-admin.ts'
import type { Listing } from '../../../../proto/http-api.ts'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Page } from '../../parts/page.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { nextCursor, pageSize, pagesAround } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { useRegularly } from '../../state/regularly.ts'
import { addressOf, addressWith, parameter, setParameters } from '../../state/route.ts'
import { may } from '../../state/session.ts'
import { Actor } from './actor.tsx'
import { AdminTabs } from './admin-tabs.tsx'
import { ChainState } from './chain-state.tsx'
import { RecordDrawer } from './record-drawer.tsx'
import { actionText, summaryOf } from './record-words.ts'
import { Subject } from './subject.tsx'

const columns: readonly Column<AuditView>[] = [
  { head: 'Record', kind: 'number', cell: ({ number }) => number.toLocaleString() },
  { head: 'When', cell: ({ at }) => <Moment at={at} /> },
  { head: 'Who', cell: ({ actor }) => <Actor name={actor} /> },
  {
    head: 'What',
    cell: ({ number, action }) => (
      <Link class="audit-action" to={addressWith({ record: String(number) })}>
        {actionText(action)}
      </Link>
    ),
  },
  { head: 'Target', cell: record => <Subject record={record} /> },
  { head: 'Result', cell: record => <span class="audit-summary">{summaryOf(record)}</span> },
]

export function AuditLog() {
  const [operation, order] = [parameter('operation'), parameter('order') === 'ASC' ? 'ASC' : 'DESC']
  const query = useQuery<Listing<AuditView>>(
    addressOf('/v1/audit', { operation, order, limit: String(pageSize), after: parameter('after') }),
    { pauseMs: 3_000 },
  )
  useRegularly(query, 10_000)
  const opened = parameter('record')
  return (
    <Page
      title="Admin"
      actions={
        may('admin') && (
          <a class="button" href="/v1/audit/export" download="audit.jsonl">
            Export the chain
          </a>
        )
      }
    >
      <AdminTabs current="audit" />
      <ChainState />
      <Filters operation={operation} order={order} />
      <Table
        caption={order === 'DESC' ? 'Audit records, newest first' : 'Audit records, oldest first'}
        columns={columns}
        rows={query.data.value?.data}
        keyOf={({ number }) => String(number)}
        problem={query.problem.value}
        loading={query.loading.value}
        isSelected={({ number }) => String(number) === opened}
        pages={pagesAround(nextCursor(query.data.value, ({ number }) => String(number)))}
        empty={
          operation === '' ? (
            <p>Nothing has been recorded yet: whatever people, services and rules change is recorded here.</p>
          ) : (
            <p>
              No record of this operation. <Link to="/admin/audit">Show all records</Link>
            </p>
          )
        }
      />
      {opened !== '' && <RecordDrawer key={opened} number={opened} rows={query.data.value?.data} />}
    </Page>
  )
}

function Filters({ operation, order }: { readonly operation: string; readonly order: string }) {
  const draft = useSignal(operation)
  useEffect(() => {
    draft.value = operation
  }, [operation])
  const apply = (changes: Readonly<Record<string, string | undefined>>): void =>
    setParameters({ ...changes, after: undefined, record: undefined })
  return (
    <form
      class="filters"
      onSubmit={event => {
        event.preventDefault()
        apply({ operation: draft.value.trim() })
      }}
    >
      <div class="field">
        <label for="audit-operation">Operation</label>
        <input
          id="audit-operation"
          class="mono audit-operation"
          autocomplete="off"
          spellcheck={false}
          placeholder="id of an operation"
          value={draft.value}
          onInput={event => {
            draft.value = event.currentTarget.value
          }}
        />
      </div>
      <button type="submit">Apply</button>
      {operation !== '' && (
        <button type="button" class="quiet" onClick={() => apply({ operation: undefined })}>
          Show all
        </button>
      )}
      <div class="field audit-order">
        <label for="audit-order">Order</label>
        <select
          id="audit-order"
          value={order}
          onChange={event => apply({ order: event.currentTarget.value === 'ASC' ? 'ASC' : undefined })}
        >
          <option value="DESC">Newest first</option>
          <option value="ASC">Oldest first</option>
        </select>
      </div>
    </form>
  )
}
