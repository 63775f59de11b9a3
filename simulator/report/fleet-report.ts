// The record of one run of a fleet, as it is written, read again, merged with those of other machines and compared. All
// times are milliseconds, all sizes bytes, all shares in [0, 1].
import { type Static, Type } from 'typebox'

const closed = { additionalProperties: false } as const
const count = Type.Integer({ minimum: 0 })
const time = Type.Number({ minimum: 0 })

/** Counts by upper bound, so that two can be added: percentiles cannot. See latency.ts for the bounds. */
export const Distribution = Type.Object(
  {
    count,
    min: time,
    max: time,
    sum: time,
    /** Pairs [bucket, count], ascending, no empty ones. */
    buckets: Type.Array(Type.Tuple([count, count])),
  },
  closed,
)
export type Distribution = Static<typeof Distribution>

/** Of the machine and processes that drove the load: whoever reads the report must know whether he measured his own tool. */
export const Tester = Type.Object(
  {
    name: Type.String(),
    cores: count,
    processes: count,
    sensors: count,
    /** 0: not known. */
    openFilesLimit: count,
    openFilesNeeded: count,
    /** Of the worst process. */
    eventLoopLagP99Ms: time,
    eventLoopLagMaxMs: time,
    /** CPU seconds of all its processes by second of the run; may exceed 1. */
    cpuShare: Type.Number({ minimum: 0 }),
    rssBytes: count,
    heapBytesPerSensor: count,
    /** Sentences about what makes the figures doubtful; empty: nothing. */
    warnings: Type.Array(Type.String()),
  },
  closed,
)
export type Tester = Static<typeof Tester>

/** One second of the run; of several machines those that began in the same second are added. */
export const Instant = Type.Object(
  {
    /** Since `startedAt`. */
    atMs: time,
    connected: count,
    /**
     * Waiting, downloading, installing, succeeded and failed leave no sensor out and have none twice: at every instant they
     * add up to `sensors`, but for those that were skipped. Waiting: nothing durable has been done yet, connected or not.
     */
    waiting: count,
    downloading: count,
    installing: count,
    succeeded: count,
    failed: count,
    /** In this second, over the lines of the sensors. */
    downBytes: count,
    upBytes: count,
    telemetry: count,
  },
  closed,
)
export type Instant = Static<typeof Instant>

export const DeviceResult = Type.Object(
  {
    device: Type.String(),
    profile: Type.String(),
    fault: Type.Union([Type.String(), Type.Null()]),
    /** Any of these would have been right. */
    expected: Type.Array(Type.String()),
    /** As the execution has it; null: it has not ended. */
    code: Type.Union([Type.String(), Type.Null()]),
    asExpected: Type.Boolean(),
    version: Type.Union([Type.String(), Type.Null()]),
    connectMs: Type.Union([time, Type.Null()]),
    offerToStartMs: Type.Union([time, Type.Null()]),
    downloadMs: Type.Union([time, Type.Null()]),
    totalMs: Type.Union([time, Type.Null()]),
    downBytes: count,
    upBytes: count,
    reconnects: count,
  },
  closed,
)
export type DeviceResult = Static<typeof DeviceResult>

export const latencyNames = ['connect', 'offerToStart', 'download', 'total', 'telemetry'] as const
export type LatencyName = (typeof latencyNames)[number]

/** For people. */
export const latencyTexts: Readonly<Record<LatencyName, string>> = {
  connect: 'connect',
  offerToStart: 'offer to start',
  download: 'download',
  total: 'offer to success',
  telemetry: 'telemetry',
}

export const FleetReport = Type.Object(
  {
    format: Type.Literal('drover-fleet-report'),
    formatVersion: Type.Literal(1),
    title: Type.String(),
    /** RFC 3339. */
    startedAt: Type.String(),
    /** From the first connect to the last outcome, think time left out. */
    durationMs: time,
    /** Before it nothing counts in the distributions. */
    warmUpMs: time,
    /** Flags and sizes of the run, for people, in the order they are shown. */
    settings: Type.Array(Type.Tuple([Type.String(), Type.String()])),
    operation: Type.Union([Type.String(), Type.Null()]),
    testers: Type.Array(Tester),
    /** Of a broker the run has started itself. */
    broker: Type.Union([
      Type.Object({ rssBytesBefore: count, rssBytesConnected: count, rssBytesMax: count, cpuSeconds: time }, closed),
      Type.Null(),
    ]),
    sensors: count,
    succeeded: count,
    failed: count,
    skipped: count,
    unfinished: count,
    unexpected: count,
    reconnects: count,
    imageBytes: count,
    downBytes: count,
    upBytes: count,
    telemetry: Type.Object({ sent: count, acknowledged: count, lost: count }, closed),
    /** `total` is of updates that succeeded: beside refusals, which take a moment, they would look fast. */
    latencies: Type.Object(
      {
        connect: Distribution,
        offerToStart: Distribution,
        download: Distribution,
        total: Distribution,
        telemetry: Distribution,
      },
      closed,
    ),
    /** By code of the execution: how many ended with it, and for how many of these it was right. */
    codes: Type.Record(Type.String(), Type.Object({ count, expected: count }, closed)),
    /** From the first second to the last, ascending; a second in which nobody looked may be missing. */
    timeline: Type.Array(Instant),
    /** Every sensor; in the page only those that ended otherwise than expected, up to a limit. */
    devices: Type.Array(DeviceResult),
  },
  closed,
)
export type FleetReport = Static<typeof FleetReport>
