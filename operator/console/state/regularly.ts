// Not everything that changes leaves a word in the live stream: presence, uploads, enrollments and the audit log are asked
// for again while somebody looks.
import { useEffect } from 'preact/hooks'
import { after } from './clock.ts'
import type { Query } from './query.ts'

/** Between two looks at who is connected. */
export const presenceMs = 10_000

/** Asks again every `everyMs`; not while the page is hidden. */
export function useRegularly({ refresh }: Pick<Query<unknown>, 'refresh'>, everyMs: number): void {
  useEffect(() => {
    let cancel = (): void => undefined
    const again = (): void => {
      cancel = after(everyMs, () => {
        if (document.visibilityState === 'visible') refresh()
        again()
      })
    }
    again()
    return () => cancel()
  }, [everyMs])
}
