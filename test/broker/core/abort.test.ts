// What is done about failures by itself: their classes, abort rules, and the quarantine of a device that fails everywhere.
import t from 'tap'
import { quarantineDefaults, released, withFailure, withoutFailure } from '../../../broker/core/device.ts'
import { failureClasses, failureClassOf } from '../../../broker/core/failure-classes.ts'
import { operationIdOf, rollbackOf } from '../../../broker/core/new-operation.ts'
import { type Match, policyDefaults } from '../../../broker/core/policy.ts'
import { type DeviceCode, type EventCode, eventCodeNames } from '../../../proto/event-codes.ts'
import { operationId } from '../../../proto/ids.ts'
import {
  day,
  deviceOf,
  kim,
  type Machine,
  machine,
  made,
  names,
  oldDigest,
  release,
  releaseSubject,
  start,
  targetDigest,
  waveOf,
} from './machine.ts'

const fail = (number: number): DeviceCode => `UPD4_FAIL_${number}` as DeviceCode

t.test('abort', async t => {
  const rule = (percent: number, minExecuted: number, kind: 'pause' | 'stop' = 'stop') =>
    ({ match: { kind: 'ALL' }, minExecuted, percent, action: { kind } }) as const
  const failAll = (one: Machine, code: DeviceCode, ...which: string[]) => {
    for (const name of which) one.fail(name, code)
  }

  t.test('it hits above the share, not at it, and from minExecuted on', async t => {
    const one = machine({ abort: [rule(50, 4)] }, names(8))
    one.ready(...names(6))
    failAll(one, 'UPD4_FAIL_31', 's001', 's002', 's003')
    t.equal(one.operation.state, 'running', 'three are too few to judge')
    one.succeed('s004')
    t.equal(one.operation.state, 'stopping', 'three of four')
    const even = machine({ abort: [rule(50, 4)] }, names(8))
    even.ready(...names(4))
    even.succeed('s001', 's002')
    failAll(even, 'UPD4_FAIL_31', 's003', 's004')
    t.equal(even.operation.state, 'running', 'two of four')
  })

  t.test('the first hit wins, and is recorded with its rule and counts', async t => {
    const abort = [rule(90, 1, 'pause'), rule(40, 2, 'pause'), rule(10, 2)]
    const one = machine({ abort }, names(5))
    one.ready(...names(5))
    one.succeed('s001')
    one.fail('s002', 'UPD4_FAIL_31')
    t.strictSame([one.operation.state, one.operation.pause?.by], ['paused', { kind: 'policy', rule: 'abort.1' }])
    t.match(one.audits.at(-1), {
      actor: { kind: 'policy', rule: 'abort.1' },
      action: 'operation.pause',
      data: { rule: 'abort.1', executed: 2, failed: 1, percent: 40, minExecuted: 2 },
    })
  })

  t.test('FAIL, TIMED_OUT, ALL, code lists and classes match what they say', async t => {
    const table: readonly [Match, string[]][] = [
      [{ kind: 'ALL' }, ['UPD4_FAIL_31', 'UPD4_FAIL_24', 'SYS_100']],
      [{ kind: 'FAIL' }, ['UPD4_FAIL_31', 'UPD4_FAIL_24']],
      [{ kind: 'TIMED_OUT' }, ['SYS_100']],
      [{ kind: 'codes', codes: ['UPD4_FAIL_24', 'UPD4_FAIL_41'] }, ['UPD4_FAIL_24']],
      [{ kind: 'class', class: 'network' }, ['UPD4_FAIL_24', 'SYS_100']],
      [{ kind: 'class', class: 'targeting' }, ['UPD4_FAIL_31']],
      [{ kind: 'class', class: 'security' }, []],
    ]
    const hits = (match: Match): string[] =>
      ['UPD4_FAIL_31', 'UPD4_FAIL_24', 'SYS_100'].filter(code => {
        const one = machine({ abort: [{ match, minExecuted: 1, percent: 0, action: { kind: 'stop' } }] }, names(2))
        one.ready('s001')
        if (code === 'SYS_100') one.deadline('s001', 'step')
        else one.fail('s001', code as DeviceCode)
        return one.operation.state === 'stopping'
      })
    for (const [which, codes] of table) t.strictSame(hits(which), codes, JSON.stringify(which))
  })

  t.test('it counts after retries are spent, and only what was handed over', async t => {
    const retries = [{ match: { kind: 'ALL' }, limit: 1, delaySeconds: 1, factor: 1, jitter: 0 }] as const
    const one = machine({ retries, abort: [rule(0, 1)], offlinePolicy: 'skip' }, names(4))
    one.ready('s001')
    one.fail('s001', 'UPD4_FAIL_24')
    one.unreachable('s002')
    t.strictSame([one.operation.state, one.operation.executed.executed], ['running', 0])
    one.advance(2000).ready('s001')
    one.fail('s001', 'UPD4_FAIL_24')
    t.equal(one.operation.state, 'stopping')
  })

  t.test('a person taking devices out is no failure', async t => {
    const one = machine({ abort: [rule(0, 1)] }, names(4))
    one.ready('s001', 's002')
    one.feed({ kind: 'device-removed', execution: one.of('s001') })
    one.step('s001', 'withdrawn')
    one.feed({ kind: 'device-deregistered', execution: one.of('s002') })
    t.equal(one.operation.state, 'running')
  })

  t.test('stop: the pending end with SYS_103, those in progress are told, nothing new is handed over', async t => {
    const one = machine({ abort: [rule(0, 1)] }, names(4))
    one.ready('s001', 's002')
    one.fail('s001', 'UPD4_FAIL_31')
    t.strictSame(one.operation.stoppedBy, { kind: 'policy', rule: 'abort.0' })
    t.strictSame(one.ready('s003'), [])
    one.sweep()
    t.strictSame([one.of('s003').code, one.of('s004').code], ['SYS_103', 'SYS_103'])
    const told = one.feed({
      kind: 'stop-requested',
      by: { kind: 'policy', rule: 'abort.0' },
      inProgress: one.inProgress,
    })
    t.match(told.effects, [{ kind: 'withdraw', execution: { device: 's002', step: 'withdrawing' } }])
    one.step('s002', 'withdrawn')
    t.equal(one.operation.state, 'stopped')
  })

  t.test('rollback: it asks for the release that was named, and is not over before that operation is made', async t => {
    const { release } = releaseSubject
    const abort = [
      { match: { kind: 'ALL' }, minExecuted: 1, percent: 0, action: { kind: 'rollback', release } },
    ] as const
    const one = machine({ abort }, ['a'])
    one.ready('a')
    one.fail('a', 'UPD4_FAIL_40')
    one.sweep()
    t.strictSame([one.operation.state, one.operation.rollback], ['stopping', { rule: 'abort.0', release }])
    t.match(one.audits.at(-1), { action: 'operation.rollback', data: { executed: 1, failed: 1 } })
    one.feed({ kind: 'rollback-made', operation: one.operation.id })
    t.equal(one.operation.state, 'stopped')
  })

  t.test('the default pauses at a single security or author failure in the first wave', async t => {
    for (const [code, state] of [
      ['UPD4_FAIL_23', 'paused'],
      ['UPD4_FAIL_26', 'paused'],
      ['UPD4_FAIL_22', 'paused'],
      ['UPD4_FAIL_31', 'running'],
      ['UPD4_FAIL_40', 'running'],
    ] as const) {
      const { abort } = policyDefaults
      const one = machine({ abort, waves: [waveOf(4, { errorPercent: 50, successPercent: 50 })] }, names(8))
      one.ready(...names(4))
      one.succeed('s001', 's002')
      one.fail('s003', code)
      t.equal(one.operation.state, state, code)
      const later = machine({ abort, waves: [waveOf(1)] }, names(4))
      later.ready('s001')
      later.succeed('s001')
      later.ready('s002')
      later.fail('s002', code)
      t.equal(later.operation.state, 'running', `${code} after the first wave`)
    }
  })

  t.test('after a resume from its pause a rule counts from there; a pause by hand forgives nothing', async t => {
    const one = machine({ abort: [rule(50, 2, 'pause')] }, names(9))
    one.ready(...names(9))
    failAll(one, 'UPD4_FAIL_31', 's001', 's002')
    t.equal(one.operation.state, 'paused')
    one.resume()
    one.fail('s003', 'UPD4_FAIL_31')
    t.equal(one.operation.state, 'running', 'one since then')
    one.feed({ kind: 'pause-requested', by: kim })
    one.fail('s004', 'UPD4_FAIL_31')
    one.resume()
    t.strictSame([one.operation.state, one.operation.pause?.by], ['paused', { kind: 'policy', rule: 'abort.0' }])
  })

  t.test('the last device has failed: there is nothing to pause, but a stop is a stop', async t => {
    const held = machine({ abort: [rule(0, 1, 'pause')] }, ['a'])
    held.ready('a')
    held.fail('a', 'UPD4_FAIL_31')
    t.strictSame([held.operation.state, held.audits], ['completed', []])
    const first = machine({ abort: [rule(0, 1, 'pause'), rule(50, 1)] }, ['a'])
    first.ready('a')
    first.fail('a', 'UPD4_FAIL_31')
    t.equal(first.operation.state, 'completed', 'the rule behind it is not asked: the first hit wins')
    const stopped = machine({ abort: [rule(0, 1)] }, ['a'])
    stopped.ready('a')
    stopped.fail('a', 'UPD4_FAIL_31')
    stopped.sweep()
    t.equal(stopped.operation.state, 'stopped')
  })
})

