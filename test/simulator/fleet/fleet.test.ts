// The parts of a fleet that need no process: the exact mix, the roster and its parts, the ramp, limits of the machine, the
// keys and bundles from a seed and what counts as expected.
import { createPublicKey } from 'node:crypto'
import t from 'tap'
import { bundleHeaderLength, bundlePrefixBytes, readBundleHead } from '../../../proto/bundle.ts'
import { distrust, openEnvelope, parseTrustDocument, roleFor, trustedKey } from '../../../proto/envelope.ts'
import type { ExecutionView } from '../../../proto/http-api.ts'
import { deviceId } from '../../../proto/ids.ts'
import { readManifest } from '../../../proto/manifest.ts'
import { counts, dealt, parseFaults } from '../../../simulator/fleet/fault-mix.ts'
import { duration, moment, part, ramp, telemetry } from '../../../simulator/fleet/flag-values.ts'
import { madeKeys, readKeys } from '../../../simulator/fleet/keys.ts'
import { checkLimits, openFilesNeeded } from '../../../simulator/fleet/limits.ts'
import { CodeBudget, type Ended, endedOf, resultsOf } from '../../../simulator/fleet/outcome.ts'
import { prepare } from '../../../simulator/fleet/preparation.ts'
import { defaultProfile } from '../../../simulator/fleet/profile-file.ts'
import { lengthOfRamp, startOfPlace } from '../../../simulator/fleet/ramp.ts'
import { makeBundles, makeImage, targetOf } from '../../../simulator/fleet/release.ts'
import { rosterOf } from '../../../simulator/fleet/roster.ts'
import { flagsText, readSettings } from '../../../simulator/fleet/settings.ts'
import type { SensorFigures } from '../../../simulator/fleet/worker/messages.ts'
import { Seed } from '../../../simulator/world/seed.ts'

t.test('shares become whole numbers that add up, by the largest remainder', async t => {
  for (const [total, shares, expected] of [
    [1000, [0.01, 0.005], [10, 5, 985]],
    [100, [0.07], [7, 93]],
    [30, [0.1, 0.05], [3, 2, 25]],
    [3, [0.5, 0.5], [2, 1, 0]],
    [7, [1 / 3, 1 / 3, 1 / 3], [3, 2, 2, 0]],
    [10, [0.01], [0, 10]],
    [0, [0.5], [0, 0]],
    [5, [], [5]],
  ] as const)
    t.strictSame(counts(total, shares), expected, `${total} by ${shares}`)
  for (let total = 0; total < 200; total += 1) {
    const amounts = counts(total, [0.013, 0.27, 0.0001, 0.5])
    t.ok(amounts.reduce((sum, amount) => sum + amount, 0) === total && amounts.every(amount => amount >= 0), `${total}`)
  }
})

t.test('the same seed hits the same sensors, another seed others, and the counts are the same', async t => {
  const items = [{ item: 'a', share: 0.1 }]
  const hit = (seed: string): number[] =>
    dealt(500, items, new Seed(seed)).flatMap((item, place) => (item === 'a' ? [place] : []))
  t.strictSame(hit('7'), hit('7'))
  t.notSame(hit('7'), hit('8'))
  t.equal(hit('7').length, 50)
  t.equal(hit('8').length, 50)
  t.ok(hit('7').some(place => place > 400) && hit('7').some(place => place < 100), 'all over the fleet')
})

t.test('a mix is read with its synonyms, and what is wrong with it is said', async t => {
  t.strictSame(parseFaults('drop=1%, bad-signature=0.5%'), [
    { fault: 'drop', share: 0.01 },
    { fault: 'code-23', share: 0.005 },
  ])
  t.strictSame(parseFaults(''), [])
  for (const [text, message] of [
    ['drop', /drop: expected a share above 0% up to 100%, such as drop=1%, got ""/],
    ['drop=5', /got "5"/],
    ['drop=1%,drop=2%', /drop is there twice/],
    ['code-23=1%,bad-signature=2%', /code-23 is there twice/],
    ['toString=1%', /no fault "toString"/],
    ['drop=70%,delay=40%', /expected shares of 100% together at most, got 110.00%/],
  ] as const)
    t.throws(() => parseFaults(text), { name: 'TypeError', message }, text)
})

