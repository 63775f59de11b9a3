// The sensors of a run as CSV (RFC 4180), one row each: for a spreadsheet, without a cell that it would run.
import { stringify } from 'csv-stringify/sync'
import { safeCell } from '../../broker/adapters/csv.ts'
import type { DeviceResult, FleetReport } from './fleet-report.ts'

const columns: readonly (readonly [head: string, of: (result: DeviceResult) => string | number | boolean | null])[] = [
  ['device', result => result.device],
  ['profile', result => result.profile],
  ['fault', result => result.fault],
  ['expected', result => result.expected.join(' ')],
  ['code', result => result.code],
  ['as_expected', result => result.asExpected],
  ['version', result => result.version],
  ['connect_ms', result => result.connectMs],
  ['offer_to_start_ms', result => result.offerToStartMs],
  ['download_ms', result => result.downloadMs],
  ['total_ms', result => result.totalMs],
  ['down_bytes', result => result.downBytes],
  ['up_bytes', result => result.upBytes],
  ['reconnects', result => result.reconnects],
]
const batchRows = 256

/**
 * Pieces of the file, in order: a byte order mark (else spreadsheets take UTF-8 for something older), the header, every
 * sensor. What was not measured is an empty cell.
 */
export function* resultRows({ devices }: FleetReport): Iterable<string> {
  yield `\u{feff}${text([columns.map(([head]) => head)])}`
  for (let from = 0; from < devices.length; from += batchRows)
    yield text(devices.slice(from, from + batchRows).map(result => columns.map(([, of]) => cell(of(result)))))
}

function cell(value: string | number | boolean | null): string {
  // Numbers of ours are never negative, so none of them looks like a formula.
  return value === null ? '' : safeCell(String(value))
}

function text(rows: string[][]): string {
  // Where semicolons or tabs part cells (by locale), a cell that holds one must not become two: quoted as well.
  return stringify(rows, { record_delimiter: '\r\n', quoted_match: /[\r\n;\t]/ })
}
