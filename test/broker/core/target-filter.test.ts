// The filter language over devices: every field × operator × good and bad values, which devices a filter lets through,
// and the pattern language against a matcher that tries everything.
import fc from 'fast-check'
import t from 'tap'
import type { Device } from '../../../broker/core/device.ts'
import { filterLengthMax, filterTextOf, isLike } from '../../../broker/core/filter-grammar.ts'
import {
  filterIds,
  isAttributeName,
  matches,
  type ParsedTargetFilter,
  parseTargetFilter,
  type TargetDevice,
} from '../../../broker/core/target-filter.ts'
import { deviceId } from '../../../proto/ids.ts'

const now = Date.UTC(2026, 10, 30, 12)
const hour = 3_600_000
const digests = ['aa', 'bb', 'cc'].map(pair => pair.repeat(32))
const [vendor, otherVendor] = ['01'.repeat(16), '02'.repeat(16)]

function device(id: string, rest: Partial<Device>): Device {
  return {
    id: deviceId(id),
    registeredAt: now - 1000 * hour,
    lastHelloAt: now,
    vendorId: vendor,
    classId: '03'.repeat(16),
    bootId: 'ee'.repeat(8),
    agentVersion: '1.0.0',
    packetBytesMax: 65536,
    components: [],
    journals: [],
    ...rest,
  }
}

/** Has everything; online. */
const full = device('berlin-1', {
  group: 'berlin',
  tags: ['lab', 'ölfeld 7', 'a,b'],
  attributes: { site: 'roof', battery: '9.5', empty: '' },
  components: [
    { name: 'main', version: '1.4.0', digest: digests[0] ?? '' },
    { name: 'radio', version: '2.10.0', digest: digests[1] ?? '' },
  ],
})
/** Has little; offline for ten days, quarantined. */
const bare = device('oslo-2', {
  lastHelloAt: now - 240 * hour,
  vendorId: otherVendor,
  quarantinedAt: now - 240 * hour,
  components: [{ name: 'main', version: '1.10.0', digest: digests[2] ?? '' }],
})
/** Never said hello. */
const enrolled: TargetDevice = { id: deviceId('paper-3') }
const all: readonly (readonly [TargetDevice, boolean])[] = [
  [full, true],
  [bare, false],
  [enrolled, false],
]

/** One letter a device: x it matches, - it does not. */
function passing(text: string): string {
  const parsed = parseTargetFilter(text)
  if ('problems' in parsed) return `refused: ${JSON.stringify(parsed.problems)}`
  return all.map(([one, online]) => (matches(parsed.filter, one, { now, online }) ? 'x' : '-')).join('')
}
const problemsOf = (parsed: ParsedTargetFilter) => ('problems' in parsed ? parsed.problems : [])

t.test('an empty filter is every registered device', async t => {
  t.equal(passing(''), 'xx-')
})

t.test('text fields take eq, neq, in, nin and like; what a device lacks is not equal to anything', async t => {
  const rows: readonly (readonly [field: string, ofFull: string, ofBare: string | undefined, neither: string])[] = [
    ['id', 'berlin-1', 'oslo-2', 'oslo-3'],
    ['vendor_id', vendor, otherVendor, '05'.repeat(16)],
    ['group', 'berlin', undefined, 'Berlin'],
    ['tag', 'lab', undefined, 'la'],
    ['tag', 'ölfeld 7', undefined, 'ölfeld'],
    ['attributes.site', 'roof', undefined, 'cellar'],
    ['attributes.constructor', 'none', 'none', 'nothing'],
  ]
  for (const [field, ofFull, ofBare, neither] of rows) {
    const has = field === 'attributes.constructor' ? '---' : 'x--'
    const lacks = field === 'attributes.constructor' ? 'xx-' : '-x-'
    const both = ofBare === undefined || has === '---' ? has : 'xx-'
    const expected: readonly (readonly [string, string])[] = [
      [`${field}=${ofFull}`, has],
      [`${field}__eq=${ofFull}`, has],
      [`${field}__eq=${neither}`, '---'],
      [`${field}__neq=${ofFull}`, lacks],
      [`${field}__neq=${neither}`, 'xx-'],
      [`${field}__in=${neither},${ofFull}`, has],
      [`${field}__in=${ofFull},${ofBare ?? neither}`, both],
      [`${field}__in=${neither}`, '---'],
      [`${field}__nin=${neither},${ofFull}`, lacks],
      [`${field}__nin=${neither}`, 'xx-'],
      [`${field}__like=${ofFull.slice(0, 2)}*`, field === 'vendor_id' ? 'x--' : has],
      [`${field}__like=${ofFull.slice(0, -1)}?`, has],
      [`${field}__like=${ofFull}?`, '---'],
    ]
    for (const [text, wanted] of expected) t.equal(passing(text), wanted, text)
  }
  t.equal(passing(`class_id=${'03'.repeat(16)}`), 'xx-')
  t.equal(passing('group__like=*'), 'x--', 'a pattern needs something to be like it')
  t.equal(passing('tag=lab&tag__in=none,a\\,b'), 'x--', 'a comma in a value')
  t.equal(passing('tag=lab&tag__neq=ölfeld%207'), '---')
  t.equal(passing('attributes.empty__neq=x'), 'xx-')
})

