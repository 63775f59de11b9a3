// A key and a certificate that signs itself, for the measurements with TLS: nothing but what a handshake needs.
// X.509 (RFC 5280) written by hand, because Node reads certificates and makes none.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export interface SelfSigned {
  /** Both PEM. */
  readonly key: string
  readonly cert: string
}

/** ECDSA P-256, for `localhost`, from 2020 until 2049. */
export function selfSigned(): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // ecdsa-with-SHA256; commonName
  const algorithm = der(0x30, der(0x06, Buffer.from('2a8648ce3d040302', 'hex')))
  const commonName = der(0x30, der(0x06, Buffer.from([0x55, 4, 3])), der(0x0c, Buffer.from('localhost')))
  const name = der(0x30, der(0x31, commonName))
  const times = der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z')))
  const version = der(0xa0, der(0x02, Buffer.from([2])))
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)]))
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const toSign = der(0x30, version, serial, algorithm, name, times, name, spki)
  const signature = sign('sha256', toSign, privateKey)
  const certificate = der(0x30, toSign, algorithm, der(0x03, Buffer.from([0]), signature))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  }
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}
