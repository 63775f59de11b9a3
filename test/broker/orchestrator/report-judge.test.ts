// Signed reports at the broker: what is wrong with one is found field by field, and a success without its proof counts for
// nothing, however it is told and whatever happens in between.
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import t from 'tap'
import type { Policy } from '../../../broker/core/policy.ts'
import type { CommandSubject, Execution } from '../../../broker/core/records.ts'
import { proofOf, reportNonceOf } from '../../../broker/orchestrator/report-judge.ts'
import { type DeviceReport, reportToSign, signedReport } from '../../../proto/device-report.ts'
import { signEnvelope, signMessage, trustedKey } from '../../../proto/envelope.ts'
import { deviceId, operationId } from '../../../proto/ids.ts'
import type { DeviceEvent, Hello } from '../../../proto/messages.ts'
import { eventOf, helloOf, oldDigest, type ScriptedConnection, settled, targetDigest, World } from './world.ts'

const one = deviceId('sensor-1')
const ed25519 = generateKeyPairSync('ed25519')
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const strange = generateKeyPairSync('ed25519')
const spki = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' })
const reportKey = spki(ed25519.publicKey).toString('base64')
const strangeKey = spki(strange.publicKey).toString('base64')
const bootId = '22'.repeat(16)

const signed = (report: DeviceReport, key = ed25519.privateKey): Buffer => {
  const toSign = reportToSign(report)
  return signedReport(toSign, signMessage(toSign.message, key))
}

t.test('each field of a report is compared, in the documented order', async t => {
  const id = operationId('1'.padStart(26, '0'))
  const seed = '5e'.repeat(16)
  const execution = { device: one, operation: id, attempt: 2, reportSeed: seed }
  const components = [
    { name: 'main', version: '2.0.0', digest: targetDigest },
    { name: 'boot', version: '1.0.0', digest: oldDigest },
  ]
  const good: DeviceReport = {
    ...{ device: one, operation: id, attempt: 2, nonce: reportNonceOf(seed, 2), bootId, result: 'done', components },
    deviceTime: 7,
  }
  const told = { bootId, result: 'done', components, digest: targetDigest }
  const key = trustedKey(ed25519.publicKey)
  const verdict = (bytes: Uint8Array | undefined, word = told) => proofOf(bytes, key, execution, word)
  t.equal(verdict(signed(good)), 'signed')
  t.equal(verdict(signed({ ...good, components: [...components].reverse() })), 'signed', 'they have no order')
  t.equal(proofOf(signed(good, p256.privateKey), trustedKey(p256.publicKey), execution, told), 'signed')
  t.equal(verdict(signed({ ...good, attempt: 1, nonce: reportNonceOf(seed, 1) })), 'signed', 'it was given up too soon')

  const payload = reportToSign(good).payload
  const rows: readonly (readonly [about: string, bytes: Uint8Array | undefined, problem: string])[] = [
    ['none', undefined, 'report-missing'],
    ['no bytes', Buffer.alloc(0), 'report-unreadable'],
    ['too long', Buffer.alloc(5000), 'report-unreadable'],
    ['cut off', signed(good).subarray(0, 60), 'report-unreadable'],
    ['of another key', signed(good, strange.privateKey), 'report-signature'],
    ['of another kind', signEnvelope('command', payload, [ed25519.privateKey]), 'report-signature'],
    ['unsigned', signEnvelope('report', payload, []), 'report-signature'],
    ['no report in it', signEnvelope('report', Buffer.from([1]), [ed25519.privateKey]), 'report-unreadable'],
    ['of another device', signed({ ...good, device: deviceId('sensor-2') }), 'report-device'],
    ['of another operation', signed({ ...good, operation: operationId('2'.padStart(26, '0')) }), 'report-operation'],
    ['of an attempt to come', signed({ ...good, attempt: 3, nonce: reportNonceOf(seed, 3) }), 'report-attempt'],
    ['with the nonce of the attempt before', signed({ ...good, nonce: reportNonceOf(seed, 1) }), 'report-nonce'],
    ['of another boot', signed({ ...good, bootId: '23'.repeat(16) }), 'report-boot'],
    ['of another result', signed({ ...good, result: 'UPD2_OK_18' }), 'report-result'],
    ['of fewer components', signed({ ...good, components: components.slice(0, 1) }), 'report-components'],
  ]
  for (const [about, bytes, problem] of rows) t.equal(verdict(bytes), problem, about)
  const unnamed = { bootId, result: 'done', components: [], digest: targetDigest }
  t.equal(verdict(signed({ ...good, components: [] }), unnamed), 'report-components', 'the image is not named at all')
  const ofEvent = { ...told, attempt: 2 }
  t.equal(verdict(signed(good), ofEvent), 'signed')
  const early = signed({ ...good, attempt: 1, nonce: reportNonceOf(seed, 1) })
  t.equal(verdict(early, ofEvent), 'report-attempt', 'the event speaks of another attempt')
})

