// Live streams: what a reader hears, how he resumes, and how each kind of end comes about.
import { connect, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import t from 'tap'
import { framed, streamEvents } from '../../../../broker/adapters/http/event-stream.ts'
import { systemClock } from '../../../../broker/adapters/system-clock.ts'
import type { EventRecord } from '../../../../broker/core/records.ts'
import { RequestRefused } from '../../../../broker/errors.ts'
import type { LiveMessage, UseCases, WatchRequest } from '../../../../broker/use-cases/use-cases.ts'
import { eventView } from '../../../../broker/views.ts'
import type { OperationView } from '../../../../proto/http-api.ts'
import { deviceId, eventIdOf } from '../../../../proto/ids.ts'
import { ask, openDoor } from './door.ts'
import { answerOf, principals, scriptedUseCases, tokenOf } from './scripted-use-cases.ts'

const viewer = tokenOf('viewer')

/** Live messages as a test gives them out; ends by itself when the signal says so, as the real one does. */
class Source {
  readonly requests: WatchRequest[] = []
  readonly #waiting: LiveMessage[] = []
  readonly #wakes = new Set<() => void>()
  /** Iterations that have not ended. */
  open = 0
  given = 0
  #ended = false

  readonly watch: UseCases['watch'] = async (_by, request, signal) => {
    this.requests.push(request)
    this.open += 1
    signal.addEventListener('abort', () => this.#wakeAll())
    return this.#messages(signal)
  }

  give(message: LiveMessage): void {
    this.#waiting.push(message)
    this.#wakeAll()
  }

  end(): void {
    this.#ended = true
    this.#wakeAll()
  }

  #wakeAll(): void {
    for (const wake of this.#wakes) wake()
    this.#wakes.clear()
  }

  async *#messages(signal: AbortSignal): AsyncGenerator<LiveMessage, void, undefined> {
    try {
      while (!signal.aborted) {
        const message = this.#waiting.shift()
        if (message !== undefined) {
          this.given += 1
          yield message
        } else if (this.#ended) return
        else
          await new Promise<void>(resolve => {
            this.#wakes.add(resolve)
          })
      }
    } finally {
      this.open -= 1
    }
  }
}

const record = (number: number, text = 'x'): EventRecord => ({
  id: eventIdOf(number),
  recordedAt: Date.UTC(2030, 0, 1) + number,
  device: deviceId('sensor-1'),
  code: 'SYS_106',
  type: 'INFO',
  category: 'INFO',
  stateChange: true,
  changes: {},
  data: { text },
})
const live = (number: number, text?: string): LiveMessage => ({ kind: 'event', record: record(number, text) })

/** A stream on a bare socket, so that a reader can stop reading. */
interface Reader {
  readonly socket: Socket
  readonly closed: Promise<void>
  heard(): string
  until(pattern: RegExp): Promise<string>
}
function read(url: string, path = '/v1/stream', headers = ''): Reader {
  let heard = ''
  let look = (): void => undefined
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${viewer}\r\n${headers}\r\n`)
  socket.on('data', bytes => {
    heard += bytes
    look()
  })
  socket.on('error', () => {
    // A reset is an end as well.
  })
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  const until = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      look = () => pattern.test(heard) && resolve(heard)
      void closed.then(() => reject(new Error(`closed before ${pattern}: ${heard.slice(-400)}`)))
      look()
    })
  return { socket, closed, heard: () => heard, until }
}
const settled = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 5))
}

t.test('a reader hears events with their ids, operations without, and resumes after the last id he has', async t => {
  const source = new Source()
  const { useCases } = scriptedUseCases({ watch: source.watch })
  const { url } = await openDoor(t, useCases)
  const reader = read(url, '/v1/stream?operation=op-1&device=sensor-1')
  const head = await reader.until(/retry: 2000/)
  t.match(head, /^HTTP\/1.1 200 /)
  t.match(head, /content-type: text\/event-stream\r\n/i)
  t.match(head, /cache-control: no-store/i, 'and the headers of every answer')
  t.same(source.requests, [{ operation: 'op-1', device: 'sensor-1' }])
  source.give(live(7, 'two\nlines'))
  source.give({ kind: 'operation', operation: answerOf('showOperation') as OperationView })
  const heard = await reader.until(/event: operation\ndata: .*\n\n/)
  const said = heard.slice(heard.indexOf('event: device-event'))
  const [first = '', second = ''] = said.split('\n\n')
  t.match(first, new RegExp(`^event: device-event\nid: ${eventIdOf(7)}\ndata: `))
  t.same(JSON.parse(first.split('data: ')[1] ?? ''), eventView(record(7, 'two\nlines')))
  t.match(second.replace(/^.*?(?=event: )/s, ''), /^event: operation\ndata: \{"id"/)
  t.notMatch(second, /^id:/m, 'an operation does not move the place to resume from')
  reader.socket.destroy()
  await settled(() => source.open === 0)

  const last = eventIdOf(7)
  for (const [path, headers] of [
    [`/v1/stream?lastEventId=${last}`, ''],
    ['/v1/stream', `Last-Event-ID: ${last}\r\n`],
    [`/v1/stream?lastEventId=${eventIdOf(3)}`, `Last-Event-ID: ${last}\r\n`],
  ] as const) {
    const again = read(url, path, headers)
    await again.until(/retry/)
    t.same(source.requests.at(-1), { lastEventId: last }, `${path} ${headers.trim()}`)
    again.socket.destroy()
  }
  await settled(() => source.open === 0)
  for (const [path, field, headers] of [
    ...['', 'operations', 'operation,', 'operation, activity', 'event', 'operation,__proto__'].map(
      kinds => [`/v1/stream?kinds=${encodeURIComponent(kinds)}`, 'kinds', {}] as const,
    ),
    ['/v1/stream?colour=1', 'colour', {}],
    [`/v1/stream?device=${'a'.repeat(65)}`, 'device', {}],
    ['/v1/stream', 'last-event-id', { 'last-event-id': 'a'.repeat(65) }],
  ] as const)
    t.match(await ask(url + path, viewer, 'GET', undefined, headers), {
      status: 400,
      body: { fields: [{ name: field }] },
    })
  const refusing = scriptedUseCases({
    watch: async () => {
      throw new RequestRefused('INVALID', 'no such place', [{ name: 'lastEventId', message: 'no event id' }])
    },
  })
  const other = await openDoor(t, refusing.useCases, { streamsMax: 1 })
  for (let time = 0; time < 3; time += 1)
    t.match(await ask(`${other.url}/v1/stream`, viewer), { status: 400 }, 'a refused stream takes no place')
})

t.test('a reader says which kinds he wants; activity comes with every heartbeat', async t => {
  const source = new Source()
  const { useCases } = scriptedUseCases({ watch: source.watch })
  const { url } = await openDoor(t, useCases, { streamHeartbeatMs: 4_000 })
  const rows: readonly (readonly [query: string, request: WatchRequest])[] = [
    ['kinds=activity,operation', { kinds: ['operation', 'activity'], activityMs: 4_000 }],
    ['kinds=device-event%2Coperation', { kinds: ['device-event', 'operation'] }],
    ['kinds=operation,operation', { kinds: ['operation'] }],
    ['device=a', { device: 'a' }],
  ]
  for (const [query, request] of rows) {
    const reader = read(url, `/v1/stream?${query}`)
    await reader.until(/retry/)
    t.strictSame(source.requests.at(-1), request, query)
    reader.socket.destroy()
    await settled(() => source.open === 0)
  }
  const reader = read(url, '/v1/stream?kinds=activity')
  const activity = { at: '2030-01-02T03:04:05.000Z', newestEvent: null, events: 3 }
  await reader.until(/retry/)
  source.give({ kind: 'activity', activity })
  const heard = await reader.until(/event: activity\ndata: .*\n\n/)
  t.same(JSON.parse(/event: activity\ndata: (.*)\n\n/.exec(heard)?.[1] ?? ''), activity)
  t.notMatch(heard, /^id:/m, 'it does not move the place to resume from')
  reader.socket.destroy()
  await settled(() => source.open === 0)
})

t.test('in silence there are signs of life, and whoever may no longer listen is cut off', async t => {
  const source = new Source()
  let known = true
  const { useCases } = scriptedUseCases({
    watch: source.watch,
    principalOfToken: async () => (known ? principals[0] : undefined),
  })
  const { url, logged } = await openDoor(t, useCases, { streamHeartbeatMs: 20 })
  const reader = read(url)
  await reader.until(/\n:\n\n.*:\n\n/s)
  known = false
  await reader.closed
  await settled(() => source.open === 0)
  t.match(
    logged.find(({ event }) => event === 'stream-ended'),
    { end: 'unwelcome', principal: 'the-viewer' },
  )
})

t.test('a reader who does not read is cut off; what was kept for him is bounded', async t => {
  const source = new Source()
  const { useCases } = scriptedUseCases({ watch: source.watch })
  const { url, logged } = await openDoor(t, useCases, { streamStallMs: 150 })
  const reader = read(url)
  await reader.until(/retry/)
  reader.socket.pause()
  const text = 'x'.repeat(100_000)
  for (let number = 1; number <= 1_000; number += 1) source.give(live(number, text))
  await settled(() => logged.some(({ event }) => event === 'stream-ended'))
  t.match(logged.at(-1), { event: 'stream-ended', end: 'stalled' })
  t.ok(source.given < 500, `${source.given} of 1000 messages of 100 kB were taken for him`)
  reader.socket.resume()
  await reader.closed
  t.notMatch(reader.heard(), /\r\n0\r\n\r\n$/, 'the end is no proper end: he knows that he missed something')
  await settled(() => source.open === 0)
})

t.test('streams are counted, all and of one principal; a place is free again when one ends', async t => {
  const source = new Source()
  const { useCases } = scriptedUseCases({ watch: source.watch })
  const { url } = await openDoor(t, useCases, { streamsMax: 3, streamsEachMax: 2 })
  const first = read(url)
  const second = read(url)
  await Promise.all([first.until(/retry/), second.until(/retry/)])
  t.match(await ask(`${url}/v1/stream`, viewer), { status: 503, body: { message: /the-viewer has 2 streams open/ } })
  const other = await fetch(`${url}/v1/stream`, { headers: { authorization: `Bearer ${tokenOf('admin')}` } })
  t.equal(other.status, 200)
  t.match(await ask(`${url}/v1/stream`, tokenOf('operator')), { status: 503, body: { message: /3 streams are open/ } })
  first.socket.destroy()
  await settled(() => source.open === 2)
  const third = read(url)
  await third.until(/retry/)
  await other.body?.cancel()
  second.socket.destroy()
  third.socket.destroy()
  await settled(() => source.open === 0)
})

t.test('a stream ends when there is no more to say, when its source fails, and when the door closes', async t => {
  const source = new Source()
  const { useCases } = scriptedUseCases({ watch: source.watch })
  const { door, url, logged } = await openDoor(t, useCases)
  const cutOff = read(url)
  await cutOff.until(/retry/)
  source.give(live(1))
  source.end()
  t.match(await cutOff.until(/\r\n0\r\n\r\n$/), /device-event/, 'cut off by the broker: all of what was said arrives')
  cutOff.socket.destroy()

  const failing = scriptedUseCases({
    watch: async () =>
      (async function* () {
        yield live(1)
        throw new Error('the store is gone')
      })(),
  })
  const second = await openDoor(t, failing.useCases)
  const broken = read(second.url)
  await broken.closed
  t.notMatch(broken.heard(), /\r\n0\r\n\r\n$/)
  t.match(second.logged.at(-1), { event: 'stream-failed' })

  const quiet = new Source()
  const third = await openDoor(t, scriptedUseCases({ watch: quiet.watch }).useCases)
  const open = read(third.url)
  await open.until(/retry/)
  await third.door.close()
  await open.closed
  t.match(open.heard(), /\r\n0\r\n\r\n$/, 'an end in order')
  t.equal(quiet.open, 0)
  t.notMatch(third.logged, [{ event: 'http-cut-off' }], 'nothing had to be cut off')
  await door.close()
  t.ok(logged.some(({ event }) => event === 'http-closed'))
})

t.test('an event is put into words once for all readers', async t => {
  const source = new Source()
  const { useCases } = scriptedUseCases({ watch: source.watch })
  const { url } = await openDoor(t, useCases)
  let looks = 0
  const told: EventRecord = Object.defineProperty({ ...record(1) }, 'data', {
    enumerable: true,
    get() {
      looks += 1
      return { text: 'shared' }
    },
  })
  const readers = [read(url), read(url)]
  await settled(() => source.open === 2)
  const heard = () => readers.map(reader => reader.heard()).join('')
  source.give({ kind: 'event', record: told })
  source.give({ kind: 'event', record: told })
  await settled(() => heard().split('"shared"').length === 3)
  t.equal(looks, 1)
  for (const { socket } of readers) socket.destroy()
})

t.test(
  'what comes in one turn is one write, however much is one more, and nothing is lost before a full reader',
  async t => {
    const written: string[] = []
    let drain = (): void => undefined
    let isFull = false
    const out = new Writable({
      highWaterMark: 100,
      write(chunk, _encoding, done) {
        written.push(String(chunk))
        if (isFull) drain = done
        else done()
      },
    })
    const parts = { clock: systemClock, heartbeatMs: 60_000, stallMs: 60_000, mayGoOn: async () => true }
    const turn = () => new Promise(resolve => setImmediate(resolve))
    const turns: string[][] = [['a', 'b', 'c'], ['d'], ['e', 'f']]
    async function* messages() {
      for (const [number, texts] of turns.entries()) {
        isFull = number === 1
        yield* texts.map(text => framed(text, {}))
        await turn()
      }
      yield framed('g', {}) + ' '.repeat(70_000)
      yield framed('h', {})
    }
    const end = streamEvents(out, messages(), parts)
    while (written.length < 3) await turn()
    t.strictSame(written.slice(1), [['a', 'b', 'c'].map(name => framed(name, {})).join(''), framed('d', {})])
    isFull = false
    drain()
    t.equal(await end, 'ended')
    t.equal(
      written.slice(3).join('').replaceAll(/ {2,}/g, ''),
      ['e', 'f', 'g', 'h'].map(name => framed(name, {})).join(''),
    )
  },
)
