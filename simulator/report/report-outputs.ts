// Writes a report to the files that were asked for: JSON to keep and compare, CSV for a spreadsheet, HTML for people.
import { createWriteStream } from 'node:fs'
import { rename } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Judgement } from './expectations.ts'
import type { FleetReport } from './fleet-report.ts'
import { reportPage } from './page.ts'
import { reportText } from './report-file.ts'
import { resultRows } from './rows.ts'

/** Paths, absolute. */
export interface ReportFiles {
  readonly json: string | undefined
  readonly csv: string | undefined
  readonly html: string | undefined
}

/**
 * Each file is there whole or not at all; what stood there is replaced. Rejects with what the file system says, the
 * others may have been written then.
 */
export async function writeReport(
  report: FleetReport,
  judgements: readonly Judgement[],
  { json, csv, html }: ReportFiles,
): Promise<void> {
  await Promise.all([
    json === undefined ? undefined : replace(json, [reportText(report)]),
    csv === undefined ? undefined : replace(csv, resultRows(report)),
    html === undefined ? undefined : replace(html, [reportPage(report, judgements)]),
  ])
}

export async function replace(path: string, pieces: Iterable<string>): Promise<void> {
  const unfinished = `${path}.unfinished`
  await pipeline(Readable.from(pieces), createWriteStream(unfinished))
  await rename(unfinished, path)
}
