// The two tabs of the administration.
import { Tabs } from '../../parts/tabs.tsx'

export function AdminTabs({ current }: { readonly current: 'audit' | 'people' }) {
  return (
    <Tabs
      label="Admin"
      tabs={[
        { to: '/admin/audit', text: 'Audit log', current: current === 'audit' },
        { to: '/admin/people', text: 'People and services', current: current === 'people' },
      ]}
    />
  )
}
