// A change of a configuration for people: what came, what went, what has another value now. It comes as a JSON Patch
// (RFC 6902) whose secrets are masked; whatever it is not, is shown as it came.
interface Change {
  readonly op: 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value?: unknown
}

const signs = { add: '+', replace: '~', remove: '−' } as const
const words = { add: 'added', replace: 'changed to', remove: 'removed' } as const

interface ConfigurationDiffProps {
  readonly text: string
  /** There was more than an event can carry. */
  readonly cut: boolean
}

export function ConfigurationDiff({ text, cut }: ConfigurationDiffProps) {
  const changes = changesIn(text)
  if (changes === undefined) return <pre class="diff-raw">{text}</pre>
  return (
    <>
      {changes.length === 0 && <p class="history-line faint">Nothing in it was changed.</p>}
      <ul class="plain diff">
        {changes.map(({ op, path, value }, at) => (
          <li key={at} class={`diff-${op}`}>
            <span class="diff-sign" aria-hidden="true">
              {signs[op]}
            </span>
            <code>{placeOf(path)}</code> <span class="diff-word">{words[op]}</span>{' '}
            {op !== 'remove' && <code class="diff-value">{JSON.stringify(value, null, 1)}</code>}
          </li>
        ))}
      </ul>
      {cut && <p class="history-line faint">There were more changes than the device could report.</p>}
    </>
  )
}

function changesIn(text: string): readonly Change[] | undefined {
  try {
    const found: unknown = JSON.parse(text)
    return Array.isArray(found) && found.every(isChange) ? found : undefined
  } catch {
    // Not from our agent.
    return undefined
  }
}

function isChange(value: unknown): value is Change {
  if (typeof value !== 'object' || value === null) return false
  const { op, path } = value as Partial<Record<keyof Change, unknown>>
  return typeof path === 'string' && (op === 'add' || op === 'replace' || op === 'remove')
}

/** `/network/dns/0` as `network › dns › 0`. */
function placeOf(path: string): string {
  const names = path
    .split('/')
    .slice(1)
    .map(name => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  return names.length === 0 ? 'the whole configuration' : names.join(' › ')
}