t.test(
  'the operation that rolls back: everybody it was handed to, at once, by nobody’s leave, and no prerequisite',
  async t => {
    const aborted = made({
      approval: true,
      waves: [waveOf(1)],
      offlinePolicy: 'skip',
      concurrency: 7,
      priority: 9,
      prerequisites: [{ component: 'boot', versionLeast: '1.0.0' }],
      schedule: { ...policyDefaults.schedule, startAt: start + day, endAt: start + 2 * day },
    })
    const id = operationId('1'.repeat(26))
    const back = rollbackOf(aborted, { ...release, version: '3.0.0' }, id, start + 5)
    t.match(back, {
      id,
      state: 'pending',
      openedAt: start + 5,
      targets: { kind: 'executions', operation: aborted.id, which: 'handed-over' },
      origin: { kind: 'rollback', operation: aborted.id },
      subject: { version: '3.0.0', vendorIds: releaseSubject.vendorIds },
      counts: { total: 0 },
      sweep: { kind: 'expand' },
    })
    t.match(back.policy, { offlinePolicy: 'wait', approval: false, concurrency: 7, priority: 9 })
    t.strictSame(
      [back.policy.waves, back.policy.prerequisites, back.policy.schedule],
      [[], [], policyDefaults.schedule],
    )
  },
)

