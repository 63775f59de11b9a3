// The two tabs of the Devices page.
import { Tabs } from '../../parts/tabs.tsx'

export function DeviceTabs({ current }: { readonly current: 'devices' | 'updates' }) {
  return (
    <Tabs
      label="Devices"
      tabs={[
        { to: '/devices', text: 'Devices', current: current === 'devices' },
        { to: '/devices/updates', text: 'Update status', current: current === 'updates' },
      ]}
    />
  )
}
