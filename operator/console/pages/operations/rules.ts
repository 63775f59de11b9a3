// The policy of an operation in words, every field of it. The numbers are those the broker has put in force, defaults
// included.
import type { OperationView } from '../../../../proto/http-api.ts'
import type { AbortRequest, Rate, RetryRequest, WaveRequest } from '../../../../proto/http-policy.ts'

type Policy = OperationView['policy']
type Match = AbortRequest['match']

export interface Rule {
  readonly title: string
  /** One sentence each. */
  readonly texts: readonly string[]
}

/** By the groups in which they are asked for. */
export type RuleGroup =
  | 'limits'
  | 'waves'
  | 'abort'
  | 'retries'
  | 'schedule'
  | 'approval'
  | 'delivery'
  | 'timeouts'
  | 'prerequisites'
  | 'log'

/** `momentText`: a time as people read it. */
export function ruleOf(group: RuleGroup, policy: Policy, momentText: (at: string) => string): Rule {
  switch (group) {
    case 'limits':
      return { title: 'Concurrency and rate', texts: limitTexts(policy) }
    case 'waves':
      return {
        title: 'Waves',
        texts: listed(policy.waves as readonly WaveRequest[], waveText, 'All devices at once, within the limits.'),
      }
    case 'abort':
      return {
        title: 'Abort rules',
        texts: listed(policy.abort as readonly AbortRequest[], abortText, 'None: failures stop nothing.'),
      }
    case 'retries':
      return {
        title: 'Retries',
        texts: listed(policy.retries as readonly RetryRequest[], retryText, 'None: every failure is final.'),
      }
    case 'schedule':
      return { title: 'Schedule and windows', texts: scheduleTexts(policy.schedule, momentText) }
    case 'approval':
      return {
        title: 'Approval',
        texts: [policy.approval ? 'Nothing is sent before a second person has approved.' : 'Not needed.'],
      }
    case 'delivery':
      return { title: 'Delivery', texts: deliveryTexts(policy.delivery) }
    case 'timeouts':
      return { title: 'Timeouts', texts: timeoutTexts(policy) }
    case 'prerequisites':
      return {
        title: 'Prerequisites',
        texts: listed(
          policy.prerequisites,
          ({ component, versionLeast }) => `${component} ${versionLeast} or later; others are skipped.`,
          'None.',
        ),
      }
    case 'log':
      return {
        title: 'Log on failure',
        texts: [policy.logOnFailure ? 'A device that fails sends what it logged of late.' : 'Not asked for.'],
      }
  }
}

export const ruleGroups: readonly RuleGroup[] = [
  'limits',
  'waves',
  'abort',
  'retries',
  'schedule',
  'approval',
  'delivery',
  'timeouts',
  'prerequisites',
  'log',
]

export function matchText(match: Match): string {
  if (typeof match !== 'string') return match.join(', ')
  const words: Readonly<Record<string, string>> = {
    FAIL: 'any failure but silence',
    TIMED_OUT: 'silence (SYS_100)',
    ALL: 'any failure',
  }
  return words[match] ?? `failures of class ${match}`
}

function limitTexts({ concurrency, rate, offlinePolicy, priority }: Policy): string[] {
  return [
    `At most ${devices(concurrency)} in progress at once.`,
    rate === null ? 'No limit of hand-overs a minute.' : rateText(rate),
    offlinePolicy === 'wait'
      ? 'A device that is not connected waits until it is.'
      : 'A device that is not connected when its turn comes is skipped.',
    `Priority ${priority} of 0 to 9: the higher goes first.`,
  ]
}

function rateText({ maximumPerMinute, exponential }: Rate): string {
  const most = `At most ${maximumPerMinute.toLocaleString()} hand-overs a minute`
  if (exponential === undefined) return `${most}.`
  const { basePerMinute, factor, criterion } = exponential
  const what = criterion.kind === 'notified' ? 'handed over' : 'succeeded'
  return `${most}: from ${basePerMinute.toLocaleString()} on, ${factor} times as many after each ${criterion.count.toLocaleString()} ${what}.`
}

