// Both doors before the real use cases: what shows only when they are there together.
import t from 'tap'
import { AuditVerifier } from '../../../proto/audit.ts'
import type { OperationView } from '../../../proto/http-api.ts'
import { ask } from '../adapters/http/door.ts'
import { openRealDoors, type RealDoors } from './real-doors.ts'

const backup = { type: 'config-backup', targets: { devices: ['sensor-1'] } }

interface Heard {
  readonly event: string
  readonly id: string | undefined
  readonly data: { readonly id: string; readonly state?: string }
}
/** Messages of a live stream, and how to leave it. */
async function listen({ url, tokens }: RealDoors, query = '', headers: Readonly<Record<string, string>> = {}) {
  const leaving = new AbortController()
  const response = await fetch(`${url}/v1/stream${query}`, {
    headers: { authorization: `Bearer ${tokens.viewer}`, ...headers },
    signal: leaving.signal,
  })
  const heard: Heard[] = []
  const reading = (async () => {
    let text = ''
    for await (const bytes of response.body ?? []) {
      text += Buffer.from(bytes).toString()
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      for (const part of parts) {
        const fields = new Map(part.split('\n').map(line => line.split(/: (.*)/s).slice(0, 2) as [string, string]))
        const event = fields.get('event')
        if (event !== undefined) heard.push({ event, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? '') })
      }
    }
  })().catch(() => undefined)
  const until = async (isThere: (message: Heard) => boolean): Promise<void> => {
    while (!heard.some(isThere)) await new Promise(resolve => setTimeout(resolve, 5))
  }
  return {
    heard,
    until,
    async leave() {
      leaving.abort()
      await reading
    },
  }
}

async function ended({ useCases, principals }: RealDoors, id: string): Promise<OperationView> {
  for (;;) {
    const operation = await useCases.showOperation(principals.viewer, id)
    if (operation.completedAt !== null) return operation
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

t.test('a reader who comes back with his last id hears each event once, in order, and nothing twice', async t => {
  const doors = await openRealDoors(t)
  const { useCases, principals } = doors
  /** A device that was never seen ends at once, with an event. */
  const logs = async (name: string) => {
    const targets = { devices: [name] }
    return ended(doors, (await useCases.createOperation(principals.operator, { type: 'config-backup', targets })).id)
  }
  const first = await listen(doors)
  await logs('a-1')
  const { id } = await logs('a-2')
  await first.until(({ event, data }) => event === 'operation' && data.id === id && data.state === 'completed')
  await first.leave()
  const last = first.heard.filter(message => message.id !== undefined).at(-1)?.id ?? ''
  await logs('a-3')
  await logs('a-4')
  const second = await listen(doors, '', { 'last-event-id': last })
  await logs('a-5')
  const everything = await useCases.listEvents(principals.viewer, { order: 'ASC', limit: 1000 })
  await second.until(message => message.id === everything.data.at(-1)?.id)
  await second.leave()
  const ids = [...first.heard, ...second.heard].flatMap(message => message.id ?? [])
  const all = everything.data.map(event => event.id)
  t.ok(ids.length >= 5, `${ids.length} events`)
  t.same(ids, all.slice(all.indexOf(ids[0] ?? '')), 'the log as it is, from the first that was heard')

  const one = await listen(doors, '?device=a-6')
  await logs('a-7')
  await logs('a-6')
  await one.until(message => message.id !== undefined)
  await one.leave()
  const devices = one.heard.map(({ data }) => (data as { device_id?: string }).device_id)
  t.same([...new Set(devices)], ['a-6'], 'only the device that was asked for')
  t.match(await ask(`${doors.url}/v1/stream`, doors.tokens.viewer, 'GET', undefined, { 'last-event-id': 'seven' }), {
    status: 400,
    body: { fields: [{ name: 'lastEventId' }] },
  })
})

t.test('one command under one id is one operation, through whichever door it comes, also again', async t => {
  const doors = await openRealDoors(t)
  const { url, tokens, principals, useCases } = doors
  const key = { 'idempotency-key': 'night-1' }
  const post = (body: object) => ask(`${url}/v1/operations`, tokens.operator, 'POST', body, key)
  const [one, two] = await Promise.all([post(backup), post(backup)])
  const three = await doors.command(principals.operator, 'operation-create', { requestId: 'night-1', ...backup })
  t.same([one.status, two.status, three.accepted], [201, 201, true])
  t.equal(two.body.id, one.body.id)
  t.equal((three.message.result as OperationView).id, one.body.id)
  t.match(await post({ ...backup, name: 'another' }), { status: 409, body: { type: 'CONFLICT' } })
  t.equal((await useCases.listOperations(principals.viewer, {})).data.length, 1)
  const other = await ask(`${url}/v1/operations`, tokens.admin, 'POST', backup, key)
  t.not(other.body.id, one.body.id, 'the ids of another principal are his own')
})

t.test('a list goes in as CSV and the ended operation comes out as CSV, 409 before', async t => {
  const doors = await openRealDoors(t)
  const { url, tokens } = doors
  const request = encodeURIComponent(JSON.stringify({ type: 'config-backup', name: '=1+1' }))
  const made = await ask(
    `${url}/v1/operations/import?request=${request}`,
    tokens.operator,
    'POST',
    'device_id\r\nnever-1\r\nnever-2\r\n',
  )
  t.equal(made.status, 201, JSON.stringify(made.body))
  t.match(await ended(doors, made.body.id), { sensors: 2, errors: 2 })
  const csv = await ask(`${url}/v1/operations/${made.body.id}/export.csv`, tokens.viewer)
  t.equal(csv.status, 200)
  const lines = csv.body.trimEnd().split('\r\n')
  t.equal(lines.length, 3)
  t.match(lines[1], /never-1.*SYS_101/)
  const open = await ask(`${url}/v1/operations`, tokens.operator, 'POST', backup)
  t.match(await ask(`${url}/v1/operations/${open.body.id}/export.csv`, tokens.viewer), {
    status: 409,
    body: { type: 'CONFLICT' },
  })
  t.match(
    await ask(`${url}/v1/operations/import?request=${request}`, tokens.operator, 'POST', 'a\nb b\n'),
    { status: 400, body: { type: 'INVALID' } },
    'a line that is no device id',
  )
})

t.test('what the doors did stands in the audit file, and the file verifies against the head', async t => {
  const doors = await openRealDoors(t)
  const { url, tokens, principals } = doors
  await ask(`${url}/v1/devices/sensor-1`, tokens.operator, 'PATCH', { tags: { add: ['cellar'] } })
  await doors.command(principals.operator, 'device-edit', { requestId: 'r-1', id: 'sensor-2', group: 'hall' })
  const file = await ask(`${url}/v1/audit/export`, tokens.admin)
  const { body: head } = await ask(`${url}/v1/audit/head`, tokens.viewer)
  const verifier = new AuditVerifier()
  const lines: string[] = file.body.trimEnd().split('\n')
  for (const line of lines) verifier.add(line)
  t.match(verifier.finish(head), { intact: true, first: 1, last: head.number })
  const subjects = lines.slice(0, -1).map(line => JSON.parse(line))
  t.match(
    subjects.find(({ subject }) => subject === 'sensor-1'),
    { actor: { name: 'the-operator' } },
  )
  t.match(
    subjects.find(({ subject }) => subject === 'sensor-2'),
    { requestId: 'r-1' },
  )
  t.notMatch(file.body, new RegExp(Object.values(tokens).join('|')), 'no token in it')
})
