// Lists of operations that keep themselves: each row is replaced as the operation changes; a new operation makes the list be
// asked for again.
import { useEffect } from 'preact/hooks'
import type { Listing, OperationView } from '../../../proto/http-api.ts'
import { onOperation } from './live.ts'
import { type Query, useQuery } from './query.ts'

export interface OperationListing extends Listing<OperationView> {
  readonly next?: string
}

export function useOperations(address: string): Query<OperationListing> {
  const query = useQuery<OperationListing>(address, { pauseMs: 5_000 })
  useEffect(
    () =>
      onOperation(operation => {
        const rows = query.data.value?.data
        if (rows === undefined) return
        if (rows.some(({ id }) => id === operation.id))
          query.change(before => ({
            ...before,
            data: before.data.map(row => (row.id === operation.id ? operation : row)),
          }))
        else if (rows[0] === undefined || operation.id > rows[0].id) query.refresh()
      }),
    [address],
  )
  return query
}

export function useOperation(id: string): Query<OperationView> {
  const query = useQuery<OperationView>(`/v1/operations/${encodeURIComponent(id)}`, { pauseMs: 5_000 })
  useEffect(
    () =>
      onOperation(operation => {
        if (operation.id === id) query.change(() => operation)
      }),
    [id],
  )
  return query
}

export function hasEnded({ state }: Pick<OperationView, 'state'>): boolean {
  return state === 'completed' || state === 'stopped'
}

/** Updated and errors as the update-status page counts them; running and waiting beside them add up to all sensors. */
export function splitOf({ updated, errors, counts }: Pick<OperationView, 'updated' | 'errors' | 'counts'>) {
  return { ok: updated, failed: errors, running: counts.inProgress, waiting: counts.pending }
}
