// The certificate of this broker, its key, and the authority whose devices may come with certificates of their own: read
// from files, checked before they are used, and read again when they were renewed. What cannot be used is told with the
// name of its setting, its file and what was expected; a renewal that cannot be used leaves the old ones in force.
//
//   open ─▶ material ─▶ listeners          SIGHUP ─▶ reload ─▶ checked? ─▶ each listener: new handshakes use the new ones
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { SecureContextOptions } from 'node:tls'
import { BrokerError } from '../errors.ts'
import type { Clock, Log } from '../ports.ts'

export interface TlsFileNames {
  /** PEM: the broker's own certificate first, then those between it and its authority. */
  readonly certFile: string
  /** PEM, private, without a passphrase. */
  readonly keyFile: string
  /** PEM: authorities that sign certificates of devices. */
  readonly deviceCaFile?: string
}

/** What a listener needs; `ca` is there when devices may bring certificates. */
export interface TlsMaterial extends SecureContextOptions {
  readonly cert: string
  readonly key: string
  readonly ca?: string
}

/** The message has one line for each thing to repair. */
export class TlsFilesUnusable extends BrokerError {
  override readonly name = 'TlsFilesUnusable'
  readonly code = 'TLS_FILES_UNUSABLE'
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

const pemBytesMax = 256 * 1024
const dayMs = 24 * 3_600_000
/** From then on each start and each reload says that the end is near. */
const renewalDays = 30

/**
 * TLS 1.2 is the least, and of 1.2 only what has forward secrecy and authenticated encryption (RFC 9325, 4.2). ECDHE with
 * AES-128-GCM is what small TLS stacks have.
 */
const protocol = {
  minVersion: 'TLSv1.2',
  honorCipherOrder: true,
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
  // Sessions of clients with certificates are refused by OpenSSL unless the server names its context.
  sessionIdContext: 'drover',
} as const satisfies SecureContextOptions

export class TlsFiles {
  readonly #names: TlsFileNames
  readonly #clock: Pick<Clock, 'now'>
  readonly #log: Log
  #material: TlsMaterial

  private constructor(names: TlsFileNames, clock: Pick<Clock, 'now'>, log: Log, material: TlsMaterial) {
    this.#names = names
    this.#clock = clock
    this.#log = log
    this.#material = material
  }

  /** Throws TlsFilesUnusable. A certificate past its end is told in the log: nobody would believe it, yet all else works. */
  static async open(names: TlsFileNames, clock: Pick<Clock, 'now'>, log: Log): Promise<TlsFiles> {
    return new TlsFiles(names, clock, log, await read(names, clock.now(), log))
  }

  get material(): TlsMaterial {
    return this.#material
  }

  /** The files as they are now; throws TlsFilesUnusable, and then `material` is what it was. */
  async reload(): Promise<TlsMaterial> {
    this.#material = await read(this.#names, this.#clock.now(), this.#log)
    return this.#material
  }
}

async function read(names: TlsFileNames, now: number, log: Log): Promise<TlsMaterial> {
  const problems: string[] = []
  const text = async (setting: string, file: string): Promise<string | undefined> => {
    try {
      const bytes = await readFile(file)
      if (bytes.length <= pemBytesMax) return bytes.toString()
      problems.push(`${setting} ${file}: has ${bytes.length} bytes, expected at most ${pemBytesMax}`)
    } catch (cause) {
      problems.push(`${setting} ${file}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`)
    }
    return undefined
  }
  const { certFile, keyFile, deviceCaFile } = names
  const [cert, key, ca] = await Promise.all([
    text('--tls-cert', certFile),
    text('--tls-key', keyFile),
    deviceCaFile === undefined ? undefined : text('--device-ca', deviceCaFile),
  ])
  const certificates = cert === undefined ? undefined : certificatesOf(cert, `--tls-cert ${certFile}`, problems)
  const privateKey = key === undefined ? undefined : privateKeyOf(key, `--tls-key ${keyFile}`, problems)
  const own = certificates?.[0]
  if (own !== undefined && privateKey !== undefined && !own.checkPrivateKey(privateKey))
    problems.push(
      `--tls-key ${keyFile}: is not the key of the first certificate in ${certFile} (${lineOf(own.subject)}); expected the broker's own certificate first, and its key`,
    )
  if (ca !== undefined)
    for (const authority of certificatesOf(ca, `--device-ca ${deviceCaFile}`, problems) ?? [])
      if (!authority.ca)
        problems.push(`--device-ca ${deviceCaFile}: ${lineOf(authority.subject)} is no authority (CA:TRUE)`)
  if (problems.length > 0 || own === undefined || cert === undefined || key === undefined)
    throw new TlsFilesUnusable(problems)
  tellEnd(own, certFile, now, log)
  return { ...protocol, cert, key, ...(ca === undefined ? {} : { ca }) }
}

function certificatesOf(pem: string, where: string, problems: string[]): readonly X509Certificate[] | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
  if (blocks === null) {
    problems.push(`${where}: holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)`)
    return undefined
  }
  try {
    return blocks.map(block => new X509Certificate(block))
  } catch {
    problems.push(`${where}: does not parse, expected X.509 certificates in PEM form`)
    return undefined
  }
}

function privateKeyOf(pem: string, where: string, problems: string[]): KeyObject | undefined {
  if (pem.includes('ENCRYPTED'))
    problems.push(`${where}: is protected by a passphrase, which nobody types at a start of the broker`)
  else if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) problems.push(`${where}: holds no private key in PEM form`)
  else
    try {
      return createPrivateKey(pem)
    } catch {
      problems.push(`${where}: does not parse, expected a private key in PEM form`)
    }
  return undefined
}

function tellEnd(own: X509Certificate, certFile: string, now: number, log: Log): void {
  const endsAt = Date.parse(own.validTo)
  const fields = { certFile, subject: lineOf(own.subject), validTo: own.validTo }
  if (endsAt <= now)
    log.error({ event: 'certificate-expired', ...fields }, 'the certificate has expired: devices will not believe it')
  else if (Date.parse(own.validFrom) > now)
    log.error({ event: 'certificate-not-yet-valid', ...fields }, 'the certificate is not valid yet: see the clock')
  else if (endsAt - now < renewalDays * dayMs)
    log.warn({ event: 'certificate-ends', ...fields }, 'the certificate ends soon: renew it, then send SIGHUP')
  else log.info({ event: 'certificate', ...fields }, 'certificate of the broker')
}

/** Node puts each part of a name on a line of its own. */
function lineOf(subject: string | undefined): string {
  return subject === undefined || subject === '' ? 'no subject' : subject.replaceAll('\n', ', ')
}
