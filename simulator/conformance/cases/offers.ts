// What a device answers to offers, withdrawals and goes, whatever it is busy with: the table of docs/PROTOCOL.md, section 6.
import { encode } from '../../../proto/codec.ts'
import { encodeOfferMessage, readOfferMessage } from '../../../proto/offer-messages.ts'
import { deviceTopic } from '../../../proto/topics.ts'
import { type Case, demand } from '../case.ts'
import type { Examination } from '../examination.ts'
import { signed } from '../goods.ts'
import { publication } from '../packets.ts'
import { eventsOf, wordOf } from '../signs.ts'
import type { Sign } from '../witness.ts'
import { largestEnvelope } from './envelopes.ts'

const family = 'offers'
const section = '6'

/** Chunk requests are lost: what is under way stays there. */
function withoutRequests(at: Examination): void {
  at.line.weather = {
    toBroker: packet =>
      packet.kind === 'publish' && packet.publish.topic.endsWith('/chunks/request') ? 'drop' : 'pass',
  }
}

/** A good update that only the line knows of is under way. */
async function underWay(at: Examination, attempt = 1, lease = 1) {
  withoutRequests(at)
  const envelope = signed(at.goods().manifest)
  const mark = at.witness.mark()
  const operation = at.inject(envelope, { attempt, lease })
  await at.step(operation, 'downloading')
  return { operation, envelope, mark }
}