t.test('ids sort by age, whatever chance adds', async t => {
  const ids = [0, 1, 35, 36, start, 4e12].map((at, index) =>
    operationIdOf(at, new Uint8Array(17).fill(255 - index * 40)),
  )
  t.strictSame([...ids].sort(), ids)
  t.equal(new Set(ids.map(one => one.length)).size, 1)
})

t.test('the failure classes are exactly those of the rules', async t => {
  const classes: Readonly<Record<string, readonly EventCode[]>> = {
    author: [21, 22, 25, 28, 29, 46, 48, 49].map(fail),
    security: [23, 26].map(fail),
    targeting: [30, 31, 39].map(fail),
    device: [33, 34, 35, 36, 44].map(fail),
    network: [...[24, 45].map(fail), 'SYS_100'],
    state: [27, 32].map(fail),
    consent: [37, 38].map(fail),
    image: [fail(40), 'SYS_111'],
    internal: [41, 42, 43, 47].map(fail),
  }
  t.strictSame([...failureClasses].sort(), Object.keys(classes).sort())
  for (const code of eventCodeNames) {
    const [named] = Object.entries(classes).find(([, codes]) => codes.includes(code)) ?? []
    t.equal(failureClassOf(code), named, code)
  }
})

t.test('quarantine: three different operations failed in 24 h, until a person releases the device', async t => {
  const of = (number: number) => operationId(String(number).repeat(26))
  const failing = (...at: readonly (readonly [number, number])[]) =>
    at.reduce((device, [number, time]) => withFailure(device, of(number), time, quarantineDefaults), deviceOf('a'))
  t.strictSame(quarantineDefaults, { failuresMax: 3, withinMs: day })
  t.equal(failing([1, 0], [2, 1]).quarantinedAt, undefined)
  t.equal(failing([1, 0], [2, 1], [3, 2]).quarantinedAt, 2)
  t.equal(failing([1, 0], [2, 1], [2, 2], [1, 3]).quarantinedAt, undefined, 'different operations')
  t.equal(failing([1, 0], [2, 1], [3, day]).quarantinedAt, undefined, 'the first is a day old')
  t.equal(failing([1, 0], [2, 1], [3, day - 1]).quarantinedAt, day - 1)
  t.equal(failing([1, 0], [2, 1], [3, 2], [4, 3]).quarantinedAt, 2, 'since when stays')
  t.equal(
    withFailure(withoutFailure(failing([1, 0], [2, 1]), of(2)), of(3), 2, quarantineDefaults).quarantinedAt,
    undefined,
  )
  const free = released(failing([1, 0], [2, 1], [3, 2]))
  t.strictSame([free.quarantinedAt, free.failures], [undefined, undefined], 'it begins anew')
  const never = { failuresMax: 0, withinMs: day }
  t.equal(
    [1, 2, 3, 4, 5].reduce((device, number) => withFailure(device, of(number), number, never), deviceOf('a'))
      .quarantinedAt,
    undefined,
    '0: no quarantine',
  )
  const many = Array.from({ length: 30 }, (_, number) => number + 10)
  const device = many.reduce(
    (one, number) => withFailure(one, operationId(String(number).padStart(26, '0')), number, never),
    deviceOf('a'),
  )
  t.ok((device.failures?.length ?? 0) <= 8, 'what is remembered has a limit')
})

t.test('a quarantined device is skipped by new operations, and works through the one it is in', async t => {
  const one = machine({}, ['a'])
  one.ready('a')
  one.hello('a', deviceOf('a', '2.0.0', targetDigest, { quarantinedAt: 5 }))
  t.match(one.of('a'), { state: 'completed' })
  const held = machine({}, ['b', 'c'])
  held.feed({ kind: 'pause-requested', by: kim })
  held.resume()
  held.feed({
    kind: 'device-ready',
    execution: held.of('b'),
    device: deviceOf('b', '1.0.0', oldDigest, { quarantinedAt: 5 }),
  })
  t.match(held.of('b'), { state: 'skipped', code: 'SYS_109', data: { reason: 'quarantined' }, errorReason: 'error' })
})
