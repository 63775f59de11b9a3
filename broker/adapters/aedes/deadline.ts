// An end for what waits on others.
import type { Clock } from '../../ports.ts'

/** What was waited for did not come. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut'
}

/** As `promise`; rejects with TimedOut after `delayMs`. */
export function within<T>(clock: Clock, delayMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(delayMs, () => reject(new TimedOut(`no answer within ${delayMs} ms`)))
    promise.then(resolve, reject).finally(cancel)
  })
}
