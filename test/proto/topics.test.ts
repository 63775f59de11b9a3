import fc from 'fast-check'
import t from 'tap'
import { deviceId, operationId, principalName } from '../../proto/ids.ts'
import {
  deviceTopic,
  downlinks,
  liveEventTopic,
  operationStateTopic,
  operatorAnswerTopic,
  operatorMaySubscribe,
  operatorRequestTopic,
  parseDeviceTopic,
  parseOperatorRequest,
  uplinks,
} from '../../proto/topics.ts'
import { forAll, seed } from './fuzz.ts'

t.comment(`seed ${seed}`)

const device = deviceId('sensor-1')
const alice = principalName('alice')
const operation = operationId('01j9zk3v7m8n5p6q4r2s1t0abc')

/** What an attacker writes where an id or a name belongs. */
const tricks = [
  ...['', '+', '#', '+/#', '..', '.', ' ', '*', '$SYS', '$share', '$share/g/x', '__proto__', 'constructor', 'toString'],
  ...['a/b', 'a\0', '\0', 'a\ud800', '\udfff', 'ä', 'a b', '-a', '.a', ':a', '_a', 'a\n', '%2f', 'a+', 'a#'],
  'x'.repeat(65),
  'x/'.repeat(200),
]

t.test('every topic of a device is built and parsed', async t => {
  for (const uplink of uplinks) t.strictSame(parseDeviceTopic(deviceTopic(device, uplink)), { device, uplink })
  for (const downlink of downlinks) t.strictSame(parseDeviceTopic(deviceTopic(device, downlink)), { device, downlink })
  t.equal(deviceTopic(device, 'chunks/request'), 'drover/v1/devices/sensor-1/chunks/request')
})

t.test('no trick names a topic of a device', async t => {
  const names = [...uplinks, ...downlinks]
  for (const name of names) {
    for (const trick of tricks) {
      t.equal(parseDeviceTopic(`drover/v1/devices/${trick}/${name}`), undefined, `${trick} ${name}`)
      t.equal(parseDeviceTopic(`drover/v1/devices/sensor-1/${name}/${trick}`), undefined, `${name} ${trick}`)
      t.equal(parseDeviceTopic(`drover/v1/devices/sensor-1/${name}${trick}`)?.device, trick === '' ? device : undefined)
      t.equal(parseDeviceTopic(`${trick}/drover/v1/devices/sensor-1/${name}`), undefined, `${trick} before`)
    }
    const topic = deviceTopic(device, name)
    for (const other of [
      `/${topic}`,
      `${topic}/`,
      topic.toUpperCase(),
      topic.replace('v1', 'v2'),
      topic.replace('/', '//'),
      `$SYS/${topic}`,
      `$share/g/${topic}`,
    ])
      t.equal(parseDeviceTopic(other), undefined, other)
  }
  for (const trick of [...tricks, 'offer/+', 'chunks/#', '+', '#', 'chunks', 'status'])
    t.equal(parseDeviceTopic(`drover/v1/devices/sensor-1/${trick}`), undefined, trick)
})

t.test('a topic that parses is the one that would be built: no two spellings', async t => {
  const part = fc.oneof(
    fc.constantFrom('drover', 'v1', 'devices', 'sensor-1', ...uplinks, ...tricks),
    fc.string({ maxLength: 5 }),
  )
  forAll(
    fc.array(part, { maxLength: 7 }).map(parts => parts.join('/')),
    5000,
    topic => {
      const parsed = parseDeviceTopic(topic)
      if (parsed === undefined) return
      const name = 'uplink' in parsed ? parsed.uplink : parsed.downlink
      if (deviceTopic(parsed.device, name) !== topic) throw new Error(topic)
    },
  )
  t.pass('none')
})

