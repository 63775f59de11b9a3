// The use cases of a broker that exists only in memory, for tests of the doors and of the operator's tools: the same
// roles and refusals, no devices. Every call is remembered.

import type { Principal, PrincipalRole } from '../../broker/core/records.ts'
import { RequestRefused } from '../../broker/errors.ts'
import type { EventListRequest, ExecutionListRequest, PageRequest, UseCases } from '../../broker/use-cases/use-cases.ts'
import { bundleHeaderLength, bundlePrefixBytes, readBundleHead } from '../../proto/bundle.ts'
import { openEnvelope } from '../../proto/envelope.ts'
import type { PrincipalView } from '../../proto/http-admin.ts'
import type {
  DeviceView,
  EventListing,
  EventView,
  ExecutionView,
  Listing,
  OperationRequest,
  OperationView,
  ReleaseView,
} from '../../proto/http-api.ts'
import { eventIdOf, principalName, releaseIdOf } from '../../proto/ids.ts'
import { readManifest } from '../../proto/manifest.ts'
import { FakeEngine } from './fake-engine.ts'

export const tokens: Readonly<Record<PrincipalRole, string>> = {
  viewer: 'viewer-token-CANARY-5e11',
  operator: 'operator-token-CANARY-5e12',
  approver: 'approver-token-CANARY-5e13',
  admin: 'admin-token-CANARY-5e14',
}
export const deviceSecret = 'device-secret-CANARY-77aa'
export const newToken = 'new-token-CANARY-77ab'

const time = '2030-01-02T03:04:05.000Z'

export class FakeUseCases extends FakeEngine implements UseCases {
  readonly devices = new Map<string, DeviceView>()
  readonly releases = new Map<string, ReleaseView>()
  readonly operations = new Map<string, OperationView>()
  readonly executions = new Map<string, ExecutionView[]>()
  readonly principals = new Map<string, PrincipalView>()
  readonly events: EventView[] = []
  /** Views that the next calls of showOperation give, before the last one stays. */
  readonly script: OperationView[] = []
  tokenLookups = 0
  /** Instead of reading a bundle. */
  onUpload: ((bytes: AsyncIterable<Uint8Array>) => Promise<ReleaseView>) | undefined

  async principalOfToken(token: string): Promise<Principal | undefined> {
    this.tokenLookups += 1
    const role = (Object.keys(tokens) as PrincipalRole[]).find(candidate => tokens[candidate] === token)
    return role && { name: principalName(`the-${role}`), role, tokenSha256: 'ab'.repeat(32), createdAt: 0 }
  }

  async principalOfTokenSha256(): Promise<Principal | undefined> {
    return undefined
  }

  async enrollDevice(by: Principal, request: { readonly device: string }) {
    this.called('enrollDevice', by, 'admin', request)
    if (this.devices.has(request.device))
      throw new RequestRefused('CONFLICT', `Device ${request.device} is enrolled already.`, [
        { name: 'device', message: 'is enrolled already' },
      ])
    this.devices.set(request.device, deviceView(request.device))
    return { device: request.device, secret: deviceSecret }
  }
  async listDevices(by: Principal, page: PageRequest) {
    this.called('listDevices', by, 'viewer', page)
    return listing([...this.devices.values()], page, ({ id }) => id)
  }
  async showDevice(by: Principal, id: string) {
    this.called('showDevice', by, 'viewer', id)
    return found(this.devices.get(id), 'device', id)
  }

  async createPrincipal(by: Principal, request: { readonly name: string; readonly role: PrincipalRole }) {
    this.called('createPrincipal', by, 'admin', request)
    const view = { ...request, createdAt: time }
    this.principals.set(request.name, view)
    return { ...view, token: newToken }
  }
  async listPrincipals(by: Principal) {
    this.called('listPrincipals', by, 'admin')
    return listing([...this.principals.values()], {}, ({ name }) => name)
  }

