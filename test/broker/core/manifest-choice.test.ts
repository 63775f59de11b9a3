// Which manifest a device is offered: a table of what it has against what the release has, and the operation around it:
// what is remembered, what follows when a delta fails, and how it ends when nothing is left to offer.
import t from 'tap'
import { manifestFor } from '../../../broker/core/manifest-choice.ts'
import { policyDefaults } from '../../../broker/core/policy.ts'
import type { Release, ReleaseManifest } from '../../../broker/core/records.ts'
import type { DeviceCode } from '../../../proto/event-codes.ts'
import { artifactId } from '../../../proto/ids.ts'
import {
  day,
  deviceOf,
  type Machine,
  machine,
  made,
  oldDigest,
  release,
  start,
  targetDigest,
  vendorId,
} from './machine.ts'

const otherDigest = '77'.repeat(32)
const otherClass = '99'.repeat(16)

const [raw] = release.manifests
if (raw === undefined) throw new Error('the release has a manifest')

function manifest(name: string, fields: Partial<ReleaseManifest> = {}): ReleaseManifest {
  return { ...(raw as ReleaseManifest), sha256: name, ...fields }
}
function delta(name: string, precursorSha256: string, fields: Partial<ReleaseManifest> = {}): ReleaseManifest {
  return manifest(name, { format: 'delta-zstd', artifact: artifactId('de'.repeat(32)), precursorSha256, ...fields })
}
const full = manifest('full')
const fromOld = delta('from-old', oldDigest)
const fromOther = delta('from-other', otherDigest)

const withManifests = (...manifests: readonly ReleaseManifest[]): Release => ({ ...release, manifests })

t.test('the delta for what is installed, else the full image; every row', async t => {
  const rows: readonly (readonly [string, readonly ReleaseManifest[], string | undefined, string | undefined])[] = [
    // what, manifests, chosen, chosen once a delta has failed
    ['only a full image', [full], 'full', 'full'],
    ['a full image of a broker that knew nothing else', [manifest('old')], 'old', 'old'],
    ['a delta that matches', [full, fromOld], 'from-old', 'full'],
    ['whatever the order', [fromOld, full], 'from-old', 'full'],
    ['of several deltas, the one that matches', [fromOther, fromOld, full], 'from-old', 'full'],
    ['a delta for another image', [fromOther, full], 'full', 'full'],
    ['only a delta that matches', [fromOld], 'from-old', 'from-old'],
    ['only a delta for another image', [fromOther], undefined, undefined],
    ['a package in the place of the image', [manifest('all', { format: 'combined' }), fromOld], 'from-old', 'all'],
    ['a delta that has expired', [delta('late', oldDigest, { expiresAt: start }), full], 'full', 'full'],
    [
      'a delta that expires in a millisecond',
      [delta('late', oldDigest, { expiresAt: start + 1 }), full],
      'late',
      'full',
    ],
    ['only a delta that has expired', [delta('late', oldDigest, { expiresAt: start })], undefined, undefined],
    ['only an expired image: the device is to say so', [manifest('gone', { expiresAt: 1 })], 'gone', 'gone'],
    ['a delta of another class', [delta('theirs', oldDigest, { classId: otherClass }), full], 'full', 'full'],
    ['a delta bound to another device', [delta('b', oldDigest, { deviceId: 'b' }), full], 'full', 'full'],
    ['a delta bound to this one goes first', [fromOld, delta('a', oldDigest, { deviceId: 'a' })], 'a', 'a'],
    ['an image bound to this one goes first', [full, manifest('a', { deviceId: 'a', expiresAt: 1 })], 'a', 'a'],
    ['the one that is good for longest', [manifest('long', { expiresAt: 9.1e12 }), full], 'long', 'long'],
    ['of the deltas, too', [fromOld, delta('long', oldDigest, { expiresAt: 9.1e12 })], 'long', 'long'],
    [
      'nothing of its class: an image it will refuse',
      [delta('d', oldDigest, { classId: otherClass }), manifest('i', { classId: otherClass })],
      'i',
      'i',
    ],
    ['nothing of its class but deltas', [delta('d', otherDigest, { classId: otherClass })], 'd', 'd'],
  ]
  for (const [what, manifests, chosen, afterFailure] of rows) {
    const one = withManifests(...manifests)
    t.equal(manifestFor(one, deviceOf('a'), start)?.sha256, chosen, what)
    t.equal(
      manifestFor(one, deviceOf('a'), start, { deltaFailed: true })?.sha256,
      afterFailure,
      `${what}; a delta has failed`,
    )
  }
  const bare = deviceOf('a', '1.0.0', oldDigest, { components: [] })
  t.equal(manifestFor(withManifests(fromOld, full), bare, start)?.sha256, 'full', 'without the component: no delta')
})

