// The MQTT door alone, before use cases that only remember: what of a message reaches them, what comes back. With the
// real ones it stands in test/broker/use-cases and test/stories.
import t from 'tap'
import { MqttCommands } from '../../../broker/adapters/mqtt-commands.ts'
import type { Principal } from '../../../broker/core/records.ts'
import { verbs } from '../../../broker/doors/verbs.ts'
import { RequestRefused, StoreUnavailable } from '../../../broker/errors.ts'
import type { UseCases } from '../../../broker/use-cases/use-cases.ts'
import { parseOperatorRequest } from '../../../proto/topics.ts'
import { answerOf, principals, type Scripted, scriptedUseCases } from './http/scripted-use-cases.ts'

const [, operator, , admin] = principals as [Principal, Principal, Principal, Principal]
const silent = { debug() {}, info() {}, warn() {}, error() {} }

interface Message {
  readonly topic: string
  readonly message: { readonly result?: unknown; readonly code?: string; readonly fields?: readonly { name: string }[] }
}
function door(own: Partial<UseCases> = {}): Scripted & {
  readonly heard: Message[]
  /** Resolves to the first of the answers that have come since. */
  send(verb: string, body: unknown, by?: Principal, answersMost?: number): Promise<Message>
} {
  const scripted = scriptedUseCases(own)
  const heard: Message[] = []
  const channel = { publish: (topic: string, message: object) => heard.push({ topic, message }) }
  const commands = new MqttCommands(scripted.useCases, channel, silent)
  const send = async (verb: string, body: unknown, by = admin, answersMost = 1): Promise<Message> => {
    const before = heard.length
    await commands.handle(by, verb, body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body)))
    const count = heard.length - before
    if (count === 0 || count > answersMost) throw new Error(`${count} answers to ${verb}`)
    return heard[before] as Message
  }
  return { ...scripted, heard, send }
}

