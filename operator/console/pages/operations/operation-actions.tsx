// What may be done with an operation, by its state and by who is signed in. Each deed is asked about first, with numbers.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import type { OperationView } from '../../../../proto/http-api.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { send } from '../../state/api.ts'
import { tell } from '../../state/notices.ts'
import { hasEnded } from '../../state/operations.ts'
import { addressOf, navigate } from '../../state/route.ts'
import { may, session } from '../../state/session.ts'
import { StopUpdate } from '../update-status/stop-update.tsx'
import { EditLimits } from './edit-limits.tsx'

type Deed = 'approve' | 'refuse' | 'pause' | 'resume' | 'override' | 'edit' | 'stop' | 'retry'

interface AskProps {
  readonly operation: OperationView
  readonly onClose: () => void
}

export function OperationActions({ operation }: { readonly operation: OperationView }) {
  const asked = useSignal<Deed | undefined>(undefined)
  const close = (): void => {
    asked.value = undefined
  }
  const button = (deed: Deed, text: string, look?: string): ComponentChildren =>
    offers(deed, operation) && (
      <button
        type="button"
        class={look}
        onClick={() => {
          asked.value = deed
        }}
      >
        {text}
      </button>
    )
  return (
    <div class="operation-actions">
      {button('approve', 'Approve', 'primary')}
      {button('refuse', 'Refuse', 'danger-quiet')}
      {button('resume', 'Resume', 'primary')}
      {button('pause', 'Pause')}
      {button('edit', 'Change limits')}
      {button('override', 'Lift windows and rate')}
      {button('stop', 'Stop', 'danger-quiet')}
      {button('retry', 'Retry failed')}
      {hasEnded(operation) && (
        <a class="button" href={`/v1/operations/${operation.id}/export.csv`} download>
          Export
        </a>
      )}
      {asked.value !== undefined && <Question deed={asked.value} operation={operation} onClose={close} />}
    </div>
  )
}

/** The broker judges each request again. */
function offers(deed: Deed, operation: OperationView): boolean {
  const { state, policy, override, createdBy, errors } = operation
  const another = session.value?.name !== createdBy
  const runs = state === 'scheduled' || state === 'pending' || state === 'running'
  switch (deed) {
    case 'approve':
      return state === 'awaiting-approval' && may('approver') && another
    case 'refuse':
      return state === 'awaiting-approval' && may('approver')
    case 'pause':
      return runs && may('operator')
    case 'resume':
      return state === 'paused' && may('operator')
    case 'edit':
      return (runs || state === 'paused' || state === 'awaiting-approval') && may('operator')
    case 'override': {
      const held = policy.schedule.windows.length > 0 || policy.rate !== null
      return (runs || state === 'paused') && held && override === null && may('approver') && another
    }
    case 'stop':
      return !hasEnded(operation) && state !== 'stopping' && may('operator')
    case 'retry':
      return hasEnded(operation) && errors > 0 && may('operator')
  }
}

function Question({ deed, ...props }: AskProps & { readonly deed: Deed }) {
  switch (deed) {
    case 'approve':
      return <Approve {...props} />
    case 'refuse':
      return <Refuse {...props} />
    case 'pause':
      return <Pause {...props} />
    case 'resume':
      return <Resume {...props} />
    case 'override':
      return <Override {...props} />
    case 'edit':
      return <EditLimits {...props} />
    case 'stop':
      return <StopUpdate {...props} />
    case 'retry':
      return <Retry {...props} />
  }
}

function Approve({ operation, onClose }: AskProps) {
  const { name, sensors, createdBy, policy } = operation
  return (
    <Confirm
      title={`Approve ${name}?`}
      confirm="Approve"
      onClose={onClose}
      onConfirm={() => order(operation, 'approve', `${name} is approved.`)}
    >
      <p>
        {createdBy} asked for it. It goes to <strong>{sensors.toLocaleString()}</strong> devices, at most{' '}
        <strong>{policy.concurrency.toLocaleString()}</strong> at once,{' '}
        {policy.schedule.startAt === null ? 'beginning at once' : 'beginning when its schedule says'}.
      </p>
      <p class="hint">The tab Rules shows how it will go.</p>
    </Confirm>
  )
}

