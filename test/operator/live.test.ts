// The live stream as the operators' tools hear it: what a server sends in whatever pieces, over lost connections.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { OperatorClient } from '../../operator/client.ts'
import { readEventStream } from '../../operator/event-stream.ts'
import type { LiveMessage } from '../../operator/live.ts'
import { httpClock } from './client-clock.ts'
import { eventView, operationView, tokens } from './fake-use-cases.ts'

const operation = 'op'.padEnd(26, '0')
const told = (number: number): string =>
  `event: device-event\nid: ${eventView(number).id}\ndata: ${JSON.stringify(eventView(number))}\n\n`
const changed = (state: string): string =>
  `event: operation\ndata: ${JSON.stringify(operationView(operation, { state }))}\n\n`

async function read(...pieces: readonly (string | Uint8Array)[]): Promise<unknown[]> {
  const bytes = (async function* () {
    for (const piece of pieces) yield Buffer.from(piece as string)
  })()
  const found: unknown[] = []
  for await (const message of readEventStream(bytes)) found.push(message)
  return found
}

t.test('a stream means the same however it is cut into pieces', async t => {
  const text =
    'retry: 5\r\n: beat\r\n\r\nevent: b\r\ndata: 3\r\ndata: 4\r\n\r\nevent: a\ndata: 1\ndata: é2\nid: 7\n\ndata\n\nid\ndata:x: y\r\rdata: lost'
  const messages = [
    { event: 'b', data: '3\n4', id: '' },
    { event: 'a', data: '1\né2', id: '7' },
    { event: 'message', data: '', id: '7' },
    { event: 'message', data: 'x: y', id: '' },
  ]
  t.same(await read(text), messages, 'in one piece; what has no end is no message')
  const bytes = Buffer.from(text)
  for (let cut = 1; cut < bytes.length; cut += 1)
    t.same(await read(bytes.subarray(0, cut), bytes.subarray(cut)), messages, `cut at ${cut}`)
  t.same(await read(...Array.from(bytes, byte => Buffer.of(byte))), messages, 'byte by byte')
  await t.rejects(read(...Array(70).fill('data: '.padEnd(64 * 1024, 'x'))), RangeError, 'a line without end')
  await t.rejects(read(...Array(70).fill(`${'data: '.padEnd(64 * 1024, 'x')}\n`)), RangeError, 'a message without end')
})

