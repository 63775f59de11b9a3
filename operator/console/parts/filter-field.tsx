// Where a filter is written: one field in the language of the API, a chip for each condition in force, help with examples
// that can be taken over, and what the broker says is wrong, at the field.
import { useSignal } from '@preact/signals'
import { useEffect, useId } from 'preact/hooks'
import { type ApiProblem, wordsOf } from '../state/api.ts'
import { conditionsOf, joined } from './filter-text.ts'

export interface FilterHelp {
  readonly fields: readonly { readonly names: string; readonly operators: string; readonly meaning: string }[]
  readonly examples: readonly { readonly text: string; readonly meaning: string }[]
}

/** In the place of the rows when the filter cannot be used. */
export const unusableFilter = <p>The filter cannot be used; what is wrong stands above.</p>

function whatIsWrong(problem: ApiProblem | undefined): string {
  const fields = problem?.fields.map(({ name, message }) => `${name} ${message}`) ?? []
  return fields.length > 0 ? `${fields.join('; ')}.` : wordsOf(problem)
}

interface FilterFieldProps {
  /** In force. */
  readonly value: string
  readonly onChange: (value: string) => void
  readonly help: FilterHelp
  /** Of the list the filter is for; shown here when it is about the filter. */
  readonly problem: ApiProblem | undefined
}

/** A refusal of what was asked, in difference to a broker that does not answer. */
export function isAboutFilter(problem: ApiProblem | undefined): boolean {
  return problem?.type === 'INVALID'
}

export function FilterField({ value, onChange, help, problem }: FilterFieldProps) {
  const draft = useSignal(value)
  const id = useId()
  useEffect(() => {
    draft.value = value
  }, [value])
  const wrong = isAboutFilter(problem)
  const conditions = conditionsOf(value)
  return (
    <div class="filter">
      <form
        class="filters"
        onSubmit={event => {
          event.preventDefault()
          onChange(joined(draft.value))
        }}
      >
        <div class="field field-grow">
          <label for={id}>Filter</label>
          <input
            id={id}
            class="mono"
            autocomplete="off"
            spellcheck={false}
            placeholder={help.examples[0]?.text}
            aria-invalid={wrong}
            aria-describedby={wrong ? `${id}-problem` : undefined}
            value={draft.value}
            onInput={event => {
              draft.value = event.currentTarget.value
            }}
          />
        </div>
        <button type="submit">Apply</button>
      </form>
      {wrong && (
        <p class="problem" role="alert" id={`${id}-problem`}>
          {whatIsWrong(problem)}
        </p>
      )}
      {conditions.length > 0 && (
        <ul class="chips plain" aria-label="Conditions in force">
          {conditions.map((condition, at) => (
            <li key={condition} class="chip">
              <code>{condition}</code>
              <button
                type="button"
                class="chip-remove"
                aria-label={`Take away ${condition}`}
                onClick={() => onChange(conditions.filter((_, other) => other !== at).join('&'))}
              >
                ✕
              </button>
            </li>
          ))}
          {conditions.length > 1 && (
            <li>
              <button type="button" class="chip-clear" onClick={() => onChange('')}>
                Clear all
              </button>
            </li>
          )}
        </ul>
      )}
      <Help help={help} onTake={onChange} />
    </div>
  )
}

function Help({
  help: { fields, examples },
  onTake,
}: {
  readonly help: FilterHelp
  readonly onTake: (text: string) => void
}) {
  return (
    <details class="filter-help">
      <summary>How to filter</summary>
      <div class="card">
        <p>
          Conditions are <code>field__operator=value</code> joined with <code>&</code>; all of them must hold. Without
          an operator it is <code>eq</code>; <code>in</code> and <code>nin</code> take several values with commas
          between them; <code>*</code> and <code>?</code> in <code>like</code> stand for any characters and for one.
        </p>
        <table class="inner">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Operators</th>
              <th scope="col">Meaning</th>
            </tr>
          </thead>
          <tbody>
            {fields.map(({ names, operators, meaning }) => (
              <tr key={names}>
                <td>
                  <code>{names}</code>
                </td>
                <td>
                  <code>{operators}</code>
                </td>
                <td>{meaning}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="filter-help-examples">Examples</p>
        <ul class="plain filter-examples">
          {examples.map(({ text, meaning }) => (
            <li key={text}>
              <button type="button" onClick={() => onTake(text)}>
                <code>{text}</code>
              </button>
              <span>{meaning}</span>
            </li>
          ))}
        </ul>
      </div>
    </details>
  )
}
