// The audit chain: how a record is hashed, and the verifier of an exported file. The broker's store makes the chain, the
// operator's CLI verifies it; both by this page, and anyone else in any language:
//
//   text of a record   canonical JSON (below) of the record without its field `hash`; `number` and `previous` are in it
//   hash               SHA-256 over UTF-8 of "drover-audit-v1\n" + previous + "\n" + text, as 64 lower-case hex digits
//   number             1, 2, 3 … without gaps; `previous` is the hash of the record before, 64 zeros for the first
//
// An exported file is UTF-8 without a byte order mark. Every line is canonical JSON and ends with one "\n":
//
//   {"from":{"hash":H,"number":K-1}}    only when the export begins at a record K > 1: the record before it
//   one record a line, ascending, with its field `hash`
//   {"head":{"hash":H,"number":N}}      last: the last record of the file, which was the head of the chain or of the part
//
// Canonical JSON is RFC 8785: no white space; names of an object sorted by their UTF-16 code units, each once; strings
// with the shortest escapes (\b \t \n \f \r \" \\, other control characters as \u00xx in lower case), everything else as
// it is; numbers as ECMAScript prints them. Beyond the RFC, a lone surrogate is \udxxx, not an error. Nesting ends at 64.
import { createHash } from 'node:crypto'
import type { JsonObject } from './json.ts'

/** A record as it stands in a line. */
export interface AuditLine {
  /** From 1. */
  readonly number: number
  /** Hash of the record before; 64 lower-case hex digits, as is `hash`. */
  readonly previous: string
  readonly hash: string
  /** Milliseconds since 1970, by the broker's clock. */
  readonly at: number
  readonly actor: AuditActor
  readonly action: string
  readonly subject: string
  readonly operation?: string
  readonly requestId?: string
  /** JSON Patch (RFC 6902). */
  readonly changes: readonly JsonObject[]
  readonly data: JsonObject
}
export type AuditActor =
  | { readonly kind: 'principal'; readonly name: string }
  | { readonly kind: 'policy'; readonly rule: string }
export interface AuditHead {
  /** 0 in an empty chain. */
  readonly number: number
  readonly hash: string
}

/** `previous` of the first record, and the head of an empty chain. */
export const firstAuditHash = '0'.repeat(64)
/** A longer line, without its "\n", is no line of ours. */
export const auditLineBytesMax = 1024 * 1024
const depthMax = 64
const newLine = 10

