// T5, T6 and T13 of the threat model (docs/THREATS.md): stolen keys, and the way back. A device that was away through three
// changes of keys catches up in order; nobody who lacks the keys of both roots moves it a step.
import { createPublicKey, type KeyObject } from 'node:crypto'
import t from 'tap'
import { keySigner } from '../../operator/signer.ts'
import { nextTrust, type TrustChanges, type TrustDraft } from '../../operator/trust.ts'
import {
  encodeTrustDocument,
  parseTrustDocument,
  signEnvelope,
  type TrustDocument,
  trustedKey,
} from '../../proto/envelope.ts'
import { encodeFleetTime, type FleetTime, signFleetTime } from '../../proto/fleet-time.ts'
import type { ExecutionView, Explanation, OperationView, ReleaseView } from '../../proto/http-api.ts'
import { deviceId } from '../../proto/ids.ts'
import { encodeEvent, encodeHello, type Hello, readHello } from '../../proto/messages.ts'
import { encodeTrustMessage } from '../../proto/offer-messages.ts'
import { deviceTopic } from '../../proto/topics.ts'
import { TrustChain } from '../../proto/trust.ts'
import { offerOf } from '../agent/codes/offers.ts'
import { codesOf, Scene } from '../agent/codes/scene.ts'
import type { SceneDevice } from '../agent/codes/scene-device.ts'
import { makeTrust, testExpiresAt, testKey, testKeys } from '../fixtures/bundle.ts'
import { goodHello } from '../stories/hostile-scene.ts'
import { untilValue } from '../stories/process.ts'
import { connected, topic } from './asking.ts'
import { offeredTo, refuses, running, type Says, victim } from './attack.ts'

const keys = testKeys()
const thiefKey = testKey('report thief')
const [rootB, rootC, thief] = [testKey('root b'), testKey('root c'), testKey('thief')]
const [second, third] = [testKey('release 2'), testKey('release 3')]

const role = (
  threshold: number,
  ...privateKeys: readonly KeyObject[]
): TrustChanges['roles'] extends ReadonlyMap<string, infer R> ? R : never => ({
  publicKeys: privateKeys.map(key => createPublicKey(key)),
  threshold,
})
const changes = (roles: [string, ReturnType<typeof role>][], newEpoch = false): TrustChanges => ({
  ...{ expiresAt: testExpiresAt, roles: new Map(roles), newEpoch },
})

const after = (previous: Uint8Array, change: TrustChanges, roots: readonly KeyObject[]): Promise<TrustDraft> =>
  nextTrust(
    previous,
    change,
    roots.map(key => keySigner(key)),
  )

/** 1: as provisioned · 2: the release key is replaced, new epoch · 3: the root is replaced by two of two · 4: the release key again. */
const one = makeTrust(keys)
const two = (await after(one, changes([['release', role(1, second)]], true), [keys.root])).bytes
const three = (await after(two, changes([['root', role(2, rootB, rootC)]]), [keys.root, rootB, rootC])).bytes
const four = (await after(three, changes([['release', role(1, third)]]), [rootB, rootC])).bytes

const scene = await Scene.open(t)

/** The trust document that the device says in its log to have taken, or the reason it was refused for. */
async function told(device: SceneDevice, document: Uint8Array): Promise<unknown> {
  const said = (): number => device.logged('trust-taken').length + device.logged('trust-refused').length
  const before = said()
  await scene.publish(deviceTopic(deviceId(device.id), 'offer'), encodeTrustMessage(document))
  await untilValue(async () => (said() > before ? true : undefined), 5_000)
  const last = device.log.map(line => JSON.parse(line)).findLast(({ event }) => /^trust-/.test(event))
  return last.version ?? last.reason
}

t.test('T13 stolen key: a device that was away through three rotations catches up in order', async t => {
  const rotating = await Scene.open(t, { trust: TrustChain.of([four, two, three]) })
  const device = await victim(t, rotating)
  await untilValue(async () => (device.logged('trust-taken').length === 3 ? true : undefined))
  t.strictSame(
    device.logged('trust-taken').map(({ version }) => version),
    [2, 3, 4],
  )
  for (const [what, release] of Object.entries({ 'the stolen key': keys.release, 'the one after it': second }))
    await refuses(
      t,
      ...[rotating, device],
      { keys: { ...keys, release } },
      ...(['UPD4_FAIL_23', { reason: 'unknown-key' }, `signed by ${what}:`] as const),
    )
  // The file it was provisioned with still says version 1.
  await device.stop()
  await device.start()
  await rotating.untilOnline(device)
  await refuses(t, rotating, device, {}, 'UPD4_FAIL_23', { reason: 'unknown-key' }, 'the stolen key after a restart:')
  t.equal(device.logged('trust-taken').length, 3, 'nothing had to be told again')
  const good = offerOf({ keys: { ...keys, release: third } })
  t.strictSame(codesOf(await offeredTo(rotating, device, good)), ['UPD2_OK_18'], 'the key in force installs')
})

