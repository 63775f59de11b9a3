// ECDSA P-256 with the nonce of RFC 6979, so that the vectors are the same bytes whenever they are made. For test keys
// only: BigInt arithmetic takes a time that depends on the key.
import { createECDH, createHash, createHmac } from 'node:crypto'

export const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

export function bytes32(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex')
}

export function bigintOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

/** r and s, 32 bytes each (IEEE P1363). `round` 1 and more gives other valid signatures of the same message. */
export function signP256(message: Uint8Array, privateKey: bigint, round = 0): Buffer {
  const hash = createHash('sha256').update(message).digest()
  const z = bigintOf(hash)
  const nonces = nonceStream(bytes32(privateKey), bytes32(z % p256Order))
  for (let turn = 0; ; turn += 1) {
    const k = nonces()
    const ecdh = createECDH('prime256v1')
    ecdh.setPrivateKey(bytes32(k))
    const r = bigintOf(ecdh.getPublicKey().subarray(1, 33)) % p256Order
    const s = (inverse(k) * (z + r * privateKey)) % p256Order
    if (r !== 0n && s !== 0n && turn >= round) return Buffer.concat([bytes32(r), bytes32(s)])
  }
}

/** RFC 6979, 3.2, with SHA-256 and a 256-bit order: the nonces in the order in which they are to be tried. */
function nonceStream(key: Buffer, hash: Buffer): () => bigint {
  const hmac = (k: Buffer, ...parts: Buffer[]): Buffer => createHmac('sha256', k).update(Buffer.concat(parts)).digest()
  let v: Buffer = Buffer.alloc(32, 1)
  let k: Buffer = Buffer.alloc(32, 0)
  for (const mark of [0, 1]) {
    k = hmac(k, v, Buffer.of(mark), key, hash)
    v = hmac(k, v)
  }
  return () => {
    for (;;) {
      v = hmac(k, v)
      const candidate = bigintOf(v)
      k = hmac(k, v, Buffer.of(0))
      v = hmac(k, v)
      if (candidate > 0n && candidate < p256Order) return candidate
    }
  }
}

/** By Fermat: the order is prime. */
function inverse(number: bigint): bigint {
  let result = 1n
  let base = number % p256Order
  for (let exponent = p256Order - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % p256Order
    base = (base * base) % p256Order
  }
  return result
}
