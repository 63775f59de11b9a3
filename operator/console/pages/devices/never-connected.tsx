// Devices that have credentials and have not said hello yet. The registry does not list them; the log does: first
// credentials (SYS_107) after which the device neither came (it would be in the registry) nor was deregistered (SYS_105).
import type { DeviceView, EventListing, EventView, Listing } from '../../../../proto/http-api.ts'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Table } from '../../parts/table.tsx'
import { nextCursor, pageSize, pagesAround } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf, parameter } from '../../state/route.ts'
import { detailsAddress } from './device-address.ts'
import { Presence } from './presence.tsx'

/** One device may have got its first credentials several times, and been deregistered in between. */
const departuresMax = 1000

export function NeverConnected() {
  const given = useQuery<EventListing>(
    addressOf('/v3/device-events', {
      filter: 'event_type=SYS_107',
      limit: String(pageSize),
      after: parameter('after'),
    }),
    { pauseMs: 5_000 },
  )
  const events = given.data.value
  const ids = [...new Set(events?.data.map(({ device_id }) => device_id))].sort().join(',')
  const there = useQuery<Listing<DeviceView>>(
    ids === '' ? undefined : addressOf('/v1/devices', { filter: `id__in=${ids}`, limit: String(pageSize) }),
    { pauseMs: 5_000 },
  )
  const gone = useQuery<EventListing>(
    ids === ''
      ? undefined
      : addressOf('/v3/device-events', {
          filter: `event_type=SYS_105&device_id__in=${ids}`,
          limit: String(departuresMax),
        }),
    { pauseMs: 5_000 },
  )
  const pages = pagesAround(nextCursor(events, ({ id }) => id))
  const known =
    events !== undefined && (ids === '' || (there.data.value !== undefined && gone.data.value !== undefined))
  return (
    <>
      <p class="faint">
        Devices that have credentials and have not connected with them yet, newest first. They are found in the event
        log piece by piece, so a page may be short.
      </p>
      <Table
        caption="Devices that have credentials and have not said hello, newest first"
        columns={[
          {
            head: 'Device',
            cell: ({ device_id: id }) => (
              <Link class="device-id" to={detailsAddress(id, 'overview')}>
                {id}
              </Link>
            ),
          },
          {
            head: 'Presence',
            cell: () => <Presence device={{ state: 'enrolled', online: false, quarantinedAt: null }} />,
          },
          { head: 'Credentials since', kind: 'wide', cell: ({ date_time }) => <Moment at={date_time} /> },
        ]}
        rows={known ? stillWaiting(events.data, there.data.value?.data ?? [], gone.data.value?.data ?? []) : undefined}
        keyOf={({ device_id }) => device_id}
        problem={given.problem.value ?? there.problem.value ?? gone.problem.value}
        loading={given.loading.value}
        isSelected={({ device_id }) => device_id === parameter('device')}
        pages={pages}
        empty={
          pages.next === undefined ? (
            <p>Every device that has credentials has said hello.</p>
          ) : (
            <p>
              None in this part of the log. <Link to={pages.next}>Go on looking</Link>
            </p>
          )
        }
      />
    </>
  )
}

/** `given` newest first. */
function stillWaiting(
  given: readonly EventView[],
  there: readonly DeviceView[],
  gone: readonly EventView[],
): readonly EventView[] {
  const met = new Set(there.map(({ id }) => id))
  return given.filter(event => {
    if (met.has(event.device_id)) return false
    met.add(event.device_id)
    // Ids of events grow with time.
    return !gone.some(({ device_id, id }) => device_id === event.device_id && id > event.id)
  })
}