interface Scene {
  readonly world: World
  readonly id: Awaited<ReturnType<World['operation']>>
  readonly connection: ScriptedConnection
  readonly nonce: string
  readonly execution: () => Promise<Execution | undefined>
  readonly codes: () => Promise<string[]>
}

const hello = (version: string, digest: string, fields: Partial<Hello> = {}): Hello =>
  helloOf(version, digest, { reportKey, ...fields })

/** A device with a key that has taken the offer of attempt 1. */
async function scene(policy: Partial<Policy> = {}, settings = {}): Promise<Scene> {
  const world = new World(settings)
  await world.start()
  const connection = world.connect(one)
  await world.orchestrator.hello(connection, hello('1.0.0', oldDigest))
  const id = await world.operation([one], policy)
  await settled()
  const [offer] = connection.received
  const nonce = (offer?.kind === 'offer' ? offer.reportNonce : undefined) ?? ''
  await world.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'downloading' }, id))
  return {
    ...{ world, id, connection, nonce },
    execution: () => world.store.execution(id, one),
    codes: async () => (await world.store.events({ device: one, order: 'ASC', limit: 100 })).items.map(e => e.code),
  }
}

const atTarget = [{ name: 'main', version: '2.0.0', digest: targetDigest }]

/** What the device of the scene signs when its hello tells the success. */
function reportOf({ id, nonce }: Pick<Scene, 'id' | 'nonce'>, fields: Partial<DeviceReport> = {}): Buffer {
  const common = { device: one, operation: id, attempt: 1, nonce, bootId, result: 'done', components: atTarget }
  return signed({ ...common, deviceTime: 0, ...fields })
}

async function reboots({ world, id, connection }: Scene, said: Hello): Promise<ScriptedConnection> {
  await world.orchestrator.event(connection, eventOf(2, { kind: 'step', step: 'rebooting' }, id))
  world.orchestrator.deviceDisconnected(connection)
  const again = world.connect(one)
  await world.orchestrator.hello(again, said)
  await settled()
  return again
}

t.test('the offer to a device with a key names a nonce, and its signed hello is the success', async t => {
  const made = await scene()
  t.match(made.nonce, /^[0-9a-f]{32}$/)
  await reboots(made, hello('2.0.0', targetDigest, { report: reportOf(made) }))
  t.match(await made.execution(), { state: 'completed', code: 'SYS_112', data: { report: 'signed' } })
  t.equal(made.world.orchestrator.reportFigures().verdictsTotal.signed, 1)
})

t.test('a device that said no key is updated as ever, and its offers name no nonce', async t => {
  const world = new World()
  await world.start()
  const connection = world.connect(one)
  await world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await world.operation([one])
  await settled()
  t.match(connection.received, [{ kind: 'offer', reportNonce: undefined }])
  await world.orchestrator.event(connection, eventOf(1, { kind: 'step', step: 'rebooting' }, id))
  world.orchestrator.deviceDisconnected(connection)
  // The new image is the first that signs reports: it was given no nonce, and nothing is asked of it yet.
  await world.orchestrator.hello(world.connect(one), hello('2.0.0', targetDigest))
  t.match(await world.store.execution(id, one), { state: 'completed', code: 'SYS_112', data: { report: undefined } })
  t.equal((await world.store.device(one))?.reportKey, reportKey, 'from now on it is')
})

