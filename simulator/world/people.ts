// The people of a world: they make operations, change their minds, and ask again under the same request id when the
// broker died before it answered.

import type { Operation } from '../../broker/core/records.ts'
import { RequestRefused, StoreUnavailable } from '../../broker/errors.ts'
import type { Caller, UseCases } from '../../broker/use-cases/use-cases.ts'
import type { OperationRequest } from '../../proto/http-api.ts'
import { type DeviceId, principalName } from '../../proto/ids.ts'
import { type Catalogue, rateOf, requestOf, windowsOf } from './policies.ts'
import type { Seed } from './seed.ts'
import type { Stage } from './stage.ts'

interface Wish {
  readonly what: string
  readonly by: Caller
  readonly ask: (useCases: UseCases, by: Caller) => Promise<unknown>
}

const ends: readonly string[] = ['completed', 'stopped']

export class People {
  readonly #world: Stage
  readonly #seed: Seed
  readonly #devices: readonly DeviceId[]
  readonly #catalogue: Catalogue
  readonly #unanswered = new Map<string, Wish>()
  #requests = 0

  constructor(world: Stage, seed: Seed, devices: readonly DeviceId[], catalogue: Catalogue) {
    this.#world = world
    this.#seed = seed
    this.#devices = devices
    this.#catalogue = catalogue
    world.onUp = () => this.#askAgain()
  }

  get waiting(): number {
    return this.#unanswered.size
  }

  makeOperation(): void {
    const { fleetMs } = this.#world.moment()
    const { lengthMs } = this.#world.weather
    const drawn = requestOf(
      this.#seed,
      this.#devices,
      this.#catalogue,
      fleetMs,
      lengthMs,
      this.#world.ledger.operations.size,
    )
    const request = this.#catalogue.vary?.(this.#seed, drawn) ?? drawn
    const slow = this.#world.weather.tickMs >= 30_000
    const { timeoutDays = 1, ...policy } = request.policy ?? {}
    // A world that looks at its timers often cannot afford a fortnight.
    const affordable = { ...request, policy: { ...policy, timeoutDays: slow ? timeoutDays : Math.min(1, timeoutDays) } }
    this.ask(affordable)
  }

  /** This operation, now. */
  ask(request: OperationRequest): void {
    this.#wish('create', olga, (useCases, by) => useCases.createOperation(by, request))
  }

