// How far an operation is: one bar in four parts, with the same in words for those who do not see it.
export interface SplitCounts {
  readonly ok: number
  readonly failed: number
  readonly running: number
  readonly waiting: number
}

const parts = ['ok', 'failed', 'running', 'waiting'] as const
const words: Readonly<Record<(typeof parts)[number], string>> = {
  ok: 'updated',
  failed: 'failed',
  running: 'in progress',
  waiting: 'waiting',
}

export function SplitBar({ label, ...counts }: SplitCounts & { readonly label: string }) {
  const total = parts.reduce((sum, part) => sum + counts[part], 0)
  const done = counts.ok + counts.failed
  const percent = total === 0 ? 0 : Math.floor((done / total) * 100)
  const text = parts.map(part => `${counts[part].toLocaleString()} ${words[part]}`).join(', ')
  return (
    <div
      class="split-bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={`${percent} %: ${text}`}
      title={text}
    >
      {parts.map(part => (
        <span
          key={part}
          class={`split-${part}`}
          style={{
            flexGrow: total === 0 ? Number(part === 'waiting') : counts[part],
            // One failure among a hundred thousand is seen.
            minWidth: counts[part] > 0 ? '3px' : undefined,
          }}
        />
      ))}
    </div>
  )
}

/** What the colours mean; once on a page that shows bars. */
export function SplitLegend() {
  return (
    <ul class="legend" aria-label="Meaning of the colours">
      {parts.map(part => (
        <li key={part}>
          <span class={`swatch split-${part}`} aria-hidden="true" />
          {words[part]}
        </li>
      ))}
    </ul>
  )
}
