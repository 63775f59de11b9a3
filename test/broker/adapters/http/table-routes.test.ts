// The addresses made from the table: what of a request reaches the use case, what of its answer reaches the client.
import { readFile, writeFile } from 'node:fs/promises'
import { cwd, env } from 'node:process'
import t from 'tap'
import type { Verb } from '../../../../broker/doors/verb.ts'
import { verbs } from '../../../../broker/doors/verbs.ts'
import { ask, openDoor } from './door.ts'
import { answerOf, sampleOf, scriptedUseCases, tokenOf } from './scripted-use-cases.ts'

const admin = tokenOf('admin')
const operation = '0mfa1x2c3k7q0v5z9d8s1n4b6w'
const create = { type: 'reboot', targets: { all: true } }

/** verb: use case, body, the arguments of the use case after the caller */
const rows: Readonly<Record<string, readonly [useCase: string, body: object | undefined, args: readonly unknown[]]>> = {
  'device-list': ['listDevices', undefined, [{}]],
  'device-show': ['showDevice', undefined, ['the-id']],
  'device-enroll': ['enrollDevice', { device: 'a' }, [{ device: 'a' }]],
  'device-edit': ['editDevice', { group: null }, ['the-id', { group: null }]],
  'device-deregister': ['deregisterDevice', undefined, ['the-id']],
  'device-release': ['releaseDevice', undefined, ['the-id']],
  'device-forget-report-key': ['forgetReportKey', undefined, ['the-id']],
  'device-renew-secret': ['renewDeviceSecret', undefined, ['the-id']],
  'device-enroll-token': ['issueEnrolmentToken', undefined, ['the-id']],
  'device-certify': ['certifyDevice', { csr: 'a' }, ['the-id', { csr: 'a' }]],
  'device-certificates': ['listCertificates', undefined, ['the-id']],
  'device-revoke': ['revokeCertificates', undefined, ['the-id']],
  'release-list': ['listReleases', undefined, [{}]],
  'release-show': ['showRelease', undefined, ['the-id']],
  'event-list': ['listEvents', undefined, [{ limit: 50, order: 'DESC' }]],
  'event-show': ['showEvent', undefined, ['the-id']],
  'event-codes': ['listEventCodes', undefined, []],
  'operation-create': ['createOperation', create, [create]],
  'operation-plan': ['planOperation', create, [create]],
  'operation-list': ['listOperations', undefined, [{}]],
  'operation-show': ['showOperation', undefined, ['the-id']],
  'operation-edit': ['editOperation', { rate: null }, ['the-id', { rate: null }]],
  'operation-stop': ['stopOperation', undefined, ['the-id']],
  'operation-pause': ['pauseOperation', undefined, ['the-id']],
  'operation-resume': ['resumeOperation', undefined, ['the-id']],
  'operation-approve': ['approveOperation', undefined, ['the-id']],
  'operation-refuse': ['refuseOperation', undefined, ['the-id']],
  'operation-override': ['overrideOperation', { reason: 'leak' }, ['the-id', { reason: 'leak' }]],
  'operation-retry-failed': ['retryFailed', undefined, ['the-id']],
  'operation-remove-device': ['removeDevice', undefined, ['the-id', 'the-device']],
  'operation-explain': ['explainDevice', undefined, ['the-id', 'the-device']],
  'operation-executions': ['listExecutions', undefined, ['the-id', {}]],
  'operation-execution': ['showExecution', undefined, ['the-id', 'the-device']],
  'operation-backups': ['listBackups', undefined, ['the-id', {}]],
  'operation-device-logs': ['listDeviceLogs', undefined, ['the-id', {}]],
  'principal-create': ['createPrincipal', { name: 'a', role: 'viewer' }, [{ name: 'a', role: 'viewer' }]],
  'principal-list': ['listPrincipals', undefined, []],
  'principal-edit': ['editPrincipal', { role: 'viewer' }, ['the-name', { role: 'viewer' }]],
  'principal-renew-token': ['renewPrincipalToken', undefined, ['the-name']],
  'principal-delete': ['deletePrincipal', undefined, ['the-name']],
  'audit-list': ['listAudit', undefined, [{}]],
  'audit-head': ['auditHead', undefined, []],
  'audit-verification': ['auditVerification', undefined, []],
  fleet: ['showFleet', undefined, []],
  'fleet-failures': ['fleetFailures', undefined, [{}]],
  'device-operations': ['listDeviceOperations', undefined, ['the-id', {}]],
  'webhook-create': [
    'createWebhook',
    { url: 'https://a.example/', events: ['operation.paused'] },
    [{ url: 'https://a.example/', events: ['operation.paused'] }],
  ],
  'webhook-list': ['listWebhooks', undefined, []],
  'webhook-delete': ['deleteWebhook', undefined, ['the-id']],
}

const addressOf = ({ path }: Verb): string => path.replaceAll(/:(\w+)/g, 'the-$1')

