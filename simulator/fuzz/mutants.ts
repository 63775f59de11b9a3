// Bytes that were good once, messages that were, and texts of JSON: a few edits each, by the seed.
import { decode, encode, type WireMessages } from '../../proto/codec.ts'
import type { Seed } from '../world/seed.ts'

/** Bytes with which formats tend to be at an edge. */
const telling = [0, 1, 2, 0x7f, 0x80, 0xff, 0x10, 0x30, 0x82, 0xc0, 0xe0, 0x2b, 0x23, 0x2f, 0x24]

/** One to five edits; `others` lend pieces. */
export function mutated(sample: Uint8Array, others: readonly Uint8Array[], chance: Seed): Buffer {
  let bytes: Buffer = Buffer.from(sample)
  for (let edits = chance.whole(1, 5); edits > 0; edits -= 1) {
    const at = chance.whole(0, bytes.length)
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
    const length = chance.whole(1, 16)
    switch (chance.whole(0, 7)) {
      case 0:
        if (tail.length > 0) tail[0] = (tail[0] ?? 0) ^ (1 << chance.whole(0, 7))
        break
      case 1:
        if (tail.length > 0) tail[0] = telling[chance.whole(0, telling.length - 1)] ?? 0
        break
      case 2:
        bytes = Buffer.concat([head, tail.subarray(length)])
        break
      case 3:
        bytes = Buffer.concat([head, chance.bytes(length), tail])
        break
      case 4:
        bytes = Buffer.concat([head, tail.subarray(0, length), tail])
        break
      case 5:
        bytes = Buffer.from(head)
        break
      case 6: {
        const other = others[chance.whole(0, others.length - 1)] ?? sample
        bytes = Buffer.concat([head, other.subarray(chance.whole(0, other.length))])
        break
      }
      default:
        if (tail.length > 0) tail[0] = chance.whole(0, 255)
    }
  }
  return bytes
}

const oddValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  0.5,
  2 ** 53,
  '',
  'x'.repeat(300),
  '\u0000',
  '__proto__',
  '=1+1',
  [],
  {},
  [[[[[[]]]]]],
]

/** A value like `sample` with some of its parts taken away, doubled or of another type. */
export function altered(sample: unknown, chance: Seed): unknown {
  if (chance.chance(0.12)) return oddValues[chance.whole(0, oddValues.length - 1)]
  if (Array.isArray(sample)) {
    const items = sample.filter(() => !chance.chance(0.1)).map(item => altered(item, chance))
    return chance.chance(0.1) ? [...items, ...items] : items
  }
  if (typeof sample !== 'object' || sample === null) return sample
  const kept = Object.entries(sample).filter(() => !chance.chance(0.08))
  const fields = kept.map(([name, value]) => [name, altered(value, chance)] as const)
  return Object.fromEntries(chance.chance(0.08) ? [...fields, ['more', 1]] : fields)
}

/**
 * The message in `bytes`, which must be good, with fields left out, doubled or of other values of their type, encoded again:
 * good protobuf that says something else.
 */
export function bentMessage(name: keyof WireMessages, bytes: Uint8Array, chance: Seed): Buffer {
  const share = chance.pick([0.03, 0.1, 0.3])
  return encode(name, bent(decode(name, bytes, bytes.length), share, chance) as never)
}

function bent(value: unknown, share: number, chance: Seed): unknown {
  if (Array.isArray(value)) {
    const items = value.map(item => bent(item, share, chance))
    if (!chance.chance(share)) return items
    return chance.chance(0.5) ? items.slice(1) : Array.from({ length: chance.whole(2, 70) }, () => items).flat()
  }
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null)
    return chance.chance(share) ? oddOf(value, chance) : value
  // Lists must be there for the encoder.
  const kept = Object.entries(value).filter(([, part]) => Array.isArray(part) || !chance.chance(share / 3))
  return Object.fromEntries(kept.map(([field, part]) => [field, bent(part, share, chance)]))
}

/** Another value of the same type. */
export function oddOf(value: unknown, chance: Seed): unknown {
  if (typeof value === 'number')
    return chance.pick([0, 1, 2, 3, 7, 255, value + 1, value - 1, 2 ** 31 - 1, 2 ** 32 - 1])
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string')
    return chance.pick([
      '',
      'x',
      '__proto__',
      'é'.repeat(40),
      '1.2.3',
      '01.2',
      'a/b',
      '../x',
      'z'.repeat(300),
      `${value}x`,
    ])
  if (!(value instanceof Uint8Array)) return value
  if (chance.chance(0.3)) return mutated(value, [value], chance)
  return chance.bytes(chance.pick([0, 1, 7, 8, 16, 32, 33, 64, 1025, 4096]))
}
