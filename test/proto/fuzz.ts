// Bytes that were once good: for tests that ask every decoder to fail in order.
import { env } from 'node:process'
import fc from 'fast-check'

/** Set DROVER_SEED to repeat a run; fast-check prints the seed of a failing one. */
export const seed = Number(env.DROVER_SEED ?? Date.now() % 2 ** 31)

type Edit = readonly [kind: 'flip' | 'set' | 'cut' | 'insert' | 'repeat' | 'end', at: number, byte: number]

const edit: fc.Arbitrary<Edit> = fc.tuple(
  fc.constantFrom('flip', 'set', 'cut', 'insert', 'repeat', 'end'),
  fc.nat(2 ** 16),
  fc.nat(255),
)

/** One of the samples after one to six small edits. */
export function mutated(samples: readonly Uint8Array[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(edit, { minLength: 1, maxLength: 6 }))
    .map(([sample, edits]) => edits.reduce<Buffer>(applied, Buffer.from(sample)))
}

function applied(bytes: Buffer, [kind, where, byte]: Edit): Buffer {
  const at = bytes.length === 0 ? 0 : where % bytes.length
  const head = bytes.subarray(0, at)
  switch (kind) {
    case 'flip':
      return Buffer.concat([head, Buffer.of((bytes[at] ?? 0) ^ (1 << (byte % 8))), bytes.subarray(at + 1)])
    case 'set':
      return Buffer.concat([head, Buffer.of(byte), bytes.subarray(at + 1)])
    case 'cut':
      return Buffer.concat([head, bytes.subarray(at + 1 + (byte % 16))])
    case 'insert':
      return Buffer.concat([head, Buffer.of(byte), bytes.subarray(at)])
    case 'repeat':
      return Buffer.concat([bytes.subarray(0, at + (byte % 32)), bytes.subarray(at)])
    case 'end':
      return head
  }
}

/** Runs `property` on `runs` values and lets fast-check shrink and print what fails. */
export function forAll<T>(values: fc.Arbitrary<T>, runs: number, property: (value: T) => void): void {
  fc.assert(fc.property(values, property), { seed, numRuns: runs, endOnFailure: false })
}
