// The half of the fake use cases that keeps nothing: each call is remembered and judged by its role, and answers with what
// the test has laid there for it.
import type { Principal, PrincipalRole } from '../../broker/core/records.ts'
import { RequestRefused } from '../../broker/errors.ts'
import type {
  AuditListRequest,
  LiveMessage,
  PageRequest,
  ShortListing,
  UseCases,
} from '../../broker/use-cases/use-cases.ts'
import type { CertificateAnswer as RenewalAnswer } from '../../proto/certificate-messages.ts'
import type {
  AuditHead,
  AuditView,
  PrincipalAnswer,
  PrincipalEdit,
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
  ExecutionView,
  Explanation,
  Listing,
  OperationEdit,
  OperationPlan,
  OperationRequest,
  OperationView,
  ReasonRequest,
} from '../../proto/http-api.ts'
import type {
  CertificateAnswer,
  CertificateRequest,
  DeviceCertificates,
  EnrolmentToken,
} from '../../proto/http-certificates.ts'
import type {
  AuditVerification,
  DeviceOperationView,
  EventCodeListing,
  FailureHistory,
  FleetView,
} from '../../proto/http-console.ts'

const rank: Readonly<Record<PrincipalRole, number>> = { viewer: 0, operator: 1, approver: 2, admin: 3 }

type Answered = Pick<
  UseCases,
  | 'editDevice'
  | 'deregisterDevice'
  | 'releaseDevice'
  | 'forgetReportKey'
  | 'renewDeviceSecret'
  | 'issueEnrolmentToken'
  | 'certifyDevice'
  | 'enrollByToken'
  | 'revokeCertificates'
  | 'listCertificates'
  | 'renewCertificate'
  | 'certificateShown'
  | 'editPrincipal'
  | 'renewPrincipalToken'
  | 'deletePrincipal'
  | 'planOperation'
  | 'importOperation'
  | 'pauseOperation'
  | 'resumeOperation'
  | 'approveOperation'
  | 'refuseOperation'
  | 'editOperation'
  | 'overrideOperation'
  | 'retryFailed'
  | 'removeDevice'
  | 'explainDevice'
  | 'showExecution'
  | 'exportOperation'
  | 'listBackups'
  | 'readBackup'
  | 'listDeviceLogs'
  | 'readDeviceLog'
  | 'watch'
  | 'listAudit'
  | 'auditHead'
  | 'auditVerification'
  | 'listEventCodes'
  | 'showFleet'
  | 'fleetFailures'
  | 'listDeviceOperations'
  | 'exportAudit'
  | 'createWebhook'
  | 'listWebhooks'
  | 'deleteWebhook'
>

export class FakeEngine implements Answered {
  readonly calls: { readonly name: string; readonly args: readonly unknown[] }[] = []
  /** By the name of the use case: the answer, or a function of its arguments; what has none is not found. */
  readonly answers = new Map<keyof UseCases, unknown>()
  /** Thrown by the next call, once. */
  failNext: unknown

