// What we have taken out of a message leaves an empty packet behind, which Aedes publishes after the acknowledgement. Its
// way through retained messages, emitter and hooks would end at nobody, so it ends here.
import { type HostBroker, type Method, replaceMethod } from './internals.ts'
import { sinkTopic } from './rights.ts'

/** Returns what takes the sink away again. */
export function openSink(aedes: HostBroker): () => void {
  return replaceMethod(aedes as unknown as Record<'publish', Method>, 'publish', original => (...values) => {
    const [packet, , done] = values as [{ readonly topic: string }, unknown, (() => void) | undefined]
    if (packet.topic !== sinkTopic) return original.apply(aedes, values)
    // Not at once: Aedes may still be parsing, and would parse on inside.
    if (done !== undefined) queueMicrotask(done)
    return undefined
  })
}
