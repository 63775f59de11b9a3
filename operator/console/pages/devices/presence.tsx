// Whether a device is there, in words: connected, not connected, never seen, and not to be touched by operations.
import type { DeviceView } from '../../../../proto/http-api.ts'
import { Status } from '../../parts/status.tsx'

export function Presence({ device }: { readonly device: Pick<DeviceView, 'state' | 'online' | 'quarantinedAt'> }) {
  const { state, online, quarantinedAt } = device
  return (
    <span class="presence">
      {state === 'enrolled' ? (
        <Status tone="idle">Enrolled</Status>
      ) : (
        <Status tone={online ? 'good' : 'idle'}>{online ? 'Online' : 'Offline'}</Status>
      )}
      {quarantinedAt !== null && <Status tone="warn">Quarantined</Status>}
    </span>
  )
}
