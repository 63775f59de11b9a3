// Random lives of an operation, fed to the machine alone: any policy, any input in any order, devices that lie, repeat
// themselves and come too late. Checkers look at every decision. All chance comes from the seed that a failure names.
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { isEndedExecution } from '../../../broker/core/counts.ts'
import { isEnded } from '../../../broker/core/operation.ts'
import type { Decision, Input } from '../../../broker/core/operation-facts.ts'
import { concurrencyLimit, type Policy, policyDefaults } from '../../../broker/core/policy.ts'
import type { Execution, Operation } from '../../../broker/core/records.ts'
import { currentWave, waveSize } from '../../../broker/core/rollout.ts'
import { operationView } from '../../../broker/views.ts'
import type { DeviceCode } from '../../../proto/event-codes.ts'
import { deviceId } from '../../../proto/ids.ts'
import { type Step, steps } from '../../../proto/messages.ts'
import { seeded } from '../../fixtures/seeded.ts'
import {
  commandSubject,
  day,
  deviceOf,
  kim,
  lee,
  Machine,
  made,
  minute,
  names,
  oldDigest,
  openTargets,
  recount,
  releaseSubject,
  start,
  targetDigest,
  updated,
  waveOf,
} from './machine.ts'

const given = process.env.DROVER_SEED
const firstSeed = given === undefined ? Date.now() % 2 ** 31 : Number(given)
const historyCount = process.env.DROVER_LONG === '1' ? 10_000 : 200

class Life extends Machine {
  readonly #chance: () => number
  readonly #all: readonly string[]
  readonly problems: string[] = []
  /** Provisional endings that the device's own result replaced. */
  corrected = 0
  #handOvers = 0

  constructor(seed: number) {
    const chance = seeded(seed)
    const policy = randomPolicy(chance)
    const open = chance() < 0.2
    const subjects = [releaseSubject, releaseSubject, commandSubject('new-boot'), commandSubject('report')]
    const subject = subjects[Math.floor(chance() * subjects.length)] ?? releaseSubject
    super(made(policy, { subject, ...(open ? { targets: openTargets } : {}) }))
    this.#chance = chance
    this.#all = names(1 + Math.floor(chance() * 12))
  }

