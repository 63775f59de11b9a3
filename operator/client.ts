// Everything the broker's HTTP door offers to operators, typed: requests of proto/http-api.ts in, answers of
// proto/http-api.ts out. How a request travels and how it fails is in transport.ts.
import Type, { type Static } from 'typebox'
import {
  AuditHead,
  AuditView,
  PrincipalAnswer,
  type PrincipalRequest,
  PrincipalView,
  WebhookAnswer,
  type WebhookRequest,
  WebhookView,
} from '../proto/http-admin.ts'
import {
  BackupView,
  type DeviceEdit,
  DeviceLogView,
  DeviceView,
  EnrollAnswer,
  EventListing,
  EventView,
  ExecutionView,
  Explanation,
  type Listing,
  ListingOf,
  type OperationEdit,
  OperationPlan,
  type OperationRequest,
  OperationView,
  ReleaseView,
} from '../proto/http-api.ts'
import { CertificateAnswer, DeviceCertificates, EnrolmentToken } from '../proto/http-certificates.ts'
import {
  AuditVerification,
  DeviceOperationView,
  FleetView,
  type OperationStatus,
  type UpdateStatus,
} from '../proto/http-console.ts'
import type { Listed, Page } from './gather.ts'
import { type LiveMessage, type LiveRequest, liveMessages } from './live.ts'
import { type StreamAnswer, Transport, type TransportOptions } from './transport.ts'
import { upload } from './upload.ts'

export interface EventFilter {
  readonly device?: string
  readonly operation?: string
  readonly code?: string
  readonly order?: 'ASC' | 'DESC'
  /** Further conditions in the language of the event log, `field__op=value` joined with `&`. */
  readonly filter?: string
}
export interface ExecutionFilter {
  readonly state?: string
  readonly result?: string
}
/** Of operations; all of them have to be true. */
export interface OperationFilter {
  readonly type?: string
  readonly status?: OperationStatus
  readonly updateStatus?: UpdateStatus
  readonly createdBy?: string
  /** Its id, or component@version. */
  readonly release?: string
}
/** `pause` and the like: a word about an operation that needs no more words. */
export type OperationVerb = 'stop' | 'pause' | 'resume' | 'approve' | 'refuse' | 'retry-failed'

const DeviceListing = Type.Object({ ...ListingOf(DeviceView).properties, next: Type.Optional(Type.String()) })
const Releases = ListingOf(ReleaseView)
const Operations = Type.Object({ ...ListingOf(OperationView).properties, next: Type.Optional(Type.String()) })
const DeviceOperations = Type.Object({
  ...ListingOf(DeviceOperationView).properties,
  next: Type.Optional(Type.String()),
})
const Executions = ListingOf(ExecutionView)
const Principals = ListingOf(PrincipalView)
const Backups = ListingOf(BackupView)
const DeviceLogs = ListingOf(DeviceLogView)
const Audit = ListingOf(AuditView)
const Webhooks = ListingOf(WebhookView)

/** Every call throws BadInput, Refused or ServerFailed. */
export class OperatorClient {
  readonly #options: TransportOptions
  readonly #transport: Transport

  constructor(options: TransportOptions) {
    this.#options = options
    this.#transport = new Transport(options)
  }

  enrollDevice(device: string): Promise<EnrollAnswer> {
    return this.#transport.ask(EnrollAnswer, ['v1', 'devices', 'enroll'], { method: 'POST', json: { device } })
  }
  /** With a filter a page may be short: go on from `next`. */
  devices(page: Page & { readonly filter?: string }): Promise<Static<typeof DeviceListing>> {
    return this.#transport.ask(DeviceListing, ['v1', 'devices'], { query: { ...page } })
  }
  device(id: string): Promise<DeviceView> {
    return this.#transport.ask(DeviceView, ['v1', 'devices', id])
  }
  /** What operations were to it, newest operation first. A page may be short: go on from `next`. */
  deviceOperations(id: string, page: Page): Promise<Listed<DeviceOperationView>> {
    return this.#transport.ask(DeviceOperations, ['v1', 'devices', id, 'operations'], { query: { ...page } })
  }
  editDevice(id: string, json: DeviceEdit): Promise<DeviceView> {
    return this.#transport.ask(DeviceView, ['v1', 'devices', id], { method: 'PATCH', json })
  }
  deregisterDevice(id: string): Promise<void> {
    return this.#transport.tell(['v1', 'devices', id], { method: 'DELETE' })
  }
  /** From its quarantine. */
  releaseDevice(id: string): Promise<DeviceView> {
    return this.#transport.ask(DeviceView, ['v1', 'devices', id, 'release'], { method: 'POST' })
  }
  /** The next key it says signs its reports. */
  forgetReportKey(id: string): Promise<DeviceView> {
    return this.#transport.ask(DeviceView, ['v1', 'devices', id, 'report-key'], { method: 'DELETE' })
  }
  renewDeviceSecret(id: string): Promise<EnrollAnswer> {
    return this.#transport.ask(EnrollAnswer, ['v1', 'devices', id, 'secret'], { method: 'POST' })
  }

