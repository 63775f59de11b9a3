// When a maintenance window is open and when the next one opens, in UTC and by the clock on the wall, over midnight, over
// the week's end and over the hours that a zone skips or has twice.
import { env } from 'node:process'
import fc from 'fast-check'
import t from 'tap'
import {
  type Maintenance,
  maintenanceAnswer,
  type Weekday,
  type WeeklyWindow,
} from '../../../agent/core/maintenance.ts'
import { seed } from '../../fixtures/cases.ts'

const hourMs = 3_600_000
const everyDay: readonly Weekday[] = [0, 1, 2, 3, 4, 5, 6]
const window = (startHour: number, hours: number, days = everyDay): WeeklyWindow => ({
  days,
  startMinute: startHour * 60,
  durationMinutes: hours * 60,
})
const maintenance = (windows: readonly WeeklyWindow[], changes: Partial<Maintenance> = {}): Maintenance => ({
  windows,
  zone: 'utc',
  applies: 'both',
  overridePriority: undefined,
  ...changes,
})
/** `open`, or the time at which it opens. */
const at = (time: string, wanted: Maintenance, what: 'install' | 'download' = 'install', priority = 0): string => {
  const answer = maintenanceAnswer(wanted, what, priority, Date.parse(time))
  return answer.open ? 'open' : new Date(Date.parse(time) + answer.opensInMs).toISOString().slice(0, 16)
}

t.test('in UTC: open from its first moment to just before its last, else the next opening', async t => {
  const nights = maintenance([window(22, 4)])
  const weekend = maintenance([window(20, 30, [6])])
  const rows: readonly (readonly [string, Maintenance, string])[] = [
    ['2026-03-04T21:59:59.999Z', nights, '2026-03-04T22:00'],
    ['2026-03-04T22:00:00Z', nights, 'open'],
    ['2026-03-05T01:59:59Z', nights, 'open'],
    ['2026-03-05T02:00:00Z', nights, '2026-03-05T22:00'],
    // 2026-03-07 is a Saturday.
    ['2026-03-07T19:00:00Z', weekend, '2026-03-07T20:00'],
    ['2026-03-07T20:00:00Z', weekend, 'open'],
    ['2026-03-09T01:59:00Z', weekend, 'open'],
    ['2026-03-09T02:00:00Z', weekend, '2026-03-14T20:00'],
    ['2026-03-04T12:00:00Z', maintenance([window(3, 1), window(13, 1)]), '2026-03-04T13:00'],
    ['2026-03-04T12:00:00Z', maintenance([window(0, 168, [1])]), 'open'],
    ['2026-03-04T12:00:00Z', maintenance([]), 'open'],
  ]
  for (const [time, wanted, answer] of rows) t.equal(at(time, wanted), answer, time)
})

t.test('what does not wait: the other step, and a priority at or above the one that overrides', async t => {
  const closed = [window(3, 1)]
  const noon = '2026-03-04T12:00:00Z'
  t.equal(at(noon, maintenance(closed, { applies: 'install' }), 'download'), 'open')
  t.equal(at(noon, maintenance(closed, { applies: 'install' }), 'install'), '2026-03-05T03:00')
  t.equal(at(noon, maintenance(closed, { applies: 'download' }), 'install'), 'open')
  t.equal(at(noon, maintenance(closed, { applies: 'download' }), 'download'), '2026-03-05T03:00')
  const urgent = maintenance(closed, { overridePriority: 10 })
  t.equal(at(noon, urgent, 'install', 9), '2026-03-05T03:00')
  t.equal(at(noon, urgent, 'install', 10), 'open')
  t.equal(at(noon, maintenance(closed, { overridePriority: 0 }), 'install', 0), 'open')
})

t.test('by the clock on the wall: its hours stay in summer and winter, and its length is real time', async t => {
  const before = env.TZ
  t.teardown(() => {
    if (before === undefined) delete env.TZ
    else env.TZ = before
  })
  env.TZ = 'Europe/Berlin'
  const local = (windows: readonly WeeklyWindow[]): Maintenance => maintenance(windows, { zone: 'local' })
  const early = local([window(3, 2)])
  // Summer time began on 2026-03-29 at 02:00 (01:00Z) and ended on 2026-10-25 at 03:00 (01:00Z).
  t.equal(at('2026-03-28T01:59:00Z', early), '2026-03-28T02:00', 'winter: 03:00 is 02:00Z')
  t.equal(at('2026-03-29T00:00:00Z', early), '2026-03-29T01:00', 'summer: 03:00 is 01:00Z')
  const skipped = local([{ days: [0], startMinute: 150, durationMinutes: 60 }])
  t.equal(at('2026-03-29T00:00:00Z', skipped), '2026-03-29T01:30', '02:30 does not exist that night: an hour later')
  t.equal(at('2026-03-29T02:29:59Z', skipped), 'open')
  t.equal(at('2026-03-29T02:30:00Z', skipped), '2026-04-05T00:30', 'and for an hour')
  const twice = local([{ days: [0], startMinute: 150, durationMinutes: 60 }])
  t.equal(at('2026-10-25T00:29:00Z', twice), '2026-10-25T00:30', '02:30 comes twice: the first counts')
  t.equal(at('2026-10-25T01:30:00Z', twice), '2026-11-01T01:30')
  env.TZ = 'Asia/Tokyo'
  t.equal(at('2026-03-06T14:00:00Z', local([window(0, 2, [6])])), '2026-03-06T15:00', 'Saturday begins earlier there')
})

t.test('whatever the windows and the clock: at the opening that was told it is open, and not before', async () => {
  const windows = fc.array(
    fc.record({
      days: fc.uniqueArray(fc.constantFrom(...everyDay), { minLength: 1 }),
      startMinute: fc.integer({ min: 0, max: 1439 }),
      durationMinutes: fc.integer({ min: 1, max: 7 * 24 * 60 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  const times = fc.integer({ min: 0, max: Date.parse('2100-01-01T00:00:00Z') })
  fc.assert(
    fc.property(windows, times, fc.constantFrom('utc' as const, 'local' as const), (given, wallMs, zone) => {
      const wanted = maintenance(given, { zone })
      const answer = maintenanceAnswer(wanted, 'install', 0, wallMs)
      if (answer.open) return true
      const { opensInMs } = answer
      const before = wallMs + opensInMs - 1
      return (
        opensInMs <= 8 * 24 * hourMs &&
        maintenanceAnswer(wanted, 'install', 0, wallMs + opensInMs).open &&
        (opensInMs <= 1000 || !maintenanceAnswer(wanted, 'install', 0, before).open)
      )
    }),
    { seed, numRuns: 500 },
  )
})