/** Handed over once, with the rules of the default policy. */
function handedOver(...manifests: readonly ReleaseManifest[]): Machine {
  const one = machine({ retries: policyDefaults.retries, abort: policyDefaults.abort }, ['a', 'b'])
  one.release = withManifests(...manifests)
  one.ready('a')
  return one
}
const again = (one: Machine) => one.advance(day).ready('a')

t.test('what was offered is remembered with the hand-over, anew for each attempt', async t => {
  t.match(handedOver(full).of('a').offered, { manifest: 'full', format: 'raw', fullToo: undefined })
  t.match(handedOver(full, fromOld).of('a').offered, { manifest: 'from-old', format: 'delta-zstd', fullToo: true })
  t.match(handedOver(fromOld).of('a').offered, { manifest: 'from-old', fullToo: undefined })
  const expired = handedOver(manifest('gone', { expiresAt: 1 }), fromOld)
  t.equal(expired.of('a').offered?.fullToo, undefined, 'an image that has expired is no way out')
  const one = handedOver(full, fromOld)
  one.fail('a', 'UPD4_FAIL_32')
  again(one)
  t.strictSame(one.of('a').offered, { manifest: 'full', format: 'raw' })
  t.match(one.of('a'), { state: 'in-progress', attempt: 2, deltaFailed: true })
  one.succeed('a')
  t.match(one.of('a'), { state: 'completed', offered: { manifest: 'full' } }, 'also when it has ended')
})

t.test('an operation whose release is not told remembers nothing', async t => {
  const one = machine({}, ['a'])
  one.ready('a')
  t.equal(one.of('a').offered, undefined)
})

t.test('a delta the device cannot use: once more, with the full image, and never with a delta', async t => {
  for (const code of ['UPD4_FAIL_25', 'UPD4_FAIL_32', 'UPD4_FAIL_42'] as const) {
    const one = handedOver(full, fromOld)
    one.fail('a', code)
    t.match(one.of('a'), { state: 'pending', lastFailure: { code } }, code)
    t.match(one.audits.at(-1), { action: 'execution.retry', data: { code, brings: 'full' } })
    t.equal(one.operation.state, 'running', 'no rule judges a failure that is tried again')
    t.strictSame(again(one), ['a'])
    t.equal(one.of('a').offered?.manifest, 'full')
    one.fail('a', code)
    t.match(one.of('a'), { state: 'failed', code, attempt: 2 }, `${code} of a full image is final`)
  }
})

t.test('without a full image there is nothing to try again with', async t => {
  const codes = ['UPD4_FAIL_25', 'UPD4_FAIL_32', 'UPD4_FAIL_42'] as const
  const releases = { 'deltas only': [fromOld], 'another class has one': [fromOld, { ...full, classId: otherClass }] }
  for (const code of codes)
    for (const [what, manifests] of Object.entries(releases)) {
      const one = handedOver(...manifests)
      one.fail('a', code)
      t.match(one.of('a'), { state: 'failed', code, attempt: 1 }, `${code}, ${what}`)
    }
})

t.test('nobody tries again whom the policy does not let, or when the operation ends', async t => {
  const none = machine({ retries: [] }, ['a'])
  none.release = withManifests(full, fromOld)
  none.ready('a')
  none.fail('a', 'UPD4_FAIL_32')
  t.match(none.of('a'), { state: 'failed', code: 'UPD4_FAIL_32' }, 'no rule')
  const stopping = handedOver(full, fromOld)
  stopping.stop()
  stopping.fail('a', 'UPD4_FAIL_32')
  t.match(stopping.of('a'), { state: 'failed', code: 'UPD4_FAIL_32' }, 'stop')
})