t.test('three machines together are exactly the fleet of one', async t => {
  const wishes = {
    devices: 100,
    prefix: 'x',
    profiles: [{ share: 3 }, { share: 1 }],
    faults: parseFaults('drop=10%,lying=3%'),
    seed: 3,
  }
  const whole = rosterOf({ ...wishes, part: { number: 1, of: 1 } })
  const parts = [1, 2, 3].flatMap(number => rosterOf({ ...wishes, part: { number, of: 3 } }))
  t.strictSame(
    [...parts].sort((a, b) => a.place - b.place),
    whole,
  )
  t.equal(new Set(whole.map(({ device }) => device)).size, 100)
  t.equal(whole.filter(({ profile }) => profile === 1).length, 25)
  t.equal(whole.filter(({ fault }) => fault === 'drop').length, 10)
  t.equal(whole[0]?.device, 'x-00000')
})

t.test('the ramp is kept by place', async t => {
  t.equal(startOfPlace({ perSecond: 200 }, 0), 0)
  t.equal(startOfPlace({ perSecond: 200 }, 9_999), 49_995)
  t.equal(lengthOfRamp({ perSecond: 200 }, 10_000), 49_995)
  t.equal(lengthOfRamp({ perSecond: undefined }, 10_000), 0)
  t.equal(lengthOfRamp({ perSecond: 5 }, 0), 0)
})

t.test('values of flags', async t => {
  t.strictSame(ramp('30/m'), { perSecond: 0.5 })
  t.strictSame(ramp('all-at-once'), { perSecond: undefined })
  t.strictSame(telemetry('1/10s,qos1,64B'), { qos: 1, everyMs: 10_000, payloadBytes: 64 })
  t.strictSame(telemetry('4/s,qos0,1KiB'), { qos: 0, everyMs: 250, payloadBytes: 1024 })
  t.equal(telemetry('off'), 'off')
  t.equal(duration('1.5h'), 5_400_000)
  t.strictSame(part('2/3'), { number: 2, of: 3 })
  t.equal(moment('2026-05-01T12:00:00Z'), 1_777_636_800_000)
  for (const wrong of [
    () => ramp('0/s'),
    () => telemetry('1/10s,qos2,64B'),
    () => telemetry('9999/s,qos1,64B'),
    () => duration('10'),
    () => part('4/3'),
    () => part('0/3'),
    () => moment('tomorrow'),
  ])
    t.throws(wrong, { name: 'TypeError', message: /expected/ })
})

t.test('all problems of a command line are told at once, and every flag is in the help', async t => {
  t.throws(() => readSettings(['--devices', 'x', '--seed', 'y']), {
    name: 'UsageError',
    message: /--devices: .*\n.*--seed: .*\n.*expected --spawn/s,
  })
  const { devices, ramp: rate, part: whole, spoken } = readSettings(['--spawn', '--devices', '7', '--devices', '8'])
  t.strictSame([devices, rate, whole], [8, { perSecond: 200 }, { number: 1, of: 1 }], 'the last one counts')
  t.strictSame(spoken, [
    ['--spawn', 'true'],
    ['--devices', '8'],
  ])
  for (const flag of ['--spawn', '--faults', '--expect', '--part', '--html']) t.match(flagsText(), flag)
})

