// A policy as operators ask for it becomes the policy an operation runs under: defaults filled in, names resolved,
// everything checked that a schema cannot say.
import { eventCodeNames } from '../../proto/event-codes.ts'
import type { OperationEdit } from '../../proto/http-api.ts'
import type {
  AbortRequest,
  DeliveryEdit,
  PolicyRequest,
  RetryRequest,
  ScheduleRequest,
  WaveRequest,
} from '../../proto/http-policy.ts'
import { compareVersions } from '../../proto/version.ts'
import { type FailureClass, failureClasses } from '../core/failure-classes.ts'
import {
  type AbortRule,
  type DeliveryPolicy,
  deliveryDefaults,
  type MaintenanceWindow,
  type Match,
  type Policy,
  policyDefaults,
  type RetryRule,
  type Schedule,
  type Wave,
} from '../core/policy.ts'
import type { ReleaseSubject, Subject } from '../core/records.ts'
import { type FieldProblem, RequestRefused } from '../errors.ts'
import type { Calendar, Store } from '../ports.ts'
import { namedRelease } from './releases.ts'

export interface PolicyContext {
  readonly store: Store
  readonly calendar: Calendar
  /** Milliseconds since 1970. */
  readonly at: number
  readonly subject: Subject
}

/** No absolute limit beside a share: the broker-wide one still holds. */
const shareOnly = 1_000_000

/** Throws RequestRefused INVALID naming every field that cannot be used. */
export async function policyOf(request: PolicyRequest, context: PolicyContext): Promise<Policy> {
  const problems: FieldProblem[] = []
  const { concurrency, rate, waves, abort, retries, schedule, delivery, ...plain } = request
  const made: Policy = {
    ...withoutConcurrency(policyDefaults),
    ...plain,
    ...concurrencyOf(concurrency),
    ...(rate === undefined ? {} : { rate: rateOf(rate, problems, 'policy.rate') }),
    waves: (waves ?? []).map(waveOf),
    abort:
      abort === undefined
        ? policyDefaults.abort
        : await Promise.all(abort.map((rule, index) => abortOf(rule, `policy.abort.${index}`, context, problems))),
    retries:
      retries === undefined
        ? policyDefaults.retries
        : retries.map((rule, index) => retryOf(rule, `policy.retries.${index}`, problems)),
    schedule: scheduleOf(schedule ?? {}, context, problems),
    ...(delivery === undefined ? {} : { delivery: deliveryOf(deliveryDefaults, delivery) }),
  }
  if (problems.length > 0) throw refused(problems)
  return made
}

/** The policy with the limits that may change while an operation runs. */
export function editedPolicy(policy: Policy, edit: OperationEdit, calendar: Calendar): Policy {
  const problems: FieldProblem[] = []
  const { rate, ...rest } = policy
  const limits =
    edit.concurrency === undefined ? rest : { ...withoutConcurrency(rest), ...concurrencyOf(edit.concurrency) }
  const windows =
    edit.windows === undefined ? policy.schedule.windows : windowsOf(edit.windows, 'windows', calendar, problems)
  const nextRate = edit.rate === undefined ? rate : edit.rate === null ? undefined : rateOf(edit.rate, problems, 'rate')
  if (problems.length > 0) throw refused(problems)
  return {
    ...limits,
    ...(nextRate === undefined ? {} : { rate: nextRate }),
    schedule: { ...policy.schedule, windows },
    ...(edit.delivery === undefined
      ? {}
      : { delivery: deliveryOf(policy.delivery ?? deliveryDefaults, edit.delivery) }),
  }
}

/** What is not named stays as it was; null lifts the limit. */
function deliveryOf(before: DeliveryPolicy, { bytesPerSecond, ...plain }: DeliveryEdit): DeliveryPolicy {
  const { bytesPerSecond: limit, ...rest } = before
  const next = bytesPerSecond === undefined ? limit : (bytesPerSecond ?? undefined)
  return { ...rest, ...plain, ...(next === undefined ? {} : { bytesPerSecond: next }) }
}

function withoutConcurrency<P extends Policy | Omit<Policy, 'rate'>>(
  policy: P,
): Omit<P, 'concurrency' | 'concurrencyPercent'> {
  const { concurrency: _, concurrencyPercent: __, ...rest } = policy
  return rest
}

function concurrencyOf(wanted: PolicyRequest['concurrency']): Pick<Policy, 'concurrency' | 'concurrencyPercent'> {
  if (wanted === undefined) {
    const { concurrency, concurrencyPercent } = policyDefaults
    return { concurrency, ...(concurrencyPercent === undefined ? {} : { concurrencyPercent }) }
  }
  if (typeof wanted === 'number') return { concurrency: wanted }
  if (typeof wanted === 'object') return { concurrency: wanted.count, concurrencyPercent: wanted.percent }
  return { concurrency: shareOnly, concurrencyPercent: percentOf(wanted) }
}

function rateOf(
  rate: NonNullable<PolicyRequest['rate']>,
  problems: FieldProblem[],
  field: string,
): NonNullable<Policy['rate']> {
  const { maximumPerMinute, exponential } = rate
  if (exponential === undefined) return { maximumPerMinute }
  if (exponential.basePerMinute > maximumPerMinute)
    problems.push({ name: `${field}.exponential.basePerMinute`, message: `must be at most ${maximumPerMinute}` })
  return { maximumPerMinute, exponential }
}