t.test('T13 stolen key: what does not follow the document in force changes nothing', async t => {
  const device = await victim(t, scene)
  const document = parseTrustDocument(two)
  const signed = (signers: readonly KeyObject[], change: Partial<TrustDocument> = {}): Buffer =>
    signEnvelope('trust', encodeTrustDocument({ ...document, ...change }), signers)
  const usurped = parseTrustDocument(
    (
      await after(
        one,
        changes([
          ['root', role(1, thief)],
          ['release', role(1, thief)],
        ]),
        [keys.root, thief],
      )
    ).bytes,
  )
  const rows: readonly [string, Uint8Array, unknown][] = [
    ['not signed', signed([]), 'unsigned'],
    ['signed by the stolen release key', signed([keys.release]), 'unknown-key'],
    ['signed by a stranger', signed([thief]), 'unknown-key'],
    ['signed by its own new root alone', signEnvelope('trust', encodeTrustDocument(usurped), [thief]), 'previous-root'],
    ['signed by the old root alone', signEnvelope('trust', encodeTrustDocument(usurped), [keys.root]), 'unknown-key'],
    ['signed as a manifest', signEnvelope('manifest', encodeTrustDocument(document), [keys.root]), 'bad-signature'],
    ['one left out', three, 'version-gap'],
    ['one byte changed', Buffer.from(two).fill(0, 40, 41), /./],
    ['longer than a device keeps', Buffer.concat([two, Buffer.alloc(16_384)]), 'too-long'],
    ['no bytes of ours', Buffer.from('nonsense'), /./],
  ]
  for (const [what, bytes, reason] of rows) t.match(await told(device, bytes), reason, what)
  t.equal(await told(device, two), 2, 'the one that follows is taken')
  // Back to the document under which the stolen key was good.
  const rolledBack = signEnvelope('trust', encodeTrustDocument({ ...parseTrustDocument(one), version: 2 }), [keys.root])
  for (const older of [one, two, rolledBack])
    await scene.publish(deviceTopic(deviceId(device.id), 'offer'), encodeTrustMessage(older))
  await refuses(
    t,
    scene,
    device,
    {},
    'UPD4_FAIL_23',
    { reason: 'unknown-key' },
    'an older document is not gone back to:',
  )
  t.equal(await told(device, three), 3, 'a new root, signed by the old one and by both of its own')
  const alone = await after(three, changes([['release', role(1, thief)]]), [rootB])
  t.match(alone.missing, [/2 of 2 keys of the previous root/, /2 of 2 keys of the new root/])
  t.equal(await told(device, alone.bytes), 'threshold', 'one of two root keys is not enough')
  t.equal(await told(device, four), 4)
})

t.test('T13 stolen key: under the threshold one key alone installs nothing', async t => {
  const both = (await after(one, changes([['release', role(2, keys.release, second)]]), [keys.root])).bytes
  const device = await victim(t, scene)
  t.equal(await told(device, both), 2)
  await refuses(t, scene, device, {}, 'UPD4_FAIL_23', { reason: 'threshold' })
})

t.test('T14 no anchor: a device that believes nobody is told nothing by the line', async t => {
  const device = await victim(t, scene, { trust: 'absent' })
  t.equal(await told(device, one), 'no-trust')
  await refuses(t, scene, device, {}, 'UPD4_FAIL_44', { field: 'trust' })
})

