// The form becomes the request that the broker takes, with the problems of what cannot be sent yet.
import type { OperationRequest } from '../../../../proto/http-api.ts'
import type { Draft } from './draft.ts'
import { policyRequestOf } from './policy-request.ts'
import { type FieldProblem, isRecord, jsonOf, type Reading } from './reading.ts'
import { devicesIn } from './target-list.ts'

/** Without targets: they come as a file beside it. */
export type Request = Omit<OperationRequest, 'targets'> & Partial<Pick<OperationRequest, 'targets'>>

export interface RequestOfDraft {
  readonly request: Request
  /** Named as the broker names the fields. */
  readonly problems: readonly FieldProblem[]
}

/** Ids in one request; more go as a file. */
export const targetsMax = 10_000
/** What only people sign: the form can say how, and cannot do it. */
export const signedByPeople = 'command'

export function requestOf(draft: Draft): RequestOfDraft {
  const reading: Reading = { problems: [] }
  const work = workOf(draft, reading)
  const targets = targetsOf(draft, reading)
  const { policy, problems } = policyRequestOf(draft.policy)
  const name = draft.name.trim()
  const request: Request = {
    ...(name === '' ? {} : { name }),
    type: draft.type.trim(),
    ...work,
    ...(targets === undefined ? {} : { targets }),
    ...(Object.keys(policy).length === 0 ? {} : { policy }),
  }
  return { request, problems: [...reading.problems, ...problems] }
}

type Work = Pick<OperationRequest, 'release' | 'arguments' | 'backup'>

function workOf(draft: Draft, reading: Reading): Work {
  const { problems } = reading
  switch (draft.type) {
    case 'firmware-update': {
      const release = draft.release.trim()
      if (release === '') problems.push({ name: 'release', message: 'choose a release' })
      return { release }
    }
    case 'config-change':
      return { arguments: { format: draft.patchFormat, patch: patchOf(draft, reading) } }
    case 'config-restore': {
      const [operation, device] = [draft.backupOperation.trim(), draft.backupDevice.trim()]
      if (operation === '' || device === '') problems.push({ name: 'backup', message: 'choose a backup' })
      return { backup: { operation, device } }
    }
    case signedByPeople: {
      const name = draft.command.trim()
      if (name === '') problems.push({ name: 'arguments.name', message: 'the name the devices know it by is missing' })
      return { arguments: { name, arguments: argumentsOf(draft, 'arguments.arguments', reading) ?? {} } }
    }
    case 'config-backup':
    case 'reboot':
      return {}
    default: {
      if (!/^[a-z][a-z0-9-]{0,31}$/.test(draft.type.trim()))
        problems.push({ name: 'type', message: 'expected 1 to 32 of a-z 0-9 -, beginning with a letter' })
      const given = argumentsOf(draft, 'arguments', reading)
      return given === undefined ? {} : { arguments: given }
    }
  }
}

function patchOf({ patchFormat, patch }: Draft, reading: Reading): unknown {
  const before = reading.problems.length
  const value = jsonOf(patch, 'arguments.patch', reading)
  if (reading.problems.length > before) return undefined
  if (patchFormat === 'merge-patch' && !isRecord(value))
    reading.problems.push({ name: 'arguments.patch', message: 'expected a JSON object (RFC 7396)' })
  if (patchFormat === 'json-patch' && !Array.isArray(value))
    reading.problems.push({ name: 'arguments.patch', message: 'expected a list of changes (RFC 6902)' })
  return value
}

/** Undefined when the field is empty. */
function argumentsOf(draft: Draft, name: string, reading: Reading): Record<string, unknown> | undefined {
  if (draft.arguments.trim() === '') return undefined
  const value = jsonOf(draft.arguments, name, reading)
  if (isRecord(value)) return value
  if (value !== undefined) reading.problems.push({ name, message: 'expected a JSON object' })
  return undefined
}

function targetsOf(draft: Draft, { problems }: Reading): OperationRequest['targets'] | undefined {
  switch (draft.aim) {
    case 'all':
      return { all: true }
    case 'filter': {
      const filter = draft.filter.trim()
      if (filter === '')
        problems.push({
          name: 'targets.filter',
          message: 'expected at least one condition; for every device, choose All devices',
        })
      return { filter, ...(draft.open ? { open: true } : {}) }
    }
    case 'devices': {
      const devices = devicesIn(draft.devices)
      if (devices.length === 0) problems.push({ name: 'targets.devices', message: 'name at least one device' })
      if (devices.length > targetsMax)
        problems.push({
          name: 'targets.devices',
          message: `${devices.length.toLocaleString()} devices, expected at most ${targetsMax.toLocaleString()}: take a CSV file`,
        })
      return { devices: [...devices] }
    }
    case 'csv':
      if (draft.csv === undefined) problems.push({ name: 'targets.file', message: 'choose a file' })
      else if (draft.csv.devices.length === 0)
        problems.push({ name: 'targets.file', message: `${draft.csv.name} names no device` })
      return undefined
  }
}
