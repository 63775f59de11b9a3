// How fresh everything is: “updated 3 s ago”; and, when the line to the broker is lost, a notice nobody can overlook.
import { answeredAt } from '../state/api.ts'
import { connection, reconnect } from '../state/live.ts'
import { Ago, Moment } from './moment.tsx'

export function Freshness() {
  const offline = connection.value === 'offline'
  return (
    <>
      <p class="freshness">
        <span class={`lamp lamp-${connection.value}`} aria-hidden="true" />
        {offline ? 'Offline' : connection.value === 'live' ? 'Live' : 'Connecting'}
        {answeredAt.value > 0 && (
          <span class="faint">
            {'updated '}
            <Ago at={answeredAt.value} />
          </span>
        )}
      </p>
      <div role="status">
        {offline && (
          <div class="offline">
            <p>
              <strong>No connection to the broker.</strong> What you see is of{' '}
              <Moment at={answeredAt.value === 0 ? null : new Date(answeredAt.value).toISOString()} />. Trying again
              every few seconds.
            </p>
            <button type="button" onClick={reconnect}>
              Try now
            </button>
          </div>
        )}
      </div>
    </>
  )
}
