// What a virtual sensor is told to be, and what it tells whoever runs it: the border between the fleet (processes, ramps,
// figures) and the sensor (an agent on ports of its own). Plain data, so that it travels between processes.
import type { DeviceId } from '../../proto/ids.ts'
import type { FaultName } from './fault-names.ts'

/** One kind of device; a profile file has several with shares. Everything in bytes and milliseconds. */
export interface DeviceProfile {
  readonly name: string
  /** 32 hex digits each. */
  readonly vendorId: string
  readonly classId: string
  readonly components: readonly ComponentProfile[]
  readonly tags: readonly string[]
  readonly attributes: Readonly<Record<string, string>>
  /** Towards the device; undefined: as fast as the line goes. */
  readonly downBytesPerSecond: number | undefined
  /** One way, added to what the real line takes. */
  readonly latencyMs: number
  /** Undefined: always on line. On and off are means of exponential distributions. */
  readonly offline: { readonly onMs: number; readonly offMs: number } | undefined
  /** Undefined: mains. Installing is deferred while the charge is below `installPercentMin`. */
  readonly battery: BatteryProfile | undefined
  /** Room for candidates beside the running image. */
  readonly storageBytes: number
  readonly memoryBudgetBytes: number
  /** From the wish to restart to the first line of the new image. */
  readonly bootMs: number
  readonly keepAliveSeconds: number
  readonly telemetry: TelemetryProfile | undefined
  /** Present and true: it says a report key and signs its successes. */
  readonly signsReports?: boolean
}

export interface ComponentProfile {
  readonly name: string
  readonly version: string
  /** Of the image from the factory; its bytes are made from name and version alone, the same for all sensors. */
  readonly imageBytes: number
  readonly reboot: boolean
}

export interface BatteryProfile {
  /** At the start, of each sensor: between these two, by its seed. */
  readonly chargePercent: readonly [number, number]
  readonly installPercentMin: number
  /** Percent an hour; negative while it is used up. */
  readonly percentPerHour: number
}

/** Plain sensor traffic on a topic of its own. */
export interface TelemetryProfile {
  readonly qos: 0 | 1
  readonly everyMs: number
  readonly payloadBytes: number
}

export interface SensorPlan {
  readonly device: DeviceId
  readonly secret: string
  readonly profile: DeviceProfile
  /** What is wrong with this one; undefined: nothing. */
  readonly fault: FaultName | undefined
  /** Everything by chance in this sensor comes from here. */
  readonly seed: number
}

/** How the sensor's executions have to end, when the operation brings a good newer image. */
export interface Expected {
  /** Codes of which any one is right, as the execution has it. */
  readonly codes: readonly string[]
  /** Whether the new version runs in the end. */
  readonly updated: boolean
}

/** Told as it happens. Times are the monotonic milliseconds of the process. */
export interface SensorWatch {
  /** CONNECT was sent, and all subscriptions were granted so much later. */
  connected(sensor: DeviceId, tookMs: number): void
  disconnected(sensor: DeviceId, reason: string): void
  /** The first offer of an operation and attempt; its repetitions are not told. */
  offered(sensor: DeviceId, operation: string): void
  /** A durable step of the agent: accepted, downloading, verifying, installing, rebooting … */
  stepped(sensor: DeviceId, operation: string, step: string): void
  /** A code of the agent became durable in its outbox. SYS codes are the broker's: they come from the operation. */
  coded(sensor: DeviceId, operation: string, code: string): void
  /** Bytes of MQTT packets of this sensor since it was told last. */
  moved(sensor: DeviceId, downBytes: number, upBytes: number): void
  /** Without `tookMs`: a message was sent. With it: one at QoS 1 was acknowledged, so long after its PUBLISH. */
  telemetry(sensor: DeviceId, tookMs: number | undefined): void
  /** A fault that is done by chance or once has really been done. */
  faulted(sensor: DeviceId, fault: FaultName): void
}

/** A sensor that lives in this process. */
export interface Sensor {
  readonly plan: SensorPlan
  /** Begins to connect. Called once. */
  start(): void
  /** Ends in order; resolves when its socket is closed and nothing of it runs on. */
  stop(): Promise<void>
  /** Of the components as they run now. */
  readonly versions: Readonly<Record<string, string>>
}
