// The /v1 addresses that speak JSON, one line of use case each. Roles are judged by the use cases.
import {
  DeviceView,
  EnrollAnswer,
  EnrollRequest,
  ExecutionView,
  ListingOf,
  OperationRequest,
  OperationView,
  PrincipalAnswer,
  PrincipalRequest,
  PrincipalView,
  ReleaseView,
} from '../../../proto/http-api.ts'
import type { ExecutionState } from '../../core/records.ts'
import type { UseCases } from '../../use-cases/use-cases.ts'
import { pageOf, readQuery, wordOf } from './query.ts'
import { answers, principalOf, type Server } from './server.ts'

const paging = ['limit', 'after']
const executionStates: readonly ExecutionState[] = ['pending', 'in-progress', 'completed', 'failed', 'skipped']

export function addRoutes(server: Server, useCases: UseCases): void {
  addDeviceRoutes(server, useCases)
  addPrincipalRoutes(server, useCases)
  addReleaseRoutes(server, useCases)
  addOperationRoutes(server, useCases)
}

interface ById {
  Params: { readonly id: string }
}

function addDeviceRoutes(server: Server, useCases: UseCases): void {
  server.post(
    '/v1/devices/enroll',
    { schema: { body: EnrollRequest, ...answers(201, EnrollAnswer) } },
    async (request, reply) => {
      const answer = await useCases.enrollDevice(principalOf(request), request.body)
      return reply.code(201).header('location', locationOf('/v1/devices', answer.device)).send(answer)
    },
  )
  server.get('/v1/devices', { schema: answers(200, ListingOf(DeviceView)) }, async request =>
    useCases.listDevices(principalOf(request), pageOf(readQuery(request.query, paging))),
  )
  server.get<ById>('/v1/devices/:id', { schema: answers(200, DeviceView) }, async request => {
    readQuery(request.query, [])
    return useCases.showDevice(principalOf(request), request.params.id)
  })
}

function addPrincipalRoutes(server: Server, useCases: UseCases): void {
  server.post(
    '/v1/principals',
    { schema: { body: PrincipalRequest, ...answers(201, PrincipalAnswer) } },
    async (request, reply) => reply.code(201).send(await useCases.createPrincipal(principalOf(request), request.body)),
  )
  server.get('/v1/principals', { schema: answers(200, ListingOf(PrincipalView)) }, async request => {
    readQuery(request.query, [])
    return useCases.listPrincipals(principalOf(request))
  })
}

function addReleaseRoutes(server: Server, useCases: UseCases): void {
  server.get('/v1/releases', { schema: answers(200, ListingOf(ReleaseView)) }, async request =>
    useCases.listReleases(principalOf(request), pageOf(readQuery(request.query, paging))),
  )
  server.get<ById>('/v1/releases/:id', { schema: answers(200, ReleaseView) }, async request => {
    readQuery(request.query, [])
    return useCases.showRelease(principalOf(request), request.params.id)
  })
}

function addOperationRoutes(server: Server, useCases: UseCases): void {
  server.post(
    '/v1/operations',
    { schema: { body: OperationRequest, ...answers(201, OperationView) } },
    async (request, reply) => {
      const operation = await useCases.createOperation(principalOf(request), request.body)
      return reply.code(201).header('location', locationOf('/v1/operations', operation.id)).send(operation)
    },
  )
  server.get('/v1/operations', { schema: answers(200, ListingOf(OperationView)) }, async request =>
    useCases.listOperations(principalOf(request), pageOf(readQuery(request.query, paging))),
  )
  server.get<ById>('/v1/operations/:id', { schema: answers(200, OperationView) }, async request => {
    readQuery(request.query, [])
    return useCases.showOperation(principalOf(request), request.params.id)
  })
  server.post<ById>('/v1/operations/:id/stop', { schema: answers(200, OperationView) }, async request => {
    readQuery(request.query, [])
    return useCases.stopOperation(principalOf(request), request.params.id)
  })
  server.get<ById>(
    '/v1/operations/:id/executions',
    { schema: answers(200, ListingOf(ExecutionView)) },
    async request => {
      const query = readQuery(request.query, [...paging, 'state'])
      const state = wordOf(query, 'state', executionStates)
      return useCases.listExecutions(principalOf(request), request.params.id, {
        ...pageOf(query),
        ...(state === undefined ? {} : { state }),
      })
    },
  )
}

function locationOf(collection: string, id: string): string {
  return `${collection}/${encodeURIComponent(id)}`
}
