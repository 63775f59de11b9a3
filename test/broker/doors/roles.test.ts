// Who may do what, by every door: all addresses and all verbs, for somebody without a token, with a wrong one, and of each
// role, before the real use cases. Who may not is refused before anything is looked up, and nothing is written for him.
import { createHash } from 'node:crypto'
import t from 'tap'
import type { EventRecord, PrincipalRole } from '../../../broker/core/records.ts'
import { verbs } from '../../../broker/doors/verbs.ts'
import type { OperationView } from '../../../proto/http-api.ts'
import type { OperationId } from '../../../proto/ids.ts'
import { deflatedLog } from '../../../proto/log-report.ts'
import { request } from '../../fixtures/certificates.ts'
import {
  append,
  device,
  deviceLogOf,
  eventOf,
  type operation,
  putBackup,
  putDevice,
} from '../../suites/store-samples.ts'
import { openRealDoors, type RealDoors } from './real-doors.ts'

const roles: readonly PrincipalRole[] = ['viewer', 'operator', 'approver', 'admin']

interface Request {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: string
  readonly body?: object | string | Uint8Array
}
type Case = readonly [least: PrincipalRole, request: (world: World) => Promise<Request>]

/** The doors, and fresh things for a request to work on. */
class World {
  readonly doors: RealDoors
  #count = 0
  constructor(doors: RealDoors) {
    this.doors = doors
  }

  name(): string {
    this.#count += 1
    return `fresh-${this.#count}`
  }

  async device(more: object = {}): Promise<string> {
    const id = this.name()
    await this.doors.useCases.enrollDevice(this.doors.principals.operator, { device: id })
    await this.doors.store.commit([putDevice(device(id), more)])
    return id
  }

  async principal(): Promise<string> {
    const name = this.name()
    await this.doors.useCases.createPrincipal(this.doors.principals.admin, { name, role: 'viewer' })
    return name
  }

  /** Over a device that is not connected: it stays open. */
  async operation(policy: object = {}, target = 'sensor-1'): Promise<string> {
    const { useCases, principals } = this.doors
    const { release } = this.doors.bundle
    const request = { type: 'firmware-update', release, targets: { devices: [target] }, policy }
    const { id } = await useCases.createOperation(principals.operator, request)
    await this.#until(id, ({ sensors }) => sensors === 1)
    return id
  }

  /** Over a device that was never seen: it ends, with an error. */
  async endedOperation(): Promise<string> {
    const id = await this.operation({}, this.name())
    await this.#until(id, ({ completedAt }) => completedAt !== null)
    return id
  }

  async #until(id: string, isSo: (operation: OperationView) => boolean): Promise<void> {
    const { useCases, principals } = this.doors
    while (!isSo(await useCases.showOperation(principals.viewer, id)))
      await new Promise(resolve => setTimeout(resolve, 2))
  }

  async webhook(): Promise<string> {
    const { useCases, principals } = this.doors
    const request = { url: `http://127.0.0.1:9/${this.name()}`, events: ['operation.stopped' as const] }
    return (await useCases.createWebhook(principals.admin, request)).id
  }
}

const nothing = async (): Promise<Request> => ({})
const at = (path: Readonly<Record<string, string>>, body?: object): Request =>
  body === undefined ? { path } : { path, body }
const reboot = { type: 'reboot', targets: { devices: ['sensor-3'] } }