  /** Anything anybody might do on a day like this. */
  actSomehow(): void {
    const seed = this.#seed
    const device = seed.pick(this.#devices)
    const operation = this.#any(() => true)
    const id = operation?.id ?? ''
    const acts: readonly (() => void)[] = [
      () => this.#wish('pause', olga, (useCases, by) => useCases.pauseOperation(by, id)),
      () => this.#wish('resume', olga, (useCases, by) => useCases.resumeOperation(by, id)),
      () => this.#wish('resume', olga, (useCases, by) => useCases.resumeOperation(by, id)),
      () => this.#wish('approve', anna, (useCases, by) => useCases.approveOperation(by, id)),
      () => this.#wish('remove-device', olga, (useCases, by) => useCases.removeDevice(by, id, device)),
      () => this.#wish('retry-failed', olga, (useCases, by) => useCases.retryFailed(by, id)),
      () => this.#edit(id),
      () => this.#wish('tag', olga, (useCases, by) => useCases.editDevice(by, device, { tags: tagged(seed) })),
      () => this.#wish('tag', olga, (useCases, by) => useCases.editDevice(by, device, { tags: tagged(seed) })),
      () => this.#rare(id, device),
    ]
    seed.pick(acts)()
  }

  /** The day is over: what waits for people gets an answer. `round` counts from 0. */
  tidyUp(round: number): void {
    for (const { id, state, targets } of this.#world.ledger.operations.values()) {
      if (ends.includes(state) || state === 'stopping') continue
      const open = targets.kind === 'filter' && targets.open
      if (state === 'awaiting-approval') {
        if (this.#seed.chance(0.8)) this.#wish('approve', anna, (useCases, by) => useCases.approveOperation(by, id))
        else this.#wish('refuse', anna, (useCases, by) => useCases.refuseOperation(by, id))
      } else if (state === 'paused' && round < 12)
        this.#wish('resume', olga, (useCases, by) => useCases.resumeOperation(by, id))
      else if (state === 'paused' || (open && round > 3) || (round > 40 && this.#seed.chance(0.02))) this.#stop(id)
      else if (round === 1 && this.#seed.chance(0.3)) this.#override(id)
    }
  }

  #rare(id: string, device: string): void {
    const roll = this.#seed.fraction()
    if (roll < 0.25) this.#stop(id)
    else if (roll < 0.4) this.#wish('refuse', anna, (useCases, by) => useCases.refuseOperation(by, id))
    else if (roll < 0.6) this.#override(id)
    else if (roll < 0.8)
      this.#wish('deregister', olga, async (useCases, by) => {
        await useCases.deregisterDevice(by, device)
        this.#world.faults.fired('device deregistered')
      })
    else this.#wish('release', { ...olga }, (useCases, { requestId: _, ...by }) => useCases.releaseDevice(by, device))
  }

  #stop(id: string): void {
    this.#wish('stop', olga, (useCases, by) => useCases.stopOperation(by, id))
  }

  #override(id: string): void {
    this.#wish('override', anna, (useCases, by) => useCases.overrideOperation(by, id, { reason: 'it must be tonight' }))
  }

  #edit(id: string): void {
    const seed = this.#seed
    const edit = seed.pick([
      { concurrency: seed.whole(1, 6) },
      { rate: seed.chance(0.3) ? null : rateOf(seed) },
      { windows: seed.chance(0.5) ? [] : windowsOf(seed) },
    ])
    this.#wish('edit', olga, (useCases, by) => useCases.editOperation(by, id, edit))
  }

  #any(wanted: (operation: Operation) => boolean): Operation | undefined {
    const found = [...this.#world.ledger.operations.values()].filter(wanted)
    return found.length === 0 ? undefined : this.#seed.pick(found)
  }

  #wish(what: string, by: Caller, ask: Wish['ask']): void {
    this.#requests += 1
    const requestId = `request-${this.#requests}`
    this.#unanswered.set(requestId, { what, by: { ...by, requestId }, ask })
    this.#ask(requestId)
  }

  #askAgain(): void {
    for (const requestId of [...this.#unanswered.keys()]) {
      if (this.#seed.chance(0.3)) this.#unanswered.delete(requestId)
      else {
        this.#world.faults.fired('request repeated after a restart')
        this.#ask(requestId)
      }
    }
  }

  #ask(requestId: string): void {
    const wish = this.#unanswered.get(requestId)
    const useCases = this.#world.broker?.useCases
    if (wish === undefined || useCases === undefined) return
    const { what, by, ask } = wish
    ask(useCases, by).then(
      () => {
        this.#unanswered.delete(requestId)
        this.#world.tell(`${by.name}: ${what} is done (${requestId})`)
        if (what !== 'release') this.#world.answered(requestId)
      },
      (error: Error) => {
        this.#unanswered.delete(requestId)
        this.#world.tell(`${by.name}: ${what} refused (${requestId}): ${error.message}`)
        if (!(error instanceof RequestRefused || error instanceof StoreUnavailable))
          this.#world.erred(`${what}: ${error}`)
      },
    )
  }
}

const person = (name: string, role: Caller['role']): Caller => ({
  name: principalName(name),
  role,
  tokenSha256: '0'.repeat(64),
  createdAt: 1,
})
const olga = person('olga', 'operator')
const anna = person('anna', 'approver')

const tagged = (seed: Seed) => (seed.chance(0.7) ? { add: ['canary'] } : { remove: ['canary'] })
