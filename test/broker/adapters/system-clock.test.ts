// Long waits of the system clock, on timers of Node that are moved by hand.
import t, { type Test } from 'tap'
import { systemClock } from '../../../broker/adapters/system-clock.ts'

const dayMs = 86_400_000

t.test('a timer of more than 24.8 days waits as long as it was told to, and no day less', async t => {
  const { pass } = virtualTimers(t)
  let ran = 0
  systemClock.after(60 * dayMs, () => (ran += 1))
  pass(60 * dayMs - 1)
  t.equal(ran, 0)
  pass(1)
  t.equal(ran, 1)
  pass(60 * dayMs)
  t.equal(ran, 1, 'once')
})

t.test('it can be cancelled in any part of its wait', async t => {
  const { pass, armed } = virtualTimers(t)
  let ran = 0
  const cancel = systemClock.after(60 * dayMs, () => (ran += 1))
  pass(30 * dayMs)
  cancel()
  t.equal(armed(), 0)
  pass(90 * dayMs)
  t.equal(ran, 0)
})

t.test('no end of time is never reached; what is due is due', async t => {
  const { pass } = virtualTimers(t)
  const ran: string[] = []
  systemClock.after(Number.POSITIVE_INFINITY, () => ran.push('never'))
  systemClock.after(0, () => ran.push('now'))
  systemClock.after(10, () => ran.push('soon'))
  pass(10)
  t.strictSame(ran, ['now', 'soon'])
  pass(400 * dayMs)
  t.strictSame(ran, ['now', 'soon'])
})

t.test('a pending timer keeps no process alive, in no part of its wait', async t => {
  const { pass, referenced } = virtualTimers(t)
  systemClock.after(60 * dayMs, () => {})
  t.equal(referenced(), 0)
  pass(30 * dayMs)
  t.equal(referenced(), 0)
})

interface Timer {
  readonly dueAt: number
  readonly action: () => void
  referenced: boolean
}

/** In the place of Node's own until the test ends, with their limit: what is longer than 2^31 - 1 ms fires after 1 ms. */
function virtualTimers(t: Test) {
  const timers = new Set<Timer>()
  let now = 0
  const value = (action: () => void, delayMs: number) => {
    const timer: Timer = { dueAt: now + (delayMs >= 1 && delayMs < 2 ** 31 ? delayMs : 1), action, referenced: true }
    timers.add(timer)
    return Object.assign(timer, {
      unref() {
        timer.referenced = false
      },
    })
  }
  t.intercept(globalThis, 'setTimeout', { value })
  t.intercept(globalThis, 'clearTimeout', { value: (timer: Timer) => timers.delete(timer) })
  return {
    armed: () => timers.size,
    referenced: () => [...timers].filter(timer => timer.referenced).length,
    pass(ms: number) {
      const until = now + ms
      for (;;) {
        const [next] = [...timers].sort((a, b) => a.dueAt - b.dueAt)
        if (next === undefined || next.dueAt > until) break
        timers.delete(next)
        now = next.dueAt
        next.action()
      }
      now = until
    },
  }
}
