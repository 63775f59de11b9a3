// The Calendar port with croner: maintenance windows that open when a cron expression says, in the time of a named zone,
// and stay open for so many minutes of real time. Windows that overlap or touch are one.
//
// When clocks change: a time that names its hours and minutes is not lost in the gap (the window opens at the first
// moment after it) and opens once when the hour comes twice; `*` and steps follow the clock on the wall through both.
//
// The library takes a fifth of a millisecond for one look, so the looks of one answer are counted, and an answer is kept
// until it ends: asking again before then costs nothing.
import { Cron } from 'croner'
import type { MaintenanceWindow } from '../core/policy.ts'
import type { Calendar } from '../ports.ts'

export const windowMinutesMax = 10_080
const cronLengthMax = 128
const minuteMs = 60_000
const yearMs = 365 * 86_400_000
/** Windows that touch one another, followed in one answer. */
const stepsMax = 200
const keptMax = 256

interface State {
  readonly open: boolean
  readonly changesAt?: number
}

/**
 * `changesAt` of a state is exact, unless the change is more than a year away or behind 200 windows in a row that touch:
 * then the state stays as it is at least until that moment, at which to look again.
 */
export class CronCalendar implements Calendar {
  readonly #crons = new Map<string, Cron>()
  readonly #answers = new Map<string, State & { readonly from: number }>()

  problem({ cron, minutes, timeZone }: MaintenanceWindow): string | undefined {
    if (!Number.isInteger(minutes) || minutes < 1 || minutes > windowMinutesMax)
      return `minutes: expected a whole number from 1 to ${windowMinutesMax}, got ${String(minutes).slice(0, 40)}`
    if (!isTimeZone(timeZone))
      return `timeZone: expected an IANA name like Europe/Berlin, got ${JSON.stringify(timeZone)?.slice(0, 80)}`
    const shown = JSON.stringify(cron)?.slice(0, 80)
    if (typeof cron !== 'string' || cron.length > cronLengthMax || cron.trim().split(/\s+/).length !== 5)
      return `cron: expected five fields (minute hour day month weekday), got ${shown}`
    try {
      if (makeCron(cron, timeZone).nextRun(new Date(0)) === null) return `cron: ${shown} never comes`
      return undefined
    } catch (cause) {
      return `cron: ${shown} is not understood: ${(cause as Error).message}`.slice(0, 300)
    }
  }

  state(windows: readonly MaintenanceWindow[], at: number): State {
    const key = JSON.stringify(windows.map(({ cron, minutes, timeZone }) => [cron, minutes, timeZone]))
    const kept = this.#answers.get(key)
    if (kept !== undefined && at >= kept.from && at < (kept.changesAt ?? Number.POSITIVE_INFINITY))
      return stateOf(kept.open, kept.changesAt)
    const answer = windows.length === 0 ? { open: true } : this.#stateOf(windows, at)
    keep(this.#answers, key, { ...answer, from: at })
    return answer
  }

  #stateOf(windows: readonly MaintenanceWindow[], at: number): State {
    const until = this.#openUntil(windows, at)
    if (until > at) return { open: true, changesAt: Math.min(until, at + yearMs) }
    const next = windows.flatMap(({ cron, timeZone }) => this.#cron(cron, timeZone).nextRun(new Date(at)) ?? [])
    if (next.length === 0) return { open: false }
    return { open: false, changesAt: Math.min(at + yearMs, ...next.map(Number)) }
  }

  /** The end of the windows that are open at that moment, with those that open before they end; `at` when none is. */
  #openUntil(windows: readonly MaintenanceWindow[], at: number): number {
    let until = at
    for (let step = 0; step < stepsMax && until < at + yearMs; step += 1) {
      const before = until
      for (const { cron, minutes, timeZone } of windows) {
        // At or before: runs are whole seconds, and the library looks before the second it is given.
        const past = new Date(Math.floor(until / 1000) * 1000 + 1000)
        const [opened] = this.#cron(cron, timeZone).previousRuns(1, past)
        if (opened !== undefined) until = Math.max(until, opened.getTime() + minutes * minuteMs)
      }
      if (until === before) break
    }
    return until
  }

  #cron(cron: string, timeZone: string): Cron {
    const key = `${timeZone} ${cron}`
    const made = this.#crons.get(key) ?? makeCron(cron, timeZone)
    keep(this.#crons, key, made)
    return made
  }
}

function stateOf(open: boolean, changesAt: number | undefined): State {
  return changesAt === undefined ? { open } : { open, changesAt }
}

/** Without a function to call it is a calendar and starts no timer. */
function makeCron(cron: string, timeZone: string): Cron {
  return new Cron(cron.trim(), { mode: '5-part', timezone: timeZone, fixedTimeRule: 'no-wildcard' })
}

/** Offsets like +02:00, which newer engines take for a zone, do not follow the seasons and are none here. */
function isTimeZone(text: unknown): boolean {
  if (typeof text !== 'string' || !/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(text)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    // RangeError: the engine does not know it.
    return false
  }
}

/** The last one kept goes to the end, the one not wanted for longest goes when there are too many. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
  if (map.size > keptMax) for (const oldest of [...map.keys()].slice(0, map.size - keptMax)) map.delete(oldest)
}
