// Tables. On a terminal a table is made as wide as the screen: long texts are shortened first, then columns are left out by
// their rank. What stays is never wrapped, and what somebody may want to copy (ids, codes, hashes) is never cut. Where
// nobody looks (a pipe, a file) everything stands in full, aligned, without colour.
import Table from 'cli-table3'

export type Cell = string | number | null
export interface Column<T> {
  readonly head: string
  readonly of: (item: T) => Cell
  /** Left out when the screen is narrow, the highest first; absent: always shown. */
  readonly rank?: number
  /** A text for people: may be shortened, with an ellipsis. */
  readonly text?: boolean
}
export interface Drawn {
  readonly text: string
  /** Heads of the columns that had no room. */
  readonly left: readonly string[]
}

const gap = 2
/** A text is not shortened below this. */
const textLeast = 16
const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' '.repeat(gap),
}

/** `width`: columns of the screen; absent: no limit. `clean` takes out of a text what must not reach a terminal. */
export function drawTable<T>(
  columns: readonly Column<T>[],
  items: readonly T[],
  clean: (text: string) => string,
  width?: number,
): Drawn {
  const all = columns.map(column => {
    const cells = items.map(item => textOf(column.of(item), clean))
    return { column, cells, widest: Math.max(...[column.head, ...cells].map(widthOf)) }
  })
  const { shown, texts } = width === undefined ? { shown: all, texts: undefined } : fitted(all, width)
  const rows = items.map((_, row) =>
    shown.map(({ column, cells }) => {
      const cell = cells[row] ?? ''
      return column.text === true && texts !== undefined ? shortened(cell, texts) : cell
    }),
  )
  const heads = shown.map(({ column }) => column.head.toUpperCase())
  const left = all.filter(one => !shown.includes(one)).map(({ column }) => column.head)
  return { text: rendered(rows, heads), left }
}

/** A line a property. */
export function drawItem(properties: readonly (readonly [string, Cell])[], clean: (text: string) => string): string {
  return rendered(properties.map(([name, value]) => [clean(`${name}:`), textOf(value, clean)]))
}

interface Measured<T> {
  readonly column: Column<T>
  readonly cells: readonly string[]
  readonly widest: number
}

/** The columns there is room for, and how wide a text may be in them. */
function fitted<T>(
  all: readonly Measured<T>[],
  width: number,
): { readonly shown: readonly Measured<T>[]; readonly texts: number } {
  let shown = all
  for (;;) {
    const fixed = shown.filter(({ column }) => column.text !== true)
    const texts = shown.filter(({ column }) => column.text === true)
    const room = width - gap * (shown.length - 1) - fixed.reduce((sum, { widest }) => sum + widest, 0)
    const limit = sharedLimit(
      texts.map(({ widest }) => widest),
      room,
    )
    if (room >= 0 && limit >= textLeast) return { shown, texts: limit }
    const [next] = shown.filter(({ column }) => column.rank !== undefined).toSorted(byRank)
    // Rather too wide than without what it is about.
    if (next === undefined) return { shown, texts: Math.max(limit, textLeast) }
    shown = shown.filter(one => one !== next)
  }
}

function byRank<T>(a: Measured<T>, b: Measured<T>): number {
  return (b.column.rank ?? 0) - (a.column.rank ?? 0)
}

/** The highest limit with which all `widths`, each cut to it, fit into `room`; infinite when they fit as they are. */
function sharedLimit(widths: readonly number[], room: number): number {
  if (widths.reduce((sum, width) => sum + width, 0) <= room) return Number.POSITIVE_INFINITY
  const [widest = 0] = widths.toSorted((a, b) => b - a)
  for (let limit = widest; limit > 0; limit -= 1)
    if (widths.reduce((sum, width) => sum + Math.min(width, limit), 0) <= room) return limit
  return 0
}

function shortened(text: string, limit: number): string {
  if (widthOf(text) <= limit) return text
  let short = ''
  let width = 0
  for (const letter of text) {
    width += widthOf(letter)
    if (width > limit - 1) break
    short += letter
  }
  return `${short.trimEnd()}…`
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

/** Places of a screen. */
function widthOf(text: string): number {
  let width = 0
  for (const letter of text) width += wide.test(letter) ? 2 : 1
  return width
}

function textOf(cell: Cell, clean: (text: string) => string): string {
  return cell === null || cell === '' ? '–' : clean(String(cell))
}

function rendered(rows: readonly (readonly string[])[], head?: readonly string[]): string {
  const table = new Table({
    ...(head === undefined ? {} : { head: [...head] }),
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  })
  for (const row of rows) table.push([...row])
  return table
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}
