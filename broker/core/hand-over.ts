// From a target to a hand-over: who is found, who ends at once because nothing is to be sent, and who gets a permit.
import { compareVersions } from '../../proto/version.ts'
import type { Device } from './device.ts'
import type { Draft } from './draft.ts'
import { manifestFor, offeredBy, precursorsFor } from './manifest-choice.ts'
import type { Input, Target } from './operation-facts.ts'
import { isOpen } from './policy.ts'
import type { Execution, Operation, Release } from './records.ts'
import { dropRetry } from './retry.ts'
import { hasRoom, isHandingOver } from './rollout.ts'

/** The device reports the release of this operation: version and digest. */
export function isAtTarget({ subject }: Operation, device: Device): boolean {
  if (subject.kind !== 'release') return false
  const component = device.components.find(({ name }) => name === subject.component)
  return component?.version === subject.version && component.digest === subject.digest
}

/**
 * Why a registered device gets no traffic from this operation, whatever its turn; undefined when it may. Without the
 * `release` it is not asked whether one of its manifests is for what the device has.
 */
export function refusalOf(
  operation: Operation,
  device: Device,
  at: number,
  release: Release | undefined,
): Refusal | undefined {
  const { subject, policy } = operation
  if (isAtTarget(operation, device)) return { state: 'skipped', code: 'SYS_110', data: {} }
  if (subject.kind === 'release' && !subject.vendorIds.includes(device.vendorId))
    return {
      state: 'failed',
      code: 'SYS_102',
      data: { expected: subject.vendorIds.slice(0, 4).join(' '), actual: device.vendorId },
    }
  if (device.quarantinedAt !== undefined) return { state: 'skipped', code: 'SYS_109', data: { reason: 'quarantined' } }
  for (const { component, versionLeast } of policy.prerequisites) {
    const has = device.components.find(({ name }) => name === component)?.version
    if (has === undefined || compareVersions(has, versionLeast) < 0)
      return {
        state: 'skipped',
        code: 'SYS_109',
        data: { reason: 'prerequisite', component, expected: versionLeast, actual: has ?? 'absent' },
      }
  }
  if (release === undefined || manifestFor(release, device, at) !== undefined) return undefined
  const { component } = release
  return {
    state: 'skipped',
    code: 'SYS_109',
    data: {
      reason: 'precursor',
      component,
      expected: precursorsFor(release, device).slice(0, 4).join(' '),
      actual: device.components.find(({ name }) => name === component)?.digest ?? 'absent',
    },
  }
}
export interface Refusal {
  readonly state: 'failed' | 'skipped'
  readonly code: 'SYS_102' | 'SYS_109' | 'SYS_110'
  readonly data: Readonly<Record<string, string>>
}

export function targetsFound(
  draft: Draft,
  targets: readonly Target[],
  more: boolean,
  upTo: Target['device'] | undefined,
): void {
  if (draft.operation.sweep?.kind !== 'expand') return
  for (const target of targets) add(draft, target)
  const after = upTo ?? targets.at(-1)?.device
  if (more && after !== undefined) draft.sweep({ kind: 'expand', after })
  else if (draft.operation.state === 'stopping') draft.sweep({ kind: 'skip-pending' })
  else if (draft.operation.closedAt !== undefined) draft.sweep({ kind: 'end-pending' })
  else draft.sweep(undefined)
}

export function targetJoined(draft: Draft, device: Device): void {
  const { state, closedAt } = draft.operation
  if (!isOpen(draft.operation) || state === 'stopping' || closedAt !== undefined) return
  // The sweep that goes over the registry finds it itself, if it has not passed it.
  add(draft, { device: device.id, registered: device })
}

function add(draft: Draft, { device, registered }: Target): void {
  const { operation } = draft
  const initialVersion = registered && installedVersion(operation, registered)
  const added: Execution = {
    operation: operation.id,
    device,
    state: 'pending',
    attempt: 0,
    addedAt: draft.at,
    ...(initialVersion === undefined ? {} : { initialVersion }),
  }
  draft.log(added, 'SYS_108', 'INFO')
  const refusal = registered && refusalOf(operation, registered, draft.at, undefined)
  if (registered === undefined) draft.end(added, undefined, 'failed', 'SYS_101')
  // What a device has may still change before its turn; who it is may not.
  else if (refusal !== undefined && refusal.data.reason !== 'prerequisite')
    draft.end(added, undefined, refusal.state, refusal.code, refusal.data)
  else if (operation.state === 'stopping') draft.end(added, undefined, 'skipped', 'SYS_103')
  else draft.put(added)
}

