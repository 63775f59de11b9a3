// Reports of runs that never were, from a seed: three sensors or ten thousand, with faults, offline spells and a tester
// that was tired. Sums, distributions and seconds agree with the devices, as those of a real run do.
import type { DeviceResult, FleetReport, Instant } from '../../../simulator/report/fleet-report.ts'
import { LatencyCounter } from '../../../simulator/report/latency.ts'

export interface SampleOptions {
  readonly sensors: number
  readonly seed: number
  readonly startedAt?: string
  readonly prefix?: string
  /** Sensors whose outcome is not the expected one. */
  readonly unexpected?: number
  readonly warnings?: readonly string[]
  /** All times are multiplied by it. */
  readonly slower?: number
}

const mix = [
  { fault: 'bad-signature', code: 'UPD4_FAIL_23', share: 0.01 },
  { fault: 'wrong-class', code: 'UPD4_FAIL_31', share: 0.01 },
  { fault: 'full-disk', code: 'UPD4_FAIL_35', share: 0.02 },
  { fault: 'trial-boot-fails', code: 'UPD4_FAIL_40', share: 0.01 },
  { fault: 'drop', code: 'SYS_112', share: 0.05 },
  { fault: 'power-cut-installing', code: 'SYS_112', share: 0.02 },
] as const
const profiles = ['meter-nb-iot', 'gateway-ethernet', 'camera-wifi'] as const

interface Sensor extends DeviceResult {
  readonly beginsAtMs: number
  readonly offeredAtMs: number
}

export function sample(options: SampleOptions): FleetReport {
  const { sensors, seed, unexpected = 0, warnings = [], prefix = 'sensor' } = options
  const random = generator(seed)
  const all = Array.from({ length: sensors }, (_, index) => sensor(index, prefix, options, random, index < unexpected))
  const latencies = { connect: count(), offerToStart: count(), download: count(), total: count(), telemetry: count() }
  for (const one of all) {
    if (one.connectMs !== null) latencies.connect.add(one.connectMs)
    if (one.offerToStartMs !== null) latencies.offerToStart.add(one.offerToStartMs)
    if (one.downloadMs !== null) latencies.download.add(one.downloadMs)
    if (one.totalMs !== null && one.code === 'SYS_112') latencies.total.add(one.totalMs)
    latencies.telemetry.add(lognormal(random, 4, 0.8))
  }
  const codes: Record<string, { count: number; expected: number }> = {}
  for (const { code, asExpected } of all) {
    if (code === null) continue
    const before = codes[code] ?? { count: 0, expected: 0 }
    codes[code] = { count: before.count + 1, expected: before.expected + (asExpected ? 1 : 0) }
  }
  const timeline = timelineOf(all, random)
  const sum = (of: (one: Sensor) => number): number => all.reduce((total, one) => total + of(one), 0)
  const succeeded = sum(({ code }) => (code === 'SYS_112' ? 1 : 0))
  const unfinished = sum(({ code }) => (code === null ? 1 : 0))
  const durationMs = Math.max(...all.map(({ offeredAtMs, totalMs }) => offeredAtMs + (totalMs ?? 0)))
  return {
    format: 'drover-fleet-report',
    formatVersion: 1,
    title: `Nightly update of ${sensors} sensors`,
    startedAt: options.startedAt ?? '2026-03-01T02:00:00.000Z',
    durationMs,
    warmUpMs: 5000,
    settings: [
      ['Broker', 'mqtts://broker.example:8883'],
      ['Devices', String(sensors)],
      ['Start rate', '500 a second'],
      ['Image', '256 KiB, format raw'],
      ['Telemetry', 'QoS 1, every 10 s, 64 B'],
      ['Seed', String(seed)],
    ],
    operation: 'op-0001',
    testers: [
      {
        name: `${prefix}-tester`,
        cores: 2,
        processes: 2,
        sensors,
        openFilesLimit: 65_536,
        openFilesNeeded: sensors + 64,
        eventLoopLagP99Ms: 18.4,
        eventLoopLagMaxMs: 143.2,
        cpuShare: 0.83,
        rssBytes: 300_000_000 + sensors * 30_000,
        heapBytesPerSensor: 31_200,
        warnings: [...warnings],
      },
    ],
    broker: null,
    sensors,
    succeeded,
    failed: sensors - succeeded - unfinished,
    skipped: 0,
    unfinished,
    unexpected: sum(({ asExpected }) => (asExpected ? 0 : 1)),
    reconnects: sum(({ reconnects }) => reconnects),
    imageBytes: 262_144,
    downBytes: sum(({ downBytes }) => downBytes),
    upBytes: sum(({ upBytes }) => upBytes),
    telemetry: { sent: sensors * 6, acknowledged: sensors * 6 - 1, lost: 1 },
    latencies: {
      connect: latencies.connect.distribution(),
      offerToStart: latencies.offerToStart.distribution(),
      download: latencies.download.distribution(),
      total: latencies.total.distribution(),
      telemetry: latencies.telemetry.distribution(),
    },
    codes,
    timeline,
    devices: all.map(({ beginsAtMs: _, offeredAtMs: __, ...device }) => device),
  }
}

