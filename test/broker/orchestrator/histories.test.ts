// Random lives of a small fleet: devices come and go, report and repeat themselves, operators stop, and the broker dies
// between any two commits. All chance comes from the seed that a failure names.
import t from 'tap'
import { deviceId } from '../../../proto/ids.ts'
import type { DeviceEvent } from '../../../proto/messages.ts'
import { eventOf, helloOf, oldDigest, settled, targetDigest, World } from './world.ts'

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
  const made = new World()
  await made.start()
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
    else if (roll < 0.06) await made.stop(pick(ids)).catch(() => undefined)
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