t.test(
  'each address of the table calls its use case with what was sent, and answers all that it was given',
  async t => {
    const { useCases, calls } = scriptedUseCases()
    const { url } = await openDoor(t, useCases)
    t.same(verbs.map(({ name }) => name).sort(), Object.keys(rows).sort(), 'the test knows every row')
    for (const verb of verbs) {
      const [useCase, body, args] = rows[verb.name] ?? ['', undefined, []]
      for (const slash of ['', '/']) {
        const answer = await ask(url + addressOf(verb) + slash, admin, verb.method, body, {
          'idempotency-key': 'once-1',
        })
        const call = calls.pop()
        t.equal(answer.status, verb.status, `${verb.name}${slash}: ${JSON.stringify(answer.body).slice(0, 200)}`)
        t.same([call?.name, call?.args], [useCase, args], verb.name)
        t.equal(call?.by.name, 'the-admin')
        t.equal(call?.by.requestId, verb.changes ? 'once-1' : undefined, `${verb.name}: the key is for changes`)
        if (verb.answer === undefined) t.equal(answer.body, '', `${verb.name} answers nothing`)
        else t.same(answer.body, answerOf(useCase), `${verb.name} loses nothing of the answer`)
        t.equal(answer.headers.has('location'), verb.location !== undefined, verb.name)
      }
    }
    t.equal(calls.length, 0, 'one call each')
  },
)

t.test('parameters arrive under their names; what is wrong is refused by name before the use case', async t => {
  const { useCases, calls } = scriptedUseCases()
  const { url } = await openDoor(t, useCases)
  const good: readonly (readonly [path: string, args: readonly unknown[]])[] = [
    [
      '/v1/devices?filter=component%3Dmain%26version%3D1.0.0&limit=5000&after=a%2Bb',
      [{ filter: 'component=main&version=1.0.0', limit: 1000, after: 'a+b' }],
    ],
    [`/v1/devices?filter=${'a'.repeat(4096)}`, [{ filter: 'a'.repeat(4096) }]],
    ['/v1/devices/a%2Fb%25', ['a/b%']],
    ['/v1/audit?operation=x&order=ASC&limit=-3&after=7', [{ operation: 'x', order: 'ASC', limit: 1, after: '7' }]],
    [
      `/v1/operations/${operation}/executions?result=errors&state=failed`,
      [operation, { result: 'errors', state: 'failed' }],
    ],
    [`/v1/operations/${operation}/explain/sensor%3A1`, [operation, 'sensor:1']],
    ['/v1/fleet/failures?hours=168', [{ hours: 168 }]],
    ['/v1/devices/a/operations?type=reboot%2Cconfig-change&limit=9', ['a', { type: 'reboot,config-change', limit: 9 }]],
    [
      '/v1/operations?type=reboot&status=Cancelled&updateStatus=Processing&createdBy=kim&release=main%402.0.0',
      [{ type: 'reboot', status: 'Cancelled', updateStatus: 'Processing', createdBy: 'kim', release: 'main@2.0.0' }],
    ],
  ]
  for (const [path, args] of good) {
    t.equal((await ask(url + path, admin)).status, 200, path.slice(0, 80))
    t.same(calls.pop()?.args, args, path.slice(0, 80))
  }
  const wrong: readonly (readonly [method: string, path: string, field: string, body?: object])[] = [
    ['GET', `/v1/devices?filter=${'a'.repeat(4097)}`, 'filter'],
    ['GET', `/v1/devices?after=${'a'.repeat(257)}`, 'after'],
    ['GET', '/v1/devices?limit=1e3', 'limit'],
    ['GET', '/v1/devices?limit=1&limit=2', 'limit'],
    ['GET', '/v1/devices?__proto__=1', '__proto__'],
    ['GET', '/v1/audit?order=down', 'order'],
    ['GET', '/v1/audit/head?x=1', 'x'],
    ['GET', '/v1/fleet/failures?hours=0', 'hours'],
    ['GET', '/v1/fleet/failures?hours=169', 'hours'],
    ['GET', '/v1/operations?status=Processing', 'status'],
    ['GET', '/v1/operations?updateStatus=Running', 'updateStatus'],
    ['GET', `/v1/operations/${operation}/executions?result=all`, 'result'],
    ['POST', `/v1/operations/${operation}/pause?x=1`, 'x'],
    ['POST', `/v1/operations/${operation}/pause`, 'body', { reason: 'not asked for' }],
    ['POST', `/v1/operations/${operation}/pause`, 'body', ['x']],
    ['POST', `/v1/operations/${operation}/override`, 'reason', {}],
    ['PATCH', `/v1/operations/${operation}`, 'body', {}],
    ['PATCH', '/v1/devices/a', 'tags.add.0', { tags: { add: ['not a name'] } }],
    ['DELETE', '/v1/devices/a', 'body', { really: true }],
    ['PATCH', '/v1/principals/a', 'role', { role: 'root' }],
    ['POST', '/v1/webhooks', 'events.1', { url: 'https://a.example/', events: ['operation.paused', 'x'] }],
  ]
  for (const [method, path, field, body] of wrong) {
    const answer = await ask(url + path, admin, method, body)
    t.match(
      answer,
      { status: 400, body: { object: 'error', type: 'INVALID', fields: [{ name: field }] } },
      `${method} ${path.slice(0, 60)} names ${field}: ${JSON.stringify(answer.body.fields).slice(0, 200)}`,
    )
  }
  for (const key of ['', ' ', 'a b', '-a', 'a'.repeat(65), 'ü'].map(text => Buffer.from(text).toString('latin1')))
    t.match(
      await ask(`${url}/v1/operations/${operation}/pause`, admin, 'POST', undefined, { 'idempotency-key': key }),
      { status: 400, body: { fields: [{ name: 'idempotency-key' }] } },
      `idempotency key ${key.slice(0, 8)}`,
    )
  t.equal(
    (await ask(`${url}/v1/operations/${operation}/pause`, admin, 'POST', {})).status,
    200,
    'an empty object is nothing',
  )
  t.equal(calls.length, 1)
})

