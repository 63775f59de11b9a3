// Which sensors have a fault, and which: shares become exact counts, and who is hit is drawn from the seed, so that the
// same seed and the same number of sensors give the same mix, however many processes or machines there are.
//
//   'drop=1%,code-23=0.5%'   of 1,000 sensors:   10 × drop · 5 × code-23 · 985 × nothing wrong
import type { Seed } from '../world/seed.ts'
import { type FaultName, faultNames, faultSynonyms } from './fault-names.ts'

/** Of all sensors, in (0, 1]; or so many of them. */
export interface FaultShare {
  readonly fault: FaultName
  readonly share: number
}

/** Empty text: no faults. Throws TypeError that says what was expected. */
export function parseFaults(text: string): readonly FaultShare[] {
  const shares = new Map<FaultName, number>()
  for (const part of text.split(',').map(each => each.trim())) {
    if (part === '') continue
    const [name = '', amount = ''] = part.split('=').map(each => each.trim())
    const fault = faultOf(name)
    if (fault === undefined)
      throw new TypeError(
        `no fault ${JSON.stringify(name)}: expected one of ${words(faultNames)}, ${words(Object.keys(faultSynonyms))}`,
      )
    const percent = /^(\d+(?:\.\d+)?)%$/.exec(amount)?.[1]
    if (percent === undefined || Number(percent) <= 0 || Number(percent) > 100)
      throw new TypeError(
        `${name}: expected a share above 0% up to 100%, such as ${name}=1%, got ${JSON.stringify(amount)}`,
      )
    if (shares.has(fault)) throw new TypeError(`${fault} is there twice`)
    shares.set(fault, Number(percent) / 100)
  }
  const sum = [...shares.values()].reduce((all, share) => all + share, 0)
  // Sums of decimal fractions are a hair off.
  if (sum > 1 + 1e-9) throw new TypeError(`expected shares of 100% together at most, got ${(sum * 100).toFixed(2)}%`)
  return [...shares].map(([fault, share]) => ({ fault, share }))
}

/**
 * Whole numbers that add up to `total`, each next to its share of it: largest remainder, of equal ones the earlier. What
 * the shares leave over of 1 belongs to the last number, which is nobody's.
 */
export function counts(total: number, shares: readonly number[]): readonly number[] {
  const rest = Math.max(0, 1 - shares.reduce((sum, share) => sum + share, 0))
  // 0.07 * 100 is 7.000000000000001: rounded to where no share was meant.
  const exact = [...shares, rest].map(share => Number((share * total).toFixed(6)))
  const whole = exact.map(Math.floor)
  const missing = total - whole.reduce((sum, count) => sum + count, 0)
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  for (const { index } of byRemainder.slice(0, Math.max(0, missing))) whole[index] = (whole[index] ?? 0) + 1
  return whole
}

/** For each of `total` places what it gets of `items`, by exact counts and a shuffle from the seed. */
export function dealt<Item>(
  total: number,
  items: readonly { readonly item: Item; readonly share: number }[],
  seed: Seed,
): readonly (Item | undefined)[] {
  const amounts = counts(
    total,
    items.map(({ share }) => share),
  )
  const cards: (Item | undefined)[] = []
  for (const [index, amount] of amounts.entries())
    for (let copy = 0; copy < amount; copy += 1) cards.push(items[index]?.item)
  return shuffled(cards, seed)
}

/** Fisher and Yates. */
function shuffled<Item>(cards: Item[], seed: Seed): readonly Item[] {
  for (let last = cards.length - 1; last > 0; last -= 1) {
    const other = seed.whole(0, last)
    const kept = cards[last] as Item
    cards[last] = cards[other] as Item
    cards[other] = kept
  }
  return cards
}

function faultOf(name: string): FaultName | undefined {
  if (Object.hasOwn(faultSynonyms, name)) return faultSynonyms[name]
  return faultNames.find(each => each === name)
}

const words = (names: readonly string[]): string => names.join(' ')