/** Throws RangeError beyond 64 levels. `value` is what JSON.parse gives: no undefined, no NaN. */
export function canonicalJson(value: unknown, depth = 0): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (depth === depthMax) throw new RangeError(`nested deeper than ${depthMax} levels`)
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item, depth + 1)).join(',')}]`
  const fields = value as Readonly<Record<string, unknown>>
  const pairs = Object.keys(fields)
    .sort()
    .map(name => `${JSON.stringify(name)}:${canonicalJson(fields[name], depth + 1)}`)
  return `{${pairs.join(',')}}`
}

/** Of a record, with or without its field `hash`. Throws RangeError beyond 64 levels. */
export function auditHash(record: Omit<AuditLine, 'hash'>): string {
  const { hash: _, ...rest } = record as AuditLine
  return hashOf(record.previous, canonicalJson(rest))
}

function hashOf(previous: string, text: string): string {
  return createHash('sha256').update(`drover-audit-v1\n${previous}\n${text}`).digest('hex')
}

/** Number, `previous` and hash take less than this in a line. */
const linkBytesMax = 256

/** The fields of an entry as canonical JSON, by name: what its record is made of, whichever number it gets. */
export interface AuditFields {
  readonly texts: ReadonlyMap<string, string>
  readonly sizeBytes: number
}

/** Throws RangeError when the record would not fit into a line, or is nested too deep. */
export function auditFields(entry: Omit<AuditLine, 'number' | 'previous' | 'hash'>): AuditFields {
  const texts = new Map(Object.entries(entry).map(([name, value]) => [name, canonicalJson(value, 1)]))
  const sizeBytes = Buffer.byteLength(textOf(texts))
  if (sizeBytes > auditLineBytesMax - linkBytesMax)
    throw new RangeError(`audit record: expected at most ${auditLineBytesMax - linkBytesMax} bytes, got ${sizeBytes}`)
  return { texts, sizeBytes }
}

/** Throws as `auditFields` does. */
export function auditEntryMustFit(entry: Omit<AuditLine, 'number' | 'previous' | 'hash'>): void {
  auditFields(entry)
}

/** Canonical JSON of the record that follows `head`, which it is from then on. */
export function chainedText(
  { texts }: AuditFields,
  { number, hash: previous }: AuditHead,
): AuditHead & { text: string } {
  const next = number + 1
  const linked = new Map([...texts, ['number', String(next)], ['previous', `"${previous}"`]])
  const hash = hashOf(previous, textOf(linked))
  return { number: next, hash, text: textOf(linked.set('hash', `"${hash}"`)) }
}

function textOf(fields: ReadonlyMap<string, string>): string {
  return `{${[...fields.keys()]
    .sort()
    .map(name => `${JSON.stringify(name)}:${fields.get(name)}`)
    .join(',')}}`
}

/** The record that follows `head`. */
export function chained<T extends Omit<AuditLine, 'number' | 'previous' | 'hash'>>(
  entry: T,
  head: AuditHead,
): T & Pick<AuditLine, 'number' | 'previous' | 'hash'> {
  const link = { ...entry, number: head.number + 1, previous: head.hash }
  return { ...link, hash: auditHash(link) }
}

/** A line of an export, without its "\n". */
export function auditText(line: Line): string {
  return canonicalJson(line)
}

/**
 * `unreadable`: not a canonical line of the form it must have, or too long · `number`: out of order, missing or there
 * twice · `previous`: does not follow the record before · `hash`: the record was changed · `before-head`, `after-head`:
 * the file has fewer or more records than its last line says · `truncated`: it has no last line · `other-head`: it ends
 * in another record than the broker's own head.
 */
export type AuditProblem =
  | 'unreadable'
  | 'number'
  | 'previous'
  | 'hash'
  | 'before-head'
  | 'after-head'
  | 'truncated'
  | 'other-head'
export type AuditVerdict =
  /** `first` is 1 unless the file begins later; `first` = `last` + 1 when it has no records. */
  | { readonly intact: true; readonly first: number; readonly last: number; readonly hash: string }
  | {
      readonly intact: false
      readonly problem: AuditProblem
      /** The first record that is not as it was: the one that should stand there. */
      readonly record: number
      /** From 1; one beyond the last when the file ends too early. */
      readonly line: number
      readonly message: string
    }
type Broken = Extract<AuditVerdict, { intact: false }>
type Line = AuditLine | { readonly from: AuditHead } | { readonly head: AuditHead }

/** Verifies an export of any size in the memory of one line. Use `add` or `addBytes`, not both; then `finish`, once. */
export class AuditVerifier {
  #line = 0
  #first = 1
  #last: AuditHead = { number: 0, hash: firstAuditHash }
  #head: AuditHead | undefined
  #broken: Broken | undefined
  #rest: Uint8Array[] = []
  #restBytes = 0

  /** The verdict is known: nothing that follows is looked at. */
  get broken(): boolean {
    return this.#broken !== undefined
  }

  /** One line without its "\n". */
  add(line: string): void {
    if (this.#broken !== undefined) return
    this.#line++
    const tooLong = line.length > auditLineBytesMax || Buffer.byteLength(line) > auditLineBytesMax
    this.#broken = tooLong ? this.#tooLong() : this.#judged(parseLine(line))
  }

  /** The file itself, in pieces cut anywhere. */
  addBytes(bytes: Uint8Array): void {
    for (let from = 0; this.#broken === undefined; ) {
      const end = bytes.indexOf(newLine, from)
      const piece = bytes.subarray(from, end < 0 ? bytes.length : end)
      this.#restBytes += piece.length
      if (this.#restBytes > auditLineBytesMax) {
        this.#line++
        this.#broken = this.#tooLong()
        return
      }
      // The caller may use his memory again.
      if (piece.length > 0) this.#rest.push(Uint8Array.from(piece))
      if (end < 0) return
      from = end + 1
      this.#takeLine()
    }
  }

  /** `head`: the broker's own, if it is known; the file must end in it. */
  finish(head?: AuditHead): AuditVerdict {
    if (this.#broken === undefined && (this.#restBytes > 0 || this.#head === undefined)) {
      this.#line++
      const how = this.#restBytes > 0 ? 'it ends in the middle' : 'the file ends without naming its last record'
      this.#broken = this.#expected('truncated', how)
    }
    const { number, hash } = this.#last
    if (this.#broken === undefined && head !== undefined && (head.number !== number || head.hash !== hash)) {
      const other = head.number === number ? 'one with another hash' : `record ${head.number}`
      // The first one that only one of the two has, or the last one, which both have differently.
      const record = head.number === number ? number : Math.min(head.number, number) + 1
      this.#broken = this.#at('other-head', record, `the file ends in record ${number}, the broker's chain in ${other}`)
    }
    return this.#broken ?? { intact: true, first: this.#first, last: number, hash }
  }

  #takeLine(): void {
    const bytes = Buffer.concat(this.#rest)
    this.#rest = []
    this.#restBytes = 0
    try {
      this.add(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    } catch {
      this.#line++
      this.#broken = this.#expected('unreadable', 'it is not UTF-8')
    }
  }

  #judged(line: Line | string): Broken | undefined {
    if (typeof line === 'string') return this.#expected('unreadable', line)
    if (this.#head !== undefined) return this.#expected('after-head', 'the line before was to be the last')
    if ('from' in line) return this.#takeStart(line.from)
    return 'head' in line ? this.#takeHead(line.head) : this.#takeRecord(line)
  }

  #takeStart(from: AuditHead): Broken | undefined {
    if (this.#line !== 1) return this.#expected('unreadable', 'only the first line says where the file begins')
    if (from.number === 0) return this.#expected('unreadable', 'record 1 has none before it')
    this.#first = from.number + 1
    this.#last = from
    return undefined
  }

  #takeRecord(record: AuditLine): Broken | undefined {
    const { number, hash } = this.#last
    if (record.number !== number + 1) {
      const message = `record ${number + 1} was expected, it is record ${record.number}`
      // What the first line says about the record before it may be the lie.
      const atStart = number + 1 === this.#first && record.number > 0
      return this.#at('number', atStart ? Math.min(number + 1, record.number) : number + 1, message)
    }
    if (record.previous !== hash) return this.#expected('previous', 'it does not follow the one before it')
    if (auditHash(record) !== record.hash) return this.#expected('hash', 'it was changed, its hash does not fit')
    this.#last = { number: record.number, hash: record.hash }
    return undefined
  }

  #takeHead(head: AuditHead): Broken | undefined {
    const { number, hash } = this.#last
    if (head.number > number) return this.#expected('before-head', `the last one is to be record ${head.number}`)
    if (head.number < number) return this.#at('after-head', head.number + 1, `the last one is to be ${head.number}`)
    if (head.hash !== hash) return this.#at('hash', Math.max(1, number), `record ${number} is to have another hash`)
    this.#head = head
    return undefined
  }

  #tooLong(): Broken {
    return this.#expected('unreadable', `it is longer than ${auditLineBytesMax} bytes`)
  }

  #expected(problem: AuditProblem, message: string): Broken {
    const record = this.#last.number + 1
    return this.#at(problem, record, `record ${record} was expected, ${message}`)
  }

  #at(problem: AuditProblem, record: number, message: string): Broken {
    return { intact: false, problem, record, line: this.#line, message: `line ${this.#line}: ${message}` }
  }
}

