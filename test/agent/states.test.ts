// In every state of an update, at every call that the agent makes in it: the process dies before it and after it, and the
// call fails. Whatever happens, the update ends, with the old image or the new one, and the broker is told once.
//
// Nobody lists the calls: a run without faults shows them, a run that was killed shows those of a resumed state. What
// there must be at least comes from the transition table, so that a new state, or a new wish in a state, fails here until
// a scenario reaches it. DROVER_LONG=1 has every fault at every call; else a sample, by the seed.
import t, { type Test } from 'tap'
import type { Job, UpdateState } from '../../agent/core/memory.ts'
import { emptyMemory } from '../../agent/core/memory.ts'
import { busyStates, resume, step } from '../../agent/core/update.ts'
import type { Effect, UpdateInput } from '../../agent/core/words.ts'
import { StorageReadFailed, StorageWriteFailed } from '../../agent/errors.ts'
import { failureOf } from '../../agent/handlers/failures.ts'
import type { AgentPorts, Candidate } from '../../agent/ports.ts'
import { eachCase, sampled, seed } from '../fixtures/cases.ts'
import { operationOne } from './fakes/broker.ts'
import { settle } from './fakes/clock.ts'
import { FakeDevice } from './fakes/device.ts'
import { patchReleaseOf, plainOf } from './fakes/patch-release.ts'
import { imageOf, type Release, releaseOf, sha256Hex } from './fakes/release.ts'

t.setTimeout(110_000)
t.comment(`DROVER_SEED=${seed}`)

const oldImage = imageOf('one', 20_000)
const newImage = Buffer.concat([imageOf('one', 1_500), imageOf('two', 1_500)])
const raw = releaseOf(newImage)
const unhealthy = { healthy: false, reason: 'exit-1' } as const

interface Scenario {
  readonly name: string
  readonly reboot: boolean
  readonly release: Release
  readonly hold?: boolean
  readonly prepare?: (device: FakeDevice) => void
  /** What the broker is told at the end when nothing goes wrong; none: the hello tells. */
  readonly codes: readonly string[]
}

const scenarios: readonly Scenario[] = [
  { name: 'a restart', reboot: true, release: raw, codes: [] },
  { name: 'no restart', reboot: false, release: raw, codes: ['UPD2_OK_18'] },
  { name: 'a wait for the go', reboot: true, release: raw, hold: true, codes: [] },
  { name: 'a patch', reboot: true, release: patchReleaseOf(newImage, oldImage), codes: [] },
  {
    name: 'an unhealthy image',
    reboot: true,
    release: raw,
    prepare: device => {
      device.health = () => unhealthy
    },
    codes: ['UPD4_FAIL_40'],
  },
  {
    name: 'an unhealthy image without a restart',
    reboot: false,
    release: raw,
    prepare: device => void device.disk.verdicts.set('main', unhealthy),
    codes: ['UPD4_FAIL_40'],
  },
  {
    name: 'a start of the old image in the middle of the trial',
    reboot: true,
    release: raw,
    prepare: ({ disk }) => {
      const boot = disk.boot.bind(disk)
      let isFirst = true
      disk.boot = () => {
        boot()
        if (!isFirst || disk.durable.memory?.state.kind !== 'confirming' || disk.of('main').trial === undefined) return
        isFirst = false
        disk.of('main').running = 'a'
      }
    },
    codes: [],
  },
]

const errors = {
  'a read fails': () => new StorageReadFailed('planted', 'EIO'),
  'a write fails': () => new StorageWriteFailed('planted', 'EIO'),
  'something unforeseen': () => new Error('planted'),
}
type Thrown = keyof typeof errors
type How = 'killed before' | 'killed after' | Thrown

interface Fault {
  /** State and call: `downloading candidate.write`. */
  readonly at: string
  readonly how: How
}

/** What a port may throw by its contract, where that is not all three. */
const throws: Readonly<Record<string, readonly Thrown[]>> = {
  'journal.save': ['a write fails'],
  'link.publish': [],
  'health.check': [],
  'installer.verify': [],
  'reboot.restart': [],
}

class Life {
  readonly device: FakeDevice
  /** Calls in the order in which they were made first, each once, with how many faults had happened before. */
  readonly seen = new Map<string, number>()
  readonly #faults: readonly Fault[]
  #happened = 0
  #killed = false

