// The one document of `npm run demo -- --json`.
import type { OperationTransfer } from '../../proto/http-api.ts'
import { fixedChunkBytes } from './image.ts'
import type { DeviceFinding, Findings } from './proof.ts'
import { type Quirk, quirkMeanings } from './scenario.ts'

export interface DemoReport {
  readonly ok: boolean
  /** A sentence for each thing that is not as expected. */
  readonly differences: readonly string[]
  readonly devices: readonly {
    readonly id: string
    readonly outcome: string
    readonly code: string
    /** Of the active slot. */
    readonly version: string
    readonly sha256: string
    readonly bytesDownloaded: number
    readonly quirk: string
  }[]
  /** Devices by code. */
  readonly codes: Readonly<Record<string, number>>
  /** Size of the new image. */
  readonly bytesImage: number
  /** By all devices together. */
  readonly bytesDownloaded: number
  readonly elapsedMs: number
  /** What need not travel from version 1 to version 2: with the chunks as they are, and if they were cut at fixed offsets. */
  readonly savings: {
    readonly contentDefinedBytes: number
    readonly fixedBytes: number
    readonly fixedChunkBytes: number
  }
  /** The device that was killed half-way: plain bytes it lacked, held when it was killed, fetched after its return. */
  readonly resumed: { readonly missingBytes: number; readonly heldBytes: number; readonly fetchedBytes: number } | null
  /** The broker's own sums over what the devices say; null when none said a word. */
  readonly transfer: OperationTransfer | null
  readonly operation: { readonly id: string; readonly state: string }
}

export function reportOf(
  findings: Findings & { readonly operation: { readonly id: string; readonly transfer: OperationTransfer | null } },
  differences: readonly string[],
  elapsedMs: number,
): DemoReport {
  const devices = findings.devices.map(deviceOf)
  const codes: Record<string, number> = {}
  for (const { code } of devices) codes[code] = (codes[code] ?? 0) + 1
  const resumed = findings.devices.find(({ cutOff }) => cutOff !== undefined)
  return {
    ok: differences.length === 0,
    differences,
    devices,
    codes: Object.fromEntries(Object.entries(codes).sort(([, a], [, b]) => b - a)),
    bytesImage: findings.images.after.length,
    bytesDownloaded: devices.reduce((sum, { bytesDownloaded }) => sum + bytesDownloaded, 0),
    elapsedMs: Math.round(elapsedMs),
    savings: {
      contentDefinedBytes: findings.reusableBytes,
      fixedBytes: findings.reusableFixedBytes,
      fixedChunkBytes,
    },
    resumed:
      resumed?.cutOff === undefined
        ? null
        : {
            missingBytes: resumed.cutOff.missingBytes,
            heldBytes: resumed.cutOff.heldBytes,
            fetchedBytes: resumed.downloads.at(-1)?.receivedBytes ?? 0,
          },
    transfer: findings.operation.transfer,
    operation: { id: findings.operation.id, state: findings.operation.state },
  }
}

function deviceOf({ plan, execution, installed, downloadedBytes }: DeviceFinding): DemoReport['devices'][number] {
  return {
    id: plan.id,
    outcome: execution?.state ?? 'none',
    code: execution?.code ?? 'none',
    version: installed.version,
    sha256: installed.sha256,
    bytesDownloaded: downloadedBytes,
    quirk: quirkMeanings[plan.quirk satisfies Quirk],
  }
}