/** A line in its form, or what is wrong with it. */
function parseLine(text: string): Line | string {
  let value: unknown
  try {
    value = JSON.parse(text)
    // Another text for the same value is a change too.
    if (canonicalJson(value) !== text) return 'its line is not canonical JSON'
  } catch (error) {
    return `its line cannot be read: ${(error as Error).message.slice(0, 100)}`
  }
  if (!isObject(value)) return 'its line is no record'
  if (Object.hasOwn(value, 'from'))
    return isHeadLine(value, 'from') ? (value as unknown as Line) : 'its line has another form'
  if (Object.hasOwn(value, 'head'))
    return isHeadLine(value, 'head') ? (value as unknown as Line) : 'its line has another form'
  return isRecord(value) ? (value as unknown as Line) : 'its line is no record'
}

function isRecord(value: Readonly<Record<string, unknown>>): boolean {
  const texts = ['action', 'subject'].every(name => typeof value[name] === 'string')
  const optional = ['operation', 'requestId'].every(name => ['undefined', 'string'].includes(typeof value[name]))
  const others = Array.isArray(value.changes) && isObject(value.data) && isObject(value.actor)
  return (
    isCount(value.number) &&
    isCount(value.at) &&
    isHash(value.previous) &&
    isHash(value.hash) &&
    texts &&
    optional &&
    others
  )
}

function isHeadLine(value: Readonly<Record<string, unknown>>, name: string): boolean {
  const head = value[name]
  if (Object.keys(value).length !== 1 || !isObject(head)) return false
  return Object.keys(head).length === 2 && isCount(head.number) && isHash(head.hash)
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isHash = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
