// What can be started for this one device, for those who may.
import { useSignal } from '@preact/signals'
import type { DeviceView } from '../../../../proto/http-api.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { Link } from '../../parts/link.tsx'
import { send } from '../../state/api.ts'
import { tell } from '../../state/notices.ts'
import { addressOf } from '../../state/route.ts'
import { may } from '../../state/session.ts'

const operations = [
  { type: 'firmware-update', text: 'Update' },
  { type: 'reboot', text: 'Reboot' },
  { type: 'config-backup', text: 'Back up configuration' },
  { type: 'config-change', text: 'Change configuration' },
] as const

interface DeviceDeedsProps {
  readonly id: string
  /** Undefined: not known yet. */
  readonly device: DeviceView | undefined
  readonly onChange: () => void
}

export function DeviceDeeds({ id, device, onChange }: DeviceDeedsProps) {
  const releasing = useSignal(false)
  if (!may('operator') || device?.state === 'enrolled') return null
  return (
    <div class="deeds">
      {operations.map(({ type, text }) => (
        <Link key={type} class="button" to={addressOf('/operations/new', { type, devices: id })}>
          {text}
        </Link>
      ))}
      {device !== undefined && device.quarantinedAt !== null && (
        <button
          type="button"
          class="primary"
          onClick={() => {
            releasing.value = true
          }}
        >
          Release from quarantine
        </button>
      )}
      {releasing.value && (
        <Confirm
          title={`Release ${id}?`}
          confirm="Release from quarantine"
          onClose={() => {
            releasing.value = false
          }}
          onConfirm={async () => {
            await send('POST', `/v1/devices/${encodeURIComponent(id)}/release`)
            tell(`${id} was released from quarantine.`)
            onChange()
          }}
        >
          <p>
            It failed in several operations and has been left out of new ones since. From now on <strong>1</strong>{' '}
            device takes part again; its failures are forgotten.
          </p>
        </Confirm>
      )}
    </div>
  )
}
