// Rate and waves, each line of the rules as a sentence.
import t from 'tap'
import { RateWindow, rateLimit } from '../../../broker/core/rate.ts'
import { waveRoom, waveSize } from '../../../broker/core/rollout.ts'
import { deviceId } from '../../../proto/ids.ts'
import { seeded } from '../../fixtures/seeded.ts'
import { deviceOf, kim, lee, Machine, machine, made, minute, names, openTargets, waveOf } from './machine.ts'

t.test('rate', async t => {
  const rate = (criterion: 'notified' | 'succeeded') => ({
    maximumPerMinute: 100,
    exponential: { basePerMinute: 10, factor: 1.5, criterion: { kind: criterion, count: 20 } },
  })

  t.test('min(maximum, base · factor^k), k = floor(count / criterion)', async t => {
    for (const [count, limit] of [
      [0, 10],
      [19, 10],
      [20, 15],
      [39, 15],
      [40, 22],
      [100, 75],
      [120, 100],
      [1_000_000_000, 100],
    ] as const) {
      t.equal(rateLimit({ ...made({ rate: rate('notified') }), handOverCount: count }), limit, `${count} notified`)
      const executed = { executed: count + 50, succeeded: count, failedByCode: {} }
      t.equal(rateLimit({ ...made({ rate: rate('succeeded') }), executed }), limit, `${count} succeeded`)
    }
    t.equal(rateLimit(made()), undefined)
    t.equal(rateLimit(made({ rate: { maximumPerMinute: 3 } })), 3)
  })

  t.test('hand-overs are counted, retries included, and a second person can lift the limit', async t => {
    const retries = [{ match: { kind: 'ALL' }, limit: 2, delaySeconds: 1, factor: 1, jitter: 0 }] as const
    const one = machine({ rate: rate('notified'), retries }, ['a'])
    one.ready('a')
    one.fail('a', 'UPD4_FAIL_24')
    one.advance(2000).ready('a')
    t.equal(one.operation.handOverCount, 2)
    one.feed({ kind: 'overridden', by: lee, reason: 'flood' })
    t.equal(rateLimit(one.operation), undefined)
    t.match(one.operation.override, { by: 'lee', reason: 'flood', at: one.at })
  })

  t.test('no window of 60 s, wherever it begins, sees more than the limit', async t => {
    const seed = Number(process.env.DROVER_SEED ?? Date.now() % 2 ** 31)
    const chance = seeded(seed)
    for (let life = 0; life < 200; life += 1) {
      const limit = 1 + Math.floor(chance() * 12)
      const window = new RateWindow()
      const times: number[] = []
      let now = chance() * 1e6
      for (let look = 0; look < 60; look += 1) {
        // Full: the next one may follow when the first of the last `limit` is a minute old.
        const blocking = times.at(-limit)
        const next = blocking === undefined || blocking + minute <= now ? undefined : blocking + minute
        // Now and then exactly when the next one may follow, and just before.
        const roll = chance()
        if (next !== undefined && roll < 0.3) now = next
        else if (next !== undefined && roll < 0.4) now = Math.max(now, next - 0.001)
        else now += chance() * 20_000
        const left = window.left(limit, now)
        if (next !== undefined && now < next && left > 0) t.fail(`seed ${seed}: room before ${next}`)
        if ((next === undefined || now >= next) && left === 0) t.fail(`seed ${seed}: no room, although it was due`)
        const taken = Math.min(left, Math.floor(chance() * (limit + 1)))
        window.took(taken, now)
        for (let each = 0; each < taken; each += 1) times.push(now)
      }
      for (const first of times) {
        const seen = times.filter(time => time >= first && time < first + minute).length
        if (seen > limit) t.fail(`seed ${seed}: ${seen} hand-overs in 60 s, ${limit} allowed`)
      }
      if (times.length <= limit) t.fail(`seed ${seed}: the rate never opened again`)
    }
    t.pass(`seed ${seed}`)
  })

  t.test('after a restart it begins closed; what was taken without a limit counts when one is set', async t => {
    const window = new RateWindow(minute)
    t.equal(window.left(5, minute - 1), 0)
    t.equal(window.left(5, minute), 5)
    window.took(4, minute)
    t.equal(window.left(undefined, minute), Number.POSITIVE_INFINITY)
    t.equal(window.left(3, minute + 1), 0, 'lowered below what was taken')
    t.equal(window.left(3, 2 * minute), 3)
  })
})

