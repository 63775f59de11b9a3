// The flags that make the policy of an operation: from a file as it is sent, and one flag for each part of it. A flag
// stands above the same part of the file; what neither names is the broker's default.
import type { Command } from 'commander'
import type {
  AbortRequest,
  DeliveryRequest,
  PolicyRequest,
  Rate,
  ScheduleRequest,
  WaveRequest,
} from '../../proto/http-policy.ts'
import { badFlag } from '../errors.ts'
import type { Call } from './command.ts'
import { abortOf, concurrencyOf, prerequisiteOf, rateOf, wavesOf, windowOf } from './compact-policy.ts'
import { readJsonFile } from './json-input.ts'
import { each, type Moment, moment, parsedBy, positive, timeText, whole, word } from './values.ts'

export interface PolicyOptions {
  readonly policy?: string
  readonly priority?: number
  readonly concurrency?: NonNullable<PolicyRequest['concurrency']>
  readonly offline?: 'wait' | 'skip'
  readonly rate?: Rate
  readonly waves?: readonly WaveRequest[]
  readonly abort?: readonly AbortRequest[]
  readonly approval?: boolean
  readonly logOnFailure?: boolean
  readonly transport?: NonNullable<DeliveryRequest['transport']>
  readonly bytesPerSecond?: number
  /** False: not wished. Commander's default of a flag with `no-` is true. */
  readonly retryByPull?: boolean
  readonly prerequisite?: readonly NonNullable<PolicyRequest['prerequisites']>[number][]
  readonly startAt?: Moment
  readonly endAt?: Moment
  readonly onEnd?: 'finish' | 'stop'
  readonly window?: readonly NonNullable<ScheduleRequest['windows']>[number][]
  readonly installInWindow?: boolean
  readonly timeoutDays?: number
  readonly stepTimeoutMinutes?: number
  readonly inProgressTimeoutMinutes?: number
  readonly confirmTimeoutMinutes?: number
  readonly stopTimeoutMinutes?: number
}

export const transports = ['auto', 'pull', 'broadcast'] as const
export const bytesPerSecondLeast = 1024
export const bytesPerSecondMost = 100_000_000_000
const weekMinutes = 10_080
const policyBytesMax = 1024 * 1024
/** Field of the policy, flag, option. */
const parts = [
  ['priority', '--priority', 'priority'],
  ['concurrency', '--concurrency', 'concurrency'],
  ['offlinePolicy', '--offline', 'offline'],
  ['rate', '--rate', 'rate'],
  ['waves', '--waves', 'waves'],
  ['abort', '--abort', 'abort'],
  ['approval', '--approval', 'approval'],
  ['logOnFailure', '--log-on-failure', 'logOnFailure'],
  ['delivery.transport', '--transport', 'transport'],
  ['delivery.bytesPerSecond', '--bytes-per-second', 'bytesPerSecond'],
  ['delivery.retryByPull', '--no-retry-by-pull', 'retryByPull'],
  ['prerequisites', '--prerequisite', 'prerequisite'],
  ['timeoutDays', '--timeout-days', 'timeoutDays'],
  ['stepTimeoutMinutes', '--step-timeout-minutes', 'stepTimeoutMinutes'],
  ['inProgressTimeoutMinutes', '--in-progress-timeout-minutes', 'inProgressTimeoutMinutes'],
  ['confirmTimeoutMinutes', '--confirm-timeout-minutes', 'confirmTimeoutMinutes'],
  ['stopTimeoutMinutes', '--stop-timeout-minutes', 'stopTimeoutMinutes'],
  ['schedule.startAt', '--start-at', 'startAt'],
  ['schedule.endAt', '--end-at', 'endAt'],
  ['schedule.onEnd', '--on-end', 'onEnd'],
  ['schedule.windows', '--window', 'window'],
  ['schedule.install', '--install-in-window', 'installInWindow'],
] as const

