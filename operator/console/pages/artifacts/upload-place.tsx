// Where bundles are brought: dropped or chosen, several at once; each with its progress, a way to cancel it, and the answer
// of the broker.
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { bytes } from '../../parts/bytes.ts'
import { Link } from '../../parts/link.tsx'
import { Status } from '../../parts/status.tsx'
import { addressOf } from '../../state/route.ts'
import { addUploads, cancelUpload, forgetUploads, isOver, takenCount, type Upload, uploads } from './uploads.ts'

/** `onTaken`: the broker has a new bundle. */
export function UploadPlace({ onTaken }: { readonly onTaken: () => void }) {
  const input = useRef<HTMLInputElement>(null)
  const over = useSignal(false)
  const taken = takenCount.value
  useEffect(() => {
    if (taken > 0) onTaken()
  }, [taken])
  return (
    <section
      class={over.value ? 'upload-place upload-over' : 'upload-place'}
      aria-label="Upload"
      onDragOver={event => {
        event.preventDefault()
        over.value = true
      }}
      onDragLeave={event => {
        if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)))
          over.value = false
      }}
      onDrop={event => {
        event.preventDefault()
        over.value = false
        addUploads([...(event.dataTransfer?.files ?? [])])
      }}
    >
      <div class="upload-ask">
        <p>
          <strong>Drop signed bundles here</strong>
          <span class="faint"> or </span>
        </p>
        <button type="button" onClick={() => input.current?.click()}>
          Choose bundles
        </button>
        <p class="hint">
          Files made by <code>drover artifact create</code>; the broker checks every byte of them.
        </p>
        <input
          ref={input}
          class="unseen"
          type="file"
          multiple
          tabIndex={-1}
          aria-label="Bundles to upload"
          onChange={event => {
            addUploads([...(event.currentTarget.files ?? [])])
            event.currentTarget.value = ''
          }}
        />
      </div>
      {uploads.value.length > 0 && (
        <ul class="plain upload-list">
          {uploads.value.map(upload => (
            <UploadRow key={upload.number} upload={upload} />
          ))}
        </ul>
      )}
      <p class="unseen" role="status">
        {uploads.value.filter(isOver).map(summaryOf).join('. ')}
      </p>
      {uploads.value.some(isOver) && (
        <button type="button" class="quiet upload-forget" onClick={forgetUploads}>
          Clear what is over
        </button>
      )}
    </section>
  )
}

function UploadRow({ upload }: { readonly upload: Upload }) {
  const { number, name, sizeBytes, sentBytes, state } = upload
  const percent = sizeBytes === 0 ? 0 : Math.floor((sentBytes / sizeBytes) * 100)
  return (
    <li>
      <span class="upload-name">{name}</span>
      <span class="faint">{bytes(sizeBytes)}</span>
      <div class="upload-state">
        {(state.kind === 'sending' || state.kind === 'checking') && (
          <>
            <progress max={100} value={percent} aria-label={`Upload of ${name}`} />
            <span class="hint">
              {state.kind === 'checking' ? 'the broker checks it' : `${percent} %, ${bytes(sentBytes)}`}
            </span>
          </>
        )}
        {state.kind === 'waiting' && <Status tone="idle">Waiting</Status>}
        {state.kind === 'cancelled' && <Status tone="warn">Cancelled</Status>}
        {state.kind === 'taken' && (
          <>
            <Status tone="good">Taken</Status>
            <Link to={addressOf('/artifacts', { release: state.release.id })}>
              {state.release.component} {state.release.version}
            </Link>
          </>
        )}
        {state.kind === 'refused' && (
          <>
            <Status tone="bad">Refused</Status>
            <span>{state.words}</span>
          </>
        )}
      </div>
      {!isOver(upload) && (
        <button type="button" aria-label={`Cancel the upload of ${name}`} onClick={() => cancelUpload(number)}>
          Cancel
        </button>
      )}
    </li>
  )
}

function summaryOf({ name, state }: Upload): string {
  if (state.kind === 'refused') return `${name} was refused: ${state.words}`
  return state.kind === 'taken' ? `${name} was taken` : `${name} was cancelled`
}
