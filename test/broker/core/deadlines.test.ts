// Timers and schedule of an operation, each line of the rules as a sentence.
import t from 'tap'
import type { Schedule } from '../../../broker/core/policy.ts'
import { executionDeadline, operationDeadline, policyDefaults } from '../../../broker/core/policy.ts'
import { deviceId } from '../../../proto/ids.ts'
import {
  day,
  deviceOf,
  kim,
  lee,
  Machine,
  machine,
  made,
  minute,
  names,
  oldDigest,
  openTargets,
  start,
  updated,
} from './machine.ts'

const schedule = (fields: Partial<Schedule>): Schedule => ({ ...policyDefaults.schedule, ...fields })

t.test('timers', async t => {
  t.test('the defaults are those of the rules', async t => {
    const { timeoutDays, stepTimeoutMinutes, inProgressTimeoutMinutes, confirmTimeoutMinutes, stopTimeoutMinutes } =
      policyDefaults
    t.strictSame(
      { timeoutDays, stepTimeoutMinutes, inProgressTimeoutMinutes, confirmTimeoutMinutes, stopTimeoutMinutes },
      {
        timeoutDays: 14,
        stepTimeoutMinutes: 60,
        inProgressTimeoutMinutes: 10_080,
        confirmTimeoutMinutes: 30,
        stopTimeoutMinutes: 240,
      },
    )
  })

  /** Kind of the first deadline, and minutes from the hand-over to it. */
  const first = (one: Machine, signAfter = 0, held = false): [string, number] => {
    const { kind, at } = executionDeadline(one.operation, one.of('a'), start + signAfter * minute, held)
    return [kind, (at - start) / minute]
  }

  t.test(
    'the step timer runs from the hand-over, is armed anew by every sign, and never outlives the others',
    async t => {
      const one = machine({}, ['a'])
      one.ready('a')
      t.strictSame(first(one), ['step', 60])
      t.strictSame(first(one, -500), ['step', 60], 'not from anything before the hand-over')
      t.strictSame(first(one, 10), ['step', 70])
      t.strictSame(first(one, 10_079), ['in-progress', 10_080])
      t.strictSame(first(one, 10, true), ['in-progress', 10_080], 'a device that waits for our go is not timed for it')
    },
  )

  t.test('a new attempt has its own in-progress timer', async t => {
    const retries = [{ match: { kind: 'ALL' }, limit: 1, delaySeconds: 60, factor: 1, jitter: 0 }] as const
    const one = machine({ retries }, ['a'])
    one.ready('a')
    one.advance(5 * day).fail('a', 'UPD4_FAIL_24')
    one.advance(minute).ready('a')
    t.strictSame(first(one, 30 * 1440), ['in-progress', 5 * 1440 + 1 + 10_080])
  })

  t.test('the confirm timer runs from the word that the device restarts, instead of the step timer', async t => {
    const one = machine({}, ['a'])
    one.ready('a')
    one.advance(20 * minute).step('a', 'rebooting')
    t.strictSame(first(one, 20), ['confirm', 50])
    one.advance(5 * minute).step('a', 'confirming')
    t.strictSame(first(one, 25), ['confirm', 55])
  })

  t.test('told to withdraw, only the stop timer and the outer ones run: silence ends with SYS_104', async t => {
    const one = machine({}, ['a', 'b'])
    one.ready('a', 'b')
    one.advance(10 * minute).stop()
    t.strictSame(first(one), ['stop', 250])
    one.deadline('a', 'stop')
    t.match(one.of('a'), { state: 'failed', code: 'SYS_104', errorReason: 'stopped' })
    const removed = machine({}, ['a', 'b'])
    removed.ready('a')
    removed.advance(5 * minute).feed({ kind: 'device-removed', execution: removed.of('a') })
    t.strictSame(first(removed), ['stop', 245])
  })

  t.test('step and in-progress end with SYS_100 and free the permit', async t => {
    for (const kind of ['step', 'in-progress'] as const) {
      const one = machine({ concurrency: 1 }, ['a', 'b'])
      one.ready('a')
      t.match(one.deadline('a', kind).events, [{ code: 'SYS_100', type: 'FAIL', data: { reason: `${kind}-timeout` } }])
      t.match(one.of('a'), { state: 'failed', code: 'SYS_100', errorReason: 'unresponsive' })
      t.strictSame(one.ready('b'), ['b'])
    }
  })

  t.test('confirm ends with SYS_111, or SYS_112 when the registry knows better', async t => {
    const one = machine({}, ['a', 'b', 'c'])
    one.ready('a', 'b', 'c')
    for (const name of ['a', 'b', 'c']) one.step(name, 'rebooting')
    one.deadline('a', 'confirm')
    one.deadline('b', 'confirm', deviceOf('b'))
    one.deadline('c', 'confirm', updated('c'))
    t.match(one.of('a'), { code: 'SYS_111', data: { actual: 'no hello since the reboot' } })
    t.match(one.of('b'), { code: 'SYS_111', data: { actual: `1.0.0 ${oldDigest}` }, errorReason: 'error' })
    t.match(one.of('c'), { code: 'SYS_112', state: 'completed' })
  })

  t.test(
    'a hello that names the operation confirms nothing, nor does the timeout after it: it may be on trial',
    async t => {
      const one = machine({}, ['a', 'b'])
      one.ready('a', 'b')
      one.step('a', 'rebooting')
      t.strictSame(one.hello('a', updated('a'), true).events, [])
      t.equal(one.of('a').state, 'in-progress')
      one.deadline('a', 'confirm', updated('a'))
      t.match(one.of('a'), { state: 'failed', code: 'SYS_111', provisional: true })
      t.strictSame(one.hello('a', updated('a'), true).executions, [], 'still on trial')
      one.succeed('a')
      t.match(one.of('a'), { state: 'completed', code: 'SYS_112' }, 'its own word, when it has decided')
    },
  )

  t.test('the operation timer runs from the first hand-over, and before any from when there could be one', async t => {
    const one = machine({}, ['a'])
    t.equal(operationDeadline(one.operation), start + 14 * day)
    one.advance(3 * day).ready('a')
    t.equal(operationDeadline(one.operation), start + 17 * day)
    one.feed({ kind: 'pause-requested', by: kim })
    one.advance(day).resume()
    t.equal(operationDeadline(one.operation), start + 17 * day, 'a pause does not move it')
    const waiting = made({ approval: true })
    t.equal(operationDeadline(waiting), undefined)
    t.equal(operationDeadline(made({ schedule: schedule({ startAt: start + day }) })), undefined)
  })

  t.test(
    'who has not finished by then ends with SYS_100, even if it was in touch; the operation completes',
    async t => {
      const one = machine({ retries: policyDefaults.retries }, names(8))
      one.ready('s001', 's002', 's003')
      one.fail('s002', 'UPD4_FAIL_24')
      one.advance(14 * day - 1).step('s001', 'downloading')
      one.advance(1).feed({ kind: 'operation-timed-out', inProgress: one.inProgress })
      t.strictSame(one.ready('s004'), [], 'nothing more is handed over')
      one.sweep()
      t.strictSame(
        [...one.executions.values()].map(({ code, errorReason }) => [code, errorReason]),
        names(8).map(() => ['SYS_100', 'unresponsive']),
      )
      t.equal(one.operation.state, 'completed')
      t.equal(one.operation.completedAt, one.at)
    },
  )

  t.test('open targets: each device has its days from its joining, the operation none', async t => {
    const one = machine({}, ['a'], { targets: openTargets })
    t.equal(operationDeadline(one.operation), undefined)
    one.advance(5 * day).feed({ kind: 'target-joined', device: deviceOf('b') })
    one.advance(9 * day).feed({ kind: 'joined-expiry-due' })
    one.sweep()
    t.match([one.of('a').code, one.of('b').state], ['SYS_100', 'pending'])
    one.ready('b')
    t.strictSame(
      executionDeadline(one.operation, one.of('b'), one.at + 30 * day),
      { kind: 'operation', at: start + 19 * day },
      'also when it is in progress',
    )
    one.deadline('b', 'operation')
    t.match(one.of('b'), { code: 'SYS_100', errorReason: 'unresponsive' })
    t.equal(one.operation.state, 'running', 'it goes on until it is stopped')
    one.stop()
    one.sweep()
    t.equal(one.operation.state, 'stopped')
  })

  t.test('a device that joins a stopping or closed operation is none of its targets', async t => {
    const one = machine({}, ['a'], { targets: openTargets })
    one.ready('a')
    one.stop()
    t.strictSame(one.feed({ kind: 'target-joined', device: deviceOf('b') }).executions, [])
    const fixed = machine({}, ['a'])
    t.strictSame(fixed.feed({ kind: 'target-joined', device: deviceOf('b') }).executions, [], 'a snapshot is fixed')
  })
})

