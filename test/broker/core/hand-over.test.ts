// From a target to a hand-over: who is found, who gets no traffic, and who gets a permit.
import t from 'tap'
import { step } from '../../../broker/core/operation.ts'
import { concurrencyLimit, policyDefaults } from '../../../broker/core/policy.ts'
import type { Operation } from '../../../broker/core/records.ts'
import { freePermits } from '../../../broker/core/rollout.ts'
import { deviceId } from '../../../proto/ids.ts'
import { commandSubject, deviceOf, kim, type Machine, machine, made, names, oldDigest, updated } from './machine.ts'

t.test('who is found: unknown SYS_101, other vendor SYS_102, at the target SYS_110, quarantined SYS_109', async t => {
  const at = 2000
  const expanding = made()
  const targets = [
    { device: deviceId('a') },
    { device: deviceId('b'), registered: deviceOf('b', '1.0.0', oldDigest, { vendorId: 'ff'.repeat(16) }) },
    { device: deviceId('c'), registered: updated('c') },
    // The version alone is not the state that is wanted.
    { device: deviceId('d'), registered: deviceOf('d', '2.0.0', oldDigest) },
    { device: deviceId('e'), registered: deviceOf('e', '1.0.0', oldDigest, { quarantinedAt: 7 }) },
    { device: deviceId('f'), registered: deviceOf('f') },
  ]
  const { operation, executions, events, effects } = step(expanding, { kind: 'targets-found', at, targets, more: true })
  t.strictSame(
    executions.map(({ execution: { device, state, code, errorReason, attempt } }) => [
      device,
      state,
      code,
      errorReason,
      attempt,
    ]),
    [
      ['a', 'failed', 'SYS_101', 'not-found', 0],
      ['b', 'failed', 'SYS_102', 'error', 0],
      ['c', 'skipped', 'SYS_110', undefined, 0],
      ['d', 'pending', undefined, undefined, 0],
      ['e', 'skipped', 'SYS_109', 'error', 0],
      ['f', 'pending', undefined, undefined, 0],
    ],
  )
  t.strictSame(
    events.map(({ device, code, type }) => `${device} ${code} ${type}`),
    [
      'a SYS_108 INFO',
      'a SYS_101 FAIL',
      'b SYS_108 INFO',
      'b SYS_102 FAIL',
      'c SYS_108 INFO',
      'c SYS_110 SKIPPED',
      'd SYS_108 INFO',
      'e SYS_108 INFO',
      'e SYS_109 INFO',
      'f SYS_108 INFO',
    ],
  )
  t.strictSame(effects, [], 'none of them gets traffic')
  t.strictSame(operation.sweep, { kind: 'expand', after: 'f' })
  t.equal(operation.counts.total, 6)
})

t.test('a page whose last devices are no targets is not read again', async t => {
  const { operation } = step(made(), { kind: 'targets-found', at: 2000, targets: [], more: true, upTo: deviceId('zz') })
  t.strictSame(operation.sweep, { kind: 'expand', after: 'zz' })
})

t.test('targets found while stopping end at once with SYS_103, so that the sum is that of all sensors', async t => {
  const stopping: Operation = { ...made(), state: 'stopping', stopRequestedAt: 1 }
  const found = step(stopping, {
    kind: 'targets-found',
    at: 2000,
    targets: [{ device: deviceId('sensor-1'), registered: deviceOf('sensor-1') }],
    more: false,
  })
  t.equal(found.executions[0]?.execution.code, 'SYS_103')
  t.strictSame(found.operation.sweep, { kind: 'skip-pending' }, 'those found before are gone over')
})

t.test('an operation without targets completes as soon as it knows', async t => {
  const { operation } = step(made(), { kind: 'targets-found', at: 2000, targets: [], more: false })
  t.equal(operation.state, 'completed')
  t.equal(operation.completedAt, 2000)
})

