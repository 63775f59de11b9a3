// What can be set on the way between Aedes and the orchestration, and the options a broker of our own is made with.
import type { AedesOptions } from 'aedes'
import { connectPacketBytesMax, packetBytesMax } from '../../../proto/limits.ts'
import type { TokenRate } from '../../core/token-bucket.ts'

export interface AedesSettings {
  /** Clients that are neither devices nor operators: the host's own authenticate decides, or CONNACK 5 for all of them. */
  readonly strangers: 'host' | 'refuse'
  /** Bytes of one packet until the CONNECT is accepted; the first packet must be CONNECT. */
  readonly connectPacketBytesMax: number
  /** Bytes of one packet of a device or operator. */
  readonly packetBytesMax: number
  /** Bytes of one packet of a stranger the host has accepted. */
  readonly strangerPacketBytesMax: number
  /** A device or operator that asks for a longer keep-alive, or for none, gets this one. */
  readonly keepaliveSecondsMax: number
  /** For the answer to a CONNECT, ours or the host's; then CONNACK 3. */
  readonly authenticateTimeoutMs: number
  /** For an earlier connection of the same client to be gone; then CONNACK 3. */
  readonly takeoverTimeoutMs: number
  /** Accepted connects of one device or operator. */
  readonly connects: TokenRate
  /** `hello`, `events` and `presence` of a device, requests of an operator: each may cost a durable write. */
  readonly records: TokenRate
  /** `chunks/request` and `progress` of a device. */
  readonly requests: TokenRate
  /** Messages of one client that are being worked on. */
  readonly inFlightMessagesMax: number
  /** For one message to be stored; then the connection is closed without an acknowledgement. */
  readonly messageTimeoutMs: number
  /** Filters one operator connection may hold. */
  readonly subscriptionsMax: number
  /** Undrained bytes of a client beyond which the emitter's next message to it closes it. */
  readonly forwardBytesMax: number
  /** A socket that takes no byte for so long while some wait is closed. */
  readonly stallMs: number
  /** Messages to operators inside the emitter; more are dropped and counted. */
  readonly operatorPublishesMax: number
  /** For connections to end when the attachment closes. */
  readonly closeTimeoutMs: number
}

export const aedesSettingsDefault: AedesSettings = {
  strangers: 'refuse',
  connectPacketBytesMax,
  packetBytesMax,
  strangerPacketBytesMax: 16 * 1024 * 1024,
  keepaliveSecondsMax: 1200,
  authenticateTimeoutMs: 10_000,
  takeoverTimeoutMs: 10_000,
  connects: { perSecond: 1, burst: 20 },
  records: { perSecond: 20, burst: 1000 },
  requests: { perSecond: 500, burst: 2000 },
  inFlightMessagesMax: 256,
  messageTimeoutMs: 30_000,
  subscriptionsMax: 100,
  forwardBytesMax: 1024 * 1024,
  stallMs: 30_000,
  operatorPublishesMax: 10_000,
  closeTimeoutMs: 5_000,
}

/**
 * Options for a broker of our own. `concurrency: 0` is no queue in the emitter, so neither its recursion (trap B) nor a
 * slot held by a frozen client (trap C). `keepaliveLimit` stays off because its return code 6 is none of MQTT 3.1.1;
 * keepaliveSecondsMax does its work. Our topics have at most 7 levels; strangers get as many as Aedes can match.
 */
export function aedesOptions(strangers: AedesSettings['strangers'] = 'refuse'): AedesOptions {
  return {
    concurrency: 0,
    drainTimeout: 10_000,
    connectTimeout: 5_000,
    keepaliveLimit: 0,
    queueLimit: 42,
    maxInflightInbound: 100,
    maxTopicLevels: strangers === 'host' ? 100 : 10,
  }
}
