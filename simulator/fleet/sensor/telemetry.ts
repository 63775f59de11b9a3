// The plain traffic of a sensor: a message of its own now and then, as sensors send them that have something to measure.
import type { Clock, Timer } from '../../../agent/ports.ts'
import type { DeviceId } from '../../../proto/ids.ts'
import { telemetryTopic } from '../../../proto/topics.ts'
import type { Seed } from '../../world/seed.ts'
import type { SensorWatch, TelemetryProfile } from '../plan.ts'
import type { LightLink } from './light-link.ts'

export class Telemetry {
  readonly #device: DeviceId
  readonly #profile: TelemetryProfile
  readonly #clock: Clock
  readonly #seed: Seed
  readonly #watch: SensorWatch
  #timer: Timer | undefined

  constructor(device: DeviceId, profile: TelemetryProfile, clock: Clock, seed: Seed, watch: SensorWatch) {
    this.#device = device
    this.#profile = profile
    this.#clock = clock
    this.#seed = seed
    this.#watch = watch
  }

  /** The first message comes after a part of the interval by chance: a fleet does not speak with one voice. */
  start(link: () => LightLink | undefined): void {
    this.#after(this.#seed.fraction() * this.#profile.everyMs, link)
  }

  stop(): void {
    this.#timer?.cancel()
  }

  #after(delayMs: number, link: () => LightLink | undefined): void {
    this.#timer = this.#clock.after(delayMs, () => {
      this.#say(link())
      this.#after(this.#profile.everyMs, link)
    })
  }

  #say(link: LightLink | undefined): void {
    if (link?.connected !== true) return
    const { qos, payloadBytes } = this.#profile
    const topic = telemetryTopic(this.#device)
    const payload = payloadOf(payloadBytes)
    this.#watch.telemetry(this.#device, undefined)
    if (qos === 0) {
      link.sendOn(topic, payload)
      return
    }
    const beganMs = this.#clock.monotonicMs()
    link.publishOn(topic, payload).then(
      () => this.#watch.telemetry(this.#device, this.#clock.monotonicMs() - beganMs),
      // The line went down: a measurement is not sent twice.
      () => undefined,
    )
  }
}

const payloads = new Map<number, Buffer>()

/** The same bytes for all sensors that send so many. */
function payloadOf(bytes: number): Buffer {
  const found = payloads.get(bytes) ?? Buffer.alloc(bytes, '{"t":21.5}')
  payloads.set(bytes, found)
  return found
}
