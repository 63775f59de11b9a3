// Webhooks: real posts to a real server, then in virtual time what becomes of failures, order, crowds and restarts.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { systemClock, systemRandom } from '../../../broker/adapters/system-clock.ts'
import { WebhookHttp } from '../../../broker/adapters/webhook-http.ts'
import { StoreUnavailable } from '../../../broker/errors.ts'
import type { Log } from '../../../broker/ports.ts'
import { consequenceOf } from '../../../broker/webhooks/delivery.ts'
import { NoticeLines } from '../../../broker/webhooks/notice-lines.ts'
import type { WebhookOutcome } from '../../../broker/webhooks/post.ts'
import { Webhooks, webhookDefaults } from '../../../broker/webhooks/webhooks.ts'
import { hour, noticeOf, readingBy, settled, silence, start, webhookOf, world } from './world.ts'

t.test('a notice arrives signed at a real receiver and leaves the store', async t => {
  const requests: { readonly headers: NodeJS.Dict<string | string[]>; readonly body: string }[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    requests.push({ headers: request.headers, body: Buffer.concat(parts).toString() })
    response.writeHead(202).end('thanks')
    server.emit('served')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { store, left } = await world('')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  const at = systemClock.now()
  await store.commit([
    { kind: 'put-webhook', webhook: { ...webhookOf('a'), url } },
    { kind: 'append-notice', notice: noticeOf('a', { operation: 'ü', counts: { total: 3 } }, at) },
  ])
  const log: Log = { debug() {}, info() {}, warn() {}, error() {} }
  const webhooks = await Webhooks.open(store, new WebhookHttp(), systemClock, systemRandom, log)
  t.teardown(() => webhooks.close())
  await once(server, 'served')
  await store.commit([{ kind: 'append-notice', notice: noticeOf('a', { second: true }, at) }])
  webhooks.wake()
  await once(server, 'served')
  while ((await left()).length > 0) await settled()
  t.same(
    requests.map(({ body }) => body),
    ['{"operation":"ü","counts":{"total":3}}', '{"second":true}'],
  )
  const [first] = requests
  t.match(first?.headers, {
    'content-type': 'application/json',
    'drover-event': 'operation.completed',
    'drover-delivery': 'a-1',
  })
  const [, seconds, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first?.headers['drover-signature'])) ?? []
  t.equal(createHmac('sha256', 'secret of a').update(`${seconds}.${first?.body}`).digest('hex'), hex)
  t.ok(Math.abs(Number(seconds) - at / 1000) < 3600, 'signed with the time it was sent')
})

t.test('what is not delivered is tried again, later and later, at most twelve times', async t => {
  const { clock, receivers, logged, open, append, left } = await world('a')
  receivers.answers.set('https://a.example/', () => 500)
  await append('a')
  const webhooks = await open()
  await clock.advance(24 * hour)
  const times = receivers.came.map(({ at }) => Math.round(at / 1000))
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
  t.same(gaps, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600], 'seconds, with chance in the middle')
  t.same(new Set(receivers.came.map(({ delivery }) => delivery)), new Set(['a-1']), 'one id for all attempts')
  t.same(await left(), [])
  t.match(
    logged.filter(({ level }) => level !== 'info'),
    [{ level: 'warn', event: 'webhook-dropped', webhook: 'a', notice: 1, attempt: 12, status: 500 }],
  )
  t.equal(clock.timers.size, 0, 'nothing left to wait for')
  await webhooks.close()
})