t.test(
  'T5 freeze: an offer beside an old time, a forged one, none, or one that knows of another trust document',
  async t => {
    const clockKey = testKey('timestamp')
    const timed = (await after(one, changes([['timestamp', role(1, clockKey)]]), [keys.root])).bytes
    const hourMs = 3_600_000
    const fresh = (): FleetTime => ({ issuedAt: Date.now(), expiresAt: Date.now() + hourMs, trustVersion: 2 })
    let sign = (): Uint8Array => signFleetTime(fresh(), [clockKey])
    const timing = await Scene.open(t, {
      trust: TrustChain.of([timed]),
      timeSigner: { sign: () => sign() },
      timeValidMs: 2,
    })
    const old = Date.now() - 48 * hourMs
    const stale = { reason: 'stale', actual: 'none' }
    const shown: readonly [string, () => Uint8Array, Says][] = [
      ['signed by the release key', () => signFleetTime(fresh(), [keys.release]), stale],
      ['signed by the root', () => signFleetTime(fresh(), [keys.root]), stale],
      ['signed as a command', () => signEnvelope('command', encodeFleetTime(fresh()), [clockKey]), stale],
      ['no bytes of ours', () => Buffer.from('nonsense'), stale],
      [
        'two days old',
        () => signFleetTime({ issuedAt: old, expiresAt: old + hourMs, trustVersion: 2 }, [clockKey]),
        { reason: 'stale', actual: String(old + hourMs) },
      ],
      [
        'that knows of a document kept back',
        () => signFleetTime({ ...fresh(), trustVersion: 3 }, [clockKey]),
        { reason: 'trust-outdated', field: 'trust', expected: '3', actual: '2' },
      ],
    ]
    const held = await victim(t, timing, { trust: timed })
    for (const [what, signer, says] of shown) {
      sign = signer
      await refuses(t, timing, held, {}, 'UPD4_FAIL_23', says, what)
    }
    sign = () => signFleetTime(fresh(), [clockKey])
    await refuses(t, timing, held, {}, 'UPD4_FAIL_23', { reason: 'trust-outdated' }, 'and is not forgotten:')
    const device = await victim(t, timing, { trust: timed })
    t.strictSame(codesOf(await offeredTo(timing, device, offerOf())), ['UPD2_OK_18'])
    // What the device has seen is not taken back by an older time, and its own key is good for nothing else.
    sign = () => signFleetTime({ issuedAt: old, expiresAt: Date.now() + hourMs, trustVersion: 9 }, [clockKey])
    t.strictSame(
      codesOf(await offeredTo(timing, device, offerOf({ version: '3.0.0' }))),
      ['UPD2_OK_18'],
      'an older time changes nothing',
    )
    const byClock = { version: '4.0.0', keys: { ...keys, release: clockKey } }
    await refuses(
      t,
      timing,
      device,
      byClock,
      'UPD4_FAIL_23',
      { reason: 'unknown-key' },
      'an image signed by the online key:',
    )
    const both = encodeTrustDocument({
      ...parseTrustDocument(timed),
      roles: new Map([
        ...parseTrustDocument(timed).roles,
        ['release', { name: 'release', keyIds: [trustedKey(createPublicKey(clockKey)).keyId], threshold: 1 }],
      ]),
    })
    t.throws(() => parseTrustDocument(signEnvelope('trust', both, [keys.root])), /key of two roles/)
    // Its worst: a time years ahead, beside which nothing is in date. A new key, signed for by the root, ends that.
    const ahead = { issuedAt: testExpiresAt + 1, expiresAt: testExpiresAt + hourMs, trustVersion: 2 }
    sign = () => signFleetTime(ahead, [clockKey])
    await refuses(
      t,
      timing,
      device,
      { version: '4.0.0' },
      'UPD4_FAIL_23',
      { reason: 'trust-expired' },
      'a time years ahead:',
    )
    sign = () => signFleetTime(fresh(), [clockKey])
    await refuses(t, timing, device, { version: '4.1.0' }, 'UPD4_FAIL_23', { reason: 'trust-expired' }, 'and it stays:')
    const newClock = testKey('timestamp 2')
    const renewed = (await after(timed, changes([['timestamp', role(1, newClock)]]), [keys.root])).bytes
    await timing.publish(deviceTopic(deviceId(device.id), 'offer'), encodeTrustMessage(renewed))
    await untilValue(async () => (device.logged('trust-taken').length === 1 ? true : undefined))
    sign = () => signFleetTime(fresh(), [newClock])
    t.strictSame(
      codesOf(await offeredTo(timing, device, offerOf({ version: '5.0.0' }))),
      ['UPD2_OK_18'],
      'the way back',
    )
  },
)

