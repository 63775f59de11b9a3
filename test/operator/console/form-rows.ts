// What is typed into the form of a new operation, and what the broker is asked for.
import {
  carefulWaves,
  type Draft,
  draftOf,
  emptyAbort,
  emptyPolicy,
  emptyRetry,
  emptyWave,
  type PolicyDraft,
} from '../../../operator/console/pages/new-operation/draft.ts'
import type { Request } from '../../../operator/console/pages/new-operation/request.ts'
import type { OperationRequest } from '../../../proto/http-api.ts'
import { operation } from '../http-fixture.ts'

export const nothing = { type: '', release: '', devices: '', filter: '' }
export const update: Draft = draftOf({ ...nothing, release: 'main@2.0.0' })
export const base = { type: 'firmware-update', release: 'main@2.0.0' }
const all = { all: true as const }
export const withPolicy = (changes: Partial<PolicyDraft>): Draft => ({
  ...update,
  policy: { ...emptyPolicy, ...changes },
})
const many = Array.from({ length: 30 }, (_, index) => (index === 7 ? 'EOF' : `sensor-${index}`))

/** Typed, and what the broker is asked for. */
const works: readonly (readonly [string, Draft, Request])[] = [
  ['an update of all', update, { ...base, targets: all }],
  [
    'a name with everything a shell would read: $HOME `id` \'a\' "b" \\ !',
    { ...update, name: '--all $HOME `id` \'a\' "b" \\ !' },
    { ...base, name: '--all $HOME `id` \'a\' "b" \\ !', targets: all },
  ],
  [
    'a filter, open',
    { ...draftOf({ ...nothing, release: 'main@2.0.0', filter: 'group=a&version__lte=1.4.0' }), open: true },
    { ...base, targets: { filter: 'group=a&version__lte=1.4.0', open: true } },
  ],
  [
    'named devices, one twice',
    draftOf({ ...nothing, release: 'main@2.0.0', devices: 'sensor-1,sensor-2,sensor-1' }),
    { ...base, targets: { devices: ['sensor-1', 'sensor-2'] } },
  ],
  [
    'more devices than a line holds',
    draftOf({ ...nothing, release: 'main@2.0.0', devices: many.join(',') }),
    { ...base, targets: { devices: many } },
  ],
  ['a reboot', draftOf({ ...nothing, type: 'reboot' }), { type: 'reboot', targets: all }],
  ['a backup', draftOf({ ...nothing, type: 'config-backup' }), { type: 'config-backup', targets: all }],
  [
    'a merge patch',
    { ...draftOf({ ...nothing, type: 'config-change' }), patch: '{"a":{"b":null},"text":"it\'s $1"}' },
    {
      type: 'config-change',
      arguments: { format: 'merge-patch', patch: { a: { b: null }, text: "it's $1" } },
      targets: all,
    },
  ],
  [
    'a JSON patch',
    {
      ...draftOf({ ...nothing, type: 'config-change' }),
      patchFormat: 'json-patch',
      patch: '[{"op":"remove","path":"/a"}]',
    },
    {
      type: 'config-change',
      arguments: { format: 'json-patch', patch: [{ op: 'remove', path: '/a' }] },
      targets: all,
    },
  ],
  [
    'a restore',
    {
      ...draftOf({ ...nothing, type: 'config-restore', devices: 'sensor-1' }),
      backupOperation: operation,
      backupDevice: 'sensor-1',
    },
    { type: 'config-restore', backup: { operation, device: 'sensor-1' }, targets: { devices: ['sensor-1'] } },
  ],
  [
    'a type of a plugin',
    { ...draftOf({ ...nothing, type: 'calibrate' }), arguments: '{"depth": 2}' },
    { type: 'calibrate', arguments: { depth: 2 }, targets: all },
  ],
]

