// The limits that may change while an operation runs. Only what was changed is sent; the broker keeps the rest.
import { useSignal } from '@preact/signals'
import type { OperationEdit, OperationView } from '../../../../proto/http-api.ts'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { send } from '../../state/api.ts'
import { tell } from '../../state/notices.ts'
import { emptyPolicy, type PolicyDraft } from '../new-operation/draft.ts'
import { Fields, type FieldsOfDraft } from '../new-operation/fields.tsx'
import { LimitFields, SpeedField, TransportField, WindowRows } from '../new-operation/policy-fields.tsx'
import { editOf } from './limits-edit.ts'

interface EditLimitsProps {
  readonly operation: OperationView
  readonly onClose: () => void
}

export function EditLimits({ operation, onClose }: EditLimitsProps) {
  // As it was when the dialog was opened: an operation that goes on does not change what is being typed.
  const before = useSignal<PolicyDraft>(limitsOf(operation))
  const draft = useSignal(before.value)
  const { edit, problems } = editOf(before.value, draft.value)
  const fields: FieldsOfDraft<PolicyDraft> = {
    draft: draft.value,
    change: changes => {
      draft.value = { ...draft.value, ...changes }
    },
  }
  return (
    <Fields problems={problems} all>
      <FormDialog
        title={`Change the limits of ${operation.name}`}
        submit="Change"
        ready={problems.length === 0 && Object.keys(edit).length > 0}
        onClose={onClose}
        onSubmit={async () => {
          await send('PATCH', `/v1/operations/${operation.id}`, edit satisfies OperationEdit)
          tell(`The limits of ${operation.name} are changed.`)
          onClose()
        }}
      >
        <p class="hint">
          In force now: at most {operation.policy.concurrency.toLocaleString()} in progress at once. An empty number of
          devices leaves that as it is; an empty rate or speed lifts the limit.
        </p>
        <LimitFields {...fields} prefix="" />
        {operation.type === 'firmware-update' && (
          <>
            <TransportField {...fields} />
            <SpeedField {...fields} prefix="" />
          </>
        )}
        <WindowRows {...fields} prefix="windows" />
      </FormDialog>
    </Fields>
  )
}

function limitsOf({ policy: { rate, delivery, schedule } }: OperationView): PolicyDraft {
  const { exponential } = rate ?? {}
  return {
    ...emptyPolicy,
    rateMaximum: rate === null ? '' : String(rate.maximumPerMinute),
    ...(exponential === undefined
      ? {}
      : {
          ramp: true,
          rampBase: String(exponential.basePerMinute),
          rampFactor: String(exponential.factor),
          rampCriterion: exponential.criterion.kind,
          rampCount: String(exponential.criterion.count),
        }),
    transport: delivery.transport,
    bytesPerSecond: delivery.bytesPerSecond === null ? '' : String(delivery.bytesPerSecond),
    windows: schedule.windows.map(({ cron, minutes, timeZone }) => ({ cron, minutes: String(minutes), timeZone })),
  }
}
