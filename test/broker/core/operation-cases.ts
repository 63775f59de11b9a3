import type { Input } from '../../../broker/core/operation-facts.ts'
import { type DeadlineKind, type Policy, policyDefaults } from '../../../broker/core/policy.ts'
import type { Execution, Operation, OperationState, Sweep } from '../../../broker/core/records.ts'
import { deviceId, operationId } from '../../../proto/ids.ts'
import type { DeviceEvent, EventContent, Step } from '../../../proto/messages.ts'
import {
  commandSubject,
  day,
  deviceOf,
  id,
  kim,
  lee,
  made,
  oldDigest,
  openTargets,
  recount,
  reportOf,
  targetDigest,
  updated,
  withoutShare,
} from './machine.ts'

export const at = 2000
export const sensor = deviceId('sensor-1')
const other = deviceId('sensor-2')
export const oldDevice = deviceOf('sensor-1')
const newDevice = updated('sensor-1')
const rebooted = deviceOf('sensor-1', '1.0.0', oldDigest, { bootId: '99'.repeat(16) })

const policy: Policy = { ...withoutShare(policyDefaults), concurrency: 2 }

function execution(fields: Partial<Execution>): Execution {
  return {
    operation: id,
    device: sensor,
    state: 'pending',
    attempt: 0,
    addedAt: 1000,
    initialVersion: '1.0.0',
    ...fields,
  }
}
const handedOver = { handedOverAt: 1000, attempt: 1, answered: true, bootId: '22'.repeat(16) }
const underWay = (at: Execution['step'], fields: Partial<Execution> = {}): Execution =>
  execution({ ...handedOver, state: 'in-progress', ...(at === undefined ? {} : { step: at }), ...fields })

/** Every situation an execution can be in. */
export const situations: Readonly<Record<string, Execution>> = {
  pending: execution({}),
  'retrying, due': execution({
    ...handedOver,
    notBefore: 1500,
    retries: { 0: 1 },
    lastFailure: { code: 'UPD4_FAIL_24', data: {}, rule: 0, final: true },
  }),
  'given up by the broker, retry not due': execution({
    ...handedOver,
    notBefore: 9000,
    retries: { 0: 1 },
    lastFailure: { code: 'SYS_100', data: { reason: 'step-timeout' }, rule: 0 },
  }),
  offered: underWay('offered', { answered: false }),
  downloading: underWay('downloading'),
  'awaiting-install': underWay('awaiting-install'),
  installing: underWay('installing'),
  rebooting: underWay('rebooting'),
  confirming: underWay('confirming'),
  withdrawing: underWay('withdrawing'),
  'removed, withdrawing': underWay('withdrawing', { removal: { at: 1200 } }),
  'removed, installing': underWay('installing', { removal: { at: 1200 } }),
  completed: execution({ ...handedOver, state: 'completed', code: 'SYS_112' }),
  failed: execution({ ...handedOver, state: 'failed', code: 'UPD4_FAIL_31', errorReason: 'error' }),
  'provisional SYS_100': execution({
    ...handedOver,
    state: 'failed',
    code: 'SYS_100',
    errorReason: 'unresponsive',
    provisional: true,
  }),
  'provisional SYS_104': execution({
    ...handedOver,
    state: 'failed',
    code: 'SYS_104',
    errorReason: 'stopped',
    provisional: true,
  }),
  skipped: execution({ state: 'skipped', code: 'SYS_103', errorReason: 'stopped' }),
}

export function operationIn(
  state: OperationState,
  executions: readonly Execution[],
  parts: Partial<Operation> = {},
): Operation {
  const bare = made(policy, { requestedAt: 1000, ...parts, state })
  const { sweep: _, openedAt: __, ...rest } = bare
  const counted = recount(bare, executions)
  const operation: Operation = { ...rest, ...counted, wave: { index: 0, ...counted.wave } }
  switch (state) {
    case 'awaiting-approval':
      return { ...operation, policy: { ...operation.policy, approval: true } }
    case 'scheduled':
      return operation
    case 'pending':
      return { ...operation, openedAt: 1000 }
    case 'running':
      return { ...operation, openedAt: 1000, startedAt: 1000 }
    case 'paused':
      return {
        ...operation,
        openedAt: 1000,
        startedAt: 1000,
        pause: { at: 1400, by: { kind: 'principal', name: kim }, reason: 'paused by hand' },
      }
    case 'stopping':
      return {
        ...operation,
        openedAt: 1000,
        startedAt: 1000,
        stopRequestedAt: 1500,
        stoppedBy: { kind: 'principal', name: kim },
        sweep: { kind: 'skip-pending' },
      }
    case 'completed':
    case 'stopped':
      return { ...operation, openedAt: 1000, startedAt: 1000, completedAt: 1900 }
  }
}

