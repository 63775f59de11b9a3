// The policy of the form as the broker takes it: what was left empty is left out, and is then the broker's default. The
// broker judges what belongs together.
import type { AbortRequest, PolicyRequest, Rate, RetryRequest, WaveRequest } from '../../../../proto/http-policy.ts'
import type { AbortDraft, PolicyDraft, RetryDraft, WaveDraft, WindowDraft } from './draft.ts'
import { type FieldProblem, matchOf, neededNumber, numberOf, type Reading, sizeOf } from './reading.ts'

type Concurrency = NonNullable<PolicyRequest['concurrency']>
type Window = NonNullable<NonNullable<PolicyRequest['schedule']>['windows']>[number]

const weekMinutes = 10_080

export function policyRequestOf(draft: PolicyDraft): {
  readonly policy: PolicyRequest
  readonly problems: readonly FieldProblem[]
} {
  const reading: Reading = { problems: [] }
  const number = (name: keyof PolicyDraft & string, text: string, least: number, most: number, fraction = false) =>
    numberOf(text, `policy.${name}`, { least, most, fraction }, reading)
  const schedule = given({
    startAt: momentOf(draft.startAt, 'policy.schedule.startAt', reading),
    endAt: momentOf(draft.endAt, 'policy.schedule.endAt', reading),
    onEnd: draft.onEnd === 'finish' ? undefined : draft.onEnd,
    windows: draft.windows.length === 0 ? undefined : windowsOf(draft.windows, 'policy.schedule.windows', reading),
    install: draft.installInWindow ? ('in-window' as const) : undefined,
  })
  const delivery = given({
    transport: draft.transport === 'auto' ? undefined : draft.transport,
    bytesPerSecond: bytesPerSecondOf(draft.bytesPerSecond, 'policy.delivery.bytesPerSecond', reading),
    retryByPull: draft.retryByPull ? undefined : false,
  })
  const policy: PolicyRequest = given({
    priority: number('priority', draft.priority, 0, 9),
    concurrency: concurrencyOf(draft, 'policy.concurrency', reading),
    offlinePolicy: draft.offlinePolicy === 'wait' ? undefined : draft.offlinePolicy,
    rate: rateOf(draft, 'policy.rate', reading),
    waves: draft.waves.length === 0 ? undefined : draft.waves.map((wave, index) => waveOf(wave, index, reading)),
    abort: draft.abort?.map((rule, index) => abortOf(rule, `policy.abort.${index}`, reading)),
    retries: draft.retries?.map((rule, index) => retryOf(rule, `policy.retries.${index}`, reading)),
    schedule: unlessEmpty(schedule),
    delivery: unlessEmpty(delivery),
    approval: draft.approval || undefined,
    logOnFailure: draft.logOnFailure || undefined,
    prerequisites: draft.prerequisites.length === 0 ? undefined : draft.prerequisites.map(each => ({ ...each })),
    timeoutDays: timeoutDaysOf(draft.timeoutDays, reading),
    stepTimeoutMinutes: number('stepTimeoutMinutes', draft.stepTimeoutMinutes, 1, weekMinutes),
    inProgressTimeoutMinutes: number('inProgressTimeoutMinutes', draft.inProgressTimeoutMinutes, 1, 525_600),
    confirmTimeoutMinutes: number('confirmTimeoutMinutes', draft.confirmTimeoutMinutes, 1, weekMinutes),
    stopTimeoutMinutes: number('stopTimeoutMinutes', draft.stopTimeoutMinutes, 1, weekMinutes),
  })
  for (const [index, { component, versionLeast }] of draft.prerequisites.entries()) {
    const name = `policy.prerequisites.${index}`
    if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(component))
      reading.problems.push({ name: `${name}.component`, message: 'expected the name of a component' })
    if (!/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(versionLeast))
      reading.problems.push({ name: `${name}.versionLeast`, message: 'expected a version like 1.4.0' })
  }
  return { policy, problems: reading.problems }
}

/** Both given: the smaller of the two counts. */
export function concurrencyOf(
  { concurrencyCount, concurrencyPercent }: Pick<PolicyDraft, 'concurrencyCount' | 'concurrencyPercent'>,
  name: string,
  reading: Reading,
): Concurrency | undefined {
  const count = numberOf(concurrencyCount, name, { least: 1, most: 100_000 }, reading)
  const percent = numberOf(concurrencyPercent, name, { least: 1, most: 100 }, reading)
  if (count !== undefined && percent !== undefined) return { count, percent }
  return count ?? (percent === undefined ? undefined : `${percent}%`)
}