  enrolmentToken(id: string): Promise<EnrolmentToken> {
    return this.#transport.ask(EnrolmentToken, ['v1', 'devices', id, 'enrolment-token'], { method: 'POST' })
  }
  /** `csr`: a certificate request (PKCS #10) in PEM form. */
  certifyDevice(id: string, csr: string): Promise<CertificateAnswer> {
    const json = { csr }
    return this.#transport.ask(CertificateAnswer, ['v1', 'devices', id, 'certificate'], { method: 'POST', json })
  }
  deviceCertificates(id: string): Promise<DeviceCertificates> {
    return this.#transport.ask(DeviceCertificates, ['v1', 'devices', id, 'certificates'])
  }
  revokeDevice(id: string): Promise<void> {
    return this.#transport.tell(['v1', 'devices', id, 'certificates'], { method: 'DELETE' })
  }

  fleet(): Promise<FleetView> {
    return this.#transport.ask(FleetView, ['v1', 'fleet'])
  }

  createPrincipal(json: PrincipalRequest): Promise<PrincipalAnswer> {
    return this.#transport.ask(PrincipalAnswer, ['v1', 'principals'], { method: 'POST', json })
  }
  principals(): Promise<Listing<PrincipalView>> {
    return this.#transport.ask(Principals, ['v1', 'principals'])
  }
  editPrincipal(name: string, role: PrincipalView['role']): Promise<PrincipalView> {
    return this.#transport.ask(PrincipalView, ['v1', 'principals', name], { method: 'PATCH', json: { role } })
  }
  renewPrincipalToken(name: string): Promise<PrincipalAnswer> {
    return this.#transport.ask(PrincipalAnswer, ['v1', 'principals', name, 'token'], { method: 'POST' })
  }
  deletePrincipal(name: string): Promise<void> {
    return this.#transport.tell(['v1', 'principals', name], { method: 'DELETE' })
  }

  releases(page: Page): Promise<Listing<ReleaseView>> {
    return this.#transport.ask(Releases, ['v1', 'releases'], { query: { ...page } })
  }
  release(id: string): Promise<ReleaseView> {
    return this.#transport.ask(ReleaseView, ['v1', 'releases', id])
  }
  /** Streams the file. `onProgress` is told the bytes read so far. */
  uploadBundle(path: string, onProgress?: (bytes: number) => void): Promise<ReleaseView> {
    const send = (parts: object) => this.#transport.ask(ReleaseView, ['v1', 'artifacts'], { method: 'POST', ...parts })
    return upload({ path, type: 'application/octet-stream' }, this.#options, send, onProgress)
  }

  planOperation(json: OperationRequest): Promise<OperationPlan> {
    return this.#transport.ask(OperationPlan, ['v1', 'operations', 'plan'], { method: 'POST', json })
  }
  createOperation(json: OperationRequest, requestId?: string): Promise<OperationView> {
    return this.#transport.ask(OperationView, ['v1', 'operations'], { method: 'POST', json, ...named(requestId) })
  }
  /** Its targets are the ids in a file, one a line (CSV). */
  importOperation(
    request: Omit<OperationRequest, 'targets'>,
    path: string,
    requestId?: string,
    onProgress?: (bytes: number) => void,
  ): Promise<OperationView> {
    const query = { request: JSON.stringify(request) }
    const send = (parts: object) =>
      this.#transport.ask(OperationView, ['v1', 'operations', 'import'], {
        method: 'POST',
        query,
        ...named(requestId),
        ...parts,
      })
    return upload({ path, type: 'text/csv' }, this.#options, send, onProgress)
  }
  /** With a filter a page may be short: go on from `next`. */
  operations(page: Page & OperationFilter): Promise<Listed<OperationView>> {
    return this.#transport.ask(Operations, ['v1', 'operations'], { query: { ...page } })
  }
  operation(id: string): Promise<OperationView> {
    return this.#transport.ask(OperationView, ['v1', 'operations', id])
  }
  /** `retry-failed` answers with the new operation. */
  tellOperation(id: string, verb: OperationVerb, requestId?: string): Promise<OperationView> {
    return this.#transport.ask(OperationView, ['v1', 'operations', id, verb], { method: 'POST', ...named(requestId) })
  }
  overrideOperation(id: string, reason: string): Promise<OperationView> {
    const json = { reason }
    return this.#transport.ask(OperationView, ['v1', 'operations', id, 'override'], { method: 'POST', json })
  }
  editOperation(id: string, json: OperationEdit): Promise<OperationView> {
    return this.#transport.ask(OperationView, ['v1', 'operations', id], { method: 'PATCH', json })
  }
  removeDevice(id: string, device: string): Promise<void> {
    return this.#transport.tell(['v1', 'operations', id, 'devices', device], { method: 'DELETE' })
  }
  explainDevice(id: string, device: string): Promise<Explanation> {
    return this.#transport.ask(Explanation, ['v1', 'operations', id, 'explain', device])
  }
  executions(id: string, page: Page & ExecutionFilter): Promise<Listing<ExecutionView>> {
    return this.#transport.ask(Executions, ['v1', 'operations', id, 'executions'], { query: { ...page } })
  }
  execution(id: string, device: string): Promise<ExecutionView> {
    return this.#transport.ask(ExecutionView, ['v1', 'operations', id, 'executions', device])
  }
  /** CSV of an ended operation. */
  exportOperation(id: string): Promise<StreamAnswer> {
    return this.#transport.stream(['v1', 'operations', id, 'export.csv'], {}, { accept: 'text/csv' })
  }

