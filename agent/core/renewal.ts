// When a device asks for the certificate that follows its own. The clock of the device is believed as far as it costs
// nothing: whoever asks too early is told by the broker when to ask again, so a wrong clock leads to a question, not to a
// certificate, and never to many questions.
import { growingDelayMs } from './backoff.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** Devices made in one batch do not ask on one day: what is drawn, of the whole life. */
const spread = 0.05
/** Without a word of the broker for so long it is asked, whatever the clock says. */
export const silenceMs = 7 * dayMs
const retryBaseMs = minuteMs
const retryCapMs = dayMs

/**
 * Milliseconds from `now` (wall clock) until the broker is to be asked; 0 = now. `share`: of the life that may pass first,
 * in (0, 1); `drawn`: in [0, 1).
 */
export function renewalInMs(
  { notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number },
  now: number,
  share: number,
  drawn: number,
): number {
  // The certificate was made by a clock that is right, so this one is not, and nobody knows how late it is.
  if (now < notBefore) return 0
  const life = notAfter - notBefore
  const dueAt = notBefore + life * Math.min(share + drawn * spread, 1)
  return Math.max(0, Math.min(dueAt - now, silenceMs))
}

/**
 * Milliseconds until the next try after an answer that was no certificate, or none. `failures`: such in a row, this one
 * included, and those that were merely early not counted; `leastMs`: what the broker asked for; `drawn`: in [0, 1).
 */
export function retryInMs(failures: number, leastMs: number, drawn: number): number {
  const own = failures === 0 ? 0 : growingDelayMs(failures - 1, retryBaseMs, retryCapMs)
  const delayMs = Math.max(own, Math.min(leastMs, silenceMs))
  return Math.ceil(delayMs * (1 + drawn / 4))
}
