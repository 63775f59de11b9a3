// Maintenance windows: hand-picked nights when clocks change, what is refused, and random windows against a calendar that
// looks at every minute and knows nothing but the wall clock of the zone.
import { Cron } from 'croner'
import fc from 'fast-check'
import t from 'tap'
import { CronCalendar } from '../../../broker/adapters/cron-calendar.ts'
import type { MaintenanceWindow } from '../../../broker/core/policy.ts'

const minuteMs = 60_000
const at = (text: string): number => Date.parse(text)
const window = (cron: string, minutes: number, timeZone = 'Europe/Berlin'): MaintenanceWindow => ({
  cron,
  minutes,
  timeZone,
})

/** The changes from a moment on: `+` opens, `-` closes. */
function changes(windows: readonly MaintenanceWindow[], from: string, count: number): readonly string[] {
  const calendar = new CronCalendar()
  const found: string[] = []
  let { open, changesAt } = calendar.state(windows, at(from))
  while (found.length < count && changesAt !== undefined) {
    const next = calendar.state(windows, changesAt)
    if (next.open !== open)
      found.push(`${next.open ? '+' : '-'}${new Date(changesAt).toISOString().slice(0, 16).replace('T', ' ')}`)
    open = next.open
    changesAt = next.changesAt
  }
  return found
}

t.test('windows open and close in the time of their zone, also on the nights when clocks change', async t => {
  const rows: readonly (readonly [string, readonly MaintenanceWindow[], string, readonly string[]])[] = [
    [
      'every night',
      [window('0 2 * * *', 120)],
      '2026-01-10T12:00:00Z',
      ['+2026-01-11 01:00', '-2026-01-11 03:00', '+2026-01-12 01:00'],
    ],
    [
      'Berlin, forward: 02:30 does not exist, the window opens at 03:00 and is as long as ever',
      [window('30 2 * * *', 90)],
      '2026-03-28T12:00:00Z',
      ['+2026-03-29 01:00', '-2026-03-29 02:30', '+2026-03-30 00:30', '-2026-03-30 02:00'],
    ],
    [
      'Berlin, back: 02:30 comes twice, the window opens once',
      [window('30 2 * * *', 30)],
      '2026-10-24T12:00:00Z',
      ['+2026-10-25 00:30', '-2026-10-25 01:00', '+2026-10-26 01:30'],
    ],
    [
      'Berlin, back: a window over the change lasts its minutes, not its wall time',
      [window('0 1 * * *', 180)],
      '2026-10-24T12:00:00Z',
      ['+2026-10-24 23:00', '-2026-10-25 02:00', '+2026-10-26 00:00'],
    ],
    [
      'New York, forward',
      [window('15 2 * * *', 60, 'America/New_York')],
      '2026-03-07T12:00:00Z',
      ['+2026-03-08 07:00', '-2026-03-08 08:00', '+2026-03-09 06:15'],
    ],
    [
      'New York, back',
      [window('30 1 * * SUN', 30, 'America/New_York')],
      '2026-10-31T12:00:00Z',
      ['+2026-11-01 05:30', '-2026-11-01 06:00', '+2026-11-08 06:30'],
    ],
    ['longer than its period: it never closes', [window('0 2 * * *', 2000)], '2026-01-10T12:00:00Z', []],
    [
      'overlapping and touching windows are one',
      [window('0 2 * * *', 90), window('0 3 * * *', 60), window('0 4 * * *', 15)],
      '2026-01-10T12:00:00Z',
      ['+2026-01-11 01:00', '-2026-01-11 03:15'],
    ],
    [
      'in two zones',
      [window('0 12 * * *', 60), window('30 12 * * *', 60, 'Europe/London')],
      '2026-01-10T00:00:00Z',
      ['+2026-01-10 11:00', '-2026-01-10 12:00', '+2026-01-10 12:30', '-2026-01-10 13:30'],
    ],
    [
      'February 29',
      [window('0 0 29 2 *', 60, 'UTC')],
      '2026-01-10T00:00:00Z',
      ['+2028-02-29 00:00', '-2028-02-29 01:00', '+2032-02-29 00:00'],
    ],
  ]
  for (const [what, windows, from, expected] of rows) {
    if (expected.length > 0) t.same(changes(windows, from, expected.length), expected, what)
    const state = new CronCalendar().state(windows, at(from))
    t.ok((state.changesAt ?? 0) > at(from) && (state.changesAt ?? 0) <= at(from) + 366 * 86_400_000, what)
  }
  t.match(new CronCalendar().state([window('0 2 * * *', 2000)], at('2026-01-10T12:00:00Z')), { open: true })
  t.same(new CronCalendar().state([], 0), { open: true }, 'no window: always open')
})