t.test('the spread stays within the limits, and age ends it as well as attempts', async t => {
  const outcome: WebhookOutcome = { kind: 'failed', reason: 'x' }
  const notice = { ...noticeOf('a'), number: 1 }
  for (let attempt = 0; attempt < 11; attempt += 1)
    for (const chance of [0, 0.3, 0.999999]) {
      const next = consequenceOf({ ...notice, attempt }, outcome, start + 5, chance, webhookDefaults)
      const delayMs = next.kind === 'retry' ? next.notice.dueAt - start - 5 : Number.NaN
      t.ok(delayMs >= 10_000 && delayMs <= hour && Number.isInteger(delayMs), `${attempt} ${chance} ${delayMs}`)
    }
  const kindOf = (attempt: number, ageMs: number, answer: WebhookOutcome = outcome) =>
    consequenceOf({ ...notice, attempt }, answer, start + ageMs, 0.5, webhookDefaults).kind
  t.equal(kindOf(11, 0), 'drop')
  t.equal(kindOf(1, 72 * hour - 1), 'retry')
  t.equal(kindOf(1, 72 * hour), 'drop')
  for (const [status, kind] of [
    [199, 'retry'],
    [200, 'delivered'],
    [299, 'delivered'],
    [301, 'retry'],
    [410, 'retry'],
  ] as const)
    t.equal(kindOf(0, 0, { kind: 'answered', status }), kind, `${status}`)
  t.equal(kindOf(11, 100 * hour, { kind: 'answered', status: 200 }), 'delivered', 'late is better than never')
})

t.test('each webhook keeps its order, and a receiver that fails or is silent holds no other', async t => {
  const { clock, receivers, open, append, left } = await world('abc')
  let down = true
  receivers.answers.set('https://a.example/', () => (down ? 503 : 200))
  receivers.answers.set('https://b.example/', silence)
  await append('a', 'b', 'c', 'a', 'b', 'c', 'a', 'c')
  const webhooks = await open()
  await clock.advance(5)
  t.same(receivers.numbers('https://c.example/'), [3, 6, 8], 'c has all of its own')
  t.same(receivers.numbers('https://a.example/'), [1])
  t.same(receivers.numbers('https://b.example/'), [2])
  await clock.advance(9_000)
  t.same(receivers.numbers('https://b.example/'), [2], 'still waiting for its answer')
  down = false
  await append('c', 'a')
  webhooks.wake()
  await clock.advance(20_000)
  t.same(receivers.numbers('https://a.example/'), [1, 1, 4, 7, 10], 'the first again, then the others at once')
  t.same(receivers.numbers('https://c.example/'), [3, 6, 8, 9])
  t.same(receivers.numbers('https://b.example/'), [2, 2], 'given up after 10 s, and tried again 10 s later')
  t.same(
    (await left()).map(({ number, attempt }) => [number, attempt]),
    [
      [2, 1],
      [5, 0],
    ],
  )
  await webhooks.close()
})

t.test('a long line is in memory in part only, and all of it arrives once and in order', async t => {
  const { clock, receivers, store, open, append, left } = await world('ab', { lineMax: 3, pageRows: 7 })
  let rowsMost = 0
  let readsSince = 0
  const watched = readingBy(store, async page => {
    readsSince += 1
    const found = await store.notices(page)
    rowsMost = Math.max(rowsMost, found.items.length)
    return found
  })
  let down = true
  receivers.answers.set('https://a.example/', () => (down ? 500 : 200))
  for (let index = 0; index < 100; index += 1) await append('a', 'a', 'b')
  const webhooks = await open(watched)
  await clock.advance(1000)
  const wanted = Array.from({ length: 300 }, (_, index) => index + 1)
  t.same(
    receivers.numbers('https://b.example/'),
    wanted.filter(number => number % 3 === 0),
    'b has all, though a stands before it',
  )
  t.equal(rowsMost, 7)
  readsSince = 0
  await clock.advance(5000)
  t.equal(readsSince, 0, 'it does not look while nothing is due')
  down = false
  await append('a', 'b')
  webhooks.wake()
  await clock.advance(hour)
  const ofA = receivers.numbers('https://a.example/')
  t.same(ofA.slice(ofA.lastIndexOf(1)), [...wanted.filter(number => number % 3 !== 0), 301])
  t.equal(receivers.numbers('https://b.example/').at(-1), 302)
  t.same(await left(), [])
  await webhooks.close()
})

