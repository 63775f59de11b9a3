// Changes of a JSON document: JSON Merge Patch (RFC 7396) and JSON Patch (RFC 6902). Written here rather than taken from a
// library: a core has none, both are short, and a patch that a stranger wrote must neither reach a prototype nor leave a
// document half changed. Every function gives a new value.
import type { JsonObject, JsonValue } from '../../proto/json.ts'

/** The patch does not fit the document, or is none. `reason` is one fixed word, `where` the place in the patch. */
export class PatchError extends Error {
  override readonly name = 'PatchError'
  readonly code = 'PATCH'
  readonly reason: 'malformed' | 'no-such-place' | 'test-failed' | 'too-deep' | 'too-large'
  readonly where: string
  constructor(reason: PatchError['reason'], where: string) {
    super(`${reason} at ${where}`)
    this.reason = reason
    this.where = where
  }
}

export const patchOperationsMax = 1000
const copiedCharactersMax = 1024 * 1024
const depthMax = 100

/** RFC 7396, 2. Throws PatchError for a patch nested too deeply. */
export function mergePatched(target: JsonValue, patch: JsonValue, depth = 0): JsonValue {
  if (!isObject(patch)) return patch
  if (depth > depthMax) throw new PatchError('too-deep', 'patch')
  const members = new Map(Object.entries(isObject(target) ? target : {}))
  for (const [name, value] of Object.entries(patch))
    if (value === null) members.delete(name)
    else members.set(name, mergePatched(members.get(name) ?? null, value, depth + 1))
  return Object.fromEntries(members)
}

/** RFC 6902, 4: all operations in their order, or none. Throws PatchError. */
export function jsonPatched(document: JsonValue, patch: JsonValue): JsonValue {
  if (!isList(patch) || patch.length > patchOperationsMax) throw new PatchError('malformed', 'patch')
  const budget = { left: copiedCharactersMax }
  return patch.reduce(
    (value: JsonValue, operation, index) => applied(value, operation, `patch/${index}`, budget),
    document,
  )
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value)
}

/** Members in any order, as RFC 6902, 4.6 says. */
export function same(a: JsonValue, b: JsonValue): boolean {
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, at) => same(item, b[at] ?? null))
  if (!isObject(a)) return a === b
  if (!isObject(b)) return false
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every(name => Object.hasOwn(b, name) && same(a[name] ?? null, b[name] ?? null))
  )
}