t.test('requests of operators are built and parsed, tricks are none', async t => {
  t.strictSame(parseOperatorRequest(operatorRequestTopic(alice, 'create-operation')), {
    operator: alice,
    verb: 'create-operation',
  })
  for (const trick of tricks) {
    t.equal(parseOperatorRequest(`drover/v1/operators/alice/request/${trick}`), undefined, trick)
    t.equal(parseOperatorRequest(`drover/v1/operators/${trick}/request/list`), undefined, trick)
  }
  for (const verb of ['Create', '9', '-a', 'x'.repeat(33), 'list all'])
    t.equal(parseOperatorRequest(`drover/v1/operators/alice/request/${verb}`), undefined, verb)
  t.equal(parseOperatorRequest('xdrover/v1/operators/alice/request/list'), undefined)
  t.equal(parseOperatorRequest('drover/v1/operators/alice/request/list/more'), undefined)
})

t.test('an operator may subscribe to his answers and to the live topics, and to nothing else', async t => {
  const rows: readonly [pattern: string, may: boolean][] = [
    ['drover/v1/operators/alice/accepted/+', true],
    ['drover/v1/operators/alice/accepted/#', true],
    ['drover/v1/operators/alice/rejected/r-1', true],
    [operatorAnswerTopic(alice, 'accepted', 'r_1'), true],
    [operationStateTopic(operation), true],
    [liveEventTopic(device), true],
    ['drover/v1/operations/+/state', true],
    ['drover/v1/operations/+/+', true],
    ['drover/v1/operations/#', true],
    ['drover/v1/events/+', true],
    ['drover/v1/events/#', true],
    ['drover/v1/devices/sensor-1/telemetry', true],
    ['drover/v1/devices/+/telemetry', true],
    ['drover/v1/devices/#', false],
    ['drover/v1/devices/sensor-1/telemetry/x', false],
    ['drover/v1/devices/sensor+/telemetry', false],
    ['drover/v1/operators/bob/accepted/+', false],
    ['drover/v1/operators/+/accepted/+', false],
    ['drover/v1/operators/#', false],
    ['drover/v1/operators/alice/#', false],
    ['drover/v1/operators/alice/+/+', false],
    ['drover/v1/operators/alice/request/+', false],
    ['drover/v1/operators/alice/accepted', false],
    ['drover/v1/operators/alice/accepted/', false],
    ['drover/v1/operators/alice/accepted/r/1', false],
    ['drover/v1/operators/alice2/accepted/+', false],
    ['drover/v1/operators/alic/accepted/+', false],
    ['drover/v1/operations', false],
    ['drover/v1/operations/', false],
    ['drover/v1/operations/+/#', false],
    ['drover/v1/operations/+', false],
    ['drover/v1/operations/+/state/x', false],
    ['drover/v1/operations/+/other', false],
    ['drover/v1/events', false],
    ['drover/v1/events/', false],
    ['drover/v1/events/sensor-1/x', false],
    ['drover/v1/events/+/+', false],
    ['drover/v1/devices/sensor-1/offer', false],
    ['drover/v1/devices/+/events', false],
    ['drover/v1/#', false],
    ['drover/v1/+/#', false],
    ['drover/#', false],
    ['#', false],
    ['+/#', false],
    ['+', false],
    ['/', false],
    ['', false],
    ['/drover/v1/events/#', false],
    ['$SYS/#', false],
    ['$SYS/drover/v1/events/#', false],
    ['$share/g/drover/v1/events/#', false],
    ['$share/g/#', false],
    ['drover/v1/events/a\0', false],
    ['drover/v1/events/\ud800', false],
    [`drover/v1/events/${'x'.repeat(65)}`, false],
    [`drover/v1/events/${'x/'.repeat(200)}`, false],
    ['drover/v1/operations/a\0/state', false],
    ['drover/v1/operators/alice/accepted/\ud800', false],
    ['drover/v1/events/sensor+', false],
    ['drover/v1/events/sensor#', false],
  ]
  for (const [pattern, may] of rows) t.equal(operatorMaySubscribe(alice, pattern), may, JSON.stringify(pattern))
})

t.test('the name of an operator is compared as text: a dot is no wildcard', async t => {
  t.equal(operatorMaySubscribe(principalName('a.b'), 'drover/v1/operators/axb/accepted/+'), false)
  t.equal(operatorMaySubscribe(principalName('a.b'), 'drover/v1/operators/a.b/accepted/+'), true)
})
