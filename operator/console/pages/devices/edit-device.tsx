// Group, tags and attributes of a device. Only what was changed here is sent, so that two people who edit different things do
// not undo one another.
import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import type { DeviceEdit, DeviceView } from '../../../../proto/http-api.ts'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { send } from '../../state/api.ts'
import { tell } from '../../state/notices.ts'

interface EditDeviceProps {
  readonly device: DeviceView
  readonly onDone: () => void
  readonly onClose: () => void
}

interface Row {
  readonly key: number
  readonly name: string
  readonly value: string
}

export function EditDevice({ device, onDone, onClose }: EditDeviceProps) {
  const id = useId()
  // As it was when the dialog was opened: the list behind it goes on.
  const before = useSignal(device).value
  const group = useSignal(before.group ?? '')
  const tags = useSignal(before.tags.join(', '))
  const rows = useSignal<readonly Row[]>(
    Object.entries(before.attributes).map(([name, value], key) => ({ key, name, value })),
  )
  const change = (key: number, next: Partial<Row>): void => {
    rows.value = rows.value.map(row => (row.key === key ? { ...row, ...next } : row))
  }
  const edit = editOf(before, group.value, tags.value, rows.value)
  return (
    <FormDialog
      title={`Edit ${before.id}`}
      submit="Save"
      ready={edit !== undefined}
      onClose={onClose}
      onSubmit={async () => {
        await send('PATCH', `/v1/devices/${encodeURIComponent(before.id)}`, edit)
        tell(`${before.id} was changed.`)
        onClose()
        onDone()
      }}
    >
      <div class="field">
        <label for={`${id}-group`}>Group</label>
        <input
          id={`${id}-group`}
          autocomplete="off"
          placeholder="none"
          value={group.value}
          onInput={event => {
            group.value = event.currentTarget.value
          }}
        />
      </div>
      <div class="field">
        <label for={`${id}-tags`}>Tags, with commas between them</label>
        <input
          id={`${id}-tags`}
          autocomplete="off"
          placeholder="none"
          value={tags.value}
          onInput={event => {
            tags.value = event.currentTarget.value
          }}
        />
      </div>
      <fieldset class="attributes">
        <legend>Attributes</legend>
        {rows.value.map(({ key, name, value }) => (
          <div key={key} class="attribute">
            <input
              aria-label="Name of the attribute"
              autocomplete="off"
              placeholder="name"
              value={name}
              onInput={event => change(key, { name: event.currentTarget.value })}
            />
            <input
              aria-label={`Value of ${name === '' ? 'the attribute' : name}`}
              autocomplete="off"
              placeholder="value"
              maxLength={256}
              value={value}
              onInput={event => change(key, { value: event.currentTarget.value })}
            />
            <button
              type="button"
              class="quiet"
              aria-label={`Take away ${name === '' ? 'the attribute' : name}`}
              onClick={() => {
                rows.value = rows.value.filter(row => row.key !== key)
              }}
            >
              ✕
            </button>
          </div>
        ))}
        <button
          type="button"
          onClick={() => {
            rows.value = [
              ...rows.value,
              { key: 1 + Math.max(-1, ...rows.value.map(row => row.key)), name: '', value: '' },
            ]
          }}
        >
          Add an attribute
        </button>
      </fieldset>
    </FormDialog>
  )
}

/** Undefined: nothing was changed. */
function editOf(before: DeviceView, groupText: string, tagText: string, rows: readonly Row[]): DeviceEdit | undefined {
  const group = groupText.trim() === '' ? null : groupText.trim()
  const tags = new Set(tagText.split(/[,\s]+/).filter(tag => tag !== ''))
  const add = [...tags].filter(tag => !before.tags.includes(tag))
  const remove = before.tags.filter(tag => !tags.has(tag))
  const wanted = new Map(rows.filter(({ name }) => name.trim() !== '').map(({ name, value }) => [name.trim(), value]))
  const attributes: Record<string, string | null> = {}
  for (const [name, value] of wanted) if (before.attributes[name] !== value) attributes[name] = value
  for (const name of Object.keys(before.attributes)) if (!wanted.has(name)) attributes[name] = null
  const edit: DeviceEdit = {
    ...(group === before.group ? {} : { group }),
    ...(add.length + remove.length === 0
      ? {}
      : { tags: { ...(add.length === 0 ? {} : { add }), ...(remove.length === 0 ? {} : { remove }) } }),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  }
  return Object.keys(edit).length === 0 ? undefined : edit
}
