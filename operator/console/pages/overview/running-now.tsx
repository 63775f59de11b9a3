// What runs now: each operation that has not ended, how far it is, and what it waits for.
import type { OperationView } from '../../../../proto/http-api.ts'
import { perSecond } from '../../parts/bytes.ts'
import { Link } from '../../parts/link.tsx'
import { Ago } from '../../parts/moment.tsx'
import { SplitBar, SplitLegend } from '../../parts/split-bar.tsx'
import { Status, type Tone } from '../../parts/status.tsx'
import { Problem } from '../../parts/table.tsx'
import { splitOf } from '../../state/operations.ts'
import { addressOf } from '../../state/route.ts'
import { may } from '../../state/session.ts'
import type { OpenOperations } from './open-operations.ts'

/** More are on the page Operations. */
const shownMax = 6

export function RunningNow({ open: { operations, more, problem } }: { readonly open: OpenOperations }) {
  const running = [...(operations ?? [])].sort((a, b) => rankOf(a) - rankOf(b))
  return (
    <section class="card running-now">
      <header class="card-head">
        <h2>What runs now</h2>
        {running.length > 0 && (
          <Link to={addressOf('/operations')}>
            {running.length > shownMax
              ? `All ${running.length.toLocaleString()}${more ? ' or more' : ''} that have not ended`
              : 'All operations'}
          </Link>
        )}
      </header>
      {problem !== undefined && <Problem error={problem} />}
      {operations?.length === 0 && (
        <p class="empty">
          No operation is running.{' '}
          {may('operator') && (
            <>
              <Link to="/operations/new">Start one</Link>, or look at{' '}
              <Link to="/operations">those that have ended</Link>.
            </>
          )}
        </p>
      )}
      {running.length > 0 && (
        <>
          <SplitLegend />
          <ul class="plain running-list">
            {running.slice(0, shownMax).map(operation => (
              <Running key={operation.id} operation={operation} />
            ))}
          </ul>
        </>
      )}
    </section>
  )
}

function Running({ operation }: { readonly operation: OperationView }) {
  const { id, name, typeName, createdBy, requestedAt, sensors, updated, errors, throughput } = operation
  const [tone, word] = stateOf(operation)
  const done = updated + errors
  return (
    <li class="running">
      <div class="running-title">
        <Link to={addressOf('/operations', { operation: id })}>{name}</Link>
        <Status tone={tone}>{word}</Status>
      </div>
      <SplitBar label={`Progress of ${name}`} {...splitOf(operation)} />
      <p class="hint running-facts">
        <span>
          {done.toLocaleString()} of {sensors.toLocaleString()} done
          {errors > 0 && `, ${errors.toLocaleString()} with errors`}
        </span>
        <span>
          {typeName}, by {createdBy} <Ago at={requestedAt} />
          {throughput !== null && throughput > 0 && ` · ${perSecond(throughput)}`}
        </span>
      </p>
    </li>
  )
}

/** Internal states have finer words than the two documented pages. */
function stateOf({ state, operationStatus, pause }: OperationView): readonly [Tone, string] {
  switch (state) {
    case 'awaiting-approval':
      return ['warn', 'Waiting for approval']
    case 'scheduled':
      return ['idle', 'Scheduled']
    case 'paused':
      return ['warn', pause?.by.startsWith('policy:') ? 'Paused by a rule' : 'Paused']
    case 'stopping':
      return ['warn', 'Stopping']
    default:
      return [operationStatus === 'Running' ? 'busy' : 'idle', operationStatus]
  }
}

/** What moves stands first. */
function rankOf({ operationStatus }: OperationView): number {
  return operationStatus === 'Running' ? 0 : 1
}
