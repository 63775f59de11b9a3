// What stands in the form of a new operation: texts as they were typed, so that nothing a person wrote is lost because it
// is not right yet. What is empty is the broker's default. request.ts makes the request of it.

export interface Draft {
  readonly name: string
  readonly type: string
  readonly release: string
  readonly patchFormat: 'merge-patch' | 'json-patch'
  readonly patch: string
  readonly command: string
  /** Of a command, or of a type that a plugin registers: a JSON object. */
  readonly arguments: string
  readonly backupOperation: string
  readonly backupDevice: string
  readonly aim: 'all' | 'filter' | 'devices' | 'csv'
  readonly filter: string
  readonly open: boolean
  /** Ids parted by commas, white space or line breaks. */
  readonly devices: string
  readonly csv: TargetFile | undefined
  readonly policy: PolicyDraft
}

export interface TargetFile {
  readonly name: string
  readonly sizeBytes: number
  /** As the broker will read them. */
  readonly devices: readonly string[]
}

export interface PolicyDraft {
  readonly priority: string
  readonly concurrencyCount: string
  readonly concurrencyPercent: string
  readonly offlinePolicy: 'wait' | 'skip'
  readonly rateMaximum: string
  readonly ramp: boolean
  readonly rampBase: string
  readonly rampFactor: string
  readonly rampCriterion: 'notified' | 'succeeded'
  readonly rampCount: string
  readonly waves: readonly WaveDraft[]
  /** Undefined: the broker's rules. */
  readonly abort: readonly AbortDraft[] | undefined
  readonly retries: readonly RetryDraft[] | undefined
  /** Local time as the browser's input has it, `2030-01-02T22:00`. */
  readonly startAt: string
  readonly endAt: string
  readonly onEnd: 'finish' | 'stop'
  readonly windows: readonly WindowDraft[]
  readonly installInWindow: boolean
  readonly approval: boolean
  readonly transport: 'auto' | 'pull' | 'broadcast'
  readonly bytesPerSecond: string
  readonly retryByPull: boolean
  readonly logOnFailure: boolean
  readonly prerequisites: readonly PrerequisiteDraft[]
  readonly timeoutDays: string
  readonly stepTimeoutMinutes: string
  readonly inProgressTimeoutMinutes: string
  readonly confirmTimeoutMinutes: string
  readonly stopTimeoutMinutes: string
}

export interface WaveDraft {
  readonly size: string
  readonly successPercent: string
  readonly errorPercent: string
  readonly minExecuted: string
  readonly soakMinutes: string
  readonly onSuccess: 'next' | 'pause'
}

export interface AbortDraft {
  /** FAIL, TIMED_OUT, ALL, a class of failures, or codes parted by commas. */
  readonly match: string
  readonly percent: string
  readonly minExecuted: string
  readonly firstWaveOnly: boolean
  readonly action: 'pause' | 'stop' | 'rollback'
  readonly rollback: string
}

export interface RetryDraft {
  readonly match: string
  readonly limit: string
  readonly delaySeconds: string
  readonly factor: string
  readonly jitter: string
}

export interface WindowDraft {
  readonly cron: string
  readonly minutes: string
  readonly timeZone: string
}

export interface PrerequisiteDraft {
  readonly component: string
  readonly versionLeast: string
}

export const emptyPolicy: PolicyDraft = {
  priority: '',
  concurrencyCount: '',
  concurrencyPercent: '',
  offlinePolicy: 'wait',
  rateMaximum: '',
  ramp: false,
  rampBase: '',
  rampFactor: '1.5',
  rampCriterion: 'succeeded',
  rampCount: '',
  waves: [],
  abort: undefined,
  retries: undefined,
  startAt: '',
  endAt: '',
  onEnd: 'finish',
  windows: [],
  installInWindow: false,
  approval: false,
  transport: 'auto',
  bytesPerSecond: '',
  retryByPull: true,
  logOnFailure: false,
  prerequisites: [],
  timeoutDays: '',
  stepTimeoutMinutes: '',
  inProgressTimeoutMinutes: '',
  confirmTimeoutMinutes: '',
  stopTimeoutMinutes: '',
}

export const emptyWave: WaveDraft = {
  size: '10%',
  successPercent: '',
  errorPercent: '',
  minExecuted: '',
  soakMinutes: '',
  onSuccess: 'next',
}
export const emptyAbort: AbortDraft = {
  match: 'FAIL',
  percent: '10',
  minExecuted: '20',
  firstWaveOnly: false,
  action: 'pause',
  rollback: '',
}
export const emptyRetry: RetryDraft = { match: 'network', limit: '2', delaySeconds: '', factor: '', jitter: '' }
export const emptyPrerequisite: PrerequisiteDraft = { component: '', versionLeast: '' }
export const nightWindow = (timeZone: string): WindowDraft => ({ cron: '0 22 * * *', minutes: '480', timeZone })

/** Out of a tested order: a few devices first, then a tenth, then all. */
export const carefulWaves: readonly WaveDraft[] = [
  { ...emptyWave, size: '1%' },
  { ...emptyWave, size: '10%', soakMinutes: '30' },
  { ...emptyWave, size: '100%' },
]

/** The broker's own rules, to start from when they are changed; docs/PROTOCOL.md, section 16. */
export const defaultAbort: readonly AbortDraft[] = ['security', 'author'].map(match => ({
  ...emptyAbort,
  match,
  percent: '0',
  minExecuted: '1',
  firstWaveOnly: true,
}))
export const defaultRetries: readonly RetryDraft[] = [
  ['network', '2', '60'],
  ['UPD4_FAIL_34, UPD4_FAIL_35, UPD4_FAIL_36', '2', '300'],
  ['UPD4_FAIL_26, UPD4_FAIL_47', '1', '60'],
  ['internal', '1', '300'],
  ['UPD4_FAIL_25, UPD4_FAIL_32', '1', '30'],
].map(([match = '', limit = '', delaySeconds = '']) => ({ match, limit, delaySeconds, factor: '2', jitter: '0.2' }))

interface Wishes {
  readonly type: string
  readonly release: string
  readonly devices: string
  readonly filter: string
}

/** `wishes`: from the address; '' where nothing was wished. */
export function draftOf({ type, release, devices, filter }: Wishes): Draft {
  return {
    name: '',
    type: type === '' ? 'firmware-update' : type,
    release,
    patchFormat: 'merge-patch',
    patch: '',
    command: '',
    arguments: '',
    backupOperation: '',
    backupDevice: '',
    aim: devices !== '' ? 'devices' : filter !== '' ? 'filter' : 'all',
    filter,
    open: false,
    devices: devices.split(',').join('\n'),
    csv: undefined,
    policy: emptyPolicy,
  }
}
