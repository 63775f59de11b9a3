// The event log as operators walk through it: whatever the filter, page by page everything that matches, once, in order,
// and never more rows read for one page than promised.
import fc from 'fast-check'
import t from 'tap'
import { MemoryStore } from '../../../broker/adapters/memory-store.ts'
import { MqttCommands } from '../../../broker/adapters/mqtt-commands.ts'
import type { EventRecord, NewEvent, Principal } from '../../../broker/core/records.ts'
import type { Store } from '../../../broker/ports.ts'
import { eventRowsMax } from '../../../broker/use-cases/event-reading.ts'
import { eventUseCases } from '../../../broker/use-cases/events.ts'
import type { EventListRequest, UseCases } from '../../../broker/use-cases/use-cases.ts'
import { eventView } from '../../../broker/views.ts'
import { type EventCode, eventCodeEntry, eventCodeNames } from '../../../proto/event-codes.ts'
import type { EventView } from '../../../proto/http-api.ts'
import { deviceId, operationId, principalName } from '../../../proto/ids.ts'
import { seed } from '../../proto/fuzz.ts'
import { silentLog } from '../orchestrator/world.ts'

const viewer: Principal = { name: principalName('v'), role: 'viewer', tokenSha256: '', createdAt: 1 }
const start = Date.UTC(2027, 0, 1)
const codes: readonly EventCode[] = [
  'SYS_100',
  'SYS_106',
  'SYS_108',
  'SYS_112',
  'UPD2_OK_18',
  'UPD4_FAIL_23',
  'UPD4_FAIL_24',
]
const devices = ['a', 'b', 'c'].map(deviceId)
const operations = ['1', '2'].map(text => operationId(text.padEnd(26, '0')))

function eventOf(code: EventCode, device: number, operation: number, recordedAt: number, info: boolean): NewEvent {
  const entry = eventCodeEntry(code)
  const type = info ? (entry.types.at(-1) ?? entry.types[0]) : entry.types[0]
  const id = operations[operation]
  return {
    recordedAt,
    device: devices[device] ?? deviceId('z'),
    code,
    type,
    category: type === 'INFO' ? 'INFO' : entry.category,
    ...(id === undefined ? {} : { operation: id }),
    stateChange: type !== 'INFO',
    changes: {},
    data: {},
  }
}

/** A store that counts the rows it hands out, and its log as operators see it. */
async function logOf(events: readonly NewEvent[], options = {}) {
  const store = new MemoryStore(options)
  const stored: EventRecord[] = []
  for (let at = 0; at < events.length; at += 1_000)
    stored.push(
      ...(await store.commit(events.slice(at, at + 1_000).map(event => ({ kind: 'append-event' as const, event })))),
    )
  const read = { rows: 0 }
  const counting = {
    event: id => {
      read.rows += 1
      return store.event(id)
    },
    events: async query => {
      const page = await store.events(query)
      read.rows += page.items.length
      return page
    },
  } satisfies Pick<Store, 'event' | 'events'> as unknown as Store
  const { listEvents } = eventUseCases({ store: counting })
  return { listEvents, views: stored.map(eventView), read }
}
type Log = Awaited<ReturnType<typeof logOf>>

/** All pages of a request; a page that makes no way is an error. */
async function walked({ listEvents, read }: Log, request: EventListRequest): Promise<readonly string[]> {
  const ids: string[] = []
  let after: string | undefined
  for (;;) {
    read.rows = 0
    const page = await listEvents(viewer, { ...request, ...(after === undefined ? {} : { after }) })
    // Two searches by time look at single events, 64 of them are enough for any log.
    if (read.rows > eventRowsMax + 64) throw new Error(`${read.rows} rows for one page`)
    if (page.data.length > page.limit) throw new Error('a page is longer than asked for')
    if (page.has_more !== (page.next !== undefined)) throw new Error('has_more without a way to go on, or the reverse')
    ids.push(...page.data.map(({ id }) => id))
    if (page.next === undefined) return ids
    if (page.next === after) throw new Error('the page stands still')
    after = page.next
  }
}