t.test('a device is in several states at once, and an enrolled one is only found as that', async t => {
  const rows: readonly (readonly [string, string])[] = [
    ['state=enrolled', '--x'],
    ['state=registered', 'xx-'],
    ['state=online', 'x--'],
    ['state=offline', '-x-'],
    ['state=quarantined', '-x-'],
    ['state__neq=quarantined', 'x--'],
    ['state__nin=quarantined,online', '---'],
    ['state__in=quarantined,online', 'xx-'],
    ['state__in=enrolled,online', 'x-x'],
    ['state__in=enrolled,registered', 'xxx'],
    ['state__neq=online', '-x-'],
    ['state__neq=enrolled', 'xx-'],
    ['id=paper-3', '---'],
    ['id=paper-3&state=enrolled', '--x'],
    ['group__neq=berlin&state__in=enrolled,registered', '-xx'],
    ['version__neq=1.4.0&state=enrolled', '--x'],
  ]
  for (const [text, expected] of rows) t.equal(passing(text), expected, text)
})

t.test('component, version and digest speak of the same component', async t => {
  const rows: readonly (readonly [string, string])[] = [
    ['component=main', 'xx-'],
    ['component=radio', 'x--'],
    ['component__neq=radio', '-x-'],
    ['component__nin=main,radio', '---'],
    ['component__in=boot,radio', 'x--'],
    ['component__like=ra*', 'x--'],
    ['version=1.4.0', 'x--'],
    ['version__neq=1.4.0', '-x-'],
    ['version__neq=9.9.9', 'xx-'],
    ['version=01.4.0', 'x--'],
    ['version__like=1.*', 'xx-'],
    ['version__in=1.4.0,1.10.0', 'xx-'],
    ['component=main&version=2.10.0', '---'],
    ['component=radio&version=2.10.0', 'x--'],
    ['component=main&version__neq=1.4.0', '-x-'],
    ['component=radio&version__neq=1.4.0', 'x--'],
    ['component__neq=main&version=2.10.0', 'x--'],
    ['component__neq=main&version=1.4.0', '---'],
    ['component=main&version__lte=1.4.0', 'x--'],
    ['component=main&version__gte=1.5.0', '-x-'],
    ['component=main&version__gte=1.4.0&version__lte=1.10.0', 'xx-'],
    ['component=radio&version__gte=2.9.0', 'x--'],
    ['version__gte=2.9.9', 'x--'],
    [`component=main&digest=${digests[0]}`, 'x--'],
    [`component=radio&digest=${digests[0]}`, '---'],
    [`component=main&digest__nin=${digests[0]},${digests[1]}`, '-x-'],
    ['digest__like=c*', '-x-'],
  ]
  for (const [text, expected] of rows) t.equal(passing(text), expected, text)
  const parsed = parseTargetFilter('component__neq=main&version__neq=1.0.0')
  t.ok(
    'filter' in parsed && matches(parsed.filter, device('none', {}), { now, online: false }),
    'negated conditions hold for a device without components',
  )
})

t.test('attributes are compared as decimal numbers by gte and lte', async t => {
  const rows: readonly (readonly [string, string])[] = [
    ['attributes.battery__gte=9.5', 'x--'],
    ['attributes.battery__gte=10', '---'],
    ['attributes.battery__lte=10', 'x--'],
    ['attributes.battery__lte=-1', '---'],
    ['attributes.site__gte=0', '---'],
    ['attributes.empty__lte=0', '---'],
  ]
  for (const [text, expected] of rows) t.equal(passing(text), expected, text)
})

