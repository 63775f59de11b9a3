// What an operation left behind on the broker: the configurations devices sent, and what failed devices had logged.
import type { BackupView, DeviceLogView, Listing, OperationView } from '../../../../proto/http-api.ts'
import { bytes } from '../../parts/bytes.ts'
import { ShortDigest } from '../../parts/copy.tsx'
import { Link } from '../../parts/link.tsx'
import { Moment } from '../../parts/moment.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { nextCursor, pageSize, pagesAround } from '../../state/paging.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf, parameter } from '../../state/route.ts'
import { may } from '../../state/session.ts'

const limit = String(pageSize)

export function BackupsTab({ operation: { id, name } }: { readonly operation: OperationView }) {
  const backups = useQuery<Listing<BackupView>>(
    addressOf(`/v1/operations/${id}/backups`, { limit, after: parameter('resultsAfter') }),
    { pauseMs: 3_000 },
  )
  const columns: readonly Column<BackupView>[] = [
    {
      head: 'Device',
      kind: 'wide',
      cell: ({ device }) => <Link to={addressOf('/devices', { device })}>{device}</Link>,
    },
    { head: 'Version', cell: ({ version }) => <span class="result-text">{version}</span> },
    { head: 'Size', kind: 'number', cell: ({ sizeBytes }) => bytes(sizeBytes) },
    { head: 'SHA-256', cell: ({ sha256, device }) => <ShortDigest digest={sha256} what={`digest of ${device}`} /> },
    { head: 'Sent', cell: ({ at }) => <Moment at={at} /> },
    {
      head: 'Actions',
      kind: 'actions',
      cell: ({ device }) =>
        may('operator') && (
          <a
            class="button"
            href={`/v1/operations/${id}/backups/${encodeURIComponent(device)}`}
            download
            aria-label={`Save the configuration of ${device}`}
          >
            Save
          </a>
        ),
    },
  ]
  return (
    <Table
      caption={`Configurations sent in ${name}`}
      columns={columns}
      rows={backups.data.value?.data}
      keyOf={({ device }) => device}
      problem={backups.problem.value}
      loading={backups.loading.value}
      pages={pagesAround(
        nextCursor(backups.data.value, ({ device }) => device),
        'resultsAfter',
      )}
      empty={<p>No device has sent its configuration yet.</p>}
    />
  )
}

export function DeviceLogsTab({ operation: { id, name } }: { readonly operation: OperationView }) {
  const logs = useQuery<Listing<DeviceLogView>>(
    addressOf(`/v1/operations/${id}/device-logs`, { limit, after: parameter('resultsAfter') }),
    { pauseMs: 3_000 },
  )
  const columns: readonly Column<DeviceLogView>[] = [
    {
      head: 'Device',
      kind: 'wide',
      cell: ({ device }) => <Link to={addressOf('/devices', { device })}>{device}</Link>,
    },
    { head: 'Attempt', kind: 'number', cell: ({ attempt }) => attempt },
    {
      head: 'Size',
      kind: 'number',
      cell: ({ sizeBytes, cut }) => (
        <span title={cut ? 'Older lines of the same operation did not fit.' : undefined}>
          {bytes(sizeBytes)}
          {cut && ' (cut)'}
        </span>
      ),
    },
    { head: 'Sent', cell: ({ at }) => <Moment at={at} /> },
    {
      head: 'Actions',
      kind: 'actions',
      cell: ({ id: event, device }) => (
        <a class="button" href={`/v1/device-logs/${event}`} download aria-label={`Save the log of ${device}`}>
          Save
        </a>
      ),
    },
  ]
  return (
    <Table
      caption={`Logs of devices that failed in ${name}`}
      columns={columns}
      rows={logs.data.value?.data}
      keyOf={log => log.id}
      problem={logs.problem.value}
      loading={logs.loading.value}
      pages={pagesAround(
        nextCursor(logs.data.value, log => log.id),
        'resultsAfter',
      )}
      empty={<p>No device has failed and sent its log. It is asked for with each attempt that fails.</p>}
    />
  )
}
