// What people do to an operation that has not ended: hold it, let it go on, stop it, approve it, edit its limits; and
// what they do with one that has: try again where it failed.
import type { OperationView } from '../../proto/http-api.ts'
import { type DeviceId, deviceId } from '../../proto/ids.ts'
import type { JsonObject } from '../../proto/json.ts'
import { newOperation } from '../core/new-operation.ts'
import { isEnded } from '../core/operation.ts'
import type { Input } from '../core/operation-facts.ts'
import type { Execution, Operation, OperationState } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import { releaseOf } from '../orchestrator/releases.ts'
import { executionView, operationView } from '../views.ts'
import { requireRole } from './access.ts'
import { auditOf, patchOf } from './audit.ts'
import type { Dependencies } from './dependencies.ts'
import { newId, storedOperation } from './operations.ts'
import { parsedId } from './parsing.ts'
import { editedPolicy } from './policy-request.ts'
import type { Caller, UseCases } from './use-cases.ts'

interface Verb {
  readonly name: string
  readonly body?: unknown
  /** States in which it means something; absent: every one that is no end. */
  readonly states?: readonly OperationState[]
  readonly data?: JsonObject
  readonly input: (operation: Operation, at: number, inProgress: readonly Execution[]) => Input
}

export function operationControlUseCases(
  dependencies: Dependencies,
): Pick<
  UseCases,
  | 'stopOperation'
  | 'pauseOperation'
  | 'resumeOperation'
  | 'approveOperation'
  | 'refuseOperation'
  | 'editOperation'
  | 'overrideOperation'
  | 'retryFailed'
  | 'removeDevice'
> {
  const { store, orchestrator, clock, calendar, log, answers } = dependencies

  const control = (by: Caller, text: string, verb: Verb): Promise<OperationView> =>
    answers.once(by, `operation-${verb.name}`, { id: text, body: verb.body ?? null }, async keep => {
      const { id } = await storedOperation(store, text)
      const operation = await orchestrator.control({
        id,
        verb: verb.name,
        input(before, at, inProgress) {
          if (verb.states !== undefined && !verb.states.includes(before.state))
            throw new RequestRefused(
              'CONFLICT',
              `operation ${id} is ${before.state}: it cannot be asked to ${verb.name}`,
            )
          return verb.input(before, at, inProgress)
        },
        along: (before, after) => [
          auditOf(by, clock.now(), {
            action: `operation.${verb.name}`,
            subject: id,
            operation: id,
            changes: changesOf(before, after),
            ...(verb.data === undefined ? {} : { data: verb.data }),
          }),
          ...keep(operationView(after)),
        ],
      })
      log.info({ event: `operation-${verb.name}`, operation: id, by: by.name }, `operation: ${verb.name}`)
      return operationView(operation)
    })

  return {
    async stopOperation(by, id) {
      requireRole(by, 'operator')
      return control(by, id, {
        name: 'stop',
        input: (_, at, inProgress) => ({
          kind: 'stop-requested',
          at,
          by: { kind: 'principal', name: by.name },
          inProgress,
        }),
      })
    },

    async pauseOperation(by, id) {
      requireRole(by, 'operator')
      return control(by, id, {
        name: 'pause',
        states: ['scheduled', 'pending', 'running', 'paused'],
        input: (_, at) => ({ kind: 'pause-requested', at, by: by.name }),
      })
    },

    async resumeOperation(by, id) {
      requireRole(by, 'operator')
      return control(by, id, {
        name: 'resume',
        states: ['paused', 'running', 'pending', 'scheduled'],
        input: (_, at) => ({ kind: 'resume-requested', at, by: by.name }),
      })
    },

    async approveOperation(by, id) {
      requireRole(by, 'approver')
      return control(by, id, {
        name: 'approve',
        states: ['awaiting-approval'],
        input: (operation, at) => {
          mustBeSecond(by, operation, 'approve')
          return { kind: 'approved', at, by: by.name }
        },
      })
    },

    async refuseOperation(by, id) {
      requireRole(by, 'approver')
      return control(by, id, {
        name: 'refuse',
        states: ['awaiting-approval'],
        input: (_, at) => ({ kind: 'refused', at, by: by.name }),
      })
    },

    async overrideOperation(by, id, request) {
      requireRole(by, 'approver')
      return control(by, id, {
        name: 'override',
        body: request,
        data: { reason: request.reason },
        input: (operation, at) => {
          mustBeSecond(by, operation, 'override')
          return { kind: 'overridden', at, by: by.name, reason: request.reason }
        },
      })
    },

    async editOperation(by, id, request) {
      requireRole(by, 'operator')
      return control(by, id, {
        name: 'edit',
        body: request,
        input: (operation, at) => ({ kind: 'edited', at, policy: editedPolicy(operation.policy, request, calendar) }),
      })
    },

    async retryFailed(by, text) {
      requireRole(by, 'operator')
      return answers.once(by, 'operation-retry-failed', { id: text }, async keep => {
        const before = await storedOperation(store, text)
        const operation = retryOf(before, newId(dependencies), by, clock.now(), dependencies.types)
        const release = await releaseOf(store, operation)
        const answer = operationView(operation)
        await orchestrator.create({ operation, ...(release === undefined ? {} : { release }) }, [
          auditOf(by, operation.requestedAt, {
            action: 'operation.retry-failed',
            subject: operation.id,
            operation: operation.id,
            data: { of: before.id },
          }),
          ...keep(answer),
        ])
        log.info(
          { event: 'operation-retried', operation: operation.id, of: before.id, by: by.name },
          'failed ones retried',
        )
        return answer
      })
    },

    async removeDevice(by, text, device) {
      requireRole(by, 'operator')
      const id = (await storedOperation(store, text)).id
      const target: DeviceId = parsedId(deviceId, device, 'device')
      return answers.once(by, 'operation-remove-device', { id, device: target }, async keep => {
        const execution = await orchestrator.removeDevice(id, target, after => [
          auditOf(by, clock.now(), {
            action: 'operation.remove-device',
            subject: id,
            operation: id,
            data: { device: target, state: after.state },
          }),
          ...keep(executionView(after)),
        ])
        return executionView(execution)
      })
    },
  }
}

