// The carousel beside the pulls, as the broker has them, with members whose sockets are fake: what was written to each is
// read again as a device would read it.
import { type Packet, parser } from 'mqtt-packet'
import { Carousel } from '../../../broker/delivery/carousel.ts'
import { ChunkDelivery, type ChunkDeliveryParts } from '../../../broker/delivery/chunk-delivery.ts'
import type { DeliverySettings } from '../../../broker/delivery/delivery-settings.ts'
import type { SessionTold } from '../../../broker/delivery/session-sender.ts'
import type { DeviceConnection } from '../../../broker/ports.ts'
import type { DeviceId } from '../../../proto/ids.ts'
import { readSessionControl, readSessionData, type SessionPiece } from '../../../proto/session-messages.ts'
import { sessionTopic } from '../../../proto/topics.ts'
import { makeBundle, makeImage, type TestBundle } from '../../fixtures/bundle.ts'
import { chunksOf, FakeConnection, HandClock, ListLog, MemoryArtifacts, operation } from './world.ts'

export const session = '0123456789abcdef'
/** 300 KB in chunks of 2 to 32 KiB. */
export const bundle = makeBundle({
  image: makeImage(300_000, 3),
  settings: { minimumBytes: 2048, averageBytes: 8192, maximumBytes: 32_768 },
})

export class Told implements SessionTold {
  readonly joinedDevices: DeviceId[] = []
  endedCount = 0
  readonly failures: string[] = []
  joined(device: DeviceId): void {
    this.joinedDevices.push(device)
  }
  ended(): void {
    this.endedCount += 1
  }
  failed(reason: string): void {
    this.failures.push(reason)
  }
}

export class SessionWorld {
  readonly clock = new HandClock()
  readonly log = new ListLog()
  readonly artifacts = new MemoryArtifacts(bundle)
  readonly told = new Told()
  readonly delivery: ChunkDelivery
  readonly carousel: Carousel

  constructor(settings: Partial<DeliverySettings> = {}, more: Partial<ChunkDeliveryParts> = {}) {
    const { artifacts, clock, log } = this
    this.delivery = ChunkDelivery.open({ artifacts, clock, log, mayPull: () => true, settings, ...more })
    this.carousel = new Carousel({ artifacts, clock, log, plane: this.delivery.shared })
  }

  open(wishes: { readonly bytesPerSecond?: number; readonly artifact?: TestBundle['artifact'] } = {}): void {
    this.carousel.open({ name: session, operation, artifact: bundle.artifact, ...wishes }, this.told)
  }

  /** Online, invited, subscribed. */
  member(name: string, wishes: { reading?: boolean; number?: number; packetBytesMax?: number } = {}): FakeConnection {
    const connection = this.online(name, wishes)
    this.carousel.invite(session, connection.device)
    this.carousel.joined(connection, session)
    return connection
  }

  online(name: string, wishes: { reading?: boolean; number?: number; packetBytesMax?: number } = {}): FakeConnection {
    const { packetBytesMax = 32 * 1024, ...rest } = wishes
    const connection = new FakeConnection(name, rest)
    this.delivery.connected(connection, packetBytesMax)
    return connection
  }

  members(count: number, wishes: { reading?: boolean } = {}, prefix = 'd'): FakeConnection[] {
    return Array.from({ length: count }, (_, at) => this.member(`${prefix}${at}`, wishes))
  }

  lost(connection: DeviceConnection): void {
    this.delivery.disconnected(connection)
    this.carousel.disconnected(connection)
  }

  /** Until END has been said, at most `msMost`; ms it took. */
  async ended(msMost = 20_000): Promise<number> {
    const begunAt = this.clock.monotonic()
    while (this.told.endedCount === 0 && this.clock.monotonic() - begunAt < msMost) await this.clock.advance(1)
    return this.clock.monotonic() - begunAt
  }
}

export interface Heard {
  /** `start`, `end`, …; runs of pieces are one `data`. */
  readonly row: readonly string[]
  readonly pieces: readonly SessionPiece[]
  /** Of whole packets on `data`. */
  readonly packetBytesMost: number
  readonly chunks: ReadonlyMap<number, Buffer>
}

/** What a device on this connection has read. */
export function heard({ written }: FakeConnection, name = session): Heard {
  const row: string[] = []
  const pieces: SessionPiece[] = []
  let packetBytesMost = 0
  const reader = parser()
  reader.on('packet', (packet: Packet) => {
    if (packet.cmd !== 'publish' || packet.qos !== 0 || packet.retain) throw new Error(`unexpected ${packet.cmd}`)
    const payload = packet.payload as Buffer
    if (packet.topic === sessionTopic(name, 'data')) {
      pieces.push(readSessionData(payload))
      packetBytesMost = Math.max(packetBytesMost, (packet.length ?? 0) + 2)
      if (row.at(-1) !== 'data') row.push('data')
    } else if (packet.topic === sessionTopic(name, 'control')) {
      const control = readSessionControl(payload)
      if (control.artifact !== bundle.artifact) throw new Error('another artifact')
      row.push(control.kind === 'abort' ? `abort ${control.reason}`.trim() : control.kind)
    } else throw new Error(`unexpected topic ${packet.topic}`)
  })
  for (const bytes of written) reader.parse(Buffer.from(bytes))
  const asked = pieces.map(piece => ({ kind: 'piece', requestNumber: 0, ...piece }) as const)
  return { row, pieces, packetBytesMost, chunks: chunksOf(bundle, asked) }
}
