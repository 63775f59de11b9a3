// The authority that signs certificates of devices, its key in a file of the broker (RFC 5280, RFC 2986). The shape of what
// it signs is written here, because Node signs bytes but makes no certificates; every value in it is the broker's own, but
// for the key of the device: that is read by OpenSSL, and whoever asks has to prove that he holds it.
//
//   request ─▶ key and signature ─▶ does the key verify it? ─▶ certificate: subject CN = device id, for clients only
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { der, derValues } from '../../proto/der.ts'
import type { DeviceId } from '../../proto/ids.ts'
import {
  type CertificateAuthority,
  CertificateRequestRefused,
  type IssuedCertificate,
} from '../certificate-authority.ts'
import { BrokerError } from '../errors.ts'
import type { Clock, Random } from '../ports.ts'

/** The files are no authority to sign with; the message names the file and what was expected. */
export class DeviceCaUnusable extends BrokerError {
  override readonly name = 'DeviceCaUnusable'
  readonly code = 'DEVICE_CA_UNUSABLE'
}

export interface DeviceCaOptions {
  /** PEM; the first certificate in it is the one that signs. */
  readonly certFile: string
  /** PEM: P-256, without a passphrase. */
  readonly keyFile: string
  /** Of what is signed. */
  readonly days: number
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
}

const requestBytesMax = 8 * 1024
const dayMs = 24 * 3_600_000
/** A device whose clock is behind by less believes its new certificate at once. */
const backdatedMs = 3_600_000
const rsaBitsLeast = 2048

/** Object identifiers. */
const ecdsaWithSha256 = '2a8648ce3d040302'
const commonName = Buffer.from('550403', 'hex')
/** Signatures of requests: algorithm, and the hash it is made over. */
const signatures: Readonly<Record<string, string | null>> = {
  [ecdsaWithSha256]: 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a864886f70d01010b': 'sha256',
  '2b6570': null,
}

export class DeviceCa implements CertificateAuthority {
  readonly certificate: string
  readonly #own: X509Certificate
  readonly #key: KeyObject
  readonly #options: DeviceCaOptions

  private constructor(own: X509Certificate, key: KeyObject, options: DeviceCaOptions) {
    this.certificate = own.toString()
    this.#own = own
    this.#key = key
    this.#options = options
  }

  /** Throws DeviceCaUnusable. */
  static async open(options: DeviceCaOptions): Promise<DeviceCa> {
    const { certFile, keyFile } = options
    const [cert, key] = await Promise.all([
      parsed(certFile, '--device-ca', 'a certificate in PEM form', bytes => new X509Certificate(bytes)),
      parsed(keyFile, '--device-ca-key', 'a private key in PEM form without a passphrase', createPrivateKey),
    ])
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
      throw new DeviceCaUnusable(`--device-ca-key ${keyFile}: expected a P-256 key`)
    if (!cert.ca || !cert.checkPrivateKey(key))
      throw new DeviceCaUnusable(
        `--device-ca-key ${keyFile}: is not the key of the first certificate in ${certFile}, which must be an authority`,
      )
    return new DeviceCa(cert, key, options)
  }

