// The filter language: every field × operator × good and bad values, and which rows a filter lets through.
import t from 'tap'
import {
  candidatesOf,
  filterLengthMax,
  filterNames,
  filterTextOf,
  matches,
  type ParsedFilter,
  parseEventFilter,
  partsOf,
} from '../../../broker/core/event-filter.ts'
import type { EventRecord } from '../../../broker/core/records.ts'
import { deviceId, eventIdOf, operationId } from '../../../proto/ids.ts'

const at = Date.UTC(2016, 10, 30, 16, 25, 12)
const campaign = operationId('c'.padEnd(26, '0'))
const other = operationId('d'.padEnd(26, '0'))
/** Failed in a campaign, at a whole second. */
const failed: EventRecord = {
  id: eventIdOf(1),
  recordedAt: at,
  device: deviceId('sensor-1'),
  code: 'UPD4_FAIL_27',
  type: 'FAIL',
  category: 'FAIL_MANIFEST_REJECTED',
  operation: campaign,
  stateChange: true,
  changes: {},
  data: {},
}
/** Registered, without a campaign, 123 ms later. */
const registered: EventRecord = {
  id: eventIdOf(2),
  recordedAt: at + 123,
  device: deviceId('sensor-2'),
  code: 'SYS_106',
  type: 'INFO',
  category: 'INFO',
  stateChange: false,
  changes: {},
  data: {},
}
const records = [failed, registered]

function passing(text: string): string {
  const parsed = parseEventFilter(text)
  if ('problems' in parsed) return `refused: ${JSON.stringify(parsed.problems)}`
  return records.map(record => (matches(parsed.filter, record) ? 'x' : '-')).join('')
}
const problemsOf = (parsed: ParsedFilter) => ('problems' in parsed ? parsed.problems : [])

const older = 'FW candidate version is rejected (is older or equal to installed one).'
const unregistered = 'Service error: Device not registered\\, manifest not sent.'
const texts: readonly (readonly [
  field: string,
  first: string,
  second: string,
  neither: string,
  bad: string | undefined,
])[] = [
  ['id', failed.id, registered.id, eventIdOf(3), '1'],
  ['device_id', 'sensor-1', 'sensor-2', 'sensor-3', 'a/b'],
  ['event_type', 'UPD4_FAIL_27', 'SYS_106', 'SYS_112', 'SYS_999'],
  ['description', older, 'Device registered.', 'no such text', undefined],
  ['event_type_category', 'FAIL_MANIFEST_REJECTED', 'INFO', 'FAIL_NETWORK', 'FAIL'],
  ['event_type_description', 'FAIL', 'INFO', 'SKIPPED', 'fail'],
  ['data.campaign_id', campaign, 'e'.padEnd(26, '0'), other, 'C1'],
]

t.test('each text field takes eq, neq, in and nin, and refuses what could never be there', async t => {
  for (const [field, first, second, neither, bad] of texts) {
    const both = field === 'data.campaign_id' ? 'x-' : 'xx'
    const onlySecond = field === 'data.campaign_id' ? '--' : '-x'
    const rows: readonly (readonly [string, string])[] = [
      [`${field}=${first}`, 'x-'],
      [`${field}__eq=${first}`, 'x-'],
      [`${field}__eq=${second}`, onlySecond],
      [`${field}__eq=${neither}`, '--'],
      [`${field}__neq=${first}`, '-x'],
      [`${field}__neq=${neither}`, 'xx'],
      [`${field}__in=${first}`, 'x-'],
      [`${field}__in=${neither},${first}`, 'x-'],
      [`${field}__in=${first},${second},${first}`, both],
      [`${field}__in=${neither}`, '--'],
      [`${field}__nin=${first}`, '-x'],
      [`${field}__nin=${neither}`, 'xx'],
      [`${field}__nin=${first},${neither}`, '-x'],
    ]
    for (const [text, expected] of rows) t.equal(passing(text), expected, text)
    for (const operator of ['', '__eq', '__neq', '__in', '__nin']) {
      const name = `${field}${operator}`
      const bads = ['', '%', '%zz', '%ff', ...(bad === undefined ? [] : [bad])]
      const lists = operator.endsWith('in') ? [`${first},`, `,${first}`, ',', `${first},,${second}`] : []
      const wrong = bad !== undefined && operator.endsWith('in') ? [`${first},${bad}`] : []
      for (const value of [...bads, ...lists, ...wrong])
        t.match(problemsOf(parseEventFilter(`${name}=${value}`)), [{ name, message: /./ }], `${name}=${value}`)
    }
    for (const operator of ['gte', 'lte', 'like', '', 'EQ'])
      t.match(
        problemsOf(parseEventFilter(`${field}__${operator}=${first}`)),
        [{ name: `${field}__${operator}`, message: /takes __eq, __neq, __in, __nin/ }],
        `${field}__${operator}`,
      )
  }
})