  auditVerification(by: Principal) {
    return this.#answer<AuditVerification>('auditVerification', by, 'viewer')
  }
  listEventCodes(by: Principal) {
    return this.#answer<EventCodeListing>('listEventCodes', by, 'viewer')
  }
  showFleet(by: Principal) {
    return this.#answer<FleetView>('showFleet', by, 'viewer')
  }
  fleetFailures(by: Principal, request: { readonly hours?: number }) {
    return this.#answer<FailureHistory>('fleetFailures', by, 'viewer', request)
  }
  listDeviceOperations(by: Principal, id: string, page: PageRequest) {
    return this.#answer<ShortListing<DeviceOperationView>>('listDeviceOperations', by, 'viewer', id, page)
  }
  editDevice(by: Principal, id: string, request: DeviceEdit) {
    return this.#answer<DeviceView>('editDevice', by, 'operator', id, request)
  }
  deregisterDevice(by: Principal, id: string) {
    return this.#answer<void>('deregisterDevice', by, 'operator', id)
  }
  releaseDevice(by: Principal, id: string) {
    return this.#answer<DeviceView>('releaseDevice', by, 'operator', id)
  }
  forgetReportKey(by: Principal, id: string) {
    return this.#answer<DeviceView>('forgetReportKey', by, 'admin', id)
  }
  renewDeviceSecret(by: Principal, id: string) {
    return this.#answer<EnrollAnswer>('renewDeviceSecret', by, 'operator', id)
  }
  issueEnrolmentToken(by: Principal, id: string) {
    return this.#answer<EnrolmentToken>('issueEnrolmentToken', by, 'operator', id)
  }
  certifyDevice(by: Principal, id: string, request: CertificateRequest) {
    return this.#answer<CertificateAnswer>('certifyDevice', by, 'operator', id, request)
  }
  enrollByToken(): Promise<CertificateAnswer> {
    throw new TypeError('no operator calls it')
  }
  listCertificates(by: Principal, id: string) {
    return this.#answer<DeviceCertificates>('listCertificates', by, 'viewer', id)
  }
  renewCertificate(): Promise<RenewalAnswer> {
    throw new TypeError('no operator calls it')
  }
  certificateShown(): Promise<void> {
    throw new TypeError('no operator calls it')
  }
  revokeCertificates(by: Principal, id: string) {
    return this.#answer<void>('revokeCertificates', by, 'operator', id)
  }
  editPrincipal(by: Principal, name: string, request: PrincipalEdit) {
    return this.#answer<PrincipalView>('editPrincipal', by, 'admin', name, request)
  }
  renewPrincipalToken(by: Principal, name: string) {
    return this.#answer<PrincipalAnswer>('renewPrincipalToken', by, 'admin', name)
  }
  deletePrincipal(by: Principal, name: string) {
    return this.#answer<void>('deletePrincipal', by, 'admin', name)
  }
  planOperation(by: Principal, request: OperationRequest) {
    return this.#answer<OperationPlan>('planOperation', by, 'viewer', request)
  }
  async importOperation(by: Principal, request: Omit<OperationRequest, 'targets'>, targets: AsyncIterable<Uint8Array>) {
    const pieces: Uint8Array[] = []
    for await (const piece of targets) pieces.push(piece)
    const text = Buffer.concat(pieces).toString()
    return this.#answer<OperationView>('importOperation', by, 'operator', request, text)
  }
  pauseOperation(by: Principal, id: string) {
    return this.#answer<OperationView>('pauseOperation', by, 'operator', id)
  }
  resumeOperation(by: Principal, id: string) {
    return this.#answer<OperationView>('resumeOperation', by, 'operator', id)
  }
  approveOperation(by: Principal, id: string) {
    return this.#answer<OperationView>('approveOperation', by, 'approver', id)
  }
  refuseOperation(by: Principal, id: string) {
    return this.#answer<OperationView>('refuseOperation', by, 'approver', id)
  }
  editOperation(by: Principal, id: string, request: OperationEdit) {
    return this.#answer<OperationView>('editOperation', by, 'operator', id, request)
  }
  overrideOperation(by: Principal, id: string, request: ReasonRequest) {
    return this.#answer<OperationView>('overrideOperation', by, 'approver', id, request)
  }
  retryFailed(by: Principal, id: string) {
    return this.#answer<OperationView>('retryFailed', by, 'operator', id)
  }
  removeDevice(by: Principal, id: string, device: string) {
    return this.#answer<ExecutionView>('removeDevice', by, 'operator', id, device)
  }
  explainDevice(by: Principal, id: string, device: string) {
    return this.#answer<Explanation>('explainDevice', by, 'viewer', id, device)
  }
  showExecution(by: Principal, id: string, device: string) {
    return this.#answer<ExecutionView>('showExecution', by, 'viewer', id, device)
  }
  exportOperation(by: Principal, id: string) {
    return this.#answer<AsyncIterable<Uint8Array>>('exportOperation', by, 'viewer', id)
  }
  listBackups(by: Principal, operation: string, page: PageRequest) {
    return this.#answer<Listing<BackupView>>('listBackups', by, 'viewer', operation, page)
  }
  readBackup(by: Principal, operation: string, device: string) {
    return this.#answer<{ view: BackupView; content: Uint8Array }>('readBackup', by, 'operator', operation, device)
  }
  listDeviceLogs(by: Principal, operation: string, page: PageRequest) {
    return this.#answer<Listing<DeviceLogView>>('listDeviceLogs', by, 'viewer', operation, page)
  }
  readDeviceLog(by: Principal, event: string) {
    return this.#answer<{ view: DeviceLogView; text: string }>('readDeviceLog', by, 'viewer', event)
  }
  watch(by: Principal, request: object, signal: AbortSignal): Promise<AsyncIterable<LiveMessage>> {
    return this.#answer<AsyncIterable<LiveMessage>>('watch', by, 'viewer', request, signal)
  }
  listAudit(by: Principal, request: AuditListRequest) {
    return this.#answer<Listing<AuditView>>('listAudit', by, 'viewer', request)
  }
  auditHead(by: Principal) {
    return this.#answer<AuditHead>('auditHead', by, 'viewer')
  }
  exportAudit(by: Principal, request: { readonly from?: number }) {
    return this.#answer<Awaited<ReturnType<UseCases['exportAudit']>>>('exportAudit', by, 'admin', request)
  }
  createWebhook(by: Principal, request: WebhookRequest) {
    return this.#answer<WebhookAnswer>('createWebhook', by, 'admin', request)
  }
  listWebhooks(by: Principal) {
    return this.#answer<Listing<WebhookView>>('listWebhooks', by, 'admin')
  }
  deleteWebhook(by: Principal, id: string) {
    return this.#answer<void>('deleteWebhook', by, 'admin', id)
  }

  /** Remembers the call; throws for the role, and what `failNext` holds. */
  protected called(name: string, by: Principal, least: PrincipalRole, ...args: readonly unknown[]): void {
    this.calls.push({ name, args: [by.name, ...args] })
    if (rank[by.role] < rank[least]) throw new RequestRefused('FORBIDDEN', `This needs the role ${least}.`)
    const failure = this.failNext
    this.failNext = undefined
    if (failure !== undefined) throw failure
  }

  async #answer<T>(name: keyof UseCases, by: Principal, least: PrincipalRole, ...args: readonly unknown[]): Promise<T> {
    this.called(name, by, least, ...args)
    if (!this.answers.has(name)) throw new RequestRefused('NOT_FOUND', `There is nothing to ${name}.`)
    const laid = this.answers.get(name)
    return (typeof laid === 'function' ? laid(...args) : laid) as T
  }
}