t.test(
  'a success without its proof ends nothing, and at the confirm timeout it is SYS_111 with the reason',
  async t => {
    const rows: readonly (readonly [problem: string, said: (made: Scene) => Hello])[] = [
      ['report-missing', () => hello('2.0.0', targetDigest)],
      // Who has the credential and not the key, and does not even say one.
      ['report-missing', () => helloOf('2.0.0', targetDigest)],
      [
        'report-signature',
        made => {
          const { payload } = reportToSign({
            ...{ device: one, operation: made.id, attempt: 1, nonce: made.nonce, bootId, result: 'done' },
            ...{ components: atTarget, deviceTime: 0 },
          })
          const report = signEnvelope('report', payload, [strange.privateKey])
          return helloOf('2.0.0', targetDigest, { reportKey: strangeKey, report })
        },
      ],
      ['report-boot', made => hello('2.0.0', targetDigest, { report: reportOf(made), bootId: '44'.repeat(16) })],
    ]
    for (const [problem, said] of rows) {
      const made = await scene({ confirmTimeoutMinutes: 30, retries: [] })
      const again = await reboots(made, said(made))
      t.match(await made.execution(), { state: 'in-progress', step: 'confirming', reportProblem: problem }, problem)
      // Said again and again it neither counts again nor holds off the end.
      for (let times = 0; times < 3; times += 1) {
        await made.world.clock.advance(5 * 60_000)
        await made.world.orchestrator.hello(again, said(made))
      }
      t.match(made.world.orchestrator.reportFigures().verdictsTotal, { signed: 0, [problem]: 1 })
      const [operation, execution] = await Promise.all([made.world.store.operation(made.id), made.execution()])
      if (operation === undefined || execution === undefined) throw new TypeError('not there')
      const explained = await made.world.orchestrator.explain(operation, execution, undefined)
      t.match(explained, { rule: 'in-progress', data: { report: problem } })
      await made.world.clock.advance(16 * 60_000)
      t.match(await made.execution(), {
        state: 'failed',
        code: 'SYS_111',
        data: { reason: problem },
        provisional: true,
      })
      t.notOk((await made.codes()).includes('SYS_112'))
      t.same(made.world.violations, [])
    }
  },
)

t.test('a success that is proved later counts, also after it was given up', async t => {
  for (const laterMs of [0, 40 * 60_000]) {
    const made = await scene({ confirmTimeoutMinutes: 30 })
    const again = await reboots(made, hello('2.0.0', targetDigest))
    await made.world.clock.advance(laterMs)
    t.equal((await made.execution())?.state, laterMs === 0 ? 'in-progress' : 'failed')
    // An operation that has ended keeps its counts.
    if (laterMs > 0) continue
    await made.world.orchestrator.hello(again, hello('2.0.0', targetDigest, { report: reportOf(made) }))
    t.match(await made.execution(), { state: 'completed', code: 'SYS_112', reportProblem: undefined })
  }
})

t.test('a code of success and a carried out command are believed with a report alone', async t => {
  const made = await scene()
  const ok: DeviceEvent = {
    ...eventOf(2, { kind: 'code', code: 'UPD2_OK_18' }, made.id),
    ...{ component: 'main', version: '2.0.0', digest: targetDigest },
  }
  await made.world.orchestrator.event(made.connection, ok)
  t.match(await made.execution(), { state: 'in-progress', reportProblem: 'report-missing' })
  const { items } = await made.world.store.events({ device: one, order: 'DESC', limit: 1 })
  t.match(
    items,
    [{ code: 'UPD2_OK_18', stateChange: false, data: { report: 'report-missing' } }],
    'logged, as its word',
  )
  const report = reportOf(made, { result: 'UPD2_OK_18' })
  await made.world.orchestrator.event(made.connection, { ...ok, eventNumber: 3, report })
  t.match(await made.execution(), { state: 'completed', code: 'UPD2_OK_18', data: { report: 'signed' } })

  const wrong = await scene({ retries: [] })
  await wrong.world.orchestrator.event(wrong.connection, { ...ok, operation: wrong.id, digest: oldDigest })
  t.match(await wrong.execution(), { state: 'failed', code: 'SYS_111' }, 'a wrong image needs no signature to be wrong')
  const failed = await scene({ retries: [] })
  await failed.world.orchestrator.event(
    failed.connection,
    eventOf(2, { kind: 'code', code: 'UPD4_FAIL_40' }, failed.id),
  )
  t.match(await failed.execution(), { state: 'failed', code: 'UPD4_FAIL_40' }, 'nor does a failure')
})