t.test('whatever a delta failed for, the full image is next; a flapping line is no fault of the delta', async t => {
  const next = (code: DeviceCode | 'SYS_100', ...manifests: readonly ReleaseManifest[]): string | undefined => {
    const one = handedOver(...manifests)
    if (code === 'SYS_100') one.deadline('a', 'step')
    else one.fail('a', code)
    again(one)
    return one.of('a').offered?.manifest
  }
  for (const code of ['UPD4_FAIL_26', 'UPD4_FAIL_34', 'UPD4_FAIL_35', 'UPD4_FAIL_36', 'UPD4_FAIL_41'] as const) {
    t.equal(next(code, full, fromOld), 'full', code)
    t.equal(next(code, fromOld), 'from-old', `${code}: again, when there is nothing else`)
  }
  const alone = handedOver(fromOld)
  alone.fail('a', 'UPD4_FAIL_26')
  t.equal(alone.audits.at(-1)?.data.brings, undefined)
  for (const code of ['UPD4_FAIL_24', 'SYS_100'] as const) t.equal(next(code, full, fromOld), 'from-old', code)
})

t.test('after a silence the same bytes again: the device may be at work on them still', async t => {
  const long = delta('long', oldDigest, { expiresAt: 9.2e12 })
  const rows: readonly (readonly [string, readonly ReleaseManifest[], readonly ReleaseManifest[], string])[] = [
    ['a delta that is good for longer has come', [fromOld, full], [fromOld, full, long], 'from-old'],
    ['the first delta has come', [full], [full, fromOld], 'full'],
    ['its delta has expired', [fromOld, full], [delta('from-old', oldDigest, { expiresAt: start }), full], 'full'],
    ['it is there no more', [fromOld, full], [long], 'long'],
  ]
  for (const [what, before, after, brought] of rows) {
    const one = handedOver(...before)
    one.deadline('a', 'step')
    one.release = withManifests(...after)
    again(one)
    t.equal(one.of('a').offered?.manifest, brought, what)
  }
})

t.test('the device’s own word about an attempt the broker gave up counts for the next one', async t => {
  const one = handedOver(full, fromOld)
  one.deadline('a', 'step')
  one.fail('a', 'UPD4_FAIL_42')
  again(one)
  t.equal(one.of('a').offered?.manifest, 'full')
})

t.test(
  'a release of deltas only, none of them for what the device has: left out without traffic, and told why',
  async t => {
    const one = machine({}, ['a', 'b'])
    one.release = withManifests(fromOther, delta('third', '66'.repeat(32)))
    t.equal(one.of('a').state, 'pending', 'until its turn it may still come to have it')
    t.strictSame(one.ready('a'), [])
    t.match(one.of('a'), {
      state: 'skipped',
      code: 'SYS_109',
      attempt: 0,
      errorReason: 'error',
      data: {
        reason: 'precursor',
        component: 'main',
        expected: `${'66'.repeat(32)} ${otherDigest}`,
        actual: oldDigest,
      },
    })
    one.feed({
      kind: 'device-ready',
      execution: one.of('b'),
      device: deviceOf('b', '1.0.0', oldDigest, { components: [] }),
      release: one.release,
    })
    t.match(one.of('b'), { state: 'skipped', data: { reason: 'precursor', actual: 'absent' } })
    t.equal(one.operation.state, 'completed')
  },
)

t.test('one that was handed over before ends with the failure it had', async t => {
  const one = handedOver(fromOld)
  one.fail('a', 'UPD4_FAIL_24', { data: { reason: 'slow' } })
  one.advance(day)
  one.release = withManifests(fromOther)
  t.strictSame(one.ready('a'), [])
  t.match(one.of('a'), { state: 'failed', code: 'UPD4_FAIL_24', data: { reason: 'slow' }, attempt: 1 })
})

t.test('another vendor, and who is there already, are judged before the choice', async t => {
  const one = machine({}, ['a'])
  one.release = withManifests(fromOther)
  const device = deviceOf('a', '1.0.0', oldDigest, { vendorId: 'ff'.repeat(16) })
  one.feed({ kind: 'device-ready', execution: one.of('a'), device, release: one.release })
  t.match(one.of('a'), { state: 'failed', code: 'SYS_102', data: { expected: vendorId } })
  const there = machine({}, ['a'], { ...made() })
  there.release = withManifests(fromOther)
  const done = deviceOf('a', '2.0.0', targetDigest)
  there.feed({ kind: 'device-ready', execution: there.of('a'), device: done, release: there.release })
  t.match(there.of('a'), { state: 'skipped', code: 'SYS_110' })
})
