// A question before something is done: what will happen in words with numbers, one button that names the deed, and the
// broker's answer when it refuses. The browser's own dialog keeps the focus inside and gives it back.
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Problem } from './table.tsx'

interface ConfirmProps {
  readonly title: string
  readonly children: ComponentChildren
  /** The deed, as a verb: “Stop the update”. */
  readonly confirm: string
  readonly tone?: 'danger'
  /** Rejects with what the broker says; the dialog stays open then. */
  readonly onConfirm: () => Promise<void>
  readonly onClose: () => void
}

export function Confirm({ title, children, confirm, tone, onConfirm, onClose }: ConfirmProps) {
  const busy = useSignal(false)
  const problem = useSignal<unknown>(undefined)
  const act = async (): Promise<void> => {
    busy.value = true
    problem.value = undefined
    try {
      await onConfirm()
      onClose()
    } catch (error) {
      problem.value = error
    }
    busy.value = false
  }
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {problem.value !== undefined && <Problem error={problem.value} />}
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          class={tone === 'danger' ? 'danger' : 'primary'}
          disabled={busy.value}
          onClick={() => void act()}
        >
          {confirm}
        </button>
      </div>
    </Dialog>
  )
}

interface DialogProps {
  readonly title: string
  readonly children: ComponentChildren
  readonly onClose: () => void
}

export function Dialog({ title, children, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  // The browser tells of the closing later, when another dialog may have taken this one's place.
  const leaving = useRef(false)
  const heading = useId()
  useEffect(() => {
    const opened = dialog.current
    opened?.showModal()
    return () => {
      leaving.current = true
      opened?.close()
    }
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onClose={() => {
        if (!leaving.current) onClose()
      }}
    >
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  )
}
