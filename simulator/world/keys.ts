// The keys of every world: Ed25519 of fixed seeds, so that signatures are the same in every run. They protect nothing.
import { createPrivateKey, type KeyObject } from 'node:crypto'

function fixedKey(seed: number): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]),
    format: 'der',
    type: 'pkcs8',
  })
}

/** What the broker signs commands with. */
export const operationsKey = fixedKey(7)
export const rootKey = fixedKey(8)
export const releaseKey = fixedKey(9)
/** In no trust document. */
export const strangersKey = fixedKey(10)
