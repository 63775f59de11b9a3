// What a change of a configuration looked like, as a JSON Patch for people: secrets masked, cut off honestly when it is too
// long for an event. In a list the equal beginning and end are left out and the rest is compared place by place: not the
// shortest patch, but one whose making costs no more than reading both documents.
import type { JsonValue } from '../../proto/json.ts'
import { escaped, isList, isObject, same } from './json-patch.ts'

export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string }

/** Applied to `before` (RFC 6902) it gives `after`. */
export function diff(before: JsonValue, after: JsonValue, path = ''): readonly PatchOperation[] {
  if (isObject(before) && isObject(after)) {
    const gone = Object.keys(before).filter(name => !Object.hasOwn(after, name))
    return [
      ...gone.map(name => ({ op: 'remove', path: `${path}/${escaped(name)}` }) as const),
      ...Object.entries(after).flatMap(([name, value]) => {
        const place = `${path}/${escaped(name)}`
        return Object.hasOwn(before, name)
          ? diff(before[name] ?? null, value, place)
          : [{ op: 'add', path: place, value } as const]
      }),
    ]
  }
  if (isList(before) && isList(after)) return listDiff(before, after, path)
  return same(before, after) ? [] : [{ op: 'replace', path, value: after }]
}

function listDiff(before: readonly JsonValue[], after: readonly JsonValue[], path: string): readonly PatchOperation[] {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && same(before[head] ?? null, after[head] ?? null)) head += 1
  let tail = 0
  while (tail < shorter - head && same(before.at(-1 - tail) ?? null, after.at(-1 - tail) ?? null)) tail += 1
  const operations: PatchOperation[] = []
  const middle = shorter - tail
  for (let at = head; at < middle; at += 1)
    operations.push(...diff(before[at] ?? null, after[at] ?? null, `${path}/${at}`))
  for (let at = Math.max(middle, head); at < before.length - tail; at += 1)
    operations.push({ op: 'remove', path: `${path}/${Math.max(middle, head)}` })
  for (let at = Math.max(middle, head); at < after.length - tail; at += 1)
    operations.push({ op: 'add', path: `${path}/${at}`, value: after[at] ?? null })
  return operations
}

/** Which members nobody is told: any whose name says that it is a secret, and what the device's settings name. */
export interface Secrets {
  /** Names of members, in any case, or JSON pointers (beginning with `/`) of places; what is below is secret too. */
  readonly named: readonly string[]
}

const secretName = /password|passwd|secret|token|key|credential/i
export const mask = '***'

/** The same patch with every secret value replaced by `***`. That it changed, and where, stays visible. */
export function masked(operations: readonly PatchOperation[], secrets: Secrets): readonly PatchOperation[] {
  const isSecret = secretTest(secrets)
  return operations.map(operation =>
    operation.op === 'remove'
      ? operation
      : { ...operation, value: maskedValue(operation.value, operation.path, isSecret(operation.path), isSecret) },
  )
}

function maskedValue(value: JsonValue, path: string, secret: boolean, isSecret: (path: string) => boolean): JsonValue {
  if (secret) return mask
  if (isList(value)) return value.map((item, at) => maskedValue(item, `${path}/${at}`, false, isSecret))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const place = `${path}/${escaped(name)}`
      return [name, maskedValue(member, place, isSecret(place), isSecret)]
    }),
  )
}

/** Asked for every place on the way down or for a whole path: a secret above makes all below it secret. */
function secretTest({ named }: Secrets): (path: string) => boolean {
  const names = new Set(named.filter(name => !name.startsWith('/')).map(name => name.toLowerCase()))
  const places = named.filter(name => name.startsWith('/'))
  return path =>
    places.some(place => path === place || path.startsWith(`${place}/`)) ||
    path
      .split('/')
      .slice(1)
      .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
      .some(name => secretName.test(name) || names.has(name.toLowerCase()))
}

/** The patch as one line of JSON of at most `bytesMax` bytes: as many whole operations as fit, `cut` when that is not all. */
export function printed(
  operations: readonly PatchOperation[],
  bytesMax: number,
): { readonly text: string; readonly cut: boolean } {
  const kept: string[] = []
  let bytes = 2
  for (const operation of operations) {
    const text = JSON.stringify(operation)
    bytes += Buffer.byteLength(text) + 1
    if (bytes > bytesMax) return { text: `[${kept.join()}]`, cut: true }
    kept.push(text)
  }
  return { text: `[${kept.join()}]`, cut: false }
}