  live(): void {
    const moves = 20 + Math.floor(this.#chance() * 120)
    for (let move = 0; move < moves; move += 1) this.#move()
    this.#calm()
    this.#end()
  }

  override feed(input: Parameters<Machine['feed']>[0]): Decision {
    const before = this.operation
    const known = new Map(this.executions)
    const decision = super.feed(input)
    this.#check(before, known, { ...input, at: this.at } as Input, decision)
    return decision
  }

  #check(before: Operation, known: ReadonlyMap<string, Execution>, input: Input, decision: Decision): void {
    const problem = (text: string): void => {
      this.problems.push(`${input.kind} in ${before.state}: ${text}`)
    }
    const { operation, executions, effects, audits, events } = decision
    const { counts, executed, retryingCount, transfer, wave } = operation
    const { index: _, soakUntil: __, ...waveCounts } = wave
    const expected = recount(operation, this.executions.values())
    const sums = { counts, executed, retryingCount, ...(transfer === undefined ? {} : { transfer }) }
    if (!isDeepStrictEqual(sums, withoutWave(expected))) problem('the sums are wrong')
    if (currentWave(operation) !== undefined && !isDeepStrictEqual(waveCounts, expected.wave))
      problem(`the wave is ${JSON.stringify(waveCounts)}, counted ${JSON.stringify(expected.wave)}`)
    if (isEnded(before) && (operation !== before || executions.length + effects.length + audits.length > 0))
      problem('it had ended')
    for (const { execution, previous } of executions) {
      if (previous === undefined ? known.has(execution.device) : known.get(execution.device) !== previous)
        problem(`${execution.device}: the record before is another`)
      if (previous !== undefined && isEndedExecution(previous)) {
        this.corrected += 1
        if (previous.provisional !== true) problem(`${execution.device} had ended with ${previous.code}`)
        if (!isEndedExecution(execution)) problem(`${execution.device} lives again`)
      }
      if (isEndedExecution(execution) && (execution.code === undefined || execution.endedAt !== this.at))
        problem(`${execution.device} ended without code or time`)
      if (execution.state === 'in-progress' && previous?.state === 'pending') {
        this.#handOvers += 1
        if (before.state !== 'pending' && before.state !== 'running') problem('handed over')
        if (before.closedAt !== undefined) problem('handed over after the end')
        if (counts.inProgress > concurrencyLimit(operation)) problem(`${counts.inProgress} in progress`)
        if ((previous.notBefore ?? 0) > this.at) problem('a retry before its time')
        const current = currentWave(before)
        if (current !== undefined && previous.attempt === 0 && wave.handedOver > waveSize(operation, current))
          problem('more than the wave takes')
        if (current !== undefined && previous.attempt === 0 && before.wave.soakUntil !== undefined)
          problem('in the soak')
      }
      if (execution.state === 'completed' && input.kind === 'device-said-hello' && input.underWay)
        problem(`${execution.device} is still at it`)
      // The success of a release is the digest, whoever says so.
      const confirmed = execution.state === 'completed' && operation.subject.kind === 'release'
      if (confirmed && !(input.kind === 'device-reported' || 'device' in input)) problem('success without a word')
    }
    for (const { kind, execution } of effects)
      if (kind === 'offer' && this.executions.get(execution.device)?.state !== 'in-progress') problem('an empty offer')
    if (
      events.some(({ code }) => code === 'SYS_108') &&
      input.kind !== 'targets-found' &&
      input.kind !== 'target-joined'
    )
      problem('added by nobody')
    if (operation.handOverCount !== this.#handOvers) problem(`${operation.handOverCount} hand-overs`)
    this.#checkPolicyDecision(before, decision, problem)
    this.#checkPullRetries(before, decision, problem)
  }

  /** Once a device at most, at once, and from then on for good. */
  #checkPullRetries({ policy }: Operation, { audits, executions }: Decision, problem: (text: string) => void): void {
    for (const { actor, data } of audits) {
      if (actor.kind !== 'policy' || actor.rule !== 'delivery.retryByPull') continue
      if (policy.delivery?.retryByPull === false) problem('pulled again against the policy')
      const { execution, previous } = executions.find(({ execution: { device } }) => device === data.device) ?? {}
      if (previous?.pullOnly === true || execution?.pullOnly !== true) problem('not once, or not to pull')
      if (execution?.state !== 'pending' || execution.notBefore !== this.at) problem('not at once')
    }
    for (const { execution, previous } of executions)
      if (previous?.pullOnly === true && execution.pullOnly !== true) problem(`${execution.device} hears again`)
  }

