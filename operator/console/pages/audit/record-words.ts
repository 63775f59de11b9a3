// An audit record in words: what was done, and what came of it in a line.
import type { AuditView } from '../../../../proto/http-admin.ts'
import { bytes } from '../../parts/bytes.ts'

const actions: Readonly<Record<string, string>> = {
  'operation.create': 'Operation made',
  'operation.retry-failed': 'Failed devices tried again',
  'operation.targets': 'Devices targeted',
  'operation.results': 'Results of devices',
  'operation.stop': 'Operation stopped',
  'operation.pause': 'Operation paused',
  'operation.resume': 'Operation resumed',
  'operation.approve': 'Operation approved',
  'operation.refuse': 'Operation refused',
  'operation.edit': 'Limits changed',
  'operation.override': 'Windows and rate lifted',
  'operation.rollback': 'Rolled back by a rule',
  'operation.remove-device': 'Device taken out',
  'device.enroll': 'Device enrolled',
  'device.edit': 'Device edited',
  'device.deregister': 'Device deregistered',
  'device.release': 'Quarantine ended',
  'device.quarantine': 'Device quarantined',
  'device.renew-secret': 'Device secret renewed',
  'device.certificate': 'Certificate issued',
  'device.enrolment-token': 'Enrollment token issued',
  'device.revoke': 'Certificates revoked',
  'principal.create': 'Principal made',
  'principal.edit': 'Role changed',
  'principal.renew-token': 'Token renewed',
  'principal.delete': 'Principal deleted',
  'release.upload': 'Bundle uploaded',
  'webhook.create': 'Webhook made',
  'webhook.delete': 'Webhook deleted',
}

/** What is recorded by newer brokers is shown as it is called there. */
export function actionText(action: string): string {
  return actions[action] ?? action
}

export function summaryOf({ action, changes, data }: AuditView): string {
  const facts = isObject(data) ? data : {}
  const devices = facts.devices
  if (action === 'operation.targets' && Array.isArray(devices)) return devicesText(devices.length)
  if (action === 'operation.results' && isObject(devices)) return resultsText(devices)
  const words = [
    textOf(facts.name),
    isObject(facts.targets) ? targetsText(facts.targets) : undefined,
    textOf(facts.device),
    textOf(facts.format),
    typeof facts.payloadSize === 'number' ? bytes(facts.payloadSize) : undefined,
    textOf(facts.role),
    textOf(facts.reason),
    ...changes.slice(0, changesMax).map(changeText),
    changes.length > changesMax ? `${(changes.length - changesMax).toLocaleString()} more changes` : undefined,
  ]
  return words.filter(word => word !== undefined).join(' · ') || 'Done'
}

const changesMax = 3

/** One operation of a JSON Patch, as much of it as can be read. */
export interface PatchStep {
  readonly op: string
  readonly path: string
  readonly value: unknown
}

export function patchSteps(changes: AuditView['changes']): readonly PatchStep[] {
  return changes.flatMap(change =>
    isObject(change) && typeof change.op === 'string' && typeof change.path === 'string'
      ? [{ op: change.op, path: change.path, value: change.value }]
      : [],
  )
}

/** `/rate/perMinute` as `rate › perMinute`. */
export function pathText(path: string): string {
  return path
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join(' › ')
}

export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function changeText(change: unknown): string | undefined {
  const [step] = patchSteps([change])
  if (step === undefined) return undefined
  if (step.op === 'remove') return `${pathText(step.path)} taken away`
  const value = valueText(step.value)
  return `${pathText(step.path)} → ${value.length > 40 ? `${value.slice(0, 40)}…` : value}`
}

function targetsText(targets: Readonly<Record<string, unknown>>): string | undefined {
  if (targets.all === true) return 'all devices'
  if (typeof targets.devices === 'number') return devicesText(targets.devices)
  return typeof targets.filter === 'string' ? `devices with ${targets.filter}` : undefined
}

function resultsText(devices: Readonly<Record<string, unknown>>): string {
  const counts = new Map<string, number>()
  for (const result of Object.values(devices)) {
    const state = isObject(result) && typeof result.state === 'string' ? result.state : 'unknown'
    counts.set(state, (counts.get(state) ?? 0) + 1)
  }
  return [...counts].map(([state, count]) => `${count.toLocaleString()} ${state}`).join(', ')
}

export function devicesText(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? 'device' : 'devices'}`
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
