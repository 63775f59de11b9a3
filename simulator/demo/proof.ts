// What the demo promises, checked against what was found. Pure: findings in, a sentence for each difference out.
import type { EventView, ExecutionView, OperationView } from '../../proto/http-api.ts'
import { type ImagePair, versionAfter } from './image.ts'
import { type DevicePlan, downloadShareMax } from './scenario.ts'
import type { CompletedDownload } from './sensor.ts'
import type { CutOff, Installed } from './slot-files.ts'

export interface DeviceFinding {
  readonly plan: DevicePlan
  readonly execution: Pick<ExecutionView, 'state' | 'code'> | undefined
  readonly installed: Installed
  readonly printed: readonly string[]
  readonly downloads: readonly CompletedDownload[]
  /** Of all its attempts, bytes. */
  readonly downloadedBytes: number
  /** Of the device that was killed half-way. */
  readonly cutOff: CutOff | undefined
}

export interface Findings {
  readonly images: ImagePair
  readonly devices: readonly DeviceFinding[]
  readonly executionCount: number
  readonly operation: Pick<OperationView, 'state' | 'sensors' | 'updated' | 'errors'>
  /** The event log of the operation. */
  readonly events: readonly Pick<EventView, 'device_id' | 'event_type' | 'event_type_description'>[]
  /** Bytes of version 2 that lie in chunks version 1 has too. */
  readonly reusableBytes: number
  /** The same if chunks were cut at fixed offsets. */
  readonly reusableFixedBytes: number
}

/** Nothing when all is as promised. Each names the device, what was expected and what was found. */
export function differences(findings: Findings): string[] {
  return [
    ...operationDifferences(findings),
    ...findings.devices.flatMap(device => deviceDifferences(device, findings)),
    ...differs('saved by fixed chunks', 0, findings.reusableFixedBytes),
  ]
}

function operationDifferences({ operation, devices, executionCount }: Findings): string[] {
  const updated = devices.filter(({ plan }) => plan.expected.outcome !== 'failed').length
  return [
    ...differs('operation: state', 'completed', operation.state),
    ...differs('operation: sensors', devices.length, operation.sensors),
    ...differs('operation: updated', updated, operation.updated),
    ...differs('operation: errors', devices.length - updated, operation.errors),
    ...differs('operation: executions', devices.length, executionCount),
  ]
}

function deviceDifferences(device: DeviceFinding, { images, events }: Findings): string[] {
  const { plan, execution, installed, printed, downloads, downloadedBytes } = device
  const { id, expected, quirk } = plan
  const image = expected.version === versionAfter ? images.after : images.before
  const logged = events.filter(event => event.device_id === id && isEnding(event)).map(event => event.event_type)
  const mostBytes = images.after.length * downloadShareMax
  return [
    ...differs(`${id}: outcome`, expected.outcome, execution?.state ?? 'no execution'),
    ...differs(`${id}: code`, expected.code, execution?.code ?? 'none'),
    ...differs(`${id}: codes in the event log`, expected.code, logged.join(' ')),
    ...differs(`${id}: version of the active slot`, expected.version, installed.version),
    ...differs(`${id}: bytes of the active slot`, 'identical', sameBytes(image, installed.image)),
    ...differs(`${id}: versions printed`, expected.printed.join(' '), printed.join(' ')),
    ...differs(`${id}: downloads completed`, expected.downloads ? 1 : 0, downloads.length),
    ...(expected.downloads && downloadedBytes === 0 ? [`${id}: expected a download, found 0 bytes`] : []),
    ...(!expected.downloads && downloadedBytes > 0
      ? [`${id}: expected no download, found ${downloadedBytes} bytes`]
      : []),
    ...(downloadedBytes >= mostBytes
      ? [`${id}: bytes downloaded: expected fewer than ${mostBytes}, found ${downloadedBytes}`]
      : []),
    ...(quirk === 'cut-off' ? resumeDifferences(device) : []),
  ]
}

/** Half-way: neither at the beginning nor almost done. What was held must not come again. */
function resumeDifferences({ plan: { id }, cutOff, downloads }: DeviceFinding): string[] {
  if (cutOff === undefined) return [`${id}: expected to be cut off half-way, found no cut`]
  const { missingBytes, heldBytes } = cutOff
  const share = heldBytes / missingBytes
  const { receivedBytes = 0, wireBytes = 0 } = downloads.at(-1) ?? {}
  return [
    ...(share < 0.2 || share > 0.8
      ? [`${id}: expected a cut half-way, found ${heldBytes} of ${missingBytes} bytes held`]
      : []),
    ...differs(`${id}: bytes fetched after its return`, missingBytes - heldBytes, receivedBytes),
    ...(wireBytes > receivedBytes
      ? [`${id}: expected nothing twice after its return, found ${wireBytes} bytes on the line for ${receivedBytes}`]
      : []),
  ]
}

/** What ends an execution. SYS_108 tells that it began, SYS_100 with INFO only that a device was not there. */
function isEnding({ event_type: code, event_type_description: type }: Findings['events'][number]): boolean {
  return code !== 'SYS_106' && code !== 'SYS_107' && code !== 'SYS_108' && !(code === 'SYS_100' && type === 'INFO')
}

function sameBytes(expected: Buffer, found: Buffer): string {
  if (expected.equals(found)) return 'identical'
  if (expected.length !== found.length) return `${found.length} bytes instead of ${expected.length}`
  return `first difference at byte ${expected.findIndex((byte, offset) => byte !== found[offset])}`
}

function differs<T extends string | number>(what: string, expected: T, found: T): string[] {
  return expected === found ? [] : [`${what}: expected ${expected}, found ${found === '' ? 'none' : found}`]
}
