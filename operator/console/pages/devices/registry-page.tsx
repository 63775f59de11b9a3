// The registry: every device that has said hello, found by a part of its id, by its state, or by a filter.
import { useSignal } from '@preact/signals'
import type { DeviceView, Listing } from '../../../../proto/http-api.ts'
import type { FleetView } from '../../../../proto/http-console.ts'
import { FilterField, isAboutFilter, unusableFilter } from '../../parts/filter-field.tsx'
import { conditionValue, joined, withCondition } from '../../parts/filter-text.ts'
import { Link } from '../../parts/link.tsx'
import { Page } from '../../parts/page.tsx'
import { Table } from '../../parts/table.tsx'
import { nextCursor, pageSize, pagesAround } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { presenceMs, useRegularly } from '../../state/regularly.ts'
import { addressOf, addressWith, parameter, setParameters } from '../../state/route.ts'
import { may } from '../../state/session.ts'
import { deviceColumns } from './device-columns.tsx'
import { DeviceTabs } from './device-tabs.tsx'
import { EnrollDevice } from './enroll-device.tsx'
import { deviceFilterHelp } from './filter-help.ts'
import { NeverConnected } from './never-connected.tsx'
import { SearchField } from './search-field.tsx'

interface DeviceListing extends Listing<DeviceView> {
  readonly next?: string
}

export function RegistryPage() {
  const enrolling = useSignal(false)
  const waiting = parameter('waiting') !== ''
  return (
    <Page
      title="Devices"
      actions={
        may('operator') && (
          <button
            type="button"
            class="primary"
            onClick={() => {
              enrolling.value = true
            }}
          >
            Enroll a device
          </button>
        )
      }
    >
      <DeviceTabs current="devices" />
      <QuickFilters waiting={waiting} />
      {waiting ? <NeverConnected /> : <Registry />}
      {enrolling.value && (
        <EnrollDevice
          onClose={() => {
            enrolling.value = false
          }}
        />
      )}
    </Page>
  )
}

function Registry() {
  const [filter, search, after] = [parameter('filter'), parameter('q'), parameter('after')]
  const asked = joined(filter, search === '' ? '' : withCondition('', 'id__like', `*${search}*`))
  const address = addressOf('/v1/devices', { filter: asked, limit: String(pageSize), after })
  const query = useQuery<DeviceListing>(address, { pauseMs: 5_000 })
  useRegularly(query, presenceMs)
  const listing = query.data.value
  const next = nextCursor(listing, ({ id }) => id)
  const pages = pagesAround(next)
  const problem = query.problem.value
  const unusable = isAboutFilter(problem)
  return (
    <>
      <div class="finders">
        <SearchField value={search} onChange={q => setParameters({ q, after: undefined }, { replace: true })} />
        <FilterField
          value={filter}
          onChange={value => setParameters({ filter: value, after: undefined })}
          help={deviceFilterHelp}
          problem={problem}
        />
      </div>
      <Table
        caption="Devices by id"
        columns={deviceColumns}
        rows={unusable ? [] : listing?.data}
        keyOf={({ id }) => id}
        problem={unusable ? undefined : problem}
        loading={query.loading.value}
        isSelected={({ id }) => id === parameter('device')}
        pages={pages}
        empty={unusable ? unusableFilter : <Empty narrowed={asked !== ''} next={pages.next} />}
      />
    </>
  )
}

/** States as links, with how many there are of each as of the broker's last count. */
function QuickFilters({ waiting }: { readonly waiting: boolean }) {
  const fleet = useQuery<FleetView>('/v1/fleet', { pauseMs: 10_000 }).data.value
  const counted = fleet?.countedAt === null ? undefined : fleet
  // The connected ones are of now, the others of the last count, which may be older than a device.
  const all = counted && Math.max(counted.devices, counted.online)
  const filter = parameter('filter')
  const state = waiting ? 'enrolled' : conditionValue(filter, 'state')
  const choices = [
    { value: '', text: 'All', count: all },
    { value: 'online', text: 'Online', count: counted?.online },
    { value: 'offline', text: 'Offline', count: counted && Math.max(0, counted.devices - counted.online) },
    { value: 'quarantined', text: 'Quarantined', count: counted?.quarantined },
  ]
  return (
    <nav class="quick" aria-label="Devices by state">
      {choices.map(({ value, text, count }) => (
        <Link
          key={value}
          to={addressWith({ filter: withCondition(filter, 'state', value), waiting: undefined, after: undefined })}
          aria-current={state === value ? 'page' : undefined}
        >
          {text} <span class="quick-count">{count?.toLocaleString() ?? ''}</span>
        </Link>
      ))}
      <Link
        to={addressOf('/devices', { waiting: 'hello' })}
        aria-current={waiting ? 'page' : undefined}
        title="Devices that have credentials and have not said hello yet"
      >
        Enrolled only
      </Link>
    </nav>
  )
}

function Empty({ narrowed, next }: { readonly narrowed: boolean; readonly next: string | undefined }) {
  if (next !== undefined)
    return (
      <>
        <p>None of the devices that were looked at is like that; there are more.</p>
        <p>
          <Link to={next}>Go on looking</Link>
        </p>
      </>
    )
  if (narrowed)
    return (
      <>
        <p>No device is like that.</p>
        <p>
          <Link to="/devices">Show all devices</Link>. One that is enrolled and has not said hello yet stands under{' '}
          <Link to={addressOf('/devices', { waiting: 'hello' })}>Enrolled only</Link>.
        </p>
      </>
    )
  return (
    <>
      <p>No device has said hello yet.</p>
      <p>
        Give a device its first credentials with <strong>Enroll a device</strong>, or in a terminal:{' '}
        <code>drover devices enroll ID</code>. It appears here with its first hello; until then it stands under{' '}
        <Link to={addressOf('/devices', { waiting: 'hello' })}>Enrolled only</Link>.
      </p>
    </>
  )
}
