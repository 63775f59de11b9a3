// The subscription of one connection to a broadcast session. Wanted and actual are compared after each answer until they
// agree, so that joining and leaving may come at any time, the next before the last is through. A refusal is no failure:
// the device does without the session.
import type { MqttClient } from 'mqtt'
import { sessionChannels, sessionTopic } from '../../../proto/topics.ts'
import type { Log } from '../../ports.ts'

export class SessionSubscription {
  readonly #log: Log
  #client: MqttClient | undefined
  #wanted: string | undefined
  #actual: string | undefined
  #working = false

  constructor(log: Log) {
    this.#log = log
  }

  get wanted(): string | undefined {
    return this.#wanted
  }

  follow(session: string | undefined): void {
    this.#wanted = session
    if (this.#client !== undefined) void this.#settle(this.#client)
  }

  /** The connection takes packets. Resolves when the session that is wanted has been answered for. */
  async open(client: MqttClient): Promise<void> {
    this.#client = client
    await this.#settle(client)
  }

  /** Never rejects. */
  async #settle(client: MqttClient): Promise<void> {
    if (this.#working) return
    this.#working = true
    while (this.#actual !== this.#wanted) {
      const [before, next] = [this.#actual, this.#wanted]
      this.#actual = next
      try {
        if (before !== undefined) await client.unsubscribeAsync(topicsOf(before))
        if (next !== undefined) await subscribe(client, next)
      } catch (err) {
        // Refused, or the connection has ended; then the next one subscribes anew.
        this.#log.warn({ event: 'session-refused', session: next ?? before, err }, 'no part in the broadcast session')
      }
    }
    this.#working = false
  }
}

async function subscribe(client: MqttClient, session: string): Promise<void> {
  const [control = '', data = ''] = topicsOf(session)
  const granted = await client.subscribeAsync({ [control]: { qos: 1 }, [data]: { qos: 0 } })
  // MQTT 3.1.1, 3.9.3: 0x80 is a refusal. The library rejects on it; another version of it might not.
  if (granted.some(({ qos }) => qos > 2)) throw new Error('refused')
}

function topicsOf(session: string): string[] {
  return sessionChannels.map(channel => sessionTopic(session, channel))
}
