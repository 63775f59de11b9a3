// What plain Aedes' persistences do that ends the process or breaks MQTT 3.1.1, put right around whichever one the broker
// has. Two failures end the process (trap I): an error in the stream of retained messages on SUBSCRIBE, and a rejected
// deletion of a will on CONNECT; they are logged instead, and the client goes on without.
//
//   retained messages     `+` does not match an empty level, `#` matches `$…` [MQTT-4.7.1-3, 4.7.2-1]
//   PUBREL of a session   the second of two exchanges takes the place of the first (in memory) [MQTT-4.3.3-1]
//   session present       a session without a filter is forgotten [MQTT-3.2.2-2]
import { Readable, type Transform } from 'node:stream'
import type { Log } from '../../ports.ts'
import { type HostBroker, replaceMethod } from './internals.ts'
import { sessionFilter } from './rights.ts'
import { matches } from './topic-filter.ts'

/** Returns what takes the guard away again. */
export function guardPersistence(aedes: HostBroker, log: Log): () => void {
  const { persistence } = aedes
  const failed = (error: unknown): void => {
    log.error({ event: 'persistence-failed', err: error }, 'the persistence of the broker failed')
  }
  const methods = persistence as unknown as Record<string, (...values: unknown[]) => unknown>
  const undoRetained = replaceMethod(methods, 'createRetainedStreamCombi', original => (...values) => {
    const [filters] = values as [readonly string[]]
    const find = (wanted: readonly string[]): Transform => {
      const stream = original.call(persistence, wanted) as Transform
      return stream.on('error', failed)
    }
    if (!filters.some(filter => /[+#]/.test(filter))) return find(filters)
    return Readable.from(matching(filters, find)).on('error', failed)
  })
  const undoWill = replaceMethod(methods, 'delWill', original => (...values) => {
    return Promise.resolve(original.apply(persistence, values)).catch(failed)
  })
  const undoUpdate = replaceMethod(methods, 'outgoingUpdate', original => (client, packet) => {
    const { cmd, messageId } = packet as { readonly cmd?: string; readonly messageId: number }
    if (cmd !== 'pubrel' || !isInMemory(persistence)) return original.call(persistence, client, packet)
    // It tells entries apart by number of broker and message, which a PUBREL has not.
    return original.call(persistence, client, { cmd, messageId, brokerId: pubrelBroker, brokerCounter: messageId })
  })
  const undoSubscriptions = replaceMethod(methods, 'subscriptionsByTopic', original => async topic => {
    return onceEach((await original.call(persistence, topic)) as readonly Kept[], topic as string)
  })
  return () => {
    undoSubscriptions()
    undoUpdate()
    undoRetained()
    undoWill()
  }
}

/** A session that outlives its connection is there from now on, with or without filters. */
export function keepSession(aedes: HostBroker, id: string, log: Log): void {
  aedes.persistence.addSubscriptions({ id }, [{ topic: sessionFilter, qos: 0 }]).catch((error: unknown) => {
    log.error({ event: 'persistence-failed', err: error }, 'a session could not be kept')
  })
}

/** Matches at least as much, and is no wider than the persistence needs to find everything. */
function widened(filter: string): string {
  const wildcard = filter.split('/').indexOf('+')
  return wildcard === -1 ? filter : [...filter.split('/').slice(0, wildcard), '#'].join('/')
}

async function* matching(
  filters: readonly string[],
  find: (filters: readonly string[]) => AsyncIterable<{ readonly topic: string }>,
): AsyncGenerator<object> {
  for (const filter of filters) {
    for await (const packet of find([widened(filter)])) if (matches(filter, packet.topic)) yield packet
  }
}

interface Kept {
  readonly clientId: string
  readonly topic: string
}

function onceEach(found: readonly Kept[], topic: string): readonly Kept[] {
  const each = new Map<string, Kept>()
  for (const kept of found) if (matches(kept.topic, topic)) each.set(kept.clientId, kept)
  return [...each.values()]
}

function isInMemory(persistence: object): boolean {
  const { asyncPersistence = persistence } = persistence as { readonly asyncPersistence?: object }
  return asyncPersistence.constructor.name === 'MemoryPersistence'
}

const pubrelBroker = '$drover/pubrel'