t.test('date_time and created_at take in, nin, lte, gte, eq and neq, in every form of a time', async t => {
  const whole = ['2016-11-30T16:25:12Z', '2016-11-30t16:25:12z', '20161130T162512Z', '2016-11-30T16:25:12.000000Z']
  const offsets = ['2016-11-30T18:25:12+02:00', '2016-11-30T18:25:12 02:00', '2016-11-30T11:55:12.0-04:30']
  const rows: readonly (readonly [operator: string, value: string, expected: string])[] = [
    ...[...whole, ...offsets].flatMap(
      time =>
        [
          ['', time, 'x-'],
          ['__eq', time, 'x-'],
          ['__neq', time, '-x'],
          ['__in', time, 'x-'],
          ['__nin', time, '-x'],
          ['__lte', time, 'x-'],
          ['__gte', time, 'xx'],
        ] as const,
    ),
    ['__eq', '2016-11-30T16:25:12.123000Z', '-x'],
    ['__eq', '2016-11-30T16:25:12.123Z', '-x'],
    ['__eq', '2016-11-30T16:25:12.123001Z', '--'],
    ['__neq', '2016-11-30T16:25:12.123001Z', 'xx'],
    ['__gte', '2016-11-30T16:25:12.123000Z', '-x'],
    ['__gte', '2016-11-30T16:25:12.123001Z', '--'],
    ['__gte', '2016-11-30T16:25:12.122999Z', '-x'],
    ['__lte', '2016-11-30T16:25:12.123001Z', 'xx'],
    ['__lte', '2016-11-30T16:25:12.122999Z', 'x-'],
    ['__lte', '2016-11-30T16:25:11.999999999Z', '--'],
    ['__in', '20161130T162512Z,2016-11-30T16:25:12.123000Z', 'xx'],
    ['__nin', '20161130T162512Z,2016-11-30T16:25:12.123000Z', '--'],
    ['__eq', '2016-12-31T00:00:00Z', '--'],
    ['__gte', '0050-01-01T00:00:00Z', 'xx'],
    ['__lte', '9999-12-31T23:59:59.999999Z', 'xx'],
  ]
  const bad = [
    ...['', 'now', '1480523112', '2016-11-30', '2016-11-30T16:25:12', '2016-11-30 16:25:12Z', '20161130162512Z'],
    ...['2016-02-30T00:00:00Z', '2016-13-01T00:00:00Z', '2016-11-30T24:00:00Z', '2016-11-30T16:60:00Z'],
    ...['2016-11-30T16:25:60Z', '2016-11-30T16:25:12.Z', '2016-11-30T16:25:12+24:00', '2016-11-30T16:25:12+02:60'],
    ...['20160230T000000Z', '2016-11-30T16:25:12.1234567890Z', '+002016-11-30T16:25:12Z', '20161130T162512+0000'],
  ]
  for (const field of ['date_time', 'created_at']) {
    for (const [operator, value, expected] of rows)
      t.equal(passing(`${field}${operator}=${value}`), expected, `${field}${operator}=${value}`)
    for (const operator of ['', '__eq', '__neq', '__in', '__nin', '__gte', '__lte'])
      for (const value of bad)
        t.match(
          problemsOf(parseEventFilter(`${field}${operator}=${value}`)),
          [{ name: `${field}${operator}`, message: value === '' ? /value/ : /time like 2016-11-30T16:25:12Z/ }],
          `${field}${operator}=${value}`,
        )
    t.match(
      problemsOf(parseEventFilter(`${field}__gte=${whole[0]},${whole[0]}`)),
      [{ name: `${field}__gte` }],
      'no list',
    )
    t.match(problemsOf(parseEventFilter(`${field}__gt=${whole[0]}`)), [{ name: `${field}__gt`, message: /__gte/ }])
  }
})

t.test('state_change is true or false, equal or not', async t => {
  t.equal(passing('state_change=true'), 'x-')
  t.equal(passing('state_change__eq=false'), '-x')
  t.equal(passing('state_change__neq=true'), '-x')
  t.equal(passing('state_change__neq=false'), 'x-')
  for (const value of ['', '1', 'TRUE', 'yes', 'true,false'])
    t.match(problemsOf(parseEventFilter(`state_change=${value}`)), [{ name: 'state_change' }], value)
  for (const operator of ['in', 'nin', 'gte', 'lte'])
    t.match(problemsOf(parseEventFilter(`state_change__${operator}=true`)), [{ name: `state_change__${operator}` }])
})

