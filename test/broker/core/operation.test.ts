// The operation machine as a table: every state × every input, and the invariants that hold for all of them.
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { noCounts } from '../../../broker/core/counts.ts'
import type { Device } from '../../../broker/core/device.ts'
import { freePermits, isEnded, step } from '../../../broker/core/operation.ts'
import type { Input } from '../../../broker/core/operation-facts.ts'
import { policyDefaults } from '../../../broker/core/policy.ts'
import type { Execution, ExecutionState, Operation, OperationState } from '../../../broker/core/records.ts'
import { deviceId, operationId, principalName, releaseIdOf } from '../../../proto/ids.ts'
import type { DeviceEvent, EventContent } from '../../../proto/messages.ts'

const targetDigest = 'ab'.repeat(32)
const oldDigest = 'cd'.repeat(32)
const id = operationId('0'.repeat(26))
const sensor = deviceId('sensor-1')
const operator = principalName('kim')

const base: Operation = {
  id,
  name: 'main 2.0.0',
  type: 'firmware-update',
  state: 'running',
  release: releaseIdOf('main', '2.0.0', targetDigest),
  component: 'main',
  targetVersion: '2.0.0',
  targetDigest,
  targets: { kind: 'devices' },
  policy: { ...policyDefaults, concurrency: 2 },
  createdBy: operator,
  requestedAt: 1000,
  startedAt: 1000,
  counts: noCounts,
  lease: 1,
}

function device(version: string, digest: string): Device {
  return {
    id: sensor,
    registeredAt: 1,
    lastHelloAt: 1,
    vendorId: '00'.repeat(16),
    classId: '11'.repeat(16),
    bootId: '22'.repeat(16),
    agentVersion: '1',
    packetBytesMax: 32768,
    components: [{ name: 'main', version, digest }],
    journals: [],
  }
}
const oldDevice = device('1.0.0', oldDigest)
const newDevice = device('2.0.0', targetDigest)

/** An execution in one of its states, and the operation that counts it beside one other pending target. */
const executions: Readonly<Record<string, Execution | undefined>> = {
  pending: execution('pending'),
  offered: execution('in-progress', { step: 'offered', handedOverAt: 1000, attempt: 1, answered: false }),
  downloading: execution('in-progress', { step: 'downloading', handedOverAt: 1000, attempt: 1, answered: true }),
  rebooting: execution('in-progress', { step: 'rebooting', handedOverAt: 1000, attempt: 1, answered: true }),
  completed: execution('completed', { attempt: 1, code: 'SYS_112' }),
  failed: execution('failed', { attempt: 1, code: 'UPD4_FAIL_31' }),
  'failed-provisional': execution('failed', { attempt: 1, code: 'SYS_100', provisional: true, handedOverAt: 1000 }),
  skipped: execution('skipped', { attempt: 0, code: 'SYS_103' }),
}

function execution(state: ExecutionState, fields: Partial<Execution> = {}): Execution {
  return { operation: id, device: sensor, state, attempt: 0, addedAt: 1000, initialVersion: '1.0.0', ...fields }
}

function operationWith(state: OperationState, one: Execution): Operation {
  const counts = { ...noCounts, byCode: {} as Record<string, number>, total: 2, pending: 1 }
  if (one.state === 'pending') counts.pending += 1
  else if (one.state === 'in-progress') counts.inProgress = 1
  else counts[one.state] = 1
  if (one.code !== undefined) counts.byCode[one.code] = 1
  const operation: Operation = { ...base, state, counts }
  if (state === 'stopping')
    return { ...operation, stopRequestedAt: 1500, stoppedBy: operator, sweep: { kind: 'skip-pending' } }
  if (state === 'pending') {
    const { startedAt: _, ...waiting } = operation
    return waiting
  }
  return state === 'completed' || state === 'stopped' ? { ...operation, completedAt: 1900 } : operation
}

const report = (content: EventContent, fields: Partial<DeviceEvent> = {}): DeviceEvent => ({
  journalId: '33'.repeat(8),
  eventNumber: 7,
  operation: id,
  attempt: 1,
  deviceTime: 5,
  content,
  data: {},
  ...fields,
})

