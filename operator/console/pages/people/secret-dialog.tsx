// A secret the broker tells once and keeps as a hash only: to be copied now.
import { CopyButton } from '../../parts/copy.tsx'
import { Dialog } from '../../parts/dialog.tsx'

interface SecretDialogProps {
  readonly title: string
  /** What it is good for. */
  readonly text: string
  readonly secret: string
  /** As in “Copy …”. */
  readonly what: string
  readonly onClose: () => void
}

export function SecretDialog({ title, text, secret, what, onClose }: SecretDialogProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      <div class="secret-once-frame">
        <code>{secret}</code>
        <CopyButton text={secret} what={what} />
      </div>
      <p class="secret-once">
        <strong>It is shown this once.</strong> Keep it in a safe place before you close this.
      </p>
      <div class="buttons">
        <button type="button" class="primary" onClick={onClose}>
          I have kept it
        </button>
      </div>
    </Dialog>
  )
}
