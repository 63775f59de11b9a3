import fc from 'fast-check'
import t from 'tap'
import {
  type ChunkWants,
  countOf,
  fitting,
  lowest,
  WantsCursor,
  wantsOf,
  without,
} from '../../../broker/delivery/chunk-wants.ts'
import type { ChunkRange } from '../../../proto/chunk-messages.ts'

const range = fc.record({ first: fc.nat(60), count: fc.integer({ min: 1, max: 20 }) })
const ranges = fc.array(range, { maxLength: 12 })

function numbers(wants: readonly ChunkRange[]): number[] {
  const set = new Set(wants.flatMap(({ first, count }) => Array.from({ length: count }, (_, at) => first + at)))
  return [...set].sort((a, b) => a - b)
}

function inOrder(wants: ChunkWants): boolean {
  return wants.every(({ first, count }, at) => {
    const before = wants[at - 1]
    return count >= 1 && (before === undefined || before.first + before.count <= first)
  })
}

t.test('wants say the same as sets of numbers would', async t => {
  fc.assert(
    fc.property(ranges, ranges, fc.nat(40), (some, others, most) => {
      const [a, b] = [wantsOf(some), wantsOf(others)]
      const of = new Set(numbers(others))
      t.ok(inOrder(a) && inOrder(without(a, b)) && inOrder(lowest(a, most)))
      t.strictSame(numbers(a), numbers(some))
      t.equal(countOf(a), numbers(some).length)
      t.strictSame(
        numbers(without(a, b)),
        numbers(some).filter(chunk => !of.has(chunk)),
      )
      t.strictSame(numbers(lowest(a, most)), numbers(some).slice(0, most))
    }),
    { numRuns: 300 },
  )
})

t.test('what fits into a window is the lowest chunks whose sizes add up to it, one in any case', async t => {
  const sizeOf = (chunk: number): number => (chunk === 3 ? 500 : 100)
  const rows: { window: number; most: number; want: number[] }[] = [
    { window: 1000, most: 99, want: [1, 2, 3, 7, 8] },
    { window: 800, most: 99, want: [1, 2, 3, 7] },
    { window: 699, most: 99, want: [1, 2] },
    { window: 200, most: 99, want: [1, 2] },
    { window: 199, most: 99, want: [1] },
    { window: 1, most: 99, want: [1] },
    { window: 1000, most: 2, want: [1, 2] },
  ]
  for (const { window, most, want } of rows)
    t.strictSame(
      numbers(
        fitting(
          wantsOf([
            { first: 7, count: 2 },
            { first: 1, count: 3 },
          ]),
          window,
          most,
          sizeOf,
        ),
      ),
      want,
      `${window} bytes, ${most} chunks`,
    )
})

t.test('a request for everything costs no more than its ranges', async t => {
  const all = wantsOf([{ first: 0, count: 0xffffffff }])
  t.equal(without(all, wantsOf([{ first: 5, count: 1 }])).length, 2)
  t.equal(countOf(fitting(all, 1_000_000, 4096, () => 1)), 4096)
})

t.test('a cursor goes through wants chunk by chunk, and knows at each what is left', async t => {
  const cursor = new WantsCursor(
    wantsOf([
      { first: 9, count: 2 },
      { first: 3, count: 1 },
      { first: 5, count: 2 },
    ]),
  )
  const seen: (number | undefined)[] = []
  for (const left of [5, 4, 3, 2, 1, 0, 0]) {
    t.equal(countOf(cursor.rest()), left)
    seen.push(cursor.chunk)
    cursor.advance()
  }
  t.strictSame(seen, [3, 5, 6, 9, 10, undefined, undefined])
})
