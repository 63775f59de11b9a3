// A table of one page of rows: real table markup, a row that can be opened, the way to the pages around it, and what to do
// when there is nothing in it.
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import type { ApiProblem } from '../state/api.ts'
import { wordsOf } from '../state/api.ts'
import type { Pages } from '../state/paging.ts'
import { Link } from './link.tsx'

export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => ComponentChildren
  /** `number`: right-aligned; `wide`: takes what is left; `actions`: no head to be seen. */
  readonly kind?: 'number' | 'wide' | 'actions'
}

interface TableProps<Row> {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  /** Undefined: not known yet. */
  readonly rows: readonly Row[] | undefined
  readonly keyOf: (row: Row) => string
  readonly problem?: ApiProblem | undefined
  readonly loading?: boolean
  /** Shown when there is no row: what that means, and what to do next. */
  readonly empty: ComponentChildren
  /** Below a row, over the whole width; undefined: nothing. */
  readonly below?: (row: Row) => ComponentChildren
  readonly isSelected?: (row: Row) => boolean
  readonly pages?: Pages
}

export function Table<Row>({
  caption,
  columns,
  rows,
  keyOf,
  problem,
  loading,
  empty,
  below,
  isSelected,
  pages,
}: TableProps<Row>) {
  // While the next page is asked for, the last one stays where it is, so that nothing jumps.
  const last = useRef<readonly Row[] | undefined>(undefined)
  if (rows !== undefined) last.current = rows
  const shown = rows ?? (problem === undefined ? last.current : undefined)
  const isOld = rows === undefined && shown !== undefined
  return (
    <>
      {problem !== undefined && <Problem error={problem} />}
      <div class={isOld ? 'table-frame old' : 'table-frame'} aria-busy={loading === true || isOld} inert={isOld}>
        <table>
          <caption class="unseen">{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ head, kind }) => (
                <th key={head} scope="col" class={kind === undefined ? undefined : `cell-${kind}`}>
                  {kind === 'actions' ? <span class="unseen">{head}</span> : head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown?.map(row => {
              const more = below?.(row)
              return [
                <tr key={keyOf(row)} class={isSelected?.(row) ? 'selected' : undefined}>
                  {columns.map(({ head, cell, kind }) => (
                    <td key={head} class={kind === undefined ? undefined : `cell-${kind}`}>
                      {cell(row)}
                    </td>
                  ))}
                </tr>,
                more !== undefined && more !== null && more !== false && (
                  <tr key={`${keyOf(row)} below`} class="below">
                    <td colSpan={columns.length}>{more}</td>
                  </tr>
                ),
              ]
            })}
          </tbody>
        </table>
        {shown === undefined && problem === undefined && <Waiting />}
        {shown?.length === 0 && <div class="empty">{empty}</div>}
      </div>
      {pages !== undefined && <Pager pages={pages} />}
    </>
  )
}

function Waiting() {
  return (
    <div class="waiting" role="status">
      Asking the broker…
    </div>
  )
}

export function Problem({ error }: { readonly error: unknown }) {
  return (
    <p class="problem" role="alert">
      {wordsOf(error)}
    </p>
  )
}

function Pager({ pages: { first, previous, next } }: { readonly pages: Pages }) {
  if (first === undefined && previous === undefined && next === undefined) return null
  return (
    <nav class="pager" aria-label="Pages of the table">
      {first !== undefined && <Link to={first}>« First page</Link>}
      {previous !== undefined && <Link to={previous}>‹ Previous</Link>}
      {next !== undefined && <Link to={next}>Next ›</Link>}
    </nav>
  )
}
