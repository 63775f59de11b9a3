// Weeks without a broker, and a broker that never acknowledges: nothing grows, no result is lost, and the devices of a
// fleet do not come back all at once.
import { mkdtempSync, readdirSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { LevelJournal } from '../../agent/adapters/level-journal/level-journal.ts'
import { MqttLink } from '../../agent/adapters/mqtt/mqtt-link.ts'
import { systemClock } from '../../agent/adapters/system-clock.ts'
import { systemRandom } from '../../agent/adapters/system-random.ts'
import { LinkDown } from '../../agent/errors.ts'
import { isHeard, isKept, outboxOffersMax, outboxStepsMax } from '../../agent/handlers/outbox.ts'
import type { Clock, Link, LinkHandlers } from '../../agent/ports.ts'
import { deviceId, operationId } from '../../proto/ids.ts'
import type { EventContent } from '../../proto/messages.ts'
import { encodeOfferMessage } from '../../proto/offer-messages.ts'
import { settle } from './fakes/clock.ts'
import { FakeDevice } from './fakes/device.ts'
import { imageOf, releaseOf } from './fakes/release.ts'

const foreign = releaseOf(imageOf('foreign', 3000), { deviceId: 'somebody-else' })
const operation = (number: number) => operationId(number.toString(36).padStart(26, '0'))
const bytesIn = (folder: string): number =>
  readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)

t.test('two thousand lost connections in six weeks change nothing on the disk and in the outbox', async t => {
  const folder = mkdtempSync(join(t.testdir({}), 'journal-'))
  const journal = await LevelJournal.open(folder, systemRandom, systemClock)
  let handlers: LinkHandlers | undefined
  let published = 0
  const link: Link = {
    start: given => {
      handlers = given
    },
    // The line takes what is said, and ends before any answer.
    publish: async () => {
      published += 1
      await settle(1)
      throw new LinkDown('gone')
    },
    ...{ send: () => {}, join: () => {}, leave: () => {}, close: async () => {} },
  }
  const device = new FakeDevice()
  device.equipment = () => ({ journal, link })
  await device.start()
  handlers?.connected()
  const { envelope } = foreign
  const offer = { kind: 'offer', operation: operation(1), lease: 1, attempt: 1, envelope } as const
  handlers?.message('offer', encodeOfferMessage(offer))
  for (let tries = 0; tries < 500 && (await journal.read()).outbox.length === 0; tries += 1)
    await new Promise(resolve => setTimeout(resolve, 5))
  const before = await journal.read()
  t.equal(before.outbox.length, 1, 'one result waits')
  const [bytesBefore, memory, timers] = [bytesIn(folder), device.agent?.memory, device.clock.timerCount]
  published = 0
  for (let connection = 0; connection < 2000; connection += 1) {
    handlers?.disconnected('gone')
    await device.clock.advance(30 * 60_000)
    handlers?.connected()
    await settle(3)
  }
  t.ok(published >= 2000, `said hello ${published} times`)
  t.equal(device.agent?.memory, memory, 'nothing was even saved')
  t.same(await journal.read(), before)
  t.equal(bytesIn(folder), bytesBefore)
  t.ok(device.clock.timerCount <= timers + 1, `${device.clock.timerCount} timers`)
  await device.stop()
  await journal.close()
})

t.test('an agent that starts anew every hour while it is offline says nothing twice', async t => {
  const device = new FakeDevice()
  await device.start()
  await device.run(0)
  const release = releaseOf(imageOf('two', 9000))
  device.broker.serve(release)
  device.broker.sendHeldOffer(release)
  await device.run()
  t.equal(device.agent?.memory.state.kind, 'awaiting-install')
  device.broker.disconnect()
  device.cutPower()
  const number = device.agent?.memory.nextEventNumber ?? 0
  for (let start = 0; start < 300; start += 1) {
    await device.start()
    await device.run(3_600_000)
    device.cutPower()
  }
  t.equal(device.agent?.memory.state.kind, 'awaiting-install')
  t.ok((device.agent?.memory.nextEventNumber ?? 0) <= number + 1, 'one step more at most')
})

