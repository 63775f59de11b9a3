// CSV out and in (RFC 4180): exports that a spreadsheet opens without running anything, and lists of target devices as
// spreadsheets write them. Both stream: what is in memory does not grow with the file.
import { CsvError, Parser } from 'csv-parse'
import { stringify } from 'csv-stringify/sync'
import { deviceId } from '../../proto/ids.ts'
import { RequestRefused } from '../errors.ts'
import type { Csv } from '../ports.ts'

/** A list of targets: bytes of the file, rows without the header, characters of a row. */
export const targetCsvBytesMax = 16 * 1024 * 1024
export const targetCsvRowsMax = 1_000_000
export const targetCsvRowCharactersMax = 16 * 1024

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])
const batchRows = 256
/** Bytes handed to the parser at once: it keeps all rows of them. */
const sliceBytes = 16 * 1024

export const csv: Csv = {
  write: (header, rows) => csvRows(rows, header),
  readTargets: bytes => readTargetCsv(bytes),
}

/**
 * The rows as a file: UTF-8 with a byte order mark, lines end in CR LF, `null` is an empty cell. A row is taken when the
 * reader asks for bytes, a few hundred ahead at most. Rejects with RangeError for a row that is not as wide as the header.
 */
export async function* csvRows(
  rows: AsyncIterable<readonly (string | null)[]>,
  header: readonly string[],
): AsyncIterable<Uint8Array> {
  yield byteOrderMark
  let batch: (readonly string[])[] = [header.map(safeCell)]
  for await (const row of rows) {
    if (row.length !== header.length) throw new RangeError(`expected ${header.length} cells, got ${row.length}`)
    batch.push(row.map(cell => safeCell(cell ?? '')))
    if (batch.length < batchRows) continue
    yield textOf(batch)
    batch = []
  }
  if (batch.length > 0) yield textOf(batch)
}

/**
 * A cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP ASVS 5.0, 1.2.10): its first
 * character that is not blank is = + - @ TAB CR LF or NUL.
 */
export function safeCell(text: string): string {
  return /^[^\S\t\r\n]*[=+\-@\t\r\n\0]/.test(text) ? `'${text}` : text
}

/** Where semicolons or tabs part cells (by locale), a cell that holds one must not become two: quoted as well. */
function textOf(rows: readonly (readonly string[])[]): Uint8Array {
  return Buffer.from(
    stringify(
      rows.map(row => [...row]),
      { record_delimiter: '\r\n', quoted_match: /[\r\n;\t]/ },
    ),
  )
}

export interface TargetRow {
  /** Of the file, from 1; the last one when a row goes over several. */
  readonly line: number
  readonly id: string
}

/**
 * The devices a file names, in its order, doubles included: those of the column called device_id, ControllerID, device or
 * id (the first of these there is; case, blanks, `_` and `-` do not count), without such a header those of the first
 * column. Cells may be parted by commas, semicolons or tabs; rows without any content are passed over. Rejects with
 * RequestRefused INVALID naming the line; rows before it have been given out then.
 */
export async function* readTargetCsv(
  bytes: AsyncIterable<Uint8Array>,
  rowsMax = targetCsvRowsMax,
): AsyncIterable<TargetRow> {
  let column: number | undefined
  let count = 0
  for await (const rows of recordsOf(bytes))
    for (const { cells, line } of rows) {
      if (column === undefined) {
        const named = columnOf(cells)
        column = named ?? 0
        if (named !== undefined) continue
      }
      count += 1
      if (count > rowsMax) throw refused(line, `expected at most ${rowsMax} devices`)
      yield { line, id: idIn(cells[column] ?? '', column, line) }
    }
}

interface Row {
  readonly line: number
  readonly cells: readonly string[]
}

/**
 * Takes the records as they are parsed instead of queueing them to be read: a million rows one by one through the queue,
 * each with the library's description of where it is, take four times as long.
 */
class RowParser extends Parser {
  #rows: Row[] = []

  /** Those with content, their cells without blanks around them; gives them away. */
  taken(): readonly Row[] {
    const rows = this.#rows
    this.#rows = []
    return rows
  }

  override push(record: readonly string[] | null): boolean {
    if (record === null) return super.push(null)
    const cells = record.map(cell => cell.trim())
    if (cells.some(cell => cell !== '')) this.#rows.push({ line: this.info.lines, cells })
    return true
  }
}

async function* recordsOf(bytes: AsyncIterable<Uint8Array>): AsyncIterable<readonly Row[]> {
  const parser = new RowParser({
    bom: true,
    delimiter: [',', ';', '\t'],
    max_record_size: targetCsvRowCharactersMax,
    relax_column_count: true,
    skip_empty_lines: true,
  })
  // The write or the end that fails says so itself.
  parser.on('error', () => {})
  parser.resume()
  try {
    for await (const slice of sliced(bytes)) {
      const failure = await outcome(done => parser.write(slice, done))
      yield parser.taken()
      if (failure !== undefined) throw failure
    }
    const failure = await outcome(done => parser.end(done))
    yield parser.taken()
    if (failure !== undefined) throw failure
  } catch (cause) {
    throw cause instanceof CsvError ? refused(Number(cause.lines), expectedBy(cause)) : cause
  } finally {
    parser.destroy()
  }
}

function outcome(action: (done: (problem?: Error | null) => void) => void): Promise<Error | undefined> {
  return new Promise(resolve => action(problem => resolve(problem ?? undefined)))
}

async function* sliced(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let [total, line] = [0, 1]
  for await (const chunk of bytes) {
    total += chunk.length
    if (total > targetCsvBytesMax) throw refused(line, `expected a file of at most ${targetCsvBytesMax} bytes`)
    for (const byte of chunk) if (byte === 0x0a) line += 1
    for (let from = 0; from < chunk.length; from += sliceBytes) yield chunk.subarray(from, from + sliceBytes)
  }
}

/** In the order in which they are preferred: a list of events has an `id` too, which is not the device's. */
const columnNames = ['deviceid', 'controllerid', 'device', 'id']

function columnOf(cells: readonly string[]): number | undefined {
  const names = cells.map(cell => cell.toLowerCase().replace(/[\s_-]/g, ''))
  return columnNames.map(name => names.indexOf(name)).find(index => index !== -1)
}

function idIn(cell: string, column: number, line: number): string {
  if (cell === '') throw refused(line, `expected a device id in column ${column + 1}, found nothing`)
  try {
    return deviceId(cell)
  } catch (cause) {
    throw refused(line, (cause as Error).message)
  }
}

function expectedBy({ code }: CsvError): string {
  switch (code) {
    case 'CSV_MAX_RECORD_SIZE':
      return `expected a row of at most ${targetCsvRowCharactersMax} characters`
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'expected a closing quote before the end of the file'
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'expected a comma or the end of the line after a closing quote'
    case 'INVALID_OPENING_QUOTE':
      return 'expected quotes only around a whole cell, and doubled inside'
    default:
      return `expected rows as in RFC 4180 (${code})`
  }
}

function refused(line: number, expected: string): RequestRefused {
  return new RequestRefused('INVALID', `line ${line}: ${expected}`, [{ name: `line ${line}`, message: expected }])
}
