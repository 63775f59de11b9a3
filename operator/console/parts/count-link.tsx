// The number of devices an operation updated or failed on. It is a link only when the operation has ended and the number is
// below 500 (update-status page); else a plain number that says why.
import type { OperationView } from '../../../proto/http-api.ts'
import { hasEnded } from '../state/operations.ts'
import { addressOf } from '../state/route.ts'
import { Link } from './link.tsx'

/** Fewer than this many are listed. */
export const linkedCountMax = 500

interface CountLinkProps {
  readonly operation: OperationView
  readonly outcome: 'updated' | 'errors'
}

export function CountLink({ operation, outcome }: CountLinkProps) {
  const count = operation[outcome]
  const text = count.toLocaleString()
  const why = whyNoLink(operation, count)
  if (why !== undefined)
    return (
      <span title={why}>
        {text}
        {count > 0 && <span class="unseen"> ({why})</span>}
      </span>
    )
  return (
    <Link
      to={addressOf('/devices', { operation: operation.id, outcome })}
      aria-label={`${text} ${outcome}: show the devices`}
    >
      {text}
    </Link>
  )
}

function whyNoLink(operation: OperationView, count: number): string | undefined {
  if (!hasEnded(operation)) return 'The devices can be listed when the update is completed or stopped.'
  if (count >= linkedCountMax)
    return `Only fewer than ${linkedCountMax} devices are listed; the export has all of them.`
  return count === 0 ? 'There are none.' : undefined
}
