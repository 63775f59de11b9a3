// What stands below an event: what its code means, what changed, and the fields the device or the broker put beside it.
import type { EventView } from '../../../../proto/http-api.ts'
import { Link } from '../../parts/link.tsx'
import { addressOf } from '../../state/route.ts'
import { codeTable } from './code-table.ts'

interface EventDetailsProps {
  readonly event: EventView
  readonly ofDevice: boolean
}

export function EventDetails({ event, ofDevice }: EventDetailsProps) {
  const { id, event_type: code, device_id: device, changes, data } = event
  const entry = codeTable.value.get(code)
  const action = entry?.correctiveAction
  const { campaign_id: operation, ...fields } = data
  return (
    <dl class="facts event-facts">
      {entry !== undefined && (
        <>
          <dt>Meaning</dt>
          <dd>{entry.explanation}</dd>
        </>
      )}
      {action != null && (
        <>
          <dt>What to do</dt>
          <dd>{action}</dd>
        </>
      )}
      {Object.entries(changes).map(([name, { from, to }]) => (
        <Fact key={`change ${name}`} name={`${name} changed`}>
          <code>{from ?? 'nothing'}</code> → <code>{to ?? 'nothing'}</code>
        </Fact>
      ))}
      {Object.entries(fields).map(([name, value]) => (
        <Fact key={name} name={name}>
          <code class="value">{value}</code>
        </Fact>
      ))}
      {operation !== undefined && (
        <Fact name="Operation">
          <Link to={addressOf('/operations', { operation })}>
            <code>{operation}</code>
          </Link>
        </Fact>
      )}
      <Fact name="Event id">
        <code>{id}</code>
      </Fact>
      <Fact name="More">
        {!ofDevice && (
          <>
            <Link to={addressOf('/events', { filter: `device_id=${device}`, span: 'all' })}>
              All events of this device
            </Link>
            {' · '}
          </>
        )}
        <Link to={addressOf('/events', { filter: `event_type=${code}` })}>All devices with {code}</Link>
      </Fact>
    </dl>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  )
}
