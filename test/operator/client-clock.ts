// The real clock of the operators' tools, for tests that talk to real sockets.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../operator/ports.ts'

export const httpClock: Clock = {
  now: () => Date.now(),
  sleep: (delayMs, signal) => sleep(delayMs, undefined, signal === undefined ? {} : { signal }),
  deadline: delayMs => AbortSignal.timeout(delayMs),
}
