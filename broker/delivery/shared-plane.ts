// What broadcasts and pulls have in common: one cache of chunks, and the limits of the sockets, which hold for both
// together because one FairSender counts what every socket holds.
import type { DeviceId } from '../../proto/ids.ts'
import type { ByteBudgets } from './byte-budgets.ts'
import type { DeliverySettings } from './delivery-settings.ts'
import type { DeviceLine } from './device-line.ts'
import type { FairSender } from './fair-sender.ts'
import type { HotChunks } from './hot-chunks.ts'
import type { Throughput } from './throughput.ts'

export interface SharedPlane {
  readonly hot: HotChunks
  readonly sender: FairSender
  readonly settings: DeliverySettings
  /** Absent: no rate is kept. */
  readonly budgets?: ByteBudgets
  readonly throughput?: Throughput
  /** Of the live connection on which the device has said hello. */
  lineOf(device: DeviceId): DeviceLine | undefined
}
