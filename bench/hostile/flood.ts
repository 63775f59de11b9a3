// Devices with credentials that report events without end: each keeps as many unacknowledged as its window allows, and
// connects again as soon as it is thrown out.
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { deviceId } from '../../proto/ids.ts'
import { encodeEvent, encodeHello } from '../../proto/messages.ts'
import { deviceTopic } from '../../proto/topics.ts'
import { PacketSplitter, publishPacketOf, typeOf } from '../../simulator/fleet/sensor/mqtt-packets.ts'
import { testClassId, testVendorId } from '../../test/fixtures/bundle.ts'
import { type Attack, type AttackCounts, type Attacker, type AttackPlan, Sockets } from './attack.ts'
import { connectOf } from './strangers.ts'

/** Below what the broker lets one client leave open: above it, it would be thrown out at once. */
const window = 200
const atOnce = 20
const packetBytesMax = 64 * 1024
const againMs = 50

export class Flood implements Attack {
  readonly #sockets: Sockets
  readonly #members: readonly Flooder[]
  #turn = 0

  constructor(plan: AttackPlan) {
    this.#sockets = new Sockets(plan)
    this.#members = plan.devices.map(attacker => new Flooder(this.#sockets, attacker))
  }

  act(): boolean {
    for (let asked = 0; asked < this.#members.length; asked += 1) {
      this.#turn += 1
      if (this.#members[this.#turn % this.#members.length]?.strike() === true) return true
    }
    return false
  }

  counts(): AttackCounts {
    const sum = (of: (member: Flooder) => number): number => this.#members.reduce((all, each) => all + of(each), 0)
    return {
      events: sum(({ sent }) => sent),
      acknowledged: sum(({ acknowledged }) => acknowledged),
      connects: sum(({ accepted }) => accepted),
      shut: sum(({ shut }) => shut),
    }
  }

  end(): void {
    for (const member of this.#members) member.end()
    this.#sockets.end()
  }
}

class Flooder {
  readonly #sockets: Sockets
  readonly #attacker: Attacker
  readonly #journalId = randomBytes(8).toString('hex')
  #socket: Socket | undefined
  #state: 'away' | 'connecting' | 'in' = 'away'
  #againAtMs = 0
  #open = 0
  #packetId = 0
  #ended = false
  sent = 0
  acknowledged = 0
  accepted = 0
  shut = 0

  constructor(sockets: Sockets, attacker: Attacker) {
    this.#sockets = sockets
    this.#attacker = attacker
  }

  strike(): boolean {
    const socket = this.#socket
    if (this.#state === 'away' && performance.now() > this.#againAtMs && !this.#ended) {
      this.#connect()
      return true
    }
    if (this.#state !== 'in' || socket === undefined || socket.writableNeedDrain || this.#open >= window) return false
    const device = deviceId(this.#attacker.device)
    socket.cork()
    for (let count = 0; count < atOnce && this.#open < window; count += 1) {
      this.sent += 1
      this.#open += 1
      const event = encodeEvent({
        journalId: this.#journalId,
        eventNumber: this.sent,
        deviceTime: Date.now(),
        content: { kind: 'code', code: 'UPD2_OK_18' },
        data: {},
      })
      socket.write(publishPacketOf(deviceTopic(device, 'events'), event, this.#nextId()))
    }
    socket.uncork()
    return true
  }

  end(): void {
    this.#ended = true
  }

  #connect(): void {
    const { device, secret } = this.#attacker
    this.#state = 'connecting'
    this.#open = 0
    const splitter = new PacketSplitter(packetBytesMax)
    this.#socket = this.#sockets.open(
      socket => socket.write(connectOf(device, secret)),
      () => {
        this.#state = 'away'
        this.#againAtMs = performance.now() + againMs
        this.shut += 1
      },
    )
    this.#socket.on('data', bytes => {
      splitter.take(bytes, packet => {
        if (typeOf(packet) === 2 && packet.body[1] === 0) this.#entered()
        else if (typeOf(packet) === 4 && this.#open > 0) {
          this.#open -= 1
          this.acknowledged += 1
        }
        return true
      })
    })
  }

  #entered(): void {
    this.accepted += 1
    this.#state = 'in'
    this.#open = 1
    const hello = encodeHello({
      vendorId: testVendorId,
      classId: testClassId,
      bootId: '66'.repeat(16),
      journalId: this.#journalId,
      components: [{ name: 'main', version: '1.0.0', digest: '0d'.repeat(32) }],
      outboxEventCount: 0,
      outboxLastEventNumber: 0,
      packetBytesMax: 32_768,
      agentVersion: 'bench',
    })
    this.#socket?.write(publishPacketOf(deviceTopic(deviceId(this.#attacker.device), 'hello'), hello, this.#nextId()))
  }

  #nextId(): number {
    this.#packetId = (this.#packetId % 65_535) + 1
    return this.#packetId
  }
}
