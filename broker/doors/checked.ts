// Values that came without a schema validator in between (MQTT, JSON in an address), refused in the words of
// field-problems, so that every door names a wrong field in the same way.
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { refusalOf, type SchemaError } from './field-problems.ts'

/** Lets through values of the schema and throws RequestRefused INVALID naming each wrong field. */
export function checked<S extends TSchema>(schema: S): (value: unknown) => Static<S> {
  const compiled = Compile(schema)
  return value => {
    if (compiled.Check(value)) return value as Static<S>
    throw refusalOf(compiled.Errors(value).flatMap(asAjvSays))
  }
}

/** typebox tells all missing or surplus names in one error, and does not end a schema's path with the keyword. */
function asAjvSays(error: {
  readonly instancePath: string
  readonly schemaPath: string
  readonly keyword: string
  readonly params: object
  readonly message: string
}): readonly SchemaError[] {
  const { keyword, schemaPath } = error
  const params = error.params as Readonly<Record<string, unknown>>
  const one = (own: Readonly<Record<string, unknown>>): SchemaError => ({
    ...error,
    schemaPath: `${schemaPath}/${keyword}`,
    params: { ...params, ...own },
  })
  const each = (names: unknown, field: string): readonly SchemaError[] =>
    Array.isArray(names) ? names.map(name => one({ [field]: name })) : [one({})]
  switch (keyword) {
    case 'required':
      return each(params.requiredProperties, 'missingProperty')
    case 'additionalProperties':
      return each(params.additionalProperties, 'additionalProperty')
    // Says again of a surplus name that its schema is false.
    case 'boolean':
      return []
    default:
      return [one({})]
  }
}