t.test('schedule', async t => {
  t.test('before startAt nothing is handed over; then it opens by itself, and says so', async t => {
    const one = machine({ schedule: schedule({ startAt: start + day }) }, ['a'])
    t.equal(one.operation.state, 'scheduled')
    t.strictSame(one.ready('a'), [])
    one.advance(day - 1).clock()
    t.equal(one.operation.state, 'scheduled')
    one.advance(1)
    t.match(one.clock().audits, [{ actor: { rule: 'schedule.startAt' }, action: 'operation.open' }])
    t.strictSame([one.operation.state, one.operation.openedAt], ['pending', one.at])
    t.strictSame(one.ready('a'), ['a'])
    t.strictSame([one.operation.state, one.operation.startedAt], ['running', one.at])
  })

  t.test('endAt with finish: the pending end with SYS_103, what runs goes on, nothing new begins', async t => {
    const one = machine({ schedule: schedule({ endAt: start + day }) }, names(5))
    one.ready('s001')
    one.advance(day)
    t.match(one.clock().audits, [{ actor: { rule: 'schedule.endAt' }, action: 'operation.close' }])
    t.strictSame(one.ready('s002'), [])
    one.sweep(2)
    t.strictSame(
      names(5).map(name => one.of(name).code),
      [undefined, ...Array(4).fill('SYS_103')],
    )
    t.equal(one.operation.state, 'running')
    one.succeed('s001')
    t.equal(one.operation.state, 'completed')
  })

  t.test('endAt with stop: those in progress are told to withdraw', async t => {
    const one = machine({ schedule: schedule({ endAt: start + day, onEnd: 'stop' }) }, names(3))
    one.ready('s001')
    one.advance(day)
    t.match(one.clock().effects, [{ kind: 'withdraw', execution: { device: 's001', step: 'withdrawing' } }])
    t.strictSame(
      [one.operation.state, one.operation.stoppedBy],
      ['stopping', { kind: 'policy', rule: 'schedule.endAt' }],
    )
  })

  t.test('an end that comes while targets are being found, or while a person holds it, loses nobody', async t => {
    const one = new Machine(made({ schedule: schedule({ endAt: start + day }) }))
    one.feed({ kind: 'targets-found', targets: [{ device: deviceId('a'), registered: deviceOf('a') }], more: true })
    one.advance(day).clock()
    one.find('b')
    one.sweep()
    t.strictSame([one.of('a').code, one.of('b').code, one.operation.state], ['SYS_103', 'SYS_103', 'completed'])
    const held = machine({ schedule: schedule({ endAt: start + day }) }, ['a', 'b'])
    held.ready('a')
    held.feed({ kind: 'pause-requested', by: kim })
    held.advance(day).clock()
    held.sweep()
    held.succeed('a')
    t.equal(held.operation.state, 'completed')
    t.equal(held.operation.pause, undefined)
  })

  t.test('an approval that has not come by endAt: nobody is touched, and it never looks approved', async t => {
    const one = new Machine(made({ approval: true, schedule: schedule({ endAt: start + day }) }))
    one.find('a')
    one.advance(day).clock()
    t.equal(one.operation.state, 'awaiting-approval')
    one.sweep()
    t.strictSame([one.of('a').code, one.operation.state], ['SYS_103', 'completed'])
  })

  t.test('approval: nothing is sent before a second person has approved', async t => {
    const one = new Machine(made({ approval: true }))
    one.find('a', 'b')
    t.equal(one.operation.state, 'awaiting-approval')
    t.strictSame(one.ready('a'), [])
    t.strictSame(one.unreachable('a').events, [])
    one.feed({ kind: 'approved', by: lee })
    t.strictSame([one.operation.state, one.operation.approvedBy], ['pending', lee])
    t.strictSame(one.ready('a'), ['a'])
  })

  t.test('approval before the start: it is scheduled, and its days run from when it opens', async t => {
    const one = new Machine(made({ approval: true, schedule: schedule({ startAt: start + day }) }))
    one.find('a')
    one.advance(day).clock()
    t.equal(one.operation.state, 'awaiting-approval', 'the start alone opens nothing')
    one.advance(day).feed({ kind: 'approved', by: lee })
    t.strictSame([one.operation.state, operationDeadline(one.operation)], ['pending', one.at + 14 * day])
  })

  t.test('refused: stopped, nobody touched', async t => {
    const one = new Machine(made({ approval: true }))
    one.find(...names(4))
    one.feed({ kind: 'refused', by: lee })
    one.sweep(2)
    t.strictSame([one.operation.state, one.operation.refusedBy], ['stopped', lee])
    t.strictSame(
      names(4).map(name => one.of(name).code),
      Array(4).fill('SYS_103'),
    )
    t.strictSame(
      one.decisions.flatMap(({ effects }) => effects),
      [],
    )
    t.equal(one.operation.startedAt, undefined)
    t.equal(one.operation.completedAt, one.at)
  })
})
