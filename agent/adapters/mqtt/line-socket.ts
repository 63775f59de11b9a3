// The socket a line runs over: TCP, or TLS with a broker that proves its name. Nothing is written before it has: the first
// bytes of MQTT hold the password. The files of TLS are read for each connection, so that a renewed certificate is used
// from the next one on.
import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { CertificateKeeper, CertificatePair } from '../../certificate-keeper.ts'

/** PEM files. */
export interface LineTls {
  /** Authorities the broker's certificate may be from; absent: those Node comes with. */
  readonly caFile?: string
  /** Certificate of the device, then those between it and its authority. */
  readonly certFile?: string
  readonly keyFile?: string
  /** Has the pairs that followed those two files; asked once for each connection. */
  readonly keeper?: Pick<CertificateKeeper, 'choose'>
}

export interface LineAddress {
  readonly host: string
  readonly port: number
  /** Absent: plain TCP. */
  readonly tls?: LineTls
}

/** What a broken handshake is saved from doing again in full: one session, of the same files only. */
export interface LineMemory {
  session?: Buffer
  files?: string
}

/**
 * `ready` is called once, when MQTT may be spoken. Errors come from the socket; `reasonOf` has words for them. Throws when
 * a file cannot be read.
 */
export function openLine({ host, port, tls }: LineAddress, ready: () => void, memory: LineMemory = {}): Socket {
  if (tls === undefined) {
    const socket = connectTcp({ host, port, noDelay: true })
    socket.once('connect', ready)
    return socket
  }
  const files = filesOf(tls)
  const read = JSON.stringify(files)
  const session = memory.files === read ? memory.session : undefined
  const socket: TLSSocket = connectTls({
    ...files,
    ...(session === undefined ? {} : { session }),
    host,
    port,
    minVersion: 'TLSv1.2',
    // Said, so that no environment variable can take it back.
    rejectUnauthorized: true,
  })
  socket.setNoDelay(true)
  socket.on('session', session => Object.assign(memory, { session, files: read }))
  socket.once('secureConnect', ready)
  return socket
}

function filesOf({ caFile, certFile, keyFile, keeper }: LineTls): Readonly<Record<string, string>> {
  const ca = caFile === undefined ? {} : { ca: readPem('ca', caFile) }
  if (certFile === undefined || keyFile === undefined) return ca
  const read = (): CertificatePair => ({ cert: readPem('cert', certFile), key: readPem('key', keyFile) })
  if (keeper === undefined) return { ...ca, ...read() }
  let provisioned: CertificatePair | undefined
  let problem: unknown
  try {
    provisioned = read()
  } catch (error) {
    problem = error
  }
  const chosen = keeper.choose(provisioned)
  if (chosen === undefined) throw problem
  return { ...ca, ...chosen }
}

function readPem(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException
    throw new Error(`tls.${name}File ${file} cannot be read (${code})`, { cause })
  }
}

/** For people: what is wrong with the line, and where TLS is the matter, what to look at. */
export function reasonOf(error: Error & { readonly code?: unknown }): string {
  const { code, message } = error
  // mqtt.js puts the CONNACK's return code there; a socket error has a word there.
  if (typeof code === 'number') return `refused with return code ${code}: ${message}`
  const words = typeof code === 'string' ? tlsWords[code] : undefined
  if (words !== undefined) return words
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the broker's certificate is for another name than the one in url: ${message}`
  return message || String(code)
}

const untrusted = "the broker's certificate is from no authority in tls.caFile (without it: none that Node knows)"
const tlsWords: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "the broker's certificate has expired, or the clock of this device is ahead",
  CERT_NOT_YET_VALID: "the broker's certificate is not valid yet, or the clock of this device is behind",
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_SIGNATURE_FAILURE: untrusted,
  INVALID_PURPOSE: "the broker's certificate is not for servers",
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS is spoken there: is it the port for plain MQTT?',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'no TLS is spoken there: is it the port for plain MQTT?',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the broker speaks no TLS 1.2 or newer',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'tls.keyFile is not the key of the certificate in tls.certFile',
}