  /** What the policy decides by itself is in the audit with the rule that it names. */
  #checkPolicyDecision(before: Operation, { operation, audits }: Decision, problem: (text: string) => void): void {
    const by = [
      operation.state === 'paused' && before.state !== 'paused' ? operation.pause?.by : undefined,
      operation.state === 'stopping' && before.state !== 'stopping' ? operation.stoppedBy : undefined,
    ]
    for (const actor of by)
      if (actor?.kind === 'policy' && !audits.some(({ actor: told }) => isDeepStrictEqual(told, actor)))
        problem(`decided by ${actor.rule} without a record`)
    if (operation.wave.index > before.wave.index && audits.length === 0 && before.state !== 'paused')
      if (before.wave.soakUntil === undefined) problem('a wave was passed without a record')
    if (before.state === 'awaiting-approval' && operation.state === 'running') problem('running without an approval')
  }

  #pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#chance() * items.length)]
  }

  #move(): void {
    const roll = this.#chance()
    this.chance = this.#chance()
    if (roll < 0.1) this.advance(Math.floor(this.#chance() * (this.#chance() < 0.2 ? 2 * day : 20 * minute)))
    else if (roll < 0.2) this.#findSome()
    else if (roll < 0.3) this.#control()
    else if (roll < 0.36) this.clock()
    else if (roll < 0.4) this.#sweepOnce()
    else this.#aboutOne()
  }

  #findSome(): void {
    const { sweep } = this.operation
    if (sweep?.kind === 'expand') {
      const rest = this.#all.filter(name => sweep.after === undefined || name > sweep.after)
      const page = rest.slice(0, 1 + Math.floor(this.#chance() * 5))
      const unknown = page.filter(name => !this.executions.has(deviceId(name)))
      this.feed({
        kind: 'targets-found',
        targets: unknown.map(name => ({
          device: deviceId(name),
          ...(this.#chance() < 0.1 ? {} : { registered: this.#chance() < 0.1 ? updated(name) : deviceOf(name) }),
        })),
        more: page.length < rest.length,
        ...(page.length === 0 ? {} : { upTo: deviceId(page.at(-1) ?? '') }),
      })
    } else {
      const name = `j${Math.floor(this.#chance() * 20)}`
      if (!this.executions.has(deviceId(name))) this.feed({ kind: 'target-joined', device: deviceOf(name) })
    }
  }

  #control(): void {
    const roll = this.#chance()
    if (roll < 0.15) this.feed({ kind: 'pause-requested', by: kim })
    else if (roll < 0.45) this.resume()
    else if (roll < 0.6) this.feed({ kind: 'approved', by: lee })
    else if (roll < 0.62) this.feed({ kind: 'refused', by: lee })
    else if (roll < 0.66) this.stop()
    else if (roll < 0.7) this.feed({ kind: 'overridden', by: lee, reason: 'flood' })
    else if (roll < 0.8) {
      const concurrency = 1 + Math.floor(this.#chance() * 5)
      this.feed({ kind: 'edited', policy: { ...this.operation.policy, concurrency } })
    } else if (roll < 0.85) this.feed({ kind: 'joined-expiry-due' })
    else if (roll < 0.87) this.feed({ kind: 'operation-timed-out', inProgress: this.inProgress })
    else if (roll < 0.9) this.feed({ kind: 'rollback-made', operation: this.operation.id })
  }

  #sweepOnce(): void {
    const { sweep } = this.operation
    if (sweep === undefined || sweep.kind === 'expand') return
    const left = [...this.executions.values()]
      .filter(({ state, device }) => state === 'pending' && (sweep.after === undefined || device > sweep.after))
      .sort((a, b) => (a.device < b.device ? -1 : 1))
    this.feed({ kind: 'pending-swept', executions: left.slice(0, 2), more: left.length > 2 })
  }

  #aboutOne(): void {
    const one = this.#pick([...this.executions.values()])
    if (one === undefined) return
    const name = one.device
    const roll = this.#chance()
    if (roll < 0.4) this.ready(name)
    else if (roll < 0.44) this.unreachable(name)
    else if (roll < 0.55) this.step(name, this.#pick(steps) as Step, this.#transfer())
    else if (roll < 0.72) {
      const code = this.#pick(codes) ?? 'UPD4_FAIL_24'
      const attempt = this.#chance() < 0.85 ? one.attempt : Math.floor(this.#chance() * 3)
      const image = this.#pick([{}, { digest: targetDigest }, { digest: oldDigest }]) ?? {}
      this.fail(name, code, { attempt, ...image, data: this.#transfer() })
    } else if (roll < 0.85) {
      const boot = this.#chance() < 0.5 ? {} : { bootId: '99'.repeat(16) }
      const said = this.#chance() < 0.4 ? updated(name) : deviceOf(name, '1.0.0', oldDigest, boot)
      this.hello(name, said, this.#chance() < 0.4)
    } else if (roll < 0.95) {
      const known = this.#pick([undefined, deviceOf(name), updated(name)])
      this.deadline(name, this.#pick(['step', 'in-progress', 'confirm', 'stop', 'operation'] as const) ?? 'step', known)
    } else if (roll < 0.98) this.feed({ kind: 'device-removed', execution: one })
    else this.feed({ kind: 'device-deregistered', execution: one })
  }

  /** What a download took, sometimes; and what a device says that lies or speaks another language. */
  #transfer(): Readonly<Record<string, string>> {
    const roll = this.#chance()
    if (roll < 0.15) return {}
    const bytes = (): string => `${Math.floor(this.#chance() * 1_000_000)}`
    const honest = { held_bytes: bytes(), received_bytes: bytes(), wire_bytes: bytes() }
    if (roll < 0.5) return honest
    if (roll < 0.8) return { ...honest, patch_bytes: bytes(), patch_wire_bytes: '7', wire_bytes: '9' }
    if (roll < 0.9) return { ...honest, broadcast_bytes: bytes() }
    return this.#pick([
      { held_bytes: '-1', received_bytes: '1e9', wire_bytes: 'many' },
      { received_bytes: '999999999999999' },
      { ...honest, wire_bytes: '999999999999999' },
      { ...honest, received_bytes: '99999999999999999999' },
    ]) as Readonly<Record<string, string>>
  }

  /** All that is owed comes at last: people decide, sweeps go on, time passes, devices say something. */
  #calm(): void {
    for (let round = 0; round < 200 && !isEnded(this.operation); round += 1) {
      this.feed({ kind: 'approved', by: lee })
      this.resume()
      while (this.operation.sweep?.kind === 'expand') this.#findSome()
      this.sweep(2)
      this.advance(8 * day).clock()
      if (this.operation.rollback !== undefined) this.feed({ kind: 'rollback-made', operation: this.operation.id })
      for (const { device } of [...this.executions.values()]) {
        this.ready(device)
        if (this.of(device).state !== 'in-progress') continue
        if (this.#chance() < 0.5) this.deadline(device, 'in-progress')
        else this.fail(device, 'UPD4_FAIL_40')
      }
      if (this.operation.targets.kind === 'filter' && round === 20) this.stop()
    }
  }

  #end(): void {
    const { operation } = this
    if (!isEnded(operation)) this.problems.push(`still ${operation.state}: ${JSON.stringify(operation.counts)}`)
    const { sensors, updated: count, errors, codes: byCode, reasons } = operationView(operation)
    const sum = (items: readonly { readonly count: number }[]): number =>
      items.reduce((all, { count: one }) => all + one, 0)
    if (count + errors !== sensors) this.problems.push(`${count} updated and ${errors} errors of ${sensors}`)
    if (sum(byCode) !== sensors) this.problems.push(`${sum(byCode)} codes of ${sensors}`)
    if (sum(reasons) !== errors) this.problems.push(`${sum(reasons)} reasons of ${errors} errors`)
    if (sensors !== this.executions.size) this.problems.push(`${this.executions.size} executions of ${sensors}`)
    const targets = this.#all.filter(name => !this.executions.has(deviceId(name)))
    if (targets.length > 0) this.problems.push(`${targets.join(' ')} forgotten`)
    if (operation.completedAt === undefined) this.problems.push('no time of its end')
  }
}

const codes: readonly DeviceCode[] = [
  'UPD2_OK_18',
  'UPD2_OK_18',
  'UPD4_FAIL_23',
  'UPD4_FAIL_24',
  'UPD4_FAIL_26',
  'UPD4_FAIL_31',
  'UPD4_FAIL_35',
  'UPD4_FAIL_37',
  'UPD4_FAIL_40',
  // The only one that changes how the next attempt goes: often enough to be seen in every run.
  ...Array.from({ length: 4 }, () => 'UPD4_FAIL_45' as const),
]

function randomPolicy(chance: () => number): Partial<Policy> {
  const below = (count: number): number => Math.floor(chance() * count)
  const maybe = <T>(share: number, value: T): T | undefined => (chance() < share ? value : undefined)
  const list = <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make)
  const percent = maybe(0.3, 1 + below(100))
  const startAt = maybe(0.15, start + below(day))
  const endAt = maybe(0.2, start + day + below(5 * day))
  const { release } = releaseSubject
  return {
    concurrency: 1 + below(5),
    ...(percent === undefined ? {} : { concurrencyPercent: percent }),
    offlinePolicy: chance() < 0.3 ? 'skip' : 'wait',
    approval: chance() < 0.2,
    waves: list(3, () =>
      waveOf(chance() < 0.5 ? 1 + below(4) : `${1 + below(60)}%`, {
        successPercent: below(101),
        errorPercent: below(101),
        ...(chance() < 0.5 ? {} : { minExecuted: 1 + below(4) }),
        soakMinutes: chance() < 0.5 ? 0 : below(60),
        onSuccess: chance() < 0.2 ? 'pause' : 'next',
      }),
    ),
    abort:
      chance() < 0.3
        ? policyDefaults.abort
        : list(2, () => ({
            match: ([{ kind: 'ALL' }, { kind: 'FAIL' }, { kind: 'TIMED_OUT' }] as const)[below(3)] ?? { kind: 'ALL' },
            minExecuted: 1 + below(6),
            percent: below(101),
            action: ([{ kind: 'pause' }, { kind: 'stop' }, { kind: 'rollback', release }] as const)[below(3)] ?? {
              kind: 'pause',
            },
          })),
    retries:
      chance() < 0.5
        ? policyDefaults.retries
        : list(2, () => ({
            match: { kind: 'ALL' },
            limit: 1 + below(3),
            delaySeconds: below(3600),
            factor: 2,
            jitter: 1,
          })),
    ...(chance() < 0.7 ? {} : { delivery: { transport: 'auto', retryByPull: chance() < 0.5 } }),
    schedule: {
      ...policyDefaults.schedule,
      onEnd: chance() < 0.5 ? 'stop' : 'finish',
      ...(startAt === undefined ? {} : { startAt }),
      ...(endAt === undefined ? {} : { endAt }),
    },
  }
}