function waveText(wave: WaveRequest, index: number): string {
  const { size, successPercent = 95, errorPercent = 5, minExecuted, soakMinutes = 0, onSuccess } = wave
  const from = minExecuted === undefined ? 'when all have ended' : `from ${minExecuted.toLocaleString()} ended on`
  const rest = soakMinutes === 0 ? '' : `, then rests ${minutes(soakMinutes)}`
  const then = onSuccess === 'pause' ? ', then pauses' : ''
  const many = typeof size === 'number' ? devices(size) : `${size.replace('%', ' %')} of the targets`
  return `Wave ${index + 1}: ${many}; passes at ${successPercent} % success, pauses above ${errorPercent} % errors, judged ${from}${rest}${then}.`
}

function abortText({ match, percent, minExecuted = 1, firstWaveOnly, action }: AbortRequest): string {
  const share = percent === 0 ? 'a single one' : `more than ${percent} %`
  const from = minExecuted > 1 ? ` (from ${minExecuted.toLocaleString()} ended on)` : ''
  const where = firstWaveOnly === true ? ' in the first wave' : ''
  const deed = typeof action === 'string' ? `${action}s the operation` : `stops it and brings ${action.rollback}`
  return sentence(`${matchText(match)}${where}: ${share}${from} ${deed}.`)
}

function retryText({ match, limit, delaySeconds = 60, factor = 2, jitter = 0.2 }: RetryRequest): string {
  const times = limit === 1 ? 'once' : `${limit} times`
  const growth = limit === 1 || factor === 1 ? '' : `, each time ${factor} times as long`
  return sentence(
    `${matchText(match)}: tried again ${times}, after ${seconds(delaySeconds)}${growth} (± ${Math.round(jitter * 100)} %).`,
  )
}

function scheduleTexts(schedule: Policy['schedule'], momentText: (at: string) => string): string[] {
  const { startAt, endAt, onEnd, windows, install } = schedule
  const end = onEnd === 'finish' ? 'what runs then may finish' : 'then it stops'
  return [
    startAt === null ? 'Starts at once.' : `Starts ${momentText(startAt)}.`,
    endAt === null ? 'Has no end.' : `Hands nothing over after ${momentText(endAt)}; ${end}.`,
    ...(windows.length === 0 ? ['No maintenance windows: at any time of the day.'] : []),
    ...windows.map(
      ({ cron, minutes: length, timeZone }) =>
        `Maintenance window: ${minutes(length)} from “${cron}” on, ${timeZone} time.`,
    ),
    install === 'in-window' ? 'Installs inside a window only.' : 'Installs as soon as the download is there.',
  ]
}

function deliveryTexts({ transport, bytesPerSecond, retryByPull }: Policy['delivery']): string[] {
  const ways: Readonly<Record<string, string>> = {
    auto: 'By pull or by broadcast, whatever costs least for each device.',
    pull: 'Each device pulls for itself.',
    broadcast: 'By broadcast to all that listen.',
  }
  return [
    ways[transport] ?? transport,
    bytesPerSecond === null
      ? 'No limit of speed of its own.'
      : `At most ${bytesPerSecond.toLocaleString()} bytes a second to all devices together.`,
    retryByPull
      ? 'A device whose broadcast failed is offered the update once more, to pull it.'
      : 'A broadcast that failed is not tried again by pull.',
  ]
}

function timeoutTexts(policy: Policy): string[] {
  return [
    `The operation: ${policy.timeoutDays} days from its first hand-over.`,
    `Silence of a device in progress: ${minutes(policy.stepTimeoutMinutes)}.`,
    `In progress in all: ${minutes(policy.inProgressTimeoutMinutes)}.`,
    `Waiting for its hello after a restart: ${minutes(policy.confirmTimeoutMinutes)}.`,
    `Left to devices in progress by a stop: ${minutes(policy.stopTimeoutMinutes)}.`,
  ]
}

function listed<T>(items: readonly T[], textOf: (item: T, index: number) => string, none: string): readonly string[] {
  return items.length === 0 ? [none] : items.map(textOf)
}

function devices(count: number): string {
  return count === 1 ? '1 device' : `${count.toLocaleString()} devices`
}

export function minutes(count: number): string {
  if (count % 1440 === 0) return count === 1440 ? '1 day' : `${count / 1440} days`
  if (count % 60 === 0) return count === 60 ? '1 hour' : `${count / 60} hours`
  return count === 1 ? '1 minute' : `${count} minutes`
}

function seconds(count: number): string {
  if (count >= 60 && count % 60 === 0) return minutes(count / 60)
  return count === 1 ? '1 second' : `${count} seconds`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
