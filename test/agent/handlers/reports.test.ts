// Signed reports on the device: with every success goes one, of the boot that says it, whatever the power did in between;
// who signs may be slow or broken without silencing the device; and the key is made once.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import t from 'tap'
import { ReportKeyFile } from '../../../agent/adapters/report-key-file.ts'
import { systemDisk } from '../../../agent/adapters/system-disk.ts'
import type { ReportSigner } from '../../../agent/ports.ts'
import { type DeviceReport, openReport } from '../../../proto/device-report.ts'
import { trustedKey, verifyBytes } from '../../../proto/envelope.ts'
import { SimulatedDisk } from '../../../simulator/faults/simulated-disk.ts'
import { eachCase, seed } from '../../fixtures/cases.ts'
import { operationOne, operationTwo } from '../fakes/broker.ts'
import { FakeDevice } from '../fakes/device.ts'
import { equipped, ordered } from '../fakes/orders.ts'
import { imageOf, releaseOf } from '../fakes/release.ts'

t.setTimeout(120_000)
t.comment(`DROVER_SEED=${seed}`)

const small = releaseOf(Buffer.concat([imageOf('one', 3_000), imageOf('two', 2_000)]))
const nonce = 'ab'.repeat(16)
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const spki = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' })
const key = trustedKey(publicKey)
const signer: ReportSigner = {
  publicKey: spki(publicKey),
  sign: async message => sign(null, message, privateKey),
}

function signing(reboot: boolean, reportSigner = signer): FakeDevice {
  const device = new FakeDevice({}, reboot)
  device.equipment = () => ({ reportSigner })
  device.broker.reportNonce = nonce
  return device
}

const opened = (bytes: Uint8Array | undefined): DeviceReport => openReport(bytes ?? Buffer.alloc(0), key)

/** The report of the success as the broker heard it, and the boot it must be of. */
function proofOf({ broker }: FakeDevice, reboot: boolean): { report: DeviceReport; bootIds: readonly string[] } {
  const last = broker.hellos.at(-1)
  if (reboot) return { report: opened(last?.report), bootIds: [last?.bootId ?? ''] }
  const event = [...broker.events.values()].findLast(({ content }) => content.kind === 'code')
  return { report: opened(event?.report), bootIds: broker.hellos.map(({ bootId }) => bootId) }
}

for (const reboot of [true, false])
  t.test(
    `power cut after every durable change: the success is signed, ${reboot ? 'by hello' : 'by its code'}`,
    async t => {
      const ran = async (cut: number, keepUnsynced: boolean): Promise<number> => {
        const device = signing(reboot)
        device.broker.offer = { release: small, operation: operationOne, attempt: 1, lease: 1 }
        let changes = 0
        let isCut = false
        device.disk.onDurable = () => {
          changes += 1
          if (changes !== cut) return
          isCut = true
          device.cutPower(keepUnsynced)
        }
        await device.start()
        await device.run()
        if (isCut) {
          await device.start()
          await device.run()
        }
        const { report, bootIds } = proofOf(device, reboot)
        const { version, installedSha256: digest } = small.manifest
        t.match(report, {
          ...{ device: 'device-1', operation: operationOne, attempt: 1, nonce, result: reboot ? 'done' : 'UPD2_OK_18' },
          components: [{ name: 'main', version, digest }],
        })
        t.ok(bootIds.includes(report.bootId), `cut ${cut}: of a boot that said hello`)
        t.match(device.broker.hellos.at(-1), {
          reportKey: spki(publicKey).toString('base64'),
          components: [{ version }],
        })
        t.strictSame(device.broker.codes(), reboot ? [] : ['UPD2_OK_18'], 'told once')
        t.strictSame(device.disk.durable.outbox, [])
        await device.stop()
        return changes
      }
      const count = await ran(0, true)
      const cuts = Array.from({ length: count }, (_, index) => index + 1)
      await eachCase(cuts, 3, async cut => void (await ran(cut, (cut + seed) % 2 === 0)))
    },
  )

t.test('no nonce, no report; a failure is told unsigned; a command that was carried out is signed', async t => {
  const plain = signing(true)
  plain.broker.reportNonce = undefined
  plain.broker.offer = { release: small, operation: operationOne, attempt: 1, lease: 1 }
  await plain.start()
  await plain.run()
  t.match(plain.broker.hellos.at(-1), { components: [{ version: '2.0.0' }], reportKey: String, report: undefined })
  await plain.stop()

  const failing = signing(true)
  failing.health = () => ({ healthy: false, reason: 'exit-1' })
  failing.broker.offer = { release: small, operation: operationOne, attempt: 1, lease: 1 }
  await failing.start()
  await failing.run()
  t.strictSame(failing.broker.codes(), ['UPD4_FAIL_40'])
  t.notOk([...failing.broker.events.values()].some(({ report }) => report !== undefined))
  t.equal(failing.broker.hellos.at(-1)?.report, undefined)
  await failing.stop()

  const at = await equipped()
  const { equipment } = at.device
  await at.device.stop()
  at.device.equipment = alive => ({ ...equipment(alive), reportSigner: signer })
  at.device.broker.reportNonce = nonce
  await at.device.start()
  t.strictSame(await ordered(at, 'config-backup', {}), ['done'])
  const done = [...at.device.broker.events.values()].at(-1)
  t.match(opened(done?.report), { operation: operationOne, attempt: 1, nonce, result: 'done', components: [] })
  await at.device.stop()
})

t.test('a later attempt is signed with its own nonce', async t => {
  const device = signing(false)
  device.broker.weather = () => []
  await device.start()
  await device.run(0)
  device.broker.sendOffer(small)
  await device.run(1000)
  device.broker.reportNonce = 'cd'.repeat(16)
  device.broker.weather = data => [data]
  device.broker.sendOffer(small, operationOne, 2)
  await device.run()
  t.match(proofOf(device, false).report, { attempt: 2, nonce: 'cd'.repeat(16) })
  await device.stop()
})

