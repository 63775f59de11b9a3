// What operators ask for: requests as the doors take them, drawn from the seed, every rule of a policy somewhere.
import type { OperationRequest } from '../../proto/http-api.ts'
import type {
  AbortRequest,
  PolicyRequest,
  RetryRequest,
  ScheduleRequest,
  WaveRequest,
} from '../../proto/http-policy.ts'
import { firmwareUpdate } from '../../proto/offer-messages.ts'
import type { Seed } from './seed.ts'
import { hourMs } from './weather.ts'

/** What there is to be had. */
export interface Catalogue {
  /** In the order in which they came out; not empty. */
  readonly releases: readonly { readonly component: string; readonly version: string }[]
  /** Id of the release to go back to. */
  readonly rollback: string
  /** What people ask for besides. */
  readonly vary?: (seed: Seed, request: OperationRequest) => OperationRequest
}

/** `now`: the time of the fleet. `earlier`: operations made before, whose releases most devices may have. */
export function requestOf(
  seed: Seed,
  devices: readonly string[],
  catalogue: Catalogue,
  now: number,
  lengthMs: number,
  earlier: number,
): OperationRequest {
  const policy = policyOf(seed, catalogue, now, lengthMs)
  if (seed.chance(0.12)) return { type: 'reboot', targets: targetsOf(seed, devices), policy }
  const { component, version } = catalogue.releases[earlier] ?? seed.pick(catalogue.releases)
  return { type: firmwareUpdate, release: `${component}@${version}`, targets: targetsOf(seed, devices), policy }
}

function targetsOf(seed: Seed, devices: readonly string[]): OperationRequest['targets'] {
  const roll = seed.fraction()
  if (roll < 0.4) return { all: true }
  if (roll < 0.75)
    return { devices: [...seed.some(devices, 0.7), seed.pick(devices), ...seed.some(['stranger-1'], 0.4)] }
  if (roll < 0.85) return { filter: `id__in=${[...seed.some(devices, 0.6), seed.pick(devices)].join(',')}` }
  return { filter: seed.chance(0.5) ? '' : 'tag__eq=canary', open: true }
}

function policyOf(seed: Seed, catalogue: Catalogue, now: number, lengthMs: number): PolicyRequest {
  const maybe = <Field extends object>(share: number, field: () => Field): Field | object =>
    seed.chance(share) ? field() : {}
  return {
    priority: seed.whole(3, 6),
    concurrency: seed.pick([1, 2, 3, 8, '10%', '34%', '100%', { count: 4, percent: 25 }]),
    ...maybe(0.3, () => ({ offlinePolicy: 'skip' })),
    ...maybe(0.4, () => ({ rate: rateOf(seed) })),
    ...maybe(0.4, () => ({ waves: Array.from({ length: seed.whole(1, 3) }, () => waveOf(seed)) })),
    ...maybe(0.5, () => ({ abort: Array.from({ length: seed.whole(0, 3) }, () => abortOf(seed, catalogue)) })),
    ...maybe(0.6, () => ({ retries: Array.from({ length: seed.whole(0, 3) }, () => retryOf(seed)) })),
    ...maybe(0.5, () => ({ schedule: scheduleOf(seed, now, lengthMs) })),
    ...maybe(0.15, () => ({ approval: true })),
    ...maybe(0.1, () => ({ prerequisites: [{ component: 'main', versionLeast: seed.pick(['1.0.0', '2.0.0']) }] })),
    timeoutDays: seed.pick([0.25, 1, 1, 2, 2, 5, 14]),
    stepTimeoutMinutes: seed.pick([5, 30, 60, 240]),
    inProgressTimeoutMinutes: seed.pick([30, 600, 10_080]),
    confirmTimeoutMinutes: seed.pick([5, 30]),
    stopTimeoutMinutes: seed.pick([1, 10, 240]),
  }
}

export function rateOf(seed: Seed): NonNullable<PolicyRequest['rate']> {
  const maximumPerMinute = seed.whole(1, 6)
  if (seed.chance(0.5)) return { maximumPerMinute }
  return {
    maximumPerMinute,
    exponential: {
      basePerMinute: seed.whole(1, maximumPerMinute),
      factor: seed.pick([1.1, 1.5, 2, 5]),
      criterion: { kind: seed.pick(['notified', 'succeeded']), count: seed.whole(1, 4) },
    },
  }
}

function waveOf(seed: Seed): WaveRequest {
  return {
    size: seed.pick([1, 2, 4, '10%', '50%']),
    successPercent: seed.pick([0, 50, 95, 100]),
    errorPercent: seed.pick([0, 5, 40, 100]),
    ...(seed.chance(0.4) ? { minExecuted: seed.whole(1, 4) } : {}),
    soakMinutes: seed.pick([0, 0, 5, 60]),
    onSuccess: seed.pick(['next', 'next', 'next', 'pause']),
  }
}

function matchOf(seed: Seed): AbortRequest['match'] {
  return seed.pick([
    'FAIL',
    'TIMED_OUT',
    'ALL',
    'network',
    'device',
    'security',
    'image',
    ['UPD4_FAIL_24'],
    ['UPD4_FAIL_34', 'UPD4_FAIL_40', 'SYS_111'],
  ])
}

function abortOf(seed: Seed, { rollback }: Catalogue): AbortRequest {
  return {
    match: matchOf(seed),
    minExecuted: seed.whole(1, 5),
    percent: seed.pick([0, 20, 50, 80]),
    ...(seed.chance(0.3) ? { firstWaveOnly: true } : {}),
    action: seed.pick(['pause', 'stop', { rollback }]),
  }
}

function retryOf(seed: Seed): RetryRequest {
  return {
    match: matchOf(seed),
    limit: seed.whole(1, 3),
    delaySeconds: seed.pick([0, 10, 300, 3600]),
    factor: seed.pick([1, 2]),
    jitter: seed.pick([0, 0.2, 1]),
  }
}

export function windowsOf(seed: Seed): NonNullable<ScheduleRequest['windows']> {
  const window = () => ({
    cron: seed.pick(['0 * * * *', '30 */3 * * *', '0 22 * * *', '15 2 * * 1-5', '0 9,15,21 * * *']),
    minutes: seed.pick([10, 45, 120]),
    timeZone: seed.pick(['UTC', 'Europe/Berlin', 'America/New_York']),
  })
  return Array.from({ length: seed.whole(1, 2) }, window)
}

function scheduleOf(seed: Seed, now: number, lengthMs: number): ScheduleRequest {
  const start = seed.chance(0.3) ? now + seed.whole(0, Math.floor(lengthMs / 3)) : undefined
  // Half of the ends come while the devices are being handed over.
  const endsAfterMs = seed.chance(0.5) ? seed.whole(hourMs / 60, hourMs / 2) : seed.whole(hourMs / 4, lengthMs)
  const end = seed.chance(0.4) ? (start ?? now) + endsAfterMs : undefined
  const windows = seed.chance(0.6) ? windowsOf(seed) : []
  return {
    ...(start === undefined ? {} : { startAt: new Date(start).toISOString() }),
    ...(end === undefined ? {} : { endAt: new Date(end).toISOString() }),
    onEnd: seed.pick(['finish', 'stop']),
    windows,
    ...(windows.length > 0 && seed.chance(0.5) ? { install: 'in-window' } : {}),
  }
}