  constructor(scenario: Scenario, faults: readonly Fault[]) {
    this.#faults = faults
    this.device = new FakeDevice({}, scenario.reboot)
    this.device.equipment = alive => this.#ports(alive)
    scenario.prepare?.(this.device)
    const { release, hold = false } = scenario
    this.device.broker.offer = { release, operation: operationOne, attempt: 1, lease: 1, hold }
  }

  get happened(): number {
    return this.#happened
  }

  async lived(): Promise<this> {
    for (let starts = 0; starts === 0 || (this.#killed && starts < 8); starts += 1) {
      this.#killed = false
      await this.device.start()
      await this.device.run(90_000)
    }
    return this
  }

  #ports(alive: () => boolean): Partial<AgentPorts> {
    const { device } = this
    const before = device.agent
    const call = <T>(name: string, run: () => Promise<T>): Promise<T> =>
      // Before the agent stands, a failure ends the process, and it is started again: another test's story.
      device.agent === before || !alive() ? run() : this.#call(name, run)
    const { journal, installers, payloads } = device.disk.ports(alive)
    const candidate = async (opened: Promise<Candidate>): Promise<Candidate> => wrapped('candidate', await opened, call)
    return {
      journal: wrapped('journal', journal, call),
      installers: installers.map(each => {
        const installer = wrapped('installer', each, call)
        return { ...installer, openCandidate: imageBytes => candidate(installer.openCandidate(imageBytes)) }
      }),
      payloads: (store => ({ ...store, open: (bytes: number) => candidate(store.open(bytes)) }))(
        wrapped('payloads', payloads, call),
      ),
      link: (link => ({ ...link, publish: wrapped('link', { publish: link.publish }, call).publish }))(
        device.broker.link(alive),
      ),
      authorization: wrapped('authorization', device.authorization, call),
      health: wrapped('health', { check: async () => device.health() }, call),
      patches: wrapped('patches', { decode: async (frame: Uint8Array) => plainOf(frame) }, call),
      reboot: {
        restart: () =>
          void call('reboot.restart', async () => {
            if (!alive()) return
            device.cutPower()
            setImmediate(() => void device.start())
          }),
        device: async () => 'not here',
      },
    }
  }

  async #call<T>(name: string, run: () => Promise<T>): Promise<T> {
    const at = `${this.device.disk.durable.memory?.state.kind} ${name}`
    if (!this.seen.has(at)) this.seen.set(at, this.#happened)
    const fault = this.#faults[this.#happened]
    if (fault?.at !== at) return run()
    this.#happened += 1
    if (fault.how === 'killed before') return this.#kill()
    // What cannot be closed is closed all the same.
    const result = fault.how === 'killed after' || name.endsWith('.close') ? await run() : undefined
    if (fault.how === 'killed after') return this.#kill()
    void result
    throw errors[fault.how]()
  }

  #kill(): Promise<never> {
    this.#killed = true
    this.device.cutPower(false)
    return new Promise<never>(() => {})
  }
}

/** Every function of the port by way of `call`. */
function wrapped<T extends object>(
  name: string,
  port: T,
  call: <R>(name: string, run: () => Promise<R>) => Promise<R>,
): T {
  const entries = Object.entries(port).map(([member, value]: [string, unknown]) => [
    member,
    typeof value === 'function'
      ? (...given: readonly unknown[]) => call(`${name}.${member}`, async () => value.apply(port, given))
      : value,
  ])
  return Object.fromEntries(entries) as T
}

// ---- what the table asks for -------------------------------------------------------------------

/** The first thing a wish does that only it does; undefined: it does nothing but think, between two saves. */
const firstCall: Readonly<
  Record<
    Exclude<Effect['kind'], 'prepare' | 'act' | 'restart-device' | 'abandon' | 'refuse' | 'say-hello'>,
    string | undefined
  >
> = {
  validate: undefined,
  'authorize-download': 'authorization.download',
  'check-storage': 'installer.availableBytes',
  download: 'candidate.readIndex',
  verify: 'installer.hash',
  unpack: 'patches.decode',
  'authorize-install': 'authorization.install',
  install: 'installer.install',
  inspect: 'installer.status',
  confirm: 'installer.verify',
  commit: 'installer.commit',
  'roll-back': 'installer.rollBack',
  restart: 'reboot.restart',
}