  async uploadBundle(by: Principal, bytes: AsyncIterable<Uint8Array>) {
    this.called('uploadBundle', by, 'operator')
    const release = await (this.onUpload ?? readBundle)(bytes)
    this.releases.set(release.id, release)
    return release
  }
  async listReleases(by: Principal, page: PageRequest) {
    this.called('listReleases', by, 'viewer', page)
    return listing([...this.releases.values()], page, ({ id }) => id)
  }
  async showRelease(by: Principal, id: string) {
    this.called('showRelease', by, 'viewer', id)
    return found(this.releases.get(id), 'release', id)
  }

  async createOperation(by: Principal, request: OperationRequest) {
    this.called('createOperation', by, 'operator', request)
    if (![...this.releases.keys()].some(id => id === request.release || id.startsWith(`${request.release}+`)))
      throw new RequestRefused('NOT_FOUND', `There is no release ${request.release}.`, [
        { name: 'release', message: 'is not known' },
      ])
    const operation = operationView(`op${String(this.operations.size).padStart(24, '0')}`, {
      name: request.name ?? 'update',
      release: request.release ?? null,
      sensors: 'devices' in request.targets ? request.targets.devices.length : this.devices.size,
    })
    this.operations.set(operation.id, operation)
    return operation
  }
  async listOperations(by: Principal, page: PageRequest) {
    this.called('listOperations', by, 'viewer', page)
    return listing([...this.operations.values()], page, ({ id }) => id)
  }
  async showOperation(by: Principal, id: string) {
    this.called('showOperation', by, 'viewer', id)
    const scripted = this.script.shift()
    if (scripted !== undefined) this.operations.set(id, { ...scripted, id })
    return found(this.operations.get(id), 'operation', id)
  }
  async stopOperation(by: Principal, id: string) {
    this.called('stopOperation', by, 'operator', id)
    const operation = found(this.operations.get(id), 'operation', id)
    if (['completed', 'stopped'].includes(operation.state))
      throw new RequestRefused('CONFLICT', `Operation ${id} has ended.`, [{ name: 'id', message: 'has ended' }])
    const stopped = { ...operation, state: 'stopped', updateStatus: 'Stopped', stoppedBy: by.name }
    this.operations.set(id, stopped)
    return stopped
  }
  async listExecutions(by: Principal, id: string, page: ExecutionListRequest) {
    this.called('listExecutions', by, 'viewer', id, page)
    found(this.operations.get(id), 'operation', id)
    const all = (this.executions.get(id) ?? []).filter(({ state }) => page.state === undefined || state === page.state)
    return listing(all, page, ({ device }) => device)
  }

  async listEvents(by: Principal, request: EventListRequest): Promise<EventListing> {
    this.called('listEvents', by, 'viewer', request)
    const all = this.events.filter(
      event =>
        (request.device === undefined || event.device_id === request.device) &&
        (request.code === undefined || event.event_type === request.code) &&
        (request.operation === undefined || event.data.campaign_id === request.operation),
    )
    const order = request.order ?? 'DESC'
    const page = listing(order === 'ASC' ? all : all.toReversed(), request, ({ id }) => id)
    return { ...page, data: [...page.data], order }
  }
  async showEvent(by: Principal, id: string) {
    this.called('showEvent', by, 'viewer', id)
    return found(
      this.events.find(event => event.id === id),
      'event',
      id,
    )
  }
}

export function deviceView(id: string, wishes: Partial<DeviceView> = {}): DeviceView {
  return {
    id,
    state: 'enrolled',
    online: false,
    registeredAt: null,
    lastHelloAt: null,
    vendorId: null,
    classId: null,
    agentVersion: null,
    components: [],
    group: null,
    tags: [],
    attributes: {},
    quarantinedAt: null,
    reportKey: null,
    ...wishes,
  }
}