  issue(request: string | Uint8Array, device: DeviceId, nameIn?: 'must-match'): IssuedCertificate {
    const { spki, subject } = requestOf(request)
    if (nameIn === 'must-match' && commonNameIn(subject) !== device)
      throw refused(`expected the common name ${device} in it, and no other`)
    const { clock, random, days } = this.#options
    const issuedAt = clock.now()
    // Nothing outlives the authority: its end would be the end of the certificate anyway.
    const notAfter = Math.min(issuedAt + days * dayMs, Date.parse(this.#own.validTo))
    const notBefore = issuedAt - Math.min(backdatedMs, notAfter - issuedAt)
    const serial = Buffer.concat([Buffer.from([0x40 | (random.bytes(1).readUInt8() & 0x3f)]), random.bytes(15)])
    const algorithm = der(0x30, oid(ecdsaWithSha256))
    const content = der(
      0x30,
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, serial),
      algorithm,
      subjectOf(this.#own),
      der(0x30, time(notBefore), time(notAfter)),
      der(0x30, der(0x31, der(0x30, der(0x06, commonName), der(0x0c, Buffer.from(device))))),
      spki,
      der(
        0xa3,
        der(
          0x30,
          // CA:FALSE; digitalSignature; clientAuth
          extension('551d13', true, der(0x30)),
          extension('551d0f', true, der(0x03, Buffer.from([7, 0x80]))),
          extension('551d25', false, der(0x30, oid('2b06010505070302'))),
        ),
      ),
    )
    const signature = der(0x03, Buffer.from([0]), sign('sha256', content, this.#key))
    const made = new X509Certificate(der(0x30, content, algorithm, signature))
    return {
      certificate: made.toString(),
      sha256: made.fingerprint256.replaceAll(':', '').toLowerCase(),
      serial: serial.toString('hex'),
      issuedAt,
      notAfter,
    }
  }
}

async function parsed<T>(file: string, setting: string, what: string, parse: (bytes: Buffer) => T): Promise<T> {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (cause) {
    throw new DeviceCaUnusable(`${setting} ${file}: cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
      cause,
    })
  }
  try {
    return parse(bytes)
  } catch (cause) {
    throw new DeviceCaUnusable(`${setting} ${file}: expected ${what}`, { cause })
  }
}

/** The bytes of a request in PEM form. */
function ofPem(request: string): Buffer {
  const base64 = /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]*)-----END/.exec(request)?.[1]
  if (base64 === undefined || request.length > requestBytesMax)
    throw refused(`expected a certificate request in PEM form of at most ${requestBytesMax} characters`)
  return Buffer.from(base64, 'base64')
}

/** Key (SubjectPublicKeyInfo) and subject, once the signature shows that the sender holds the private half of the key. */
function requestOf(request: string | Uint8Array): { readonly spki: Buffer; readonly subject: Buffer } {
  const bytes = typeof request === 'string' ? ofPem(request) : Buffer.from(request)
  if (bytes.length > requestBytesMax)
    throw refused(`expected a certificate request of at most ${requestBytesMax} bytes`)
  try {
    const [outer, more] = derValues(bytes)
    const [content, algorithm, signature] = derValues(ofTag(outer, 0x30))
    const [version, subject, spki] = derValues(ofTag(content, 0x30))
    const [identifier] = derValues(ofTag(algorithm, 0x30))
    const hash = signatures[ofTag(identifier, 0x06).toString('hex')]
    const [unusedBits, ...bits] = ofTag(signature, 0x03)
    if (more !== undefined || content === undefined || spki === undefined) throw refused(unreadable)
    if (!ofTag(version, 0x02).equals(Buffer.from([0])) || unusedBits !== 0) throw refused(unreadable)
    if (hash === undefined) throw refused('expected a signature by ECDSA, Ed25519 or RSA with SHA-256')
    const key = createPublicKey({ key: spki.whole, format: 'der', type: 'spki' })
    if (!isStrong(key)) throw refused('expected a P-256, P-384, Ed25519 or RSA key of 2048 bits or more')
    if (!verify(hash, content.whole, key, Buffer.from(bits))) throw refused('its signature is not by the key in it')
    // As OpenSSL writes it: nothing of the sender's own form goes into what we sign.
    return { spki: key.export({ format: 'der', type: 'spki' }), subject: ofTag(subject, 0x30) }
  } catch (cause) {
    if (cause instanceof CertificateRequestRefused) throw cause
    throw refused(unreadable, cause)
  }
}

/** The one common name in the body of a Name (RFC 5280, 4.1.2.4); undefined when there is none, or more than one. */
function commonNameIn(subject: Buffer): string | undefined {
  try {
    const attributes = derValues(subject).flatMap(set =>
      derValues(ofTag(set, 0x31)).map(each => derValues(ofTag(each, 0x30))),
    )
    const names = attributes.filter(([type]) => ofTag(type, 0x06).equals(commonName))
    const value = names.length === 1 ? names[0]?.[1] : undefined
    // UTF8String, PrintableString
    return value !== undefined && (value.tag === 0x0c || value.tag === 0x13) ? value.body.toString() : undefined
  } catch {
    // Not a name at all: it names nobody.
    return undefined
  }
}

const unreadable = 'it does not parse as a certificate request (PKCS #10)'

function ofTag(value: { readonly tag: number; readonly body: Buffer } | undefined, tag: number): Buffer {
  if (value?.tag !== tag) throw refused(unreadable)
  return value.body
}

function isStrong({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === 'ed25519') return true
  if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= rsaBitsLeast
  return ['prime256v1', 'secp384r1'].includes(asymmetricKeyDetails?.namedCurve ?? '')
}

function refused(problem: string, cause?: unknown): CertificateRequestRefused {
  return new CertificateRequestRefused(problem, { cause })
}

/** The bytes of the name as the authority's own certificate has them: the chain is found by comparing them. */
function subjectOf(certificate: X509Certificate): Buffer {
  const [outer] = derValues(certificate.raw)
  const [content] = derValues(ofTag(outer, 0x30))
  const fields = derValues(ofTag(content, 0x30))
  // version [0], serial, algorithm, issuer, validity, subject
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4]
  if (subject === undefined) throw new DeviceCaUnusable('the certificate of the authority has no subject')
  return subject.whole
}

function extension(identifier: string, critical: boolean, value: Buffer): Buffer {
  return der(0x30, oid(identifier), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value))
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

/** RFC 5280, 4.1.2.5: two digits of the year until 2049, four from 2050 on. */
function time(at: number): Buffer {
  const digits = `${new Date(at).toISOString().replace(/\D/g, '').slice(0, 14)}Z`
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}
