// Control: what people ask of an operation and of a device in it, and what ends a command.
import t from 'tap'
import type { Schedule } from '../../../broker/core/policy.ts'
import { policyDefaults } from '../../../broker/core/policy.ts'
import { commandSubject, day, deviceOf, kim, lee, type Machine, machine, names, oldDigest, start } from './machine.ts'

const schedule = (fields: Partial<Schedule>): Schedule => ({ ...policyDefaults.schedule, ...fields })

t.test('control', async t => {
  t.test('pause: what runs goes on and counts, nothing new begins; resume goes on', async t => {
    const one = machine({}, names(3))
    one.ready('s001')
    one.feed({ kind: 'pause-requested', by: kim })
    t.match(one.operation.pause, { by: { kind: 'principal', name: 'kim' }, at: one.at })
    t.strictSame(one.ready('s002'), [])
    one.succeed('s001')
    t.equal(one.operation.counts.completed, 1)
    one.resume()
    t.equal(one.operation.pause, undefined)
    t.strictSame(one.ready('s002'), ['s002'])
  })

  t.test('a pause before the first hand-over goes back to where it was', async t => {
    for (const [given, policy] of [
      ['pending', {}],
      ['scheduled', { schedule: schedule({ startAt: start + day }) }],
    ] as const) {
      const one = machine(policy, ['a'])
      one.feed({ kind: 'pause-requested', by: kim })
      t.equal(one.operation.state, 'paused')
      one.resume()
      t.equal(one.operation.state, given)
    }
    const late = machine({ schedule: schedule({ startAt: start + day }) }, ['a'])
    late.feed({ kind: 'pause-requested', by: kim })
    late.advance(2 * day).clock()
    t.equal(late.operation.state, 'paused', 'the start does not lift it')
    late.resume()
    t.strictSame([late.operation.state, late.operation.openedAt], ['pending', late.at])
  })

  t.test('stop: the pending end at once, those in progress finish their step and end by their own word', async t => {
    const one = machine({}, names(8))
    one.ready(...names(6))
    one.step('s002', 'downloading')
    one.step('s003', 'installing')
    one.step('s004', 'rebooting')
    t.match(
      one.stop().effects.map(({ kind, execution }) => [kind, execution.device, execution.step]),
      [
        ['withdraw', 's001', 'withdrawing'],
        ['withdraw', 's002', 'withdrawing'],
        ['withdraw', 's003', 'installing'],
        ['withdraw', 's004', 'rebooting'],
        ['withdraw', 's005', 'withdrawing'],
        ['withdraw', 's006', 'withdrawing'],
      ],
    )
    one.sweep()
    t.match(one.of('s007'), { state: 'skipped', code: 'SYS_103', errorReason: 'stopped' })
    one.step('s002', 'verifying')
    t.equal(one.of('s002').step, 'withdrawing', 'it finishes its step and stays withdrawing')
    one.step('s005', 'installing')
    t.equal(one.of('s005').step, 'installing', 'it had begun: no withdrawal any more')
    one.step('s001', 'withdrawn')
    one.step('s002', 'withdrawn')
    one.fail('s003', 'UPD4_FAIL_40')
    one.succeed('s004', 's005')
    t.equal(one.operation.state, 'stopping')
    one.deadline('s006', 'stop')
    t.strictSame(
      names(6).map(name => one.of(name).code),
      ['SYS_103', 'SYS_103', 'UPD4_FAIL_40', 'SYS_112', 'SYS_112', 'SYS_104'],
    )
    t.strictSame([one.operation.state, one.operation.completedAt], ['stopped', one.at])
  })

  t.test('a stopped operation never restarts', async t => {
    const one = machine({}, ['a'])
    one.stop()
    one.sweep()
    t.equal(one.operation.state, 'stopped')
    one.resume()
    one.feed({ kind: 'approved', by: lee })
    one.clock()
    t.strictSame(one.ready('a'), [])
    t.equal(one.operation.state, 'stopped')
  })

  t.test('stopping: a device that knows nothing of the offer is out, one that works on it is told again', async t => {
    const one = machine({}, ['a', 'b', 'c'])
    one.ready('a', 'b', 'c')
    one.stop()
    one.hello('a')
    t.match(one.of('a'), { state: 'skipped', code: 'SYS_103' })
    t.match(one.hello('b', deviceOf('b'), true).effects, [{ kind: 'withdraw' }])
    t.equal(one.of('b').state, 'in-progress')
  })

  t.test('asking to stop again says who asked first, and tells the devices once more', async t => {
    const one = machine({}, ['a'])
    one.ready('a')
    one.stop()
    const again = one.feed({ kind: 'stop-requested', by: { kind: 'principal', name: lee }, inProgress: one.inProgress })
    t.strictSame([again.executions, again.effects.length], [[], 1])
    t.strictSame(one.operation.stoppedBy, { kind: 'principal', name: kim })
  })

  t.test('remove-device: SYS_109, at once or at the border of its step; the others go on', async t => {
    const one = machine({}, ['a', 'b', 'c', 'd'])
    one.ready('b', 'c')
    one.feed({ kind: 'device-removed', execution: one.of('a') })
    t.match(one.of('a'), { state: 'skipped', code: 'SYS_109', errorReason: 'stopped' })
    t.match(one.feed({ kind: 'device-removed', execution: one.of('b') }).effects, [{ kind: 'withdraw' }])
    t.match(one.of('b'), { state: 'in-progress', step: 'withdrawing' })
    one.step('b', 'withdrawn')
    t.match(one.of('b'), { state: 'skipped', code: 'SYS_109', errorReason: 'stopped' })
    one.feed({ kind: 'device-removed', execution: one.of('c') })
    one.hello('c')
    t.match(one.of('c'), { state: 'skipped', code: 'SYS_109' }, 'it never got the offer')
    t.equal(one.operation.state, 'running')
    t.strictSame(one.ready('d'), ['d'])
  })

  t.test('deregistered meanwhile: SYS_101, no sensor found', async t => {
    const one = machine({}, ['a', 'b'])
    one.ready('a')
    for (const name of ['a', 'b']) one.feed({ kind: 'device-deregistered', execution: one.of(name) })
    t.match(one.of('a'), { state: 'failed', code: 'SYS_101', errorReason: 'not-found' })
    t.match(one.of('b'), { state: 'failed', code: 'SYS_101', errorReason: 'not-found' })
    t.equal(one.operation.state, 'completed')
  })
})