type Test = readonly [name: string, values: readonly string[]]

/** The same question asked of the views one by one, without the product's parser. */
function naive(views: readonly EventView[], tests: readonly Test[]): readonly EventView[] {
  return views.filter(view =>
    tests.every(([name, values]) => {
      const [field = '', operator = 'eq'] = name.split('__')
      const isTime = field === 'date_time' || field === 'created_at'
      const given = field === 'data.campaign_id' ? view.data.campaign_id : view[field as keyof EventView]
      const actual = isTime ? Date.parse(String(given)) : String(given)
      const wanted = values.map(value => (isTime ? Date.parse(value) : value))
      const [one = ''] = wanted
      if (operator === 'gte') return actual >= one
      if (operator === 'lte') return actual <= one
      return wanted.includes(actual) === (operator === 'eq' || operator === 'in')
    }),
  )
}

const wordsOf: Readonly<Record<string, readonly string[]>> = {
  device_id: [...devices, 'nobody'],
  event_type: codes,
  event_type_category: ['FAIL_SERVICE', 'INFO', 'SUCCESS', 'FAIL_NETWORK', 'FAIL_STORAGE'],
  event_type_description: ['SUCCESS', 'FAIL', 'SKIPPED', 'INFO'],
  description: codes.map(code => eventCodeEntry(code).text).filter(text => !text.includes(',')),
  'data.campaign_id': operations,
  id: [1, 2, 30, 77, 500, 9_999].map(number => number.toString(16).padStart(32, '0')),
}
const textTest = fc
  .tuple(
    fc.constantFrom(...Object.keys(wordsOf).filter(field => field !== 'id'), ...Object.keys(wordsOf)),
    fc.constantFrom('eq', 'neq', 'in', 'nin'),
    fc.array(fc.nat(100), { minLength: 1, maxLength: 4 }),
  )
  .map(([field, operator, picks]): Test => {
    const words = wordsOf[field] ?? []
    const values = picks.map(pick => words[pick % words.length] ?? '')
    return [`${field}__${operator}`, operator.endsWith('in') ? values : values.slice(0, 1)]
  })
const timeTest = fc
  .tuple(
    fc.constantFrom('date_time', 'created_at'),
    fc.constantFrom('gte', 'lte', 'gte', 'lte', 'eq', 'neq', 'in', 'nin'),
    fc.array(fc.nat(700), { minLength: 1, maxLength: 3 }),
  )
  .map(([field, operator, offsets]): Test => {
    const values = offsets.map(offset => `${new Date(start + offset * 10).toISOString().slice(0, -1)}000Z`)
    return [`${field}__${operator}`, operator.endsWith('in') ? values : values.slice(0, 1)]
  })
const changeTest = fc
  .tuple(fc.constantFrom('eq', 'neq'), fc.constantFrom('true', 'false'))
  .map(([operator, value]): Test => [`state_change__${operator}`, [value]])
const question = fc
  .array(fc.oneof({ arbitrary: textTest, weight: 3 }, { arbitrary: timeTest, weight: 2 }, changeTest), { maxLength: 4 })
  .map(tests => [...new Map(tests.map(test => [test[0], test])).values()])
const history = fc.array(
  fc.tuple(fc.constantFrom(...codes), fc.nat(2), fc.nat(2), fc.integer({ min: -250, max: 250 }), fc.boolean()),
  { maxLength: 600, size: 'max' },
)

