// The command line that asks for the same: words as `drover` takes them, beside the small files some flags want. What the
// short forms of the flags cannot say (retries, and a wave or rule beyond them) goes into a policy file.
import type { AbortRequest, PolicyRequest, Rate, WaveRequest } from '../../../../proto/http-policy.ts'
import { isRecord } from './reading.ts'
import { type Request, signedByPeople } from './request.ts'

export interface CliCommand {
  /** To be written before it runs. */
  readonly files: readonly { readonly name: string; readonly content: string }[]
  /** Without the name of the program. */
  readonly words: readonly string[]
}

/** More ids than this stand in a file of their own. */
const namedDevicesMax = 20
/** The release key never leaves its owner: the command signs with it where he sits. */
const keyFile = 'release.pem'

/** `csvName`: the file that holds the targets, when the request has none. */
export function cliCommandOf(request: Request, csvName?: string): CliCommand {
  const files: { name: string; content: string }[] = []
  const file = (name: string, value: unknown): string => {
    files.push({ name, content: typeof value === 'string' ? value : JSON.stringify(value, undefined, 2) })
    return name
  }
  const words = [
    'operation',
    'create',
    ...workWords(request, file),
    ...(request.name === undefined ? [] : ['--name', request.name]),
    ...targetWords(request, csvName, file),
    ...policyWords(request.policy ?? {}, file),
  ]
  return { files, words }
}

/** As it is typed into a shell (POSIX): the files first, one flag a line. */
export function shellText({ files, words }: CliCommand): string {
  const written = files.map(({ name, content }) => {
    // An id may be EOF, too; none has a space.
    const end = content.split('\n').includes('EOF') ? 'END OF FILE' : 'EOF'
    return `cat > ${quoted(name)} <<'${end}'\n${content}\n${end}\n`
  })
  // A flag begins a line; its value stands beside it.
  const line = words.map(word => (word.startsWith('--') ? ` \\\n  ${quoted(word)}` : ` ${quoted(word)}`))
  return `${written.join('')}drover${line.join('')}`
}

