// Synthetic devices in a process of their own, so that their CPU is not the broker's: each says hello, takes the offer of
// an operation, reports all its steps and the success, and waits for the next. The events go out as fast as the window
// of unacknowledged ones allows; nothing is installed.
import { randomBytes } from 'node:crypto'
import { type DeviceId, deviceId, type OperationId } from '../../proto/ids.ts'
import { type DeviceEvent, encodeEvent, encodeHello } from '../../proto/messages.ts'
import { readOfferMessage } from '../../proto/offer-messages.ts'
import { deviceTopic } from '../../proto/topics.ts'
import { MqttSocket, text } from './mqtt-socket.ts'
import { stepsOfUpdate } from './update-events.ts'

export interface FleetOrders {
  readonly kind: 'open'
  readonly port: number
  readonly secret: string
  readonly devices: readonly string[]
  readonly window: number
  /** Of all devices together; absent: as many as the windows allow. */
  readonly eventsPerSecond?: number
  readonly vendorId: string
  readonly classId: string
  readonly component: string
  /** Digest of the image that the operations bring. */
  readonly digest: string
}
export type FleetCommand = FleetOrders | { readonly kind: 'hold' | 'go' | 'count' | 'close' }
export type FleetAnswer =
  | { readonly kind: 'ready' | 'idle' | 'closed' }
  | { readonly kind: 'count'; readonly acknowledged: number; readonly at: number; readonly lost: number }
  | { readonly kind: 'failed'; readonly message: string }

/** New in each run: the broker remembers which events of a journal it has. */
const journalId = randomBytes(8).toString('hex')
const bootId = '55'.repeat(16)

let held = false
let acknowledged = 0
let lost = 0
let inFlight = 0
let helloCount = 0
let fleet: readonly BenchDevice[] = []
/** Events that may go out now, where there is a rate. */
let budget = Number.POSITIVE_INFINITY
let nextInTurn = 0
const budgetEveryMs = 10

interface Work {
  readonly operation: OperationId
  readonly attempt: number
}

class BenchDevice {
  readonly #orders: FleetOrders
  readonly #device: DeviceId
  readonly #events: Buffer
  readonly #socket: MqttSocket
  #said = false
  #eventNumber = 0
  #inFlight = 0
  #work: Work | undefined
  #stepsDone = 0

  constructor(orders: FleetOrders, name: string) {
    this.#orders = orders
    this.#device = deviceId(name)
    this.#events = text(deviceTopic(this.#device, 'events'))
    this.#socket = new MqttSocket(
      { port: orders.port, name, password: orders.secret },
      {
        connected: () => this.#socket.subscribe(deviceTopic(this.#device, 'offer')),
        subscribed: () => this.#hello(),
        acknowledged: () => this.#acknowledged(),
        message: payload => this.#hear(payload),
        pong: () => {},
        closed: () => {
          lost += 1
        },
      },
    )
  }

  close(): void {
    this.#socket.close()
  }

  /** Sends what the window allows. */
  pump(): void {
    const work = this.#work
    if (work === undefined || held || budget < 1 || this.#inFlight >= this.#orders.window) return
    this.#socket.cork()
    while (budget >= 1 && this.#inFlight < this.#orders.window && this.#stepsDone <= stepsOfUpdate.length) {
      budget -= 1
      const step = stepsOfUpdate[this.#stepsDone]
      this.#stepsDone += 1
      this.#report(work, step === undefined ? { kind: 'code', code: 'UPD2_OK_18' } : { kind: 'step', step })
    }
    this.#socket.uncork()
  }

  #hello(): void {
    const { vendorId, classId, component } = this.#orders
    const hello = encodeHello({
      vendorId,
      classId,
      bootId,
      journalId,
      components: [{ name: component, version: '1.0.0', digest: '0d'.repeat(32) }],
      outboxEventCount: 0,
      outboxLastEventNumber: 0,
      packetBytesMax: 32_768,
      agentVersion: 'bench',
    })
    this.#socket.publish(text(deviceTopic(this.#device, 'hello')), hello)
  }

  #hear(payload: Buffer): void {
    const message = readOfferMessage(payload)
    if (message.kind !== 'offer') return
    const { operation, attempt } = message
    // An offer is repeated until it is answered.
    if (this.#work?.operation === operation && this.#work.attempt === attempt) return
    this.#work = { operation, attempt }
    this.#stepsDone = 0
    this.pump()
  }

  #acknowledged(): void {
    if (!this.#said) {
      this.#said = true
      helloCount += 1
      if (helloCount === fleet.length) answer({ kind: 'ready' })
      return
    }
    acknowledged += 1
    inFlight -= 1
    this.#inFlight -= 1
    if (held && inFlight === 0) answer({ kind: 'idle' })
    this.pump()
  }

  #report({ operation, attempt }: Work, content: DeviceEvent['content']): void {
    this.#eventNumber += 1
    this.#inFlight += 1
    inFlight += 1
    const event: DeviceEvent = {
      journalId,
      eventNumber: this.#eventNumber,
      operation,
      attempt,
      deviceTime: Date.now(),
      content,
      ...(content.kind === 'code'
        ? { component: this.#orders.component, version: '2.0.0', digest: this.#orders.digest }
        : {}),
      data: content.kind === 'code' ? { duration_ms: '1234' } : {},
    }
    this.#socket.publish(this.#events, encodeEvent(event))
  }
}

process.on('message', (command: FleetCommand) => {
  switch (command.kind) {
    case 'open':
      fleet = command.devices.map(name => new BenchDevice(command, name))
      if (command.eventsPerSecond !== undefined) keepRate(command.eventsPerSecond)
      return
    case 'hold':
      held = true
      if (inFlight === 0) answer({ kind: 'idle' })
      return
    case 'go':
      held = false
      for (const device of fleet) device.pump()
      return
    case 'count':
      answer({ kind: 'count', acknowledged, at: performance.timeOrigin + performance.now(), lost })
      return
    case 'close':
      for (const device of fleet) device.close()
      answer({ kind: 'closed' })
      process.disconnect()
      return
  }
})
process.on('uncaughtException', error => answer({ kind: 'failed', message: String(error.stack) }))

/** What could not go out in time is not made up for beyond a tenth of a second. */
function keepRate(eventsPerSecond: number): void {
  budget = 0
  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    budget = Math.min(eventsPerSecond / 10, budget + ((now - last) / 1000) * eventsPerSecond)
    last = now
    for (let asked = 0; asked < fleet.length && budget >= 1; asked += 1) {
      fleet[nextInTurn % fleet.length]?.pump()
      nextInTurn += 1
    }
  }, budgetEveryMs).unref()
}

function answer(message: FleetAnswer): void {
  process.send?.(message)
}
