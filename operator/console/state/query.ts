// What a page shows of the broker: asked when the page opens, when its address changes, and again, at most once a second,
// when the log has grown. While it is asked again the old answer stays; a failure is shown beside it.
import { type ReadonlySignal, signal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { ApiProblem, get } from './api.ts'
import { after, currentMs } from './clock.ts'
import { activity } from './live.ts'

export interface Query<Answer> {
  /** Undefined until the first answer for this address. */
  readonly data: ReadonlySignal<Answer | undefined>
  readonly problem: ReadonlySignal<ApiProblem | undefined>
  readonly loading: ReadonlySignal<boolean>
  /** Asks again now. */
  refresh(): void
  /** Puts a newer value in the place of what was answered. */
  change(next: (before: Answer) => Answer): void
}

export interface QueryOptions {
  /** Least time between two askings because something happened; default 1000. `Infinity`: never by itself. */
  readonly pauseMs?: number
}

/** `address` undefined: nothing is asked. */
export function useQuery<Answer>(address: string | undefined, { pauseMs = 1_000 }: QueryOptions = {}): Query<Answer> {
  // New ones for a new address: what was answered for another one is never taken for the answer of this one.
  const { data, problem, loading } = useMemo(
    () => ({
      data: signal<Answer | undefined>(undefined),
      problem: signal<ApiProblem | undefined>(undefined),
      loading: signal(address !== undefined),
    }),
    [address],
  )
  const asker = useRef<Asker | undefined>(undefined)

  useEffect(() => {
    if (address === undefined) return undefined
    const own = new Asker(address, pauseMs, {
      began: () => {
        loading.value = true
      },
      answered: answer => {
        data.value = answer as Answer
        problem.value = undefined
        loading.value = false
      },
      failed: error => {
        problem.value = error
        loading.value = false
      },
    })
    asker.current = own
    const unsubscribe = activity.subscribe(() => own.wish())
    const seen = (): void => own.wish()
    document.addEventListener('visibilitychange', seen)
    own.ask()
    return () => {
      unsubscribe()
      document.removeEventListener('visibilitychange', seen)
      own.stop()
      asker.current = undefined
    }
  }, [address, pauseMs])

  return {
    data,
    problem,
    loading,
    refresh: () => asker.current?.ask(),
    change: next => {
      if (data.value !== undefined) data.value = next(data.value)
    },
  }
}

interface AskerHandlers {
  began(): void
  answered(answer: unknown): void
  failed(problem: ApiProblem): void
}

/** Asks one address, one question at a time, with a pause between two. */
class Asker {
  readonly #address: string
  readonly #pauseMs: number
  readonly #handlers: AskerHandlers
  readonly #stop = new AbortController()
  #asking = false
  #wished = false
  #askedAt = 0
  #cancel = (): void => undefined

  constructor(address: string, pauseMs: number, handlers: AskerHandlers) {
    this.#address = address
    this.#pauseMs = pauseMs
    this.#handlers = handlers
  }

  /** Something happened: soon, unless nobody is looking. */
  wish(): void {
    if (this.#pauseMs === Number.POSITIVE_INFINITY || this.#askedAt === 0) return
    this.#wished = true
    if (this.#asking || document.visibilityState !== 'visible') return
    this.#cancel()
    this.#cancel = after(Math.max(0, this.#askedAt + this.#pauseMs - currentMs()), () => this.ask())
  }

  ask(): void {
    if (this.#asking) {
      this.#wished = true
      return
    }
    this.#cancel()
    void this.#ask()
  }

  stop(): void {
    this.#stop.abort()
    this.#cancel()
  }

  async #ask(): Promise<void> {
    const { signal } = this.#stop
    this.#asking = true
    this.#wished = false
    this.#askedAt = currentMs()
    this.#handlers.began()
    try {
      const answer = await get(this.#address, signal)
      if (!signal.aborted) this.#handlers.answered(answer)
    } catch (error) {
      if (!signal.aborted)
        this.#handlers.failed(error instanceof ApiProblem ? error : new ApiProblem(0, 'PAGE', String(error)))
    }
    this.#asking = false
    if (this.#wished && !signal.aborted) this.wish()
  }
}
