// A list of equal rows that can be added and taken away: waves, rules, windows, prerequisites.
import type { ComponentChildren } from 'preact'
import { ProblemsOf } from './fields.tsx'

interface RowsProps<Row> {
  readonly rows: readonly Row[]
  readonly onChange: (rows: readonly Row[]) => void
  readonly fresh: Row
  /** “wave”: in the words of the buttons. */
  readonly what: string
  /** As the broker calls the list. */
  readonly name: string
  readonly most: number
  readonly children: (row: Row, change: (changes: Partial<Row>) => void, name: string) => ComponentChildren
}

export function Rows<Row>({ rows, onChange, fresh, what, name, most, children }: RowsProps<Row>) {
  return (
    <div class="rows">
      {rows.map((row, index) => (
        <fieldset class="row" key={index}>
          <legend>
            {capital(what)} {index + 1}
          </legend>
          <div class="row-fields">
            {children(
              row,
              changes => onChange(rows.map((other, at) => (at === index ? { ...other, ...changes } : other))),
              `${name}.${index}`,
            )}
          </div>
          <ProblemsOf name={`${name}.${index}`} />
          <button
            type="button"
            class="quiet"
            aria-label={`Take away ${what} ${index + 1}`}
            onClick={() => onChange(rows.filter((_, at) => at !== index))}
          >
            ✕
          </button>
        </fieldset>
      ))}
      {rows.length < most && (
        <button type="button" onClick={() => onChange([...rows, fresh])}>
          Add a {what}
        </button>
      )}
      <ProblemsOf name={name} />
    </div>
  )
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
