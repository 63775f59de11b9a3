// Who is meant: all, a filter, a list that is typed or pasted, or a file.
import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { bytes } from '../../parts/bytes.ts'
import type { Draft } from './draft.ts'
import { CheckField, type FieldsOfDraft, ProblemsOf, TextField } from './fields.tsx'
import { targetsMax } from './request.ts'
import { devicesIn, devicesInCsv, importBytesMax } from './target-list.ts'

interface TargetFieldsProps extends FieldsOfDraft<Draft> {
  /** The file itself, to be sent as it is. */
  readonly onFile: (file: File | undefined) => void
}

const aims: readonly { readonly aim: Draft['aim']; readonly text: string }[] = [
  { aim: 'all', text: 'All devices' },
  { aim: 'filter', text: 'A filter' },
  { aim: 'devices', text: 'Named devices' },
  { aim: 'csv', text: 'A CSV file' },
]

export function TargetFields({ draft, change, onFile }: TargetFieldsProps) {
  const name = useId()
  return (
    <>
      <fieldset class="choices">
        <legend class="unseen">Which devices</legend>
        {aims.map(({ aim, text }) => (
          <label key={aim} class="choice">
            <input type="radio" name={name} checked={draft.aim === aim} onChange={() => change({ aim })} />
            {text}
          </label>
        ))}
      </fieldset>
      <Aim draft={draft} change={change} onFile={onFile} />
    </>
  )
}

function Aim({ draft, change, onFile }: TargetFieldsProps) {
  switch (draft.aim) {
    case 'all':
      return <p class="hint">All devices that are registered when the operation is made.</p>
    case 'filter':
      return (
        <>
          <TextField
            label="Filter"
            name="targets.filter"
            class="field-wide"
            mono
            value={draft.filter}
            placeholder="group=berlin&component=main&version__lte=1.4.0"
            hint={
              <>
                Conditions <code>field__operator=value</code> joined with <code>&</code>, over id, group, tag, state,
                component, version, digest, vendor_id, class_id, last_seen and attributes.NAME.
              </>
            }
            onInput={filter => change({ filter })}
          />
          <CheckField
            label="Also devices that match later"
            name="targets.open"
            hint="They join until the operation is stopped."
            checked={draft.open}
            onChange={open => change({ open })}
          />
        </>
      )
    case 'devices':
      return (
        <TextField
          label="Device ids"
          name="targets.devices"
          class="field-wide"
          mono
          rows={5}
          value={draft.devices}
          hint={`One a line, or with commas; ${devicesIn(draft.devices).length.toLocaleString()} of at most ${targetsMax.toLocaleString()}.`}
          onInput={devices => change({ devices })}
        />
      )
    case 'csv':
      return <CsvFile draft={draft} change={change} onFile={onFile} />
  }
}

function CsvFile({ draft: { csv }, change, onFile }: TargetFieldsProps) {
  const id = useId()
  const problem = useSignal<string | undefined>(undefined)
  const take = async (file: File | undefined): Promise<void> => {
    problem.value = undefined
    onFile(undefined)
    change({ csv: undefined })
    if (file === undefined) return
    if (file.size > importBytesMax) {
      problem.value = `${file.name} has ${bytes(file.size)}, expected at most ${bytes(importBytesMax)}.`
      return
    }
    try {
      change({ csv: { name: file.name, sizeBytes: file.size, devices: devicesInCsv(await file.text()) } })
      onFile(file)
    } catch (error) {
      // It was moved or may not be read.
      problem.value = `${file.name} cannot be read: ${(error as Error).message}`
    }
  }
  return (
    <div class="field field-wide">
      <label for={id}>File</label>
      <input
        id={id}
        type="file"
        accept=".csv,.txt,text/csv,text/plain"
        aria-describedby={`${id}-hint`}
        onChange={event => void take(event.currentTarget.files?.[0])}
      />
      <span class="hint" id={`${id}-hint`}>
        {csv === undefined
          ? 'Ids in the column device_id, ControllerID, device or id, or in the first one; up to 1,000,000 rows.'
          : `${csv.name}: ${csv.devices.length.toLocaleString()} devices, ${bytes(csv.sizeBytes)}.`}
      </span>
      {problem.value !== undefined && (
        <span class="field-problem" role="alert">
          {problem.value}
        </span>
      )}
      <ProblemsOf name="targets.file" />
    </div>
  )
}
