// Backup, restore and change of the device's configuration. A change is planned with the digests before and after it, so
// that after a power cut the file itself tells where it was: as before (do it again), as after (done), or something else
// (somebody was faster: failed, nothing is written over).
import { createHash } from 'node:crypto'
import type { JsonValue } from '../../proto/json.ts'
import { configurationBytesMax } from '../../proto/limits.ts'
import type { CommandOutcome } from '../core/command.ts'
import { diff, masked, printed } from '../core/json-diff.ts'
import { isObject, jsonPatched, mergePatched, PatchError } from '../core/json-patch.ts'
import { LinkDown } from '../errors.ts'
import type { Configuration, ConfigurationVerdict } from '../ports.ts'
import { badArguments, type CommandHandler, type Order, type Prepared, strangerIn } from './command-handler.ts'

/** Of the diff in an event, bytes; the other fields of the event need their room. */
export const diffBytesMax = 6 * 1024
/** The digest of a configuration that is not there. */
const absent = 'absent'
const accepted: ConfigurationVerdict = { accepted: true }

export function backupHandler(configuration: Configuration): CommandHandler {
  return {
    prepare: async ({ arguments: given }) => {
      const stranger = strangerIn(given, [])
      return stranger === undefined ? { kind: 'ready', plan: null } : { kind: 'ended', outcome: stranger }
    },
    act: async (_order, _plan, { report }) => {
      const found = await configuration.read()
      if (found === undefined) return failed('no-configuration')
      if (found.content.length > configurationBytesMax) return tooLarge(found.content.length)
      try {
        await report(found)
      } catch (error) {
        if (error instanceof LinkDown) return failed('not-taken')
        throw error
      }
      return { kind: 'done', data: { configuration_digest: sha256(found.content) } }
    },
  }
}

export function changeHandler(configuration: Configuration): CommandHandler {
  return replacing(configuration, ({ arguments: given }, before) => {
    const stranger = strangerIn(given, ['format', 'patch'])
    if (stranger !== undefined) return stranger
    const { format, patch } = given
    if (format !== 'merge-patch' && format !== 'json-patch') return badArguments('format', 'merge-patch or json-patch')
    // RFC 7396 would let anything else take the place of the whole configuration.
    if (format === 'merge-patch' && !isObject(patch)) return badArguments('patch', 'an object')
    if (patch === undefined) return badArguments('patch', 'a JSON patch')
    if (before === undefined) return failed('no-configuration')
    const document = json(before)
    if (document === undefined) return failed('not-json')
    if (losesDigits(Buffer.from(before).toString())) return failed('number-not-exact')
    try {
      const after = format === 'merge-patch' ? mergePatched(document.value, patch) : jsonPatched(document.value, patch)
      return Buffer.from(`${JSON.stringify(after, null, 2)}\n`)
    } catch (error) {
      if (!(error instanceof PatchError)) throw error
      return error.reason === 'malformed'
        ? badArguments(error.where, 'an operation of RFC 6902')
        : failed(error.reason, { place: error.where })
    }
  })
}

export function restoreHandler(configuration: Configuration): CommandHandler {
  return replacing(configuration, ({ arguments: given }) => {
    const stranger = strangerIn(given, ['content', 'sha256', 'version'])
    if (stranger !== undefined) return stranger
    const { content, sha256: digest, version } = given
    if (typeof content !== 'string' || Buffer.from(content, 'base64').toString('base64') !== content)
      return badArguments('content', 'base64')
    if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) return badArguments('sha256', '64 hex digits')
    if (typeof version !== 'string' || version === '' || version.length > 64)
      return badArguments('version', '1 to 64 characters')
    const bytes = Buffer.from(content, 'base64')
    return sha256(bytes) === digest ? bytes : badArguments('sha256', 'the digest of the content')
  })
}

/** What a replacement has to find again after a power cut. */
interface Plan {
  readonly before: string
  readonly after: string
  readonly diff?: string
  readonly diffCut?: boolean
}