export const offerCases: readonly Case[] = [
  {
    name: 'update',
    ...{ family, section: '6, 9, 11, 12', code: 'UPD2_OK_18' },
    done: 'a good update is offered',
    must: 'downloading, verifying, installing; then exactly one success: UPD2_OK_18, or the hello of the new image (SYS_112)',
    quick: true,
    async examine(at) {
      const offered = await at.begin(at.goods())
      const code = await at.success(offered)
      const words = eventsOf(at.witness.since(0), offered.operation).map(({ event }) => wordOf(event))
      const wanted = [
        'downloading',
        'verifying',
        'installing',
        ...(code === 'SYS_112' ? ['rebooting'] : ['UPD2_OK_18']),
      ]
      const order = wanted.map(word => words.indexOf(word))
      const sorted = order.every((place, at) => place >= 0 && place > (order[at - 1] ?? -1))
      demand(sorted, `events ${words.join(', ')}`)
      demand(code === 'UPD2_OK_18' || !words.includes('UPD2_OK_18'), 'UPD2_OK_18 beside the success by hello')
      return `${words.join(', ')}; ${code}`
    },
  },
  {
    name: 'repeated-offer',
    ...{ family, section },
    done: 'the offer under way comes three times more',
    must: 'nothing: the first event was the answer',
    quick: true,
    async examine(at) {
      const { operation, envelope } = await underWay(at)
      const mark = at.witness.mark()
      for (let time = 0; time < 3; time += 1) at.inject(envelope, { operation })
      await at.nothing(answers, 'an answer to a repeated offer', mark)
      return 'no answer'
    },
  },
  {
    name: 'busy',
    ...{ family, section },
    done: 'the offer of another operation comes while one is under way',
    must: 'Progress with refused_operation_id; no event, no code; the first goes on',
    quick: true,
    async examine(at) {
      const { operation } = await underWay(at)
      const mark = at.witness.mark()
      const other = at.inject(signed(at.goods().manifest))
      const refused = await at.witness.until(
        signs => signs.find(sign => sign.kind === 'progress' && sign.progress.refusedOperation === other),
        at.patience.answerMs,
        mark,
      )
      demand(refused !== undefined, 'no Progress with refused_operation_id')
      await at.nothing(sign => sign.kind === 'event' && sign.event.operation === other, 'an event about it', mark)
      await withdrawn(at, operation)
      return 'refused_operation_id, no event'
    },
  },
  {
    name: 'withdraw',
    ...{ family, section },
    done: 'what is under way is withdrawn before installing',
    must: 'STEP_WITHDRAWN with the attempt; nothing more is asked for',
    quick: true,
    async examine(at) {
      const { operation } = await underWay(at, 3)
      at.line.weather = {}
      const event = await withdrawn(at, operation)
      demand(event.attempt === 3, `attempt ${event.attempt} instead of 3`)
      await at.nothing(sign => sign.kind === 'request' && sign.request.operation === operation, 'it asked for more')
      return 'withdrawn, attempt 3'
    },
  },
  {
    name: 'withdraw-unknown',
    ...{ family, section },
    done: 'an operation it never heard of is withdrawn',
    must: 'STEP_WITHDRAWN without attempt',
    quick: true,
    async examine(at) {
      const operation = at.newOperation()
      at.say({ kind: 'withdraw', operation, lease: 1, reason: 'stopped' })
      const { event } = await at.step(operation, 'withdrawn')
      demand(event.attempt === undefined, `with attempt ${event.attempt}`)
      return 'withdrawn, no attempt'
    },
  },
  {
    name: 'withdraw-while-installing',
    ...{ family, section },
    done: 'the operation is withdrawn when it has said STEP_INSTALLING',
    must: 'it goes on; its result is the answer, no STEP_WITHDRAWN',
    async examine(at) {
      at.line.weather = {
        toBroker(packet) {
          const last = at.witness.of('event').at(-1)?.event
          if (packet.kind === 'publish' && packet.publish.topic.endsWith('/events') && last?.operation !== undefined)
            if (wordOf(last) === 'installing')
              at.say({ kind: 'withdraw', operation: last.operation, lease: 1, reason: 'too late' })
          return 'pass'
        },
      }
      const offered = await at.begin(at.goods())
      const code = await at.success(offered)
      const words = eventsOf(at.witness.since(offered.mark), offered.operation).map(({ event }) => wordOf(event))
      demand(words.includes('installing'), `events ${words.join(', ')}`)
      demand(!words.includes('withdrawn'), 'withdrawn, and installed')
      return code
    },
  },
  {
    name: 'proceed-for-nothing',
    ...{ family, section },
    done: 'a go comes for nothing that waits: for an operation never heard of, and for one that downloads',
    must: 'nothing',
    async examine(at) {
      const { operation } = await underWay(at)
      const mark = at.witness.mark()
      at.say({ kind: 'proceed', operation: at.newOperation(), lease: 1, attempt: 1 })
      at.say({ kind: 'proceed', operation, lease: 1, attempt: 1 })
      await at.nothing(answers, 'an answer', mark)
      return 'no answer'
    },
  },
  {
    name: 'lower-lease',
    ...{ family, section },
    done: 'an offer of lease 5 is under way; a withdrawal of the same operation comes with lease 4, then with 5',
    must: 'the first is ignored, the second obeyed',
    quick: true,
    async examine(at) {
      const { operation } = await underWay(at, 1, 5)
      const mark = at.witness.mark()
      at.say({ kind: 'withdraw', operation, lease: 4, reason: 'old leader' })
      await at.nothing(sign => sign.kind === 'event' && sign.event.operation === operation, 'an answer', mark)
      await withdrawn(at, operation, 5)
      return 'lease 4 ignored, lease 5 obeyed'
    },
  },
  {
    name: 'higher-attempt',
    ...{ family, section },
    done: 'the offer under way comes with a higher attempt, the same envelope',
    must: 'it goes on under the new number: an event with the present step and the new attempt',
    async examine(at) {
      const { operation, envelope } = await underWay(at)
      const mark = at.witness.mark()
      at.inject(envelope, { operation, attempt: 2 })
      const { event } = await at.step(operation, 'downloading', { mark })
      demand(event.attempt === 2, `attempt ${event.attempt} instead of 2`)
      const last = await withdrawn(at, operation)
      demand(last.attempt === 2, `withdrawn with attempt ${last.attempt} instead of 2`)
      return 'downloading again, attempt 2'
    },
  },
  {
    name: 'higher-attempt-other-envelope',
    ...{ family, section },
    done: 'the operation under way comes with a higher attempt and another envelope',
    must: 'Progress with refused_operation_id; nothing else',
    async examine(at) {
      const { operation } = await underWay(at)
      const mark = at.witness.mark()
      at.inject(signed(at.goods().manifest), { operation, attempt: 2 })
      const refused = await at.witness.until(
        signs => signs.find(sign => sign.kind === 'progress' && sign.progress.refusedOperation === operation),
        at.patience.answerMs,
        mark,
      )
      demand(refused !== undefined, 'no Progress with refused_operation_id')
      await at.nothing(sign => sign.kind === 'event' && sign.event.operation === operation, 'an event', mark)
      return 'refused_operation_id'
    },
  },
  {
    name: 'ended-offer-again',
    ...{ family, section },
    done: 'an operation that ended here with a code is offered again, same attempt',
    must: 'its result again, under a new event number; nothing is downloaded',
    quick: true,
    async examine(at) {
      const { manifest } = at.goods()
      const envelope = signed({ ...manifest, vendorId: Buffer.alloc(16, 0xee) })
      const operation = at.inject(envelope)
      const first = await at.event(operation, () => true, { what: 'the refusal' })
      await acknowledged(at, first)
      const mark = at.witness.mark()
      at.inject(envelope, { operation })
      const { event } = await at.event(operation, () => true, { mark, what: 'its result again' })
      demand(wordOf(event) === 'UPD4_FAIL_30', `${wordOf(event)} instead of UPD4_FAIL_30 again`)
      demand(event.eventNumber > first.event.eventNumber, `under the old number ${event.eventNumber}`)
      return `UPD4_FAIL_30 again, number ${event.eventNumber}`
    },
  },
  {
    name: 'ended-lower-attempt',
    ...{ family, section },
    done: 'an operation that ended at attempt 2 is offered again with attempt 1',
    must: 'nothing',
    async examine(at) {
      const envelope = Buffer.from('nonsense')
      const operation = at.inject(envelope, { attempt: 2 })
      await acknowledged(at, await at.event(operation, () => true, { what: 'the refusal' }))
      const mark = at.witness.mark()
      at.inject(envelope, { operation, attempt: 1 })
      await at.nothing(answers, 'an answer', mark)
      return 'no answer'
    },
  },
  {
    name: 'withdraw-ended',
    ...{ family, section },
    done: 'an operation that ended here is withdrawn',
    must: 'its result again',
    async examine(at) {
      const operation = at.inject(Buffer.from('nonsense'))
      await acknowledged(at, await at.event(operation, () => true, { what: 'the refusal' }))
      const mark = at.witness.mark()
      at.say({ kind: 'withdraw', operation, lease: 1, reason: 'stopped' })
      const { event } = await at.event(operation, () => true, { mark, what: 'its result again' })
      demand(wordOf(event) === 'UPD4_FAIL_22', `${wordOf(event)} instead of UPD4_FAIL_22 again`)
      return 'UPD4_FAIL_22 again'
    },
  },
  {
    name: 'success-offered-again',
    ...{ family, section },
    done: 'an update that ended in success is offered again',
    must: 'its result again (UPD2_OK_18, or a hello); it is not installed twice',
    async examine(at) {
      const goods = at.goods()
      const envelope = signed(goods.manifest)
      const offered = await at.begin(goods, envelope)
      const code = await at.success(offered)
      await at.pause(300)
      const mark = at.witness.mark()
      at.say({ kind: 'offer', operation: offered.operation, lease: 1, attempt: 1, envelope })
      const again = await at.witness.until(
        signs => signs.find(sign => (code === 'SYS_112' ? sign.kind === 'hello' : isEventOf(sign, offered.operation))),
        at.patience.answerMs,
        mark,
      )
      demand(again !== undefined, 'no answer')
      demand(again.kind !== 'event' || wordOf(again.event) === code, 'another result than before')
      await at.nothing(sign => sign.kind === 'request', 'it downloads again', mark)
      return code === 'SYS_112' ? 'a hello' : `${code} again`
    },
  },
  {
    name: 'install-hold',
    ...{ family, section: '6, 12' },
    done: 'an offer says install_hold; goes come for another operation, with a lower lease, and then the right one',
    must: 'STEP_AWAITING_INSTALL; only the right go is followed: verifying, installing, success',
    async examine(at) {
      // The broker did not ask to hold, so it would let it go at once.
      at.line.weather = {
        toDevice(packet) {
          if (packet.kind !== 'publish' || !packet.publish.topic.endsWith('/offer')) return 'pass'
          const message = readOfferMessage(packet.publish.payload)
          if (message.kind === 'proceed') return 'drop'
          if (message.kind !== 'offer') return 'pass'
          return [publication(packet.publish.topic, encodeOfferMessage({ ...message, lease: 2, installHold: true }))]
        },
      }
      const offered = await at.begin(at.goods())
      const { operation } = offered
      await at.step(operation, 'awaiting-install', { limitMs: at.patience.updateMs })
      const mark = at.witness.mark()
      at.say({ kind: 'proceed', operation: at.newOperation(), lease: 9, attempt: 1 })
      at.say({ kind: 'proceed', operation, lease: 1, attempt: 1 })
      await at.nothing(answers, 'an answer to a go that is not its own', mark)
      at.say({ kind: 'proceed', operation, lease: 2, attempt: 1 })
      await at.step(operation, 'verifying', { mark })
      await at.step(operation, 'installing', { mark })
      return `awaiting-install, then ${await at.success(offered)}`
    },
  },
  {
    name: 'garbage-on-offer',
    ...{ family, section: '3, 6' },
    done: 'nothing, noise, half an offer, an offer with a field nobody knows and one without a lease come, some retained',
    must: 'each is dropped without an answer; the connection stays; the next offer is judged as ever',
    quick: true,
    async examine(at) {
      const operation = at.newOperation()
      const envelope = signed(at.goods().manifest)
      const good = encodeOfferMessage({ kind: 'offer', operation, lease: 1, attempt: 1, envelope })
      const mark = at.witness.mark()
      at.sayBytes(Buffer.alloc(0))
      at.sayBytes(Buffer.alloc(500, 0xa5), true)
      at.sayBytes(good.subarray(0, good.length / 2), true)
      at.sayBytes(Buffer.concat([good, Buffer.of(0xf8, 0x07, 0x01)]))
      at.sayBytes(encode('OfferMessage', { offer: { operationId: operation, attempt: 1, envelope } }))
      at.sayBytes(encode('OfferMessage', { offer: { operationId: 'short', lease: 1, attempt: 1, envelope } }))
      at.line.inject(publication(deviceTopic(at.device, 'command'), Buffer.from('reserved')))
      await at.nothing(sign => answers(sign) || sign.kind === 'closed', 'an answer to bytes that do not read', mark)
      await at.refused(at.inject(Buffer.from('nonsense')), 'UPD4_FAIL_22')
      return 'dropped; then UPD4_FAIL_22 as ever'
    },
  },
  {
    name: 'largest-offer',
    ...{ family, section: '4, 7' },
    done: 'an offer of nearly 64 KiB comes: seven signatures of unknown keys beside the good one, and a foreign vendor',
    must: 'it is taken whole, the unknown signatures passed over: UPD4_FAIL_30',
    quick: true,
    async examine(at) {
      const { manifest } = at.goods()
      const envelope = largestEnvelope({ ...manifest, vendorId: Buffer.alloc(16, 0xee) })
      await at.refused(at.inject(envelope), 'UPD4_FAIL_30')
      return `${envelope.length} bytes taken`
    },
  },
]

/** Anything but requests for what is under way already. */
function answers(sign: Sign): boolean {
  return sign.kind === 'event' || (sign.kind === 'progress' && sign.progress.refusedOperation !== undefined)
}

function isEventOf(sign: Sign, operation: string): boolean {
  return sign.kind === 'event' && sign.event.operation === operation
}

async function withdrawn(at: Examination, operation: ReturnType<Examination['newOperation']>, lease = 1) {
  at.say({ kind: 'withdraw', operation, lease, reason: 'stopped' })
  return (await at.step(operation, 'withdrawn')).event
}

/** The PUBACK of the event is on its way. */
async function acknowledged(at: Examination, sent: { readonly connection: number; readonly packetId: number }) {
  await at.witness.until(
    signs =>
      signs.find(
        sign => sign.kind === 'acknowledged' && sign.connection === sent.connection && sign.packetId === sent.packetId,
      ),
    at.patience.answerMs,
  )
  await at.pause(100)
}