t.test('the opening moment is inside, the closing moment outside, to the millisecond', async t => {
  const calendar = new CronCalendar()
  const windows = [window('0 2 * * *', 1, 'UTC')]
  const opens = at('2026-01-11T02:00:00Z')
  const rows = [
    [opens - 1, false, opens],
    [opens, true, opens + minuteMs],
    [opens + 1, true, opens + minuteMs],
    [opens + minuteMs - 1, true, opens + minuteMs],
    [opens + minuteMs, false, opens + 86_400_000],
    [opens + 500, true, opens + minuteMs],
    [opens - 86_400_000, true, opens - 86_400_000 + minuteMs],
  ] as const
  for (const [moment, open, changesAt] of rows)
    t.same(calendar.state(windows, moment), { open, changesAt }, `${moment}`)
})

t.test('what is no window is refused with its field and what was expected', async t => {
  const calendar = new CronCalendar()
  const fine: readonly MaintenanceWindow[] = [
    window('0 2 * * *', 1),
    window('*/15 8-17 * * MON-FRI', 10_080),
    window(' 0  0 29 2 * ', 60),
    window('0 0 L * *', 60, 'UTC'),
    window('0 0 1,15 */2 0', 60, 'America/Argentina/Buenos_Aires'),
  ]
  for (const one of fine) t.equal(calendar.problem(one), undefined, one.cron)
  const rows: readonly (readonly [unknown, unknown, unknown, RegExp])[] = [
    ['* * * * * *', 60, 'UTC', /^cron: expected five fields/],
    ['0 0 1 1 * 2030', 60, 'UTC', /^cron: expected five fields/],
    ['* * * *', 60, 'UTC', /^cron: expected five fields/],
    ['@daily', 60, 'UTC', /^cron: expected five fields/],
    ['', 60, 'UTC', /^cron: expected five fields/],
    [7, 60, 'UTC', /^cron: expected five fields/],
    [`0 0 ${'1,'.repeat(100)}1 * *`, 60, 'UTC', /^cron: expected five fields/],
    ['60 0 * * *', 60, 'UTC', /^cron: .*minute/],
    ['0 24 * * *', 60, 'UTC', /^cron: .*hour/],
    ['*/0 * * * *', 60, 'UTC', /^cron: .*stepping/],
    ['a b c d e', 60, 'UTC', /^cron: /],
    ['0 0 30 2 *', 60, 'UTC', /^cron: .*never comes/],
    ['0 0 * * *', 0, 'UTC', /^minutes: expected .* 1 to 10080/],
    ['0 0 * * *', 10_081, 'UTC', /^minutes/],
    ['0 0 * * *', 1.5, 'UTC', /^minutes/],
    ['0 0 * * *', Number.NaN, 'UTC', /^minutes/],
    ['0 0 * * *', '60', 'UTC', /^minutes/],
    ['0 0 * * *', 60, 'Europe/Nowhere', /^timeZone: expected an IANA name/],
    ['0 0 * * *', 60, '+02:00', /^timeZone/],
    ['0 0 * * *', 60, '', /^timeZone/],
    ['0 0 * * *', 60, undefined, /^timeZone/],
  ]
  for (const [cron, minutes, timeZone, message] of rows)
    t.match(
      calendar.problem({ cron, minutes, timeZone } as MaintenanceWindow),
      message,
      `${cron} ${minutes} ${timeZone}`,
    )
})

