// The rules of a new operation, a group for each kind: closed it says what is in force (as the broker has just planned it),
// open it has the fields and a sentence of help.
import type { ComponentChildren } from 'preact'
import type { OperationPlan } from '../../../../proto/http-api.ts'
import { momentText } from '../operations/moment-text.ts'
import { type RuleGroup, ruleOf } from '../operations/rules.ts'
import { type Draft, emptyPolicy, emptyPrerequisite, type PolicyDraft } from './draft.ts'
import { CheckField, ChoiceField, type FieldsOfDraft, TextField } from './fields.tsx'
import { LimitFields, SpeedField, TransportField, WindowRows } from './policy-fields.tsx'
import { Rows } from './rows.tsx'
import { AbortFields, RetryFields, WaveFields } from './rule-fields.tsx'

interface PolicyGroupsProps extends FieldsOfDraft<PolicyDraft> {
  readonly type: Draft['type']
  /** Of the last plan. */
  readonly inForce: OperationPlan['policy'] | undefined
}

export function PolicyGroups({ type, inForce, ...fields }: PolicyGroupsProps) {
  const { draft, change } = fields
  const group = (
    name: RuleGroup,
    own: readonly (keyof PolicyDraft)[],
    help: string,
    content: ComponentChildren,
  ): ComponentChildren => (
    <Group name={name} changed={isChanged(draft, own)} help={help} inForce={inForce}>
      {content}
    </Group>
  )
  return (
    <div class="groups">
      {group(
        'limits',
        ['priority', 'concurrencyCount', 'concurrencyPercent', 'offlinePolicy', 'rateMaximum', 'ramp'],
        'How many devices are at work at once, and how fast they are given the work. Left empty: 500 or 25 % of the targets, whichever is smaller, at any rate.',
        <>
          <LimitFields {...fields} prefix="policy." />
          <div class="field-row">
            <ChoiceField
              label="A device that is not connected"
              name="policy.offlinePolicy"
              value={draft.offlinePolicy}
              choices={[
                { value: 'wait', text: 'waits until it is' },
                { value: 'skip', text: 'is skipped' },
              ]}
              onChange={offlinePolicy => change({ offlinePolicy })}
            />
            <TextField
              label="Priority"
              name="policy.priority"
              value={draft.priority}
              size={4}
              placeholder="5"
              hint="0 to 9; the higher goes first."
              onInput={priority => change({ priority })}
            />
          </div>
        </>,
      )}
      {group(
        'waves',
        ['waves'],
        'A few devices first, the others only when those did well. Without waves all devices get it within the limits above.',
        <WaveFields {...fields} />,
      )}
      {group(
        'abort',
        ['abort'],
        'What makes the operation hold or end by itself. The rules are judged in this order; the first that hits counts.',
        <AbortFields {...fields} />,
      )}
      {group(
        'retries',
        ['retries'],
        'Which failures are tried again, how often and after which time. The first rule that matches decides.',
        <RetryFields {...fields} />,
      )}
      {group(
        'schedule',
        ['startAt', 'endAt', 'onEnd', 'windows', 'installInWindow'],
        'When it begins and ends, and at which times of the day anything is handed over. Times are those of this computer.',
        <ScheduleFields {...fields} />,
      )}
      {group(
        'approval',
        ['approval'],
        'A second person, with the role approver, has to say yes before anything is sent.',
        <CheckField
          label="Wait for an approval"
          name="policy.approval"
          checked={draft.approval}
          onChange={approval => change({ approval })}
        />,
      )}
      {type === 'firmware-update' &&
        group(
          'delivery',
          ['transport', 'bytesPerSecond', 'retryByPull'],
          'How the bytes of the release come to the devices.',
          <>
            <div class="field-row">
              <TransportField {...fields} />
              <SpeedField {...fields} prefix="policy." />
            </div>
            <CheckField
              label="After a failed broadcast, offer the update once more, to pull it"
              name="policy.delivery.retryByPull"
              checked={draft.retryByPull}
              onChange={retryByPull => change({ retryByPull })}
            />
          </>,
        )}
      {group(
        'timeouts',
        [
          'timeoutDays',
          'stepTimeoutMinutes',
          'inProgressTimeoutMinutes',
          'confirmTimeoutMinutes',
          'stopTimeoutMinutes',
        ],
        'When waiting for a device ends. Devices that are too late end with “Sensor unresponsive” (SYS_100).',
        <TimeoutFields {...fields} />,
      )}
      {group(
        'prerequisites',
        ['prerequisites'],
        'Versions a device must have; others are skipped without any traffic.',
        <Rows
          rows={draft.prerequisites}
          onChange={prerequisites => change({ prerequisites })}
          fresh={emptyPrerequisite}
          what="prerequisite"
          name="policy.prerequisites"
          most={32}
        >
          {(row, edit, name) => (
            <>
              <TextField
                label="Component"
                name={`${name}.component`}
                value={row.component}
                size={14}
                placeholder="main"
                onInput={component => edit({ component })}
              />
              <TextField
                label="Least version"
                name={`${name}.versionLeast`}
                value={row.versionLeast}
                size={10}
                placeholder="1.4.0"
                onInput={versionLeast => edit({ versionLeast })}
              />
            </>
          )}
        </Rows>,
      )}
      {group(
        'log',
        ['logOnFailure'],
        'Costs some traffic with each failure, and often tells the reason.',
        <CheckField
          label="Devices that fail send what they logged of late"
          name="policy.logOnFailure"
          checked={draft.logOnFailure}
          onChange={logOnFailure => change({ logOnFailure })}
        />,
      )}
    </div>
  )
}

