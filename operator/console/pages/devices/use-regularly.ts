// Presence changes without an event in the log, so what shows it is asked for again while somebody looks.
import { useEffect } from 'preact/hooks'
import { after } from '../../state/clock.ts'
import type { Query } from '../../state/query.ts'

const everyMs = 10_000

export function useRegularly(query: Pick<Query<unknown>, 'refresh'>, address: string | undefined): void {
  useEffect(() => {
    if (address === undefined) return undefined
    let cancel = (): void => undefined
    const again = (): void => {
      cancel = after(everyMs, () => {
        if (document.visibilityState === 'visible') query.refresh()
        again()
      })
    }
    again()
    return () => cancel()
  }, [address])
}
