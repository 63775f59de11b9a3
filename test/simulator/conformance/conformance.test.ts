// The examination examined: our own agent passes it, and for each family of cases a device with one thing wrong fails the
// case that is about it, for the reason it should.
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'mqtt'
import t, { type Test } from 'tap'
import { encodeChunkData, readChunkData } from '../../../proto/chunk-messages.ts'
import type { DeviceEvent } from '../../../proto/messages.ts'
import { encodeOfferMessage, readOfferMessage } from '../../../proto/offer-messages.ts'
import { deviceTopic } from '../../../proto/topics.ts'
import type { Candidate } from '../../../simulator/conformance/candidate.ts'
import { cardOf, cardText } from '../../../simulator/conformance/card.ts'
import { families, type Result } from '../../../simulator/conformance/case.ts'
import { allCases } from '../../../simulator/conformance/cases/all.ts'
import { type Examined, examine } from '../../../simulator/conformance/examine.ts'
import { eachCase } from '../../fixtures/cases.ts'
import { agentWith, type Wrongs } from './devices.ts'

const patience = {
  answerMs: 10_000,
  quietMs: 400,
  reconnectMs: 20_000,
  updateMs: 20_000,
  silenceMs: 2000,
  givingUpMs: 60_000,
}
/** For devices that do not do what is waited for. */
const impatience = { ...patience, answerMs: 1500, reconnectMs: 5000, updateMs: 5000, quietMs: 200 }

let folders = 0
async function examined(
  t: Test,
  candidate: Candidate,
  names: readonly string[],
  { limits = patience, lanes = 1 } = {},
): Promise<readonly Examined[]> {
  folders += 1
  const folder = join(t.testdirName, String(folders))
  await mkdir(folder, { recursive: true })
  const run = new AbortController()
  t.teardown(() => run.abort(new Error('the test is over')))
  return examine({
    cases: allCases.filter(({ name }) => names.includes(name)),
    ...{ device: 'probe', secret: 'secret', folder, host: '127.0.0.1', port: 0, patience: limits, lanes },
    recipient: { vendorId: '11'.repeat(16), classId: '22'.repeat(16), component: 'main' },
    ...{ imageHead: Buffer.alloc(0), brokenHead: undefined, candidate, signal: run.signal },
    waitsFor() {},
    told() {},
  })
}

t.test('every case has a name of its own, and every family has cases', async t => {
  t.equal(new Set(allCases.map(({ name }) => name)).size, allCases.length)
  for (const family of families)
    t.ok(
      allCases.some(one => one.family === family && one.quick),
      family,
    )
})

t.test('our agent passes, and so does the tester who looks at it', async t => {
  t.testdir()
  const names = allCases.flatMap(({ name, family, restarts, spoils, quick }) =>
    restarts || spoils || family === 'power' || (!quick && !['offers', 'order'].includes(family)) ? [] : [name],
  )
  const all = await examined(t, agentWith(), names, { lanes: 3 })
  for (const { one, result } of all) t.equal(result.verdict, 'passed', `${one.name}: ${result.seen}`)
  const card = cardOf('probe', all)
  t.match(card, { passed: true, counts: { failed: 0, passed: names.length }, codes: { UPD4_FAIL_26: { passed: 3 } } })
  t.match(cardText(card), /PASSED/)
})

const code = (from: string, to: DeviceEvent['content']) => (): Wrongs => ({
  event: event => (event.content.kind === 'code' && event.content.code === from ? { ...event, content: to } : event),
})

