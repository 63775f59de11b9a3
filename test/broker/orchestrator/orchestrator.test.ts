// The orchestrator on the memory store: what devices and operators see, and that nothing is ever lost, doubled or over
// the limit, whenever the broker dies.
import t from 'tap'
import { deviceId } from '../../../proto/ids.ts'
import type { DeviceEvent } from '../../../proto/messages.ts'
import { eventOf, helloOf, oldDigest, settled, targetDigest, World } from './world.ts'

const one = deviceId('sensor-1')
const two = deviceId('sensor-2')

async function world(): Promise<World> {
  const made = new World()
  await made.start()
  return made
}

async function codes(made: World, device = one): Promise<string[]> {
  const { items } = await made.store.events({ device, order: 'ASC', limit: 100 })
  return items.map(event => `${event.code} ${event.type}`)
}

t.test(
  'a device is registered by its first hello, handed the manifest, and updated when its hello says so',
  async t => {
    const made = await world()
    const connection = made.connect(one)
    await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
    const id = await made.operation([one])
    await settled()
    t.match(connection.received, [{ kind: 'offer', operation: id, attempt: 1, lease: 1 }])
    t.equal((await made.store.operation(id))?.state, 'running')
    await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'downloading' }, id))
    await made.orchestrator.event(connection, eventOf(2, { kind: 'step', step: 'rebooting' }, id))
    made.orchestrator.deviceDisconnected(connection)
    const again = made.connect(one)
    await made.orchestrator.hello(again, helloOf('2.0.0', targetDigest))
    await settled()
    t.match(await made.store.operation(id), { state: 'completed', counts: { total: 1, completed: 1, inProgress: 0 } })
    t.same(await codes(made), ['SYS_106 INFO', 'SYS_108 INFO', 'SYS_112 SUCCESS'])
    t.same(made.violations, [])
  },
)

t.test('the broker does not judge a hello before the outbox events it announced are stored', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'rebooting' }, id))
  made.orchestrator.deviceDisconnected(connection)
  const again = made.connect(one)
  await made.orchestrator.hello(again, helloOf('1.0.0', oldDigest, { outboxEventCount: 1, outboxLastEventNumber: 2 }))
  await settled()
  t.equal((await made.store.execution(id, one))?.state, 'in-progress', 'not judged yet')
  await made.orchestrator.event(again, eventOf(2, { kind: 'code', code: 'UPD4_FAIL_40' }, id))
  await settled()
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'UPD4_FAIL_40' }, "the device's own code wins")
  t.notOk((await codes(made)).includes('SYS_111 FAIL'))
})

t.test('an old version after the reboot with nothing in the outbox is SYS_111', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'rebooting' }, id))
  made.orchestrator.deviceDisconnected(connection)
  await made.orchestrator.hello(made.connect(one), helloOf('1.0.0', oldDigest))
  await settled()
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'SYS_111' })
})

t.test('the right version with another digest is no success', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'rebooting' }, id))
  made.orchestrator.deviceDisconnected(connection)
  await made.orchestrator.hello(made.connect(one), helloOf('2.0.0', oldDigest))
  await settled()
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'SYS_111' })
})

t.test('an event sent twice is acknowledged twice and stored once', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  const event = eventOf(1, { kind: 'code', code: 'UPD4_FAIL_31' }, id)
  await Promise.all([made.orchestrator.event(connection, event), made.orchestrator.event(connection, event)])
  await made.orchestrator.event(connection, event)
  t.equal((await codes(made)).filter(code => code.startsWith('UPD4')).length, 1)
  t.match(await made.store.operation(id), { counts: { failed: 1, byCode: { UPD4_FAIL_31: 1 } } })
})

t.test('the same number of another journal is another event', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const event: DeviceEvent = { ...eventOf(1, { kind: 'code', code: 'UPD4_FAIL_41' }, 'x' as never), data: {} }
  await made.orchestrator.event(connection, event)
  await made.orchestrator.event(connection, { ...event, journalId: '44'.repeat(8) })
  t.equal((await codes(made)).filter(code => code.startsWith('UPD4')).length, 2)
})