t.test('page by page nothing is skipped and nothing comes twice, whatever the filter', async t => {
  let found = 0
  const property = fc.asyncProperty(
    history,
    fc.array(question, { minLength: 8, maxLength: 8 }),
    fc.constantFrom('ASC' as const, 'DESC' as const),
    fc.constantFrom(7, 50, 1000),
    async (rows, questions, order, limit) => {
      // Ten milliseconds apart, but given out of order: the store dates a late one as the one before it.
      const log = await logOf(
        rows
          .map(([code, device, operation, displaced, info], index) => ({
            code,
            device,
            operation,
            info,
            index,
            displaced,
          }))
          .map(({ index, displaced, ...row }) => ({ ...row, at: start + Math.max(0, index + displaced / 2) * 10 }))
          .map(({ code, device, operation, at, info }) => eventOf(code, device, operation, Math.round(at), info)),
      )
      for (const tests of questions) {
        const filter = tests.map(([name, values]) => `${name}=${values.join(',')}`).join('&')
        const request = { order, limit, ...(filter === '' ? {} : { filter }) }
        const expected = naive(log.views, tests).map(({ id }) => id)
        found += expected.length
        const actual = await walked(log, request)
        const wanted = order === 'ASC' ? expected : expected.toReversed()
        if (actual.join() !== wanted.join())
          throw new Error(`${filter}: ${actual.length} events, expected ${wanted.length}`)
        const counted = await log.listEvents(viewer, { ...request, limit: 2, include: 'total_count' })
        if (counted.total_count !== expected.length) throw new Error(`${filter}: total_count ${counted.total_count}`)
      }
    },
  )
  // Making a failing history smaller takes minutes; the seed is told.
  await fc.assert(property, { seed, numRuns: 25, endOnFailure: true })
  t.ok(found > 500, `there was something to find (seed ${seed})`)
})

t.test('a store that gives short pages changes nothing', async t => {
  const events = Array.from({ length: 90 }, (_, n) =>
    eventOf(codes[n % 7] ?? 'SYS_106', n % 3, n % 3, start + n, false),
  )
  const log = await logOf(events, { scanRowsMax: 4 })
  for (const filter of ['device_id__in=a,c', 'event_type__nin=SYS_106', 'event_type__in=SYS_106,SYS_112&device_id=a']) {
    const [ascending, descending] = [
      await walked(log, { filter, order: 'ASC', limit: 7 }),
      await walked(log, { filter, order: 'DESC', limit: 7 }),
    ]
    t.same(ascending, descending.toReversed(), filter)
    t.ok(ascending.length > 5 && new Set(ascending).size === ascending.length)
  }
})

t.test('in a long log a page may be empty, says where to go on, and does not guess a count', async t => {
  const count = 1.3 * eventRowsMax
  const rare = 17
  const events = Array.from({ length: count }, (_, index) =>
    eventOf(index === rare ? 'UPD4_FAIL_24' : 'SYS_108', index % 3, 0, start + index * 1_000, false),
  )
  const log = await logOf(events)
  const page = (request: EventListRequest) => {
    log.read.rows = 0
    return log.listEvents(viewer, request)
  }
  const wanted = log.views[rare]?.id
  const empty = await page({ filter: 'event_type_description__nin=INFO', include: 'total_count' })
  t.match(empty, { data: [], has_more: true, next: /^0+[1-9a-f][0-9a-f]*$/, after: null })
  t.notOk('total_count' in empty, 'absent rather than wrong')
  t.ok(log.read.rows <= 2 * eventRowsMax, `${log.read.rows} rows for the page and the count`)
  t.same(await walked(log, { filter: 'event_type_description__nin=INFO' }), [wanted])

  const byCategory = await page({ filter: 'event_type_category=FAIL_NETWORK', include: 'total_count' })
  t.match(byCategory, { data: [{ id: wanted }], has_more: false, total_count: 1 }, 'categories are looked up by code')
  t.ok(log.read.rows < 5, `${log.read.rows} rows`)
  t.equal((await page({ include: 'total_count' })).total_count, count, 'all of them are counted by their numbers')
  t.ok(log.read.rows < 60)
  const ofDevice = { device: 'a', filter: 'state_change=false', include: 'total_count', order: 'ASC' } as const
  t.equal((await page(ofDevice)).total_count, Math.ceil(count / 3), 'an index makes it few enough to count')

  const middle = new Date(start + 6_000 * 1_000).toISOString()
  for (const order of ['ASC', 'DESC'] as const) {
    const found = await page({ filter: `date_time__gte=${middle}&date_time__lte=${middle}`, order })
    t.match(
      found,
      { data: [{ id: log.views[6_000]?.id }], has_more: false },
      `${order}: a moment is found by bisection`,
    )
    t.ok(log.read.rows < 5, `${log.read.rows} rows`)
  }
  const first = await page({ filter: `date_time__lte=${middle}`, limit: 50 })
  t.equal(first.data.length, 50)
  t.equal(first.data[0]?.id, log.views[6_000]?.id)
  t.ok(log.read.rows < 2_000, `${log.read.rows} rows for the first page before a time`)
})

