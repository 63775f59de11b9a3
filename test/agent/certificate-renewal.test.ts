// A certificate that follows its own: when the broker is asked, what becomes of every answer, and the files at every moment
// the power may go.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { DeviceCertificate } from '../../agent/adapters/device-certificate/device-certificate.ts'
import type { CertificateKeeper, CertificateLife, CertificatePair } from '../../agent/certificate-keeper.ts'
import { type RenewableLink, RenewingLink } from '../../agent/certificate-renewal.ts'
import { renewalInMs, retryInMs } from '../../agent/core/renewal.ts'
import type { Disk, LinkHandlers } from '../../agent/ports.ts'
import { DeviceCa } from '../../broker/adapters/device-ca.ts'
import { systemRandom } from '../../broker/adapters/system-clock.ts'
import {
  type CertificateAnswer,
  encodeCertificateAnswer,
  readCertificateRequest,
} from '../../proto/certificate-messages.ts'
import { deviceId, operationId } from '../../proto/ids.ts'
import { encodeOfferMessage } from '../../proto/offer-messages.ts'
import { Authority } from '../fixtures/certificates.ts'
import { CutDisk } from '../fixtures/cut-disk.ts'
import { quickDisk } from '../fixtures/quick-disk.ts'
import { settle, VirtualClock } from './fakes/clock.ts'

const [hourMs, dayMs] = [3_600_000, 24 * 3_600_000]
const hall = deviceId('hall')

t.test(
  'the broker is asked when the share of the life is over, sooner only where the clock cannot be right',
  async t => {
    const life = { notBefore: 1000 * dayMs, notAfter: 1100 * dayMs }
    const rows: readonly (readonly [name: string, nowDays: number, share: number, drawn: number, inDays: number])[] = [
      ['two days before', 1064, 0.66, 0, 2],
      ['due', 1066, 0.66, 0, 0],
      ['long due', 1099, 0.66, 0, 0],
      ['past its end', 1200, 0.66, 0, 0],
      ['what is drawn puts it off by up to a twentieth', 1066, 0.66, 0.8, 4],
      ['never past its end', 1097, 0.99, 0.99, 3],
      ['a clock before its beginning asks', 0, 0.66, 0.5, 0],
      ['after a week of silence at the latest', 1001, 0.66, 0.5, 7],
    ]
    for (const [name, now, share, drawn, inDays] of rows)
      t.equal(Math.round(renewalInMs(life, now * dayMs, share, drawn) / 1000), inDays * 86_400, name)
  },
)

t.test('tries grow apart, up to a day and a quarter, and never come sooner than the broker said', async t => {
  t.same(
    [0, 1, 2, 3, 99].map(failures => retryInMs(failures, 0, 0)),
    [0, 60_000, 120_000, 240_000, dayMs],
  )
  t.equal(retryInMs(1, hourMs, 0), hourMs)
  t.equal(retryInMs(0, 80_000, 0.5), 90_000)
  t.equal(retryInMs(99, 999 * dayMs, 0.999) <= 7 * 1.25 * dayMs, true, 'a word of the broker has a limit, too')
})

