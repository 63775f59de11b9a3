// What follows a failure of one device: another attempt or the end, and the word that replaces a provisional one.
import t from 'tap'
import { policyDefaults, type RetryRule } from '../../../broker/core/policy.ts'
import { type DeviceCode, type EventCode, eventCodeNames } from '../../../proto/event-codes.ts'
import {
  commandSubject,
  day,
  deviceOf,
  type Machine,
  machine,
  minute,
  oldDigest,
  targetDigest,
  updated,
} from './machine.ts'

const twice: readonly RetryRule[] = [{ match: { kind: 'ALL' }, limit: 2, delaySeconds: 60, factor: 3, jitter: 0 }]
const fail = (number: number): DeviceCode => `UPD4_FAIL_${number}` as DeviceCode

/** How often the default policy tries again after this failure, over and over. */
function retriesOf(code: DeviceCode | 'SYS_100' | 'SYS_111'): number {
  const { retries } = policyDefaults
  const one = machine({ retries }, ['a'])
  let count = -1
  for (; one.of('a').state === 'pending' && count < 20; count += 1) {
    one.advance(day).ready('a')
    if (code === 'SYS_100') one.deadline('a', 'step')
    else if (code === 'SYS_111') one.deadline('a', 'confirm')
    else one.fail('a', code)
  }
  return count
}

t.test('the default policy tries again exactly as the rules say', async t => {
  const retried: Readonly<Record<string, number>> = {
    ...Object.fromEntries([fail(24), 'SYS_100', fail(34), fail(35), fail(36)].map(code => [code, 2])),
    // Once by pull, which no rule counts.
    [fail(45)]: 3,
    ...Object.fromEntries([26, 47, 41, 43].map(number => [fail(number), 1])),
  }
  for (const code of eventCodeNames) {
    if (!code.startsWith('UPD4') && code !== 'SYS_100' && code !== 'SYS_111') continue
    t.equal(retriesOf(code as DeviceCode), retried[code] ?? 0, code)
  }
  // 25, 32 and 42 of a delta: manifest-choice.test.ts.
})

t.test('a retry waits its time, takes a permit again, and is told to log and audit', async t => {
  const one = machine({ retries: twice, concurrency: 1 }, ['a', 'b'])
  one.ready('a')
  const { events, audits } = one.fail('a', 'UPD4_FAIL_24')
  t.match(events, [
    {
      code: 'UPD4_FAIL_24',
      type: 'FAIL',
      changes: { state: { from: 'in-progress', to: 'pending' } },
      data: { retry: '1', retry_rule: 'retries.0' },
    },
  ])
  t.match(audits, [
    {
      actor: { kind: 'policy', rule: 'retries.0' },
      action: 'execution.retry',
      data: { device: 'a', code: 'UPD4_FAIL_24', retry: 1 },
    },
  ])
  t.equal(one.of('a').notBefore, one.at + minute)
  t.equal(one.operation.retryingCount, 1)
  t.strictSame(one.advance(minute - 1).ready('a', 'b'), ['b'], 'not yet, and its permit is free for others')
  t.strictSame(one.advance(1).ready('a'), [], 'no permit')
  one.succeed('b')
  t.strictSame(one.ready('a'), ['a'])
  t.match(one.of('a'), { attempt: 2, handedOverAt: one.at, answered: false })
  one.fail('a', 'UPD4_FAIL_35')
  t.equal(one.of('a').notBefore, one.at + 3 * minute, 'each delay is longer by the factor')
  one.advance(day).ready('a')
  one.fail('a', 'UPD4_FAIL_24')
  t.match(one.of('a'), { state: 'failed', code: 'UPD4_FAIL_24', attempt: 3 })
  t.equal(one.of('a').lastFailure, undefined)
})

t.test(
  'after a broadcast that failed the update is offered again at once, to be pulled, and no rule counts it',
  async t => {
    const one = machine({ retries: twice }, ['a'])
    one.ready('a')
    const { events, audits } = one.fail('a', fail(45), { data: { reason: 'aborted' } })
    const told = { reason: 'aborted', retry: '1', retry_rule: 'delivery.retryByPull' }
    t.match(events, [{ code: fail(45), changes: { state: { from: 'in-progress', to: 'pending' } }, data: told }])
    const actor = { kind: 'policy', rule: 'delivery.retryByPull' }
    t.match(audits, [{ actor, action: 'execution.retry', data: { device: 'a', code: fail(45), retry: 1 } }])
    t.match(one.of('a'), { pullOnly: true, notBefore: one.at, lastFailure: { code: fail(45), final: true } })
    t.notOk(Object.hasOwn(one.of('a'), 'retries'))
    t.equal(one.operation.retryingCount, 1)
    t.strictSame(one.ready('a'), ['a'], 'it takes a permit like any other')
    t.match(one.of('a'), { attempt: 2, pullOnly: true })
    for (const number of [1, 2]) {
      one.fail('a', fail(45))
      t.match(one.of('a'), { state: 'pending', retries: { 0: number } }, 'from then on the rules decide')
      one.advance(day).ready('a')
    }
    one.fail('a', fail(45))
    t.match(one.of('a'), { state: 'failed', code: fail(45), attempt: 4, pullOnly: true })
  },
)

