// The Update status tab: each firmware update with how far it is, the way to stop it, and its results.
import { useSignal } from '@preact/signals'
import type { OperationView } from '../../../../proto/http-api.ts'
import { CountLink } from '../../parts/count-link.tsx'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Page } from '../../parts/page.tsx'
import { SplitBar, SplitLegend } from '../../parts/split-bar.tsx'
import { Status, toneOf } from '../../parts/status.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { hasEnded, splitOf, useOperations } from '../../state/operations.ts'
import { nextCursor, pageSize, pagesAround } from '../../state/paging.ts'
import { addressOf, parameter } from '../../state/route.ts'
import { may } from '../../state/session.ts'
import { DeviceTabs } from '../devices/device-tabs.tsx'
import { FailureSummary } from './failure-summary.tsx'
import { StopUpdate } from './stop-update.tsx'

export function UpdateStatusPage() {
  const query = useOperations(
    addressOf('/v1/operations', { type: 'firmware-update', limit: String(pageSize), after: parameter('after') }),
  )
  const opened = useSignal<ReadonlySet<string>>(new Set())
  const stopping = useSignal<OperationView | undefined>(undefined)
  const toggle = (id: string): void => {
    const next = new Set(opened.value)
    if (!next.delete(id)) next.add(id)
    opened.value = next
  }
  const columns: readonly Column<OperationView>[] = [
    {
      head: 'Requested',
      cell: operation => (
        <div class="with-caret">
          {operation.errors > 0 ? (
            <button
              type="button"
              class="caret"
              aria-expanded={opened.value.has(operation.id)}
              aria-label={`Failures of ${operation.name}`}
              onClick={() => toggle(operation.id)}
            >
              ▸
            </button>
          ) : (
            <span class="caret-place" />
          )}
          <div>
            <Moment at={operation.requestedAt} />
            <Link class="under" to={addressOf('/operations', { operation: operation.id })}>
              {operation.name}
            </Link>
          </div>
        </div>
      ),
    },
    { head: 'Completed', cell: ({ completedAt }) => <Moment at={completedAt} /> },
    {
      head: 'Status',
      kind: 'wide',
      cell: operation => (
        <div class="status-cell">
          <Status tone={toneOf(operation.updateStatus)}>{operation.updateStatus}</Status>
          <SplitBar label={`Progress of ${operation.name}`} {...splitOf(operation)} />
        </div>
      ),
    },
    { head: 'Sensors', kind: 'number', cell: ({ sensors }) => sensors.toLocaleString() },
    { head: 'Updated', kind: 'number', cell: operation => <CountLink operation={operation} outcome="updated" /> },
    { head: 'Errors', kind: 'number', cell: operation => <CountLink operation={operation} outcome="errors" /> },
    {
      head: 'Actions',
      cell: operation =>
        hasEnded(operation) ? (
          <a
            class="button"
            href={`/v1/operations/${operation.id}/export.csv`}
            download
            aria-label={`Export the results of ${operation.name}`}
          >
            Export
          </a>
        ) : (
          may('operator') && (
            <button
              type="button"
              class="danger-quiet"
              aria-label={`Stop ${operation.name}`}
              disabled={operation.state === 'stopping'}
              onClick={() => {
                stopping.value = operation
              }}
            >
              {operation.state === 'stopping' ? 'Stopping…' : 'Stop'}
            </button>
          )
        ),
    },
  ]
  return (
    <Page title="Devices" actions={may('operator') && <NewUpdate />}>
      <DeviceTabs current="updates" />
      <SplitLegend />
      <Table
        caption="Firmware updates, newest first"
        columns={columns}
        rows={query.data.value?.data}
        keyOf={({ id }) => id}
        problem={query.problem.value}
        loading={query.loading.value}
        below={operation => opened.value.has(operation.id) && <FailureSummary operation={operation} />}
        pages={pagesAround(nextCursor(query.data.value, ({ id }) => id))}
        empty={
          <>
            <p>No update has been requested yet.</p>
            <p>
              Upload a signed bundle on the page <Link to="/artifacts">Artifacts</Link>, then start an update with{' '}
              <Link to={addressOf('/operations/new', { type: 'firmware-update' })}>New update</Link>, or in a terminal:{' '}
              <code>drover operation start --release firmware@2.0.0 --all --wait</code>
            </p>
          </>
        }
      />
      {stopping.value !== undefined && (
        <StopUpdate
          operation={query.data.value?.data.find(({ id }) => id === stopping.value?.id) ?? stopping.value}
          onClose={() => {
            stopping.value = undefined
          }}
        />
      )}
    </Page>
  )
}

function NewUpdate() {
  return (
    <Link class="button primary" to={addressOf('/operations/new', { type: 'firmware-update' })}>
      New update
    </Link>
  )
}
