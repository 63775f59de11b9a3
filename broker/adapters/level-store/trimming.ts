// What the store forgets when it is told to: the oldest events, with index rows and logs of devices, and old answers. Each call makes
// the steps of one commit, so a power cut leaves the log with one beginning.
import type { NewEvent } from '../../core/records.ts'
import { StoreDamaged } from '../../errors.ts'
import { type EventLog, eventsAt, firstNumberFrom } from './events.ts'
import * as keys from './keys.ts'
import { eventIndexKeys, type Step } from './rows.ts'
import { type Database, many, type Snapshot } from './verification.ts'

const rowsPerCallMax = 10_000

/** For the oldest events recorded before that moment, at most `rowsMax`. */
export async function stepsToTrimEvents(log: EventLog, before: number, rowsMax: number): Promise<readonly Step[]> {
  const end = Math.min(await firstNumberFrom(log, before), log.oldest + rowsMax)
  const numbers = Array.from({ length: Math.max(0, end - log.oldest) }, (_, index) => log.oldest + index)
  const events = await eventsAt(log, numbers)
  const logs = await logsOf(log, events)
  return events.map((event, index): Step => {
    const number = log.oldest + index
    return { kind: 'trim-event', number, indexKeys: eventIndexKeys(event, number), logKeys: logs.get(number) ?? [] }
  })
}

/** Keys of the logs that devices sent with these events. A log written after this look outlives its event, unreadable. */
async function logsOf(
  { db, snapshot, oldest }: EventLog,
  events: readonly NewEvent[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const wanted = events.flatMap(({ operation, type, code }, index) =>
    operation === undefined || (type !== 'FAIL' && code !== 'SYS_111') ? [] : [{ operation, number: oldest + index }],
  )
  const found = await many(
    { db, snapshot },
    wanted.map(({ operation, number }) => keys.deviceLogKey(operation, number)),
  )
  const there = wanted.filter((_, index) => found[index] !== undefined)
  return new Map(
    there.map(({ operation, number }) => [
      number,
      [keys.deviceLogKey(operation, number), keys.deviceLogContentKey(operation, number)],
    ]),
  )
}

/** For the oldest answers given before that moment, at most `rowsMax`. */
export async function stepsToTrimAnswers(
  db: Database,
  snapshot: Snapshot,
  before: number,
  rowsMax: number,
): Promise<readonly Step[]> {
  const found = await db.keys({ ...keys.within(keys.answersByTime), snapshot, limit: rowsMax }).all()
  return found
    .filter(key => keys.timeAt(key) < before)
    .map((key): Step => {
      const [, , principal, request] = key.split('!')
      if (request === undefined) throw new StoreDamaged(`index row "${key}" is none`)
      return { kind: 'forget-answer', key: `w!${principal}!${request}`, before }
    })
}

export function mustBeRowsMax(rowsMax: number): void {
  if (!Number.isInteger(rowsMax) || rowsMax < 1 || rowsMax > rowsPerCallMax) {
    throw new RangeError(`rowsMax: expected 1 to ${rowsPerCallMax}, got ${rowsMax}`)
  }
}