t.test('a broadcast that failed is not offered again where the policy or a person says so', async t => {
  const no = machine({ delivery: { transport: 'auto', retryByPull: false } }, ['a'])
  no.ready('a')
  no.fail('a', fail(45))
  t.match(no.of('a'), { state: 'failed', code: fail(45) })
  t.notOk(Object.hasOwn(no.of('a'), 'pullOnly'))
  const stopped = machine({}, ['a', 'b'])
  stopped.ready('a', 'b')
  stopped.fail('a', fail(45), { data: { reason: 'aborted' } })
  stopped.stop()
  stopped.fail('b', fail(45))
  stopped.sweep()
  t.match(stopped.of('a'), { state: 'failed', code: fail(45), data: { reason: 'aborted' } }, 'the retry is dropped')
  t.match(stopped.of('b'), { state: 'failed', code: fail(45) }, 'and no other is made')
})

t.test('abort rules judge a failed broadcast only where the device ends so', async t => {
  const abort = [{ match: { kind: 'ALL' }, minExecuted: 1, percent: 0, action: { kind: 'pause' } }] as const
  const one = machine({ abort }, ['a', 'b'])
  one.ready('a')
  one.fail('a', fail(45))
  t.equal(one.operation.state, 'running')
  t.equal(one.operation.executed.executed, 0)
  one.ready('a')
  one.fail('a', fail(45))
  t.equal(one.operation.state, 'paused')
  t.match(one.operation.executed, { executed: 1, failedByCode: { [fail(45)]: 1 } })
})

t.test('the delay is spread by the jitter, on both sides', async t => {
  for (const [chance, seconds] of [
    [0, 80],
    [0.5, 100],
    [0.9999999, 120],
  ] as const) {
    const retries = [{ match: { kind: 'ALL' }, limit: 1, delaySeconds: 100, factor: 1, jitter: 0.2 }] as const
    const one = machine({ retries }, ['a'])
    one.chance = chance
    one.ready('a')
    one.fail('a', 'UPD4_FAIL_24')
    t.equal(one.of('a').notBefore, one.at + seconds * 1000)
  }
})

t.test('the first rule that matches decides, and each rule counts its own', async t => {
  const rule = (code: EventCode, limit: number): RetryRule => ({
    match: { kind: 'codes', codes: [code] },
    limit,
    delaySeconds: 1,
    factor: 1,
    jitter: 0,
  })
  const one = machine({ retries: [rule('UPD4_FAIL_24', 1), rule('UPD4_FAIL_35', 1), ...twice] }, ['a'])
  const codes = ['UPD4_FAIL_24', 'UPD4_FAIL_35', 'UPD4_FAIL_24'] as const
  const states = codes.map(code => {
    one.advance(day).ready('a')
    one.fail('a', code)
    return one.of('a').state
  })
  t.strictSame(states, ['pending', 'pending', 'failed'], 'the general rule behind is not asked')
})

t.test('the end of a retry that is dropped is the failure it had', async t => {
  const given = (how: (one: Machine) => void, policy = {}) => {
    const one = machine({ retries: twice, ...policy }, ['a', 'b'])
    one.ready('a', 'b')
    one.fail('a', 'UPD4_FAIL_24', { data: { reason: 'slow' } })
    how(one)
    return one
  }
  const ended = { state: 'failed', code: 'UPD4_FAIL_24', data: { reason: 'slow' }, errorReason: 'error' }
  const stop = (one: Machine): void => {
    one.stop()
    one.sweep()
  }
  t.match(given(stop).of('a'), ended, 'stop')
  const end = { schedule: { ...policyDefaults.schedule, endAt: 5_000_000 } }
  t.match(
    given(one => {
      one.advance(day).clock()
      one.sweep()
    }, end).of('a'),
    ended,
    'end of the schedule',
  )
  t.match(
    given(one => {
      one.advance(day)
      one.feed({
        kind: 'device-ready',
        execution: one.of('a'),
        device: deviceOf('a', '1', oldDigest, { quarantinedAt: 1 }),
      })
    }).of('a'),
    ended,
    'quarantined meanwhile',
  )
  t.match(given(one => one.advance(day).unreachable('a'), { offlinePolicy: 'skip' }).of('a'), ended, 'gone, with skip')
  t.match(
    given(one => one.unreachable('a'), { offlinePolicy: 'skip' }).of('a').state,
    'pending',
    'its turn comes after the delay',
  )
  const abort = [
    { match: { kind: 'codes', codes: ['UPD4_FAIL_31'] }, minExecuted: 1, percent: 0, action: { kind: 'stop' } },
  ] as const
  const aborted = given(
    one => {
      one.fail('b', 'UPD4_FAIL_31')
      one.sweep()
    },
    { abort, retries: [{ ...twice[0], match: { kind: 'class', class: 'network' } }] },
  )
  t.match(aborted.of('a'), ended, 'abort')
  t.match(aborted.operation.executed.failedByCode, { UPD4_FAIL_24: 1, UPD4_FAIL_31: 1 })
})