t.test('last_seen takes a time or how long ago; a device that is online is seen now', async t => {
  const at = (ms: number) => new Date(ms).toISOString()
  const rows: readonly (readonly [string, string])[] = [
    ['last_seen__gte=7d', 'x--'],
    ['last_seen__lte=7d', '-x-'],
    ['last_seen__gte=240h', 'xx-'],
    ['last_seen__gte=239h', 'x--'],
    ['last_seen__lte=14400m', '-x-'],
    ['last_seen__lte=864000s', '-x-'],
    ['last_seen__lte=864001s', '---'],
    ['last_seen__lte=0s', 'xx-'],
    ['last_seen__gte=2w', 'xx-'],
    [`last_seen__gte=${at(now - 240 * hour)}`, 'xx-'],
    [`last_seen__gte=${at(now - 240 * hour + 1)}`, 'x--'],
    [`last_seen__lte=${at(now - 1)}`, '-x-'],
    ['last_seen__gte=20261130T120000Z', 'x--'],
    ['last_seen__gte=2w&last_seen__lte=7d', '-x-'],
    ['last_seen__lte=7d&state=enrolled', '---'],
  ]
  for (const [text, expected] of rows) t.equal(passing(text), expected, text)
  const parsed = parseTargetFilter('last_seen__lte=1h')
  const silent = { ...full, lastHelloAt: now - 500 * hour }
  t.notOk('filter' in parsed && matches(parsed.filter, silent, { now, online: true }), 'connected since long ago')
})

t.test('what is no condition, and what could never hold, is refused by name', async t => {
  const known = /expected a field of id, .*attributes\.NAME/
  const rows: readonly (readonly [text: string, name: string, message: RegExp])[] = [
    ['=', 'filter', known],
    ['&', 'filter', known],
    ['group', 'group', /value/],
    ['group=', 'group', /value/],
    ['group=a&', 'filter', known],
    ['Group=a', 'Group', known],
    ['device_id=a', 'device_id', known],
    ['__proto__=1', '__proto__', known],
    ['constructor=1', 'constructor', known],
    ['attributes=1', 'attributes', known],
    ['attributes.=1', 'attributes.', known],
    ['attributes.a b=1', 'attributes.a b', known],
    [`attributes.${'a'.repeat(65)}=1`, `attributes.${'a'.repeat(53)}`, known],
    ['group__gte=a', 'group__gte', /takes __eq, __neq, __in, __nin, __like$/],
    ['state__like=on*', 'state__like', /takes __eq, __neq, __in, __nin$/],
    ['last_seen=7d', 'last_seen', /takes __gte, __lte$/],
    ['last_seen__in=7d', 'last_seen__in', /takes __gte, __lte$/],
    ['version__gt=1.0.0', 'version__gt', /__gte/],
    ['id__constructor=a', 'id__constructor', /takes/],
    ['attributes.a__b=1', 'attributes.a__b', /takes/],
    ['id=a/b', 'id', /device id/],
    ['id__in=a,b/c', 'id__in', /device id/],
    ['vendor_id=01', 'vendor_id', /32 lower-case hex/],
    [`class_id__nin=${'AB'.repeat(16)}`, 'class_id__nin', /32 lower-case hex/],
    ['digest=00', 'digest', /64 lower-case hex/],
    ['version=1.4', 'version', /like 1\.4\.0/],
    ['version__in=1.4.0,v2', 'version__in', /like 1\.4\.0/],
    ['version__lte=1.4.1000', 'version__lte', /like 1\.4\.0/],
    ['state=up', 'state', /one of enrolled, registered, online, offline, quarantined/],
    ['attributes.a__gte=1e3', 'attributes.a__gte', /decimal number/],
    ['attributes.a__lte=much', 'attributes.a__lte', /decimal number/],
    ['last_seen__gte=7', 'last_seen__gte', /how long ago/],
    ['last_seen__gte=7D', 'last_seen__gte', /how long ago/],
    ['last_seen__gte=-7d', 'last_seen__gte', /how long ago/],
    ['last_seen__gte=1234567s', 'last_seen__gte', /how long ago/],
    ['last_seen__gte=2026-11-31T00:00:00Z', 'last_seen__gte', /how long ago/],
    ['group=%zz', 'group', /percent-encoding/],
    ['group__in=a,,b', 'group__in', /empty values/],
    ['group=a&group__eq=b', 'group__eq', /once/],
    [`group=${'a'.repeat(filterLengthMax)}`, 'filter', /at most 4096 characters/],
    [`group__in=${Array(101).fill('a').join(',')}`, 'group__in', /at most 100 values/],
  ]
  for (const [text, name, message] of rows)
    t.match(problemsOf(parseTargetFilter(text)), [{ name, message }], text.slice(0, 60))
  t.equal(problemsOf(parseTargetFilter(Array(50).fill('a=1').join('&'))).length, 20, 'the list of problems has an end')
  t.same(
    problemsOf(parseTargetFilter('a=1&group=x&b=2')).map(({ name }) => name),
    ['a', 'b'],
    'all at once',
  )
  t.ok(isAttributeName('site.floor-2:b') && !isAttributeName('') && !isAttributeName('a&b') && !isAttributeName('.a'))
})

