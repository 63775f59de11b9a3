// What a row of the audit log did, in a few words: the first changes of its JSON Patch, or the facts that were recorded with it.
import type { AuditView } from '../../proto/http-admin.ts'

/** Named in a row; the rest is counted. */
const namedMax = 3
const valueLengthMax = 40

/** Empty where nothing but the action is recorded. */
export function detailsOf({ changes, data }: Pick<AuditView, 'changes' | 'data'>): string {
  const words = changes.length > 0 ? changes.map(changeText) : isObject(data) ? factsOf(data) : []
  const more = words.length - namedMax
  return [...words.slice(0, namedMax), ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

/** `policy.rate=5`, `-quarantinedAt` of one operation of a JSON Patch. */
function changeText(change: unknown): string {
  if (!isObject(change) || typeof change.path !== 'string') return 'something'
  const name = change.path
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')
  return change.op === 'remove' ? `-${name}` : `${name}=${valueText(change.value)}`
}

function factsOf(data: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(data).flatMap(([name, value]) => {
    if (value === null || value === undefined || value === '') return []
    if (Array.isArray(value)) return [`${name}=${value.length}`]
    return [`${name}=${valueText(value)}`]
  })
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.length > valueLengthMax ? `${text.slice(0, valueLengthMax - 1)}…` : text
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