t.test('conditions add up; a field may have several, each operator once', async t => {
  t.equal(passing('device_id__in=sensor-1,sensor-2&event_type=SYS_106'), '-x')
  t.equal(passing('device_id=sensor-1&event_type=SYS_106'), '--')
  t.equal(passing('date_time__gte=20161130T162512Z&date_time__lte=20161130T162512Z&state_change=true'), 'x-')
  t.equal(passing('device_id__neq=sensor-1&device_id__nin=sensor-3'), '-x')
  for (const twice of ['device_id=sensor-1&device_id=sensor-1', 'device_id=sensor-1&device_id__eq=sensor-2'])
    t.match(problemsOf(parseEventFilter(twice)), [{ message: 'must be given once' }], twice)
})

t.test('names of nothing are refused by name, and so is what is no condition', async t => {
  const rows: readonly (readonly [text: string, name: string])[] = [
    ['', 'filter'],
    ['=', 'filter'],
    ['&', 'filter'],
    ['a=1', 'a'],
    ['device_id', 'device_id'],
    ['device_id=sensor-1&', 'filter'],
    ['__proto__=1', '__proto__'],
    ['constructor=1', 'constructor'],
    ['constructor__eq=1', 'constructor__eq'],
    ['toString__in=1', 'toString__in'],
    ['device_id__constructor=1', 'device_id__constructor'],
    ['data.expected=1', 'data.expected'],
    ['colour__eq=g', 'colour__eq'],
    ['Device_id=a', 'Device_id'],
    ['device%5fid=a', 'device%5fid'],
    [`${'a'.repeat(100)}=1`, 'a'.repeat(64)],
    [`device_id=${'a'.repeat(filterLengthMax)}`, 'filter'],
    [`id__in=${Array(101).fill('1').join(',')}`, 'id__in'],
  ]
  for (const [text, name] of rows) t.match(problemsOf(parseEventFilter(text)), [{ name }], text.slice(0, 60))
  t.equal(problemsOf(parseEventFilter(Array(50).fill('a=1').join('&'))).length, 20, 'the list of problems has an end')
})

t.test('commas, ampersands and percent-signs can stand in values', async t => {
  const parsed = parseEventFilter(`description__in=${unregistered},${older}`)
  t.same('filter' in parsed && candidatesOf(parsed.filter).codes, ['SYS_101', 'UPD4_FAIL_27'])
  t.equal(passing(`description__in=${unregistered}`), '--')
  t.equal(passing('description=Device%20registered.'), '-x')
  for (const value of ['100%', 'a&b=c', 'a%26b', 'a+b', ', \\', 'ü\u0000'])
    t.match(
      parseEventFilter(
        filterTextOf([
          ['description', value],
          ['device_id', 'sensor-1'],
        ]),
      ),
      { filter: { conditions: [{ values: [value] }, { values: ['sensor-1'] }] } },
      JSON.stringify(value),
    )
})

t.test('what may be looked up holds every match', async t => {
  const of = (text: string) => {
    const parsed = parseEventFilter(text)
    return 'filter' in parsed ? candidatesOf(parsed.filter) : undefined
  }
  t.same(of('device_id__neq=a&id__nin=00000000000000000000000000000001'), { notBefore: -Infinity, notAfter: Infinity })
  t.match(of('device_id__in=a,b&device_id=b'), { devices: ['b'] })
  t.match(of('device_id__in=a,b&device_id=c'), { devices: [] })
  t.match(of('event_type_category=FAIL_NETWORK'), { codes: ['UPD4_FAIL_24', 'UPD4_FAIL_45'] })
  t.match(
    of('event_type_category=INFO')?.codes?.slice(0, 3),
    ['SYS_100', 'SYS_103', 'SYS_104'],
    'a code that may be INFO is of that category then',
  )
  t.match(of('event_type_description=SUCCESS'), { codes: ['SYS_112', 'UPD2_OK_18'] })
  t.match(of('event_type_description=SUCCESS&event_type=SYS_106'), { codes: [] })
  t.match(of(`data.campaign_id=${campaign}`), { operations: [campaign] })
  t.match(of('date_time__gte=20161130T162512Z&created_at__lte=2016-11-30T16:25:12.123456Z'), {
    notBefore: at,
    notAfter: at + 123,
  })
  t.match(of('date_time__in=20161130T162512Z,20161130T162513Z'), { notBefore: at, notAfter: at + 1000 })
  t.match(of('date_time__neq=20161130T162512Z'), { notBefore: -Infinity, notAfter: Infinity })
})

t.test('every name of the list is a parameter', async t => {
  t.equal(filterNames.length, 9 * 5 + 2 * 7 + 3)
  t.equal(new Set(filterNames).size, filterNames.length)
  for (const name of filterNames)
    t.notMatch(problemsOf(parseEventFilter(`${name}=x`))[0]?.message, /not known/, `${name} ${partsOf(name).operator}`)
})
