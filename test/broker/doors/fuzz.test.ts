// Requests made from the OpenAPI document of the door (openapi-requests.ts) before the real use cases: whatever is
// sent, the answer is one that the document names, never a failure of the broker.
import { Agent, request as httpRequest } from 'node:http'
import fc from 'fast-check'
import t from 'tap'
import { eventIdOf } from '../../../proto/ids.ts'
import { long, seed } from '../../fixtures/cases.ts'
import { device, putBackup, putDevice } from '../../suites/store-samples.ts'
import { type Case, casesOf, type Document, type Known, type Sent } from './openapi-requests.ts'
import { openRealDoors, type RealDoors } from './real-doors.ts'

const runs = long ? 20_000 : 600
/** Requests before there are fresh things to ask for: most of what they find is soon stopped, deleted, refused. */
const roundLength = 100

interface Heard {
  readonly status: number
  readonly text: string
}
function send(url: string, agent: Agent, { method, target, headers, body }: Sent): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const request = httpRequest({ host: hostname, port, method, path: target, headers, agent }, response => {
      const status = response.statusCode ?? 0
      if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
        request.destroy()
        return resolve({ status, text: '' })
      }
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve({ status, text }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** Things to ask for, and the texts that lead to them. May be called again, when requests have used them up. */
async function fill({ useCases, principals, store, bundle }: RealDoors): Promise<Known> {
  const made = async (type: string, policy: object, target = 'sensor-1') =>
    (await useCases.createOperation(principals.operator, { type, targets: { devices: [target] }, policy })).id
  for (const name of ['sensor-1', 'sensor-2', 'sensor-3']) await store.commit([putDevice(device(name))])
  await store.commit([putDevice(device('sensor-4'), { quarantinedAt: 1 })])
  const operations = await Promise.all([
    ...[1, 2, 3].map(() => made('config-backup', {})),
    ...[1, 2, 3].map(() => made('reboot', { approval: true })),
    ...[1, 2].map(() => made('config-backup', {}, 'never-seen')),
  ])
  await store.commit([putBackup(operations[0] as Parameters<typeof putBackup>[0], device('sensor-1'), 'a=1')])
  const webhook =
    (await useCases.listWebhooks(principals.admin)).data[0] ??
    (await useCases.createWebhook(principals.admin, { url: 'http://127.0.0.1:9/', events: ['operation.stopped'] }))
  const devices = ['sensor-1', 'sensor-2', 'sensor-3', 'sensor-4', 'never-seen']
  const events = [1, 2, 3, 999].map(number => eventIdOf(number))
  const filters = ['id=sensor-1', 'component=app&version__gte=1.0.0', 'tag=x', 'last_seen__gte=7d', 'state__in=online']
  const times = ['2030-01-01T00:00:00Z', '2020-01-01T00:00:00.000Z', 'tomorrow']
  return {
    operations,
    operation: operations,
    devices,
    device: devices,
    'device-events': events,
    lastEventId: events,
    'last-event-id': events,
    name: ['the-viewer', 'nobody', 'app', 'night shift'],
    releases: [bundle.release],
    release: [bundle.release, 'app@2.0.0', 'app@9.9.9'],
    webhooks: [webhook.id],
    url: [
      'http://127.0.0.1:9/',
      'http://10.0.0.1/',
      'https://user:password@127.0.0.1/',
      'ftp://127.0.0.1/',
      'http://[',
    ],
    after: [...operations, ...devices, ...events, '1', bundle.release],
    filter: filters,
    type: ['firmware-update', 'config-backup', 'config-change', 'config-restore', 'reboot', 'command'],
    match: ['FAIL', 'TIMED_OUT', 'ALL', 'UPD4_FAIL_24', 'FAIL_NETWORK'],
    cron: ['0 2 * * *', '*/5 * * * 1-5', '0 0 30 2 *', '* * * * * *', '99 * * * *'],
    timeZone: ['UTC', 'Europe/Berlin', 'Mars/Base'],
    startAt: times,
    endAt: times,
    rollback: [bundle.release],
    code: ['SYS_107', 'SYS_112', 'SYS_999'],
    from: ['1', '2', '99999'],
    versionLeast: ['1.0.0'],
    component: ['app'],
    'idempotency-key': Array.from({ length: 500 }, (_, number) => `key-${number}`),
    request: [
      '{"type":"reboot"}',
      '{"type":"config-backup","policy":{"approval":true}}',
      '{"type":"reboot","targets":1}',
    ],
  }
}

t.test(`${runs} requests from the OpenAPI document: no failure, and no answer it does not name`, async t => {
  const doors = await openRealDoors(t)
  const { url, tokens, complaints } = doors
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  t.teardown(() => agent.destroy())
  const response = await fetch(`${url}/v1/openapi.json`, { headers: { authorization: `Bearer ${tokens.viewer}` } })
  const document = (await response.json()) as Document
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => {
    unhandled.push(reason)
  }
  process.on('unhandledRejection', note)
  t.teardown(() => process.off('unhandledRejection', note))

  const all = Object.values(document.paths).flatMap(methods => Object.keys(methods)).length
  const statuses = new Map<string, number>()
  const succeeded = new Set<string>()
  // The administrator's own token: anybody else would mostly be told that he may not.
  const asking = [...Array(8).fill(tokens.admin), ...Object.values(tokens), 'wrong', '']
  let tried = 0
  const look = async ({ described, sent }: Case): Promise<void> => {
    tried += 1
    const { status, text } = await send(url, agent, sent)
    const what = `${status} to ${sent.method} ${sent.target.slice(0, 300)} ${sent.body?.toString().slice(0, 500) ?? ''}: ${text.slice(0, 300)}`
    const kind = `${Math.floor(status / 100)}xx`
    statuses.set(kind, (statuses.get(kind) ?? 0) + 1)
    if (status >= 500) throw new Error(what)
    if (status < 300) succeeded.add(described.operationId)
    // A hostile address may lead elsewhere; too long an address or header is refused before any route.
    if (![404, 414, 431].includes(status) && !Object.hasOwn(described.responses, status))
      throw new Error(`undocumented: ${what}`)
    if (status >= 400 && JSON.parse(text).object !== 'error') throw new Error(`not the documented error: ${what}`)
  }
  for (let round = 0; tried < runs; round += 1) {
    const cases = casesOf(document, await fill(doors), asking)
    await fc.assert(fc.asyncProperty(cases, look), { numRuns: roundLength, seed: seed + round, endOnFailure: true })
  }
  t.equal(tried, runs)
  const figures = [...statuses]
    .map(([kind, count]) => `${count} ${kind}`)
    .sort()
    .join(', ')
  t.comment(`seed ${seed}: ${figures}; ${succeeded.size} of ${all} addresses were asked for something they could do`)
  t.same(unhandled, [], `no unhandled rejection (seed ${seed})`)
  const failures = complaints.filter(({ event }) => /failed|broke/.test(event) && event !== 'webhook-failed')
  t.same(failures, [], `nothing failed behind an answer (seed ${seed})`)
  t.ok(succeeded.size > all * 0.6, `enough of them were right: ${figures}, ${[...succeeded].join(' ')} (seed ${seed})`)
})
