// What holds a device back: every rule, and that they are judged in the order in which they are stated. Each row adds one
// hindrance to all those below it, so that the rule named is always the first of many.
import t from 'tap'
import type { Device } from '../../../broker/core/device.ts'
import { explain, type Rule, type Standing } from '../../../broker/core/explain.ts'
import type { Execution, Operation, Release } from '../../../broker/core/records.ts'
import { operationId } from '../../../proto/ids.ts'
import { deviceOf, id, kim, made, minute, release, start, updated, vendorId, waveOf } from './machine.ts'

interface Given {
  readonly operation: Operation
  readonly execution: Execution
  readonly device: Device
  readonly standing: Standing
}

const other = operationId('1'.repeat(26))
const free: Given = {
  operation: {
    ...made({
      concurrency: 2,
      waves: [waveOf(2)],
      prerequisites: [{ component: 'boot', versionLeast: '2.0.0' }],
      schedule: {
        onEnd: 'finish',
        install: 'in-window',
        windows: [{ cron: '0 2 * * *', minutes: 60, timeZone: 'UTC' }],
      },
    }),
    state: 'running',
  },
  execution: { operation: id, device: deviceOf('a').id, state: 'pending', attempt: 0, addedAt: start },
  device: deviceOf('a', '1.0.0', 'cd'.repeat(32), {
    components: [
      { name: 'main', version: '1.0.0', digest: 'cd'.repeat(32) },
      { name: 'boot', version: '2.0.0', digest: 'cd'.repeat(32) },
    ],
  }),
  standing: {
    at: start + minute,
    online: true,
    window: { open: true },
    rateLeft: 5,
    rateLimit: 10,
    brokerInProgress: 3,
    brokerInProgressMax: 10,
  },
}
const deltaOnly: Release = {
  ...release,
  manifests: release.manifests.map(manifest => ({
    ...manifest,
    format: 'delta-zstd',
    precursorSha256: '77'.repeat(32),
  })),
}
const { sweep: _, ...swept } = free.operation
const given: Given = { ...free, operation: swept }

const operation =
  (fields: Partial<Operation>) =>
  (before: Given): Given => ({ ...before, operation: { ...before.operation, ...fields } })
const execution =
  (fields: Partial<Execution>) =>
  (before: Given): Given => ({ ...before, execution: { ...before.execution, ...fields } })
const device =
  (fields: Partial<Device>) =>
  (before: Given): Given => ({ ...before, device: { ...before.device, ...fields } })
const standing =
  (fields: Partial<Standing>) =>
  (before: Given): Given => ({ ...before, standing: { ...before.standing, ...fields } })

/** From the last rule to the first: each hindrance stands before those above it in this list. */
const hindrances: readonly (readonly [Rule, (before: Given) => Given, Record<string, unknown>])[] = [
  ['rate', standing({ rateLeft: 0 }), { limit: 10 }],
  [
    'window',
    standing({ window: { open: false, changesAt: start + 5 * minute } }),
    { until: new Date(start + 5 * minute).toISOString() },
  ],
  ['broker-permit', standing({ brokerInProgress: 10 }), { inProgress: 10, limit: 10 }],
  [
    'permit',
    operation({ counts: { ...given.operation.counts, total: 9, inProgress: 2 } }),
    { inProgress: 2, limit: 2 },
  ],
  [
    'wave',
    operation({ wave: { ...given.operation.wave, handedOver: 2, executed: 1 } }),
    { wave: 1, size: 2, handedOver: 2, executed: 1 },
  ],
  [
    'soak',
    operation({ wave: { ...given.operation.wave, soakUntil: start + 9 * minute } }),
    { until: new Date(start + 9 * minute).toISOString() },
  ],
  ['retry-delay', execution({ notBefore: start + 2 * minute }), { until: new Date(start + 2 * minute).toISOString() }],
  ['superseded', standing({ wantedFirstBy: other }), { operation: other }],
  ['other-operation', standing({ inProgressIn: other }), { operation: other }],
  [
    'offline',
    standing({ online: false, lastHelloAt: start - minute }),
    { since: new Date(start - minute).toISOString() },
  ],
  [
    'precursor',
    standing({ release: deltaOnly }),
    { component: 'main', expected: '77'.repeat(32), actual: 'cd'.repeat(32) },
  ],
  [
    'prerequisite',
    device({ components: given.device.components.slice(0, 1) }),
    { component: 'boot', expected: '2.0.0', actual: 'absent' },
  ],
  ['quarantined', device({ quarantinedAt: 5 }), {}],
  ['vendor', device({ vendorId: 'ff'.repeat(16) }), { expected: vendorId, actual: 'ff'.repeat(16) }],
  ['already-at-state', device({ components: updated('a').components }), {}],
  ['operation-closed', operation({ closedAt: start }), {}],
  ['operation-state', operation({ state: 'paused' }), { state: 'paused' }],
  [
    'in-progress',
    execution({ state: 'in-progress', step: 'downloading', attempt: 2 }),
    { step: 'downloading', attempt: 2 },
  ],
  ['awaiting-go', execution({ state: 'in-progress', step: 'awaiting-install' }), {}],
  ['ended', execution({ state: 'failed', code: 'SYS_100' }), { state: 'failed', code: 'SYS_100' }],
]