const job: Job = {
  operation: operationOne,
  attempt: 1,
  envelope: raw.envelope.toString('base64'),
  envelopeSha256: sha256Hex(raw.envelope),
  component: 'main',
  version: '2.0.0',
  digest: sha256Hex(newImage),
  releaseCounter: 2,
  reboot: true,
}
const enough = { neededBytes: 1, availableBytes: 1 }
const inputs: { readonly [Kind in UpdateInput['kind']]: readonly Extract<UpdateInput, { kind: Kind }>[] } = {
  validated: [{ kind: 'validated' }],
  'download-authorized': [{ kind: 'download-authorized' }],
  deferred: [{ kind: 'deferred', reason: 'window' }],
  'storage-checked': [{ kind: 'storage-checked', memory: enough, storage: enough }],
  'time-passed': [{ kind: 'time-passed', elapsedMs: 1, limitMs: 2 }],
  downloaded: [{ kind: 'downloaded', transfer: { heldBytes: 1, receivedBytes: 1, wireBytes: 1 } }],
  verified: [{ kind: 'verified', digest: job.digest }],
  unpacked: [{ kind: 'unpacked' }],
  'install-authorized': [{ kind: 'install-authorized' }],
  installed: [{ kind: 'installed' }],
  inspected: (['untouched', 'trial-pending', 'trial-running', 'committed'] as const)
    .map(kind => ({ kind: 'inspected', found: { kind } }) as const)
    .concat([{ kind: 'inspected', found: { kind: 'fell-back', reason: 'watchdog' } } as never]),
  'restart-refused': [{ kind: 'restart-refused', reason: 'exit-1' }],
  confirmed: [{ kind: 'confirmed' }],
  'found-unhealthy': [{ kind: 'found-unhealthy', reason: 'exit-1' }],
  committed: [{ kind: 'committed' }],
  'rolled-back': [
    { kind: 'rolled-back', restartNeeded: true },
    { kind: 'rolled-back', restartNeeded: false },
  ],
  failed: [{ kind: 'failed', failure: { code: 'UPD4_FAIL_35', data: {} } }],
}

/** `state wish`, each once: what the machine wants done in its busy states. */
function wishes(): readonly (readonly [state: string, wish: Effect['kind']])[] {
  const all = new Map<string, readonly [string, Effect['kind']]>()
  const add = ({ kind }: UpdateState, effects: readonly Effect[]): void => {
    if (kind !== 'idle') for (const effect of effects) all.set(`${kind} ${effect.kind}`, [kind, effect.kind])
  }
  const jobs: readonly Job[] = [job, { ...job, reboot: false }, { ...job, format: 'delta-zstd' }]
  for (const kind of busyStates)
    for (const each of jobs) {
      const state = { kind, job: each, elapsedMs: 0, failure: { code: 'UPD4_FAIL_40', data: {} } } as UpdateState
      add(state, resume(state))
      for (const input of Object.values(inputs).flat()) {
        const { memory, effects } = step({ ...emptyMemory, state }, input)
        add(memory.state, effects)
      }
    }
  return [...all.values()]
}

// ---- the cases ---------------------------------------------------------------------------------

interface Case {
  readonly scenario: Scenario
  /** The last one is what is tried, those before it lead to its place. */
  readonly faults: readonly Fault[]
}

const isBusy = (at: string): boolean => busyStates.some(state => at.startsWith(`${state} `))
const howsAt = (at: string): readonly How[] => {
  const call = at.slice(at.indexOf(' ') + 1)
  return ['killed before', 'killed after', ...(throws[call] ?? (Object.keys(errors) as Thrown[]))]
}
const reached = new Set<string>()
const cases: Case[] = []

t.test('without a fault every scenario ends as it should', async t => {
  for (const scenario of scenarios) {
    const life = await new Life(scenario, []).lived()
    await ends(t, scenario, [], life)
    for (const at of [...life.seen.keys()].filter(isBusy)) {
      reached.add(at)
      cases.push({ scenario, faults: [{ at, how: 'killed before' }] })
    }
  }
})

t.test('killed at its first call of each kind in each state, it ends as without the kill', async t => {
  await eachCase([...cases], 4, async ({ scenario, faults }) => {
    const life = await new Life(scenario, faults).lived()
    await ends(t, scenario, faults, life)
    for (const [at, after] of life.seen)
      if (after === 1 && isBusy(at) && !reached.has(at)) {
        reached.add(at)
        cases.push({ scenario, faults: [...faults, { at, how: 'killed before' }] })
      }
  })
})

