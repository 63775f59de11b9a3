// T13 of the threat model (docs/THREATS.md): rotations of keys as The Update Framework tries them, one table for the root and
// one for a role. `keys` are numbers of test keys; each version is signed by `sigs`, and the last one counts.
import t from 'tap'
import { accept, readTrust } from '../../agent/core/accept.ts'
import { EnvelopeError, encodeTrustDocument, parseTrustDocument, type TrustDocument } from '../../proto/envelope.ts'
import { encodeManifest } from '../../proto/manifest.ts'
import { successorOf, TrustChain } from '../../proto/trust.ts'
import { device, manifest } from '../vectors/sample.ts'
import { ed25519, signed, type TestKey, trustExpiresAt } from '../vectors/test-keys.ts'

interface Version {
  readonly keys: readonly number[]
  readonly threshold: number
  readonly sigs: readonly number[]
}
/** What the last version is refused for; undefined: it is taken. */
type Case = readonly [what: string, versions: readonly Version[], refused?: string]

const known = Array.from({ length: 10 }, (_, at) => ed25519(`rotation ${at}`))
const releaseKey = ed25519('rotation release')
const named = (numbers: readonly number[]): readonly TestKey[] => numbers.map(at => known[at] ?? releaseKey)
const version = (keys: readonly number[], threshold: number, sigs: readonly number[]): Version => ({
  ...{ keys, threshold, sigs },
})

/** The root and the release role as they are told. */
function trustOf(
  number: number,
  root: Version,
  release: Omit<Version, 'sigs'> & { readonly own?: boolean },
): TrustDocument {
  const members = release.own ? [releaseKey] : named(release.keys)
  const all = [...named(root.keys), ...members]
  const idsOf = (keys: readonly TestKey[]): string[] => keys.map(({ trusted }) => trusted.keyId)
  return {
    ...{ version: number, expiresAt: trustExpiresAt },
    keys: new Map(all.map(({ trusted }) => [trusted.keyId, trusted])),
    roles: new Map([
      ['root', { name: 'root', keyIds: idsOf(named(root.keys)), threshold: root.threshold }],
      ['release', { name: 'release', keyIds: idsOf(members), threshold: release.own ? 1 : release.threshold }],
    ]),
    operationTypes: new Map([['firmware-update', 'release']]),
  }
}

const five = [0, 1, 2, 3, 4]
const roots: readonly Case[] = [
  ['one key for another', [version([1], 1, [1]), version([2], 1, [2, 1]), version([2], 1, [2])]],
  [
    'signatures of strangers beside',
    [version([1], 1, [3, 1, 4]), version([2], 1, [3, 2, 1, 4]), version([2], 1, [3, 2, 4])],
  ],
  ['not by the old key', [version([1], 1, [1]), version([2], 1, [2, 3, 4])], 'previous-root'],
  ['not by the new key', [version([1], 1, [1]), version([2], 1, [1, 3, 4])], 'unknown-key'],
  ['3 of 5 by other three', [version(five, 3, [0, 2, 4]), version(five, 3, [0, 4, 1]), version(five, 3, [0, 1, 3])]],
  ['3 of 5, one key for another', [version(five, 3, [0, 2, 4]), version([0, 1, 3, 4, 5], 3, [0, 4, 1])]],
  [
    '3 of 5, not by three of the new',
    [version(five, 3, [0, 2, 4]), version([0, 1, 3, 4, 5], 3, [0, 2, 4])],
    'threshold',
  ],
  [
    '3 of 5, not by three of the old',
    [version(five, 3, [0, 2, 4]), version([0, 1, 3, 4, 5], 3, [0, 4, 5])],
    'previous-root',
  ],
  [
    '3 of 5, with a step between',
    [version(five, 3, [0, 2, 4]), version([0, 1, 3, 4, 5], 3, [0, 2, 4, 5]), version([0, 1, 3, 4, 5], 3, [0, 4, 5])],
  ],
  [
    '3 of 5, all of them for others',
    [
      version(five, 3, [0, 2, 4]),
      version([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]),
      version([5, 6, 7, 8, 9], 3, [5, 6, 7]),
    ],
  ],
  ['1 of 3 to 2 of 3', [version([1, 2, 3], 1, [1]), version([1, 2, 3], 2, [1, 2])]],
  ['1 of 3 to 2 of 3, by one', [version([1, 2, 3], 1, [1]), version([1, 2, 3], 2, [2])], 'threshold'],
  [
    '2 of 3 to 1 of 3, by two',
    [version([1, 2, 3], 2, [1, 2]), version([1, 2, 3], 1, [1, 2]), version([1, 2, 3], 1, [1])],
  ],
  ['2 of 3 to 1 of 3, by one', [version([1, 2, 3], 2, [1, 2]), version([1, 2, 3], 1, [1])], 'previous-root'],
]