/** One word of a shell: bare where nothing in it means something to the shell. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

type File = (name: string, value: unknown) => string

function workWords(request: Request, file: File): readonly string[] {
  const { type, release, backup } = request
  const given = isRecord(request.arguments) ? request.arguments : {}
  if (type === 'firmware-update') return ['--release', release ?? '']
  const words = ['--type', type]
  if (type === 'config-restore') return [...words, '--backup', `${backup?.operation}/${backup?.device}`]
  if (type === 'config-change')
    return given.format === 'json-patch'
      ? [...words, '--patch', file('drover-patch.json', given.patch)]
      : [...words, '--merge-patch', file('drover-patch.json', given.patch)]
  if (type === signedByPeople) {
    const args = isRecord(given.arguments) && Object.keys(given.arguments).length > 0
    return [
      ...words,
      '--command',
      String(given.name ?? ''),
      ...(args ? ['--arguments', JSON.stringify(given.arguments)] : []),
      '--key',
      keyFile,
    ]
  }
  return request.arguments === undefined ? words : [...words, '--arguments', JSON.stringify(request.arguments)]
}

function targetWords({ targets }: Request, csvName: string | undefined, file: File): readonly string[] {
  if (targets === undefined) return ['--from-csv', csvName ?? 'devices.csv']
  if ('all' in targets) return ['--all']
  if ('filter' in targets) return ['--filter', targets.filter, ...(targets.open === true ? ['--open'] : [])]
  if (targets.devices.length <= namedDevicesMax) return ['--devices', targets.devices.join(',')]
  return ['--devices-file', file('drover-devices.txt', targets.devices.join('\n'))]
}

function policyWords(policy: PolicyRequest, file: File): readonly string[] {
  const { schedule = {}, delivery = {} } = policy
  const waves = policy.waves === undefined ? undefined : sayable(policy.waves, waveText)
  const abort = policy.abort === undefined ? undefined : sayable(policy.abort, abortText)
  const rate = policy.rate === undefined ? undefined : rateText(policy.rate)
  const rest: PolicyRequest = {
    ...(policy.retries === undefined ? {} : { retries: policy.retries }),
    ...(policy.waves === undefined || (waves !== undefined && waves.length > 0) ? {} : { waves: policy.waves }),
    ...(policy.abort === undefined || (abort !== undefined && abort.length > 0) ? {} : { abort: policy.abort }),
    ...(policy.rate === undefined || rate !== undefined ? {} : { rate: policy.rate }),
  }
  const flag = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [name, String(value)]
  return [
    ...(Object.keys(rest).length === 0 ? [] : ['--policy', file('drover-policy.json', rest)]),
    ...flag('--priority', policy.priority),
    ...flag('--concurrency', policy.concurrency === undefined ? undefined : concurrencyText(policy.concurrency)),
    ...flag('--offline', policy.offlinePolicy),
    ...flag('--rate', rate),
    ...flag('--waves', waves === undefined || waves.length === 0 ? undefined : waves.join(',')),
    ...(abort ?? []).flatMap(rule => ['--abort', rule]),
    ...flag('--start-at', schedule.startAt),
    ...flag('--end-at', schedule.endAt),
    ...flag('--on-end', schedule.onEnd),
    ...(schedule.windows ?? []).flatMap(({ cron, minutes, timeZone }) => [
      '--window',
      `${cron}/${minutes}/${timeZone}`,
    ]),
    ...(schedule.install === 'in-window' ? ['--install-in-window'] : []),
    ...(policy.approval === true ? ['--approval'] : []),
    ...(policy.logOnFailure === true ? ['--log-on-failure'] : []),
    ...flag('--transport', delivery.transport),
    ...flag('--bytes-per-second', delivery.bytesPerSecond),
    ...(delivery.retryByPull === false ? ['--no-retry-by-pull'] : []),
    ...(policy.prerequisites ?? []).flatMap(({ component, versionLeast }) => [
      '--prerequisite',
      `${component}@${versionLeast}`,
    ]),
    ...flag('--timeout-days', policy.timeoutDays),
    ...flag('--step-timeout-minutes', policy.stepTimeoutMinutes),
    ...flag('--in-progress-timeout-minutes', policy.inProgressTimeoutMinutes),
    ...flag('--confirm-timeout-minutes', policy.confirmTimeoutMinutes),
    ...flag('--stop-timeout-minutes', policy.stopTimeoutMinutes),
  ]
}

export function concurrencyText(concurrency: NonNullable<PolicyRequest['concurrency']>): string {
  return typeof concurrency === 'object' ? `${concurrency.count}/${concurrency.percent}%` : String(concurrency)
}

/** Undefined where the short form has too few digits for it. */
export function rateText({ maximumPerMinute, exponential }: Rate): string | undefined {
  if (exponential === undefined) return String(maximumPerMinute)
  const { basePerMinute, factor, criterion } = exponential
  if (!short(factor)) return undefined
  return `${maximumPerMinute}:${basePerMinute}x${factor}/${criterion.kind}=${criterion.count}`
}

/** Of all parts, or undefined when one of them has no short form. */
function sayable<T>(parts: readonly T[], textOf: (part: T) => string | undefined): readonly string[] | undefined {
  const texts = parts.map(textOf)
  return texts.every(text => text !== undefined) ? texts : undefined
}

function waveText(wave: WaveRequest): string | undefined {
  const { size, successPercent, errorPercent, minExecuted, soakMinutes, onSuccess } = wave
  // The share of errors stands behind the one of successes only; the broker's default takes its place.
  const success = successPercent ?? (errorPercent === undefined ? undefined : 95)
  if (!short(success) || !short(errorPercent)) return undefined
  return [
    String(size),
    ...(success === undefined ? [] : [errorPercent === undefined ? `${success}` : `${success}/${errorPercent}`]),
    ...(soakMinutes === undefined ? [] : [`soak=${soakMinutes}`]),
    ...(minExecuted === undefined ? [] : [`min=${minExecuted}`]),
    ...(onSuccess === 'pause' ? ['pause'] : []),
  ].join(':')
}

function abortText({ match, percent, minExecuted, firstWaveOnly, action }: AbortRequest): string | undefined {
  if (!short(percent)) return undefined
  const wanted = typeof action === 'string' ? action : `rollback=${action.rollback}`
  const words = typeof match === 'string' ? match : match.join('+')
  if (words.includes(':') || wanted.includes(':')) return undefined
  return [
    words,
    `${percent}%`,
    wanted,
    ...(minExecuted === undefined ? [] : [`min=${minExecuted}`]),
    ...(firstWaveOnly === true ? ['first-wave'] : []),
  ].join(':')
}

/** At most three digits behind the point, as the short forms have it. */
function short(value: number | undefined): boolean {
  return value === undefined || /^\d{1,3}(\.\d{1,3})?$/.test(String(value))
}
