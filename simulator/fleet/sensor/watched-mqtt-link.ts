// The link of the product, watched: for whoever measures what a full client costs. It has no place for what is done to a
// line and does not count its bytes, so a sensor with a fault, with telemetry, or whose line is slow, far away, encrypted or
// not always there, has a light link in any fleet.
import { MqttLink } from '../../../agent/adapters/mqtt/mqtt-link.ts'
import type { Clock, Link, LinkHandlers, Log } from '../../../agent/ports.ts'
import type { Seed } from '../../world/seed.ts'
import type { LightLinkSettings, LinkWatch } from './light-link.ts'

export class WatchedMqttLink implements Link {
  readonly #link: MqttLink
  readonly #clock: Clock
  readonly #watch: LinkWatch
  /** Of the connection that is being made. */
  #triedMs = 0

  constructor(settings: LightLinkSettings, clock: Clock, seed: Seed, log: Log, watch: LinkWatch) {
    const { device, secret, broker, receiveBytesMax, reconnect } = settings
    this.#clock = clock
    this.#watch = watch
    const heard: Log = {
      debug: (facts, text) => log.debug(facts, text),
      info: (facts, text) => log.info(facts, text),
      warn: (facts, text) => {
        // What it says of the time until the next try; nobody else knows.
        if (facts.event === 'link-down') {
          this.#triedMs = clock.monotonicMs() + Number(facts.delayMs)
          watch.unlinked(String(facts.reason))
        }
        log.warn(facts, text)
      },
      error: (facts, text) => log.error(facts, text),
    }
    this.#link = new MqttLink(
      { clock, random: seed, log: heard },
      {
        ...{ deviceId: device, host: broker.host, port: broker.port },
        ...{ username: device, password: secret, receiveBytesMax, reconnect },
      },
    )
  }

  start(handlers: LinkHandlers): void {
    this.#triedMs = this.#clock.monotonicMs()
    this.#link.start({
      connected: () => {
        this.#watch.linked(this.#clock.monotonicMs() - this.#triedMs)
        handlers.connected()
      },
      disconnected: reason => handlers.disconnected(reason),
      message: (downlink, bytes) => {
        if (downlink === 'offer') this.#watch.offered(bytes)
        handlers.message(downlink, bytes)
      },
      broadcast: (channel, session, bytes) => handlers.broadcast(channel, session, bytes),
    })
  }

  publish(...parameters: Parameters<Link['publish']>): Promise<void> {
    // The topic is made of the name: that of a log goes the same way.
    return this.#link.publish(...(parameters as Parameters<MqttLink['publish']>))
  }

  send(...parameters: Parameters<Link['send']>): void {
    this.#link.send(...parameters)
  }

  join(session: string): void {
    this.#link.join(session)
  }

  leave(): void {
    this.#link.leave()
  }

  close(): Promise<void> {
    return this.#link.close()
  }
}
