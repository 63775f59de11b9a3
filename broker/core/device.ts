// What the registry knows of a device, from its last hello. Presence is no part of it: who is connected is the
// connection table's knowledge.
import type { DeviceId } from '../../proto/ids.ts'
import type { ComponentReport } from '../../proto/messages.ts'

/** Times are milliseconds since 1970, by the broker's clock. Ids and digests are lower-case hex. */
export interface Device {
  readonly id: DeviceId
  /** First hello. */
  readonly registeredAt: number
  readonly lastHelloAt: number
  readonly vendorId: string
  readonly classId: string
  readonly bootId: string
  readonly agentVersion: string
  readonly packetBytesMax: number
  readonly components: readonly ComponentReport[]
  /** Newest first, at most `journalsMax`. */
  readonly journals: readonly JournalPosition[]
}

/** Which events of one journal are stored: all up to `floor`, and those in `above`. */
export interface JournalPosition {
  readonly journalId: string
  readonly floor: number
  /** Numbers above the floor that are stored already, ascending; events may arrive out of order. */
  readonly above: readonly number[]
}

export const journalsMax = 4
/** An event further than this above the floor is refused: a device sends its outbox in order. */
export const eventWindow = 1024

/** True when the event is stored already. */
export function isStored(journals: readonly JournalPosition[], journalId: string, eventNumber: number): boolean {
  const position = journals.find(journal => journal.journalId === journalId)
  return position !== undefined && (eventNumber <= position.floor || position.above.includes(eventNumber))
}

/** Positions with the event marked as stored; undefined when it is too far ahead to be remembered in bounded space. */
export function withStored(
  journals: readonly JournalPosition[],
  journalId: string,
  eventNumber: number,
): readonly JournalPosition[] | undefined {
  const position = journals.find(journal => journal.journalId === journalId) ?? { journalId, floor: 0, above: [] }
  if (eventNumber > position.floor + eventWindow) return undefined
  return withPosition(journals, raised(journalId, position.floor, [...position.above, eventNumber]))
}

/** Positions after a hello that says: events up to `floor` of this journal have been acknowledged before. */
export function withFloor(
  journals: readonly JournalPosition[],
  journalId: string,
  floor: number,
): readonly JournalPosition[] {
  const position = journals.find(journal => journal.journalId === journalId) ?? { journalId, floor: 0, above: [] }
  return withPosition(journals, raised(journalId, Math.max(floor, position.floor), position.above))
}

function raised(journalId: string, floor: number, above: readonly number[]): JournalPosition {
  const sorted = [...new Set(above)].filter(number => number > floor).sort((a, b) => a - b)
  let newFloor = floor
  while (sorted[0] === newFloor + 1) newFloor = sorted.shift() as number
  return { journalId, floor: newFloor, above: sorted }
}

function withPosition(journals: readonly JournalPosition[], position: JournalPosition): readonly JournalPosition[] {
  return [position, ...journals.filter(journal => journal.journalId !== position.journalId)].slice(0, journalsMax)
}