/** A line that does what the test says, and a keeper that only counts. */
function scene(t: Test, more: { readonly life?: CertificateLife; readonly keep?: () => Promise<void> } = {}) {
  const clock = new VirtualClock()
  const nowMs = clock.wallMs()
  const asked: number[] = []
  const seen = { messages: 0, anew: 0, kept: 0, proved: 0, events: [] as unknown[] }
  let handlers: LinkHandlers | undefined
  let publishFails = false
  const link: RenewableLink = {
    start: given => {
      handlers = given
    },
    publish: async (uplink, bytes) => {
      if (publishFails) throw new Error('not connected')
      t.equal(uplink, 'certificate')
      t.equal(Buffer.from(readCertificateRequest(bytes)).toString(), 'a request')
      asked.push(clock.monotonicMs())
    },
    send() {},
    join() {},
    leave() {},
    close: async () => {},
    connectAnew: () => {
      seen.anew += 1
    },
  }
  const keeper: CertificateKeeper = {
    choose: pair => pair,
    proved: async () => {
      seen.proved += 1
    },
    life: () => more.life ?? { notBefore: nowMs - 60 * dayMs, notAfter: nowMs + 40 * dayMs },
    request: async () => Buffer.from('a request'),
    keep: async () => {
      seen.kept += 1
      await more.keep?.()
    },
  }
  const told = ({ event }: { readonly event?: unknown }): void => void seen.events.push(event)
  const log = { debug: told, info: told, warn: told, error: told }
  const random = { fraction: () => 0, bytes: (count: number) => Buffer.alloc(count) }
  const renewing = new RenewingLink({ link, keeper, clock, random, log, share: 0.66 })
  renewing.start({
    connected() {},
    disconnected() {},
    message: () => {
      seen.messages += 1
    },
    broadcast() {},
  })
  const line = (): LinkHandlers => {
    if (handlers === undefined) throw new TypeError('not started')
    return handlers
  }
  const answers = async (answer: CertificateAnswer): Promise<void> => {
    line().message('offer', encodeCertificateAnswer(answer))
    await settle()
  }
  const fail = (fails: boolean): void => {
    publishFails = fails
  }
  return { clock, asked, seen, line, answers, renewing, fail }
}
const issued: CertificateAnswer = { kind: 'issued', certificate: Buffer.from('a certificate') }
const refused = (reason: string, retryAfterSeconds = 0): CertificateAnswer => ({
  kind: 'refused',
  reason,
  retryAfterSeconds,
})

t.test(
  'asked for when it is due, kept, connected anew; nothing of it reaches the agent, everything else does',
  async t => {
    const { clock, asked, seen, line, answers } = scene(t)
    line().connected()
    await clock.advance(5.9 * dayMs)
    t.same(asked, [], 'not yet')
    await clock.advance(6 * dayMs - clock.monotonicMs())
    t.same(asked, [6 * dayMs])
    await answers(issued)
    t.match(seen, { kept: 1, anew: 1, messages: 0, proved: 1 })
    const withdraw = { kind: 'withdraw', operation: operationId('0'.repeat(26)), lease: 1, reason: 'x' } as const
    line().message('offer', encodeOfferMessage(withdraw))
    line().message('chunks/data', Buffer.from('x'))
    t.equal(seen.messages, 2)
    await answers(issued)
    t.match(seen, { kept: 1, messages: 2 }, 'one that nobody asked for is dropped')
    line().message('offer', Buffer.from([(6 << 3) | 2, 99]))
    t.equal(seen.messages, 2, 'and so is one that does not read')
    t.same(seen.events.slice(-2), ['certificate-unasked', 'message-unreadable'])
  },
)

t.test('refused, unanswered, not sent: tried again ever later, with the line as it is', async t => {
  const due = { notBefore: 0, notAfter: Date.UTC(2026, 0, 2) }
  const { clock, asked, seen, line, answers, fail } = scene(t, { life: due })
  line().connected()
  await clock.advance(0)
  await answers(refused('request', 3600))
  await clock.advance(hourMs - 1)
  t.equal(asked.length, 1, 'not before the broker said')
  await clock.advance(1)
  t.equal(asked.length, 2)
  await clock.advance(60_000)
  t.equal(seen.events.at(-1), 'certificate-refused', 'nobody answered')
  await clock.advance(2 * 60_000)
  t.equal(asked.length, 3)
  fail(true)
  await answers(refused('too-often'))
  await clock.advance(4 * 60_000)
  t.equal(seen.events.at(-2), 'certificate-not-asked')
  fail(false)
  await clock.advance(7.9 * 60_000)
  t.equal(asked.length, 3, 'ever later')
  await clock.advance(0.2 * 60_000)
  t.equal(asked.length, 4)
  line().disconnected('gone')
  await clock.advance(30 * dayMs)
  t.equal(asked.length, 4, 'without a connection nothing is asked')
  line().connected()
  await clock.advance(0)
  t.equal(asked.length, 5)
  t.match(seen, { kept: 0, anew: 0 })
})