/** Over the devices the operation failed on. A command is good for its own operation only: it is signed again. */
function retryOf(
  before: Operation,
  id: Operation['id'],
  by: Caller,
  at: number,
  types: Dependencies['types'],
): Operation {
  if (!isEnded(before))
    throw new RequestRefused(
      'CONFLICT',
      `operation ${before.id} is ${before.state}: failed devices are retried when it has ended`,
    )
  const { type, subject, policy } = before
  const expiresAt = at + (policy.timeoutDays + 1) * 86_400_000
  return newOperation(
    {
      id,
      name: `retry ${before.name}`.slice(0, 200),
      type: before.type,
      typeName: before.typeName,
      subject: subject.kind === 'command' ? types.again(type, subject, id, expiresAt) : subject,
      targets: { kind: 'executions', operation: before.id, which: 'errors' },
      policy: { ...before.policy, schedule: { ...withoutDates(before.policy.schedule) } },
      createdBy: by.name,
      origin: { kind: 'retry', operation: before.id },
    },
    at,
  )
}

function withoutDates(schedule: Operation['policy']['schedule']): Operation['policy']['schedule'] {
  const { startAt: _, endAt: __, ...rest } = schedule
  return rest
}

function mustBeSecond(by: Caller, { createdBy, id }: Operation, verb: string): void {
  if (by.name === createdBy)
    throw new RequestRefused('FORBIDDEN', `operation ${id} was made by ${createdBy}: another principal must ${verb} it`)
}

/** What stands in the operation and people may change. */
function changesOf(before: Operation, after: Operation): readonly JsonObject[] {
  const shown = ({ state, policy, pause, override }: Operation) => ({ state, pause, override, ...policy })
  return patchOf(shown(before), shown(after))
}
