// The devices of an operation, by state, fifty a page; each opens in place: what holds it back, or how it ended.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { ExecutionView, Explanation, Listing, OperationView } from '../../../../proto/http-api.ts'
import { bytes } from '../../parts/bytes.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Status, toneOf } from '../../parts/status.tsx'
import { type Column, Problem, Table } from '../../parts/table.tsx'
import { send } from '../../state/api.ts'
import { tell } from '../../state/notices.ts'
import { hasEnded } from '../../state/operations.ts'
import { nextCursor, pageSize, pagesAround } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf, addressWith, parameter, setParameters } from '../../state/route.ts'
import { may } from '../../state/session.ts'
import { useRefreshOn } from './refresh-on.ts'

const states = [
  { state: '', word: 'All' },
  { state: 'pending', word: 'Pending' },
  { state: 'in-progress', word: 'In Progress' },
  { state: 'completed', word: 'Completed' },
  { state: 'failed', word: 'Failed' },
  { state: 'skipped', word: 'Skipped' },
] as const

export function DevicesTab({ operation }: { readonly operation: OperationView }) {
  const { id, counts, sensors } = operation
  const state = parameter('state')
  const executions = useQuery<Listing<ExecutionView>>(
    addressOf(`/v1/operations/${id}/executions`, { state, limit: String(pageSize), after: parameter('devicesAfter') }),
    { pauseMs: 2_000 },
  )
  useRefreshOn(JSON.stringify([counts, operation.handOvers]), executions)
  const opened = parameter('device')
  const count: Readonly<Record<(typeof states)[number]['state'], number>> = {
    '': sensors,
    pending: counts.pending,
    'in-progress': counts.inProgress,
    completed: counts.completed,
    failed: counts.failed,
    skipped: counts.skipped,
  }
  const columns: readonly Column<ExecutionView>[] = [
    {
      head: 'Device',
      cell: ({ device }) => (
        <div class="with-caret">
          <button
            type="button"
            class="caret"
            aria-expanded={device === opened}
            aria-label={`More about ${device}`}
            onClick={() => setParameters({ device: device === opened ? undefined : device }, { replace: true })}
          >
            ▸
          </button>
          <Link class="device-name" to={addressOf('/devices', { device })}>
            {device}
          </Link>
        </div>
      ),
    },
    {
      head: 'Status',
      cell: ({ status, step, provisional }) => (
        <div class="operation-status">
          <Status tone={toneOf(status)}>{status}</Status>
          <span class="hint">
            {step ?? (provisional ? 'provisional: the device may still say otherwise' : undefined)}
          </span>
        </div>
      ),
    },
    { head: 'Result', kind: 'wide', cell: execution => <Result execution={execution} /> },
    {
      head: 'Version',
      cell: ({ initialVersion, updatedVersion }) => (
        <span class="unbroken">
          {initialVersion ?? '–'}
          {updatedVersion !== null && updatedVersion !== initialVersion && ` → ${updatedVersion}`}
        </span>
      ),
    },
    { head: 'Attempt', kind: 'number', cell: ({ attempt }) => attempt },
  ]
  return (
    <>
      <nav class="states" aria-label="Devices by state">
        {states.map(({ state: each, word }) => (
          <Link
            key={each}
            class="chip"
            to={addressWith({ state: each, devicesAfter: undefined, device: undefined })}
            aria-current={each === state ? 'page' : undefined}
          >
            {word} <strong>{count[each].toLocaleString()}</strong>
          </Link>
        ))}
      </nav>
      <Table
        caption={`Devices of ${operation.name}`}
        columns={operation.type === 'firmware-update' ? columns : columns.filter(({ head }) => head !== 'Version')}
        rows={executions.data.value?.data}
        keyOf={({ device }) => device}
        problem={executions.problem.value}
        loading={executions.loading.value}
        isSelected={({ device }) => device === opened}
        below={execution =>
          execution.device === opened && (
            <Opened operation={operation} execution={execution} onChanged={executions.refresh} />
          )
        }
        pages={pagesAround(
          nextCursor(executions.data.value, ({ device }) => device),
          'devicesAfter',
        )}
        empty={<p>{emptyText(operation, state)}</p>}
      />
    </>
  )
}