t.test('a line never holds more than its share, whichever way it is read', async t => {
  const { store, append } = await world('ab')
  const lines = new NoticeLines(store, 3, 7)
  const taken: number[] = []
  const take = () => {
    for (const line of lines.ready()) {
      t.ok(line.waiting.length <= 3, `${line.waiting.length} in memory`)
      taken.push(...line.waiting.splice(0).map(({ number }) => number))
    }
  }
  for (let index = 0; index < 10; index += 1) await append('a', 'a', 'b')
  t.equal(await lines.readNew(), true)
  take()
  // Filled while the rest has not been read: nothing may come twice.
  while (await lines.fill()) take()
  await append('a', 'b')
  while (await lines.readNew()) take()
  take()
  while (await lines.fill()) take()
  const wanted = Array.from({ length: 32 }, (_, index) => index + 1)
  t.same(
    taken.sort((a, b) => a - b),
    wanted,
  )
  t.same(lines.ready(), [])
})

t.test('a wake is never lost, whatever is being read or delivered just then', async t => {
  // Once a line was left alone: its last delivery ended just when the reader had looked at it for the last time.
  const crowd = await world('abc', { lineMax: 2, pageRows: 3, concurrency: 2 })
  const first = await crowd.open()
  for (const names of ['a', 'bbab', 'bbaabb']) {
    await crowd.append(...names)
    first.wake()
  }
  await crowd.clock.advance(1)
  t.same(await crowd.left(), [])
  await first.close()

  const { clock, receivers, store, open, append, left } = await world('a')
  let late = 3
  const busy = readingBy(store, async page => {
    const found = await store.notices(page)
    late -= 1
    if (late >= 0) {
      await append('a')
      webhooks.wake()
    }
    return found
  })
  await append('a')
  const webhooks = await open(busy)
  await clock.advance(1)
  t.same(receivers.numbers('https://a.example/'), [1, 2, 3, 4])
  t.same(await left(), [])
  await webhooks.close()
})

t.test('attempts under way at once are bounded, and the room goes round', async t => {
  const names = 'abcdefgh'
  const { clock, receivers, open, append } = await world(names, { concurrency: 3 })
  for (const name of names) receivers.answers.set(`https://${name}.example/`, silence)
  await append(...names, ...names)
  const webhooks = await open()
  await clock.advance(29_999)
  t.equal(receivers.mostUnderWay, 3)
  t.equal(new Set(receivers.came.map(({ url }) => url)).size, 8, 'everyone had a turn before anyone had too many')
  await webhooks.close()
  t.equal(receivers.underWay, 0)
})

t.test('after a restart it goes on where the store is, attempts and times included', async t => {
  const { clock, receivers, open, append, left } = await world('a')
  receivers.answers.set('https://a.example/', () => 500)
  await append('a', 'a')
  const first = await open()
  await clock.advance(35_000)
  t.same(receivers.numbers('https://a.example/'), [1, 1, 1])
  await first.close()
  await first.close()
  const kept = await left()
  t.match(kept, [
    { number: 1, attempt: 3 },
    { number: 2, attempt: 0 },
  ])
  first.wake()
  await clock.advance(30_000)
  t.same(receivers.numbers('https://a.example/'), [1, 1, 1], 'a closed one does nothing more')
  receivers.answers.delete('https://a.example/')
  const second = await open()
  await clock.advance(10_000)
  t.same(receivers.numbers('https://a.example/'), [1, 1, 1, 1, 2])
  t.equal((receivers.came[3]?.at ?? 0) + start, kept[0]?.dueAt, 'when it was due, not at the start')
  t.same(await left(), [])
  await second.close()
})

t.test('closing ends an attempt under way, which then counts as none', async t => {
  const { clock, receivers, open, append, left } = await world('a')
  receivers.answers.set('https://a.example/', silence)
  await append('a')
  const webhooks = await open()
  await clock.advance(1)
  t.equal(receivers.underWay, 1)
  await webhooks.close()
  t.match(await left(), [{ number: 1, attempt: 0 }])
  t.equal(clock.timers.size, 0)
})

