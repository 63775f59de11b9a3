// Everything that ever happened to one device, newest first.
import type { EventListing } from '../../../../proto/http-api.ts'
import { pageSize } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf, parameter } from '../../state/route.ts'
import { EventTable } from '../events/event-table.tsx'

export function EventLogTab({ device }: { readonly device: string }) {
  const query = useQuery<EventListing>(
    addressOf('/v3/device-events', { device_id: device, limit: String(pageSize), after: parameter('log') }),
    { pauseMs: 2_000 },
  )
  return (
    <EventTable
      caption={`Events of ${device}, newest first`}
      query={query}
      ofDevice
      cursorName="log"
      empty={<p>Nothing was ever logged about a device of this name.</p>}
    />
  )
}
