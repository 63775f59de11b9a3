// A log that nobody outside can fill: lines that a stranger or a device can cause at will have a number each second, by
// word and reason, and the first one after that says how many were left out. The metrics count all of them. A line costs as much as
// the refusal it tells of, and a disk has an end.
import { TokenBuckets, type TokenRate } from './core/token-bucket.ts'
import type { Clock, Log, LogFields } from './ports.ts'

/** Words of refusals; all others are written as they come. */
const boundedEvents: ReadonlySet<string> = new Set([
  'client-error',
  'connect-refused',
  'connection-refused',
  'frame-refused',
  'handshake-failed',
  'message-refused',
  'mqtt-closed',
  'socket-error',
  'subscribe-refused',
  'will-refused',
])
/** Of each word with each reason. */
const linesDefault: TokenRate = { perSecond: 10, burst: 200 }

const keysMax = 1000

export function boundedLog(log: Log, clock: Pick<Clock, 'monotonic'>, lines = linesDefault): Log {
  const buckets = new TokenBuckets(lines, keysMax)
  const leftOut = new Map<string, number>()
  const bounded =
    (level: keyof Log) =>
    (fields: LogFields, message: string): void => {
      const { event } = fields
      if (!boundedEvents.has(event)) {
        log[level](fields, message)
        return
      }
      // Reasons are fixed words as well.
      const key = `${event} ${fields.reason}`
      const count = leftOut.get(key) ?? 0
      if (!buckets.take(key, clock.monotonic())) {
        leftOut.set(key, count + 1)
        return
      }
      leftOut.delete(key)
      log[level](count === 0 ? fields : { ...fields, leftOut: count }, message)
    }
  return { debug: bounded('debug'), info: bounded('info'), warn: bounded('warn'), error: bounded('error') }
}
