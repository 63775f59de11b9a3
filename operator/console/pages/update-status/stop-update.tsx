// The question before an update is stopped: what that does to how many devices, and that there is no way back.
import type { OperationView } from '../../../../proto/http-api.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { send } from '../../state/api.ts'
import { tell } from '../../state/notices.ts'

interface StopUpdateProps {
  readonly operation: OperationView
  readonly onClose: () => void
}

export function StopUpdate({ operation, onClose }: StopUpdateProps) {
  const { id, name, counts, updated, errors } = operation
  const word = operation.type === 'firmware-update' ? 'update' : 'operation'
  return (
    <Confirm
      title={`Stop ${name}?`}
      confirm={`Stop the ${word}`}
      tone="danger"
      onClose={onClose}
      onConfirm={async () => {
        await send('POST', `/v1/operations/${id}/stop`)
        tell(`${name} is being stopped.`)
      }}
    >
      <ul>
        <li>
          <strong>{counts.pending.toLocaleString()}</strong> waiting: skipped.
        </li>
        <li>
          <strong>{counts.inProgress.toLocaleString()}</strong> in progress: finish their present step.
        </li>
        <li>
          <strong>{updated.toLocaleString()}</strong> updated and <strong>{errors.toLocaleString()}</strong> with
          errors: stay as they are.
        </li>
      </ul>
      <p>A stopped {word} cannot be restarted; a new one has to be made.</p>
    </Confirm>
  )
}