function withoutWave<T extends { readonly wave: unknown }>({ wave: _, ...rest }: T): Omit<T, 'wave'> {
  return rest
}

t.test('random histories: sums add up, limits hold, nothing ends twice, and every operation ends', async t => {
  const seen = {
    ended: 0,
    completed: 0,
    stopped: 0,
    paused: 0,
    retried: 0,
    pulled: 0,
    corrected: 0,
    late: 0,
    waves: 0,
    transfers: 0,
  }
  for (let index = 0; index < historyCount; index += 1) {
    const seed = (firstSeed + index) % 2 ** 31
    const life = new Life(seed)
    life.live()
    if (life.problems.length > 0) t.fail(`DROVER_SEED=${seed}`, { problems: life.problems.slice(0, 5) })
    seen.ended += isEnded(life.operation) ? 1 : 0
    seen.completed += life.operation.state === 'completed' ? 1 : 0
    seen.stopped += life.operation.state === 'stopped' ? 1 : 0
    seen.paused += life.audits.filter(({ action }) => action === 'operation.pause').length
    seen.retried += life.audits.filter(({ action }) => action === 'execution.retry').length
    seen.pulled += [...life.executions.values()].filter(({ pullOnly }) => pullOnly === true).length
    seen.waves += life.audits.filter(({ action }) => action === 'operation.wave-succeeded').length
    seen.corrected += life.corrected
    seen.transfers += life.operation.transfer === undefined ? 0 : 1
    seen.late += life.events.filter(({ data }) => data.late === 'true').length
  }
  // A life in which none of this happens would prove nothing.
  for (const [name, count] of Object.entries(seen)) t.ok(count > historyCount / 100, `${name}: ${count}`)
  t.equal(seen.ended, historyCount, `seeds from ${firstSeed}`)
})
