// What operators can do, once, for all doors: HTTP, MQTT JSON and (through HTTP) the CLI. Each call names the principal,
// checks his role, and rejects with RequestRefused when it cannot be carried out. Requests are of the types that
// proto/http-api.ts validates; a door that has no schema validation of its own (MQTT) calls `validated` first.
// Whatever changes something is in the audit chain, in the same commit as the change.
import type { CertificateAnswer as RenewalAnswer } from '../../proto/certificate-messages.ts'
import type {
  AuditHead,
  AuditView,
  PrincipalAnswer,
  PrincipalEdit,
  PrincipalRequest,
  PrincipalView,
  WebhookAnswer,
  WebhookRequest,
  WebhookView,
} from '../../proto/http-admin.ts'
import type {
  BackupView,
  DeviceEdit,
  DeviceLogView,
  DeviceView,
  EnrollAnswer,
  EnrollRequest,
  EventListing,
  EventView,
  ExecutionView,
  Explanation,
  Listing,
  OperationEdit,
  OperationPlan,
  OperationRequest,
  OperationView,
  ReasonRequest,
  ReleaseView,
} from '../../proto/http-api.ts'
import type {
  BootstrapRequest,
  CertificateAnswer,
  CertificateRequest,
  DeviceCertificates,
  EnrolmentToken,
} from '../../proto/http-certificates.ts'
import type {
  ActivityMessage,
  AuditVerification,
  DeviceOperationView,
  EventCodeListing,
  FailureHistory,
  FleetView,
} from '../../proto/http-console.ts'
import type { DeviceId } from '../../proto/ids.ts'
import type { AuditRecord, EventRecord, Principal } from '../core/records.ts'

/** Who asks; `requestId` makes a repetition of the same command answer as the first one did. */
export interface Caller extends Principal {
  readonly requestId?: string
}

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
  /** `updated` or `errors`: ended ones, as the update-status page counts them. */
  readonly result?: string
}
export interface DeviceListRequest extends PageRequest {
  /** In the language of broker/core/target-filter.ts. With one, a page may be short: go on from `next`. */
  readonly filter?: string
}
/** With a condition a page may be short: go on from `next`. */
export interface OperationListRequest extends PageRequest {
  readonly type?: string
  /** Word of the operations page. */
  readonly status?: string
  /** Word of the update-status page. */
  readonly updateStatus?: string
  /** Name of a principal. */
  readonly createdBy?: string
  /** Its id, or component@version. */
  readonly release?: string
}
export interface DeviceOperationsRequest extends PageRequest {
  /** One operation type, or several joined with commas. */
  readonly type?: string
}
/** A page that may be short, even empty, with `has_more`: go on from `next`, and there may be nothing there. */
export type ShortListing<T> = Listing<T> & { readonly next?: string }
export interface AuditListRequest extends PageRequest {
  readonly order?: 'ASC' | 'DESC'
  readonly operation?: string
}

/** What a live stream may bring: each logged event, operations as they change, how much the log has grown. */
export type LiveKind = 'device-event' | 'operation' | 'activity'
export interface WatchRequest {
  readonly operation?: string
  readonly device?: string
  /** First all events after this one, where events are wanted. */
  readonly lastEventId?: string
  /** Default: device-event and operation. */
  readonly kinds?: readonly LiveKind[]
  /** Milliseconds of silence after which there is an `activity` all the same; default 15,000. */
  readonly activityMs?: number
}
export type LiveMessage =
  | { readonly kind: 'event'; readonly record: EventRecord }
  | { readonly kind: 'operation'; readonly operation: OperationView }
  | { readonly kind: 'activity'; readonly activity: ActivityMessage }

export interface UseCases {
  /** The principal of a bearer token, or undefined. */
  principalOfToken(token: string): Promise<Principal | undefined>
  /** The same of the SHA-256 of a token, in lower-case hex: for whoever keeps no tokens. No door may take it from outside. */
  principalOfTokenSha256(tokenSha256: string): Promise<Principal | undefined>

  enrollDevice(by: Caller, request: EnrollRequest): Promise<EnrollAnswer>
  listDevices(by: Caller, page: DeviceListRequest): Promise<ShortListing<DeviceView>>
  showDevice(by: Caller, id: string): Promise<DeviceView>
  /** Its executions with their operations, newest operation first; also of a device that is not there any more. */
  listDeviceOperations(
    by: Caller,
    id: string,
    request: DeviceOperationsRequest,
  ): Promise<ShortListing<DeviceOperationView>>
  /** Group, tags and attributes. */
  editDevice(by: Caller, id: string, request: DeviceEdit): Promise<DeviceView>
  /** Out of the registry and out of every operation; its credentials are void, its connection is closed. */
  deregisterDevice(by: Caller, id: string): Promise<void>
  /** From its quarantine. */
  releaseDevice(by: Caller, id: string): Promise<DeviceView>
  /** The next key it says signs its reports; its connection ends. */
  forgetReportKey(by: Caller, id: string): Promise<DeviceView>
  /** A new secret instead of the old one. */
  renewDeviceSecret(by: Caller, id: string): Promise<EnrollAnswer>
  /** One that opens the way to one certificate of this device, within a day. */
  issueEnrolmentToken(by: Caller, id: string): Promise<EnrolmentToken>
  /** For the key in the request; the one before it goes on to count. */
  certifyDevice(by: Caller, id: string, request: CertificateRequest): Promise<CertificateAnswer>
  /** As `certifyDevice`, for whoever has the token, once. */
  enrollByToken(request: BootstrapRequest): Promise<CertificateAnswer>
  /** Those that count, oldest first. */
  listCertificates(by: Caller, id: string): Promise<DeviceCertificates>
  /**
   * For the key in the request (DER), asked for by the device itself over a connection that was opened with the certificate
   * of that fingerprint; it counts until the new one was shown. No door may take the fingerprint from outside.
   */
  renewCertificate(device: DeviceId, shown: string | undefined, csr: Uint8Array): Promise<RenewalAnswer>
  /** The device is connected by this one: those before it count no more. */
  certificateShown(device: DeviceId, shown: string): Promise<void>
  /** None of the device's certificates, nor a token, counts any more; its connection ends. */
  revokeCertificates(by: Caller, id: string): Promise<void>

