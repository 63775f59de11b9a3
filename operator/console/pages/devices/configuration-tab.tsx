// The configuration of a device as operations left it: the newest backup, and every change, restore and backup with what it
// changed. What is secret comes masked from the device and stays so.
import type { ComponentChildren } from 'preact'
import type { DeviceOperationView } from '../../../../proto/http-console.ts'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Problem } from '../../parts/table.tsx'
import { nextCursor, pagesAround } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf, parameter } from '../../state/route.ts'
import { may } from '../../state/session.ts'
import { ConfigurationDiff } from './configuration-diff.tsx'
import { type DeviceOperationListing, Outcome } from './operations-tab.tsx'

const pageSize = 20
const backupsMax = 10

export function ConfigurationTab({ device }: { readonly device: string }) {
  const address = `/v1/devices/${encodeURIComponent(device)}/operations`
  const history = useQuery<DeviceOperationListing>(
    addressOf(address, {
      type: 'config-backup,config-change,config-restore',
      limit: String(pageSize),
      after: parameter('past'),
    }),
    { pauseMs: 5_000 },
  )
  const backups = useQuery<DeviceOperationListing>(
    addressOf(address, { type: 'config-backup', limit: String(backupsMax) }),
    { pauseMs: 5_000 },
  )
  const listing = history.data.value
  const problem = history.problem.value ?? backups.problem.value
  const pages = pagesAround(
    nextCursor(listing, ({ operation }) => operation.id),
    'past',
  )
  return (
    <>
      {problem !== undefined && <Problem error={problem} />}
      <NewestBackup device={device} parts={backups.data.value?.data} />
      <h3 class="history-head">History</h3>
      {listing === undefined ? (
        problem === undefined && <p class="waiting">Asking the broker…</p>
      ) : listing.data.length === 0 ? (
        <div class="empty">
          {pages.next === undefined ? (
            <>
              <p>No operation has touched its configuration.</p>
              <p>
                In a terminal: <code>drover operation start --type config-backup --device {device} --wait</code>
              </p>
            </>
          ) : (
            <p>
              None among the operations that were looked at. <Link to={pages.next}>Look further back</Link>
            </p>
          )}
        </div>
      ) : (
        <ol class="plain history">
          {listing.data.map(part => (
            <Entry key={part.operation.id} device={device} part={part} />
          ))}
        </ol>
      )}
      <nav class="pager" aria-label="Pages of the history">
        {pages.first !== undefined && <Link to={pages.first}>« Newest</Link>}
        {pages.previous !== undefined && <Link to={pages.previous}>‹ Newer</Link>}
        {pages.next !== undefined && listing?.data.length !== 0 && <Link to={pages.next}>Older ›</Link>}
      </nav>
    </>
  )
}

interface NewestBackupProps {
  readonly device: string
  /** Undefined: not known yet. */
  readonly parts: readonly DeviceOperationView[] | undefined
}

function NewestBackup({ device, parts }: NewestBackupProps) {
  const newest = parts?.find(isKept)
  return (
    <div class="card newest-backup">
      <div>
        <h3>Newest backup</h3>
        {newest !== undefined ? (
          <p>
            <Moment at={newest.execution.endedAt} />
            {newest.execution.data.configuration_digest !== undefined && (
              <span class="under faint">
                SHA-256 <code>{newest.execution.data.configuration_digest}</code>
              </span>
            )}
          </p>
        ) : (
          <p class="faint">{parts === undefined ? 'Asking the broker…' : 'None among its latest operations.'}</p>
        )}
      </div>
      {newest !== undefined && <Download device={device} part={newest} />}
    </div>
  )
}

function Entry({ device, part }: { readonly device: string; readonly part: DeviceOperationView }) {
  const { operation, execution } = part
  const { diff, diff_cut: cut, configuration_digest: digest, reason } = execution.data
  return (
    <li class="history-entry">
      <header>
        <div>
          <strong>{operation.typeName}</strong>
          <Link class="under" to={addressOf('/operations', { operation: operation.id })}>
            {operation.name}
          </Link>
          <span class="under faint">
            <Moment at={execution.endedAt ?? execution.addedAt} /> · by {operation.createdBy}
          </span>
        </div>
        <div>
          <Outcome part={part} />
        </div>
        {isKept(part) && <Download device={device} part={part} />}
      </header>
      {diff !== undefined && <ConfigurationDiff text={diff} cut={cut === 'true'} />}
      {reason !== undefined && <Line name="Reason">{reason}</Line>}
      {digest !== undefined && (
        <Line name="SHA-256 afterwards">
          <code>{digest}</code>
        </Line>
      )}
    </li>
  )
}

function Line({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <p class="history-line faint">
      {name}: {children}
    </p>
  )
}

function Download({ device, part }: { readonly device: string; readonly part: DeviceOperationView }) {
  if (!may('operator')) return null
  return (
    <a
      class="button"
      href={`/v1/operations/${part.operation.id}/backups/${encodeURIComponent(device)}`}
      download
      aria-label={`Download the backup of ${part.operation.name}`}
    >
      Download
    </a>
  )
}

function isKept({ operation, execution }: DeviceOperationView): boolean {
  return operation.type === 'config-backup' && execution.state === 'completed'
}
