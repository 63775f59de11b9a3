// Which keys signed the manifests of a release. Whether the fleet trusts them, each device judges by its trust document.
import type { ReleaseView } from '../../../../proto/http-api.ts'
import { Status } from '../../parts/status.tsx'

type Manifests = ReleaseView['manifests']

export function Signers({ manifests }: { readonly manifests: Manifests }) {
  const counts = new Map<string, number>()
  for (const keyId of manifests.flatMap(({ signatures }) => signatures.map(signature => signature.keyId)))
    counts.set(keyId, (counts.get(keyId) ?? 0) + 1)
  if (counts.size === 0) return <Status tone="bad">Not signed</Status>
  return (
    <ul class="plain signers">
      {[...counts].map(([keyId, count]) => (
        <li key={keyId}>
          <code title={`Key ${keyId}`}>{keyId.slice(0, 10)}…</code>
          {count < manifests.length && (
            <span class="faint">
              {' '}
              {count} of {manifests.length} manifests
            </span>
          )}
        </li>
      ))}
    </ul>
  )
}
