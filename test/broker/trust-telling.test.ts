// Trust documents handed on: at the hello, and when the folder has changed, to those who are connected; and the version that
// the signed time may name meanwhile.
import t from 'tap'
import type { Clock, DeviceConnection } from '../../broker/ports.ts'
import { TrustTelling } from '../../broker/trust-telling.ts'
import { deviceId } from '../../proto/ids.ts'
import { readOfferTopic } from '../../proto/offer-messages.ts'
import { TrustChain } from '../../proto/trust.ts'
import { makeTrust, testKeys } from '../fixtures/bundle.ts'

const documents = [1, 2, 3].map(version => makeTrust(testKeys(), { version }))
const chain = (...versions: readonly number[]) =>
  TrustChain.of(versions.map(version => documents[version - 1] ?? Buffer.of()))

function scene(versions: readonly number[]) {
  const waiting: (() => void)[] = []
  const clock: Pick<Clock, 'after'> = {
    after(_delayMs, action) {
      waiting.push(action)
      return () => void waiting.splice(waiting.indexOf(action), 1)
    },
  }
  const events: unknown[] = []
  const note = ({ event }: { readonly event?: unknown }): void => void events.push(event)
  const telling = new TrustTelling(chain(...versions), clock, { debug: note, info: note, warn: note, error: note })
  /** A connection and the versions it was told. */
  const device = (trustVersion: number | undefined) => {
    const told: number[] = []
    const connection: DeviceConnection = {
      ...{ device: deviceId('d'), number: 1, closed: false, undrainedBytes: 0 },
      publish(_downlink, [bytes = Buffer.of()]) {
        const message = readOfferTopic(bytes)
        if (message.kind === 'trust') told.push(1 + documents.findIndex(each => each.equals(message.document)))
      },
      ...{ write() {}, cork() {}, uncork() {}, onDrain() {}, close() {} },
    }
    telling.greeted(connection, trustVersion === undefined ? {} : { trustVersion })
    return { connection, told }
  }
  return { telling, device, waiting, events }
}

t.test(
  'at the hello a device is told what follows its own, in order; nothing when it is up to date or takes none',
  async t => {
    const { device } = scene([1, 2, 3])
    const rows: readonly (readonly [said: number | undefined, told: readonly number[]])[] = [
      [1, [2, 3]],
      [2, [3]],
      [3, []],
      [9, []],
      [undefined, []],
    ]
    for (const [said, told] of rows) t.same(device(said).told, told, `said ${said}`)
  },
)

t.test('a renewed folder is told to whoever is connected and behind, and to nobody else', async t => {
  const { telling, device } = scene([1, 2])
  const [behind, current, silent, gone] = [device(1), device(2), device(undefined), device(2)]
  telling.disconnected(gone.connection)
  telling.renew(chain(1, 2, 3))
  t.same([behind.told, current.told, silent.told, gone.told], [[2, 2, 3], [3], [], []])
  t.equal(telling.toldVersion, 3)
  t.same(device(2).told, [3], 'who comes later hears of it, too')
})

t.test('documents that would take something back are refused, and those in force stay', async t => {
  const { telling, device } = scene([1, 2])
  const connected = device(2)
  const foreign = [1, 2, 3].map(version => makeTrust(testKeys('thief'), { version }))
  for (const [name, other] of [
    ['fewer', chain(1)],
    ['none', chain()],
    ['the newest alone, which nobody can follow', chain(3)],
    ['those of another root', TrustChain.of(foreign)],
  ] as const)
    t.throws(() => telling.renew(other), { code: 'TRUST_NOT_RENEWED' }, name)
  t.same(connected.told, [])
  t.equal(telling.toldVersion, 2)
  t.same(device(1).told, [2])
})

t.test('many are told some at a time; the time names the document only when everybody has been shown it', async t => {
  const { telling, device, waiting } = scene([1])
  const devices = Array.from({ length: 450 }, () => device(1))
  const toldCount = (): number => devices.filter(({ told }) => told.length > 0).length
  telling.renew(chain(1, 2))
  t.same([toldCount(), telling.toldVersion], [200, 1])
  waiting.shift()?.()
  t.same([toldCount(), telling.toldVersion], [400, 1])
  waiting.shift()?.()
  t.same([toldCount(), telling.toldVersion], [450, 2])
  telling.renew(chain(1, 2, 3))
  telling.close()
  t.equal(waiting.length, 0)
})

t.test('an empty folder that fills up, and a gap that nobody can cross', async t => {
  const { telling, device, events } = scene([])
  const first = device(1)
  telling.renew(chain(3))
  t.same([first.told, events], [[], ['trust-gap']])
})
