// The recent log after a failure: when it is sent, when it is not, and what stands in it.
import t from 'tap'
import { LogRing } from '../../../agent/log-ring.ts'
import type { Log } from '../../../agent/ports.ts'
import { deviceLogBytesMax } from '../../../proto/limits.ts'
import { operationOne, operationTwo } from '../fakes/broker.ts'
import { FakeDevice } from '../fakes/device.ts'
import { imageOf, releaseOf } from '../fakes/release.ts'
import { newer } from '../fakes/story.ts'

/** Signed for another device: refused at once with UPD4_FAIL_31. */
const foreign = releaseOf(imageOf('foreign', 3000), { deviceId: 'somebody-else' })

interface Watched {
  readonly device: FakeDevice
  readonly ring: LogRing
}

function watched(reboot = true): Watched {
  const ring = new LogRing()
  const device = new FakeDevice({}, reboot)
  const write = (facts: Readonly<Record<string, unknown>>, text: string): void =>
    ring.write(`${JSON.stringify({ event: facts.event, step: facts.step, text })}\n`)
  const log: Log = { debug: write, info: write, warn: write, error: write }
  device.equipment = () => ({ recentLog: ring, log })
  return { device, ring }
}
const codesOf = ({ device }: Watched, operation = operationOne): readonly string[] => device.broker.codes(operation)

t.test('after a failure the log follows the acknowledged event, once an attempt', async t => {
  const made = watched()
  const { broker } = made.device
  await made.device.start()
  await made.device.run(0)
  broker.sendOffer(foreign, operationOne, 1, 1, true)
  await made.device.run()
  t.same(codesOf(made), ['UPD4_FAIL_31'])
  t.same(broker.said, ['UPD4_FAIL_31', 'log'])
  t.match(broker.logs, [{ operation: operationOne, attempt: 1, cut: false, text: /"event":"refused"/ }])
  broker.sendOffer(foreign, operationOne, 1, 1, true)
  await made.device.run()
  t.equal(broker.logs.length, 1, 'the same again is told again, its log is not')
  broker.sendOffer(foreign, operationOne, 2, 1, true)
  await made.device.run()
  t.same(
    broker.logs.map(({ attempt }) => attempt),
    [1, 2],
  )
  await made.device.stop()
})

t.test('without the wish, and after a success, nothing is sent', async t => {
  const made = watched()
  await made.device.start()
  await made.device.run(0)
  made.device.broker.sendOffer(foreign, operationOne)
  await made.device.run()
  t.same(codesOf(made), ['UPD4_FAIL_31'])
  made.device.broker.sendOffer(newer, operationTwo, 1, 1, true)
  await made.device.run()
  t.equal(made.device.broker.hellos.at(-1)?.components[0]?.version, '2.0.0')
  t.same(made.device.broker.logs, [])
  await made.device.stop()
  const switched = watched(false)
  await switched.device.start()
  await switched.device.run(0)
  switched.device.broker.sendOffer(newer, operationOne, 1, 1, true)
  await switched.device.run()
  t.same(codesOf(switched), ['UPD2_OK_18'], 'a success with a code of its own')
  t.same(switched.device.broker.logs, [])
  await switched.device.stop()
})

t.test('a failure that is told after a restart still has its log', async t => {
  const made = watched()
  made.device.health = () => ({ healthy: false, reason: 'no-light' })
  await made.device.start()
  await made.device.run(0)
  made.device.broker.sendOffer(newer, operationOne, 1, 1, true)
  await made.device.run()
  t.same(codesOf(made), ['UPD4_FAIL_40'])
  t.match(made.device.broker.logs, [{ operation: operationOne, attempt: 1, text: /"step":"rolling-back"/ }])
  await made.device.stop()
})

t.test('a line that ends over the log gets it again, and not for ever', async t => {
  const some = watched()
  some.device.broker.losingLogs = 3
  await some.device.start()
  await some.device.run(0)
  some.device.broker.sendOffer(foreign, operationOne, 1, 1, true)
  await some.device.run(600_000)
  t.equal(some.device.broker.logs.length, 1)
  await some.device.stop()
  const never = watched()
  never.device.broker.losingLogs = 1000
  await never.device.start()
  await never.device.run(0)
  never.device.broker.sendOffer(foreign, operationOne, 1, 1, true)
  await never.device.run(3_600_000)
  t.equal(never.device.broker.losingLogs, 992, 'eight connections, and that is it')
  t.match(never.ring.read().text, /log-not-sent/)
  t.equal(never.device.agent?.memory.results.length, 1, 'the result was told all the same')
  await never.device.stop()
})

t.test(
  'the ring keeps whole lines up to its bytes, the newest, and knows when lines of the operation are gone',
  async t => {
    const ring = new LogRing(100)
    for (let line = 0; line < 10; line += 1) ring.write(`${line}`.repeat(19))
    t.equal(ring.read().text, [5, 6, 7, 8, 9].map(line => `${`${line}`.repeat(19)}\n`).join(''))
    ring.mark()
    t.equal(ring.read().cut, false)
    for (let line = 0; line < 5; line += 1) ring.write('n'.repeat(19))
    t.equal(ring.read().cut, false, 'what fell out was older than the operation')
    ring.write('one more')
    t.equal(ring.read().cut, true)
    ring.mark()
    t.equal(ring.read().cut, false)
    const whole = new LogRing()
    for (let line = 0; line < 3000; line += 1) whole.write(`${'ä€😀'.repeat(30)} ${line}\n${'x'.repeat(line % 50)}\n`)
    const { text } = whole.read()
    t.ok(Buffer.byteLength(text) <= deviceLogBytesMax && Buffer.byteLength(text) > deviceLogBytesMax - 500)
    t.equal(Buffer.from(text).toString(), text)
    whole.write('ä'.repeat(100_000))
    const last = whole.read().text.trimEnd().split('\n').at(-1) ?? ''
    t.ok(Buffer.byteLength(last) <= 8192 && last.endsWith('…'), 'a long line is clipped, and says so')
  },
)