t.test('a dropped retry is as final as the word it ends with', async t => {
  const one = machine({ retries: twice }, ['a', 'b', 'c'], { subject: commandSubject('report') })
  one.ready('a', 'b', 'c')
  one.step('a', 'failed', { reason: 'no-handler' })
  one.deadline('b', 'step')
  one.stop()
  one.sweep()
  t.match(one.of('a'), { state: 'failed', code: 'SYS_111', data: { reason: 'no-handler' } })
  t.equal(one.of('a').provisional, undefined, 'the device said so itself')
  t.match(one.of('b'), { state: 'failed', code: 'SYS_100', provisional: true })
})

t.test('nothing is tried again in an operation that stops, has closed, or gives the device up', async t => {
  const stopping = machine({ retries: twice }, ['a', 'b'])
  stopping.ready('a', 'b')
  stopping.feed({ kind: 'device-removed', execution: stopping.of('b') })
  stopping.fail('b', 'UPD4_FAIL_24')
  t.match(stopping.of('b'), { state: 'failed', code: 'UPD4_FAIL_24' }, 'removed')
  stopping.stop()
  stopping.fail('a', 'UPD4_FAIL_24')
  t.match(stopping.of('a'), { state: 'failed', code: 'UPD4_FAIL_24' })
  const schedule = { ...policyDefaults.schedule, endAt: 2_000_000 }
  const closed = machine({ retries: twice, schedule }, ['a'])
  closed.ready('a')
  closed.advance(day).clock()
  closed.fail('a', 'UPD4_FAIL_24')
  t.match(closed.of('a'), { state: 'failed', code: 'UPD4_FAIL_24' })
})

t.test(
  'an attempt the broker gave up: what the device says of it afterwards takes its place, and counts once',
  async t => {
    const given = (): Machine => {
      const one = machine({ retries: twice }, ['a'])
      one.ready('a')
      t.match(one.deadline('a', 'step').events, [{ code: 'SYS_100', type: 'INFO' }])
      return one
    }
    const failedOnce = given()
    const { events } = failedOnce.fail('a', 'UPD4_FAIL_24')
    t.match(events, [
      { code: 'UPD4_FAIL_24', stateChange: false, changes: { code: { from: 'SYS_100', to: 'UPD4_FAIL_24' } } },
    ])
    t.match(failedOnce.of('a'), {
      state: 'pending',
      retries: { 0: 1 },
      lastFailure: { code: 'UPD4_FAIL_24', final: true },
    })
    t.match(failedOnce.fail('a', 'UPD4_FAIL_35').events, [{ data: { late: 'true' } }], 'its second word is late')
    t.equal(failedOnce.of('a').retries?.[0], 1)

    const done = given()
    done.fail('a', 'UPD2_OK_18', { digest: targetDigest })
    t.match(done.of('a'), { state: 'completed', code: 'UPD2_OK_18', updatedVersion: '2.0.0' })
    t.equal(done.operation.retryingCount, 0)

    const back = given()
    back.succeed('a')
    t.match(back.of('a'), { state: 'completed', code: 'SYS_112' })
    t.equal(back.operation.state, 'completed')

    const stopped = given()
    stopped.stop()
    stopped.sweep()
    t.match(
      stopped.events.at(-1),
      { code: 'SYS_100', type: 'FAIL' },
      'the broker’s word that ends it is logged as its end',
    )
  },
)