/** One reference token of a JSON pointer, escaped (RFC 6901, 3). */
export function escaped(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** Characters that `copy` may still add: copies of copies double a document with every operation. */
interface Budget {
  left: number
}

function applied(document: JsonValue, operation: JsonValue, where: string, budget: Budget): JsonValue {
  if (!isObject(operation)) throw new PatchError('malformed', where)
  const path = pointer(operation.path, `${where}/path`)
  const value = (): JsonValue => {
    if (!Object.hasOwn(operation, 'value')) throw new PatchError('malformed', `${where}/value`)
    return operation.value ?? null
  }
  switch (operation.op) {
    case 'add':
      return changed(document, path, where, insertion(value()))
    case 'remove':
      return changed(document, path, where, removal)
    case 'replace':
      return changed(document, path, where, replacement(value()))
    case 'move': {
      const from = pointer(operation.from, `${where}/from`)
      // RFC 6902, 4.4: a value cannot be moved into one of its children.
      if (from.length < path.length && from.every((token, at) => token === path[at]))
        throw new PatchError('malformed', `${where}/from`)
      const moved = valueAt(document, from, where)
      // The whole document moved onto itself.
      if (from.length === 0) return document
      return changed(changed(document, from, where, removal), path, where, insertion(moved))
    }
    case 'copy': {
      const copied = valueAt(document, pointer(operation.from, `${where}/from`), where)
      budget.left = leftAfter(copied, budget.left)
      if (budget.left < 0) throw new PatchError('too-large', where)
      return changed(document, path, where, insertion(copied))
    }
    case 'test':
      if (!same(valueAt(document, path, where), value())) throw new PatchError('test-failed', where)
      return document
    default:
      throw new PatchError('malformed', `${where}/op`)
  }
}

/** RFC 6901: the reference tokens of a pointer. */
function pointer(value: JsonValue | undefined, where: string): readonly string[] {
  if (typeof value !== 'string' || (value !== '' && !value.startsWith('/')) || /~(?![01])/.test(value))
    throw new PatchError('malformed', where)
  const tokens = value
    .split('/')
    .slice(1)
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  if (tokens.length > depthMax) throw new PatchError('too-deep', where)
  return tokens
}

function valueAt(document: JsonValue, path: readonly string[], where: string): JsonValue {
  return path.reduce((value: JsonValue, token) => childOf(value, token, where), document)
}

function childOf(value: JsonValue, token: string, where: string): JsonValue {
  if (isList(value)) return value[indexIn(value.length, token, where)] ?? null
  // Own members alone: `__proto__` is a name like any other and finds nothing.
  if (isObject(value) && Object.hasOwn(value, token)) return value[token] ?? null
  throw new PatchError('no-such-place', where)
}

/** What becomes of the place at the end of a path. */
interface Change {
  /** The new document, where the path is that of all of it. */
  whole(where: string): JsonValue
  at(parent: JsonValue, token: string, where: string): JsonValue
}

/** The document with one place changed; every object and list on the way is new. */
function changed(document: JsonValue, path: readonly string[], where: string, change: Change): JsonValue {
  const [token, ...rest] = path
  if (token === undefined) return change.whole(where)
  if (rest.length === 0) return change.at(document, token, where)
  const child = changed(childOf(document, token, where), rest, where, change)
  return withChild(document, token, child, where)
}

const insertion = (value: JsonValue): Change => ({
  whole: () => value,
  at: (parent, token, where) => {
    if (!isList(parent)) return withChild(parent, token, value, where)
    // RFC 6902, 4.1: `-` is the place after the last, and so is the length.
    const index = token === '-' ? parent.length : indexIn(parent.length + 1, token, where)
    return parent.toSpliced(index, 0, value)
  },
})

const replacement = (value: JsonValue): Change => ({
  whole: () => value,
  at: (parent, token, where) => {
    childOf(parent, token, where)
    return withChild(parent, token, value, where)
  },
})

const removal: Change = {
  whole: where => {
    throw new PatchError('malformed', where)
  },
  at: (parent, token, where) => {
    childOf(parent, token, where)
    if (isList(parent)) return parent.toSpliced(indexIn(parent.length, token, where), 1)
    return Object.fromEntries(Object.entries(parent ?? {}).filter(([name]) => name !== token))
  },
}

function withChild(parent: JsonValue, token: string, value: JsonValue, where: string): JsonValue {
  if (isList(parent)) return parent.with(indexIn(parent.length, token, where), value)
  // A computed name makes a member of its own, `__proto__` too.
  if (isObject(parent)) return { ...parent, [token]: value }
  throw new PatchError('no-such-place', where)
}

/** RFC 6901, 4: digits without leading zeros, below `length`. */
function indexIn(length: number, token: string, where: string): number {
  const index = /^(0|[1-9]\d{0,9})$/.test(token) ? Number(token) : length
  if (index >= length) throw new PatchError('no-such-place', where)
  return index
}

/** `left` less about the characters of the value as JSON; counting ends below zero. */
function leftAfter(value: JsonValue, left: number): number {
  if (typeof value !== 'object' || value === null) return left - JSON.stringify(value).length - 1
  let rest = left - 2
  for (const [name, child] of Object.entries(value)) {
    if (rest < 0) return rest
    rest = leftAfter(child, rest - (isList(value) ? 0 : name.length + 3))
  }
  return rest
}
