// How long an operation took, or has taken so far: counted on while it runs.
import type { OperationView } from '../../../../proto/http-api.ts'
import { duration, Moment } from '../../parts/moment.tsx'
import { now } from '../../state/clock.ts'

export function Duration({ operation: { startedAt, completedAt } }: { readonly operation: OperationView }) {
  if (startedAt === null)
    return <Moment at={null} absent={completedAt === null ? 'not started yet' : 'never started'} />
  const ms = (completedAt === null ? now.value : Date.parse(completedAt)) - Date.parse(startedAt)
  return <span class="unbroken">{duration(ms)}</span>
}
