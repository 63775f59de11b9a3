// Operations: made, watched, held, judged, changed, followed up.
import {
  BackupView,
  DeviceLogView,
  ExecutionView,
  Explanation,
  ListingOf,
  OperationEdit,
  OperationPlan,
  OperationRequest,
  OperationView,
  ReasonRequest,
} from '../../proto/http-api.ts'
import { operationStatuses, updateStatuses } from '../../proto/http-console.ts'
import type { ExecutionState } from '../core/records.ts'
import { oneOf, paging, shortListingOf, text } from './parameters.ts'
import { addressIn, type Verb, verb } from './verb.ts'

const executionStates: readonly ExecutionState[] = ['pending', 'in-progress', 'completed', 'failed', 'skipped']
const location = ({ id }: OperationView): string => addressIn('/v1/operations', id)

/** Nothing but the id in, the operation out. */
function order(
  word: string,
  role: Verb['role'],
  summary: string,
  useCase: 'stopOperation' | 'pauseOperation' | 'resumeOperation' | 'approveOperation' | 'refuseOperation',
): Verb {
  return verb({
    name: `operation-${word}`,
    summary,
    role,
    http: ['POST', `/v1/operations/:id/${word}` as '/v1/operations/:id/x'],
    answer: OperationView,
    perform: (useCases, by, { path }) => useCases[useCase](by, path.id),
  })
}

export const operationVerbs: readonly Verb[] = [
  verb({
    name: 'operation-create',
    summary: 'Makes an operation over its targets',
    role: 'operator',
    http: ['POST', '/v1/operations', 201],
    body: OperationRequest,
    answer: OperationView,
    location,
    perform: (useCases, by, { body }) => useCases.createOperation(by, body),
  }),
  verb({
    name: 'operation-plan',
    summary: 'Whom an operation would touch; makes nothing',
    role: 'viewer',
    http: ['POST', '/v1/operations/plan'],
    changesNothing: true,
    body: OperationRequest,
    answer: OperationPlan,
    perform: (useCases, by, { body }) => useCases.planOperation(by, body),
  }),
  verb({
    name: 'operation-list',
    summary: 'Operations, newest first; with a condition a page may be short',
    role: 'viewer',
    http: ['GET', '/v1/operations'],
    query: {
      ...paging,
      type: text(64, 'only operations of this type'),
      status: oneOf(operationStatuses, 'only with this word of the operations page'),
      updateStatus: oneOf(updateStatuses, 'only with this word of the update-status page'),
      createdBy: text(64, 'only those that this principal made'),
      release: text(80, 'only those of this release: its id, or component@version'),
    },
    answer: shortListingOf(OperationView),
    perform: (useCases, by, { query }) => useCases.listOperations(by, query),
  }),
  verb({
    name: 'operation-show',
    summary: 'One operation',
    role: 'viewer',
    http: ['GET', '/v1/operations/:id'],
    answer: OperationView,
    perform: (useCases, by, { path }) => useCases.showOperation(by, path.id),
  }),
  verb({
    name: 'operation-edit',
    summary: 'Concurrency, rate, windows and delivery of an operation that has not ended',
    role: 'operator',
    http: ['PATCH', '/v1/operations/:id'],
    body: OperationEdit,
    answer: OperationView,
    perform: (useCases, by, { path, body }) => useCases.editOperation(by, path.id, body),
  }),
  order('stop', 'operator', 'Stops an operation and withdraws what is under way', 'stopOperation'),
  order('pause', 'operator', 'Hands nothing over until it is resumed', 'pauseOperation'),
  order('resume', 'operator', 'Goes on after a pause', 'resumeOperation'),
  order('approve', 'approver', 'Approves an operation that somebody else made', 'approveOperation'),
  order('refuse', 'approver', 'Refuses an operation that waits for an approval', 'refuseOperation'),
  verb({
    name: 'operation-override',
    summary: 'Lifts windows and rate in an emergency, by another person than the one who made the operation',
    role: 'approver',
    http: ['POST', '/v1/operations/:id/override'],
    body: ReasonRequest,
    answer: OperationView,
    perform: (useCases, by, { path, body }) => useCases.overrideOperation(by, path.id, body),
  }),
  verb({
    name: 'operation-retry-failed',
    summary: 'A new operation over the devices that failed in an ended one',
    role: 'operator',
    http: ['POST', '/v1/operations/:id/retry-failed', 201],
    answer: OperationView,
    location,
    perform: (useCases, by, { path }) => useCases.retryFailed(by, path.id),
  }),
  verb({
    name: 'operation-remove-device',
    summary: 'Takes one device out of an operation',
    role: 'operator',
    http: ['DELETE', '/v1/operations/:id/devices/:device'],
    perform: async (useCases, by, { path }) => {
      await useCases.removeDevice(by, path.id, path.device)
    },
  }),
  verb({
    name: 'operation-explain',
    summary: 'What holds a device back in an operation, or how it ended',
    role: 'viewer',
    http: ['GET', '/v1/operations/:id/explain/:device'],
    answer: Explanation,
    perform: (useCases, by, { path }) => useCases.explainDevice(by, path.id, path.device),
  }),
  verb({
    name: 'operation-executions',
    summary: 'The devices of an operation, by id',
    role: 'viewer',
    http: ['GET', '/v1/operations/:id/executions'],
    query: {
      ...paging,
      state: oneOf(executionStates, 'only executions in this state'),
      result: oneOf(['updated', 'errors'], 'only ended ones, as the update-status page counts them'),
    },
    answer: ListingOf(ExecutionView),
    perform: (useCases, by, { path, query }) => useCases.listExecutions(by, path.id, query),
  }),
  verb({
    name: 'operation-execution',
    summary: 'One device of an operation',
    role: 'viewer',
    http: ['GET', '/v1/operations/:id/executions/:device'],
    answer: ExecutionView,
    perform: (useCases, by, { path }) => useCases.showExecution(by, path.id, path.device),
  }),
  verb({
    name: 'operation-backups',
    summary: 'The configurations that devices sent in an operation',
    role: 'viewer',
    http: ['GET', '/v1/operations/:id/backups'],
    query: paging,
    answer: ListingOf(BackupView),
    perform: (useCases, by, { path, query }) => useCases.listBackups(by, path.id, query),
  }),
  verb({
    name: 'operation-device-logs',
    summary: 'What devices had logged when they failed in an operation with logOnFailure, by event',
    role: 'viewer',
    http: ['GET', '/v1/operations/:id/device-logs'],
    query: paging,
    answer: ListingOf(DeviceLogView),
    perform: (useCases, by, { path, query }) => useCases.listDeviceLogs(by, path.id, query),
  }),
]
