// CSV out and in: what a spreadsheet may make of an export, and what a list of targets may look like.
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import t from 'tap'
import {
  csv,
  csvRows,
  readTargetCsv,
  safeCell,
  targetCsvBytesMax,
  targetCsvRowCharactersMax,
  targetCsvRowsMax,
} from '../../../broker/adapters/csv.ts'
import { RequestRefused } from '../../../broker/errors.ts'

async function* from<T>(items: Iterable<T>): AsyncIterable<T> {
  yield* items
}
async function written(rows: Iterable<readonly (string | null)[]>, header: readonly string[]): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of csv.write(header, from(rows))) parts.push(part)
  return Buffer.concat(parts)
}
async function read(...chunks: readonly (string | Uint8Array)[]): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { line, id } of csv.readTargets(from(chunks.map(chunk => Buffer.from(chunk as string)))))
    found.push(`${line} ${id}`)
  return found
}
const refusal = (problem: unknown) =>
  problem instanceof RequestRefused
    ? `${problem.code} ${problem.fields[0]?.name}: ${problem.fields[0]?.message}`
    : `${problem}`

t.test('an export begins with the byte order mark and keeps RFC 4180', async t => {
  const rows = [
    ['a', 'plain'],
    ['b', 'with "quotes", commas\nand lines'],
    ['c', null],
    ['d', 'ümläut 𝄞'],
    ['e', 'semi;colon'],
  ]
  t.equal(
    (await written(rows, ['device id', 'reason'])).toString(),
    [
      '\ufeffdevice id,reason',
      'a,plain',
      'b,"with ""quotes"", commas\nand lines"',
      'c,',
      'd,ümläut 𝄞',
      'e,"semi;colon"',
      '',
    ].join('\r\n'),
  )
  t.equal((await written([], ['a', '=b'])).toString(), "\ufeffa,'=b\r\n", 'nothing but the header')
  await t.rejects(written([['a']], ['a', 'b']), RangeError)
})

t.test('rows are taken only as the reader asks', async t => {
  let taken = 0
  let ended = false
  async function* endless(): AsyncIterable<readonly string[]> {
    try {
      for (;;) {
        taken += 1
        yield [`${taken}`]
      }
    } finally {
      ended = true
    }
  }
  let parts = 0
  for await (const _ of csvRows(endless(), ['n'])) {
    parts += 1
    t.ok(taken <= parts * 256, `${taken} rows for ${parts} parts`)
    if (parts === 5) break
  }
  t.ok(ended, 'who stops reading stops the source')
})

t.test('a cell that would be a formula gets an apostrophe, any other stays', async t => {
  const rows: readonly (readonly [text: string, marked: boolean])[] = [
    ...['=1+1', '+1', '-1', '@a', '\ta', '\ra', '\na', '\0a', ' =1', '\u00a0+1', '\ufeff=1', '  \ta', '\u2003@a'].map(
      text => [text, true] as const,
    ),
    ...['', 'a=1', "'=1", '1-1', ' a', 'sensor-1', '"=1"', '_', '.'].map(text => [text, false] as const),
  ]
  for (const [text, marked] of rows) t.equal(safeCell(text), marked ? `'${text}` : text, JSON.stringify(text))
})

t.test('of 100,000 strings none begins a cell as a formula, and all are read back', async t => {
  const nasty = fc.constantFrom(...' =+-@\t\r\n\0\'",;aZ9\u00a0\ufeffé𝄞')
  const cell = fc.oneof(
    fc.array(nasty, { maxLength: 6 }).map(parts => parts.join('')),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
  )
  const rows = fc.sample(fc.tuple(cell, cell, cell, cell), { numRuns: 25_000, seed: 7 })
  const bytes = await written(rows, ['a', 'b', 'c', 'd'])
  const back = parse(bytes, { bom: true, record_delimiter: '\r\n' }).slice(1) as string[][]
  t.equal(back.length, rows.length)
  const wrong: string[] = []
  for (const [index, row] of rows.entries())
    for (const [column, text] of row.entries()) {
      const found = back[index]?.[column] ?? 'absent'
      if (found !== text && found !== `'${text}`) wrong.push(`${JSON.stringify(text)} came as ${JSON.stringify(found)}`)
      if ('=+-@\t\r\n\0'.includes(found.trimStart().charAt(0) || 'a') || '\t\r\n\0'.includes(found.charAt(0) || 'a'))
        wrong.push(`${JSON.stringify(found)} is a formula`)
    }
  t.same(wrong.slice(0, 5), [], 'seed 7')
})