function inputs(one: Execution): Readonly<Record<string, Input>> {
  const at = 2000
  const event = (content: EventContent, fields?: Partial<DeviceEvent>): Input => ({
    kind: 'device-reported',
    at,
    execution: one,
    event: report(content, fields),
  })
  const hello = (said: Device, underWay: boolean): Input => ({
    kind: 'device-said-hello',
    at,
    execution: one,
    device: said,
    underWay,
  })
  const inProgress = one.state === 'in-progress' ? [one] : []
  return {
    'ready (old)': { kind: 'device-ready', at, execution: one, device: oldDevice },
    'ready (at target)': { kind: 'device-ready', at, execution: one, device: newDevice },
    unreachable: { kind: 'device-unreachable', at, execution: one },
    'step downloading': event({ kind: 'step', step: 'downloading' }),
    'step rebooting': event({ kind: 'step', step: 'rebooting' }),
    'step withdrawn': event({ kind: 'step', step: 'withdrawn' }),
    'code UPD4_FAIL_31': event({ kind: 'code', code: 'UPD4_FAIL_31' }),
    'code UPD2_OK_18': event({ kind: 'code', code: 'UPD2_OK_18' }, { digest: targetDigest }),
    'code UPD2_OK_18 of another image': event({ kind: 'code', code: 'UPD2_OK_18' }, { digest: oldDigest }),
    'code of another attempt': event({ kind: 'code', code: 'UPD4_FAIL_24' }, { attempt: 9 }),
    'hello (old)': hello(oldDevice, false),
    'hello (at target)': hello(newDevice, false),
    'hello (under way)': hello(oldDevice, true),
    'deadline step': { kind: 'deadline-passed', at, execution: one, deadline: 'step' },
    'deadline in-progress': { kind: 'deadline-passed', at, execution: one, deadline: 'in-progress' },
    'deadline confirm (silent)': { kind: 'deadline-passed', at, execution: one, deadline: 'confirm' },
    'deadline confirm (at target)': {
      kind: 'deadline-passed',
      at,
      execution: one,
      deadline: 'confirm',
      device: newDevice,
    },
    'deadline stop': { kind: 'deadline-passed', at, execution: one, deadline: 'stop' },
    'operation timed out': { kind: 'operation-timed-out', at, inProgress },
    'stop requested': { kind: 'stop-requested', at, by: operator, inProgress },
    'pending swept': { kind: 'pending-swept', at, executions: [one], more: false },
    'targets found': { kind: 'targets-found', at, targets: [{ device: sensor }], more: false },
  }
}

const states: readonly OperationState[] = ['pending', 'running', 'stopping', 'completed', 'stopped']

function* everyCase(): Generator<{ name: string; operation: Operation; one: Execution; input: Input }> {
  for (const state of states)
    for (const [executionName, one] of Object.entries(executions)) {
      if (one === undefined) continue
      for (const [inputName, input] of Object.entries(inputs(one)))
        yield { name: `${state} / ${executionName} / ${inputName}`, operation: operationWith(state, one), one, input }
    }
}

const tableFile = 'test/broker/core/operation-table.txt'

t.test('every state × every input decides as the table says', async t => {
  const lines = [...everyCase()].map(({ name, operation, one, input }) => {
    const decision = step(operation, input)
    const last = decision.executions.at(-1)?.execution
    const parts = [
      decision.operation.state === operation.state ? '' : `operation ${decision.operation.state}`,
      decision.operation.sweep?.kind === operation.sweep?.kind
        ? ''
        : `sweep ${decision.operation.sweep?.kind ?? 'none'}`,
      last === undefined || last === one
        ? ''
        : `execution ${last.state}${last.step === undefined ? '' : ` ${last.step}`}${last.code === undefined ? '' : ` ${last.code}`}${last.provisional ? ' provisional' : ''}`,
      decision.events.map(event => `log ${event.code} ${event.type}${event.data.late ? ' late' : ''}`).join(', '),
      decision.effects.map(effect => effect.kind).join(', '),
    ].filter(part => part !== '')
    return `${name} → ${parts.join('; ') || '–'}`
  })
  const table = `${lines.join('\n')}\n`
  // DROVER_WRITE_TABLES=1 writes the table anew: read the diff before it is committed.
  if (process.env.DROVER_WRITE_TABLES === '1') writeFileSync(tableFile, table)
  const expected = readFileSync(tableFile, 'utf8')
  t.equal(table, expected, 'the table in operation-table.txt is that of the machine')
})

t.test('counts add up after every decision, and permits are never overdrawn', async t => {
  for (const { name, operation, input } of everyCase()) {
    const { counts, policy } = step(operation, input).operation
    const sum = counts.pending + counts.inProgress + counts.completed + counts.failed + counts.skipped
    if (sum !== counts.total) t.fail(`${name}: ${sum} of ${counts.total}`)
    if (Math.min(...Object.values(counts).map(Number).filter(Number.isFinite)) < 0)
      t.fail(`${name}: a count is negative`)
    if (counts.inProgress > policy.concurrency) t.fail(`${name}: over the limit`)
    const ended = Object.values(counts.byCode).reduce((all, count) => all + (count ?? 0), 0)
    if (ended !== counts.completed + counts.failed + counts.skipped) t.fail(`${name}: ${ended} codes`)
  }
  t.pass('all cases')
})

