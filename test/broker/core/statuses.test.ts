// Both status vocabularies over the one machine: every row of the two tables, through the views that all doors show.
import t from 'tap'
import { newOperation } from '../../../broker/core/new-operation.ts'
import type { OperationState } from '../../../broker/core/records.ts'
import { executionView, operationView } from '../../../broker/views.ts'
import type { DeviceCode } from '../../../proto/event-codes.ts'
import {
  deviceOf,
  kim,
  lee,
  Machine,
  machine,
  made,
  names,
  oldDigest,
  plain,
  releaseSubject,
  start,
  textOf,
  updated,
} from './machine.ts'

t.test('every state of an operation has its word on both pages', async t => {
  const table: Readonly<Record<OperationState, readonly [string, string]>> = {
    'awaiting-approval': ['Pending', 'Pending'],
    scheduled: ['Pending', 'Pending'],
    pending: ['Pending', 'Pending'],
    running: ['Processing', 'Running'],
    paused: ['Processing', 'Running'],
    stopping: ['Processing', 'Running'],
    completed: ['Completed', 'Completed'],
    stopped: ['Stopped', 'Cancelled'],
  }
  for (const [name, words] of Object.entries(table)) {
    const { updateStatus, operationStatus } = operationView({ ...made(), state: name as OperationState })
    t.strictSame([updateStatus, operationStatus], words, name)
  }
  const { counts } = made()
  const failed = operationView({ ...made(), state: 'completed', counts: { ...counts, total: 1, failed: 1 } })
  t.strictSame([failed.updateStatus, failed.operationStatus], ['Completed', 'Failed'], 'completed with errors')
  const there = operationView({
    ...made(),
    state: 'completed',
    counts: { ...counts, total: 1, skipped: 1, byCode: { SYS_110: 1 } },
  })
  t.equal(there.operationStatus, 'Completed', 'those already there are no errors')
})

t.test('the machine’s own way through the states, with its times', async t => {
  const one = new Machine({
    ...newOperation(
      {
        id: made().id,
        name: 'main',
        type: 'firmware-update',
        typeName: 'Firmware Update',
        subject: releaseSubject,
        targets: { kind: 'devices' },
        policy: { ...plain, approval: true },
        createdBy: kim,
      },
      start,
    ),
  })
  const words = (): readonly unknown[] => {
    const { state, updateStatus, operationStatus, startedAt, completedAt } = operationView(one.operation)
    return [state, updateStatus, operationStatus, startedAt !== null, completedAt !== null]
  }
  t.strictSame(words(), ['awaiting-approval', 'Pending', 'Pending', false, false])
  one.find('a', 'b')
  one.feed({ kind: 'approved', by: lee })
  t.strictSame(words(), ['pending', 'Pending', 'Pending', false, false], 'nothing handed over yet')
  one.ready('a')
  t.strictSame(words(), ['running', 'Processing', 'Running', true, false])
  one.stop()
  t.strictSame(words(), ['stopping', 'Processing', 'Running', true, false])
  one.sweep()
  one.step('a', 'withdrawn')
  t.strictSame(words(), ['stopped', 'Stopped', 'Cancelled', true, true])
  const { requestedAt, sensors, updated: count, errors } = operationView(one.operation)
  t.equal(requestedAt, new Date(start).toISOString())
  t.strictSame([sensors, count, errors], [2, 0, 2])
})

/** How an execution comes to its end, and how it is shown: page, status, counted as, word of the page. */
const ends: readonly {
  readonly name: string
  readonly how: (one: Machine) => void
  readonly code: string
  readonly status: string
  readonly counted: 'Updated' | 'Errors'
  readonly reason: string | null
  readonly policy?: Parameters<typeof machine>[0]
}[] = [
  {
    name: 'updated',
    how: one => one.succeed('a'),
    code: 'SYS_112',
    status: 'Completed',
    counted: 'Updated',
    reason: null,
  },
  {
    name: 'updated without a reboot',
    how: one => one.fail('a', 'UPD2_OK_18'),
    code: 'UPD2_OK_18',
    status: 'Completed',
    counted: 'Updated',
    reason: null,
  },
  {
    name: 'silent',
    how: one => one.deadline('a', 'step'),
    code: 'SYS_100',
    status: 'Failed',
    counted: 'Errors',
    reason: 'Sensor unresponsive',
  },
  {
    name: 'stop, still under way',
    how: one => {
      one.stop()
      one.sweep()
      one.deadline('a', 'stop')
    },
    code: 'SYS_104',
    status: 'Failed',
    counted: 'Errors',
    reason: 'Update stopped by user',
  },
  {
    name: 'deregistered meanwhile',
    how: one => one.feed({ kind: 'device-deregistered', execution: one.of('a') }),
    code: 'SYS_101',
    status: 'Failed',
    counted: 'Errors',
    reason: 'No sensor found',
  },
  {
    name: 'not reached',
    how: one => one.deadline('a', 'confirm'),
    code: 'SYS_111',
    status: 'Failed',
    counted: 'Errors',
    reason: 'Update error',
  },
  ...(['UPD4_FAIL_23', 'UPD4_FAIL_24', 'UPD4_FAIL_37', 'UPD4_FAIL_40'] as const satisfies readonly DeviceCode[]).map(
    code => ({
      name: code,
      how: (one: Machine) => one.fail('a', code),
      code,
      status: 'Failed',
      counted: 'Errors' as const,
      reason: 'Update error',
    }),
  ),
  {
    name: 'withdrawn by a stop',
    how: one => {
      one.stop()
      one.sweep()
      one.step('a', 'withdrawn')
    },
    code: 'SYS_103',
    status: 'Skipped',
    counted: 'Errors',
    reason: 'Update stopped by user',
  },
  {
    name: 'removed',
    how: one => {
      one.feed({ kind: 'device-removed', execution: one.of('a') })
      one.step('a', 'withdrawn')
    },
    code: 'SYS_109',
    status: 'Skipped',
    counted: 'Errors',
    reason: 'Update stopped by user',
  },
]