export function addPolicyFlags(command: Command): Command {
  return command
    .optionsGroup('How many at a time, and when to stop:')
    .option('--policy <file>', 'policy as JSON, as it is sent to the broker; the flags below stand above it')
    .option('--priority <n>', '0 to 9; of two operations that want a device the higher goes first', whole(0, 9))
    .option(
      '--concurrency <n>',
      'most devices in progress: 500, 25%, or 500/25% for the smaller',
      parsedBy(concurrencyOf),
    )
    .option('--rate <rate>', 'most hand-overs a minute: 100, or a ramp 1000:50x1.5/succeeded=200', parsedBy(rateOf))
    .option(
      '--waves <waves>',
      'SIZE[:SUCCESS/ERROR][:soak=MINUTES][:min=COUNT][:pause] parted by commas: 1%:95/5,10%:95/5:soak=30,100%',
      parsedBy(wavesOf),
    )
    .option(
      '--abort <rule>',
      'MATCH:PERCENT%:ACTION[:min=COUNT][:first-wave], ACTION pause, stop or rollback=RELEASE: FAIL:10%:stop:min=20; ' +
        'may be given again, the first that hits counts',
      each(parsedBy(abortOf)),
    )
    .optionsGroup('When:')
    .option('--start-at <time>', 'nothing is handed over before: 2030-01-02T22:00:00Z or +12h', moment)
    .option('--end-at <time>', 'nothing is handed over after', moment)
    .option('--on-end <what>', 'finish (let what runs finish) or stop', word(['finish', 'stop']))
    .option(
      '--window <window>',
      'maintenance window, CRON/MINUTES/ZONE: "0 22 * * 1-5/480/Europe/Berlin"; may be given again',
      each(parsedBy(windowOf)),
    )
    .option('--install-in-window', 'what is downloaded when a window ends waits for the next one to be installed')
    .optionsGroup('Further rules:')
    .option('--approval', 'wait until a second person approves')
    .option('--log-on-failure', 'devices that fail send what they logged of late: drover devices log EVENT shows it')
    .option(
      '--transport <way>',
      'how the bytes come to the devices: auto (what costs least for each), pull or broadcast',
      word(transports),
    )
    .option('--bytes-per-second <n>', 'to all its devices together', whole(bytesPerSecondLeast, bytesPerSecondMost))
    .option('--no-retry-by-pull', 'a device whose broadcast failed is not offered the update again, to pull it')
    .option('--offline <what>', 'what becomes of devices that are not connected: wait or skip', word(['wait', 'skip']))
    .option(
      '--prerequisite <version>',
      'skip devices without it: main@1.4.0; may be given again',
      each(parsedBy(prerequisiteOf)),
    )
    .optionsGroup('Time limits:')
    .option('--timeout-days <days>', 'end of the operation, from its first hand-over (default 14)', positive(365))
    .option('--step-timeout-minutes <n>', 'longest silence of a device in progress', whole(1, weekMinutes))
    .option('--in-progress-timeout-minutes <n>', 'longest time in progress', whole(1, 525_600))
    .option('--confirm-timeout-minutes <n>', 'longest wait for the hello after a restart', whole(1, weekMinutes))
    .option('--stop-timeout-minutes <n>', 'what a stop leaves to devices in progress', whole(1, weekMinutes))
}

/** `now`: milliseconds since 1970. Throws BadInput for the file. Empty when nothing was wished. */
export async function policyOf(options: PolicyOptions, now: number): Promise<PolicyRequest> {
  const file = options.policy === undefined ? {} : await readJsonFile(options.policy, '--policy', policyBytesMax)
  const { schedule: fileSchedule = {}, delivery: fileDelivery = {}, ...filePolicy } = file
  mustBeObject(fileSchedule, 'schedule')
  mustBeObject(fileDelivery, 'delivery')
  const { startAt, endAt, onEnd, window, installInWindow } = options
  const schedule = {
    ...fileSchedule,
    ...wished({
      startAt: startAt && timeText(startAt, now),
      endAt: endAt && timeText(endAt, now),
      onEnd,
      windows: window,
      install: installInWindow === true ? 'in-window' : undefined,
    }),
  }
  const { transport, bytesPerSecond, retryByPull } = options
  const delivery = {
    ...fileDelivery,
    ...wished({ transport, bytesPerSecond, retryByPull: retryByPull === false ? false : undefined }),
  }
  const { priority, concurrency, offline, rate, waves, abort, approval, logOnFailure, prerequisite } = options
  const { timeoutDays, stepTimeoutMinutes, inProgressTimeoutMinutes } = options
  const { confirmTimeoutMinutes, stopTimeoutMinutes } = options
  const flags = {
    priority,
    concurrency,
    offlinePolicy: offline,
    rate,
    waves,
    abort,
    approval,
    logOnFailure,
    prerequisites: prerequisite,
    timeoutDays,
    stepTimeoutMinutes,
    inProgressTimeoutMinutes,
    confirmTimeoutMinutes,
    stopTimeoutMinutes,
  }
  // The broker judges the fields of the file, and names them.
  return { ...filePolicy, ...wished(flags), ...unlessEmpty({ schedule }), ...unlessEmpty({ delivery }) }
}

function mustBeObject(value: unknown, name: string): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badFlag('--policy', `${name}: expected an object`)
}

function unlessEmpty<Part extends Readonly<Record<string, object>>>(part: Part): Part | Record<string, never> {
  return Object.values(part).every(value => Object.keys(value).length === 0) ? {} : part
}

/** Where a field of the policy came from: its own flag, or else the file. */
export function policyFlagNames(options: Call['options']): Readonly<Record<string, string>> {
  const fromFile = options.policy !== undefined
  return Object.fromEntries([
    ...(fromFile ? [['policy', '--policy']] : []),
    ...parts.map(([field, flag, option]) => [
      `policy.${field}`,
      fromFile && options[option] === undefined ? '--policy' : flag,
    ]),
  ])
}

function wished(wishes: object): object {
  return Object.fromEntries(Object.entries(wishes).filter(([, wish]) => wish !== undefined))
}
