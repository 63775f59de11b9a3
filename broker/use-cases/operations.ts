// Operations: planned, made, watched. What is done to one that runs is in operation-control.ts, how it ended on each
// device in executions.ts.
import { createHash } from 'node:crypto'
import type { OperationPlan, OperationRequest, OperationView } from '../../proto/http-api.ts'
import { type DeviceId, deviceId, type OperationId, operationId } from '../../proto/ids.ts'
import { newOperation, operationIdOf } from '../core/new-operation.ts'
import type { Operation, Targets } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import type { NewOperation } from '../orchestrator/control-tasks.ts'
import type { Store } from '../ports.ts'
import { operationStatus, updateStatus } from '../status-words.ts'
import { listing, operationView } from '../views.ts'
import { requireRole } from './access.ts'
import { auditOf } from './audit.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedFilter } from './devices.ts'
import { planOf } from './operation-plan.ts'
import { parsedId, parsedPage } from './parsing.ts'
import { policyOf } from './policy-request.ts'
import { shortPage } from './short-page.ts'
import type { Caller, OperationListRequest, ShortListing, UseCases } from './use-cases.ts'

const dayMs = 86_400_000
const targetsAtOnce = 10_000
/** Operations one page with a condition may look at. */
const rowsMax = 2000

export function operationUseCases(
  dependencies: Dependencies,
): Pick<UseCases, 'planOperation' | 'createOperation' | 'importOperation' | 'listOperations' | 'showOperation'> {
  const { store, orchestrator, log, answers, csv } = dependencies
  const view = (operation: Operation): OperationView =>
    operationView(operation, dependencies.throughputOf(operation.id))
  const create = (by: Caller, request: Omit<OperationRequest, 'targets'>, wanted: Wanted): Promise<OperationView> =>
    answers.once(by, 'operation-create', { ...request, targets: fingerprintOf(wanted) }, async keep => {
      const made = await operationOf(dependencies, by, request, wanted)
      const { operation, devices = [] } = made
      // A long list is written before the operation that has it: one batch must not hold a million rows.
      for (let first = 0; devices.length > targetsAtOnce && first < devices.length; first += targetsAtOnce)
        await store.commit([
          { kind: 'put-targets', operation: operation.id, devices: devices.slice(first, first + targetsAtOnce) },
        ])
      const answer = operationView(operation)
      const { devices: _, ...withoutList } = made
      await orchestrator.create(devices.length > targetsAtOnce ? withoutList : made, [
        auditOf(by, operation.requestedAt, {
          action: 'operation.create',
          subject: operation.id,
          operation: operation.id,
          data: {
            name: operation.name,
            type: operation.type,
            targets: 'devices' in wanted ? { devices: wanted.devices.length } : wanted,
            policy: JSON.parse(JSON.stringify(answer.policy)),
            ...(operation.subject.kind === 'release' ? { release: operation.subject.release } : {}),
          },
        }),
        ...keep(answer),
      ])
      log.info(
        { event: 'operation-created', operation: operation.id, type: operation.type, by: by.name },
        'operation created',
      )
      return answer
    })
  return {
    async planOperation(by, request): Promise<OperationPlan> {
      requireRole(by, 'viewer')
      const wanted = wantedOf(request)
      return planOf(dependencies, await operationOf(dependencies, by, request, wanted))
    },

    async createOperation(by, request): Promise<OperationView> {
      requireRole(by, 'operator')
      return create(by, request, wantedOf(request))
    },

    async importOperation(by, request, targets): Promise<OperationView> {
      requireRole(by, 'operator')
      const devices = new Set<DeviceId>()
      for await (const { line, id } of csv.readTargets(targets)) devices.add(parsedId(deviceId, id, `line ${line}`))
      if (devices.size === 0)
        throw new RequestRefused('INVALID', 'the list names no device', [{ name: 'body', message: 'names no device' }])
      return create(by, request, { devices: [...devices].sort() })
    },

    async listOperations(by, request): Promise<ShortListing<OperationView>> {
      requireRole(by, 'viewer')
      const page = parsedPage(request, operationId)
      const isWanted = conditionOf(request)
      if (isWanted === undefined) return listing(await store.operations(page), view, page)
      const found = await shortPage(
        async position => {
          const { items, hasMore } = await store.operations(position)
          const looked = items.map(item => ({ id: item.id, item: isWanted(item) ? item : undefined }))
          return { items: looked, hasMore }
        },
        page,
        rowsMax,
      )
      return { ...listing(found, view, page), ...(found.next === undefined ? {} : { next: found.next }) }
    },

    async showOperation(by, text): Promise<OperationView> {
      requireRole(by, 'viewer')
      return view(await storedOperation(store, text))
    },
  }
}

