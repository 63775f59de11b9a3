// Asks again when something of the operation itself has changed: what people and rules do to it is no event of a device, so
// the log does not grow by it.
import { useEffect, useRef } from 'preact/hooks'
import { after } from '../../state/clock.ts'
import type { Query } from '../../state/query.ts'

const pauseMs = 1_000

/** `what`: a text that differs when there is a reason to ask; at most once a second. */
export function useRefreshOn<Answer>(what: string, { refresh }: Query<Answer>): void {
  const seen = useRef(what)
  const cancel = useRef<(() => void) | undefined>(undefined)
  useEffect(() => {
    if (seen.current === what) return
    seen.current = what
    cancel.current ??= after(pauseMs, () => {
      cancel.current = undefined
      refresh()
    })
  }, [what])
  useEffect(() => () => cancel.current?.(), [])
}
