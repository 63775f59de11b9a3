// The operations a device took part in, newest first: how it ended there, or what holds it back.
import { useSignal } from '@preact/signals'
import type { Explanation, Listing } from '../../../../proto/http-api.ts'
import type { DeviceOperationView } from '../../../../proto/http-console.ts'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Status, toneOf } from '../../parts/status.tsx'
import { type Column, Problem, Table } from '../../parts/table.tsx'
import { nextCursor, pageSize, pagesAround } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf, parameter } from '../../state/route.ts'

export interface DeviceOperationListing extends Listing<DeviceOperationView> {
  readonly next?: string
}

export function OperationsTab({ device }: { readonly device: string }) {
  const query = useQuery<DeviceOperationListing>(
    addressOf(`/v1/devices/${encodeURIComponent(device)}/operations`, {
      limit: String(pageSize),
      after: parameter('past'),
    }),
    { pauseMs: 5_000 },
  )
  const opened = useSignal<ReadonlySet<string>>(new Set())
  const toggle = (id: string): void => {
    const next = new Set(opened.value)
    if (!next.delete(id)) next.add(id)
    opened.value = next
  }
  const listing = query.data.value
  const pages = pagesAround(
    nextCursor(listing, ({ operation }) => operation.id),
    'past',
  )
  const columns: readonly Column<DeviceOperationView>[] = [
    {
      head: 'Operation',
      kind: 'wide',
      cell: ({ operation }) => (
        <div class="with-caret">
          <button
            type="button"
            class="caret"
            aria-expanded={opened.value.has(operation.id)}
            aria-label={`Explain ${operation.name}`}
            title="Explain"
            onClick={() => toggle(operation.id)}
          >
            ▸
          </button>
          <div>
            <Link class="any-name" to={addressOf('/operations', { operation: operation.id })}>
              {operation.name}
            </Link>
            <span class="under faint">
              {operation.typeName}
              {operation.targetVersion !== null && ` to ${operation.component ?? ''} ${operation.targetVersion}`}
            </span>
          </div>
        </div>
      ),
    },
    { head: 'Outcome', cell: part => <Outcome part={part} /> },
    { head: 'Added', cell: ({ execution }) => <Moment at={execution.addedAt} /> },
    { head: 'Ended', cell: ({ execution }) => <Moment at={execution.endedAt} /> },
  ]
  return (
    <div class="narrow-moments">
      <Table
        caption={`Operations of ${device}, newest first`}
        columns={columns}
        rows={listing?.data}
        keyOf={({ operation }) => operation.id}
        problem={query.problem.value}
        loading={query.loading.value}
        below={({ operation }) =>
          opened.value.has(operation.id) && <Explained operation={operation.id} device={device} />
        }
        pages={pages}
        empty={
          pages.next === undefined ? (
            <p>It was never a target of an operation.</p>
          ) : (
            <p>
              It was in none of the operations that were looked at. <Link to={pages.next}>Look further back</Link>
            </p>
          )
        }
      />
    </div>
  )
}

/** The reason that says no more than the code. */
const plainError = 'Update error'

/** The word, the step or wave it is in, the code it ended with. */
export function Outcome({ part: { execution } }: { readonly part: Pick<DeviceOperationView, 'execution'> }) {
  const { status, step, code, message, reason, attempt } = execution
  return (
    <>
      <Status tone={toneOf(status)}>{status}</Status>
      {step !== null && execution.endedAt === null && <span class="under faint">{step}</span>}
      {code !== null && (
        <span class="under" title={message ?? undefined}>
          <code>{code}</code>
        </span>
      )}
      {reason !== null && reason !== plainError && <span class="under faint">{reason}</span>}
      {attempt > 1 && <span class="under faint">attempt {attempt}</span>}
    </>
  )
}

function Explained({ operation, device }: { readonly operation: string; readonly device: string }) {
  const query = useQuery<Explanation>(
    `/v1/operations/${encodeURIComponent(operation)}/explain/${encodeURIComponent(device)}`,
    { pauseMs: 5_000 },
  )
  const found = query.data.value
  if (query.problem.value !== undefined) return <Problem error={query.problem.value} />
  if (found === undefined) return <span class="faint">Asking the broker…</span>
  return (
    <>
      <p>{found.message}</p>
      {Object.keys(found.data).length > 0 && (
        <dl class="facts">
          {Object.entries(found.data).map(([name, value]) => [
            <dt key={name}>{name}</dt>,
            <dd key={`${name} value`}>
              <Value value={value} />
            </dd>,
          ])}
        </dl>
      )}
    </>
  )
}

function Value({ value }: { readonly value: unknown }) {
  if (typeof value !== 'string') return <code>{JSON.stringify(value)}</code>
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? <Moment at={value} /> : <code>{value}</code>
}