t.test(
  'a clock that is wrong asks once, is told when, and makes no storm; connecting again changes nothing about it',
  async t => {
    const now = new VirtualClock().wallMs()
    for (const life of [
      { notBefore: now + 900 * dayMs, notAfter: now + 1265 * dayMs },
      { notBefore: now - 900 * dayMs, notAfter: now - 535 * dayMs },
    ]) {
      const { clock, asked, line, answers } = scene(t, { life })
      line().connected()
      await clock.advance(0)
      await answers(refused('early', 3 * 86_400))
      for (let count = 0; count < 50; count++) {
        line().disconnected('gone')
        line().connected()
        await clock.advance(hourMs)
      }
      t.equal(asked.length, 1)
      await clock.advance(22 * hourMs - 1)
      t.equal(asked.length, 1)
      await clock.advance(1)
      t.equal(asked.length, 2)
    }
  },
)

t.test('a certificate that cannot be kept is asked for again, and the line stays', async t => {
  const due = { notBefore: 0, notAfter: Date.UTC(2026, 0, 2) }
  const { clock, asked, seen, line, answers } = scene(t, {
    life: due,
    keep: async () => {
      throw new Error('no room')
    },
  })
  line().connected()
  await clock.advance(0)
  await answers(issued)
  t.match(seen, { kept: 1, anew: 0 })
  await clock.advance(60_000)
  t.equal(asked.length, 2)
})

t.test('closed, it asks for nothing more', async t => {
  const { clock, asked, line, renewing } = scene(t)
  line().connected()
  await renewing.close()
  await clock.advance(90 * dayMs)
  t.same(asked, [])
  t.equal(clock.timerCount, 0)
})

// ---- the files ----------------------------------------------------------------------------------

const authority = new Authority('Devices')
const silent = { debug() {}, info() {}, warn() {}, error() {} }

async function files(t: Test) {
  const folder = t.testdir({ 'ca.cert': authority.cert, 'ca.key': authority.key, data: {} })
  let nowMs = Date.parse('2026-01-01')
  const ca = await DeviceCa.open({
    ...{ certFile: join(folder, 'ca.cert'), keyFile: join(folder, 'ca.key'), days: 1, random: systemRandom },
    clock: { now: () => nowMs },
  })
  const first = authority.issue({ name: 'hall', validFrom: new Date(nowMs - dayMs), validTo: new Date(nowMs + dayMs) })
  const place = join(folder, 'data', 'certificate')
  const open = (disk: Disk = quickDisk) =>
    DeviceCertificate.open({ disk, log: silent }, { device: hall, folder: place })
  /** What the broker makes of the keeper's request, each a day later. */
  const next = async (keeper: DeviceCertificate, name = hall): Promise<Buffer> => {
    nowMs += dayMs
    return new X509Certificate(
      ca.issue(await keeper.request(), name, name === hall ? 'must-match' : undefined).certificate,
    ).raw
  }
  return { place, first, open, next }
}
const startOf = (pair: CertificatePair | undefined): number =>
  pair === undefined ? 0 : Date.parse(new X509Certificate(pair.cert).validFrom)
const isWhole = ({ cert, key }: CertificatePair): boolean => {
  const certificate = new X509Certificate(cert)
  return certificate.checkPrivateKey(createPrivateKey(key)) && certificate.subject === 'CN=hall'
}

t.test('the newest pair is shown, the one before it is kept until the newest was taken', async t => {
  const { place, first, open, next } = await files(t)
  const keeper = await open()
  t.same(keeper.choose(first), first)
  t.equal(keeper.choose(undefined), undefined)
  keeper.choose(first)
  await keeper.proved()
  await keeper.keep(await next(keeper))
  const second = keeper.choose(first)
  t.ok(startOf(second) > startOf(first))
  t.ok(second && isWhole(second))
  t.same(readdirSync(place), ['renewed.pem'])
  t.equal(statSync(join(place, 'renewed.pem')).mode & 0o777, 0o600)
  await keeper.proved()
  await keeper.keep(await next(keeper))
  t.same(readdirSync(place), ['before.pem', 'renewed.pem'])
  const again = await open()
  const third = again.choose(first)
  t.ok(startOf(third) > startOf(second), 'after a start, too')
  await again.proved()
  t.same(readdirSync(place), ['renewed.pem'], 'and then it is over')
  const newer = authority.issue({ name: 'hall', validFrom: new Date('2026-02-01') })
  t.same((await open()).choose(newer), newer, 'a person put a newer one in place')
  t.equal(
    startOf((await open()).choose({ cert: 'spoiled', key: '' })),
    startOf(third),
    'the files of the settings are spoiled',
  )
  writeFileSync(join(place, 'renewed.pem'), readFileSync(join(place, 'renewed.pem')).subarray(0, 300))
  t.same((await open()).choose(first), first, 'the renewed one is spoiled')
})