t.test('a broker that acknowledges nothing is heard so far and no further, and no result is lost', async t => {
  const device = new FakeDevice()
  const { broker } = device
  await device.start()
  await device.run(0)
  let deaf = true
  broker.beforePublish = async () => {
    if (deaf) throw new Error('no room')
  }
  const count = 250
  for (let number = 1; number <= count; number += 1) {
    broker.sendOffer(foreign, operation(number))
    await settle(2)
    if (number % 50 === 0) broker.sendWithdraw(operation(10_000 + number))
  }
  await settle(20)
  const waiting = device.disk.durable.outbox.length
  t.ok(waiting >= outboxOffersMax && waiting <= outboxOffersMax + 2, `${waiting} events wait`)
  t.ok(device.warnings.includes('outbox-full'))
  t.same(broker.told(operation(1)), [], 'nobody heard')
  deaf = false
  // The broker says again what was not answered, as it does.
  for (let round = 0; round < 12; round += 1) {
    await device.run(120_000)
    for (let number = 1; number <= count; number += 1)
      if (broker.told(operation(number)).length === 0) {
        broker.sendOffer(foreign, operation(number))
        await settle(2)
      }
  }
  await device.run(120_000)
  const results = Array.from({ length: count }, (_, index) => broker.told(operation(index + 1)).join())
  t.same(
    results.filter(result => result !== 'UPD4_FAIL_31'),
    [],
    'each operation has its one result',
  )
  const numbers = [...broker.events.values()].map(({ eventNumber }) => eventNumber).sort((a, b) => a - b)
  t.same(
    numbers,
    numbers.map((_, index) => index + 1),
    'numbers without gaps',
  )
  t.equal(device.disk.durable.outbox.length, 0)
  await device.stop()
})

t.test('what the bound lets through: results always, steps and new operations as long as there is room', async t => {
  const step = (name: string) => ({ kind: 'step', step: name }) as EventContent
  const code = { kind: 'code', code: 'UPD4_FAIL_24' } as const
  for (const waiting of [0, outboxStepsMax - 1]) t.ok(isKept(step('downloading'), waiting))
  t.notOk(isKept(step('downloading'), outboxStepsMax))
  for (const last of [code, step('withdrawn'), step('done'), step('failed')]) t.ok(isKept(last, 10_000))
  const [one, two] = [operation(1), operation(2)]
  const about = { lease: 1, attempt: 1 }
  const offer = { kind: 'offer', operation: one, ...about } as Parameters<typeof isHeard>[0]
  const withdraw = { kind: 'withdraw', operation: one, lease: 1, reason: '' } as const
  for (const message of [offer, withdraw]) {
    t.ok(isHeard(message, outboxOffersMax - 1, undefined))
    t.notOk(isHeard(message, outboxOffersMax, two))
    t.ok(isHeard(message, outboxOffersMax, one), 'about what is under way')
  }
  t.ok(isHeard({ kind: 'proceed', operation: one, ...about }, 10_000, undefined))
})

t.test('a fleet that lost its broker comes back spread over the whole span, never later than the cap', async t => {
  // A port nobody listens on: it was given to a server that is closed.
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  await new Promise(resolve => server.close(resolve))
  const [baseMs, capMs] = [1000, 64_000]
  const drawn: number[] = []
  const oneDevice = async (): Promise<void> => {
    const delays: number[] = []
    const clock: Clock = {
      ...systemClock,
      // The wait for the answer of a connection is left as it is.
      after: (delayMs, run) => {
        if (delayMs === 20_000) return systemClock.after(delayMs, run)
        delays.push(delayMs)
        return systemClock.after(0, run)
      },
    }
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    const id = deviceId('d')
    const settings = { deviceId: id, host: '127.0.0.1', port, username: id, password: undefined }
    const reconnect = { reconnect: { baseMs, capMs }, receiveBytesMax: 1 << 17 }
    const link = new MqttLink({ clock, random: systemRandom, log }, { ...settings, ...reconnect })
    link.start({ connected: () => {}, disconnected: () => {}, message: () => {}, broadcast: () => {} })
    while (delays.length < 40) await new Promise(resolve => setTimeout(resolve, 2))
    await link.close()
    for (const [index, delay] of delays.entries())
      if (delay > Math.min(capMs, baseMs * 2 ** index)) throw new Error(`delay ${index}: ${delay}`)
    drawn.push(...delays.slice(8, 40))
  }
  await Promise.all(Array.from({ length: 12 }, oneDevice))
  const tenths = new Map<number, number>()
  for (const delay of drawn)
    tenths.set(Math.floor((delay / capMs) * 10), 1 + (tenths.get(Math.floor((delay / capMs) * 10)) ?? 0))
  const shares = Array.from({ length: 10 }, (_, tenth) => tenths.get(tenth) ?? 0)
  // 384 draws: each tenth has 38 of them, give or take six; below 10 is further off than chance goes.
  t.ok(
    shares.every(share => share >= 10 && share <= 80),
    shares.join(' '),
  )
})
