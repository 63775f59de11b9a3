// Fields of a form that know what is wrong with them: each shows the problems of its name, as the form or the broker found
// them, once it has been left or all are to be shown.
import { type Signal, useSignal } from '@preact/signals'
import { type ComponentChildren, createContext } from 'preact'
import { useContext, useId } from 'preact/hooks'
import type { FieldProblem } from './reading.ts'

/** What is typed, and how it changes. */
export interface FieldsOfDraft<Draft> {
  readonly draft: Draft
  readonly change: (changes: Partial<Draft>) => void
}

interface Known {
  readonly problems: readonly FieldProblem[]
  /** What the broker said: shown at once. */
  readonly told: readonly FieldProblem[]
  /** Also of fields that nobody has left yet. */
  readonly all: boolean
  readonly left: Signal<ReadonlySet<string>>
}

const KnownProblems = createContext<Known | undefined>(undefined)

interface FieldsProps {
  readonly problems: readonly FieldProblem[]
  readonly told?: readonly FieldProblem[]
  readonly all: boolean
  readonly children: ComponentChildren
}

export function Fields({ problems, told = [], all, children }: FieldsProps) {
  const left = useSignal<ReadonlySet<string>>(new Set())
  return <KnownProblems.Provider value={{ problems, told, all, left }}>{children}</KnownProblems.Provider>
}

interface FieldProps {
  readonly label: string
  /** As the broker calls it. */
  readonly name: string
  readonly hint?: ComponentChildren
  readonly class?: string | undefined
}

interface TextProps extends FieldProps {
  readonly value: string
  readonly onInput: (value: string) => void
  readonly placeholder?: string
  /** Behind the field, as part of its label: “minutes”. */
  readonly unit?: string
  readonly size?: number
  readonly type?: 'text' | 'datetime-local'
  readonly list?: string
  readonly mono?: boolean
  /** More than one line. */
  readonly rows?: number
}

export function TextField({ unit, size, rows, mono, type = 'text', list, ...props }: TextProps) {
  const { id, described, texts, leave } = useField(props)
  const { value, onInput, placeholder } = props
  const common = {
    id,
    placeholder,
    value,
    spellcheck: false,
    autocomplete: 'off' as const,
    class: mono === true ? 'mono' : undefined,
    'aria-describedby': described,
    'aria-invalid': texts.length > 0,
    onBlur: leave,
  }
  return (
    <FieldFrame id={id} texts={texts} {...props}>
      {rows === undefined ? (
        <span class="with-unit">
          <input
            {...common}
            type={type}
            list={list}
            size={size}
            onInput={event => onInput(event.currentTarget.value)}
          />
          {unit !== undefined && <span class="unit">{unit}</span>}
        </span>
      ) : (
        <textarea {...common} rows={rows} onInput={event => onInput(event.currentTarget.value)} />
      )}
    </FieldFrame>
  )
}

interface ChoiceProps<Value extends string> extends FieldProps {
  readonly value: Value
  readonly choices: readonly { readonly value: Value; readonly text: string }[]
  readonly onChange: (value: Value) => void
}

export function ChoiceField<Value extends string>({ value, choices, onChange, ...props }: ChoiceProps<Value>) {
  const { id, described, texts, leave } = useField(props)
  return (
    <FieldFrame id={id} texts={texts} {...props}>
      <select
        id={id}
        value={value}
        aria-describedby={described}
        aria-invalid={texts.length > 0}
        onBlur={leave}
        onChange={event => {
          const chosen = choices.find(choice => choice.value === event.currentTarget.value)
          if (chosen !== undefined) onChange(chosen.value)
        }}
      >
        {choices.map(choice => (
          <option key={choice.value} value={choice.value}>
            {choice.text}
          </option>
        ))}
      </select>
    </FieldFrame>
  )
}

interface CheckProps extends FieldProps {
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
}

export function CheckField({ checked, onChange, ...props }: CheckProps) {
  const { id, described, texts } = useField(props)
  const { label, hint } = props
  return (
    <div class={`check ${props.class ?? ''}`}>
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={described}
        onChange={event => onChange(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{label}</label>
        <Below id={id} hint={hint} texts={texts} />
      </div>
    </div>
  )
}

/** What the broker or the form says of something that is no single field: a list, a file, a group. */
export function ProblemsOf({ name }: { readonly name: string }) {
  const known = useContext(KnownProblems)
  const texts = textsOf(known, name, known?.all === true)
  return <Below id={undefined} hint={undefined} texts={texts} />
}

function useField({ name, hint }: FieldProps) {
  const id = useId()
  const known = useContext(KnownProblems)
  const shown = known !== undefined && (known.all || known.left.value.has(name))
  const texts = textsOf(known, name, shown)
  const described = [hint === undefined ? '' : `${id}-hint`, texts.length === 0 ? '' : `${id}-problem`].join(' ').trim()
  return {
    id,
    texts,
    described: described === '' ? undefined : described,
    leave: (): void => {
      if (known !== undefined && !known.left.value.has(name)) known.left.value = new Set(known.left.value).add(name)
    },
  }
}

/** `own`: also what the form itself found. */
function textsOf(known: Known | undefined, name: string, own: boolean): readonly string[] {
  if (known === undefined) return []
  const meant = [...(own ? known.problems : []), ...known.told].filter(problem => problem.name === name)
  return [...new Set(meant.map(({ message }) => message))]
}

interface FrameProps extends FieldProps {
  readonly id: string
  readonly texts: readonly string[]
  readonly children: ComponentChildren
}

function FieldFrame({ id, label, hint, texts, children, ...props }: FrameProps) {
  return (
    <div class={`field ${props.class ?? ''}`}>
      <label for={id}>{label}</label>
      {children}
      <Below id={id} hint={hint} texts={texts} />
    </div>
  )
}

interface BelowProps {
  readonly id: string | undefined
  readonly hint: ComponentChildren
  readonly texts: readonly string[]
}

function Below({ id, hint, texts }: BelowProps) {
  return (
    <>
      {hint !== undefined && (
        <span class="hint" id={id === undefined ? undefined : `${id}-hint`}>
          {hint}
        </span>
      )}
      {texts.length > 0 && (
        <span class="field-problem" id={id === undefined ? undefined : `${id}-problem`}>
          {texts.join('; ')}
        </span>
      )}
    </>
  )
}
