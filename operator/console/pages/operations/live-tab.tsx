// What flows now: bytes a second, what was saved of them and how, and how far the waves are. The line is drawn from what came
// while the tab was open.
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { OperationView } from '../../../../proto/http-api.ts'
import type { WaveRequest } from '../../../../proto/http-policy.ts'
import { perSecond } from '../../parts/bytes.ts'
import { Moment } from '../../parts/moment.tsx'
import { Status } from '../../parts/status.tsx'
import { get } from '../../state/api.ts'
import { now } from '../../state/clock.ts'
import { hasEnded } from '../../state/operations.ts'
import { SavedBytes } from './saved-bytes.tsx'
import { Sparkline } from './sparkline.tsx'

/** One value each. */
const sampleMs = 2_000
/** Five minutes. */
const samplesMax = 150

export function LiveTab({ operation }: { readonly operation: OperationView }) {
  const ended = hasEnded(operation)
  return (
    <div class="live">
      {operation.type === 'firmware-update' && (
        <>
          {ended ? (
            <p class="hint">The operation has ended: nothing flows any more.</p>
          ) : (
            <Throughput id={operation.id} first={operation.throughput} />
          )}
          {operation.transfer === null ? (
            <p class="hint">No device has told yet how its download went.</p>
          ) : (
            <SavedBytes transfer={operation.transfer} />
          )}
        </>
      )}
      <Now operation={operation} />
      <Waves operation={operation} />
    </div>
  )
}

function Throughput({ id, first }: { readonly id: string; readonly first: number | null }) {
  const samples = useSignal<readonly number[]>(first === null ? [] : [first])
  useEffect(() => {
    const stop = new AbortController()
    let askedAt = 0
    let asking = false
    const unsubscribe = now.subscribe(at => {
      if (asking || at - askedAt < sampleMs || document.visibilityState !== 'visible') return
      asking = true
      askedAt = at
      get<OperationView>(`/v1/operations/${id}`, stop.signal).then(
        ({ throughput }) => {
          asking = false
          if (throughput !== null) samples.value = [...samples.value, throughput].slice(-samplesMax)
        },
        () => {
          // The line says by itself that it does not go on; the frame says that the broker does not answer.
          asking = false
        },
      )
    })
    return () => {
      unsubscribe()
      stop.abort()
    }
  }, [id])
  const last = samples.value.at(-1)
  return (
    <section>
      <h3>Throughput</h3>
      <p class="throughput">
        <strong class="figure">{last === undefined ? '–' : perSecond(last)}</strong>
        <span class="hint">now, to all its devices together</span>
      </p>
      <Sparkline
        values={samples.value}
        slots={samplesMax}
        label="Throughput while this tab is open"
        textOf={perSecond}
      />
    </section>
  )
}

function Now({ operation }: { readonly operation: OperationView }) {
  const { counts, retrying, handOvers, policy } = operation
  return (
    <section>
      <h3>Devices</h3>
      <dl class="facts">
        <dt>In progress</dt>
        <dd>
          {counts.inProgress.toLocaleString()} of at most {policy.concurrency.toLocaleString()} at once
        </dd>
        <dt>Waiting</dt>
        <dd>
          {counts.pending.toLocaleString()}
          {retrying > 0 && `, ${retrying.toLocaleString()} of them for another attempt`}
        </dd>
        <dt>Hand-overs</dt>
        <dd>{handOvers.toLocaleString()}, further attempts included</dd>
      </dl>
    </section>
  )
}

function Waves({ operation: { wave, policy } }: { readonly operation: OperationView }) {
  if (wave === null) return null
  const waves = policy.waves as readonly WaveRequest[]
  return (
    <section>
      <h3>Waves</h3>
      <table class="inner waves">
        <thead>
          <tr>
            <th scope="col">Wave</th>
            <th scope="col">Size</th>
            <th scope="col">State</th>
            <th scope="col" class="cell-number">
              Handed over
            </th>
            <th scope="col" class="cell-number">
              Succeeded
            </th>
            <th scope="col" class="cell-number">
              Failed
            </th>
          </tr>
        </thead>
        <tbody>
          {waves.map(({ size }, index) => {
            const number = index + 1
            const current = number === wave.number
            return (
              <tr key={number}>
                <td>{number}</td>
                <td>{typeof size === 'number' ? size.toLocaleString() : size}</td>
                <td>
                  {number < wave.number && <Status tone="good">Passed</Status>}
                  {current && wave.soakUntil === null && <Status tone="busy">Open</Status>}
                  {current && wave.soakUntil !== null && (
                    <>
                      <Status tone="busy">Rests</Status> until <Moment at={wave.soakUntil} />
                    </>
                  )}
                  {number > wave.number && <Status tone="idle">Waits</Status>}
                </td>
                <td class="cell-number">{current ? wave.handedOver.toLocaleString() : ''}</td>
                <td class="cell-number">{current ? wave.succeeded.toLocaleString() : ''}</td>
                <td class="cell-number">{current ? wave.failed.toLocaleString() : ''}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
      {wave.number > wave.of && <p class="hint">All waves are passed; what is left runs without a gate.</p>}
    </section>
  )
}
