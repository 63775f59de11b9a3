// When each sensor connects. The rate is kept by place in the line, not by waiting between two starts: whoever is late
// does not make all others late, and n processes that each start their own sensors keep the rate of the whole.

/** Undefined `perSecond`: all at once. */
export interface Ramp {
  readonly perSecond: number | undefined
}

/** Milliseconds after the start of the ramp. `place` counts from 0 over the whole fleet. */
export function startOfPlace({ perSecond }: Ramp, place: number): number {
  return perSecond === undefined ? 0 : (place * 1000) / perSecond
}

/** How long the ramp of so many sensors takes, milliseconds. */
export function lengthOfRamp(ramp: Ramp, sensors: number): number {
  return sensors === 0 ? 0 : startOfPlace(ramp, sensors - 1)
}