t.test('the short fields of a request and its filter go together, but not about the same field', async t => {
  const log = await logOf([0, 1, 2].map(n => eventOf('SYS_106', n, 0, start, false)))
  const { listEvents } = log
  t.equal((await listEvents(viewer, { device: 'a', filter: 'event_type=SYS_106' })).data.length, 1)
  await t.rejects(listEvents(viewer, { device: 'a', filter: 'device_id__neq=b' }), {
    code: 'INVALID',
    fields: [{ name: 'device_id', message: /give one/ }],
  })
  for (const [request, name] of [
    [{ filter: '' }, 'filter'],
    [{ filter: 'date_time__gte=yesterday' }, 'date_time__gte'],
    [{ device: 'a&b' }, 'device_id'],
    [{ device: '%' }, 'device_id'],
    [{ operation: '1' }, 'data.campaign_id'],
    [{ code: 'SYS_999' }, 'event_type'],
  ] as const)
    await t.rejects(listEvents(viewer, request), { code: 'INVALID', fields: [{ name }] }, JSON.stringify(request))
  const empty = await logOf([])
  t.match(await empty.listEvents(viewer, { include: 'total_count', filter: 'date_time__lte=20300101T000000Z' }), {
    data: [],
    has_more: false,
    total_count: 0,
  })
})

t.test('the verb event-list takes the same filter', async t => {
  const { listEvents } = await logOf([0, 1, 2].map(n => eventOf('SYS_106', n, 0, start + n, false)))
  const answers: object[] = []
  const channel = { publish: (_topic: string, message: object) => void answers.push(message) }
  const commands = new MqttCommands({ listEvents } as unknown as UseCases, channel, silentLog)
  const ask = async (body: object) => {
    await commands.handle(viewer, 'event-list', Buffer.from(JSON.stringify({ requestId: 'r', ...body })))
    return answers.at(-1)
  }
  t.match(await ask({ filter: 'device_id__nin=a&date_time__lte=2027-01-01T00:00:00.001Z', include: 'total_count' }), {
    result: { data: [{ device_id: 'b' }], total_count: 1 },
  })
  t.match(await ask({ filter: 'a=1' }), { code: 'INVALID', fields: [{ name: 'a' }] })
  t.match(await ask({ filter: 7 }), { code: 'INVALID', fields: [{ name: 'filter' }] })
  t.match(await ask({ include: 'all' }), { code: 'INVALID', fields: [{ name: 'include' }] })
})

t.test('the codes are told with what to do about each, and nothing where there is nothing to do', async t => {
  const { listEventCodes } = eventUseCases({ store: new MemoryStore() })
  const { data } = await listEventCodes(viewer)
  t.strictSame(
    data.map(({ code }) => code),
    eventCodeNames,
  )
  const told = new Map(data.map(entry => [entry.code, entry]))
  t.match(told.get('UPD4_FAIL_33'), { correctiveAction: 'Check device storage.', failureClass: 'device' })
  t.match(told.get('SYS_107'), { text: 'Device bootstrapped.', correctiveAction: null, failureClass: null })
  t.strictSame(told.get('SYS_100')?.types, ['FAIL', 'INFO'])
})