const policies: readonly (readonly [string, Partial<PolicyDraft>, NonNullable<OperationRequest['policy']>])[] = [
  [
    'both limits',
    { concurrencyCount: '500', concurrencyPercent: '25', priority: '0', offlinePolicy: 'skip' },
    { concurrency: { count: 500, percent: 25 }, priority: 0, offlinePolicy: 'skip' },
  ],
  ['a count alone', { concurrencyCount: ' 7 ' }, { concurrency: 7 }],
  ['a share alone', { concurrencyPercent: '10' }, { concurrency: '10%' }],
  ['a rate', { rateMaximum: '100' }, { rate: { maximumPerMinute: 100 } }],
  [
    'a slow beginning',
    { rateMaximum: '1000', ramp: true, rampBase: '50', rampCount: '200' },
    {
      rate: {
        maximumPerMinute: 1000,
        exponential: { basePerMinute: 50, factor: 1.5, criterion: { kind: 'succeeded', count: 200 } },
      },
    },
  ],
  [
    'a factor with more digits than the flag has',
    {
      rateMaximum: '1000',
      ramp: true,
      rampBase: '50',
      rampFactor: '1.2345',
      rampCount: '2',
      rampCriterion: 'notified',
    },
    {
      rate: {
        maximumPerMinute: 1000,
        exponential: { basePerMinute: 50, factor: 1.2345, criterion: { kind: 'notified', count: 2 } },
      },
    },
  ],
  [
    'careful waves',
    { waves: carefulWaves },
    { waves: [{ size: '1%' }, { size: '10%', soakMinutes: 30 }, { size: '100%' }] },
  ],
  [
    'a wave with everything',
    {
      waves: [
        { ...emptyWave, size: '40', successPercent: '90.5', errorPercent: '2', minExecuted: '30', onSuccess: 'pause' },
      ],
    },
    { waves: [{ size: 40, successPercent: 90.5, errorPercent: 2, minExecuted: 30, onSuccess: 'pause' }] },
  ],
  ['no abort rule at all', { abort: [] }, { abort: [] }],
  [
    'abort rules',
    {
      abort: [
        { ...emptyAbort, match: 'UPD4_FAIL_23', action: 'stop', minExecuted: '' },
        { ...emptyAbort, match: 'UPD4_FAIL_33, UPD4_FAIL_34', percent: '0' },
        { ...emptyAbort, match: 'image', action: 'rollback', rollback: 'main@2.0.1', firstWaveOnly: true },
      ],
    },
    {
      abort: [
        { match: ['UPD4_FAIL_23'], percent: 10, action: 'stop' },
        { match: ['UPD4_FAIL_33', 'UPD4_FAIL_34'], percent: 0, minExecuted: 20, action: 'pause' },
        { match: 'image', percent: 10, minExecuted: 20, firstWaveOnly: true, action: { rollback: 'main@2.0.1' } },
      ],
    },
  ],
  ['no retries', { retries: [] }, { retries: [] }],
  [
    'retries, which have no flag',
    { retries: [{ ...emptyRetry, delaySeconds: '0.5', factor: '1', jitter: '0' }], priority: '9' },
    { retries: [{ match: 'network', limit: 2, delaySeconds: 0.5, factor: 1, jitter: 0 }], priority: 9 },
  ],
  [
    'a schedule',
    {
      startAt: '2030-01-02T03:04',
      endAt: '2030-02-02T00:00',
      onEnd: 'stop',
      windows: [{ cron: '0 22 * * */2', minutes: '480', timeZone: 'Europe/Berlin' }],
      installInWindow: true,
    },
    {
      schedule: {
        startAt: new Date('2030-01-02T03:04').toISOString(),
        endAt: new Date('2030-02-02T00:00').toISOString(),
        onEnd: 'stop',
        windows: [{ cron: '0 22 * * */2', minutes: 480, timeZone: 'Europe/Berlin' }],
        install: 'in-window',
      },
    },
  ],
  [
    'delivery, approval, logs, prerequisites',
    {
      transport: 'broadcast',
      bytesPerSecond: '1048576',
      retryByPull: false,
      approval: true,
      logOnFailure: true,
      prerequisites: [{ component: 'main', versionLeast: '1.4.0' }],
    },
    {
      delivery: { transport: 'broadcast', bytesPerSecond: 1_048_576, retryByPull: false },
      approval: true,
      logOnFailure: true,
      prerequisites: [{ component: 'main', versionLeast: '1.4.0' }],
    },
  ],
  [
    'all timeouts',
    {
      timeoutDays: '0.5',
      stepTimeoutMinutes: '5',
      inProgressTimeoutMinutes: '600',
      confirmTimeoutMinutes: '10',
      stopTimeoutMinutes: '20',
    },
    {
      timeoutDays: 0.5,
      stepTimeoutMinutes: 5,
      inProgressTimeoutMinutes: 600,
      confirmTimeoutMinutes: 10,
      stopTimeoutMinutes: 20,
    },
  ],
]
export const rows = [
  ...works,
  ...policies.map(([what, changes, policy]) => [what, withPolicy(changes), { ...base, targets: all, policy }] as const),
]