t.test('the end of a command is signed as well', async t => {
  const subject: CommandSubject = {
    ...{ kind: 'command', confirmation: 'report', arguments: {}, envelope: 'AAAA', expiresAt: 9e12 },
  }
  for (const proved of [true, false]) {
    const world = new World()
    await world.start()
    const connection = world.connect(one)
    await world.orchestrator.hello(connection, hello('1.0.0', oldDigest))
    const id = await world.operation([one], {}, subject)
    await settled()
    const [offer] = connection.received
    const nonce = (offer?.kind === 'offer' ? offer.reportNonce : undefined) ?? ''
    const report = reportOf({ id, nonce }, { components: [] })
    const done = eventOf(1, { kind: 'step', step: 'done' }, id)
    await world.orchestrator.event(connection, proved ? { ...done, report } : done)
    t.match(await world.store.execution(id, one), proved ? { state: 'completed' } : { reportProblem: 'report-missing' })
  }
})

t.test('a claim that was not believed takes nothing from the device it was made of', async t => {
  const made = await scene()
  made.world.orchestrator.deviceDisconnected(made.connection)
  const thief = made.world.connect(one)
  await made.world.orchestrator.hello(thief, helloOf('2.0.0', targetDigest, { bootId: '66'.repeat(16) }))
  t.match(await made.execution(), { state: 'in-progress', step: 'confirming' })
  made.world.orchestrator.deviceDisconnected(thief)
  const back = made.world.connect(one)
  await made.world.orchestrator.hello(back, hello('1.0.0', oldDigest))
  await settled()
  t.match(await made.execution(), { state: 'in-progress', step: 'offered', reportProblem: undefined })
  t.match(back.received, [{ kind: 'offer', operation: made.id, attempt: 1, reportNonce: made.nonce }])
})

t.test('what was not believed is no "has it already" for the next attempt either', async t => {
  const retries = [{ match: { kind: 'ALL' }, limit: 1, delaySeconds: 0, factor: 1, jitter: 0 }]
  const made = await scene({ confirmTimeoutMinutes: 30, retries: retries as unknown as Policy['retries'] })
  await reboots(made, hello('2.0.0', targetDigest))
  await made.world.clock.advance(31 * 60_000)
  await made.world.clock.advance(10_000)
  t.match(await made.execution(), { state: 'failed', code: 'SYS_111', data: { reason: 'report-missing' } })
  t.notOk((await made.codes()).includes('SYS_110'))
})

t.test('one wrong report after the other does not hold off the end, and who says no key is sent no nonce', async t => {
  const made = await scene({ confirmTimeoutMinutes: 30 })
  await made.world.clock.advance(60_000)
  const claims = [hello('2.0.0', targetDigest), hello('2.0.0', targetDigest, { report: Buffer.from([1]) })]
  const again = await reboots(made, hello('2.0.0', targetDigest))
  for (let times = 0; times < 5; times += 1) {
    await made.world.orchestrator.hello(again, claims[times % 2] as Hello)
    await made.world.clock.advance(5 * 60_000)
  }
  t.equal((await made.execution())?.state, 'in-progress')
  await made.world.clock.advance(6 * 60_000)
  t.match(await made.execution(), { state: 'failed', code: 'SYS_111' })

  await made.world.orchestrator.hello(again, helloOf('1.0.0', oldDigest))
  const id = await made.world.operation([one])
  await settled()
  t.match(again.received.at(-1), { kind: 'offer', operation: id, reportNonce: undefined })
})