  backups(id: string, page: Page): Promise<Listing<BackupView>> {
    return this.#transport.ask(Backups, ['v1', 'operations', id, 'backups'], { query: { ...page } })
  }
  /** What its devices had logged when they failed. */
  deviceLogs(id: string, page: Page): Promise<Listing<DeviceLogView>> {
    return this.#transport.ask(DeviceLogs, ['v1', 'operations', id, 'device-logs'], { query: { ...page } })
  }
  /** `event`: its `device_log_id`. */
  deviceLog(event: string): Promise<StreamAnswer> {
    return this.#transport.stream(['v1', 'device-logs', event], {}, { accept: 'text/plain' })
  }
  /** The bytes the device sent. */
  backup(id: string, device: string): Promise<StreamAnswer> {
    return this.#transport.stream(
      ['v1', 'operations', id, 'backups', device],
      {},
      { accept: 'application/octet-stream' },
    )
  }

  events({ device, operation, code, order, ...page }: Page & EventFilter): Promise<EventListing> {
    return this.#transport.ask(EventListing, ['v3', 'device-events'], {
      query: {
        ...page,
        order,
        device_id__eq: device,
        event_type__eq: code,
        'data.campaign_id__eq': operation,
      },
    })
  }
  event(id: string): Promise<EventView> {
    return this.#transport.ask(EventView, ['v3', 'device-events', id])
  }
  /** As things happen, over lost connections, until the signal. */
  live(request: LiveRequest): AsyncGenerator<LiveMessage, void, undefined> {
    return liveMessages(this.#transport, this.#options, request)
  }

  audit(page: Page & { readonly order?: 'ASC' | 'DESC'; readonly operation?: string }): Promise<Listing<AuditView>> {
    return this.#transport.ask(Audit, ['v1', 'audit'], { query: { ...page } })
  }
  auditHead(): Promise<AuditHead> {
    return this.#transport.ask(AuditHead, ['v1', 'audit', 'head'])
  }
  /** What the broker itself finds about its chain. */
  auditVerification(): Promise<AuditVerification> {
    return this.#transport.ask(AuditVerification, ['v1', 'audit', 'verification'])
  }
  /** Records as lines of JSON, in order; the last line is the head. */
  exportAudit(from?: number): Promise<StreamAnswer> {
    return this.#transport.stream(['v1', 'audit', 'export'], { query: { from } }, { accept: 'application/jsonl' })
  }

  createWebhook(json: WebhookRequest): Promise<WebhookAnswer> {
    return this.#transport.ask(WebhookAnswer, ['v1', 'webhooks'], { method: 'POST', json })
  }
  webhooks(): Promise<Listing<WebhookView>> {
    return this.#transport.ask(Webhooks, ['v1', 'webhooks'])
  }
  deleteWebhook(id: string): Promise<void> {
    return this.#transport.tell(['v1', 'webhooks', id], { method: 'DELETE' })
  }
}

function named(requestId: string | undefined): { readonly requestId?: string } {
  return requestId === undefined ? {} : { requestId }
}