t.test('files and values that do not go together are named before anything is started', async t => {
  const cwd = t.testdir({ 'bad.json': '{"bootMs": "long"}', 'policy.json': '{"concurrency": 0}', empty: '', pem: 'x' })
  const rows: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['--faults', 'drop=60%,delay=50%'], /^--faults: expected shares of 100% together at most, got 110.00%/],
    [['--telemetry', '1/10s'], /^--telemetry: expected messages a time, QoS and size/],
    [['--expect', 'failed'], /^--expect: /],
    [['--image-size', '1TiB'], /^--image-size: expected a size from 1024 B/],
    [['--profile', 'none.json'], /^--profile: expected a file that can be read/],
    [['--profile', 'bad.json'], /bad\.json.*bootMs/s],
    [['--policy', 'policy.json'], /^--policy: concurrency/],
    [['--policy', 'pem'], /^--policy: expected JSON/],
    [['--image', 'empty'], /^--image: .*empty is empty/],
    [['--version', '1.0.0'], /^--version: expected one above 1.0.0/],
    [['--component', 'wing'], /^--component: expected a component of a profile, got "wing"/],
    [['--url', 'mqtt://127.0.0.1'], /^--url: expected either it or --spawn/],
    [['--part', '2/3'], /--part: expected --prefix beside it/],
    [['--release', 'main@2.0.0+0123456789abcdef'], /^--release: expected --trust beside it/],
    [['--trust', 'pem', '--key', 'pem'], /^--trust: expected a signed trust document/],
    [['--image', 'a', '--without-update'], /^--image, --without-update: expected one of them/],
  ]
  for (const [args, message] of rows)
    await t.rejects(
      (async () => prepare(readSettings(['--spawn', ...args]), cwd, 0))(),
      { name: 'UsageError', message },
      args.join(' '),
    )
  const { members, processes, policy, target } = await prepare(readSettings(['--spawn', '--devices', '6000']), cwd, 0)
  t.ok(members.length === 6000 && processes >= 2)
  t.strictSame([policy.concurrency, policy.abort, policy.retries], [1000, [], []])
  t.strictSame(policy.delivery, { retryByPull: true })
  t.strictSame(target, { component: 'main', version: '2.0.0' })
  const broken = await prepare(readSettings(['--spawn', '--faults', 'code-45=1%']), cwd, 0)
  t.strictSame(broken.policy.delivery, { retryByPull: false }, 'or nobody would end with 45')
})

t.test('too few open files or ports are told before the start, with what lifts the limit', async t => {
  t.equal(openFilesNeeded(5000, undefined), 5064)
  t.equal(openFilesNeeded(5000, 10_000), 10_512)
  t.throws(() => checkLimits({ openFiles: 1024, localPorts: 28_232 }, 5064, 5000, 5000), {
    name: 'FleetFailed',
    message: /needs 5064 open files, and this shell allows 1024: ulimit -n 8192 .*more --processes/,
  })
  t.throws(() => checkLimits({ openFiles: 100_000, localPorts: 28_232 }, 5064, 30_000, 5000), {
    message: /30000 sensors .* it has 28232: sysctl .*--part/,
  })
  checkLimits({ openFiles: undefined, localPorts: undefined }, 5064, 50_000, 5000)
  checkLimits({ openFiles: 5064, localPorts: 5000 }, 5064, 5000, 5000)
})

t.test('keys and bundles come from the seed alone, and a sensor can trust them', async t => {
  const keys = madeKeys(7)
  t.strictSame(madeKeys(7).trust, keys.trust)
  t.notSame(madeKeys(8).trust, keys.trust)
  const trust = parseTrustDocument(keys.trust)
  if (keys.release === undefined) throw new Error('expected a key')
  const role = roleFor('firmware-update', trust)
  t.strictSame(role.keyIds, [trustedKey(createPublicKey(keys.release)).keyId])
  const image = makeImage(7, 100_000)
  t.ok(image.equals(makeImage(7, 100_000)) && !image.equals(makeImage(8, 100_000)))
  const target = targetOf([defaultProfile], undefined, undefined)
  t.strictSame(target, { component: 'main', version: '2.0.0' })
  const other = { ...defaultProfile, classId: 'ab'.repeat(16) }
  const bundles = makeBundles(
    image,
    target,
    [defaultProfile, other, { ...defaultProfile, name: 'again' }],
    keys.release,
  )
  t.equal(bundles.length, 2, 'one for each vendor and class')
  for (const [index, bundle] of bundles.entries()) {
    const header = bundle.subarray(bundlePrefixBytes, bundlePrefixBytes + bundleHeaderLength(bundle))
    const head = readBundleHead(header)
    t.equal(head.bundleBytes, bundle.length)
    const envelope = openEnvelope(head.envelope)
    t.equal(distrust(envelope, 'manifest', role, trust), undefined)
    const verdict = readManifest(envelope.payload)
    if (!('manifest' in verdict)) throw new Error(JSON.stringify(verdict))
    t.equal(verdict.manifest.classId, [defaultProfile, other][index]?.classId)
    t.equal(verdict.manifest.payloadSize, 100_000)
  }
  t.throws(() => targetOf([defaultProfile], undefined, '1.0.0'), { message: /--version: expected one above 1.0.0/ })
  t.throws(() => targetOf([defaultProfile], 'wing', undefined), { message: /--component/ })
  t.throws(() => readKeys(Buffer.from('x'), undefined, 0), { message: /--trust: expected a signed trust document/ })
  t.throws(() => readKeys(keys.trust, 'x', 0), { message: /--key: expected a private key in PEM form/ })
})