t.test('an event before any hello is refused', async t => {
  const made = await world()
  const event = eventOf(1, { kind: 'code', code: 'UPD4_FAIL_41' }, 'x' as never)
  await t.rejects(made.orchestrator.event(made.connect(one), event), { code: 'MESSAGE_REFUSED', reason: 'hello-first' })
})

t.test('an unanswered offer is repeated with growing pauses until it is answered', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  await made.clock.advance(20_000)
  const sent = connection.received.length
  t.equal(sent, 3, 'at once, after 5 s and after 10 s more')
  await made.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'downloading' }, id))
  await made.clock.advance(300_000)
  t.equal(connection.received.length, sent)
})

t.test('a device that is not connected is noted once as SYS_100 INFO and takes no permit', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const other = made.connect(two)
  await made.orchestrator.hello(other, helloOf('1.0.0', oldDigest))
  made.orchestrator.deviceDisconnected(connection)
  const id = await made.operation([one, two], { concurrency: 1 })
  await settled()
  await made.clock.advance(60_000)
  t.equal(other.received[0]?.kind, 'offer', 'the connected one has the permit')
  // The first's turn comes when the permit is free again.
  await made.orchestrator.event(other, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_39' }, id))
  await made.clock.advance(60_000)
  t.equal((await codes(made)).filter(code => code === 'SYS_100 INFO').length, 1)
  const back = made.connect(one)
  await made.orchestrator.hello(back, helloOf('1.0.0', oldDigest))
  await settled()
  t.equal(back.received[0]?.kind, 'offer', 'offered at its hello')
})

t.test('silence past the step time-out ends with SYS_100 and frees the permit for the next', async t => {
  const made = await world()
  const connections = [one, two].map(device => made.connect(device))
  for (const connection of connections) await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one, two], { concurrency: 1, stepTimeoutMinutes: 10 })
  await settled()
  await made.clock.advance(11 * 60_000)
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'SYS_100', provisional: true })
  t.equal(connections[1]?.received[0]?.kind, 'offer')
  await made.orchestrator.event(connections[0] as never, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_24' }, id))
  t.match(await made.store.execution(id, one), { state: 'failed', code: 'UPD4_FAIL_24' }, 'the late result replaces it')
})

t.test('after timeoutDays everything that is left ends with SYS_100 and the operation completes', async t => {
  const made = await world()
  for (const device of [one, two]) {
    const connection = made.connect(device)
    await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
    made.orchestrator.deviceDisconnected(connection)
  }
  const id = await made.operation([one, two], { timeoutDays: 1 })
  await settled()
  await made.clock.advance(10_000)
  t.match(await made.store.operation(id), { state: 'pending' })
  await advanceDays(made, 1)
  t.match(await made.store.operation(id), { state: 'completed', counts: { failed: 2, byCode: { SYS_100: 2 } } })
})

/** The broker is down meanwhile: the days pass in one jump, and it finds them past when it starts. */
async function advanceDays(made: World, days: number): Promise<void> {
  await made.kill()
  await made.clock.advance(days * 86_400_000 + 1)
  await made.start()
  await made.clock.advance(5_000)
}

t.test('stop: the pending end at once, those in progress by their own word, then the operation is stopped', async t => {
  const made = await world()
  const connections = [one, two].map(device => made.connect(device))
  for (const connection of connections) await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one, two], { concurrency: 1 })
  await settled()
  await made.orchestrator.event(connections[0] as never, eventOf(1, { kind: 'step', step: 'downloading' }, id))
  await made.orchestrator.stop(id, 'kim' as never)
  await settled()
  t.match(await made.store.execution(id, two), { state: 'skipped', code: 'SYS_103' })
  t.equal(connections[0]?.received.at(-1)?.kind, 'withdraw')
  t.match(await made.store.operation(id), { state: 'stopping', stoppedBy: 'kim' })
  await made.orchestrator.event(connections[0] as never, eventOf(2, { kind: 'step', step: 'withdrawn' }, id))
  await settled()
  t.match(await made.store.operation(id), { state: 'stopped', counts: { skipped: 2, byCode: { SYS_103: 2 } } })
  await t.rejects(made.orchestrator.stop(id, 'kim' as never), { code: 'CONFLICT' })
})

