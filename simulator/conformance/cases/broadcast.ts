// Broadcast sessions, which a device may leave out: what is said in them comes from the line, which also grants the
// subscription that the broker behind it knows nothing of. docs/PROTOCOL.md, section 11, Broadcast sessions.
import type { OperationId } from '../../../proto/ids.ts'
import { readOfferMessage } from '../../../proto/offer-messages.ts'
import { encodeSessionControl, encodeSessionData, type SessionControl } from '../../../proto/session-messages.ts'
import { sessionTopic } from '../../../proto/topics.ts'
import { type Case, demand, NotApplicable } from '../case.ts'
import type { Examination } from '../examination.ts'
import { type Goods, signed } from '../goods.ts'
import type { Passed } from '../line.ts'
import { type Packet, publication } from '../packets.ts'
import { wordOf } from '../signs.ts'

const family = 'broadcast'
const section = '11'

type Word = SessionControl['kind']

/** The session of a case: asked to join once, heard through the line. */
class Session {
  readonly name: string
  readonly #at: Examination
  readonly #goods: Goods

  private constructor(at: Examination, goods: Goods, name: string) {
    this.#at = at
    this.#goods = goods
    this.name = name
  }

  /** Throws NotApplicable when the device leaves sessions out. */
  static async join(at: Examination, goods: Goods, operation: OperationId): Promise<Session> {
    const name = operation.slice(-16).replace(/[^0-9a-f]/g, '0')
    const session = new Session(at, goods, name)
    const mark = at.witness.mark()
    at.say({ kind: 'join', operation, lease: 1, attempt: 1, session: name })
    const control = sessionTopic(name, 'control')
    const found = await at.witness.until(
      signs => signs.find(sign => sign.kind === 'subscribe' && sign.filters.includes(control)),
      2 * at.patience.quietMs,
      mark,
    )
    if (found === undefined) throw new NotApplicable('it leaves broadcast sessions out')
    await at.witness.until(signs => signs.find(({ kind }) => kind === 'subscribed'), at.patience.answerMs, mark)
    await at.pause(100)
    return session
  }

  say(kind: Word): void {
    const { artifact } = this.#goods
    const word: SessionControl = kind === 'abort' ? { kind, artifact, reason: 'examined' } : { kind, artifact }
    this.#at.line.inject(publication(sessionTopic(this.name, 'control'), encodeSessionControl(word)))
  }

  /** All chunks but those that `leaves` names, each in one piece. */
  send(leaves: (chunk: number) => boolean): void {
    for (const [chunk, { encoding, bytes }] of this.#goods.chunks.entries())
      if (!leaves(chunk)) {
        const piece = { chunk, encoding, encodedSize: bytes.length, offset: 0, data: bytes }
        this.#at.line.inject(publication(sessionTopic(this.name, 'data'), encodeSessionData(piece)))
      }
  }
}

/** Every subscription is granted; chunk requests get as far as `requests` says. */
function granting(at: Examination, requests: (packet: Packet) => Passed): void {
  at.line.weather = {
    toDevice(packet) {
      // The broker knows no such session, so it would let a device that waits in it go on alone.
      if (packet.kind === 'publish' && packet.publish.topic.endsWith('/offer'))
        return readOfferMessage(packet.publish.payload).kind === 'proceed' ? 'drop' : 'pass'
      if (packet.kind !== 'suback') return 'pass'
      const granted = Buffer.from(packet.bytes)
      for (let place = 4; place < granted.length; place += 1) if (granted[place] === 0x80) granted[place] = 0
      return [granted]
    },
    toBroker: packet =>
      packet.kind === 'publish' && packet.publish.topic.endsWith('/chunks/request') ? requests(packet) : 'pass',
  }
}

/** Joined, nothing heard yet; no chunk comes by asking. */
async function joined(at: Examination) {
  granting(at, () => 'drop')
  const goods = at.goods()
  const operation = at.inject(signed(goods.manifest))
  await at.step(operation, 'downloading')
  return { operation, session: await Session.join(at, goods, operation) }
}

function aborting(name: string, done: string, reason: string, words: readonly Word[]): Case {
  return {
    ...{ name, family, section, code: 'UPD4_FAIL_45', done },
    must: `UPD4_FAIL_45, reason ${reason}`,
    async examine(at) {
      const { operation, session } = await joined(at)
      const mark = at.witness.mark()
      for (const word of words) session.say(word)
      const { event } = await at.event(operation, ({ content }) => content.kind === 'code', {
        mark,
        what: 'UPD4_FAIL_45',
      })
      demand(wordOf(event) === 'UPD4_FAIL_45', `${wordOf(event)} instead of UPD4_FAIL_45`)
      demand(event.data.reason === reason, `reason ${event.data.reason} instead of ${reason}`)
      return `UPD4_FAIL_45 (${reason})`
    },
  }
}

export const broadcastCases: readonly Case[] = [
  aborting('session-abort', 'a session is started and aborted', 'aborted', ['start', 'abort']),
  aborting('session-end-first', 'a session says END before START', 'out-of-sequence', ['end']),
  aborting('session-activate-early', 'a session says ACTIVATE before a chunk came', 'out-of-sequence', [
    'start',
    'activate',
  ]),
  {
    name: 'session-heard',
    ...{ family, section, quick: true },
    done: 'all chunks but three come in a session; it ends, and is activated when the device waits',
    must: 'the three are asked for after END; STEP_AWAITING_INSTALL with data.session; success after ACTIVATE',
    async examine(at) {
      let pulling = false
      granting(at, packet => (packet.kind !== 'publish' || pulling || isForIndex(at) ? 'pass' : 'drop'))
      const goods = at.goods()
      const offered = await at.begin(goods)
      await at.step(offered.operation, 'downloading')
      const session = await Session.join(at, goods, offered.operation)
      session.say('start')
      await at.witness.until(signs => signs.find(({ kind }) => kind === 'data'), at.patience.answerMs, offered.mark)
      await at.pause(300)
      session.send(chunk => chunk % 7 === 3)
      await at.pause(300)
      pulling = true
      session.say('end')
      const { event } = await at.step(offered.operation, 'awaiting-install', { limitMs: at.patience.updateMs })
      demand(event.data.session === session.name, `data.session ${event.data.session} instead of ${session.name}`)
      session.say('activate')
      const code = await at.success(offered)
      const asked = at.witness.of('data', offered.mark).flatMap(({ data }) => (data.kind === 'piece' ? [data] : []))
      const pulled = asked.filter(({ chunk }) => chunk !== undefined).length
      return `${code}; ${pulled} of ${goods.chunks.length} chunks were asked for`
    },
  },
]

/** The last request on the line is for the chunk index. */
function isForIndex(at: Examination): boolean {
  return at.witness.of('request').at(-1)?.request.wanted.kind === 'index'
}
