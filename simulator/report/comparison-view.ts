// A comparison of two runs for the terminal, and as rows for a program or a spreadsheet.
import Table from 'cli-table3'
import { stringify } from 'csv-stringify/sync'
import type { Comparison, Difference } from './compare.ts'
import { printable } from './printable.ts'
import { spoken } from './quantities.ts'

/** Ends with a line feed. */
export function comparisonText(
  { differences, caveats }: Comparison,
  names: readonly [before: string, after: string],
): string {
  const table = new Table({
    head: ['figure', printable(names[0]), printable(names[1]), 'change', ''],
    colAligns: ['left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const difference of differences) {
    const { figure, before, after, beyondNoise, kind } = difference
    // What neither run measured is no row.
    if (before === undefined && after === undefined) continue
    const said = (value: number | undefined): string => (value === undefined ? '–' : spoken(value, kind))
    table.push([printable(figure), said(before), said(after), change(difference), beyondNoise ? '◀ beyond noise' : ''])
  }
  const marked = differences.filter(({ beyondNoise }) => beyondNoise).length
  const note =
    marked === 0
      ? 'No difference is larger than chance inside the runs explains.'
      : `${marked} difference${marked === 1 ? ' is' : 's are'} larger than chance inside the runs explains. Two runs of one setting scatter for other reasons, too: repeat both before you believe it.`
  const unlike =
    caveats.length === 0
      ? ''
      : `\nNot alike in these runs:\n${caveats.map(caveat => `  ${printable(caveat)}\n`).join('')}`
  return `${table}\n${note}\n${unlike}`
}

/** Milliseconds, bytes and counts as they are; an empty cell is a figure that was not measured. */
export function comparisonRows({ differences }: Comparison): string {
  return stringify(
    [
      ['figure', 'unit', 'before', 'after', 'change', 'beyond_noise'],
      ...differences.map(({ figure, kind, before, after, change, beyondNoise }) => [
        figure,
        kind === 'time' ? 'ms' : kind,
        before === undefined ? '' : String(before),
        after === undefined ? '' : String(after),
        change === undefined ? '' : change.toFixed(4),
        String(beyondNoise),
      ]),
    ],
    { record_delimiter: '\r\n' },
  )
}

function change({ change, before, after }: Difference): string {
  if (change !== undefined) return `${change > 0 ? '+' : ''}${spoken(change, 'share').replace('-', '−')}`
  return before === undefined || after === undefined ? '' : 'from 0'
}
