// Operations: started, watched, stopped.
import type { ExecutionView, Listing, OperationView, PolicyRequest } from '../../proto/http-api.ts'
import { type DeviceId, deviceId, type OperationId, operationId, releaseId } from '../../proto/ids.ts'
import { noCounts } from '../core/counts.ts'
import { policyDefaults } from '../core/policy.ts'
import type { ExecutionState, Operation, Policy, Release } from '../core/records.ts'
import { RequestRefused } from '../errors.ts'
import type { Clock, Random, Store } from '../ports.ts'
import { executionView, listing, operationView } from '../views.ts'
import { requireRole } from './access.ts'
import type { Dependencies } from './dependencies.ts'
import { parsedId, parsedPage } from './parsing.ts'
import type { UseCases } from './use-cases.ts'

export function operationUseCases({
  store,
  orchestrator,
  clock,
  random,
  log,
}: Dependencies): Pick<
  UseCases,
  'createOperation' | 'listOperations' | 'showOperation' | 'stopOperation' | 'listExecutions'
> {
  const stored = async (text: string): Promise<Operation> => {
    const id = parsedId(operationId, text, 'id')
    const operation = await store.operation(id)
    if (operation === undefined) throw new RequestRefused('NOT_FOUND', `no operation ${id}`)
    return operation
  }
  return {
    async createOperation(by, request): Promise<OperationView> {
      requireRole(by, 'operator')
      const release = await namedRelease(store, request.release)
      if (release.manifests.every(({ expiresAt }) => expiresAt <= clock.now()))
        throw new RequestRefused('CONFLICT', `every manifest of release ${release.id} has expired; sign a new one`, [
          { name: 'release', message: 'has expired' },
        ])
      const devices = 'devices' in request.targets ? explicitTargets(request.targets.devices) : undefined
      const operation: Operation = {
        id: newOperationId(clock, random),
        name: request.name ?? `${release.component} ${release.version}`,
        type: request.type,
        state: 'pending',
        release: release.id,
        component: release.component,
        targetVersion: release.version,
        targetDigest: release.installedSha256,
        targets: { kind: devices === undefined ? 'all-registered' : 'devices' },
        policy: policyOf(request.policy ?? {}),
        createdBy: by.name,
        requestedAt: clock.now(),
        counts: noCounts,
        sweep: { kind: 'expand' },
        lease: 1,
      }
      await orchestrator.create(operation, release, devices)
      log.info(
        { event: 'operation-created', operation: operation.id, release: release.id, by: by.name },
        'operation created',
      )
      return operationView(operation)
    },

    async listOperations(by, request): Promise<Listing<OperationView>> {
      requireRole(by, 'viewer')
      const page = parsedPage(request, operationId)
      return listing(await store.operations(page), operationView, page)
    },

    async showOperation(by, text): Promise<OperationView> {
      requireRole(by, 'viewer')
      return operationView(await stored(text))
    },

    async stopOperation(by, text): Promise<OperationView> {
      requireRole(by, 'operator')
      const { id } = await stored(text)
      const operation = await orchestrator.stop(id, by.name)
      log.info({ event: 'operation-stopped', operation: id, by: by.name }, 'operation stopped')
      return operationView(operation)
    },

    async listExecutions(by, text, request): Promise<Listing<ExecutionView>> {
      requireRole(by, 'viewer')
      const { id } = await stored(text)
      const page = parsedPage(request, deviceId)
      const state = request.state === undefined ? {} : { state: executionState(request.state) }
      return listing(await store.executions(id, { ...page, ...state }), executionView, page)
    },
  }
}

/** By id, or by `component@version` when that names exactly one. */
async function namedRelease(store: Store, text: string): Promise<Release> {
  if (text.includes('+')) {
    const release = await store.release(parsedId(releaseId, text, 'release'))
    if (release === undefined) throw unknownRelease(text)
    return release
  }
  // Ids sort by component and version, and `+` sorts before every character a version continues with.
  const { items } = await store.releases({ after: `${text}+` as Release['id'], limit: 2 })
  const found = items.filter(release => `${release.component}@${release.version}` === text)
  const [release] = found
  if (release === undefined) throw unknownRelease(text)
  if (found.length > 1)
    throw new RequestRefused('CONFLICT', `${text} has several images; name the release by its id`, [
      { name: 'release', message: found.map(({ id }) => id).join(' or ') },
    ])
  return release
}

function unknownRelease(text: string): RequestRefused {
  return new RequestRefused('INVALID', `no release ${text}`, [
    { name: 'release', message: 'expected a release id or component@version that has been uploaded' },
  ])
}

/** Ascending and without doubles; the error names the first that is no device id. */
function explicitTargets(texts: readonly string[]): DeviceId[] {
  const devices = texts.map((text, index) => parsedId(deviceId, text, `targets.devices.${index}`))
  return [...new Set(devices)].sort()
}

/** No absolute limit beside a share: the broker-wide one still holds. */
const shareOnly = 1_000_000

function policyOf(request: PolicyRequest): Policy {
  const { concurrency, ...timers } = request
  const { concurrencyPercent: _, ...defaults } = policyDefaults
  const limits =
    concurrency === undefined
      ? policyDefaults
      : typeof concurrency === 'number'
        ? { ...defaults, concurrency }
        : { ...defaults, concurrency: shareOnly, concurrencyPercent: Math.max(1, Number.parseInt(concurrency, 10)) }
  return { ...limits, ...timers }
}

function executionState(text: string): ExecutionState {
  const states: readonly string[] = ['pending', 'in-progress', 'completed', 'failed', 'skipped']
  if (!states.includes(text))
    throw new RequestRefused('INVALID', `state: expected one of ${states.join(', ')}`, [
      { name: 'state', message: `expected one of ${states.join(', ')}` },
    ])
  return text as ExecutionState
}

/** Nine characters of time, then 17 of chance, so that ids sort by age. */
function newOperationId(clock: Clock, random: Random): OperationId {
  const time = clock.now().toString(36).padStart(9, '0')
  const chance = Array.from(random.bytes(17), byte => (byte % 36).toString(36)).join('')
  return operationId(`${time}${chance}`)
}