t.test('a store that fails for a while loses nothing and sends nothing twice', async t => {
  let failing = false
  const { clock, receivers, logged, store, open, append, left } = await world('a', {}, changes => {
    if (failing && changes[0]?.kind !== 'append-notice') throw new StoreUnavailable('the disk is full')
  })
  let blind = true
  const halfBlind = readingBy(store, async page => {
    if (blind) throw new StoreUnavailable('reading')
    return store.notices(page)
  })
  await append('a', 'a')
  const webhooks = await open(halfBlind)
  await clock.advance(5000)
  t.same(receivers.came, [])
  blind = false
  failing = true
  await clock.advance(35_000)
  t.same(receivers.numbers('https://a.example/'), [1], 'delivered, and not again while that cannot be saved')
  failing = false
  await clock.advance(10_000)
  t.same(receivers.numbers('https://a.example/'), [1, 2])
  t.same(await left(), [])
  t.ok(logged.some(({ level, event }) => level === 'error' && event === 'webhook-store-failed'))
  await webhooks.close()
})

t.test('notices of a webhook that is gone leave the store unsent, and those of others go on', async t => {
  const { clock, receivers, store, open, append, left } = await world('ab')
  await append('a', 'b', 'a', 'x')
  await store.commit([{ kind: 'delete-webhook', id: 'a' }])
  const webhooks = await open()
  await clock.advance(1)
  t.same(
    receivers.came.map(({ delivery }) => delivery),
    ['b-2'],
  )
  t.same(await left(), [])
  await webhooks.close()
})

t.test('a clock that is set back by years puts nothing off for years', async t => {
  const { clock, receivers, open, append, left } = await world('a')
  receivers.answers.set('https://a.example/', () => 500)
  await append('a')
  const webhooks = await open()
  await clock.advance(1)
  clock.wall -= 3 * 365 * 24 * hour
  receivers.answers.delete('https://a.example/')
  await clock.advance(hour)
  t.same(receivers.numbers('https://a.example/'), [1, 1])
  t.same(await left(), [])
  await webhooks.close()
})

t.test(
  'whatever the receivers do, every notice arrives once and in its order, through any number of restarts',
  async t => {
    const action = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ append: fc.array(fc.constantFrom(...'abc'), { minLength: 1, maxLength: 9 }) }),
      },
      { weight: 3, arbitrary: fc.record({ advanceMs: fc.constantFrom(0, 1, 9_999, 10_000, 30_000, 60_000) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          receiver: fc.constantFrom(...'abc'),
          does: fc.constantFrom(200 as const, 500 as const, 'silence' as const),
        }),
      },
      { weight: 1, arbitrary: fc.constant({ restart: true }) },
    )
    let histories = 0
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), async actions => {
        const { clock, receivers, open, append, left } = await world('abc', { lineMax: 2, pageRows: 3, concurrency: 2 })
        const does = new Map<string, 200 | 500 | 'silence'>()
        const delivered = new Map<string, number[]>([...'abc'].map(name => [name, []]))
        for (const name of 'abc')
          receivers.answers.set(`https://${name}.example/`, () => {
            const answer = does.get(name) ?? 200
            if (answer === 'silence') return silence()
            const number = Number(receivers.came.at(-1)?.delivery.split('-')[1])
            if (answer === 200) delivered.get(name)?.push(number)
            return answer
          })
        const sent: string[] = []
        let webhooks = await open()
        for (const one of actions) {
          if ('append' in one) {
            await append(...one.append)
            sent.push(...one.append)
            webhooks.wake()
          } else if ('advanceMs' in one) await clock.advance(one.advanceMs)
          else if ('receiver' in one) does.set(one.receiver, one.does)
          else {
            await webhooks.close()
            webhooks = await open()
          }
        }
        does.clear()
        await clock.advance(2 * hour)
        await webhooks.close()
        histories += 1
        const wanted = (name: string) => sent.flatMap((to, index) => (to === name ? [index + 1] : []))
        return (
          (await left()).length === 0 &&
          clock.timers.size === 0 &&
          [...delivered].every(([name, numbers]) => JSON.stringify(numbers) === JSON.stringify(wanted(name)))
        )
      }),
      { numRuns: 150 },
    )
    t.ok(histories >= 150)
  },
)
