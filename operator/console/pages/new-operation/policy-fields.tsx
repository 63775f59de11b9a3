// The fields of the policy that stand in the form of a new operation and in the dialog that changes a running one.

import { nightWindow, type PolicyDraft } from './draft.ts'
import { CheckField, ChoiceField, type FieldsOfDraft, TextField } from './fields.tsx'
import { Rows } from './rows.tsx'

/** `prefix`: of the fields' names, `policy.` or nothing. */
interface Prefixed extends FieldsOfDraft<PolicyDraft> {
  readonly prefix: string
}

export function LimitFields({ draft, change, prefix }: Prefixed) {
  return (
    <>
      <div class="field-row">
        <TextField
          label="Most devices in progress"
          name={`${prefix}concurrency`}
          value={draft.concurrencyCount}
          size={8}
          onInput={concurrencyCount => change({ concurrencyCount })}
        />
        <TextField
          label="Share of the targets"
          name={`${prefix}concurrency.percent`}
          value={draft.concurrencyPercent}
          size={5}
          unit="%"
          hint="Both given: the smaller counts."
          onInput={concurrencyPercent => change({ concurrencyPercent })}
        />
      </div>
      <div class="field-row">
        <TextField
          label="Most hand-overs a minute"
          name={`${prefix}rate.maximumPerMinute`}
          value={draft.rateMaximum}
          size={8}
          placeholder="no limit"
          onInput={rateMaximum => change({ rateMaximum })}
        />
        <CheckField
          class="check-beside"
          label="Begin slowly"
          name={`${prefix}rate.exponential`}
          checked={draft.ramp}
          onChange={ramp => change({ ramp })}
        />
      </div>
      {draft.ramp && (
        <div class="field-row">
          <TextField
            label="At first, a minute"
            name={`${prefix}rate.exponential.basePerMinute`}
            value={draft.rampBase}
            size={6}
            onInput={rampBase => change({ rampBase })}
          />
          <TextField
            label="Then times"
            name={`${prefix}rate.exponential.factor`}
            value={draft.rampFactor}
            size={5}
            onInput={rampFactor => change({ rampFactor })}
          />
          <TextField
            label="After each"
            name={`${prefix}rate.exponential.criterion`}
            value={draft.rampCount}
            size={6}
            unit="devices"
            onInput={rampCount => change({ rampCount })}
          />
          <ChoiceField
            label="That"
            name={`${prefix}rate.exponential.criterion.kind`}
            value={draft.rampCriterion}
            choices={[
              { value: 'succeeded', text: 'succeeded' },
              { value: 'notified', text: 'were handed it' },
            ]}
            onChange={rampCriterion => change({ rampCriterion })}
          />
        </div>
      )}
    </>
  )
}

export function TransportField({ draft, change }: FieldsOfDraft<PolicyDraft>) {
  return (
    <ChoiceField
      label="How the bytes come"
      name="policy.delivery.transport"
      value={draft.transport}
      choices={[
        { value: 'auto', text: 'What costs least for each device' },
        { value: 'pull', text: 'Pull: each device for itself' },
        { value: 'broadcast', text: 'Broadcast: once to all that listen' },
      ]}
      onChange={transport => change({ transport })}
    />
  )
}

export function SpeedField({ draft, change, prefix }: Prefixed) {
  return (
    <TextField
      label="Most bytes a second"
      name={`${prefix}delivery.bytesPerSecond`}
      value={draft.bytesPerSecond}
      size={14}
      placeholder="no limit"
      hint="To all its devices together; 1,024 or more."
      onInput={bytesPerSecond => change({ bytesPerSecond })}
    />
  )
}

export function WindowRows({ draft, change, prefix }: Prefixed) {
  return (
    <Rows
      rows={draft.windows}
      onChange={windows => change({ windows })}
      fresh={nightWindow(Intl.DateTimeFormat().resolvedOptions().timeZone)}
      what="maintenance window"
      name={prefix}
      most={16}
    >
      {(window, edit, name) => (
        <>
          <TextField
            label="Opens at (cron)"
            name={`${name}.cron`}
            value={window.cron}
            size={14}
            mono
            hint="minute hour day month weekday"
            onInput={cron => edit({ cron })}
          />
          <TextField
            label="For"
            name={`${name}.minutes`}
            value={window.minutes}
            size={5}
            unit="minutes"
            onInput={minutes => edit({ minutes })}
          />
          <TextField
            label="Time zone"
            name={`${name}.timeZone`}
            value={window.timeZone}
            size={16}
            onInput={timeZone => edit({ timeZone })}
          />
        </>
      )}
    </Rows>
  )
}
