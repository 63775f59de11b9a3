// The form of a new operation: what is done, to whom, under which rules; beside it whom that would touch, below it the same as a command
// line and as an MQTT message. Nothing is made before the review.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import type { Listing, OperationView, ReleaseView } from '../../../../proto/http-api.ts'
import { Confirm } from '../../parts/dialog.tsx'
import type { ApiProblem } from '../../state/api.ts'
import { send } from '../../state/api.ts'
import { currentMs } from '../../state/clock.ts'
import { tell } from '../../state/notices.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf, navigate, parameter, setParameters } from '../../state/route.ts'
import { may, session } from '../../state/session.ts'
import { momentText } from '../operations/moment-text.ts'
import { operationTypes } from '../operations/operation-types.ts'
import { ruleOf } from '../operations/rules.ts'
import { type Draft, draftOf } from './draft.ts'
import { EqualCommands } from './equal-commands.tsx'
import { Fields, TextField } from './fields.tsx'
import { importOperation } from './import.ts'
import { isAimed, type Planned, questionOf, type StandIn, usePlan } from './plan.ts'
import { PlanPanel, Verdicts } from './plan-panel.tsx'
import { PolicyGroups } from './policy-groups.tsx'
import type { FieldProblem } from './reading.ts'
import { requestOf, signedByPeople } from './request.ts'
import { MatchList } from './rule-fields.tsx'
import { TargetFields } from './target-fields.tsx'
import { devicesIn } from './target-list.ts'
import { TypeFields } from './work-fields.tsx'

/** Ids that an address may carry. */
const idsInAddressMax = 20

export function OperationForm() {
  const draft = useSignal(
    draftOf({
      type: parameter('type'),
      release: parameter('release'),
      devices: parameter('devices'),
      filter: parameter('filter'),
    }),
  )
  const file = useRef<File | undefined>(undefined)
  const requestId = useRef(`console-${currentMs().toString(36)}`)
  const tried = useSignal(false)
  const reviewing = useSignal(false)

  const made = requestOf(draft.value)
  const { request, problems } = made
  const question = questionOf(draft.value, made, useStandIn())
  const planned = usePlan(question).value
  const change = (changes: Partial<Draft>): void => {
    draft.value = { ...draft.value, ...changes }
    setParameters(addressParameters(draft.value), { replace: true })
  }
  const fields = { draft: draft.value, change }
  const { csv } = draft.value
  const signedElsewhere = draft.value.type === signedByPeople
  const ready = problems.length === 0 && planned.plan !== undefined && !planned.old
  return (
    <>
      <Fields
        problems={problems}
        told={question?.whole === true ? toldBy(planned.problem) : toldBy(planned.problem).filter(isAboutTargets)}
        all={tried.value}
      >
        <MatchList />
        <div class="new-operation">
          <div class="new-form">
            <Section title="What">
              <TypeFields {...fields} />
              <TextField
                label="Name"
                name="name"
                class="field-wide"
                value={draft.value.name}
                placeholder="As the type and the release say"
                hint="What people see in lists."
                onInput={name => change({ name: name.slice(0, 200) })}
              />
            </Section>
            <Section title="Which devices">
              <TargetFields
                {...fields}
                onFile={taken => {
                  file.current = taken
                }}
              />
            </Section>
            <Section title="Rules">
              <p class="hint">All of them have a default that is good for most fleets; open what you want otherwise.</p>
              <PolicyGroups
                type={draft.value.type}
                inForce={planned.plan?.policy}
                draft={draft.value.policy}
                change={changes => change({ policy: { ...draft.value.policy, ...changes } })}
              />
            </Section>
            <Section title="The same without the console">
              <EqualCommands
                request={request}
                problems={problems}
                csvName={csv?.name}
                operator={session.value?.name ?? ''}
                requestId={requestId.current}
              />
            </Section>
          </div>
          <aside class="new-plan card" aria-label="Whom it would touch">
            <h2>Whom it would touch</h2>
            <PlanPanel
              planned={planned}
              isAimed={isAimed(problems)}
              isWhole={question?.whole === true}
              note={
                signedElsewhere
                  ? 'Who of them gets it is seen when the command is signed.'
                  : 'Complete the form to see who gets it, who is skipped, and why.'
              }
              inFile={draft.value.aim === 'csv' ? csv?.devices.length : undefined}
            />
            {!may('operator') && <p class="hint">Your role may look at this; starting it needs the role operator.</p>}
            {may('operator') && !signedElsewhere && (
              <button
                type="button"
                class="primary review"
                disabled={planned.old && problems.length === 0}
                onClick={() => {
                  tried.value = true
                  if (ready) reviewing.value = true
                }}
              >
                Review and start…
              </button>
            )}
            {signedElsewhere && (
              <p class="hint">
                Take the command line; with <code>--dry-run</code> it only shows them.
              </p>
            )}
            {tried.value && problems.length > 0 && !signedElsewhere && <Missing problems={problems} />}
          </aside>
        </div>
      </Fields>
      {reviewing.value && (
        <Review
          draft={draft.value}
          planned={planned}
          onClose={() => {
            reviewing.value = false
          }}
          onStart={() =>
            draft.value.aim === 'csv' && file.current !== undefined
              ? importOperation(request, file.current)
              : send<OperationView>('POST', '/v1/operations', request)
          }
        />
      )}
    </>
  )
}

