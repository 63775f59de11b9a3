// The fleet in numbers, kept fresh while somebody looks: presence changes without an event in the log, and the first count
// takes a while.
import type { FleetView } from '../../../proto/http-console.ts'
import { type Query, useQuery } from './query.ts'
import { useRegularly } from './regularly.ts'

const againMs = 10_000
/** Until the first count has ended. */
const uncountedMs = 2_000

export function useFleet(): Query<FleetView> {
  const query = useQuery<FleetView>('/v1/fleet', { pauseMs: 5_000 })
  useRegularly(query, query.data.value?.countedAt === null ? uncountedMs : againMs)
  return query
}