t.test('a pair that is refused again and again gives way to an older one now and then', async t => {
  const { first, open, next } = await files(t)
  const keeper = await open()
  keeper.choose(first)
  await keeper.keep(await next(keeper))
  const shown = Array.from({ length: 9 }, () => startOf(keeper.choose(first)) > startOf(first))
  t.same(shown, [true, true, false, true, true, false, true, true, false])
  await keeper.proved()
  t.same(
    [1, 2, 3].map(() => startOf(keeper.choose(first)) > startOf(first)),
    [true, true, false],
    'counted anew',
  )
})

t.test('one that never connected does not push out the one that did', async t => {
  const { place, first, open, next } = await files(t)
  const keeper = await open()
  keeper.choose(first)
  await keeper.keep(await next(keeper))
  const good = keeper.choose(first)
  await keeper.proved()
  await keeper.keep(await next(keeper))
  // The broker refuses it, takes the one before, and makes another.
  keeper.choose(first)
  keeper.choose(first)
  t.equal(startOf(keeper.choose(first)), startOf(good))
  await keeper.keep(await next(keeper))
  t.same(readdirSync(place), ['before.pem', 'renewed.pem'])
  const [before] = [new X509Certificate(readFileSync(join(place, 'before.pem')))]
  t.equal(Date.parse(before.validFrom), startOf(good))
})

t.test('a certificate for another name, another key, or none at all is not kept', async t => {
  const { first, open, next } = await files(t)
  const keeper = await open()
  keeper.choose(first)
  await t.rejects(keeper.keep(await next(await open())), { code: 'CERTIFICATE_UNFIT' }, 'nothing was asked for')
  await t.rejects(keeper.keep(await next(keeper, deviceId('cellar'))), { code: 'CERTIFICATE_UNFIT' }, 'another name')
  const old = await next(keeper)
  await keeper.request()
  await t.rejects(keeper.keep(old), { code: 'CERTIFICATE_UNFIT' }, 'the key of an earlier request')
  await t.rejects(keeper.keep(Buffer.from('none')), { code: 'CERTIFICATE_UNFIT' })
  t.same(keeper.choose(first), first)
})

t.test('whenever the power goes, the pair in use or the next one is there, whole', async t => {
  let cuts = 0
  for (const flavour of ['before', 'after'] as const)
    for (let change = 1; ; change += 1) {
      const { first, open, next } = await files(t)
      const steady = await open()
      steady.choose(first)
      await steady.keep(await next(steady))
      const disk = new CutDisk(quickDisk, change, flavour)
      const keeper = await open(disk)
      const inUse = keeper.choose(first)
      await keeper.proved()
      const certificate = await next(keeper)
      const made = Date.parse(new X509Certificate(certificate).validFrom)
      const cut = await keeper.keep(certificate).then(
        () => false,
        () => true,
      )
      keeper.choose(first)
      await keeper.proved()
      const woken = (await open()).choose(first)
      t.ok(woken && isWhole(woken), `cut ${flavour} change ${change}`)
      t.ok([startOf(inUse), made].includes(startOf(woken)), 'nothing older than what was in use')
      if (!cut) t.equal(startOf(woken), made, 'what was kept is shown')
      if (!disk.isCut) break
      cuts += 1
    }
  t.ok(cuts >= 12, `${cuts} cuts`)
})