t.test('T13 stolen key: rotations of the root, as The Update Framework tries them', async t => {
  for (const [what, versions, refused] of roots) {
    const documents = versions.map((root, at) =>
      signed('trust', encodeTrustDocument(trustOf(at + 1, root, { ...root, own: true })), ...named(root.sigs)),
    )
    const [first, ...next] = documents
    let current = parseTrustDocument(first ?? Buffer.alloc(0))
    let reason: string | undefined
    for (const bytes of next)
      try {
        current = successorOf(current, bytes)
      } catch (error) {
        if (!(error instanceof EnvelopeError)) throw error
        reason = error.reason
      }
    t.equal(reason, refused, what)
    t.equal(
      current.version,
      refused === undefined ? versions.length : versions.length - 1,
      `${what}: the version in force`,
    )
    // What the broker hands on is judged by the same rule.
    if (refused === undefined) t.equal(TrustChain.of(documents).version, versions.length)
    else t.throws(() => TrustChain.of(documents), EnvelopeError)
  }
})

const roles: readonly Case[] = [
  ['one key', [version([1], 1, [1])]],
  ['one key for another', [version([1], 1, [1]), version([2], 1, [2])]],
  ['signatures of strangers beside', [version([1], 1, [3, 1, 4])]],
  ['by the key of before', [version([1], 1, [1]), version([2], 1, [1, 3, 4])], 'unknown-key'],
  ['3 of 5, one of them of before', [version(five, 3, [0, 2, 4]), version([0, 1, 3, 4, 5], 3, [0, 2, 4])], 'threshold'],
  ['3 of 5, one too few', [version([0, 1, 3, 4, 5], 3, [0, 4])], 'threshold'],
  ['3 of 5, one of them twice', [version([0, 1, 3, 4, 5], 3, [0, 4, 4])], 'threshold'],
  ['3 of 5, the first three', [version(five, 3, [0, 1, 2])]],
  ['3 of 5, the last three', [version(five, 3, [4, 3, 2])]],
  ['3 of 5, all', [version(five, 3, five)]],
  ['2 of 3 to 3 of 3, by two', [version([1, 2, 3], 2, [1, 2]), version([1, 2, 3], 3, [1, 2])], 'threshold'],
  ['3 of 3 to 1 of 3, by one', [version([1, 2, 3], 3, [1, 2, 3]), version([1, 2, 3], 1, [3])]],
]

t.test('T13 stolen key: rotations of a role, as The Update Framework tries them', async t => {
  const facts = {
    ...{
      now: device.now,
      vendorId: device.vendorId,
      classId: device.classId,
      deviceId: device.deviceId,
      releaseMarks: {},
    },
    components: new Map([[manifest.component, { version: '1.0.0', digest: '00'.repeat(32) }]]),
    formats: new Map([[manifest.component, ['raw' as const]]]),
  }
  for (const [what, versions, refused] of roles)
    for (const [at, release] of versions.entries()) {
      const root = version([9], 1, [9])
      const trust = readTrust(signed('trust', encodeTrustDocument(trustOf(at + 1, root, release)), ...named(root.sigs)))
      const verdict = accept(signed('manifest', encodeManifest(manifest), ...named(release.sigs)), { ...facts, trust })
      const isLast = at === versions.length - 1
      if (isLast && refused !== undefined)
        t.match(verdict, { ok: false, failure: { code: 'UPD4_FAIL_23', data: { reason: refused } } }, what)
      else t.match(verdict, { ok: true }, `${what}: version ${at + 1}`)
    }
})