/** Inputs about one execution. */
function aboutExecution(one: Execution): Readonly<Record<string, Input>> {
  const event = (content: EventContent, fields?: Partial<DeviceEvent>): Input => ({
    kind: 'device-reported',
    at,
    execution: one,
    event: reportOf(content, { attempt: 1, ...fields }),
    chance: 0.5,
  })
  const said = (name: Step): Input => event({ kind: 'step', step: name })
  const hello = (device: typeof oldDevice, busy: boolean): Input => ({
    kind: 'device-said-hello',
    at,
    execution: one,
    device,
    underWay: busy,
    chance: 0.5,
  })
  const deadline = (kind: DeadlineKind, device?: typeof oldDevice): Input => ({
    kind: 'deadline-passed',
    at,
    execution: one,
    deadline: kind,
    chance: 0.5,
    ...(device === undefined ? {} : { device }),
  })
  return {
    'ready (old)': { kind: 'device-ready', at, execution: one, device: oldDevice },
    'ready (at target)': { kind: 'device-ready', at, execution: one, device: newDevice },
    'ready (other vendor)': {
      kind: 'device-ready',
      at,
      execution: one,
      device: { ...oldDevice, vendorId: 'ff'.repeat(16) },
    },
    'ready (quarantined)': { kind: 'device-ready', at, execution: one, device: { ...oldDevice, quarantinedAt: 1 } },
    unreachable: { kind: 'device-unreachable', at, execution: one },
    'step downloading': said('downloading'),
    'step installing': said('installing'),
    'step rebooting': said('rebooting'),
    'step withdrawn': said('withdrawn'),
    'step done (of no command)': said('done'),
    'code UPD4_FAIL_31 (never retried)': event({ kind: 'code', code: 'UPD4_FAIL_31' }),
    'code UPD4_FAIL_24 (retried twice)': event({ kind: 'code', code: 'UPD4_FAIL_24' }),
    'code UPD4_FAIL_23 (systemic)': event({ kind: 'code', code: 'UPD4_FAIL_23' }),
    'code UPD2_OK_18': event({ kind: 'code', code: 'UPD2_OK_18' }, { digest: targetDigest }),
    'code UPD2_OK_18 of another image': event({ kind: 'code', code: 'UPD2_OK_18' }, { digest: oldDigest }),
    'code UPD4_FAIL_24 of another attempt': event({ kind: 'code', code: 'UPD4_FAIL_24' }, { attempt: 9 }),
    'code UPD2_OK_18 of another attempt': event(
      { kind: 'code', code: 'UPD2_OK_18' },
      { attempt: 9, digest: targetDigest },
    ),
    'hello (old)': hello(oldDevice, false),
    'hello (old, under way)': hello(oldDevice, true),
    'hello (old), the second of its connection': { ...hello(oldDevice, false), repeated: true } as Input,
    'hello (at target)': hello(newDevice, false),
    'hello (at target, under way)': hello(newDevice, true),
    'deadline step': deadline('step'),
    'deadline in-progress': deadline('in-progress'),
    'deadline operation': deadline('operation'),
    'deadline confirm (silent)': deadline('confirm'),
    'deadline confirm (old)': deadline('confirm', oldDevice),
    'deadline confirm (at target)': deadline('confirm', newDevice),
    'deadline stop': deadline('stop'),
    'device removed': { kind: 'device-removed', at, execution: one },
    'device deregistered': { kind: 'device-deregistered', at, execution: one },
    'stop requested': {
      kind: 'stop-requested',
      at,
      by: { kind: 'principal', name: lee },
      inProgress: one.state === 'in-progress' ? [one] : [],
    },
    'operation timed out': {
      kind: 'operation-timed-out',
      at,
      inProgress: one.state === 'in-progress' ? [one] : [],
    },
  }
}

/** The same for a command: what its device says, and the boot that confirms it. */
function aboutCommand(one: Execution): Readonly<Record<string, Input>> {
  const all = aboutExecution(one)
  const outcome = (name: Step, data: Readonly<Record<string, string>>): Input => ({
    kind: 'device-reported',
    at,
    execution: one,
    event: reportOf({ kind: 'step', step: name }, { attempt: 1, data }),
    chance: 0.5,
  })
  return {
    'step done': outcome('done', {}),
    'step done, exit code 3': outcome('done', { exit_code: '3' }),
    'step failed': outcome('failed', { reason: 'no-such-handler' }),
    'code UPD4_FAIL_37': {
      kind: 'device-reported',
      at,
      execution: one,
      event: reportOf({ kind: 'code', code: 'UPD4_FAIL_37' }, { attempt: 1 }),
      chance: 0.5,
    },
    'code UPD2_OK_18': all['code UPD2_OK_18'] as Input,
    'hello (same boot)': all['hello (old)'] as Input,
    'hello (new boot)': {
      kind: 'device-said-hello',
      at,
      execution: one,
      device: rebooted,
      underWay: false,
      chance: 0.5,
    },
    'deadline confirm (silent)': all['deadline confirm (silent)'] as Input,
  }
}