function Refuse({ operation, onClose }: AskProps) {
  const { name, sensors, createdBy } = operation
  return (
    <Confirm
      title={`Refuse ${name}?`}
      confirm="Refuse"
      tone="danger"
      onClose={onClose}
      onConfirm={() => order(operation, 'refuse', `${name} is refused.`)}
    >
      <p>
        None of its <strong>{sensors.toLocaleString()}</strong> devices is touched. {createdBy} has to ask anew.
      </p>
    </Confirm>
  )
}

function Pause({ operation, onClose }: AskProps) {
  const { name, counts } = operation
  return (
    <Confirm
      title={`Pause ${name}?`}
      confirm="Pause"
      onClose={onClose}
      onConfirm={() => order(operation, 'pause', `${name} is paused.`)}
    >
      <ul>
        <li>
          <strong>{counts.pending.toLocaleString()}</strong> waiting: keep waiting until it is resumed.
        </li>
        <li>
          <strong>{counts.inProgress.toLocaleString()}</strong> in progress: go on to their end.
        </li>
      </ul>
    </Confirm>
  )
}

function Resume({ operation, onClose }: AskProps) {
  const { name, counts, pause, policy, wave } = operation
  const byRule = pause?.by.startsWith('policy:') === true
  return (
    <Confirm
      title={`Resume ${name}?`}
      confirm="Resume"
      onClose={onClose}
      onConfirm={() => order(operation, 'resume', `${name} goes on.`)}
    >
      <p>
        <strong>{counts.pending.toLocaleString()}</strong> waiting devices get their turn, at most{' '}
        <strong>{policy.concurrency.toLocaleString()}</strong> at once.
      </p>
      {byRule && (
        <p>
          A rule has paused it: {pause?.reason}.{' '}
          {pause?.by.startsWith('policy:waves.') === true && wave !== null
            ? `Wave ${wave.number} of ${wave.of} is passed; the next one opens.`
            : 'From now on the abort rules count anew.'}
        </p>
      )}
    </Confirm>
  )
}

function Override({ operation, onClose }: AskProps) {
  const { name, counts } = operation
  const reason = useSignal('')
  const id = useId()
  return (
    <FormDialog
      title={`Lift windows and rate of ${name}?`}
      submit="Lift them"
      tone="danger"
      ready={reason.value.trim() !== ''}
      onClose={onClose}
      onSubmit={async () => {
        await send('POST', `/v1/operations/${operation.id}/override`, { reason: reason.value.trim() })
        tell(`${name} goes on without windows and rate.`)
        onClose()
      }}
    >
      <p>
        For emergencies: <strong>{counts.pending.toLocaleString()}</strong> waiting devices no longer wait for a
        maintenance window or for the rate. Concurrency, waves and abort rules still hold.
      </p>
      <div class="field">
        <label for={id}>Reason</label>
        <input
          id={id}
          maxLength={500}
          value={reason.value}
          aria-describedby={`${id}-hint`}
          onInput={event => {
            reason.value = event.currentTarget.value
          }}
        />
        <span class="hint" id={`${id}-hint`}>
          Goes into the audit log.
        </span>
      </div>
    </FormDialog>
  )
}

function Retry({ operation, onClose }: AskProps) {
  const { id, name, errors } = operation
  return (
    <Confirm
      title={`Try again where ${name} failed?`}
      confirm="Make a new operation"
      onClose={onClose}
      onConfirm={async () => {
        const made = await send<OperationView>('POST', `/v1/operations/${id}/retry-failed`)
        tell(`${made.name} was made.`)
        navigate(addressOf('/operations', { operation: made.id }))
      }}
    >
      <p>
        A new operation over the <strong>{errors.toLocaleString()}</strong> devices with errors, under the same rules.
        This one stays as it is.
      </p>
    </Confirm>
  )
}

async function order(
  { id }: OperationView,
  verb: 'approve' | 'refuse' | 'pause' | 'resume',
  said: string,
): Promise<void> {
  await send('POST', `/v1/operations/${id}/${verb}`)
  tell(said)
}
