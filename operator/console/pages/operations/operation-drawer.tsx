// One operation, beside the list: its head with what may be done, and tabs for its devices, its history, what flows now, the
// rules in force, and what it left behind.
import type { ComponentChildren } from 'preact'
import type { OperationView } from '../../../../proto/http-api.ts'
import { Drawer } from '../../parts/drawer.tsx'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { SplitBar } from '../../parts/split-bar.tsx'
import { Status, toneOf } from '../../parts/status.tsx'
import { Problem } from '../../parts/table.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { hasEnded, splitOf, useOperation } from '../../state/operations.ts'
import { addressWith, parameter } from '../../state/route.ts'
import { isRecord } from '../new-operation/reading.ts'
import { FailureSummary } from '../update-status/failure-summary.tsx'
import { actorText } from './actor-text.ts'
import { DevicesTab } from './devices-tab.tsx'
import { drawerParameters } from './drawer-address.ts'
import { Duration } from './duration.tsx'
import { LiveTab } from './live-tab.tsx'
import { OperationActions } from './operation-actions.tsx'
import { BackupsTab, DeviceLogsTab } from './results-tabs.tsx'
import { RulesTab } from './rules-tab.tsx'
import { stateNote } from './state-words.ts'
import { TimelineTab } from './timeline-tab.tsx'

interface TabOf {
  readonly name: string
  readonly text: string
  readonly isThere: (operation: OperationView) => boolean
  readonly content: (operation: OperationView) => ComponentChildren
}

const tabs: readonly TabOf[] = [
  { name: '', text: 'Devices', isThere: always, content: operation => <DevicesTab operation={operation} /> },
  { name: 'timeline', text: 'Timeline', isThere: always, content: operation => <TimelineTab operation={operation} /> },
  { name: 'live', text: 'Live', isThere: always, content: operation => <LiveTab operation={operation} /> },
  { name: 'rules', text: 'Rules', isThere: always, content: operation => <RulesTab operation={operation} /> },
  {
    name: 'failures',
    text: 'Failures',
    isThere: ({ errors }) => errors > 0,
    content: operation => <FailureSummary operation={operation} />,
  },
  {
    name: 'backups',
    text: 'Backups',
    isThere: ({ type }) => type === 'config-backup',
    content: operation => <BackupsTab operation={operation} />,
  },
  {
    name: 'logs',
    text: 'Device logs',
    isThere: ({ policy }) => policy.logOnFailure,
    content: operation => <DeviceLogsTab operation={operation} />,
  },
]

export function OperationDrawer({ id }: { readonly id: string }) {
  const { data, problem } = useOperation(id)
  const operation = data.value
  return (
    <Drawer title={operation?.name ?? 'Operation'} closeTo={addressWith(drawerParameters)}>
      <div class="operation-detail">
        {problem.value !== undefined && <Problem error={problem.value} />}
        {operation !== undefined && <Opened operation={operation} />}
        {operation === undefined && problem.value === undefined && (
          <div class="waiting" role="status">
            Asking the broker…
          </div>
        )}
      </div>
    </Drawer>
  )
}

function Opened({ operation }: { readonly operation: OperationView }) {
  const there = tabs.filter(({ isThere }) => isThere(operation))
  const [first] = tabs
  const current = there.find(({ name }) => name === parameter('tab')) ?? first
  return (
    <>
      <Head operation={operation} />
      <Tabs
        label="About this operation"
        tabs={there.map(({ name, text }) => ({
          to: addressWith({ ...drawerParameters, operation: operation.id, tab: name }),
          text,
          current: name === current?.name,
        }))}
      />
      {current?.content(operation)}
    </>
  )
}

function Head({ operation }: { readonly operation: OperationView }) {
  const { counts, sensors, pause, override, origin, arguments: given } = operation
  const note = stateNote(operation)
  const ended = counts.completed + counts.failed + counts.skipped
  return (
    <>
      <div class="operation-head">
        <Status tone={toneOf(operation.operationStatus)}>{operation.operationStatus}</Status>
        {note !== undefined && <span class="hint">{note}</span>}
        <OperationActions operation={operation} />
      </div>
      <div class="operation-bar">
        <SplitBar label={`Progress of ${operation.name}`} {...splitOf(operation)} />
        <span class="count">
          {ended.toLocaleString()} of {sensors.toLocaleString()} devices
        </span>
      </div>
      {pause !== null && !hasEnded(operation) && (
        <p class="operation-note">
          <strong>Paused</strong> by {actorText(pause.by)}, <Moment at={pause.at} />: {pause.reason}
        </p>
      )}
      {override !== null && (
        <p class="operation-note">
          <strong>Windows and rate lifted</strong> by {override.by}, <Moment at={override.at} />: {override.reason}
        </p>
      )}
      <dl class="facts operation-facts">
        <Fact name="Type">{operation.typeName}</Fact>
        {operation.release !== null && (
          <Fact name="Release">
            <code>{operation.release}</code>
          </Fact>
        )}
        <Fact name="Targets">{targetsText(operation.targets)}</Fact>
        <Fact name="Requested">
          <Moment at={operation.requestedAt} /> by {operation.createdBy}
        </Fact>
        {operation.startedAt !== null && (
          <Fact name={operation.completedAt === null ? 'Running for' : 'Took'}>
            <Duration operation={operation} />, since <Moment at={operation.startedAt} />
          </Fact>
        )}
        {operation.completedAt !== null && (
          <Fact name="Ended">
            <Moment at={operation.completedAt} />
            {operation.stoppedBy !== null && `, stopped by ${actorText(operation.stoppedBy)}`}
          </Fact>
        )}
        {operation.approvedBy !== null && <Fact name="Approved by">{operation.approvedBy}</Fact>}
        {operation.refusedBy !== null && <Fact name="Refused by">{operation.refusedBy}</Fact>}
        {origin !== null && (
          <Fact name="Made because of">
            <Link to={addressWith({ ...drawerParameters, operation: origin.operation })}>
              {origin.kind} of …{origin.operation.slice(-8)}
            </Link>
          </Fact>
        )}
        <Fact name="Id">
          <code>{operation.id}</code>
        </Fact>
        {isRecord(given) && Object.keys(given).length > 0 && (
          <Fact name="Arguments" wide>
            <pre>{JSON.stringify(given, undefined, 2)}</pre>
          </Fact>
        )}
      </dl>
    </>
  )
}

interface FactProps {
  readonly name: string
  readonly wide?: boolean
  readonly children: ComponentChildren
}

function Fact({ name, wide, children }: FactProps) {
  return (
    <>
      <dt>{name}</dt>
      <dd class={wide === true ? 'fact-wide' : undefined}>{children}</dd>
    </>
  )
}

function targetsText(targets: unknown): string {
  const { kind, filter, open, operation, which } = (targets ?? {}) as Readonly<Record<string, unknown>>
  if (kind === 'executions')
    return `the devices ${which === 'handed-over' ? 'that got' : 'that failed in'} ${String(operation)}`
  if (kind !== 'filter') return 'a list of devices'
  if (filter === '') return 'all devices'
  return `devices with ${String(filter)}${open === true ? ', also those that match later' : ''}`
}

function always(): boolean {
  return true
}