t.test('T6 fast-forward: a counter and a version so high that nothing follows, and the way back', async t => {
  const device = await victim(t, scene)
  const highest = offerOf({ version: '999.999.999', manifest: { releaseCounter: Number.MAX_SAFE_INTEGER } })
  t.strictSame(codesOf(await offeredTo(scene, device, highest)), ['UPD2_OK_18'], 'whoever has the key can do it')
  await refuses(t, scene, device, { version: '3.0.0' }, 'UPD4_FAIL_27', { reason: 'not-newer' }, 'a good release:')
  t.equal(await told(device, two), 2, 'the root revokes the key and begins a new epoch')
  await refuses(t, scene, device, { version: '3.0.0' }, 'UPD4_FAIL_23', { reason: 'unknown-key' }, 'the stolen key:')
  const by = { keys: { ...keys, release: second } }
  t.strictSame(codesOf(await offeredTo(scene, device, offerOf({ version: '3.0.0', ...by }))), ['UPD2_OK_18'])
  t.match(await running(scene, device), [{ version: '3.0.0' }])
  await refuses(
    t,
    scene,
    device,
    { version: '2.9.0', ...by },
    'UPD4_FAIL_27',
    { reason: 'not-newer' },
    'no further back:',
  )
  const low = { version: '4.0.0', ...by, manifest: { releaseCounter: 1 } }
  await refuses(t, scene, device, low, 'UPD4_FAIL_27', { reason: 'replayed' }, 'nor under the counter:')
})

t.test(
  'T40 a success claimed with a stolen credential: without the report key of the device nobody believes it',
  async t => {
    const honest = await victim(t, scene)
    t.match(await scene.call('GET', `/v1/devices/${honest.id}`), {
      reportKey: { sha256: /^[0-9a-f]{64}$/, refusedAt: null },
    })
    const events = await offeredTo(scene, honest, offerOf())
    t.strictSame(codesOf(events), ['UPD2_OK_18'])
    t.match(events.at(-1)?.data, { report: 'signed' }, 'the device itself proves its success')

    const robbed = await victim(t, scene)
    await robbed.stop()
    // The thief has the password, as if from its disk, and is the only one there.
    const { secret } = await scene.call<{ secret: string }>('POST', `/v1/devices/${robbed.id}/secret`)
    const thief = await connected(scene, robbed.id, secret)
    t.teardown(() => thief.destroy())
    await thief.subscribe(topic(robbed.id, 'offer'), topic(robbed.id, 'command'), topic(robbed.id, 'chunks/data'))
    const operation = await scene.begin(offerOf(), robbed)
    const { release } = await scene.call<OperationView>('GET', `/v1/operations/${operation}`)
    const wanted = await scene.call<ReleaseView>('GET', `/v1/releases/${release}`)
    const { version, installedSha256: digest } = wanted
    const hello = readHello(goodHello())
    const claim: Hello = {
      ...hello,
      components: [{ name: 'main', version, digest }],
      reportKey: trustedKey(createPublicKey(thiefKey))
        .publicKey.export({ format: 'der', type: 'spki' })
        .toString('base64'),
    }
    // An honest hello gets the offer; from then on it lies.
    const say = async (name: 'hello' | 'events', bytes: Buffer): Promise<void> => {
      const before = thief.of('puback').length
      thief.publish(topic(robbed.id, name), bytes, { qos: 1 })
      await thief.until(() => thief.of('puback').length === before + 1)
    }
    await say('hello', goodHello())
    await untilValue(async () => {
      const { rule } = await scene.call<Explanation>('GET', `/v1/operations/${operation}/explain/${robbed.id}`)
      return rule === 'in-progress' ? true : undefined
    })
    await say('hello', encodeHello(claim))
    const content = { kind: 'code', code: 'UPD2_OK_18' } as const
    const told = { operation, attempt: 1, component: 'main', version, digest, deviceTime: 0, data: {} }
    await say('events', encodeEvent({ ...told, journalId: hello.journalId, eventNumber: 1, content }))
    const stands = await scene.call<ExecutionView>('GET', `/v1/operations/${operation}/executions/${robbed.id}`)
    t.match(stands, { state: 'in-progress' })
    const why = await scene.call('GET', `/v1/operations/${operation}/explain/${robbed.id}`)
    t.match(why, { rule: 'in-progress', data: { step: 'confirming', report: 'report-missing' } })
    const logged = await scene.events(robbed, operation)
    t.notOk(codesOf(logged).includes('SYS_112'))
    t.match(logged.at(-1), { event_type: 'UPD2_OK_18', data: { report: 'report-missing' } }, 'kept as its word')
    t.match(await scene.call('GET', `/v1/devices/${robbed.id}`), { reportKey: { refusedAt: /^20/ } }, 'and it is seen')
  },
)