t.test('a hello that names an operation under way proves nothing of the one before', async t => {
  const device = signing(true)
  await device.start()
  await device.run(0)
  device.broker.sendOffer(small)
  await device.run()
  t.match(opened(device.broker.hellos.at(-1)?.report), { operation: operationOne })
  device.broker.weather = () => []
  device.broker.sendOffer(releaseOf(imageOf('three', 5_000), { version: '3.0.0', releaseCounter: 3 }), operationTwo)
  await device.run(1000)
  device.broker.disconnect()
  device.broker.connect()
  await device.run(1000)
  t.match(device.broker.hellos.at(-1), { operation: operationTwo, report: undefined })
  await device.stop()
})

t.test('who signs may fail, be slow or sign wrongly: tried again, and at last said without', async t => {
  let calls = 0
  const good = signer.sign
  const never = async (): Promise<never> => new Promise(() => {})
  const rows: readonly (readonly [about: string, sign: ReportSigner['sign'], isSigned: boolean])[] = [
    ['at the third try', async message => (calls < 3 ? Promise.reject(new Error('busy')) : good(message)), true],
    ['never', async () => Promise.reject(new Error('gone')), false],
    ['without an answer', never, false],
    ['wrongly', async () => Buffer.alloc(64), false],
  ]
  for (const [about, how, isSigned] of rows) {
    calls = 0
    const device = signing(false, {
      publicKey: signer.publicKey,
      sign: message => {
        calls += 1
        return how(message)
      },
    })
    device.broker.offer = { release: small, operation: operationOne, attempt: 1, lease: 1 }
    await device.start()
    await device.run(5 * 60_000)
    t.strictSame(device.broker.codes(), ['UPD2_OK_18'], about)
    const event = [...device.broker.events.values()].findLast(({ content }) => content.kind === 'code')
    t.equal(event?.report !== undefined, isSigned, about)
    t.ok(device.warnings.includes('report-not-signed'), about)
    await device.stop()
  }
  const stuck = signing(false, { publicKey: signer.publicKey, sign: never })
  stuck.broker.offer = { release: small, operation: operationOne, attempt: 1, lease: 1 }
  await stuck.start()
  await stuck.run(3000)
  await stuck.stop()
  t.strictSame(stuck.broker.codes(), [], 'an agent that ends says nothing half')
  const unusable = signing(false, { publicKey: Buffer.from('key'), sign: never })
  await unusable.start()
  await unusable.run(0)
  t.equal(unusable.broker.hellos.at(-1)?.reportKey, undefined, 'a key that is none is not told')
  await unusable.stop()
})

t.test('the key file is made once, readable by its owner alone, and a power cut leaves all of it or none', async t => {
  const random = { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(7) }
  const path = '/data/report-key.pem'
  const message = Buffer.from('message')
  const made = new SimulatedDisk()
  await made.port().makeFolder('/data')
  await made.port().syncFolder('/')
  const first = await ReportKeyFile.open(made.port(), path, random)
  const again = await ReportKeyFile.open(made.port(), path)
  t.same(again.publicKey, first.publicKey)
  t.ok(verifyBytes(message, await again.sign(message), trustedKey(first.publicKey)))
  const real = `${t.testdir()}/report-key.pem`
  await ReportKeyFile.open(systemDisk, real, random)
  t.equal((await systemDisk.factsOf(real))?.mode, 0o600)

  const changes = made.changes
  // The agent tells nobody of a key that the next power cut takes.
  made.turnOff()
  made.restore('nothing', () => 0.5)
  const kept = await ReportKeyFile.open(made.port(), path)
  t.same(kept.publicKey, first.publicKey, 'durable when it is told')
  for (let change = 1; change <= changes; change += 1)
    for (const flavour of ['nothing', 'prefix', 'reordered'] as const) {
      const disk = new SimulatedDisk()
      let on = true
      disk.armCut({ change, share: 0.5 }, () => {
        on = false
      })
      const cut = disk.portWhile(() => on)
      // What is waited for when the power goes never comes.
      void cut.makeFolder('/data').then(() => ReportKeyFile.open(cut, path, random))
      for (let turns = 0; turns < 20; turns += 1) await new Promise(resolve => setImmediate(resolve))
      disk.restore(flavour, () => 0.5)
      await disk.port().makeFolder('/data')
      const after = await ReportKeyFile.open(disk.port(), path, random)
      t.same(after.publicKey, first.publicKey, `cut in change ${change}, ${flavour}`)
    }

  const disk = new SimulatedDisk()
  const place = (text: string | Buffer): void => disk.place(path, Buffer.from(text))
  await t.rejects(ReportKeyFile.open(disk.port(), path), { code: 'STORED_THING_MISSING' }, 'a file that was named')
  place('no key')
  await t.rejects(ReportKeyFile.open(disk.port(), path, random), { code: 'STORED_THING_CORRUPT' }, 'never replaced')
  const pem = (pair: { privateKey: KeyObject }) => pair.privateKey.export({ format: 'pem', type: 'pkcs8' })
  place(pem(generateKeyPairSync('ec', { namedCurve: 'P-384' })))
  await t.rejects(ReportKeyFile.open(disk.port(), path), /expected an Ed25519 or P-256/)
  place(pem(generateKeyPairSync('ec', { namedCurve: 'P-256' })))
  const p256 = await ReportKeyFile.open(disk.port(), path)
  t.ok(verifyBytes(message, await p256.sign(message), trustedKey(p256.publicKey)))
})
