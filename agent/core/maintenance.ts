// The maintenance window of a device: at which times of the week updates may be done. Computed anew from the wall clock at
// each question, so a clock that jumps is believed at once; local times are made by the rules of the device's time zone,
// so that a window keeps its hours in summer and winter.

/** 0 is Sunday, as Date has it. */
export type Weekday = 0 | 1 | 2 | 3 | 4 | 5 | 6

/** Open from `startMinute` of each of its days on, for `durationMinutes`, over midnight and into the next week too. */
export interface WeeklyWindow {
  readonly days: readonly Weekday[]
  /** Minutes after midnight by the clock on the wall, 0 to 1439. */
  readonly startMinute: number
  /** 1 to 10080, a week. Elapsed time: an hour that is skipped or comes twice does not change it. */
  readonly durationMinutes: number
}

export interface Maintenance {
  readonly windows: readonly WeeklyWindow[]
  readonly zone: 'utc' | 'local'
  readonly applies: 'install' | 'download' | 'both'
  /** An update of this priority or a higher one does not wait; undefined: none does. */
  readonly overridePriority: number | undefined
}

export type MaintenanceAnswer = { readonly open: true } | { readonly open: false; readonly opensInMs: number }

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** A week, and the days a window can reach over. */
const daysLooked = 8

/** May it be done now, at `wallMs` milliseconds since 1970, and if not, how long until it may? Without windows: always. */
export function maintenanceAnswer(
  { windows, zone, applies, overridePriority }: Maintenance,
  what: 'download' | 'install',
  priority: number,
  wallMs: number,
): MaintenanceAnswer {
  if (windows.length === 0 || (applies !== 'both' && applies !== what)) return { open: true }
  if (overridePriority !== undefined && priority >= overridePriority) return { open: true }
  const openings = windows.flatMap(window => openingsAround(window, zone, wallMs))
  if (openings.some(({ fromMs, toMs }) => fromMs <= wallMs && wallMs < toMs)) return { open: true }
  const next = Math.min(...openings.filter(({ fromMs }) => fromMs > wallMs).map(({ fromMs }) => fromMs))
  // Every window has a day, so within eight days one begins; at least a second, so that nobody asks in a circle.
  return { open: false, opensInMs: Math.max(next - wallMs, 1000) }
}

/** The openings of one window that began within the last week, or begin within the next. */
function openingsAround(
  { days, startMinute, durationMinutes }: WeeklyWindow,
  zone: Maintenance['zone'],
  wallMs: number,
): readonly { readonly fromMs: number; readonly toMs: number }[] {
  const openings: { fromMs: number; toMs: number }[] = []
  for (let day = -daysLooked; day <= daysLooked; day += 1) {
    const { weekday, fromMs } = startOn(day, startMinute, zone, wallMs)
    if (days.includes(weekday)) openings.push({ fromMs, toMs: fromMs + durationMinutes * minuteMs })
  }
  return openings
}

/** When the minute of that day is, `day` days from the one of `wallMs`. A minute that is skipped comes an hour later. */
function startOn(
  day: number,
  startMinute: number,
  zone: Maintenance['zone'],
  wallMs: number,
): { readonly weekday: Weekday; readonly fromMs: number } {
  if (zone === 'utc') {
    const midnightMs = Math.floor(wallMs / dayMs) * dayMs + day * dayMs
    return { weekday: new Date(midnightMs).getUTCDay() as Weekday, fromMs: midnightMs + startMinute * minuteMs }
  }
  const today = new Date(wallMs)
  const start = new Date(today.getFullYear(), today.getMonth(), today.getDate() + day, 0, startMinute)
  // The weekday of noon: at midnight a zone may skip into the next day.
  const noon = new Date(today.getFullYear(), today.getMonth(), today.getDate() + day, 12)
  return { weekday: noon.getDay() as Weekday, fromMs: start.getTime() }
}