t.test('waves', async t => {
  const paused = (one: Machine) => [one.operation.state, one.operation.pause?.by]

  t.test('a wave is a number of devices or a share of the targets; the next opens when it has succeeded', async t => {
    const one = machine({ waves: [waveOf(2), waveOf('50%')] }, names(6))
    t.strictSame(one.ready(...names(6)), ['s001', 's002'])
    t.equal(waveRoom(one.operation), 0)
    one.succeed('s001')
    t.equal(one.operation.wave.index, 0, 'judged from the whole wave on')
    one.succeed('s002')
    t.equal(one.operation.wave.index, 1)
    t.strictSame(one.ready(...names(6)), ['s003', 's004', 's005'])
    one.succeed('s003', 's004', 's005')
    t.equal(waveRoom(one.operation), Number.POSITIVE_INFINITY, 'after the last wave there is no gate')
    t.strictSame(one.ready('s006'), ['s006'])
    t.strictSame(
      one.audits.map(({ action, actor, data }) => [action, actor, data.executed, data.succeeded, data.size]),
      [
        ['operation.wave-succeeded', { kind: 'policy', rule: 'waves.0' }, 2, 2, 2],
        ['operation.wave-succeeded', { kind: 'policy', rule: 'waves.1' }, 3, 3, 3],
      ],
      'each decision is told with its rule and the counts it used',
    )
  })

  t.test('a share is rounded up, one at least, and not known before all targets are found', async t => {
    const one = new Machine(made({ waves: [waveOf('10%')] }))
    one.feed({
      kind: 'targets-found',
      targets: [{ device: deviceId('a'), registered: deviceOf('a') }],
      more: true,
    })
    t.strictSame(one.ready('a'), [])
    one.find(...names(10))
    t.equal(waveSize(one.operation, waveOf('10%')), 2)
    t.strictSame(one.ready('a', ...names(10)), ['a', 's001'])
  })

  t.test('error is strict: exactly the share is none, one more pauses', async t => {
    for (const [failed, state] of [
      [1, 'running'],
      [2, 'paused'],
    ] as const) {
      const one = machine({ waves: [waveOf(10, { errorPercent: 10, successPercent: 50 })] }, names(12))
      one.ready(...names(10))
      for (const name of names(failed)) one.fail(name, 'UPD4_FAIL_31')
      one.succeed(...names(10).slice(failed))
      t.equal(one.operation.state, state, `${failed} of 10 failed`)
      t.equal(one.operation.wave.index, state === 'running' ? 1 : 0)
    }
  })

  t.test('success is at least: exactly the share is enough, one less pauses', async t => {
    for (const [succeeded, state] of [
      [8, 'running'],
      [7, 'paused'],
    ] as const) {
      const one = machine({ waves: [waveOf(10, { errorPercent: 100, successPercent: 80 })] }, names(12))
      one.ready(...names(10))
      one.succeed(...names(succeeded))
      for (const name of names(10).slice(succeeded)) one.fail(name, 'UPD4_FAIL_31')
      t.equal(one.operation.state, state, `${succeeded} of 10 succeeded`)
    }
  })

  t.test('error is tested before success', async t => {
    const one = machine({ waves: [waveOf(4, { errorPercent: 20, successPercent: 50 })] }, names(6))
    one.ready(...names(4))
    one.fail('s001', 'UPD4_FAIL_31')
    one.succeed('s002', 's003', 's004')
    t.strictSame(paused(one), ['paused', { kind: 'policy', rule: 'waves.0' }])
  })

  t.test('both are judged from minExecuted on, over those executed until then', async t => {
    const early = { minExecuted: 3, errorPercent: 50, successPercent: 60 }
    const bad = machine({ waves: [waveOf(10, early)] }, names(12))
    bad.ready(...names(10))
    bad.fail('s001', 'UPD4_FAIL_31')
    bad.fail('s002', 'UPD4_FAIL_31')
    t.equal(bad.operation.state, 'running', 'two are too few to judge')
    bad.succeed('s003')
    t.equal(bad.operation.state, 'paused')
    const good = machine({ waves: [waveOf(10, early)] }, names(12))
    good.ready(...names(5))
    good.succeed('s001', 's002', 's003')
    t.equal(good.operation.wave.index, 1, 'it need not be full')
    good.fail('s004', 'UPD4_FAIL_31')
    good.fail('s005', 'UPD4_FAIL_31')
    t.strictSame(
      [good.operation.wave.executed, good.operation.executed.executed],
      [0, 5],
      'stragglers do not count in the next wave',
    )
  })

  t.test('a wave whose executions have all ended without its success share pauses', async t => {
    const one = machine({ waves: [waveOf(4, { minExecuted: 4, errorPercent: 100, successPercent: 90 })] }, names(6))
    one.ready(...names(4))
    one.feed({ kind: 'device-removed', execution: one.of('s001') })
    one.step('s001', 'withdrawn')
    one.fail('s002', 'UPD4_FAIL_31')
    one.succeed('s003', 's004')
    t.strictSame(paused(one), ['paused', { kind: 'policy', rule: 'waves.0' }], 'three executed, two of them succeeded')
    t.match(one.audits.at(-1), { action: 'operation.pause', data: { executed: 3, succeeded: 2, failed: 1, size: 4 } })
  })

  t.test('a wave with nothing executed succeeds', async t => {
    const one = machine({ waves: [waveOf(2, { successPercent: 100 })] }, names(4))
    one.ready('s001', 's002')
    one.feed({ kind: 'device-removed', execution: one.of('s001') })
    one.step('s001', 'withdrawn')
    t.equal(one.operation.wave.index, 0)
    one.feed({ kind: 'device-deregistered', execution: one.of('s002') })
    t.strictSame([one.operation.state, one.operation.wave.index], ['running', 1])
  })

  t.test('a wave larger than what is left is judged when that has ended, its errors too', async t => {
    const one = machine({ waves: [waveOf(2, { minExecuted: 1 }), waveOf(10, { successPercent: 50 })] }, names(4))
    one.ready('s001', 's002')
    one.succeed('s001')
    one.ready('s003', 's004')
    one.fail('s003', 'UPD4_FAIL_31')
    t.equal(one.operation.state, 'running', 'one of the two is still in progress')
    one.succeed('s004')
    t.strictSame(paused(one), ['paused', { kind: 'policy', rule: 'waves.1' }], 'the first wave has one in progress yet')
    one.succeed('s002')
    t.equal(one.operation.state, 'completed', 'where nothing is left, nothing is held')
  })

  t.test('the last wave ends badly and nobody is left: no pause is told of an operation that is over', async t => {
    const one = machine({ waves: [waveOf(10, { errorPercent: 10 })] }, names(2))
    one.ready('s001', 's002')
    one.succeed('s001')
    one.fail('s002', 'UPD4_FAIL_31')
    t.strictSame([one.operation.state, one.audits], ['completed', []])
  })

  t.test('open targets: a wave waits to be filled by those that join', async t => {
    const one = machine({ waves: [waveOf(2), waveOf(2)] }, ['a'], { targets: openTargets })
    one.ready('a')
    one.succeed('a')
    t.equal(one.operation.wave.index, 0)
    one.feed({ kind: 'target-joined', device: deviceOf('b') })
    one.ready('b')
    one.succeed('b')
    t.equal(one.operation.wave.index, 1)
  })

  t.test('a retry is no failure yet, takes no room, and counts in the wave of its first hand-over', async t => {
    const retries = [{ match: { kind: 'ALL' }, limit: 1, delaySeconds: 1, factor: 1, jitter: 0 }] as const
    const one = machine({ retries, waves: [waveOf(2, { errorPercent: 0, successPercent: 100 })] }, names(4))
    one.ready('s001', 's002')
    one.fail('s001', 'UPD4_FAIL_24')
    one.succeed('s002')
    t.strictSame([one.operation.state, one.operation.wave.executed], ['running', 1])
    t.strictSame(one.advance(2000).ready('s003', 's001'), ['s001'], 'the wave is full, the retry goes on')
    t.equal(one.operation.wave.handedOver, 2)
    one.succeed('s001')
    t.equal(one.operation.wave.index, 1)
  })

  t.test('the soak holds back first hand-overs until its time; it does not end while paused', async t => {
    const one = machine({ waves: [waveOf(1, { soakMinutes: 10 })] }, names(3))
    one.ready('s001')
    one.succeed('s001')
    t.equal(one.operation.wave.soakUntil, one.at + 10 * minute)
    t.strictSame(one.ready('s002'), [])
    one.advance(10 * minute - 1).clock()
    t.strictSame(one.ready('s002'), [])
    one.feed({ kind: 'pause-requested', by: kim })
    one.advance(1).clock()
    t.equal(one.operation.wave.index, 0)
    one.resume()
    one.clock()
    t.strictSame(one.ready('s002'), ['s002'])
  })

  t.test('those a wave did not wait for are judged in its soak, too', async t => {
    const wave = waveOf(4, { minExecuted: 2, soakMinutes: 10, errorPercent: 25, successPercent: 50 })
    const one = machine({ waves: [wave, waveOf(1)] }, names(6))
    one.ready(...names(4))
    one.succeed('s001', 's002')
    t.ok(one.operation.wave.soakUntil)
    one.fail('s003', 'UPD4_FAIL_31')
    t.equal(one.operation.state, 'paused', 'one of three')
    one.resume()
    t.strictSame([one.operation.state, one.operation.wave.index], ['running', 1], 'who resumes passes the wave')
  })

  t.test('onSuccess pause: a person opens the next wave, once', async t => {
    const wave = waveOf(1, { onSuccess: 'pause' })
    const one = machine({ waves: [wave, wave] }, names(3))
    one.ready('s001')
    one.succeed('s001')
    t.strictSame(paused(one), ['paused', { kind: 'policy', rule: 'waves.0' }])
    one.resume()
    t.strictSame([one.operation.state, one.operation.wave.index], ['running', 1])
    t.strictSame(one.ready('s002', 's003'), ['s002'])
  })

  t.test('onSuccess pause with a soak: the rest is taken all the same', async t => {
    const one = machine({ waves: [waveOf(1, { onSuccess: 'pause', soakMinutes: 5 })] }, names(3))
    one.ready('s001')
    one.succeed('s001')
    one.resume()
    t.strictSame(one.ready('s002'), [])
    one.advance(5 * minute).clock()
    t.strictSame(one.ready('s002'), ['s002'])
  })

  t.test('a resume after the pause of a wave passes it; of another pause it does not', async t => {
    const one = machine({ waves: [waveOf(2, { errorPercent: 0 }), waveOf(1)] }, names(6))
    one.ready('s001', 's002')
    one.feed({ kind: 'pause-requested', by: kim })
    one.resume()
    t.equal(one.operation.wave.index, 0)
    one.fail('s001', 'UPD4_FAIL_31')
    one.succeed('s002')
    t.equal(one.operation.state, 'paused')
    one.resume()
    t.strictSame([one.operation.state, one.operation.wave.index], ['running', 1])
  })

  t.test('what ended while a person held the operation is judged when he lets it go on', async t => {
    const one = machine({ waves: [waveOf(2, { errorPercent: 0 })] }, names(4))
    one.ready('s001', 's002')
    one.feed({ kind: 'pause-requested', by: kim })
    one.fail('s001', 'UPD4_FAIL_31')
    one.succeed('s002')
    one.resume()
    t.strictSame(paused(one), ['paused', { kind: 'policy', rule: 'waves.0' }])
  })
})