function Section({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="card">
      <h2>{title}</h2>
      <div class="stack">{children}</div>
    </section>
  )
}

function Missing({ problems }: { readonly problems: readonly FieldProblem[] }) {
  return (
    <div class="problem missing" role="alert">
      <p>Not complete yet:</p>
      <ul>
        {problems.map(({ name, message }) => (
          <li key={`${name} ${message}`}>
            {name.replace(/^policy\./, '').replaceAll('.', ' ')}: {message}
          </li>
        ))}
      </ul>
    </div>
  )
}

interface ReviewProps {
  readonly draft: Draft
  readonly planned: Planned
  readonly onStart: () => Promise<OperationView>
  readonly onClose: () => void
}

function Review({ draft, planned: { plan }, onStart, onClose }: ReviewProps) {
  if (plan === undefined) return null
  const title = operationTypes.find(({ type }) => type === draft.type)?.title ?? draft.type
  const many = draft.aim === 'csv' ? (draft.csv?.devices.length ?? 0) : plan.sensors
  const [most = '', rate = ''] = ruleOf('limits', plan.policy, momentText).texts
  const { texts: schedule } = ruleOf('schedule', plan.policy, momentText)
  return (
    <Confirm
      title={`Start ${title}${draft.type === 'firmware-update' ? ` to ${draft.release.replace(/\+.*$/, '')}` : ''}?`}
      confirm={plan.policy.approval ? 'Ask for approval' : 'Start'}
      onClose={onClose}
      onConfirm={async () => {
        const made = await onStart()
        tell(`${made.name} was made. Its devices are being counted.`)
        navigate(addressOf('/operations', { operation: made.id }))
      }}
    >
      <p>
        Meant are <strong>{many.toLocaleString()}</strong> {many === 1 ? 'device' : 'devices'}
        {draft.aim === 'filter' && draft.open && ', and those that match later'}:
      </p>
      <Verdicts verdicts={plan.verdicts} />
      <ul class="review-rules">
        {[most, rate, ...schedule.slice(0, 1)].map(text => (
          <li key={text}>{text}</li>
        ))}
        {plan.policy.waves.length > 0 && <li>In {plan.policy.waves.length} waves.</li>}
        {plan.policy.approval && <li>Nothing is sent before a second person has approved.</li>}
      </ul>
    </Confirm>
  )
}

/** A release that is there; else a restart, which needs no more than the broker's own key. */
function useStandIn(): StandIn | undefined {
  const releases = useQuery<Listing<ReleaseView>>('/v1/releases?limit=1', { pauseMs: Number.POSITIVE_INFINITY })
  const found = releases.data.value
  if (found === undefined) return undefined
  const [first] = found.data
  return first === undefined ? restart : { type: 'firmware-update', release: first.id }
}
const restart: StandIn = { type: 'reboot' }

function isAboutTargets({ name }: FieldProblem): boolean {
  return name.startsWith('targets.')
}

/** What a link to this form says; a long list stays in the form. */
function addressParameters({ type, release, aim, filter, devices }: Draft): Readonly<Record<string, string>> {
  const ids = devicesIn(devices)
  return {
    type,
    release: type === 'firmware-update' ? release : '',
    filter: aim === 'filter' ? filter : '',
    devices: aim === 'devices' && ids.length <= idsInAddressMax ? ids.join(',') : '',
  }
}

/** The broker's objections, at the fields they are about. */
function toldBy(problem: ApiProblem | undefined): readonly FieldProblem[] {
  return (problem?.fields ?? []).map(({ name, message }) => ({
    name: name.replace(/^request\./, '').replace(/^filter$/, 'targets.filter'),
    message,
  }))
}