const ask = (one: Given) => explain(one.operation, one.execution, one.device, one.standing)

t.test('each rule alone holds the device back, with what a person needs to know', async t => {
  t.equal(ask(given).rule, 'ready', 'nothing holds it back')
  for (const [rule, hinder, data] of hindrances) {
    const closed = rule === 'awaiting-go' ? standing({ window: { open: false } })(given) : given
    const answer = ask(hinder(closed))
    t.equal(answer.rule, rule)
    t.match(answer.data, data, rule)
    t.ok(answer.message.length > 5, rule)
  }
})

t.test('of many, the first in the stated order is named', async t => {
  let all = given
  for (const [rule, hinder] of hindrances) {
    all = hinder(all)
    t.equal(ask(all).rule, rule)
  }
})

t.test('what holds back only first hand-overs lets a retry pass', async t => {
  const full = operation({ wave: { ...given.operation.wave, handedOver: 2, soakUntil: start + 9 * minute } })(given)
  t.equal(ask(full).rule, 'soak')
  t.equal(ask(execution({ attempt: 1 })(full)).rule, 'ready')
  t.equal(ask(execution({ attempt: 1, notBefore: start })(given)).rule, 'ready', 'its delay is over')
})

t.test('what an attempt brings, and that the next one brings the full image', async t => {
  const offered = { manifest: 'ab', format: 'delta-zstd', fullToo: true } as const
  const underWay = execution({ state: 'in-progress', step: 'downloading', attempt: 1, offered })(given)
  t.match(ask(underWay), { message: /attempt 1 with delta-zstd/, data: { format: 'delta-zstd', manifest: 'ab' } })
  const lastFailure = { code: 'UPD4_FAIL_32', data: {}, rule: 0 } as const
  const waiting = execution({ attempt: 1, notBefore: start + 2 * minute, offered, deltaFailed: true, lastFailure })
  t.match(ask(waiting(given)), { message: /which brings the full image/, data: { failed: 'UPD4_FAIL_32' } })
})

t.test('an override of a second person opens window and rate', async t => {
  const outside = standing({ window: { open: false } })(given)
  t.equal(ask(outside).rule, 'window')
  t.equal(ask(operation({ override: { by: kim, at: start, reason: 'flood' } })(outside)).rule, 'ready')
})

t.test('a device in progress in this very operation is not said to be elsewhere', async t => {
  t.equal(ask(standing({ inProgressIn: id })(given)).rule, 'ready')
})

t.test('an operation whose days are over says so', async t => {
  t.equal(ask(operation({ sweep: { kind: 'time-out-pending' } })(given)).rule, 'operation-closed')
})

t.test('a target that is no registered device, and one that was never seen, are offline', async t => {
  const { operation: one, execution: pending, standing: known } = standing({ online: false })(given)
  t.match(explain(one, pending, undefined, known), { rule: 'offline', data: { since: null } })
})
