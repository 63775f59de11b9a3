// How operations and their executions look to people.
import type { ExecutionView, OperationPlan, OperationView } from '../../proto/http-api.ts'
import type { CliContext } from './context.ts'
import { timeOf } from './output.ts'
import { sentText } from './transfer-view.ts'

export const operationColumns = [
  { head: 'operation', of: ({ id }: OperationView) => id },
  { head: 'type', rank: 4, of: ({ typeName }: OperationView) => typeName },
  { head: 'name', rank: 2, text: true, of: ({ name }: OperationView) => name },
  { head: 'requested', rank: 5, of: ({ requestedAt }: OperationView) => timeOf(requestedAt) },
  { head: 'completed', rank: 6, of: ({ completedAt }: OperationView) => timeOf(completedAt) },
  { head: 'status', of: ({ updateStatus }: OperationView) => updateStatus },
  { head: 'sensors', rank: 1, of: ({ sensors }: OperationView) => sensors },
  { head: 'updated', of: ({ updated }: OperationView) => updated },
  { head: 'errors', of: ({ errors }: OperationView) => errors },
]
export const executionColumns = [
  { head: 'device', of: ({ device }: ExecutionView) => device },
  { head: 'status', of: ({ status }: ExecutionView) => status },
  { head: 'step', rank: 4, of: ({ step }: ExecutionView) => step },
  { head: 'attempt', rank: 7, of: ({ attempt }: ExecutionView) => attempt },
  { head: 'code', of: ({ code, provisional }: ExecutionView) => (code !== null && provisional ? `${code}?` : code) },
  { head: 'from', rank: 5, of: ({ initialVersion }: ExecutionView) => initialVersion },
  { head: 'to', rank: 3, of: ({ updatedVersion }: ExecutionView) => updatedVersion },
  { head: 'ended', rank: 6, of: ({ endedAt }: ExecutionView) => timeOf(endedAt) },
  { head: 'message', rank: 1, text: true, of: ({ message }: ExecutionView) => message },
]

export function showOperation({ out }: CliContext, operation: OperationView): void {
  const { counts, policy, wave, pause, override, origin, retrying } = operation
  const { schedule } = policy
  const windows = schedule.windows.map(({ cron, minutes, timeZone }) => `${cron}/${minutes}/${timeZone}`)
  out.item(operation, [
    ['operation', operation.id],
    ['name', operation.name],
    ['type', operation.typeName],
    ...present('release', operation.release),
    ['status', `${operation.updateStatus} (${operation.state})`],
    ...present('because of', origin && `${origin.kind} of ${origin.operation}`),
    ['requested', `${timeOf(operation.requestedAt)} by ${operation.createdBy}`],
    ['started', timeOf(operation.startedAt)],
    ['completed', timeOf(operation.completedAt)],
    ...present('approved by', operation.approvedBy),
    ...present('refused by', operation.refusedBy),
    ...present('stopped by', operation.stoppedBy),
    ...present('paused', pause && `${timeOf(pause.at)} by ${pause.by}: ${pause.reason}`),
    ...present('override', override && `${timeOf(override.at)} by ${override.by}: ${override.reason}`),
    ['sensors', `${operation.sensors}: ${operation.updated} updated, ${operation.errors} errors`],
    [
      'executions',
      `${counts.pending} pending, ${counts.inProgress} in progress, ${counts.completed} completed, ${counts.failed} failed, ${counts.skipped} skipped`,
    ],
    ...present('retrying', retrying > 0 ? retrying : null),
    ...present('transfer', sentText(operation) ?? null),
    ...present('wave', wave && waveOf(wave)),
    ['concurrency', policy.concurrency],
    ...present('log on failure', policy.logOnFailure ? 'yes' : null),
    ...present('transport', policy.delivery.transport === 'auto' ? null : policy.delivery.transport),
    ...present('bytes per second', policy.delivery.bytesPerSecond),
    ...present('rate', policy.rate && `${policy.rate.maximumPerMinute} a minute at most`),
    ...present('starts at', schedule.startAt && timeOf(schedule.startAt)),
    ...present('ends at', schedule.endAt && `${timeOf(schedule.endAt)}, then ${schedule.onEnd}`),
    ...windows.map(window => ['window', window] as const),
    ...operation.codes.map(({ code, count, text }) => [code, `${count}  ${text}`] as const),
  ])
}

export function showPlan({ out }: CliContext, plan: OperationPlan): void {
  if (out.json) {
    out.record({ object: 'operation-plan', ...plan })
    return
  }
  const some = plan.complete ? '' : ' at least; there are more than were looked at'
  out.line(`${plan.sensors} sensors${some}. Nothing was made.`)
  out.items(
    plan.verdicts,
    [
      { head: 'verdict', of: ({ verdict }) => verdict },
      { head: 'devices', of: ({ count }) => count },
      {
        head: 'which',
        text: true,
        of: ({ devices, count }) => `${devices.join(', ')}${count > devices.length ? ', …' : ''}`,
      },
    ],
    'It would touch nobody.',
  )
}

function waveOf({
  number,
  of,
  handedOver,
  executed,
  succeeded,
  failed,
  soakUntil,
}: NonNullable<OperationView['wave']>) {
  if (number > of) return `all ${of} passed`
  const soak = soakUntil === null ? '' : `, soaks until ${timeOf(soakUntil)}`
  return `${number} of ${of}: ${handedOver} handed over, ${executed} ended, ${succeeded} well, ${failed} not${soak}`
}

/** A row where there is something to say. */
function present(name: string, value: string | number | null): readonly (readonly [string, string | number])[] {
  return value === null ? [] : [[name, value]]
}