t.test('every state of the table has been in it, and every wish of each state', async t => {
  for (const state of busyStates)
    t.ok(
      [...reached].some(at => at.startsWith(`${state} `)),
      state,
    )
  for (const [state, wish] of wishes()) {
    const call = firstCall[wish as keyof typeof firstCall]
    if (call === undefined) continue
    t.ok(reached.has(`${state} ${call}`), `${state}: ${wish}`)
  }
})

t.test('killed after it, or failing, every call leads to an end that is told truly', async t => {
  const all = cases.flatMap(({ scenario, faults }) => {
    const [at, before] = [faults.at(-1)?.at ?? '', faults.slice(0, -1)]
    return howsAt(at)
      .slice(before.length === 0 ? 1 : 0)
      .map(how => ({ scenario, faults: [...before, { at, how }] }))
  })
  let draw = seed
  const fraction = (): number => {
    draw = (Math.imul(draw, 48_271) >>> 0) % 2_147_483_647
    return draw / 2_147_483_647
  }
  const chosen = sampled(all, 120, fraction)
  await eachCase(chosen, 4, async ({ scenario, faults }) => {
    await ends(t, scenario, faults, await new Life(scenario, faults).lived())
  })
  t.comment(`${chosen.length} of ${all.length} faults at ${reached.size} calls`)
})

async function ends(t: Test, scenario: Scenario, faults: readonly Fault[], life: Life): Promise<void> {
  const { device } = life
  const label = `${scenario.name}: ${faults.map(({ at, how }) => `${at}, ${how}`).join('; ')}`
  const problems: string[] = []
  const claim = (holds: boolean, words: string): void => void (holds || problems.push(words))
  claim(life.happened === faults.length, `${life.happened} faults happened`)
  const running = device.disk.runningImage('main')
  const isNew = running?.equals(newImage) === true
  claim(isNew || running?.equals(oldImage) === true, 'neither the old nor the new image')
  const { version, digest = '' } = device.broker.hellos.at(-1)?.components[0] ?? {}
  // An image that could not be read is not said to be what it should be.
  const digests = [
    sha256Hex(isNew ? newImage : oldImage),
    ...(faults.at(-1)?.at.endsWith('hash') ? ['0'.repeat(64)] : []),
  ]
  claim(version === (isNew ? '2.0.0' : '1.0.0') && digests.includes(digest), `said ${version} ${digest}`)
  const codes = device.broker.codes()
  const last = faults.at(-1)
  const isKill = last === undefined || last.how.startsWith('killed')
  const asPlanned = codes.join() === scenario.codes.join() && isNew !== scenario.codes.includes('UPD4_FAIL_40')
  if (isKill)
    claim(asPlanned, `${isNew ? 'new' : 'old'} image, told ${codes} ${JSON.stringify(device.broker.lastData())}`)
  else if (!asPlanned) {
    // What cannot be taken back stays, and that is what is told.
    const stays = device.broker.lastData()?.reason === 'roll-back-failed'
    claim(
      isNew === stays && codes.length === 1 && /^UPD4_FAIL_/.test(codes[0] ?? ''),
      `${isNew ? 'new' : 'old'}, told ${codes}`,
    )
    const [state = '', call = ''] = last.at.split(' ')
    const early = ['accepting', 'downloading', 'verifying'].includes(state)
    const expected =
      { 'authorization.download': 'UPD4_FAIL_38', 'authorization.install': 'UPD4_FAIL_37' }[call] ??
      failureOf(errors[last.how as Thrown]()).code
    if (early) claim(codes[0] === expected, `told ${codes}, expected ${expected}`)
  }
  const { memory, outbox } = device.disk.durable
  claim(memory?.state.kind === 'idle', `ended in ${memory?.state.kind}`)
  claim(outbox.length === 0, `${outbox.length} events never told`)
  await settle()
  await device.stop()
  // Who was killed could not take its timers with it.
  if (faults.every(({ how }) => !how.startsWith('killed')))
    claim(device.clock.timerCount === 0, 'a timer is left behind')
  t.strictSame(problems, [], label)
}
