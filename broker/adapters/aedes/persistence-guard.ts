// Two failures of a persistence that Aedes lets end the process (trap I): an error in the stream of retained messages on
// SUBSCRIBE, and a rejected deletion of a will on CONNECT. They are logged instead; the client goes on without.
import type { Transform } from 'node:stream'
import type { Log } from '../../ports.ts'
import { type HostBroker, replaceMethod } from './internals.ts'

/** Returns what takes the guard away again. */
export function guardPersistence(aedes: HostBroker, log: Log): () => void {
  const { persistence } = aedes
  const failed = (error: unknown): void => {
    log.error({ event: 'persistence-failed', err: error }, 'the persistence of the broker failed')
  }
  const undoRetained = replaceMethod(persistence, 'createRetainedStreamCombi', original => (...values) => {
    const stream = original.apply(persistence, values) as Transform
    stream.on('error', failed)
    return stream
  })
  const undoWill = replaceMethod(persistence, 'delWill', original => (...values) => {
    return Promise.resolve(original.apply(persistence, values)).catch(failed)
  })
  return () => {
    undoRetained()
    undoWill()
  }
}
