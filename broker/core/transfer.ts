// What downloads took, as the devices say: the words in their events, and the sums of an operation over them. Numbers are
// bytes. A device may lie about itself; what cannot be true is not believed, so that no sum is spoiled by one of them.

import { imageBytesMax } from '../../proto/limits.ts'
import type { DeviceEvent } from '../../proto/messages.ts'
import type { Execution, TransferTotals } from './records.ts'

/** Names in the data of an event, and what each counts. */
const words = {
  held_bytes: 'heldBytes',
  received_bytes: 'receivedBytes',
  wire_bytes: 'wireBytes',
  patch_bytes: 'patchBytes',
  patch_wire_bytes: 'patchWireBytes',
  broadcast_bytes: 'broadcastBytes',
} as const satisfies Readonly<Record<string, keyof TransferTotals>>
const names = Object.keys(words) as (keyof typeof words)[]

/** Chunks that were sent in vain, and sent again, count: but nobody fetches an image so many times over. */
const wireBytesMost = 16 * imageBytesMax

/** What one download took; held + patch + received = image. */
export type TransferCounts = Omit<TransferTotals, 'devices'>

/** The words as they are kept beside an execution: said with the step after the last chunk, and with a failure. */
export function transferIn({ data }: Pick<DeviceEvent, 'data'>): Pick<Execution, 'transfer'> {
  const transfer: Record<string, string> = {}
  let isTold = false
  // Most events say nothing of it, and every one is asked.
  for (const name of names) {
    const text = data[name]
    if (text === undefined || !/^\d{1,15}$/.test(text)) continue
    transfer[name] = text
    isTold = true
  }
  return isTold ? { transfer } : {}
}

/** Undefined when the device said nothing of it, or nothing that can be true. */
export function transferOf({ transfer }: Execution): TransferCounts | undefined {
  if (transfer === undefined) return undefined
  const said: Record<(typeof words)[keyof typeof words], number> = {
    heldBytes: 0,
    receivedBytes: 0,
    wireBytes: 0,
    patchBytes: 0,
    patchWireBytes: 0,
    broadcastBytes: 0,
  }
  for (const name of names) said[words[name]] = Number(transfer[name] ?? 0)
  const imageBytes = said.heldBytes + said.patchBytes + said.receivedBytes
  const canBeTrue =
    imageBytes <= imageBytesMax &&
    said.wireBytes <= wireBytesMost &&
    said.patchWireBytes <= said.wireBytes &&
    said.broadcastBytes <= said.receivedBytes
  return canBeTrue ? { imageBytes, ...said } : undefined
}

/** The totals with one device more (`sign` 1) or less (-1). */
export function withTransfer(
  totals: TransferTotals | undefined,
  counts: TransferCounts | undefined,
  sign: 1 | -1,
): TransferTotals | undefined {
  if (counts === undefined) return totals
  const before = totals ?? noTransfer
  const sum = (name: keyof TransferCounts): number => before[name] + sign * counts[name]
  const devices = before.devices + sign
  return devices === 0
    ? undefined
    : {
        devices,
        imageBytes: sum('imageBytes'),
        heldBytes: sum('heldBytes'),
        receivedBytes: sum('receivedBytes'),
        wireBytes: sum('wireBytes'),
        patchBytes: sum('patchBytes'),
        patchWireBytes: sum('patchWireBytes'),
        broadcastBytes: sum('broadcastBytes'),
      }
}

const noTransfer: TransferTotals = {
  devices: 0,
  imageBytes: 0,
  heldBytes: 0,
  receivedBytes: 0,
  wireBytes: 0,
  patchBytes: 0,
  patchWireBytes: 0,
  broadcastBytes: 0,
}
