// Whom the operation would touch, asked of the broker as the form changes: a moment after the last change, never two at once.
import { type ReadonlySignal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { OperationPlan } from '../../../../proto/http-api.ts'
import { ApiProblem, send } from '../../state/api.ts'
import { after } from '../../state/clock.ts'
import type { Draft } from './draft.ts'
import type { FieldProblem } from './reading.ts'
import { type Request, type RequestOfDraft, signedByPeople, targetsMax } from './request.ts'

/** What can be asked about a form that may not be complete. */
export interface Question {
  readonly request: Request
  /** False: the work or the policy is not complete, so only the targets are looked at. */
  readonly whole: boolean
}

export interface Planned {
  readonly plan: OperationPlan | undefined
  readonly problem: ApiProblem | undefined
  /** What is shown is about an older form. */
  readonly old: boolean
}

const restMs = 400

/** What stands in for work that is not complete: any that the broker can plan. */
export type StandIn = Pick<Request, 'type' | 'release'>

/** Undefined: the form does not say yet who is meant, or nothing can stand in for what it does not say. */
export function questionOf(
  draft: Draft,
  { request, problems }: RequestOfDraft,
  standIn: StandIn | undefined,
): Question | undefined {
  if (!isAimed(problems)) return undefined
  const targets = request.targets ?? { devices: [...(draft.csv?.devices ?? [])].slice(0, targetsMax) }
  const policyIsWrong = problems.some(({ name }) => name.startsWith('policy.'))
  const workIsWrong = problems.some(({ name }) => !name.startsWith('policy.'))
  const { policy, ...rest } = request
  // The signature of a command is still to come.
  if (!workIsWrong && request.type !== signedByPeople)
    return {
      request: { ...rest, targets, ...(policyIsWrong || policy === undefined ? {} : { policy }) },
      whole: !policyIsWrong,
    }
  if (standIn === undefined) return undefined
  // Abort rules may name releases of the work that is meant.
  const { abort: _, ...others } = policy ?? {}
  return { request: { ...standIn, targets, ...(policyIsWrong ? {} : { policy: others }) }, whole: false }
}

export function isAimed(problems: readonly FieldProblem[]): boolean {
  return !problems.some(({ name }) => name.startsWith('targets.'))
}

export function usePlan(question: Question | undefined): ReadonlySignal<Planned> {
  const planned = useSignal<Planned>({ plan: undefined, problem: undefined, old: false })
  const key = question === undefined ? undefined : JSON.stringify(question.request)
  useEffect(() => {
    if (key === undefined) {
      planned.value = { plan: undefined, problem: undefined, old: false }
      return undefined
    }
    planned.value = { ...planned.value, old: true }
    const stop = new AbortController()
    const cancel = after(restMs, () => {
      send<OperationPlan>('POST', '/v1/operations/plan', JSON.parse(key), stop.signal).then(
        plan => {
          if (!stop.signal.aborted) planned.value = { plan, problem: undefined, old: false }
        },
        (error: unknown) => {
          if (stop.signal.aborted) return
          const problem = error instanceof ApiProblem ? error : new ApiProblem(0, 'PAGE', String(error))
          planned.value = { plan: undefined, problem, old: false }
        },
      )
    })
    return () => {
      cancel()
      stop.abort()
    }
  }, [key])
  return planned
}
