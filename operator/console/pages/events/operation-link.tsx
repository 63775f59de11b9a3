// An operation by its name. Events carry the id only; each name is asked for once as long as the tab lives.
import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { OperationView } from '../../../../proto/http-api.ts'
import { Link } from '../../parts/link.tsx'
import { get } from '../../state/api.ts'
import { addressOf } from '../../state/route.ts'

const namesMax = 500
const names = signal<ReadonlyMap<string, string>>(new Map())
const asked = new Set<string>()

export function OperationLink({ id }: { readonly id: string }) {
  useEffect(() => learn(id), [id])
  const name = names.value.get(id)
  return (
    <Link class="operation-link" to={addressOf('/operations', { operation: id })} title={name ?? id}>
      {name ?? <code>…{id.slice(-8)}</code>}
    </Link>
  )
}

function learn(id: string): void {
  if (asked.has(id)) return
  if (asked.size >= namesMax) {
    asked.clear()
    names.value = new Map()
  }
  asked.add(id)
  get<OperationView>(`/v1/operations/${encodeURIComponent(id)}`).then(
    ({ name }) => {
      names.value = new Map(names.value).set(id, name)
    },
    () => {
      // The end of its id stands for it, and another page tries again.
      asked.delete(id)
    },
  )
}
