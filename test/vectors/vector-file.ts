// The form of a vector file; README.md describes it for readers in other languages.

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

export interface VectorCase {
  readonly name: string
  readonly about: string
  readonly [field: string]: Json
}
export interface VectorFile {
  readonly kind: string
  readonly about: string
  readonly cases: readonly VectorCase[]
  readonly [field: string]: Json
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** A run of one byte that is left out of `bytes`: put in again, `count` times `byte` before what stands at `at`. */
interface Repeat {
  readonly byte: number
  readonly count: number
  readonly at: number
}

/** `bytes` of a case, its longest run of one byte told apart where the file would be long with it. */
export function longBytes(bytes: Uint8Array): { readonly bytes: string; readonly repeat: Json } {
  let longest: Repeat = { byte: 0, count: 0, at: 0 }
  for (let at = 0, end = 0; at < bytes.length; at = end) {
    while (end < bytes.length && bytes[end] === bytes[at]) end += 1
    if (end - at > longest.count) longest = { byte: bytes[at] ?? 0, count: end - at, at }
  }
  const { at, count } = longest
  const rest = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + count)])
  return { bytes: base64(rest), repeat: jsonOf(longest) }
}

/** What the reader of a case gets. */
export function bytesOf(vector: VectorCase): Buffer {
  const bytes = Buffer.from(String(vector.bytes), 'base64')
  if (vector.repeat === undefined) return bytes
  const { byte, count, at } = vector.repeat as unknown as Repeat
  return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(count, byte), bytes.subarray(at)])
}

/** A read value as it stands in a vector file: bytes as lower-case hex, absent fields left out. */
export function jsonOf(value: unknown): Json {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (value instanceof Map) return jsonOf(Object.fromEntries(value))
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, field]) => (field === undefined ? [] : [[name, jsonOf(field)]])),
    )
  return value as Json
}

/** As committed: two spaces, one trailing newline; a list of a thousand and more stands in one line. */
export function fileText(file: VectorFile): string {
  const names = new Set<string>()
  for (const { name } of file.cases) {
    if (names.has(name)) throw new Error(`${file.kind}: two cases are called "${name}"`)
    names.add(name)
  }
  const long: string[] = []
  const shortened = (_: string, value: Json): Json =>
    Array.isArray(value) && value.length >= 1000 ? `long list ${long.push(JSON.stringify(value)) - 1}` : value
  const text = JSON.stringify(file, shortened, 2)
  return `${text.replace(/"long list (\d+)"/g, (_, number) => long[Number(number)] ?? '')}\n`
}
