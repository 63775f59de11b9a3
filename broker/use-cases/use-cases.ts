// What operators can do, once, for all doors: HTTP, MQTT JSON and (through HTTP) the CLI. Each call names the principal,
// checks his role, and rejects with RequestRefused when it cannot be carried out. Requests are of the types that
// proto/http-api.ts validates; a door that has no schema validation of its own (MQTT) calls `validated` first.
import type {
  DeviceView,
  EnrollAnswer,
  EnrollRequest,
  EventListing,
  EventView,
  ExecutionView,
  Listing,
  OperationRequest,
  OperationView,
  PrincipalAnswer,
  PrincipalRequest,
  PrincipalView,
  ReleaseView,
} from '../../proto/http-api.ts'
import type { Principal } from '../core/records.ts'

export interface PageRequest {
  /** Id of the last item of the page before. */
  readonly after?: string
  /** Clamped into 1..1000 (event log: 2..1000); default 50. */
  readonly limit?: number
}
export interface EventListRequest extends PageRequest {
  readonly order?: 'ASC' | 'DESC'
  readonly device?: string
  readonly operation?: string
  readonly code?: string
  /** Further conditions, in the language of broker/core/event-filter.ts. */
  readonly filter?: string
  /** Also how many events match, when a bounded number of rows tells. */
  readonly include?: 'total_count'
}
export interface ExecutionListRequest extends PageRequest {
  readonly state?: string
}

export interface UseCases {
  /** The principal of a bearer token, or undefined. */
  principalOfToken(token: string): Promise<Principal | undefined>

  enrollDevice(by: Principal, request: EnrollRequest): Promise<EnrollAnswer>
  listDevices(by: Principal, page: PageRequest): Promise<Listing<DeviceView>>
  showDevice(by: Principal, id: string): Promise<DeviceView>

  createPrincipal(by: Principal, request: PrincipalRequest): Promise<PrincipalAnswer>
  listPrincipals(by: Principal): Promise<Listing<PrincipalView>>

  /** Takes a bundle; resolves when release and artifact are durable. */
  uploadBundle(by: Principal, bytes: AsyncIterable<Uint8Array>): Promise<ReleaseView>
  listReleases(by: Principal, page: PageRequest): Promise<Listing<ReleaseView>>
  showRelease(by: Principal, id: string): Promise<ReleaseView>

  createOperation(by: Principal, request: OperationRequest): Promise<OperationView>
  listOperations(by: Principal, page: PageRequest): Promise<Listing<OperationView>>
  showOperation(by: Principal, id: string): Promise<OperationView>
  stopOperation(by: Principal, id: string): Promise<OperationView>
  listExecutions(by: Principal, id: string, page: ExecutionListRequest): Promise<Listing<ExecutionView>>

  listEvents(by: Principal, request: EventListRequest): Promise<EventListing>
  showEvent(by: Principal, id: string): Promise<EventView>
}