export function operationView(id: string, wishes: Partial<OperationView> = {}): OperationView {
  return {
    id,
    name: 'update',
    type: 'firmware-update',
    typeName: 'Firmware Update',
    state: 'running',
    updateStatus: 'Processing',
    operationStatus: 'Running',
    release: 'app@2.0.0+0011223344556677',
    component: 'app',
    targetVersion: '2.0.0',
    arguments: null,
    targets: { all: true },
    createdBy: 'the-operator',
    origin: null,
    approvedBy: null,
    refusedBy: null,
    stoppedBy: null,
    override: null,
    pause: null,
    requestedAt: time,
    startedAt: time,
    completedAt: null,
    sensors: 2,
    updated: 0,
    errors: 0,
    counts: { pending: 1, inProgress: 1, completed: 0, failed: 0, skipped: 0 },
    retrying: 0,
    handOvers: 0,
    wave: null,
    codes: [],
    reasons: [],
    transfer: null,
    throughput: null,
    policy: {
      concurrency: 5,
      timeoutDays: 14,
      stepTimeoutMinutes: 60,
      inProgressTimeoutMinutes: 1440,
      confirmTimeoutMinutes: 30,
      stopTimeoutMinutes: 60,
      priority: 5,
      offlinePolicy: 'wait',
      rate: null,
      waves: [],
      abort: [],
      retries: [],
      schedule: { startAt: null, endAt: null, onEnd: 'finish', windows: [], install: 'any-time' },
      approval: false,
      logOnFailure: false,
      delivery: { transport: 'auto', bytesPerSecond: null, retryByPull: true },
      prerequisites: [],
    },
    ...wishes,
  }
}

export function executionView(operation: string, device: string, wishes: Partial<ExecutionView> = {}): ExecutionView {
  return {
    operation,
    device,
    state: 'pending',
    status: 'Pending',
    step: null,
    attempt: 0,
    format: null,
    manifest: null,
    code: null,
    message: null,
    correctiveAction: null,
    data: {},
    provisional: false,
    transfer: null,
    initialVersion: null,
    updatedVersion: null,
    wave: null,
    reason: null,
    nextAttemptAt: null,
    addedAt: time,
    handedOverAt: null,
    endedAt: null,
    ...wishes,
  }
}

export function eventView(number: number, wishes: Partial<EventView> = {}): EventView {
  const id = eventIdOf(number)
  return {
    id,
    object: 'device-event',
    date_time: '2030-01-02T03:04:05.000000Z',
    created_at: '2030-01-02T03:04:05.000000Z',
    etag: id,
    device_id: 'sensor-1',
    device_log_id: id,
    event_type: 'SYS_106',
    event_type_description: 'INFO',
    event_type_category: 'INFO',
    description: 'Device registered.',
    state_change: true,
    changes: { state: { from: null, to: 'registered' } },
    data: {},
    ...wishes,
  }
}

async function readBundle(bytes: AsyncIterable<Uint8Array>): Promise<ReleaseView> {
  const pieces: Uint8Array[] = []
  for await (const piece of bytes) pieces.push(piece)
  const bundle = Buffer.concat(pieces)
  const headerLength = bundleHeaderLength(bundle)
  const head = readBundleHead(bundle.subarray(bundlePrefixBytes, bundlePrefixBytes + headerLength))
  const verdict = readManifest(openEnvelope(head.envelope).payload)
  if (!verdict.ok) throw new RequestRefused('INVALID', 'manifest')
  const { component, version, installedSha256, vendorId, classId, payloadSize, payloadSha256, expiresAt } =
    verdict.manifest
  const { format, precursorSha256 } = verdict.manifest
  return {
    id: releaseIdOf(component, version, installedSha256),
    component,
    version,
    installedSha256,
    createdAt: time,
    createdBy: 'the-operator',
    manifests: [
      {
        sha256: 'cd'.repeat(32),
        vendorId,
        classId,
        deviceId: null,
        artifact: payloadSha256,
        format,
        precursorSha256: precursorSha256 ?? null,
        payloadSize,
        expiresAt: new Date(expiresAt).toISOString(),
        signatures: [],
      },
    ],
  }
}

function listing<T>(all: readonly T[], page: PageRequest, keyOf: (item: T) => string): Listing<T> {
  const limit = page.limit ?? 50
  const start = page.after === undefined ? 0 : all.findIndex(item => keyOf(item) === page.after) + 1
  const data = all.slice(start, start + limit)
  const has_more = start + limit < all.length
  return { object: 'list', data, limit, after: page.after ?? null, has_more }
}

function found<T>(value: T | undefined, what: string, id: string): T {
  if (value === undefined)
    throw new RequestRefused('NOT_FOUND', `There is no ${what} ${id}.`, [{ name: 'id', message: 'is not known' }])
  return value
}
