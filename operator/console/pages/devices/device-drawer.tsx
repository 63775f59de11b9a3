// The details of one device. They open on its event log, which goes on after it has been deregistered.
import type { DeviceView } from '../../../../proto/http-api.ts'
import { Drawer } from '../../parts/drawer.tsx'
import { Status } from '../../parts/status.tsx'
import { Problem } from '../../parts/table.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { useQuery } from '../../state/query.ts'
import { presenceMs, useRegularly } from '../../state/regularly.ts'
import { parameter } from '../../state/route.ts'
import { ConfigurationTab } from './configuration-tab.tsx'
import { closedAddress, type DetailTab, detailsAddress, detailTabs } from './device-address.ts'
import { DeviceDeeds } from './device-deeds.tsx'
import { EventLogTab } from './event-log-tab.tsx'
import { OperationsTab } from './operations-tab.tsx'
import { OverviewTab } from './overview-tab.tsx'
import { Presence } from './presence.tsx'

const words: Readonly<Record<DetailTab, string>> = {
  log: 'Event log',
  overview: 'Overview',
  configuration: 'Configuration',
  operations: 'Operations',
}

export function DeviceDrawer({ id }: { readonly id: string }) {
  const address = `/v1/devices/${encodeURIComponent(id)}`
  const query = useQuery<DeviceView>(address, { pauseMs: 2_000 })
  useRegularly(query, presenceMs)
  const problem = query.problem.value
  const gone = problem?.status === 404
  const device = gone ? undefined : query.data.value
  const tab = detailTabs.find(known => known === parameter('tab')) ?? 'log'
  return (
    <Drawer
      title={id}
      closeTo={closedAddress()}
      extra={
        <span class="drawer-extra">
          {gone ? <Status tone="warn">Not registered</Status> : device !== undefined && <Presence device={device} />}
        </span>
      }
    >
      {gone && (
        <p class="faint">
          There is no device of this name now: it was deregistered, or never enrolled. What was logged about it stays.
        </p>
      )}
      {problem !== undefined && !gone && <Problem error={problem} />}
      {!gone && <DeviceDeeds id={id} device={device} onChange={query.refresh} />}
      <Tabs
        label={`Details of ${id}`}
        tabs={detailTabs.map(each => ({ to: detailsAddress(id, each), text: words[each], current: each === tab }))}
      />
      {tab === 'log' && <EventLogTab device={id} />}
      {tab === 'overview' && <OverviewTab device={device} gone={gone} onChange={query.refresh} />}
      {tab === 'configuration' && <ConfigurationTab device={id} />}
      {tab === 'operations' && <OperationsTab device={id} />}
    </Drawer>
  )
}