t.test('the OpenAPI document says what the door does, and docs/openapi.json is this document', async t => {
  const { useCases } = scriptedUseCases()
  const { url } = await openDoor(t, useCases)
  t.equal((await ask(`${url}/v1/openapi.json`, undefined)).status, 401, 'it is for those who have a token')
  const { status, body: document } = await ask(`${url}/v1/openapi.json`, tokenOf('viewer'))
  t.equal(status, 200)
  t.match(document.openapi, /^3\.1\./)

  const operations: [address: string, operation: Record<string, never>][] = Object.entries(document.paths).flatMap(
    ([address, methods]) =>
      Object.entries(methods as object).map(([method, operation]) => [`${method} ${address}`, operation] as never),
  )
  const documented = new Map(operations)
  for (const verb of verbs) {
    const address = `${verb.method.toLowerCase()} ${verb.path.replaceAll(/:(\w+)/g, '{$1}')}`
    const described = documented.get(address) as
      | { operationId?: string; parameters?: { name: string }[]; 'x-role'?: string }
      | undefined
    t.match(described, { operationId: verb.name, 'x-role': verb.role }, address)
    const names = new Set(described?.parameters?.map(({ name }) => name))
    for (const name of [...verb.pathNames, ...(verb.name === 'event-list' ? [] : Object.keys(verb.query))])
      t.ok(names.has(name), `${address} has the parameter ${name}`)
  }
  const others = operations
    .map(([, { operationId }]) => operationId)
    .filter(id => !verbs.some(({ name }) => name === id))
  t.same(others.sort(), [
    'api-document',
    'audit-export',
    'device-bootstrap',
    'device-log',
    'event-stream',
    'health-alive',
    'health-metrics',
    'health-ready',
    'operation-backup',
    'operation-export',
    'operation-import',
    'release-upload',
    'session-create',
    'session-delete',
    'session-show',
  ])
  for (const [address, operation] of operations) {
    const open = address.endsWith('z') || ['post /v1/enroll', 'post /v1/session'].includes(address)
    t.match(operation, { summary: /\w/, responses: {} }, address)
    if (!open)
      t.match(operation, { responses: { 401: { $ref: /Unauthenticated/ }, 403: { $ref: /Forbidden/ } } }, address)
    t.same((operation as { security?: unknown }).security, open ? [] : undefined, `${address}: security`)
  }
  const text = JSON.stringify(document)
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]*)"/g))
    t.ok(Object.hasOwn(document.components.schemas, name ?? ''), `${name} is there`)
  t.notMatch(text, /def-\d|x-schema|~kind/, 'nothing of the making is left')
  t.match(document.paths['/v1/operations'].post, {
    requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/OperationRequest' } } } },
    responses: { 201: { content: { 'application/json': { schema: { $ref: '#/components/schemas/OperationView' } } } } },
  })
  t.match(document.components.schemas.DeviceEdit, {
    additionalProperties: false,
    properties: { attributes: { anyOf: undefined, patternProperties: {} } },
  })

  const file = `${cwd()}/docs/openapi.json`
  if (env.DROVER_WRITE_TABLES === '1') await writeFile(file, `${JSON.stringify(document, null, 2)}\n`)
  const written = JSON.parse(await readFile(file, 'utf8'))
  t.same(written, document, 'docs/openapi.json is up to date: DROVER_WRITE_TABLES=1 writes it anew')
})

t.test('samples hold something for every kind of schema', async t => {
  t.match(sampleOf(verbs.find(({ name }) => name === 'operation-show')?.answer ?? {}), {
    rate: undefined,
    policy: { rate: { exponential: { criterion: { kind: 'notified' } } }, waves: [{}, {}] },
    counts: { pending: 3 },
  })
})