/** The same for devices that were never handed anything. */
const early: typeof ends = [
  {
    name: 'already there',
    how: one => one.feed({ kind: 'device-ready', execution: one.of('a'), device: updated('a') }),
    code: 'SYS_110',
    status: 'Skipped',
    counted: 'Updated',
    reason: null,
  },
  {
    name: 'other vendor',
    how: one =>
      one.feed({
        kind: 'device-ready',
        execution: one.of('a'),
        device: deviceOf('a', '1.0.0', oldDigest, { vendorId: 'ff'.repeat(16) }),
      }),
    code: 'SYS_102',
    status: 'Failed',
    counted: 'Errors',
    reason: 'Update error',
  },
  {
    name: 'quarantined',
    how: one =>
      one.feed({
        kind: 'device-ready',
        execution: one.of('a'),
        device: deviceOf('a', '1.0.0', oldDigest, { quarantinedAt: 1 }),
      }),
    code: 'SYS_109',
    status: 'Skipped',
    counted: 'Errors',
    reason: 'Update error',
  },
  {
    name: 'prerequisite',
    policy: { prerequisites: [{ component: 'boot', versionLeast: '1.0.0' }] },
    how: one => one.ready('a'),
    code: 'SYS_109',
    status: 'Skipped',
    counted: 'Errors',
    reason: 'Update error',
  },
  {
    name: 'offline with skip',
    policy: { offlinePolicy: 'skip' },
    how: one => one.unreachable('a'),
    code: 'SYS_100',
    status: 'Skipped',
    counted: 'Errors',
    reason: 'Sensor unresponsive',
  },
  {
    name: 'stopped before',
    how: one => {
      one.stop()
      one.sweep()
    },
    code: 'SYS_103',
    status: 'Skipped',
    counted: 'Errors',
    reason: 'Update stopped by user',
  },
  {
    name: 'removed before',
    how: one => one.feed({ kind: 'device-removed', execution: one.of('a') }),
    code: 'SYS_109',
    status: 'Skipped',
    counted: 'Errors',
    reason: 'Update stopped by user',
  },
  {
    name: 'timed out',
    how: one => {
      one.feed({ kind: 'operation-timed-out', inProgress: [] })
      one.sweep()
    },
    code: 'SYS_100',
    status: 'Failed',
    counted: 'Errors',
    reason: 'Sensor unresponsive',
  },
]

t.test('every end of an execution has its word on the operations page and its place on the other', async t => {
  for (const [handedOver, rows] of [
    [true, ends],
    [false, early],
  ] as const)
    for (const { name, how, code, status, counted, reason, policy } of rows) {
      const one = machine(policy ?? {}, ['a'])
      t.strictSame([executionView(one.of('a')).status, executionView(one.of('a')).reason], ['Pending', null])
      if (handedOver) {
        one.ready('a')
        t.match(executionView(one.of('a')), { status: 'In Progress', step: 'offered' })
      }
      how(one)
      const view = executionView(one.of('a'))
      t.strictSame([view.code, view.status, view.reason], [code, status, reason], name)
      t.equal(view.message, textOf(one.of('a').code ?? 'SYS_100'), name)
      const all = operationView(one.operation)
      t.strictSame(
        [all.sensors, all.updated, all.errors],
        [1, counted === 'Updated' ? 1 : 0, counted === 'Errors' ? 1 : 0],
        name,
      )
      t.strictSame(all.reasons, reason === null ? [] : [{ reason, count: 1 }], name)
      t.match(all.codes, [{ code, count: 1 }], name)
      t.equal(all.completedAt, new Date(one.at).toISOString(), name)
    }
})

t.test('a target that was never registered: No sensor found', async t => {
  const one = new Machine(made())
  const [name] = names(1)
  one.feed({ kind: 'targets-found', targets: [{ device: deviceOf(name ?? '').id }], more: false })
  t.match(executionView(one.of(name ?? '')), { status: 'Failed', code: 'SYS_101', reason: 'No sensor found' })
  t.match(operationView(one.operation), { updateStatus: 'Completed', operationStatus: 'Failed', sensors: 1, errors: 1 })
})
