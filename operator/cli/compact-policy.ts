// The parts of a policy in the short form that fits on a command line. Every parser throws RangeError saying what it
// expected; ranges and what belongs together are judged by the broker, which knows the rules.
//
//   waves    SIZE[:SUCCESS[/ERROR]][:soak=MINUTES][:min=COUNT][:pause],…     1%:95/5,10%:95/5:soak=30,100%
//   abort    MATCH:PERCENT%:ACTION[:min=COUNT][:first-wave]                  FAIL:10%:stop:min=20
//            MATCH: FAIL, TIMED_OUT, ALL, a class of failures, or codes joined with +
//            ACTION: pause, stop, rollback=RELEASE
//   rate     MAXIMUM[:BASExFACTOR/CRITERION=COUNT]                           1000:50x1.5/succeeded=200
//   window   CRON/MINUTES/ZONE                                               0 22 * * 1-5/480/Europe/Berlin
import { isEventCode } from '../../proto/event-codes.ts'
import type { AbortRequest, PolicyRequest, Rate, WaveRequest } from '../../proto/http-policy.ts'

type Window = NonNullable<NonNullable<PolicyRequest['schedule']>['windows']>[number]
type Prerequisite = NonNullable<PolicyRequest['prerequisites']>[number]

const sharePattern = /^(100|[1-9]?[0-9])%$/

/** `500`, `25%`, or both: `500/25%` is the smaller of the two. */
export function concurrencyOf(text: string): NonNullable<PolicyRequest['concurrency']> {
  const [first = '', second, ...more] = text.split('/')
  const expected = 'Expected 1 to 100000, a share from 1% to 100%, or both like 500/25%.'
  if (more.length > 0) throw new RangeError(expected)
  if (second !== undefined) {
    const count = countOf(first, 100_000)
    if (count === undefined || !isShare(second)) throw new RangeError(expected)
    return { count, percent: Number.parseInt(second, 10) }
  }
  const size = countOf(first, 100_000) ?? (isShare(first) ? first : undefined)
  if (size === undefined) throw new RangeError(expected)
  return size
}

export function wavesOf(text: string): readonly WaveRequest[] {
  return text.split(',').map((wave, index) => {
    const [sizeText = '', ...parts] = wave.trim().split(':')
    const wrong = (what: string) => new RangeError(`Wave ${index + 1}, ${JSON.stringify(wave)}: expected ${what}.`)
    const size = countOf(sizeText, 1_000_000) ?? (isShare(sizeText) ? sizeText : undefined)
    if (size === undefined) throw wrong('a number of devices or a share like 10% first')
    let made: WaveRequest = { size }
    for (const part of parts) {
      const shares = /^(\d{1,3}(?:\.\d{1,3})?)(?:\/(\d{1,3}(?:\.\d{1,3})?))?$/.exec(part)
      const option = /^(soak|min)=(\d{1,7})$/.exec(part)
      if (shares !== null)
        made = {
          ...made,
          successPercent: Number(shares[1]),
          ...(shares[2] === undefined ? {} : { errorPercent: Number(shares[2]) }),
        }
      else if (option?.[1] === 'soak') made = { ...made, soakMinutes: Number(option[2]) }
      else if (option?.[1] === 'min') made = { ...made, minExecuted: Number(option[2]) }
      else if (part === 'pause') made = { ...made, onSuccess: 'pause' }
      else throw wrong('SUCCESS/ERROR in percent, soak=MINUTES, min=COUNT or pause behind its size')
    }
    return made
  })
}

export function abortOf(text: string): AbortRequest {
  const [match = '', percentText = '', action = '', ...parts] = text.split(':')
  const percent = /^\d{1,3}(\.\d{1,3})?%$/.test(percentText) ? Number.parseFloat(percentText) : undefined
  const [, release] = /^rollback=(.+)$/.exec(action) ?? []
  if (match === '' || percent === undefined || !(action === 'pause' || action === 'stop' || release !== undefined))
    throw new RangeError('Expected MATCH:PERCENT%:ACTION like FAIL:10%:stop, with pause, stop or rollback=RELEASE.')
  let made: AbortRequest = {
    match: matchOf(match),
    percent,
    action: action === 'pause' || action === 'stop' ? action : { rollback: release ?? '' },
  }
  for (const part of parts) {
    const [, least] = /^min=(\d{1,7})$/.exec(part) ?? []
    if (least !== undefined) made = { ...made, minExecuted: Number(least) }
    else if (part === 'first-wave') made = { ...made, firstWaveOnly: true }
    else throw new RangeError(`Expected min=COUNT or first-wave behind the action, got ${JSON.stringify(part)}.`)
  }
  return made
}

export function rateOf(text: string): Rate {
  const [most = '', ramp, ...more] = text.split(':')
  const maximumPerMinute = countOf(most, 100_000)
  if (maximumPerMinute === undefined || more.length > 0)
    throw new RangeError('Expected hand-overs a minute, 1 to 100000, or a ramp like 1000:50x1.5/succeeded=200.')
  if (ramp === undefined) return { maximumPerMinute }
  const [, base = '', factor = '', kind, count = ''] =
    /^(\d{1,6})x(\d(?:\.\d{1,3})?)\/(notified|succeeded)=(\d{1,7})$/.exec(ramp) ?? []
  if (kind !== 'notified' && kind !== 'succeeded')
    throw new RangeError('Expected a ramp like 1000:50x1.5/succeeded=200, by notified or by succeeded devices.')
  return {
    maximumPerMinute,
    exponential: { basePerMinute: Number(base), factor: Number(factor), criterion: { kind, count: Number(count) } },
  }
}

export function windowOf(text: string): Window {
  // Both a cron expression and the name of a zone may have a slash of their own.
  const [, cron, minutes, timeZone] =
    /^(\S+(?: +\S+){3} +\S+?)\/(\d{1,5})\/([A-Za-z][A-Za-z0-9_+/-]{0,63})$/.exec(text.trim()) ?? []
  if (cron === undefined || timeZone === undefined)
    throw new RangeError('Expected CRON/MINUTES/ZONE, like "0 22 * * 1-5/480/Europe/Berlin".')
  return { cron, minutes: Number(minutes), timeZone }
}

/** `main@1.4.0`: at least that version. */
export function prerequisiteOf(text: string): Prerequisite {
  const [, component, versionLeast] = /^([A-Za-z0-9][A-Za-z0-9._-]*)@(\d{1,3}\.\d{1,3}\.\d{1,3})$/.exec(text) ?? []
  if (component === undefined || versionLeast === undefined)
    throw new RangeError('Expected a component and the least version of it, like main@1.4.0.')
  return { component, versionLeast }
}

function matchOf(text: string): AbortRequest['match'] {
  const codes = text.split('+')
  if (codes.length > 1 || isEventCode(text)) {
    const unknown = codes.find(code => !isEventCode(code))
    if (unknown !== undefined) throw new RangeError(`${JSON.stringify(unknown)} is no event code.`)
    return codes
  }
  return text
}

function countOf(text: string, most: number): number | undefined {
  return /^[1-9]\d{0,6}$/.test(text) && Number(text) <= most ? Number(text) : undefined
}

function isShare(text: string): boolean {
  return sharePattern.test(text) && text !== '0%'
}
