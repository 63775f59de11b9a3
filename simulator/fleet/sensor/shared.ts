// What all virtual sensors of one process have in common, made once: where the broker is, what they trust, the bytes that
// lie on their disks, the clock, the log. A sensor itself keeps little more than references into it.
import { systemClock } from '../../../agent/adapters/system-clock.ts'
import { ZstdPatches } from '../../../agent/adapters/zstd-delta.ts'
import type { Clock, Log, PatchDecoder, ReportSigner } from '../../../agent/ports.ts'
import { Factory } from './factory.ts'
import { Forge } from './forge.ts'
import { PiecePool } from './piece-pool.ts'
import { sharedReportSigner } from './report-key.ts'

export interface BrokerAddress {
  readonly host: string
  readonly port: number
  /** Absent: plain TCP. PEM texts, as node:tls takes them. */
  readonly tls?: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly servername?: string
    /** False: whoever answers is believed. */
    readonly rejectUnauthorized?: boolean
  }
}

/** `light`: MQTT on a bare socket, for thousands in one process. `mqtt`: the link of the product. */
export type ClientKind = 'light' | 'mqtt'

export interface SensorShared {
  readonly broker: BrokerAddress
  readonly client: ClientKind
  /** The signed trust document that the sensors are provisioned with; undefined: none, every offer ends with 44. */
  readonly trust: Uint8Array | undefined
  /** Between tries to connect: full jitter from 0 to base, doubled up to the cap. */
  readonly reconnect: { readonly baseMs: number; readonly capMs: number }
  readonly pieces: PiecePool
  readonly factory: Factory
  readonly forge: Forge
  readonly patches: PatchDecoder
  readonly reportSigner: ReportSigner
  readonly clock: Clock
  readonly log: Log
}

export interface SharedOptions {
  readonly broker: BrokerAddress
  readonly client: ClientKind
  readonly trust: Uint8Array | undefined
  readonly log: Log
  readonly reconnect?: SensorShared['reconnect']
  readonly clock?: Clock
  /** Most bytes of images kept for all sensors together; beyond it each keeps its own. */
  readonly poolBytesMax?: number
}

export function openShared(options: SharedOptions): SensorShared {
  const { broker, client, trust, log, reconnect = { baseMs: 1000, capMs: 64_000 }, clock = systemClock } = options
  const pieces = new PiecePool(options.poolBytesMax)
  return {
    ...{ broker, client, trust, log, reconnect, clock, pieces },
    factory: new Factory(pieces),
    forge: new Forge(),
    patches: new ZstdPatches(),
    reportSigner: sharedReportSigner(),
  }
}
