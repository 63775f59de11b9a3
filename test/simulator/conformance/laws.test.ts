import t from 'tap'
import { deviceId, operationId } from '../../../proto/ids.ts'
import { encodeEvent, encodeHello } from '../../../proto/messages.ts'
import { deviceTopic } from '../../../proto/topics.ts'
import { missingNumbers, outboxProblem } from '../../../simulator/conformance/laws.ts'
import type { Sign } from '../../../simulator/conformance/witness.ts'
import { Witness } from '../../../simulator/conformance/witness.ts'

const device = deviceId('probe')
const journalId = '44'.repeat(8)
const operation = operationId('00000000000000000000000001')

/** What a device says, in the order it was written down; the n-th acknowledged message is the n-th of its connection. */
class Story {
  readonly witness = new Witness(device, new AbortController().signal)
  #connection = 1
  #packetId = 0

  event(eventNumber: number, reason = 'a', qos = 1): this {
    const content = { kind: 'step', step: 'downloading' } as const
    const event = { journalId, eventNumber, operation, attempt: 1, deviceTime: 1, content, data: { reason } }
    this.#packetId += 1
    const payload = encodeEvent(event)
    const about = { qos, duplicate: false, retain: false, packetId: this.#packetId, payload }
    this.witness.heard(this.#connection, { topic: deviceTopic(device, 'events'), ...about })
    return this
  }

  /** The last message. */
  acknowledged(): this {
    this.witness.acknowledged(this.#connection, this.#packetId)
    return this
  }

  hello(outboxEventCount: number, outboxLastEventNumber: number): this {
    const ids = { vendorId: '11'.repeat(16), classId: '22'.repeat(16), bootId: '33'.repeat(16), journalId }
    const about = { components: [], packetBytesMax: 32_768, agentVersion: 'x' }
    const payload = encodeHello({ ...ids, ...about, outboxEventCount, outboxLastEventNumber })
    const head = { qos: 1, duplicate: false, retain: false, packetId: 999, payload }
    this.witness.heard(this.#connection, { topic: deviceTopic(device, 'hello'), ...head })
    return this
  }

  cut(): this {
    this.witness.closed(this.#connection, 'script')
    this.#connection += 1
    this.#packetId = 0
    return this
  }

  get signs(): readonly Sign[] {
    return this.witness.since(0)
  }
}

const stories: readonly (readonly [what: string, story: () => Story, problem: RegExp | undefined])[] = [
  ['nothing', () => new Story(), undefined],
  ['told and acknowledged', () => new Story().hello(0, 0).event(1).acknowledged().event(2).acknowledged(), undefined],
  ['told again after the next hello', () => new Story().event(1).cut().hello(1, 1).event(1).acknowledged(), undefined],
  [
    'told again although the PUBACK was just on its way',
    () => new Story().event(1).acknowledged().cut().event(1),
    undefined,
  ],
  ['acknowledged, and not counted any more', () => new Story().event(1).acknowledged().cut().hello(0, 1), undefined],
  ['at QoS 0', () => new Story().event(1, 'a', 0), /at QoS 0/],
  ['another content under a number', () => new Story().event(1).cut().hello(1, 1).event(1, 'b'), /another content/],
  ['again on the connection of its PUBACK', () => new Story().event(1).acknowledged().event(1), /after its PUBACK/],
  ['a hello that forgets an event', () => new Story().event(1).cut().hello(0, 1), /passes over event 1/],
  ['a hello that goes back', () => new Story().event(7).acknowledged().cut().hello(0, 3), /last_event_number 3/],
]

t.test('what an outbox must keep is told from what was witnessed', async t => {
  for (const [what, story, problem] of stories) {
    const found = outboxProblem(story().signs)
    if (problem === undefined) t.equal(found, undefined, what)
    else t.match(found, problem, what)
  }
})

t.test('numbers that never came are named, whatever the order of the others', async t => {
  t.strictSame(missingNumbers(new Story().event(4).event(2).event(7).signs), [3, 5, 6])
  t.strictSame(missingNumbers(new Story().event(3).event(2).event(4).event(3).signs), [])
})
