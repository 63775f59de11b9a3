// What needs a person: operations that wait for one or go wrong, devices that are set apart or away, a broken audit chain.
// The worst stands first.
import type { ComponentChildren } from 'preact'
import type { OperationView } from '../../../../proto/http-api.ts'
import type { AuditVerification, FleetView } from '../../../../proto/http-console.ts'
import { Link } from '../../parts/link.tsx'
import { Ago } from '../../parts/moment.tsx'
import { Status, type Tone } from '../../parts/status.tsx'
import { now } from '../../state/clock.ts'
import { hasEnded } from '../../state/operations.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf } from '../../state/route.ts'
import { devicesIn, offlineOf } from './fleet-numbers.tsx'
import type { OpenOperations } from './open-operations.ts'

interface Item {
  readonly key: string
  readonly tone: Tone
  readonly word: string
  readonly to: string
  readonly text: string
  readonly detail: ComponentChildren
}

/** Of the devices that have ended in an operation that runs; one of two is no pattern yet. */
const failedShareMax = 0.05
const failedCountMin = 3
/** Of the fleet. */
const offlineShareMax = 0.1
const lateHours = 24
const shownMax = 6
/** What has ended cannot be helped any more. */
const endedMax = 3

interface AttentionProps {
  readonly open: OpenOperations
  readonly fleet: FleetView | undefined
}

export function Attention({ open, fleet }: AttentionProps) {
  const verification = useQuery<AuditVerification>('/v1/audit/verification', { pauseMs: 60_000 })
  const audit = verification.data.value
  const known = open.operations !== undefined && fleet !== undefined && audit !== undefined
  const items = [...ofAudit(audit), ...(open.operations ?? []).flatMap(ofOpen), ...ofFleet(fleet), ...ofEnded(open)]
  const shown = items.sort((a, b) => rank[a.tone] - rank[b.tone])
  return (
    <section class="card attention">
      <header class="card-head">
        <h2>Needs attention</h2>
      </header>
      {known && shown.length === 0 && (
        <p class="attention-none">
          <Status tone="good">Nothing needs you now.</Status>
        </p>
      )}
      <ul class="plain attention-list">
        {shown.slice(0, shownMax).map(({ key, tone, word, to, text, detail }) => (
          <li key={key} class="attention-item">
            <Status tone={tone}>{word}</Status>
            <p>
              <Link to={to}>{text}</Link> <span class="hint">{detail}</span>
            </p>
          </li>
        ))}
      </ul>
      {shown.length > shownMax && (
        <p class="hint attention-more">
          and {(shown.length - shownMax).toLocaleString()} more under <Link to="/operations">Operations</Link>
        </p>
      )}
    </section>
  )
}

const rank: Readonly<Record<Tone, number>> = { bad: 0, warn: 1, busy: 2, idle: 3, good: 4 }

function ofAudit(audit: AuditVerification | undefined): readonly Item[] {
  if (audit?.state !== 'broken') return []
  return [
    {
      key: 'audit',
      tone: 'bad',
      word: 'Audit chain broken',
      to: '/admin/audit',
      text: `Record ${audit.firstBroken?.toLocaleString() ?? ''} does not fit`,
      detail: 'Records were changed or lost after they were written.',
    },
  ]
}

function ofOpen(operation: OperationView): readonly Item[] {
  const { id, name, state, sensors, createdBy, requestedAt, pause, counts } = operation
  const to = addressOf('/operations', { operation: id })
  const { failed } = counts
  const ended = failed + counts.completed + counts.skipped
  if (state === 'awaiting-approval')
    return [
      {
        key: id,
        tone: 'warn',
        word: 'Waiting for approval',
        to,
        text: name,
        detail: (
          <>
            {sensors.toLocaleString()} devices, asked for by {createdBy} <Ago at={requestedAt} />
          </>
        ),
      },
    ]
  if (state === 'paused' && pause?.by.startsWith('policy:'))
    return [{ key: id, tone: 'bad', word: 'Paused by a rule', to, text: name, detail: pause.reason }]
  if (failed >= failedCountMin && failed > ended * failedShareMax)
    return [
      {
        key: id,
        tone: 'bad',
        word: 'Many failures',
        to,
        text: name,
        detail: `${failed.toLocaleString()} of ${ended.toLocaleString()} that have ended failed`,
      },
    ]
  return []
}

function ofFleet(fleet: FleetView | undefined): readonly Item[] {
  if (fleet === undefined || fleet.countedAt === null) return []
  const offline = offlineOf(fleet)
  const items: Item[] = []
  if (fleet.quarantined > 0)
    items.push({
      key: 'quarantined',
      tone: 'warn',
      word: 'Quarantined',
      to: devicesIn('quarantined'),
      text: devicesText(fleet.quarantined),
      detail: 'failed too often and are left out of new operations until they are released',
    })
  if (offline > fleet.devices * offlineShareMax)
    items.push({
      key: 'offline',
      tone: 'warn',
      word: 'Offline',
      to: devicesIn('offline'),
      text: devicesText(offline),
      detail: `of ${fleet.devices.toLocaleString()} ${offline === 1 ? 'has' : 'have'} no connection now`,
    })
  return items
}

function ofEnded({ failed }: OpenOperations): readonly Item[] {
  // Every second a new time: no matter for a handful.
  const oldest = now.value - lateHours * 3_600_000
  return failed
    .filter(operation => hasEnded(operation) && Date.parse(operation.completedAt ?? '') >= oldest)
    .slice(0, endedMax)
    .map(({ id, name, errors, sensors, completedAt }) => ({
      key: id,
      tone: 'warn',
      word: 'Ended with errors',
      to: addressOf('/operations', { operation: id }),
      text: name,
      detail: (
        <>
          {errors.toLocaleString()} of {sensors.toLocaleString()} devices
          {completedAt !== null && (
            <>
              , <Ago at={completedAt} />
            </>
          )}
        </>
      ),
    }))
}

function devicesText(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? 'device' : 'devices'}`
}