interface GroupProps {
  readonly name: RuleGroup
  readonly changed: boolean
  readonly help: string
  readonly inForce: OperationPlan['policy'] | undefined
  readonly children: ComponentChildren
}

const titles: Readonly<Record<RuleGroup, string>> = {
  limits: 'Concurrency and rate',
  waves: 'Waves',
  abort: 'Abort rules',
  retries: 'Retries',
  schedule: 'Schedule and windows',
  approval: 'Approval',
  delivery: 'Delivery',
  timeouts: 'Timeouts',
  prerequisites: 'Prerequisites',
  log: 'Log on failure',
}

function Group({ name, changed, help, inForce, children }: GroupProps) {
  const texts = inForce === undefined ? [] : ruleOf(name, inForce, momentText).texts
  return (
    <details class="group">
      <summary>
        <span class="group-title">{titles[name]}</span>
        <span class="group-text hint" title={texts.join('\n')}>
          {texts[0] ?? ''}
          {texts.length > 1 && ` (${texts.length - 1} more)`}
        </span>
        <span class={changed ? 'chip group-changed' : 'chip'}>{changed ? 'Changed' : 'Default'}</span>
      </summary>
      <div class="group-body">
        <p class="hint">{help}</p>
        {children}
      </div>
    </details>
  )
}

function ScheduleFields({ draft, change }: FieldsOfDraft<PolicyDraft>) {
  return (
    <>
      <div class="field-row">
        <TextField
          label="Not before"
          name="policy.schedule.startAt"
          type="datetime-local"
          value={draft.startAt}
          onInput={startAt => change({ startAt })}
        />
        <TextField
          label="Nothing new after"
          name="policy.schedule.endAt"
          type="datetime-local"
          value={draft.endAt}
          onInput={endAt => change({ endAt })}
        />
        <ChoiceField
          label="What runs then"
          name="policy.schedule.onEnd"
          value={draft.onEnd}
          choices={[
            { value: 'finish', text: 'may finish' },
            { value: 'stop', text: 'is stopped' },
          ]}
          onChange={onEnd => change({ onEnd })}
        />
      </div>
      <WindowRows draft={draft} change={change} prefix="policy.schedule.windows" />
      <CheckField
        label="Install inside a window only"
        name="policy.schedule.install"
        hint="What is downloaded when a window ends waits for the next one."
        checked={draft.installInWindow}
        onChange={installInWindow => change({ installInWindow })}
      />
    </>
  )
}

const timeouts = [
  { name: 'timeoutDays', label: 'The whole operation', unit: 'days', usual: '14' },
  { name: 'stepTimeoutMinutes', label: 'Silence in progress', unit: 'minutes', usual: '60' },
  { name: 'inProgressTimeoutMinutes', label: 'In progress in all', unit: 'minutes', usual: '10080' },
  { name: 'confirmTimeoutMinutes', label: 'Hello after a restart', unit: 'minutes', usual: '30' },
  { name: 'stopTimeoutMinutes', label: 'After a stop', unit: 'minutes', usual: '240' },
] as const

function TimeoutFields({ draft, change }: FieldsOfDraft<PolicyDraft>) {
  return (
    <div class="field-row">
      {timeouts.map(({ name, label, unit, usual }) => (
        <TextField
          key={name}
          label={label}
          name={`policy.${name}`}
          value={draft[name]}
          size={7}
          unit={unit}
          placeholder={usual}
          onInput={value => change({ [name]: value })}
        />
      ))}
    </div>
  )
}

function isChanged(draft: PolicyDraft, names: readonly (keyof PolicyDraft)[]): boolean {
  return names.some(name => JSON.stringify(draft[name]) !== JSON.stringify(emptyPolicy[name]))
}