t.test('stop: a device that stays silent ends with SYS_104 at the stop time-out', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one], { stopTimeoutMinutes: 5 })
  await settled()
  await made.orchestrator.stop(id, 'kim' as never)
  await made.clock.advance(6 * 60_000)
  t.match(await made.store.operation(id), { state: 'stopped', counts: { failed: 1, byCode: { SYS_104: 1 } } })
})

t.test('two operations over one device: the older first, the younger when it is free', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const first = await made.operation([one])
  const second = await made.operation([one])
  await settled()
  t.same(
    connection.received.map(message => message.operation),
    [first],
  )
  await made.orchestrator.event(connection, eventOf(1, { kind: 'code', code: 'UPD4_FAIL_33' }, first))
  await settled()
  t.same(
    connection.received.map(message => message.operation),
    [first, second],
  )
  t.same(made.violations, [])
})

t.test('a restart takes running operations up by itself, under a higher lease', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  await made.kill()
  await made.start()
  const again = made.connect(one)
  await made.orchestrator.hello(again, helloOf('1.0.0', oldDigest))
  await settled()
  t.match(again.received, [{ kind: 'offer', operation: id, lease: 2 }], 'the offer was never answered: it comes again')
  t.equal((await made.store.operation(id))?.counts.inProgress, 1)
})

t.test('a failed commit changes nothing, answers nothing, and the next one works', async t => {
  const made = await world()
  const connection = made.connect(one)
  await made.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await made.operation([one])
  await settled()
  made.commitsLeft = 0
  const event = eventOf(1, { kind: 'code', code: 'UPD4_FAIL_31' }, id)
  await t.rejects(made.orchestrator.event(connection, event), { code: 'STORE_UNAVAILABLE' })
  t.equal(made.orchestrator.figures.inProgress, 1)
  await made.kill()
  await made.start()
  const again = made.connect(one)
  await made.orchestrator.hello(again, helloOf('1.0.0', oldDigest, { outboxEventCount: 1, outboxLastEventNumber: 1 }))
  await made.orchestrator.event(again, event)
  t.match(await made.store.operation(id), { state: 'completed', counts: { failed: 1 } })
})

t.test(
  'random histories: whenever the broker dies, no acknowledged event is lost and every operation ends',
  async t => {
    const seeds = Array.from({ length: 25 }, (_, index) => index + 1)
    for (const seed of seeds) {
      const problems = await history(seed)
      if (problems.length > 0) t.fail(`seed ${seed}`, { problems })
    }
    t.pass(`${seeds.length} seeds`)
  },
)

/** One life of a small fleet, all chance from the seed. Returns what was violated. */
async function history(seed: number): Promise<string[]> {
  let state = seed * 2654435761
  const chance = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
  const pick = <T>(items: readonly T[]): T => items[Math.floor(chance() * items.length)] as T
  const made = await world()
  const problems = made.violations
  const fleet = Array.from({ length: 8 }, (_, index) => new LifeOf(`sensor-${index + 1}`))
  for (const life of fleet) await life.connect(made)
  const limit = 1 + Math.floor(chance() * 3)
  const names = [...fleet.map(life => life.id), 'stranger-1']
  const ids = [await made.operation(names, { concurrency: limit }), await made.operation(undefined, { concurrency: 2 })]
  await settled()
  for (let move = 0; move < 120; move += 1) {
    const life = pick(fleet)
    const roll = chance()
    if (roll < 0.04) made.commitsLeft = Math.floor(chance() * 4)
    else if (roll < 0.06) await made.orchestrator.stop(pick(ids), 'kim' as never).catch(() => undefined)
    else if (roll < 0.15) life.disconnect(made)
    else if (roll < 0.2) await made.clock.advance(2000)
    else await life.move(made, chance)
    if (!made.alive) await restart(made, fleet)
  }
  // The weather calms: every device is connected and goes on to its end.
  if (made.commitsLeft < 1e9) await restart(made, fleet)
  for (let round = 0; round < 60; round += 1) {
    for (const life of fleet) await life.move(made, () => 0.9)
    await made.clock.advance(6000)
  }
  for (const id of ids) {
    const operation = await made.store.operation(id)
    const counts = operation?.counts
    if (operation?.state !== 'completed' && operation?.state !== 'stopped')
      problems.push(`${id} is ${operation?.state}: ${JSON.stringify(counts)}`)
    const sum = (counts?.completed ?? 0) + (counts?.failed ?? 0) + (counts?.skipped ?? 0)
    if (sum !== counts?.total) problems.push(`${id}: ${sum} ended of ${counts?.total}`)
    const { items } = await made.store.executions(id, { limit: 100 })
    if (items.length !== counts?.total) problems.push(`${id}: ${items.length} executions of ${counts?.total}`)
  }
  for (const life of fleet) {
    const { items } = await made.store.events({ device: life.id, order: 'ASC', limit: 1000 })
    const stored = items.flatMap(event => (event.source === undefined ? [] : [event.source.eventNumber]))
    for (const number of life.acknowledgedCodes)
      if (stored.filter(other => other === number).length !== 1)
        problems.push(
          `${life.id}: event ${number} acknowledged, stored ${stored.filter(other => other === number).length}×`,
        )
  }
  return problems
}

