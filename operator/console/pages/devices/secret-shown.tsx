// A secret that is shown once and kept nowhere: to read, to copy, and to close when it has been taken along.
import { CopyButton } from '../../parts/copy.tsx'
import { Dialog } from '../../parts/dialog.tsx'

interface SecretShownProps {
  readonly title: string
  /** “MQTT password” */
  readonly what: string
  readonly secret: string
  readonly note: string
  readonly onClose: () => void
}

export function SecretShown({ title, what, secret, note, onClose }: SecretShownProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{what}, shown this once; the broker keeps only its hash:</p>
      <div class="secret">
        <input class="mono" readOnly aria-label={what} value={secret} onFocus={event => event.currentTarget.select()} />
        <CopyButton text={secret} what={what} />
      </div>
      <p class="faint">{note}</p>
      <div class="buttons">
        <button type="button" class="primary" onClick={onClose}>
          I have taken it along
        </button>
      </div>
    </Dialog>
  )
}