/** Wall time of a zone as the minutes that would be UTC; offsets are asked for every quarter of an hour. */
function wallOf(timeZone: string): (minute: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  const offsets = new Map<number, number>()
  return minute => {
    const quarter = Math.floor(minute / 15)
    let offset = offsets.get(quarter)
    if (offset === undefined) {
      const [, sign, hours = '0', minutes = '0'] =
        /GMT([+-])(\d\d):(\d\d)/.exec(format.format(quarter * 15 * minuteMs)) ?? []
      offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
      offsets.set(quarter, offset)
    }
    return minute + offset
  }
}

interface Field {
  readonly text: string
  /** Undefined: every value. */
  readonly values: ReadonlySet<number> | undefined
  readonly step?: number
}
const fieldIn = (least: number, most: number, steps: boolean): fc.Arbitrary<Field> => {
  const value = fc.integer({ min: least, max: most })
  const single = value.map(one => ({ text: `${one}`, values: new Set([one]) }))
  const list = fc
    .uniqueArray(value, { minLength: 2, maxLength: 4 })
    .map(several => ({ text: several.join(','), values: new Set(several) }))
  const range = fc.tuple(value, value).map(([a, b]) => {
    const [first, last] = [Math.min(a, b), Math.max(a, b)]
    const values = new Set(Array.from({ length: last - first + 1 }, (_, index) => first + index))
    return { text: `${first}-${last}`, values }
  })
  const every = fc.constant({ text: '*', values: undefined })
  const stepped = fc.integer({ min: 2, max: 20 }).map(step => ({ text: `*/${step}`, values: undefined, step }))
  return fc.oneof(
    { weight: 3, arbitrary: single },
    { weight: 1, arbitrary: list },
    { weight: 1, arbitrary: range },
    { weight: 2, arbitrary: every },
    ...(steps ? [{ weight: 1, arbitrary: stepped as fc.Arbitrary<Field> }] : []),
  )
}
const allows = (field: Field, value: number) =>
  field.values?.has(value) ?? (field.step === undefined || value % field.step === 0)

/** What opens in each minute, by the rules in words: wild times follow the wall, named ones are neither lost nor doubled. */
function opensAt([minutes, hours, days, weekdays]: readonly Field[], wall: (minute: number) => number) {
  if (!minutes || !hours || !days || !weekdays) throw new RangeError('four fields')
  const fits = (wallMinute: number): boolean => {
    const date = new Date(wallMinute * minuteMs)
    if (!allows(minutes, date.getUTCMinutes()) || !allows(hours, date.getUTCHours())) return false
    const [byDay, byWeekday] = [allows(days, date.getUTCDate()), allows(weekdays, date.getUTCDay())]
    return days.text === '*' || weekdays.text === '*' ? byDay && byWeekday : byDay || byWeekday
  }
  const named = minutes.values !== undefined && hours.values !== undefined
  return (minute: number): boolean => {
    const here = wall(minute)
    if (!named) return fits(here)
    const repeated = [30, 60].some(earlier => wall(minute - earlier) === here)
    if (fits(here) && !repeated) return true
    for (let skipped = wall(minute - 1) + 1; skipped < here; skipped += 1) if (fits(skipped)) return true
    return false
  }
}

const zones: readonly (readonly [timeZone: string, ...changes: string[]])[] = [
  ['Europe/Berlin', '2026-03-29', '2026-10-25'],
  ['America/New_York', '2026-03-08', '2026-11-01'],
  ['Australia/Lord_Howe', '2026-04-05', '2026-10-04'],
  ['Africa/Cairo', '2026-04-24', '2026-10-30'],
  ['Asia/Kolkata', '2026-02-28'],
  ['UTC', '2028-02-28'],
]
const walls = new Map(zones.map(([timeZone]) => [timeZone, wallOf(timeZone)]))