t.test('what ends a command', async t => {
  const digest = 'aa'.repeat(32)
  const given = (confirmation: 'new-boot' | 'report' | 'backup', wanted?: string): Machine => {
    const one = machine({}, ['a'], { subject: commandSubject(confirmation, wanted) })
    one.ready('a')
    return one
  }
  const rebooted = deviceOf('a', '1.0.0', oldDigest, { bootId: '99'.repeat(16) })
  const ends: readonly [string, (one: Machine) => void, Parameters<typeof given>, [string, string, string?]][] = [
    ['report: done', one => one.step('a', 'done'), ['report'], ['completed', 'SYS_112']],
    ['exit code 0', one => one.step('a', 'done', { exit_code: '0' }), ['report'], ['completed', 'SYS_112']],
    ['exit code 2', one => one.step('a', 'done', { exit_code: '2' }), ['report'], ['failed', 'SYS_111', 'exit-code']],
    [
      'failed',
      one => one.step('a', 'failed', { reason: 'no-handler' }),
      ['report'],
      ['failed', 'SYS_111', 'no-handler'],
    ],
    ['failed, no reason', one => one.step('a', 'failed'), ['report'], ['failed', 'SYS_111', 'failed']],
    [
      'the wanted configuration',
      one => one.step('a', 'done', { configuration_digest: digest }),
      ['report', digest],
      ['completed', 'SYS_112'],
    ],
    [
      'another configuration',
      one => one.step('a', 'done', { configuration_digest: 'bb' }),
      ['report', digest],
      ['failed', 'SYS_111', 'digest'],
    ],
    ['no word of the configuration', one => one.step('a', 'done'), ['report', digest], ['failed', 'SYS_111', 'digest']],
    [
      'backup stored',
      one => one.step('a', 'done', { configuration_digest: digest }, digest),
      ['backup'],
      ['completed', 'SYS_112'],
    ],
    [
      'backup not stored',
      one => one.step('a', 'done', { configuration_digest: digest }),
      ['backup'],
      ['failed', 'SYS_111', 'backup-absent'],
    ],
    [
      'another backup stored',
      one => one.step('a', 'done', { configuration_digest: digest }, 'bb'),
      ['backup'],
      ['failed', 'SYS_111', 'backup-absent'],
    ],
    ['a new boot', one => one.hello('a', rebooted), ['new-boot'], ['completed', 'SYS_112']],
    ['done without a boot', one => one.step('a', 'done'), ['new-boot'], ['failed', 'SYS_111', 'not-rebooted']],
    ['refused by the device', one => one.fail('a', 'UPD4_FAIL_37'), ['report'], ['failed', 'UPD4_FAIL_37']],
    ['bad signature', one => one.fail('a', 'UPD4_FAIL_23'), ['report'], ['failed', 'UPD4_FAIL_23']],
    ['an image of it', one => one.fail('a', 'UPD2_OK_18', { digest }), ['report'], ['failed', 'SYS_111']],
  ]
  for (const [name, end, how, [state, code, reason]] of ends) {
    const one = given(...how)
    end(one)
    t.match(one.of('a'), { state, code, ...(reason === undefined ? {} : { data: { reason } }) }, name)
  }
  const same = given('new-boot')
  same.step('a', 'rebooting')
  t.match(same.hello('a').effects, [{ kind: 'offer' }], 'the same boot is no new one: it is offered again')
  same.step('a', 'rebooting')
  same.deadline('a', 'confirm', deviceOf('a'))
  t.match(same.of('a'), { state: 'failed', code: 'SYS_111', data: { expected: 'a hello with a new boot id' } })
  const own = machine({ retries: [] }, ['a', 'b'], { subject: commandSubject('report') })
  own.ready('a', 'b')
  own.step('a', 'failed', { reason: 'no-handler' })
  t.equal(own.of('a').provisional, undefined, 'what the device concluded itself is final')
})