const member = (number: number, fault?: 'code-23') => ({
  device: deviceId(`d-${number}`),
  place: number,
  profile: 0,
  fault,
  seed: number,
})
const figuresOf = (number: number, version: string | undefined): readonly [string, SensorFigures] => [
  `d-${number}`,
  {
    device: deviceId(`d-${number}`),
    version,
    connectMs: 1.23456,
    offerToStartMs: undefined,
    downloadMs: undefined,
    downBytes: 10,
    upBytes: 5,
    reconnects: 1,
  },
]
const end = (state: Ended['state'], code: string | undefined, totalMs?: number): Ended => ({ state, code, totalMs })

t.test('a sensor is as expected only when code and running version are', async t => {
  const target = { component: 'main', version: '2.0.0' }
  const rows: readonly (readonly [
    fault: 'code-23' | undefined,
    version: string | undefined,
    ended: Ended | undefined,
    right: boolean,
  ])[] = [
    [undefined, '2.0.0', end('completed', 'SYS_112', 100), true],
    [undefined, '1.0.0', end('completed', 'SYS_112', 100), false],
    [undefined, '2.0.0', end('failed', 'UPD4_FAIL_24'), false],
    [undefined, '2.0.0', end('open', 'SYS_112'), false],
    [undefined, '2.0.0', undefined, false],
    [undefined, undefined, end('completed', 'SYS_112'), false],
    ['code-23', '1.0.0', end('failed', 'UPD4_FAIL_23', 5), true],
    ['code-23', '2.0.0', end('failed', 'UPD4_FAIL_23', 5), false],
    ['code-23', '2.0.0', end('completed', 'SYS_112', 5), false],
    [undefined, '1.0.0', end('skipped', 'SYS_110'), false],
  ]
  const {
    devices,
    counts: found,
    codes,
    total,
  } = resultsOf(
    rows.map(([fault], number) => member(number, fault)),
    [defaultProfile],
    target,
    new Map(rows.map(([, version], number) => figuresOf(number, version))),
    new Map(rows.flatMap(([, , ended], number) => (ended === undefined ? [] : [[`d-${number}`, ended] as const]))),
  )
  t.strictSame(
    devices.map(({ asExpected }) => asExpected),
    rows.map(([, , , right]) => right),
  )
  t.strictSame(found, { succeeded: 4, failed: 3, skipped: 1, unfinished: 2, unexpected: 8 })
  t.strictSame(codes.SYS_112, { count: 4, expected: 1 })
  t.equal(total.count, 3, 'of those that were updated, a time each')
  t.equal(devices[0]?.connectMs, 1.235)
  t.equal(devices[4]?.code, null)
})

t.test('without an update a sensor that was connected is as expected', async t => {
  const figures = new Map([figuresOf(0, undefined)])
  const { devices, counts: found } = resultsOf([member(0), member(1)], [defaultProfile], undefined, figures, new Map())
  t.strictSame(
    devices.map(({ asExpected }) => asExpected),
    [true, false],
  )
  t.strictSame(found, { succeeded: 0, failed: 0, skipped: 0, unfinished: 0, unexpected: 1 })
})

t.test('an execution is read with its time, and one that runs has no end', async t => {
  const view = {
    state: 'completed',
    code: 'SYS_112',
    handedOverAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:02.500Z',
  }
  t.strictSame(endedOf(view as ExecutionView), end('completed', 'SYS_112', 2500))
  t.strictSame(
    endedOf({ ...view, state: 'inProgress', code: null, endedAt: null } as ExecutionView),
    end('open', undefined),
  )
  t.strictSame(
    endedOf({ ...view, state: 'skipped', code: 'SYS_110', handedOverAt: null } as ExecutionView),
    end('skipped', 'SYS_110'),
  )
})

t.test('on the way only what cannot be right any more is called unexpected', async t => {
  const budget = new CodeBudget([
    { codes: ['A', 'B'], updated: true },
    { codes: ['A'], updated: true },
  ])
  t.equal(budget.unexpected({ A: 2 }), 0)
  t.equal(budget.unexpected({ A: 3, B: 1 }), 1)
  t.equal(budget.unexpected({ C: 2 }), 2)
})
