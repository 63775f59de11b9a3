// What the outbox of a device must keep at all times (docs/PROTOCOL.md, 4 and 5), told from everything that was witnessed.
import { isDeepStrictEqual } from 'node:util'
import type { DeviceEvent } from '../../proto/messages.ts'
import type { Sign, SignOf } from './witness.ts'

interface Journal {
  readonly events: Map<number, DeviceEvent>
  readonly acknowledged: Map<number, { readonly connection: number; readonly at: number }>
  last: number
}

/** A PUBACK that was written to a line so long before its end has arrived, milliseconds. */
const arrivedMs = 1000

/** The first breach, in words; undefined: none was seen. */
export function outboxProblem(signs: readonly Sign[]): string | undefined {
  const journals = new Map<string, Journal>()
  const published = new Map<string, { readonly journal: Journal; readonly number: number }>()
  const closes = new Map(signs.flatMap(sign => (sign.kind === 'closed' ? [[sign.connection, sign.at]] : [])))
  const arrived = (ack: { readonly connection: number; readonly at: number }): boolean =>
    (closes.get(ack.connection) ?? Number.POSITIVE_INFINITY) - ack.at > arrivedMs
  for (const sign of signs) {
    if (sign.kind === 'event') {
      const journal = journalOf(journals, sign.event.journalId)
      const problem = eventProblem(journal, sign, arrived)
      if (problem !== undefined) return problem
      published.set(`${sign.connection}/${sign.packetId}`, { journal, number: sign.event.eventNumber })
    } else if (sign.kind === 'acknowledged') {
      const { journal, number } = published.get(`${sign.connection}/${sign.packetId}`) ?? {}
      if (journal !== undefined && number !== undefined && !journal.acknowledged.has(number))
        journal.acknowledged.set(number, { connection: sign.connection, at: sign.at })
      published.delete(`${sign.connection}/${sign.packetId}`)
    } else if (sign.kind === 'hello') {
      const problem = helloProblem(journals.get(sign.hello.journalId), sign)
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

/** Numbers between the lowest and the highest of a journal that never came. */
export function missingNumbers(signs: readonly Sign[]): readonly number[] {
  const journals = new Map<string, Set<number>>()
  for (const sign of signs)
    if (sign.kind === 'event') {
      const { journalId, eventNumber } = sign.event
      journals.set(journalId, (journals.get(journalId) ?? new Set<number>()).add(eventNumber))
    }
  return [...journals.values()].flatMap(numbers => {
    const least = Math.min(...numbers)
    const range = Array.from({ length: Math.max(...numbers) - least }, (_, at) => least + at)
    return range.filter(number => !numbers.has(number))
  })
}

function journalOf(journals: Map<string, Journal>, id: string): Journal {
  const known = journals.get(id)
  if (known !== undefined) return known
  const journal: Journal = { events: new Map(), acknowledged: new Map(), last: 0 }
  journals.set(id, journal)
  return journal
}

function eventProblem(
  journal: Journal,
  { event, qos, connection }: SignOf<'event'>,
  arrived: (ack: { readonly connection: number; readonly at: number }) => boolean,
): string | undefined {
  const { eventNumber: number } = event
  if (qos === 0) return `event ${number} at QoS 0: nobody can acknowledge it`
  const before = journal.events.get(number)
  if (before !== undefined && !isDeepStrictEqual(before, event))
    return `event ${number} was sent again with another content`
  const ack = journal.acknowledged.get(number)
  if (ack !== undefined && (ack.connection === connection || arrived(ack)))
    return `event ${number} was sent again after its PUBACK had arrived`
  journal.events.set(number, event)
  journal.last = Math.max(journal.last, number)
  return undefined
}

/** What no PUBACK was seen for must be in the hello's count. */
function helloProblem(journal: Journal | undefined, { hello }: SignOf<'hello'>): string | undefined {
  if (journal === undefined) return undefined
  const { outboxEventCount: count, outboxLastEventNumber: last } = hello
  if (last < journal.last)
    return `a hello with outbox_last_event_number ${last}, and event ${journal.last} has been sent`
  const lost = [...journal.events.keys()].find(number => number < last - count + 1 && !journal.acknowledged.has(number))
  return lost === undefined ? undefined : `a hello that passes over event ${lost}, which was never acknowledged`
}
