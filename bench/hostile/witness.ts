// Devices that have nothing to do with an attack and report an event now and then: how long each waited until it was
// durable and acknowledged. That is what every device of the fleet waits for with all it has to say.
import { randomBytes } from 'node:crypto'
import { deviceId } from '../../proto/ids.ts'
import { encodeEvent, encodeHello } from '../../proto/messages.ts'
import { deviceTopic } from '../../proto/topics.ts'
import { testClassId, testVendorId } from '../../test/fixtures/bundle.ts'
import { type Credentials, MqttSocket, text } from '../engine/mqtt-socket.ts'

/** Well below what the broker lets a device report a second. */
const everyMs = 80
/** Whoever is not let in for so long is not let in. */
const enterMs = 30_000

export class Witness {
  readonly #journalId = randomBytes(8).toString('hex')
  readonly #events: Buffer
  readonly #sentAt = new Map<number, number>()
  readonly #socket: MqttSocket
  readonly #entered: Promise<void>
  #timer: NodeJS.Timeout | undefined
  #eventNumber = 0
  #took: number[] = []
  #lost = 0

  private constructor(credentials: Credentials) {
    this.#events = text(deviceTopic(deviceId(credentials.name), 'events'))
    let entered = (): void => {}
    this.#entered = new Promise(resolve => {
      entered = resolve
    })
    this.#socket = new MqttSocket(credentials, {
      connected: () => this.#hello(credentials.name),
      subscribed: () => {},
      acknowledged: packetId => {
        const sentAt = this.#sentAt.get(packetId)
        this.#sentAt.delete(packetId)
        if (sentAt === undefined) entered()
        else this.#took.push(performance.now() - sentAt)
      },
      message: () => {},
      pong: () => {},
      closed: () => {
        this.#lost += 1
      },
    })
  }

  /** Resolves when its hello was acknowledged. */
  static async open(credentials: Credentials): Promise<Witness> {
    const witness = new Witness(credentials)
    let late: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Error(`${credentials.name} was not let in`)), enterMs)
    })
    try {
      await Promise.race([witness.#entered, tooLate])
    } finally {
      clearTimeout(late)
    }
    return witness
  }

  begin(): void {
    this.#took = []
    this.#timer = setInterval(() => this.#say(), everyMs)
  }

  /** Milliseconds of each since `begin`; what is not acknowledged yet counts with what it has waited. */
  end(): readonly number[] {
    clearInterval(this.#timer)
    if (this.#lost > 0) throw new Error('a device beside the attack lost its connection')
    const now = performance.now()
    return [...this.#took, ...[...this.#sentAt.values()].map(sentAt => now - sentAt)]
  }

  close(): void {
    clearInterval(this.#timer)
    this.#socket.close()
  }

  #hello(name: string): void {
    const hello = encodeHello({
      vendorId: testVendorId,
      classId: testClassId,
      bootId: '77'.repeat(16),
      journalId: this.#journalId,
      components: [{ name: 'main', version: '1.0.0', digest: '0d'.repeat(32) }],
      outboxEventCount: 0,
      outboxLastEventNumber: 0,
      packetBytesMax: 32_768,
      agentVersion: 'bench',
    })
    this.#socket.publish(text(deviceTopic(deviceId(name), 'hello')), hello)
  }

  #say(): void {
    this.#eventNumber += 1
    const event = encodeEvent({
      journalId: this.#journalId,
      eventNumber: this.#eventNumber,
      deviceTime: Date.now(),
      content: { kind: 'code', code: 'UPD2_OK_18' },
      data: {},
    })
    this.#sentAt.set(this.#socket.publish(this.#events, event), performance.now())
  }
}
