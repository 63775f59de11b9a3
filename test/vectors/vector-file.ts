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

/** As committed: two spaces, one trailing newline. */
export function fileText(file: VectorFile): string {
  const names = new Set<string>()
  for (const { name } of file.cases) {
    if (names.has(name)) throw new Error(`${file.kind}: two cases are called "${name}"`)
    names.add(name)
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}