t.test('the word of an attempt before counts only when it says that the wanted image is installed', async t => {
  const second = (): Machine => {
    const one = machine({ retries: twice }, ['a'])
    one.ready('a')
    one.deadline('a', 'step')
    one.advance(day).ready('a')
    return one
  }
  const failedBefore = second()
  t.match(failedBefore.fail('a', 'UPD4_FAIL_35', { attempt: 1 }).events, [
    { stateChange: false, data: { late: 'true' } },
  ])
  t.equal(failedBefore.of('a').state, 'in-progress')
  const unsaid = second()
  unsaid.fail('a', 'UPD2_OK_18', { attempt: 1 })
  t.equal(unsaid.of('a').state, 'in-progress', 'which image, it does not say')
  const installed = second()
  installed.fail('a', 'UPD2_OK_18', { attempt: 1, digest: targetDigest })
  t.match(installed.of('a'), { state: 'completed', code: 'UPD2_OK_18' })
})

t.test('provisional: SYS_100, SYS_104 and SYS_111 of the broker, nothing else', async t => {
  const ends: Readonly<Record<string, (one: Machine) => void>> = {
    'SYS_100 step': one => one.deadline('a', 'step'),
    'SYS_100 in-progress': one => one.deadline('a', 'in-progress'),
    'SYS_100 operation': one => one.feed({ kind: 'operation-timed-out', inProgress: [one.of('a')] }),
    'SYS_111 confirm': one => one.deadline('a', 'confirm'),
    'SYS_111 hello': one => {
      one.step('a', 'rebooting')
      one.hello('a')
    },
    'SYS_104 stop': one => {
      one.stop()
      one.deadline('a', 'stop')
    },
  }
  for (const [name, end] of Object.entries(ends)) {
    const given = (): Machine => {
      const one = machine({}, ['a', 'b'])
      one.ready('a', 'b')
      end(one)
      // `b` keeps the operation from its end.
      t.match(one.of('a'), { state: 'failed', code: name.slice(0, 7), provisional: true }, name)
      return one
    }
    const corrected = given()
    corrected.fail('a', 'UPD4_FAIL_40', { version: '1.0.0' })
    t.match(corrected.of('a'), { state: 'failed', code: 'UPD4_FAIL_40', updatedVersion: '1.0.0', errorReason: 'error' })
    t.equal(corrected.of('a').provisional, undefined)
    t.match(corrected.fail('a', 'UPD2_OK_18', { digest: targetDigest }).events, [{ data: { late: 'true' } }], 'once')
    const well = given()
    well.succeed('a')
    t.match(well.of('a'), { state: 'completed', code: 'SYS_112' })
    t.equal(well.of('a').errorReason, undefined)
    const still = given()
    still.hello('a')
    still.step('a', 'downloading')
    t.match(still.of('a'), { state: 'failed', provisional: true }, 'an old version or a step is no result')
  }
  const own = machine({}, ['a', 'b'])
  own.ready('a', 'b')
  own.fail('a', 'UPD4_FAIL_31')
  own.fail('a', 'UPD4_FAIL_40')
  t.equal(own.of('a').code, 'UPD4_FAIL_31', 'the device’s own word stands')
})

t.test('provisional: "may still update" gives way to the device’s word that it will not', async t => {
  const one = machine({}, ['a', 'b'])
  one.ready('a', 'b')
  one.stop()
  one.deadline('a', 'stop')
  one.step('a', 'withdrawn')
  t.match(one.of('a'), { state: 'skipped', code: 'SYS_103', errorReason: 'stopped' })
})

t.test(
  'provisional: from the end of the operation on all is frozen, a late result is an event with data.late',
  async t => {
    const one = machine({}, ['a'])
    one.ready('a')
    one.deadline('a', 'step')
    t.equal(one.operation.state, 'completed')
    const before = JSON.stringify(one.operation)
    t.match(one.fail('a', 'UPD2_OK_18', { digest: targetDigest }), {
      executions: [],
      events: [{ code: 'UPD2_OK_18', type: 'SUCCESS', stateChange: false, changes: {}, data: { late: 'true' } }],
    })
    t.strictSame(one.hello('a', updated('a')).executions, [])
    t.equal(JSON.stringify(one.operation), before)
  },
)

t.test('an image other than the wanted one is SYS_111, whatever the device calls it', async t => {
  const one = machine({}, ['a', 'b'])
  one.ready('a', 'b')
  one.fail('a', 'UPD2_OK_18', { digest: oldDigest })
  t.match(one.of('a'), { state: 'failed', code: 'SYS_111', data: { expected: targetDigest, actual: oldDigest } })
  one.hello('b', deviceOf('b', '2.0.0', oldDigest))
  t.equal(one.of('b').state, 'in-progress', 'the version without the digest is no success')
})
