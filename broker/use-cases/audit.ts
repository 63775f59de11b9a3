// Audit records of what principals do, and the patches in them. What the policy does by itself is recorded where it is
// decided (core, orchestrator).
import { canonicalJson } from '../../proto/audit.ts'
import { type OperationId, principalName } from '../../proto/ids.ts'
import type { JsonObject, JsonValue } from '../../proto/json.ts'
import type { AuditEntry } from '../core/records.ts'
import type { Change } from '../ports.ts'
import type { Caller } from './use-cases.ts'

/** Who acts in the audit when a device brings its one-time token; nobody else may have the name. */
export const bootstrap = principalName('bootstrap')

export interface Audited {
  readonly action: string
  /** Id of what was changed. */
  readonly subject: string
  readonly operation?: OperationId
  readonly changes?: readonly JsonObject[]
  readonly data?: JsonObject
}

export function auditOf(
  by: Pick<Caller, 'name' | 'requestId'>,
  at: number,
  { action, subject, operation, changes, data }: Audited,
): Change {
  const entry: AuditEntry = {
    at,
    actor: { kind: 'principal', name: by.name },
    action,
    subject,
    ...(operation === undefined ? {} : { operation }),
    ...(by.requestId === undefined ? {} : { requestId: by.requestId }),
    changes: changes ?? [],
    data: data ?? {},
  }
  return { kind: 'append-audit', entry }
}

/** JSON Patch (RFC 6902) from one flat object to another; values are replaced as a whole. */
export function patchOf(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): JsonObject[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name): JsonObject[] => {
    const [old, now] = [before[name], after[name]]
    const path = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (now === undefined) return old === undefined ? [] : [{ op: 'remove', path }]
    if (old === undefined) return [{ op: 'add', path, value: now as JsonValue }]
    return canonicalJson(old) === canonicalJson(now) ? [] : [{ op: 'replace', path, value: now as JsonValue }]
  })
}
