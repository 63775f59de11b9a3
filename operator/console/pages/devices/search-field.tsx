// One box for a part of an id; what is typed takes effect after a short rest, or at once with Enter.
import { useSignal } from '@preact/signals'
import { useEffect, useId, useRef } from 'preact/hooks'
import { after } from '../../state/clock.ts'

const restMs = 350

export function SearchField({
  value,
  onChange,
}: {
  readonly value: string
  readonly onChange: (value: string) => void
}) {
  const draft = useSignal(value)
  const cancel = useRef((): void => undefined)
  const id = useId()
  useEffect(() => {
    // Not while somebody types on.
    if (draft.value.trim() !== value) draft.value = value
  }, [value])
  useEffect(() => () => cancel.current(), [])
  const soon = (text: string): void => {
    draft.value = text
    cancel.current()
    cancel.current = after(restMs, () => onChange(text.trim()))
  }
  return (
    <search>
      <form
        class="filters"
        onSubmit={event => {
          event.preventDefault()
          cancel.current()
          onChange(draft.value.trim())
        }}
      >
        <div class="field field-grow">
          <label for={id}>Search</label>
          <input
            id={id}
            type="search"
            autocomplete="off"
            spellcheck={false}
            placeholder="A part of a device id"
            value={draft.value}
            onInput={event => soon(event.currentTarget.value)}
          />
        </div>
      </form>
    </search>
  )
}