t.test('an ended operation is frozen: no count, state or execution changes, nothing is sent', async t => {
  for (const { name, operation, input } of everyCase()) {
    if (!isEnded(operation)) continue
    const decision = step(operation, input)
    if (decision.executions.length > 0 || decision.effects.length > 0) t.fail(name)
    if (JSON.stringify(decision.operation) !== JSON.stringify(operation)) t.fail(`${name}: the record changed`)
  }
  t.pass('all cases')
})

t.test('nothing is handed over by an operation that stops, times out or has no permit free', async t => {
  const pending = execution('pending')
  const full = { ...base, counts: { ...noCounts, total: 3, pending: 1, inProgress: 2 } }
  const timedOut: Operation = {
    ...base,
    counts: { ...noCounts, total: 1, pending: 1 },
    sweep: { kind: 'time-out-pending' },
  }
  for (const operation of [full, timedOut, operationWith('stopping', pending)]) {
    t.equal(freePermits(operation), 0)
    const decision = step(operation, { kind: 'device-ready', at: 1, execution: pending, device: oldDevice })
    t.same(decision.effects, [])
    t.same(decision.executions, [])
  }
})

t.test('a share of the targets is rounded up, at least one, and never above the absolute limit', async t => {
  const permits = (concurrency: number, concurrencyPercent: number, total: number): number =>
    freePermits({
      ...base,
      policy: { ...base.policy, concurrency, concurrencyPercent },
      counts: { ...noCounts, total },
    })
  t.equal(permits(500, 25, 3), 1)
  t.equal(permits(500, 25, 5), 2)
  t.equal(permits(500, 25, 10_000), 500)
  t.equal(permits(500, 1, 0), 1)
})

t.test(
  'targets: unknown ends with SYS_101, at the target with SYS_110, others wait; all are added with SYS_108',
  async t => {
    const expanding: Operation = { ...base, state: 'pending', sweep: { kind: 'expand' } }
    const targets = [
      { device: deviceId('a') },
      { device: deviceId('b'), registered: newDevice },
      { device: deviceId('c'), registered: oldDevice },
    ]
    const {
      operation,
      executions: changes,
      events,
    } = step(expanding, { kind: 'targets-found', at: 5, targets, more: true })
    t.same(
      changes.map(change => [change.execution.device, change.execution.state, change.execution.code]),
      [
        ['a', 'failed', 'SYS_101'],
        ['b', 'skipped', 'SYS_110'],
        ['c', 'pending', undefined],
      ],
    )
    t.same(
      events.map(event => [event.device, event.code, event.type]),
      [
        ['a', 'SYS_108', 'INFO'],
        ['a', 'SYS_101', 'FAIL'],
        ['b', 'SYS_108', 'INFO'],
        ['b', 'SYS_110', 'SKIPPED'],
        ['c', 'SYS_108', 'INFO'],
      ],
    )
    t.same(operation.sweep, { kind: 'expand', after: 'c' })
    t.equal(operation.counts.total, 3)
  },
)

t.test('targets found while stopping end at once with SYS_103, so that the sum is that of all sensors', async t => {
  const stopping: Operation = { ...base, state: 'stopping', sweep: { kind: 'expand' } }
  const found = step(stopping, {
    kind: 'targets-found',
    at: 5,
    targets: [{ device: sensor, registered: oldDevice }],
    more: false,
  })
  t.equal(found.executions[0]?.execution.code, 'SYS_103')
  t.same(found.operation.sweep, { kind: 'skip-pending' })
})

t.test('an operation without targets completes as soon as it knows', async t => {
  const expanding: Operation = { ...base, state: 'pending', sweep: { kind: 'expand' } }
  const { operation } = step(expanding, { kind: 'targets-found', at: 5, targets: [], more: false })
  t.equal(operation.state, 'completed')
  t.equal(operation.completedAt, 5)
})

t.test("the device's own result replaces a provisional ending and keeps the sum", async t => {
  const provisional = executions['failed-provisional'] as Execution
  const before = operationWith('running', provisional)
  const { operation, executions: changes } = step(before, {
    kind: 'device-reported',
    at: 9,
    execution: provisional,
    event: report({ kind: 'code', code: 'UPD4_FAIL_40' }),
  })
  t.equal(changes[0]?.execution.code, 'UPD4_FAIL_40')
  t.equal(changes[0]?.execution.provisional, undefined)
  t.same(operation.counts.byCode, { UPD4_FAIL_40: 1 })
  t.equal(operation.counts.failed, 1)
})

t.test(
  'what the device took back though it is wanted is offered as a new attempt, so that the two do not repeat themselves',
  async t => {
    const offered = executions.downloading as Execution
    const event = report({ kind: 'step', step: 'withdrawn' })
    const before = operationWith('running', offered)
    const { effects } = step(before, { kind: 'device-reported', at: 9, execution: offered, event })
    t.match(effects, [{ kind: 'offer', execution: { attempt: 2, step: 'offered', answered: false } }])
  },
)
