// What a turn leaves in the audit chain and for the webhooks beside its records: whom an operation was aimed at, how it
// ended on each device, and that it paused, aborted or ended. One audit record an operation and kind, not one a device.
import type { OperationId } from '../../proto/ids.ts'
import type { JsonObject, JsonValue } from '../../proto/json.ts'
import { isEndedExecution } from '../core/counts.ts'
import type { ExecutionChange } from '../core/operation-facts.ts'
import type { AuditEntry, Execution, Operation, Webhook, WebhookEvent } from '../core/records.ts'
import type { Change } from '../ports.ts'
import { operationView } from '../views.ts'

export function auditOfTurn(
  changes: readonly { readonly operation: OperationId; readonly change: ExecutionChange }[],
  at: number,
): AuditEntry[] {
  const targets = new Parts<string[]>(() => [])
  const results = new Parts<Record<string, JsonObject>>(() => ({}))
  for (const { operation, change } of changes) {
    const { execution, previous } = change
    if (previous === undefined) targets.of(operation, execution.device.length).push(execution.device)
    if (!isEndedExecution(execution)) continue
    const result = resultOf(execution)
    results.of(operation, JSON.stringify(result).length)[execution.device] = result
  }
  const entry = (operation: OperationId, action: string, data: JsonObject): AuditEntry => ({
    at,
    actor: { kind: 'policy', rule: 'operation' },
    action,
    subject: operation,
    operation,
    changes: [],
    data,
  })
  return [
    ...targets.all.map(([operation, devices]) => entry(operation, 'operation.targets', { devices })),
    ...results.all.map(([operation, devices]) => entry(operation, 'operation.results', { devices })),
  ]
}

/** Lists by operation, in parts of a bounded size: a record of the chain has a limit (proto/audit.ts). */
class Parts<List extends JsonValue | JsonObject> {
  readonly #empty: () => List
  readonly #open = new Map<OperationId, { readonly list: List; count: number; size: number }>()
  readonly all: (readonly [OperationId, List])[] = []

  constructor(empty: () => List) {
    this.#empty = empty
  }

  /** The part that takes one more entry of so many characters. */
  of(operation: OperationId, size: number): List {
    let part = this.#open.get(operation)
    if (part === undefined || part.count >= partDevicesMax || part.size + size > partCharactersMax) {
      part = { list: this.#empty(), count: 0, size: 0 }
      this.#open.set(operation, part)
      this.all.push([operation, part.list])
    }
    part.count += 1
    part.size += size
    return part.list
  }
}

const partDevicesMax = 500
const partCharactersMax = 128 * 1024

/** Pauses, aborts and ends, once for each webhook that wants to hear of them. */
export function noticesOf(
  states: readonly { readonly before: Operation; readonly after: Operation }[],
  webhooks: Iterable<Webhook>,
  at: number,
): Change[] {
  const wanted = [...webhooks]
  if (wanted.length === 0) return []
  return states.flatMap(({ before, after }) =>
    webhookEventsOf(before, after).flatMap(event =>
      wanted
        .filter(webhook => webhook.events.includes(event))
        .map(
          (webhook): Change => ({
            kind: 'append-notice',
            notice: {
              webhook: webhook.id,
              event,
              at,
              attempt: 0,
              dueAt: at,
              body: { event, at: new Date(at).toISOString(), operation: operationView(after) as unknown as JsonValue },
            },
          }),
        ),
    ),
  )
}

function webhookEventsOf(before: Operation, after: Operation): WebhookEvent[] {
  const events: WebhookEvent[] = []
  if (before.state !== 'stopping' && after.stoppedBy?.kind === 'policy' && before.stoppedBy === undefined)
    events.push('operation.aborted')
  if (after.state === 'paused') events.push('operation.paused')
  if (after.state === 'completed') events.push('operation.completed')
  if (after.state === 'stopped') events.push('operation.stopped')
  return events
}

/** Code, reason and what the device changed; what it said beyond that stays in the event log. */
function resultOf({ state, code, data = {}, attempt, initialVersion, updatedVersion }: Execution): JsonObject {
  return {
    state,
    attempt,
    ...(code === undefined ? {} : { code }),
    ...(data.reason === undefined ? {} : { reason: data.reason }),
    ...(initialVersion === undefined ? {} : { from: initialVersion }),
    ...(updatedVersion === undefined ? {} : { to: updatedVersion }),
    ...(data.diff === undefined ? {} : { diff: parsedDiff(data.diff) }),
  }
}

/** The device's JSON Patch with its secrets masked; a text that is none is kept as it is. */
function parsedDiff(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return text
  }
}
