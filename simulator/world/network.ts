// What a stage and its network ask of one another, whichever network it is: lines of bytes, or of messages.
import type { DeviceId } from '../../proto/ids.ts'
import type { OfferMessage } from '../../proto/offer-messages.ts'
import type { BrokerEnd } from './broker.ts'

/** What the stage needs of a network. */
export interface StageNetwork {
  /** The process is gone: its sockets are closed. */
  cut(broker: BrokerEnd): void
  calm(): void
}
/** Who looks at what is handed to connections, and what of it arrives. `onClosed`: the device had left it before. */
export interface NetworkWatch {
  sent(line: { readonly device: DeviceId; readonly closed: boolean }, message: OfferMessage): void
  heard(line: { readonly device: DeviceId }, message: OfferMessage, onClosed: boolean): void
}
