// A dry run: whom an operation would touch, and what would become of the others. Nothing is made, and a bounded number
// of devices is looked at.
import type { OperationPlan } from '../../proto/http-api.ts'
import type { DeviceId } from '../../proto/ids.ts'
import type { Device } from '../core/device.ts'
import { refusalOf } from '../core/hand-over.ts'
import { manifestFor } from '../core/manifest-choice.ts'
import type { Release } from '../core/records.ts'
import { matches } from '../core/target-filter.ts'
import type { NewOperation } from '../orchestrator/control-tasks.ts'
import { registryPage } from '../orchestrator/registry-page.ts'
import { parsedFilter } from '../orchestrator/sweep-tasks.ts'
import { operationView } from '../views.ts'
import type { Dependencies } from './dependencies.ts'

const lookedAtMax = 100_000
/** Of one read: decoding and judging them holds the event loop for a few milliseconds. */
const pageSize = 200
/** Devices named for each verdict. */
const namedMax = 20

interface Verdict {
  count: number
  readonly devices: DeviceId[]
}

export async function planOf(dependencies: Dependencies, made: NewOperation): Promise<OperationPlan> {
  const verdicts = new Map<string, Verdict>()
  let sensors = 0
  let complete = true
  for await (const { id, device } of targetsOf(dependencies, made)) {
    if (sensors >= lookedAtMax) {
      complete = false
      break
    }
    sensors += 1
    const name = verdictOf(dependencies, made, id, device)
    const verdict = verdicts.get(name) ?? { count: 0, devices: [] }
    verdict.count += 1
    if (verdict.devices.length < namedMax) verdict.devices.push(id)
    verdicts.set(name, verdict)
  }
  const { counts } = made.operation
  return {
    sensors,
    complete,
    verdicts: [...verdicts].map(([verdict, found]) => ({ verdict, ...found })).sort((a, b) => b.count - a.count),
    policy: operationView({ ...made.operation, counts: { ...counts, total: sensors } }).policy,
  }
}

/**
 * `hand-over`, `wait-offline`, or what would end it: the code, the broker's or the one the device would answer, and the reason
 * where one code has several.
 */
function verdictOf(
  { isOnline, clock }: Dependencies,
  { operation, release }: NewOperation,
  id: DeviceId,
  device: Device | undefined,
): string {
  if (device === undefined) return 'SYS_101'
  const refusal = refusalOf(operation, device, clock.now(), release)
  if (refusal !== undefined)
    return refusal.data.reason === undefined ? refusal.code : `${refusal.code} ${refusal.data.reason}`
  if (!isOnline(id) && operation.policy.offlinePolicy === 'skip') return 'SYS_100 offline'
  const answer = release && answerOf(release, device, clock.now())
  return answer ?? (isOnline(id) ? 'hand-over' : 'wait-offline')
}

/** The code by which a device refuses what it would be offered, when no manifest is for it; in the order it looks. */
function answerOf(release: Release, device: Device, at: number): 'UPD4_FAIL_30' | 'UPD4_FAIL_31' | undefined {
  const manifest = manifestFor(release, device, at)
  if (manifest === undefined) return undefined
  const { vendorId, classId, deviceId } = manifest
  if (vendorId !== device.vendorId) return 'UPD4_FAIL_30'
  return classId !== device.classId || (deviceId !== undefined && deviceId !== device.id) ? 'UPD4_FAIL_31' : undefined
}

async function* targetsOf(
  { store, clock, isOnline }: Dependencies,
  { operation, devices = [] }: NewOperation,
): AsyncIterable<{ readonly id: DeviceId; readonly device: Device | undefined }> {
  const { targets } = operation
  if (targets.kind !== 'filter') {
    for (let first = 0; first < devices.length; first += pageSize) {
      const page = devices.slice(first, first + pageSize)
      const found = await Promise.all(page.map(id => store.device(id)))
      for (const [index, id] of page.entries()) yield { id, device: found[index] }
    }
    return
  }
  const filter = parsedFilter(targets.filter)
  for (let after: DeviceId | undefined, more = true; more; ) {
    const page = await registryPage(store, filter, { after, limit: pageSize })
    for (const device of page.items)
      if (matches(filter, device, { now: clock.now(), online: isOnline(device.id) })) yield { id: device.id, device }
    after = page.upTo
    more = page.hasMore
  }
}