/** `next` gives the new configuration, or the outcome that there will be none. The same for the same order and content. */
function replacing(
  configuration: Configuration,
  next: (order: Order, before: Uint8Array | undefined) => Uint8Array | CommandOutcome,
): CommandHandler {
  const content = async (): Promise<Uint8Array | undefined> => (await configuration.read())?.content
  /** Undefined while it is as before the change. */
  const judged = (plan: Plan, digest: string): CommandOutcome | undefined => {
    if (digest === plan.after) return done(plan)
    return digest === plan.before ? undefined : failed('changed-meanwhile', { configuration_digest: digest })
  }
  return {
    prepare: async (order, signal): Promise<Prepared> => {
      const before = await content()
      const after = next(order, before)
      if (!(after instanceof Uint8Array)) return { kind: 'ended', outcome: after }
      if (after.length > configurationBytesMax) return { kind: 'ended', outcome: tooLarge(after.length) }
      const verdict = await configuration.check(after, signal)
      if (!verdict.accepted) return { kind: 'ended', outcome: refusedByDevice(verdict.reason) }
      const plan: Plan = { before: digestOf(before), after: sha256(after), ...shown(configuration, before, after) }
      return { kind: 'ready', plan: { ...plan } }
    },
    finished: async (_order, plan) => judged(planOf(plan), digestOf(await content())),
    act: async (order, saved, { repeated, signal }) => {
      const plan = planOf(saved)
      const before = await content()
      const settled = judged(plan, digestOf(before))
      if (settled !== undefined) return settled
      const after = next(order, before)
      // Made by the same order from the same content as the plan.
      if (!(after instanceof Uint8Array) || sha256(after) !== plan.after) return failed('changed-meanwhile')
      const verdict = repeated ? await configuration.check(after, signal) : accepted
      if (!verdict.accepted) return refusedByDevice(verdict.reason)
      await configuration.replace(after)
      return judged(plan, digestOf(await content())) ?? failed('not-in-force')
    },
  }
}

function done(plan: Plan): CommandOutcome {
  return {
    kind: 'done',
    data: {
      configuration_digest: plan.after,
      ...(plan.diff === undefined ? {} : { diff: plan.diff }),
      ...(plan.diffCut === true ? { diff_cut: 'true' } : {}),
    },
  }
}

/** The change for people; nothing where one of the two is no JSON. */
function shown(
  { secrets }: Configuration,
  before: Uint8Array | undefined,
  after: Uint8Array,
): Pick<Plan, 'diff' | 'diffCut'> {
  const [from, to] = [before === undefined ? { value: {} } : json(before), json(after)]
  if (from === undefined || to === undefined) return {}
  const { text, cut } = printed(masked(diff(from.value, to.value), { named: secrets }), diffBytesMax)
  return { diff: text, ...(cut ? { diffCut: true } : {}) }
}

/** The plan as `prepare` made it and the journal kept it. */
function planOf(plan: JsonValue): Plan {
  if (!isObject(plan) || typeof plan.before !== 'string' || typeof plan.after !== 'string')
    throw new Error('no plan of a configuration change')
  const { before, after, diff: text, diffCut } = plan
  return {
    before,
    after,
    ...(typeof text === 'string' ? { diff: text } : {}),
    ...(diffCut === true ? { diffCut } : {}),
  }
}

function refusedByDevice(reason: string): CommandOutcome {
  return { kind: 'refused', failure: { code: 'UPD4_FAIL_37', data: { reason } } }
}

function failed(reason: string, data: Readonly<Record<string, string>> = {}): CommandOutcome {
  return { kind: 'failed', reason, data }
}

function tooLarge(bytes: number): CommandOutcome {
  return failed('too-large', { expected: `${configurationBytesMax} bytes`, actual: String(bytes) })
}

function json(bytes: Uint8Array): { readonly value: JsonValue } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) }
  } catch {
    // Whatever it is, no patch fits it.
    return undefined
  }
}

/** True when a number in the text has more digits than survive being read: a change elsewhere must not alter it. */
function losesDigits(text: string): boolean {
  const numbers = text.replace(/"(?:[^"\\]|\\.)*"/g, '').match(/-?\d[\d.eE+-]*/g) ?? []
  return numbers.some(number => {
    if (/^-?\d+$/.test(number)) return !Number.isSafeInteger(Number(number))
    const digits = number
      .replace(/[eE].*$/, '')
      .replace(/[-.]/g, '')
      .replace(/^0+/, '')
    // Fifteen significant digits are always read and written the same.
    return digits.length > 15 || !Number.isFinite(Number(number))
  })
}

function digestOf(content: Uint8Array | undefined): string {
  return content === undefined ? absent : sha256(content)
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
