// Files out of the door and target lists into it: streamed both ways, bounded, and ended when the client goes.
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import t from 'tap'
import { auditLines } from '../../../../broker/adapters/http/download-routes.ts'
import type { AuditEntry, AuditRecord } from '../../../../broker/core/records.ts'
import { RequestRefused } from '../../../../broker/errors.ts'
import { AuditVerifier, chained, firstAuditHash } from '../../../../proto/audit.ts'
import type { BackupView } from '../../../../proto/http-api.ts'
import { principalName } from '../../../../proto/ids.ts'
import { ask, openDoor } from './door.ts'
import { answerOf, scriptedUseCases, tokenOf } from './scripted-use-cases.ts'

const operation = '0mfa1x2c3k7q0v5z9d8s1n4b6w'
const viewer = tokenOf('viewer')
const admin = tokenOf('admin')
const settled = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 5))
}

/** Rows without an end, and how many were asked for. */
function endless() {
  const seen = { count: 0, ended: 0 }
  const rows = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        seen.count += 1
        yield Buffer.alloc(10_000, 'row,')
      }
    } finally {
      seen.ended += 1
    }
  }
  return { seen, rows }
}

t.test('an export is read as fast as the client takes it, and not on when it has gone', async t => {
  const { seen, rows } = endless()
  const { url } = await openDoor(t, scriptedUseCases({ exportOperation: async () => rows() }).useCases)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(
    `GET /v1/operations/${operation}/export.csv HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${viewer}\r\n\r\n`,
  )
  const head = await new Promise<string>(resolve => socket.once('data', bytes => resolve(String(bytes))))
  t.match(head, /^HTTP\/1.1 200 /)
  t.match(head, /content-type: text\/csv; charset=utf-8; header=present\r\n/i)
  t.match(head, new RegExp(`content-disposition: attachment; filename="${operation}\\.csv"`, 'i'))
  socket.pause()
  let before = -1
  while (before !== seen.count) {
    before = seen.count
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  t.ok(seen.count < 2_000, `${seen.count} rows of 10 kB stand in buffers, and no more are read`)
  t.equal(seen.ended, 0)
  socket.destroy()
  await settled(() => seen.ended === 1)
})

t.test('an export that cannot begin is refused in words, one that fails later breaks off', async t => {
  const running = new RequestRefused('CONFLICT', 'it is running', [{ name: 'id', message: 'has not ended' }])
  let failure: Error | undefined = running
  const { url, logged } = await openDoor(
    t,
    scriptedUseCases({
      exportOperation: async () => {
        if (failure !== undefined) throw failure
        return (async function* () {
          yield Buffer.from('device_id\r\n')
          await new Promise(resolve => setTimeout(resolve, 20))
          throw new Error('disk')
        })()
      },
    }).useCases,
    { downloadsMax: 1 },
  )
  const path = `${url}/v1/operations/${operation}/export.csv`
  for (let time = 0; time < 3; time += 1)
    t.match(await ask(path, viewer), { status: 409, body: { type: 'CONFLICT', message: /running/ } })
  t.match(await ask(`${path}?x=1`, viewer), { status: 400, body: { fields: [{ name: 'x' }] } })
  failure = undefined
  await t.rejects(ask(path, viewer), 'no client takes it for whole')
  t.match(logged.at(-1), { event: 'download-failed' })
  await t.rejects(ask(path, viewer), 'and its place is free again')
})

t.test('one download too many at a time is told to come again', async t => {
  const { seen, rows } = endless()
  const { url } = await openDoor(t, scriptedUseCases({ exportOperation: async () => rows() }).useCases, {
    downloadsMax: 2,
  })
  const path = `${url}/v1/operations/${operation}/export.csv`
  const open = () => fetch(path, { headers: { authorization: `Bearer ${viewer}` } })
  const [first, second] = await Promise.all([open(), open()])
  const third = await ask(path, viewer)
  t.match(third, { status: 503, body: { message: /2 downloads/ } })
  t.equal(third.headers.get('retry-after'), '5')
  await first.body?.cancel()
  await settled(() => seen.ended === 1)
  const again = await open()
  t.equal(again.status, 200)
  await Promise.all([second.body?.cancel(), again.body?.cancel()])
  await settled(() => seen.ended === 3)
})

t.test('a backup comes byte for byte with its digest', async t => {
  const content = Buffer.from([0, 255, 13, 10, 128, 7])
  const view: BackupView = {
    operation,
    device: 'sensor:1',
    sha256: createHash('sha256').update(content).digest('hex'),
    version: '1.0 ü\r\nx: y',
    sizeBytes: content.length,
    at: '2030-01-01T00:00:00.000Z',
  }
  const { useCases, calls } = scriptedUseCases({ readBackup: async () => ({ view, content }) })
  const { url } = await openDoor(t, useCases)
  const answer = await fetch(`${url}/v1/operations/${operation}/backups/sensor%3A1`, {
    headers: { authorization: `Bearer ${admin}` },
  })
  t.same(Buffer.from(await answer.arrayBuffer()), content)
  t.same(calls.at(-1)?.args, [operation, 'sensor:1'])
  const digest = `sha-256=:${createHash('sha256').update(content).digest('base64')}:`
  t.equal(answer.headers.get('content-type'), 'application/octet-stream')
  t.equal(answer.headers.get('content-length'), '6')
  t.equal(answer.headers.get('repr-digest'), digest)
  t.equal(answer.headers.get('content-digest'), digest)
  t.equal(answer.headers.get('drover-sha256'), view.sha256)
  t.equal(decodeURIComponent(answer.headers.get('drover-version') ?? ''), view.version)
  t.equal(answer.headers.get('content-disposition'), `attachment; filename="sensor_1-${operation}.bin"`)
})

t.test('the log of a device comes as text and says whose it is', async t => {
  const event = '2b'.padStart(32, '0')
  const at = '2030-01-01T00:00:00.000Z'
  const view = { id: event, operation, device: 'sensor:1', attempt: 2, sizeBytes: 23, cut: true, at }
  const text = '{"a":"<script>ü"}\n'
  const { useCases, calls } = scriptedUseCases({ readDeviceLog: async () => ({ view, text }) })
  const { url } = await openDoor(t, useCases)
  const ask = (path: string) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${admin}` } })
  const answer = await ask(`/v1/device-logs/${event}`)
  t.equal(await answer.text(), text)
  t.same(calls.at(-1)?.args, [event])
  t.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
  t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  t.equal(answer.headers.get('content-disposition'), `attachment; filename="sensor_1-${operation}-2.log"`)
  const told = ['device', 'operation', 'attempt', 'cut'].map(name => answer.headers.get(`drover-${name}`))
  t.same(told, ['sensor:1', operation, '2', 'true'])
  t.equal((await ask(`/v1/device-logs/${event}?all=true`)).status, 400)
})

function chainOf(count: number): AuditRecord[] {
  let head = { number: 0, hash: firstAuditHash }
  return Array.from({ length: count }, (_, index) => {
    const entry: AuditEntry = {
      at: 1_900_000_000_000 + index,
      actor: { kind: 'principal', name: principalName('kim') },
      action: 'operation.stop',
      subject: operation,
      changes: [],
      data: { count: index },
    }
    const record = chained(entry as never, head) as unknown as AuditRecord
    head = { number: record.number, hash: record.hash }
    return record
  })
}

t.test('the audit chain leaves as a file that verifies, whole and from any record on', async t => {
  const chain = chainOf(250)
  const last = chain.at(-1)
  const head = { number: 250, hash: last?.hash ?? '' }
  const { useCases, calls } = scriptedUseCases({
    auditHead: async () => head,
    exportAudit: async (_by, { from = 1 }) =>
      (async function* () {
        yield* chain.slice(from - 1)
      })(),
  })
  const { url } = await openDoor(t, useCases)
  const verdictOf = (text: string) => {
    const verifier = new AuditVerifier()
    t.equal(text.at(-1), '\n')
    for (const line of text.slice(0, -1).split('\n')) verifier.add(line)
    return verifier.finish(head)
  }
  const whole = await ask(`${url}/v1/audit/export`, admin)
  t.equal(whole.headers.get('content-type'), 'application/jsonl')
  t.equal(whole.body.split('\n').length, 252, 'a record a line, the head, the end of the last line')
  t.match(verdictOf(whole.body), { intact: true, first: 1, last: 250, hash: head.hash })
  t.match(verdictOf((await ask(`${url}/v1/audit/export?from=200`, admin)).body), {
    intact: true,
    first: 200,
    last: 250,
  })
  t.match(verdictOf((await ask(`${url}/v1/audit/export?from=251`, admin)).body), {
    intact: true,
    first: 251,
    last: 250,
  })
  t.match(verdictOf(whole.body.replace('"count":7}', '"count":8}')), { intact: false }, 'and would tell')
  t.match(await ask(`${url}/v1/audit/export?from=252`, admin), { status: 400, body: { fields: [{ name: 'from' }] } })
  const callsBefore = calls.length
  for (const from of ['0', '-1', '1.5', 'x', '', '99999999999999999'])
    t.match(
      await ask(`${url}/v1/audit/export?from=${from}`, admin),
      { status: 400, body: { fields: [{ name: 'from' }] } },
      `from=${from}`,
    )
  t.equal(calls.length, callsBefore)
  const empty: string[] = []
  const nothing = (async function* (): AsyncGenerator<AuditRecord, void, undefined> {})()
  for await (const bytes of auditLines(nothing, 1, { number: 0, hash: firstAuditHash })) empty.push(String(bytes))
  const verifier = new AuditVerifier()
  verifier.add(empty.join('').trimEnd())
  t.match(verifier.finish({ number: 0, hash: firstAuditHash }), { intact: true }, 'an empty chain is a file too')
})

t.test('a list of targets is streamed into its operation; the request stands in the address', async t => {
  let received = ''
  const { useCases, calls } = scriptedUseCases({
    importOperation: async (_by, _request, targets) => {
      for await (const bytes of targets) received += Buffer.from(bytes).toString()
      return answerOf('importOperation') as never
    },
  })
  const { url } = await openDoor(t, useCases, { importBytesMax: 1000 })
  const address = (request: unknown): string =>
    `${url}/v1/operations/import?request=${encodeURIComponent(typeof request === 'string' ? request : JSON.stringify(request))}`
  const wanted = { type: 'reboot', policy: { concurrency: '10%' } }
  const made = await ask(address(wanted), admin, 'POST', 'id\r\na\r\nb\r\n', {
    'content-type': 'text/csv; charset=utf-8',
    'idempotency-key': 'k-1',
  })
  t.equal(made.status, 201)
  t.equal(made.headers.get('location'), `/v1/operations/${encodeURIComponent(made.body.id)}`)
  t.equal(received, 'id\r\na\r\nb\r\n')
  t.same(calls.at(-1)?.args[0], wanted)
  t.equal(calls.at(-1)?.by.requestId, 'k-1')
  calls.length = 0
  const refused: readonly (readonly [address: string, status: number, field: string, type?: string])[] = [
    [`${url}/v1/operations/import`, 400, 'request'],
    [address('{'), 400, 'request'],
    [address('"x"'), 400, 'request'],
    [address({ ...wanted, targets: { all: true } }), 400, 'request.targets'],
    [address({ type: 'reboot', policy: { concurrency: 0 } }), 400, 'request.policy.concurrency'],
    [address('['.repeat(17)), 400, 'request'],
    [address('{"__proto__":{}}'), 400, 'request'],
    [`${address(wanted)}&colour=1`, 400, 'colour'],
    [address(`"${'x'.repeat(17_000)}"`), 414, 'url'],
    [address(wanted), 415, 'content-type', 'application/json'],
    [address(wanted), 415, 'content-type', 'multipart/form-data; boundary=x'],
  ]
  for (const [path, status, field, type = 'text/csv'] of refused) {
    const answer = await ask(path, admin, 'POST', 'a\n', { 'content-type': type })
    t.match(answer, { status, body: { object: 'error' } }, `${path.slice(0, 120)} ${JSON.stringify(answer.body)}`)
    t.equal(answer.body.fields[0]?.name, field, path.slice(0, 120))
  }
  t.equal(calls.length, 0)
  t.match(await ask(address(wanted), admin, 'POST', 'a\n'.repeat(501)), { status: 413, body: { type: 'TOO_LARGE' } })
  const unannounced = await fetch(address(wanted), {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'text/csv' },
    body: new Blob(['a\n'.repeat(501)]).stream(),
    duplex: 'half',
  } as RequestInit)
  t.equal(unannounced.status, 413, 'also when it does not say how long it is')
  await unannounced.text()
  t.equal((await ask(address(wanted), admin, 'POST', 'a\n'.repeat(500))).status, 201, 'exactly the limit passes')
})
