// A word of state with a mark: the mark has a shape of its own for each tone, so that nothing is told by colour alone.
export type Tone = 'good' | 'bad' | 'busy' | 'idle' | 'warn'

const marks: Readonly<Record<Tone, string>> = { good: '✓', bad: '✕', busy: '◔', idle: '○', warn: '!' }

export function Status({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return (
    <span class={`status status-${tone}`}>
      <span class="mark" aria-hidden="true">
        {marks[tone]}
      </span>
      {children}
    </span>
  )
}

const tones: Readonly<Record<string, Tone>> = {
  Pending: 'idle',
  Processing: 'busy',
  Running: 'busy',
  'In Progress': 'busy',
  Completed: 'good',
  Stopped: 'warn',
  Cancelled: 'warn',
  Failed: 'bad',
  Skipped: 'warn',
  SUCCESS: 'good',
  FAIL: 'bad',
  SKIPPED: 'warn',
  INFO: 'idle',
}

/** Of the words of the update-status page, the operations page, one device in an operation, and events. */
export function toneOf(word: string): Tone {
  return tones[word] ?? 'idle'
}
