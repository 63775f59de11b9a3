// The settings of the delivery plane (answers to requests, broadcasts, patches), once: the parser of the configuration,
// `--help` and the documentation are made from this table.

export interface DeliverySettings extends DeliveryNumbers {
  /** The attribute of a device whose every value has `labelBytesPerSecond`, e.g. `site`; empty: none. */
  readonly budgetLabel: string
}

export interface DeliveryNumbers {
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
  readonly bytesPerSecond: number
  readonly deviceBytesPerSecond: number
  readonly operationBytesPerSecond: number
  readonly labelBytesPerSecond: number
  readonly budgetWaitMs: number
  readonly broadcastDevicesMin: number
  readonly broadcastGatherMs: number
  readonly broadcastBytesPerSecond: number
  readonly broadcastPieceBytesMax: number
  readonly patchDevicesMin: number
  readonly patchCacheBytesMax: number
  readonly patchImageBytesMax: number
}

export interface DeliverySetting {
  /** Of drover-broker; without one the setting is for hosts that attach. */
  readonly flag?: string
  readonly unit: 'bytes' | 'ms' | 'count' | 'bytes a second'
  readonly least: number
  readonly most: number
  readonly default: number
  readonly meaning: string
}

const KiB = 1024
const MiB = 1024 * KiB
/** Budgets: 0 is none. */
const rate = { unit: 'bytes a second', least: 0, most: 1024 ** 4, default: 0 } as const

export const deliverySettingsTable: { readonly [Name in keyof DeliveryNumbers]: DeliverySetting } = {
  socketUndrainedBytesMax: {
    flag: 'socket-undrained-bytes',
    unit: 'bytes',
    least: 4 * KiB,
    most: 4 * MiB,
    default: 128 * KiB,
    meaning: 'no chunk is written to a socket that would then hold more than this',
  },
  undrainedBytesMax: {
    flag: 'undrained-bytes',
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
    flag: 'delivery-stall-ms',
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
    default: 10_000,
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
  bytesPerSecond: { ...rate, flag: 'bytes-per-second', meaning: 'to all devices together; 0: no limit' },
  deviceBytesPerSecond: { ...rate, flag: 'device-bytes-per-second', meaning: 'to one device; 0: no limit' },
  operationBytesPerSecond: {
    ...rate,
    flag: 'operation-bytes-per-second',
    meaning: 'for one operation whose policy names no rate; 0: no limit',
  },
  labelBytesPerSecond: {
    ...rate,
    flag: 'label-bytes-per-second',
    meaning: 'to all devices together that have the same value of --budget-label; 0: no limit',
  },
  budgetWaitMs: {
    flag: 'budget-wait-ms',
    unit: 'ms',
    least: 0,
    most: 60_000,
    default: 5000,
    meaning: 'who would have to wait longer for a budget is told busy, and when to come again',
  },
  broadcastDevicesMin: {
    flag: 'broadcast-devices-min',
    unit: 'count',
    least: 0,
    most: 1_000_000,
    default: 50,
    meaning: 'devices that want the same artifact before it is broadcast by itself; 0: never',
  },
  broadcastGatherMs: {
    flag: 'broadcast-gather-ms',
    unit: 'ms',
    least: 0,
    most: 600_000,
    default: 2000,
    meaning: 'how long a broadcast waits for those it has asked to listen',
  },
  broadcastBytesPerSecond: {
    ...rate,
    flag: 'broadcast-bytes-per-second',
    meaning: 'of the image, to each listener of a broadcast; 0: no limit',
  },
  broadcastPieceBytesMax: {
    flag: 'broadcast-piece-bytes',
    unit: 'bytes',
    least: 1 * KiB,
    most: 256 * KiB,
    default: 32 * KiB,
    meaning: 'largest packet of a broadcast; devices that take less make it smaller',
  },
  patchDevicesMin: {
    flag: 'patch-devices-min',
    unit: 'count',
    least: 0,
    most: 1_000_000,
    default: 3,
    meaning: 'devices with the same installed image and target before a patch is made for them; 0: none is made',
  },
  patchCacheBytesMax: {
    flag: 'patch-cache-bytes',
    unit: 'bytes',
    least: 1 * MiB,
    most: 1024 ** 4,
    default: 1024 * MiB,
    meaning: 'patches kept on disk, those used last',
  },
  patchImageBytesMax: {
    flag: 'patch-image-bytes',
    unit: 'bytes',
    least: 1 * MiB,
    most: 4096 * MiB,
    default: 512 * MiB,
    meaning: 'no patch is made from or to a larger image',
  },
}

/** Defaults with `wishes` in their place; throws RangeError naming every setting that is out of its range. */
export function deliverySettings(wishes: Partial<DeliverySettings> = {}): DeliverySettings {
  const problems: string[] = []
  const settings = Object.fromEntries(
    Object.entries(deliverySettingsTable).map(([name, { least, most, default: usual, unit }]) => {
      const value = wishes[name as keyof DeliveryNumbers] ?? usual
      if (!Number.isInteger(value) || value < least || value > most)
        problems.push(`${name}: expected ${least} to ${most} ${unit}, got ${value}`)
      return [name, value]
    }),
  )
  if (problems.length > 0) throw new RangeError(problems.join('; '))
  return { ...(settings as unknown as DeliveryNumbers), budgetLabel: wishes.budgetLabel ?? '' }
}