const create = { type: 'reboot', targets: { all: true } }
const page = { after: 'x', limit: 7 }
/** verb: what stands in the message, the use case, its arguments after the caller */
const rows: readonly (readonly [verb: string, fields: object, useCase: string, args: readonly unknown[]])[] = [
  ['device-list', { ...page, filter: 'id=a' }, 'listDevices', [{ ...page, filter: 'id=a' }]],
  ['device-show', { id: 'a' }, 'showDevice', ['a']],
  ['device-enroll', { device: 'a' }, 'enrollDevice', [{ device: 'a' }]],
  [
    'device-edit',
    { id: 'a', tags: { add: ['x'] }, attributes: { hall: null } },
    'editDevice',
    ['a', { tags: { add: ['x'] }, attributes: { hall: null } }],
  ],
  ['device-deregister', { id: 'a' }, 'deregisterDevice', ['a']],
  ['device-release', { id: 'a' }, 'releaseDevice', ['a']],
  ['device-forget-report-key', { id: 'a' }, 'forgetReportKey', ['a']],
  ['device-renew-secret', { id: 'a' }, 'renewDeviceSecret', ['a']],
  ['device-enroll-token', { id: 'a' }, 'issueEnrolmentToken', ['a']],
  ['device-certify', { id: 'a', csr: 'b' }, 'certifyDevice', ['a', { csr: 'b' }]],
  ['device-certificates', { id: 'a' }, 'listCertificates', ['a']],
  ['device-revoke', { id: 'a' }, 'revokeCertificates', ['a']],
  ['release-list', page, 'listReleases', [page]],
  ['release-show', { id: 'a' }, 'showRelease', ['a']],
  [
    'event-list',
    { ...page, order: 'ASC', device: 'a', code: 'b', operation: 'c', filter: 'd=e', include: 'total_count' },
    'listEvents',
    [{ ...page, order: 'ASC', device: 'a', code: 'b', operation: 'c', filter: 'd=e', include: 'total_count' }],
  ],
  ['event-show', { id: 'a' }, 'showEvent', ['a']],
  ['event-codes', {}, 'listEventCodes', []],
  ['operation-create', create, 'createOperation', [create]],
  ['operation-plan', create, 'planOperation', [create]],
  ['operation-list', page, 'listOperations', [page]],
  ['operation-show', { id: 'a' }, 'showOperation', ['a']],
  ['operation-edit', { id: 'a', rate: null }, 'editOperation', ['a', { rate: null }]],
  ['operation-stop', { id: 'a' }, 'stopOperation', ['a']],
  ['operation-pause', { id: 'a' }, 'pauseOperation', ['a']],
  ['operation-resume', { id: 'a' }, 'resumeOperation', ['a']],
  ['operation-approve', { id: 'a' }, 'approveOperation', ['a']],
  ['operation-refuse', { id: 'a' }, 'refuseOperation', ['a']],
  ['operation-override', { id: 'a', reason: 'leak' }, 'overrideOperation', ['a', { reason: 'leak' }]],
  ['operation-retry-failed', { id: 'a' }, 'retryFailed', ['a']],
  ['operation-remove-device', { id: 'a', device: 'b' }, 'removeDevice', ['a', 'b']],
  ['operation-explain', { id: 'a', device: 'b' }, 'explainDevice', ['a', 'b']],
  [
    'operation-executions',
    { id: 'a', ...page, result: 'errors' },
    'listExecutions',
    ['a', { ...page, result: 'errors' }],
  ],
  ['operation-execution', { id: 'a', device: 'b' }, 'showExecution', ['a', 'b']],
  ['operation-backups', { id: 'a', ...page }, 'listBackups', ['a', page]],
  ['operation-device-logs', { id: 'a', ...page }, 'listDeviceLogs', ['a', page]],
  ['principal-create', { name: 'a', role: 'viewer' }, 'createPrincipal', [{ name: 'a', role: 'viewer' }]],
  ['principal-list', {}, 'listPrincipals', []],
  ['principal-edit', { name: 'a', role: 'viewer' }, 'editPrincipal', ['a', { role: 'viewer' }]],
  ['principal-renew-token', { name: 'a' }, 'renewPrincipalToken', ['a']],
  ['principal-delete', { name: 'a' }, 'deletePrincipal', ['a']],
  ['audit-list', { ...page, order: 'DESC', operation: 'a' }, 'listAudit', [{ ...page, order: 'DESC', operation: 'a' }]],
  ['audit-head', {}, 'auditHead', []],
  ['audit-verification', {}, 'auditVerification', []],
  ['fleet', {}, 'showFleet', []],
  ['fleet-failures', { hours: 48 }, 'fleetFailures', [{ hours: 48 }]],
  [
    'device-operations',
    { id: 'a', ...page, type: 'reboot' },
    'listDeviceOperations',
    ['a', { ...page, type: 'reboot' }],
  ],
  [
    'webhook-create',
    { url: 'https://a.example/', events: ['operation.paused'] },
    'createWebhook',
    [{ url: 'https://a.example/', events: ['operation.paused'] }],
  ],
  ['webhook-list', {}, 'listWebhooks', []],
  ['webhook-delete', { id: 'a' }, 'deleteWebhook', ['a']],
]

t.test(
  'each verb of the table calls its use case with the fields of the message and answers what it was given',
  async t => {
    const { send, calls } = door()
    t.same(rows.map(([name]) => name).sort(), verbs.map(({ name }) => name).sort(), 'the test knows every row')
    for (const [verb, fields, useCase, args] of rows) {
      t.ok(parseOperatorRequest(`drover/v1/operators/kim/request/${verb}`), `${verb} can stand in a topic`)
      const answer = await send(verb, { requestId: `r-${verb}`, ...fields })
      t.equal(answer.topic, `drover/v1/operators/the-admin/accepted/r-${verb}`, JSON.stringify(answer.message))
      const row = verbs.find(({ name }) => name === verb)
      const result = row?.answer === undefined ? null : (answerOf(useCase) ?? null)
      t.same(answer.message, { requestId: `r-${verb}`, verb, result })
      const call = calls.pop()
      t.same([call?.name, call?.args], [useCase, args], verb)
      t.equal(call?.by.requestId, row?.changes === true ? `r-${verb}` : undefined)
      t.match(
        (await send(verb, { requestId: `s-${verb}`, ...fields, surprise: 1 })).message,
        { code: 'INVALID', fields: [{ name: /surprise|body/ }] },
        `${verb} takes nothing it does not know`,
      )
    }
    t.equal(calls.length, 0)
  },
)