t.test('a list of targets is read with or without a header', async t => {
  const rows: readonly (readonly [what: string, text: string, expected: readonly string[]])[] = [
    ['one column', 'a\nb\n', ['1 a', '2 b']],
    ['no end of line', 'a\r\nb', ['1 a', '2 b']],
    ['nothing', '', []],
    ['a header alone', 'device_id\r\n', []],
    ['empty lines and rows of commas', '\n\na,x\n,,\n\nb\n', ['3 a', '6 b']],
    ['first column', 'a,1\nb,2\n', ['1 a', '2 b']],
    ['named column', 'site,ControllerID\r\nroof,a\r\ncellar,b', ['2 a', '3 b']],
    ['named as people write it', 'Site;Device ID;x\nroof;a;1\n', ['2 a']],
    ['device_id before id', 'id,device_id\n7,a\n', ['2 a']],
    ['quotes, blanks and a byte order mark', '\ufeff"id"\r\n" a "\r\n"b"', ['2 a', '3 b']],
    ['tabs', 'name\tdevice\nx\ta', ['2 a']],
    ['rows of different length', 'a\nb,1,2\nc,1', ['1 a', '2 b', '3 c']],
    ['a device that stands there twice', 'a\na\n', ['1 a', '2 a']],
    ['a line break inside another cell', 'id,note\na,"x\ny"\nb,z', ['3 a', '4 b']],
  ]
  for (const [what, text, expected] of rows) {
    t.same(await read(text), expected, what)
    t.same(await read(...Array.from(Buffer.from(text), byte => Buffer.of(byte))), expected, `${what}, byte by byte`)
  }
  t.same(await read(Buffer.from('\ufeffid\na\n', 'utf16le')), ['2 a'], 'UTF-16, as some spreadsheets save it')
})

t.test('what is wrong is told with its line, and rows before it were given', async t => {
  const rows: readonly (readonly [text: string, message: RegExp])[] = [
    ['a\nb/c\n', /^INVALID line 2: device id: expected 1 to 64 of/],
    ['id,site\na,x\n,y\n', /^INVALID line 3: expected a device id in column 1, found nothing/],
    ['site,id\nx\n', /^INVALID line 2: expected a device id in column 2/],
    [`a\n${'b'.repeat(65)}\n`, /^INVALID line 2: device id: expected/],
    ['a\n"b\nc', /^INVALID line 3: expected a closing quote/],
    ['a\n"b"c\n', /^INVALID line 2: expected a comma or the end of the line/],
    ['a\nb"c"\n', /^INVALID line 2: expected quotes only around/],
    [`a\n"${'b'.repeat(targetCsvRowCharactersMax + 2)}"\n`, /^INVALID line 2: expected a row of at most 16384/],
    ['a\n=cmd\n', /^INVALID line 2: device id/],
    ['a\nb\u0000\n', /^INVALID line 2: device id/],
    ['a\nconstructor\n', /^INVALID line 2: device id/],
  ]
  for (const [text, message] of rows)
    t.match(await read(text).catch(refusal), message, JSON.stringify(text).slice(0, 60))
  t.match(await read(Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x0a])).catch(refusal), /^INVALID line 2: device id/)
  const before: string[] = []
  await t.rejects(async () => {
    for await (const { id } of readTargetCsv(from([Buffer.from('a\nb\nc d\n')]))) before.push(id)
  })
  t.same(before, ['a', 'b'])
  const broken = new Error('the client is gone')
  async function* breaking(): AsyncIterable<Uint8Array> {
    yield Buffer.from('a\n')
    throw broken
  }
  await t.rejects(async () => {
    for await (const _ of readTargetCsv(breaking()));
  }, broken)
})

t.test('a file that never ends is refused at its limits, and its source is let go', async t => {
  let [sent, ended] = [0, false]
  async function* endless(line: Buffer): AsyncIterable<Uint8Array> {
    try {
      for (;;) {
        sent += line.length
        yield line
      }
    } finally {
      ended = true
    }
  }
  const drained = async (bytes: AsyncIterable<Uint8Array>, rowsMax?: number) => {
    let count = 0
    for await (const _ of readTargetCsv(bytes, rowsMax)) count += 1
    return count
  }
  const long = Buffer.from(`${'a'.repeat(60)},${'x'.repeat(2000)}\n`.repeat(16))
  t.match(await drained(endless(long)).catch(refusal), /^INVALID line \d+: expected a file of at most 16777216 bytes/)
  t.ok(ended && sent <= targetCsvBytesMax + 2 * long.length)
  const many = Buffer.from('ab\n'.repeat(5000))
  t.match(await drained(endless(many), 12_345).catch(refusal), /^INVALID line 12346: expected at most 12345 devices/)
  t.equal(targetCsvRowsMax, 1_000_000)
  ended = false
  for await (const _ of readTargetCsv(endless(many))) break
  t.ok(ended, 'who stops reading stops the source')
})
