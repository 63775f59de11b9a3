// Waves, abort rules and retries: lists of small rules. Abort rules and retries begin as the broker has them by default, and
// are written out only when somebody wants others.
import {
  type AbortDraft,
  carefulWaves,
  defaultAbort,
  defaultRetries,
  emptyAbort,
  emptyRetry,
  emptyWave,
  type PolicyDraft,
} from './draft.ts'
import { CheckField, ChoiceField, type FieldsOfDraft, TextField } from './fields.tsx'
import { Rows } from './rows.tsx'

type PolicyFields = FieldsOfDraft<PolicyDraft>

export function WaveFields({ draft, change }: PolicyFields) {
  return (
    <>
      <Rows
        rows={draft.waves}
        onChange={waves => change({ waves })}
        fresh={emptyWave}
        what="wave"
        name="policy.waves"
        most={50}
      >
        {(wave, edit, name) => (
          <>
            <TextField
              label="Size"
              name={`${name}.size`}
              value={wave.size}
              size={6}
              hint="100 or 10%"
              onInput={size => edit({ size })}
            />
            <TextField
              label="Passes at"
              name={`${name}.successPercent`}
              value={wave.successPercent}
              size={4}
              unit="% success"
              placeholder="95"
              onInput={successPercent => edit({ successPercent })}
            />
            <TextField
              label="Pauses above"
              name={`${name}.errorPercent`}
              value={wave.errorPercent}
              size={4}
              unit="% errors"
              placeholder="5"
              onInput={errorPercent => edit({ errorPercent })}
            />
            <TextField
              label="Judged from"
              name={`${name}.minExecuted`}
              value={wave.minExecuted}
              size={6}
              unit="ended"
              placeholder="all"
              onInput={minExecuted => edit({ minExecuted })}
            />
            <TextField
              label="Then rests"
              name={`${name}.soakMinutes`}
              value={wave.soakMinutes}
              size={5}
              unit="minutes"
              placeholder="0"
              onInput={soakMinutes => edit({ soakMinutes })}
            />
            <ChoiceField
              label="After success"
              name={`${name}.onSuccess`}
              value={wave.onSuccess}
              choices={[
                { value: 'next', text: 'the next wave' },
                { value: 'pause', text: 'pause' },
              ]}
              onChange={onSuccess => edit({ onSuccess })}
            />
          </>
        )}
      </Rows>
      {draft.waves.length === 0 && (
        <button type="button" onClick={() => change({ waves: carefulWaves })}>
          Careful: 1 %, then 10 %, then all
        </button>
      )}
    </>
  )
}

export function AbortFields({ draft: { abort }, change }: PolicyFields) {
  if (abort === undefined)
    return (
      <Defaults
        text="Pause at a single failure of class security or author in the first wave: those are no accidents of one device."
        onChange={() => change({ abort: defaultAbort })}
      />
    )
  return (
    <>
      <Rows
        rows={abort}
        onChange={next => change({ abort: next })}
        fresh={emptyAbort}
        what="rule"
        name="policy.abort"
        most={20}
      >
        {(rule, edit, name) => (
          <>
            <MatchField name={`${name}.match`} value={rule.match} onInput={match => edit({ match })} />
            <TextField
              label="More than"
              name={`${name}.percent`}
              value={rule.percent}
              size={4}
              unit="%"
              hint="0: a single one"
              onInput={percent => edit({ percent })}
            />
            <TextField
              label="Judged from"
              name={`${name}.minExecuted`}
              value={rule.minExecuted}
              size={6}
              unit="ended"
              placeholder="1"
              onInput={minExecuted => edit({ minExecuted })}
            />
            <ChoiceField
              label="Then"
              name={`${name}.action`}
              value={rule.action}
              choices={actions}
              onChange={action => edit({ action })}
            />
            {rule.action === 'rollback' && (
              <TextField
                label="Release to bring"
                name={`${name}.action.rollback`}
                value={rule.rollback}
                size={18}
                placeholder="main@2.0.1"
                hint="The old content, signed under a higher version."
                onInput={rollback => edit({ rollback })}
              />
            )}
            <CheckField
              class="check-beside"
              label="First wave only"
              name={`${name}.firstWaveOnly`}
              checked={rule.firstWaveOnly}
              onChange={firstWaveOnly => edit({ firstWaveOnly })}
            />
          </>
        )}
      </Rows>
      <ToDefaults onChange={() => change({ abort: undefined })} />
    </>
  )
}

const actions: readonly { readonly value: AbortDraft['action']; readonly text: string }[] = [
  { value: 'pause', text: 'pause' },
  { value: 'stop', text: 'stop' },
  { value: 'rollback', text: 'stop and roll back' },
]

export function RetryFields({ draft: { retries }, change }: PolicyFields) {
  if (retries === undefined)
    return (
      <Defaults
        text="Network and storage troubles twice, damage on the way and internal errors once; what trying again cannot heal never."
        onChange={() => change({ retries: defaultRetries })}
      />
    )
  return (
    <>
      <Rows
        rows={retries}
        onChange={next => change({ retries: next })}
        fresh={emptyRetry}
        what="rule"
        name="policy.retries"
        most={20}
      >
        {(rule, edit, name) => (
          <>
            <MatchField name={`${name}.match`} value={rule.match} onInput={match => edit({ match })} />
            <TextField
              label="At most"
              name={`${name}.limit`}
              value={rule.limit}
              size={3}
              unit="times"
              onInput={limit => edit({ limit })}
            />
            <TextField
              label="After"
              name={`${name}.delaySeconds`}
              value={rule.delaySeconds}
              size={6}
              unit="seconds"
              placeholder="60"
              onInput={delaySeconds => edit({ delaySeconds })}
            />
            <TextField
              label="Each time as long"
              name={`${name}.factor`}
              value={rule.factor}
              size={4}
              unit="times"
              placeholder="2"
              onInput={factor => edit({ factor })}
            />
            <TextField
              label="Spread"
              name={`${name}.jitter`}
              value={rule.jitter}
              size={4}
              placeholder="0.2"
              hint="0 to 1 of the delay"
              onInput={jitter => edit({ jitter })}
            />
          </>
        )}
      </Rows>
      <ToDefaults onChange={() => change({ retries: undefined })} />
    </>
  )
}

interface MatchFieldProps {
  readonly name: string
  readonly value: string
  readonly onInput: (value: string) => void
}

function MatchField(props: MatchFieldProps) {
  return (
    <TextField
      {...props}
      label="Failures"
      size={18}
      list="failure-matches"
      hint="FAIL, TIMED_OUT, ALL, a class, or codes with commas"
    />
  )
}

const matches = [
  'FAIL',
  'TIMED_OUT',
  'ALL',
  'author',
  'security',
  'targeting',
  'device',
  'network',
  'state',
  'consent',
  'image',
  'internal',
]

/** The words a match may be; once in a form. */
export function MatchList() {
  return (
    <datalist id="failure-matches">
      {matches.map(match => (
        <option key={match} value={match} />
      ))}
    </datalist>
  )
}

function Defaults({ text, onChange }: { readonly text: string; readonly onChange: () => void }) {
  return (
    <div class="defaults">
      <p>{text}</p>
      <button type="button" onClick={onChange}>
        Change the rules
      </button>
    </div>
  )
}

function ToDefaults({ onChange }: { readonly onChange: () => void }) {
  return (
    <button type="button" class="quiet to-defaults" onClick={onChange}>
      Back to the default rules
    </button>
  )
}