export function rateOf(
  draft: Pick<PolicyDraft, 'rateMaximum' | 'ramp' | 'rampBase' | 'rampFactor' | 'rampCriterion' | 'rampCount'>,
  name: string,
  reading: Reading,
): Rate | undefined {
  const most = 100_000
  const maximumPerMinute = draft.ramp
    ? neededNumber(draft.rateMaximum, `${name}.maximumPerMinute`, { least: 1, most }, reading)
    : numberOf(draft.rateMaximum, `${name}.maximumPerMinute`, { least: 1, most }, reading)
  if (!draft.ramp) return maximumPerMinute === undefined ? undefined : { maximumPerMinute }
  const ramp = `${name}.exponential`
  const basePerMinute = neededNumber(draft.rampBase, `${ramp}.basePerMinute`, { least: 1, most }, reading)
  const factor = neededNumber(draft.rampFactor, `${ramp}.factor`, { least: 1.1, most: 5, fraction: true }, reading)
  const count = neededNumber(draft.rampCount, `${ramp}.criterion`, { least: 1, most: 1_000_000 }, reading)
  if (maximumPerMinute === undefined || basePerMinute === undefined || factor === undefined || count === undefined)
    return undefined
  return { maximumPerMinute, exponential: { basePerMinute, factor, criterion: { kind: draft.rampCriterion, count } } }
}

export function windowsOf(windows: readonly WindowDraft[], name: string, reading: Reading): Window[] {
  return windows.map(({ cron, minutes, timeZone }, index) => {
    const own = `${name}.${index}`
    if (cron.trim().split(/\s+/).length !== 5)
      reading.problems.push({ name: `${own}.cron`, message: 'expected five fields, like 0 22 * * 1-5' })
    if (timeZone.trim() === '') reading.problems.push({ name: `${own}.timeZone`, message: 'is missing' })
    return {
      cron: cron.trim(),
      minutes: neededNumber(minutes, `${own}.minutes`, { least: 1, most: weekMinutes }, reading) ?? 0,
      timeZone: timeZone.trim(),
    }
  })
}

export function bytesPerSecondOf(text: string, name: string, reading: Reading): number | undefined {
  return numberOf(text, name, { least: 1024, most: 100_000_000_000 }, reading)
}

function waveOf(wave: WaveDraft, index: number, reading: Reading): WaveRequest {
  const name = `policy.waves.${index}`
  const percent = (field: 'successPercent' | 'errorPercent') =>
    numberOf(wave[field], `${name}.${field}`, { least: 0, most: 100, fraction: true }, reading)
  return given({
    size: sizeOf(wave.size, `${name}.size`, 1_000_000, reading) ?? '',
    successPercent: percent('successPercent'),
    errorPercent: percent('errorPercent'),
    minExecuted: numberOf(wave.minExecuted, `${name}.minExecuted`, { least: 1, most: 1_000_000 }, reading),
    soakMinutes: numberOf(wave.soakMinutes, `${name}.soakMinutes`, { least: 0, most: weekMinutes }, reading),
    onSuccess: wave.onSuccess === 'next' ? undefined : wave.onSuccess,
  })
}

function abortOf(rule: AbortDraft, name: string, reading: Reading): AbortRequest {
  const percentRange = { least: 0, most: 100, fraction: true }
  if (rule.match.trim() === '') reading.problems.push({ name: `${name}.match`, message: 'is missing' })
  if (rule.action === 'rollback' && rule.rollback.trim() === '')
    reading.problems.push({ name: `${name}.action.rollback`, message: 'expected a release' })
  return given({
    match: matchOf(rule.match),
    percent: neededNumber(rule.percent, `${name}.percent`, percentRange, reading) ?? 0,
    minExecuted: numberOf(rule.minExecuted, `${name}.minExecuted`, { least: 1, most: 1_000_000 }, reading),
    firstWaveOnly: rule.firstWaveOnly || undefined,
    action: rule.action === 'rollback' ? { rollback: rule.rollback.trim() } : rule.action,
  })
}

function retryOf(rule: RetryDraft, name: string, reading: Reading): RetryRequest {
  const { match, limit, delaySeconds, factor, jitter } = rule
  const fraction = true
  if (match.trim() === '') reading.problems.push({ name: `${name}.match`, message: 'is missing' })
  return given({
    match: matchOf(match),
    limit: neededNumber(limit, `${name}.limit`, { least: 1, most: 10 }, reading) ?? 0,
    delaySeconds: numberOf(delaySeconds, `${name}.delaySeconds`, { least: 0, most: 604_800, fraction }, reading),
    factor: numberOf(factor, `${name}.factor`, { least: 1, most: 10, fraction }, reading),
    jitter: numberOf(jitter, `${name}.jitter`, { least: 0, most: 1, fraction }, reading),
  })
}

function timeoutDaysOf(text: string, reading: Reading): number | undefined {
  const days = numberOf(text, 'policy.timeoutDays', { least: 0, most: 365, fraction: true }, reading)
  if (days !== 0) return days
  reading.problems.push({ name: 'policy.timeoutDays', message: 'expected more than 0 days' })
  return undefined
}

/** Of local time, as RFC 3339 in UTC. */
function momentOf(text: string, name: string, { problems }: Reading): string | undefined {
  if (text === '') return undefined
  const at = new Date(text)
  if (!Number.isNaN(at.getTime())) return at.toISOString()
  problems.push({ name, message: 'expected a date and a time' })
  return undefined
}

type Given<T> = { [Name in keyof T]: Exclude<T[Name], undefined> }

/** Without what is undefined. The caller's return type says which fields may be missing. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>
}

function unlessEmpty<T extends object>(part: T): T | undefined {
  return Object.keys(part).length === 0 ? undefined : part
}