t.test('what cannot be read is answered on rejected, naming the field, and reaches no use case', async t => {
  const { send, calls } = door()
  const text = (body: string): Uint8Array => Buffer.from(body)
  const refused: readonly (readonly [verb: string, body: unknown, requestId: string, field: string])[] = [
    ['operation-show', { requestId: 'r' }, 'r', 'id'],
    ['operation-show', { requestId: 'r', id: '' }, 'r', 'id'],
    ['operation-show', { requestId: 'r', id: 7 }, 'r', 'id'],
    ['operation-show', { requestId: 'r', id: 'a'.repeat(257) }, 'r', 'id'],
    ['operation-list', { requestId: 'r', limit: '7' }, 'r', 'limit'],
    ['operation-list', { requestId: 'r', limit: 1.5 }, 'r', 'limit'],
    ['operation-edit', { requestId: 'r', id: 'a' }, 'r', 'body'],
    ['operation-edit', { requestId: 'r', id: 'a', rate: { maximumPerMinute: 0 } }, 'r', 'rate.maximumPerMinute'],
    ['operation-executions', { requestId: 'r', id: 'a', state: 'asleep' }, 'r', 'state'],
    ['event-list', { requestId: 'r', order: 'down' }, 'r', 'order'],
    ['no-such', { requestId: 'r' }, 'r', 'verb'],
    ['operation-show', { requestId: '-', id: 'a' }, 'unknown', 'requestId'],
    ['operation-show', { id: 'a' }, 'unknown', 'requestId'],
    ['operation-show', text('['.repeat(100_000)), 'unknown', 'body'],
    ['operation-show', text(`{"requestId":"r","id":"${'a'.repeat(300_000)}"}`), 'unknown', 'body'],
    ['operation-show', text('{"requestId":"r","__proto__":{"id":"a"}}'), 'unknown', 'body'],
    ['operation-create', text(`{"requestId":"r","arguments":${'['.repeat(17)}${']'.repeat(17)}}`), 'unknown', 'body'],
    ['operation-show', Buffer.from([0xff]), 'unknown', 'body'],
    ['operation-show', Buffer.alloc(0), 'unknown', 'body'],
    ['operation-show', text('null'), 'unknown', 'body'],
  ]
  for (const [verb, body, requestId, field] of refused) {
    const what = `${verb} ${body instanceof Uint8Array ? String(body).slice(0, 30) : JSON.stringify(body).slice(0, 80)}`
    const { topic, message } = await send(verb, body)
    t.equal(topic, `drover/v1/operators/the-admin/rejected/${requestId}`, what)
    t.equal(message.code, 'INVALID', what)
    t.ok(
      message.fields?.some(({ name }) => name === field),
      `${what} names ${field}: ${JSON.stringify(message.fields)}`,
    )
  }
  t.equal(calls.length, 0)
})

t.test(
  'a change that arrives twice is carried out once, a question is asked anew, a failure is tried again',
  async t => {
    let failure: Error | undefined
    let release = (): void => undefined
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    const { send, calls } = door({
      stopOperation: async () => {
        if (failure !== undefined) throw failure
        return answerOf('stopOperation') as never
      },
      pauseOperation: async () => {
        await held
        return answerOf('pauseOperation') as never
      },
    })
    const stop = { requestId: 'r1', id: 'a' }
    failure = new StoreUnavailable('disk')
    t.match((await send('operation-stop', stop)).message, { code: 'STORE_UNAVAILABLE' })
    failure = new RequestRefused('UNAVAILABLE', 'too busy')
    t.match((await send('operation-stop', stop)).message, { code: 'UNAVAILABLE' })
    failure = undefined
    const first = await send('operation-stop', stop)
    t.match(first.topic, /accepted\/r1$/)
    t.same(await send('operation-stop', stop), first)
    t.equal(calls.length, 3, 'two failures, one success, one repetition')
    await send('operation-stop', stop, operator)
    t.equal(calls.length, 4, 'the ids of one principal are not those of another')
    await send('operation-show', stop)
    await send('operation-show', stop)
    t.equal(calls.length, 6)

    const pause = () => send('operation-pause', { requestId: 'p', id: 'a' }, admin, 2)
    const twice = Promise.all([pause(), pause()])
    release()
    await twice
    t.equal(calls.filter(({ name }) => name === 'pauseOperation').length, 1, 'also while the first is under way')
  },
)