type Ready = Pick<Extract<Input, { kind: 'device-ready' }>, 'execution' | 'device' | 'release' | 'reportSeed'>

export function deviceReady(draft: Draft, { execution, device, release, reportSeed: drawn }: Ready): void {
  const { operation } = draft
  if (execution.state !== 'pending' || !hasRoom(operation, execution)) return
  if (execution.notBefore !== undefined && draft.at < execution.notBefore) return
  const refusal = refusalOf(operation, device, draft.at, release)
  if (refusal !== undefined) {
    // It was handed over before: left out now, it ends with the failure it had. That it has the release by now is a word
    // of its hello, which does not stand for a success that had to be signed.
    if (execution.lastFailure !== undefined && (refusal.code !== 'SYS_110' || execution.reportSeed !== undefined))
      dropRetry(draft, execution, execution.lastFailure)
    else draft.end(execution, execution, refusal.state, refusal.code, refusal.data)
    return
  }
  const rest = withoutWait(execution)
  const manifest = release && manifestFor(release, device, draft.at, execution)
  const initialVersion = execution.initialVersion ?? installedVersion(operation, device)
  const firstTime = execution.attempt === 0
  const reportSeed = execution.reportSeed ?? drawn
  const { wave } = operation
  const inWave = execution.wave ?? (wave.index < operation.policy.waves.length ? wave.index : undefined)
  const handedOver: Execution = {
    ...rest,
    state: 'in-progress',
    step: 'offered',
    attempt: execution.attempt + 1,
    handedOverAt: draft.at,
    answered: false,
    bootId: device.bootId,
    ...(release === undefined || manifest === undefined
      ? {}
      : { offered: offeredBy(manifest, release, device, draft.at) }),
    ...(inWave === undefined ? {} : { wave: inWave }),
    ...(reportSeed === undefined ? {} : { reportSeed }),
    ...(initialVersion === undefined ? {} : { initialVersion }),
  }
  draft.put(handedOver, execution)
  const { handOverCount, state } = draft.operation
  draft.change({
    handOverCount: handOverCount + 1,
    ...(firstTime && inWave === wave.index
      ? { wave: { ...draft.operation.wave, handedOver: draft.operation.wave.handedOver + 1 } }
      : {}),
    ...(state === 'pending' ? { state: 'running', startedAt: draft.operation.startedAt ?? draft.at } : {}),
  })
  draft.effect({ kind: 'offer', execution: handedOver })
}

/** Without what kept it waiting; of most there is nothing to take away, which costs less to see than to do. */
function withoutWait(execution: Execution): Execution {
  if (execution.notBefore === undefined && execution.undecided === undefined) return execution
  const { notBefore: _, undecided: __, ...rest } = execution
  return rest
}

export function deviceUnreachable(draft: Draft, execution: Execution): void {
  const { operation } = draft
  if (execution.state !== 'pending' || !isHandingOver(operation)) return
  if (execution.notBefore !== undefined && draft.at < execution.notBefore) return
  if (operation.policy.offlinePolicy === 'skip' && hasRoom(operation, execution)) {
    if (execution.lastFailure !== undefined) dropRetry(draft, execution, execution.lastFailure)
    else draft.end(execution, execution, 'skipped', 'SYS_100', { reason: 'offline' })
    return
  }
  if (execution.unreachableNoted === true) return
  draft.put({ ...execution, unreachableNoted: true }, execution)
  draft.log(execution, 'SYS_100', 'INFO', { reason: 'offline' })
}

function installedVersion({ subject }: Operation, device: Device): string | undefined {
  if (subject.kind !== 'release') return undefined
  return device.components.find(({ name }) => name === subject.component)?.version
}
