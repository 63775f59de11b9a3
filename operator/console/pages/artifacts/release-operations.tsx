// The updates to one release: how each went, and what was not sent because devices had it, made it from a patch, or got it
// compressed or by broadcast.
import type { OperationView } from '../../../../proto/http-api.ts'
import { bytes } from '../../parts/bytes.ts'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { SplitBar } from '../../parts/split-bar.tsx'
import { Status, toneOf } from '../../parts/status.tsx'
import { Problem } from '../../parts/table.tsx'
import { shareOf } from '../../parts/version-bar.tsx'
import { splitOf, useOperations } from '../../state/operations.ts'
import { addressOf } from '../../state/route.ts'

/** The newest are summed up. */
const operationsMax = 200
const shownMax = 8

interface Savings {
  readonly devices: number
  readonly imageBytes: number
  readonly wireBytes: number
  readonly held: number
  readonly patch: number
  readonly compression: number
  readonly broadcast: number
}

export function ReleaseOperations({ id }: { readonly id: string }) {
  const query = useOperations(addressOf('/v1/operations', { release: id, limit: String(operationsMax) }))
  const listing = query.data.value
  const operations = listing?.data
  const savings = savingsOf(operations ?? [])
  return (
    <>
      <section class="drawer-part">
        <h3>Saved in transfer</h3>
        {query.problem.value !== undefined && <Problem error={query.problem.value} />}
        {operations !== undefined && savings.devices === 0 && (
          <p class="faint">Nothing to tell yet: it is counted as devices end their update.</p>
        )}
        {savings.devices > 0 && <SavingsShown savings={savings} />}
        {listing?.has_more === true && (
          <p class="hint">Of the newest {operationsMax.toLocaleString()} updates to this release.</p>
        )}
      </section>
      <section class="drawer-part">
        <h3>Updates to this release</h3>
        {operations?.length === 0 && <p class="faint">None has been started.</p>}
        <ul class="plain release-operations">
          {operations?.slice(0, shownMax).map(operation => (
            <li key={operation.id}>
              <div class="running-title">
                <Link to={addressOf('/operations', { operation: operation.id })}>{operation.name}</Link>
                <Status tone={toneOf(operation.operationStatus)}>{operation.operationStatus}</Status>
              </div>
              <SplitBar label={`Progress of ${operation.name}`} {...splitOf(operation)} />
              <p class="hint">
                {operation.updated.toLocaleString()} updated, {operation.errors.toLocaleString()} with errors, of{' '}
                {operation.sensors.toLocaleString()} · <Moment at={operation.requestedAt} />
              </p>
            </li>
          ))}
        </ul>
        {operations !== undefined && operations.length > shownMax && (
          <p class="hint">
            and {(operations.length - shownMax).toLocaleString()} older ones under{' '}
            <Link to="/operations">Operations</Link>
          </p>
        )}
      </section>
    </>
  )
}

const rows = [
  { part: 'held', text: 'chunks the devices had already' },
  { part: 'patch', text: 'made from a patch' },
  { part: 'compression', text: 'compression of chunks' },
] as const

function SavingsShown({ savings }: { readonly savings: Savings }) {
  const { devices, imageBytes, wireBytes, broadcast } = savings
  const saved = Math.max(0, imageBytes - wireBytes)
  const bar = [...rows.map(({ part }) => ({ part, count: savings[part] })), { part: 'sent', count: wireBytes }]
  return (
    <>
      <p>
        <strong class="savings-share">{shareOf(saved, imageBytes)}</strong> of {bytes(imageBytes)} for{' '}
        {devices.toLocaleString()} {devices === 1 ? 'device' : 'devices'} did not have to be sent.
      </p>
      <div class="savings-bar" aria-hidden="true">
        {bar
          .filter(({ count }) => count > 0)
          .map(({ part, count }) => (
            <span key={part} class={`savings-${part}`} style={{ flexGrow: count }} />
          ))}
      </div>
      <table class="inner savings">
        <tbody>
          {rows.map(({ part, text }) => (
            <tr key={part}>
              <th scope="row">
                <span class={`swatch savings-${part}`} aria-hidden="true" />
                Not sent: {text}
              </th>
              <td class="cell-number">{bytes(savings[part])}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">
              <span class="swatch savings-sent" aria-hidden="true" />
              Sent
            </th>
            <td class="cell-number">{bytes(wireBytes)}</td>
          </tr>
          {broadcast > 0 && (
            <tr>
              <th scope="row" class="savings-within">
                of it heard in a broadcast, sent once for all
              </th>
              <td class="cell-number">{bytes(broadcast)}</td>
            </tr>
          )}
        </tbody>
      </table>
    </>
  )
}

function savingsOf(operations: readonly OperationView[]): Savings {
  const sum: { -readonly [Name in keyof Savings]: number } = {
    devices: 0,
    imageBytes: 0,
    wireBytes: 0,
    held: 0,
    patch: 0,
    compression: 0,
    broadcast: 0,
  }
  for (const { transfer } of operations) {
    if (transfer === null) continue
    sum.devices += transfer.devices
    sum.imageBytes += transfer.imageBytes
    sum.wireBytes += transfer.wireBytes
    for (const part of ['held', 'patch', 'compression', 'broadcast'] as const) sum[part] += transfer.saved[part]
  }
  return sum
}
