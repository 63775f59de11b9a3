// What a record changed: path, value before where an earlier record of the same operation tells it, value after. The
// chain itself holds the new values only (JSON Patch).
import type { AuditView } from '../../../../proto/http-admin.ts'
import type { Listing } from '../../../../proto/http-api.ts'
import { useQuery } from '../../state/query.ts'
import { addressOf } from '../../state/route.ts'
import { patchSteps, pathText, valueText } from './record-words.ts'

/** Earlier records that are looked through. */
const earlierMax = 100

export function Changes({ record }: { readonly record: AuditView }) {
  const { number, operation, changes } = record
  const earlier = useQuery<Listing<AuditView>>(
    operation === null || number === 1
      ? undefined
      : addressOf('/v1/audit', { operation, order: 'DESC', limit: String(earlierMax), after: String(number) }),
    { pauseMs: Number.POSITIVE_INFINITY },
  )
  const records = earlier.data.value?.data ?? []
  return (
    <section class="drawer-part">
      <h3>Changes</h3>
      <table class="inner changes">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {patchSteps(changes).map(({ op, path, value }) => (
            <tr key={path}>
              <th scope="row">{pathText(path)}</th>
              <td>
                <Before op={op} value={valueBefore(path, records)} />
              </td>
              <td>{op === 'remove' ? <span class="faint">taken away</span> : <code>{valueText(value)}</code>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Before({ op, value }: { readonly op: string; readonly value: { readonly of: unknown } | undefined }) {
  if (op === 'add') return <span class="faint">not set</span>
  if (value === undefined)
    return (
      <span class="faint" title="No earlier record of this operation tells it.">
        not recorded
      </span>
    )
  return <code>{valueText(value.of)}</code>
}

/** Newest first: the value this path was given last. */
function valueBefore(path: string, records: readonly AuditView[]): { readonly of: unknown } | undefined {
  for (const { changes } of records) {
    const step = patchSteps(changes).find(each => each.path === path)
    if (step !== undefined) return step.op === 'remove' ? undefined : { of: step.value }
  }
  return undefined
}
