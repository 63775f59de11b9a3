// Text to take along: a button that copies it, and a command line with such a button.
import { useSignal } from '@preact/signals'
import { after } from '../state/clock.ts'

const toldMs = 2_000

/** `what` completes “Copy …” for those who do not see the button. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const copied = useSignal<boolean | undefined>(undefined)
  const copy = async (): Promise<void> => {
    copied.value = await copyText(text)
    after(toldMs, () => {
      copied.value = undefined
    })
  }
  return (
    <button type="button" class="copy" aria-label={`Copy ${what}`} onClick={() => void copy()}>
      {copied.value === undefined ? 'Copy' : copied.value ? 'Copied' : 'Not copied'}
      <span class="unseen" role="status">
        {copied.value === undefined ? '' : copied.value ? `Copied ${what}` : `${what} could not be copied`}
      </span>
    </button>
  )
}

export function Command({ text, what = 'this command' }: { readonly text: string; readonly what?: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <CopyButton text={text} what={what} />
    </div>
  )
}

/** The first digits of a digest or key, whole in the title and when it is copied. */
export function ShortDigest({ digest, what }: { readonly digest: string; readonly what: string }) {
  return (
    <span class="digest">
      <code title={digest}>{digest.slice(0, 12)}</code>
      <CopyButton text={digest} what={what} />
    </span>
  )
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // Not allowed, or no secure page (plain HTTP beyond this machine): the old way still works there.
    return copyFromField(text)
  }
}

function copyFromField(text: string): boolean {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'unseen'
  // In a dialog everything outside it is inert.
  const place = document.querySelector('dialog[open]') ?? document.body
  const before = document.activeElement
  place.append(field)
  field.select()
  const copied = document.execCommand('copy')
  field.remove()
  if (before instanceof HTMLElement) before.focus()
  return copied
}
