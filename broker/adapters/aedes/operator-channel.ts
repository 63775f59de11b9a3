// The way to operators who listen by MQTT: through Aedes' emitter, at QoS 0, not retained, never awaited. A slow reader
// is closed by authorizeForward; should the emitter itself stand still, messages beyond a limit are dropped and counted.
import type { Log, OperatorChannel } from '../../ports.ts'
import type { HostBroker } from './internals.ts'
import type { Tally } from './tally.ts'

export class AedesOperatorChannel implements OperatorChannel {
  readonly #aedes: HostBroker
  readonly #underWayMax: number
  readonly #log: Log
  readonly #refusals: Tally
  #underWay = 0

  constructor(aedes: HostBroker, underWayMax: number, log: Log, refusals: Tally) {
    this.#aedes = aedes
    this.#underWayMax = underWayMax
    this.#log = log
    this.#refusals = refusals
  }

  /** Also for what a host subscribed to in its own process. An emitter that does not tell is taken to have readers. */
  hasReaders(topic: string): boolean {
    const { _matcher: matcher } = this.#aedes.mq
    return matcher === undefined || matcher.match(topic).length > 0
  }

  publish(topic: string, message: object): void {
    if (this.#aedes.closed) return
    if (this.#underWay >= this.#underWayMax) {
      this.#refusals.add('operator-publish')
      return
    }
    this.#underWay++
    const payload = Buffer.from(JSON.stringify(message))
    this.#aedes.publish({ cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false }, error => {
      this.#underWay--
      if (error) this.#log.warn({ event: 'operator-publish-failed', topic, err: error }, 'not published')
    })
  }
}
