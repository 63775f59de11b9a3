// Answers to requests in memory, by principal and request id; the oldest are forgotten first.
import type { PrincipalName } from '../../../proto/ids.ts'
import type { StoredAnswer } from '../../core/records.ts'

export class Answers {
  readonly #json = new Map<string, { readonly at: number; readonly json: string }>()

  put(answer: StoredAnswer): undefined {
    this.#json.set(keyOf(answer.principal, answer.requestId), { at: answer.at, json: JSON.stringify(answer) })
  }

  get(principal: PrincipalName, requestId: string): StoredAnswer | undefined {
    const found = this.#json.get(keyOf(principal, requestId))
    return found === undefined ? undefined : (JSON.parse(found.json) as StoredAnswer)
  }

  /** At most `rowsMax` of those given before that moment; how many. */
  trim(before: number, rowsMax: number): number {
    const old = [...this.#json].filter(([, { at }]) => at < before)
    const keys = old.sort(([, a], [, b]) => a.at - b.at).slice(0, rowsMax)
    for (const [key] of keys) this.#json.delete(key)
    return keys.length
  }
}

const keyOf = (principal: PrincipalName, requestId: string): string => JSON.stringify([principal, requestId])