  createPrincipal(by: Caller, request: PrincipalRequest): Promise<PrincipalAnswer>
  listPrincipals(by: Caller): Promise<Listing<PrincipalView>>
  editPrincipal(by: Caller, name: string, request: PrincipalEdit): Promise<PrincipalView>
  /** A new token instead of the old one. */
  renewPrincipalToken(by: Caller, name: string): Promise<PrincipalAnswer>
  deletePrincipal(by: Caller, name: string): Promise<void>

  /** Takes a bundle; resolves when release and artifact are durable. */
  uploadBundle(by: Caller, bytes: AsyncIterable<Uint8Array>): Promise<ReleaseView>
  listReleases(by: Caller, page: PageRequest): Promise<Listing<ReleaseView>>
  showRelease(by: Caller, id: string): Promise<ReleaseView>

  /** Whom the operation would touch; makes nothing. */
  planOperation(by: Caller, request: OperationRequest): Promise<OperationPlan>
  createOperation(by: Caller, request: OperationRequest): Promise<OperationView>
  /** The same with the targets of a list (CSV, one id a line); `request.targets` is not looked at. */
  importOperation(
    by: Caller,
    request: Omit<OperationRequest, 'targets'>,
    targets: AsyncIterable<Uint8Array>,
  ): Promise<OperationView>
  listOperations(by: Caller, request: OperationListRequest): Promise<ShortListing<OperationView>>
  showOperation(by: Caller, id: string): Promise<OperationView>
  stopOperation(by: Caller, id: string): Promise<OperationView>
  pauseOperation(by: Caller, id: string): Promise<OperationView>
  resumeOperation(by: Caller, id: string): Promise<OperationView>
  /** By another principal than the one who made it. */
  approveOperation(by: Caller, id: string): Promise<OperationView>
  refuseOperation(by: Caller, id: string): Promise<OperationView>
  editOperation(by: Caller, id: string, request: OperationEdit): Promise<OperationView>
  /** Lifts windows and rate; by another principal than the one who made it. */
  overrideOperation(by: Caller, id: string, request: ReasonRequest): Promise<OperationView>
  /** A new operation over the devices that failed in an ended one. */
  retryFailed(by: Caller, id: string): Promise<OperationView>
  removeDevice(by: Caller, id: string, device: string): Promise<ExecutionView>
  explainDevice(by: Caller, id: string, device: string): Promise<Explanation>
  listExecutions(by: Caller, id: string, page: ExecutionListRequest): Promise<Listing<ExecutionView>>
  showExecution(by: Caller, id: string, device: string): Promise<ExecutionView>
  /** CSV of an ended operation; CONFLICT with the reason while it runs. */
  exportOperation(by: Caller, id: string): Promise<AsyncIterable<Uint8Array>>

  listBackups(by: Caller, operation: string, page: PageRequest): Promise<Listing<BackupView>>
  /** The bytes the device sent. Needs the role operator: configurations hold secrets. */
  readBackup(by: Caller, operation: string, device: string): Promise<{ view: BackupView; content: Uint8Array }>
  /** What devices had logged when they failed in an operation that asks for it, by event. */
  listDeviceLogs(by: Caller, operation: string, page: PageRequest): Promise<Listing<DeviceLogView>>
  /** `event`: its `device_log_id`. The text is lines of UTF-8. */
  readDeviceLog(by: Caller, event: string): Promise<{ view: DeviceLogView; text: string }>

  listEvents(by: Caller, request: EventListRequest): Promise<EventListing>
  showEvent(by: Caller, id: string): Promise<EventView>
  listEventCodes(by: Caller): Promise<EventCodeListing>
  /**
   * Live messages until the signal. A reader that is too slow is cut off (the iterator ends) and resumes from the last id
   * it has.
   */
  watch(by: Caller, request: WatchRequest, signal: AbortSignal): Promise<AsyncIterable<LiveMessage>>

  showFleet(by: Caller): Promise<FleetView>
  /** `hours`: 1..168, default 24. */
  fleetFailures(by: Caller, request: { readonly hours?: number }): Promise<FailureHistory>

  listAudit(by: Caller, request: AuditListRequest): Promise<Listing<AuditView>>
  auditHead(by: Caller): Promise<AuditHead>
  /** Whether the chain holds, as far as it has been checked. */
  auditVerification(by: Caller): Promise<AuditVerification>
  /** Records in order, for a file that `drover audit verify` reads. */
  exportAudit(by: Caller, request: { readonly from?: number }): Promise<AsyncIterable<AuditRecord>>

  createWebhook(by: Caller, request: WebhookRequest): Promise<WebhookAnswer>
  listWebhooks(by: Caller): Promise<Listing<WebhookView>>
  deleteWebhook(by: Caller, id: string): Promise<void>
}