t.test(
  'what the device took back though it is wanted is offered as a new attempt, so the two do not repeat themselves',
  async t => {
    const one = machine({}, ['a'])
    one.ready('a')
    t.match(one.step('a', 'withdrawn').effects, [{ kind: 'offer', execution: { attempt: 2, step: 'offered' } }])
  },
)

t.test('a device that knows nothing of the offer gets it again, but not as the answer to its own answer', async t => {
  const one = machine({}, ['a'])
  one.ready('a')
  t.strictSame(one.feed({ ...helloAgain(one), repeated: true }).effects, [], 'the offer may be on its way still')
  t.match(one.hello('a').effects, [{ kind: 'offer', execution: { attempt: 1, step: 'offered' } }])
  one.step('a', 'downloading')
  t.match(one.feed({ ...helloAgain(one), repeated: true }).effects, [{ kind: 'offer' }], 'it had it and has lost it')
})

function helloAgain(one: Machine) {
  const hello = { kind: 'device-said-hello', underWay: false, chance: 0.5 } as const
  return { ...hello, execution: one.of('a'), device: deviceOf('a') }
}

t.test('who gets no traffic when its turn comes', async t => {
  const prerequisites = [{ component: 'boot', versionLeast: '1.2.0' }]
  const boot = (version: string) => ({
    components: [
      { name: 'main', version: '1.0.0', digest: oldDigest },
      { name: 'boot', version, digest: oldDigest },
    ],
  })

  t.test('a prerequisite is looked at when the turn comes: what the device lacks is told', async t => {
    const one = machine({ prerequisites }, ['a', 'b', 'c'])
    t.equal(one.of('a').state, 'pending', 'until then it may still get it')
    one.feed({ kind: 'device-ready', execution: one.of('a'), device: deviceOf('a') })
    one.feed({ kind: 'device-ready', execution: one.of('b'), device: deviceOf('b', '1.0.0', oldDigest, boot('1.1.9')) })
    const last = one.feed({
      kind: 'device-ready',
      execution: one.of('c'),
      device: deviceOf('c', '1.0.0', oldDigest, boot('1.2.0')),
    })
    t.match(one.of('a'), {
      state: 'skipped',
      code: 'SYS_109',
      errorReason: 'error',
      data: { reason: 'prerequisite', component: 'boot', expected: '1.2.0', actual: 'absent' },
    })
    t.match(one.of('b'), { state: 'skipped', data: { actual: '1.1.9' } })
    t.strictSame(
      last.effects.map(({ kind }) => kind),
      ['offer'],
    )
  })

  t.test('already there, another vendor, quarantined meanwhile', async t => {
    const one = machine({}, ['a', 'b', 'c'])
    const ready = (name: string, device: ReturnType<typeof deviceOf>) =>
      one.feed({ kind: 'device-ready', execution: one.of(name), device })
    ready('a', updated('a'))
    ready('b', deviceOf('b', '1.0.0', oldDigest, { vendorId: 'ff'.repeat(16) }))
    ready('c', deviceOf('c', '1.0.0', oldDigest, { quarantinedAt: 1 }))
    t.strictSame(
      ['a', 'b', 'c'].map(name => [one.of(name).state, one.of(name).code, one.of(name).attempt]),
      [
        ['skipped', 'SYS_110', 0],
        ['failed', 'SYS_102', 0],
        ['skipped', 'SYS_109', 0],
      ],
    )
    t.strictSame(
      one.decisions.flatMap(({ effects }) => effects),
      [],
    )
    t.equal(one.operation.state, 'completed')
  })

  t.test('a command asks for no vendor and no version', async t => {
    const one = machine({}, ['a'], { subject: commandSubject('report') })
    t.equal(
      one.feed({
        kind: 'device-ready',
        execution: one.of('a'),
        device: deviceOf('a', '9.9.9', oldDigest, { vendorId: 'ff'.repeat(16) }),
      }).effects.length,
      1,
    )
  })
})

