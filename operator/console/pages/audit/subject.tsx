// What an audit record is about, as a link where the console has a page for it.
import type { AuditView } from '../../../../proto/http-admin.ts'
import { Link } from '../../parts/link.tsx'
import { addressOf } from '../../state/route.ts'

export function Subject({ record: { action, subject, operation } }: { readonly record: AuditView }) {
  const [kind] = action.split('.')
  const to = addressFor(kind, subject)
  return (
    <>
      {to === undefined ? (
        <span class="audit-subject">{subject}</span>
      ) : (
        <Link class="audit-subject" to={to}>
          {subject}
        </Link>
      )}
      {kind !== 'operation' && operation !== null && (
        <Link class="under audit-subject" to={addressOf('/operations', { operation })}>
          {operation}
        </Link>
      )}
    </>
  )
}

function addressFor(kind: string | undefined, subject: string): string | undefined {
  switch (kind) {
    case 'operation':
      return addressOf('/operations', { operation: subject })
    case 'device':
      return addressOf('/devices', { device: subject })
    case 'release':
      return addressOf('/artifacts', { release: subject })
    default:
      return undefined
  }
}