/** Undefined when all are wanted. */
function conditionOf(request: OperationListRequest): ((operation: Operation) => boolean) | undefined {
  const { type, status, updateStatus: word, createdBy, release } = request
  const isOfRelease = ({ subject }: Operation): boolean =>
    subject.kind === 'release' && (subject.release === release || `${subject.component}@${subject.version}` === release)
  const conditions: ((operation: Operation) => boolean)[] = [
    ...(type === undefined ? [] : [(operation: Operation) => operation.type === type]),
    ...(status === undefined ? [] : [(operation: Operation) => operationStatus(operation) === status]),
    ...(word === undefined ? [] : [(operation: Operation) => updateStatus(operation) === word]),
    ...(createdBy === undefined ? [] : [(operation: Operation) => operation.createdBy === createdBy]),
    ...(release === undefined ? [] : [isOfRelease]),
  ]
  if (conditions.length === 0) return undefined
  return operation => conditions.every(holds => holds(operation))
}

/** Throws RequestRefused NOT_FOUND, or INVALID when the text is no operation id. */
export async function storedOperation(store: Store, text: string): Promise<Operation> {
  const id = parsedId(operationId, text, 'id')
  const operation = await store.operation(id)
  if (operation === undefined) throw new RequestRefused('NOT_FOUND', `no operation ${id}`)
  return operation
}

export function newId({ clock, random }: Pick<Dependencies, 'clock' | 'random'>): OperationId {
  return operationIdOf(clock.now(), random.bytes(17))
}

/** Targets as they are asked for, once read. */
type Wanted = { readonly devices: readonly DeviceId[] } | { readonly filter: string; readonly open: boolean }

function fingerprintOf(wanted: Wanted): unknown {
  if (!('devices' in wanted)) return wanted
  return createHash('sha256').update(wanted.devices.join('\n')).digest('hex')
}

async function operationOf(
  dependencies: Dependencies,
  by: Caller,
  request: Omit<OperationRequest, 'targets'>,
  wanted: Wanted,
): Promise<NewOperation> {
  const { store, clock, calendar, types } = dependencies
  const at = clock.now()
  const days = request.policy?.timeoutDays ?? 14
  const open = 'open' in wanted && wanted.open
  // The device must still take the command on the last day on which it may be offered.
  const expiresAt = at + (open ? 365 : days + 1) * dayMs
  const made = await types.make(request as OperationRequest, at, newId(dependencies), expiresAt)
  const policy = await policyOf(request.policy ?? {}, { store, calendar, at, subject: made.subject })
  const targets: Targets = 'devices' in wanted ? { kind: 'devices' } : { kind: 'filter', ...wanted }
  const operation = newOperation(
    {
      id: made.id,
      name: request.name ?? made.name,
      type: request.type,
      typeName: types.titleOf(request.type),
      subject: made.subject,
      targets,
      policy,
      createdBy: by.name,
    },
    at,
  )
  return {
    operation,
    ...(made.release === undefined ? {} : { release: made.release }),
    ...('devices' in wanted ? { devices: wanted.devices } : {}),
  }
}

/** Devices ascending and without doubles; the error names the first that is no device id, or the parameter of the filter. */
function wantedOf({ targets }: OperationRequest): Wanted {
  if ('all' in targets) return { filter: '', open: false }
  if ('devices' in targets) {
    const devices = targets.devices.map((text, index) => parsedId(deviceId, text, `targets.devices.${index}`))
    return { devices: [...new Set(devices)].sort() }
  }
  parsedFilter(targets.filter)
  return { filter: targets.filter, open: targets.open ?? false }
}