interface WrongDevice {
  readonly what: string
  readonly fails: string
  readonly seen: RegExp
  readonly wrongs: () => Wrongs
}
const wrongDevices: readonly WrongDevice[] = [
  {
    ...{ what: 'says another vendor than it was given', fails: 'hello-fields', seen: /vendor id ee/ },
    wrongs: () => ({ hello: hello => ({ ...hello, vendorId: 'ee'.repeat(16) }) }),
  },
  {
    ...{ what: 'makes a new journal at each hello', fails: 'hello-after-reconnect', seen: /another journal id/ },
    wrongs: () => ({ hello: hello => ({ ...hello, journalId: randomBytes(8).toString('hex') }) }),
  },
  {
    ...{
      what: 'forgets events before their PUBACK',
      fails: 'puback-withheld',
      seen: /announces no events|passes over/,
    },
    wrongs: () => ({ forgetful: true }),
  },
  {
    ...{ what: 'numbers an event anew when it sends it again', fails: 'puback-withheld', seen: /number/ },
    wrongs: () => {
      const times = new Map<number, number>()
      return {
        event(event) {
          const count = times.get(event.eventNumber) ?? 0
          times.set(event.eventNumber, count + 1)
          return { ...event, eventNumber: event.eventNumber + count }
        },
      }
    },
  },
  {
    ...{ what: 'uses a number for two events', fails: 'order-of-numbers', seen: /another content|number|did not come/ },
    wrongs: () => ({ event: event => ({ ...event, eventNumber: Math.ceil(event.eventNumber / 2) }) }),
  },
  {
    ...{ what: 'is silent when it is busy', fails: 'busy', seen: /no Progress with refused_operation_id/ },
    wrongs: () => ({ sends: uplink => uplink !== 'progress' }),
  },
  {
    ...{ what: 'does not look at leases', fails: 'lower-lease', seen: /an answer: event \d+ withdrawn/ },
    wrongs: () => ({
      hears(downlink, bytes) {
        if (downlink !== 'offer') return bytes
        return encodeOfferMessage({ ...readOfferMessage(bytes), lease: 99 })
      },
    }),
  },
  {
    ...{ what: 'does not hear withdrawals', fails: 'withdraw', seen: /step withdrawn did not come/ },
    wrongs: () => ({
      hears: (downlink, bytes) =>
        downlink === 'offer' && readOfferMessage(bytes).kind === 'withdraw' ? undefined : bytes,
    }),
  },
  {
    ...{ what: 'takes the class for the vendor', fails: 'class-other', seen: /UPD4_FAIL_30.* instead of UPD4_FAIL_31/ },
    wrongs: code('UPD4_FAIL_31', { kind: 'code', code: 'UPD4_FAIL_30' }),
  },
  {
    ...{ what: 'takes what a stranger signed', fails: 'unknown-key', seen: /downloading.* instead of UPD4_FAIL_23/ },
    wrongs: code('UPD4_FAIL_23', { kind: 'step', step: 'downloading' }),
  },
  {
    ...{ what: 'judges the signature before the version', fails: 'schema-version-before-unsigned', seen: /FAIL_23/ },
    wrongs: code('UPD4_FAIL_28', { kind: 'code', code: 'UPD4_FAIL_23' }),
  },
  {
    ...{ what: 'carries out what was signed for another', fails: 'command-replayed', seen: /done.* instead of/ },
    wrongs: code('UPD4_FAIL_31', { kind: 'step', step: 'done' }),
  },
  {
    ...{ what: 'blames the network for a bad chunk', fails: 'corrupt-for-ever', seen: /UPD4_FAIL_24/ },
    wrongs: code('UPD4_FAIL_26', { kind: 'code', code: 'UPD4_FAIL_24' }),
  },
  {
    ...{ what: 'does not wait when the broker is busy', fails: 'broker-busy', seen: /it asked again after \d+ ms/ },
    wrongs: () => ({
      hears(downlink, bytes) {
        const data = downlink === 'chunks/data' ? readChunkData(bytes) : undefined
        return data?.kind === 'refusal' ? encodeChunkData({ ...data, retryAfterMs: 10 }) : bytes
      },
    }),
  },
  {
    ...{ what: 'loses every chunk once', fails: 'asks-for-what-it-lacks', seen: /bytes came for/ },
    wrongs: () => {
      const seen = new Set<number>()
      return {
        hears(downlink, bytes) {
          const data = downlink === 'chunks/data' ? readChunkData(bytes) : undefined
          if (data?.kind !== 'piece' || data.chunk === undefined || seen.has(data.chunk)) return bytes
          seen.add(data.chunk)
          return undefined
        },
      }
    },
  },
  {
    ...{ what: 'takes an abort for a bad line', fails: 'session-abort', seen: /UPD4_FAIL_24 instead of UPD4_FAIL_45/ },
    wrongs: code('UPD4_FAIL_45', { kind: 'code', code: 'UPD4_FAIL_24' }),
  },
  {
    ...{ what: 'tells its success twice', fails: 'update', seen: /success|results|number|content/ },
    wrongs: () => ({
      event: event =>
        event.content.kind === 'step' && event.content.step === 'installing'
          ? { ...event, content: { kind: 'code', code: 'UPD2_OK_18' } }
          : event,
    }),
  },
  {
    ...{
      what: 'does not know after a lost line what it is doing',
      fails: 'broker-restarts',
      seen: /names no operation/,
    },
    wrongs: () => ({ hello: ({ operation: _, ...hello }) => hello }),
  },
]

t.test('a device with one thing wrong fails the case that is about it', async t => {
  t.testdir()
  await eachCase(wrongDevices, 3, async ({ what, fails, seen, wrongs }) => {
    const [only] = await examined(t, agentWith(wrongs), [fails], { limits: impatience })
    t.match(only?.result, { verdict: 'failed', seen }, what)
  })
})

/** A client that says its hello before it has subscribed to anything, in a session that is not clean. */
const rude: Candidate = async ({ port, device, secret }) => {
  const client = connect({
    ...{ host: '127.0.0.1', port, clientId: device, username: device, password: secret },
    ...{ clean: false, protocolVersion: 4, reconnectPeriod: 100 },
  })
  const hello = Buffer.from(
    `0801${`1210${'11'.repeat(16)}`}${`1a10${'22'.repeat(16)}`}${`2210${'33'.repeat(16)}`}${`2a08${'44'.repeat(8)}`}3800`,
    'hex',
  )
  client.on('connect', () => client.publish(deviceTopic(device, 'hello'), hello, { qos: 1 }))
  const stop = async (): Promise<void> => {
    client.end(true)
  }
  return { stop, kill: stop, resume: async () => {} }
}

t.test('a client that is no device of ours fails where it begins', async t => {
  t.testdir()
  const all = await examined(t, rude, ['connect-fields', 'subscriptions', 'hello-fields', 'update'], {
    limits: { ...impatience, reconnectMs: 2000, updateMs: 2000 },
  })
  const results = new Map<string, Result>(all.map(({ one, result }) => [one.name, result]))
  t.match(results.get('connect-fields'), { verdict: 'failed', seen: /clean session 0/ })
  t.match(results.get('subscriptions'), { verdict: 'failed', seen: /a hello before the SUBACK/ })
  t.match(results.get('hello-fields'), { verdict: 'failed', seen: /no component main/ })
  t.match(results.get('update'), { verdict: 'failed', seen: /no end within|not connected|did not connect/ })
})