t.test('the first key stays: another one is refused, seen, and taken only when a person forgets the first', async t => {
  const made = await scene()
  const { world } = made
  const other = world.connect(one)
  await world.orchestrator.hello(other, hello('1.0.0', oldDigest, { reportKey: strangeKey }))
  await world.orchestrator.hello(other, hello('1.0.0', oldDigest, { reportKey: strangeKey }))
  const kept = await world.store.device(one)
  t.match(kept, { reportKey, reportKeyRefusedAt: Number })
  t.equal(world.orchestrator.reportFigures().keysRefusedTotal.another, 2)
  await world.orchestrator.hello(other, hello('1.0.0', oldDigest))
  t.equal((await world.store.device(one))?.reportKeyRefusedAt, kept?.reportKeyRefusedAt, 'until somebody has looked')

  const unusable = world.connect(deviceId('sensor-9'))
  await world.orchestrator.hello(unusable, helloOf('1.0.0', oldDigest, { reportKey: 'AAAA' }))
  t.equal((await world.store.device(deviceId('sensor-9')))?.reportKey, undefined)
  t.equal(world.orchestrator.reportFigures().keysRefusedTotal.unusable, 1)
})

t.test('where reports are demanded, nothing is handed over to a device without one, and explain says why', async t => {
  const world = new World({ signedReports: true })
  await world.start()
  const connection = world.connect(one)
  await world.orchestrator.hello(connection, helloOf('1.0.0', oldDigest))
  const id = await world.operation([one])
  await settled()
  t.same(connection.received, [])
  const [operation, execution, device] = await Promise.all([
    world.store.operation(id),
    world.store.execution(id, one),
    world.store.device(one),
  ])
  if (operation === undefined || execution === undefined) throw new TypeError('not there')
  t.match(await world.orchestrator.explain(operation, execution, device), { rule: 'report-key', data: { kept: false } })
  await world.orchestrator.hello(connection, hello('1.0.0', oldDigest))
  await settled()
  t.match(connection.received, [{ kind: 'offer', reportNonce: /^[0-9a-f]{32}$/ }])
})

t.test('seed and doubt survive the death of the broker', async t => {
  const made = await scene({ confirmTimeoutMinutes: 30 })
  await reboots(made, hello('2.0.0', targetDigest))
  await made.world.kill()
  await made.world.start()
  const again = made.world.connect(one)
  await made.world.orchestrator.hello(again, hello('2.0.0', targetDigest))
  t.match(await made.execution(), { state: 'in-progress', reportProblem: 'report-missing' })
  await made.world.orchestrator.hello(again, hello('2.0.0', targetDigest, { report: reportOf(made) }))
  t.match(await made.execution(), { state: 'completed', code: 'SYS_112' })
})

t.test(
  'a proof that stands in a hello whose outbox is not in counts when the outbox is, and at the deadline',
  async t => {
    const made = await scene({ confirmTimeoutMinutes: 30 })
    const { world, id } = made
    const outbox = { outboxEventCount: 1, outboxLastEventNumber: 3 }
    const again = await reboots(made, hello('2.0.0', targetDigest, { ...outbox, report: reportOf(made) }))
    t.equal((await made.execution())?.state, 'in-progress', 'not judged yet')
    await world.orchestrator.event(again, eventOf(3, { kind: 'step', step: 'confirming' }, id))
    t.match(await made.execution(), { state: 'completed', code: 'SYS_112' })

    for (const report of [true, false]) {
      const late = await scene({ confirmTimeoutMinutes: 30 })
      await reboots(late, hello('2.0.0', targetDigest, { ...outbox, ...(report ? { report: reportOf(late) } : {}) }))
      await late.world.clock.advance(31 * 60_000)
      t.match(
        await late.execution(),
        report ? { code: 'SYS_112' } : { code: 'SYS_111', data: { reason: 'report-missing' } },
      )
    }
  },
)