async function restart(made: World, fleet: readonly LifeOf[]): Promise<void> {
  await made.kill()
  for (const life of fleet) life.connection = undefined
  await made.start()
}

/** A device with an outbox: takes offers, reports, reboots, sends again what was not acknowledged. */
class LifeOf {
  readonly id
  connection: ReturnType<World['connect']> | undefined
  readonly acknowledgedCodes: number[] = []
  #installed = { version: '1.0.0', digest: oldDigest }
  #underWay: { operation: string; step: number } | undefined
  #outbox: DeviceEvent[] = []
  #nextNumber = 1
  #seen = 0

  constructor(name: string) {
    this.id = deviceId(name)
  }

  async connect(made: World): Promise<void> {
    this.connection = made.connect(this.id)
    this.#seen = 0
    const { version, digest } = this.#installed
    const last = this.#outbox.at(-1)?.eventNumber ?? this.#nextNumber - 1
    const underWay = this.#underWay === undefined ? {} : { operation: this.#underWay.operation as never }
    const hello = helloOf(version, digest, {
      outboxEventCount: this.#outbox.length,
      outboxLastEventNumber: last,
      ...underWay,
    })
    await made.orchestrator.hello(this.connection, hello).catch(() => this.disconnect(made))
  }

  disconnect(made: World): void {
    if (this.connection !== undefined) made.orchestrator.deviceDisconnected(this.connection)
    this.connection = undefined
  }

  async move(made: World, chance: () => number): Promise<void> {
    if (this.connection === undefined) return this.connect(made)
    this.#hear()
    const event = this.#outbox[0]
    if (event !== undefined) {
      const twice = chance() < 0.2 ? [made.orchestrator.event(this.connection, event)] : []
      const results = await Promise.allSettled([made.orchestrator.event(this.connection, event), ...twice])
      if (results.some(result => result.status === 'fulfilled')) {
        this.#outbox.shift()
        if (event.content.kind === 'code') this.acknowledgedCodes.push(event.eventNumber)
      } else this.disconnect(made)
      return
    }
    if (this.#underWay === undefined) return
    this.#underWay.step += 1
    const { operation, step } = this.#underWay
    if (step === 1) this.#say(operation, { kind: 'step', step: 'downloading' })
    else if (chance() < 0.15) {
      this.#say(operation, { kind: 'code', code: 'UPD4_FAIL_24' })
      this.#underWay = undefined
    } else if (step === 2) this.#say(operation, { kind: 'step', step: 'rebooting' })
    else {
      this.#underWay = undefined
      this.disconnect(made)
      if (chance() < 0.2) this.#say(operation, { kind: 'code', code: 'UPD4_FAIL_40' })
      else this.#installed = { version: '2.0.0', digest: targetDigest }
    }
  }

  #hear(): void {
    for (const message of this.connection?.received.slice(this.#seen) ?? []) {
      this.#seen += 1
      if (message.kind === 'offer') this.#underWay ??= { operation: message.operation, step: 0 }
      else if (this.#underWay?.operation === message.operation && this.#underWay.step < 2) {
        this.#underWay = undefined
        this.#say(message.operation, { kind: 'step', step: 'withdrawn' })
      }
    }
  }

  #say(operation: string, content: DeviceEvent['content']): void {
    this.#outbox.push(eventOf(this.#nextNumber, content, operation as never))
    this.#nextNumber += 1
  }
}