function waveOf(wave: WaveRequest): Wave {
  const { size, minExecuted } = wave
  return {
    size: typeof size === 'number' ? { kind: 'count', value: size } : { kind: 'percent', value: percentOf(size) },
    successPercent: wave.successPercent ?? 95,
    errorPercent: wave.errorPercent ?? 5,
    ...(minExecuted === undefined ? {} : { minExecuted }),
    soakMinutes: wave.soakMinutes ?? 0,
    onSuccess: wave.onSuccess ?? 'next',
  }
}

async function abortOf(
  rule: AbortRequest,
  field: string,
  context: PolicyContext,
  problems: FieldProblem[],
): Promise<AbortRule> {
  const { match, minExecuted = 1, percent, firstWaveOnly, action } = rule
  return {
    match: matchOf(match, `${field}.match`, problems),
    minExecuted,
    percent,
    ...(firstWaveOnly === undefined ? {} : { firstWaveOnly }),
    action:
      typeof action === 'string'
        ? { kind: action }
        : await rollbackOf(action.rollback, `${field}.action.rollback`, context, problems),
  }
}

/** Only a higher version of the same component can bring the old content back: a lower one ends in UPD4_FAIL_27. */
async function rollbackOf(
  text: string,
  field: string,
  { store, subject, at }: PolicyContext,
  problems: FieldProblem[],
): Promise<AbortRule['action']> {
  const problem = (message: string): AbortRule['action'] => {
    problems.push({ name: field, message })
    return { kind: 'stop' }
  }
  if (subject.kind !== 'release') return problem('only a firmware update can roll back')
  const release = await namedRelease(store, text).catch((error: RequestRefused) => error)
  if (release instanceof RequestRefused) return problem('expected a release that has been uploaded')
  const wrong = wrongRollback(subject, release.component, release.version)
  if (wrong !== undefined) return problem(wrong)
  if (release.manifests.every(({ expiresAt }) => expiresAt <= at)) return problem('every manifest of it has expired')
  return { kind: 'rollback', release: release.id }
}

function wrongRollback(subject: ReleaseSubject, component: string, version: string): string | undefined {
  if (component !== subject.component) return `expected a release of ${subject.component}, got one of ${component}`
  if (compareVersions(version, subject.version) > 0) return undefined
  return `expected the old content signed under a version above ${subject.version}, got ${version}`
}

function retryOf(rule: RetryRequest, field: string, problems: FieldProblem[]): RetryRule {
  const { match, limit, delaySeconds = 60, factor = 2, jitter = 0.2 } = rule
  return { match: matchOf(match, `${field}.match`, problems), limit, delaySeconds, factor, jitter }
}

function matchOf(match: AbortRequest['match'], field: string, problems: FieldProblem[]): Match {
  if (typeof match !== 'string') {
    const codes = match.filter(code => eventCodeNames.some(known => known === code))
    if (codes.length < match.length)
      problems.push({
        name: field,
        message: `${match.find(code => !codes.includes(code))} is no code of the catalogue`,
      })
    return { kind: 'codes', codes: codes as unknown as Extract<Match, { kind: 'codes' }>['codes'] }
  }
  if (match === 'FAIL' || match === 'TIMED_OUT' || match === 'ALL') return { kind: match }
  if (failureClasses.some(name => name === match)) return { kind: 'class', class: match as FailureClass }
  problems.push({
    name: field,
    message: `expected FAIL, TIMED_OUT, ALL, a list of codes or one of ${failureClasses.join(', ')}`,
  })
  return { kind: 'ALL' }
}

function scheduleOf(
  { startAt, endAt, onEnd = 'finish', windows = [], install = 'any-time' }: ScheduleRequest,
  { calendar, at }: PolicyContext,
  problems: FieldProblem[],
): Schedule {
  const start = momentOf(startAt, 'policy.schedule.startAt', problems)
  const end = momentOf(endAt, 'policy.schedule.endAt', problems)
  if (end !== undefined && end <= Math.max(at, start ?? 0))
    problems.push({ name: 'policy.schedule.endAt', message: 'must be after now and after startAt' })
  if (install === 'in-window' && windows.length === 0)
    problems.push({ name: 'policy.schedule.install', message: 'in-window needs windows' })
  return {
    ...(start === undefined ? {} : { startAt: start }),
    ...(end === undefined ? {} : { endAt: end }),
    onEnd,
    windows: windowsOf(windows, 'policy.schedule.windows', calendar, problems),
    install,
  }
}

function windowsOf(
  windows: readonly MaintenanceWindow[],
  field: string,
  calendar: Calendar,
  problems: FieldProblem[],
): readonly MaintenanceWindow[] {
  for (const [index, window] of windows.entries()) {
    const problem = calendar.problem(window)
    if (problem !== undefined) problems.push({ name: `${field}.${index}`, message: problem })
  }
  return windows
}

function momentOf(text: string | undefined, name: string, problems: FieldProblem[]): number | undefined {
  if (text === undefined) return undefined
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
  const at = form.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) problems.push({ name, message: 'expected a time like 2027-01-31T22:00:00Z' })
  return Number.isNaN(at) ? undefined : at
}

function percentOf(share: string): number {
  return Math.max(1, Number.parseInt(share, 10))
}

function refused(problems: readonly FieldProblem[]): RequestRefused {
  return new RequestRefused(
    'INVALID',
    problems
      .map(({ name, message }) => `${name}: ${message}`)
      .join('; ')
      .slice(0, 500),
    problems.slice(0, 20),
  )
}
