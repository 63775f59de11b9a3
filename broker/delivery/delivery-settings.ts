// The settings of the chunk plane, once: the parser of the configuration, `--help` and the documentation are made from
// this table.

export interface DeliverySettings {
  readonly socketUndrainedBytesMax: number
  readonly undrainedBytesMax: number
  readonly turnBytes: number
  readonly tickBytes: number
  readonly windowBytesMax: number
  readonly requestsMax: number
  readonly queuedChunksMax: number
  readonly hotBytesMax: number
  readonly readsMax: number
  readonly stallMs: number
  readonly pressedStallMs: number
  readonly pollMs: number
  readonly retryAfterMs: number
}

interface DeliverySetting {
  readonly unit: 'bytes' | 'ms' | 'count'
  readonly least: number
  readonly most: number
  readonly default: number
  readonly meaning: string
}

const KiB = 1024
const MiB = 1024 * KiB

export const deliverySettingsTable: { readonly [Name in keyof DeliverySettings]: DeliverySetting } = {
  socketUndrainedBytesMax: {
    unit: 'bytes',
    least: 4 * KiB,
    most: 4 * MiB,
    default: 128 * KiB,
    meaning: 'no chunk is written to a socket that would then hold more than this',
  },
  undrainedBytesMax: {
    unit: 'bytes',
    least: 64 * KiB,
    most: 16 * 1024 * MiB,
    default: 64 * MiB,
    meaning: 'no chunk is written while all sockets together would hold more than this',
  },
  turnBytes: {
    unit: 'bytes',
    least: 1 * KiB,
    most: 4 * MiB,
    default: 64 * KiB,
    meaning: 'what one device gets in one turn, in one system call',
  },
  tickBytes: {
    unit: 'bytes',
    least: 64 * KiB,
    most: 64 * MiB,
    default: 4 * MiB,
    meaning: 'what all devices get before the event loop serves something else',
  },
  windowBytesMax: {
    unit: 'bytes',
    least: 4 * KiB,
    most: 64 * MiB,
    default: 1 * MiB,
    meaning: 'the most one request is answered with, whatever window it names',
  },
  requestsMax: {
    unit: 'count',
    least: 1,
    most: 64,
    default: 4,
    meaning: 'requests of one device not answered yet; one more, and the oldest is told busy',
  },
  queuedChunksMax: {
    unit: 'count',
    least: 1,
    most: 65536,
    default: 4096,
    meaning: 'chunks remembered of one request; what it asks beyond is not',
  },
  hotBytesMax: {
    unit: 'bytes',
    least: 1 * MiB,
    most: 64 * 1024 * MiB,
    default: 128 * MiB,
    meaning: 'encoded chunks kept in memory, those asked for last',
  },
  readsMax: {
    unit: 'count',
    least: 1,
    most: 64,
    default: 4,
    meaning: 'chunks read from disk at the same time',
  },
  stallMs: {
    unit: 'ms',
    least: 1000,
    most: 3_600_000,
    default: 60_000,
    meaning: 'a socket that holds bytes and has taken none for so long is closed',
  },
  pressedStallMs: {
    unit: 'ms',
    least: 1000,
    most: 3_600_000,
    default: 5000,
    meaning: 'the same while others wait because all sockets together hold too much; at most stallMs',
  },
  pollMs: {
    unit: 'ms',
    least: 10,
    most: 10_000,
    default: 100,
    meaning: 'how often sockets that hold bytes are looked at',
  },
  retryAfterMs: {
    unit: 'ms',
    least: 100,
    most: 600_000,
    default: 1000,
    meaning: 'what a device that is told busy should wait',
  },
}

/** Defaults with `wishes` in their place; throws RangeError naming every setting that is out of its range. */
export function deliverySettings(wishes: Partial<DeliverySettings> = {}): DeliverySettings {
  const problems: string[] = []
  const settings = Object.fromEntries(
    Object.entries(deliverySettingsTable).map(([name, { least, most, default: usual, unit }]) => {
      const value = wishes[name as keyof DeliverySettings] ?? usual
      if (!Number.isInteger(value) || value < least || value > most)
        problems.push(`${name}: expected ${least} to ${most} ${unit}, got ${value}`)
      return [name, value]
    }),
  )
  if (problems.length > 0) throw new RangeError(problems.join('; '))
  return settings as unknown as DeliverySettings
}
