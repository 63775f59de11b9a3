// A store on a real disk, under a world: virtual time waits for it, and one thing is asked of it after the other, so that
// answers come in the order of the questions, as they do from memory.
import type { Store } from '../../broker/ports.ts'
import type { WorldClock } from './clock.ts'
import { patched } from './disk.ts'

export function outsideStore(store: Store, clock: () => WorldClock): Store {
  let last: Promise<unknown> = Promise.resolve()
  return patched<Store>(store, {
    eventRange: () => store.eventRange(),
    auditHead: () => store.auditHead(),
    otherwise: call =>
      clock().outside(() => {
        const answer = last.then(call)
        last = answer.catch(() => undefined)
        return answer
      }),
  })
}