/** Least role, and a request that he may make. */
const cases: Readonly<Record<string, Case>> = {
  'device-list': ['viewer', nothing],
  'device-show': ['viewer', async () => at({ id: 'sensor-1' })],
  'device-enroll': ['operator', async world => ({ body: { device: world.name() } })],
  'device-edit': ['operator', async world => at({ id: await world.device() }, { group: 'hall' })],
  'device-deregister': ['operator', async world => at({ id: await world.device() })],
  'device-release': ['operator', async world => at({ id: await world.device({ quarantinedAt: 1 }) })],
  'device-forget-report-key': ['admin', async world => at({ id: await world.device({ reportKey: 'AAAA' }) })],
  'device-renew-secret': ['admin', async world => at({ id: await world.device() })],
  'device-enroll-token': ['operator', async world => at({ id: world.name() })],
  'device-certify': ['operator', async world => at({ id: world.name() }, { csr: request(world.name()).csr })],
  'device-certificates': ['viewer', async world => at({ id: await world.device() })],
  'device-revoke': ['operator', async world => at({ id: await world.device() })],
  'release-list': ['viewer', nothing],
  'release-show': ['viewer', async world => at({ id: world.doors.bundle.release })],
  'event-list': ['viewer', nothing],
  'event-codes': ['viewer', nothing],
  'event-show': ['viewer', async () => at({ id: '1'.padStart(32, '0') })],
  'operation-create': ['operator', async () => ({ body: reboot })],
  'operation-plan': ['viewer', async () => ({ body: reboot })],
  'operation-list': ['viewer', nothing],
  'operation-show': ['viewer', async world => at({ id: await world.operation() })],
  'operation-edit': ['operator', async world => at({ id: await world.operation() }, { rate: null })],
  'operation-stop': ['operator', async world => at({ id: await world.operation() })],
  'operation-pause': ['operator', async world => at({ id: await world.operation() })],
  'operation-resume': [
    'operator',
    async world => {
      const id = await world.operation()
      await world.doors.useCases.pauseOperation(world.doors.principals.operator, id)
      return at({ id })
    },
  ],
  'operation-approve': ['approver', async world => at({ id: await world.operation({ approval: true }) })],
  'operation-refuse': ['approver', async world => at({ id: await world.operation({ approval: true }) })],
  'operation-override': ['approver', async world => at({ id: await world.operation() }, { reason: 'leak' })],
  'operation-retry-failed': ['operator', async world => at({ id: await world.endedOperation() })],
  'operation-remove-device': ['operator', async world => at({ id: await world.operation(), device: 'sensor-1' })],
  'operation-explain': ['viewer', async world => at({ id: await world.operation(), device: 'sensor-1' })],
  'operation-executions': ['viewer', async world => at({ id: await world.operation() })],
  'operation-device-logs': ['viewer', async world => at({ id: await world.operation() })],
  'operation-execution': ['viewer', async world => at({ id: await world.endedOperation(), device: '' })],
  'operation-backups': ['viewer', async world => at({ id: await world.operation() })],
  'principal-create': ['admin', async world => ({ body: { name: world.name(), role: 'viewer' } })],
  'principal-list': ['admin', nothing],
  'principal-edit': ['admin', async world => at({ name: await world.principal() }, { role: 'operator' })],
  'principal-renew-token': ['admin', async world => at({ name: await world.principal() })],
  'principal-delete': ['admin', async world => at({ name: await world.principal() })],
  'audit-list': ['viewer', nothing],
  'audit-head': ['viewer', nothing],
  'audit-verification': ['viewer', nothing],
  fleet: ['viewer', nothing],
  'fleet-failures': ['viewer', nothing],
  'device-operations': ['viewer', async () => at({ id: 'sensor-1' })],
  'webhook-create': [
    'admin',
    async world => ({ body: { url: `http://127.0.0.1:9/${world.name()}`, events: ['operation.stopped'] } }),
  ],
  'webhook-list': ['admin', nothing],
  'webhook-delete': ['admin', async world => at({ id: await world.webhook() })],
  // HTTP alone:
  'release-upload': ['operator', async world => ({ body: world.doors.bundle.bytes })],
  'operation-import': [
    'operator',
    async () => ({ query: `?request=${encodeURIComponent('{"type":"reboot"}')}`, body: 'sensor-3\n' }),
  ],
  'operation-export': ['viewer', async world => at({ id: await world.endedOperation() })],
  'operation-backup': [
    'operator',
    async world => {
      const id = await world.operation()
      await world.doors.store.commit([putBackup(id as ReturnType<typeof operation>, device('sensor-1'), 'secret=1')])
      return at({ id, device: 'sensor-1' })
    },
  ],
  'device-log': [
    'viewer',
    async world => {
      const { store } = world.doors
      const failed = eventOf(device('sensor-1'), { operation: (await world.operation()) as OperationId, type: 'FAIL' })
      const [event] = await store.commit([append(failed)])
      const log = deviceLogOf(event as EventRecord, 1)
      await store.commit([{ kind: 'put-device-log', log, content: deflatedLog('a line') }])
      return at({ id: log.event })
    },
  ],
  'audit-export': ['admin', nothing],
  'event-stream': ['viewer', nothing],
  'session-show': ['viewer', nothing],
  'session-delete': ['viewer', nothing],
  'health-metrics': ['viewer', nothing],
  'api-document': ['viewer', nothing],
}

/** An ended operation is over one device; which one, the operation knows. */
async function completed(world: World, { path, ...rest }: Request): Promise<Request> {
  if (path?.device !== '') return { ...(path === undefined ? {} : { path }), ...rest }
  const list = await world.doors.useCases.listExecutions(world.doors.principals.viewer, path.id ?? '', {})
  return { path: { ...path, device: list.data[0]?.device ?? '' }, ...rest }
}