t.test('permits', async t => {
  const withTotal = (policy: Parameters<typeof made>[0], total: number): Operation => {
    const operation = made(policy)
    return { ...operation, counts: { ...operation.counts, total } }
  }

  t.test('absolute, or a share rounded up and at least one; of both the smaller', async t => {
    t.equal(concurrencyLimit(withTotal({ concurrency: 7 }, 1000)), 7)
    const both = { concurrency: 500, concurrencyPercent: 25 }
    for (const [total, limit] of [
      [0, 1],
      [3, 1],
      [4, 1],
      [5, 2],
      [1999, 500],
      [2004, 500],
      [10_000, 500],
    ] as const)
      t.equal(concurrencyLimit(withTotal(both, total)), limit, `${total} targets`)
  })

  t.test('by default the smaller of a quarter and 500', async t => {
    const { concurrency, concurrencyPercent } = policyDefaults
    t.strictSame({ concurrency, concurrencyPercent }, { concurrency: 500, concurrencyPercent: 25 })
  })

  t.test('a permit is free again only when an execution has ended or waits for a retry', async t => {
    const one = machine({ concurrency: 2 }, names(4))
    t.strictSame(one.ready(...names(4)), ['s001', 's002'])
    t.equal(freePermits(one.operation), 0)
    one.step('s001', 'rebooting')
    t.strictSame(one.ready('s003'), [], 'a step frees nothing')
    one.succeed('s001')
    one.fail('s002', 'UPD4_FAIL_31')
    t.strictSame(one.ready('s003', 's004'), ['s003', 's004'])
  })

  t.test('a limit lowered while it runs hands out nothing until so many have ended', async t => {
    const one = machine({ concurrency: 3 }, names(6))
    one.ready('s001', 's002', 's003')
    one.feed({ kind: 'edited', policy: { ...one.operation.policy, concurrency: 1 } })
    one.succeed('s001', 's002')
    t.strictSame(one.ready('s004'), [])
    one.succeed('s003')
    t.strictSame(one.ready('s004', 's005'), ['s004'])
  })

  t.test('an offline device takes no permit: its turn is noted once, it is offered at its hello', async t => {
    const one = machine({ concurrency: 1 }, names(2))
    t.match(one.unreachable('s001').events, [
      { code: 'SYS_100', type: 'INFO', category: 'INFO', stateChange: false, data: { reason: 'offline' } },
    ])
    t.strictSame(one.unreachable('s001').events, [])
    t.equal(one.operation.counts.inProgress, 0)
    t.equal(one.of('s001').state, 'pending')
    t.strictSame(one.ready('s001'), ['s001'])
  })

  t.test('offlinePolicy skip: it ends when its turn comes, and not before', async t => {
    const one = machine({ concurrency: 1, offlinePolicy: 'skip' }, names(3))
    one.ready('s001')
    t.equal(one.unreachable('s002').executions[0]?.execution.state, 'pending', 'no permit: its turn has not come')
    one.succeed('s001')
    const { executions, events } = one.unreachable('s002')
    t.match(executions[0]?.execution, { state: 'skipped', code: 'SYS_100', errorReason: 'unresponsive' })
    t.equal(executions[0]?.execution.provisional, undefined, 'it was never handed anything')
    t.match(events, [{ code: 'SYS_100', type: 'FAIL', stateChange: true }])
    one.feed({ kind: 'pause-requested', by: kim })
    t.strictSame(one.unreachable('s003').executions, [], 'in a paused operation it is nobody’s turn')
  })
})

t.test('what the download took is told in the final event, whatever else the device says with its step', async t => {
  const one = machine({}, ['a'])
  one.ready('a')
  one.step('a', 'verifying', { held_bytes: '900', received_bytes: '100', wire_bytes: '60', note: 'x' })
  one.step('a', 'rebooting', { held_bytes: 'many' })
  const took = { held_bytes: '900', received_bytes: '100', wire_bytes: '60' }
  t.strictSame(one.hello('a', updated('a')).events.at(-1)?.data, took)
  t.match(one.of('a'), { state: 'completed', code: 'SYS_112', data: took })
})
