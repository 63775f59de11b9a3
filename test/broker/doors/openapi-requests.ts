// Requests made from an OpenAPI document: right ones, ones with something wrong in one place, and ones that have nothing
// to do with it. Texts that mean something (ids that exist) are chosen by the name of the field they stand in.
import fc from 'fast-check'

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly required?: readonly string[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
}
interface Parameter {
  readonly name: string
  readonly in: 'query' | 'path' | 'header'
  readonly required: boolean
  readonly schema: Schema
}
export interface Described {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<Record<string, object>>
}
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface Sent {
  readonly method: string
  /** As it stands in the first line: not normalised by anybody. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}
export interface Case {
  readonly described: Described
  readonly sent: Sent
}

/** Names every object has, characters that end something somewhere, numbers beyond every type, texts that are long. */
const hostileText = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '', ' ', '.', '..', '../../etc/passwd'),
  fc.constantFrom(
    '\u0000',
    '\ud800',
    '\udfff\ud800',
    '\uffff',
    '\u202e',
    '%',
    '%00',
    '%ff',
    '&',
    '=',
    '?',
    '#',
    '+',
    "'",
  ),
  fc.constantFrom('-1', '0', '1e400', 'NaN', '9007199254740993', 'null', 'true', '[]', '{}', '"', '\\', '\r\nx: y'),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.nat({ max: 5000 }).map(length => 'a'.repeat(length)),
)
const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom(null, true, false, 0, -1, 1.5, 2 ** 53, 1e308, -0),
  fc.constantFrom([], {}, [[]], { toString: 1 }, { length: -1 }, { constructor: { prototype: {} } }),
  fc.jsonValue({ maxDepth: 3 }),
)
/** What JSON.stringify would not write. */
const hostileBodies = fc.oneof(
  fc.constantFrom('', ' ', '{', '}', '[', 'null', '0', '"', '""', 'undefined', '{"a":1}}', '\ufeff{}', '{"a":1e400}'),
  fc.constantFrom('{"__proto__":{"a":1}}', '{"a":{"__proto__":1}}', '{"constructor":{"prototype":{"a":1}}}'),
  fc.nat({ max: 3000 }).map(depth => '['.repeat(depth) + ']'.repeat(depth)),
  fc.nat({ max: 20 }).map(depth => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc.nat({ max: 200_000 }).map(length => `{"name":"${'a'.repeat(length)}"}`),
)

/** Texts that mean something, by the name of the field or the collection in the address. */
export type Known = Readonly<Record<string, readonly string[]>>

class Values {
  readonly #schemas: Readonly<Record<string, Schema>>
  readonly #known: Known
  readonly #hostile: boolean
  constructor(schemas: Readonly<Record<string, Schema>>, known: Known, hostile: boolean) {
    this.#schemas = schemas
    this.#known = known
    this.#hostile = hostile
  }

  of(schema: Schema, name: string): fc.Arbitrary<unknown> {
    if (!this.#hostile) return this.#right(schema, name)
    // One part in twenty is something else, wherever it stands.
    return fc.oneof({ weight: 19, arbitrary: this.#right(schema, name) }, { weight: 1, arbitrary: hostileJson })
  }

  text(schema: Schema, name: string): fc.Arbitrary<string> {
    return this.of(schema, name).map(value => (typeof value === 'object' ? JSON.stringify(value) : String(value)))
  }

  #right(schema: Schema, name: string): fc.Arbitrary<unknown> {
    if (schema.$ref !== undefined) return this.#right(this.#schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, name)
    if (schema.const !== undefined) return fc.constant(schema.const)
    if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
    if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(branch => this.#right(branch, name)))
    switch (schema.type) {
      case 'object':
        return this.#object(schema)
      case 'array':
        return fc.array(this.of(schema.items ?? {}, name), {
          minLength: schema.minItems ?? 0,
          maxLength: Math.min(schema.maxItems ?? 4, (schema.minItems ?? 0) + 4),
        })
      case 'string':
        return this.#string(schema, name)
      case 'integer':
        return fc.oneof(
          fc.integer({
            min: Math.max(schema.minimum ?? -10, -(2 ** 31)),
            max: Math.min(schema.maximum ?? 1000, 2 ** 31),
          }),
          fc.constantFrom(schema.minimum ?? 0, schema.maximum ?? 0),
        )
      case 'number':
        return fc.double({
          min: schema.minimum ?? schema.exclusiveMinimum ?? 0,
          max: schema.maximum ?? 1e6,
          noNaN: true,
        })
      case 'boolean':
        return fc.boolean()
      case 'null':
        return fc.constant(null)
      default:
        return fc.jsonValue({ maxDepth: 3 })
    }
  }

  #object({ properties = {}, required = [], patternProperties, additionalProperties }: Schema): fc.Arbitrary<object> {
    // Requests in which everything is said at once contradict themselves: most leave most of it out.
    const isThere = (name: string): readonly [number, number] => [
      1,
      required.includes(name) ? 0 : this.#hostile ? 1 : 4,
    ]
    const named = fc
      .tuple(
        ...Object.entries(properties).map(([name, inner]) =>
          sometimes(
            this.of(inner, name).map(value => [name, value] as const),
            isThere(name),
          ),
        ),
      )
      .map(entries => Object.fromEntries(entries.filter(entry => entry !== undefined)))
    const [pattern, inner] = Object.entries(patternProperties ?? {})[0] ?? []
    const open = typeof additionalProperties === 'object' ? additionalProperties : inner
    const right = pattern === undefined ? fc.string({ maxLength: 20 }) : fc.stringMatching(new RegExp(pattern))
    const names = this.#hostile ? fc.oneof(right, hostileText) : right
    const others = open === undefined ? fc.constant({}) : fc.dictionary(names, this.of(open, 'other'), { maxKeys: 4 })
    if (!this.#hostile) return fc.tuple(named, others).map(parts => Object.assign({}, ...parts))
    const surplus = fc.oneof(
      { weight: 19, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.dictionary(hostileText, hostileJson, { maxKeys: 2 }) },
    )
    return fc.tuple(named, others, surplus).map(parts => Object.assign({}, ...parts))
  }

  #string({ pattern, minLength = 0, maxLength = 100 }: Schema, name: string): fc.Arbitrary<string> {
    const most = Math.max(minLength, Math.min(maxLength, 100))
    const made =
      pattern === undefined ? fc.string({ minLength, maxLength: most }) : fc.stringMatching(new RegExp(pattern))
    const known = this.#known[name]
    return known === undefined
      ? made
      : fc.oneof(
          { weight: this.#hostile ? 2 : 9, arbitrary: fc.constantFrom(...known) },
          { weight: 1, arbitrary: made },
        )
  }
}

/** Percent-encoded, or one time in ten as it is, or with a broken encoding. */
const encoded = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(text, fc.integer({ min: 0, max: 19 })).map(([value, dice]) => {
    const well = encodeURIComponent(Buffer.from(value).toString())
    if (dice === 0)
      return (
        Buffer.from(value)
          .toString('latin1')
          .replaceAll(/[^!-~]/g, '') || '%'
      )
    return dice === 1 ? `${well}%f` : well
  })

export function casesOf(document: Document, known: Known, tokens: readonly string[]): fc.Arbitrary<Case> {
  const both = [false, true].map(hostile => new Values(document.components.schemas, known, hostile))
  const all = Object.entries(document.paths).flatMap(([address, methods]) =>
    Object.entries(methods).map(([method, described]) =>
      fc.oneof(...both.map(values => caseOf(values, tokens, address, method.toUpperCase(), described))),
    ),
  )
  return fc.oneof(...all)
}

function caseOf(
  values: Values,
  tokens: readonly string[],
  address: string,
  method: string,
  described: Described,
): fc.Arbitrary<Case> {
  const parameters = (place: Parameter['in']) => (described.parameters ?? []).filter(({ in: where }) => where === place)
  const path = fc.tuple(
    ...parameters('path').map(({ name, schema }) => encoded(values.text(schema, placeOf(address, name)))),
  )
  // Most of many parameters are left out of most requests, or few would be right.
  const left = Math.max(1, Math.ceil(parameters('query').length / 3))
  const wanted = parameters('query').map(({ name, required, schema }) =>
    sometimes(
      encoded(values.text(schema, name)).map(value => `${encodeURIComponent(name)}=${value}`),
      required ? [20, 1] : [1, left],
    ),
  )
  const query = fc
    .tuple(fc.tuple(...wanted), sometimes(fc.tuple(encoded(hostileText), encoded(hostileText)), [1, 20]))
    .map(([named, surplus]) => [...named.filter(text => text !== undefined), ...(surplus ? [surplus.join('=')] : [])])
    .map(parts => (parts.length === 0 ? '' : `?${parts.join('&')}`))
  const named = parameters('header').map(({ name, schema }) =>
    fc.option(
      values.text(schema, name).map(text => [name, headerText(text)] as const),
      { nil: undefined },
    ),
  )
  return fc
    .tuple(path, query, fc.tuple(...named), bodyOf(values, described), fc.constantFrom(...tokens))
    .map(([inPath, inQuery, headers, { type, bytes }, token]) => {
      let index = 0
      const filled = address.replaceAll(/\{\w+\}/g, () => inPath[index++] ?? '')
      return {
        described,
        sent: {
          method,
          target: filled + inQuery,
          headers: {
            ...Object.fromEntries(headers.filter(header => header !== undefined)),
            ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
            ...(type === undefined ? {} : { 'content-type': type }),
            // For a GET node would send a body without saying how long it is.
            ...(bytes === undefined ? {} : { 'content-length': String(bytes.length) }),
          },
          body: bytes,
        },
      }
    })
}

function sometimes<T>(arbitrary: fc.Arbitrary<T>, [is, isNot]: readonly [number, number]): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: is, arbitrary }, { weight: isNot, arbitrary: fc.constant(undefined) })
}

interface Body {
  readonly type: string | undefined
  readonly bytes: Buffer | undefined
}
function bodyOf(values: Values, { requestBody }: Described): fc.Arbitrary<Body> {
  const types = fc.constantFrom('application/json', 'text/csv', 'application/octet-stream', 'text/html', 'x', undefined)
  const raw = fc.oneof(
    hostileBodies.map(text => Buffer.from(text)),
    hostileJson.map(value => Buffer.from(JSON.stringify(value))),
    fc.uint8Array({ maxLength: 100 }).map(bytes => Buffer.from(bytes)),
  )
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? []
  const nothing: fc.Arbitrary<Body> = fc.constant({ type: undefined, bytes: undefined })
  const anything: fc.Arbitrary<Body> = fc.record({ type: types, bytes: raw })
  if (type === undefined || content === undefined)
    return fc.oneof({ weight: 9, arbitrary: nothing }, { weight: 1, arbitrary: anything })
  const right =
    type === 'application/json'
      ? values.of(content.schema, 'body').map(value => Buffer.from(JSON.stringify(value)))
      : fc
          .array(values.text({ type: 'string' }, 'device'), { maxLength: 5 })
          .map(lines => Buffer.from(lines.join('\n')))
  return fc.oneof(
    { weight: 8, arbitrary: right.map(bytes => ({ type, bytes })) },
    { weight: 1, arbitrary: raw.map(bytes => ({ type, bytes })) },
    { weight: 1, arbitrary: fc.oneof(nothing, anything) },
  )
}

/** `id` in `/v1/operations/{id}` is one of operations. */
function placeOf(address: string, name: string): string {
  return name === 'id' ? (/([\w-]+)\/\{id\}/.exec(address)?.[1] ?? name) : name
}

/** What node lets into a header. */
function headerText(text: string): string {
  return text.replaceAll(/[^\t -~\x80-\xff]/g, '')
}
