// The history of an operation in sentences, oldest first: the audit records about it, and its start and end, which people
// and rules do not order but which happen. Records about each device (targets, results, retries) are summed up: one line for
// as many of them as follow one another.
import type { AuditView } from '../../../../proto/http-admin.ts'
import type { OperationView } from '../../../../proto/http-api.ts'

export interface Happening {
  readonly key: string
  /** RFC 3339; `until` when it lasted. */
  readonly at: string
  readonly until?: string
  readonly what: string
  /** A principal, or policy:RULE; undefined: nobody in particular. */
  readonly who?: string
  readonly detail?: string
  readonly tone: 'plain' | 'good' | 'bad' | 'warn'
}

interface Part {
  readonly records: readonly AuditView[]
  /** No records come before these, or behind them. */
  readonly isFirst: boolean
  readonly isLast: boolean
}

export function happeningsOf(operation: OperationView, { records, isFirst, isLast }: Part): Happening[] {
  const told = records.reduce<Happening[]>((before, record) => joined(before, happeningOf(record)), [])
  const [first, last] = [records[0]?.at ?? '', records.at(-1)?.at ?? '']
  const belongs = (at: string | null): at is string => at !== null && (isFirst || at > first) && (isLast || at <= last)
  const own: Happening[] = []
  if (belongs(operation.startedAt))
    own.push({
      key: 'started',
      at: operation.startedAt,
      what: 'Started: the first device got it',
      tone: 'good',
    })
  if (belongs(operation.completedAt)) own.push(endOf(operation, operation.completedAt))
  // A stable sort: what happened in the same millisecond stays in the order of the records.
  return [...told, ...own].sort((a, b) => a.at.localeCompare(b.at))
}

function endOf({ state, updated, errors, sensors, stoppedBy }: OperationView, at: string): Happening {
  const counts = `${updated.toLocaleString()} updated, ${errors.toLocaleString()} with errors, of ${sensors.toLocaleString()}`
  if (state === 'stopped')
    return {
      key: 'ended',
      at,
      what: 'Stopped: no device is in progress any more',
      detail: counts,
      tone: 'warn',
      ...(stoppedBy === null ? {} : { who: stoppedBy }),
    }
  return errors === 0
    ? { key: 'ended', at, what: 'Completed', detail: counts, tone: 'good' }
    : { key: 'ended', at, what: 'Ended with errors', detail: counts, tone: 'bad' }
}

function happeningOf(record: AuditView): Happening & { readonly devices?: number } {
  const { action, number, at, actor, subject } = record
  const data = (record.data ?? {}) as Readonly<Record<string, unknown>>
  const common = { key: String(number), at, who: actor, tone: 'plain' as const }
  const reason = typeof data.reason === 'string' ? { detail: data.reason } : {}
  switch (action) {
    case 'operation.create':
      return { ...common, what: 'Requested' }
    case 'operation.retry-failed':
      return { ...common, what: 'Requested over the devices that failed before' }
    case 'operation.approve':
      return { ...common, what: 'Approved', tone: 'good' }
    case 'operation.refuse':
      return { ...common, what: 'Refused', tone: 'bad' }
    case 'operation.pause':
      return { ...common, ...reason, what: 'Paused', tone: 'warn' }
    case 'operation.resume':
      return { ...common, what: 'Resumed' }
    case 'operation.stop':
      return { ...common, ...reason, what: 'Stop ordered', tone: 'warn' }
    case 'operation.rollback':
      return { ...common, ...reason, what: 'Stop and rollback ordered', tone: 'bad' }
    case 'operation.close':
      return { ...common, what: 'End of the schedule: nothing more is handed over' }
    case 'operation.open':
      return { ...common, what: 'The time of its start has come' }
    case 'operation.override':
      return { ...common, ...reason, what: 'Windows and rate lifted', tone: 'warn' }
    case 'operation.edit':
      return { ...common, what: 'Limits changed', detail: changesText(record.changes) }
    case 'operation.remove-device':
      return { ...common, what: `${String(data.device)} taken out` }
    case 'operation.wave-succeeded':
      return { ...common, what: `${waveName(data.rule)} passed`, detail: waveText(data), tone: 'good' }
    case 'operation.targets':
      return { ...common, what: 'devices found', devices: countOf(data.devices) }
    case 'operation.results':
      return { ...common, what: 'devices ended', devices: countOf(data.devices) }
    case 'execution.retry':
      return { ...common, what: 'retries planned', devices: 1 }
    default:
      return { ...common, what: action, ...(subject === record.operation ? {} : { detail: subject }) }
  }
}

/** Sums up what is about devices with the line before it. */
function joined(before: readonly Happening[], next: Happening & { readonly devices?: number }): Happening[] {
  const { devices, ...rest } = next
  if (devices === undefined) return [...before, rest]
  const { who: _, ...anonymous } = rest
  const last = before.at(-1)
  const found = last === undefined ? null : /^([\d.,\s\u00a0\u202f’']+) (.+)$/.exec(last.what)
  if (last !== undefined && found?.[2] === rest.what) {
    const total = Number((found[1] ?? '').replace(/\D/g, '')) + devices
    return [...before.slice(0, -1), { ...last, until: rest.at, what: `${total.toLocaleString()} ${rest.what}` }]
  }
  return [...before, { ...anonymous, what: `${devices.toLocaleString()} ${rest.what}` }]
}

function countOf(devices: unknown): number {
  if (Array.isArray(devices)) return devices.length
  return typeof devices === 'object' && devices !== null ? Object.keys(devices).length : 0
}

function waveName(rule: unknown): string {
  const index = /^waves\.(\d+)$/.exec(String(rule))?.[1]
  return index === undefined ? 'A wave' : `Wave ${Number(index) + 1}`
}

function waveText({ succeeded, executed }: Readonly<Record<string, unknown>>): string {
  return `${String(succeeded)} of ${String(executed)} succeeded`
}

function changesText(changes: readonly unknown[]): string {
  return changes
    .map(change => {
      const { op, path, value } = change as { readonly op: string; readonly path: string; readonly value?: unknown }
      const name = path.slice(1).replaceAll('/', ' ')
      return op === 'remove'
        ? `${name}: none`
        : `${name}: ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`
    })
    .join('; ')
}
