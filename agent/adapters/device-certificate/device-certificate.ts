// Certificate and key of the device. Those it was provisioned with stay untouched in the files of the settings; each one that
// follows is one file of both, so that no power cut can leave the one without the other:
//
//   renewed.pem   the newest          before.pem   the one it follows, until the newest was taken by the broker
//
// What counts is told by the certificates themselves: the one that begins last. So files that a person puts in place of the
// provisioned ones are used as soon as they are newer.
import { createPrivateKey, generateKeyPair, type KeyObject, X509Certificate } from 'node:crypto'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { DeviceId } from '../../../proto/ids.ts'
import type { CertificateKeeper, CertificateLife, CertificatePair } from '../../certificate-keeper.ts'
import { AgentError } from '../../errors.ts'
import type { Disk, Log } from '../../ports.ts'
import { errnoOf, writing } from '../../storage/disk-errors.ts'
import { certificateRequest } from './certificate-request.ts'

/** What the broker sent is no certificate for the key and the name of this device. */
export class CertificateUnfit extends AgentError {
  override readonly name = 'CertificateUnfit'
  readonly code = 'CERTIFICATE_UNFIT'
}

interface Known {
  readonly pair: CertificatePair
  readonly life: CertificateLife
  readonly place: 'renewed' | 'before' | 'provisioned'
}

const fileBytesMax = 64 * 1024
/** Of so many tries in a row that failed, the last is made with an older pair. */
const triesEach = 3

export class DeviceCertificate implements CertificateKeeper {
  readonly #disk: Disk
  readonly #log: Log
  readonly #device: DeviceId
  readonly #folder: string
  #renewed: Known | undefined
  #before: Known | undefined
  #chosen: Known | undefined
  /** Choices since one was taken. */
  #tries = 0
  #key: KeyObject | undefined

  /** `folder`: of these certificates alone; made with the first one. A file that does not read is as good as none. */
  static async open(
    { disk, log }: { readonly disk: Disk; readonly log: Log },
    { device, folder }: { readonly device: DeviceId; readonly folder: string },
  ): Promise<DeviceCertificate> {
    const keeper = new DeviceCertificate(disk, log, device, folder)
    keeper.#renewed = await keeper.#read('renewed')
    keeper.#before = await keeper.#read('before')
    return keeper
  }

  private constructor(disk: Disk, log: Log, device: DeviceId, folder: string) {
    this.#disk = disk
    this.#log = log
    this.#device = device
    this.#folder = folder
  }

  choose(provisioned: CertificatePair | undefined): CertificatePair | undefined {
    const given = provisioned && knownOf(provisioned, 'provisioned')
    const all = [this.#renewed, given, this.#before]
      .filter(each => each !== undefined)
      .sort((one, other) => other.life.notBefore - one.life.notBefore)
    this.#tries += 1
    const older = all.slice(1)
    const turn = Math.floor(this.#tries / triesEach)
    const other = this.#tries % triesEach === 0 ? older[(turn - 1) % older.length] : undefined
    this.#chosen = other ?? all[0]
    // What does not parse is left to TLS, which has words for it.
    return this.#chosen?.pair ?? provisioned
  }

  life(): CertificateLife | undefined {
    return this.#chosen?.life
  }

  async proved(): Promise<void> {
    this.#tries = 0
    if (this.#chosen?.place !== 'renewed' || this.#before === undefined) return
    this.#before = undefined
    try {
      await this.#disk.remove(this.#path('before'))
    } catch (err) {
      this.#log.warn({ event: 'certificate-left', err }, 'the certificate before could not be taken away')
    }
  }

  async request(): Promise<Uint8Array> {
    const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
    this.#key = privateKey
    return certificateRequest(this.#device, privateKey)
  }

  async keep(certificate: Uint8Array): Promise<void> {
    const key = this.#key
    const made = parsed(certificate)
    const { CN: name } = (made?.toLegacyObject().subject ?? {}) as { readonly CN?: unknown }
    if (key === undefined || made === undefined || name !== this.#device || !made.checkPrivateKey(key))
      throw new CertificateUnfit(`expected a certificate of ${this.#device} for the key of the last request`)
    const pair = { cert: made.toString(), key: key.export({ type: 'pkcs8', format: 'pem' }).toString() }
    await writing(`keeping ${this.#path('renewed')}`, () => this.#put(pair))
    this.#key = undefined
    this.#renewed = knownOf(pair, 'renewed')
    this.#tries = 0
  }

  async #put({ cert, key }: CertificatePair): Promise<void> {
    const [path, before] = [this.#path('renewed'), this.#path('before')]
    const partial = `${path}.new`
    await this.#disk.makeFolder(this.#folder)
    await this.#disk.syncFolder(dirname(this.#folder))
    const file = await this.#disk.open(partial, 'create', 0o600)
    try {
      await file.write(0, Buffer.from(`${key}${cert}`))
      await file.sync()
    } finally {
      await file.close()
    }
    // One that never connected is no loss, and must not push out the one that did.
    if (this.#renewed !== undefined && this.#chosen?.place === 'renewed') {
      await this.#disk.rename(path, before)
      this.#before = { ...this.#renewed, place: 'before' }
      this.#chosen = this.#before
      this.#renewed = undefined
    }
    await this.#disk.rename(partial, path)
    await this.#disk.syncFolder(this.#folder)
  }

  async #read(place: 'renewed' | 'before'): Promise<Known | undefined> {
    const path = this.#path(place)
    try {
      const file = await this.#disk.open(path, 'read')
      try {
        const text = Buffer.from(await file.read(0, fileBytesMax)).toString()
        const known = knownOf({ cert: text, key: text }, place)
        if (known !== undefined) return known
      } finally {
        await file.close()
      }
      this.#log.warn({ event: 'certificate-unreadable', path }, 'expected a key and its certificate; it is not used')
    } catch (err) {
      if (errnoOf(err) !== 'ENOENT')
        this.#log.warn(
          { event: 'certificate-unreadable', path, err },
          'expected a key and its certificate; it is not used',
        )
    }
    return undefined
  }

  #path(place: 'renewed' | 'before'): string {
    return join(this.#folder, `${place}.pem`)
  }
}

/** Undefined when the two do not belong together. */
function knownOf(pair: CertificatePair, place: Known['place']): Known | undefined {
  const certificate = parsed(pair.cert)
  const key = privateKeyIn(pair.key)
  if (certificate === undefined || key === undefined || !certificate.checkPrivateKey(key)) return undefined
  const life = { notBefore: Date.parse(certificate.validFrom), notAfter: Date.parse(certificate.validTo) }
  return { pair, life, place }
}

function parsed(certificate: string | Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(certificate)
  } catch {
    // None: whoever asked has words for that.
    return undefined
  }
}

function privateKeyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    // As above.
    return undefined
  }
}
