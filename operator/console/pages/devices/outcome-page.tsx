// The devices that one operation updated, or failed on: where the numbers of the Update status tab lead. How it ended comes
// from the operation; what each device is today comes from the registry.
import type { DeviceView, ExecutionView, Listing } from '../../../../proto/http-api.ts'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Page } from '../../parts/page.tsx'
import { Status } from '../../parts/status.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { useOperation } from '../../state/operations.ts'
import { nextCursor, pageSize, pagesAround } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { presenceMs, useRegularly } from '../../state/regularly.ts'
import { addressOf, addressWith, parameter } from '../../state/route.ts'
import { detailsAddress } from './device-address.ts'
import { DeviceTabs } from './device-tabs.tsx'
import { Presence } from './presence.tsx'

export function OutcomePage({ operation: id }: { readonly operation: string }) {
  const failed = parameter('outcome') === 'errors'
  const result = failed ? 'errors' : 'updated'
  const operation = useOperation(id)
  const query = useQuery<Listing<ExecutionView>>(
    addressOf(`/v1/operations/${encodeURIComponent(id)}/executions`, {
      result,
      limit: String(pageSize),
      after: parameter('after'),
    }),
    { pauseMs: 5_000 },
  )
  const listing = query.data.value
  const ids = listing?.data.map(({ device }) => device).join(',') ?? ''
  const rowsAddress =
    ids === '' ? undefined : addressOf('/v1/devices', { filter: `id__in=${ids}`, limit: String(pageSize) })
  const rows = useQuery<Listing<DeviceView>>(rowsAddress, { pauseMs: 5_000 })
  useRegularly(rows, presenceMs)
  const registry = rows.data.value && new Map(rows.data.value.data.map(device => [device.id, device]))
  const view = operation.data.value
  const name = view?.name ?? 'this operation'
  return (
    <Page title="Devices">
      <DeviceTabs current="devices" />
      <div class="card outcome">
        <h2>
          {failed ? 'Errors' : 'Updated'} in <Link to={addressOf('/operations', { operation: id })}>{name}</Link>
        </h2>
        <p>
          {view === undefined ? (
            <span class="faint">Asking the broker…</span>
          ) : (
            <>
              <strong>{(failed ? view.errors : view.updated).toLocaleString()}</strong> of{' '}
              {view.sensors.toLocaleString()} {view.sensors === 1 ? 'device' : 'devices'}{' '}
              {failed ? 'ended with an error' : 'were updated'}.{' '}
              <Link to={addressWith({ outcome: failed ? 'updated' : 'errors', after: undefined, device: undefined })}>
                {failed
                  ? `Show the ${view.updated.toLocaleString()} updated`
                  : `Show the ${view.errors.toLocaleString()} with errors`}
              </Link>
            </>
          )}
        </p>
        <Link class="button" to="/devices">
          ✕ Back to all devices
        </Link>
      </div>
      <Table
        caption={`Devices ${failed ? 'with errors' : 'updated'} in ${name}, by id`}
        columns={columnsOf(failed, registry)}
        rows={listing?.data}
        keyOf={({ device }) => device}
        problem={query.problem.value ?? operation.problem.value ?? rows.problem.value}
        loading={query.loading.value}
        isSelected={({ device }) => device === parameter('device')}
        pages={pagesAround(nextCursor(listing, ({ device }) => device))}
        empty={
          <p>
            {failed ? 'No device ended with an error in this operation.' : 'No device was updated by this operation.'}{' '}
            In a terminal: <code>drover operation executions {id}</code>
          </p>
        }
      />
    </Page>
  )
}

/** `registry` undefined: not answered yet. */
function columnsOf(
  failed: boolean,
  registry: ReadonlyMap<string, DeviceView> | undefined,
): readonly Column<ExecutionView>[] {
  const presence: Column<ExecutionView> = {
    head: 'Presence',
    cell: ({ device }) => {
      if (registry === undefined) return <span class="faint">…</span>
      const found = registry.get(device)
      return found === undefined ? <Status tone="warn">Deregistered</Status> : <Presence device={found} />
    },
  }
  const version: Column<ExecutionView> = {
    head: 'Version',
    cell: ({ initialVersion, updatedVersion }) => (
      <span class="moment">
        {initialVersion ?? '–'} → {updatedVersion ?? '–'}
      </span>
    ),
  }
  return [
    {
      head: 'Device',
      cell: ({ device }) => (
        <Link class="device-id" to={detailsAddress(device)}>
          {device}
        </Link>
      ),
    },
    presence,
    ...(failed ? [] : [version]),
    {
      head: failed ? 'Reason' : 'Code',
      kind: 'wide',
      cell: ({ code, message, reason, correctiveAction }) => (
        <>
          {failed && reason !== null && <strong>{reason}</strong>}
          {code !== null && (
            <span class={failed ? 'under' : undefined}>
              <code>{code}</code> {message}
            </span>
          )}
          {failed && correctiveAction !== null && correctiveAction !== 'None.' && (
            <span class="under faint">What to do: {correctiveAction}</span>
          )}
        </>
      ),
    },
    { head: 'Group', cell: ({ device }) => registry?.get(device)?.group ?? <span class="faint">–</span> },
    { head: 'Ended', cell: ({ endedAt }) => <Moment at={endedAt} /> },
  ]
}