/** What earlier requests set going has come to rest. */
async function atRest({ store }: RealDoors): Promise<void> {
  for (let before = -1; before !== store.commitCount; ) {
    before = store.commitCount
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Everything that any principal may see, so that a change shows wherever it is. */
async function seen({ useCases, principals, store }: RealDoors): Promise<string> {
  const { admin } = principals
  const all = await Promise.all([
    useCases.listDevices(admin, { limit: 1000 }),
    useCases.listPrincipals(admin),
    useCases.listReleases(admin, { limit: 1000 }),
    useCases.listWebhooks(admin),
    useCases.auditHead(admin),
  ])
  return createHash('sha256')
    .update(JSON.stringify([all, store.commitCount]))
    .digest('hex')
}

interface Route {
  readonly method: string
  readonly address: string
}

async function routesOf({ url, tokens }: RealDoors): Promise<ReadonlyMap<string, Route>> {
  const response = await fetch(`${url}/v1/openapi.json`, { headers: { authorization: `Bearer ${tokens.viewer}` } })
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, { operationId: string }>> }
  return new Map(
    Object.entries(paths).flatMap(([address, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => [
        operationId,
        { method: method.toUpperCase(), address },
      ]),
    ),
  )
}

async function statusOf(
  url: string,
  { method, address }: Route,
  { path = {}, query = '', body }: Request,
  token: string | undefined,
): Promise<{ readonly status: number; readonly text: string }> {
  const type =
    body instanceof Uint8Array ? 'application/octet-stream' : typeof body === 'string' ? 'text/csv' : 'application/json'
  const filled = address.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(path[name] ?? ''))
  const response = await fetch(url + filled + query, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }),
  })
  // A live stream has no end to wait for.
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    await response.body?.cancel()
    return { status: response.status, text: '' }
  }
  return { status: response.status, text: await response.text() }
}

t.test(
  'HTTP: each address answers each kind of caller as its least role says, and writes nothing for who may not',
  async t => {
    const doors = await openRealDoors(t)
    const world = new World(doors)
    const routes = await routesOf(doors)
    // The token of a device is none of a principal (test/broker/use-cases/device-certificates.test.ts).
    const open = ['health-alive', 'health-ready', 'device-bootstrap', 'session-create']
    t.same([...routes.keys()].filter(name => !open.includes(name)).sort(), Object.keys(cases).sort(), 'all addresses')
    for (const [name, [least, prepare]] of Object.entries(cases)) {
      const route = routes.get(name)
      if (route === undefined) continue
      const request = await completed(world, await prepare(world))
      const before = await seen(doors)
      const call = (token: string | undefined) => statusOf(doors.url, route, request, token)
      t.match(await call(undefined), { status: 401, text: /UNAUTHENTICATED/ }, `${name} without a token`)
      t.match(await call('not-a-token'), { status: 401, text: /UNAUTHENTICATED/ }, `${name} with a wrong token`)
      const may = roles.slice(roles.indexOf(least))
      for (const role of roles.slice(0, roles.indexOf(least)))
        t.match(await call(doors.tokens[role]), { status: 403, text: /FORBIDDEN/ }, `${name} as ${role}`)
      t.equal(await seen(doors), before, `${name}: nothing has changed`)
      for (const role of may) {
        const { status, text } = await call(doors.tokens[role])
        // Who comes second finds it done already.
        t.ok(
          role === least ? status < 300 : [200, 201, 204, 404, 409].includes(status),
          `${name} as ${role}: ${status} ${text.slice(0, 200)}`,
        )
      }
      if (least !== 'viewer' && route.method !== 'GET' && name !== 'release-upload')
        t.not(await seen(doors), before, `${name}: now something has`)
    }
  },
)

t.test('MQTT: each verb answers each role likewise', async t => {
  const doors = await openRealDoors(t)
  const world = new World(doors)
  for (const { name, changes } of verbs) {
    const [least, prepare] = cases[name] ?? ['admin', nothing]
    const { path, body } = await completed(world, await prepare(world))
    await atRest(doors)
    const before = await seen(doors)
    const call = (role: PrincipalRole) =>
      doors.command(doors.principals[role], name, { requestId: `${name}-${role}`, ...path, ...(body as object) })
    for (const role of roles.slice(0, roles.indexOf(least)))
      t.match(await call(role), { accepted: false, message: { code: 'FORBIDDEN' } }, `${name} as ${role}`)
    t.equal(await seen(doors), before, `${name}: nothing has changed`)
    for (const role of roles.slice(roles.indexOf(least))) {
      const { accepted, message } = await call(role)
      const { code = '' } = message
      t.ok(
        role === least ? accepted : accepted || ['NOT_FOUND', 'CONFLICT'].includes(code),
        `${name} as ${role}: ${code} ${message.message ?? ''}`,
      )
    }
    if (changes) t.not(await seen(doors), before, `${name}: now something has`)
  }
})