interface Scripted {
  readonly url: string
  readonly asked: { readonly url: string; readonly lastEventId: string | undefined }[]
}
/** Answers one connection after another; the last answer is given again. */
async function scripted(t: Test, answers: readonly ((response: ServerResponse) => void)[]): Promise<Scripted> {
  const asked: Scripted['asked'] = []
  const server = createServer((request: IncomingMessage, response) => {
    const number = Math.min(asked.length, answers.length - 1)
    asked.push({ url: request.url ?? '', lastEventId: request.headers['last-event-id'] as string | undefined })
    answers[number]?.(response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}
const streamed =
  (text: string, then: 'stay' | 'end' | 'cut' = 'stay') =>
  (response: ServerResponse): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(text, () => {
      if (then === 'end') response.end()
      if (then === 'cut') response.destroy()
    })
  }
/** Sleeps after a failure are short. */
const clock = {
  ...httpClock,
  sleep: (ms: number, signal?: AbortSignal) => httpClock.sleep(ms < 20_000 ? 1 : ms, signal),
}
const client = (url: string): OperatorClient =>
  new OperatorClient({ url: new URL(url), token: tokens.viewer, timeoutMs: 30_000, clock })
const named = (message: LiveMessage): string =>
  message.kind === 'event' ? message.event.id.slice(-1) : message.kind === 'operation' ? message.operation.state : '~'

async function follow(server: Scripted, most: number, request: object = {}): Promise<{ heard: string; lost: number }> {
  const ended = new AbortController()
  let heard = ''
  let lost = 0
  const onLost = (): void => {
    lost += 1
  }
  for await (const message of client(server.url).live({ ...request, signal: ended.signal, onLost })) {
    heard += named(message)
    if (heard.length >= most) ended.abort()
  }
  return { heard, lost }
}

t.test('a lost connection goes on behind the last event that was heard', async t => {
  const down = (response: ServerResponse): void => void response.writeHead(503).end()
  const answers = [streamed(told(1) + told(2), 'cut'), down, streamed(told(3), 'end'), streamed(told(4) + told(5))]
  const server = await scripted(t, answers)
  const found = await follow(server, 8, { operation, device: 'sensor-1' })
  t.same(found, { heard: '~12~3~45', lost: 3 })
  t.same(
    server.asked.map(({ lastEventId }) => lastEventId?.slice(-1)),
    [undefined, '2', '2', '3'],
  )
  t.equal(server.asked[0]?.url, `/v1/stream?operation=${operation}&device=sensor-1`)
  const later = await scripted(t, [streamed(told(9))])
  await follow(later, 2, { lastEventId: eventView(8).id })
  t.match(later.asked, [{ url: '/v1/stream', lastEventId: eventView(8).id }])
})

t.test('operations come along, and kinds of message that are news are passed over', async t => {
  const server = await scripted(t, [streamed(`event: weather\ndata: rain\n\n${changed('paused')}${told(1)}`)])
  t.equal((await follow(server, 8 + 0)).heard, '~paused1')
})

t.test('what is no stream, or says no, ends it at once; a broker that stays away after a while', async t => {
  const rows: readonly (readonly [
    string,
    (response: ServerResponse) => void,
    { readonly name: string; readonly code: string },
    number,
  ])[] = [
    ['an old broker', r => void r.writeHead(404).end(), { name: 'Refused', code: 'HTTP_404' }, 1],
    ['a wrong token', r => void r.writeHead(401).end(), { name: 'Refused', code: 'HTTP_401' }, 1],
    ['a web page', r => void r.writeHead(200).end('<html>'), { name: 'ServerFailed', code: 'UNEXPECTED_ANSWER' }, 1],
    [
      'another shape',
      streamed('event: operation\ndata: {"id":7}\n\n'),
      { name: 'ServerFailed', code: 'UNEXPECTED_ANSWER' },
      1,
    ],
    ['no JSON', streamed('event: device-event\ndata: {\n\n'), { name: 'ServerFailed', code: 'UNEXPECTED_ANSWER' }, 1],
    ['always down', r => void r.writeHead(502).end(), { name: 'ServerFailed', code: 'HTTP_502' }, 12],
    ['always cut', streamed('', 'cut'), { name: 'ServerFailed', code: 'UNREACHABLE' }, 12],
  ]
  for (const [what, answer, error, times] of rows) {
    const server = await scripted(t, [answer])
    await t.rejects(follow(server, 99), error, what)
    t.equal(server.asked.length, times, what)
  }
})

t.test('a stream that says nothing for too long is made anew', async t => {
  const server = await scripted(t, [streamed(told(1)), streamed(told(2))])
  // What a connected stream may be silent is short; everything else takes its time.
  const sleep = (ms: number, signal?: AbortSignal) => httpClock.sleep(ms === 60_000 ? 100 : ms, signal)
  const hurried = { ...httpClock, sleep }
  const quick = new OperatorClient({ url: new URL(server.url), token: 'a', timeoutMs: 2_000, clock: hurried })
  const ended = new AbortController()
  let heard = ''
  for await (const message of quick.live({ signal: ended.signal })) {
    heard += named(message)
    if (heard.endsWith('2')) ended.abort()
  }
  t.equal(heard, '~1~2')
  t.equal(server.asked[1]?.lastEventId, eventView(1).id)
})

t.test('a stream that is given up ends, also when memory has been tidied up meanwhile', async t => {
  const server = await scripted(t, [streamed(': nothing happens\n\n')])
  setFlagsFromString('--expose-gc')
  const tidyUp: () => void = runInNewContext('gc')
  for (let round = 1; round <= 3; round += 1) {
    const ended = new AbortController()
    const messages = client(server.url).live({ signal: ended.signal })
    t.match((await messages.next()).value, { kind: 'connected' })
    const next = messages.next()
    // What ties the signal of a fetch to its body is garbage from here on.
    await new Promise(resolve => setTimeout(resolve, 50))
    tidyUp()
    ended.abort()
    t.match(await next, { done: true }, `round ${round}`)
  }
})