/** Inputs about the operation; one device is downloading, another pending. */
function aboutOperation(): Readonly<Record<string, Input>> {
  const downloading = situations.downloading as Execution
  const found = (targets: Extract<Input, { kind: 'targets-found' }>['targets'], more: boolean): Input => ({
    kind: 'targets-found',
    at,
    targets,
    more,
  })
  return {
    'targets found (one unknown, one at target, one old), more': found(
      [
        { device: deviceId('a') },
        { device: deviceId('b'), registered: updated('b') },
        { device: deviceId('c'), registered: deviceOf('c') },
      ],
      true,
    ),
    'targets found (none), no more': found([], false),
    'target joined': { kind: 'target-joined', at, device: deviceOf('d') },
    'joined expiry due': { kind: 'joined-expiry-due', at },
    'clock struck': { kind: 'clock-struck', at, inProgress: [downloading] },
    'stop requested': {
      kind: 'stop-requested',
      at,
      by: { kind: 'principal', name: lee },
      inProgress: [downloading],
    },
    'pause requested': { kind: 'pause-requested', at, by: lee },
    'resume requested': { kind: 'resume-requested', at, by: lee },
    approved: { kind: 'approved', at, by: lee },
    refused: { kind: 'refused', at, by: lee },
    overridden: { kind: 'overridden', at, by: lee, reason: 'flood' },
    edited: { kind: 'edited', at, policy: { ...policy, concurrency: 7 } },
    'rollback made': { kind: 'rollback-made', at, operation: operationId('1'.repeat(26)) },
  }
}

/** What stands beside the state when an input about the operation comes. */
const circumstances: Readonly<Record<string, Partial<Operation>>> = {
  'nothing else': {},
  'targets being found': { sweep: { kind: 'expand' } },
  'open targets': { targets: openTargets },
  'start due': { policy: { ...policy, schedule: { ...policy.schedule, startAt: 1500 } } },
  'start to come': { policy: { ...policy, schedule: { ...policy.schedule, startAt: 5000 } } },
  'end due, finish': { policy: { ...policy, schedule: { ...policy.schedule, endAt: 1500 } } },
  'end due, stop': { policy: { ...policy, schedule: { ...policy.schedule, endAt: 1500, onEnd: 'stop' } } },
  'rollback owed': { rollback: { rule: 'abort.0', release: made().id as never } },
}

// A state that is missing here does not compile.
const operationStates = Object.keys({
  'awaiting-approval': true,
  scheduled: true,
  pending: true,
  running: true,
  paused: true,
  stopping: true,
  completed: true,
  stopped: true,
} satisfies Record<OperationState, true>) as readonly OperationState[]
const sweepKinds: readonly Sweep['kind'][] = ['skip-pending', 'time-out-pending', 'end-pending', 'expire-joined']

export interface Case {
  readonly group: string
  readonly state: OperationState
  readonly operation: Operation
  readonly executions: readonly Execution[]
  readonly input: Input
}

export function* everyCase(): Generator<Case> {
  const beside = execution({ device: other })
  for (const [circumstance, parts] of Object.entries(circumstances))
    for (const [name, input] of Object.entries(aboutOperation()))
      for (const state of operationStates) {
        const executions = [situations.downloading as Execution, beside]
        const operation = { ...operationIn(state, executions, parts), ...parts, state }
        yield { group: `OPERATION (${circumstance}) / ${name}`, state, operation, executions, input }
      }
  for (const [situation, one] of Object.entries(situations)) {
    for (const [name, input] of Object.entries(aboutExecution(one)))
      for (const state of operationStates) {
        const operation = operationIn(state, [one, beside])
        yield { group: `${situation} / ${name}`, state, operation, executions: [one, beside], input }
      }
    for (const kind of sweepKinds)
      for (const state of operationStates) {
        const operation = {
          ...operationIn(state, [one, beside], { targets: openTargets }),
          sweep: { kind },
        }
        const late: Input = {
          kind: 'pending-swept',
          at: at + 14 * day,
          executions: [one],
          more: true,
        }
        yield { group: `${situation} / swept: ${kind}`, state, operation, executions: [one, beside], input: late }
      }
  }
  for (const confirmation of ['report', 'new-boot'] as const)
    for (const situation of ['offered', 'installing', 'rebooting', 'withdrawing', 'provisional SYS_100'])
      for (const [name, input] of Object.entries(aboutCommand(situations[situation] as Execution)))
        for (const state of ['running', 'stopping'] as const) {
          const executions = [situations[situation] as Execution, beside]
          const operation = operationIn(state, executions, { subject: commandSubject(confirmation) })
          yield { group: `COMMAND (${confirmation}) ${situation} / ${name}`, state, operation, executions, input }
        }
}
