// Profile files: what they may leave out, and what is said of each mistake.
import t from 'tap'
import { defaultProfile, parseProfiles } from '../../../simulator/fleet/profile-file.ts'

const parsed = (json: unknown) => parseProfiles(JSON.stringify(json), 'fleet.json')

t.test('an empty profile is a good one', async t => {
  t.strictSame(parsed({}), [{ share: 1, profile: defaultProfile }])
  t.strictSame(parsed([{}]), [{ share: 1, profile: defaultProfile }])
  t.equal(defaultProfile.vendorId.length, 32)
  t.equal(defaultProfile.classId.length, 32)
})

t.test('what is said is taken, and the rest of it completed', async t => {
  const [first, second] = parsed([
    {
      ...{ share: 3, name: 'gateway', vendorId: '11'.repeat(16), classId: '22'.repeat(16), tags: ['north'] },
      components: [{ reboot: false }, { name: 'radio', version: '2.1.0', imageBytes: 1000 }],
      ...{ attributes: { site: 'one' }, downBytesPerSecond: 1000, latencyMs: 5, offline: { onMs: 1000, offMs: 500 } },
      ...{ battery: { chargePercent: [10, 90] }, storageBytes: 5, memoryBudgetBytes: 4096, bootMs: 0 },
      ...{ keepAliveSeconds: 30, telemetry: {} },
    },
    {},
  ])
  t.equal(first?.share, 3)
  t.match(first?.profile, {
    ...{ name: 'gateway', vendorId: '11'.repeat(16), tags: ['north'], attributes: { site: 'one' }, bootMs: 0 },
    components: [
      { name: 'main', version: '1.0.0', imageBytes: 262_144, reboot: false },
      { name: 'radio', version: '2.1.0', imageBytes: 1000, reboot: true },
    ],
    ...{ downBytesPerSecond: 1000, latencyMs: 5, offline: { onMs: 1000, offMs: 500 }, keepAliveSeconds: 30 },
    battery: { chargePercent: [10, 90], installPercentMin: 20, percentPerHour: 0 },
    telemetry: { qos: 0, everyMs: 60_000, payloadBytes: 64 },
  })
  t.equal(second?.profile.name, 'sensor-2', 'a name for who has none')
})

t.test('each mistake is told with its field and what was expected', async t => {
  const rows: readonly (readonly [json: unknown, problem: RegExp])[] = [
    [[], /expected 1 to 64 profiles, got 0/],
    [Array.from({ length: 65 }, () => ({})), /got 65/],
    ['sensor', /the profile: must be object/],
    [{ vendorId: 'ACME' }, /vendorId: must match pattern .*\{32\}/],
    [{ bootMs: -1 }, /bootMs: must be >= 0/],
    [{ bootMs: 1.5 }, /bootMs: must be integer/],
    [{ share: 0 }, /share: must be > 0/],
    [[{}, { latencyMs: 'long' }], /\[1\]\.latencyMs: must be integer/],
    [{ components: [] }, /components: must not have fewer than 1/],
    [{ components: [{ version: '1.0' }] }, /components\.0\.version: must match pattern/],
    [{ components: [{ name: 'a b' }] }, /components\.0\.name: expected letters.* got a b/],
    [{ components: [{}, {}] }, /components\.1\.name: expected another name, got main twice/],
    [{ offline: { onMs: 1000 } }, /offline: must have required properties offMs/],
    [{ battery: { chargePercent: [90, 10] } }, /battery\.chargePercent: expected the smaller first, got 90, 10/],
    [{ battery: { chargePercent: [0, 101] } }, /battery\.chargePercent\.1: must be <= 100/],
    [{ telemetry: { qos: 2 } }, /telemetry\.qos/],
    [{ speed: 1 }, /additional properties.*speed/],
    [[{ name: 'a' }, { name: 'a' }], /name: expected another one for each profile, got a twice/],
  ]
  for (const [json, problem] of rows) {
    t.throws(() => parsed(json), { code: 'PROFILE_FILE_INVALID', message: problem }, JSON.stringify(json).slice(0, 60))
    t.throws(() => parsed(json), { message: /fleet\.json cannot be used/ })
  }
  t.throws(() => parseProfiles('{', 'fleet.json'), { message: /fleet\.json.*\n.*expected JSON/ })
  t.throws(() => parsed({ bootMs: -1, latencyMs: -1 }), { message: /latencyMs.*\n.*bootMs/ }, 'all at once')
})