t.test('random windows are open when a look at every minute says so, and change when it does', async () => {
  const spanMinutes = 4 * 1440
  const place = fc.constantFrom(...zones.flatMap(([timeZone, ...days]) => days.map(day => ({ timeZone, day }))))
  const one = fc.record({
    fields: fc.tuple(fieldIn(0, 59, true), fieldIn(0, 23, true), fieldIn(1, 31, false), fieldIn(0, 6, false)),
    minutes: fc.oneof(
      fc.constantFrom(1, 15, 30, 60, 1440),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 3000 }),
    ),
  })
  fc.assert(
    fc.property(
      place,
      fc.array(one, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 0, max: 2880 }),
      ({ timeZone, day }, made, offset) => {
        const wall = walls.get(timeZone) ?? wallOf('UTC')
        const first = at(`${day}T00:00:00Z`) / minuteMs - 1440
        const windows = made.map(({ fields: [minute, hour, date, weekday], minutes }) =>
          window(`${minute.text} ${hour.text} ${date.text} * ${weekday.text}`, minutes, timeZone),
        )
        const lookBack = Math.max(...made.map(({ minutes }) => minutes))
        const openUntil = new Array<number>(spanMinutes).fill(0)
        const opened: number[] = []
        for (const { fields, minutes } of made) {
          const opens = opensAt(fields, wall)
          for (let minute = first - lookBack; minute < first + spanMinutes; minute += 1) {
            if (!opens(minute)) continue
            opened.push(minute)
            const from = Math.max(minute, first) - first
            const to = Math.min(minute + minutes - first, spanMinutes)
            if (to > from) openUntil[from] = Math.max(openUntil[from] ?? 0, to)
          }
        }
        const open: boolean[] = []
        let until = 0
        for (const [index, end] of openUntil.entries()) {
          until = Math.max(until, end)
          open.push(index < until)
        }
        const calendar = new CronCalendar()
        let here = offset
        for (let hop = 0; hop < 12 && here < spanMinutes; hop += 1) {
          const state = calendar.state(windows, (first + here) * minuteMs)
          if (state.open !== open[here]) return false
          const changesAt = state.changesAt === undefined ? spanMinutes : state.changesAt / minuteMs - first
          if (changesAt <= here) return false
          const next = Math.min(changesAt, spanMinutes)
          for (let minute = here; minute < next; minute += 1) if (open[minute] !== state.open) return false
          // Where it does not change then, so many windows touch that the calendar says where to look again.
          if (next < spanMinutes && open[next] === state.open) {
            const touching = opened.filter(minute => minute >= first + here && minute <= first + next).length
            if (!state.open || touching < 200) return false
          }
          here = next
        }
        return true
      },
    ),
    { numRuns: 250 },
  )
})

t.test('the worst of windows costs a bounded number of looks, and asking again none', async t => {
  let looks = 0
  const { previousRuns } = Cron.prototype
  Cron.prototype.previousRuns = function (...given) {
    looks += 1
    return previousRuns.apply(this, given)
  }
  t.teardown(() => {
    Cron.prototype.previousRuns = previousRuns
  })
  const calendar = new CronCalendar()
  const windows = [window('* * * * *', 1), window('* * * * *', 10_080), window('0 0 29 2 *', 1)]
  const from = at('2026-01-10T12:00:30.250Z')
  const { open, changesAt = 0 } = calendar.state([windows[0] ?? window('', 0)], from)
  t.ok(open && changesAt >= from + 190 * minuteMs && changesAt <= from + 210 * minuteMs, 'look again in 200 minutes')
  t.equal(looks, 200)
  calendar.state([window('* * * * *', 1)], changesAt - 1)
  t.equal(looks, 200, 'the answer is kept until it ends')
  t.same(calendar.state(windows, from), { open: true, changesAt: from + 365 * 86_400_000 }, 'a year is far enough')
  t.ok(calendar.state([window('0 0 29 2 *', 1)], from).changesAt === from + 365 * 86_400_000)
})
