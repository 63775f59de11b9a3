// What the JSON schema did not like, in words: one entry a field, named by its path in the body (`targets.devices.3`).
// Where a value may have several forms, the form that was nearest is spoken of.
import { type FieldProblem, RequestRefused } from '../errors.ts'

/** The part of ajv's error that is read here. */
export interface SchemaError {
  readonly instancePath: string
  readonly schemaPath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
  readonly message?: string
}

const fieldsMax = 20

/** The refusal for these errors of one body. */
export function refusalOf(errors: readonly SchemaError[]): RequestRefused {
  const fields = fieldProblems(errors).slice(0, fieldsMax)
  const named = fields.map(({ name, message }) => `${name} ${message}`).slice(0, 3)
  return new RequestRefused('INVALID', `The request is not valid: ${named.join('; ')}.`, fields)
}

export function fieldProblems(errors: readonly SchemaError[]): FieldProblem[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf')
  const inUnion = (error: SchemaError): boolean => unions.some(union => belongsTo(error, union))
  const plain = errors.filter(error => error.keyword !== 'anyOf' && !inUnion(error)).map(worded)
  const ofUnions = unions.filter(union => !inUnion(union)).flatMap(union => unionProblems(union, errors))
  const byName = new Map<string, FieldProblem>()
  for (const problem of [...plain, ...ofUnions]) if (!byName.has(problem.name)) byName.set(problem.name, problem)
  return [...byName.values()]
}

function belongsTo(error: SchemaError, union: SchemaError): boolean {
  return error !== union && error.schemaPath.startsWith(`${union.schemaPath}/`)
}

function unionProblems(union: SchemaError, errors: readonly SchemaError[]): FieldProblem[] {
  const branches = errors.filter(error => belongsTo(error, union) && error.keyword !== 'anyOf')
  const deeper = branches.filter(({ instancePath }) => instancePath.length > union.instancePath.length)
  if (deeper.length > 0) return deeper.map(worded)
  const shallow = branches.filter(({ keyword }) => keyword !== 'additionalProperties')
  const wishes = new Set((shallow.length > 0 ? shallow : branches).map(wish))
  return [{ name: dotted(union.instancePath), message: [...wishes].join(' or ') }]
}

function worded(error: SchemaError): FieldProblem {
  const { instancePath, keyword, params } = error
  if (keyword === 'required')
    return { name: dotted(`${instancePath}/${String(params.missingProperty)}`), message: 'is required' }
  if (keyword === 'additionalProperties')
    return {
      name: dotted(`${instancePath}/${String(params.additionalProperty).slice(0, 64)}`),
      message: 'is not known here',
    }
  return { name: dotted(instancePath), message: wish(error) }
}

function wish({ keyword, params, message }: SchemaError): string {
  if (keyword === 'const') return `must be ${JSON.stringify(params.allowedValue)}`
  if (keyword === 'required') return `must have ${String(params.missingProperty)}`
  if (keyword === 'additionalProperties') return `must not have ${String(params.additionalProperty).slice(0, 64)}`
  if (keyword === 'pattern') return `must match ${String(params.pattern)}`
  return message ?? `must satisfy ${keyword}`
}

function dotted(path: string): string {
  return path.slice(1).replaceAll('/', '.') || 'body'
}
