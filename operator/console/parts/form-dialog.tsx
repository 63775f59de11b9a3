// A dialog with fields: Enter sends it, one button names the deed, and the broker's answer stands inside when it refuses.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { Dialog } from './dialog.tsx'
import { Problem } from './table.tsx'

interface FormDialogProps {
  readonly title: string
  readonly children: ComponentChildren
  /** The deed, as a verb. */
  readonly submit: string
  readonly tone?: 'danger'
  /** False: not yet, something is missing. */
  readonly ready?: boolean
  /** Rejects with what the broker says; the dialog stays open then. It is for the caller to close it when it is done. */
  readonly onSubmit: () => Promise<void>
  readonly onClose: () => void
}

export function FormDialog({ title, children, submit, tone, ready = true, onSubmit, onClose }: FormDialogProps) {
  const busy = useSignal(false)
  const problem = useSignal<unknown>(undefined)
  const act = async (): Promise<void> => {
    if (busy.value || !ready) return
    busy.value = true
    problem.value = undefined
    try {
      await onSubmit()
    } catch (error) {
      problem.value = error
    }
    busy.value = false
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="form"
        onSubmit={event => {
          event.preventDefault()
          void act()
        }}
      >
        {children}
        {problem.value !== undefined && <Problem error={problem.value} />}
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class={tone === 'danger' ? 'danger' : 'primary'} disabled={busy.value || !ready}>
            {submit}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
