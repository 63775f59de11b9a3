// A command that is repeated with the same request id is answered as it was the first time, also after a restart: the
// answer is written in the same commit as the change. Another command under a used id is refused.
import { createHash } from 'node:crypto'
import { canonicalJson } from '../../proto/audit.ts'
import type { JsonValue } from '../../proto/json.ts'
import { RequestRefused } from '../errors.ts'
import type { Change, Clock, Store } from '../ports.ts'
import type { Caller } from './use-cases.ts'

/** What is written with the change so that its answer is known for ever after. */
export type Keep<Answer> = (answer: Answer) => readonly Change[]

export class Answers {
  readonly #store: Store
  readonly #clock: Clock
  readonly #underWay = new Map<string, { readonly fingerprint: string; readonly answer: Promise<unknown> }>()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /**
   * The first answer to this request, or that of `work`, which puts what `keep` gives into the commit of its change.
   * `body` is what was asked; nothing secret may be in the answer.
   */
  async once<Answer extends object>(
    by: Caller,
    verb: string,
    body: unknown,
    work: (keep: Keep<Answer>) => Promise<Answer>,
  ): Promise<Answer> {
    const { requestId, name: principal } = by
    if (requestId === undefined) return work(() => [])
    const bodySha256 = createHash('sha256').update(canonicalJson(body)).digest('hex')
    const fingerprint = `${verb} ${bodySha256}`
    const key = `${principal} ${requestId}`
    const same = this.#underWay.get(key)
    if (same !== undefined) {
      if (same.fingerprint !== fingerprint) throw usedFor(requestId)
      return same.answer as Promise<Answer>
    }
    const keep: Keep<Answer> = answer => [
      {
        kind: 'put-answer',
        answer: {
          principal,
          requestId,
          verb,
          bodySha256,
          at: this.#clock.now(),
          answer: JSON.parse(JSON.stringify(answer)) as JsonValue,
        },
      },
    ]
    const answer = this.#stored<Answer>(by, requestId, fingerprint).then(stored => stored ?? work(keep))
    this.#underWay.set(key, { fingerprint, answer })
    try {
      return await answer
    } finally {
      this.#underWay.delete(key)
    }
  }

  async #stored<Answer>(by: Caller, requestId: string, fingerprint: string): Promise<Answer | undefined> {
    const stored = await this.#store.answer(by.name, requestId)
    if (stored === undefined) return undefined
    if (`${stored.verb} ${stored.bodySha256}` !== fingerprint) throw usedFor(requestId)
    return stored.answer as Answer
  }
}

function usedFor(requestId: string): RequestRefused {
  return new RequestRefused('CONFLICT', `the request id ${requestId} was used for another command`, [
    { name: 'requestId', message: 'was used for another command' },
  ])
}
