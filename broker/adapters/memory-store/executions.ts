// Executions in memory: by operation and device, the unfinished ones of each device, and pages by state or result, for
// which only the rows that are given are read.
import type { DeviceId, OperationId } from '../../../proto/ids.ts'
import type { Execution, ExecutionState } from '../../core/records.ts'
import type { Change, ExecutionResult, Page } from '../../ports.ts'
import { SortedRecords } from './sorted-records.ts'

type PutExecution = Extract<Change, { readonly kind: 'put-execution' }>
/** What pages are chosen by. */
interface Standing {
  readonly state: ExecutionState
  readonly code: Execution['code'] | undefined
}
type PageOf = { readonly after?: DeviceId; readonly limit: number }

/** A row as it was when somebody gave it to the store; nobody else has a part in it. */
export interface ExecutionRow extends Standing {
  readonly operation: OperationId
  readonly device: DeviceId
  readonly previous: ExecutionState | undefined
  readonly json: string
}

export class Executions {
  readonly #records = new Map<OperationId, SortedRecords<Execution, Standing>>()
  readonly #unfinishedOf = new Map<DeviceId, Set<OperationId>>()

  put({ operation, device, state, code, json }: ExecutionRow): undefined {
    const records = this.#records.get(operation) ?? new SortedRecords<Execution, Standing>()
    this.#records.set(operation, records)
    records.putJson(device, json, { state, code })
    const unfinished = this.#unfinishedOf.get(device) ?? new Set<OperationId>()
    this.#unfinishedOf.set(device, unfinished)
    if (state === 'pending' || state === 'in-progress') unfinished.add(operation)
    else unfinished.delete(operation)
  }

  get(operation: OperationId, device: DeviceId): Execution | undefined {
    return this.#records.get(operation)?.get(device)
  }

  ofState(operation: OperationId, state: ExecutionState | undefined, page: PageOf): Page<Execution> {
    return this.#page(operation, page, state === undefined ? undefined : standing => standing.state === state)
  }

  ofResult(operation: OperationId, result: ExecutionResult, page: PageOf): Page<Execution> {
    return this.#page(operation, page, standing => resultOf(standing) === result)
  }

  unfinishedOf(device: DeviceId): readonly Execution[] {
    const operations = [...(this.#unfinishedOf.get(device) ?? [])].sort()
    return operations.flatMap(operation => this.get(operation, device) ?? [])
  }

  /** Indexes on disk follow `previous` blindly; here a wrong one is found by the first test that makes it. Throws TypeError. */
  previousMustBeTrue(rows: readonly ExecutionRow[]): void {
    const states = new Map<string, ExecutionState>()
    for (const { operation, device, state, previous } of rows) {
      const key = `${operation} ${device}`
      const actual = states.get(key) ?? this.#records.get(operation)?.markOf(device)?.state
      if (actual !== previous)
        throw new TypeError(`execution ${key}: previous state given as ${previous}, it is ${actual}`)
      states.set(key, state)
    }
  }

  #page(operation: OperationId, page: PageOf, where?: (standing: Standing) => boolean): Page<Execution> {
    return (this.#records.get(operation) ?? new SortedRecords<Execution, Standing>()).page(page, where)
  }
}

export function executionRow({ execution, previous }: PutExecution): ExecutionRow {
  const { operation, device, state, code } = execution
  return { operation, device, state, code, previous, json: JSON.stringify(execution) }
}

/** Updated and errors as the port says; undefined while it has not ended. */
function resultOf({ state, code }: Standing): ExecutionResult | undefined {
  if (state === 'pending' || state === 'in-progress') return undefined
  return state === 'completed' || (state === 'skipped' && code === 'SYS_110') ? 'updated' : 'errors'
}
