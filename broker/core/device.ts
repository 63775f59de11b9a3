// What the registry knows of a device, from its last hello. Presence is no part of it: who is connected is the
// connection table's knowledge.
import type { DeviceId, OperationId } from '../../proto/ids.ts'
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
  /** Given by operators; a hello changes none of them. */
  readonly group?: string
  readonly tags?: readonly string[]
  readonly attributes?: Readonly<Record<string, string>>
  /** Failed executions of late, one an operation, oldest first, at most `failuresMax`. */
  readonly failures?: readonly { readonly operation: OperationId; readonly at: number }[]
  /** Failed too many operations in a row: new ones skip it until a person releases it. */
  readonly quarantinedAt?: number
  /** What signs its reports: SubjectPublicKeyInfo, DER, base64; the first usable one it said. */
  readonly reportKey?: string
  /** Since then it, or somebody in its name, has said another key as well, which was not taken. */
  readonly reportKeyRefusedAt?: number
}

/** Which events of one journal are stored: all up to `floor`, and those in `above`. */
export interface JournalPosition {
  readonly journalId: string
  readonly floor: number
  /** Numbers above the floor that are stored already, ascending; events may arrive out of order. */
  readonly above: readonly number[]
}

export const journalsMax = 4
export const failuresMax = 8
export const tagsMax = 32
export const attributesMax = 32
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

/** What a hello that says `key` makes of the one that is kept; the first one stays until a person takes it away. */
export function reportKeyAfter(
  before: Device | undefined,
  key: string | undefined,
  at: number,
): Pick<Device, 'reportKey' | 'reportKeyRefusedAt'> {
  if (key === undefined || before?.reportKey === key) return {}
  if (before?.reportKey === undefined) return { reportKey: key }
  return before.reportKeyRefusedAt === undefined ? { reportKeyRefusedAt: at } : {}
}

/** The device after a person took its key away: the next one it says is kept. */
export function withoutReportKey({ reportKey: _, reportKeyRefusedAt: __, ...rest }: Device): Device {
  return rest
}

export interface QuarantineRule {
  /** Different operations that failed on the device; 0: no quarantine. */
  readonly failuresMax: number
  readonly withinMs: number
}
export const quarantineDefaults: QuarantineRule = { failuresMax: 3, withinMs: 86_400_000 }

/** The device after it failed one more operation. */
export function withFailure(device: Device, operation: OperationId, at: number, rule: QuarantineRule): Device {
  const others = (device.failures ?? []).filter(
    failure => failure.operation !== operation && failure.at > at - rule.withinMs,
  )
  const failures = [...others, { operation, at }].slice(-failuresMax)
  const quarantined = rule.failuresMax > 0 && failures.length >= Math.min(rule.failuresMax, failuresMax)
  return {
    ...device,
    failures,
    ...(quarantined && device.quarantinedAt === undefined ? { quarantinedAt: at } : {}),
  }
}

/** A failure of that operation turned out not to be one. */
export function withoutFailure(device: Device, operation: OperationId): Device {
  const failures = device.failures?.filter(failure => failure.operation !== operation)
  return failures === undefined || failures.length === device.failures?.length ? device : { ...device, failures }
}

/** The device after a person has released it; it begins anew. */
export function released(device: Device): Device {
  const { quarantinedAt: _, failures: __, ...rest } = device
  return rest
}