function emptyText(operation: OperationView, state: string): string {
  if (state !== '') return 'No device is in this state now.'
  return hasEnded(operation)
    ? 'No device matched when the operation was made.'
    : 'Its devices are being counted; those that are found appear here.'
}

function Result({ execution: { code, message, nextAttemptAt } }: { readonly execution: ExecutionView }) {
  if (nextAttemptAt !== null)
    return (
      <>
        Next attempt <Moment at={nextAttemptAt} />
      </>
    )
  if (code === null) return <span class="faint">–</span>
  return (
    <>
      <code>{code}</code> <span class="result-text">{message}</span>
    </>
  )
}

interface OpenedProps {
  readonly operation: OperationView
  readonly execution: ExecutionView
  readonly onChanged: () => void
}

function Opened({ operation, execution, onChanged }: OpenedProps) {
  const removing = useSignal(false)
  const { device, code, message, correctiveAction, data, transfer } = execution
  const explanation = useQuery<Explanation>(`/v1/operations/${operation.id}/explain/${encodeURIComponent(device)}`, {
    pauseMs: 2_000,
  })
  useRefreshOn(JSON.stringify([operation.state, execution]), explanation)
  const open = execution.endedAt === null
  const facts = Object.entries(explanation.data.value?.data ?? {}).filter(([, value]) => value !== null)
  return (
    <div class="execution">
      {explanation.problem.value !== undefined && <Problem error={explanation.problem.value} />}
      <p class="explanation" aria-live="polite">
        <strong>{open ? 'Now' : 'Result'}:</strong>{' '}
        {explanation.data.value === undefined ? 'Asking the broker…' : explanation.data.value.message}
      </p>
      {code !== null && (
        <p>
          <code>{code}</code> {message} {correctiveAction !== '' && <em>{correctiveAction}</em>}
        </p>
      )}
      <dl class="facts">
        {open &&
          facts.map(([name, value]) => (
            <Pair key={name} name={name}>
              {name === 'until' || name === 'since' ? <Moment at={String(value)} /> : String(value)}
            </Pair>
          ))}
        {!open &&
          Object.entries(data).map(([name, value]) => (
            <Pair key={name} name={name}>
              {value}
            </Pair>
          ))}
        {execution.wave !== null && <Pair name="wave">{execution.wave}</Pair>}
        {execution.format !== null && <Pair name="format">{execution.format}</Pair>}
        <Pair name="handed over">
          <Moment at={execution.handedOverAt} />
        </Pair>
        {execution.endedAt !== null && (
          <Pair name="ended">
            <Moment at={execution.endedAt} />
          </Pair>
        )}
        {transfer !== null && (
          <Pair name="sent">
            {transfer.wireBytes > transfer.imageBytes
              ? `${bytes(transfer.imageBytes)} and ${bytes(transfer.wireBytes - transfer.imageBytes)} around it`
              : `${bytes(transfer.wireBytes)} of ${bytes(transfer.imageBytes)}`}
          </Pair>
        )}
      </dl>
      <p class="execution-links">
        <Link to={addressOf('/events', { filter: `device_id=${device}&data.campaign_id=${operation.id}` })}>
          Its events in this operation
        </Link>
        {open && !hasEnded(operation) && may('operator') && (
          <button
            type="button"
            class="danger-quiet"
            onClick={() => {
              removing.value = true
            }}
          >
            Take out of this operation
          </button>
        )}
      </p>
      {removing.value && (
        <Confirm
          title={`Take ${device} out of ${operation.name}?`}
          confirm="Take it out"
          tone="danger"
          onClose={() => {
            removing.value = false
          }}
          onConfirm={async () => {
            await send('DELETE', `/v1/operations/${operation.id}/devices/${encodeURIComponent(device)}`)
            tell(`${device} is taken out of ${operation.name}.`)
            onChanged()
          }}
        >
          <p>
            {execution.state === 'in-progress'
              ? 'It is asked to leave and finishes its present step.'
              : 'It is skipped, with code SYS_109.'}{' '}
            The other <strong>{Math.max(0, operation.sensors - 1).toLocaleString()}</strong> devices go on.
          </p>
        </Confirm>
      )}
    </div>
  )
}

function Pair({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{name.replaceAll('_', ' ')}</dt>
      <dd>{children}</dd>
    </>
  )
}
