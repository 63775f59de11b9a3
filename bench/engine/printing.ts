// One line a figure: `{bench, metric, value, unit, peer?}`, or the same for people.
export type Print = (metric: string, value: number, unit: string, peer?: string) => void

export function printer(json: boolean, bench = 'engine'): Print {
  return (metric, value, unit, peer) =>
    console.log(
      json
        ? JSON.stringify({ bench, metric, value: Number(value.toPrecision(4)), unit, ...(peer && { peer }) })
        : `${bench}  ${metric.padEnd(44)} ${value.toPrecision(4).padStart(10)} ${unit}${peer ? ` (${peer})` : ''}`,
    )
}

/** 1000000 as `1m`, 100000 as `100k`, 2000 as `2k`. */
export function sizeWord(count: number): string {
  if (count >= 1e6) return `${Number((count / 1e6).toPrecision(3))}m`
  return count >= 1000 ? `${Number((count / 1000).toPrecision(3))}k` : String(count)
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** `share` 0..1. Throws RangeError when there is no value. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  if (value === undefined) throw new RangeError('expected at least one measurement')
  return value
}