t.test('a filter that can only match listed devices tells which', async t => {
  const of = (text: string) => {
    const parsed = parseTargetFilter(text)
    return 'filter' in parsed ? filterIds(parsed.filter) : 'refused'
  }
  t.equal(of(''), undefined)
  t.equal(of('group=a'), undefined)
  t.equal(of('id__neq=a'), undefined)
  t.equal(of('id__nin=a,b'), undefined)
  t.equal(of('id__like=a'), undefined)
  t.same(of('id=a&group=b'), ['a'])
  t.same(of('id__in=b,a,b'), ['b', 'a'])
  t.same(of('id__in=b,a&id=a'), ['a'])
  t.same(of('id__in=b,a&id=c'), [])
})

t.test('a pattern fits as a matcher that tries everything says, and ends soon where that one would not', async t => {
  const naive = (pattern: readonly string[], text: readonly string[]): boolean => {
    const [first, ...rest] = pattern
    if (first === undefined) return text.length === 0
    if (first === '*') return naive(rest, text) || (text.length > 0 && naive(pattern, text.slice(1)))
    return text.length > 0 && (first === '?' || first === text[0]) && naive(rest, text.slice(1))
  }
  const letters = (alphabet: string, maxLength: number) =>
    fc.array(fc.constantFrom(...alphabet), { maxLength }).map(parts => parts.join(''))
  fc.assert(
    fc.property(letters('ab*?𝄞', 8), letters('ab𝄞?*', 8), (pattern, text) => {
      const parsed = parseTargetFilter(filterTextOf([['group__like', pattern]]))
      const device = { ...full, group: text }
      const expected = naive([...pattern], [...text])
      if (pattern === '') return 'problems' in parsed
      return 'filter' in parsed && matches(parsed.filter, device, { now, online: true }) === expected
    }),
    { numRuns: 20_000 },
  )
  // A matcher that goes back to every star would take more than the age of the world.
  t.notOk(isLike([...`${'a*'.repeat(1000)}b`], 'a'.repeat(2000)))
  t.ok(isLike([...`${'a*'.repeat(1000)}b`], `${'a'.repeat(2000)}b`))
})

t.test('neq is always the opposite of eq, and nin of in', async t => {
  const values: readonly (readonly [string, string])[] = [
    ...['berlin-1', 'x'].map(value => ['id', value] as const),
    ...['berlin', 'x'].map(value => ['group', value] as const),
    ...['lab', 'x'].map(value => ['tag', value] as const),
    ...['main', 'radio', 'x'].map(value => ['component', value] as const),
    ...['1.4.0', '1.10.0', '7.7.7'].map(value => ['version', value] as const),
    ...['roof', 'x'].map(value => ['attributes.site', value] as const),
    ...['online', 'offline', 'quarantined'].map(value => ['state', value] as const),
  ]
  const flipped = (letters: string) => `${letters.slice(0, 2).replace(/./g, one => (one === 'x' ? '-' : 'x'))}-`
  for (const [field, value] of values)
    for (const [operator, opposite] of [
      ['eq', 'neq'],
      ['in', 'nin'],
    ])
      t.equal(passing(`${field}__${opposite}=${value}`), flipped(passing(`${field}__${operator}=${value}`)), value)
})