function sensor(index: number, prefix: string, options: SampleOptions, random: () => number, wrong: boolean): Sensor {
  const { slower = 1 } = options
  const drawn = random()
  let before = 0
  const kind = mix.find(({ share }) => {
    before += share
    return drawn < before
  })
  const expected = [kind?.code ?? 'SYS_112']
  const code = wrong ? (index % 3 === 0 ? null : 'UPD4_FAIL_24') : (kind?.code ?? 'SYS_112')
  const profile = profiles[Math.floor(random() * profiles.length)] ?? profiles[0]
  const connectMs = lognormal(random, 40, 0.6) * slower
  const offerToStartMs = lognormal(random, 300, 0.9) * slower
  const downloads = code === 'SYS_112' || code === 'UPD4_FAIL_40' || code === null
  const downloadMs = downloads ? lognormal(random, profile === 'meter-nb-iot' ? 14_000 : 3000, 0.4) * slower : null
  const ended = code !== null
  const beginsAtMs = (index / 500) * 1000
  return {
    device: `${prefix}-${String(index).padStart(5, '0')}`,
    profile,
    fault: kind?.fault ?? null,
    expected,
    code,
    asExpected: !wrong,
    version: code === 'SYS_112' ? '2.0.0' : '1.0.0',
    connectMs,
    offerToStartMs,
    downloadMs: ended ? downloadMs : null,
    totalMs: ended ? offerToStartMs + (downloadMs ?? 0) + lognormal(random, 1200, 0.3) : null,
    downBytes: downloads ? 270_000 + Math.floor(random() * 9000) : 900,
    upBytes: 4000 + Math.floor(random() * 900),
    reconnects: Math.floor(random() ** 4 * 4),
    beginsAtMs,
    offeredAtMs: beginsAtMs + connectMs + random() * 20_000,
  }
}

function timelineOf(all: readonly Sensor[], random: () => number): Instant[] {
  const endMs = Math.max(...all.map(({ offeredAtMs, totalMs }) => offeredAtMs + (totalMs ?? 0)))
  const instants: Instant[] = []
  for (let atMs = 1000; atMs < endMs + 1000; atMs += 1000) {
    const now = { connected: 0, waiting: 0, downloading: 0, installing: 0, succeeded: 0, failed: 0 }
    let [downBytes, upBytes] = [0, 0]
    for (const { beginsAtMs, connectMs, offeredAtMs, offerToStartMs, downloadMs, totalMs, code, ...one } of all) {
      if (atMs >= beginsAtMs + (connectMs ?? 0) && random() > 0.002) now.connected += 1
      const startedAtMs = offeredAtMs + (offerToStartMs ?? 0)
      if (atMs < startedAtMs) now.waiting += 1
      else if (totalMs !== null && atMs >= offeredAtMs + totalMs) now[code === 'SYS_112' ? 'succeeded' : 'failed'] += 1
      else if (downloadMs !== null && atMs >= startedAtMs + downloadMs) now.installing += 1
      else {
        now.downloading += 1
        downBytes += Math.floor((one.downBytes * 1000) / (downloadMs ?? 20_000))
        upBytes += 300
      }
    }
    instants.push({ atMs, ...now, downBytes, upBytes, telemetry: Math.round(now.connected / 10) })
  }
  return instants
}

function count(): LatencyCounter {
  return new LatencyCounter()
}

function lognormal(random: () => number, median: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return median * Math.exp(sigma * normal)
}

/** mulberry32: small, and the same on every machine. */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
