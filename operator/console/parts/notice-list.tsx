// What has just been done, in the corner; read out politely.
import { dismiss, notices } from '../state/notices.ts'

export function NoticeList() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ number, text, kind }) => (
        <div key={number} class={`notice notice-${kind}`}>
          <p>{text}</p>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(number)}>
            ✕
          </button>
        </div>
      ))}
    </div>
  )
}
