// What a host must set itself, because nobody can once the broker and its listeners exist. Told, not enforced: each line
// is a sentence for the log.
import type { HostBroker } from './internals.ts'

export function hostAdvice(aedes: HostBroker, hostAcceptsStrangers: boolean): readonly string[] {
  const advice: string[] = []
  const concurrency = aedes.mq.concurrency ?? aedes.opts.concurrency ?? 100
  if (concurrency > 0) {
    advice.push(
      `concurrency is ${concurrency}: set it to 0; with a queue in the emitter one client that does not read stops the broker until it is closed, and the queue can overflow the stack`,
    )
  }
  const drainTimeout = aedes.opts.drainTimeout ?? 60_000
  if (drainTimeout === 0 || drainTimeout > 15_000) {
    advice.push(`drainTimeout is ${drainTimeout} ms: set it to 10000; it ends Aedes' own waiting for a full socket`)
  }
  if (aedes.connectTimeout > 10_000) {
    advice.push(`connectTimeout is ${aedes.connectTimeout} ms: set it to 5000; it ends sockets that never say CONNECT`)
  }
  advice.push(
    'listeners: create them with { noDelay: true, highWaterMark: 131072 }, set maxConnections, and write socket => aedes.handle(socket); a listener that got the function aedes.handle before the attach has no packet limit until CONNECT has been read, unless it calls guardFrames',
  )
  if (hostAcceptsStrangers) {
    advice.push('hooks: assign yours before the attach; one that is replaced later takes our rules away with it')
  }
  return advice
}
