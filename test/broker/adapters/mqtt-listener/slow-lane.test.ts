// Who keeps failing waits in a line with all others of his kind, and nobody else does.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { Aedes } from 'aedes'
import { connectAsync } from 'mqtt'
import t from 'tap'
import { aedesOptions } from '../../../../broker/adapters/aedes/settings.ts'
import { SlowLane, type SlowLaneLimits } from '../../../../broker/adapters/mqtt-listener/slow-lane.ts'
import { systemClock } from '../../../../broker/adapters/system-clock.ts'
import { openMqttDoors } from '../../../../broker/listeners.ts'
import { Authority } from '../../../fixtures/certificates.ts'
import { silentLog } from '../../orchestrator/world.ts'
import { eventually } from '../mqtt/broker-under-test.ts'

class HandClock {
  ms = 0
  readonly #timers = new Set<{ readonly at: number; readonly action: () => void }>()
  monotonic(): number {
    return this.ms
  }
  after(delayMs: number, action: () => void): () => void {
    const timer = { at: this.ms + delayMs, action }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }
  get timerCount(): number {
    return this.#timers.size
  }
  pass(ms: number): void {
    for (const end = this.ms + ms; this.ms < end; ) {
      this.ms += 1
      for (const timer of [...this.#timers]) if (timer.at <= this.ms && this.#timers.delete(timer)) timer.action()
    }
  }
}

let ports = 1000
class Knock extends EventEmitter {
  readonly remoteAddress: string
  readonly remotePort = ++ports
  destroyed = false
  verdict: 'in' | 'closed' | 'too-late' | undefined

  constructor(address: string) {
    super()
    this.remoteAddress = address
  }
  enter(lane: SlowLane): this {
    const come = (): void => {
      this.verdict = 'in'
    }
    const late = (): void => {
      this.verdict = 'too-late'
      this.close()
    }
    if (!lane.enter(this as unknown as Socket, come, late)) {
      this.verdict = 'closed'
      this.close()
    }
    return this
  }
  close(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.emit('close')
  }
}

function scene(limits: Partial<SlowLaneLimits> = {}) {
  const clock = new HandClock()
  const lane = new SlowLane(clock, { failures: { perSecond: 0.1, burst: 3 }, perSecond: 10, ...limits })
  const knock = (address: string): Knock => new Knock(address).enter(lane)
  const fail = (address: string, count = 1): void => {
    for (let turn = 0; turn < count; turn += 1) {
      const one = knock(address)
      clock.pass(200)
      one.close()
    }
  }
  return { clock, lane, knock, fail }
}

t.test('who fails a few times comes in at once, who goes on failing waits for his turn', t => {
  const { clock, knock, fail, lane } = scene()
  fail('a', 2)
  t.equal(knock('a').verdict, 'in', 'bad luck')
  fail('a')
  const waiting = knock('a')
  t.equal(waiting.verdict, undefined)
  t.equal(lane.waitingCount, 1)
  t.equal(knock('b').verdict, 'in', 'other addresses do not wait')
  clock.pass(100)
  t.equal(waiting.verdict, 'in')
  t.equal(lane.waitingCount, 0)
  clock.pass(1000)
  t.equal(clock.timerCount, 0, 'an empty line needs no timer')
  clock.pass(60_000)
  t.equal(knock('a').verdict, 'in', 'what is long ago is forgotten')
  t.end()
})

t.test('a connection that was let in is no failure, however it ends', t => {
  const { knock, lane } = scene()
  for (let turn = 0; turn < 20; turn += 1) {
    const one = knock('a')
    t.equal(one.verdict, 'in')
    lane.admitted(one)
    one.close()
  }
  t.end()
})

t.test('an address from which enough are let in does not wait for those who fail there', t => {
  const { knock, lane, fail } = scene()
  for (let turn = 0; turn < 20; turn += 1) {
    fail('a', 3)
    const good = knock('a')
    t.not(good.verdict, 'closed')
    lane.admitted(good)
    lane.admitted(good)
  }
  t.equal(knock('a').verdict, 'in', 'three of four fail, and nobody waits')
  fail('a', 4)
  t.equal(knock('a').verdict, undefined, 'one is let in once')
  t.end()
})

t.test('the line moves at its pace, oldest first, whoever they are and however many', t => {
  const { clock, knock, fail, lane } = scene({ perSecond: 10 })
  for (const address of ['a', 'b', 'c']) fail(address, 4)
  clock.pass(1000)
  const line = ['a', 'b', 'c', 'a', 'b', 'c'].map(address => knock(address))
  clock.pass(250)
  t.same(
    line.map(({ verdict }) => verdict),
    ['in', 'in', undefined, undefined, undefined, undefined],
  )
  line[2]?.close()
  t.equal(lane.waitingCount, 3, 'who has left makes room')
  clock.pass(100)
  t.equal(line[3]?.verdict, 'in', 'and takes no turn')
  t.end()
})

t.test('a faster line lets several in at a time', t => {
  const { clock, knock, fail } = scene({ perSecond: 1000 })
  fail('a', 4)
  const line = Array.from({ length: 20 }, () => knock('a'))
  clock.pass(11)
  t.equal(line.filter(({ verdict }) => verdict === 'in').length, 10)
  t.end()
})

t.test('the line has an end, and each address a part of it; who waits too long is closed', t => {
  const { clock, knock, fail, lane } = scene({ waitingMax: 5, waitingEachMax: 3, patienceMs: 150, perSecond: 10 })
  for (const address of ['a', 'b']) fail(address, 4)
  clock.pass(500)
  const ofA = Array.from({ length: 4 }, () => knock('a'))
  const ofB = Array.from({ length: 3 }, () => knock('b'))
  t.same(
    [...ofA, ...ofB].map(({ verdict }) => verdict),
    [undefined, undefined, undefined, 'closed', undefined, undefined, 'closed'],
  )
  t.equal(lane.waitingCount, 5)
  clock.pass(100)
  t.equal(ofA[0]?.verdict, 'in')
  clock.pass(300)
  t.same(
    [...ofA, ...ofB].map(({ verdict }) => verdict),
    ['in', 'too-late', 'too-late', 'closed', 'too-late', 'too-late', 'closed'],
  )
  t.equal(lane.waitingCount, 0)
  t.equal(knock('a').verdict, undefined, 'there is room again')
  lane.close()
  t.equal(clock.timerCount, 0)
  t.end()
})

t.test(
  'devices that are let in by each door are no failures, strangers are, and then no more of them than the line holds',
  async t => {
    const authority = new Authority('Broker')
    const issued = authority.issue({ name: 'localhost', hosts: ['localhost'] })
    const aedes = await Aedes.createBroker(aedesOptions('host'))
    aedes.authenticate = (_, userName, __, done) => done(null, userName === 'good')
    const loopback = '127.0.0.1'
    const doors = await openMqttDoors(
      aedes,
      {
        ...{ mqttHost: loopback, mqttPort: 0, mqttsHost: loopback, mqttsPort: 0, wsHost: loopback, wsPort: 0 },
        ...{ connectionsMax: 100, connectsPerSecond: 1000, failingConnectsPerSecond: 1 },
      },
      { clock: systemClock, log: silentLog, material: { cert: issued.cert, key: issued.key } },
    )
    t.teardown(async () => {
      await doors.close()
      await new Promise<void>(resolve => aedes.close(() => resolve()))
    })
    const { mqttPort, mqttsPort, wsPort } = doors.ports
    const come = async (url: string, username: string): Promise<void> => {
      const client = await connectAsync(url, { username, reconnectPeriod: 0, ca: authority.cert, connectTimeout: 2000 })
      await client.endAsync(true)
    }
    const urls = [`mqtt://127.0.0.1:${mqttPort}`, `mqtts://localhost:${mqttsPort}`, `wss://localhost:${wsPort}/mqtt`]
    for (let turn = 0; turn < 12; turn += 1) await Promise.all(urls.map(url => come(url, 'good')))
    t.equal(doors.figures().refused['connect-failures'], undefined)
    for (let turn = 0; turn < 10; turn += 1) await t.rejects(come(urls[0] ?? '', 'bad'))
    const more = Array.from({ length: 8 }, () => come(urls[0] ?? '', 'bad').catch(() => {}))
    t.ok(await eventually(() => doors.figures().refused['connect-failures'] === 3), 'five wait, the others are closed')
    await Promise.all(more)
  },
)
