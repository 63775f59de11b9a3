// How the maintenance windows of a device are written in its configuration.
import type { Weekday, WeeklyWindow } from '../core/maintenance.ts'
import { expected, isObject, whole } from './setting.ts'

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const everyDay: readonly Weekday[] = [0, 1, 2, 3, 4, 5, 6]
const windowsMax = 64

/** `[{"days": ["sat", "sun"], "from": "22:30", "minutes": 240}]`; without days: every day. Throws RangeError. */
export function weeklyWindows(value: unknown): readonly WeeklyWindow[] {
  if (!Array.isArray(value) || value.length > windowsMax) throw expected(`a list of up to ${windowsMax}`, value)
  return value.map((each, position) => {
    try {
      return weeklyWindow(each)
    } catch (error) {
      throw new RangeError(`[${position}]: ${(error as Error).message}`)
    }
  })
}

function weeklyWindow(value: unknown): WeeklyWindow {
  if (!isObject(value)) throw expected('{days, from, minutes}', value)
  const { days, from, minutes, ...unknown } = value
  const stranger = Object.keys(unknown)[0]
  if (stranger !== undefined) throw new RangeError(`${stranger}: no such field`)
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(typeof from === 'string' ? from : '') ?? []
  if (hour === undefined || minute === undefined)
    throw new RangeError(`from: ${expected('00:00 to 23:59', from).message}`)
  return {
    days: days === undefined ? everyDay : weekdays(days),
    startMinute: Number(hour) * 60 + Number(minute),
    durationMinutes: whole(1, 7 * 24 * 60)(minutes),
  }
}

function weekdays(value: unknown): readonly Weekday[] {
  const names: readonly unknown[] = dayNames
  if (!Array.isArray(value) || value.length === 0 || !value.every(name => names.includes(name)))
    throw new RangeError(`days: ${expected(`a list of ${dayNames.join(' ')}`, value).message}`)
  return [...new Set(value.map(name => names.indexOf(name) as Weekday))]
}
