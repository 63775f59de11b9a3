// Events and their acknowledgement: docs/PROTOCOL.md, section 5. Refusals make them, because every device can refuse.
import type { OperationId } from '../../../proto/ids.ts'
import { type Case, demand } from '../case.ts'
import type { Examination } from '../examination.ts'
import { missingNumbers } from '../laws.ts'
import type { Packet } from '../packets.ts'
import { eventsOf } from '../signs.ts'
import type { SignOf } from '../witness.ts'
import { lastHello } from './session.ts'

const family = 'outbox'

/** Bytes that are no envelope: answered at once with UPD4_FAIL_22. */
const nonsense = Buffer.from('nonsense')

/** The PUBACK of every event is lost; hellos are acknowledged. */
function withoutEventAcks(at: Examination): void {
  const ofEvents = new Set<number>()
  at.line.weather = {
    toBroker(packet) {
      if (packet.kind === 'publish' && packet.publish.qos > 0) {
        if (packet.publish.topic.endsWith('/events')) ofEvents.add(packet.publish.packetId)
        else ofEvents.delete(packet.publish.packetId)
      }
      return 'pass'
    },
    toDevice: packet => (isAckOf(packet, ofEvents) ? 'drop' : 'pass'),
  }
}

function isAckOf(packet: Packet, ids: ReadonlySet<number>): boolean {
  return (packet.kind === 'puback' || packet.kind === 'pubrec') && ids.has(packet.packetId)
}

function of(at: Examination, operation: OperationId): readonly SignOf<'event'>[] {
  return eventsOf(at.witness.since(0), operation)
}

export const outboxCases: readonly Case[] = [
  {
    name: 'puback-withheld',
    ...{ family, section: '5' },
    done: 'an event gets no PUBACK; then the line is cut',
    must: 'the next hello counts it, and it comes again: same number, same content; the broker stores it once',
    quick: true,
    async examine(at) {
      withoutEventAcks(at)
      const operation = at.inject(nonsense)
      const { event } = await at.event(operation, () => true, { what: 'the refusal' })
      await at.nothing(
        sign => sign.kind === 'event' && sign.event.eventNumber === event.eventNumber,
        'sent again on the same connection within a moment',
      )
      at.line.weather = {}
      const mark = at.witness.mark()
      at.line.cut()
      const { hello } = await at.reconnected(mark)
      demand(hello.outboxEventCount >= 1, 'a hello that announces no events, though one was never acknowledged')
      const again = await at.event(operation, () => true, { mark, what: `event ${event.eventNumber} again` })
      demand(again.event.eventNumber === event.eventNumber, `it came under another number: ${again.event.eventNumber}`)
      const count = await at.storedCount(operation)
      demand(count === 1, `stored ${count} times`)
      return `event ${event.eventNumber} again after the next hello, stored once`
    },
  },
  {
    name: 'cut-before-puback',
    ...{ family, section: '5' },
    done: 'the line is cut under an event, before the broker has it; three times',
    must: 'it comes again under its number until it is acknowledged',
    async examine(at) {
      let cuts = 0
      at.line.weather = {
        toBroker(packet) {
          if (cuts === 3 || packet.kind !== 'publish' || !packet.publish.topic.endsWith('/events')) return 'pass'
          cuts += 1
          return 'cut'
        },
      }
      const operation = at.inject(nonsense)
      const known = await at.witness.until(signs => {
        const sent = eventsOf(signs, operation)
        return sent.length >= 4 ? sent : undefined
      }, 4 * at.patience.reconnectMs)
      demand(known !== undefined, `sent ${of(at, operation).length} times instead of four`)
      const numbers = new Set(known.map(({ event }) => event.eventNumber))
      demand(numbers.size === 1, `numbers ${[...numbers].join(', ')}`)
      return `four times under number ${[...numbers].join()}`
    },
  },
  {
    name: 'acknowledged-is-done',
    ...{ family, section: '5' },
    done: 'an event is acknowledged; then the line is cut',
    must: 'the event does not come again',
    async examine(at) {
      const operation = at.inject(nonsense)
      await at.event(operation, () => true, { what: 'the refusal' })
      // The PUBACK arrives, and what it means is written down.
      await at.pause(1200)
      const mark = at.witness.mark()
      at.line.cut()
      await at.reconnected(mark)
      await at.nothing(sign => sign.kind === 'event' && sign.event.operation === operation, 'sent again', mark)
      return 'once'
    },
  },
  {
    name: 'order-of-numbers',
    ...{ family, section: '5' },
    done: 'eight refusals in a row, their PUBACKs withheld for the first four; the line is cut',
    must: 'numbers without gaps, none used for two events, everything stored once',
    quick: true,
    async examine(at) {
      withoutEventAcks(at)
      const first = Array.from({ length: 4 }, () => at.inject(nonsense))
      await at.event(first[0], () => true, { what: 'the first refusal' })
      at.line.weather = {}
      const mark = at.witness.mark()
      at.line.cut()
      const { hello } = await at.reconnected(mark)
      const second = Array.from({ length: 4 }, () => at.inject(nonsense))
      for (const operation of second) await at.event(operation, () => true, { what: 'a later refusal' })
      const heard = first.filter(operation => of(at, operation).length > 0)
      for (const operation of heard) await at.event(operation, () => true, { mark, what: 'what was not acknowledged' })
      const missing = missingNumbers(at.witness.since(0))
      demand(missing.length === 0, `numbers that never came: ${missing.slice(0, 5).join(', ')}`)
      return `${hello.outboxEventCount} announced, last number ${lastHello(at).outboxLastEventNumber}`
    },
  },
  {
    name: 'outbox-survives-restart',
    ...{ family, section: '4, 5' },
    done: 'an event gets no PUBACK; the device is killed and started again',
    must: 'same journal, another boot id, the event again under its number, the next one under a new number',
    restarts: true,
    quick: true,
    async examine(at) {
      const device = at.restartable()
      withoutEventAcks(at)
      const operation = at.inject(nonsense)
      const { event } = await at.event(operation, () => true, { what: 'the refusal' })
      const before = lastHello(at)
      at.line.up = false
      at.line.cut()
      await device.kill()
      at.line.weather = {}
      at.line.up = true
      const mark = at.witness.mark()
      await device.resume()
      const { hello } = await at.reconnected(mark)
      demand(hello.journalId === before.journalId, 'another journal id: what it had to tell is lost')
      demand(hello.bootId !== before.bootId, 'the boot id of the time before')
      const again = await at.event(operation, () => true, { mark, what: `event ${event.eventNumber} again` })
      demand(again.event.eventNumber === event.eventNumber, `it came under number ${again.event.eventNumber}`)
      const next = await at.event(at.inject(nonsense), () => true, { what: 'the next refusal' })
      demand(next.event.eventNumber > event.eventNumber, `number ${next.event.eventNumber} was used before`)
      return `event ${event.eventNumber} again, then ${next.event.eventNumber}`
    },
  },
]
